import { satisfies } from '@renovatebot/pep440';
import type { Answers } from '../answers/answers.ts';
import { SERVERS } from '../answers/answers.ts';
import { firstPlace } from '../detection/evidence.ts';
import { pinnedVersion } from '../detection/dependencies/pep508.ts';
import type { ProjectFacts, Requirement } from '../detection/facts.ts';
import { databaseKind } from './database-environment.ts';
import { readKnowledge } from './knowledge.ts';
import { setuptoolsRequirement } from './package-pythons.ts';
import type { ExtraRequirement, Exporter, InstallPlan } from './plan.ts';

/** One choice of `knowledge/servers.json`: a pinned requirement and the versions that it fits. */
interface PinnedRequirement {
  /** `gunicorn==23.0.0` */
  requirement: string;
  /** PEP 440 range of Python releases. */
  python: string;
  /** PEP 440 range of Django releases; absent: any. */
  django?: string;
  /** Not where something of the project imports psycopg2 itself. */
  notWithPsycopg2?: boolean;
}

type PinnedRequirements = Record<string, PinnedRequirement[]>;

/** The first row that fits this Python and Django; rows are ordered newest first. */
function pinnedRequirement(
  name: string,
  pythonVersion: string,
  djangoVersion: string | null,
  psycopg2 = false,
): string | null {
  const rows = readKnowledge<{ packages: PinnedRequirements }>('servers').packages[name] ?? [];
  const row = rows.find(
    (item) =>
      !(psycopg2 && item.notWithPsycopg2 === true) &&
      satisfies(`${pythonVersion}.99`, item.python) &&
      (item.django === undefined || djangoVersion === null || satisfies(djangoVersion, item.django)),
  );
  return row?.requirement ?? null;
}

/** Whether the project's code or one of its requirements imports psycopg2, so that psycopg 3 would not do. */
function importsPsycopg2({ importedModules, dependencies }: ProjectFacts): boolean {
  const { packages } = readKnowledge<{ psycopg2Users: { packages: string[] } }>('servers').psycopg2Users;
  return (
    importedModules.some((module) => module.split('.')[0] === 'psycopg2') ||
    dependencies.production.some(({ name }) => packages.includes(name))
  );
}

/**
 * Requirements that the image needs and the project does not state: a server, a PostgreSQL driver.
 * @param facts what detection found
 * @param answers the user's decisions
 */
export function extraRequirements(facts: ProjectFacts, answers: Answers): ExtraRequirement[] {
  const extras: ExtraRequirement[] = [];
  const django = facts.djangoVersion?.value ?? null;
  const add = (name: string, reason: string): void => {
    const line = pinnedRequirement(name, answers.pythonVersion, django, importsPsycopg2(facts));
    if (line !== null) extras.push({ line, reason });
  };
  if (!facts.servers.some((found) => found.name === answers.server)) {
    add(answers.server, `web server of the production image`);
  }
  const wantsPostgres = databaseKind(facts, answers) === 'postgresql';
  if (wantsPostgres && facts.postgresDriver === null) {
    add('postgres-driver', 'driver for PostgreSQL');
  }
  const hasWhitenoise = facts.dependencies.production.some(({ name }) => name === 'whitenoise');
  if (answers.settingsOverlay.includes('whitenoise') && !hasWhitenoise) {
    add('whitenoise', 'serves static files (settings overlay)');
  }
  for (const { requirement, evidence } of facts.developmentImports) {
    extras.push({
      line: `${requirement.name}${requirement.specifier}`,
      reason: `imported as the application starts (${firstPlace(evidence)}), though only the development requirements list it`,
    });
  }
  const setuptools = setuptoolsRequirement(facts.dependencies.production, answers.pythonVersion);
  if (setuptools) extras.push(setuptools);
  return extras;
}

/**
 * What the image needs and no row of `knowledge/servers.json` gives for this Python and Django.
 * @returns sentences for the user
 */
export function unmetRequirements(facts: ProjectFacts, answers: Answers): string[] {
  const kind = databaseKind(facts, answers);
  if (kind === 'mysql' && facts.mysqlDriver === null)
    return [
      'No driver for MySQL is in the requirements: add mysqlclient, or PyMySQL with its install_as_MySQLdb().',
    ];
  if (kind !== 'postgresql' || facts.postgresDriver !== null) return [];
  const django = facts.djangoVersion?.value ?? null;
  if (pinnedRequirement('postgres-driver', answers.pythonVersion, django, importsPsycopg2(facts)) !== null)
    return [];
  return [
    `No PostgreSQL driver with a wheel fits Python ${answers.pythonVersion} and Django ${django ?? ''}: add one to the requirements, or take an older Python with --python-version.`,
  ];
}

