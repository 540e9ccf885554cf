import { describe, expect, test } from 'vitest';

import { detectProject, type DetectionChoice } from '../../generators/app/detection/detect-project.ts';
import { formatDetection } from '../../generators/app/detection/detection-table.ts';
import { DetectionError } from '../../generators/app/detection/facts.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

const manage = (module: string) =>
  `#!/usr/bin/env python\nimport os\nimport sys\n\n\ndef main():\n    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "${module}")\n    from django.core.management import execute_from_command_line\n    execute_from_command_line(sys.argv)\n\n\nif __name__ == "__main__":\n    main()\n`;

const settings = `from pathlib import Path
import os
BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = os.environ.get("DEBUG", "0") == "1"
ALLOWED_HOSTS = []
INSTALLED_APPS = ["django.contrib.staticfiles", "rest_framework", "orders.apps.OrdersConfig", "users"]
MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware", "shared.middleware.Timing"]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [{"DIRS": [BASE_DIR / "templates"]}]
WSGI_APPLICATION = "shop.wsgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_ROOT = os.path.join(BASE_DIR, "uploaded")
LOCALE_PATHS = [os.path.join(BASE_DIR, "locale")]
`;

/** A project of the usual shape, below a folder. */
function project(prefix = ''): Record<string, string> {
  const inside: Record<string, string> = {
    'manage.py': manage('shop.settings'),
    'shop/__init__.py': 'from .celery import app as celery_app\n',
    'shop/celery.py':
      'import os\nfrom celery import Celery\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\napp = Celery("shop")\napp.conf.beat_schedule = {}\n',
    'shop/settings.py': settings,
    'shop/urls.py':
      'from django.urls import include, path\nurlpatterns = [path("api/", include("orders.urls")), path("a/<int:x>/health/", view)]\n',
    'shop/wsgi.py':
      'import os\nfrom django.core.wsgi import get_wsgi_application\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\napplication = get_wsgi_application()\n',
    'shop/asgi.py': 'application = None\n',
    'orders/__init__.py': '',
    'orders/apps.py': '',
    'orders/models.py':
      'from django.db import models\nfrom django.conf import settings\nimport lightgbm\nMODEL = settings.BASE_DIR / "models" / "model.txt"\n',
    'orders/urls.py':
      'from django.urls import path\nfrom . import views\nurlpatterns = [path("healthz/", views.ok)]\n',
    'orders/views.py': 'from pricing import rules\n\ndef ok(request):\n    import numpy.linalg\n',
    'orders/tests/test_a.py': 'import factory\nfrom testtools import x\n',
    'orders/management/commands/load.py': 'from reports.build import build\n',
    'users/__init__.py': '',
    'users/models.py':
      'from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import onlytypes\n    from unused import y\n',
    'pricing/__init__.py': '',
    'pricing/rules.py': 'from .inner import z\nimport orders.models\n',
    'pricing/inner.py': 'import pricing.rules\n',
    'reports/__init__.py': '',
    'reports/build.py': '',
    'shared/__init__.py': '',
    'shared/middleware.py': 'class Timing: pass\n',
    'unused/__init__.py': '',
    'unused/y.py': '',
    'tests/test_all.py': '',
    'docs/conf.py': '',
    'models/model.txt': '',
    'templates/base.html': '',
    'locale/de/LC_MESSAGES/django.po': '',
    'staticfiles/x.css': '',
    'uploaded/x.png': '',
    'weights/big.pkl': '',
    'conftest.py': '',
    'helper.py': '',
    'db.sqlite3': '',
  };
  return Object.fromEntries(Object.entries(inside).map(([path, text]) => [prefix + path, text]));
}

