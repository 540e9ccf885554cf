from catalog import views
from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("", views.home),
    path("products/", views.products),
    path("admin/", admin.site.urls),
]
