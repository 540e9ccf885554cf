import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Constants, evaluate, renderScript, temporaryFolder } from './rendered-script.ts';

/** Evaluates an expression that finds its arguments in `given`. */
async function ask(expression: string, given: unknown = null, constants: Constants = {}): Promise<unknown> {
  const folder = temporaryFolder({ 'database_checks.py': renderScript('database_checks.py', constants) });
  const withGiven = `(lambda given: ${expression})(json.loads(os.environ["GIVEN"]))`;
  return evaluate(join(folder, 'database_checks.py'), withGiven, {
    GIVEN: JSON.stringify(given),
    DATABASE_URL: '',
    PGSSLMODE: '',
  });
}

const POOLER = 'aws-1-eu-west-1.pooler.supabase.com';
const DIRECT = 'db.abcdefghijklmnopqrst.supabase.co';

describe('the connection mode', () => {
  it.each([
    [POOLER, '5432', 'session'],
    [POOLER, '', 'session'],
    [POOLER.toUpperCase(), 5432, 'session'],
    [POOLER, '6543', 'transaction'],
    [DIRECT, '5432', 'direct'],
    [`${DIRECT}.`, '', 'direct'],
    [DIRECT, 6543, 'dedicated'],
    ['abcdefghijklmnopqrst.supabase.co', '5432', 'no-database'],
    ['host.docker.internal', '54322', 'local'],
    ['localhost', 54322, 'local'],
    ['supabase_db_shop', '5432', 'local'],
    ['supabase.example.com', '5432', 'self-hosted'],
    ['supabase-pooler', '6543', 'self-hosted'],
    ['', '', 'socket'],
    ['/var/run/postgresql', '5432', 'socket'],
    ['notpooler.supabase.com.example.org', '5432', 'self-hosted'],
  ])('of %s:%s is %s', async (host, port, name) => {
    const mode = await ask('script.connection_mode(*given)', [host, port], { database: 'supabase' });
    const cloud = ['session', 'transaction', 'direct', 'dedicated', 'no-database'].includes(name);
    expect(mode).toEqual([name, expect.any(String), cloud, String(port) === '6543']);
  });

  it('of another server in another project is no Supabase', async () => {
    expect(await ask('script.connection_mode("db", "6543")')).toEqual([
      'other',
      'a PostgreSQL server, transaction pooling',
      false,
      true,
    ]);
  });
});

interface Case {
  text: string;
  kind: string;
  cause: RegExp;
  host?: string;
  port?: string;
  user?: string;
  number?: number;
  sqlstate?: string;
}

const pooler = { host: POOLER, user: 'postgres.abcdefghijklmnopqrst' };
const direct = { host: DIRECT, user: 'postgres' };

