import { describe, expect, test } from 'vitest';

import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { DetectionError } from '../../generators/app/detection/facts.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import { settingsOf } from './read-settings.ts';

const one = (text: string, name = 'X') => settingsOf(text).variable(name);

describe('os.environ', () => {
  test('a subscript is required', () => {
    expect(one('import os\nSECRET_KEY = os.environ["X"]\n')).toMatchObject({
      required: true,
      defaultValue: null,
      setting: 'SECRET_KEY',
      evidence: [{ file: 'shop/settings.py', line: 2 }],
    });
  });
  test('get without a default is not required', () => {
    expect(one('import os\nSECRET_KEY = os.environ.get("X")\n')).toMatchObject({
      required: false,
      defaultValue: null,
    });
  });
  test('get with a method applied is required, and split gives the separator', () => {
    expect(one('import os\nALLOWED_HOSTS = os.environ.get("X").split(" ")\n')).toMatchObject({
      required: true,
      cast: 'list',
      separator: ' ',
      setting: 'ALLOWED_HOSTS',
    });
  });
  test('int() of a missing value is required', () => {
    expect(one('import os\nA = int(os.environ.get("X"))\n')).toMatchObject({ required: true, cast: 'int' });
    expect(one('import os\nA = int(os.environ.get("X", default=0))\n')).toMatchObject({
      required: false,
      cast: 'int',
      defaultValue: '0',
    });
  });
  test.each([
    'DEBUG = os.environ.get("X", "") != "False"',
    'DEBUG = bool(int(os.environ.get("X", 1)))',
    'DEBUG = "X" in os.environ',
    'DEBUG = os.environ.get("X", "False").lower() in ("true", "1", "yes")',
    'DEBUG = os.getenv("X") == "1"',
    'DEBUG = bool(os.environ.get("X", default=0))',
  ])('%s is a bool', (line) => {
    expect(one(`import os\n${line}\n`)).toMatchObject({ cast: 'bool', setting: 'DEBUG', required: false });
  });
  test('other ways to import', () => {
    expect(one('from os import environ as e, getenv\nA = e["X"]\n')).toMatchObject({ required: true });
    expect(one('from os import getenv\nA = getenv("X", "d")\n')).toMatchObject({
      required: false,
      defaultValue: 'd',
    });
  });
  test('`or` gives a default', () => {
    expect(one('import os\nDEBUG = os.environ.get("X") or "False"\n')).toMatchObject({
      defaultValue: 'False',
      required: false,
    });
  });
  test('a guard makes it optional', () => {
    const text =
      'import os\nif "X" in os.environ:\n    A = os.environ["X"].split(",")\nif os.environ.get("Y"):\n    B = os.environ["Y"]\n';
    expect(one(text)).toMatchObject({ required: false, cast: 'list' });
    expect(one(text, 'Y')).toMatchObject({ required: false });
  });
  test('a handler makes it optional, unless it raises', () => {
    expect(one('import os\ntry:\n    A = os.environ["X"]\nexcept KeyError:\n    A = "d"\n')).toMatchObject({
      required: false,
    });
    expect(
      one('import os\ntry:\n    A = os.environ["X"]\nexcept KeyError:\n    raise RuntimeError("X")\n'),
    ).toMatchObject({ required: true });
  });
  test('a branch that is not taken requires nothing', () => {
    const text = 'import os\nif os.getenv("ENV", "dev") == "prod":\n    A = os.environ["X"]\n';
    expect(one(text)).toMatchObject({ required: false });
  });
  test('DEBUG from the environment counts as off', () => {
    const text =
      'import os\nDEBUG = os.getenv("DEBUG", "1") == "1"\nif not DEBUG:\n    SECRET_KEY = os.environ["X"]\n';
    expect(one(text)).toMatchObject({ required: true });
  });
  test('raise names what is missing', () => {
    const text =
      'import os\nSECRET_KEY = os.getenv("X", "unsafe")\nif SECRET_KEY == "unsafe":\n    raise RuntimeError("set X")\n';
    expect(one(text)).toMatchObject({ required: true, defaultValue: 'unsafe' });
  });
  test('a list over several steps', () => {
    const text =
      'import os\nhosts = os.getenv("X", "a;b")\nALLOWED_HOSTS = list(map(str.strip, hosts.split(";")))\n';
    expect(one(text)).toMatchObject({
      cast: 'list',
      separator: ';',
      setting: 'ALLOWED_HOSTS',
      defaultValue: 'a;b',
    });
    const comprehension =
      'import os\nALLOWED_HOSTS = [h.strip() for h in os.environ.get("X", "").split(",") if h]\n';
    expect(one(comprehension)).toMatchObject({ cast: 'list', separator: ',', setting: 'ALLOWED_HOSTS' });
  });
  test('a computed default is null', () => {
    expect(
      one(
        'import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).parent\nA = os.getenv("X", BASE_DIR / "x")\n',
      ),
    ).toMatchObject({ defaultValue: null, required: false });
  });
});

