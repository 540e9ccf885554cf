from django.http import JsonResponse

from billing.models import Receipt
from billing.tasks import find_media_type


def send_receipt(request):
    receipt = Receipt.objects.create(content=b"%PDF-1.7\n1 0 obj\n")
    find_media_type.delay(receipt.pk)
    return JsonResponse({"id": receipt.pk})


def show_receipt(request, pk):
    return JsonResponse({"media_type": Receipt.objects.get(pk=pk).media_type})
