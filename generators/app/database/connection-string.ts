/**
 * Reads what a person pastes as the address of a database, and writes it again with every part encoded. Pure: no
 * disk, no network. No text of this module holds a piece of what was pasted, because any piece may be the password.
 */

import type { SupabaseConnection } from '../answers/answers.ts';

/** What a database server speaks. */
export type ServerKind = 'postgresql' | 'mysql';

export interface DatabaseConnection {
  kind: 'connection';
  engine: ServerKind;
  /** By host, then by port; null for MySQL. */
  mode: SupabaseConnection | null;
  /** As pasted, in lower case; `postgresql` where the text named none. */
  scheme: string;
  /** As a container reaches it: `localhost` has become `host.docker.internal`. IPv6 addresses without brackets. */
  host: string;
  port: number;
  user: string;
  /** Decoded; empty while `needsPassword`. */
  password: string;
  database: string;
  /** Of the query, only those that the client library knows. */
  parameters: { name: string; value: string }[];
  /** Names of the parameters that were left out because the client library refuses them. */
  stripped: string[];
  needsPassword: boolean;
  /** The password stood in square brackets, which are taken for the placeholder's and are not in `password`. */
  passwordInBrackets: boolean;
  warnings: string[];
}

export interface ConnectionProblem {
  kind: 'problem';
  message: string;
}

/** What a container calls the machine that it runs on. */
export const DOCKER_HOST_NAME = 'host.docker.internal';

/** Supavisor and the dedicated PgBouncer pool by transaction on this port, whatever the host. */
export const TRANSACTION_PORT = 6543;
const SESSION_PORT = 5432;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|::1)$/;
const POOLER_HOST = /\.pooler\.supabase\.(?:com|co|in)$/;
const PROJECT_HOST = /^db\.[a-z0-9-]+\.supabase\.(?:co|in|net|com)$/;
const API_HOST = /^[a-z0-9-]+\.supabase\.(?:co|in|net)$/;

/** Ports that the Supabase CLI publishes: the database, its shadow, the pooler (config.toml of supabase/cli). */
const CLI_PORTS = [54320, 54322, 54329];
const CLI_CONTAINER = /^supabase_db_/;

/** https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS, without what names files of the user's own machine. */
const LIBPQ_PARAMETERS = new Set(
  `application_name channel_binding client_encoding connect_timeout fallback_application_name gssdelegation gssencmode
  gsslib hostaddr keepalives keepalives_count keepalives_idle keepalives_interval krbsrvname load_balance_hosts
  max_protocol_version min_protocol_version options replication require_auth requirepeer scram_client_key
  scram_server_key ssl_max_protocol_version ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl
  sslcrldir sslkey sslmode sslnegotiation sslpassword sslrootcert sslsni target_session_attrs tcp_user_timeout`.split(
    /\s+/,
  ),
);

/** What mysqlclient, PyMySQL and the readers of database URLs for Django know. */
const MYSQL_PARAMETERS = new Set(
  'charset collation connect_timeout init_command read_timeout sql_mode ssl ssl-ca ssl-mode ssl_ca ssl_mode use_unicode write_timeout'.split(
    ' ',
  ),
);

const POSTGRES_SCHEMES = /^(?:jdbc:)?(?:postgres|postgresql|pgsql|psql|postgis|timescale)(?:\+\w+)?$/;
const MYSQL_SCHEMES = /^(?:jdbc:)?(?:mysql|mysql2|mysqlgis|mariadb)(?:\+\w+|-connector)?$/;

/** Invisible characters that copying from a page or a chat brings along. */
const INVISIBLE = /[\u200b-\u200f\u202a-\u202e\u2060\ufeff]/g;

const NOTHING = 'No connection string was given.';
const WHERE =
  'Copy the whole string: on the dashboard of the project, button "Connect", "Session pooler" (postgresql://postgres.<ref>:…@….pooler.supabase.com:5432/postgres).';

/**
 * Reads a connection string as pasted: a URI (quoted or not, also as `NAME="…"`, `export NAME=…`, `jdbc:…`), a
 * `psql` command, or `key=value` pairs as libpq and the dashboard's parameter view write them. A password with raw
 * reserved characters is understood: the last `@` before a host decides.
 * @param text what was pasted
 * @param engine which kind of server is asked for
 * @returns the connection, or one message for the user, which never holds a piece of the text
 */
