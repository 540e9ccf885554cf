import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  SUPABASE_CONNECTIONS,
  type AnswerName,
  type SupabaseConnection,
} from '../../generators/app/answers/answers.ts';
import { readConnectionString } from '../../generators/app/database/connection-string.ts';
import { makePlan } from '../../generators/app/planning/make-plan.ts';
import type { Plan } from '../../generators/app/planning/plan.ts';
import { renderFiles } from '../../generators/app/rendering/render-files.ts';
import { planFor } from './planned-project.ts';

const BY_URL = 'ALLOWED_HOSTS = ["*"]\nDATABASES = {"default": dj_database_url.config()}\n';
const HARD_CODED =
  'ALLOWED_HOSTS = ["*"]\nDATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "x"}}\n';
const BY_PARTS = `ALLOWED_HOSTS = ["*"]\nDATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", ${[
  'NAME',
  'USER',
  'PASSWORD',
  'HOST',
  'PORT',
]
  .map((part) => `"${part}": os.environ["PG_${part}"]`)
  .join(', ')}}}\n`;
const FIXED = {
  'manage.py': 'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n# django\n',
};

const supabase = async (
  settings: string,
  supabaseConnection: SupabaseConnection = 'session',
  others: Record<string, string> = {},
  answers: Partial<Record<AnswerName, string>> = {},
): Promise<Awaited<ReturnType<typeof planFor>>> =>
  planFor(settings, { answers: { database: 'supabase', supabaseConnection, ...answers }, others });

const environmentOf = (plan: Plan): Record<string, string> =>
  Object.fromEntries(plan.composeEnvironment.map(({ name, value }) => [name, value]));
const databaseVariablesOf = (plan: Plan): Record<string, string> =>
  Object.fromEntries(
    plan.environment
      .filter(({ title }) => title.startsWith('Database'))
      .flatMap(({ variables }) => variables)
      .map(({ name, example, commented }) => [commented ? `# ${name}` : name, example]),
  );

describe('compose.yaml for each connection', () => {
  it.each<[SupabaseConnection, Record<string, string>]>([
    ['session', { PGSSLMODE: '${PGSSLMODE:-require}', DB_POOL_SIZE: '${DB_POOL_SIZE:-15}' }],
    ['transaction', { PGSSLMODE: '${PGSSLMODE:-require}' }],
    ['direct', { PGSSLMODE: '${PGSSLMODE:-require}' }],
    ['dedicated', { PGSSLMODE: '${PGSSLMODE:-require}' }],
    ['local', { PGSSLMODE: '${PGSSLMODE:-disable}' }],
    ['self-hosted', { PGSSLMODE: '${PGSSLMODE:-prefer}', DB_POOL_SIZE: '${DB_POOL_SIZE:-20}' }],
  ])('%s', async (connection, expected) => {
    const { plan } = await supabase(BY_URL, connection);
    expect(environmentOf(plan)).toEqual({ DB_SCHEMA: '${DB_SCHEMA:-django}', PORT: '8000', ...expected });
  });

  it.each(SUPABASE_CONNECTIONS)('%s without an overlay: libpq’s variables say it', async (connection) => {
    const { plan, answers } = await supabase(BY_URL, connection, FIXED);
    expect(answers.settingsOverlay).toEqual([]);
    expect(environmentOf(plan)['PGOPTIONS']).toBe(
      connection === 'dedicated' ? undefined : '${PGOPTIONS--c search_path=${DB_SCHEMA:-django},extensions}',
    );
  });

  it('reaches this machine where the database is on it', async () => {
    for (const connection of SUPABASE_CONNECTIONS) {
      const { plan } = await supabase(BY_URL, connection);
      const compose = parse(renderFiles(plan, () => 'x').get('compose.yaml')?.text ?? '', {
        merge: true,
      }) as { services: Record<string, { extra_hosts?: string[] }> };
      const onMachine = connection === 'local' || connection === 'self-hosted';
      expect(compose.services['web']?.extra_hosts).toEqual(
        onMachine ? ['host.docker.internal:host-gateway'] : undefined,
      );
    }
  });

  it('leaves connections for the other services', async () => {
    const celery = {
      'shop/celery.py': 'from celery import Celery\napp = Celery("shop")\n',
      'requirements.txt': 'Django==5.2.8\npsycopg2==2.9.10\ncelery==5.4.0\nredis==5.0.0\n',
    };
    const { plan } = await supabase(BY_URL, 'session', celery, { services: 'worker,beat,redis' });
    expect(plan.reservedConnections).toBe(7);
    expect(plan.processes.find(({ name }) => name === 'worker')?.command).toEqual(
      expect.arrayContaining(['--concurrency', '4']),
    );
    const other = await supabase(BY_URL, 'transaction', celery, { services: 'worker,beat,redis' });
    expect(environmentOf(other.plan)).not.toHaveProperty('DB_POOL_SIZE');
    expect(other.plan.processes[0]?.command).not.toContain('--concurrency');
  });
});

