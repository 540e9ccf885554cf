from django.db import models
from pgvector.django import VectorField


class Passage(models.Model):
    text = models.TextField()
    embedding = VectorField(dimensions=3)