export function readConnectionString(
  text: string,
  engine: ServerKind = 'postgresql',
): DatabaseConnection | ConnectionProblem {
  const pasted = text.replaceAll(INVISIBLE, '').replaceAll('\u00a0', ' ').trim();
  if (pasted === '') return problem(NOTHING);
  const wrong = otherThing(unwrap(pasted));
  if (wrong !== null) return problem(wrong);
  const parts = readParts(pasted, engine);
  if ('message' in parts) return parts;
  return judge(parts, engine);
}

function problem(message: string): ConnectionProblem {
  return { kind: 'problem', message };
}

/** The parts as pasted, before anything is concluded from them; null: not named. */
interface Parts {
  scheme: string;
  host: string | null;
  port: string | null;
  user: string | null;
  password: string | null;
  /** The password stood in a URI, where reserved characters are to be encoded. */
  encoded: 'yes' | 'raw' | 'mixed';
  database: string | null;
  query: { name: string; value: string }[];
}

/** What people paste instead, with the message; null: may be a connection string. */
function otherThing(text: string): string | null {
  if (/^sb_(?:publishable|secret)_\S+$/i.test(text) || /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(text)) {
    return `That is an API key of Supabase, not a connection string. ${WHERE}`;
  }
  if (/^sbp_\w+$/.test(text)) {
    return `That is an access token of a Supabase account, not a connection string. ${WHERE}`;
  }
  if (/^https?:\/\/(?:www\.|app\.)?supabase\.(?:com|io)\b/i.test(text)) {
    return `That is the address of the dashboard's page, not a connection string. ${WHERE}`;
  }
  if (/^https?:\/\//i.test(text)) {
    return `That is the project's URL, which is for the API (SUPABASE_URL), not a connection string of the database. ${WHERE}`;
  }
  if (/^(?:redis|rediss|mongodb(?:\+srv)?|amqp|sqlite):\/\//i.test(text)) {
    return 'That is the address of another kind of service, not of this database.';
  }
  return null;
}

/** Without `NAME=`, `export`, quotes around everything and what follows a closing quote. */
function unwrap(text: string): string {
  let inner = text.trim();
  const assignment = /^(?:export\s+|set\s+|\$env:)?([A-Za-z_]\w*)\s*[=:]\s*(?!\/\/)(\S[\s\S]*)$/.exec(inner);
  // `host=…` and `user: …` are pairs of their own, read later.
  if (assignment !== null && !isKeyword(assignment[1] as string) && !/^\w+:\w+:/.test(inner)) {
    inner = assignment[2] as string;
  }
  const quoted =
    /^(?:"([\s\S]*)"|'([\s\S]*)'|`([\s\S]*)`|[“”„]([\s\S]*)[“”]|[‘’‚]([\s\S]*)[‘’]|<([\s\S]*)>)\s*[;,]?\s*(?:#.*)?$/.exec(
      inner,
    );
  if (quoted !== null) return (quoted.slice(1).find((part) => part !== undefined) as string).trim();
  return inner.trim();
}

