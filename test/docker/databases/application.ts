/**
 * A small Django project in six forms (two drivers, three ways of naming the database), with the files that we write,
 * on the network of the bench.
 */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setEnvVariables } from '../../../generators/app/database/env-file.ts';
import { ROOT, mustRun, removeProject, request, run, type CommandResult } from '../docker.ts';
import type { Bench } from './bench.ts';

export const DRIVERS = {
  'psycopg 3': 'psycopg[binary]==3.3.9',
  psycopg2: 'psycopg2-binary==2.9.13',
} as const;
export type Driver = keyof typeof DRIVERS;

/** How the settings name the database, with the packages that they need for it. */
export const STYLES = {
  DATABASE_URL: { packages: ['dj-database-url==3.1.2'], value: 'dj_database_url.config()' },
  'separate variables': {
    packages: [],
    value: `{
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("DB_NAME", "clinic"),
        "USER": os.environ.get("DB_USER", "clinic"),
        "PASSWORD": os.environ.get("DB_PASSWORD", ""),
        "HOST": os.environ.get("DB_HOST", "localhost"),
        "PORT": os.environ.get("DB_PORT", "5432"),
    }`,
  },
  'hard-coded': { packages: [], value: null },
} as const;
export type Style = keyof typeof STYLES;

/** Where the application finds its database. */
export interface Address {
  host: string;
  port: number;
  user: string;
  password: string;
}

export interface Application {
  folder: string;
  /** Compose with our files, on the bench's network; never throws. */
  compose(args: string[], extra?: Record<string, string>): CommandResult;
  /** Runs our command again with other answers. */
  generate(options: string[]): void;
  /** Sets lines of `.env`. */
  set(variables: Record<string, string>): void;
  setAddress(address: Address): void;
  /** The one-shot service; never throws. */
  migrate(extra?: string[]): CommandResult;
  verify(args?: string[]): CommandResult;
  /** Starts everything as a user does. */
  up(): CommandResult;
  get(path: string): Promise<{ status: number; body: string }>;
  down(): void;
  remove(): void;
}

/** Writes the project, runs our command on it, and gives the handles. Nothing is built yet. */
export function makeApplication(
  name: string,
  bench: Bench,
  driver: Driver,
  style: Style,
  options: string[] = [],
): Application {
  const folder = join(mkdtempSync(join(tmpdir(), 'backendai-docker-')), 'project');
  cpSync(join(ROOT, 'test/golden/hard-coded-postgres/project'), folder, { recursive: true });
  const { packages, value } = STYLES[style];
  writeFileSync(
    join(folder, 'requirements.txt'),
    ['Django==5.2.19', 'gunicorn==25.3.0', DRIVERS[driver], ...packages, ''].join('\n'),
  );
  if (value !== null) {
    const settings = join(folder, 'clinic/settings.py');
    const imports = style === 'DATABASE_URL' ? 'import dj_database_url\n' : 'import os\n';
    writeFileSync(
      settings,
      `${imports}${readFileSync(settings, 'utf8')}\nDATABASES = {"default": ${value}}\n`,
    );
  }
  const generate = (more: string[]): void => {
    mustRun(folder, process.execPath, [
      join(ROOT, 'dist/bin/backendai-docker.js'),
      '--defaults',
      '--image-name',
      `backendai-bench-${name}`,
      '--database',
      'supabase',
      ...more,
    ]);
  };
  generate(options);
  // The bench's network in place of the project's own, and its certificate authority.
  const override = join(folder, '..', 'bench.yaml');
  const service = [
    `    volumes: ['${bench.folder}:/bench:ro']`,
    // In the place of this machine, whose ports are not ours to take, stands the bench; and a host without IPv4.
    `    extra_hosts: !override`,
    `      - 'host.docker.internal:${bench.poolerAddress}'`,
    ...Object.entries(bench.extraHosts).map(([host, address]) => `      - '${host}=${address}'`),
  ];
  writeFileSync(
    override,
    [
      'services:',
      ...['web', 'migrate'].flatMap((item) => [`  ${item}:`, ...service]),
      'networks:',
      `  default: { name: ${bench.network}, external: true }`,
      '',
    ].join('\n'),
  );
  const compose = (args: string[], extra: Record<string, string> = {}): CommandResult =>
    run(folder, 'docker', ['compose', '--file', 'compose.yaml', '--file', override, ...args], {
      COMPOSE_PROJECT_NAME: `backendai-bench-${name}-app`,
      WEB_PORT: '0',
      ...extra,
    });
  const set = (variables: Record<string, string>): void => {
    const path = join(folder, '.env');
    const pairs = Object.entries(variables).map(([key, text]) => ({ name: key, value: text }));
    writeFileSync(path, setEnvVariables(readFileSync(path, 'utf8'), pairs));
  };
  let published = 0;
  return {
    folder,
    compose,
    generate,
    set,
    setAddress({ host, port, user, password }) {
      if (style === 'DATABASE_URL') {
        const encoded = encodeURIComponent(password);
        set({ DATABASE_URL: `postgresql://${user}:${encoded}@${host}:${port}/postgres` });
        return;
      }
      const prefix = style === 'hard-coded' ? 'SUPABASE_DB' : 'DB';
      set({
        [`${prefix}_NAME`]: 'postgres',
        [`${prefix}_USER`]: user,
        [`${prefix}_PASSWORD`]: password,
        [`${prefix}_HOST`]: host,
        [`${prefix}_PORT`]: String(port),
      });
    },
    migrate: (extra = []) => compose(['run', '--rm', '--no-TTY', 'migrate', ...extra]),
    verify: (args = []) =>
      compose([
        'run',
        '--rm',
        '--no-TTY',
        '--no-deps',
        'web',
        'python',
        'docker/verify_database.py',
        ...args,
      ]),
    up() {
      const started = compose(['up', '--detach', '--wait', '--wait-timeout', '120']);
      published = Number(compose(['port', 'web', '8000']).stdout.trim().split(':').at(-1));
      return started;
    },
    get: (path) => request(published, path),
    down: () => void compose(['down', '--timeout', '2', '--volumes', '--remove-orphans']),
    remove() {
      compose(['down', '--timeout', '2', '--volumes', '--remove-orphans']);
      run(folder, 'docker', ['rmi', `backendai-bench-${name}:prod`]);
      removeProject(folder);
    },
  };
}

/** The address of each way to the bench's database, as the dashboard would show it. */
export function addressOf(bench: Bench, mode: 'session' | 'transaction' | 'direct' | 'dedicated'): Address {
  const shared = mode === 'session' || mode === 'transaction';
  return {
    host: shared ? bench.hosts.pooler : bench.hosts.direct,
    port: mode === 'session' || mode === 'direct' ? 5432 : 6543,
    user: shared ? `postgres.${bench.ref}` : 'postgres',
    password: bench.password,
  };
}
