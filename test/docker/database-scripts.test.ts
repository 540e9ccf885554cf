import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawn } from 'node:child_process';
import { renderScript } from '../scripts/rendered-script.ts';
import { type CommandResult, answerOf, engine, mustRun, run } from './docker.ts';

const MINUTES = 60_000;
const NAME = 'backendai-database-scripts';
const IMAGE = `${NAME}:test`;
const SERVER = `${NAME}-server`;
const NETWORKS = [`${NAME}-1`, `${NAME}-2`];
const PASSWORD = 'correct-horse-battery';

const SITE = {
  Dockerfile: [
    'FROM python:3.12-slim-trixie',
    // One driver logs in again without TLS, the other at every address, too.
    'RUN python -m venv /opt/psycopg && /opt/psycopg/bin/pip install --no-cache-dir django==5.2.17 "psycopg[binary]"',
    'RUN python -m venv /opt/psycopg2 && /opt/psycopg2/bin/pip install --no-cache-dir django==5.2.17 psycopg2-binary',
    'ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1',
    'COPY . /app',
    'WORKDIR /app',
    'USER 10001:10001',
    '',
  ].join('\n'),
  'manage.py': [
    'import os, sys',
    'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")',
    'if __name__ == "__main__":',
    '    from django.core.management import execute_from_command_line',
    '    execute_from_command_line(sys.argv)',
    '',
  ].join('\n'),
  'site_settings.py': [
    'import os',
    'SECRET_KEY = "x"',
    'INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]',
    'USE_TZ = True',
    'env = os.environ.get',
    'OPTIONS = {"options": env("SEARCH_PATH_OPTION")} if env("SEARCH_PATH_OPTION") else {}',
    'DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": env("DB"), "USER": "owner",',
    '    "PASSWORD": env("DB_PASSWORD"), "HOST": env("DB_HOST", "db"), "PORT": env("DB_PORT", "5432"),',
    '    "OPTIONS": OPTIONS}}',
    '',
  ].join('\n'),
};

/** What Supabase's databases are born with. */
const ROLES = [
  'create role anon nologin',
  'create role authenticated nologin',
  `create role owner login createdb createrole bypassrls password '${PASSWORD}'`,
];
const FRESH = [
  'create schema extensions',
  'grant usage on schema extensions to public',
  'grant all on schema public, extensions to owner',
  'grant usage on schema public to anon, authenticated',
  'alter default privileges for role owner in schema public grant all on tables to anon, authenticated',
];

const PRIVATE = { DB_SCHEMA: 'django', SEARCH_PATH_OPTION: '-c search_path=django,extensions' };

