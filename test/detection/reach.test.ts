import { describe, expect, test } from 'vitest';

import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

const settings = `import os
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent.parent
INSTALLED_APPS = ["orders"]
ROOT_URLCONF = "shop.urls"
`;

/** Folders and files that every project here has beside its own, none of which the application needs. */
const unused = {
  'idle/__init__.py': '',
  'idle/code.py': '',
  'docs/index.md': '',
  'tests/test_orders.py': 'import idle\n',
  'frontend/package.json': '{}',
};

/** What is copied of a small project, apart from `shop` and `orders`, with the reasons. */
function reached(files: Record<string, string>): Record<string, string> {
  const facts = detectProject(
    memoryFiles('shop', {
      'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
      'shop/__init__.py': '',
      'shop/settings.py': settings,
      'shop/urls.py': 'urlpatterns = []\n',
      'shop/wsgi.py': 'application = None\n',
      'orders/__init__.py': '',
      'orders/models.py': '',
      ...unused,
      ...files,
    }),
  );
  return Object.fromEntries(
    facts.application
      .filter((entry) => entry.needed && !['shop', 'orders'].includes(entry.path))
      .map((entry) => [entry.path, entry.reason]),
  );
}

/** The settings with further lines. */
const withSettings = (lines: string): Record<string, string> => ({ 'shop/settings.py': settings + lines });

test('nothing more where nothing more is named', () => {
  expect(reached({})).toEqual({});
});

describe('an application', () => {
  test('by its package or its AppConfig in INSTALLED_APPS', () => {
    expect(
      reached({
        ...withSettings(
          'INSTALLED_APPS += ["users", "teams.apps.TeamsConfig", "apps.billing.apps.BillingConfig"]\n',
        ),
        'users/__init__.py': '',
        'teams/__init__.py': '',
        'teams/apps.py': '',
        'apps/billing/__init__.py': '',
        'apps/billing/apps.py': '',
      }),
    ).toEqual({ apps: 'in INSTALLED_APPS', teams: 'in INSTALLED_APPS', users: 'in INSTALLED_APPS' });
  });
  test('appended to INSTALLED_APPS in another module', () => {
    // As horilla does.
    expect(
      reached({
        'shop/urls.py': 'import shop.addons\nurlpatterns = []\n',
        'shop/addons.py':
          'from shop.settings import INSTALLED_APPS\nINSTALLED_APPS.append("biometric")\nINSTALLED_APPS += [\n    "audit",\n]\nOTHER = "idle"\n',
        'biometric/__init__.py': '',
        'audit/__init__.py': '',
      }),
    ).toEqual({ audit: 'named in shop/addons.py:4', biometric: 'named in shop/addons.py:2' });
  });
  test('in a folder that the settings list', () => {
    expect(
      Object.keys(
        reached({
          ...withSettings(
            'INSTALLED_APPS += [f"{name}" for name in os.listdir(BASE_DIR) if name.startswith("x_")]\n',
          ),
          'x_one/__init__.py': '',
          'x_one/models.py': '',
          'x_two/__init__.py': '',
          'x_two/apps.py': '',
        }),
      ),
    ).toEqual(['x_one', 'x_two']);
  });
});

test('URLs: include() of a string, a tuple, a module', () => {
  expect(
    reached({
      'shop/urls.py':
        'import cart.urls\nfrom django.urls import include, path\nurlpatterns = [path("a/", include("api.urls")), path("b/", include(("blog.urls", "blog"))), path("c/", include(cart.urls))]\n',
      'api/__init__.py': '',
      'api/urls.py': 'from helpers import x\n',
      'blog/urls.py': '',
      'cart/__init__.py': '',
      'cart/urls.py': '',
      'helpers.py': '',
    }),
  ).toEqual({
    api: 'named in shop/urls.py:3',
    blog: 'named in shop/urls.py:3',
    cart: 'imported by shop/urls.py:1',
    'helpers.py': 'imported by api/urls.py:1',
  });
});

test('settings: middleware, context processors, template tags, template and static folders, anything dotted', () => {
  expect(
    reached({
      ...withSettings(`MIDDLEWARE = ["edge.middleware.Timing"]
TEMPLATES = [{"DIRS": [os.path.join(BASE_DIR, "pages")], "OPTIONS": {"context_processors": ["menus.context.menu"], "libraries": {"money": "tags.money"}}}]
STATICFILES_DIRS = [("img", BASE_DIR / "pictures"), BASE_DIR / "assets"]
LOCALE_PATHS = [BASE_DIR / "locale"]
FIXTURE_DIRS = ["seeds"]
AUTHENTICATION_BACKENDS = ["login.backends.Token"]
LOGGING = {"handlers": {"x": {"class": "logs.handlers.Json"}}}
`),
      'edge/middleware.py': '',
      'menus/context.py': '',
      'tags/money.py': '',
      'login/backends.py': '',
      'logs/__init__.py': '',
      'logs/handlers.py': '',
      'pages/index.html': '',
      'pictures/a.png': '',
      'assets/a.css': '',
      'locale/de/LC_MESSAGES/django.po': '',
      'seeds/first.json': '',
    }),
  ).toEqual({
    assets: 'static files folder',
    edge: 'named by MIDDLEWARE',
    locale: 'translations',
    login: 'named by AUTHENTICATION_BACKENDS',
    logs: 'named by LOGGING',
    menus: 'named by TEMPLATES',
    pages: 'template folder',
    pictures: 'static files folder',
    seeds: 'fixtures',
    tags: 'named by TEMPLATES',
  });
});

