from django.urls import path

from forecasts import views

urlpatterns = [path("", views.next_week)]
