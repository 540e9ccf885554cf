import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, engine, ROOT } from '../docker.ts';
import { advisorFindings, type Finding } from './advisor.ts';
import { startBench, type Bench, type Mode, type PoolerKnobs, type UrlOptions } from './bench.ts';
import { startGateway, type Gateway } from './gateway.ts';

const CLOUD_MODES: Mode[] = ['session', 'transaction', 'direct', 'dedicated'];
const VERIFY = 'sslmode=verify-full&sslrootcert=/bench/ca.crt';

let bench: Bench;

/** What a client says that tries to connect with psycopg: `connected`, or the error's text. */
function attempt(mode: Mode, options: UrlOptions = {}, hosts: Record<string, string> = {}): string {
  return python(
    `
import psycopg
try:
    psycopg.connect(${JSON.stringify(bench.url(mode, { query: 'sslmode=require', ...options }))}).close()
    print("connected")
except psycopg.OperationalError as error:
    print(error)
`,
    hosts,
  );
}

function python(code: string, hosts: Record<string, string> = {}): string {
  const { status, output } = bench.python(code, { hosts });
  if (status !== 0) throw new Error(output);
  return output.trim();
}

const publicTables = (findings: Finding[]): Finding[] =>
  findings.filter(({ name }) => name === 'rls_disabled_in_public');

