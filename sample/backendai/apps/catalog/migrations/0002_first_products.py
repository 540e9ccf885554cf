from django.db import migrations

CATEGORIES = {
    "coffee": "Coffee",
    "tea": "Tea",
    "kitchen": "Kitchen",
}

# name, slug, category, price, discount in percent, rating
PRODUCTS = [
    ("Robusta beans, 1 kg", "robusta-beans-1kg", "coffee", "9.50", 0, "4.6"),
    ("Arabica beans, 1 kg", "arabica-beans-1kg", "coffee", "14.90", 5, "4.7"),
    ("Phin filter", "phin-filter", "coffee", "4.20", 10, "4.4"),
    ("Oolong tea, 200 g", "oolong-tea-200g", "tea", "12.00", 0, "4.1"),
    ("Lotus tea, 100 g", "lotus-tea-100g", "tea", "16.50", 0, "4.8"),
    ("Ceramic cup", "ceramic-cup", "kitchen", "6.80", 20, "3.9"),
    ("Hand grinder", "hand-grinder", "kitchen", "38.00", 0, "4.2"),
    ("Gooseneck kettle", "gooseneck-kettle", "kitchen", "54.00", 10, "4.5"),
]


def insert_products(apps, schema_editor):
    Category = apps.get_model("catalog", "Category")
    Product = apps.get_model("catalog", "Product")
    categories = {
        slug: Category.objects.create(slug=slug, name=name) for slug, name in CATEGORIES.items()
    }
    for name, slug, category, price, discount, rating in PRODUCTS:
        Product.objects.create(
            name=name,
            slug=slug,
            category=categories[category],
            price=price,
            discount_percent=discount,
            rating=rating,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(insert_products, migrations.RunPython.noop),
    ]
