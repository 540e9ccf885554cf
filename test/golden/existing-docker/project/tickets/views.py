from django.http import JsonResponse

from .models import Ticket


def open_tickets(request):
    return JsonResponse({"open": Ticket.objects.filter(is_open=True).count()})