describe('libraries', () => {
  test('django-environ', () => {
    const { variable } = settingsOf(
      [
        'import environ',
        'env = environ.Env(DEBUG=(bool, False), PORT=int)',
        'DEBUG = env("DEBUG")',
        'A = env("A")',
        'B = env.bool("B", default=True)',
        'C = env.list("C", default=["x", "y"])',
        'P = env("PORT")',
        'DATABASES = {"default": env.db("DB_URL", default="sqlite:///db.sqlite3")}',
        'CACHES = {"default": env.cache_url("CACHE")}',
        'EMAIL = env.email()',
        'D = env("D", cast=int, default=3)',
      ].join('\n'),
    );
    expect(variable('DEBUG')).toMatchObject({
      cast: 'bool',
      defaultValue: 'False',
      required: false,
      setting: 'DEBUG',
    });
    expect(variable('A')).toMatchObject({ required: true, cast: 'str' });
    expect(variable('B')).toMatchObject({ cast: 'bool', defaultValue: 'True' });
    expect(variable('C')).toMatchObject({ cast: 'list', defaultValue: 'x,y', separator: ',' });
    expect(variable('PORT')).toMatchObject({ cast: 'int', required: true });
    expect(variable('DB_URL')).toMatchObject({ cast: 'url', setting: 'DATABASES.default', required: false });
    expect(variable('CACHE')).toMatchObject({ cast: 'url', required: true, setting: 'CACHES.default' });
    expect(variable('EMAIL_URL')).toMatchObject({ cast: 'url', required: true });
    expect(variable('D')).toMatchObject({ cast: 'int', defaultValue: '3' });
  });
  test('decouple', () => {
    const { variable } = settingsOf(
      'from decouple import config, Csv\nA = config("A")\nDEBUG = config("B", default=False, cast=bool)\nC = config("C", cast=Csv(), default="a,b")\nD = config("D", "x")\nE = config("E", default="", cast=lambda v: [s for s in v.split(";")])\n',
    );
    expect(variable('A')).toMatchObject({ required: true });
    expect(variable('B')).toMatchObject({ cast: 'bool', defaultValue: 'False', setting: 'DEBUG' });
    expect(variable('C')).toMatchObject({ cast: 'list', defaultValue: 'a,b' });
    expect(variable('D')).toMatchObject({ defaultValue: 'x', required: false });
    expect(variable('E')).toMatchObject({ cast: 'list', separator: ';' });
  });
  test('dj_database_url', () => {
    const { variable } = settingsOf(
      'import os, dj_database_url\nDATABASES = {"default": dj_database_url.config(default="sqlite:///x.db", env="MY_URL")}\n',
    );
    expect(variable('MY_URL')).toMatchObject({
      cast: 'url',
      required: false,
      defaultValue: 'sqlite:///x.db',
      setting: 'DATABASES.default',
    });
    expect(
      settingsOf(
        'import os, dj_database_url\nDATABASES = {"default": dj_database_url.parse(os.environ["U"])}\n',
      ).variable('U'),
    ).toMatchObject({ cast: 'url', required: true, setting: 'DATABASES.default' });
  });
  test('environs, with prefixes', () => {
    const { variable } = settingsOf(
      'from environs import Env\nenv = Env()\nenv.read_env()\nDEBUG = env.bool("D", False)\nwith env.prefixed("APP_"):\n    A = env.str("A")\nDATABASES = {"default": env.dj_db_url("DATABASE_URL")}\n',
    );
    expect(variable('D')).toMatchObject({ cast: 'bool', defaultValue: 'False' });
    expect(variable('APP_A')).toMatchObject({ required: true });
    expect(variable('DATABASE_URL')).toMatchObject({ required: true, cast: 'url' });
  });
  test('helper functions: the call is the evidence', () => {
    const { variable } = settingsOf(
      'import os\ndef get_env(name, default=None):\n    value = os.environ.get(name, default)\n    if value is None:\n        raise RuntimeError(name)\n    return value\ndef flag(name, default):\n    if name in os.environ:\n        return os.environ[name] == "1"\n    return default\nA = get_env("A")\nB = get_env("B", "b")\nDEBUG = flag("C", True)\n',
    );
    expect(variable('A')).toMatchObject({
      required: true,
      evidence: [{ file: 'shop/settings.py', line: 11 }],
    });
    expect(variable('B')).toMatchObject({ required: false, defaultValue: 'b', setting: 'B' });
    expect(variable('C')).toMatchObject({
      required: false,
      defaultValue: 'True',
      cast: 'bool',
      setting: 'DEBUG',
    });
  });
  test('django-configurations', () => {
    const { variable } = settingsOf(
      'from configurations import Configuration, values\nclass Base(Configuration):\n    DEBUG = values.BooleanValue(False)\n    SECRET_KEY = values.SecretValue()\nclass Prod(Base):\n    HOSTS = values.ListValue([], environ_name="H")\n',
    );
    expect(variable('DJANGO_DEBUG')).toMatchObject({ cast: 'bool', defaultValue: 'False' });
    expect(variable('DJANGO_SECRET_KEY')).toMatchObject({ required: true, setting: 'SECRET_KEY' });
    expect(variable('DJANGO_H')).toMatchObject({ cast: 'list' });
  });
});

