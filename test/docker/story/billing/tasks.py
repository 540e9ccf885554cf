import magic
from celery import shared_task

from billing.models import Receipt


@shared_task
def find_media_type(receipt_id):
    receipt = Receipt.objects.get(pk=receipt_id)
    receipt.media_type = magic.from_buffer(bytes(receipt.content), mime=True)
    receipt.save()
