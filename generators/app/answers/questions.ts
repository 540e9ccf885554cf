import { firstPlace } from '../detection/evidence.ts';
import type { Evidence, ProjectFacts } from '../detection/facts.ts';
import { alpineTable } from '../planning/alpine.ts';
import { speaksMysql } from '../planning/database-environment.ts';
import { supportedPythonVersions, defaultPythonVersion } from '../planning/python-version.ts';
import { mayUseRedis, needsRabbit } from '../planning/redis-clients.ts';
import { libraryEvidence, projectLibraries } from '../planning/project-libraries.ts';
import {
  OVERLAY_ITEMS,
  offeredOverlay,
  type OverlayItem,
  type OverlayNeed,
} from '../planning/settings-overlay.ts';
import type { LibraryNeed } from '../planning/system-libraries.ts';
import { offeredTrims, defaultAwsServices } from '../planning/trims.ts';
import {
  BASES,
  DATABASES,
  INSTALLERS,
  OPTIMIZATIONS,
  POSTGRES_VERSIONS,
  SERVERS,
  SERVICES,
  SUPABASE_CONNECTIONS,
  TRIMS,
  type AnswerName,
  type Answers,
  type Base,
  type Database,
  type Installer,
  type Optimization,
  type PostgresVersion,
  type Server,
  type Service,
  type SupabaseConnection,
  type Trim,
} from './answers.ts';
import { isStringList } from './drift.ts';

/** One line of a prompt. `reason` stands beside the label and tells why it is offered or ticked. */
export interface Choice {
  value: string;
  label: string;
  reason: string;
  /** For a checkbox: ticked at first. */
  checked?: boolean;
  /** Where the reason was read. */
  evidence?: readonly Evidence[];
}

/** Facts, and the answers that are known already (those of the questions before it in the table). */
export interface QuestionContext {
  facts: ProjectFacts;
  answers: Partial<Answers>;
  /** What of a list is new since the last run. */
  news?: readonly string[];
}

/**
 * One question: everything that the prompt, the command line, `--help` and `.yo-rc.json` need to know of it.
 * `parse` turns the text of an option into the value and throws an Error whose message says what is allowed.
 * `check` says what is wrong with a value, from wherever it came, or null.
 */
export interface Question<Name extends AnswerName = AnswerName> {
  name: Name;
  /** The option's name on the command line, without dashes. */
  option: string;
  kind: 'checkbox' | 'select' | 'input';
  /** What an answer, or an entry of a list, is called where changes of the project are told. */
  thing: string;
  /** Of a list: why an entry that was offered is not offered any more. */
  whenGone?: string;
  /**
   * What happens when another answer is detected than last time: `project`: an answer that the user did not decide
   * follows it; `asking`: it changes only by the user's word. Without it a change is no news.
   */
  follows?: 'project' | 'asking';
  message: string;
  /** One line for `--help`. */
  help: string;
  /** What the option takes, for `--help`: `NAME[,NAME…]`. */
  placeholder: string;
  choices?(context: QuestionContext): Choice[];
  defaultValue(context: QuestionContext): Answers[Name];
  parse(text: string): Answers[Name];
  check(value: unknown, context: QuestionContext): string | null;
  /** False where the other answers leave it without a meaning: it is neither asked nor shown nor stored. */
  matters?(answers: Partial<Answers>): boolean;
  /** False where there is nothing to decide; the default is taken then, and stored. */
  worthAsking?(context: QuestionContext): boolean;
}

/** Whether a question has a meaning beside the other answers. */
export const isMeaningful = ({ matters }: Pick<Question, 'matters'>, answers: Partial<Answers>): boolean =>
  matters?.(answers) ?? true;

const parseList = (text: string): string[] =>
  text.trim() === 'none' || text.trim() === ''
    ? []
    : [...new Set(text.split(',').map((item) => item.trim()))].filter((item) => item !== '');

const quoted = (values: readonly string[]): string => values.join(', ');