const deep = (depth: number): string => `X = ${'['.repeat(depth)}${']'.repeat(depth)}\n`;

test('hostile input neither crashes nor hangs', () => {
  expect(() =>
    settingsOf(
      'import os\ndef f(x):\n    return f(os.environ[x])\nA = f(f("a"))\nB = os.environ["a b\\n"]\n',
    ),
  ).not.toThrow();
  expect(() => settingsOf(deep(150))).not.toThrow();
  // CPython takes no more than 200 either.
  expect(() => settingsOf(deep(3000))).toThrow(DetectionError);
  expect(() => settingsOf(`X = ${'"a" + '.repeat(500)}"b"\n`)).not.toThrow();
  expect(() => settingsOf('from .settings import *\nfrom shop.settings import A\nA = A\n')).not.toThrow();
});

test('settings that go on from a package’s, with its reader of the environment', () => {
  const { variables } = detectProject(
    memoryFiles('repo', {
      'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
      'shop/__init__.py': '',
      'shop/settings.py':
        'from acme.conf.base import *\nfrom acme.conf.utils import config\n\nSITE = config("SITE_DOMAIN", help_text="…")\nTIMEOUT = config("TIMEOUT", 30)\nCACHE = config("no variable")\nfrom acme.env import env_int, get_env\nPAGE_SIZE = env_int("PAGE_SIZE")\nSTAGE = get_env("STAGE")\nimport dj_email_url\nEMAIL = dj_email_url.config("MAIL_URL")\n',
    }),
  );
  expect(variables).toMatchObject([
    { name: 'SITE_DOMAIN', required: true, defaultValue: null, setting: 'SITE' },
    { name: 'TIMEOUT', required: false, defaultValue: '30', setting: 'TIMEOUT' },
    { name: 'PAGE_SIZE', required: false, cast: 'int' },
    { name: 'STAGE', required: false },
    {
      name: 'SECRET_KEY',
      required: true,
      setting: 'SECRET_KEY',
      evidence: [{ file: 'shop/settings.py', line: 1 }],
    },
  ]);
});

test.each([
  'from os.path import *\n',
  'from shop.local_settings import *\n',
  'from acme.conf.base import *\nfrom .secrets import *\n',
])('no SECRET_KEY is asked for where another module may have it: %s', (text) => {
  const files = {
    'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
    'shop/__init__.py': '',
    'shop/settings.py': text,
  };
  expect(detectProject(memoryFiles('repo', files)).variables).toEqual([]);
});
