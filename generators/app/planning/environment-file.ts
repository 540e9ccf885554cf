import type { Answers } from '../answers/answers.ts';
import type { ProjectFacts } from '../detection/facts.ts';
import { isVariableName } from './database-environment.ts';
import type { Plan } from './plan.ts';

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
  plan: Pick<Plan, 'composeEnvironment' | 'databaseVariables' | 'database'>,
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
  if (lacking.length === 0) return [];
  const byCommand =
    plan.database === 'supabase' && lacking.some((name) => plan.databaseVariables.includes(name))
      ? ', or run backendai-docker supabase'
      : '';
  return [
    `.env stays as it is, but does not set ${lacking.join(', ')}: add what .env.example shows${byCommand}.`,
  ];
}
