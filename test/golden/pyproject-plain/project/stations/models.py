from django.db import models


class Station(models.Model):
    name = models.CharField(max_length=80)
    altitude = models.IntegerField()

    def __str__(self):
        return self.name


class Reading(models.Model):
    station = models.ForeignKey(
        Station, on_delete=models.CASCADE, related_name="readings"
    )
    taken_at = models.DateTimeField()
    celsius = models.FloatField()

    def __str__(self):
        return f"{self.celsius} °C"
