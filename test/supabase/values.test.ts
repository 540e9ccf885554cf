import { describe, expect, it } from 'vitest';
import {
  readConnectionString,
  type DatabaseConnection,
} from '../../generators/app/database/connection-string.ts';
import { readEnvFile } from '../../generators/app/database/env-file.ts';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import { cleanKey, readApiKey, wrongKey } from '../../generators/supabase/api-keys.ts';
import { readProjectUrl, urlFromContainer, urlFromHere } from '../../generators/supabase/project-url.ts';
import { databaseValues, findValues, variableNames } from '../../generators/supabase/variables.ts';
import { ANON, PUBLISHABLE, SECRET, SERVICE_ROLE, legacyKey } from './gateway-double.ts';

const REF = 'abcdefghijklmnopqrst';
const URL_OF_PROJECT = `https://${REF}.supabase.co`;

describe('the URL of a project', () => {
  it.each([
    [URL_OF_PROJECT, URL_OF_PROJECT, null],
    [`${URL_OF_PROJECT}/`, URL_OF_PROJECT, null],
    [`  "${URL_OF_PROJECT}"\n`, URL_OF_PROJECT, null],
    [`SUPABASE_URL=${URL_OF_PROJECT}`, URL_OF_PROJECT, null],
    [URL_OF_PROJECT.toUpperCase(), URL_OF_PROJECT, null],
    [`${URL_OF_PROJECT}/rest/v1/`, URL_OF_PROJECT, '(/rest/v1/) was taken off'],
    [`${URL_OF_PROJECT}/auth/v1`, URL_OF_PROJECT, '(/auth/v1) was taken off'],
    [`${URL_OF_PROJECT}/rest/v1/?apikey=secret`, URL_OF_PROJECT, '(/rest/v1/?…) was taken off'],
    [`${REF}.supabase.co`, URL_OF_PROJECT, 'https:// was put before it'],
    [REF, URL_OF_PROJECT, 'the reference of a project'],
    [`http://${REF}.supabase.co`, URL_OF_PROJECT, 'became https'],
    [`https://db.${REF}.supabase.co`, URL_OF_PROJECT, 'was shortened'],
    [`https://${REF}.storage.supabase.co/storage/v1/s3`, URL_OF_PROJECT, 'was shortened'],
    [
      `https://supabase.com/dashboard/project/${REF}/settings/api`,
      URL_OF_PROJECT,
      'the address of the dashboard',
    ],
    ['http://localhost:54321', 'http://localhost:54321', null],
    ['localhost:54321/rest/v1', 'http://localhost:54321', 'taken off'],
    ['http://127.0.0.1:54321/auth/v1/', 'http://127.0.0.1:54321', 'taken off'],
    ['https://api.example.org/supabase/rest/v1/', 'https://api.example.org/supabase', 'taken off'],
    ['http://api.example.org:8000', 'http://api.example.org:8000', 'unencrypted'],
    ['http://kong:8000', 'http://kong:8000', null],
  ])('%s', (text, url, note) => {
    const read = readProjectUrl(text);
    expect(read).toMatchObject({ kind: 'url', url });
    const notes = read.kind === 'url' ? read.notes.join(' ') : '';
    if (note === null) expect(notes).toBe('');
    else expect(notes).toContain(note);
    expect(notes).not.toContain('secret');
  });

  it.each([
    ['', 'No URL'],
    ['hello', 'no URL'],
    ['https://', 'no URL'],
    ['ftp://x.supabase.co', 'must begin with https'],
    ['https://u:secret@x.supabase.co', 'a user or a password'],
    ['postgresql://postgres:secret@h/postgres', 'connection string'],
    ['sb_secret_x', 'a key'],
    ['https://<ref>.supabase.co', 'placeholder'],
    ['https://[REF].supabase.co', 'placeholder'],
    ['https://your-project.supabase.co', 'placeholder'],
    ['https://supabase.com/docs', "page of Supabase's site"],
    ['https://aws-1-eu-west-1.pooler.supabase.com', 'pooler'],
    ['https://a.b.supabase.co', 'none of a Supabase project'],
  ])('not %s', (text, expected) => {
    const read = readProjectUrl(text);
    expect(read).toMatchObject({ kind: 'problem', message: expect.stringContaining(expected) });
    expect(JSON.stringify(read)).not.toContain('secret@');
  });

  it('is another one for a container, and here', () => {
    expect(urlFromContainer('http://localhost:54321')).toBe('http://host.docker.internal:54321');
    expect(urlFromContainer('http://127.0.0.1:54321')).toBe('http://host.docker.internal:54321');
    expect(urlFromContainer(URL_OF_PROJECT)).toBe(URL_OF_PROJECT);
    expect(urlFromContainer('http://localhost.example.org')).toBe('http://localhost.example.org');
    expect(urlFromHere('http://host.docker.internal:54321')).toBe('http://localhost:54321');
    expect(urlFromHere(URL_OF_PROJECT)).toBe(URL_OF_PROJECT);
  });
});

