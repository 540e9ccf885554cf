import type { ServerKind } from '../database/connection-string.ts';
import { placeOf, settingOf } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
import type { Decision } from './evaluation.ts';
import type { DatabaseEngine, DatabaseFacts, Evidence } from './facts.ts';
import { repositoryPath } from './paths.ts';
import { entryOptions, firstOption, optionsOf, rootMark, stringsIn, textValue, truthOf } from './values.ts';
import type { EnvironmentRead, Value } from './values.ts';

const engineWords: readonly [RegExp, DatabaseEngine][] = [
  [/postg|psycopg|psql|cockroach|timescale|redshift|pgsql/i, 'postgresql'],
  [/mysql|mariadb/i, 'mysql'],
  [/sqlite|spatialite/i, 'sqlite3'],
  [/oracle/i, 'oracle'],
];

/** The engine that a backend path or a URL's scheme means. */
export function engineOf(text: string): DatabaseEngine {
  return engineWords.find(([pattern]) => pattern.test(text))?.[1] ?? 'other';
}

/** A URL's engine: of its scheme only, so that a path says nothing. */
function engineOfUrl(url: string): DatabaseEngine | null {
  const scheme = /^([a-z][\w+.-]*):/i.exec(url)?.[1];
  return scheme === undefined ? null : engineOf(scheme);
}

const parts = {
  engine: 'ENGINE',
  name: 'NAME',
  user: 'USER',
  password: 'PASSWORD',
  host: 'HOST',
  port: 'PORT',
} as const;
type Part = keyof typeof parts;

/** How the database is configured. `workDir` is where relative SQLite files count from. */
export function readDatabase(settings: DjangoSettings, workDir: string): DatabaseFacts {
  const whole = settingOf(settings, 'DATABASES');
  const defaults = whole === undefined ? [] : optionsOf(whole).flatMap((option) => databaseOptions(option));
  const empty = { engine: null, name: null, user: null, password: null, host: null, port: null };
  if (whole === undefined || defaults.length === 0) {
    return {
      style: 'none',
      defaultEngine: null,
      urlVariable: null,
      variables: empty,
      postgresEngineValue: null,
      mysqlEngineValue: null,
      sqliteEngineValue: null,
      selectedEngines: [],
      sqlitePath: null,
      forcesTls: null,
      onlyWith: null,
      otherAliases: [],
      evidence: whole === undefined ? [] : [placeOf(whole)],
    };
  }

  const url = urlVariableOf(defaults);
  const variables: Record<Part, string | null> = { ...empty };
  // Where several databases are offered, PostgreSQL's variables are the ones to set.
  const ordered = [
    ...defaults.filter((option) => engineOption(option) === 'postgresql'),
    ...defaults.filter((option) => engineOption(option) !== 'postgresql'),
  ];
  for (const part of Object.keys(parts) as Part[]) {
    for (const option of ordered) {
      if (option.data.kind !== 'dict' || variables[part] !== null) continue;
      // An SQLite file's NAME is a path; with PostgreSQL offered beside it, its variable is not the database's name.
      if (
        engineOption(option) === 'sqlite3' &&
        (url !== null || ordered.some((other) => engineOption(other) === 'postgresql')) &&
        option.data.entries.get('ENGINE')?.reads.length === 0
      )
        continue;
      const entry = option.data.entries.get(parts[part]);
      const read = entry === undefined ? undefined : bestRead(entry, url);
      if (read !== undefined) variables[part] = read.name;
    }
  }
  let postgresEngineValue: string | null = null;
  let mysqlEngineValue: string | null = null;
  let sqliteEngineValue: string | null = null;
  let selectedEngines: DatabaseEngine[] = [];
  if (variables.engine !== null) {
    const entry = ordered
      .map((option) => (option.data.kind === 'dict' ? option.data.entries.get('ENGINE') : undefined))
      .find((value) => value !== undefined && value.reads.length > 0);
    if (entry !== undefined) {
      postgresEngineValue = engineValue(settings.evaluation.decisions, entry, 'postgresql');
      mysqlEngineValue = engineValue(settings.evaluation.decisions, entry, 'mysql');
    }
  } else {
    const selected = selectedByVariable(settings.evaluation.decisions, whole, defaults, url, variables);
    if (selected !== undefined) {
      variables.engine = selected.variable;
      ({
        postgresql: postgresEngineValue,
        mysql: mysqlEngineValue,
        sqlite3: sqliteEngineValue,
      } = selected.values);
      selectedEngines = selected.engines;
    }
  }

  if (url === null && !defaults.some((option) => engineOption(option) !== null)) {
    // Put together by code that cannot be read: the names say what they hold.
    Object.assign(variables, variablesByName(settings.evaluation.reads.values(), variables));
    if (postgresEngineValue === null && variables.engine !== null)
      postgresEngineValue = namesBackend(settings, ordered) ? 'postgresql' : 'django.db.backends.postgresql';
  }
  const hasVariables =
    variables.host !== null ||
    variables.password !== null ||
    variables.user !== null ||
    variables.name !== null ||
    variables.engine !== null;
  return {
    style: url !== null ? 'url' : hasVariables ? 'variables' : 'hard-coded',
    // Without a URL dj_database_url gives an empty dictionary, and what stood there before holds.
    defaultEngine: defaults.map((option) => engineOption(option)).find((engine) => engine !== null) ?? null,
    urlVariable: url,
    variables,
    postgresEngineValue,
    mysqlEngineValue,
    sqliteEngineValue,
    selectedEngines,
    sqlitePath: sqlitePath(defaults, workDir),
    forcesTls: forcedTls(
      [...defaults, ...optionsOf(whole).flatMap((option) => entryOptions(option, 'default'))],
      url,
      settings.evaluation.decisions,
    ),
    onlyWith:
      url === null
        ? null
        : deployedOnly(settings.evaluation.decisions, defaults, [url, ...Object.values(variables)]),
    otherAliases: aliasesOf(whole).filter((name) => name !== 'default' && !name.startsWith('*')),
    evidence: evidenceOfOptions(whole, defaults),
  };
}

