import csv

from django.conf import settings
from django.shortcuts import render

from stalls.models import Stall


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def home(request):
    context = {
        "greeting": settings.GREETING,
        "opening_hours": read_rows(settings.DATA_DIR / "opening hours.csv"),
        "prices": read_rows(settings.PRICE_LIST),
        "stalls": Stall.objects.count(),
    }
    return render(request, "home page.html", context)
