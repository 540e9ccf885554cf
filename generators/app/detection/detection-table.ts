import { styleText } from 'node:util';

import { placeOfEvidence } from './evidence.ts';
import type { Evidence, ProjectFacts } from './facts.ts';

/** One line of a section. */
export interface Row {
  label: string;
  value: string;
  evidence: readonly Evidence[];
}

/** Control characters of hostile names must not reach the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}

/** `file:line`, the first place; how many more there are after it. */
export function formatEvidence(evidence: readonly Evidence[]): string {
  const [first] = evidence;
  if (first === undefined) return '';
  return printable(placeOfEvidence(first)) + (evidence.length > 1 ? ` +${evidence.length - 1}` : '');
}

/**
 * The facts as a plain table of at most `columns` characters a line, without colours unless asked for.
 * @param options.sections what others found out from the facts, after the facts themselves
 */
export function formatDetection(
  facts: ProjectFacts,
  columns = 80,
  options: { colour?: boolean; sections?: readonly [string, Row[]][] } = {},
): string {
  const width = Math.max(40, columns);
  const lines: string[] = [];
  for (const [title, rows] of [...sectionsOf(facts), ...(options.sections ?? [])]) {
    if (rows.length === 0) continue;
    if (lines.length > 0) lines.push('');
    lines.push(options.colour === true ? styleText('bold', title, { validateStream: false }) : title);
    lines.push(...formatRows(rows, width, options.colour === true));
  }
  return `${lines.join('\n')}\n`;
}

/** The rows of one section, aligned. */
export function formatRows(rows: readonly Row[], columns: number, colour: boolean): string[] {
  const label = Math.min(Math.max(...rows.map((row) => row.label.length)), Math.floor(columns / 3));
  return rows.flatMap((row) => formatRow(row, label, columns, colour));
}

function formatRow(row: Row, labelWidth: number, width: number, colour: boolean): string[] {
  const indent = ' '.repeat(labelWidth + 4);
  const label = printable(row.label);
  const shown = label.length > labelWidth ? `${label.slice(0, labelWidth - 1)}…` : label.padEnd(labelWidth);
  const evidence = formatEvidence(row.evidence);
  const room = width - indent.length;
  const value = wrap(printable(row.value), room);
  const last = value.at(-1) ?? '';
  const place = shorten(evidence, room);
  const dim = (text: string): string =>
    colour && text !== '' ? styleText('dim', text, { validateStream: false }) : text;
  const lines = value.map((text, index) => (index === 0 ? `  ${shown}  ${text}` : indent + text));
  if (place === '') return lines.map((line) => line.trimEnd());
  if (last.length + 2 + place.length <= room) {
    lines[lines.length - 1] =
      `${lines.at(-1)}  ${' '.repeat(room - last.length - 2 - place.length)}${dim(place)}`;
  } else {
    lines.push(indent + ' '.repeat(room - place.length) + dim(place));
  }
  return lines.map((line) => line.trimEnd());
}

/** Keeps the end of a path, which tells more than its beginning. */
function shorten(text: string, room: number): string {
  return text.length <= room ? text : `…${text.slice(text.length - room + 1)}`;
}

function wrap(text: string, room: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    let rest = word;
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + rest.length <= room) {
      lines[lines.length - 1] = `${last} ${rest}`;
      continue;
    }
    if (last !== '') lines.push('');
    while (rest.length > room) {
      lines[lines.length - 1] = rest.slice(0, room);
      lines.push('');
      rest = rest.slice(room);
    }
    lines[lines.length - 1] = rest;
  }
  return lines;
}

function sectionsOf(facts: ProjectFacts): [string, Row[]][] {
  return [
    ['Project', projectRows(facts)],
    ['Application folders', applicationRows(facts)],
    ['Dependencies', dependencyRows(facts)],
    ['Python', pythonRows(facts)],
    ['Settings variables', variableRows(facts)],
    ['Database', databaseRows(facts)],
    ['Static files', staticRows(facts)],
    ['While it runs', runtimeRows(facts)],
    ['Services', serviceRows(facts)],
    ['Docker files', dockerRows(facts)],
    ['Notes', facts.notes.map((note) => ({ label: '!', value: note.message, evidence: note.evidence }))],
  ];
}

const nothing: readonly Evidence[] = [];

