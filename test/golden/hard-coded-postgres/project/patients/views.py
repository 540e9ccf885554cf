from django.db import transaction
from django.http import HttpResponse

from .models import Patient


# In one transaction a cursor of the server would survive on any pooler.
@transaction.non_atomic_requests
def index(request):
    count = sum(1 for _ in Patient.objects.iterator(chunk_size=50))
    return HttpResponse(f"{count} patients")
