from django.db import models


class WeeklySales(models.Model):
    """What one product did in one week; `week` is its Monday."""

    product = models.ForeignKey(
        "catalog.Product", on_delete=models.CASCADE, related_name="weekly_sales"
    )
    week = models.DateField()
    visitors = models.PositiveIntegerField()
    units_sold = models.PositiveIntegerField()

    class Meta:
        ordering = ["-week"]
        verbose_name_plural = "weekly sales"
        constraints = [
            models.UniqueConstraint(fields=["product", "week"], name="one_row_per_product_week"),
        ]

    def __str__(self):
        return f"{self.product} in the week of {self.week:%Y-%m-%d}"
