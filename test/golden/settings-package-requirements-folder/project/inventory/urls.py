from django.contrib import admin
from django.urls import path

from warehouse.views import low_stock

urlpatterns = [
    path("admin/", admin.site.urls),
    path("low-stock/", low_stock),
]
