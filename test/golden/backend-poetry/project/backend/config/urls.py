from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import DefaultRouter

from ledger.entries.views import EntryViewSet

router = DefaultRouter()
router.register("entries", EntryViewSet)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
]
