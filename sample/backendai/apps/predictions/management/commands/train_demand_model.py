import lightgbm as lgb
import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand

from apps.predictions.features import FEATURES


def simulated_history(rows, seed):
    """Stands in for the shop's history until there is enough of it."""
    rng = np.random.default_rng(seed)
    price = rng.uniform(2, 120, rows)
    discount = rng.choice([0, 0, 0, 5, 10, 20, 30], rows)
    rating = rng.uniform(2.5, 5.0, rows).round(1)
    visitors = rng.integers(20, 2000, rows)
    conversion = 0.09 * np.exp(-price / 70) * (1 + discount / 40) * (rating / 4.2)
    last_week = rng.poisson(visitors * conversion * rng.uniform(0.7, 1.3, rows))
    next_week = 0.6 * visitors * conversion + 0.4 * last_week + rng.normal(0, 1.5, rows)
    features = np.column_stack([price, discount, rating, visitors, last_week])
    return features, np.maximum(next_week, 0)


class Command(BaseCommand):
    help = "Train the demand model and write it to DEMAND_MODEL_PATH."

    def add_arguments(self, parser):
        parser.add_argument("--rows", type=int, default=4000)
        parser.add_argument("--rounds", type=int, default=20)
        parser.add_argument("--seed", type=int, default=7)

    def handle(self, *, rows, rounds, seed, **options):
        features, target = simulated_history(rows, seed)
        booster = lgb.train(
            {
                "objective": "regression",
                "num_leaves": 8,
                "learning_rate": 0.2,
                "deterministic": True,
                "num_threads": 1,
                "seed": seed,
                "verbosity": -1,
            },
            lgb.Dataset(features, label=target, feature_name=FEATURES),
            num_boost_round=rounds,
        )
        settings.ML_MODELS_DIR.mkdir(exist_ok=True)
        booster.save_model(settings.DEMAND_MODEL_PATH)
        self.stdout.write(self.style.SUCCESS(f"Wrote {settings.DEMAND_MODEL_PATH}"))
