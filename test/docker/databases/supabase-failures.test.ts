import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, engine } from '../docker.ts';
import type { Finding } from './advisor.ts';
import { addressOf, makeApplication, type Application } from './application.ts';
import { startBench, type Bench } from './bench.ts';
import { startGateway, type Gateway } from './gateway.ts';

const MINUTES = 60_000;
const WRONG = 'wr0ng-passw0rd/of%me';
const seconds = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * 1000));

describe.skipIf(engine === null)('what goes wrong with Supabase', { timeout: 5 * MINUTES }, () => {
  let bench: Bench;
  let application: Application;

  beforeAll(() => {
    bench = startBench('failures');
    application = makeApplication('failures', bench, 'psycopg 3', 'separate variables');
    const built = application.compose(['build']);
    if (built.status !== 0) throw new Error(built.output.slice(-4000));
    // The application as it is when all is well.
    application.setAddress(addressOf(bench, 'session'));
    const migrated = application.migrate();
    if (migrated.status !== 0) throw new Error(migrated.output);
    envWhenAllIsWell = readFileSync(join(application.folder, '.env'), 'utf8');
  }, 10 * MINUTES);
  let envWhenAllIsWell = '';
  afterEach(async () => {
    application.down();
    await bench.pooler.reset();
    writeFileSync(join(application.folder, '.env'), envWhenAllIsWell);
  });
  afterAll(() => {
    application?.remove();
    bench?.stop();
  });

  /** Of the advisor's findings those about security: that indexes of a new table are unused is no finding of ours. */
  const security = (): Finding[] =>
    bench.findings().filter(({ categories }) => categories.includes('SECURITY'));

  /** What the one-shot service and the check say; none of them holds a password. */
  const outputs = (extra: Record<string, string> = {}): { migrate: string; verify: string } => {
    application.set({ DB_WAIT_SECONDS: '2', ...extra });
    const migrated = application.migrate();
    const verified = application.verify();
    expect(migrated.status, migrated.output).toBe(1);
    expect(verified.status, verified.output).toBe(1);
    for (const { output } of [migrated, verified]) {
      expect(output).not.toContain(bench.password);
      expect(output).not.toContain(WRONG);
    }
    return { migrate: migrated.output, verify: verified.output };
  };

  it('a fresh project: the advisor has nothing to say, and the server is verified', () => {
    expect(security()).toEqual([]);
    application.set({ PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/bench/ca.crt' });
    expect(application.migrate().status).toBe(0);
    const verified = application.verify();
    expect(verified.status, verified.output).toBe(0);
    expect(verified.output).toMatch(/TLS: .*verify-full/);
    const { failed, checks } = JSON.parse(application.verify(['--json']).stdout) as {
      failed?: boolean;
      checks: { name: string; result: string }[];
    };
    expect(failed ?? false).toBe(false);
    expect(checks.every(({ result }) => result === 'ok')).toBe(true);
  });

  it('a wrong password: one attempt, whatever restarts', async () => {
    application.setAddress({ ...addressOf(bench, 'session'), password: WRONG });
    const up = application.up();
    expect(up.status).not.toBe(0);
    await seconds(15);
    const { attempts } = await bench.pooler.state();
    expect(attempts).toEqual({ [`postgres.${bench.ref}`]: 1 });
    const logs = application.compose(['logs', 'migrate']).output;
    expect(logs).toMatch(/refuses "postgres\.\w+" with this password/);
    expect(logs).toMatch(/mend \| Correct the password in \.env and start once/);
    expect(logs).not.toContain(WRONG);
    // Nothing that would try again has been started.
    const running = application.compose(['ps', '--status', 'running', '--quiet']).stdout.trim();
    expect(running).toBe('');
  });

  it('a wrong password on the direct host: one log-in at the server', () => {
    application.setAddress({ ...addressOf(bench, 'direct'), password: WRONG });
    const before = bench.logins('postgres').failed;
    expect(application.up().status).not.toBe(0);
    expect(bench.logins('postgres').failed - before).toBe(1);
  });

  it('a user without the project’s reference', () => {
    application.setAddress({ ...addressOf(bench, 'session'), user: 'postgres' });
    const { migrate, verify } = outputs();
    for (const text of [migrate, verify]) {
      expect(text).toMatch(
        /The user "postgres" does not say which project|needs the user postgres\.PROJECT-REF/,
      );
      expect(text).toMatch(/Copy the whole string again from the dashboard/);
    }
  });

  it.each([
    ['as Supavisor says it today', {}],
    ['as it said it before', { project: 'old' } as const],
  ])('another pooler’s host, %s', async (_, knobs) => {
    await bench.pooler.set(knobs);
    const host = 'project' in knobs ? bench.hosts.pooler : bench.hosts.wrongPooler;
    application.setAddress({ ...addressOf(bench, 'session'), host });
    const { migrate, verify } = outputs();
    for (const text of [migrate, verify]) {
      expect(text).toMatch(/does not know "postgres\.\w+": the wrong host/);
      expect(text).toMatch(/never build it/);
    }
  });

  it('the direct host, which has an IPv6 address only', () => {
    application.setAddress({ ...addressOf(bench, 'direct'), host: bench.hosts.ipv6Only });
    const { migrate, verify } = outputs();
    for (const text of [migrate, verify]) {
      expect(text).toMatch(/has only an IPv6 address, which Docker's networks do not reach/);
      expect(text).toMatch(/Use the session pooler's string/);
    }
  });

  it('a paused project: its host is gone', () => {
    application.setAddress({ ...addressOf(bench, 'session'), host: bench.hosts.unresolvable });
    const { migrate, verify } = outputs();
    for (const text of [migrate, verify]) {
      expect(text).toMatch(/paused/);
      expect(text).toMatch(/Restore the project in the dashboard|session pooler's string/);
    }
  });

  it('a paused project: the pooler does not know it any more', async () => {
    await bench.pooler.set({ project: 'paused' });
    const { migrate } = outputs();
    expect(migrate).toMatch(/or a paused one/);
  });

  it('verify-full without the authority, or with another one', () => {
    const missing = outputs({ PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/nowhere/ca.crt' });
    for (const text of Object.values(missing)) {
      expect(text).toMatch(/The file \/nowhere\/ca\.crt with the certificate authority .* cannot be read/);
      expect(text).toMatch(/mend \| Mount it/);
    }
    // The real one of Supabase is in the image, and has not signed the bench.
    const other = outputs({ PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/app/docker/supabase-ca.crt' });
    for (const text of Object.values(other)) {
      expect(text).toMatch(/certificate is of no authority that this container trusts/);
      expect(text).toMatch(/Set PGSSLROOTCERT/);
    }
  });

  it('a schema that is not there: no table lands elsewhere', () => {
    application.set({ DB_SCHEMA: 'never_made' });
    const verified = application.verify();
    expect(verified.status).toBe(1);
    expect(verified.output).toMatch(/FAIL +schema: .*never_made/);
    expect(verified.output).toMatch(/docker compose run --rm migrate/);
    const tables = "select count(*) from pg_tables where tablename = 'django_migrations'";
    const before = bench.sql(tables);
    expect(application.migrate().status).toBe(0);
    expect(Number(bench.sql(tables))).toBe(Number(before) + 1);
    expect(bench.sql("select count(*) from pg_tables where schemaname in ('public', 'extensions')")).toBe(
      '0',
    );
    expect(security()).toEqual([]);
  });

  it('a pool that is full: waits, then says so', async () => {
    await bench.pooler.set({ poolSize: 0 });
    const { migrate, verify } = outputs();
    expect(migrate).toMatch(/wait +database: All clients that the session pooler lets in are taken/);
    for (const text of [migrate, verify]) {
      expect(text).toMatch(/All clients that the session pooler lets in are taken/);
      expect(text).toMatch(/Fewer workers or threads/);
    }
  });

  it('a server that starts: is waited for', async () => {
    await bench.pooler.set({ project: 'starting' });
    application.set({ DB_WAIT_SECONDS: '60' });
    const later = seconds(4).then(() => bench.pooler.set({ project: 'running' }));
    // Compose in the background, so that the pooler can be set meanwhile.
    application.compose(['up', '--detach', 'migrate']);
    await later;
    const waited = application.compose(['wait', 'migrate']);
    const logs = application.compose(['logs', 'migrate']).output;
    expect(logs, waited.output).toMatch(/wait +database: The server is starting/);
    expect(logs).toMatch(/No migrations to apply|Applying/);
  });

  it('an address that the pooler has locked out', async () => {
    await bench.pooler.set({ breakerFailures: 1 });
    application.setAddress({ ...addressOf(bench, 'session'), password: WRONG });
    application.migrate();
    const { migrate } = outputs();
    expect(migrate).toMatch(/the pooler has blocked this address for a while/);
    expect(migrate).toMatch(/wait two minutes, start once/);
  });

  it('network restrictions', async () => {
    await bench.pooler.set({ allowList: ['203.0.113.7/32'] });
    expect(outputs().migrate).toMatch(/network restrictions do not let this address in/);
  });

  it('TLS that is demanded: no variable can switch it off', async () => {
    await bench.pooler.set({ sslRequired: true });
    application.set({ PGSSLMODE: 'disable' });
    const migrated = application.migrate();
    expect(migrated.status, migrated.output).toBe(0);
    expect(application.verify().output).toMatch(/ok +TLS: .*sslmode=require/);
  });

  it('the placeholders of .env.example: no connection is tried', async () => {
    application.setAddress({
      ...addressOf(bench, 'session'),
      host: 'COPY-FROM-DASHBOARD.pooler.supabase.com',
    });
    const { migrate, verify } = outputs();
    for (const text of [migrate, verify])
      expect(text).toMatch(/DB_HOST still holds the placeholder COPY-FROM-DASHBOARD/);
    expect((await bench.pooler.state()).attempts).toEqual({});
  });

  /** `backendai-docker supabase` against a double of the gateway, which asks the bench's database. */
  const checkKeys = async (gateway: Gateway, secret: string): Promise<{ status: number; output: string }> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [join(ROOT, 'dist/bin/backendai-docker.js'), 'supabase', '--json'],
        {
          cwd: application.folder,
          env: {
            ...process.env,
            SUPABASE_URL: gateway.url,
            SUPABASE_PUBLISHABLE_KEY: gateway.keys.publishable,
            SUPABASE_SECRET_KEY: secret,
          },
        },
        (error, stdout, stderr) =>
          resolve({ status: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      );
    });

  it('keys that are wrong, or of the wrong level', async () => {
    const gateway = await startGateway(bench.query);
    try {
      expect(await checkKeys(gateway, gateway.keys.secret)).toMatchObject({ status: 0 });
      const level = await checkKeys(gateway, gateway.keys.publishable);
      expect(level.status).toBe(1);
      expect(level.output).toMatch(/publishable/);
      const wrong = await checkKeys(
        gateway,
        gateway.keys.secret.replace(/.$/, (end) => (end === 'x' ? 'y' : 'x')),
      );
      expect(wrong.status).toBe(1);
      gateway.set({ legacyKeys: 'disabled' });
      const legacy = await checkKeys(gateway, gateway.keys.serviceRole);
      expect(legacy.status).toBe(1);
      expect(legacy.output).toMatch(/[Ll]egacy/);
    } finally {
      await gateway.stop();
    }
  });

  it('tables in public: told, closed, or moved with their rows', async () => {
    application.set({ DB_SCHEMA: 'public' });
    const migrated = application.migrate();
    expect(migrated.status, migrated.output).toBe(0);
    expect(migrated.output).toMatch(/WARN/);
    expect(security().some(({ level, name }) => level === 'ERROR' && /rls|sensitive/.test(name))).toBe(true);
    const open = application.verify();
    expect(open.status).toBe(1);
    expect(open.output).toMatch(/FAIL +Data API: [^]*auth_user/);
    expect(open.output).toMatch(/--close-public/);
    const gateway = await startGateway(bench.query);
    const exposed = await checkKeys(gateway, gateway.keys.secret);
    expect(exposed.output).toMatch(/auth_user/);

    // Another schema now would show an empty site.
    application.set({ DB_SCHEMA: 'moved' });
    const stopped = application.migrate();
    expect(stopped.status).toBe(1);
    expect(stopped.output).toMatch(/Django's tables are already in "public", but DB_SCHEMA=moved/);

    application.set({ DB_SCHEMA: 'public' });
    const script = ['python', '/app/docker/migrate_database.py'];
    const shown = application.migrate([...script, '--close-public', '--sql']);
    expect(shown.output).toMatch(/revoke all on table public\."?auth_user"? from/);
    expect(application.verify().status).toBe(1);
    const closed = application.migrate([...script, '--close-public']);
    expect(closed.status, closed.output).toBe(0);
    expect(application.verify().output).not.toMatch(/FAIL/);
    expect(security().filter(({ level }) => level !== 'INFO')).toEqual([]);
    const safe = await checkKeys(gateway, gateway.keys.secret);
    await gateway.stop();
    expect(safe.status, safe.output).toBe(0);
    expect(safe.output).not.toBe(exposed.output);

    application.set({ DB_SCHEMA: 'moved' });
    const moved = application.migrate([...script, '--move-to-schema']);
    expect(moved.status, moved.output).toBe(0);
    expect(bench.sql('select count(*) from moved.patients_patient')).toBe('500');
    const again = application.migrate();
    expect(again.status, again.output).toBe(0);
    expect(application.verify().output).not.toMatch(/FAIL/);
    // Row level security stays on where it was switched on: an INFO.
    expect(security().filter(({ level }) => level !== 'INFO')).toEqual([]);
  });

  it('the dedicated pooler: what the role brings along is set, told, and taken back', () => {
    application.setAddress(addressOf(bench, 'dedicated'));
    application.set({ DB_SCHEMA: 'first_schema' });
    const first = application.migrate();
    expect(first.status, first.output).toBe(0);
    expect(application.verify().status).toBe(0);
    // The pooler still holds connections of before.
    application.set({ DB_SCHEMA: 'second_schema' });
    const second = application.migrate();
    expect(second.output).toMatch(/WARN +schema: postgres had the search_path .*first_schema/);
    expect(second.output).toMatch(/idle connections with the old path were closed/);
    const verified = application.verify();
    expect(verified.status, verified.output).toBe(0);
    // Back to public, over the session pooler: the role must not send the tables elsewhere.
    application.setAddress(addressOf(bench, 'session'));
    application.set({ DB_SCHEMA: 'public' });
    expect(application.verify().output).toMatch(
      /FAIL +schema: tables are in second_schema, DB_SCHEMA is public/,
    );
    const back = application.migrate();
    expect(back.status, back.output).toBe(0);
    expect(back.output).toMatch(/search_path \(second_schema\) is reset/);
    expect(
      bench.sql(
        "select count(*) from pg_tables where schemaname = 'public' and tablename = 'patients_patient'",
      ),
    ).toBe('1');
  });

  it('a password that breaks the URL: no piece of it is shown', async () => {
    const broken = makeApplication('broken', bench, 'psycopg2', 'DATABASE_URL');
    try {
      expect(broken.compose(['build']).status).toBe(0);
      broken.set({
        DATABASE_URL: `postgres://postgres.${bench.ref}:12345/secretrest@${bench.hosts.pooler}:5432/postgres`,
      });
      for (const { status, output } of [broken.migrate(), broken.verify()]) {
        expect(status).toBe(1);
        expect(output).not.toContain('secretrest');
        expect(output).toMatch(/URL cannot be read|reserved character/);
      }
      expect((await bench.pooler.state()).attempts).toEqual({});
    } finally {
      broken.remove();
    }
  });
});