describe('the form of keys', () => {
  it.each([
    [PUBLISHABLE, 'publishable'],
    [SECRET, 'secret'],
    [ANON, 'legacy-anon'],
    [SERVICE_ROLE, 'legacy-service-role'],
    [legacyKey('authenticated'), 'other-token'],
    ['sbp_0123456789', 'other-token'],
    ['postgresql://u:p@h/d', 'no-key'],
    ['eyJ.bm90IGpzb24.x', 'unknown'],
    ['hello', 'unknown'],
  ])('%s is %s', (key, kind) => {
    expect(readApiKey(key).kind).toBe(kind);
  });

  it('names the project and the end of a legacy key', () => {
    expect(readApiKey(legacyKey('anon', { ref: REF, exp: 5 }))).toEqual({
      kind: 'legacy-anon',
      ref: REF,
      expires: 5,
    });
    expect(readApiKey(legacyKey('anon', { ref: '\u001b[2J', exp: 'x' }))).toMatchObject({
      ref: null,
      expires: null,
    });
  });

  it.each([
    [` "${PUBLISHABLE}" `, PUBLISHABLE],
    [`SUPABASE_PUBLISHABLE_KEY='${PUBLISHABLE}'`, PUBLISHABLE],
    [`Bearer ${ANON}`, ANON],
    [`\u200b${SECRET}\n`, SECRET],
  ])('cleans %j', (text, key) => {
    expect(cleanKey(text)).toBe(key);
  });

  it('says why it cannot be the other key, without the key', () => {
    const said = [
      wrongKey(SECRET, 'publishable'),
      wrongKey(SERVICE_ROLE, 'publishable'),
      wrongKey(PUBLISHABLE, 'secret'),
      wrongKey(ANON, 'secret'),
      wrongKey('sbp_0123', 'secret'),
      wrongKey('https://x', 'secret'),
      wrongKey('sb_secret_a b', 'secret'),
      wrongKey('sb_secret_ä', 'secret'),
    ];
    expect(said.every((text) => text !== null && text.length > 20)).toBe(true);
    for (const key of [SECRET, SERVICE_ROLE, PUBLISHABLE, ANON]) expect(said.join()).not.toContain(key);
    expect(wrongKey(PUBLISHABLE, 'publishable')).toBeNull();
    expect(wrongKey(SECRET, 'secret')).toBeNull();
    expect(wrongKey('opaque', 'secret')).toBeNull();
  });
});

function namesOf(settings: string): ReturnType<typeof variableNames> {
  return variableNames(
    detectProject(
      memoryFiles('shop', {
        'manage.py': `import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n`,
        'shop/__init__.py': '',
        'shop/settings.py': `import os\nSECRET_KEY = "x"\nINSTALLED_APPS = []\n${settings}`,
        'shop/wsgi.py': 'application = None\n',
        'requirements.txt': 'Django==5.2\npsycopg[binary]==3.2\n',
      }),
    ),
  );
}

