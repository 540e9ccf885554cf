import logging
from dataclasses import dataclass
from functools import lru_cache

import lightgbm as lgb
from django.conf import settings
from django.db.models import OuterRef, Subquery

from apps.predictions.features import feature_matrix
from apps.predictions.models import WeeklySales

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prediction:
    product: str
    slug: str
    category: str
    last_week: str
    units_last_week: int
    predicted_units: float


@lru_cache(maxsize=1)
def load_model():
    logger.info("Loading the demand model from %s", settings.DEMAND_MODEL_PATH)
    return lgb.Booster(model_file=settings.DEMAND_MODEL_PATH)


def latest_sales():
    """The newest week of every active product."""
    newest = (
        WeeklySales.objects.filter(product=OuterRef("product")).order_by("-week").values("pk")[:1]
    )
    return (
        WeeklySales.objects.filter(pk=Subquery(newest), product__is_active=True)
        .select_related("product__category")
        .order_by("product__name")
    )


def predict_demand():
    rows = list(latest_sales())
    if not rows:
        return []
    predicted = load_model().predict(feature_matrix(rows), num_threads=1)
    return [
        Prediction(
            product=sales.product.name,
            slug=sales.product.slug,
            category=sales.product.category.slug,
            last_week=sales.week.isoformat(),
            units_last_week=sales.units_sold,
            predicted_units=round(max(float(units), 0.0), 1),
        )
        for sales, units in zip(rows, predicted, strict=True)
    ]
