import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { readConnectionString } from '../../generators/app/database/connection-string.ts';
import {
  checkProject,
  judgeKey,
  type Check,
  type ProjectValues,
} from '../../generators/supabase/check-project.ts';
import { readProjectUrl, type ProjectUrl } from '../../generators/supabase/project-url.ts';
import { formatChecks, hasFailed } from '../../generators/supabase/report-checks.ts';
import {
  ANON,
  PUBLISHABLE,
  SECRET,
  SERVICE_ROLE,
  legacyKey,
  startGateway,
  type GatewayDouble,
  type GatewayState,
} from './gateway-double.ts';

let gateway: GatewayDouble | undefined;
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

function projectUrl(text: string): ProjectUrl {
  const read = readProjectUrl(text);
  if (read.kind === 'problem') throw new Error(read.message);
  return read;
}

/** The checks by the real client library against the double; every text must be free of the keys. */
async function checks(
  state: Partial<GatewayState>,
  values: Partial<ProjectValues> = {},
  milliseconds = 5000,
): Promise<Record<string, Check>> {
  gateway = await startGateway(state);
  const all = {
    url: projectUrl(gateway.url),
    publishableKey: PUBLISHABLE,
    secretKey: SECRET,
    connection: null,
    ...values,
  };
  const found = await checkProject(all, { milliseconds });
  const text = formatChecks(found);
  expect(text.split('\n').filter((line) => line.length > 80 && !/https?:\/\//.test(line))).toEqual([]);
  for (const secret of [all.publishableKey, all.secretKey, 'row-of-the-double']) {
    if (secret) expect(JSON.stringify(found)).not.toContain(secret);
  }
  return Object.fromEntries(found.map((check) => [check.id, check]));
}

const instead =
  (write: (response: ServerResponse) => void): GatewayState['instead'] =>
  (_request, response) => {
    write(response);
  };

describe('a project in order', () => {
  it('passes every check, in a fixed order, and reads from it only', async () => {
    const found = await checks({ otherTables: 'protected' });
    expect(Object.values(found).map(({ id, result }) => `${id} ${result}`)).toEqual([
      'url ok',
      'auth ok',
      'publishable-key ok',
      'secret-key ok',
      'storage ok',
      'tables ok',
      'signing-keys ok',
      'connection skipped',
    ]);
    expect(found['auth']?.found).toContain('v2.197.0');
    expect(found['storage']?.found).toContain('1 bucket');
    expect(found['signing-keys']?.found).toContain('ES256');
    expect(hasFailed(Object.values(found))).toBe(false);
    const routes = gateway?.requests.map(({ route }) => route) ?? [];
    expect(routes.every((route) => route.startsWith('GET '))).toBe(true);
    // Its root takes a secret key only.
    expect(routes).not.toContain('GET /rest/v1/');
  });

  it('asks for tables with the publishable key only', async () => {
    await checks({});
    const keys = gateway?.requests.filter(({ route }) => route.includes('/rest/')).map(({ key }) => key);
    expect(new Set(keys)).toEqual(new Set([PUBLISHABLE]));
    expect(keys?.length).toBe(7);
  });

  it('needs no secret key', async () => {
    const found = await checks({}, { secretKey: null });
    expect(found['secret-key']?.result).toBe('skipped');
    expect(found['storage']).toMatchObject({ result: 'ok', found: 'answers' });
  });

  it('takes legacy keys, and says that they end', async () => {
    const found = await checks({}, { publishableKey: ANON, secretKey: SERVICE_ROLE });
    expect(found['publishable-key']).toMatchObject({ result: 'ok', found: 'valid (legacy: role anon)' });
    expect(found['secret-key']).toMatchObject({ result: 'ok', found: 'valid (legacy: role service_role)' });
    expect(found['legacy-keys']).toMatchObject({
      result: 'warning',
      found: expect.stringContaining('late 2026'),
    });
  });
});

describe('keys', () => {
  it.each(['Invalid API key', 'Unregistered API key', 'Invalid authentication credentials'])(
    'that the project does not know: %s',
    async (wrongKeyMessage) => {
      const found = await checks(
        { wrongKeyMessage },
        { publishableKey: 'sb_publishable_wrong', secretKey: 'sb_secret_wrong' },
      );
      for (const id of ['publishable-key', 'secret-key']) {
        expect(found[id]).toMatchObject({ result: 'failed', found: 'the project does not know this key' });
      }
      expect(found['auth']?.result).toBe('ok');
      expect(found['tables']?.result).toBe('skipped');
      expect(found['storage']?.result).toBe('skipped');
    },
  );

  it('a secret one in the place of the publishable one is not sent to the tables', async () => {
    const found = await checks({}, { publishableKey: SECRET });
    expect(found['publishable-key']).toMatchObject({
      result: 'failed',
      found: expect.stringContaining('is a secret key'),
      todo: expect.stringContaining('revoke'),
    });
    expect(found['tables']?.result).toBe('skipped');
    expect(gateway?.requests.some(({ route }) => route.includes('/rest/'))).toBe(false);
  });

  it('a legacy secret one in its place, told by its role', async () => {
    const found = await checks({}, { publishableKey: SERVICE_ROLE });
    expect(found['publishable-key']).toMatchObject({
      result: 'failed',
      found: expect.stringContaining('role service_role'),
    });
  });

  it('a secret one in its place whose form does not tell', async () => {
    const found = await checks({ secret: ['opaque'] }, { publishableKey: 'opaque', secretKey: null });
    expect(found['publishable-key']).toMatchObject({
      result: 'failed',
      found: expect.stringContaining('level of a secret key'),
    });
  });

  it('the publishable one in the place of the secret one', async () => {
    for (const key of [PUBLISHABLE, ANON]) {
      const found = await checks({}, { secretKey: key });
      expect(found['secret-key']).toMatchObject({
        result: 'failed',
        found: expect.stringContaining('is the publishable key'),
      });
      await gateway?.close();
    }
  });

  it('one in the place of the secret one that only the auth server tells', async () => {
    const found = await checks(
      { publishable: [PUBLISHABLE, 'sb_secret_lower'] },
      { secretKey: 'sb_secret_lower' },
    );
    expect(found['secret-key']).toMatchObject({
      result: 'failed',
      found: expect.stringContaining('not of secret level'),
    });
  });

  it('legacy ones that are switched off', async () => {
    const found = await checks({ legacyDisabled: true }, { publishableKey: ANON, secretKey: SERVICE_ROLE });
    expect(found['publishable-key']).toMatchObject({
      result: 'failed',
      found: 'legacy API keys are disabled in this project',
      todo: expect.stringContaining('sb_publishable_'),
    });
    expect(found['secret-key']?.todo).toContain('sb_secret_');
  });

  it('one of another project', async () => {
    gateway = await startGateway();
    const url: ProjectUrl = { ...projectUrl(gateway.url), ref: 'abcdefghijklmnopqrst' };
    const found = await checks(
      {},
      { url, publishableKey: legacyKey('anon', { ref: 'zzzzzzzzzzzzzzzzzzzz' }) },
    );
    expect(found['publishable-key']).toMatchObject({
      result: 'failed',
      found: 'it is a key of another project (zzzzzzzzzzzzzzzzzzzz)',
    });
  });

  it('one that has expired', async () => {
    const expired = legacyKey('anon', { exp: 1 });
    const found = await checks({ publishable: [expired] }, { publishableKey: expired });
    expect(found['legacy-keys']?.result).toBe('failed');
  });

  it.each([
    [200, '', '', 'accepted'],
    [401, '42501', 'permission denied for table auth_user', 'accepted'],
    [403, '42501', 'permission denied', 'accepted'],
    [403, 'not_admin', 'User not allowed', 'not-admin'],
    [403, '', 'User not allowed', 'not-admin'],
    [401, '', 'Secret API key required', 'not-admin'],
    [401, '', 'Invalid API key', 'rejected'],
    [401, '', 'Legacy API keys are disabled', 'legacy-disabled'],
    [401, '', 'Forbidden use of secret API key in browser', 'forbidden-here'],
    [403, 'bad_jwt', 'invalid JWT', 'rejected'],
    [500, '', '', 'unknown'],
  ])('%i %s %s is %s', (status, code, message, verdict) => {
    expect(judgeKey(status, code, message)).toBe(verdict);
  });
});

describe("Django's tables in the API", () => {
  it('with rows', async () => {
    const found = await checks({ tables: { auth_user: 'rows', django_session: 'empty' } });
    expect(found['tables']).toMatchObject({
      result: 'failed',
      found: expect.stringContaining('auth_user, django_session'),
      todo: expect.stringContaining('private schema'),
    });
  });

  it('granted, but without rows', async () => {
    const found = await checks({ tables: { django_migrations: 'empty' } });
    expect(found['tables']).toMatchObject({
      result: 'warning',
      found: expect.stringContaining('django_migrations'),
    });
  });

  it.each(['protected', 'unknown', 'schema-not-exposed'] as const)('%s is safe', async (otherTables) => {
    const found = await checks({ otherTables });
    expect(found['tables']?.result).toBe('ok');
  });

  it('a Data API that is turned off', async () => {
    const found = await checks({ otherTables: 'schema-cache' });
    expect(found['tables']).toMatchObject({ result: 'warning', found: expect.stringContaining('PGRST002') });
  });
});

describe('signing keys', () => {
  it('none: the shared secret', async () => {
    const found = await checks({ signingKeys: [] });
    expect(found['signing-keys']).toMatchObject({
      result: 'warning',
      found: expect.stringContaining('HS256'),
    });
  });

  it('hostile ones', async () => {
    const found = await checks({
      signingKeys: [null, 'x', { alg: 'ES256\u001b[2J' }, { kty: 'RSA' }] as object[],
    });
    expect(found['signing-keys']).toMatchObject({ result: 'ok', found: expect.stringMatching(/^RS256:/) });
  });
});

describe('a project that does not answer as one', () => {
  const html = '<!DOCTYPE html><html><body>hello</body></html>';

  it.each<[string, (response: ServerResponse) => void, RegExp, RegExp]>([
    ['a page', (response) => response.end(html), /not as Supabase's API does/, /not its API/],
    [
      'an error page',
      (response) => {
        response.writeHead(503, { 'content-type': 'text/html' });
        response.end(html);
      },
      /error \(503\)/,
      /status\.supabase\.com/,
    ],
    ['a paused project', (response) => response.writeHead(540).end(), /paused \(540\)/, /restored/],
    ['another service', (response) => response.end('{"name":"x"}'), /not the auth server/, /URL/],
    ['JSON that is no object', (response) => response.end('null'), /not the auth server/, /URL/],
    ['nothing there', (response) => response.writeHead(404).end('{}'), /\(404\)/, /URL/],
    [
      'a redirect',
      (response) => response.writeHead(301, { location: 'http://127.0.0.1:9/' }).end(),
      /redirects \(301\)/,
      /not its API/,
    ],
    [
      'a huge answer',
      (response) => response.end(`"${'x'.repeat(3 * 1024 * 1024)}"`),
      /more than a megabyte/,
      /not its API/,
    ],
    ['a connection that is cut', (response) => response.destroy(), /could not be reached/, /firewall/],
  ])('%s', async (_name, write, text, todo) => {
    const found = await checks({ instead: instead(write) });
    expect(found['auth']?.result).toBe('failed');
    expect(found['auth']?.found).toMatch(text);
    expect(found['auth']?.todo).toMatch(todo);
    expect(found['tables']?.result).toBe('skipped');
    // The key is not carried on to another address.
    expect(gateway?.requests).toHaveLength(1);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['never', () => {}],
    [
      'drop by drop',
      (response) => {
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('one that answers %s: within the time limit', async (_name, write) => {
    const start = Date.now();
    const found = await checks({ instead: instead(write) }, {}, 300);
    expect(found['auth']).toMatchObject({
      result: 'failed',
      found: expect.stringContaining('did not answer within 0.3 seconds'),
    });
    expect(Date.now() - start).toBeLessThan(3000);
  });

  it('a dead port', async () => {
    gateway = await startGateway();
    const { url } = gateway;
    await gateway.close();
    const found = await checks({}, { url: projectUrl(url) });
    expect(found['auth']).toMatchObject({
      result: 'failed',
      found: expect.stringContaining('refuses the connection'),
      todo: expect.stringContaining('supabase start'),
    });
  });

  it('a host that no name server knows, as of a paused project', async () => {
    const found = await checks({}, { url: projectUrl('https://no-such-project.invalid') });
    expect(found['auth']?.result).toBe('failed');
    expect(found['auth']?.found).toMatch(/known to no name server|could not be looked up/);
  });

  it('still tells a key of the wrong kind by its form', async () => {
    const found = await checks(
      { instead: instead((response) => response.destroy()) },
      { secretKey: PUBLISHABLE },
    );
    expect(found['secret-key']?.result).toBe('failed');
  });

  it('trouble after the first answer does not end the run', async () => {
    let count = 0;
    const found = await checks({
      instead: (_request, response) => {
        count += 1;
        if (count === 1) response.end('{"name":"GoTrue","version":"v2"}');
        else response.writeHead(503).end(html);
      },
    });
    expect(found['auth']?.result).toBe('ok');
    expect(found['tables']?.result).toBe('warning');
    expect(found['publishable-key']).toMatchObject({
      result: 'warning',
      found: expect.stringContaining('503'),
    });
    expect(found['storage']?.found).toContain('503');
  });

  it('hostile answers after the first one are not printed', async () => {
    const found = await checks({
      instead: (request, response) => {
        if (request.url === '/auth/v1/health') response.end('{"name":"GoTrue","version":"\\u001b[2Jevil"}');
        else response.writeHead(418).end('{"message":"\\u001b[2Jevil","code":"\\u001b[31m"}');
      },
    });
    expect(JSON.stringify(found)).not.toContain('\\u001b');
    expect(found['auth']?.found).toContain('?[2Jevil');
  });
});

describe('the connection string, by its form', () => {
  const ref = 'abcdefghijklmnopqrst';
  const connection = (text: string): ProjectValues['connection'] => {
    const read = readConnectionString(text);
    return read.kind === 'connection' ? read : null;
  };
  const session = `postgresql://postgres.${ref}:Hidden1@aws-1-eu-west-1.pooler.supabase.com:5432/postgres`;

  it.each([
    [session, 'ok', 'mode session'],
    [session.replace(ref, 'z'.repeat(20)), 'failed', 'of another project'],
    [session.replace(':Hidden1', ''), 'failed', 'password is missing'],
    [`postgresql://postgres:Hidden1@db.${ref}.supabase.co:5432/postgres`, 'warning', 'mode direct'],
  ])('%s', async (text, result, expected) => {
    gateway = await startGateway();
    const url: ProjectUrl = { ...projectUrl(gateway.url), ref };
    const found = await checkProject(
      { url, publishableKey: PUBLISHABLE, secretKey: null, connection: connection(text) },
      { milliseconds: 5000 },
    );
    const check = found.find(({ id }) => id === 'connection');
    expect(check).toMatchObject({ result, found: expect.stringContaining(expected) });
    expect(JSON.stringify(found)).not.toContain('Hidden1');
  });
});
