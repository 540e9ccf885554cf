from django.db import models
from django.utils.translation import gettext_lazy as _


class Recipe(models.Model):
    title = models.CharField(_("title"), max_length=120)
    minutes = models.PositiveSmallIntegerField(_("minutes"))

    class Meta:
        ordering = ["title"]

    def __str__(self):
        return self.title
