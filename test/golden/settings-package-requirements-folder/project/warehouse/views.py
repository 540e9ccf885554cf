from django.db.models import F
from django.http import JsonResponse
from django.views.decorators.cache import cache_page

from .models import Item


@cache_page(30)
def low_stock(request):
    items = Item.objects.filter(on_hand__lte=F("reorder_at")).values_list(
        "sku", flat=True
    )
    return JsonResponse({"low": list(items)})