describe('.env.example', () => {
  it('has the names that the settings read', async () => {
    expect(databaseVariablesOf((await supabase(BY_URL)).plan)).toEqual({
      DATABASE_URL:
        'postgres://postgres.YOUR-PROJECT-REF:YOUR-PASSWORD@COPY-FROM-DASHBOARD.pooler.supabase.com:5432/postgres?sslmode=require',
      '# DB_SCHEMA': 'django',
      '# PGSSLMODE': 'verify-full',
      '# PGSSLROOTCERT': '/app/docker/supabase-ca.crt',
      '# DB_POOL_SIZE': '15',
      '# DB_CONN_MAX_AGE': '60',
      '# SUPABASE_URL': 'https://YOUR-PROJECT-REF.supabase.co',
      '# SUPABASE_PUBLISHABLE_KEY': '',
      '# SUPABASE_SECRET_KEY': '',
    });
    expect(Object.keys(databaseVariablesOf((await supabase(BY_PARTS, 'dedicated')).plan))).toEqual(
      expect.arrayContaining([
        'PG_NAME',
        'PG_USER',
        'PG_PASSWORD',
        'PG_HOST',
        'PG_PORT',
        '# MIGRATION_DATABASE_URL',
      ]),
    );
  });

  it('has the seed’s names where the project has none', async () => {
    expect(databaseVariablesOf((await supabase(HARD_CODED, 'transaction')).plan)).toMatchObject({
      SUPABASE_DB_NAME: 'postgres',
      SUPABASE_DB_USER: 'postgres.YOUR-PROJECT-REF',
      SUPABASE_DB_PASSWORD: '',
      SUPABASE_DB_HOST: 'COPY-FROM-DASHBOARD.pooler.supabase.com',
      SUPABASE_DB_PORT: '6543',
    });
  });

  it('leaves out what the settings read already, by a legacy name too', async () => {
    const keys = 'A = os.environ["SUPABASE_ANON_KEY"]\nB = os.environ.get("SUPABASE_SERVICE_ROLE_KEY")\n';
    const names = Object.keys(databaseVariablesOf((await supabase(BY_URL + keys)).plan));
    expect(names).toContain('# SUPABASE_URL');
    expect(names.join()).not.toMatch(/SUPABASE_(?:PUBLISHABLE|SECRET)_KEY/);
  });

  it('is complete for the CLI’s database', async () => {
    const { plan } = await supabase(BY_PARTS, 'local');
    expect(databaseVariablesOf(plan)).toMatchObject({
      PG_USER: 'postgres',
      PG_PASSWORD: 'postgres',
      PG_HOST: 'host.docker.internal',
      PG_PORT: '54322',
      '# SUPABASE_URL': 'http://host.docker.internal:54321',
    });
  });
});

