import type { Answers } from '../answers/answers.ts';
import { TLS_VARIABLE } from '../detection/database.ts';
import type { DatabaseFacts, ProjectFacts } from '../detection/facts.ts';
import { connectionUrl, type DatabaseConnection, type ServerKind } from '../database/connection-string.ts';
import { supabaseMode } from './supabase.ts';

/** The parts of a database's address, each with the text to put into the variable that holds it. */
export interface DatabaseAddress {
  engine: string;
  name: string;
  user: string;
  password: string;
  host: string;
  port: string;
  url: string;
}

/** The answers that say which database it is. */
export type DatabaseChoice = Pick<Answers, 'database' | 'supabaseConnection'>;

/**
 * The parts of a connection that was pasted, for the variables that hold them.
 * @param engine the value that names the engine to the settings
 */
export function connectionAddress(connection: DatabaseConnection, engine: string): DatabaseAddress {
  const { host, port, user, password, database, mode, parameters } = connection;
  const isCloud = mode !== null && mode !== 'local' && mode !== 'self-hosted';
  const saysTls = parameters.some(({ name }) => name === 'sslmode');
  return {
    engine,
    name: database,
    user,
    password,
    host,
    port: String(port),
    url: connectionUrl(connection, isCloud && !saysTls ? { sslmode: 'require' } : {}),
  };
}

/** Service name, database and user of the container of PostgreSQL or MariaDB. */
export const CONTAINER_DATABASE = { host: 'db', name: 'app', user: 'app' } as const;

/** Where the SQLite file lies: on a volume, outside of the read-only code. */
export const SQLITE_FOLDER = '/data';
export const SQLITE_FILE = `${SQLITE_FOLDER}/db.sqlite3`;

/** What is known of each kind of server. Not postgresql://: projects ask url.startswith('postgres://'), and every Django URL parser knows it. */
const SERVERS = {
  postgresql: { engine: 'django.db.backends.postgresql', port: '5432', scheme: 'postgres' },
  mysql: { engine: 'django.db.backends.mysql', port: '3306', scheme: 'mysql' },
} as const satisfies Record<ServerKind, object>;

/** The value that names the engine to the settings. */
function engineValue(facts: DatabaseFacts, kind: ServerKind): string {
  return (kind === 'mysql' ? facts.mysqlEngineValue : facts.postgresEngineValue) ?? SERVERS[kind].engine;
}

/** The project speaks MySQL today, and no PostgreSQL. */
export function speaksMysql({
  database,
  postgresDriver,
  mysqlDriver,
}: Pick<ProjectFacts, 'database' | 'postgresDriver' | 'mysqlDriver'>): boolean {
  return mysqlDriver !== null && postgresDriver === null && database.defaultEngine !== 'postgresql';
}

/**
 * What the chosen database speaks. Another server is what the project speaks today.
 * @param facts what detection found
 */
export function databaseKind(
  facts: Pick<ProjectFacts, 'database' | 'postgresDriver' | 'mysqlDriver'>,
  { database }: Pick<Answers, 'database'>,
): ServerKind | 'sqlite' {
  if (database === 'sqlite') return 'sqlite';
  return database === 'mysql' || (database === 'external' && speaksMysql(facts)) ? 'mysql' : 'postgresql';
}

/**
 * The address of the database that runs on a service of the Compose file, in Compose syntax.
 * @param facts how the settings name the engine
 * @param passwordReference Compose syntax that yields the password
 */
export function containerAddress(
  facts: DatabaseFacts,
  kind: ServerKind,
  passwordReference: string,
): DatabaseAddress {
  const { host, name, user } = CONTAINER_DATABASE;
  const { port, scheme } = SERVERS[kind];
  return {
    engine: engineValue(facts, kind),
    name,
    user,
    password: passwordReference,
    host,
    port,
    url: `${scheme}://${user}:${passwordReference}@${host}:${port}/${name}${
      kind === 'postgresql' && facts.forcesTls?.value === 'unless-in-url' ? '?sslmode=disable' : ''
    }`,
  };
}

/** The database has no TLS, or it is not known to have it: one in a container, or Supabase that is not the cloud's. */
export function mayLackTls(choice: DatabaseChoice): boolean {
  const mode = supabaseMode(choice);
  return choice.database === 'postgres' || (mode !== null && mode.sslmode !== 'require');
}

/**
 * The variables that turn TLS off for the db service, which has none: those whose default demands it, and libpq's own
 * for the settings overlay.
 */