/** The names of all databases, in whichever alternative they stand. */
function aliasesOf(whole: Value): string[] {
  const names = optionsOf(whole).flatMap((option) =>
    option.data.kind === 'dict' ? [...option.data.entries.keys()] : [],
  );
  return [...new Set(names)].toSorted();
}

/**
 * `if "DYNO" in os.environ: DATABASES = {"default": dj_database_url.config()}`: the URL is for one host only. DEBUG does
 * not count, which is off in production anyway.
 */
function deployedOnly(
  decisions: readonly Decision[],
  defaults: readonly Value[],
  own: readonly (string | null)[],
): DatabaseFacts['onlyWith'] {
  const hasUrl = (values: readonly Value[]): boolean =>
    values.some((value) =>
      [...optionsOf(value), ...optionsOf(value).flatMap((option) => databaseOptions(option))].some(
        (option) =>
          option.data.kind === 'instance' && option.data.type === 'database-url' && defaults.includes(option),
      ),
    );
  const hasOther = (values: readonly Value[]): boolean =>
    values.some((value) =>
      optionsOf(value).some((option) =>
        databaseOptions(option).some((entry) => defaults.includes(entry) && entry.data.kind === 'dict'),
      ),
    );
  for (const { test, whenTrue, whenFalse } of decisions) {
    const { reads } = test;
    if (
      reads.length === 0 ||
      reads.some(({ name, setting }) => own.includes(name) || setting === 'DEBUG' || /DEBUG/.test(name))
    )
      continue;
    if (hasUrl(whenTrue) && hasOther(whenFalse) && !hasUrl(whenFalse))
      return {
        value: reads.map(({ name }) => name),
        evidence: reads.flatMap(({ evidence }) => evidence.slice(0, 1)).slice(0, 1),
      };
  }
  return null;
}

