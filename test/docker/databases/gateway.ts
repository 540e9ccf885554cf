/**
 * A double of the gateway in front of a Supabase project's APIs, as far as keys and the question "what can the public
 * read" go: Kong, GoTrue's health, admin and JWKS, PostgREST's answers for a table, Storage's buckets.
 * A table is really asked for, with `SET ROLE anon` or `service_role`, on the database that `query` reaches.
 *
 * Bodies and codes: https://supabase.com/docs/guides/getting-started/api-keys,
 * https://supabase.com/docs/guides/getting-started/migrating-to-new-api-keys,
 * https://docs.postgrest.org/en/stable/references/errors.html, supabase/auth internal/api.
 *
 * Alone: node test/docker/databases/gateway.ts <container of the database>
 */
import { spawnSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Runs one statement under a role and gives its one value; throws a DatabaseError where the database refuses. */
export type Query = (role: 'anon' | 'service_role' | 'supabase_admin', statement: string) => string;

export class DatabaseError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface GatewayKeys {
  publishable: string;
  secret: string;
  /** The legacy JWTs. */
  anon: string;
  serviceRole: string;
}

export interface GatewayKnobs {
  legacyKeys: 'enabled' | 'disabled';
  /** What a key that is not the project's is answered with. */
  unknownKey: 'invalid' | 'unregistered' | 'kong';
  dataApi: 'on' | 'off';
  exposedSchemas: string[];
  /** Whether the project signs with its own keys, or still with the shared secret. */
  jwks: 'keys' | 'empty';
  buckets: string[];
}

export interface Gateway {
  url: string;
  keys: GatewayKeys;
  /** In the order in which they came; `key` says which of the keys was sent. */
  requests: { method: string; path: string; key: KeyKind | null }[];
  set(knobs: Partial<GatewayKnobs>): void;
  stop(): Promise<void>;
}

type KeyKind = keyof GatewayKeys | 'unknown';

interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

const DEFAULTS: GatewayKnobs = {
  legacyKeys: 'enabled',
  unknownKey: 'invalid',
  dataApi: 'on',
  exposedSchemas: ['public', 'graphql_public'],
  jwks: 'keys',
  buckets: [],
};

const UNKNOWN_KEY: Record<GatewayKnobs['unknownKey'], object> = {
  invalid: {
    message: 'Invalid API key',
    hint: 'Double check your Supabase `anon` or `service_role` API key.',
  },
  unregistered: { message: 'Unregistered API key' },
  kong: { message: 'Invalid authentication credentials' },
};

function newKey(prefix: string): string {
  const text = (length: number): string => randomBytes(length).toString('hex').slice(0, length);
  return `${prefix}_${text(22)}_${text(8)}`;
}

function legacyKey(role: string, secret: Buffer): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: 'supabase', role, iat: now, exp: now + 315_360_000 })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

function newKeys(): GatewayKeys {
  const secret = randomBytes(32);
  return {
    publishable: newKey('sb_publishable'),
    secret: newKey('sb_secret'),
    anon: legacyKey('anon', secret),
    serviceRole: legacyKey('service_role', secret),
  };
}

