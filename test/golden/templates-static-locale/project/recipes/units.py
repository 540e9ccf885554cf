import json
from functools import cache
from pathlib import Path

from django.conf import settings

SYNONYMS = Path(__file__).parent / "data" / "synonyms.json"


@cache
def grams_per_unit():
    units = json.loads(settings.UNITS_FILE.read_text(encoding="utf-8"))
    for synonym, unit in json.loads(SYNONYMS.read_text(encoding="utf-8")).items():
        units[synonym] = units[unit]
    return units


def to_grams(amount, unit):
    return amount * grams_per_unit()[unit]
