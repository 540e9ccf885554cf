from django.http import JsonResponse
from django.shortcuts import render

from .models import Product


def home(request):
    return JsonResponse({"status": "ok"})


def products(request):
    return render(request, "catalog/products.html", {"products": Product.objects.all()})
