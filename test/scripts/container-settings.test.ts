import { spawnSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';
import type { OverlayItem } from '../../generators/app/planning/settings-overlay.ts';
import { renderOverlay, runPython, temporaryFolder } from './rendered-script.ts';

const runs = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
const pythons = ['python3', 'python3.8', 'python3.13'].filter(runs);
const [newest = 'python3'] = pythons.toReversed();

/** Imports the overlay in front of a project's settings and gives its settings, as Django would take them. */
async function load(
  items: OverlayItem[],
  settings: string,
  options: {
    env?: Record<string, string>;
    python?: string;
    files?: Record<string, string>;
    entryPoint?: 'wsgi' | 'asgi';
  } = {},
): Promise<Record<string, unknown>> {
  const folder = temporaryFolder({
    'container_settings.py': renderOverlay(items, options.entryPoint),
    'shop/__init__.py': '',
    'shop/settings.py': settings,
    'django/__init__.py': '',
    'django/core/__init__.py': '',
    'django/core/exceptions.py': 'class ImproperlyConfigured(Exception):\n    pass\n',
    ...options.files,
  });
  const code =
    'import json, container_settings as s\nprint(json.dumps({n: getattr(s, n) for n in dir(s) if n.isupper()}, default=str))';
  const env = {
    DATABASE_URL: '',
    ALLOWED_HOSTS: '',
    PGSSLMODE: '',
    PYTHONPATH: folder,
    ...options.env,
  };
  const outcome = await runPython(['-B', '-c', code], { env, python: options.python ?? newest });
  if (outcome.code !== 0) throw new Error(outcome.stderr);
  return JSON.parse(outcome.stdout) as Record<string, unknown>;
}

/** DATABASES["default"] for a URL. */
async function databaseFor(url: string, current = '', python?: string): Promise<unknown> {
  const settings = `DATABASES = {"default": {${current}}}\n`;
  const { DATABASES } = await load(
    ['database'],
    settings,
    python === undefined ? { env: { DATABASE_URL: url } } : { env: { DATABASE_URL: url }, python },
  );
  return (DATABASES as Record<string, unknown>)['default'];
}

const SQLITE = '"ENGINE": "django.db.backends.sqlite3", "NAME": "/app/db.sqlite3"';

describe.each(pythons)('the settings overlay with %s', (python) => {
  it('has the project’s settings, and only those', async () => {
    const settings = 'import os\nDEBUG = False\n_KEPT = 1\nhelper = 2\nSITE_ID = 3\n_ = "x"\n';
    expect(await load(['hosts'], settings, { python })).toEqual({
      DEBUG: false,
      _KEPT: 1,
      SITE_ID: 3,
      ALLOWED_HOSTS: [],
    });
  });

  it('takes the database from the URL', async () => {
    expect(
      await databaseFor(
        'postgres://app:p%40ss%2Fw%C3%B6rd@db:5432/app?sslmode=disable&connect_timeout=3',
        SQLITE,
        python,
      ),
    ).toEqual({
      ENGINE: 'django.db.backends.postgresql',
      NAME: 'app',
      USER: 'app',
      PASSWORD: 'p@ss/wörd',
      HOST: 'db',
      PORT: '5432',
      OPTIONS: { sslmode: 'disable', connect_timeout: '3' },
    });
  });
});

describe('the database of the overlay', () => {
  it('is SQLite’s file on the volume', async () => {
    expect(await databaseFor('sqlite:////data/db.sqlite3', `${SQLITE}, "CONN_MAX_AGE": 60`)).toEqual({
      ENGINE: 'django.db.backends.sqlite3',
      NAME: '/data/db.sqlite3',
      CONN_MAX_AGE: 60,
    });
  });

  it('is SQLite’s file with the options that the project gives SQLite', async () => {
    const options = '"OPTIONS": {"timeout": 20}, "ATOMIC_REQUESTS": True';
    expect(await databaseFor('sqlite:////data/db.sqlite3', `${SQLITE}, ${options}`)).toEqual({
      ENGINE: 'django.db.backends.sqlite3',
      NAME: '/data/db.sqlite3',
      OPTIONS: { timeout: 20 },
      ATOMIC_REQUESTS: true,
    });
    const spatial = '"ENGINE": "django.contrib.gis.db.backends.spatialite", "NAME": "x"';
    expect(await databaseFor('sqlite:////data/db.sqlite3', spatial)).toMatchObject({
      ENGINE: 'django.contrib.gis.db.backends.spatialite',
    });
  });

  it('does not get the options of another engine', async () => {
    const mysql =
      '"ENGINE": "django.db.backends.mysql", "NAME": "x", "OPTIONS": {"init_command": "SET x"}, "TIME_ZONE": "UTC"';
    expect(await databaseFor('postgres://u:p@db/app', mysql)).toEqual({
      ENGINE: 'django.db.backends.postgresql',
      NAME: 'app',
      USER: 'u',
      PASSWORD: 'p',
      HOST: 'db',
      PORT: '',
      OPTIONS: {},
      TIME_ZONE: 'UTC',
    });
    expect(await databaseFor('sqlite:////data/db.sqlite3', mysql)).toEqual({
      ENGINE: 'django.db.backends.sqlite3',
      NAME: '/data/db.sqlite3',
      TIME_ZONE: 'UTC',
    });
  });

  it.each([
    'django.contrib.gis.db.backends.postgis',
    'django_prometheus.db.backends.postgresql',
    'psqlextra.backend',
    'django_tenants.postgresql_backend',
  ])('keeps the engine %s', async (engine) => {
    const current = `"ENGINE": "${engine}", "HOST": "localhost", "OPTIONS": {"sslmode": "require", "options": "-c search_path=shop"}, "CONN_MAX_AGE": 60, "DISABLE_SERVER_SIDE_CURSORS": True`;
    expect(await databaseFor('postgresql://u:p@db:6432/app', current)).toEqual({
      ENGINE: engine,
      NAME: 'app',
      USER: 'u',
      PASSWORD: 'p',
      HOST: 'db',
      PORT: '6432',
      OPTIONS: { options: '-c search_path=shop' },
      CONN_MAX_AGE: 60,
      DISABLE_SERVER_SIDE_CURSORS: true,
    });
  });

  it.each([
    ['postgres://u:p@[::1]:5432/app', { HOST: '::1', PORT: '5432' }],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/app', { HOST: '/var/run/postgresql', NAME: 'app' }],
    ['postgis://u:p@db/app', { ENGINE: 'django.contrib.gis.db.backends.postgis' }],
    ['postgresql+psycopg://u:p@db/app', { ENGINE: 'django.db.backends.postgresql' }],
    ['postgres://u:p@DB.Example.com/App%20One', { HOST: 'db.example.com', NAME: 'App One' }],
    [
      'postgres://u:p@db/app?options=-c%20search_path%3Dshop&sslmode=',
      { OPTIONS: { options: '-c search_path=shop' } },
    ],
  ])('understands %s', async (url, expected) => {
    expect(await databaseFor(url, SQLITE)).toMatchObject(expected);
  });

  it.each(['redis://u:p@db/app', 'db:5432/app', 'app'])('refuses %s, without its password', async (url) => {
    const refused = await databaseFor(url, SQLITE).then(String, String);
    expect(refused).toMatch(/ImproperlyConfigured: DATABASE_URL: \w*:\/\/ is none of: .*postgres.*sqlite/);
    expect(refused).not.toContain('u:p');
  });

  it.each(['postgres://u:sec#ret@db:5432/app', 'postgres://u:sec/ret@db/app', 'postgres://u:[sec@db/app'])(
    'says what is wrong with %s, without its password',
    async (url) => {
      const refused = await databaseFor(url, SQLITE).then(String, String);
      expect(refused).toContain('ImproperlyConfigured: DATABASE_URL cannot be read: reserved characters');
      expect(refused).not.toContain('sec');
    },
  );

  it('is the project’s own where no URL is given', async () => {
    const settings = `DATABASES = {"default": {${SQLITE}}, "log": {"ENGINE": "x"}}\n`;
    const own = { ENGINE: 'django.db.backends.sqlite3', NAME: '/app/db.sqlite3' };
    expect(await load(['database'], settings)).toEqual({ DATABASES: { default: own, log: { ENGINE: 'x' } } });
    const env = { DATABASE_URL: 'sqlite:////data/db.sqlite3' };
    expect(await load(['database'], settings, { env })).toMatchObject({
      DATABASES: { default: { NAME: '/data/db.sqlite3' }, log: { ENGINE: 'x' } },
    });
    expect(await load(['database'], 'DEBUG = True\n', { env })).toMatchObject({
      DATABASES: { default: { NAME: '/data/db.sqlite3' } },
    });
  });
});

describe('TLS', () => {
  const demanded =
    'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "OPTIONS": {"sslmode": "require", "connect_timeout": 3}}}\n';

  it('is as PGSSLMODE says, else as the project does', async () => {
    expect(await load(['tls'], demanded, { env: { PGSSLMODE: 'disable' } })).toMatchObject({
      DATABASES: { default: { OPTIONS: { sslmode: 'disable', connect_timeout: 3 } } },
    });
    expect(await load(['tls'], demanded)).toMatchObject({
      DATABASES: { default: { OPTIONS: { sslmode: 'require' } } },
    });
  });

  it('is nothing that SQLite knows: development may have it', async () => {
    const settings = `DATABASES = {"default": {${SQLITE}}}\n`;
    const { DATABASES } = await load(['tls'], settings, { env: { PGSSLMODE: 'disable' } });
    expect(DATABASES).toEqual({
      default: { ENGINE: 'django.db.backends.sqlite3', NAME: '/app/db.sqlite3' },
    });
    expect(await load(['tls'], 'DEBUG = True\n', { env: { PGSSLMODE: 'disable' } })).toEqual({
      DEBUG: true,
      DATABASES: {},
    });
  });

  it('leaves the database that the URL names', async () => {
    const env = { DATABASE_URL: 'postgres://u:p@db/app?sslmode=require', PGSSLMODE: 'disable' };
    expect(await load(['database', 'tls'], demanded, { env })).toMatchObject({
      DATABASES: { default: { HOST: 'db', OPTIONS: { sslmode: 'disable' } } },
    });
  });
});

describe('a connection to Supabase', () => {
  const settings = (inner = ''): string =>
    `DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", ${inner}}}\n`;
  const POOLER = '"HOST": "aws-1-eu-west-1.pooler.supabase.com"';
  const DIRECT = '"HOST": "db.abcdefghijklmnopqrst.supabase.co"';
  const env = { DB_SCHEMA: 'django', PGSSLMODE: 'require' };
  const SEARCH_PATH = '-c search_path=django,extensions';
  /** Of Supabase's cloud at least. */
  const TLS = { sslmode: 'require' };

  /** DATABASES["default"] without engine and host. */
  const connection = async (
    inner: string,
    options: { env?: Record<string, string>; entryPoint?: 'wsgi' | 'asgi' } = {},
  ): Promise<Record<string, unknown>> => {
    const loaded = await load(['connection'], settings(inner), {
      ...options,
      env: { ...env, ...options.env },
    });
    const { ENGINE, HOST, ...rest } = (loaded['DATABASES'] as { default: Record<string, unknown> }).default;
    expect([ENGINE, typeof HOST]).toEqual(['django.db.backends.postgresql', 'string']);
    return rest;
  };
  const KEPT = { CONN_MAX_AGE: 60, CONN_HEALTH_CHECKS: true };

  it.each([
    ['the session pooler', `${POOLER}, "PORT": "5432"`, { ...KEPT, OPTIONS: { options: SEARCH_PATH } }],
    ['no port', POOLER, { ...KEPT, OPTIONS: { options: SEARCH_PATH } }],
    [
      'the transaction pooler',
      `${POOLER}, "PORT": 6543`,
      { ...KEPT, DISABLE_SERVER_SIDE_CURSORS: true, OPTIONS: { options: SEARCH_PATH } },
    ],
    ['the direct host', `${DIRECT}, "PORT": "5432"`, { ...KEPT, OPTIONS: { options: SEARCH_PATH } }],
    [
      'the dedicated pooler, which takes no options',
      `${DIRECT}, "PORT": "6543"`,
      { ...KEPT, DISABLE_SERVER_SIDE_CURSORS: true, OPTIONS: {} },
    ],
    [
      'a pooler of one’s own',
      '"HOST": "supabase-pooler", "PORT": "6543"',
      { ...KEPT, DISABLE_SERVER_SIDE_CURSORS: true, OPTIONS: { options: SEARCH_PATH } },
    ],
  ])('follows host and port: %s', async (_, inner, expected) => {
    expect(await connection(inner)).toMatchObject(expected);
    expect('DISABLE_SERVER_SIDE_CURSORS' in (await connection(inner))).toBe(
      'DISABLE_SERVER_SIDE_CURSORS' in expected,
    );
  });

  it.each([
    ['keeps the stricter TLS of the settings', '"sslmode": "verify-full"', 'require', 'verify-full'],
    ['raises what lets a connection go in the clear', '"sslmode": "prefer"', 'require', 'require'],
    ['raises to verify-full', '"sslmode": "require"', 'verify-full', 'verify-full'],
    ['takes no odd one', '"sslmode": "odd"', 'require', 'require'],
    ['says it where the settings say nothing', '', 'verify-full', 'verify-full'],
    ['lets no variable take it away', '', 'disable', 'require'],
    ['demands it without a variable', '"sslmode": "prefer"', '', 'require'],
  ])('%s', async (_, options, PGSSLMODE, expected) => {
    const { OPTIONS } = await connection(`${POOLER}, "OPTIONS": {${options}}`, { env: { PGSSLMODE } });
    expect((OPTIONS as Record<string, string>)['sslmode']).toBe(expected);
  });

  it('drops the parameters of other tools', async () => {
    const { OPTIONS } = await connection(
      `${POOLER}, "OPTIONS": {"pgbouncer": "true", "connection_limit": "1", "supa": "base-pooler.x", "connect_timeout": 3}`,
    );
    expect(OPTIONS).toEqual({ connect_timeout: 3, options: SEARCH_PATH, ...TLS });
  });

  it.each([
    ['-c statement_timeout=5000', `-c statement_timeout=5000 ${SEARCH_PATH}`],
    ['-c search_path=shop', '-c search_path=shop'],
  ])('has the schema beside %s', async (theirs, expected) => {
    const { OPTIONS } = await connection(`${POOLER}, "OPTIONS": {"options": "${theirs}"}`);
    expect(OPTIONS).toEqual({ options: expected, ...TLS });
  });

  it.each(['', 'public'])('has no search_path for the schema «%s»', async (DB_SCHEMA) => {
    expect((await connection(POOLER, { env: { DB_SCHEMA } }))['OPTIONS']).toEqual(TLS);
  });

  it.each([
    ['the project’s own age', '"CONN_MAX_AGE": 600', { CONN_MAX_AGE: 600, CONN_HEALTH_CHECKS: true }],
    ['an endless one', '"CONN_MAX_AGE": None', { CONN_MAX_AGE: null, CONN_HEALTH_CHECKS: true }],
    ['none beside a pool', '"OPTIONS": {"pool": True}', { OPTIONS: { pool: true, options: SEARCH_PATH } }],
  ])('keeps connections: %s', async (_, inner, expected) => {
    const found = await connection(`${POOLER}, ${inner}`);
    expect(found).toMatchObject(expected);
    if (inner.includes('pool')) expect(Object.keys(found)).toEqual(['OPTIONS']);
  });

  it('keeps them as long as DB_CONN_MAX_AGE says, and not at all under ASGI', async () => {
    expect(await connection(POOLER, { env: { DB_CONN_MAX_AGE: '5' } })).toMatchObject({ CONN_MAX_AGE: 5 });
    expect(await connection(POOLER, { env: { DB_CONN_MAX_AGE: '0' } })).not.toHaveProperty('CONN_MAX_AGE');
    expect(await connection(POOLER, { entryPoint: 'asgi' })).toEqual({
      OPTIONS: { options: SEARCH_PATH, ...TLS },
    });
    expect(await connection(`${POOLER}, "CONN_MAX_AGE": "30"`)).toMatchObject({ CONN_MAX_AGE: 30 });
  });

  it.each([
    ['no engine, as where its variable is not set in the build', '{"ENGINE": None, "OPTIONS": None}'],
    ['nothing', '{}'],
  ])('takes %s', async (_, entry) => {
    const text = `DATABASES = {"default": ${entry}}\n`;
    for (const items of [
      ['connection'],
      ['tls', 'connection'],
      ['database', 'connection'],
    ] as OverlayItem[][])
      expect(Object.keys((await load(items, text, { env }))['DATABASES'] as object)).toEqual(['default']);
    const withUrl = { ...env, DATABASE_URL: 'postgres://u:p@db/app' };
    expect(await load(['database', 'connection'], text, { env: withUrl })).toMatchObject({
      DATABASES: { default: { HOST: 'db', OPTIONS: { options: SEARCH_PATH } } },
    });
  });

  it('takes no options and an engine of others', async () => {
    const { DATABASES } = await load(
      ['connection'],
      'DATABASES = {"default": {"ENGINE": "psqlextra.backend", "HOST": "h", "OPTIONS": None}}\n',
      { env },
    );
    expect(DATABASES).toMatchObject({ default: { OPTIONS: { options: SEARCH_PATH } } });
  });

  it('leaves another engine alone', async () => {
    const { DATABASES } = await load(['connection'], `DATABASES = {"default": {${SQLITE}}}\n`, { env });
    expect(DATABASES).toEqual({
      default: { ENGINE: 'django.db.backends.sqlite3', NAME: '/app/db.sqlite3' },
    });
    expect(await load(['connection'], 'DEBUG = True\n', { env })).toEqual({ DEBUG: true, DATABASES: {} });
  });

  it('comes from SUPABASE_DB_* where the settings name another database, else from DATABASE_URL', async () => {
    const hardCoded = `DATABASES = {"default": {${SQLITE}, "ATOMIC_REQUESTS": True}}\n`;
    const seed = {
      ...env,
      SUPABASE_DB_HOST: 'aws-1-eu-west-1.pooler.supabase.com',
      SUPABASE_DB_PORT: '6543',
      SUPABASE_DB_USER: 'postgres.ref',
      SUPABASE_DB_PASSWORD: 's3#cret/p@',
    };
    expect(await load(['database', 'connection'], hardCoded, { env: seed })).toEqual({
      DATABASES: {
        default: {
          ENGINE: 'django.db.backends.postgresql',
          ATOMIC_REQUESTS: true,
          NAME: 'postgres',
          USER: 'postgres.ref',
          PASSWORD: 's3#cret/p@',
          HOST: 'aws-1-eu-west-1.pooler.supabase.com',
          PORT: '6543',
          OPTIONS: { options: SEARCH_PATH, ...TLS },
          DISABLE_SERVER_SIDE_CURSORS: true,
          ...KEPT,
        },
      },
    });
    expect(
      await load(['database', 'connection'], hardCoded, {
        env: { ...seed, DATABASE_URL: 'postgres://me@localhost/dev' },
      }),
    ).toMatchObject({ DATABASES: { default: { HOST: seed.SUPABASE_DB_HOST } } });
    expect(
      await load(['database', 'connection'], hardCoded, {
        env: { ...env, DATABASE_URL: 'postgres://u:p@db.REF.supabase.co:6543/app?pgbouncer=true' },
      }),
    ).toMatchObject({ DATABASES: { default: { HOST: 'db.ref.supabase.co', OPTIONS: TLS } } });
  });
});

describe('hosts', () => {
  const env = { ALLOWED_HOSTS: 'localhost, www.example.com,,' };
  it.each([
    [
      'a list',
      'ALLOWED_HOSTS = ["shop.example.com"]\n',
      ['shop.example.com', 'localhost', 'www.example.com'],
    ],
    [
      'a tuple',
      'ALLOWED_HOSTS = ("shop.example.com",)\n',
      ['shop.example.com', 'localhost', 'www.example.com'],
    ],
    ['none', '', ['localhost', 'www.example.com']],
  ])('are added to %s', async (_, settings, expected) => {
    expect(await load(['hosts'], settings, { env })).toEqual({ ALLOWED_HOSTS: expected });
  });

  it('of a text are left for Django to refuse', async () => {
    expect(await load(['hosts'], 'ALLOWED_HOSTS = "shop.example.com"\n', { env })).toEqual({
      ALLOWED_HOSTS: 'shop.example.com',
    });
  });
});

describe('static files', () => {
  const whitenoise = 'whitenoise.middleware.WhiteNoiseMiddleware';
  const security = 'django.middleware.security.SecurityMiddleware';
  const common = 'django.middleware.common.CommonMiddleware';

  it.each([
    [
      'after SecurityMiddleware',
      `["a.First", "${security}", "${common}"]`,
      ['a.First', security, whitenoise, common],
    ],
    [
      'after one of the project’s own',
      `["shop.SecurityMiddleware", "${common}"]`,
      ['shop.SecurityMiddleware', whitenoise, common],
    ],
    ['at the beginning without one', `["${common}"]`, [whitenoise, common]],
    ['in a tuple', `("${security}", "${common}")`, [security, whitenoise, common]],
    ['in an empty list', '[]', [whitenoise]],
    ['once', `["${security}", "${common}", "${whitenoise}"]`, [security, common, whitenoise]],
  ])('are WhiteNoise’s %s', async (_, middleware, expected) => {
    expect(await load(['whitenoise'], `MIDDLEWARE = ${middleware}\n`)).toEqual({ MIDDLEWARE: expected });
  });

  it('are WhiteNoise’s where the settings have no MIDDLEWARE', async () => {
    expect(await load(['whitenoise'], 'DEBUG = True\n')).toEqual({ DEBUG: true, MIDDLEWARE: [whitenoise] });
  });

  it('are collected into a folder of the image', async () => {
    expect(await load(['static-root'], 'STATIC_ROOT = None\n')).toEqual({ STATIC_ROOT: '/app/staticfiles' });
    // A Path stays one: code of the project may join paths with it.
    const path =
      'import os\nclass Folder(os.PathLike):\n    def __init__(self, path):\n        self.path = path\n    def __fspath__(self):\n        return self.path\n    def __repr__(self):\n        return f"Folder({self.path})"\nSTATIC_ROOT = Folder("static")\n';
    expect(await load(['static-root'], path)).toEqual({ STATIC_ROOT: 'Folder(/app/staticfiles)' });
  });
});

describe('the project’s module', () => {
  it('is another where PROJECT_SETTINGS_MODULE names one: development', async () => {
    const files = { 'shop/development.py': 'from .settings import *\nDEBUG = True\nALLOWED_HOSTS = ["*"]\n' };
    const env = { PROJECT_SETTINGS_MODULE: 'shop.development' };
    expect(await load(['hosts'], 'DEBUG = False\nSITE_ID = 1\n', { env, files })).toEqual({
      DEBUG: true,
      SITE_ID: 1,
      ALLOWED_HOSTS: ['*'],
    });
    expect(await load(['hosts'], 'DEBUG = False\n', { env: { PROJECT_SETTINGS_MODULE: '' } })).toMatchObject({
      DEBUG: false,
    });
  });

  it('keeps its own message where it fails', async () => {
    await expect(load(['hosts'], 'raise KeyError("SECRET_KEY")\n')).rejects.toThrow(/KeyError: 'SECRET_KEY'/);
  });
});
