from channels.generic.websocket import AsyncJsonWebsocketConsumer

from chat.models import Message


class ChatConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self):
        self.room = self.scope["url_route"]["kwargs"]["name"]
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def receive_json(self, content):
        message = await Message.objects.acreate(
            room=self.room, text=content["text"][:500]
        )
        await self.channel_layer.group_send(
            self.room, {"type": "chat.message", "text": message.text}
        )

    async def chat_message(self, event):
        await self.send_json({"text": event["text"]})
