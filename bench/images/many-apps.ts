import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const APPS = 60;
const TEMPLATES = 8;
const MIGRATIONS = 6;

const REQUIREMENTS = `# What the code imports
Django==5.2.19
djangorestframework==3.18.3
gunicorn==27.0.1
psycopg[binary]==3.3.9
celery==5.7.0
redis==8.1.0
pillow==13.0.0
boto3==1.44.8
requests==2.34.2
cryptography==50.0.2
lxml==6.1.3
reportlab==5.1.0
openpyxl==3.1.5
argon2-cffi==25.1.0

# What these need
amqp==5.4.2
argon2-cffi-bindings==26.2.0
asgiref==3.13.0
async-timeout==5.0.1
billiard==4.3.2
botocore==1.44.8
certifi==2026.10.19.post1
cffi==2.1.1
charset-normalizer==3.5.2
click==8.5.1
click-didyoumean==0.3.1
click-plugins==1.1.1.2
click-repl==0.4.1
et_xmlfile==2.0.0
idna==3.20
jmespath==1.1.0
kombu==5.7.0
prompt_toolkit==3.0.53
pycparser==3.12
python-dateutil==2.9.0.post0
s3transfer==0.19.3
six==1.17.0
sqlparse==0.6.1
typing_extensions==4.16.0
tzlocal==5.4.5
urllib3==2.8.0
vine==5.1.0
wcwidth==0.9.4
`;

/** Modules of each app beside models, views and the like, and what each of them imports of the outside world. */
const MODULES: Readonly<Record<string, string>> = {
  constants: 'from enum import Enum',
  choices: 'from django.db import models',
  managers: 'from django.db import models',
  selectors: 'from django.db.models import Count, Q',
  services: 'import requests',
  storage: 'import boto3',
  exports: 'import openpyxl',
  reports: 'from reportlab.pdfgen import canvas',
  images: 'from PIL import Image',
  feeds: 'from lxml import etree',
  secrets_store: 'from cryptography.fernet import Fernet',
  cache: 'import redis',
  permissions: 'from rest_framework import permissions',
  validators: 'from django.core.exceptions import ValidationError',
};

/** Writes a project of many apps of twenty modules each, with templates, static files and migrations. */
export function writeManyApps(root: string): void {
  const put = (path: string, text = ''): void => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const apps = Array.from({ length: APPS }, (_, index) => `app${String(index).padStart(2, '0')}`);
  put('manage.py', MANAGE);
  put('requirements.txt', REQUIREMENTS);
  put('erp/__init__.py', 'from .celery import app as celery_app\n\n__all__ = ["celery_app"]\n');
  put('erp/celery.py', CELERY);
  put('erp/settings.py', settings(apps));
  put('erp/urls.py', urls(apps));
  put('erp/wsgi.py', WSGI);
  put('modules/__init__.py');
  for (const [index, app] of apps.entries()) writeApp(put, app, index);
}

function writeApp(put: (path: string, text?: string) => void, app: string, index: number): void {
  const folder = `modules/${app}`;
  const models = [`${named(app)}Order`, `${named(app)}Item`];
  put(`${folder}/__init__.py`);
  put(
    `${folder}/apps.py`,
    `from django.apps import AppConfig\n\n\nclass ${named(app)}Config(AppConfig):\n    default_auto_field = "django.db.models.BigAutoField"\n    name = "modules.${app}"\n`,
  );
  put(`${folder}/models.py`, modelsText(models));
  put(
    `${folder}/admin.py`,
    `from django.contrib import admin\n\nfrom . import models\n\n${models.map((model) => `admin.site.register(models.${model})\n`).join('')}`,
  );
  put(
    `${folder}/serializers.py`,
    `from rest_framework import serializers\n\nfrom . import models\n${models.map((model) => `\n\nclass ${model}Serializer(serializers.ModelSerializer):\n    class Meta:\n        model = models.${model}\n        fields = ["id", "name", "price"]\n`).join('')}`,
  );
  put(
    `${folder}/tasks.py`,
    `from celery import shared_task\n\nfrom . import models\n\n\n@shared_task\ndef recount():\n    return models.${models[0]}.objects.count()\n${functions('tasks', 12)}`,
  );
  put(`${folder}/views.py`, viewsText(models, app));
  put(
    `${folder}/urls.py`,
    `from django.urls import path\n\nfrom . import views\n\nurlpatterns = [\n    path("", views.overview),\n    path("orders/", views.Orders.as_view()),\n]\n`,
  );
  for (const [module, line] of Object.entries(MODULES))
    put(`${folder}/${module}.py`, `${line}\n${functions(module, 20)}`);
  put(`${folder}/migrations/__init__.py`);
  for (let number = 1; number <= MIGRATIONS; number += 1)
    put(`${folder}/migrations/${String(number).padStart(4, '0')}_step.py`, migration(app, models, number));
  for (let page = 0; page < TEMPLATES; page += 1)
    put(
      `${folder}/templates/${app}/page${page}.html`,
      `<!doctype html>\n<title>${app} ${page}</title>\n${'<p>{{ name }}: {{ price }}</p>\n'.repeat(40)}`,
    );
  put(`${folder}/static/${app}/page.css`, `.${app} { padding: ${index}px; }\n`.repeat(150));
  put(`${folder}/static/${app}/page.js`, `console.log("${app}");\n`.repeat(150));
  put(`${folder}/tests/__init__.py`);
  for (let number = 0; number < 5; number += 1)
    put(
      `${folder}/tests/test_${number}.py`,
      `from django.test import TestCase\n\n\nclass Case(TestCase):\n${'    def test_it(self):\n        self.assertTrue(True)\n\n'.repeat(20)}`,
    );
}

