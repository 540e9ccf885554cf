from django.db import models


class Item(models.Model):
    sku = models.CharField(max_length=40, unique=True)
    on_hand = models.IntegerField(default=0)
    reorder_at = models.IntegerField(default=10)

    def __str__(self):
        return self.sku
