from django.http import HttpResponse
from pgvector.django import L2Distance

from .models import Passage


def nearest(request):
    found = Passage.objects.order_by(L2Distance("embedding", [1, 0, 0])).first()
    return HttpResponse(found.text)
