from django.http import JsonResponse
from django.shortcuts import render

from .models import Recipe
from .units import grams_per_unit


def index(request):
    return render(request, "recipes/index.html", {"recipes": Recipe.objects.all()})


def units(request):
    return JsonResponse(grams_per_unit())