/** Starts the double on a free port of 127.0.0.1, with keys of its own. */
export async function startGateway(query: Query, port = 0): Promise<Gateway> {
  const keys = newKeys();
  let knobs = { ...DEFAULTS };
  const requests: Gateway['requests'] = [];
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const jwk = {
    ...publicKey.export({ format: 'jwk' }),
    alg: 'ES256',
    use: 'sig',
    kid: 'bench',
    key_ops: ['verify'],
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://gateway');
    const key = sentKey(request, url);
    const kind = key === null ? null : kindOf(key, keys);
    requests.push({ method: request.method ?? '', path: `${url.pathname}${url.search}`, key: kind });
    const answer = answerTo(request, url, kind, { knobs, query, jwk });
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(request.method === 'HEAD' ? undefined : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    requests,
    set: (changes) => {
      knobs = { ...knobs, ...changes };
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Context {
  knobs: GatewayKnobs;
  query: Query;
  jwk: object;
}

function sentKey(request: IncomingMessage, url: URL): string | null {
  const header = request.headers['apikey'];
  return typeof header === 'string' ? header : url.searchParams.get('apikey');
}

function kindOf(key: string, keys: GatewayKeys): KeyKind {
  const kinds: (keyof GatewayKeys)[] = ['publishable', 'secret', 'anon', 'serviceRole'];
  return kinds.find((kind) => keys[kind] === key) ?? 'unknown';
}

const isSecret = (kind: KeyKind): boolean => kind === 'secret' || kind === 'serviceRole';

function route(request: IncomingMessage, url: URL, kind: KeyKind | null, context: Context): Answer {
  const { knobs } = context;
  const path = url.pathname.replace(/\/+$/, '');
  // Open on hosted projects and self-hosted ones.
  if (path === '/auth/v1/.well-known/jwks.json')
    return { status: 200, body: { keys: knobs.jwks === 'keys' ? [context.jwk] : [] } };
  if (!/^\/(auth|rest|storage)\/v1(\/|$)/.test(path))
    return { status: 404, body: { message: 'no Route matched with those values' } };

  if (kind === null) {
    const hint = 'No `apikey` request header or url param was found.';
    return { status: 401, body: { message: 'No API key found in request', hint } };
  }
  if (kind === 'unknown') return { status: 401, body: UNKNOWN_KEY[knobs.unknownKey] };
  if ((kind === 'anon' || kind === 'serviceRole') && knobs.legacyKeys === 'disabled')
    return { status: 401, body: { message: 'Legacy API keys are disabled' } };
  if (kind === 'secret' && /Mozilla\//.test(request.headers['user-agent'] ?? ''))
    return { status: 401, body: { message: 'Forbidden use of secret API key in browser' } };

  if (path === '/auth/v1/health') {
    const description = 'GoTrue is a user registration and authentication API';
    return { status: 200, body: { version: 'v2.197.0', name: 'GoTrue', description } };
  }
  if (path === '/auth/v1/admin/users') return adminUsers(request, kind);
  if (path === '/storage/v1/bucket') {
    // Row level security hides the buckets from the public, without an error.
    const names = isSecret(kind) ? knobs.buckets : [];
    return { status: 200, body: names.map((name) => ({ id: name, name, public: false })) };
  }
  if (path === '/rest/v1') return restRoot(kind);
  const table = /^\/rest\/v1\/([^/]+)$/.exec(path)?.[1];
  if (table !== undefined) return tableRows(request, url, decodeURIComponent(table), kind, context);
  return { status: 404, body: { message: 'no Route matched with those values' } };
}

function answerTo(request: IncomingMessage, url: URL, kind: KeyKind | null, context: Context): Answer {
  try {
    return route(request, url, kind, context);
  } catch (error) {
    // A fault of the bench, which its tests must not take for an answer of Supabase's.
    return { status: 500, body: { bench: String(error) } };
  }
}

function adminUsers(request: IncomingMessage, kind: KeyKind): Answer {
  if (isSecret(kind))
    return {
      status: 200,
      body: { users: [], aud: 'authenticated' },
      // supabase-js takes the page out of the link's first parameter.
      headers: { 'x-total-count': '0', link: '</admin/users?page=1&per_page=1>; rel="last"' },
    };
  // Clients that know the newer form ask for it.
  const version = request.headers['x-supabase-api-version'];
  return version === undefined
    ? { status: 403, body: { code: 403, error_code: 'not_admin', msg: 'User not allowed' } }
    : {
        status: 403,
        body: { code: 'not_admin', message: 'User not allowed' },
        headers: { 'x-supabase-api-version': '2024-01-01' },
      };
}

function restRoot(kind: KeyKind): Answer {
  if (isSecret(kind))
    return { status: 200, body: { swagger: '2.0', info: { title: 'standard public schema' } } };
  return kind === 'anon'
    ? {
        status: 401,
        body: {
          message: 'Invalid API key',
          hint: 'Only the `service_role` API key can be used for this endpoint.',
        },
      }
    : { status: 401, body: { message: 'Secret API key required' } };
}

function restError(status: number, code: string, message: string, hint: string | null = null): Answer {
  return { status, body: { code, details: null, hint, message } };
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function tableRows(
  request: IncomingMessage,
  url: URL,
  table: string,
  kind: KeyKind,
  { knobs, query }: Context,
): Answer {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined && bearer !== request.headers['apikey'] && !/^[^.]+\.[^.]+\.[^.]+$/.test(bearer))
    return restError(401, 'PGRST301', 'Expected 3 parts in JWT; got 1');
  if (knobs.dataApi === 'off')
    return restError(503, 'PGRST002', 'Could not query the database for the schema cache. Retrying.');
  const schema = String(request.headers['accept-profile'] ?? knobs.exposedSchemas[0]);
  if (!knobs.exposedSchemas.includes(schema)) {
    const hint = `Only the following schemas are exposed: ${knobs.exposedSchemas.join(', ')}`;
    return restError(406, 'PGRST106', `Invalid schema: ${schema}`, hint);
  }
  const name = `${identifier(schema)}.${identifier(table)}`;
  if (query('supabase_admin', `SELECT to_regclass(${literal(name)}) IS NOT NULL`) !== 't')
    return restError(404, 'PGRST205', `Could not find the table '${schema}.${table}' in the schema cache`);
  const limit = Number(url.searchParams.get('limit') ?? 1000);
  const role = isSecret(kind) ? 'service_role' : 'anon';
  try {
    const rows = query(
      role,
      `SELECT coalesce(json_agg(r), '[]') FROM (SELECT * FROM ${name} LIMIT ${Math.trunc(limit)}) AS r`,
    );
    return { status: 200, body: JSON.parse(rows) as unknown };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    // 401 tells the public to log in, 403 those who did.
    const forbidden = role === 'anon' ? 401 : 403;
    return restError(error.code === '42501' ? forbidden : 400, error.code, error.message);
  }
}

/** A query function by the psql in the container of a database, as its superuser supabase_admin. */
export function queryContainer(container: string, environment: NodeJS.ProcessEnv = process.env): Query {
  return (role, statement) => {
    const { status, stdout, stderr } = spawnSync(
      'docker',
      [
        ...[
          'exec',
          container,
          'psql',
          '--username=supabase_admin',
          '--dbname=postgres',
          '--no-psqlrc',
          '--quiet',
        ],
        ...['--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1', '--set=VERBOSITY=verbose'],
        ...[`--command=SET ROLE ${identifier(role)}`, `--command=${statement}`],
      ],
      { encoding: 'utf8', env: environment },
    );
    if (status === 0) return stdout.trim();
    const [, code, message] = /ERROR: {2}(\w{5}): (.*)/.exec(stderr) ?? [];
    if (code === undefined || message === undefined) throw new Error(`psql in ${container}: ${stderr}`);
    throw new DatabaseError(code, message);
  };
}

if (import.meta.main) {
  const container = process.argv[2];
  if (container === undefined) throw new Error('Name the container of the database.');
  const gateway = await startGateway(queryContainer(container));
  console.log(JSON.stringify({ url: gateway.url, keys: gateway.keys }, null, 2));
}
