from django.db import models


class Message(models.Model):
    room = models.SlugField()
    text = models.CharField(max_length=500)
    sent_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.text
