from django.db import migrations, models


def add_books(apps, schema_editor):
    apps.get_model("books", "Book").objects.create(title="Der Zauberberg 📖")


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Book",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200)),
            ],
        ),
        migrations.RunPython(add_books, migrations.RunPython.noop),
    ]
