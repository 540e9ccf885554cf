from django.contrib import admin
from django.urls import path

from board.views import NoticeListView, up

urlpatterns = [
    path("admin/", admin.site.urls),
    path("up/", up),
    path("", NoticeListView.as_view(), name="notices"),
]
