import type { Answers } from '../answers/answers.ts';
import { connectionMode, readConnectionString } from '../database/connection-string.ts';
import { readEnvFile } from '../database/env-file.ts';
import type { ProjectFacts } from '../detection/facts.ts';
import { isVariableName, type DatabaseAddress } from './database-environment.ts';
import type { Plan } from './plan.ts';
import { SUPABASE_MODES, type SupabaseMode } from './supabase.ts';

/** Name of a variable of ours → whether the user's own .env lacks it; a name that is not needed is not there. */
export type EnvLack = Readonly<Record<string, boolean>>;

/** Variables of ours that a .env of the user's cannot know, with when they are needed. */
const OWN_VARIABLES: Readonly<Record<string, (answers: Answers) => boolean>> = {
  POSTGRES_PASSWORD: ({ database }) => database === 'postgres',
  MARIADB_PASSWORD: ({ database }) => database === 'mysql',
  ALLOWED_HOSTS: ({ settingsOverlay }) => settingsOverlay.includes('hosts'),
};

/**
 * Which variables of ours the user's own .env lacks. .env is on one machine only, and what is generated must be the
 * same on each: what was decided when a variable was first needed is stored, and stays.
 * @param stored what was decided before; untrusted
 */
export function lackingInEnvFile(facts: ProjectFacts, answers: Answers, stored: unknown): EnvLack {
  const before = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, unknown>;
  const { envFile, envNames } = facts.existing;
  return Object.fromEntries(
    Object.entries(OWN_VARIABLES).flatMap(([name, needed]) => {
      const decided = before[name];
      if (typeof decided === 'boolean') return [[name, decided]];
      return needed(answers) ? [[name, envFile === '.env' && !envNames.includes(name)]] : [];
    }),
  );
}

/**
 * What their own .env does not set and the settings cannot do without. It is no note of the plan, because .env is on
 * one machine only.
 */
export function envFileNotes(
  facts: ProjectFacts,
  plan: Pick<Plan, 'composeEnvironment' | 'databaseVariables' | 'database' | 'databaseService'>,
  alsoSet: readonly string[] = [],
): string[] {
  const { envFile, envNames } = facts.existing;
  if (envFile !== '.env') return [];
  const set = new Set([...envNames, ...alsoSet, ...plan.composeEnvironment.map(({ name }) => name)]);
  const required = facts.variables.filter(
    ({ name, required: must, demanded }) => (must || demanded === true) && isVariableName(name),
  );
  const names = [...required.map(({ name }) => name), ...plan.databaseVariables];
  const lacking = [...new Set(names)].filter((name) => !set.has(name));
  const simple = (plan.databaseService?.environment ?? []).flatMap(({ value }) => {
    const name = /^\$\{(\w+):-app\}$/.exec(value)?.[1];
    return name === undefined || set.has(name)
      ? []
      : [
          `.env does not set ${name}: the db service, which only this project’s services reach, takes "app". Set it before the first start, when its volume is made.`,
        ];
  });
  if (lacking.length === 0) return simple;
  const byCommand =
    plan.database === 'supabase' && lacking.some((name) => plan.databaseVariables.includes(name))
      ? ', or run backendai-docker supabase'
      : '';
  return [
    ...simple,
    `.env stays as it is, but does not set ${lacking.join(', ')}: add what .env.example shows${byCommand}.`,
  ];
}

/**
 * Says where their .env leads Docker Compose to other files than the one that is written.
 * Source of the variable: https://docs.docker.com/compose/how-tos/environment-variables/envvars/
 * @param envText the text of .env after the run
 */
export function composeVariableNotes(envText: string): string[] {
  const files = readEnvFile(envText).get('COMPOSE_FILE')?.value ?? '';
  if (files.trim() === '' || /(?:^|[/:;,])compose\.yaml(?:$|[:;,\s])/.test(files)) return [];
  return [
    'COMPOSE_FILE in .env names other files, which Docker Compose takes instead of compose.yaml: say docker compose --file compose.yaml, or change the line.',
  ];
}

/**
 * Says where their .env leads to another database than the files are made for. Its values are looked at, and only the
 * kind of the address is told.
 * @param envText the text of .env after the run
 */
export function addressNotes(
  envText: string,
  plan: Pick<Plan, 'supabase' | 'connectionVariables'>,
): string[] {
  if (plan.supabase === null) return [];
  const entries = readEnvFile(envText);
  const valueOf = (part: keyof DatabaseAddress): { name: string; value: string } | null => {
    const name = plan.connectionVariables.find((variable) => variable.part === part)?.name ?? '';
    const entry = entries.get(name);
    return entry === undefined || entry.placeholder ? null : { name, value: entry.value };
  };
  const url = valueOf('url');
  const host = valueOf('host');
  const read = url === null ? null : readConnectionString(url.value);
  const address =
    url !== null && read?.kind === 'connection'
      ? { name: url.name, mode: read.mode }
      : host !== null
        ? {
            name: host.name,
            mode: connectionMode(host.value.toLowerCase(), Number(valueOf('port')?.value ?? 5432)),
          }
        : null;
  const wanted = plan.supabase.connection;
  if (address === null || address.mode === null || address.mode === wanted) return [];
  const other =
    address.mode === 'self-hosted'
      ? 'another server than Supabase’s'
      : inSentence(SUPABASE_MODES[address.mode]);
  return [
    `${address.name} in .env leads to ${other}, and these files are for ${inSentence(plan.supabase.mode)}: put its address there, or run again with --supabase-connection ${address.mode}.`,
  ];
}

/** What the database is called amid a sentence: the dashboard's words stand in capitals. */
const inSentence = ({ title, place }: SupabaseMode): string =>
  place === 'cloud' ? `Supabase’s ${title.toLowerCase()}` : `the database of the ${title}`;
