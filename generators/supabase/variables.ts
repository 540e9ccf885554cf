/** Which variables hold what, and what they are set to. Pure. */
import type { ProjectFacts } from '../app/detection/facts.ts';
import { connectionUrl, type DatabaseConnection } from '../app/database/connection-string.ts';
import type { EnvFileEntry, EnvVariable } from '../app/database/env-file.ts';
import {
  databaseVariables,
  unreachableSettings,
  type DatabaseAddress,
} from '../app/planning/database-environment.ts';

export type DatabaseVariable = { name: string; part: keyof DatabaseAddress };

export interface VariableNames {
  url: string;
  publishable: string;
  secret: string;
  database: DatabaseVariable[];
  /** What the engine variable is set to, where the settings read one. */
  engineValue: string | null;
}

/** Of each value, the names that it is known by; the first is today's. */
const NAMES = {
  url: ['SUPABASE_URL', 'SUPABASE_PROJECT_URL', 'SUPABASE_API_URL'],
  publishable: [
    'SUPABASE_PUBLISHABLE_KEY',
    'SUPABASE_ANON_KEY',
    'SUPABASE_PUBLIC_KEY',
    'SUPABASE_KEY',
    'SUPABASE_API_KEY',
  ],
  secret: [
    'SUPABASE_SECRET_KEY',
    'SUPABASE_SERVICE_ROLE_KEY',
    'SUPABASE_SERVICE_KEY',
    'SUPABASE_SERVICE_ROLE',
  ],
} as const;

/** Where the project has no names of its own for its database. */
const DATABASE_NAMES: readonly DatabaseVariable[] = [
  { name: 'SUPABASE_DB_NAME', part: 'name' },
  { name: 'SUPABASE_DB_USER', part: 'user' },
  { name: 'SUPABASE_DB_PASSWORD', part: 'password' },
  { name: 'SUPABASE_DB_HOST', part: 'host' },
  { name: 'SUPABASE_DB_PORT', part: 'port' },
];

/**
 * The names that the project's settings read, else today's.
 * @param facts null where no project was found
 */
export function variableNames(facts: Pick<ProjectFacts, 'variables' | 'database'> | null): VariableNames {
  const read = new Set(facts?.variables.map(({ name }) => name));
  const choose = (names: readonly [string, ...string[]]): string =>
    names.find((name) => read.has(name)) ?? names[0];
  const reachable = facts !== null && unreachableSettings(facts.database, 'supabase') === null;
  const own = reachable ? databaseVariables(facts.database) : [];
  return {
    url: choose(NAMES.url),
    publishable: choose(NAMES.publishable),
    secret: choose(NAMES.secret),
    database: own.length > 0 ? own : [...DATABASE_NAMES],
    engineValue: facts?.database.postgresEngineValue ?? null,
  };
}

/**
 * The variables of the database with the values of a connection.
 * @param names which variable holds which part
 * @param engineValue what the engine variable is set to; without it that variable is left alone
 */
export function databaseValues(
  connection: DatabaseConnection,
  names: readonly DatabaseVariable[],
  engineValue: string | null = null,
): EnvVariable[] {
  const parts: Record<keyof DatabaseAddress, string | null> = {
    url: connectionUrl(connection),
    engine: engineValue,
    name: connection.database,
    user: connection.user,
    password: connection.password,
    host: connection.host,
    port: String(connection.port),
  };
  return names.flatMap(({ name, part }) => {
    const value = parts[part];
    return value === null ? [] : [{ name, value }];
  });
}

/** Where a value came from. */
export type ValueOrigin = 'environment' | '.env' | 'asked';

export interface FoundValue {
  value: string;
  name: string;
  origin: ValueOrigin;
}

export interface FoundValues {
  url: FoundValue | null;
  publishable: FoundValue | null;
  secret: FoundValue | null;
  /** A connection string, or one made of its parts. */
  database: FoundValue | null;
}

/**
 * The values that are there already: of the shell's environment, else of `.env`. Placeholders are none.
 * @param environment of the calling shell
 * @param envFile what `.env` sets
 */
export function findValues(
  names: VariableNames,
  environment: Readonly<Record<string, string | undefined>>,
  envFile: ReadonlyMap<string, EnvFileEntry>,
): FoundValues {
  const one = (name: string): FoundValue | null => {
    const shell = environment[name];
    if (shell !== undefined && shell.trim() !== '') return { value: shell, name, origin: 'environment' };
    const entry = envFile.get(name);
    // Compose puts other variables in; here nothing does.
    if (entry === undefined || entry.placeholder || entry.value.includes('${')) return null;
    return { value: entry.value, name, origin: '.env' };
  };
  const first = (candidates: readonly string[]): FoundValue | null => {
    for (const name of candidates) {
      const found = one(name);
      if (found !== null) return found;
    }
    return null;
  };
  return {
    url: first([names.url, ...NAMES.url]),
    publishable: first([names.publishable, ...NAMES.publishable]),
    secret: first([names.secret, ...NAMES.secret]),
    database: findDatabase(names.database, one),
  };
}

function findDatabase(
  names: readonly DatabaseVariable[],
  one: (name: string) => FoundValue | null,
): FoundValue | null {
  const of = (part: keyof DatabaseAddress): FoundValue | null => {
    const name = names.find((item) => item.part === part)?.name;
    return name === undefined ? null : one(name);
  };
  const url = of('url') ?? one('SUPABASE_DB_URL');
  if (url !== null) return url;
  const host = of('host');
  const user = of('user');
  if (host === null || user === null) return null;
  const port = of('port')?.value ?? '5432';
  const password = of('password')?.value ?? '';
  const database = of('name')?.value ?? 'postgres';
  return {
    ...host,
    value: `postgresql://${encodeURIComponent(user.value)}:${encodeURIComponent(password)}@${host.value}:${port}/${encodeURIComponent(database)}`,
  };
}
