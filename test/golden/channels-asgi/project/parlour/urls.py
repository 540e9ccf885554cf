from django.contrib import admin
from django.urls import path

from chat.views import room

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", room, {"name": "lobby"}),
    path("<slug:name>/", room),
]