describe('a pasted connection', () => {
  it.each([BY_URL, BY_PARTS, HARD_CODED])('is in .env and in no other file: %#', async (settings) => {
    const read = readConnectionString(
      'postgresql://postgres.abcdefghijklmnopqrst:s3#cret/p@w@aws-1-eu-west-1.pooler.supabase.com:5432/postgres?pgbouncer=true',
    );
    if (read.kind === 'problem') throw new Error(read.message);
    const { facts, answers } = await supabase(settings);
    const files = renderFiles(makePlan(facts, answers, { connection: read }), () => 'random');
    const holding = [...files].filter(([, { text }]) => /s3#cret|s3%23cret|abcdefghijklmnopqrst/.test(text));
    expect(holding.map(([path]) => path)).toEqual(['.env']);
    const env = files.get('.env')?.text ?? '';
    expect(env).not.toContain('pgbouncer');
    expect(env).toMatch(
      settings === BY_URL
        ? /^DATABASE_URL='?postgres:\/\/postgres\.abcdefghijklmnopqrst:s3%23cret%2Fp%40w@aws-1-eu-west-1\.pooler\.supabase\.com:5432\/postgres\?sslmode=require'?$/m
        : /PASSWORD='?s3#cret\/p@w'?$/m,
    );
  });
});

describe('SUPABASE_SETUP.md', () => {
  const text = async (connection: SupabaseConnection, others: Record<string, string> = {}): Promise<string> =>
    renderFiles((await supabase(BY_URL, connection, others)).plan, () => 'x').get('SUPABASE_SETUP.md')
      ?.text ?? '';

  it('is short enough for ten minutes', async () => {
    for (const connection of SUPABASE_CONNECTIONS) {
      // 200 words a minute, without the table of errors.
      const words = (await text(connection)).split('## When it fails')[0]?.split(/\s+/) ?? [];
      expect(words.length, connection).toBeLessThan(1500);
      expect(words.length, connection).toBeGreaterThan(500);
    }
  });

  it('names files over S3 only where the project has django-storages', async () => {
    const requirements = {
      'requirements.txt': 'Django==5.2.8\npsycopg2==2.9.10\ndjango-storages[s3]==1.14.6\n',
    };
    expect(await text('session', requirements)).toContain('storages.backends.s3.S3Storage');
    expect(await text('session')).not.toContain('S3Storage');
  });

  it('says what is so for the chosen connection', async () => {
    expect(await text('session')).toContain('choose **Session pooler**');
    expect(await text('local')).toContain('npx supabase start');
    expect(await text('local')).not.toContain('supabase-ca.crt');
    expect(await text('self-hosted')).toContain('POOLER_TENANT_ID');
  });
});

describe('other databases', () => {
  const MYSQL = {
    'requirements.txt': 'Django==5.2.8\nmysqlclient==2.3.2\n',
  };
  const mysqlSettings = BY_PARTS.replace('backends.postgresql', 'backends.mysql');

  it('MariaDB is the default where the project has its driver alone', async () => {
    const { answers, plan } = await planFor(mysqlSettings, { others: MYSQL });
    expect(answers.database).toBe('mysql');
    expect(plan.databaseService).toMatchObject({ image: 'mariadb:11.8', dataPath: '/var/lib/mysql' });
    expect(environmentOf(plan)).toMatchObject({ PG_HOST: 'db', PG_PORT: '3306' });
    expect(plan.install.extraRequirements.map(({ line }) => line).join()).not.toContain('psycopg');
  });

  it('MariaDB is not offered where the project cannot speak to it', async () => {
    await expect(planFor(BY_URL, { answers: { database: 'mysql' } })).rejects.toThrow(
      /--database: "mysql" needs a driver for MySQL/,
    );
  });

  it('another server is what the project speaks', async () => {
    const { plan } = await planFor(mysqlSettings, { others: MYSQL, answers: { database: 'external' } });
    expect(databaseVariablesOf(plan)).toMatchObject({ PG_PORT: '3306' });
    expect(environmentOf(plan)).not.toHaveProperty('PGSSLMODE');
  });

  it('MySQL named in the code can become PostgreSQL by the overlay', async () => {
    const { answers, plan } = await planFor(mysqlSettings, {
      others: MYSQL,
      answers: { database: 'postgres' },
    });
    expect(answers.settingsOverlay).toContain('database');
    expect(environmentOf(plan)).toHaveProperty('DATABASE_URL');
    expect(plan.install.extraRequirements.map(({ line }) => line).join()).toContain('psycopg');
  });

  it('MySQL’s options follow to no other database, though a variable names the engine', async () => {
    const settings = mysqlSettings.replace(
      '"ENGINE": "django.db.backends.mysql"',
      '"ENGINE": os.environ.get("DB_ENGINE", "django.db.backends.mysql"), "OPTIONS": {"charset": "utf8mb4"}',
    );
    for (const database of ['supabase', 'postgres', 'sqlite']) {
      const { answers, plan } = await planFor(settings, { others: MYSQL, answers: { database } });
      expect(answers.settingsOverlay, database).toContain('database');
      expect(plan.databaseReachable, database).toBe(true);
    }
    expect((await planFor(settings, { others: MYSQL })).answers.settingsOverlay).not.toContain('database');
  });

  it.each([
    ['postgres', 'postgres'],
    ['sqlite', 'lite'],
  ])('%s is what a variable selects beside MySQL, as in patchwork', async (database, value) => {
    const own =
      'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("PG_NAME")}}';
    const indented = (text: string): string => text.replaceAll(/^/gm, '    ');
    const settings = [
      'import os',
      'if os.getenv("TYPE") == "postgres":',
      indented(BY_PARTS),
      'elif os.getenv("TYPE") == "lite":',
      indented(own),
      'else:',
      indented(mysqlSettings),
    ].join('\n');
    const { answers, plan } = await planFor(settings, { others: MYSQL, answers: { database } });
    expect(answers.settingsOverlay).not.toContain('database');
    expect(plan.databaseReachable).toBe(true);
    expect(environmentOf(plan)).toMatchObject({ TYPE: value });
  });

  it.each([
    ['17', 'postgres:17', 'database', '/var/lib/postgresql/data'],
    ['18', 'postgres:18', 'database-18', '/var/lib/postgresql'],
  ])('PostgreSQL %s has its own volume', async (postgresVersion, image, volume, dataPath) => {
    const { plan } = await planFor(BY_URL, { answers: { database: 'postgres', postgresVersion } });
    expect(plan.databaseService).toMatchObject({ image, volume, dataPath });
  });

  it('PostgreSQL has pgvector where the project uses it', async () => {
    const others = { 'requirements.txt': 'Django==5.2.8\npsycopg2==2.9.10\npgvector==0.4.0\n' };
    const { plan } = await planFor(BY_URL, { others, answers: { database: 'postgres' } });
    expect(plan.databaseService?.image).toBe('pgvector/pgvector:pg17');
    expect(plan.usesVector).toBe(true);
  });
});
