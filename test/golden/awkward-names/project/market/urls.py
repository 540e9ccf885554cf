from django.urls import path

from stalls.views import home

urlpatterns = [path("", home)]
