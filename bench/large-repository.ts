import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How many files of each kind; the rest of the total is Git's. */
export interface RepositorySize {
  total: number;
  /** Walked: data, media, static files, each. */
  walked: number;
  /** Ignored: node_modules and a virtual environment. */
  modules: number;
  packages: number;
  /** Uploads, which are walked and which Git ignores; as many as `walked` where not given. */
  media?: number;
}

/** 100,000 files, of which half need not be looked at. */
export const LARGE: RepositorySize = { total: 100_000, walked: 10_000, modules: 30_000, packages: 20_000 };

/**
 * Writes a Django project of some hundred modules among data, media and static files, and folders that must not be
 * walked.
 * @returns the number of files in it
 */
export function writeRepository(root: string, size: RepositorySize = LARGE): number {
  let count = 0;
  const put = (path: string, text = ''): void => {
    const file = join(root, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
    count += 1;
  };
  const many = (total: number, folder: (index: number) => string, ending: string): void => {
    for (let index = 0; index < total; index += 1) put(`${folder(index)}/file${index}.${ending}`);
  };

  const applications = Array.from({ length: 30 }, (_, index) => `app${index}`);
  put('manage.py', startingModule('manage'));
  put('requirements.txt', 'Django==5.2.8\npsycopg[binary]==3.2.12\ngunicorn==23.0.0\ncelery==5.5.3\n');
  put('shop/__init__.py');
  put('shop/wsgi.py', startingModule('wsgi'));
  put('shop/settings.py', settingsText(applications));
  put(
    'shop/urls.py',
    `from django.urls import include, path\nfrom app0.views import health\nurlpatterns = [path("healthz/", health), ${applications
      .map((name) => `path("${name}/", include("${name}.urls"))`)
      .join(', ')}]\n`,
  );
  for (const name of applications) {
    for (const module of [
      '__init__',
      'apps',
      'admin',
      'models',
      'views',
      'urls',
      'tasks',
      'forms',
      'signals',
    ])
      put(`${name}/${module}.py`, moduleText(name, module));
    for (let index = 0; index < 20; index += 1)
      put(`${name}/migrations/${String(index).padStart(4, '0')}_change.py`, moduleText(name, 'migration'));
    for (let index = 0; index < 10; index += 1)
      put(`${name}/tests/test_${index}.py`, moduleText(name, 'tests'));
    for (let index = 0; index < 20; index += 1) put(`${name}/templates/${name}/page${index}.html`);
  }
  // Walked: files of the repository that are no code.
  many(size.walked, (index) => `data/set${index % 200}`, 'json');
  many(size.media ?? size.walked, (index) => `media/${index % 100}`, 'png');
  many(size.walked, (index) => `static/vendor/${index % 50}`, 'js');
  // Not walked.
  many(size.modules, (index) => `frontend/node_modules/package${index % 1500}/lib`, 'js');
  many(size.packages, (index) => `.venv/lib/python3.12/site-packages/package${index % 300}`, 'py');
  put('.venv/pyvenv.cfg');
  many(
    Math.max(0, size.total - count),
    (index) => `.git/objects/${(index % 256).toString(16).padStart(2, '0')}`,
    'obj',
  );
  return count;
}

function startingModule(kind: 'manage' | 'wsgi'): string {
  const rest =
    kind === 'wsgi'
      ? 'from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n'
      : 'from django.core.management import execute_from_command_line\nexecute_from_command_line()\n';
  return `import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n${rest}`;
}

function settingsText(applications: readonly string[]): string {
  return `import os
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = os.environ.get("DEBUG") == "1"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.staticfiles",
${applications.map((name) => `    "${name}",\n`).join('')}]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [], "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("DB_NAME", "shop")}}
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "collected"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = BASE_DIR / "media"
`;
}

/** A module of some two hundred lines, as long as real ones are on the average. */
function moduleText(application: string, module: string): string {
  const body = Array.from(
    { length: 25 },
    (_, index) => `

class ${module.replace('__', 'X')}Item${index}:
    """What there is to say about item ${index}."""

    label = "${application} item ${index}"
    choices = [("a", "First"), ("b", "Second")]

    def total(self, prices, *, tax=0.19):
        # The sum of everything that was ordered.
        return sum(price * (1 + tax) for price in prices if price > ${index})
`,
  ).join('');
  const route =
    module === 'urls'
      ? '\n\nurlpatterns = [path("list/", views.listing), path("<int:pk>/", views.detail)]\n'
      : '';
  const health = module === 'views' ? '\n\ndef health(request):\n    return HttpResponse("ok")\n' : '';
  // One module of nine computes a path; in six real projects it is one of fifteen to fifty.
  const table =
    module === 'models' ? `TABLE = Path(__file__).parent / "tables" / "${application}.json"\n` : '';
  return `from django.db import models
from django.http import HttpResponse
from django.urls import path
from . import models as own, views
from ${application === 'app0' ? 'app1' : 'app0'}.models import modelsItem1
import json, logging
from pathlib import Path

logger = logging.getLogger(__name__)
${table}${body}${route}${health}`;
}
