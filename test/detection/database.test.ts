import { describe, expect, it, test } from 'vitest';

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
    mysqlEngineValue: 'mysql',
    selectedEngines: ['postgresql', 'mysql'],
    sqlitePath: 'hc.sqlite',
    variables: { engine: 'DB', host: 'DB_HOST' },
  });
});

test('an engine switch with MySQL for whatever is left, as patchwork has', () => {
  const text = `if os.getenv("TYPE") == "postgres":\n    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", ${parts('DB_')}}}\nelif os.getenv("TYPE") == "lite":\n    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.getenv("DB_NAME", "")}}\nelse:\n    DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", ${parts('DB_')}, "OPTIONS": {"charset": "utf8mb4"}}}\n`;
  expect(database(text)).toMatchObject({
    style: 'variables',
    variables: { engine: 'TYPE', name: 'DB_NAME', host: 'DB_HOST' },
    postgresEngineValue: 'postgres',
    mysqlEngineValue: 'mysql',
    sqliteEngineValue: 'lite',
    selectedEngines: ['postgresql', 'mysql', 'sqlite3'],
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

describe('TLS that the settings demand', () => {
  const engine = '"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["DB_HOST"]';
  it.each([
    ['always', 'DATABASES = {"default": dj_database_url.config(ssl_require=True)}\n', 5],
    [
      'always',
      'DATABASES = {\n    "default": dj_database_url.config(env="DATABASE_URL", conn_max_age=600, ssl_require=True)\n}\n',
      6,
    ],
    [
      'always',
      'DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], 600, ssl_require=True)}\n',
      5,
    ],
    [
      'always',
      'DEBUG = os.environ.get("DEBUG") == "1"\nDATABASES = {"default": dj_database_url.config(ssl_require=not DEBUG)}\n',
      6,
    ],
    [
      'always',
      'DEBUG = os.environ.get("DEBUG") == "1"\nif not DEBUG:\n    DATABASES = {"default": dj_database_url.config(ssl_require=True)}\nelse:\n    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}\n',
      7,
    ],
    [
      'always',
      'if "DATABASE_URL" in os.environ:\n    DATABASES = {\n        "default": dj_database_url.config(\n            conn_max_age=600,\n            ssl_require=True,\n        ),\n    }\nelse:\n    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}\n',
      9,
    ],
    ['always', `DATABASES = {"default": {${engine}, "OPTIONS": {"sslmode": "require"}}}\n`, 5],
    [
      'always',
      `DATABASES = {"default": {${engine}}}\nDATABASES["default"]["OPTIONS"] = {"sslmode": "verify-full"}\n`,
      6,
    ],
    [
      'always',
      'DATABASES = {"default": dj_database_url.config()}\nDATABASES["default"]["OPTIONS"] = {"sslmode": "require"}\n',
      6,
    ],
    [
      'unless-in-url',
      'URL = os.environ.get("DATABASE_URL", "")\nDATABASES = {"default": dj_database_url.config(ssl_require="sslmode" not in URL)}\n',
      6,
    ],
  ] as const)('%s: %s', (value, text, line) => {
    expect(database(text).forcesTls).toEqual({ value, evidence: [{ file: 'shop/settings.py', line }] });
  });

  it.each([
    'TLS = os.environ.get("DATABASE_SSLMODE", "True") != "False"\nDATABASES = {"default": dj_database_url.config()}\nif not DEBUG:\n    if "OPTIONS" not in DATABASES["default"]:\n        DATABASES["default"]["OPTIONS"] = {}\n    if TLS:\n        DATABASES["default"]["OPTIONS"]["sslmode"] = "require"\n',
    'DATABASES = {"default": dj_database_url.config()}\n',
    'DATABASES = {"default": dj_database_url.config(ssl_require=False)}\n',
    'DATABASES = {"default": dj_database_url.config(ssl_require=os.environ.get("DB_SSL_REQUIRE", "True") == "True")}\n',
    'DATABASES = {"default": dj_database_url.config(ssl_require=os.environ.get("DB_SSL") == "1")}\n',
    `DATABASES = {"default": {${engine}, "OPTIONS": {"sslmode": "prefer"}}}\n`,
    `DATABASES = {"default": {${engine}, "OPTIONS": {"sslmode": os.environ.get("DB_SSLMODE", "require")}}}\n`,
    `DATABASES = {"default": {${engine}, "OPTIONS": {"options": "-c search_path=shop"}}}\n`,
    'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}\n',
    '',
  ])('none, or a variable says: %s', (text) => {
    expect(database(text).forcesTls).toBeNull();
  });
});

test('variables that a table of options reads, as pretalx has', () => {
  const text = `import configparser
OPTIONS = {"database": {"backend": os.getenv("SHOP_DB_TYPE"), "name": os.getenv("SHOP_DB_NAME"), "user": os.getenv("SHOP_DB_USER"), "password": os.getenv("SHOP_DB_PASS"), "host": os.getenv("SHOP_DB_HOST")}}
config = configparser.RawConfigParser()
config.read_dict(OPTIONS)
DATA = Path(config.get("filesystem", "data", fallback=os.getenv("SHOP_DATA_DIR")))
backend = config.get("database", "backend")
DATABASES = {"default": {
    "ENGINE": "django.db.backends." + backend,
    "NAME": config.get("database", "name", fallback=DATA / "db.sqlite3"),
    "USER": config.get("database", "user"), "HOST": config.get("database", "host")}}
`;
  expect(database(text)).toMatchObject({
    style: 'variables',
    variables: {
      engine: 'SHOP_DB_TYPE',
      name: 'SHOP_DB_NAME',
      user: 'SHOP_DB_USER',
      password: 'SHOP_DB_PASS',
      host: 'SHOP_DB_HOST',
    },
    postgresEngineValue: 'postgresql',
  });
});

test('a switch comes before a later test that replaces the database in CI', () => {
  const text = `if os.environ.get("USE_POSTGRES"):\n    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", ${parts('DB_')}}}\nelse:\n    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db"}}\nif os.environ.get("CI") == "true":\n    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "ci", "HOST": "localhost"}}\n`;
  expect(database(text)).toMatchObject({
    variables: { engine: 'USE_POSTGRES' },
    postgresEngineValue: '1',
  });
});

test('an engine is selected only where its own address can be said', () => {
  const text = `if os.getenv("DB") == "postgres":\n    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["DB_NAME"], "HOST": "localhost"}}\nelse:\n    DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", ${parts('DB_')}}}\n`;
  expect(database(text).selectedEngines).toEqual(['mysql']);
});
