from django.shortcuts import render

from chat.models import Message


def room(request, name):
    messages = Message.objects.filter(room=name).order_by("-sent_at")[:50]
    return render(request, "chat/room.html", {"name": name, "messages": messages})
