import { expect, test } from 'vitest';

import { settingsOf } from './read-settings.ts';

const base =
  'import os\nimport dj_database_url\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\n';
const database = (text: string) => settingsOf(base + text).database;
const parts = (prefix: string) =>
  ['NAME', 'USER', 'PASSWORD', 'HOST', 'PORT']
    .map((part) => `"${part}": os.environ.get("${prefix}${part}")`)
    .join(', ');

test('one variable per part with an engine variable', () => {
  expect(
    database(
      `DATABASES = {"default": {"ENGINE": os.environ.get("SQL_ENGINE", "django.db.backends.sqlite3"), ${parts('SQL_')}}}\n`,
    ),
  ).toMatchObject({
    style: 'variables',
    defaultEngine: 'sqlite3',
    variables: {
      engine: 'SQL_ENGINE',
      name: 'SQL_NAME',
      user: 'SQL_USER',
      password: 'SQL_PASSWORD',
      host: 'SQL_HOST',
      port: 'SQL_PORT',
    },
    postgresEngineValue: 'django.db.backends.postgresql',
  });
});

test('an engine switch with equality', () => {
  const text = `DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.getenv("DB_NAME", BASE_DIR / "hc.sqlite")}}\nif os.getenv("DB") == "postgres":\n    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", ${parts('DB_')}}}\nif os.getenv("DB") == "mysql":\n    DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", ${parts('DB_')}}}\n`;
  expect(database(text)).toMatchObject({
    style: 'variables',
    defaultEngine: 'sqlite3',
    postgresEngineValue: 'postgres',
    sqlitePath: 'hc.sqlite',
    variables: { engine: 'DB', host: 'DB_HOST' },
  });
});

test('an engine switch by what it is not', () => {
  const text = `engine = os.getenv("DB_ENGINE", "sqlite")\nif engine == "sqlite":\n    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}\nelse:\n    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", ${parts('DB_')}}}\n`;
  expect(database(text)).toMatchObject({
    defaultEngine: 'sqlite3',
    variables: { engine: 'DB_ENGINE', name: 'DB_NAME' },
    postgresEngineValue: 'postgresql',
    sqlitePath: 'db.sqlite3',
  });
});

test('a boolean switch', () => {
  const text = `if os.getenv("USE_POSTGRES", "0") == "1":\n    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", ${parts('PG')}}}\nelse:\n    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}\n`;
  expect(database(text)).toMatchObject({
    defaultEngine: 'sqlite3',
    variables: { engine: 'USE_POSTGRES' },
    postgresEngineValue: '1',
  });
});

test('a table of engines', () => {
  const text = `ENGINES = {"sqlite": "django.db.backends.sqlite3", "pg": "django.db.backends.postgresql"}\nDATABASES = {"default": {"ENGINE": ENGINES[os.getenv("E", "sqlite")], ${parts('DB_')}}}\n`;
  expect(database(text)).toMatchObject({
    defaultEngine: 'sqlite3',
    variables: { engine: 'E' },
    postgresEngineValue: 'pg',
  });
});

test('a URL, with SQLite without it', () => {
  const text =
    'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}\nDATABASE_URL = os.getenv("DATABASE_URL", "")\nif DATABASE_URL:\n    DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}\n';
  expect(database(text)).toMatchObject({
    style: 'url',
    urlVariable: 'DATABASE_URL',
    defaultEngine: 'sqlite3',
    sqlitePath: 'db.sqlite3',
    variables: { name: null, engine: null },
  });
});

test('a URL with a computed SQLite default', () => {
  expect(
    database(
      'DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{BASE_DIR / \'data.db\'}")}\n',
    ),
  ).toMatchObject({ style: 'url', defaultEngine: 'sqlite3', sqlitePath: 'data.db' });
});

test('update with a URL', () => {
  const text =
    'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}\nDATABASES["default"].update(dj_database_url.config(conn_max_age=500))\n';
  expect(database(text)).toMatchObject({
    style: 'url',
    urlVariable: 'DATABASE_URL',
    defaultEngine: 'sqlite3',
  });
});

test('hard-coded and none', () => {
  expect(
    database(
      'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}\n',
    ),
  ).toMatchObject({ style: 'hard-coded', defaultEngine: 'sqlite3', sqlitePath: 'db.sqlite3' });
  expect(database('')).toMatchObject({ style: 'none', defaultEngine: null });
});

test('an assembled dictionary', () => {
  const text =
    'config = {"ENGINE": os.getenv("DB_ENGINE") or "django.db.backends.sqlite3", "NAME": os.getenv("DB_NAME") or "x.db"}\nif os.getenv("DB_USER"):\n    config["USER"] = os.getenv("DB_USER")\nif os.getenv("DB_HOST"):\n    config["HOST"] = os.getenv("DB_HOST")\nDATABASES = {"default": config}\n';
  expect(database(text)).toMatchObject({
    style: 'variables',
    defaultEngine: 'sqlite3',
    variables: { engine: 'DB_ENGINE', user: 'DB_USER', host: 'DB_HOST' },
  });
});
