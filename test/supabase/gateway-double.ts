import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands in for the gateway of a Supabase project: the bodies are those of the real services, word for word. */
export interface GatewayDouble {
  url: string;
  /** `METHOD /path` of each request, with the key's name. */
  requests: { route: string; key: string; userAgent: string }[];
  /** Changes how it answers from now on. */
  set(changes: Partial<GatewayState>): void;
  close(): Promise<void>;
}

/** What the API says of a table. */
export type TableState = 'rows' | 'empty' | 'protected' | 'unknown' | 'schema-not-exposed' | 'schema-cache';

export interface GatewayState {
  publishable: string[];
  secret: string[];
  /** Keys that work, but are switched off as a kind. */
  legacyDisabled: boolean;
  tables: Record<string, TableState>;
  /** Of the tables that are not named. */
  otherTables: TableState;
  buckets: number;
  signingKeys: object[];
  /** The gateway of a self-hosted project. */
  wrongKeyMessage: string;
  /** Answers to everything, in place of what is above. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | null;
}

export const PUBLISHABLE = 'sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH';
export const SECRET = 'sb_secret_0123456789abcdefABCDEF_01234567';

/** A legacy key; its signature is the server's to check. */
export function legacyKey(role: string, claims: object = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: 'supabase', role, exp: 4102444800, ...claims })}.c2lnbmF0dXJl`;
}

export const ANON = legacyKey('anon');
export const SERVICE_ROLE = legacyKey('service_role');

const INVALID_KEY = 'Invalid API key';

/** Starts it on a free port of this machine. */
export async function startGateway(initial: Partial<GatewayState> = {}): Promise<GatewayDouble> {
  const state: GatewayState = {
    publishable: [PUBLISHABLE, ANON],
    secret: [SECRET, SERVICE_ROLE],
    legacyDisabled: false,
    tables: {},
    otherTables: 'unknown',
    buckets: 1,
    signingKeys: [{ kty: 'EC', alg: 'ES256', crv: 'P-256', kid: 'x', use: 'sig', x: 'x', y: 'y' }],
    wrongKeyMessage: INVALID_KEY,
    instead: null,
    ...initial,
  };
  const requests: GatewayDouble['requests'] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const key = String(request.headers['apikey'] ?? '');
    requests.push({
      route: `${request.method} ${path}`,
      key,
      userAgent: String(request.headers['user-agent']),
    });
    if (state.instead !== null) state.instead(request, response);
    else answer(state, path, key, request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    set: (changes) => Object.assign(state, changes),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function answer(
  state: GatewayState,
  path: string,
  key: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(body));
  };
  // Open without a key.
  if (path === '/auth/v1/.well-known/jwks.json') return send(200, { keys: state.signingKeys });
  if (key === '') {
    return send(401, {
      message: 'No API key found in request',
      hint: 'No `apikey` request header or url param was found.',
    });
  }
  const isLegacy = key.startsWith('eyJ');
  if (isLegacy && state.legacyDisabled) {
    return send(401, {
      message: 'Legacy API keys are disabled',
      hint: 'Your legacy API keys (anon, service_role) were disabled. Re-enable them in the Supabase dashboard, or use the new publishable and secret API keys.',
    });
  }
  const secret = state.secret.includes(key);
  if (!secret && !state.publishable.includes(key)) {
    return send(401, {
      message: state.wrongKeyMessage,
      ...(state.wrongKeyMessage === INVALID_KEY
        ? { hint: 'Double check your Supabase `anon` or `service_role` API key.' }
        : {}),
    });
  }
  if (secret && /Mozilla/.test(String(request.headers['user-agent']))) {
    return send(401, { message: 'Forbidden use of secret API key in browser' });
  }
  if (path === '/auth/v1/health') {
    return send(200, {
      version: 'v2.197.0',
      name: 'GoTrue',
      description: 'GoTrue is a user registration and authentication API',
    });
  }
  if (path === '/auth/v1/admin/users') {
    return secret
      ? send(200, { users: [], aud: 'authenticated' })
      : send(403, { code: 403, error_code: 'not_admin', msg: 'User not allowed' });
  }
  if (path === '/storage/v1/bucket') {
    const buckets = Array.from({ length: secret ? state.buckets : 0 }, (_, index) => ({
      id: `b${index}`,
      name: `b${index}`,
      public: false,
    }));
    return send(200, buckets);
  }
  if (path === '/rest/v1/') {
    return secret
      ? send(200, { swagger: '2.0' })
      : send(401, {
          message: 'Secret API key required',
          hint: 'Only secret API keys can be used for this endpoint.',
        });
  }
  const table = /^\/rest\/v1\/(\w+)$/.exec(path)?.[1];
  if (table !== undefined) {
    const kind = state.tables[table] ?? state.otherTables;
    // BYPASSRLS and all grants.
    return sendTable(secret && kind === 'protected' ? 'rows' : kind, table, send);
  }
  send(404, { message: 'no Route matched with those values' });
}

function sendTable(kind: TableState, table: string, send: (status: number, body: unknown) => void): void {
  switch (kind) {
    case 'rows':
      return send(200, [{ id: 1, password: 'pbkdf2_sha256$row-of-the-double' }]);
    case 'empty':
      return send(200, []);
    case 'protected':
      return send(401, {
        code: '42501',
        details: null,
        hint: null,
        message: `permission denied for table ${table}`,
      });
    case 'schema-not-exposed':
      return send(406, {
        code: 'PGRST106',
        details: null,
        hint: null,
        message: 'Invalid schema: public',
      });
    case 'schema-cache':
      return send(503, {
        code: 'PGRST002',
        details: null,
        hint: null,
        message: 'Could not query the database for the schema cache. Retrying.',
      });
    default:
      return send(404, {
        code: 'PGRST205',
        details: null,
        hint: null,
        message: `Could not find the table 'public.${table}' in the schema cache`,
      });
  }
}