/** A check for "one of these words". */
const oneOf =
  (allowed: (context: QuestionContext) => readonly string[]) =>
  (value: unknown, context: QuestionContext): string | null =>
    typeof value === 'string' && allowed(context).includes(value)
      ? null
      : `${JSON.stringify(value)} is not one of: ${quoted(allowed(context))}`;

/** A check for "any of these words, each once". */
const someOf =
  (allowed: (context: QuestionContext) => readonly string[]) =>
  (value: unknown, context: QuestionContext): string | null => {
    if (!isStringList(value)) return 'must be a list of names';
    const names = allowed(context);
    const wrong = value.filter((item) => !names.includes(item));
    if (wrong.length === 0) return null;
    const offer = names.length === 0 ? 'none (there is nothing to choose from)' : `${quoted(names)} or none`;
    return `${wrong.map((item) => JSON.stringify(item)).join(', ')} is not among: ${offer}`;
  };

const apps: Question<'apps'> = {
  name: 'apps',
  option: 'apps',
  kind: 'checkbox',
  thing: 'app',
  message: 'Folders and files to copy into the image',
  help: 'Folders and files copied into the production image',
  placeholder: 'PATH[,PATH…]',
  choices: ({ facts }) =>
    [...facts.application]
      .toSorted((a, b) => Number(b.needed) - Number(a.needed) || (a.path < b.path ? -1 : 1))
      .map((item) => ({
        value: item.path,
        label: item.kind === 'module' || facts.topLevel.includes(item.path) ? item.path : `${item.path}/`,
        reason: item.reason,
        checked: item.needed,
        evidence: item.evidence,
      })),
  defaultValue: ({ facts }) => facts.application.filter((item) => item.needed).map((item) => item.path),
  parse: (text) => parseList(text).map((item) => item.replace(/\/+$/, '')),
  check: someOf(({ facts }) => facts.application.map((item) => item.path)),
  worthAsking: ({ facts }) => facts.application.length > 0,
};

const pythonVersion: Question<'pythonVersion'> = {
  name: 'pythonVersion',
  option: 'python-version',
  kind: 'select',
  thing: 'Python',
  follows: 'project',
  message: 'Python version',
  help: 'Python release of the base image',
  placeholder: 'X.Y',
  choices: ({ facts }) => {
    const preferred = defaultPythonVersion(facts);
    const others = supportedPythonVersions().filter((version) => version !== preferred.version);
    return [
      { value: preferred.version, label: preferred.version, reason: preferred.reason },
      ...others.map((version) => ({ value: version, label: version, reason: '' })),
    ];
  },
  defaultValue: ({ facts }) => defaultPythonVersion(facts).version,
  parse: (text) => text.trim(),
  check: (value, context) =>
    typeof value === 'string' && /^2(\.|$)/.test(value)
      ? 'Python 2 is not supported: no maintained base image and no Django has it. Port the project to Python 3 first'
      : oneOf(supportedPythonVersions)(value, context),
};

/** Libraries on the base image of the chosen Python. */
const neededLibraries = ({ facts, answers }: QuestionContext): LibraryNeed[] =>
  projectLibraries(facts, answers.pythonVersion ?? defaultPythonVersion(facts).version).runtime;

const runtimeLibraries: Question<'runtimeLibraries'> = {
  name: 'runtimeLibraries',
  option: 'runtime-libraries',
  kind: 'checkbox',
  thing: 'runtime library',
  whenGone: 'no requirement needs it any more',
  message: 'Runtime libraries (Debian packages)',
  help: 'Debian packages with the libraries needed at run time',
  placeholder: 'PACKAGE[,PACKAGE…]',
  choices: (context) =>
    neededLibraries(context).map((need) => ({
      value: need.debianPackage,
      label: need.debianPackage,
      reason: need.reason,
      checked: true,
      evidence: libraryEvidence(context.facts, need),
    })),
  defaultValue: (context) => neededLibraries(context).map((need) => need.debianPackage),
  parse: parseList,
  // Any Debian package may be added by name: the table cannot know every program a project calls.
  check: (value) => {
    if (!isStringList(value)) return 'must be a list of Debian package names';
    const wrong = value.filter((item) => !/^[a-z0-9][a-z0-9+.-]+$/.test(item));
    return wrong.length === 0
      ? null
      : `${wrong.map((item) => JSON.stringify(item)).join(', ')} is no Debian package name (lower-case letters, digits, + - .), for example libpq5`;
  },
  worthAsking: ({ facts, answers }) => (runtimeLibraries.choices?.({ facts, answers }).length ?? 0) > 0,
};

