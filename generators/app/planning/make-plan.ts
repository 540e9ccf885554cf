import { posix } from 'node:path';
import { TRIMS, type Answers, type PostgresVersion } from '../answers/answers.ts';
import { applicationPackage } from '../detection/django-settings.ts';
import { firstPlace } from '../detection/evidence.ts';
import { DetectionError, type Fact, type ProjectFacts } from '../detection/facts.ts';
import type { DatabaseConnection } from '../database/connection-string.ts';
import { alpineNotes, onAlpine } from './alpine.ts';
import { baseImage, debianReleaseFor } from './base-image.ts';
import { unusedTools } from './base-image-trims.ts';
import {
  CONTAINER_DATABASE,
  SQLITE_FOLDER,
  containerAddress,
  databaseEnvironment,
  databaseKind,
  databaseVariables,
  sqliteEnvironment,
  unreachableSettings,
  withoutTls,
} from './database-environment.ts';
import { dockerignoreSections } from './dockerignore.ts';
import {
  SUPABASE_CA_FILE,
  buildVariables,
  celeryEnvironment,
  environmentSections,
  redisEnvironment,
} from './environment.ts';
import type { Measurements } from '../measurements/measurements.ts';
import { lackingInEnvFile, type EnvLack } from './environment-file.ts';
import { applicationFor, planInstallation, serverCommand, unmetRequirements } from './install-plan.ts';
import { readKnowledge } from './knowledge.ts';
import { largePackages } from './large-packages.ts';
import { measuredSizes } from './measured-sizes.ts';
import { pythonNotes } from './python-version.ts';
import { QuotingError } from './quoting.ts';
import type { AptPackages, ComposeProcess, CopyGroup, Plan, TrimPlan } from './plan.ts';
import { projectLibraries, type ProjectLibraries } from './project-libraries.ts';
import {
  ENTRY_FILE,
  ENTRY_MODULE,
  OVERLAY_FILE,
  OVERLAY_ITEMS,
  OVERLAY_MODULE,
  overlayNeeds,
  overlayNotes,
  withOverlay,
} from './settings-overlay.ts';
import { mayUseRedis, needsRabbit } from './redis-clients.ts';
import { PRIVATE_SCHEMA, SUPABASE_MODES, supabaseMode } from './supabase.ts';
import { gitNeeded } from './system-libraries.ts';
import { keptLanguages } from './trims.ts';

/** The repository's root in the image; paths below it are those of the repository. */
export const IMAGE_ROOT = '/app';

/** Scripts of ours that the image needs at run time. */
const IMAGE_SCRIPTS = ['docker/healthcheck.py', 'docker/gunicorn.conf.py'];
const DATABASE_SCRIPTS = [
  'docker/database_checks.py',
  'docker/migrate_database.py',
  'docker/verify_database.py',
];

const inImage = (path: string): string => (path === '' ? IMAGE_ROOT : posix.join(IMAGE_ROOT, path));

interface ImageTable {
  uv: { image: string; version: string };
  postgres: { image: string; versions: Record<PostgresVersion, { dataPath: string; volume: string }> };
  pgvector: { image: string };
  mariadb: { image: string; version: string; dataPath: string };
  redis: { image: string; version: string };
}

/** What a run knows beside the repository and the answers. */
export interface Surroundings {
  /** Which variables of ours the user's own .env lacks; by default as it is now. */
  lackingInEnv: EnvLack;
  /** The connection string that the user pasted: its values go into .env and nowhere else. */
  connection?: DatabaseConnection | null;
  /** What the report measured, from a file of the repository. */
  measurements?: Measurements | null;
}

/**
 * Turns what was found and what was decided into everything that the templates print. Pure.
 * @param detected what detection found
 * @param answers the user's decisions
 * @param surroundings what else the run knows
 */