/** What today's build tools must be held to, by `knowledge/build-constraints.json`. */
function buildConstraints(requirements: readonly Requirement[]): InstallPlan['buildConstraints'] {
  const rows = readKnowledge<{ packages: { pypi: string; versions: string; constraint: string }[] }>(
    'build-constraints',
  ).packages;
  return requirements.flatMap(({ name, specifier }) => {
    const pinned = pinnedVersion(specifier);
    const row = rows.find(
      (item) => item.pypi === name && pinned !== null && satisfies(pinned, item.versions),
    );
    return row ? [{ line: row.constraint, neededBy: `${name} ${pinned}` }] : [];
  });
}

type ExporterTable = Record<Exclude<Exporter, 'script'>, { python: string; packages: string[] }[]>;

/** What turns the project's file into requirements files, and its version for this Python (`knowledge/exporters.json`). */
function exporterFor(
  { manager, productionFile }: ProjectFacts['dependencies'],
  pythonVersion: string,
): InstallPlan['exporter'] {
  const packaged = (tool: Exclude<Exporter, 'script'>): InstallPlan['exporter'] => {
    const rows = readKnowledge<{ exporters: ExporterTable }>('exporters').exporters[tool];
    const row = rows.find((item) => satisfies(`${pythonVersion}.99`, item.python)) ?? rows.at(-1);
    return { tool, packages: row?.packages ?? [] };
  };
  switch (manager) {
    case 'poetry':
      return packaged(productionFile?.endsWith('poetry.lock') === true ? 'poetry' : 'poetry-core');
    case 'pdm':
    case 'pipenv':
      return packaged(manager);
    case 'setuptools':
      return { tool: 'script', packages: [] };
    default:
      return null;
  }
}

/** Each secret is optional: the build goes on without it, and an index that needs it answers 401. */
function secretMounts(indexes: ProjectFacts['dependencies']['privateIndexes']): string[] {
  const mounts = indexes.flatMap(({ variables }) =>
    variables.length > 0
      ? variables.map((name) => `type=secret,id=${name},env=${name}`)
      : ['type=secret,id=netrc,target=/root/.netrc'],
  );
  return [...new Set(mounts)];
}

/**
 * How production and development requirements are installed.
 * @param facts what detection found
 * @param answers the user's decisions
 */
export function planInstallation(facts: ProjectFacts, answers: Answers): InstallPlan {
  const { dependencies } = facts;
  const development =
    dependencies.developmentFile !== null ||
    dependencies.developmentGroups.length > 0 ||
    dependencies.developmentExtras.length > 0 ||
    dependencies.development.length > 0;
  return {
    manager: dependencies.manager,
    installer: answers.installer,
    productionMounts: dependencies.productionFiles,
    root: dependencies.root,
    productionFile: dependencies.productionFile,
    developmentFile: dependencies.developmentFile,
    developmentMounts: [...new Set([...dependencies.productionFiles, ...dependencies.developmentFiles])],
    productionGroups: dependencies.productionGroups,
    productionExtras: dependencies.productionExtras,
    developmentGroups: dependencies.developmentGroups,
    developmentExtras: dependencies.developmentExtras,
    onlyGroups: dependencies.onlyGroups,
    publicIndexFiles: dependencies.publicIndexFiles,
    secretMounts: secretMounts(dependencies.privateIndexes),
    development: development && dependencies.manager !== 'none',
    extraRequirements: extraRequirements(facts, answers),
    hashed: dependencies.hashed,
    withoutSetuptools: dependencies.withoutSetuptools,
    buildConstraints: buildConstraints(dependencies.production),
    exporter: exporterFor(dependencies, answers.pythonVersion),
  };
}

/** The command that starts the server, in exec form. */
export function serverCommand(plan: {
  server: Answers['server'];
  application: string;
  port: number;
}): string[] {
  const { server, application, port } = plan;
  switch (server) {
    case 'gunicorn':
      return ['gunicorn', '--config', '/app/docker/gunicorn.conf.py', application];
    case 'uvicorn':
      return ['uvicorn', '--host', '0.0.0.0', '--port', String(port), '--proxy-headers', application];
    case 'daphne':
      return ['daphne', '--bind', '0.0.0.0', '--port', String(port), '--proxy-headers', application];
    case 'hypercorn':
      return ['hypercorn', '--bind', `0.0.0.0:${port}`, application];
  }
}

/** The callable that a server is given: the WSGI one where the server and the project have it, else the ASGI one. */
export function applicationFor(
  facts: ProjectFacts,
  server: Answers['server'],
): { application: string; entryPoint: 'wsgi' | 'asgi' } {
  const possible: readonly string[] = SERVERS[server];
  const preferred = [facts.entryPoint, facts.entryPoint === 'wsgi' ? 'asgi' : 'wsgi'] as const;
  for (const entryPoint of preferred) {
    const fact = facts[entryPoint];
    if (fact && possible.includes(entryPoint)) return { application: fact.value, entryPoint };
  }
  // Detection guarantees a module; a server that cannot serve it is refused with the answers.
  return { application: facts.wsgi?.value ?? facts.asgi?.value ?? '', entryPoint: facts.entryPoint };
}
