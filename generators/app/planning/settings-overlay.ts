import type { Answers } from '../answers/answers.ts';
import { firstPlace } from '../detection/evidence.ts';
import type { DatabaseEngine, Evidence, ProjectFacts } from '../detection/facts.ts';
import { mayLackTls, unreachableSettings, type DatabaseChoice } from './database-environment.ts';

/** What the overlay can say to settings that do not take it from the environment. */
export const OVERLAY_ITEMS = ['database', 'tls', 'connection', 'hosts', 'static-root', 'whitenoise'] as const;
export type OverlayItem = (typeof OVERLAY_ITEMS)[number];

/** The overlay's file; its folder is on PYTHONPATH in the image and holds nothing else. */
export const OVERLAY_FILE = 'docker/settings/container_settings.py';
export const OVERLAY_MODULE = 'container_settings';

/** The module that starts the application where its own wsgi.py or asgi.py would name other settings. */
export const ENTRY_FILE = 'docker/settings/container_application.py';
export const ENTRY_MODULE = 'container_application';

/** One thing that the settings lack. */
export interface OverlayNeed {
  item: OverlayItem;
  /** What is wrong, one phrase: `SQLite is named in the code`. */
  lack: string;
  /** What the overlay does about it, one phrase. */
  remedy: string;
  evidence: Evidence[];
}

/**
 * What the environment cannot say to the project's settings, in the order of OVERLAY_ITEMS.
 * @param choice the database that the user chose
 */
export function overlayNeeds(facts: ProjectFacts, choice: DatabaseChoice): OverlayNeed[] {
  const { staticFiles, allowedHosts } = facts;
  const { database } = choice;
  const needs: OverlayNeed[] = [];
  if (unreachableSettings(facts.database, choice) !== null) {
    needs.push({
      item: 'database',
      lack: facts.database.onlyWith
        ? `the database is read from the environment only with ${facts.database.onlyWith.value.join(', ')} set`
        : facts.database.style === 'none'
          ? 'the settings name no database that can be read'
          : 'the database is named in the code',
      remedy:
        database === 'supabase'
          ? 'the database from SUPABASE_DB_HOST, SUPABASE_DB_PASSWORD, …'
          : 'the database from DATABASE_URL',
      evidence: (facts.database.onlyWith ?? facts.database).evidence,
    });
  } else if (mayLackTls(choice) && facts.database.forcesTls?.value === 'always') {
    needs.push({
      item: 'tls',
      lack:
        database === 'postgres'
          ? 'the settings demand TLS, which the db service has not'
          : 'the settings demand TLS, which this Supabase may not have',
      remedy: 'sslmode from PGSSLMODE',
      evidence: facts.database.forcesTls.evidence,
    });
  }
  if (database === 'supabase') {
    needs.push({
      item: 'connection',
      lack: 'what Supabase asks of a connection is not in the settings',
      remedy: 'schema, TLS, kept connections, cursors',
      evidence: facts.database.evidence,
    });
  }
  if (allowedHosts && !allowedHosts.value.includes('*')) {
    needs.push({
      item: 'hosts',
      lack:
        allowedHosts.evidence.length > 0
          ? 'ALLOWED_HOSTS is written in the code'
          : 'ALLOWED_HOSTS is not set',
      remedy: 'more names from ALLOWED_HOSTS',
      evidence: allowedHosts.evidence,
    });
  }
  // What goes to another server is collected there, with its credentials.
  const elsewhere = staticFiles.servedBy?.value.startsWith('another server') === true;
  if (staticFiles.enabled && !staticFiles.rootSet && !elsewhere) {
    needs.push({
      item: 'static-root',
      lack: 'STATIC_ROOT is not set, so that collectstatic has nowhere to write to',
      remedy: 'a folder for collectstatic',
      evidence: staticFiles.evidence,
    });
  }
  // Where a variable gives it, the overlay would take that away.
  const isFed = facts.variables.some(({ setting }) => setting === 'STATIC_ROOT');
  if (staticFiles.enabled && staticFiles.rootSet && staticFiles.root === null && !isFed && !elsewhere) {
    needs.push({
      item: 'static-root',
      lack: 'STATIC_ROOT cannot be read, so that what collectstatic writes would not be copied',
      remedy: 'a folder for collectstatic',
      evidence: staticFiles.evidence,
    });
  }
  if (staticFiles.enabled && staticFiles.servedBy === null) {
    needs.push({
      item: 'whitenoise',
      lack: 'nothing serves static files when DEBUG is off',
      remedy: 'WhiteNoise, which serves static files',
      evidence: staticFiles.evidence,
    });
  }
  return needs;
}

/** Items for which an overlay is offered: none where no module can stand in front of the settings. */
export function offeredOverlay(facts: ProjectFacts, choice: DatabaseChoice): OverlayNeed[] {
  return facts.fixedSettings === null ? overlayNeeds(facts, choice) : [];
}

/** The variables of the overlay for a Supabase database, where the project has no names of its own. */
export const SUPABASE_DATABASE_VARIABLES = {
  name: 'SUPABASE_DB_NAME',
  user: 'SUPABASE_DB_USER',
  password: 'SUPABASE_DB_PASSWORD',
  host: 'SUPABASE_DB_HOST',
  port: 'SUPABASE_DB_PORT',
} as const;