export function makePlan(
  detected: ProjectFacts,
  answers: Answers,
  surroundings: Partial<Surroundings> = {},
): Plan {
  const facts = withOverlay(detected, answers);
  const lacking = surroundings.lackingInEnv ?? lackingInEnvFile(facts, answers, {});
  const overlay = planOverlay(detected, answers);
  const debianRelease = debianReleaseFor(answers.pythonVersion);
  const images = readKnowledge<ImageTable>('container-images');
  const { application: own, entryPoint } = applicationFor(facts, answers.server);
  const wrapped = wrappedApplication(facts, own, overlay !== null);
  const application = wrapped === null ? own : `${ENTRY_MODULE}:application`;
  if (own === '') {
    throw new DetectionError(
      'There is no WSGI or ASGI module (wsgi.py, asgi.py), so that a server has nothing to start. Add one beside the settings, as django-admin startproject writes it, then run the generator again.',
    );
  }
  // Both end up in commands and in Python; detection takes the callable's name as it is written.
  for (const [what, name] of [
    ['The settings module', facts.settingsModule.value],
    ['The class of settings', facts.configuration?.value ?? 'none'],
    ['The WSGI or ASGI application', own],
  ]) {
    if (!/^[\p{L}\p{N}_.]+(?::[\p{L}\p{N}_]+)?$/u.test(name ?? '')) {
      throw new QuotingError(
        `${what} is ${JSON.stringify(name)}, which is no Python name. Correct it in the project.`,
      );
    }
  }
  const supabase = supabaseMode(answers);
  const scripts = [
    IMAGE_SCRIPTS.filter((path) => path !== 'docker/gunicorn.conf.py' || answers.server === 'gunicorn'),
    [...DATABASE_SCRIPTS, ...(supabase?.place === 'cloud' ? [SUPABASE_CA_FILE] : [])],
  ];
  const copies = copyGroups(facts, answers, scripts, [
    ...(overlay === null ? [] : [OVERLAY_FILE]),
    ...(wrapped === null ? [] : [ENTRY_FILE]),
  ]);
  const install = planInstallation(facts, answers);
  const libraries = projectLibraries(facts, answers.pythonVersion, answers.base);
  const onBase = answers.base === 'alpine' ? onAlpine : (packages: AptPackages): AptPackages => packages;
  const staticFiles = planStaticFiles(facts);
  const processes = composeProcesses(facts, answers);
  const trims = planTrims(facts, answers);
  const large = largePackages(facts, trims);
  const composeProject = composeProjectName(answers.imageName);
  const mounted = [...install.productionMounts, ...install.developmentMounts, 'docker'];
  const copied = copies.flatMap((group) => group.sources).concat(mounted);
  const gitReason = gitNeeded([...facts.dependencies.production, ...facts.dependencies.development]);

  return {
    imageName: answers.imageName,
    composeProject,
    baseImage: baseImage(answers.pythonVersion, answers.base),
    debianRelease,
    uvImage: `${images.uv.image}:${images.uv.version}`,
    workDir: inImage(facts.workDir),
    pythonPath: [
      ...(overlay || wrapped ? [inImage(posix.dirname(OVERLAY_FILE))] : []),
      ...facts.pythonPath.map(inImage),
    ],
    settingsModule: overlay ? OVERLAY_MODULE : facts.settingsModule.value,
    developmentSettingsModule: overlay
      ? OVERLAY_MODULE
      : (facts.developmentSettingsModule ?? facts.settingsModule).value,
    overlay,
    configuration: facts.configuration?.value ?? null,
    application,
    wrappedApplication: wrapped,
    entryPoint,
    server: answers.server,
    serverCommand: serverCommand({ server: answers.server, application, port: answers.port }),
    port: answers.port,
    copies,
    buildPaths: [...new Set(copied)],
    removedTests: facts.unusedTests
      .filter((path) => answers.apps.some((app) => path.startsWith(`${app}/`)))
      .map(inImage),
    leftOut: facts.application
      .filter((item) => !answers.apps.includes(item.path))
      .map((item) => ({ path: item.path, reason: item.reason })),
    runtimePackages: onBase(runtimeAptPackages(answers, libraries)),
    buildPackages: onBase({
      packages: [
        // Much has no wheel for musl, and the table does not know all of it.
        ...(answers.base === 'alpine' ? [{ name: 'gcc', reason: 'packages without a wheel for musl' }] : []),
        ...libraries.build.map((need) => ({ name: need.debianPackage, reason: need.neededBy.join(', ') })),
        ...(gitReason
          ? ['ca-certificates', 'git'].map((name) => ({ name, reason: 'requirements from Git' }))
          : []),
      ],
    }),
    developmentBuildPackages: onBase({
      packages: libraries.developmentBuild.map((need) => ({
        name: need.debianPackage,
        reason: need.neededBy.join(', '),
      })),
    }),
    install,
    base: answers.base,
    // A distroless root has none of it, and on Alpine it is untried.
    unusedTools:
      answers.base === 'slim' && answers.trim.includes('tools')
        ? unusedTools(answers.pythonVersion, answers.runtimeLibraries)
        : null,
    trims,
    largePackages: large,
    stagesInTurn: answers.optimize === 'balanced' && large.length > 0,
    warmUpModules: warmUpModules(facts, answers),
    importRequirements: importRequirements(
      facts,
      install.extraRequirements.map((extra) => extra.line),
    ),
    buildVariables: buildVariables(facts, answers),
    // compress writes into STATIC_ROOT, so that it runs once the files are collected.
    buildCommands:
      staticFiles.collect && facts.preparation.offlineCompression
        ? [['python', 'manage.py', 'compress', '--force', '--verbosity', '0']]
        : [],
    migrateCommand: ['python', `${IMAGE_ROOT}/docker/migrate_database.py`],
    migrateCommands: [
      // django-tenants has its own.
      [facts.thirdPartyApps.includes('django_tenants') ? 'migrate_schemas' : 'migrate', '--noinput'],
      ...(facts.preparation.cacheTable ? [['createcachetable']] : []),
      ...(collectsElsewhere(facts) ? [['collectstatic', '--noinput']] : []),
    ],
    compileTranslations: facts.preparation.uncompiledTranslations.some((path) =>
      answers.apps.some((app) => path.startsWith(`${app}/`)),
    ),
    ownedFolders: copiedUploads(facts, copies),
    redirectedFiles: redirectedFiles(facts, copies),
    staticFiles,
    volumes: volumes(facts, answers),
    database: answers.database,
    databaseReachable: unreachableSettings(facts.database, answers) === null,
    connectionVariables: databaseVariables(facts.database),
    databaseVariables:
      answers.database === 'supabase' || answers.database === 'external'
        ? databaseVariables(facts.database)
            .filter(({ part }) => part === 'url' || part === 'host' || part === 'password')
            .map(({ name }) => name)
        : [],
    databaseService: databaseService(facts, answers, images, lacking),
    supabase: supabase
      ? {
          connection: answers.supabaseConnection,
          mode: supabase,
          inOverlay: answers.settingsOverlay.includes('connection'),
          usesStorages: facts.dependencies.production.some(({ name }) => name === 'django-storages'),
        }
      : null,
    // host-gateway: https://docs.docker.com/reference/compose-file/services/#extra_hosts
    extraHosts: supabase && supabase.place !== 'cloud' ? ['host.docker.internal:host-gateway'] : [],
    usesVector: usesVector(facts),
    reservedConnections: supabase ? reservedConnections(processes) : null,
    composeEnvironment: composeEnvironment(facts, answers, lacking),
    processes,
    redis: answers.services.includes('redis')
      ? { image: `${images.redis.image}:${images.redis.version}` }
      : null,
    environment: environmentSections(facts, answers, surroundings.connection ?? null),
    dockerignore: dockerignoreSections(facts, copied),
    // The home page of an API may want a frontend that is not in the image; the admin's login page wants nothing.
    healthPath: facts.healthPath?.value ?? facts.adminLogin?.value ?? '/',
    // The overlay adds hosts and takes none away.
    allowedHost: allowedHost(detected),
    forbiddenPaths: forbiddenPaths(facts, answers),
    measured: measuredSizes(surroundings.measurements ?? null),
    notes: [
      ...overlayNotes(detected, answers),
      ...entryNotes(facts, wrapped),
      ...notes(facts, answers),
      ...composeFileNotes(facts.existing.composeFiles),
      ...libraries.warnings,
      ...(answers.base === 'alpine' ? alpineNotes(facts.dependencies.production) : []),
    ],
  };
}