/** The texts as the servers and drivers write them: Supavisor, PgBouncer, PostgreSQL, libpq, psycopg. */
const POSTGRESQL: Case[] = [
  {
    text: 'connection to server at "db.abcdefghijklmnopqrst.supabase.co" (2600:1f18::1), port 5432 failed: Network is unreachable\n\tIs the server running on that host and accepting TCP/IP connections?',
    kind: 'configuration',
    cause: /only an IPv6 address/,
    ...direct,
  },
  {
    text: 'connection to server at "db.abcdefghijklmnopqrst.supabase.co" (2600:1f18:2e13::6), port 5432 failed: Cannot assign requested address',
    kind: 'configuration',
    cause: /only an IPv6 address/,
    ...direct,
  },
  {
    text: 'connection to server at "2600:1f18:2e13::6", port 6543 failed: No route to host',
    kind: 'configuration',
    cause: /only an IPv6 address/,
    ...direct,
    port: '6543',
  },
  {
    text: `could not translate host name "${DIRECT}" to address: No address associated with hostname`,
    kind: 'configuration',
    cause: /only an IPv6 address.*or the project is paused/,
    ...direct,
  },
  {
    text: `could not translate host name "${DIRECT}" to address: Address family for hostname not supported`,
    kind: 'configuration',
    cause: /only an IPv6 address/,
    ...direct,
  },
  {
    text: `could not translate host name "${DIRECT}" to address: Name or service not known`,
    kind: 'configuration',
    cause: /or the project is paused/,
    ...direct,
  },
  {
    text: `failed to resolve host '${DIRECT}': [Errno -2] Name or service not known`,
    kind: 'configuration',
    cause: /or the project is paused/,
    ...direct,
  },
  {
    text: `failed to resolve host '${POOLER}': [Errno -2] Name or service not known`,
    kind: 'configuration',
    cause: /There is no host aws-1-eu-west-1.*paused/,
    ...pooler,
  },
  {
    text: `could not translate host name "${DIRECT}" to address: Temporary failure in name resolution`,
    kind: 'temporary',
    cause: /cannot be looked up at the moment/,
    ...direct,
  },
  {
    text: 'could not translate host name "db" to address: Name or service not known',
    kind: 'temporary',
    cause: /No service called db/,
    host: 'db',
  },
  {
    text: 'could not translate host name "pg.example.org" to address: Name or service not known',
    kind: 'configuration',
    cause: /There is no host pg\.example\.org/,
    host: 'pg.example.org',
  },
  {
    text: "failed to resolve host 'host.docker.internal': [Errno -2] Name or service not known",
    kind: 'configuration',
    cause: /host\.docker\.internal is not known/,
    host: 'host.docker.internal',
    port: '54322',
  },
  {
    text: 'connection to server at "172.18.0.2", port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?',
    kind: 'temporary',
    cause: /Nothing listens at db:5432 \(yet\)/,
    host: 'db',
  },
  {
    text: 'connection to server at "127.0.0.1", port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?',
    kind: 'temporary',
    cause: /localhost is this container itself/,
    host: 'localhost',
  },
  {
    text: 'connection failed: connection to server at "172.17.0.1", port 54322 failed: Connection refused',
    kind: 'temporary',
    cause: /Nothing listens at host\.docker\.internal:54322/,
    host: 'host.docker.internal',
    port: '54322',
  },
  {
    text: 'connection to server at "10.1.2.3", port 5432 failed: Connection refused',
    kind: 'temporary',
    cause: /the server restarts, or it saw wrong passwords/,
    ...direct,
  },
  {
    text: 'connection to server at "10.1.2.3", port 5432 failed: timeout expired',
    kind: 'temporary',
    cause: /does not answer/,
    host: '10.1.2.3',
  },
  {
    text: 'connection timeout expired',
    kind: 'temporary',
    cause: /does not answer in time, or all its places are taken/,
    ...pooler,
  },
  {
    text: 'connection to server at "10.1.2.3", port 5432 failed: Connection refused',
    kind: 'temporary',
    cause: /the pooler restarts/,
    ...pooler,
  },
  { text: 'connection timeout expired', kind: 'temporary', cause: /does not answer/, host: '10.1.2.3' },
  {
    text: 'could not connect to server: Connection timed out\n\tIs the server running on host "10.1.2.3" and accepting\n\tTCP/IP connections on port 5432?',
    kind: 'temporary',
    cause: /does not answer/,
    host: '10.1.2.3',
  },
  {
    text: 'connection to server at "10.1.2.3", port 5432 failed: No route to host',
    kind: 'temporary',
    cause: /does not answer/,
    host: '10.1.2.3',
  },
  {
    text: 'connection to server at "10.1.2.3", port 5432 failed: server closed the connection unexpectedly',
    kind: 'temporary',
    cause: /has closed the connection/,
    host: '10.1.2.3',
  },
  { text: 'FATAL:  the database system is starting up', kind: 'temporary', cause: /starting or stopping/ },
  { text: 'FATAL:  the database system is shutting down', kind: 'temporary', cause: /starting or stopping/ },
  {
    text: 'FATAL:  the database system is not yet accepting connections',
    kind: 'temporary',
    cause: /starting or stopping/,
  },
  { text: 'FATAL:  das System startet', sqlstate: '57P03', kind: 'temporary', cause: /starting or stopping/ },
  { text: 'FATAL:  sorry, too many clients already', kind: 'temporary', cause: /no free connection/ },
  {
    text: 'FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute',
    kind: 'temporary',
    cause: /no free connection/,
  },
  // Supavisor, old and new.
  {
    text: 'FATAL:  Tenant or user not found',
    kind: 'configuration',
    cause: /does not know "postgres\.abc.*aws-N/,
    ...pooler,
  },
  {
    text: 'FATAL:  Tenant or user not found',
    kind: 'configuration',
    cause: /The user "postgres" does not say which project/,
    host: POOLER,
    user: 'postgres',
  },
  {
    text: 'FATAL:  (ENOTFOUND) tenant/user postgres.abcdefghijklmnopqrst not found',
    kind: 'configuration',
    cause: /does not know "postgres\.abc.*paused/,
    sqlstate: 'XX000',
    ...pooler,
  },
  {
    text: 'FATAL:  (ENOIDENTIFIER) no tenant identifier provided (external_id or sni_hostname required)',
    kind: 'configuration',
    cause: /does not say which project/,
    host: POOLER,
    user: 'postgres',
  },
  {
    text: 'FATAL:  password authentication failed for user "postgres"',
    kind: 'authentication',
    cause: /needs the user postgres\.PROJECT-REF/,
    host: POOLER,
    user: 'postgres',
  },
  {
    text: 'FATAL:  password authentication failed for user "postgres"',
    kind: 'authentication',
    cause: /refuses "postgres\.abcdefghijklmnopqrst" with this password/,
    ...pooler,
  },
  {
    text: 'FATAL:  Passwort-Authentifizierung fehlgeschlagen',
    sqlstate: '28P01',
    kind: 'authentication',
    cause: /with this password/,
  },
  {
    text: 'FATAL:  (EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: 15',
    kind: 'temporary',
    cause: /All clients that the session pooler lets in/,
    ...pooler,
  },
  {
    text: 'FATAL:  MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size',
    kind: 'temporary',
    cause: /All clients that the session pooler lets in/,
    ...pooler,
  },
  {
    text: 'FATAL:  (EMAXCONN) max client connections reached, limit: 200',
    kind: 'temporary',
    cause: /lets no more clients in/,
    ...pooler,
  },
  {
    text: 'FATAL:  Max client connections reached',
    kind: 'temporary',
    cause: /lets no more clients/,
    ...pooler,
  },
  {
    text: 'FATAL:  (ESSLREQUIRED) SSL connection is required for user: postgres.abcdefghijklmnopqrst',
    kind: 'configuration',
    cause: /demands TLS/,
    ...pooler,
  },
  {
    text: 'FATAL:  (EADDRNOTALLOWED) address not in tenant allow_list: {203, 0, 113, 7}',
    kind: 'configuration',
    cause: /network restrictions/,
    ...pooler,
  },
  {
    text: 'FATAL:  (ECIRCUITBREAKER) too many authentication failures, new connections are temporarily blocked',
    kind: 'authentication',
    cause: /blocked this address/,
    ...pooler,
  },
  {
    text: 'FATAL:  (ECHECKOUTTIMEOUT) unable to check out connection from the pool after 60000ms in Session mode',
    kind: 'temporary',
    cause: /was busy for too long/,
    ...pooler,
  },
  {
    text: 'FATAL:  (EDBHANDLEREXITED) connection to database closed. Check logs for more information',
    kind: 'temporary',
    cause: /has lost the database/,
    ...pooler,
  },
  {
    text: 'FATAL:  (EAUTHQUERY) auth_query connection failed',
    kind: 'temporary',
    cause: /has lost the database/,
    ...pooler,
  },
  // PgBouncer.
  {
    text: 'FATAL:  unsupported startup parameter: options',
    kind: 'configuration',
    cause: /refuses the parameter `options`/,
    ...direct,
    port: '6543',
  },
  {
    text: 'FATAL:  unsupported startup parameter in options: search_path',
    kind: 'configuration',
    cause: /refuses the parameter `options`/,
  },
  { text: 'FATAL:  SASL authentication failed', kind: 'authentication', cause: /with this password/ },
  { text: 'FATAL:  no such database: shop', kind: 'configuration', cause: /no database "shop"/ },
  { text: 'FATAL:  query_wait_timeout', kind: 'temporary', cause: /was busy for too long/ },
  // Logging in.
  { text: 'fe_sendauth: no password supplied', kind: 'configuration', cause: /No password for "app"/ },
  { text: 'FATAL:  role "shop" does not exist', kind: 'configuration', cause: /no user "shop"/ },
  { text: 'FATAL:  database "shop" does not exist', kind: 'configuration', cause: /no database "shop"/ },
  {
    text: 'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "app", database "app", no encryption',
    kind: 'configuration',
    cause: /not encrypted/,
  },
  {
    text: 'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "app", database "app", SSL off',
    kind: 'configuration',
    cause: /not encrypted/,
  },
  {
    text: 'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "app", database "app", SSL encryption',
    kind: 'configuration',
    cause: /does not let "app" in from this address/,
  },
  // TLS.
  {
    text: 'root certificate file "/x/ca.crt" does not exist\nEither provide the file or change sslmode to disable server certificate verification.',
    kind: 'configuration',
    cause: /The file \/x\/ca\.crt with the certificate authority/,
  },
  {
    text: 'SSL error: certificate verify failed',
    kind: 'configuration',
    cause: /no authority that this container/,
  },
  {
    text: 'SSL error: self-signed certificate in certificate chain',
    kind: 'configuration',
    cause: /no authority that this container/,
  },
  {
    text: 'server certificate for "db.internal" does not match host name "db"',
    kind: 'configuration',
    cause: /for another host than db/,
    host: 'db',
  },
  {
    text: 'server does not support SSL, but SSL was required',
    kind: 'configuration',
    cause: /has no TLS, which PGSSLMODE demands/,
  },
  { text: 'invalid sslmode value: "requires"', kind: 'configuration', cause: /PGSSLMODE has a value/ },
  {
    text: 'received invalid response to SSL negotiation: H',
    kind: 'configuration',
    cause: /What answers at db:5432 is no PostgreSQL server/,
  },
  // The pool and the settings.
  {
    text: 'prepared statement "_pg3_0" already exists',
    kind: 'configuration',
    cause: /Prepared statements do not survive/,
    sqlstate: '42P05',
  },
  {
    text: 'prepared statement "_pg3_1" does not exist',
    kind: 'configuration',
    cause: /Prepared statements do not survive/,
  },
  {
    text: 'cursor "_django_curs_140_sync_1" does not exist',
    kind: 'configuration',
    cause: /Server-side cursors do not survive/,
    sqlstate: '34000',
  },
  {
    text: 'invalid connection option "pgbouncer"',
    kind: 'configuration',
    cause: /does not know "pgbouncer"/,
  },
  {
    text: 'invalid dsn: invalid connection option "supa"\n',
    kind: 'configuration',
    cause: /does not know "supa"/,
  },
  {
    text: 'invalid URI query parameter: "connection_limit"',
    kind: 'configuration',
    cause: /does not know "connection_limit"/,
  },
  {
    text: "Pooling doesn't support persistent connections.",
    kind: 'configuration',
    cause: /CONN_MAX_AGE exclude each other/,
  },
  {
    text: 'Error loading psycopg2 or psycopg module',
    kind: 'configuration',
    cause: /driver is not in the image/,
  },
  {
    text: 'PostgreSQL 15 or later is required (found 13.4).',
    kind: 'configuration',
    cause: /too old for this Django/,
  },
  {
    text: 'settings.DATABASES is improperly configured. Please supply the ENGINE value. Check settings documentation for more details.',
    kind: 'configuration',
    cause: /name no database/,
  },
  {
    text: 'Set the DATABASE_URL environment variable',
    kind: 'configuration',
    cause: /variable DATABASE_URL/,
  },
  {
    text: 'DB_HOST not found. Declare it as envvar or define a default value.',
    kind: 'configuration',
    cause: /variable DB_HOST/,
  },
  {
    text: "Couldn't setup configuration 'a.Prod':  Value 'DATABASES' is required to be set as the environment variable 'DATABASE_URL' ",
    kind: 'configuration',
    cause: /variable DATABASE_URL/,
  },
  { text: "'DB_HOST'", kind: 'configuration', cause: /variable DB_HOST/ },
  // Schemas, rights, limits.
  {
    text: 'no schema has been selected to create in\nLINE 1: CREATE TABLE',
    kind: 'schema',
    cause: /No schema of the search_path exists/,
    sqlstate: '3F000',
  },
  { text: 'schema "django" does not exist', kind: 'schema', cause: /no schema "django"/ },
  {
    text: 'relation "auth_user" does not exist\nLINE 1',
    kind: 'schema',
    cause: /table "auth_user" is not there/,
  },
  {
    text: 'permission denied for schema public',
    kind: 'schema',
    cause: /lacks a right on the schema public/,
  },
  {
    text: 'permission denied for database shop',
    kind: 'schema',
    cause: /lacks a right on the database shop/,
  },
  { text: 'must be owner of table auth_user', kind: 'schema', cause: /does not own .*table auth_user/ },
  { text: 'type "vector" does not exist', kind: 'schema', cause: /type "vector" of pgvector/ },
  { text: 'extension "vector" is not available', kind: 'schema', cause: /not have the extension "vector"/ },
  {
    text: 'permission denied to create extension "vector"',
    kind: 'schema',
    cause: /may not create an extension/,
  },
  {
    text: 'cannot execute INSERT in a read-only transaction',
    kind: 'configuration',
    cause: /read-only/,
    sqlstate: '25006',
  },
  {
    text: 'canceling statement due to statement timeout',
    kind: 'configuration',
    cause: /longer than the server allows/,
  },
  { text: 'canceling statement due to lock timeout', kind: 'temporary', cause: /holds a lock/ },
  { text: 'something new', kind: 'unknown', cause: /^Exception: something new$/ },
  {
    text: "[Errno 30] Read-only file system: '/app/src/data'",
    kind: 'configuration',
    cause: /^The application writes to \/app\/src\/data, and the container's root is read-only\.$/,
  },
];

