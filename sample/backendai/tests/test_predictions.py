from datetime import date

import pytest

from apps.catalog.models import Product
from apps.predictions.models import WeeklySales

pytestmark = pytest.mark.django_db


def test_every_active_product_is_predicted(client):
    body = client.get("/api/predictions/").json()
    assert body["count"] == 8
    assert all(row["predicted_units"] > 0 for row in body["results"])


def test_only_the_newest_week_counts(client):
    product = Product.objects.get(slug="phin-filter")
    WeeklySales.objects.create(
        product=product, week=date(2026, 6, 1), visitors=1500, units_sold=240
    )
    rows = client.get("/api/predictions/").json()["results"]
    row = next(row for row in rows if row["slug"] == "phin-filter")
    assert row["last_week"] == "2026-06-01"
    assert row["units_last_week"] == 240


def test_no_sales_no_predictions(client):
    WeeklySales.objects.all().delete()
    assert client.get("/api/predictions/").json() == {"count": 0, "results": []}
