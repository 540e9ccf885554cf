from django.urls import path

from chat.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/<slug:name>/", ChatConsumer.as_asgi())]
