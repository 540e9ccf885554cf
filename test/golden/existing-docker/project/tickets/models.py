from django.db import models


class Ticket(models.Model):
    subject = models.CharField(max_length=200)
    is_open = models.BooleanField(default=True)

    def __str__(self):
        return self.subject
