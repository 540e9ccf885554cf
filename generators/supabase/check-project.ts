/**
 * Asks a Supabase project whether its URL and keys work and are what they are taken for. Reads only; what it reads is
 * neither kept nor shown.
 */
import type { SupabaseClient } from '@supabase/supabase-js';
import type { DatabaseConnection } from '../app/database/connection-string.ts';
import {
  isLegacyKind,
  isPublishableKind,
  isSecretKind,
  KEYS_PAGE,
  readApiKey,
  wrongKey,
} from './api-keys.ts';
import { boundedFetch, type Exchange } from './bounded-fetch.ts';
import { urlFromHere, type ProjectUrl } from './project-url.ts';

export type CheckId =
  | 'url'
  | 'auth'
  | 'publishable-key'
  | 'secret-key'
  | 'legacy-keys'
  | 'storage'
  | 'tables'
  | 'signing-keys'
  | 'connection';

/** `warning` and `skipped` do not fail the run. */
export type CheckResult = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Check {
  id: CheckId;
  title: string;
  result: CheckResult;
  found: string;
  /** What to do; empty where there is nothing. */
  todo: string;
}

export interface ProjectValues {
  url: ProjectUrl;
  publishableKey: string;
  /** Null: left out. */
  secretKey: string | null;
  /** Null: left out. */
  connection: DatabaseConnection | null;
}

export interface CheckOptions {
  /** For each request. */
  milliseconds: number;
  /** Seconds since 1970, for the end of legacy keys. */
  now?: number;
}

const TITLES: Record<CheckId, string> = {
  url: 'Project URL',
  auth: 'Auth',
  'publishable-key': 'Publishable key',
  'secret-key': 'Secret key',
  'legacy-keys': 'Legacy keys',
  storage: 'Storage',
  tables: 'Tables in the API',
  'signing-keys': 'JWT signing keys',
  connection: 'Connection string',
};

/** Tables that every Django project has, those first that always hold rows. */
const DJANGO_TABLES = [
  'django_migrations',
  'django_content_type',
  'auth_permission',
  'auth_user',
  'auth_group',
  'django_session',
  'django_admin_log',
] as const;

const PAUSED =
  'open the project in the dashboard: a paused one is restored there, and takes some minutes until it answers';

function check(id: CheckId, result: CheckResult, found: string, todo = ''): Check {
  return { id, title: TITLES[id], result, found, todo };
}

/**
 * Runs all checks, most of them at the same time.
 * @returns one result each, in a fixed order; never throws for what a server does
 */
export async function checkProject(values: ProjectValues, options: CheckOptions): Promise<Check[]> {
  const { createClient } = await import('@supabase/supabase-js');
  const url = urlFromHere(values.url.url);
  /** A client of its own for each check, so that what came of its request is known. */
  const connect = (key: string): { client: SupabaseClient; exchange: Exchange } => {
    const { fetch, exchange } = boundedFetch(options.milliseconds);
    const client = createClient(url, key, {
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
      global: { fetch },
      // A Node without WebSocket would throw here, though nothing is subscribed to.
      realtime: { transport: NoWebSocket as never },
    });
    return { client, exchange };
  };
  const form = checkUrl(values.url);
  const offline = [
    checkLegacy([values.publishableKey, values.secretKey], options.now ?? Date.now() / 1000),
    checkConnection(values.connection, values.url),
  ].filter((item) => item !== null);
  const auth = await checkAuth(url, values.publishableKey, options.milliseconds);
  if (auth.result === 'failed') {
    const skipped = (['publishable-key', 'secret-key', 'storage', 'tables', 'signing-keys'] as const).map(
      (id) => {
        // What the form of a key tells needs no server.
        const ofForm =
          id === 'publishable-key'
            ? formOfKey('publishable', values.publishableKey, values.url)
            : id === 'secret-key' && values.secretKey !== null
              ? formOfKey('secret', values.secretKey, values.url)
              : null;
        return ofForm ?? check(id, 'skipped', 'not checked, because the project does not answer');
      },
    );
    return inOrder([form, auth, ...skipped, ...offline]);
  }
  const checks = await Promise.all([
    checkPublishableKey(values, connect),
    checkSecretKey(values, connect),
    checkStorage(values, connect),
    checkTables(values, connect),
    checkSigningKeys(url, options.milliseconds),
  ]);
  return inOrder([form, auth, ...checks, ...offline]);
}