/** The module in front of the settings, or null when nothing is to be said. */
function planOverlay(facts: ProjectFacts, answers: Answers): Plan['overlay'] {
  const items = OVERLAY_ITEMS.filter((item) => answers.settingsOverlay.includes(item));
  if (items.length === 0) return null;
  const needs = overlayNeeds(facts, answers);
  return {
    projectModule: facts.settingsModule.value,
    developmentProjectModule: facts.developmentSettingsModule?.value ?? null,
    items,
    places: Object.fromEntries(needs.map(({ item, evidence }) => [item, firstPlace(evidence)] as const)),
  };
}

/** The database service's password in Compose syntax. */
function passwordReference(
  lacking: EnvLack,
  name: 'POSTGRES_PASSWORD' | 'MARIADB_PASSWORD' = 'POSTGRES_PASSWORD',
): string {
  // Their own .env, which is not ours to edit, may lack it: the service is on a private network.
  return lacking[name] ? `\${${name}:-app}` : `\${${name}:?set it in .env}`;
}

/** pgvector, by the requirements or by an import. */
function usesVector({ dependencies, importedModules }: ProjectFacts): boolean {
  return (
    dependencies.production.some(({ name }) => name === 'pgvector') ||
    importedModules.some((module) => module.split('.')[0] === 'pgvector')
  );
}

