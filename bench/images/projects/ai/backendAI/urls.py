from core.views import home
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", home),
    path("ai/", include("apps.ai.urls")),
    path("admin/", admin.site.urls),
]
