from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import path


def front_page(request):
    return HttpResponse(f"{User.objects.count()} users")


urlpatterns = [path("", front_page)]