/** The container of the database, where one is chosen. */
function databaseService(
  facts: ProjectFacts,
  answers: Answers,
  images: ImageTable,
  lacking: EnvLack,
): Plan['databaseService'] {
  const { name, user } = CONTAINER_DATABASE;
  if (answers.database === 'postgres') {
    const { dataPath, volume } = images.postgres.versions[answers.postgresVersion];
    return {
      image: usesVector(facts)
        ? `${images.pgvector.image}:pg${answers.postgresVersion}`
        : `${images.postgres.image}:${answers.postgresVersion}`,
      volume,
      dataPath,
      environment: [
        { name: 'POSTGRES_DB', value: name },
        { name: 'POSTGRES_USER', value: user },
        { name: 'POSTGRES_PASSWORD', value: passwordReference(lacking) },
      ],
      // Over TCP, which PostgreSQL opens only after its first initialisation.
      healthTest: ['CMD', 'pg_isready', '--host', '127.0.0.1', '--username', user, '--dbname', name],
    };
  }
  if (answers.database === 'mysql') {
    return {
      image: `${images.mariadb.image}:${images.mariadb.version}`,
      volume: 'database',
      dataPath: images.mariadb.dataPath,
      environment: [
        { name: 'MARIADB_DATABASE', value: name },
        { name: 'MARIADB_USER', value: user },
        { name: 'MARIADB_PASSWORD', value: passwordReference(lacking, 'MARIADB_PASSWORD') },
        { name: 'MARIADB_RANDOM_ROOT_PASSWORD', value: '1' },
      ],
      healthTest: ['CMD', 'healthcheck.sh', '--connect', '--innodb_initialized'],
    };
  }
  return null;
}

/** The application's module and callable, where that module would name other settings than the image's; else null. */
function wrappedApplication(
  facts: ProjectFacts,
  application: string,
  hasOverlay: boolean,
): Plan['wrappedApplication'] {
  const [module, name] = application.split(':');
  const entry = facts.entrySettings.find((found) => found.module === module);
  if (entry === undefined || module === undefined || name === undefined) return null;
  const isOther = entry.names.length > 0 && !entry.names.includes(facts.settingsModule.value);
  return hasOverlay || isOther ? { module, name } : null;
}

/** What the WSGI or ASGI module and manage.py say against the settings of the image. */
function entryNotes(facts: ProjectFacts, wrapped: Plan['wrappedApplication']): string[] {
  const { entrySettings, fixedSettings, settingsModule } = facts;
  const told = (fact: Fact<string>): string => `${fact.value} (${firstPlace(fact.evidence)})`;
  const entry = entrySettings.find(({ module }) => module === wrapped?.module);
  return [
    ...(entry === undefined
      ? []
      : [`${told(entry)}, so that ${ENTRY_FILE} loads the image's before it, and the server starts that.`]),
    // Only a word of the user's can name others than a file that fixes them.
    ...(fixedSettings !== null && settingsModule.evidence.length === 0
      ? [`${told(fixedSettings)}: ${settingsModule.value} may not hold everywhere in the image.`]
      : []),
  ];
}

/** Processes of a Celery worker where every connection counts; each keeps one. */
const CELERY_PROCESSES = 4;

/** Connections that the web server's workers must leave free: a migration, a shell, and the other services. */
function reservedConnections(processes: readonly ComposeProcess[]): number {
  const others = processes.map(({ name }) => (name === 'worker' ? CELERY_PROCESSES : 1));
  return others.reduce((sum, count) => sum + count, 2);
}

/** `acme/backend` → `backend`: Compose takes lower-case letters, digits, - and _. */
function composeProjectName(imageName: string): string {
  const name = (imageName.split('/').at(-1) ?? imageName).toLowerCase().replaceAll(/[^a-z0-9_-]/g, '-');
  return /^[a-z0-9]/.test(name) ? name : `x${name}`;
}

/** COPY instructions of the source stage: what changes seldom first, manage.py with the other modules. */
function copyGroups(
  facts: ProjectFacts,
  answers: Answers,
  scripts: string[][],
  overlay: readonly string[],
): CopyGroup[] {
  const chosen = facts.application.filter((item) => answers.apps.includes(item.path));
  const groups: CopyGroup[] = [];
  const modules = [
    facts.managePy.value,
    ...chosen.filter((item) => item.kind === 'module').map((item) => item.path),
  ];
  const byFolder = Map.groupBy(modules, (path) => posix.dirname(path));
  for (const [folder, sources] of byFolder) {
    groups.push({ sources, destination: `${inImage(folder === '.' ? '' : folder)}/`, reason: '' });
  }
  // A folder is copied into a folder of the same name: COPY copies a folder's content, not the folder.
  const order = { data: 0, package: 1, module: 2 };
  const folders = chosen.filter((item) => item.kind !== 'module');
  for (const item of folders.toSorted(
    (a, b) => order[a.kind] - order[b.kind] || (a.path < b.path ? -1 : 1),
  )) {
    const isFile = facts.topLevel.includes(item.path);
    groups.push({
      sources: [item.path],
      destination: isFile ? inImage(item.path) : `${inImage(item.path)}/`,
      reason: item.reason,
    });
  }
  for (const sources of scripts) groups.push({ sources, destination: `${IMAGE_ROOT}/docker/`, reason: '' });
  if (overlay.length > 0) {
    groups.push({
      sources: [...overlay],
      destination: `${inImage(posix.dirname(OVERLAY_FILE))}/`,
      reason: '',
    });
  }
  return groups;
}