describe.each(['', 'src/', 'apps/api/'])('manage.py in "%s"', (prefix) => {
  const facts = detectProject(
    memoryFiles('repo', { ...project(prefix), 'requirements.txt': 'Django==5.2\n', 'README.md': '' }),
  );

  test('where things are', () => {
    expect(facts).toMatchObject({
      name: 'shop',
      workDir: prefix.replace(/\/$/, ''),
      managePy: { value: `${prefix}manage.py` },
      settingsModule: { value: 'shop.settings', evidence: [{ file: `${prefix}manage.py`, line: 7 }] },
      settingsFiles: [`${prefix}shop/settings.py`],
      wsgi: { value: 'shop.wsgi:application' },
      asgi: { value: 'shop.asgi:application' },
      entryPoint: 'wsgi',
      healthPath: { value: '/api/healthz/', evidence: [{ file: `${prefix}orders/urls.py`, line: 3 }] },
      allowedHosts: { value: [] },
      thirdPartyApps: ['rest_framework'],
      notes: [],
    });
  });

  test('the closure of imports and named paths', () => {
    const needed = facts.application
      .filter((entry) => entry.needed)
      .map((entry) => entry.path.slice(prefix.length));
    expect(needed).toEqual([
      'locale',
      'models',
      'orders',
      'pricing',
      'reports',
      'shared',
      'shop',
      'templates',
      'users',
      'weights',
    ]);
    const reasons = Object.fromEntries(
      facts.application.map((entry) => [entry.path.slice(prefix.length), entry.reason]),
    );
    expect(reasons).toMatchObject({
      orders: 'in INSTALLED_APPS',
      pricing: `imported by ${prefix}orders/views.py:1`,
      templates: 'template folder',
      locale: 'translations',
      models: `named in ${prefix}orders/models.py:4`,
      shared: 'named by MIDDLEWARE',
      tests: 'tests, not imported',
      docs: 'docs',
      unused: 'not imported by the application',
      'helper.py': 'not imported by the application',
      staticfiles: 'STATIC_ROOT, made by collectstatic',
      uploaded: 'MEDIA_ROOT, uploads',
      weights: 'not clear whether it is used',
    });
    expect(facts.application.map((entry) => entry.path)).not.toContain(`${prefix}manage.py`);
  });

  test('modules of others', () => {
    expect(facts.importedModules).toContain('lightgbm');
    expect(facts.importedModules).toContain('django.db.models');
    expect(facts.importedModules).toContain('numpy.linalg');
    expect(facts.importedModules).not.toContain('os');
    expect(facts.importedModules).not.toContain('factory');
    expect(facts.importedModules).not.toContain('onlytypes');
    expect(facts.startupModules).toContain('django.db.models');
    expect(facts.importedModules).toEqual(expect.arrayContaining(facts.startupModules));
  });

  test('static files and services', () => {
    expect(facts.staticFiles).toMatchObject({
      enabled: true,
      root: `${prefix}staticfiles`,
      rootSet: true,
      url: 'static/',
      whitenoise: true,
      mediaRoot: `${prefix}uploaded`,
    });
    expect(facts.database.sqlitePath).toBe(`${prefix}db.sqlite3`);
    expect(facts.services.celery).toMatchObject({ value: { application: 'shop', beat: true } });
    expect(facts.services.redis).toBeNull();
  });

  test('the table is readable at 80 columns', () => {
    const table = formatDetection(facts);
    expect(table.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(table).toContain('[x] ');
    expect(table).toContain(`${prefix}shop/settings.py:4`);
    expect(table).not.toContain('\u001B');
    expect(formatDetection(facts, 80, { colour: true })).toContain('\u001B[1m');
  });
});

describe('folders for what is served', () => {
  const served = (lines: string) =>
    detectProject(
      memoryFiles('shop', {
        'manage.py': manage('shop.settings'),
        'shop/__init__.py': '',
        'shop/settings.py': `import os\nBASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))\n${lines}\n`,
        'requirements.txt': 'Django\n',
      }),
    ).staticFiles;

  test.each([
    ['os.path.join(BASE_DIR, "static")', 'static'],
    ['"/srv/static"', '/srv/static'],
    // The repository is /app in the image, right below its root.
    ['os.path.join(os.path.dirname(BASE_DIR), "staticfiles")', '/staticfiles'],
    ['os.path.join(BASE_DIR, "..", "..", "www", "static")', '/www/static'],
    ['os.path.dirname(BASE_DIR)', null],
    ['os.environ["STATIC_ROOT"]', null],
  ])('%s is %s', (expression, path) => {
    expect(served(`STATIC_ROOT = ${expression}`)).toMatchObject({ root: path, rootSet: true });
    expect(served(`MEDIA_ROOT = ${expression}`).mediaRoot).toBe(path);
  });
});

describe('a settings package', () => {
  const files = {
    'backend/manage.py': manage('config.settings.dev'),
    'backend/config/__init__.py': '',
    'backend/config/wsgi.py':
      'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")\napplication = 1\n',
    'backend/config/settings/__init__.py': '',
    'backend/config/settings/base.py':
      'import os\nBASE_DIR = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))\nINSTALLED_APPS = ["a"]\nSTATIC_ROOT = BASE_DIR + "/static"\n',
    'backend/config/settings/dev.py':
      'from .base import *\nINSTALLED_APPS += ["debug_toolbar"]\ntry:\n    from .local import *\nexcept ImportError:\n    pass\n',
    'backend/config/settings/production.py': 'from .base import *\n',
    'backend/a/__init__.py': '',
    'requirements.txt': 'Django\n',
  };
  test('is followed through its star imports', () => {
    const facts = detectProject(memoryFiles('my-api', files));
    expect(facts.name).toBe('my-api');
    expect(facts.settingsModule.value).toBe('config.settings.production');
    expect(facts.developmentSettingsModule?.value).toBe('config.settings.dev');
    expect(facts.settingsFiles).toEqual([
      'backend/config/settings/production.py',
      'backend/config/settings/base.py',
    ]);
    expect(facts.thirdPartyApps).toEqual([]);
    expect(facts.staticFiles.root).toBe('backend/static');
    expect(facts.wsgi?.value).toBe('config.wsgi:application');
    expect(facts.notes[0]?.message).toBe(
      'Settings: config.settings.production is used in production, but backend/manage.py:7 names config.settings.dev.',
    );
  });
  test('that manage.py names is kept where the one of wsgi.py is empty', () => {
    const empty = { ...files, 'backend/config/settings/production.py': '' };
    const facts = detectProject(memoryFiles('my-api', empty));
    expect(facts.settingsModule.value).toBe('config.settings.dev');
    expect(facts.developmentSettingsModule).toBeNull();
  });
  test('that chooses by environment is read whole', () => {
    const choosing = {
      ...files,
      'backend/manage.py': manage('config.settings'),
      'backend/config/settings/__init__.py':
        'import os\nif os.environ.get("ENV") == "production":\n    from .production import *\nelse:\n    from .dev import *\n',
    };
    const facts = detectProject(memoryFiles('my-api', choosing));
    expect(facts.settingsFiles).toEqual(
      ['__init__', 'production', 'base', 'dev'].map((name) => `backend/config/settings/${name}.py`),
    );
    expect(facts.thirdPartyApps).toEqual(['debug_toolbar']);
    expect(facts.variables).toMatchObject([{ name: 'ENV', required: false }]);
  });
});

test('sys.path and folders above the work dir', () => {
  const facts = detectProject(
    memoryFiles('repo', {
      'server/web/manage.py': `import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "libs"))\n${manage('site_.settings')}`,
      'server/web/site_/__init__.py': '',
      'server/web/site_/settings.py':
        'import os\nBASE_DIR = os.path.dirname(os.path.dirname(__file__))\nINSTALLED_APPS = ["common"]\nSTATICFILES_DIRS = [os.path.join(BASE_DIR, "..", "..", "public")]\n',
      'libs/common/__init__.py': '',
      'public/a.css': '',
      'other/b.py': '',
    }),
  );
  expect(facts.application.filter((entry) => entry.needed).map((entry) => entry.path)).toEqual([
    'libs',
    'public',
    'server/web/site_',
  ]);
  expect(facts.thirdPartyApps).toEqual([]);
});

const failure = (files: Record<string, string>, choice?: string): string => {
  try {
    detectProject(memoryFiles('repo', files), choice === undefined ? {} : { managePy: choice });
  } catch (error) {
    expect(error).toBeInstanceOf(DetectionError);
    return error instanceof Error ? error.message : '';
  }
  throw new Error('no error');
};

describe('bad input', () => {
  const minimal = { 'manage.py': manage('s'), 's.py': '' };

  test('no manage.py', () => {
    expect(failure({ 'requirements.txt': 'django>=5\n' })).toMatch(/No manage\.py.*requirements\.txt/);
    expect(failure({ 'app.py': '' })).toMatch(/in no requirements file/);
    expect(failure({ 'manage.py': 'from flask import x\n' })).toMatch(/does not mention Django/);
    expect(failure({ '{{cookiecutter.name}}/manage.py': manage('x') })).toMatch(/unrendered template/);
  });
  test('several manage.py', () => {
    const message = failure({ 'a/manage.py': manage('s'), 'b/manage.py': manage('s') });
    expect(message).toContain('a/manage.py, b/manage.py');
    expect(message).toContain('--manage-py');
    const files = { 'a/manage.py': manage('s'), 'a/s.py': '', 'b/manage.py': manage('s'), 'b/s.py': '' };
    expect(detectProject(memoryFiles('repo', files), { managePy: 'b' }).workDir).toBe('b');
    expect(detectProject(memoryFiles('repo', files), { managePy: './a/manage.py' }).workDir).toBe('a');
    expect(failure(files, 'c/manage.py')).toMatch(/no such file/);
    expect(failure(files, '../manage.py')).toMatch(/no such file/);
  });
  test('settings by word', () => {
    const files = memoryFiles('repo', {
      'manage.py': manage('shop.settings.missing'),
      'shop/__init__.py': '',
      'shop/settings/base.py': 'DEBUG = False\n',
      'shop/settings/production.py': 'from .base import *\n',
    });
    const chosen = (choice: DetectionChoice): string => detectProject(files, choice).settingsModule.value;
    expect(chosen({ settings: 'shop.settings.production' })).toBe('shop.settings.production');
    expect(chosen({ storedSettings: 'shop.settings.base' })).toBe('shop.settings.base');
    expect(() => chosen({ settings: 'shop' })).toThrow('--settings shop: shop/__init__.py has no settings.');
    for (const name of ['shop.settings.gone', 'shop/settings/base.py', '../x', 'a b', '$(id)'])
      expect(() => chosen({ settings: name })).toThrow(
        `--settings ${name}: there is no such module in the repository. Give it as DJANGO_SETTINGS_MODULE has it, with dots. There is shop.settings.production.`,
      );
    expect(() => chosen({ storedSettings: 'shop.gone' })).toThrow(
      /names the settings module shop\.settings\.missing/,
    );
  });
  test('one in a test folder loses, with a note', () => {
    const facts = detectProject(
      memoryFiles('repo', {
        'src/manage.py': manage('s'),
        'src/s.py': '',
        'tests/manage.py': manage('t'),
        'examples/demo/manage.py': manage('t'),
      }),
    );
    expect(facts.workDir).toBe('src');
    expect(facts.notes[0]?.message).toContain('tests/manage.py');
    expect(
      detectProject(memoryFiles('repo', { 'example/manage.py': manage('s'), 'example/s.py': '' })).workDir,
    ).toBe('example');
  });
  test('a settings module that does not exist', () => {
    const message = failure({ 'manage.py': manage('config.settings'), 'shop/settings.py': '' });
    expect(message).toContain('manage.py:7 names the settings module config.settings');
    expect(message).toContain('config/settings.py, config/settings/__init__.py');
    expect(message).toContain('shop.settings');
  });
  test.each([
    'production.example.py',
    'production_sample.py',
    'production.py.dist',
    'production.py-template',
  ])('a settings module of which there is the template %s only, as patchwork has', (name) => {
    const message = failure({
      'manage.py': manage('shop.settings.production'),
      'shop/settings/base.py': '',
      [`shop/settings/${name}`]: '',
    });
    expect(message).toContain(`and shop/settings/${name} is a template of it`);
    expect(message).toContain('Copy it to shop/settings/production.py');
  });
  test('a syntax error and Python 2', () => {
    expect(failure({ ...minimal, 's.py': 'A = 1\nB = [\n' })).toContain('s.py:2 has a syntax error');
    expect(failure({ ...minimal, 's.py': 'print "x"\n' })).toMatch(/s\.py:1 is Python 2/);
  });

  test.each<[string, string, number]>([
    ['runtime.txt', 'python-2.7.18\n', 1],
    ['.python-version', '2.7.18\n', 1],
    ['Pipfile', '[requires]\npython_version = "2.7"\n', 2],
    ['Dockerfile', 'FROM python:2.7-slim\n', 1],
    ['setup.py', "python_requires='>=2.7,<3',\n", 1],
    ['setup.cfg', 'Programming Language :: Python :: 2.7\n', 1],
  ])('Python 2 stated in %s is refused', (path, text, line) => {
    expect(failure({ ...minimal, [path]: text })).toMatch(
      new RegExp(`^${path.replace('.', '\\.')}:${line} states Python 2\\.7\\. Python 2 is not supported`),
    );
  });

  test('Python 2 beside a Python 3 is a contradiction, no reason to stop', () => {
    const stated = { 'runtime.txt': 'python-3.9.1\n', Dockerfile: 'FROM python:2.7\n' };
    const facts = detectProject(memoryFiles('repo', { ...minimal, ...stated }));
    expect(facts.statedPythonVersions.map((version) => version.value)).toEqual(['3.9', '2.7']);
  });
  test('hostile names', () => {
    const facts = detectProject(
      memoryFiles('re po\n"x"', {
        ...minimal,
        'a b\n"c"/x.py': '',
        '\u001B[31mred/x.txt': '',
        "it's.py": '',
      }),
    );
    expect(facts.name).toBe('s');
    expect(formatDetection(facts)).not.toContain('\u001B');
  });
});

test('a module too large to be code is passed over, settings are not', () => {
  const large = `X = 1\n${'#'.repeat(2 * 1024 * 1024)}`;
  const files = {
    'manage.py': manage('s'),
    's.py': 'INSTALLED_APPS = ["a"]\n',
    'a/__init__.py': '',
    'a/data.py': large,
  };
  expect(detectProject(memoryFiles('repo', files)).application).toMatchObject([
    { path: 'a', needed: true },
    { path: 's.py' },
  ]);
  expect(failure({ 'manage.py': manage('s'), 's.py': large })).toContain('s.py is larger than 2 MiB');
});

test('Docker files, env file and Redis', () => {
  const files = memoryFiles(
    'repo',
    {
      'manage.py': manage('s'),
      's.py':
        'import os\nINSTALLED_APPS = ["channels"]\nASGI_APPLICATION = "asgi.application"\nCHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [os.getenv("REDIS_URL")]}}}\n',
      'asgi.py': 'application = 1\n',
      'wsgi.py': 'application = 1\n',
      Dockerfile: '',
      '.dockerignore': '',
      'docker-compose.prod.yml': 'services:\n  db:\n    image: postgis/postgis:16\n',
      '.env': '',
    },
    { present: true, tracked: ['.env'] },
  );
  const facts = detectProject(files);
  expect(facts.existing).toEqual({
    dockerfile: 'Dockerfile',
    dockerignore: '.dockerignore',
    composeFiles: ['docker-compose.prod.yml'],
    envFile: '.env',
    envNames: [],
    envFileTracked: true,
    composePostgres: true,
  });
  expect(facts.services.redis?.value.variables).toEqual(['REDIS_URL']);
  expect(facts.services.channels?.value).toBe(true);
  expect(facts).toMatchObject({
    entryPoint: 'asgi',
    asgi: { value: 'asgi:application' },
    wsgi: { value: 'wsgi:application' },
  });
  expect(facts.notes.some((note) => note.message.includes('.env is tracked'))).toBe(true);
});

test('tests inside the applications are told apart from what the application imports', () => {
  const facts = detectProject(
    memoryFiles('quiz', {
      'manage.py': manage('quiz.settings'),
      'quiz/__init__.py': '',
      'quiz/settings.py': 'INSTALLED_APPS = ["exams", "tests"]\nROOT_URLCONF = "quiz.urls"\n',
      'quiz/urls.py': 'urlpatterns = []\n',
      'quiz/wsgi.py': 'application = None\n',
      'exams/__init__.py': '',
      'exams/models.py': 'from exams.helpers.tests import sample\n',
      'exams/tests.py': '',
      'exams/tests/__init__.py': '',
      'exams/tests/test_models.py': '',
      'exams/templates/tests/index.html': '',
      'exams/helpers/__init__.py': '',
      'exams/helpers/tests/__init__.py': 'sample = 1\n',
      // An application that is called tests.
      'tests/__init__.py': '',
      'tests/models.py': '',
      'requirements.txt': 'Django\n',
    }),
  );
  expect(facts.unusedTests).toEqual(['exams/tests', 'exams/tests.py']);
  expect(facts.application.filter((item) => item.needed).map((item) => item.path)).toContain('tests');
});

test('a package in src/ beside manage.py is found, and Python is told of the folder', () => {
  const { 'manage.py': managePy = '', ...rest } = project();
  const inSource = Object.fromEntries(Object.entries(rest).map(([path, text]) => [`src/${path}`, text]));
  const packaged = { 'manage.py': managePy, ...inSource, 'pyproject.toml': '[project]\nname = "shop"\n' };
  const facts = detectProject(memoryFiles('my-api', packaged));
  expect(facts).toMatchObject({
    workDir: '',
    pythonPath: ['src'],
    settingsModule: { value: 'shop.settings' },
    wsgi: { value: 'shop.wsgi:application' },
  });
  expect(detectProject(memoryFiles('my-api', project())).pythonPath).toEqual([]);
  // Without a package nothing puts src/ on the path: that project does not start elsewhere either.
  const { 'pyproject.toml': _, ...unpackaged } = packaged;
  expect(() => detectProject(memoryFiles('my-api', unpackaged))).toThrow(DetectionError);
});

test('Redis and the broker by their names, where a table of options reads them, as pretalx has', () => {
  const files = {
    'manage.py': manage('s'),
    's.py':
      'import os, configparser\nINSTALLED_APPS = ["shop"]\nTABLE = {"redis": {"location": os.getenv("SHOP_REDIS"), "sessions": os.getenv("SHOP_REDIS_SESSIONS")}, "celery": {"broker": os.getenv("SHOP_CELERY_BROKER")}}\noptions = configparser.RawConfigParser()\noptions.read_dict(TABLE)\nCACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": options.get("redis", "location")}}\n',
    'shop/__init__.py': 'from .celery import app\n',
    'shop/celery.py': 'from celery import Celery\napp = Celery("shop")\n',
    'wsgi.py': 'application = 1\n',
  };
  const redis = (others: Record<string, string>): string[] | undefined =>
    detectProject(memoryFiles('repo', { ...files, ...others })).services.redis?.value.variables;
  expect(redis({})).toEqual(['SHOP_CELERY_BROKER', 'SHOP_REDIS']);
  const flag = files['s.py'].replaceAll('SHOP_REDIS"', 'USE_REDIS"');
  expect(redis({ 's.py': flag })).toEqual(['SHOP_CELERY_BROKER']);
  expect(redis({ 'shop/__init__.py': '', 'shop/celery.py': '' })).toEqual(['SHOP_REDIS']);
});