describe('imports by name', () => {
  const packages = {
    'plugins/__init__.py': '',
    'plugins/mail.py': 'import senders\n',
    'plugins/sub/deep.py': '',
    'senders.py': '',
  };
  test('written out', () => {
    expect(
      reached({
        ...packages,
        'orders/views.py':
          'from importlib import import_module\nfrom django.utils.module_loading import import_string\nimport_module("plugins.mail")\nimport_string("tools.run.Runner")\n__import__("extras")\n',
        'tools/run.py': '',
        'extras/__init__.py': '',
      }),
    ).toEqual({
      extras: 'named in orders/views.py:5',
      plugins: 'named in orders/views.py:3',
      'senders.py': 'imported by plugins/mail.py:1',
      tools: 'named in orders/views.py:4',
    });
  });
  test.each([
    ['import_module(f"plugins.{name}")'],
    ['import_module("plugins." + name)'],
    ['import_module("plugins.%s" % name)'],
    ['import_module("plugins.{}".format(name))'],
    ['import_module(f".{name}", package="plugins")'],
    ['import_module("." + name, "plugins")'],
    ['import_string(f"plugins.{name}.Sender")'],
    ['ROOT = "plugins"\nimport_module(f"{ROOT}.{name}")'],
    ['import plugins\nimport_module(f"{plugins.__name__}.{name}")'],
    ['import plugins\nimport_module("." + name, plugins.__name__)'],
    ['import plugins\nfor item in pkgutil.iter_modules(plugins.__path__): pass'],
    ['for name in ["plugins"]:\n    import_module(name)'],
  ])('put together: the whole package (%s)', (code) => {
    const found = reached({
      ...packages,
      'orders/views.py': `import pkgutil\nfrom importlib import import_module\n${code}\n`,
    });
    expect(Object.keys(found)).toEqual(['plugins', 'senders.py']);
    expect(found['plugins']).toMatch(/^(?:may be imported|imported|named) (?:by|in) orders\/views\.py:\d+$/);
  });
  test('of the own package, with what its modules import', () => {
    for (const code of [
      'import_module(f"{__name__}.{name}")',
      'import_module("." + name, __package__)',
      'import_module(name)',
    ])
      expect(
        Object.keys(
          reached({
            'shop/urls.py': 'import kinds\n',
            'kinds/__init__.py': `from importlib import import_module\n${code}\n`,
            'kinds/one.py': 'import senders\n',
            'senders.py': '',
          }),
        ),
      ).toEqual(['kinds', 'senders.py']);
  });
});

test('management commands and what they import', () => {
  expect(
    reached({
      'orders/management/commands/load.py': 'from loaders.csv import load\n',
      'loaders/csv.py': '',
    }),
  ).toEqual({ loaders: 'imported by orders/management/commands/load.py:1' });
});

test('signals connected in AppConfig.ready()', () => {
  expect(
    reached({
      'orders/apps.py':
        'class OrdersConfig(AppConfig):\n    def ready(self):\n        from . import receivers\n        import events.handlers\n',
      'orders/receivers.py': 'from mailing import send\n',
      'events/handlers.py': '',
      'mailing.py': '',
    }),
  ).toEqual({
    events: 'imported by orders/apps.py:4',
    'mailing.py': 'imported by orders/receivers.py:1',
  });
});

describe('Celery', () => {
  test('tasks in an include list, by autodiscover_tasks, in a schedule', () => {
    expect(
      reached({
        'shop/celery.py':
          'from celery import Celery\napp = Celery("shop", include=["jobs.nightly"])\napp.autodiscover_tasks(["imports_"])\napp.conf.beat_schedule = {"x": {"task": "reports_.monthly.send"}}\n',
        'jobs/nightly.py': '',
        'imports_/__init__.py': '',
        'imports_/tasks.py': 'import senders\n',
        'reports_/__init__.py': '',
        'reports_/monthly.py': '',
        'senders.py': '',
      }),
    ).toEqual({
      imports_: 'named in shop/celery.py:3',
      jobs: 'named in shop/celery.py:2',
      reports_: 'named in shop/celery.py:4',
      'senders.py': 'imported by imports_/tasks.py:1',
    });
  });
  test('tasks that the settings route', () => {
    expect(
      reached({
        ...withSettings('CELERY_IMPORTS = ("jobs.nightly",)\n'),
        'jobs/nightly.py': '',
      }),
    ).toEqual({ jobs: 'named by CELERY_IMPORTS' });
  });
});

