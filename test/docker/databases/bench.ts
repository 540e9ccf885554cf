/**
 * The bench for databases: containers of our own that behave as a Supabase project does for a client of its database.
 * PostgreSQL 17 with TLS and Supabase's roles, a double of the shared pooler Supavisor (session and transaction mode),
 * a dedicated PgBouncer, and names that fail as they do in the world. See compose.yaml and images/supavisor.py.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerOf, engine, mustRun, run, type CommandResult } from '../docker.ts';
import { advisorFindings, type Finding } from './advisor.ts';
import { queryContainer, type Query } from './gateway.ts';
import { makeCertificateAuthority, makeCertificate } from './certificates.ts';

/** The connection modes that the bench plays. */
export type Mode = 'session' | 'transaction' | 'direct' | 'dedicated' | 'local';

export type Grants = 'legacy' | '2026';

/** The settings of the Supavisor double; see DEFAULTS in images/supavisor.py. */
export interface PoolerKnobs {
  poolSize?: number;
  maxClients?: number;
  sslRequired?: boolean;
  tls?: boolean;
  allowList?: string[] | null;
  project?: 'running' | 'paused' | 'old' | 'starting';
  fullPool?: 'refuse' | 'queue';
  checkoutTimeout?: number;
  refuseConnections?: boolean;
  breakerFailures?: number;
  breakerWindow?: number;
  breakerBlock?: number;
}

export interface PoolerState {
  /** Passwords tried, by the user as the client sent it: an attempt is counted once its password arrives. */
  attempts: Record<string, number>;
  wrongPasswords: Record<string, number>;
  /** By `user: code`, such as `postgres: ENOIDENTIFIER`. */
  refusals: Record<string, number>;
  sessions: number;
  transactionClients: number;
}

export interface UrlOptions {
  password?: string;
  user?: string;
  /** Percent-encoded already. */
  query?: string;
  host?: string;
  database?: string;
  /** Of this machine instead of the bench's network. */
  published?: boolean;
}

export interface ClientOptions {
  environment?: Record<string, string>;
  /** More lines for the container's /etc/hosts. */
  hosts?: Record<string, string>;
}

export interface Bench {
  project: string;
  /** The Docker network that application containers join. */
  network: string;
  ref: string;
  hosts: {
    pooler: string;
    /** Resolves and answers, but knows no such project. */
    wrongPooler: string;
    direct: string;
    /** Has only an IPv6 address, for containers that get `extraHosts`. */
    ipv6Only: string;
    unresolvable: string;
  };
  /** `extra_hosts` of a container, for the IPv6-only name. */
  extraHosts: Record<string, string>;
  /**
   * The shared pooler's address on the network. A container whose /etc/hosts names host.docker.internal needs it
   * there in place of `host-gateway` to reach the mode `local`.
   */
  poolerAddress: string;
  /** Of this machine, on 127.0.0.1. */
  ports: Record<Mode | 'control', number>;
  /** Folder with ca.crt, to be mounted where `verify-full` is wanted. */
  folder: string;
  caFile: string;
  /** Of the role postgres. */
  password: string;
  /** Of the superuser supabase_admin, on the direct host only. */
  adminPassword: string;
  /** A connection string as the dashboard shows it. */
  url(mode: Mode, options?: UrlOptions): string;
  /** Rows as psql prints them unaligned; as the superuser unless another role is named (SET ROLE). */
  sql(statement: string, role?: string): string;
  /** Runs Python in a container on the network with Django, psycopg and psycopg2; CA in /bench/ca.crt. */
  python(code: string, options?: ClientOptions): CommandResult;
  pooler: {
    state(): Promise<PoolerState>;
    set(knobs: PoolerKnobs): Promise<PoolerState>;
    /** All settings as at the start, no counts, nobody blocked. */
    reset(): Promise<PoolerState>;
  };
  /** Log-ins that the database itself saw since its start, whichever way they came. */
  logins(user: string): { succeeded: number; failed: number };
  /** Whether new tables in public are open to the API's roles, as before 2026, or not. Existing grants stay. */
  setGrants(grants: Grants): void;
  /** For startGateway(): the gateway's double on this database. */
  query: Query;
  /** What Supabase's own advisor finds. */
  findings(): Finding[];
  stop(): void;
}