function runtimeAptPackages(answers: Answers, { runtime }: ProjectLibraries): AptPackages {
  return {
    packages: answers.runtimeLibraries.map((name) => {
      const need = runtime.find((item) => item.debianPackage === name);
      return { name, reason: need?.reason ?? 'chosen' };
    }),
  };
}

/** Of a start only, or of everything that the code imports: what is not listed is compiled at each first import. */
function warmUpModules(facts: ProjectFacts, answers: Answers): string[] {
  const imported = answers.optimize === 'size' ? facts.startupModules : facts.importedModules;
  return [...new Set([...imported, ...facts.thirdPartyApps.map(applicationPackage)])].toSorted();
}

function planTrims(facts: ProjectFacts, answers: Answers): TrimPlan | null {
  const rules = TRIMS.filter((name) => name !== 'tools').filter((name) => answers.trim.includes(name));
  if (rules.length === 0) return null;
  return {
    rules,
    languages: rules.includes('languages') ? keptLanguages(facts.languages?.value ?? []) : [],
    awsServices: rules.includes('botocore') ? answers.awsServices.toSorted() : [],
  };
}

/** Folders of the system and of ours that nothing of the project may be put over. */
const TAKEN =
  /^\/(?:app|bin|boot|dev|etc|home|lib\d*|opt|opt\/venv|proc|pyc|root|run|sbin|sys|tmp|usr|usr\/local|var)?$/;

/**
 * A folder of the settings as it is in the image.
 * @param path relative to the repository's root, or absolute; null when there is none
 * @returns null where it cannot be a folder of its own: the root, the code itself, a folder of the system
 */
function ownFolder(path: string | null): string | null {
  if (path === null || path === '') return null;
  const folder = posix.normalize(path.startsWith('/') ? path : inImage(path)).replace(/\/+$/, '');
  return TAKEN.test(folder) || folder.startsWith('..') ? null : folder;
}

/** collectstatic uploads, with credentials that the build has not. */
const collectsElsewhere = ({ staticFiles }: ProjectFacts): boolean =>
  staticFiles.enabled && staticFiles.servedBy?.value === 'another server (storage)';

function planStaticFiles(facts: ProjectFacts): Plan['staticFiles'] {
  const { staticFiles } = facts;
  const collect =
    staticFiles.enabled && staticFiles.rootSet && staticFiles.committed === null && !collectsElsewhere(facts);
  const root = ownFolder(staticFiles.root);
  return {
    collect,
    root,
    url: `/${staticFiles.url.replace(/^\/+/, '')}`,
    sampleFile:
      collect && staticFiles.whitenoise && !/^https?:/.test(staticFiles.url) && staticFiles.admin
        ? 'admin/css/base.css'
        : null,
  };
}

/** The broker is the database or the file system, as far as the settings say. */
function noRemoteControl(facts: ProjectFacts): boolean {
  return (
    !mayUseRedis(facts) &&
    !needsRabbit(facts) &&
    !facts.variables.some(({ name }) => /AMQP|RABBIT/.test(name))
  );
}

function composeProcesses(facts: ProjectFacts, answers: Answers): ComposeProcess[] {
  const celery = facts.services.celery;
  if (!celery) return [];
  const supabase = supabaseMode(answers);
  const base = ['celery', '--app', celery.value.application];
  const processes: ComposeProcess[] = [];
  if (answers.services.includes('worker')) {
    // A worker's name ends in the host name. No shell puts it in: an image may have none.
    const ping =
      "import os, socket, sys; os.execvp('celery', [*sys.argv[1:], 'celery@' + socket.gethostname()])";
    processes.push({
      name: 'worker',
      command: [
        ...base,
        'worker',
        '--loglevel',
        'INFO',
        // By default one process for each CPU of the machine, each with a connection of the small pool.
        ...(supabase && supabase.clients !== null ? ['--concurrency', String(CELERY_PROCESSES)] : []),
      ],
      // Only Redis and AMQP carry the question that a worker is asked.
      healthTest:
        answers.services.includes('redis') || !noRemoteControl(facts)
          ? ['CMD', 'python', '-S', '-c', ping, ...base, 'inspect', 'ping', '--timeout', '5', '--destination']
          : ['NONE'],
    });
  }
  if (answers.services.includes('beat')) {
    const databaseScheduler = facts.thirdPartyApps.includes('django_celery_beat');
    const schedule = databaseScheduler
      ? ['--scheduler', 'django_celery_beat.schedulers:DatabaseScheduler']
      : ['--schedule', '/tmp/celerybeat-schedule'];
    const pidFile = '/tmp/celerybeat.pid';
    processes.push({
      name: 'beat',
      command: [...base, 'beat', '--loglevel', 'INFO', '--pidfile', pidFile, ...schedule],
      healthTest: ['CMD', 'python', '-S', '-c', `import os; os.kill(int(open("${pidFile}").read()), 0)`],
    });
  }
  return processes;
}

