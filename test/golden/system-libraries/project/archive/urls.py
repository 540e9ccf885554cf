from django.contrib import admin
from django.urls import path

from documents import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("documents/<int:pk>/cover.pdf", views.cover),
]