const mysql = { host: 'db', port: '3306' };

const OTHERS: Case[] = [
  {
    text: "Access denied for user 'app'@'172.18.0.3' (using password: YES)",
    number: 1045,
    kind: 'authentication',
    cause: /refuses "app" with this password/,
    ...mysql,
  },
  {
    text: "Unknown database 'shop'",
    number: 1049,
    kind: 'configuration',
    cause: /no database "app"/,
    ...mysql,
  },
  { text: 'Too many connections', number: 1040, kind: 'temporary', cause: /no free connection/, ...mysql },
  {
    text: "Host '10.0.0.9' is not allowed to connect to this MySQL server",
    number: 1130,
    kind: 'configuration',
    cause: /nobody in from this address/,
    ...mysql,
  },
  {
    text: "Can't connect to server on 'db' (115)",
    number: 2002,
    kind: 'temporary',
    cause: /Nothing listens at db:3306/,
    ...mysql,
  },
  {
    text: "Can't connect to MySQL server on 'db' ([Errno 111] Connection refused)",
    number: 2003,
    kind: 'temporary',
    cause: /Nothing listens at db:3306/,
    ...mysql,
  },
  {
    text: "Can't connect to MySQL server on 'db' (timed out)",
    number: 2003,
    kind: 'temporary',
    cause: /db:3306 does not answer/,
    ...mysql,
  },
  {
    text: "Can't connect to MySQL server on 'db' ([Errno -2] Name or service not known)",
    number: 2003,
    kind: 'temporary',
    cause: /No service called db/,
    ...mysql,
  },
  {
    text: "Unknown server host 'mysql.example.org' (-2)",
    number: 2005,
    kind: 'configuration',
    cause: /no host mysql\.example\.org/,
    host: 'mysql.example.org',
    port: '',
  },
  {
    text: "Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)",
    number: 2002,
    kind: 'configuration',
    cause: /looks for a socket/,
    host: 'localhost',
    port: '',
  },
  {
    text: 'Lost connection to server during query',
    number: 2013,
    kind: 'temporary',
    cause: /closed the connection/,
    ...mysql,
  },
  { text: 'attempt to write a readonly database', kind: 'configuration', cause: /cannot be written to: app/ },
  { text: 'unable to open database file', kind: 'configuration', cause: /cannot be opened: app/ },
  { text: 'database is locked', kind: 'temporary', cause: /Another process writes/ },
  { text: 'no such table: auth_user', kind: 'schema', cause: /table "auth_user" is not there/ },
  { text: 'file is not a database', kind: 'configuration', cause: /no SQLite database/ },
];