function readParts(pasted: string, engine: ServerKind): Parts | ConnectionProblem {
  const lines = pasted.split(/[\r\n]+/).filter((line) => !/^\s*(?:#.*)?$/.test(line));
  const addresses = lines.filter((line) => line.includes('://'));
  if (addresses.length > 1) {
    return problem(`That is more than one connection string. Paste only one. ${WHERE}`);
  }
  if (lines.length === 0) return problem(NOTHING);
  if (lines.length > 1 && addresses.length === 1) {
    const [line] = addresses as [string];
    // A URI that was broken over lines would be read as a shorter one.
    if (lines.some((other) => other !== line && !/^\s*(?:export\s+)?[A-Za-z_]\w*\s*[=:]/.test(other))) {
      return problem('The connection string is broken by a line break. Paste it as one line.');
    }
    return readLine(line, engine);
  }
  return readLine(lines.join('\n'), engine);
}

function readLine(line: string, engine: ServerKind): Parts | ConnectionProblem {
  const inner = unwrap(line);
  if (
    /^(?:\$\s+)?(?:[A-Z]+=(?:'[^']*'|"[^"]*"|\S*)\s+)*(?:psql|mysql|mariadb|pg_dump|pg_restore)(?:\s|$)/.test(
      line.trim(),
    )
  ) {
    return readCommand(line.trim().replace(/^\$\s+/, ''));
  }
  if (/^(?:psql|mysql)\s/.test(inner)) return readCommand(inner);
  const uri = /^((?:jdbc:)?[a-z][\w+.-]*):\/\/([\s\S]*)$/i.exec(inner);
  if (uri !== null) return readUri((uri[1] as string).toLowerCase(), uri[2] as string);
  const pairs = readPairs(inner);
  if (pairs !== null) return pairs;
  return problem(
    engine === 'mysql'
      ? 'That is not a connection string. It looks like this: mysql://user:password@host:3306/database'
      : `That is not a connection string. ${WHERE}`,
  );
}

/** What may follow the `@`: host, port, database, query. */
const AFTER_USER =
  /^(?<host>\[[0-9A-Fa-f:.%]+\]|[^\s:/?#@[\]<>{}]*)(?::(?<port>\d*))?(?<rest>\/(?<database>[^?#\s]*))?(?:\?(?<query>[^#\s]*))?(?:#\S*)?(?:\s+#.*)?$/;

function readUri(scheme: string, rest: string): Parts | ConnectionProblem {
  if (!POSTGRES_SCHEMES.test(scheme) && !MYSQL_SCHEMES.test(scheme)) {
    return problem('That address is not of a PostgreSQL or MySQL server (postgresql://… or mysql://…).');
  }
  const split = splitUserInfo(rest);
  if (split === null) {
    return problem(
      rest.includes('@')
        ? `After the last @ of the connection string no host was found, or its host or port is still a placeholder. ${WHERE}`
        : `The connection string has no "user:password@host". It is not complete. ${WHERE}`,
    );
  }
  const { userInfo, after } = split;
  const query = readQuery(after['query'] ?? '');
  const named = (name: string): string | null => {
    const index = query.findIndex((item) => item.name === name);
    return index < 0 ? null : (query.splice(index, 1)[0]?.value ?? null);
  };
  // A URI for libpq may have these in its query, one for JDBC always has.
  const fromQuery = {
    host: named('host'),
    port: named('port'),
    user: named('user'),
    password: named('password'),
    database: named('dbname'),
  };
  const colon = userInfo.indexOf(':');
  const user = colon < 0 ? userInfo : userInfo.slice(0, colon);
  const password = colon < 0 ? null : decodePassword(userInfo.slice(colon + 1));
  return {
    scheme: scheme.replace(/^jdbc:/, ''),
    host: decode(after['host'] ?? '') || fromQuery.host,
    port: after['port'] || fromQuery.port,
    user: decode(user) || fromQuery.user,
    password: password?.text ?? fromQuery.password,
    encoded: password?.encoded ?? 'yes',
    database: decode((after['database'] ?? '').replace(/\/+$/, '')) || fromQuery.database,
    query,
  };
}

/**
 * Where the user part ends. A raw password may hold `@`, and so may a value of the query: the last `@` with a host
 * and a port or a path after it decides, then the last with a host.
 */
function splitUserInfo(rest: string): { userInfo: string; after: Record<string, string | undefined> } | null {
  let bare: { userInfo: string; after: Record<string, string | undefined> } | null = null;
  for (let at = rest.lastIndexOf('@'); at >= 0; at = at === 0 ? -1 : rest.lastIndexOf('@', at - 1)) {
    const after = AFTER_USER.exec(rest.slice(at + 1))?.groups;
    if (after === undefined) continue;
    const found = { userInfo: rest.slice(0, at), after };
    if (after['host'] !== '' && (after['port'] !== undefined || after['rest'] !== undefined)) return found;
    bare ??= found;
  }
  if (bare !== null) return bare;
  if (rest.includes('@')) return null;
  // Only for `postgresql://host/db?user=…&password=…`.
  const after = AFTER_USER.exec(rest)?.groups;
  return after !== undefined && /(?:^|&)user=/.test(after['query'] ?? '') ? { userInfo: '', after } : null;
}

/** Decoded where every `%` begins an escape of valid UTF-8, else as it is. */
function decode(text: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function decodePassword(text: string): { text: string; encoded: Parts['encoded'] } {
  const decoded = decode(text);
  // The brackets of the placeholder are no sign of a raw password.
  const inner = text.replace(/^\[([\s\S]*)\]$/, '$1');
  const raw =
    /[\s@/?#[\]"<>\\^`{|}]|[^\u0021-\u007e]/.test(inner) || (decoded === text && text.includes('%'));
  if (!raw) return { text: decoded, encoded: 'yes' };
  return { text: decoded, encoded: decoded === text ? 'raw' : 'mixed' };
}

function readQuery(query: string): { name: string; value: string }[] {
  return query
    .split('&')
    .filter((item) => item !== '')
    .map((item) => {
      const equals = item.indexOf('=');
      if (equals < 0) return { name: decode(item), value: '' };
      // libpq takes `+` for itself, others for a blank: `options=-c+x` is meant as the latter.
      const value = item.slice(equals + 1);
      const name = decode(item.slice(0, equals));
      return { name, value: decode(name === 'options' ? value.replaceAll('+', ' ') : value) };
    });
}

const KEYWORDS: Record<string, 'host' | 'port' | 'user' | 'password' | 'database'> = {
  host: 'host',
  server: 'host',
  port: 'port',
  user: 'user',
  username: 'user',
  'user id': 'user',
  password: 'password',
  pass: 'password',
  dbname: 'database',
  database: 'database',
};

function isKeyword(name: string): boolean {
  return Object.hasOwn(KEYWORDS, name.toLowerCase()) || LIBPQ_PARAMETERS.has(name.toLowerCase());
}

/** `host=… port=…` (libpq), `host: …` per line (the dashboard), `Server=…;User Id=…` (.NET); null: none of them. */
function readPairs(text: string): Parts | null {
  const parts: Parts = emptyParts();
  const pattern =
    /(?<name>user id|[A-Za-z_]\w*)[ \t]*[=:][ \t]*(?<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s;]*)\s*;?\s*/giy;
  let found = false;
  for (pattern.lastIndex = 0; pattern.lastIndex < text.length;) {
    const match = pattern.exec(text);
    if (match?.groups === undefined) return null;
    const name = (match.groups['name'] as string).toLowerCase();
    const value = (match.groups['value'] as string).replace(
      /^(['"])([\s\S]*)\1$/,
      (_all, _quote, inner: string) => inner.replaceAll(/\\(.)/g, '$1'),
    );
    const keyword = Object.hasOwn(KEYWORDS, name) ? KEYWORDS[name] : undefined;
    if (keyword === undefined) parts.query.push({ name, value });
    else {
      parts[keyword] = value;
      found ||= keyword === 'host';
    }
  }
  return found ? parts : null;
}

function emptyParts(): Parts {
  return {
    scheme: 'postgresql',
    host: null,
    port: null,
    user: null,
    password: null,
    encoded: 'yes',
    database: null,
    query: [],
  };
}

/** Options of psql and mysql that take a value, with the part that it is. */
const COMMAND_OPTIONS: Record<string, 'host' | 'port' | 'user' | 'password' | 'database'> = {
  '-h': 'host',
  '--host': 'host',
  '-p': 'port',
  '-P': 'port',
  '--port': 'port',
  '-U': 'user',
  '-u': 'user',
  '--user': 'user',
  '--username': 'user',
  '-d': 'database',
  '--dbname': 'database',
  '--database': 'database',
};

function readCommand(line: string): Parts | ConnectionProblem {
  const words = shellWords(line);
  if (words === null) {
    return problem('The command has a quote that is not closed. Paste only the connection string in it.');
  }
  let parts = emptyParts();
  let positional = 0;
  let program: string | null = null;
  const take = (part: keyof typeof KEYWORDS, value: string): ConnectionProblem | null => {
    const name = KEYWORDS[part] as 'host' | 'port' | 'user' | 'password' | 'database';
    if (name === 'database' && (value.includes('://') || /^\w+\s*=/.test(value))) {
      const inner = readLine(value, 'postgresql');
      if ('message' in inner) return inner;
      const { host, port, user, password } = parts;
      parts = {
        ...inner,
        host: inner.host ?? host,
        port: inner.port ?? port,
        user: inner.user ?? user,
        password: inner.password ?? password,
      };
      return null;
    }
    parts[name] = value;
    return null;
  };
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as string;
    if (program === null) {
      const assignment = /^([A-Z]+)=([\s\S]*)$/.exec(word);
      if (assignment?.[1] === 'PGPASSWORD' || assignment?.[1] === 'MYSQL_PWD') {
        parts.password = assignment[2] as string;
      } else if (assignment !== null) {
        const variable = /^PG(HOST|PORT|USER|DATABASE)$/.exec(assignment[1] as string)?.[1]?.toLowerCase();
        if (variable !== undefined) take(variable, assignment[2] as string);
        else if (assignment[1] === 'PGSSLMODE') {
          parts.query.push({ name: 'sslmode', value: assignment[2] as string });
        }
      } else {
        program = word;
        if (/^(?:mysql|mariadb)$/.test(word)) parts.scheme = 'mysql';
      }
      continue;
    }
    const long = /^(--[a-z-]+)=([\s\S]*)$/.exec(word);
    const short = /^(-[hpPUud])(.+)$/.exec(word);
    // `-p` of mysql is the password.
    if (parts.scheme === 'mysql' && word.startsWith('-p')) {
      if (word.length > 2) parts.password = word.slice(2);
      continue;
    }
    const option = long?.[1] ?? (word.startsWith('--') ? word : (short?.[1] ?? word));
    if (option === '--password' && long !== null) {
      parts.password = long[2] as string;
      continue;
    }
    const part = Object.hasOwn(COMMAND_OPTIONS, option) ? COMMAND_OPTIONS[option] : undefined;
    let failed: ConnectionProblem | null = null;
    if (part !== undefined) {
      const value = long?.[2] ?? (word.startsWith('--') ? undefined : short?.[2]) ?? words[(index += 1)];
      if (value === undefined) return problem('The last option of the command has no value.');
      failed = take(part, value);
    } else if (/^(?:-[cfvFLo]|--(?:command|file|set|variable|format|output))$/.test(word)) {
      index += 1;
    } else if (!word.startsWith('-')) {
      positional += 1;
      if (positional === 1) failed = take('database', word);
      else if (positional === 2) failed = take('user', word);
    }
    if (failed !== null) return failed;
  }
  return parts;
}

/** Words of a POSIX shell; null: a quote is not closed. */
function shellWords(line: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index] as string;
    if (quote === "'") {
      if (character === "'") quote = null;
      else word += character;
    } else if (character === '\\' && (quote === null || /["\\$`\n]/.test(line[index + 1] ?? ''))) {
      index += 1;
      // A line that is continued.
      if (line[index] !== '\n') word = (word ?? '') + (line[index] ?? '');
    } else if (quote === '"') {
      if (character === '"') quote = null;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== null) return null;
  if (word !== null) words.push(word);
  return words;
}

const PLACEHOLDER =
  /^(?:[[<{(]+\s*(?:your|my|the|insert|enter|db|database|password|passwd|pass)?[-_ ]?(?:your|my|db|database|postgres|supabase)?[-_ ]?(?:db|database|postgres)?[-_ ]?(?:password|passwd|pass)(?:[-_ ]?here)?\s*[\]>})]+|your[-_ ](?:super[-_ ]?secret[-_ ])?(?:db[-_ ]|database[-_ ]|postgres[-_ ]|supabase[-_ ])?password(?:[-_ ]here)?|\$\{?[A-Z_]*PASS(?:WORD|WD)?\}?|[*•]+|x{4,}|\.{3}|…)$/i;

/** Whether this text stands for a password that is still to be put in. */
export function isPasswordPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text.trim());
}

function judge(parts: Parts, engine: ServerKind): DatabaseConnection | ConnectionProblem {
  const found: ServerKind = MYSQL_SCHEMES.test(parts.scheme) ? 'mysql' : 'postgresql';
  if (found !== engine) {
    return problem(
      engine === 'mysql'
        ? 'That is the address of a PostgreSQL server, but MySQL or MariaDB was chosen (mysql://user:password@host:3306/database).'
        : 'That is the address of a MySQL server, but PostgreSQL was chosen (postgresql://user:password@host:5432/database).',
    );
  }
  const host = (parts.host ?? '')
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
  if (host === '')
    return problem(`The connection string names no host. ${engine === 'mysql' ? '' : WHERE}`.trim());
  if (host.includes(',')) {
    return problem('The connection string names several hosts. Paste one with a single host.');
  }
  if (host.startsWith('/')) {
    return problem(
      'The connection string names a socket file of this machine, which a container does not see. Paste one with a host name.',
    );
  }
  if (!/^[a-z0-9_][a-z0-9_.-]*$/.test(host) && !/^[0-9a-f]*:[0-9a-f:.]+$/.test(host)) {
    return problem(
      `The host of the connection string is not a host name: a piece of it is still a placeholder, or the string is not complete. ${engine === 'mysql' ? '' : WHERE}`.trim(),
    );
  }
  if (API_HOST.test(host) || host === 'supabase.co' || host === 'supabase.com') {
    return problem(
      `The host of the connection string is the one of the project's API, where no database answers. ${WHERE}`,
    );
  }
  const port =
    parts.port === null || parts.port === '' ? (engine === 'mysql' ? 3306 : 5432) : Number(parts.port);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    return problem('The port of the connection string is not a number from 1 to 65535.');
  }
  const user = parts.user ?? '';
  if (user === '')
    return problem(`The connection string names no user. ${engine === 'mysql' ? '' : WHERE}`.trim());
  if (/[[\]<>{}]/.test(user)) {
    return problem(
      `The user of the connection string still holds a placeholder. ${engine === 'mysql' ? '' : WHERE}`.trim(),
    );
  }
  const onSupabase = POOLER_HOST.test(host) || PROJECT_HOST.test(host);
  const database = parts.database || (onSupabase ? 'postgres' : '');
  if (database === '') {
    return problem('The connection string names no database: its last part must be /<name of the database>.');
  }
  const asTyped = parts.password ?? '';
  const needsPassword = asTyped === '' || isPasswordPlaceholder(asTyped);
  const bracketed = /^\[([\s\S]+)\]$/.exec(asTyped);
  const password = needsPassword ? '' : (bracketed?.[1] ?? asTyped);
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(`${user}${password}${database}`)) {
    return problem(
      'The user, the password or the database of the connection string holds a line break or another control character.',
    );
  }
  const known = engine === 'mysql' ? MYSQL_PARAMETERS : LIBPQ_PARAMETERS;
  const mode = engine === 'mysql' ? null : connectionMode(host, port);
  const connection: DatabaseConnection = {
    kind: 'connection',
    engine,
    mode,
    scheme: parts.scheme,
    host: LOOPBACK.test(host) ? DOCKER_HOST_NAME : host,
    port,
    user,
    password,
    database,
    parameters: parts.query.filter(({ name, value }) => known.has(name) && value !== ''),
    stripped: [...new Set(parts.query.map(({ name }) => name).filter((name) => !known.has(name)))].filter(
      (name) => /^[\w.-]{1,40}$/.test(name),
    ),
    needsPassword,
    passwordInBrackets: !needsPassword && bracketed !== null,
    warnings: [],
  };
  return { ...connection, warnings: warningsOf(connection, parts, host) };
}

/**
 * The mode of a connection to PostgreSQL, by host, then by port. `self-hosted` stands for every server that is neither
 * in Supabase's cloud nor one of its CLI.
 * @param host name or address in lower case
 */
export function connectionMode(host: string, port: number): SupabaseConnection {
  if (POOLER_HOST.test(host)) return port === TRANSACTION_PORT ? 'transaction' : 'session';
  if (PROJECT_HOST.test(host)) return port === TRANSACTION_PORT ? 'dedicated' : 'direct';
  if (CLI_CONTAINER.test(host)) return 'local';
  if ((LOOPBACK.test(host) || host === DOCKER_HOST_NAME) && CLI_PORTS.includes(port)) return 'local';
  return 'self-hosted';
}

function warningsOf(connection: DatabaseConnection, parts: Parts, host: string): string[] {
  const { mode, port, user, password } = connection;
  const warnings: string[] = [];
  if (mode === 'direct' || mode === 'dedicated') {
    warnings.push(
      `This host (${mode === 'direct' ? 'direct connection' : 'dedicated pooler'}) has an IPv6 address only, unless the project has the paid IPv4 add-on. Containers have no IPv6 by default, even where their machine has it: "Network is unreachable". Use the string of the session pooler instead (dashboard: "Connect", "Session pooler").`,
    );
    if (/^[^.]+\.[a-z]{20}$/.test(user)) {
      warnings.push(
        'The user has the form of the shared pooler (<role>.<ref>); this host knows the role alone (postgres).',
      );
    }
  }
  if ((mode === 'session' || mode === 'transaction') && !/^[^.]+\.[^.]+/.test(user)) {
    warnings.push(
      'The user has no project reference. The shared pooler needs <role>.<ref>, for example postgres.abcdefghijklmnopqrst; without it the login fails ("no tenant identifier provided", "Tenant or user not found" or "password authentication failed"). Copy the string again from the dashboard.',
    );
  }
  if (POOLER_HOST.test(host) && port !== SESSION_PORT && port !== TRANSACTION_PORT) {
    warnings.push(
      'The shared pooler listens on port 5432 (session) and 6543 (transaction); this is another port.',
    );
  }
  if (connection.engine === 'postgresql' && port === TRANSACTION_PORT) {
    warnings.push(
      'Port 6543 pools by transaction: each transaction may get another connection. Server-side cursors, SET, LISTEN, advisory locks and temporary tables do not work over it, and migrations go over port 5432. Port 5432 of the pooler (session) has no such limits.',
    );
  }
  if (LOOPBACK.test(host)) {
    warnings.push(
      `Inside of a container this machine is not called ${host} but ${DOCKER_HOST_NAME}, which is used instead.`,
    );
  }
  if (connection.passwordInBrackets) {
    warnings.push(
      'The password stood in square brackets. They belong to the placeholder [YOUR-PASSWORD] and were left out; if they belong to your password, say so.',
    );
  }
  if (/^sb_(?:publishable|secret)_/.test(password) || /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(password)) {
    warnings.push(
      'The password looks like an API key of Supabase. The database has a password of its own (dashboard: Database, Settings, "Reset database password").',
    );
  }
  if (parts.encoded === 'raw') {
    warnings.push(
      'The password holds characters that a URL needs encoded (such as @ / # ? %). It was read as it stands and is encoded where it is written into a URL.',
    );
  }
  if (parts.encoded === 'mixed') {
    warnings.push(
      'The password holds both encoded characters (%..) and characters that should be encoded. Its % escapes were decoded; if they are part of the password, enter the password by itself.',
    );
  }
  if (connection.stripped.length > 0) {
    warnings.push(
      `Left out, because the database's client refuses ${connection.stripped.length === 1 ? 'it' : 'them'}: ${connection.stripped.join(', ')} (${connection.stripped.length === 1 ? 'a parameter' : 'parameters'} of another tool).`,
    );
  }
  return warnings;
}

/**
 * The same connection with a password that was asked for by itself.
 * @param password as the person knows it, not encoded
 */
export function withPassword(connection: DatabaseConnection, password: string): DatabaseConnection {
  return { ...connection, password, needsPassword: password === '', passwordInBrackets: false };
}

/**
 * The connection as a URL with every part percent-encoded, so that each reader of database URLs gets the same parts.
 * @param sslmode sets the parameter of that name in place of a pasted one
 * @param scheme instead of `postgres` (or `mysql`), which every reader for Django knows
 */
export function connectionUrl(
  connection: DatabaseConnection,
  { sslmode, scheme }: { sslmode?: string; scheme?: string } = {},
): string {
  const own = connection.scheme === 'postgis' || connection.scheme === 'mysqlgis' ? connection.scheme : null;
  const chosen = scheme ?? own ?? (connection.engine === 'mysql' ? 'mysql' : 'postgres');
  const parameters =
    sslmode === undefined
      ? connection.parameters
      : [
          ...connection.parameters.filter(({ name }) => name !== 'sslmode'),
          { name: 'sslmode', value: sslmode },
        ];
  const query = parameters.map(({ name, value }) => `${encode(name)}=${encode(value)}`).join('&');
  const host = connection.host.includes(':') ? `[${connection.host}]` : connection.host;
  const password = connection.needsPassword ? '' : `:${encode(connection.password)}`;
  return `${chosen}://${encode(connection.user)}${password}@${host}:${connection.port}/${encode(connection.database)}${query === '' ? '' : `?${query}`}`;
}

/** Everything but letters, digits and `-._~`, which have no meaning anywhere in a URL. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The port that migrations go over: 5432 of the same host where the connection pools by transaction, which migrations
 * do not bear.
 */
export function migrationPort(connection: DatabaseConnection): number {
  return connection.engine === 'postgresql' && connection.port === TRANSACTION_PORT
    ? SESSION_PORT
    : connection.port;
}