/**
 * The facts as they are with the overlay in front of the settings, so that everything else is planned for them.
 * @param answers what the overlay says, and for which database
 */
export function withOverlay(
  facts: ProjectFacts,
  { settingsOverlay: items, database }: Pick<Answers, 'settingsOverlay' | 'database'>,
): ProjectFacts {
  const has = (item: OverlayItem): boolean => items.includes(item);
  const evidence = [{ file: OVERLAY_FILE, line: null }];
  const variable = (
    name: string,
    setting: string,
    cast: 'url' | 'list' | 'str',
  ): ProjectFacts['variables'][number] => ({
    name,
    defaultValue: null,
    required: false,
    cast,
    separator: ',',
    setting,
    evidence,
  });
  const added = [
    ...(has('database') && database !== 'supabase'
      ? [variable('DATABASE_URL', 'DATABASES.default', 'url')]
      : []),
    ...(has('database') && database === 'supabase'
      ? Object.entries(SUPABASE_DATABASE_VARIABLES).map(([part, name]) =>
          variable(name, `DATABASES.default.${part.toUpperCase()}`, 'str'),
        )
      : []),
    ...(has('hosts') ? [variable('ALLOWED_HOSTS', 'ALLOWED_HOSTS', 'list')] : []),
  ];
  const names = added.map(({ name }) => name);
  const withWhiteNoise = (modules: string[]): string[] =>
    has('whitenoise') ? [...new Set([...modules, 'whitenoise.middleware'])].toSorted() : modules;
  return {
    ...facts,
    variables: [...facts.variables.filter(({ name }) => !names.includes(name)), ...added],
    database: {
      ...facts.database,
      ...(has('database')
        ? {
            ...(database === 'supabase'
              ? {
                  style: 'variables' as const,
                  urlVariable: null,
                  variables: { engine: null, ...SUPABASE_DATABASE_VARIABLES },
                }
              : {
                  style: 'url' as const,
                  urlVariable: 'DATABASE_URL',
                  variables: { engine: null, name: null, user: null, password: null, host: null, port: null },
                }),
            // The overlay names the engine; the project's own needs a driver that may not be there.
            defaultEngine: isForeign(facts.database.defaultEngine)
              ? ('other' as const)
              : facts.database.defaultEngine,
            postgresEngineValue: 'django.db.backends.postgresql',
            mysqlEngineValue: 'django.db.backends.mysql',
            sqliteEngineValue: null,
            selectedEngines: [],
            onlyWith: null,
          }
        : {}),
      ...(has('database') || has('tls') ? { forcesTls: null } : {}),
    },
    allowedHosts: has('hosts') ? null : facts.allowedHosts,
    staticFiles: {
      ...facts.staticFiles,
      ...(has('static-root') ? { root: staticFolder(facts), rootSet: true, committed: null } : {}),
      ...(has('whitenoise') ? { whitenoise: true, servedBy: { value: 'WhiteNoise', evidence } } : {}),
    },
    importedModules: withWhiteNoise(facts.importedModules),
    startupModules: withWhiteNoise(facts.startupModules),
  };
}

/** Neither PostgreSQL nor SQLite. */
const isForeign = (engine: DatabaseEngine | null): boolean =>
  engine !== null && ['mysql', 'oracle', 'other'].includes(engine);

/** A folder of the repository's root that is not there yet. */
function staticFolder(facts: ProjectFacts): string {
  const free = ['staticfiles', 'collected-static', 'container-static'];
  return free.find((name) => !facts.topLevel.includes(`${name}/`)) ?? 'container-static-files';
}

/** One line for each item of the overlay, and for what stays wrong because it is not wanted or not possible. */
export function overlayNotes(
  facts: ProjectFacts,
  { settingsOverlay: items, ...choice }: DatabaseChoice & Pick<Answers, 'settingsOverlay'>,
): string[] {
  const place = (evidence: readonly Evidence[]): string => {
    const where = firstPlace(evidence);
    return where === '' ? '' : ` (${where})`;
  };
  const needs = overlayNeeds(facts, choice);
  const done = needs.filter(({ item }) => items.includes(item));
  const open = needs.filter(({ item }) => !items.includes(item));
  const notes: string[] = [];
  if (done.length > 0) {
    const list = done.map(({ lack, remedy, evidence }) => `${lack}${place(evidence)}: ${remedy}`).join('; ');
    notes.push(
      `${OVERLAY_FILE} stands in front of ${facts.settingsModule.value} in the image, because the environment cannot say it: ${list}. Your settings stay as they are; --settings-overlay none leaves it out.`,
    );
  }
  const why = facts.fixedSettings;
  for (const { lack, remedy, evidence } of open) {
    const advice = why
      ? `No overlay can do it, because ${why.value}${place(why.evidence)}: change the settings (${remedy})`
      : `--settings-overlay can do it (${remedy})`;
    notes.push(`${lack[0]?.toUpperCase()}${lack.slice(1)}${place(evidence)}. ${advice}.`);
  }
  return notes;
}
