from django.http import HttpResponse

from .models import Book


def index(request):
    return HttpResponse("\n".join(Book.objects.order_by("pk").values_list("title", flat=True)))