describe('names of variables', () => {
  it("are Supabase's own without a project", () => {
    expect(variableNames(null)).toMatchObject({
      url: 'SUPABASE_URL',
      publishable: 'SUPABASE_PUBLISHABLE_KEY',
      secret: 'SUPABASE_SECRET_KEY',
    });
    expect(variableNames(null).database.map(({ name }) => name)).toContain('SUPABASE_DB_HOST');
  });

  it('are those that the settings read', () => {
    const names = namesOf(`
SUPABASE_URL = os.environ["SUPABASE_URL"]
SUPABASE_KEY = os.environ.get("SUPABASE_ANON_KEY")
SERVICE = os.environ.get("SUPABASE_SERVICE_ROLE_KEY")
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PG_NAME"],
  "USER": os.environ["PG_USER"], "PASSWORD": os.environ["PG_PASSWORD"], "HOST": os.environ["PG_HOST"]}}
`);
    expect(names).toMatchObject({
      url: 'SUPABASE_URL',
      publishable: 'SUPABASE_ANON_KEY',
      secret: 'SUPABASE_SERVICE_ROLE_KEY',
    });
    expect(names.database.map(({ name }) => name)).toEqual(['PG_NAME', 'PG_USER', 'PG_PASSWORD', 'PG_HOST']);
  });

  it('are the one of a URL, where the settings read that', () => {
    const names = namesOf(`
import dj_database_url
DATABASES = {"default": dj_database_url.config()}
K = os.environ.get("SUPABASE_ANON_KEY")
P = os.environ.get("SUPABASE_PUBLISHABLE_KEY")
`);
    expect(names.database).toEqual([{ name: 'DATABASE_URL', part: 'url' }]);
    expect(names.publishable).toBe('SUPABASE_PUBLISHABLE_KEY');
  });

  it('are the default ones for a database that the settings hard-code', () => {
    const names = namesOf('DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}}\n');
    expect(names.database.map(({ name }) => name)).toContain('SUPABASE_DB_PASSWORD');
  });
});

describe('values', () => {
  const names = variableNames(null);
  const text = `postgresql://postgres.${REF}:p%40ss@aws-1-eu-west-1.pooler.supabase.com:5432/postgres`;

  it('of a connection, in parts and as a URL', () => {
    const connection = readConnectionString(text) as DatabaseConnection;
    expect(databaseValues(connection, names.database)).toEqual([
      { name: 'SUPABASE_DB_NAME', value: 'postgres' },
      { name: 'SUPABASE_DB_USER', value: `postgres.${REF}` },
      { name: 'SUPABASE_DB_PASSWORD', value: 'p@ss' },
      { name: 'SUPABASE_DB_HOST', value: 'aws-1-eu-west-1.pooler.supabase.com' },
      { name: 'SUPABASE_DB_PORT', value: '5432' },
    ]);
    const own = [
      { name: 'DATABASE_URL', part: 'url' },
      { name: 'ENGINE', part: 'engine' },
    ] as const;
    expect(databaseValues(connection, own)).toEqual([
      // In the clear it never goes, wherever the line is read.
      { name: 'DATABASE_URL', value: `${text.replace('postgresql', 'postgres')}?sslmode=require` },
    ]);
    expect(databaseValues(connection, own, 'postgres')[1]).toEqual({ name: 'ENGINE', value: 'postgres' });
  });

  it('come from the shell before .env, and placeholders from nowhere', () => {
    const envFile = readEnvFile(
      `SUPABASE_URL=https://<ref>.supabase.co\nSUPABASE_ANON_KEY=${ANON}\nSUPABASE_SECRET_KEY=from-file\n`,
    );
    expect(findValues(names, { SUPABASE_SECRET_KEY: 'from-shell', SUPABASE_URL: ' ' }, envFile)).toEqual({
      url: null,
      publishable: { value: ANON, name: 'SUPABASE_ANON_KEY', origin: '.env' },
      secret: { value: 'from-shell', name: 'SUPABASE_SECRET_KEY', origin: 'environment' },
      database: null,
    });
  });

  it('of a database are put together from their parts', () => {
    const envFile = readEnvFile(
      `SUPABASE_DB_HOST=aws-1-eu-west-1.pooler.supabase.com\nSUPABASE_DB_USER=postgres.${REF}\nSUPABASE_DB_PASSWORD='p@s/s'\nSUPABASE_DB_PORT=6543\n`,
    );
    const found = findValues(names, {}, envFile).database;
    expect(found?.origin).toBe('.env');
    expect(readConnectionString(found?.value ?? '')).toMatchObject({
      mode: 'transaction',
      password: 'p@s/s',
      user: `postgres.${REF}`,
      database: 'postgres',
    });
  });
});