/** Stands where a WebSocket would be; nothing here opens one. */
function NoWebSocket(): never {
  throw new Error('no realtime connection is made here');
}

function inOrder(checks: readonly Check[]): Check[] {
  const order = Object.keys(TITLES);
  return checks.toSorted((one, other) => order.indexOf(one.id) - order.indexOf(other.id));
}

type Connect = (key: string) => { client: SupabaseClient; exchange: Exchange };

function checkUrl({ url, notes, local }: ProjectUrl): Check {
  if (notes.length > 0) return check('url', 'warning', `${url}: ${notes.join(' ')}`);
  return check('url', 'ok', local ? `${url}, on this machine` : url);
}

/** The gateway and the auth server behind it; says nothing of the key but that one was sent. */
async function checkAuth(url: string, key: string, milliseconds: number): Promise<Check> {
  const { fetch, exchange } = boundedFetch(milliseconds);
  try {
    const response = await fetch(`${url}/auth/v1/health`, { headers: { apikey: key } });
    const body = (await response.json().catch(() => null)) as Record<string, unknown> | null;
    if (response.status === 200) {
      if (body?.['name'] !== 'GoTrue') {
        return check(
          'auth',
          'failed',
          'something answers there, but it is not the auth server of Supabase',
          'check the project’s URL',
        );
      }
      const version = body['version'];
      return check('auth', 'ok', `answers${typeof version === 'string' ? ` (${shown(version, 30)})` : ''}`);
    }
    // The gateway does not let the key in; the project is there.
    if (response.status === 401 || response.status === 403) return check('auth', 'ok', 'the gateway answers');
    return check('auth', 'failed', ...serverTrouble(response.status));
  } catch {
    return check('auth', 'failed', ...networkTrouble(exchange, url));
  }
}

function serverTrouble(status: number): [string, string] {
  if (status === 540) return ['the project is paused (540)', PAUSED];
  if (status === 404) return ['nothing is there under this URL (404)', 'check the project’s URL'];
  if (status === 429) return ['too many requests (429)', 'wait a minute, then run this again'];
  if (status >= 500) {
    return [
      `the project answers with an error (${status})`,
      `see https://status.supabase.com, and ${PAUSED}`,
    ];
  }
  return [`an answer that is not known (${status})`, 'check the project’s URL'];
}

function networkTrouble({ failure }: Exchange, url: string): [string, string] {
  const host = URL.parse(url)?.host ?? 'the host';
  const local = /^(?:localhost|127\.|0\.0\.0\.0|\[::1\])/.test(host);
  const text = `${host} ${failure?.text ?? 'could not be reached'}`;
  switch (failure?.kind) {
    case 'no-host':
      return [
        text,
        `check the reference in the URL; if it is right, the project is paused or deleted: ${PAUSED}`,
      ];
    case 'refused':
      return [
        text,
        local
          ? 'start Supabase on this machine (supabase start), and see its port (supabase status)'
          : 'check host and port of the URL',
      ];
    case 'tls':
      return [
        text,
        'check whether a proxy of your network stands between (NODE_EXTRA_CA_CERTS names its certificate)',
      ];
    case 'redirect':
    case 'no-json':
    case 'too-large':
      return [text, 'check the project’s URL: what answers there is not its API'];
    default:
      return [
        text,
        'check the connection of this machine to the internet, a proxy or a firewall, then run this again',
      ];
  }
}

/** What the form of a key tells by itself; null when it may be right. */
function formOfKey(wanted: 'publishable' | 'secret', key: string, url: ProjectUrl): Check | null {
  const id = wanted === 'publishable' ? 'publishable-key' : 'secret-key';
  const wrong = wrongKey(key, wanted);
  if (wrong !== null) {
    const todo =
      wanted === 'publishable' && isSecretKind(readApiKey(key).kind)
        ? 'if it was ever in a browser or in Git, revoke it in the dashboard'
        : '';
    return check(id, 'failed', `what was given ${wrong}`, todo);
  }
  const { ref } = readApiKey(key);
  if (ref !== null && url.ref !== null && ref !== url.ref) {
    return check(
      id,
      'failed',
      `it is a key of another project (${ref})`,
      `take the key of the project ${url.ref} (${KEYS_PAGE})`,
    );
  }
  return null;
}

