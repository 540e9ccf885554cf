from django.db import models


class Stall(models.Model):
    owner = models.CharField(max_length=80)

    def __str__(self):
        return self.owner
