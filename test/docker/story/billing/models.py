from django.db import models


class Receipt(models.Model):
    """A document that somebody sent; its type is found out by a worker."""

    content = models.BinaryField()
    media_type = models.CharField(max_length=80, blank=True)