/** Errors as Django raises them: around the driver's own, which has the number and the SQLSTATE. */
const EXPLAIN = [
  '[',
  '  [',
  '    (driver := type("OperationalError", (Exception,), {"sqlstate": case["sqlstate"]})(',
  '      *([case["number"]] if case["number"] else []), case["text"])),',
  '    (error := Exception(*driver.args)),',
  '    setattr(error, "__cause__", driver),',
  '    script.explain(error, case["settings"])._asdict(),',
  '  ][-1] for case in given',
  ']',
].join('\n');

async function explain(items: readonly Case[]): Promise<Record<string, string>[]> {
  const cases = items.map(
    ({ text, number = null, sqlstate = null, host = 'db', port = '5432', user = 'app' }) => {
      const settings = { HOST: host, PORT: port, USER: user, NAME: 'app', PASSWORD: 'correct-horse' };
      return { text, number, sqlstate, settings };
    },
  );
  return (await ask(EXPLAIN, cases)) as Record<string, string>[];
}

const CASES = [...POSTGRESQL, ...OTHERS];
let explained: Promise<Record<string, string>[]> | undefined;

describe('an error', () => {
  it.each(CASES)('$kind: $text', async (item) => {
    explained ??= explain(CASES);
    const { kind, cause, mend = '', text } = (await explained)[CASES.indexOf(item)] ?? {};
    expect({ kind, cause }).toEqual({ kind: item.kind, cause: expect.stringMatching(item.cause) });
    expect(text).toContain(item.text.trim());
    if (kind !== 'unknown') expect(mend).not.toBe('');
    // One line each, short enough for a terminal and a log.
    for (const line of [cause, mend]) expect(line).toMatch(/^.{0,170}$/);
  });

  it.each([
    ["Port could not be cast to integer value as 's3'", ''],
    ["netloc 'postgres:correct-horse℀@db' contains invalid characters under NFKC normalization", ''],
    ['This string is not a valid url, possibly because some of its parts is not properly quoted', ''],
  ])('of a URL that is read wrongly shows nothing of it: %s', async (message, shown) => {
    const [{ kind, cause, text } = {}] = await explain([{ text: message, kind: '', cause: /./ }]);
    expect({ kind, text }).toEqual({ kind: 'configuration', text: shown });
    expect(cause).toContain('reserved characters');
  });

  it('shows no password, whatever the driver says', async () => {
    const message =
      'bad: host=db password=correct-horse postgres://app:correct-horse@db/app and correct-horse again';
    const [{ cause, text } = {}] = await explain([{ text: message, kind: '', cause: /./ }]);
    expect(text).toBe('bad: host=db password=*** postgres://app:***@db/app and *** again');
    expect(cause).not.toContain('horse');
  });
});

