import type { Database } from '../answers/answers.ts';
import { firstPlace } from '../detection/evidence.ts';
import type { Evidence, ProjectFacts } from '../detection/facts.ts';
import { unreachableSettings } from './database-environment.ts';

/** What the overlay can say to settings that do not take it from the environment. */
export const OVERLAY_ITEMS = ['database', 'tls', 'hosts', 'static-root', 'whitenoise'] as const;
export type OverlayItem = (typeof OVERLAY_ITEMS)[number];

/** The overlay's file; its folder is on PYTHONPATH in the image and holds nothing else. */
export const OVERLAY_FILE = 'docker/settings/container_settings.py';
export const OVERLAY_MODULE = 'container_settings';

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
 * @param database the user's choice
 */
export function overlayNeeds(facts: ProjectFacts, database: Database): OverlayNeed[] {
  const { staticFiles, allowedHosts } = facts;
  const needs: OverlayNeed[] = [];
  if (unreachableSettings(facts.database, database) !== null) {
    needs.push({
      item: 'database',
      lack: facts.database.onlyWith
        ? `the database is read from the environment only with ${facts.database.onlyWith.value.join(', ')} set`
        : facts.database.style === 'none'
          ? 'the settings name no database that can be read'
          : 'the database is named in the code',
      remedy: 'the database from DATABASE_URL',
      evidence: (facts.database.onlyWith ?? facts.database).evidence,
    });
  } else if (database === 'postgres' && facts.database.forcesTls?.value === 'always') {
    needs.push({
      item: 'tls',
      lack: 'the settings demand TLS, which the db service has not',
      remedy: 'sslmode from PGSSLMODE',
      evidence: facts.database.forcesTls.evidence,
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
export function offeredOverlay(facts: ProjectFacts, database: Database): OverlayNeed[] {
  return facts.fixedSettings === null ? overlayNeeds(facts, database) : [];
}

/**
 * The facts as they are with the overlay in front of the settings, so that everything else is planned for them.
 * @param items what the overlay says
 */
export function withOverlay(facts: ProjectFacts, items: readonly OverlayItem[]): ProjectFacts {
  const has = (item: OverlayItem): boolean => items.includes(item);
  const evidence = [{ file: OVERLAY_FILE, line: null }];
  const variable = (
    name: string,
    setting: string,
    cast: 'url' | 'list',
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
    ...(has('database') ? [variable('DATABASE_URL', 'DATABASES.default', 'url')] : []),
    ...(has('hosts') ? [variable('ALLOWED_HOSTS', 'ALLOWED_HOSTS', 'list')] : []),
  ];
  const names = added.map(({ name }) => name);
  return {
    ...facts,
    variables: [...facts.variables.filter(({ name }) => !names.includes(name)), ...added],
    database: {
      ...facts.database,
      ...(has('database')
        ? {
            style: 'url' as const,
            urlVariable: 'DATABASE_URL',
            variables: { engine: null, name: null, user: null, password: null, host: null, port: null },
            postgresEngineValue: null,
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
    importedModules: has('whitenoise')
      ? [...new Set([...facts.importedModules, 'whitenoise.middleware'])].toSorted()
      : facts.importedModules,
  };
}

/** A folder of the repository's root that is not there yet. */
function staticFolder(facts: ProjectFacts): string {
  const free = ['staticfiles', 'collected-static', 'container-static'];
  return free.find((name) => !facts.topLevel.includes(`${name}/`)) ?? 'container-static-files';
}

/** One line for each item of the overlay, and for what stays wrong because it is not wanted or not possible. */
export function overlayNotes(
  facts: ProjectFacts,
  database: Database,
  items: readonly OverlayItem[],
): string[] {
  const place = (evidence: readonly Evidence[]): string => {
    const where = firstPlace(evidence);
    return where === '' ? '' : ` (${where})`;
  };
  const needs = overlayNeeds(facts, database);
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