const DATABASE_LABELS: Record<Database, { label: string; reason: string }> = {
  supabase: { label: 'Supabase', reason: 'managed PostgreSQL in the cloud, no database container' },
  postgres: { label: 'PostgreSQL in a container', reason: 'runs beside the web server, data on a volume' },
  external: { label: 'Other PostgreSQL', reason: 'a server you have, by URL' },
  mysql: { label: 'MariaDB in a container', reason: 'for projects on MySQL or MariaDB' },
  sqlite: { label: 'SQLite on a volume', reason: 'one file, one container; for small sites' },
};

/**
 * The database to offer first, and why: Supabase, unless the project shows another intention.
 * @param facts what detection found
 */
export function defaultDatabase(facts: ProjectFacts): { database: Database; reason: string } {
  const supabaseVariable = facts.variables.find((variable) => /SUPABASE/i.test(variable.name));
  if (supabaseVariable) {
    return { database: 'supabase', reason: `settings read ${supabaseVariable.name}` };
  }
  if (facts.existing.composePostgres) {
    const file = facts.existing.composeFiles[0] ?? 'the Compose file';
    return { database: 'postgres', reason: `${file} has a PostgreSQL service` };
  }
  const { database, mysqlDriver } = facts;
  if (mysqlDriver !== null && speaksMysql(facts)) {
    return { database: 'mysql', reason: `${mysqlDriver.value} (${firstPlace(mysqlDriver.evidence)})` };
  }
  if (
    database.style === 'hard-coded' &&
    database.defaultEngine === 'sqlite3' &&
    facts.postgresDriver === null
  ) {
    return { database: 'sqlite', reason: `settings name SQLite (${firstPlace(database.evidence)})` };
  }
  return { database: 'supabase', reason: DATABASE_LABELS.supabase.reason };
}

/** MariaDB only where the project speaks MySQL: Django needs another driver for it. */
const databasesFor = (facts: ProjectFacts): Database[] =>
  DATABASES.filter(
    (name) => name !== 'mysql' || facts.mysqlDriver !== null || facts.database.defaultEngine === 'mysql',
  );

const database: Question<'database'> = {
  name: 'database',
  option: 'database',
  kind: 'select',
  thing: 'database',
  follows: 'asking',
  message: 'Database',
  help: 'supabase, postgres (a container), external (by URL), mysql (a container) or sqlite (on a volume)',
  placeholder: 'NAME',
  choices: ({ facts }) => {
    const preferred = defaultDatabase(facts);
    const order = [preferred.database, ...databasesFor(facts).filter((name) => name !== preferred.database)];
    return order.map((name) => ({
      value: name,
      label: DATABASE_LABELS[name].label,
      reason: name === preferred.database ? preferred.reason : DATABASE_LABELS[name].reason,
    }));
  },
  defaultValue: ({ facts }) => defaultDatabase(facts).database,
  parse: (text) => text.trim().toLowerCase() as Database,
  check: (value, context) =>
    value === 'mysql' && !databasesFor(context.facts).includes('mysql')
      ? '"mysql" needs a driver for MySQL in the requirements (mysqlclient, PyMySQL), and the project has none'
      : oneOf(({ facts }) => databasesFor(facts))(value, context),
};

