from django.urls import path

from . import views

urlpatterns = [path("count/", views.order_count, name="order-count")]