/** What an answer says of the key that was sent. */
type KeyVerdict = 'accepted' | 'not-admin' | 'rejected' | 'legacy-disabled' | 'forbidden-here' | 'unknown';

/**
 * 401 or 403 with a code of PostgreSQL (42501) means that the key is right and the table protected; without a code the
 * gateway turned the key away.
 */
export function judgeKey(status: number, code: string, message: string): KeyVerdict {
  if (status >= 200 && status < 300) return 'accepted';
  if (/legacy api keys are disabled/i.test(message)) return 'legacy-disabled';
  if (/forbidden use of secret api key/i.test(message)) return 'forbidden-here';
  if (code === 'not_admin' || /^user not allowed$/i.test(message)) return 'not-admin';
  if (/secret api key required|only the `service_role`/i.test(message)) return 'not-admin';
  if ((status === 401 || status === 403) && /^(?:\d{5}|42501|PGRST1\d\d|PGRST2\d\d)$/.test(code))
    return 'accepted';
  if (
    /invalid api key|unregistered api key|no api key found|invalid authentication credentials/i.test(message)
  ) {
    return 'rejected';
  }
  if (status === 401 || status === 403) return 'rejected';
  return 'unknown';
}

function rejection(id: CheckId, verdict: KeyVerdict, key: string): Check {
  if (verdict === 'legacy-disabled') {
    return check(
      id,
      'failed',
      'legacy API keys are disabled in this project',
      `take the key that begins with ${id === 'secret-key' ? 'sb_secret_' : 'sb_publishable_'} (${KEYS_PAGE})`,
    );
  }
  if (verdict === 'forbidden-here') {
    return check(
      id,
      'failed',
      'the gateway takes this program for a browser and refuses secret keys',
      'check for a proxy that changes the User-Agent',
    );
  }
  const legacy = isLegacyKind(readApiKey(key).kind);
  return check(
    id,
    'failed',
    'the project does not know this key',
    `copy it again from this project (${KEYS_PAGE})${legacy ? '; projects of today have keys that begin with sb_ only' : ''}`,
  );
}

interface Answer {
  status: number;
  code: string;
  message: string;
}

/** What the auth server says to a question that only a secret key may ask. */
async function askAsAdmin(
  key: string,
  connect: Connect,
): Promise<{ answer: Answer | null; exchange: Exchange }> {
  const { client, exchange } = connect(key);
  try {
    const { error } = await client.auth.admin.listUsers({ page: 1, perPage: 1 });
    if (exchange.status === null || exchange.failure !== null) return { answer: null, exchange };
    return {
      answer: { status: exchange.status, code: error?.code ?? '', message: error?.message ?? '' },
      exchange,
    };
  } catch {
    return { answer: null, exchange };
  }
}

async function askForTable(
  key: string,
  table: string,
  connect: Connect,
): Promise<{ answer: Answer | null; rows: number | null; exchange: Exchange }> {
  const { client, exchange } = connect(key);
  try {
    const { data, error, status } = await client.from(table).select('*').limit(1).retry(false);
    if (exchange.status === null || exchange.failure !== null) return { answer: null, rows: null, exchange };
    const rows = error === null && Array.isArray(data) ? data.length : null;
    return {
      answer: { status, code: error?.code ?? '', message: error?.message ?? '' },
      rows,
      exchange,
    };
  } catch {
    return { answer: null, rows: null, exchange };
  }
}

/**
 * Tries a key as an administrator of the users, which tells its level.
 * @returns the level, or the check where the key was not let in or the answer tells nothing
 */
async function tryKey(
  id: CheckId,
  wanted: 'publishable' | 'secret',
  key: string,
  url: ProjectUrl,
  connect: Connect,
): Promise<'accepted' | 'not-admin' | Check> {
  const form = formOfKey(wanted, key, url);
  if (form !== null) return form;
  const { answer, exchange } = await askAsAdmin(key, connect);
  if (answer === null) return check(id, 'failed', ...networkTrouble(exchange, url.url));
  const verdict = judgeKey(answer.status, answer.code, answer.message);
  if (verdict === 'accepted' || verdict === 'not-admin') return verdict;
  if (verdict === 'unknown') return check(id, 'warning', ...serverTrouble(answer.status));
  return rejection(id, verdict, key);
}