export function withoutTls(
  facts: ProjectFacts,
  overlay: readonly string[],
): { name: string; value: string }[] {
  const own = facts.variables.flatMap(({ name, defaultValue, cast }) => {
    if (!TLS_VARIABLE.test(name) || !isVariableName(name) || defaultValue === null) return [];
    // `DB_SSL_DISABLED` says the opposite.
    if (/DISABLE|SKIP|WITHOUT|(?:^|_)NO_?(?:SSL|TLS)/i.test(name)) return [];
    if (cast === 'bool' || /^(?:true|yes|on|1)$/i.test(defaultValue)) {
      return /^(?:true|yes|on|1)$/i.test(defaultValue)
        ? [{ name, value: defaultValue === '1' ? '0' : 'False' }]
        : [];
    }
    return /^(?:require|verify-ca|verify-full)$/.test(defaultValue) ? [{ name, value: 'disable' }] : [];
  });
  if (!overlay.includes('tls')) return own;
  return [...own.filter(({ name }) => name !== 'PGSSLMODE'), { name: 'PGSSLMODE', value: 'disable' }];
}

/** Whether a shell could set a variable of this name; others are in no file of ours. */
export function isVariableName(name: string | null): name is string {
  return name !== null && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/** The variables that the settings read for their database, in a fixed order, with the part that each holds. */
export function databaseVariables(facts: DatabaseFacts): { name: string; part: keyof DatabaseAddress }[] {
  const found: { name: string; part: keyof DatabaseAddress }[] = [];
  if (isVariableName(facts.urlVariable)) found.push({ name: facts.urlVariable, part: 'url' });
  const parts = ['engine', 'name', 'user', 'password', 'host', 'port'] as const;
  for (const part of parts) {
    const name = facts.variables[part];
    if (isVariableName(name) && !found.some((item) => item.name === name)) found.push({ name, part });
  }
  return found;
}

/** Variables of the database and their values for a given address. */
export function databaseEnvironment(
  facts: DatabaseFacts,
  address: DatabaseAddress,
): { name: string; value: string }[] {
  return databaseVariables(facts).map(({ name, part }) => ({ name, value: address[part] }));
}

/** SQLite in the variables that the settings read; parts that SQLite has not are left alone. */
export function sqliteEnvironment(facts: DatabaseFacts): { name: string; value: string }[] {
  const values: Partial<Record<keyof DatabaseAddress, string>> = {
    url: `sqlite:///${SQLITE_FILE}`,
    engine: facts.sqliteEngineValue ?? 'django.db.backends.sqlite3',
    name: SQLITE_FILE,
  };
  return databaseVariables(facts).flatMap(({ name, part }) => {
    const value = values[part];
    return value === undefined ? [] : [{ name, value }];
  });
}

/**
 * Build-time stand-ins for a database that is not there: they only have to be parsed by the settings.
 */
export function buildTimeAddress(facts: DatabaseFacts, kind: ServerKind = 'postgresql'): DatabaseAddress {
  const { port, scheme } = SERVERS[kind];
  return {
    engine: engineValue(facts, kind),
    name: 'build',
    user: 'build',
    password: 'build',
    host: 'localhost',
    port,
    url: `${scheme}://build:build@localhost:${port}/build`,
  };
}

/** Why a choice cannot reach the settings, or null when it can. */
export function unreachableSettings(facts: DatabaseFacts, { database }: DatabaseChoice): string | null {
  if (facts.onlyWith !== null) {
    return `the settings read ${facts.urlVariable ?? 'the database URL'} only with ${facts.onlyWith.value.join(', ')} set, as on one hosting service`;
  }
  if (facts.style === 'url' || facts.style === 'variables') {
    if (database !== 'sqlite' && facts.urlVariable === null && facts.variables.host === null) {
      return 'the settings read no variable for the database host, so that another database cannot be named from outside';
    }
    // Its OPTIONS (charset, init_command) are for no other engine, even where a variable names the engine; not so where
    // the variable selects another configuration.
    if (
      database !== 'external' &&
      database !== 'mysql' &&
      facts.urlVariable === null &&
      facts.defaultEngine === 'mysql' &&
      !facts.selectedEngines.includes(database === 'sqlite' ? 'sqlite3' : 'postgresql')
    ) {
      return 'the settings are written for MySQL, and its options mean nothing to another database';
    }
    if (database === 'sqlite' && sqliteEnvironment(facts).length === 0) {
      return 'the settings read no variable for the database engine or name, so that SQLite cannot be chosen from outside';
    }
    return null;
  }
  return 'the settings name their database in the code and read nothing about it from the environment (the code is read-only in the container, so that an SQLite file beside it cannot be written); read it from a variable, for example DATABASES = {"default": dj_database_url.config()}, and run this again';
}
