from django.urls import path

from billing import views

urlpatterns = [
    path("send/", views.send_receipt),
    path("<int:pk>/", views.show_receipt),
]
