from django.urls import path

from apps.predictions import views

app_name = "predictions"

urlpatterns = [
    path("", views.PredictionListView.as_view(), name="list"),
]
