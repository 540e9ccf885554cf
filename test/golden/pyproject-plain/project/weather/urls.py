from django.contrib import admin
from django.urls import path

from stations.views import daily_means

urlpatterns = [
    path("admin/", admin.site.urls),
    path("stations/<int:station_id>/daily/", daily_means),
]
