import csv
from pathlib import Path

from django.core.management.base import BaseCommand

from apps.predictions.services import load_model

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


class Command(BaseCommand):
    help = "Predict a week that was exported from the shop and print the error of each row."

    def handle(self, **options):
        with open(SAMPLES / "week_2026_20.csv", newline="") as file:
            rows = list(csv.reader(file))[1:]
        features = [[float(value) for value in row[1:6]] for row in rows]
        for row, predicted in zip(rows, load_model().predict(features), strict=True):
            self.stdout.write(f"{row[0]:<20} sold {row[6]:>5} predicted {predicted:8.1f}")