async function checkPublishableKey(values: ProjectValues, connect: Connect): Promise<Check> {
  const id = 'publishable-key';
  const key = values.publishableKey;
  const verdict = await tryKey(id, 'publishable', key, values.url, connect);
  if (typeof verdict === 'object') return verdict;
  if (verdict === 'accepted') {
    return check(
      id,
      'failed',
      'this key has the level of a secret key: it may list the users',
      `take the publishable key (${KEYS_PAGE}); if this one was ever in a browser or in Git, revoke it`,
    );
  }
  const kind = readApiKey(key).kind;
  return isPublishableKind(kind)
    ? check(id, 'ok', kind === 'publishable' ? 'valid' : 'valid (legacy: role anon)')
    : check(id, 'warning', 'valid, though it does not look like a key of Supabase');
}

async function checkSecretKey(values: ProjectValues, connect: Connect): Promise<Check> {
  const id = 'secret-key';
  const key = values.secretKey;
  if (key === null)
    return check(id, 'skipped', 'left out: only what a server does beyond its users’ rights needs it');
  const verdict = await tryKey(id, 'secret', key, values.url, connect);
  if (typeof verdict === 'object') return verdict;
  if (verdict === 'accepted') {
    return check(
      id,
      'ok',
      readApiKey(key).kind === 'legacy-service-role'
        ? 'valid (legacy: role service_role)'
        : 'valid, and of secret level',
    );
  }
  return check(
    id,
    'failed',
    'this key is not of secret level: the auth server does not let it list the users',
    `take the one that begins with sb_secret_ (${KEYS_PAGE})`,
  );
}

/** An empty list proves nothing of a key's level: row level security answers with it, too. */
async function checkStorage(values: ProjectValues, connect: Connect): Promise<Check> {
  const id = 'storage';
  const key = values.secretKey ?? values.publishableKey;
  const { client, exchange } = connect(key);
  try {
    const { data, error } = await client.storage.listBuckets();
    if (error === null) {
      const count = data.length;
      if (values.secretKey === null) return check(id, 'ok', 'answers');
      return check(
        id,
        'ok',
        count === 0 ? 'answers, no bucket yet' : `answers, ${count} ${count === 1 ? 'bucket' : 'buckets'}`,
      );
    }
    if (exchange.failure !== null || exchange.status === null) {
      return check(id, 'warning', ...networkTrouble(exchange, values.url.url));
    }
    if (exchange.status === 401 || exchange.status === 403 || exchange.status === 400) {
      return check(id, 'skipped', 'could not be checked with a key that the project does not take');
    }
    return check(id, 'warning', ...serverTrouble(exchange.status));
  } catch {
    return check(id, 'warning', ...networkTrouble(exchange, values.url.url));
  }
}

async function checkTables(values: ProjectValues, connect: Connect): Promise<Check> {
  const id = 'tables';
  const key = values.publishableKey;
  if (isSecretKind(readApiKey(key).kind)) {
    return check(id, 'skipped', 'needs the publishable key: a secret one may read everything');
  }
  const withRows: string[] = [];
  const granted: string[] = [];
  const probes = await Promise.all(
    DJANGO_TABLES.map(async (table) => ({ table, ...(await askForTable(key, table, connect)) })),
  );
  for (const { table, answer, rows, exchange } of probes) {
    if (answer === null) return check(id, 'warning', ...networkTrouble(exchange, values.url.url));
    if (rows !== null) (rows > 0 ? withRows : granted).push(table);
    else if (answer.code === 'PGRST002' || answer.status === 503) {
      return check(
        id,
        'warning',
        'the Data API cannot load the schema (PGRST002)',
        'nothing to do if the Data API is turned off in the dashboard; else see its log there',
      );
    } else if (answer.status === 401 && answer.code === '') {
      return check(id, 'skipped', 'could not be checked: the project does not take the publishable key');
    } else if (!isSafe(answer)) {
      return check(
        id,
        'warning',
        `the API answers for ${table} with ${answer.status} ${shown(answer.code, 20)}`.trim(),
      );
    }
  }
  if (withRows.length > 0) {
    return check(
      id,
      'failed',
      `everybody who has the URL can read Django's tables: ${[...withRows, ...granted].join(', ')}`,
      "move Django's tables into a private schema (DB_SCHEMA), or revoke the rights of anon and authenticated and turn row level security on; change the passwords of the users",
    );
  }
  if (granted.length > 0) {
    return check(
      id,
      'warning',
      `the API lets everybody ask for ${granted.join(', ')}; no row came, because row level security hides them or there is none`,
      "revoke the rights of anon and authenticated, or move Django's tables into a private schema (DB_SCHEMA)",
    );
  }
  return check(id, 'ok', "none of Django's tables can be read with the publishable key");
}

