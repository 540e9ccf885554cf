import { describe, expect, it } from 'vitest';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

/** `name file:line` of each. */
const found = (files: Record<string, string>): string[] =>
  detectProject(
    memoryFiles('repo', {
      'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
      'shop/__init__.py': '',
      'shop/settings.py': 'INSTALLED_APPS = ["orders"]\nROOT_URLCONF = "shop.urls"\n',
      'shop/urls.py': 'urlpatterns = []\n',
      'shop/wsgi.py': 'application = None\n',
      'orders/__init__.py': '',
      'orders/models.py': '',
      'requirements.txt': 'Django==5.2.8\n',
      'requirements-dev.txt':
        '-r requirements.txt\ndjango-debug-toolbar==6.0.0\nfactory-boy==3.3.3\nFaker==38.0.0\npytest==9.0.1\n',
      ...files,
    }),
  ).developmentImports.map(
    ({ requirement, evidence: [place] }) => `${requirement.name} ${place?.file}:${place?.line}`,
  );

describe('what is imported as the application starts', () => {
  it.each([
    [
      'by the settings',
      { 'shop/settings.py': 'import os\nimport debug_toolbar\n' },
      'django-debug-toolbar shop/settings.py:2',
    ],
    ['by an app’s models', { 'orders/models.py': 'from faker import Faker\n' }, 'faker orders/models.py:1'],
    [
      'by the URLs, through a view',
      {
        'shop/urls.py': 'from django.urls import path\nfrom orders import views\n',
        'orders/views.py': 'from .services import make\n',
        'orders/services.py': '"""Doc."""\nfrom factory import (\n    Factory,\n)\n',
      },
      'factory-boy orders/services.py:2',
    ],
    [
      'by the callable',
      { 'shop/wsgi.py': 'import debug_toolbar.middleware\napplication = None\n' },
      'django-debug-toolbar shop/wsgi.py:1',
    ],
    [
      'by a package above what is imported',
      {
        'orders/api/__init__.py': 'import faker\n',
        'orders/api/views.py': '',
        'shop/urls.py': 'import orders.api.views\n',
      },
      'faker orders/api/__init__.py:1',
    ],
    [
      'by middleware',
      {
        'shop/settings.py': 'INSTALLED_APPS = []\nMIDDLEWARE = ["orders.middleware.Timing"]\n',
        'orders/middleware.py': 'import faker\n',
      },
      'faker orders/middleware.py:1',
    ],
    [
      'as an app that the settings always install',
      { 'shop/settings.py': 'INSTALLED_APPS = [\n    "orders",\n    "debug_toolbar",\n]\n' },
      'django-debug-toolbar shop/settings.py:3',
    ],
    [
      // As in arrobalytics/django-ledger.
      'as an app that DEBUG installs, where DEBUG is always true',
      {
        'shop/settings.py':
          'DEBUG = True\nINSTALLED_APPS = ["orders"]\nif DEBUG:\n    INSTALLED_APPS += ["debug_toolbar"]\n',
      },
      'django-debug-toolbar shop/settings.py:4',
    ],
    [
      'as an app that DEBUG of the same file installs, whatever other settings make of it later',
      {
        'shop/settings.py': 'from .base import *\nDEBUG = False\n',
        'shop/base.py':
          'DEBUG = True\nINSTALLED_APPS = ["orders"]\nif DEBUG:\n    INSTALLED_APPS += ["debug_toolbar"]\n',
      },
      'django-debug-toolbar shop/base.py:4',
    ],
  ])('%s', (_, files, expected) => {
    expect(found(files as Record<string, string>)).toEqual([expected]);
  });
});

describe('what production does without', () => {
  it.each<[string, Record<string, string>]>([
    ['in a function', { 'orders/models.py': 'def make():\n    import faker\n' }],
    ['in try', { 'orders/models.py': 'try:\n    import faker\nexcept ImportError:\n    faker = None\n' }],
    [
      'under DEBUG',
      { 'shop/urls.py': 'from django.conf import settings\nif settings.DEBUG:\n    import debug_toolbar\n' },
    ],
    ['in tests', { 'orders/tests.py': 'import factory\n', 'orders/tests/__init__.py': 'import factory\n' }],
    ['in a command', { 'orders/management/commands/fill.py': 'from faker import Faker\n' }],
    [
      'in settings that only development takes',
      {
        'shop/settings.py':
          'import os\nif os.environ.get("STAGE") == "dev":\n    from .development import *\n',
        'shop/development.py': 'import debug_toolbar\n',
      },
    ],
    [
      'as an app that only DEBUG installs',
      {
        'shop/settings.py':
          'import os\nDEBUG = os.environ.get("DEBUG") == "1"\nINSTALLED_APPS = ["orders"]\nif DEBUG:\n    INSTALLED_APPS += ["debug_toolbar"]\n',
      },
    ],
    [
      'as an app of a branch that another may be taken before',
      {
        'shop/settings.py':
          'import os\nDEBUG = True\nINSTALLED_APPS = ["orders"]\nif os.environ.get("CI"):\n    pass\nelif DEBUG:\n    INSTALLED_APPS += ["debug_toolbar"]\n',
      },
    ],
    [
      'as an app of the other branch of what is always true',
      {
        'shop/settings.py':
          'LIVE = True\nINSTALLED_APPS = ["orders"]\nif LIVE:\n    pass\nelse:\n    INSTALLED_APPS += ["debug_toolbar"]\n',
      },
    ],
    [
      'as an app of settings that only development takes',
      {
        'shop/settings.py':
          'import os\nINSTALLED_APPS = ["orders"]\ntry:\n    from .local import *\nexcept ImportError:\n    pass\n',
        'shop/local.py': 'INSTALLED_APPS = ["orders", "debug_toolbar"]\n',
      },
    ],
    [
      'in production’s requirements too',
      { 'orders/models.py': 'import faker\n', 'requirements.txt': 'Django\nFaker\n' },
    ],
  ])('%s', (_, files) => {
    expect(found(files)).toEqual([]);
  });
});
