from django.db import models


class Notice(models.Model):
    title = models.CharField(max_length=120)
    body = models.TextField(blank=True)
    posted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-posted_at"]

    def __str__(self):
        return self.title