describe('secrets', () => {
  it.each([
    {
      environment: { DATABASE_URL: 'postgres://u:s3%23cret%2Fp@h/d' },
      text: 'is s3%23cret%2Fp or s3#cret/p',
    },
    {
      environment: { DATABASE_URL: 'postgres://u:s3cret/pass#word@h/d' },
      text: 'is s3cret or s3cret/pass#word',
    },
    { environment: { DB_PASSWORD: 'hunter-2-hunter' }, text: 'is hunter-2-hunter or "hunter-2-hunter"' },
  ])('of $environment are known', async ({ environment, text }) => {
    const masked = await ask('script.mask(given[1], script.known_secrets({}, given[0]))', [
      environment,
      text,
    ]);
    expect(masked).toMatch(/^is \*\*\* or "?\*\*\*"?$/);
  });

  it('that are short are no part of other words', async () => {
    const settings = { PASSWORD: 'app' };
    const masked = await ask(
      'script.mask("app: the application", script.known_secrets(given, {}))',
      settings,
    );
    expect(masked).toBe('***: the application');
  });

  it('that are the user’s name, as locally, are none', async () => {
    const settings = { PASSWORD: 'postgres', USER: 'postgres' };
    expect(await ask('script.mask("user postgres", script.known_secrets(given, {}))', settings)).toBe(
      'user postgres',
    );
  });
});