const SUPABASE_CONNECTION_LABELS: Record<SupabaseConnection, { label: string; reason: string }> = {
  session: { label: 'Session pooler', reason: '….pooler.supabase.com:5432: works from every network' },
  transaction: { label: 'Transaction pooler', reason: 'the same host, port 6543: for very many clients' },
  direct: {
    label: 'Direct connection',
    reason: 'db.….supabase.co:5432: IPv6 only; fails from most containers',
  },
  dedicated: { label: 'Dedicated pooler', reason: 'db.….supabase.co:6543: paid plans; IPv6 as well' },
  local: { label: 'Local', reason: 'the Supabase CLI on this machine (supabase start)' },
  'self-hosted': { label: 'Self-hosted', reason: 'your own Supabase' },
};

const supabaseConnection: Question<'supabaseConnection'> = {
  name: 'supabaseConnection',
  option: 'supabase-connection',
  kind: 'select',
  thing: 'connection to Supabase',
  message: 'Connection to Supabase',
  help: 'With supabase: session, transaction, direct, dedicated, local (Supabase CLI) or self-hosted',
  placeholder: 'NAME',
  choices: () => SUPABASE_CONNECTIONS.map((value) => ({ value, ...SUPABASE_CONNECTION_LABELS[value] })),
  defaultValue: () => 'session',
  parse: (text) => text.trim().toLowerCase() as SupabaseConnection,
  check: oneOf(() => SUPABASE_CONNECTIONS),
  matters: (answers) => answers.database === 'supabase',
};

const postgresVersion: Question<'postgresVersion'> = {
  name: 'postgresVersion',
  option: 'postgres-version',
  kind: 'select',
  thing: 'PostgreSQL',
  message: 'PostgreSQL version',
  help: 'With postgres: 17 or 18; each keeps its data on a volume of its own',
  placeholder: 'NUMBER',
  choices: () => [
    { value: '17', label: '17', reason: 'as Supabase has it' },
    { value: '18', label: '18', reason: 'the newest' },
  ],
  defaultValue: () => POSTGRES_VERSIONS[0],
  parse: (text) => text.trim() as PostgresVersion,
  check: oneOf(() => POSTGRES_VERSIONS),
  matters: (answers) => answers.database === 'postgres',
};

/** What the environment cannot say to the settings, for the chosen database. */
const overlayFor = ({ facts, answers }: QuestionContext): OverlayNeed[] =>
  offeredOverlay(facts, {
    database: answers.database ?? defaultDatabase(facts).database,
    supabaseConnection: answers.supabaseConnection ?? 'session',
  });

const settingsOverlay: Question<'settingsOverlay'> = {
  name: 'settingsOverlay',
  option: 'settings-overlay',
  kind: 'checkbox',
  thing: 'settings overlay',
  whenGone: 'it is not needed any more',
  message: 'Settings of the image beside yours, which stay as they are',
  help: 'What a module in front of the settings says: database, tls, connection, hosts, static-root, whitenoise, or none',
  placeholder: 'NAME[,NAME…]',
  choices: (context) =>
    overlayFor(context).map(({ item, remedy, evidence }) => ({
      value: item,
      label: item,
      reason: `${remedy} (${firstPlace(evidence) || 'settings'})`,
      checked: true,
      evidence,
    })),
  defaultValue: (context) => overlayFor(context).map(({ item }) => item),
  parse: (text) => parseList(text) as OverlayItem[],
  check: (value, context) => {
    const words = someOf(() => OVERLAY_ITEMS)(value, context);
    const { fixedSettings } = context.facts;
    if (words !== null || fixedSettings === null || (value as unknown[]).length === 0) return words;
    return `no module can stand in front of the settings, because ${fixedSettings.value} (${firstPlace(fixedSettings.evidence)})`;
  },
  worthAsking: (context) => overlayFor(context).length > 0,
};