/** Protected (42501), unknown to the API (PGRST205, 42P01), or in a schema that it does not serve (PGRST106). */
function isSafe({ status, code }: Answer): boolean {
  return (
    ((status === 401 || status === 403) && code === '42501') ||
    (status === 404 && (code === 'PGRST205' || code === '42P01')) ||
    (status === 406 && code === 'PGRST106')
  );
}

/** Which way Django can verify the users' tokens. */
async function checkSigningKeys(url: string, milliseconds: number): Promise<Check> {
  const id = 'signing-keys';
  const { fetch, exchange } = boundedFetch(milliseconds);
  try {
    const response = await fetch(`${url}/auth/v1/.well-known/jwks.json`);
    const body = (await response.json().catch(() => null)) as { keys?: unknown } | null;
    if (response.status !== 200) return check(id, 'warning', ...serverTrouble(response.status));
    const keys = Array.isArray(body?.keys) ? (body.keys as unknown[]) : null;
    if (keys === null) return check(id, 'warning', 'the list of keys cannot be read');
    const algorithms = keys.flatMap((key) => {
      const { alg, kty } = (typeof key === 'object' && key !== null ? key : {}) as {
        alg?: unknown;
        kty?: unknown;
      };
      const known = typeof alg === 'string' ? alg : kty === 'EC' ? 'ES256' : kty === 'RSA' ? 'RS256' : null;
      return known !== null && /^(?:ES|RS|PS|Ed)[A-Za-z0-9]{1,10}$/.test(known) ? [known] : [];
    });
    if (algorithms.length > 0) {
      return check(
        id,
        'ok',
        `${[...new Set(algorithms)].join(', ')}: tokens can be verified by their public key`,
      );
    }
    return check(
      id,
      'warning',
      'no public key: the project signs with a shared secret (HS256)',
      'change to asymmetric keys (dashboard: Project Settings, JWT Keys), or verify tokens by asking /auth/v1/user',
    );
  } catch {
    return check(id, 'warning', ...networkTrouble(exchange, url));
  }
}

function checkLegacy(keys: readonly (string | null)[], now: number): Check | null {
  const legacy = keys
    .filter((key) => key !== null)
    .map(readApiKey)
    .filter(({ kind }) => isLegacyKind(kind));
  if (legacy.length === 0) return null;
  if (legacy.some(({ expires }) => expires !== null && expires < now)) {
    return check(
      'legacy-keys',
      'failed',
      'a legacy key has expired',
      `take the keys that begin with sb_ (${KEYS_PAGE})`,
    );
  }
  return check(
    'legacy-keys',
    'warning',
    'keys of the roles anon and service_role (JWT) are announced to end in late 2026',
    `change to the keys that begin with sb_publishable_ and sb_secret_ (${KEYS_PAGE})`,
  );
}

/** By its form alone; docker/verify_database.py connects. */
function checkConnection(connection: DatabaseConnection | null, url: ProjectUrl): Check | null {
  const id = 'connection';
  if (connection === null) return check(id, 'skipped', 'left out');
  const { host, user, mode, needsPassword, warnings } = connection;
  const ref =
    /^db\.([a-z0-9-]+)\.supabase\./.exec(host)?.[1] ??
    (host.endsWith('.pooler.supabase.com') ? /^[^.]+\.(.+)$/.exec(user)?.[1] : undefined);
  if (ref !== undefined && url.ref !== null && ref !== url.ref) {
    return check(
      id,
      'failed',
      'it is of another project than the URL',
      `copy both from the same project (${url.ref})`,
    );
  }
  if (needsPassword)
    return check(
      id,
      'failed',
      'the password is missing',
      'put the password of the database in (dashboard: Database, Settings)',
    );
  const name = mode ?? 'MySQL';
  if (warnings.length > 0) return check(id, 'warning', `mode ${name}`, warnings.join(' '));
  return check(id, 'ok', `mode ${name}; docker/verify_database.py tries it in the container`);
}

/** A text of the server's, for the terminal. */
function shown(text: string, length: number): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
  return plain.length > length ? `${plain.slice(0, length)}…` : plain;
}
