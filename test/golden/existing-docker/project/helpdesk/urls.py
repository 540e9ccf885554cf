from django.contrib import admin
from django.urls import path

from tickets.views import open_tickets

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", open_tickets),
]