const HERE = import.meta.dirname;
const CLIENT_IMAGE = 'backendai-test-database-client';
const POOLER_HOST = 'aws-1-eu-west-1.pooler.supabase.com';
const WRONG_POOLER_HOST = 'aws-0-eu-west-1.pooler.supabase.com';
const LOCAL_HOST = 'host.docker.internal';
const SERVICE_PORTS: Record<Mode, [service: string, port: number]> = {
  session: ['shared-pooler', 5432],
  transaction: ['shared-pooler', 6543],
  direct: ['database', 5432],
  dedicated: ['database', 6543],
  local: ['shared-pooler', 54322],
};

/** Letters only, as Supabase's references are. */
function randomReference(): string {
  return Array.from(randomBytes(20), (byte) => String.fromCharCode(97 + (byte % 26))).join('');
}

/**
 * Starts a bench of its own; `name` tells its containers from others'. Throws with Docker's output where it does not
 * start. `stop()` removes the containers, the network and the folder; the images stay for the next run.
 */
export function startBench(name: string, grants: Grants = 'legacy'): Bench {
  const project = `backendai-bench-${name}`;
  const ref = randomReference();
  const folder = mkdtempSync(join(tmpdir(), 'backendai-bench-'));
  // The servers in the containers are other users.
  chmodSync(folder, 0o755);
  const secrets = {
    BENCH_POSTGRES_PASSWORD: randomBytes(18).toString('base64url'),
    BENCH_ADMIN_PASSWORD: randomBytes(18).toString('base64url'),
    BENCH_PGBOUNCER_PASSWORD: randomBytes(18).toString('base64url'),
  };
  const environment = {
    COMPOSE_PROJECT_NAME: project,
    BENCH_PROJECT: project,
    BENCH_FOLDER: folder,
    BENCH_REF: ref,
    BENCH_POOLER_HOST: POOLER_HOST,
    BENCH_WRONG_POOLER_HOST: WRONG_POOLER_HOST,
    ...secrets,
  };
  const direct = `db.${ref}.supabase.co`;
  const compose = (...args: string[]): string => mustRun(HERE, 'docker', ['compose', ...args], environment);
  const down = (): CommandResult =>
    run(HERE, 'docker', ['compose', 'down', '--volumes', '--remove-orphans', '--timeout', '1'], environment);
  const stop = (): void => {
    const { status, output } = down();
    rmSync(folder, { recursive: true, force: true });
    if (status !== 0) throw new Error(`the bench did not stop:\n${output.slice(-2000)}`);
  };

  try {
    const authority = makeCertificateAuthority(folder, 'Bench Root CA');
    makeCertificate(authority, 'pooler', ['*.pooler.supabase.com', 'localhost']);
    makeCertificate(authority, 'database', [direct, 'localhost']);
    writeFileSync(join(folder, 'dedicated.ini'), dedicatedPooler());
    writeFileSync(
      join(folder, 'dedicated-users.txt'),
      `"pgbouncer" "${secrets.BENCH_PGBOUNCER_PASSWORD}"\n`,
      { mode: 0o644 },
    );
    // Left by a run that was cut short.
    down();
    compose('build', '--quiet', 'shared-pooler');
    mustRun(HERE, 'docker', [
      'build',
      '--quiet',
      '--file',
      'images/client.Dockerfile',
      '--tag',
      CLIENT_IMAGE,
      'images',
    ]);
    compose('up', '--detach', '--wait', '--wait-timeout', '90');
  } catch (error) {
    const { output } = run(HERE, 'docker', ['compose', 'logs', '--tail', '30'], environment);
    down();
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`the bench did not start: ${String(error)}\n${output.slice(-4000)}`, { cause: error });
  }

  const container = (service: string): string => `${project}-${service}-1`;
  const portOf = (service: string, port: number): number =>
    Number(answerOf(HERE, 'docker', ['port', container(service), String(port)]).match(/:(\d+)$/m)?.[1]);
  const ports = {
    session: portOf(...SERVICE_PORTS.session),
    transaction: portOf(...SERVICE_PORTS.transaction),
    direct: portOf(...SERVICE_PORTS.direct),
    dedicated: portOf(...SERVICE_PORTS.dedicated),
    local: portOf(...SERVICE_PORTS.local),
    control: portOf('shared-pooler', 8080),
  };
  const control = async (method: string, path: string, body?: unknown): Promise<PoolerState> => {
    const response = await fetch(`http://127.0.0.1:${ports.control}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as PoolerState & { error?: string };
    if (!response.ok) throw new Error(`the Supavisor double: ${answer.error ?? response.status}`);
    return answer;
  };
  const url: Bench['url'] = (mode, options = {}) => {
    const shared = mode === 'session' || mode === 'transaction';
    const user = options.user ?? (shared ? `postgres.${ref}` : 'postgres');
    const usual = shared ? POOLER_HOST : mode === 'local' ? LOCAL_HOST : direct;
    const host = options.published ? '127.0.0.1' : (options.host ?? usual);
    const port = options.published ? ports[mode] : SERVICE_PORTS[mode][1];
    const password = encodeURIComponent(options.password ?? secrets.BENCH_POSTGRES_PASSWORD);
    const query = options.query ? `?${options.query}` : '';
    return `postgresql://${user}:${password}@${host}:${port}/${options.database ?? 'postgres'}${query}`;
  };
  const sql: Bench['sql'] = (statement, role) =>
    answerOf(HERE, 'docker', [
      'exec',
      container('database'),
      'psql',
      '--username=supabase_admin',
      '--dbname=postgres',
      '--no-psqlrc',
      '--quiet',
      '--tuples-only',
      '--no-align',
      '--set=ON_ERROR_STOP=1',
      '--set=VERBOSITY=verbose',
      ...(role === undefined ? [] : [`--command=SET ROLE "${role}"`]),
      `--command=${statement}`,
    ]);
  const setGrants: Bench['setGrants'] = (kind) => {
    const verb = kind === 'legacy' ? 'GRANT ALL ON' : 'REVOKE ALL ON';
    const whom = `${kind === 'legacy' ? 'TO' : 'FROM'} anon, authenticated, service_role`;
    for (const things of ['TABLES', 'FUNCTIONS', 'SEQUENCES'])
      sql(`ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public ${verb} ${things} ${whom}`);
  };

  const bench: Bench = {
    project,
    network: `${project}_default`,
    ref,
    hosts: {
      pooler: POOLER_HOST,
      wrongPooler: WRONG_POOLER_HOST,
      direct,
      ipv6Only: `db.${reversed(ref)}.supabase.co`,
      unresolvable: `db.${ref.slice(0, 10)}gone.supabase.co`,
    },
    // Of the block that is kept for documentation: RFC 3849.
    extraHosts: { [`db.${reversed(ref)}.supabase.co`]: '2001:db8:1f16:1cd0::1' },
    poolerAddress: answerOf(HERE, 'docker', [
      'inspect',
      '--format',
      '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
      container('shared-pooler'),
    ]),
    ports,
    folder,
    caFile: join(folder, 'ca.crt'),
    password: secrets.BENCH_POSTGRES_PASSWORD,
    adminPassword: secrets.BENCH_ADMIN_PASSWORD,
    url,
    sql,
    python: (code, options = {}) =>
      run(HERE, 'docker', [
        'run',
        '--rm',
        '--network',
        `${project}_default`,
        '--volume',
        `${join(folder, 'ca.crt')}:/bench/ca.crt:ro`,
        ...Object.entries(options.hosts ?? {}).flatMap(([host, ip]) => ['--add-host', `${host}:${ip}`]),
        ...Object.entries(options.environment ?? {}).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
        CLIENT_IMAGE,
        'python',
        '-c',
        code,
      ]),
    pooler: {
      state: () => control('GET', '/state'),
      set: (knobs) => control('POST', '/state', knobs),
      reset: () => control('POST', '/reset'),
    },
    logins: (user) => {
      const log = mustRun(HERE, 'docker', ['logs', container('database')]);
      const count = (text: string): number => log.split(text).length - 1;
      return {
        succeeded: count(`connection authorized: user=${user} `),
        failed: count(`FATAL:  password authentication failed for user "${user}"`),
      };
    },
    setGrants,
    query: queryContainer(container('database'), engine ?? process.env),
    findings: () => advisorFindings(url('direct', { published: true, query: 'sslmode=require' })),
    stop,
  };
  setGrants(grants);
  return bench;
}

function reversed(text: string): string {
  return text.split('').toReversed().join('');
}

/**
 * The dedicated pooler's configuration: supabase/postgres ansible/files/pgbouncer_config/pgbouncer.ini.j2.
 * It refuses the startup parameter `options`.
 */
function dedicatedPooler(): string {
  return `[databases]
* = host=127.0.0.1 port=5432

[pgbouncer]
listen_addr = 0.0.0.0
listen_port = 6543
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /bench/dedicated-users.txt
auth_user = pgbouncer
auth_query = SELECT username, password FROM pgbouncer.get_auth($1)
pool_mode = transaction
default_pool_size = 15
max_client_conn = 200
max_prepared_statements = 0
ignore_startup_parameters = extra_float_digits
client_tls_sslmode = allow
client_tls_cert_file = /bench/database.crt
client_tls_key_file = /bench/database.key
`;
}
