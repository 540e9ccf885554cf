/** Which variables hold what, and what they are set to. Pure. */
import type { ProjectFacts } from '../app/detection/facts.ts';
import type { DatabaseConnection } from '../app/database/connection-string.ts';
import type { EnvFileEntry, EnvVariable } from '../app/database/env-file.ts';
import {
  connectionAddress,
  databaseVariables,
  unreachableSettings,
  type DatabaseAddress,
} from '../app/planning/database-environment.ts';
import { SUPABASE_DATABASE_VARIABLES } from '../app/planning/settings-overlay.ts';
import { SUPABASE_VARIABLES } from '../app/planning/supabase.ts';

export type DatabaseVariable = { name: string; part: keyof DatabaseAddress };

export interface VariableNames {
  url: string;
  publishable: string;
  secret: string;
  database: DatabaseVariable[];
  /** What the engine variable is set to, where the settings read one. */
  engineValue: string | null;
}

const NAMES = SUPABASE_VARIABLES;

const CHOICE = { database: 'supabase', supabaseConnection: 'session' } as const;

/** Where the project has no names of its own for its database. */
const DATABASE_NAMES = Object.entries(SUPABASE_DATABASE_VARIABLES).map(([part, name]): DatabaseVariable => ({
  name,
  part: part as keyof DatabaseAddress,
}));

/**
 * The names that the project's settings read, else today's.
 * @param facts null where no project was found
 */
export function variableNames(facts: Pick<ProjectFacts, 'variables' | 'database'> | null): VariableNames {
  const read = new Set(facts?.variables.map(({ name }) => name));
  const choose = (names: readonly [string, ...string[]]): string =>
    names.find((name) => read.has(name)) ?? names[0];
  const reachable = facts !== null && unreachableSettings(facts.database, CHOICE) === null;
  const own = reachable ? databaseVariables(facts.database) : [];
  return {
    url: choose(NAMES.url),
    publishable: choose(NAMES.publishableKey),
    secret: choose(NAMES.secretKey),
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
  const address = connectionAddress(connection, engineValue ?? '');
  return names
    .filter(({ part }) => part !== 'engine' || engineValue !== null)
    .map(({ name, part }) => ({ name, value: address[part] }));
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
    publishable: first([names.publishable, ...NAMES.publishableKey]),
    secret: first([names.secret, ...NAMES.secretKey]),
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