test('relative imports lead through packages', () => {
  expect(
    reached({
      'shop/urls.py': 'from core.inner import start\n',
      'core/inner/__init__.py': '',
      'core/inner/start.py': 'from . import near\nfrom .. import far\nfrom ..side import x\n',
      'core/inner/near.py': 'import one\n',
      'core/far.py': 'import two\n',
      'core/side.py': 'import three\n',
      'one.py': '',
      'two.py': '',
      'three.py': '',
    }),
  ).toEqual({
    core: 'imported by shop/urls.py:1',
    'one.py': 'imported by core/inner/near.py:1',
    'three.py': 'imported by core/side.py:1',
    'two.py': 'imported by core/far.py:1',
  });
});

describe('data', () => {
  test('beside a module of the root', () => {
    expect(
      reached({
        'orders/views.py': 'import predict\n',
        'predict.py':
          'import os, joblib\nMODEL = joblib.load(open(os.path.join(os.path.dirname(__file__), "weights.pkl"), "rb"))\n',
        'weights.pkl': '',
      }),
    ).toEqual({ 'predict.py': 'imported by orders/views.py:1', 'weights.pkl': 'named in predict.py:2' });
  });
  test.each([
    ['path = settings.BASE_DIR / "words" / "x.json"'],
    ['path = os.path.join(settings.BASE_DIR, "words", "x.json")'],
    ['path = open("words/x.json")'],
    ['path = Path(__file__).resolve().parent.parent / "words"'],
    ['def read():\n    return open(os.path.join(settings.BASE_DIR, "words", name))'],
    ['class Reader:\n    def read(self):\n        return open(settings.BASE_DIR / "words" / "x.json")'],
    ['class Reader:\n    folder = settings.BASE_DIR / "words"'],
  ])('%s', (code) => {
    const found = reached({
      'orders/views.py': `import os\nfrom pathlib import Path\nfrom django.conf import settings\n${code}\n`,
      'words/x.json': '',
    });
    expect(found).toEqual({ words: expect.stringMatching(/^named in orders\/views\.py:\d+$/) as string });
  });
  test('a model named where its folder is not written', () => {
    expect(
      reached({
        'orders/views.py':
          'class Predictor:\n    def load(self):\n        return joblib.load(os.path.join(self.folder, "churn.joblib"))\n',
        'artifacts/churn.joblib': '',
      }),
    ).toEqual({ artifacts: 'named in orders/views.py:3' });
  });
  test('that nothing names is in where it is not clear, and says so', () => {
    expect(reached({ 'words/x.json': '' })).toEqual({ words: 'not clear whether it is used' });
    expect(reached({ 'fixtures/first.json': '' })).toEqual({ fixtures: 'not clear whether it is used' });
  });
  test.each([
    ['from importlib.resources import files\nfiles("catalog.data").joinpath("x.csv")'],
    ['from importlib import resources\nresources.read_text("catalog.data", "x.csv")'],
    ['import pkgutil\npkgutil.get_data("catalog", "data/x.csv")'],
    ['import pkg_resources\npkg_resources.resource_filename("catalog", "data/x.csv")'],
  ])('of a package: %s', (code) => {
    const found = reached({
      'orders/views.py': `${code}\n`,
      'catalog/__init__.py': '',
      'catalog/data/__init__.py': '',
      'catalog/data/x.csv': '',
    });
    expect(found).toEqual({ catalog: 'named in orders/views.py:2' });
  });
  test('a folder further down a path, or one that the site fills, is none of the root', () => {
    expect(
      reached({
        'orders/views.py':
          'import os\nfrom django.conf import settings\na = open(os.path.join(settings.BASE_DIR, "orders", "static", "frontend", name))\nb = os.path.join(settings.BASE_DIR, "uploads", name)\n',
        'uploads/x.png': '',
      }),
    ).toEqual({});
  });
  test('STATIC_ROOT that holds the whole project hides nothing', () => {
    expect(reached({ ...withSettings('STATIC_ROOT = BASE_DIR\n'), 'words/x.json': '' })).toEqual({
      words: 'not clear whether it is used',
    });
  });
  test('a route is no folder', () => {
    expect(
      reached({
        'shop/urls.py':
          'from django.urls import path\nurlpatterns = [path("docs/", view), path("frontend/", view)]\n',
      }),
    ).toEqual({});
  });
});

test('what the Procfile starts', () => {
  expect(
    reached({
      Procfile: 'web: gunicorn shop.wsgi\nworker: python -m jobs.run\nclock: python clock.py --daily\n',
      'jobs/__init__.py': '',
      'jobs/run.py': '',
      'clock.py': '',
    }),
  ).toEqual({ 'clock.py': 'started by Procfile:3', jobs: 'started by Procfile:2' });
});