const PARSE = 'script.parse_url(given)';
const PARSE_ERROR = [
  '[',
  '  (errors := []),',
  '  (attempt := lambda: script.parse_url(given)),',
  '  exec("try:\\n attempt()\\nexcept script.UrlError as error:\\n errors.append(str(error))",',
  '       {"attempt": attempt, "script": script, "errors": errors}),',
  '  errors,',
  '][-1]',
].join('\n');

describe('a database URL', () => {
  it.each([
    {
      url: `postgresql://postgres.ref:pass@${POOLER}:5432/postgres?sslmode=require`,
      entry: { USER: 'postgres.ref', PASSWORD: 'pass', HOST: POOLER, PORT: '5432', NAME: 'postgres' },
      options: { sslmode: 'require' },
    },
    {
      url: 'postgres://app:p%40ss%2Fw%23rd%25@db/app',
      entry: { USER: 'app', PASSWORD: 'p@ss/w#rd%', HOST: 'db', PORT: '', NAME: 'app' },
      options: {},
    },
    {
      url: 'postgres://app:p@ss/w#r:d?@db:6543/app',
      entry: { USER: 'app', PASSWORD: 'p@ss/w#r:d?', HOST: 'db', PORT: '6543', NAME: 'app' },
      options: {},
    },
    {
      url: 'postgres://app:x@[2600:1f18::6]:5432/app?options=-c%20search_path%3Dx',
      entry: { USER: 'app', PASSWORD: 'x', HOST: '2600:1f18::6', PORT: '5432', NAME: 'app' },
      options: { options: '-c search_path=x' },
    },
    {
      url: '"postgresql+psycopg://app@db/my%20db"',
      entry: { USER: 'app', PASSWORD: '', HOST: 'db', PORT: '', NAME: 'my db' },
      options: {},
    },
  ])('is read: $url', async ({ url, entry, options }) => {
    expect(await ask(PARSE, url)).toEqual(['postgresql', { ...entry, OPTIONS: options }, []]);
  });

  it('loses the parameters of other programs', async () => {
    const url =
      'postgres://a:b@h:5432/d?pgbouncer=true&supa=base-pooler.x&connection_limit=1&sslmode=require&new=1';
    const [, entry, foreign] = (await ask(PARSE, url)) as [string, { OPTIONS: unknown }, string[]];
    expect(entry.OPTIONS).toEqual({ sslmode: 'require' });
    expect(foreign).toEqual(['pgbouncer', 'supa', 'connection_limit', 'new']);
  });

  it.each([
    ['postgres://app:correct-horse@h1:5432,h2:5432/app', 'is not of the form'],
    ['app:correct-horse@db/app', 'is not of the form'],
    ['redis://app:correct-horse@db/app', 'must begin with postgresql://'],
    ['postgres://app:correct-horse@/app', 'has no host'],
    ['postgres://app:correct-horse@db', 'has no database name'],
    ['postgres://app:correct-horse@db:port/app', 'is not of the form'],
  ])('is refused without a word of the password: %s', async (url, message) => {
    const [error] = (await ask(PARSE_ERROR, url)) as string[];
    expect(error).toContain(message);
    expect(error).not.toContain('horse');
  });
});