/** One volume for each folder that is written to; none lies in another. */
function volumes(facts: ProjectFacts, answers: Answers): Plan['volumes'] {
  const media = ownFolder(facts.staticFiles.mediaRoot);
  const written = facts.writtenPaths.flatMap(({ kind, path, setting, evidence }) => {
    const own = kind === 'folder' ? ownFolder(path) : null;
    const name = posix.basename(own ?? '');
    return own === null ? [] : [{ name, path: own, reason: `${setting} (${firstPlace(evidence)})` }];
  });
  const wanted: Plan['volumes'] = [
    ...(answers.database === 'sqlite'
      ? [{ name: 'data', path: SQLITE_FOLDER, reason: 'the SQLite file' }]
      : []),
    ...(media === null ? [] : [{ name: 'media', path: media, reason: 'uploaded files' }]),
    ...written,
  ];
  const found: Plan['volumes'] = [];
  for (const [index, volume] of wanted.entries()) {
    const inOther = wanted.some(
      (other, at) => volume.path.startsWith(`${other.path}/`) || (at < index && other.path === volume.path),
    );
    if (inOther) continue;
    const held = wanted.filter((other) => other.path.startsWith(`${volume.path}/`));
    found.push({
      ...volume,
      name: toVolumeName(volume.name, new Set(found.map(({ name }) => name))),
      reason: [volume.reason, ...held.map(({ reason }) => reason)].join(', '),
    });
  }
  return found;
}

/** MEDIA_ROOT in a folder that is copied (`static/images`): COPY gives what is there to root. */
function copiedUploads(facts: ProjectFacts, copies: readonly CopyGroup[]): string[] {
  const media = ownFolder(facts.staticFiles.mediaRoot);
  return media !== null &&
    copies.some(({ destination }) => `${media}/`.startsWith(destination) && destination !== `${IMAGE_ROOT}/`)
    ? [media]
    : [];
}

/** Log files beside the code, each with a file of its own in /tmp. */
function redirectedFiles(facts: ProjectFacts, copies: readonly CopyGroup[]): Plan['redirectedFiles'] {
  const found: Plan['redirectedFiles'] = [];
  const folders = copies.map(({ destination }) => destination.replace(/\/$/, ''));
  for (const { kind, path } of facts.writtenPaths) {
    if (kind !== 'file') continue;
    const plain = `/tmp/${posix.basename(path)}`;
    const target = found.some((other) => other.target === plain)
      ? `/tmp/${path.replaceAll('/', '-')}`
      : plain;
    const folder = posix.dirname(inImage(path));
    const isThere = folders.some((own) => own === folder || own.startsWith(`${folder}/`));
    found.push({ path: inImage(path), target, newFolder: isThere ? null : folder });
  }
  return found;
}

/** A name for Compose that is not taken yet; `database` is the db service's. */
function toVolumeName(folder: string, taken: ReadonlySet<string>): string {
  const plain =
    folder
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]+/g, '-')
      .replace(/^[^a-z0-9]+/, '') || 'files';
  let name = plain;
  for (let number = 2; taken.has(name) || name === 'database'; number += 1) name = `${plain}-${number}`;
  return name;
}

/** Their own .env, which is not ours to edit, cannot know the variable of the overlay. */
function hostsForTheirEnvFile(lacking: EnvLack): { name: string; value: string }[] {
  return lacking['ALLOWED_HOSTS']
    ? [{ name: 'ALLOWED_HOSTS', value: '${ALLOWED_HOSTS:-localhost,127.0.0.1}' }]
    : [];
}

