from datetime import date

from django.db import migrations

WEEKS = [date(2026, 5, 11), date(2026, 5, 18)]

# visitors and units sold, week by week
SALES = {
    "robusta-beans-1kg": [(1180, 97), (1240, 103)],
    "arabica-beans-1kg": [(940, 71), (905, 66)],
    "phin-filter": [(790, 80), (860, 88)],
    "oolong-tea-200g": [(415, 30), (430, 29)],
    "lotus-tea-100g": [(260, 21), (305, 26)],
    "ceramic-cup": [(480, 55), (510, 61)],
    "hand-grinder": [(350, 18), (342, 17)],
    "gooseneck-kettle": [(610, 29), (655, 33)],
}


def insert_sales(apps, schema_editor):
    Product = apps.get_model("catalog", "Product")
    WeeklySales = apps.get_model("predictions", "WeeklySales")
    products = Product.objects.in_bulk(list(SALES), field_name="slug")
    WeeklySales.objects.bulk_create(
        WeeklySales(product=products[slug], week=week, visitors=visitors, units_sold=units)
        for slug, weeks in SALES.items()
        for week, (visitors, units) in zip(WEEKS, weeks, strict=True)
    )


class Migration(migrations.Migration):
    dependencies = [
        ("predictions", "0001_initial"),
        ("catalog", "0002_first_products"),
    ]

    operations = [
        migrations.RunPython(insert_sales, migrations.RunPython.noop),
    ]
