from django.db import models


class Account(models.Model):
    code = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=80)

    def __str__(self):
        return f"{self.code} {self.name}"