function composeEnvironment(
  facts: ProjectFacts,
  answers: Answers,
  lacking: EnvLack,
): { name: string; value: string }[] {
  // PORT wins over a line of theirs: the published port and the health check follow it.
  const port = { name: 'PORT', value: String(answers.port) };
  const celery = celeryEnvironment(facts, answers).map(({ name, value }) => ({ name, value }));
  const common = [...hostsForTheirEnvFile(lacking), port, ...redisEnvironment(facts, answers), ...celery];
  switch (answers.database) {
    case 'postgres': {
      const address = containerAddress(facts.database, 'postgresql', passwordReference(lacking));
      return [
        ...databaseEnvironment(facts.database, address),
        ...withoutTls(facts, answers.settingsOverlay),
        ...common,
      ];
    }
    case 'mysql': {
      const address = containerAddress(
        facts.database,
        'mysql',
        passwordReference(lacking, 'MARIADB_PASSWORD'),
      );
      return [...databaseEnvironment(facts.database, address), ...common];
    }
    case 'sqlite':
      return [...sqliteEnvironment(facts.database), ...common];
    case 'supabase':
      return [...supabaseEnvironment(answers), ...common];
    case 'external':
      return databaseKind(facts, answers) === 'mysql'
        ? common
        : [{ name: 'PGSSLMODE', value: '${PGSSLMODE:-prefer}' }, ...common];
  }
}

/** What a connection to Supabase asks for, in variables that .env may set otherwise. */
function supabaseEnvironment(answers: Answers): { name: string; value: string }[] {
  const mode = SUPABASE_MODES[answers.supabaseConnection];
  const schema = `\${DB_SCHEMA:-${PRIVATE_SCHEMA}}`;
  // Without the overlay libpq's own variables reach every driver without a line in the settings. PgBouncer takes none.
  const inVariables =
    !answers.settingsOverlay.includes('connection') && answers.supabaseConnection !== 'dedicated';
  return [
    { name: 'PGSSLMODE', value: `\${PGSSLMODE:-${mode.sslmode}}` },
    { name: 'DB_SCHEMA', value: schema },
    ...(inVariables
      ? [{ name: 'PGOPTIONS', value: `\${PGOPTIONS--c search_path=${schema},extensions}` }]
      : []),
    ...(mode.clients === null ? [] : [{ name: 'DB_POOL_SIZE', value: `\${DB_POOL_SIZE:-${mode.clients}}` }]),
  ];
}