describe('a placeholder', () => {
  it.each([
    [{ HOST: 'COPY-FROM-DASHBOARD.pooler.supabase.com' }, 'COPY-FROM-DASHBOARD'],
    [{ HOST: POOLER, USER: 'postgres.YOUR-PROJECT-REF' }, 'YOUR-PROJECT-REF'],
    [{ HOST: POOLER, USER: 'postgres.x', PASSWORD: '[YOUR-PASSWORD]' }, '[YOUR-PASSWORD]'],
    [{ HOST: POOLER, PASSWORD: '%5BYOUR-PASSWORD%5D' }, '[YOUR-PASSWORD]'],
    [{ HOST: POOLER, PASSWORD: 'YOUR-PASSWORD' }, 'YOUR-PASSWORD'],
  ])('is seen in %j', async (settings, placeholder) => {
    const environment = Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`SUPABASE_DB_${name}`, value]),
    );
    const found = await ask('script.placeholder_in_settings(*given)', [settings, environment]);
    expect(found).toEqual([expect.stringMatching(/^SUPABASE_DB_(HOST|USER|PASSWORD)$/), placeholder]);
  });

  it.each([
    'postgresql://postgres:[YOUR-PASSWORD]@db.abc.supabase.co:5432/postgres',
    'postgresql://postgres.YOUR-PROJECT-REF:x@aws-0.pooler.supabase.com:5432/postgres',
    '"postgres://postgres:%5BYOUR-PASSWORD%5D@h/d"',
  ])('is seen in a URL before anything reads it: %s', async (url) => {
    const environment = { SUPABASE_URL: 'https://YOUR-PROJECT-REF.supabase.co', DATABASE_URL: url };
    const found = await ask('script.placeholder_in_environment(given)', environment);
    expect(found).toEqual(['DATABASE_URL', expect.stringMatching(/YOUR-/)]);
  });

  it('is none in real values', async () => {
    const settings = { HOST: POOLER, USER: 'postgres.abc', PASSWORD: 'my-password', NAME: 'postgres' };
    expect(await ask('script.placeholder_in_settings(given, {})', settings)).toBeNull();
  });
});
