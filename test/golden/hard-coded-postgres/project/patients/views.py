from django.http import HttpResponse

from .models import Patient


def index(request):
    # By a cursor of the server, where there may be one.
    count = sum(1 for _ in Patient.objects.iterator(chunk_size=50))
    return HttpResponse(f"{count} patients")