function projectRows(facts: ProjectFacts): Row[] {
  const rows: Row[] = [
    { label: 'name', value: facts.name, evidence: nothing },
    { label: 'manage.py', value: facts.managePy.value, evidence: nothing },
    {
      label: 'work dir',
      value: facts.workDir === '' ? '(repository root)' : facts.workDir,
      evidence: nothing,
    },
    { label: 'settings', value: facts.settingsModule.value, evidence: facts.settingsModule.evidence },
  ];
  if (facts.configuration !== null)
    rows.push({
      label: 'class',
      value: facts.configuration.value,
      evidence: facts.configuration.evidence,
    });
  for (const kind of ['wsgi', 'asgi'] as const) {
    const entry = facts[kind];
    if (entry !== null)
      rows.push({
        label: kind.toUpperCase(),
        value: entry.value + (facts.entryPoint === kind ? ' (entry point)' : ''),
        evidence: entry.evidence,
      });
  }
  if (facts.allowedHosts !== null)
    rows.push({
      label: 'allowed hosts',
      value: facts.allowedHosts.value.join(', ') || '(empty)',
      evidence: facts.allowedHosts.evidence,
    });
  if (facts.healthPath !== null)
    rows.push({ label: 'health path', value: facts.healthPath.value, evidence: facts.healthPath.evidence });
  return rows;
}

function applicationRows(facts: ProjectFacts): Row[] {
  return [...facts.application]
    .toSorted((left, right) => Number(right.needed) - Number(left.needed))
    .map((entry) => ({
      label: `${entry.needed ? '[x]' : '[ ]'} ${entry.path}${/\.\w+$/.test(entry.path) || facts.topLevel.includes(entry.path) ? '' : '/'}`,
      value: entry.reason,
      // A reason that names its place needs no second one.
      evidence:
        /:\d+$/.test(entry.reason) || entry.evidence[0]?.file === entry.path ? nothing : entry.evidence,
    }));
}

function dependencyRows(facts: ProjectFacts): Row[] {
  const { dependencies, djangoVersion, servers, postgresDriver, mysqlDriver } = facts;
  const rows: Row[] = [
    { label: 'manager', value: dependencies.manager, evidence: dependencies.evidence },
    {
      label: 'production',
      value: `${dependencies.productionFiles.join(', ') || 'none'} (${dependencies.production.length} packages)`,
      evidence: nothing,
    },
  ];
  const development = [
    ...dependencies.developmentFiles,
    ...dependencies.developmentGroups,
    ...dependencies.developmentExtras,
  ];
  if (development.length > 0)
    rows.push({ label: 'development', value: development.join(', '), evidence: nothing });
  if (djangoVersion !== null)
    rows.push({ label: 'Django', value: djangoVersion.value, evidence: djangoVersion.evidence });
  const [server] = servers;
  rows.push({
    label: 'server',
    value: servers.map(({ name }) => name).join(', ') || 'none',
    evidence: server?.evidence ?? nothing,
  });
  rows.push({
    label: 'PostgreSQL',
    value: postgresDriver?.value ?? 'no driver',
    evidence: postgresDriver?.evidence ?? nothing,
  });
  if (mysqlDriver !== null)
    rows.push({ label: 'MySQL', value: mysqlDriver.value, evidence: mysqlDriver.evidence });
  return rows;
}

function pythonRows(facts: ProjectFacts): Row[] {
  const rows: Row[] = facts.statedPythonVersions.map(({ value, evidence }) => ({
    label: 'stated',
    value,
    evidence,
  }));
  if (rows.length === 0) rows.push({ label: 'stated', value: 'not stated', evidence: nothing });
  if (facts.pythonConstraint !== null)
    rows.push({
      label: 'constraint',
      value: facts.pythonConstraint.value,
      evidence: facts.pythonConstraint.evidence,
    });
  return rows;
}

function variableRows(facts: ProjectFacts): Row[] {
  return facts.variables.map((variable) => {
    const parts = [
      variable.required
        ? 'required'
        : variable.defaultValue === null
          ? 'optional'
          : `default ${variable.defaultValue === '' ? '(empty)' : variable.defaultValue}`,
      variable.cast === 'str'
        ? ''
        : variable.cast === 'list' && variable.separator !== ','
          ? `list by "${variable.separator}"`
          : variable.cast,
      variable.setting === null || variable.setting === variable.name ? '' : `→ ${variable.setting}`,
    ];
    return {
      label: variable.name,
      value: parts
        .filter((part) => part !== '')
        .join(', ')
        .replaceAll(', →', ' →'),
      evidence: variable.evidence,
    };
  });
}