/** Servers that can serve the project's entry point. */
function serversFor(facts: ProjectFacts): Server[] {
  const names = Object.keys(SERVERS) as Server[];
  return names.filter((name) => {
    const entryPoints: readonly string[] = SERVERS[name];
    // An ASGI server serves a project that has both, if the user prefers it.
    return (facts.wsgi && entryPoints.includes('wsgi')) || (facts.asgi && entryPoints.includes('asgi'));
  });
}

/** The server to offer first: one that the project has in its requirements, else the usual one for its entry point. */
function defaultServer(facts: ProjectFacts): { server: Server; reason: string } {
  const possible = serversFor(facts);
  const fitting = possible.filter((name) => (SERVERS[name] as readonly string[]).includes(facts.entryPoint));
  const present = facts.servers.find((found) => (fitting as string[]).includes(found.name));
  if (present) return { server: present.name as Server, reason: `in ${firstPlace(present.evidence)}` };
  const server = facts.entryPoint === 'asgi' ? 'uvicorn' : 'gunicorn';
  return { server, reason: `not in the requirements: added to docker/requirements.txt` };
}

const server: Question<'server'> = {
  name: 'server',
  option: 'server',
  kind: 'select',
  thing: 'server',
  follows: 'project',
  message: 'Web server',
  help: 'gunicorn, uvicorn, daphne or hypercorn',
  placeholder: 'NAME',
  choices: ({ facts }) => {
    const preferred = defaultServer(facts);
    const others = serversFor(facts).filter((name) => name !== preferred.server);
    return [preferred.server, ...others].map((name) => ({
      value: name,
      label: name,
      reason: name === preferred.server ? preferred.reason : SERVERS[name].join(' and ').toUpperCase(),
    }));
  },
  defaultValue: ({ facts }) => defaultServer(facts).server,
  parse: (text) => text.trim().toLowerCase() as Server,
  check: oneOf(({ facts }) => [...new Set([defaultServer(facts).server, ...serversFor(facts)])]),
};

const port: Question<'port'> = {
  name: 'port',
  option: 'port',
  kind: 'input',
  thing: 'port',
  message: 'Port of the web server',
  help: 'Port that the web server listens on (1024 to 65535)',
  placeholder: 'NUMBER',
  defaultValue: () => 8000,
  // What is no number stays the text, for the message.
  parse: (text) => (/^\s*\d+\s*$/.test(text) ? Number(text) : (text as unknown as number)),
  check: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1024 && value <= 65_535
      ? null
      : `${JSON.stringify(value)} is no port between 1024 and 65535 (a process that is not root cannot open a lower one)`,
};

/** The reference grammar of image names: lower-case path components, an optional registry with a port before them. */
const IMAGE_NAME =
  /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/** A valid image name made of any name: `backendAI` → `backendai`, `My Shop!` → `my-shop`. */
export function toImageName(name: string): string {
  const cleaned = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return cleaned || 'django';
}

const imageName: Question<'imageName'> = {
  name: 'imageName',
  option: 'image-name',
  kind: 'input',
  thing: 'image name',
  message: 'Image name',
  help: 'Name of the image, without a tag',
  placeholder: 'NAME',
  defaultValue: ({ facts }) => toImageName(facts.name),
  parse: (text) => text.trim(),
  check: (value) =>
    typeof value === 'string' && value.length <= 200 && IMAGE_NAME.test(value)
      ? null
      : `${JSON.stringify(value)} is no image name: lower-case letters and digits, separated by . _ - or /, without a tag, for example acme/backend`,
};

/** Installers that can read the project's dependency files: pip reads no uv.lock, pylock.toml or groups of a pyproject.toml. */
export function installersFor(facts: ProjectFacts): Installer[] {
  const { manager } = facts.dependencies;
  return manager === 'uv' || manager === 'pyproject' || manager === 'pylock' ? ['uv'] : [...INSTALLERS];
}