/** Whether the code puts Django's package in front of the engine: `"django.db.backends." + engine`. */
function namesBackend(settings: DjangoSettings, options: readonly Value[]): boolean {
  return options.some((option) => {
    const entry = option.data.kind === 'dict' ? option.data.entries.get('ENGINE') : undefined;
    if (entry === undefined) return false;
    const line = (settings.evaluation.files.read(entry.file) ?? '').split('\n')[entry.line - 1];
    return /django\.db\.backends\.(?:["'{]|%s)/.test(line ?? '');
  });
}

const partNames: Readonly<Record<Part, RegExp>> = {
  engine: /^(?:ENGINE|TYPE|BACKEND)$/,
  name: /^(?:NAME|DB|DATABASE|DBNAME)$/,
  user: /^(?:USER|USERNAME)$/,
  password: /^(?:PASSWORD|PASS)$/,
  host: /^(?:HOST|HOSTNAME|SERVER)$/,
  port: /^PORT$/,
};

/** Variables of one prefix that together make an address (`POSTGRES_HOST`, `POSTGRES_USER`, …), for the parts that are not known. */
function variablesByName(
  reads: Iterable<EnvironmentRead>,
  known: Readonly<Record<Part, string | null>>,
): Partial<Record<Part, string>> {
  const families = new Map<string, Partial<Record<Part, string>>>();
  for (const { name } of reads) {
    const [, prefix, rest = ''] =
      /^((?:\w*_)?(?:DB|DATABASE|POSTGRES|POSTGRESQL|PG|SQL)_?)([A-Z]+)$/.exec(name) ?? [];
    const part = (Object.keys(partNames) as Part[]).find((key) => partNames[key].test(rest));
    if (prefix === undefined || part === undefined) continue;
    families.set(prefix, { ...families.get(prefix), [part]: name });
  }
  const whole = [...families.values()].find(({ host, user, password }) => host && user && password);
  // Without a host that is known, what else gives the name is a fallback (`fallback=DATA_DIR / "db.sqlite3"`).
  const isOpen = (part: string): boolean =>
    known[part as Part] === null || (part === 'name' && known.host === null);
  const open = Object.entries(whole ?? {}).filter(([part]) => isOpen(part));
  return Object.fromEntries(open);
}

/** Variables for TLS to the database, by their names: `DATABASE_SSLMODE`, `DB_SSL_REQUIRE`. */
export const TLS_VARIABLE = /(?:DB|DATABASE|POSTGRES|PG|SQL)\w*_?(?:SSL|TLS)|SSL_?MODE/i;

/** Where TLS is demanded without a variable that could say otherwise. */
function forcedTls(
  options: readonly Value[],
  urlVariable: string | null,
  decisions: readonly Decision[],
): DatabaseFacts['forcesTls'] {
  // `if DATABASE_SSLMODE: DATABASES["default"]["OPTIONS"]["sslmode"] = "require"` (pontoon)
  const decided = decisions
    .filter(({ test }) => test.reads.some((read) => TLS_VARIABLE.test(read.name)))
    .flatMap(({ whenTrue, whenFalse }) => [...whenTrue, ...whenFalse])
    .flatMap((value) => stringsIn(value).map((found) => found.value));
  for (const option of options) {
    if (option.data.kind === 'instance') {
      const required = option.data.tlsRequired;
      if (required === undefined || truthOf(required) === false) continue;
      if (required.reads.some((read) => read.name !== urlVariable && TLS_VARIABLE.test(read.name))) continue;
      const readsUrl = required.reads.some((read) => read.name === urlVariable);
      return { value: readsUrl ? 'unless-in-url' : 'always', evidence: [placeOf(required)] };
    }
    for (const mode of entryOptions(option, 'OPTIONS').flatMap((value) => entryOptions(value, 'sslmode'))) {
      if (decided.includes(mode)) continue;
      if (mode.reads.length === 0 && /^(?:require|verify-)/.test(textValue(mode) ?? ''))
        return { value: 'always', evidence: [placeOf(mode)] };
    }
  }
  return null;
}

/** The alternatives of DATABASES["default"]; a part replaced as a whole (`**`) stands for the rest. */
function databaseOptions(option: Value): Value[] {
  if (option.data.kind === 'instance') return [option];
  const found = entryOptions(option, 'default');
  return found.flatMap((value) => {
    const replaced = value.data.kind === 'dict' ? value.data.entries.get('**') : undefined;
    return replaced === undefined
      ? [value]
      : [replaced, ...(value.data.kind === 'dict' && value.data.entries.has('ENGINE') ? [value] : [])];
  });
}

function evidenceOfOptions(whole: Value, options: readonly Value[]): Evidence[] {
  const found = [placeOf(whole), ...options.map((option) => placeOf(option))];
  return [...new Map(found.map((place) => [`${place.file}:${place.line}`, place])).values()];
}

function urlVariableOf(options: readonly Value[]): string | null {
  for (const option of options) {
    if (option.data.kind !== 'instance' || option.data.type !== 'database-url') continue;
    const { url } = option.data;
    const read =
      url?.direct ?? url?.reads.find((candidate) => /URL|URI|DSN/i.test(candidate.name)) ?? url?.reads[0];
    // `dj_database_url.config(default=config("DATABASE_URL"))` and the like: the name that says it is a URL.
    const named = option.reads.find((candidate) => candidate.name === read?.name);
    if (named !== undefined || read !== undefined) return (named ?? read)?.name ?? null;
  }
  return null;
}

function bestRead(entry: Value, url: string | null): EnvironmentRead | undefined {
  const candidates = entry.reads.filter((read) => read.name !== url && !read.name.endsWith('_FILE'));
  const direct = firstOption(entry).direct ?? entry.direct;
  return direct !== null && candidates.includes(direct) ? direct : candidates[0];
}

function engineOption(option: Value): DatabaseEngine | null {
  if (option.data.kind === 'instance') {
    const url = textValue(option.data.url ?? undefined);
    return url === undefined || url === '' ? null : engineOfUrl(url);
  }
  if (option.data.kind !== 'dict') return null;
  const engine = textValue(option.data.entries.get('ENGINE'));
  return engine === undefined ? null : engineOf(engine);
}

/** What selects an engine where ENGINE itself depends on a variable. */
function engineValue(decisions: readonly Decision[], entry: Value, wanted: ServerKind): string {
  const decided = decisions.filter(
    (decision) => decision.test.comparison !== null && entry.reads.includes(decision.test.comparison.read),
  );
  for (const { test, whenTrue } of decided) {
    if (
      test.comparison?.equal === true &&
      whenTrue.some((value) => engineOf(textValue(value) ?? '') === wanted)
    ) {
      const [literal] = test.comparison.literals;
      if (literal !== undefined) return literal;
    }
  }
  if (entry.direct === null && entry.data.kind !== 'choice') return wanted;
  const literals = decided
    .flatMap((decision) => decision.test.comparison?.literals ?? [])
    .filter((text) => engineOf(text) === wanted);
  return literals.find((text) => text.includes('.')) ?? `django.db.backends.${wanted}`;
}

/** The parts by which an engine's own configuration is led elsewhere. */
const leadingParts = { postgresql: 'host', mysql: 'host', sqlite3: 'name' } as const;
type SelectedEngine = keyof typeof leadingParts;

/**
 * The variable that selects PostgreSQL among whole configurations, and its values for the others.
 * @returns `engines`: those whose own configuration reads its host, or SQLite's file
 */
function selectedByVariable(
  decisions: readonly Decision[],
  whole: Value,
  defaults: readonly Value[],
  url: string | null,
  variables: Readonly<Record<Part, string | null>>,
):
  { variable: string; values: Record<SelectedEngine, string | null>; engines: SelectedEngine[] } | undefined {
  const find = (wanted: SelectedEngine, by: string | null): EngineSwitch | undefined =>
    engineSwitch(decisions, whole, defaults, url, variables, wanted, by);
  const postgres = find('postgresql', null);
  if (postgres === undefined) return undefined;
  const values = {
    postgresql: postgres.value,
    mysql: find('mysql', postgres.variable)?.value ?? null,
    sqlite3: find('sqlite3', postgres.variable)?.value ?? null,
  };
  const isLed = (engine: SelectedEngine): boolean => {
    const part = leadingParts[engine];
    return defaults.some(
      (option) =>
        engineOption(option) === engine &&
        (option.data.kind !== 'dict' ||
          option.data.entries.get(parts[part])?.reads.some(({ name }) => name === variables[part]) === true),
    );
  };
  const engines = (Object.keys(leadingParts) as SelectedEngine[]).filter(
    (engine) => values[engine] !== null && isLed(engine),
  );
  return { variable: postgres.variable, values, engines };
}

/** A variable, and its value that selects one engine. */
interface EngineSwitch {
  variable: string;
  value: string;
}

/**
 * A variable whose value decides between whole database configurations: `if os.getenv("DB") == "postgres":`.
 * @param wanted the engine whose value is looked for
 * @param by the variable that has to decide; null: the first that does
 */
function engineSwitch(
  decisions: readonly Decision[],
  whole: Value,
  defaults: readonly Value[],
  url: string | null,
  variables: Readonly<Record<Part, string | null>>,
  wanted: DatabaseEngine,
  by: string | null,
): EngineSwitch | undefined {
  // Where PostgreSQL is all there is, a variable decides over something else (pooling, a replica).
  if (defaults.every((option) => engineOption(option) === 'postgresql')) return undefined;
  const used = new Set(Object.values(variables));
  const isWanted = (value: Value): boolean =>
    optionsOf(value).some((option) =>
      [option, ...databaseOptions(option)].some(
        (candidate) =>
          (defaults.includes(candidate) || optionsOf(whole).includes(option)) &&
          databaseLike(candidate) &&
          engineOption(candidate) === wanted,
      ),
    );
  const isDatabase = (value: Value): boolean =>
    optionsOf(value).some(
      (option) =>
        optionsOf(whole).includes(option) ||
        databaseOptions(option).some((candidate) => defaults.includes(candidate)) ||
        defaults.includes(option),
    );
  const deciding = decisions.flatMap(({ test, whenTrue, whenFalse }) => {
    if (![...whenTrue, ...whenFalse].some((value) => isDatabase(value))) return [];
    return [
      {
        test,
        yes: whenTrue.some((value) => isWanted(value)),
        no: whenFalse.some((value) => isWanted(value)),
      },
    ];
  });
  type Deciding = (typeof deciding)[number];
  const found = (read: (decision: Deciding) => EngineSwitch | undefined): EngineSwitch | undefined =>
    deciding
      .map((decision) => read(decision))
      .find((one) => one !== undefined && [null, one.variable].includes(by));
  // In `if … elif … else` every later engine is also in the else of what comes before.
  return by === null ? found((one) => byLiteral(one) ?? byTruth(one)) : (found(byLiteral) ?? found(byTruth));

  function byLiteral({ test: { comparison }, yes }: Deciding): EngineSwitch | undefined {
    if (comparison === null || !yes || !comparison.equal || isOther(comparison.read)) return undefined;
    const { read, literals } = comparison;
    const value = literals.find((text) => engineOf(text) === wanted) ?? literals[0];
    return value === undefined ? undefined : { variable: read.name, value };
  }

  function isOther(read: EnvironmentRead): boolean {
    return read.name === url || read.setting === 'DEBUG';
  }

  function byTruth({ test, yes, no }: Deciding): EngineSwitch | undefined {
    if (test.comparison !== null) {
      const { read, equal, literals } = test.comparison;
      // `if engine == "sqlite": … else: PostgreSQL`
      const isAnyOther = equal ? no && !yes : yes;
      return isAnyOther && !isOther(read)
        ? { variable: read.name, value: otherThan(literals, wanted) }
        : undefined;
    }
    const [read] = test.reads;
    if (
      read === undefined ||
      test.reads.length > 1 ||
      isOther(read) ||
      used.has(read.name) ||
      read.name === 'DEBUG'
    )
      return undefined;
    if (yes && !no) return { variable: read.name, value: read.cast === 'bool' ? 'True' : '1' };
    return no && !yes && read.cast === 'bool' ? { variable: read.name, value: 'False' } : undefined;
  }
}

/** A value that the variable is not compared with: any other of its kind. */
function otherThan(literals: readonly string[], wanted: DatabaseEngine): string {
  const [literal = ''] = literals;
  if (/^(?:true|1|yes|on)$/i.test(literal)) return 'False';
  if (/^(?:false|0|no|off)$/i.test(literal)) return 'True';
  return literal.includes('.') ? `django.db.backends.${wanted}` : wanted;
}

function databaseLike(value: Value): boolean {
  return value.data.kind === 'instance' || (value.data.kind === 'dict' && value.data.entries.has('ENGINE'));
}

function sqlitePath(options: readonly Value[], workDir: string): string | null {
  for (const option of options) {
    if (engineOption(option) !== 'sqlite3') continue;
    let name: string | undefined;
    if (option.data.kind === 'dict') name = textValue(option.data.entries.get('NAME'));
    else if (option.data.kind === 'instance') {
      const url = textValue(option.data.url ?? undefined);
      const found = url === undefined ? undefined : /^\w+:\/\/(.*)$/s.exec(url)?.[1];
      // sqlite:////absolute, sqlite:///relative; a path from BASE_DIR brings the mark.
      const mark = found?.indexOf(rootMark) ?? -1;
      name = found === undefined ? undefined : mark >= 0 ? found.slice(mark) : found.replace(/^\//, '');
    }
    if (name === undefined || name === '' || name.includes(':memory:')) continue;
    const path = repositoryPath(name, workDir);
    if (path !== null && path !== '') return path;
  }
  return null;
}