function databaseRows({ database }: ProjectFacts): Row[] {
  const rows: Row[] = [{ label: 'configured by', value: database.style, evidence: database.evidence }];
  if (database.defaultEngine !== null)
    rows.push({
      label: 'default',
      value: database.defaultEngine + (database.sqlitePath === null ? '' : ` (${database.sqlitePath})`),
      evidence: nothing,
    });
  if (database.urlVariable !== null)
    rows.push({ label: 'URL', value: database.urlVariable, evidence: nothing });
  for (const [part, name] of Object.entries(database.variables)) {
    if (name !== null)
      rows.push({
        label: part,
        value:
          part === 'engine' && database.postgresEngineValue !== null
            ? `${name} = ${database.postgresEngineValue}`
            : name,
        evidence: nothing,
      });
  }
  if (database.forcesTls)
    rows.push({
      label: 'TLS',
      value: database.forcesTls.value === 'always' ? 'demanded' : 'demanded unless the URL has an sslmode',
      evidence: database.forcesTls.evidence,
    });
  if (database.onlyWith)
    rows.push({
      label: 'only with',
      value: database.onlyWith.value.join(', '),
      evidence: database.onlyWith.evidence,
    });
  return rows;
}

function staticRows({ staticFiles }: ProjectFacts): Row[] {
  if (!staticFiles.enabled) return [{ label: 'staticfiles', value: 'not installed', evidence: nothing }];
  const rows: Row[] = [
    {
      label: 'STATIC_ROOT',
      value: staticFiles.root ?? (staticFiles.rootSet ? '(computed)' : 'not set'),
      evidence: staticFiles.rootSet ? staticFiles.evidence.slice(0, 1) : nothing,
    },
    { label: 'STATIC_URL', value: staticFiles.url, evidence: nothing },
    {
      label: 'served by',
      value: staticFiles.servedBy?.value ?? 'nothing when DEBUG is off',
      evidence: staticFiles.servedBy?.evidence ?? nothing,
    },
  ];
  if (staticFiles.committed)
    rows.push({
      label: 'collected',
      value: 'committed as they are',
      evidence: staticFiles.committed.evidence,
    });
  if (staticFiles.mediaRoot !== null)
    rows.push({ label: 'MEDIA_ROOT', value: staticFiles.mediaRoot, evidence: nothing });
  return rows;
}

/** What the application writes beside its database, and what must run beside migrate and collectstatic. */
function runtimeRows(facts: ProjectFacts): Row[] {
  const { writtenPaths, preparation, developmentImports, fixedSettings, entrySettings } = facts;
  const { cacheTable, offlineCompression, uncompiledTranslations } = preparation;
  const rows: Row[] = writtenPaths.map(({ path, kind, setting, evidence }) => ({
    label: kind === 'file' ? 'log file' : 'written to',
    value: `${path} (${setting})`,
    evidence,
  }));
  if (cacheTable)
    rows.push({ label: 'cache', value: 'a table of the database', evidence: cacheTable.evidence });
  if (offlineCompression)
    rows.push({ label: 'compressor', value: 'offline', evidence: offlineCompression.evidence });
  if (uncompiledTranslations.length > 0)
    rows.push({
      label: 'translations',
      value: 'not compiled',
      evidence: uncompiledTranslations.map((file) => ({ file, line: null })),
    });
  for (const { requirement, evidence } of developmentImports)
    rows.push({ label: 'imported', value: `${requirement.name}, a development requirement`, evidence });
  for (const { value, evidence } of entrySettings) rows.push({ label: 'settings', value, evidence });
  if (fixedSettings)
    rows.push({ label: 'no overlay', value: fixedSettings.value, evidence: fixedSettings.evidence });
  return rows;
}

function serviceRows({ services }: ProjectFacts): Row[] {
  const rows: Row[] = [];
  if (services.celery !== null)
    rows.push({
      label: 'Celery',
      value: services.celery.value.application + (services.celery.value.beat ? ', with beat' : ''),
      evidence: services.celery.evidence,
    });
  if (services.redis !== null)
    rows.push({
      label: 'Redis',
      value: services.redis.value.variables.join(', ') || 'yes',
      evidence: services.redis.evidence,
    });
  if (services.channels !== null)
    rows.push({ label: 'Channels', value: 'yes', evidence: services.channels.evidence });
  return rows;
}

function dockerRows({ existing }: ProjectFacts): Row[] {
  const found = [
    existing.dockerfile,
    existing.dockerignore,
    ...existing.composeFiles,
    existing.envFile,
  ].filter((path) => path !== null);
  return found.length === 0 ? [] : [{ label: 'existing', value: found.join(', '), evidence: nothing }];
}