const installer: Question<'installer'> = {
  name: 'installer',
  option: 'installer',
  kind: 'select',
  thing: 'installer',
  message: 'Installer in the builder stage',
  help: 'uv (fast) or pip',
  placeholder: 'NAME',
  choices: ({ facts }) =>
    installersFor(facts).map((name) => ({
      value: name,
      label: name,
      reason: name === 'uv' ? 'several times faster, same packages' : 'comes with Python',
    })),
  defaultValue: () => 'uv',
  parse: (text) => text.trim().toLowerCase() as Installer,
  check: oneOf(({ facts }) => installersFor(facts)),
  worthAsking: ({ facts }) => installersFor(facts).length > 1,
};

const BASE_LABELS: Record<Base, { label: string; reason: string }> = {
  slim: { label: 'Debian slim', reason: 'has a shell and apt; the official Python image' },
  distroless: {
    label: 'Distroless',
    reason: 'smallest: Python and its libraries only, without a shell',
  },
  alpine: {
    label: 'Alpine',
    reason: 'slower Python; what has no wheel for musl must be compiled',
  },
};

const base: Question<'base'> = {
  name: 'base',
  option: 'base',
  kind: 'select',
  thing: 'base',
  message: 'What production stands on',
  help: 'slim, distroless (no shell, smallest) or alpine',
  placeholder: 'NAME',
  choices: () => BASES.map((value) => ({ value, ...BASE_LABELS[value] })),
  defaultValue: () => 'slim',
  parse: (text) => text.trim().toLowerCase() as Base,
  check: (value, context) => {
    const words = oneOf(() => BASES)(value, context);
    const version = context.answers.pythonVersion ?? defaultPythonVersion(context.facts).version;
    return words === null && value === 'alpine' && !alpineTable().pythons.includes(version)
      ? `there is no image of Python ${version} on Alpine ${alpineTable().release}: choose slim or distroless`
      : words;
  },
  worthAsking: () => BASES.length > 1,
};

const OPTIMIZATION_LABELS: Record<Optimization, { label: string; reason: string }> = {
  balanced: { label: 'Balanced', reason: 'byte-code of all that is imported: nothing is compiled again' },
  size: { label: 'Size', reason: 'byte-code of what a start imports; the first use of the rest is slower' },
};

const optimize: Question<'optimize'> = {
  name: 'optimize',
  option: 'optimize',
  kind: 'select',
  thing: 'optimization',
  message: 'Optimize for',
  help: 'balanced (fast first use) or size (byte-code of the start only)',
  placeholder: 'NAME',
  choices: () => OPTIMIZATIONS.map((value) => ({ value, ...OPTIMIZATION_LABELS[value] })),
  defaultValue: () => 'balanced',
  parse: (text) => text.trim().toLowerCase() as Optimization,
  check: oneOf(() => OPTIMIZATIONS),
};

const trim: Question<'trim'> = {
  name: 'trim',
  option: 'trim',
  kind: 'checkbox',
  thing: 'trim',
  whenGone: 'it has nothing to do any more',
  message: 'What the build takes out of the installed packages and of Python',
  help: 'What is taken out of the installed packages: tests, translations, sources, stubs, symbols, duplicates, languages, botocore; of the base image: tools (pip, IDLE, Tk, headers, test modules of Python); or none',
  placeholder: 'NAME[,NAME…]',
  choices: ({ facts }) => offeredTrims(facts),
  defaultValue: ({ facts }) =>
    offeredTrims(facts)
      .filter(({ checked }) => checked)
      .map(({ value }) => value),
  parse: (text) => parseList(text) as Trim[],
  check: (value, context) => {
    const words = someOf(() => TRIMS)(value, context);
    if (words !== null) return words;
    const offered = offeredTrims(context.facts).map((item) => item.value);
    if ((value as Trim[]).includes('languages') && !offered.includes('languages'))
      return '"languages" needs settings that say which languages stay (LANGUAGES, or LANGUAGE_CODE without LocaleMiddleware)';
    return (value as Trim[]).includes('botocore') && !offered.includes('botocore')
      ? '"botocore" has a meaning only where boto3 or botocore is among the requirements'
      : null;
  },
  // The default is safe by rule; who wants another choice has the option.
  worthAsking: () => false,
};

