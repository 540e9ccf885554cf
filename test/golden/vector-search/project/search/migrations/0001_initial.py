from django.db import migrations, models
from pgvector.django import VectorExtension, VectorField


def add_passages(apps, schema_editor):
    passage = apps.get_model("search", "Passage")
    passage.objects.create(text="the far one", embedding=[0, 9, 9])
    passage.objects.create(text="the near one", embedding=[0.9, 0.1, 0])


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        VectorExtension(),
        migrations.CreateModel(
            name="Passage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
                ("embedding", VectorField(dimensions=3)),
            ],
        ),
        migrations.RunPython(add_passages, migrations.RunPython.noop),
    ]
