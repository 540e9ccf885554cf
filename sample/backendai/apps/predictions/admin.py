from django.contrib import admin

from apps.predictions.models import WeeklySales


@admin.register(WeeklySales)
class WeeklySalesAdmin(admin.ModelAdmin):
    list_display = ["product", "week", "visitors", "units_sold"]
    list_filter = ["product"]
    date_hierarchy = "week"
