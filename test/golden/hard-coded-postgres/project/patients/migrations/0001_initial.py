from django.db import migrations, models


def add_patients(apps, schema_editor):
    patient = apps.get_model("patients", "Patient")
    patient.objects.bulk_create(patient(name=f"Patient {number}") for number in range(500))


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Patient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
            ],
        ),
        migrations.RunPython(add_patients, migrations.RunPython.noop),
    ]