const named = (app: string): string => app[0]?.toUpperCase() + app.slice(1);

const functions = (module: string, count: number): string =>
  Array.from(
    { length: count },
    (_, index) => `

def ${module}_step_${index}(values, *, rate=0.19, limit=${index}):
    """What there is to do with the values of step ${index}."""
    total = 0
    for value in values:
        # Those above the limit count with their rate.
        if value > limit:
            total += value * (1 + rate)
    return {"step": ${index}, "total": total, "module": "${module}"}
`,
  ).join('');

const modelsText = (models: readonly string[]): string => `from django.db import models
${models
  .map(
    (model) => `

class ${model}(models.Model):
    name = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    created = models.DateTimeField(auto_now_add=True)
${Array.from({ length: MIGRATIONS - 1 }, (_, index) => `    note${index + 2} = models.TextField(blank=True)\n`).join('')}
    def __str__(self):
        return self.name
`,
  )
  .join('')}${functions('models', 6)}`;

const viewsText = (models: readonly string[], app: string): string => `from django.shortcuts import render
from rest_framework import generics

from . import (
${['models', 'serializers', ...Object.keys(MODULES)]
  .toSorted()
  .map((module) => `    ${module},\n`)
  .join('')})


def overview(request):
    steps = constants.constants_step_1([1, 2, 3])
    return render(request, "${app}/page0.html", {"name": "${app}", "price": steps["total"]})


class Orders(generics.ListAPIView):
    queryset = models.${models[0]}.objects.all()
    serializer_class = serializers.${models[0]}Serializer
    permission_classes = [permissions.permissions.IsAuthenticated]


HELPERS = [
${Object.keys(MODULES)
  .map((module) => `    ${module}.${module}_step_0,\n`)
  .join('')}]
${functions('views', 6)}`;

const migration = (
  app: string,
  models: readonly string[],
  number: number,
): string => `from django.db import migrations, models


class Migration(migrations.Migration):
    initial = ${number === 1 ? 'True' : 'False'}
    dependencies = [${number === 1 ? '' : `("${app}", "${String(number - 1).padStart(4, '0')}_step")`}]
    operations = [
${models
  .map((model) =>
    number === 1
      ? `        migrations.CreateModel(
            name="${model}",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("price", models.DecimalField(decimal_places=2, max_digits=10)),
                ("created", models.DateTimeField(auto_now_add=True)),
            ],
        ),
`
      : `        migrations.AddField(
            model_name="${model.toLowerCase()}",
            name="note${number}",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
`,
  )
  .join('')}    ]
`;

const MANAGE = `#!/usr/bin/env python
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
`;

const WSGI = `import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")

application = get_wsgi_application()
`;

const CELERY = `import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")

app = Celery("erp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
`;

const urls = (apps: readonly string[]): string => `from django.contrib import admin
from django.http import JsonResponse
from django.urls import include, path


def home(request):
    return JsonResponse({"status": "ok"})


urlpatterns = [
    path("", home),
    path("admin/", admin.site.urls),
${apps.map((app) => `    path("${app}/", include("modules.${app}.urls")),\n`).join('')}]
`;

const settings = (apps: readonly string[]): string => `import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = os.environ.get("DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1").split(",")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
${apps.map((app) => `    "modules.${app}",\n`).join('')}]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "erp.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
WSGI_APPLICATION = "erp.wsgi.application"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("DB_NAME", "erp"),
        "USER": os.environ.get("DB_USER", "erp"),
        "PASSWORD": os.environ.get("DB_PASSWORD", ""),
        "HOST": os.environ.get("DB_HOST", "localhost"),
        "PORT": os.environ.get("DB_PORT", "5432"),
    }
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379/0")
`;