/** Direct production requirements, sorted; one with a marker may not be installed on this platform. */
function importRequirements(facts: ProjectFacts, extraLines: string[]): string[] {
  const direct = facts.dependencies.production.filter(
    (requirement) => requirement.direct && requirement.marker === '',
  );
  const extras = extraLines.map((line) => line.split(/[=<>~![ ]/)[0] ?? '');
  return [...new Set([...direct.map((requirement) => requirement.name), ...extras])].toSorted();
}

/** A Host header that passes ALLOWED_HOSTS; `localhost` where it comes from the environment. */
function allowedHost(facts: ProjectFacts): string {
  const hosts = facts.allowedHosts?.value ?? [];
  if (hosts.length === 0 || hosts.includes('*') || hosts.includes('localhost')) return 'localhost';
  const first = hosts.find((host) => /^\.?[A-Za-z0-9.-]+$/.test(host));
  if (hosts.includes('127.0.0.1') || first === undefined) return '127.0.0.1';
  return first.startsWith('.') ? `www${first}` : first;
}

function forbiddenPaths(facts: ProjectFacts, answers: Answers): string[] {
  const leftOut = facts.application
    .filter((item) => !answers.apps.includes(item.path))
    .map((item) => item.path);
  const { root, mediaRoot } = facts.staticFiles;
  // What the build or a volume puts there is no leftover.
  const made = ['docker', root, mediaRoot, ...facts.writtenPaths.map(({ path }) => path)].filter(
    (path): path is string => path !== null && path !== '',
  );
  const forbidden = ['.git', '.env', ...leftOut, ...facts.unusedTests].filter(
    (path) => !made.some((own) => own === path || own.startsWith(`${path}/`)),
  );
  return [...new Set(forbidden)];
}

function brokerNotes(facts: ProjectFacts, answers: Answers): string[] {
  const found = celeryEnvironment(facts, answers).map(({ name, address }) => {
    const what = name === 'CELERY_BROKER_URL' ? 'broker' : 'result backend';
    const place = firstPlace(address.evidence);
    return address.scheme === 'amqp'
      ? `Celery’s ${what} is RabbitMQ (${place}), which compose.yaml has no service for: it sets ${name}, which Celery takes before the settings, to the redis service. Where you have a RabbitMQ, or a Redis client that this Celery refuses, set ${name} in .env to its address.`
      : `Celery’s ${what} is named in the code (${place}): compose.yaml sets ${name}, which Celery takes before the settings, to the redis service.`;
  });
  const { celery } = facts.services;
  if (celery === null || !needsRabbit(facts)) return found;
  const variables = celery.value.rabbitVariables;
  const names = variables.length > 0 ? variables.join(', ') : 'CELERY_BROKER_URL';
  const chosen = answers.services.filter((name) => name !== 'redis');
  return [
    ...found,
    chosen.length > 0
      ? `Celery’s broker is RabbitMQ, which compose.yaml has no service for: ${chosen.join(' and ')} wait${chosen.length > 1 ? '' : 's'} until ${names} in .env lead${variables.length > 1 ? '' : 's'} to one.`
      : `Celery’s broker is RabbitMQ, which compose.yaml has no service for: the worker is left out. Once ${names} in .env lead${variables.length > 1 ? '' : 's'} to one, add worker to --services.`,
  ];
}

function notes(facts: ProjectFacts, answers: Answers): string[] {
  const found = facts.notes.map((note) =>
    note.evidence.length > 0 ? `${note.message} (${firstPlace(note.evidence)})` : note.message,
  );
  const unreachable = unreachableSettings(facts.database, answers);
  if (unreachable !== null) {
    const start =
      answers.database === 'sqlite'
        ? 'This will not start until that is changed'
        : 'The choice has no effect until that is changed';
    found.unshift(`${start}: ${unreachable}.`);
  }
  const { otherAliases } = facts.database;
  if (otherAliases.length > 0 && answers.database !== 'external') {
    found.push(
      `DATABASES has ${otherAliases.join(', ')} beside default (${firstPlace(facts.database.evidence)}): only default is set up for ${answers.database}; migrate_database.py and verify_database.py look at default, too.`,
    );
  }
  for (const { requirement, evidence } of facts.developmentImports) {
    found.push(
      `${requirement.name} is imported as the application starts (${firstPlace(evidence)}), though only the development requirements list it: production gets it through docker/requirements.txt.`,
    );
  }
  if (facts.staticFiles.committed) {
    found.push(
      `The collected static files are committed (${firstPlace(facts.staticFiles.committed.evidence)}): they are copied as they are, and collectstatic does not run in the build.`,
    );
  }
  const redirected = redirectedFiles(facts, []);
  for (const { path, kind, setting, evidence } of facts.writtenPaths) {
    const where = `${setting}, ${firstPlace(evidence)}`;
    found.push(
      kind === 'file'
        ? `${path} is written to (${where}), and the code is read-only: in the image it leads to ${redirected.find((file) => file.path === inImage(path))?.target ?? '/tmp'}. Logs on the console outlive the container.`
        : `${path} is written to (${where}): it is on a volume.`,
    );
  }
  if (facts.preparation.cacheTable) {
    found.push(
      `The cache is in the database (${firstPlace(facts.preparation.cacheTable.evidence)}): the migrate service runs createcachetable too.`,
    );
  }
  found.push(...brokerNotes(facts, answers));
  if (collectsElsewhere(facts)) {
    found.push(
      `Static files are stored on another server (${firstPlace(facts.staticFiles.servedBy?.evidence ?? [])}): the migrate service runs collectstatic, which has its credentials, and the build does not.`,
    );
  }
  const forgotten = facts.application.filter((item) => item.needed && !answers.apps.includes(item.path));
  for (const item of forgotten) {
    found.push(
      `${item.path} is not copied, but the application needs it (${item.reason}): --apps or --ask-answered adds it.`,
    );
  }
  if (facts.staticFiles.rootSet && facts.staticFiles.enabled && ownFolder(facts.staticFiles.root) === null) {
    found.push(
      'STATIC_ROOT cannot be read, or is no folder of its own: collectstatic runs in the build, but what it collects is not copied.',
    );
  }
  found.push(...pythonNotes(facts, answers.pythonVersion), ...unmetRequirements(facts, answers));
  return found;
}

/** Compose files of the project of which Compose takes only ours. */
export function rivalComposeFiles(composeFiles: readonly string[]): string[] {
  return composeFiles.filter((path) => /^(?:docker-compose\.ya?ml|compose\.yml)$/.test(path));
}

/** What Compose does with files of the user's beside ours (seen with Docker Compose 2.40). */
function composeFileNotes(composeFiles: readonly string[]): string[] {
  const rivals = rivalComposeFiles(composeFiles);
  const overrides = composeFiles.filter((path) => /^(?:docker-)?compose\.override\.ya?ml$/.test(path));
  return [
    ...(rivals.length === 0
      ? []
      : [
          `${rivals.join(', ')} is there too: Docker Compose takes compose.yaml and warns of the other. Remove it when you no longer need it.`,
        ]),
    ...(overrides.length === 0
      ? []
      : [
          `${overrides.join(', ')} is there too: docker compose up lays it over compose.yaml. Without it: docker compose --file compose.yaml up; or rename it.`,
        ]),
  ];
}