const awsServices: Question<'awsServices'> = {
  name: 'awsServices',
  option: 'aws-services',
  kind: 'checkbox',
  thing: 'service of Amazon',
  message: 'Services of Amazon that botocore keeps',
  help: 'With the trim botocore: the services that stay, by botocore’s names',
  placeholder: 'NAME[,NAME…]',
  choices: ({ facts }) =>
    defaultAwsServices(facts).map(({ name, reason }) => ({
      value: name,
      label: name,
      reason,
      checked: true,
    })),
  defaultValue: ({ facts }) => defaultAwsServices(facts).map(({ name }) => name),
  parse: parseList,
  check: (value) => {
    if (!isStringList(value)) return 'must be a list of services';
    const wrong = value.filter((item) => !/^[a-z][a-z0-9-]*$/.test(item));
    return wrong.length === 0
      ? null
      : `${wrong.map((item) => JSON.stringify(item)).join(', ')} is no name of a service in botocore, for example s3`;
  },
  matters: (answers) => answers.trim?.includes('botocore') ?? false,
};

/** The services that the project could run, with the reason for each. */
function servicesFor(facts: ProjectFacts): Choice[] {
  const { celery, redis } = facts.services;
  const choices: Choice[] = [];
  if (celery) {
    const where = firstPlace(celery.evidence);
    const { evidence } = celery;
    // A worker that reaches no broker never becomes healthy, and `docker compose up --wait` fails with it.
    const reachable = !needsRabbit(facts);
    const reason = reachable ? `Celery in ${where}` : `Celery in ${where}; its RabbitMQ is for you to run`;
    choices.push({ value: 'worker', label: 'worker', reason, checked: reachable, evidence });
    const beatReason = celery.value.beat ? 'the project has a schedule' : 'no schedule found';
    const beat = celery.value.beat && reachable;
    choices.push({ value: 'beat', label: 'beat', reason: beatReason, checked: beat, evidence });
  }
  if (redis || celery) {
    const used = redis ? `used in ${firstPlace(redis.evidence)}` : 'broker for Celery';
    const possible = mayUseRedis(facts);
    const reason = possible ? used : 'no Redis client is in the requirements';
    const evidence = (redis ?? celery)?.evidence ?? [];
    const checked = possible && (redis !== null || !needsRabbit(facts));
    choices.push({ value: 'redis', label: 'redis', reason, checked, evidence });
  }
  return choices;
}

const services: Question<'services'> = {
  name: 'services',
  option: 'services',
  kind: 'checkbox',
  thing: 'service',
  whenGone: 'the project does not use it any more',
  message: 'Services beside the web server',
  help: 'worker, beat and redis, or none',
  placeholder: 'NAME[,NAME…]',
  choices: ({ facts }) => servicesFor(facts),
  defaultValue: ({ facts }) =>
    servicesFor(facts)
      .filter((choice) => choice.checked)
      .map((choice) => choice.value as Service),
  parse: (text) => parseList(text) as Service[],
  check: (value, context) => {
    const words = someOf(() => SERVICES)(value, context);
    if (words !== null) return words;
    const wanted = value as Service[];
    if (wanted.some((name) => name !== 'redis') && context.facts.services.celery === null) {
      return 'worker and beat need a Celery application, and none was found in the project';
    }
    return null;
  },
  worthAsking: ({ facts }) => servicesFor(facts).length > 0,
};

/** The table of questions, in the order they are asked: a later one may depend on the answers of earlier ones. */
export const QUESTIONS = [
  apps,
  pythonVersion,
  runtimeLibraries,
  database,
  supabaseConnection,
  postgresVersion,
  settingsOverlay,
  server,
  port,
  imageName,
  installer,
  base,
  optimize,
  trim,
  awsServices,
  services,
] as const;

/** The table with its types widened, to be walked in a loop. */
export const QUESTION_LIST = QUESTIONS as unknown as readonly Question[];