describe.skipIf(engine === null)(
  'the scripts for the database, on a Docker engine',
  { timeout: 10 * MINUTES },
  () => {
    let folder: string;
    let addresses: string[] = [];
    const docker = (...args: string[]): string => mustRun(folder, 'docker', args);

    const sql = (database: string, ...statements: string[]): string =>
      answerOf(folder, 'docker', [
        ...['exec', '--env', 'PGOPTIONS=-c client_min_messages=error', SERVER],
        ...['psql', '--username', 'postgres', '--dbname', database, '--no-align', '--tuples-only', '--quiet'],
        ...statements.flatMap((statement) => ['--command', statement]),
      ]);

    const freshDatabase = (name: string): void => {
      sql('postgres', `drop database if exists ${name} with (force)`, `create database ${name}`);
      sql(name, `grant all on database ${name} to owner`, ...FRESH);
    };

    const words = (variables: Record<string, string>, command: string[]): string[] => [
      ...[
        'run',
        '--rm',
        '--network',
        NETWORKS[0] ?? '',
        '--read-only',
        '--tmpfs',
        '/tmp',
        '--cap-drop',
        'ALL',
      ],
      ...Object.entries({ DB: 'shop', DB_PASSWORD: PASSWORD, ...variables }).flatMap(([name, value]) => [
        '--env',
        `${name}=${value}`,
      ]),
      IMAGE,
      ...command,
    ];
    const python = (variables: Record<string, string>, ...command: string[]): CommandResult =>
      run(folder, 'docker', words(variables, ['/opt/psycopg/bin/python', ...command]));
    const migrate = (variables: Record<string, string>, ...options: string[]): CommandResult =>
      python(variables, 'docker/migrate_database.py', ...options);
    const verify = (variables: Record<string, string>): Record<string, unknown> =>
      JSON.parse(python(variables, 'docker/verify_database.py', '--json').stdout) as Record<string, unknown>;
    const failed = (report: Record<string, unknown>): string[] =>
      (report['checks'] as { name: string; result: string }[])
        .filter(({ result }) => result === 'FAIL')
        .map(({ name }) => name);
    const tables = (): string =>
      sql(
        'shop',
        "select string_agg(line, ' ') from (select schemaname || ':' || count(*) as line from pg_tables" +
          " where schemaname in ('public', 'django', 'extensions') group by schemaname order by 1) as lines",
      );

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), `${NAME}-`));
      const files: Record<string, string> = { ...SITE };
      for (const script of ['database_checks.py', 'migrate_database.py', 'verify_database.py'] as const) {
        files[`docker/${script}`] = renderScript(script, { database: 'supabase' });
      }
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      run(folder, 'docker', ['rm', '--force', '--volumes', SERVER]);
      for (const network of NETWORKS) run(folder, 'docker', ['network', 'create', network]);
      docker('build', '--tag', IMAGE, '.');
      docker(
        ...['run', '--detach', '--name', SERVER, '--network', NETWORKS[0] ?? '', '--network-alias', 'db'],
        ...['--env', 'POSTGRES_PASSWORD=only-for-this-test', 'postgres:17'],
      );
      docker('network', 'connect', NETWORKS[1] ?? '', SERVER);
      const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
      addresses = answerOf(folder, 'docker', ['inspect', '--format', format, SERVER]).split(' ');
      const ready = ['exec', SERVER, 'pg_isready', '--host', '127.0.0.1', '--timeout', '30'];
      for (let turn = 0; turn < 60 && run(folder, 'docker', ready).status !== 0; turn++) {
        run(folder, 'sleep', ['0.5']);
      }
      sql('postgres', ...ROLES);
    }, 10 * MINUTES);

    afterAll(() => {
      run(folder, 'docker', ['rm', '--force', '--volumes', SERVER]);
      for (const network of NETWORKS) run(folder, 'docker', ['network', 'rm', network]);
      run(folder, 'docker', ['image', 'rm', '--force', IMAGE]);
      rmSync(folder, { recursive: true, force: true });
    });

    it('make the schema and migrate into it; verify_database.py agrees', () => {
      freshDatabase('shop');
      expect(failed(verify(PRIVATE))).toEqual(['schema', 'migrations']);
      const { status, output } = migrate(PRIVATE);
      expect(output).toMatch(/^ok {4}schema: django created\n[^]*Applying sessions\.0001_initial\.\.\. OK/);
      expect(status).toBe(0);
      expect(tables()).toBe('django:9');
      const report = verify(PRIVATE);
      expect(report).toMatchObject({
        ok: true,
        mode: 'self-hosted',
        schema: 'django',
        pending: [],
        exposed: [],
      });
      expect(sql('shop', "select has_schema_privilege('anon', 'django', 'usage')")).toBe('f');
    });

    it.each([
      { why: 'no search_path', options: {}, place: 'public' },
      {
        why: 'another one',
        options: { SEARCH_PATH_OPTION: '-c search_path=extensions' },
        place: 'extensions',
      },
    ])('stop before a table is made elsewhere: $why', ({ options, place }) => {
      freshDatabase('shop');
      const { status, output } = migrate({ DB_SCHEMA: 'django', ...options });
      expect(output).toContain(`FAIL  database: Tables would go into ${place} instead of django`);
      expect(status).toBe(1);
      expect(tables()).toBe('');
    });

    it('stop where the tables are in public, close them, and move them', () => {
      freshDatabase('shop');
      const inPublic = { DB_SCHEMA: 'public' };
      expect(migrate(inPublic).output).toContain(
        "WARN  public: Supabase's Data API shows 9 tables of Django",
      );
      sql('shop', 'create table public.todos (id int)', 'grant select on public.todos to anon');
      expect(failed(verify(inPublic))).toEqual(['Data API']);

      const stopped = migrate(PRIVATE);
      expect(stopped.output).toContain('FAIL  database: Django\'s tables are already in "public"');
      expect(stopped.output).toContain('sql | alter table public."auth_user" set schema "django";');
      expect(stopped.status).toBe(1);
      expect(tables()).toBe('public:10');

      const printed = migrate(inPublic, '--close-public', '--sql');
      expect(printed.stdout).toMatch(/^begin;\n[^]*enable row level security;\n[^]*commit;\n$/);
      expect(failed(verify(inPublic))).toEqual(['Data API']);
      expect(migrate(inPublic, '--close-public').output).toContain('9 tables of Django closed');
      expect(verify(inPublic)).toMatchObject({ ok: true, exposed: [] });
      expect(
        sql(
          'shop',
          "select has_table_privilege('anon', 'auth_user', 'select')",
          'set role anon',
          'table todos',
        ),
      ).toBe('f');
      expect(
        sql('shop', "select count(*) from pg_class where relrowsecurity and relname = 'auth_user'"),
      ).toBe('1');

      expect(migrate(PRIVATE, '--move-to-schema').output).toContain('9 tables of Django moved');
      expect(tables()).toBe('django:9 public:1');
      const again = migrate(PRIVATE);
      expect(again.output).toContain('No migrations to apply.');
      expect(again.status).toBe(0);
      expect(verify(PRIVATE)).toMatchObject({ ok: true, schema: 'django' });
    });

    it.each(['psycopg', 'psycopg2'])('log in once with a wrong password: %s', (driver) => {
      const refused = (): number =>
        run(folder, 'docker', ['logs', SERVER]).output.split('password authentication failed').length;
      // With TLS, and two addresses: the drivers alone would try more than once.
      const certificate =
        'cd $PGDATA && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=db -keyout server.key -out server.crt' +
        ' && chown postgres server.* && chmod 600 server.key';
      docker('exec', SERVER, 'bash', '-c', certificate);
      sql('postgres', 'alter system set ssl = on', 'select pg_reload_conf()');
      run(folder, 'sleep', ['1']);
      const variables = { DB_HOST: 'twice', DB_PASSWORD: 'wrong-horse-battery' };
      const hosts = addresses.flatMap((address) => ['--add-host', `twice:${address}`]);
      const log_in = (...command: string[]): CommandResult => {
        const [first = '', ...rest] = words(variables, [`/opt/${driver}/bin/python`, ...command]);
        return run(folder, 'docker', [first, ...hosts, '--network', NETWORKS[1] ?? '', ...rest]);
      };
      const before = refused();
      log_in('manage.py', 'migrate');
      const alone = refused() - before;
      expect(alone).toBeGreaterThan(1);
      for (const script of ['migrate_database.py', 'verify_database.py']) {
        const start = refused();
        const { status, output } = log_in(`docker/${script}`);
        expect(output).toContain('The server refuses "owner" with this password.');
        expect(output).not.toContain('wrong-horse');
        expect(status).toBe(1);
        expect(refused() - start).toBe(1);
      }
    });

    it('wait for a server, with a limit and a line for each attempt', () => {
      const { status, output } = migrate({ DB_PORT: '5999', DB_WAIT_SECONDS: '3' });
      expect(output.match(/^wait {2}database: Nothing listens at db:5999 \(yet\)/gm)).toHaveLength(2);
      expect(output).toContain('FAIL  database: Nothing listens at db:5999 (yet).');
      expect(status).toBe(1);
      expect(migrate({ DB_PORT: '5999' }, '--no-wait').output).not.toContain('wait');
    });

    it('run one after the other when they are started at once', async () => {
      freshDatabase('shop');
      const start = async (): Promise<string> =>
        new Promise((resolve) => {
          const command = words(PRIVATE, ['/opt/psycopg/bin/python', 'docker/migrate_database.py']);
          const child = spawn('docker', command, { cwd: folder, env: engine ?? {} });
          let output = '';
          child.stdout.on('data', (data: Buffer) => (output += data.toString()));
          child.on('close', (code) => resolve(`${output}exit ${code}`));
        });
      const outputs = await Promise.all([start(), start(), start()]);
      for (const output of outputs) expect(output).toMatch(/exit 0$/);
      expect(outputs.filter((output) => output.includes('Applying auth.0001_initial... OK'))).toHaveLength(1);
      expect(outputs.filter((output) => output.includes('No migrations to apply.'))).toHaveLength(2);
    });

    it('take another address for migrations, and name what its user leaves unreachable', () => {
      freshDatabase('shop');
      sql(
        'postgres',
        "do $$ begin create role other login password 'p@ss/w#r:d'; exception when others then end $$",
      );
      sql('shop', 'grant all on database shop to other');
      const url = 'postgresql://other:p@ss/w#r:d@db/shop?pgbouncer=true';
      const { status, output } = migrate({ ...PRIVATE, MIGRATION_DATABASE_URL: url });
      expect(output).toContain('over MIGRATION_DATABASE_URL: db:default port (without pgbouncer');
      expect(output).toContain('The application logs in as owner, which may not use the schema django.');
      expect(output).not.toContain('p@ss');
      expect(status).toBe(1);
    });
  },
);
