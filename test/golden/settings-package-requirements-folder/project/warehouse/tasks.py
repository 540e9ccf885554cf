import logging

from celery import shared_task
from django.db.models import F

from .models import Item

logger = logging.getLogger(__name__)


@shared_task
def reorder():
    items = Item.objects.filter(on_hand__lte=F("reorder_at"))
    for item in items:
        logger.info("%s must be ordered", item.sku)
    return len(items)