describe.skipIf(engine === null)('the bench for databases', { timeout: 60_000 }, () => {
  beforeAll(() => {
    bench = startBench('self-test');
  }, 600_000);
  afterEach(async () => {
    await bench.pooler.reset();
  });
  afterAll(() => {
    bench.stop();
    const left = ['container', 'network', 'volume'].map((kind) =>
      answerOf(ROOT, 'docker', [
        kind,
        'ls',
        '--quiet',
        ...(kind === 'container' ? ['--all'] : []),
        '--filter',
        `label=com.docker.compose.project=${bench.project}`,
      ]),
    );
    expect(left).toEqual(['', '', '']);
  });

  describe('connections', () => {
    it.each(CLOUD_MODES)('%s: both drivers connect with verify-full, and see their own TLS', (mode) => {
      const answer = python(`
import psycopg, psycopg2
url = ${JSON.stringify(bench.url(mode, { query: VERIFY }))}
with psycopg.connect(url) as c:
    print(c.execute("SELECT current_user, current_schema()").fetchone(), c.pgconn.ssl_in_use)
c = psycopg2.connect(url)
print(c.info.ssl_in_use)
with psycopg.connect(url.replace("verify-full", "disable")) as c:
    print(c.pgconn.ssl_in_use)
`);
      expect(answer.split('\n')).toEqual(["('postgres', 'public') True", 'True', 'False']);
    });

    it('refuses verify-full with another authority, a missing file and under another name', () => {
      expect(attempt('session', { query: 'sslmode=verify-full&sslrootcert=system' })).toMatch(
        /SSL error: certificate verify failed/,
      );
      expect(attempt('session', { query: 'sslmode=verify-full&sslrootcert=/bench/gone.crt' })).toMatch(
        /root certificate file "\/bench\/gone.crt" does not exist/,
      );
      expect(attempt('session', { query: VERIFY, host: 'supabase-pooler' })).toMatch(
        /server certificate for "\*\.pooler\.supabase\.com".* does not match host name "supabase-pooler"/,
      );
    });

    it.each(['session', 'transaction'] as const)(
      '%s: of the options only search_path is kept, for each path a pool of its own',
      (mode) => {
        const answer = python(`
import psycopg
for path in ("extensions,public", '"$user",public', None, "extensions,public"):
    options = f"-c search_path={path} -c statement_timeout=1234" if path else ""
    with psycopg.connect(${JSON.stringify(bench.url(mode))}, options=options, prepare_threshold=None) as c:
        print(*c.execute("SELECT current_setting('search_path'), current_setting('statement_timeout')").fetchone())
`);
        expect(answer.split('\n')).toEqual([
          'extensions,public 2min',
          '"$user",public 2min',
          '"$user", public, extensions 2min',
          'extensions,public 2min',
        ]);
      },
    );

    it('local: has no TLS, at its name and at an address that a container is given for it', () => {
      expect(attempt('local', { query: 'sslmode=prefer' })).toBe('connected');
      expect(attempt('local')).toMatch(/server does not support SSL, but SSL was required/);
      const hosts = { 'host.docker.internal': bench.poolerAddress };
      expect(attempt('local', { query: 'sslmode=disable' }, hosts)).toBe('connected');
    });

    it('takes all options at the direct host, and none at the dedicated pooler', () => {
      const query = 'options=-c%20search_path%3Dextensions';
      expect(attempt('direct', { query })).toBe('connected');
      expect(attempt('dedicated', { query })).toMatch(/unsupported startup parameter.*options/);
    });

    it.each([
      ['session', 'row 2'],
      ['direct', 'row 2'],
      ['transaction', 'InvalidCursorName: cursor "rows" does not exist'],
      ['dedicated', 'InvalidCursorName: cursor "rows" does not exist'],
    ] as const)('%s: a cursor on the server under load: %s', (mode, expected) => {
      const answer = python(`
import psycopg
url = ${JSON.stringify(bench.url(mode))}
with psycopg.connect(url, autocommit=True) as reader, psycopg.connect(url) as other:
    cursor = reader.cursor("rows", withhold=True)
    cursor.execute("SELECT generate_series(1, 10)")
    cursor.fetchone()
    # The other client's transaction keeps the connection that the first one had.
    other.execute("SELECT 1")
    try:
        print("row", cursor.fetchone()[0])
    except psycopg.Error as error:
        print(f"{type(error).__name__}: {error}")
`);
      expect(answer).toContain(expected);
    });

    it('cannot reach a host that has IPv6 only, and cannot find one that is gone', () => {
      expect(attempt('direct', { host: bench.hosts.ipv6Only }, bench.extraHosts)).toMatch(
        /2001:db8.*(Network is unreachable|Cannot assign requested address)/,
      );
      expect(attempt('direct', { host: bench.hosts.unresolvable })).toMatch(
        /failed to resolve host '.*': \[Errno -[235]\]/,
      );
    });
  });

  describe('refusals of the shared pooler', () => {
    const cases: [title: string, text: RegExp, mode: Mode, options: UrlOptions, knobs: PoolerKnobs][] = [
      [
        'a user without a reference',
        /FATAL: {2}\(ENOIDENTIFIER\) no tenant identifier provided \(external_id or sni_hostname required\)/,
        'session',
        { user: 'postgres' },
        {},
      ],
      [
        'a pooler that does not know the project',
        /FATAL: {2}\(ENOTFOUND\) tenant\/user postgres\.[a-z]{20} not found/,
        'session',
        { host: 'aws-0-eu-west-1.pooler.supabase.com' },
        {},
      ],
      [
        'a paused project',
        /\(ENOTFOUND\) tenant\/user postgres\.[a-z]{20} not found/,
        'transaction',
        {},
        { project: 'paused' },
      ],
      ['the old words', /FATAL: {2}Tenant or user not found/, 'session', {}, { project: 'old' }],
      [
        'a server that starts',
        /FATAL: {2}the database system is starting up/,
        'session',
        {},
        { project: 'starting' },
      ],
      [
        'no TLS where it is enforced',
        /\(ESSLREQUIRED\) SSL connection is required for user: postgres/,
        'session',
        { query: 'sslmode=disable' },
        { sslRequired: true },
      ],
      [
        'no TLS where it is wanted',
        /server does not support SSL, but SSL was required/,
        'session',
        {},
        { tls: false },
      ],
      [
        'an address that is not on the list',
        /\(EADDRNOTALLOWED\) address not in tenant allow_list: \{\d+, \d+, \d+, \d+\}/,
        'session',
        {},
        { allowList: ['192.0.2.1'] },
      ],
      [
        'a full pool',
        /\(EMAXCONNSESSION\) max clients reached in session mode - max clients are limited to pool_size: 0/,
        'session',
        {},
        { poolSize: 0 },
      ],
      [
        'a full pool, after a wait',
        /\(ECHECKOUTTIMEOUT\) unable to check out connection from the pool after 300ms in Session mode/,
        'session',
        {},
        { poolSize: 0, fullPool: 'queue', checkoutTimeout: 300 },
      ],
      [
        'too many clients',
        /\(EMAXCONN\) max client connections reached, limit: 0/,
        'transaction',
        {},
        { maxClients: 0 },
      ],
      ['a closed port', /Connection refused/, 'session', {}, { refuseConnections: true }],
      [
        'a wrong password',
        /FATAL: {2}password authentication failed for user "postgres"/,
        'session',
        { password: 'wrong' },
        {},
      ],
      [
        'a wrong password in transaction mode',
        /FATAL: {2}password authentication failed for user "postgres"/,
        'transaction',
        { password: 'wrong' },
        {},
      ],
    ];
    it.each(cases)('%s', async (_, text, mode, options, knobs) => {
      await bench.pooler.set(knobs);
      expect(attempt(mode, options)).toMatch(text);
      await bench.pooler.reset();
      expect(attempt(mode)).toBe('connected');
    });

    it('lets exactly as many clients in as the pool has places, and the next once one leaves', async () => {
      await bench.pooler.set({ poolSize: 2 });
      const answer = python(`
import psycopg, time
url = ${JSON.stringify(bench.url('session', { query: 'sslmode=require' }))}
first, second = psycopg.connect(url), psycopg.connect(url)
try:
    psycopg.connect(url)
except psycopg.OperationalError as error:
    print(error)
# Another search_path is another pool.
psycopg.connect(url, options="-c search_path=extensions").close()
first.close()
time.sleep(0.3)
psycopg.connect(url).close()
print("connected")
`);
      expect(answer).toMatch(/pool_size: 2[^]*connected$/);
      expect((await bench.pooler.state()).refusals).toEqual({
        [`postgres.${bench.ref}: EMAXCONNSESSION`]: 1,
      });
    });

    it('keeps a client waiting until there is a place', async () => {
      await bench.pooler.set({ poolSize: 1, fullPool: 'queue', checkoutTimeout: 20_000 });
      const answer = python(`
import psycopg, threading, time
url = ${JSON.stringify(bench.url('session'))}
first = psycopg.connect(url)
threading.Timer(1, first.close).start()
start = time.monotonic()
psycopg.connect(url).close()
print(time.monotonic() - start)
`);
      expect(Number(answer)).toBeGreaterThan(0.8);
      expect(Number(answer)).toBeLessThan(10);
    });
  });

  describe('counted attempts', () => {
    it('counts each password that was tried, by user', async () => {
      const user = `postgres.${bench.ref}`;
      attempt('session', { password: 'wrong' });
      expect(await bench.pooler.state()).toMatchObject({
        attempts: { [user]: 1 },
        wrongPasswords: { [user]: 1 },
      });
      attempt('transaction');
      attempt('session', { user: 'postgres' });
      expect(await bench.pooler.state()).toMatchObject({
        attempts: { [user]: 2 },
        wrongPasswords: { [user]: 1 },
        refusals: { [`${user}: 28P01`]: 1, 'postgres: ENOIDENTIFIER': 1 },
      });
      expect(await bench.pooler.reset()).toMatchObject({ attempts: {}, wrongPasswords: {}, refusals: {} });
    });

    it('shows that libpq tries twice under sslmode=prefer, its default', async () => {
      attempt('session', { password: 'wrong', query: 'sslmode=prefer' });
      expect((await bench.pooler.state()).wrongPasswords).toEqual({ [`postgres.${bench.ref}`]: 2 });
    });

    it('counts at the database too', () => {
      const before = bench.logins('postgres');
      attempt('direct');
      attempt('direct', { password: 'wrong' });
      expect(bench.logins('postgres')).toEqual({
        succeeded: before.succeeded + 1,
        failed: before.failed + 1,
      });
    });

    it('locks an address out after ten wrong passwords, whatever it sends then, until the time is over', async () => {
      const tries = (password: string, count: number): string => `
for _ in range(${count}):
    try:
        psycopg.connect(${JSON.stringify(bench.url('session', { password, query: 'sslmode=require' }))}).close()
        print("connected")
    except psycopg.OperationalError as error:
        print(error)
`;
      await bench.pooler.set({ breakerBlock: 2 });
      const right = tries(bench.password, 1);
      const lines = python(`import psycopg, time${tries('wrong', 10)}${right}time.sleep(2.2)${right}`).split(
        '\n',
      );
      expect(lines.filter((line) => /password authentication failed/.test(line))).toHaveLength(10);
      expect(lines.slice(10).join('\n')).toMatch(
        /^.*\(ECIRCUITBREAKER\) too many authentication failures, new connections are temporarily blocked\s+connected$/,
      );
    });
  });

  describe('the data API', () => {
    let gateway: Gateway;
    const ask = async (path: string, key: string | null, headers: Record<string, string> = {}) => {
      const response = await fetch(`${gateway.url}${path}`, {
        headers: { ...(key === null ? {} : { apikey: key }), ...headers },
      });
      return { status: response.status, body: await response.json() };
    };
    beforeAll(async () => {
      gateway = await startGateway(bench.query);
      bench.sql(
        'CREATE TABLE public.open_table (id int PRIMARY KEY); INSERT INTO public.open_table VALUES (7)',
        'postgres',
      );
      bench.setGrants('2026');
      bench.sql('CREATE TABLE public.closed_table (id int PRIMARY KEY)', 'postgres');
      bench.setGrants('legacy');
      bench.sql('CREATE TABLE public.guarded_table (id int PRIMARY KEY)', 'postgres');
      bench.sql('ALTER TABLE public.guarded_table ENABLE ROW LEVEL SECURITY', 'postgres');
      bench.sql(
        'CREATE SCHEMA django CREATE TABLE auth_user (id int PRIMARY KEY, password text)',
        'postgres',
      );
    });
    afterAll(() => gateway.stop());

    it('tells open, closed, guarded, private and unknown tables apart, as the public asks', async () => {
      const { publishable, secret } = gateway.keys;
      expect(await ask('/rest/v1/open_table?select=*&limit=1', publishable)).toEqual({
        status: 200,
        body: [{ id: 7 }],
      });
      expect(await ask('/rest/v1/closed_table?limit=1', publishable)).toMatchObject({
        status: 401,
        body: { code: '42501', message: 'permission denied for table closed_table' },
      });
      expect(await ask('/rest/v1/closed_table?limit=1', secret)).toMatchObject({ status: 403 });
      expect(await ask('/rest/v1/guarded_table', publishable)).toEqual({ status: 200, body: [] });
      expect(await ask('/rest/v1/auth_user', publishable)).toMatchObject({
        status: 404,
        body: { code: 'PGRST205' },
      });
      expect(await ask('/rest/v1/auth_user', publishable, { 'accept-profile': 'django' })).toMatchObject({
        status: 406,
        body: { code: 'PGRST106' },
      });
      gateway.set({ dataApi: 'off' });
      expect(await ask('/rest/v1/open_table', publishable)).toMatchObject({
        status: 503,
        body: { code: 'PGRST002' },
      });
      gateway.set({ dataApi: 'on' });
    });

    it('answers keys as the gateway does', async () => {
      const { publishable, secret, anon, serviceRole } = gateway.keys;
      const health = '/auth/v1/health';
      for (const key of [publishable, secret, anon, serviceRole])
        expect(await ask(health, key)).toMatchObject({ status: 200, body: { name: 'GoTrue' } });
      expect(await ask(health, null)).toMatchObject({
        status: 401,
        body: { message: 'No API key found in request' },
      });
      expect(await ask(health, 'sb_publishable_wrong')).toEqual({
        status: 401,
        body: {
          message: 'Invalid API key',
          hint: 'Double check your Supabase `anon` or `service_role` API key.',
        },
      });
      gateway.set({ legacyKeys: 'disabled', unknownKey: 'kong' });
      expect(await ask(health, anon)).toEqual({
        status: 401,
        body: { message: 'Legacy API keys are disabled' },
      });
      expect(await ask(health, 'x')).toMatchObject({
        body: { message: 'Invalid authentication credentials' },
      });
      gateway.set({ legacyKeys: 'enabled', unknownKey: 'invalid' });
    });

    it('tells the level of a key', async () => {
      const { publishable, secret, anon, serviceRole } = gateway.keys;
      const users = '/auth/v1/admin/users?page=1&per_page=1';
      expect(await ask(users, secret)).toMatchObject({ status: 200 });
      expect(await ask(users, serviceRole)).toMatchObject({ status: 200 });
      // supabase-js 2.119 throws without it.
      const answer = await fetch(`${gateway.url}${users}`, { headers: { apikey: secret } });
      expect(answer.headers.get('link')).toMatch(/^<[^=]+=1[^>]*>; rel="last"$/);
      expect(await ask(users, publishable)).toEqual({
        status: 403,
        body: { code: 403, error_code: 'not_admin', msg: 'User not allowed' },
      });
      expect(await ask(users, secret, { 'user-agent': 'Mozilla/5.0' })).toMatchObject({ status: 401 });
      expect(await ask('/rest/v1/', anon)).toMatchObject({
        status: 401,
        body: { message: 'Invalid API key' },
      });
      expect(await ask('/rest/v1/', publishable)).toMatchObject({
        status: 401,
        body: { message: 'Secret API key required' },
      });
      expect(await ask('/rest/v1/', secret)).toMatchObject({ status: 200, body: { swagger: '2.0' } });
      gateway.set({ buckets: ['media'] });
      expect((await ask('/storage/v1/bucket', secret)).body).toMatchObject([{ name: 'media' }]);
      expect((await ask('/storage/v1/bucket', publishable)).body).toEqual([]);
    });

    it('publishes the keys that sign tokens, to everyone', async () => {
      const jwks = '/auth/v1/.well-known/jwks.json';
      expect(await ask(jwks, null)).toMatchObject({
        status: 200,
        body: { keys: [{ alg: 'ES256', kty: 'EC' }] },
      });
      gateway.set({ jwks: 'empty' });
      expect((await ask(jwks, null)).body).toEqual({ keys: [] });
    });

    it("is what Supabase's own advisor warns of: the open table, no closed, guarded or private one", () => {
      const findings = bench.findings();
      expect(publicTables(findings).map(({ detail }) => detail)).toEqual([
        'Table `public.open_table` is public, but RLS has not been enabled.',
      ]);
      expect(findings.filter(({ name }) => name === 'rls_enabled_no_policy')).toHaveLength(1);
      expect(JSON.stringify(findings)).not.toContain('django');
    });

    it('says so where the advisor cannot log in, without the password', () => {
      const url = bench.url('direct', { published: true, password: 'not-this-one' });
      expect(() => advisorFindings(url)).toThrow(/supabase db advisors: exit [1-9]/);
      expect(() => advisorFindings(url)).not.toThrow(/not-this-one/);
    });
  });
});
