import { applicationPaths } from './application-paths.ts';
import { readAwsServices } from './aws-services.ts';
import { readDatabase } from './database.ts';
import { markDemanded } from './demanded-variables.ts';
import { detectDependencies } from './dependencies/detect-dependencies.ts';
import { findImport } from './evaluation.ts';
import { placeOfEvidence } from './evidence.ts';
import { developmentImports } from './development-imports.ts';
import { DetectionError } from './facts.ts';
import type { DependencyDetection } from './dependencies/detect-dependencies.ts';
import {
  applicationPackage,
  entryFiles,
  listSetting,
  placeOf,
  readSettings,
  settingOf,
  textSetting,
} from './django-settings.ts';
import type { DjangoSettings, SettingsChoice } from './django-settings.ts';
import { readExisting } from './docker-files.ts';
import type { DetectionNote, Evidence, Fact, ProjectFacts, SettingsVariable, StaticFacts } from './facts.ts';
import { readAdminLogin, readHealthPath } from './health-path.ts';
import { followImports, isTestPath, startupImports } from './imports.ts';
import type { Closure, Reached, Seed } from './imports.ts';
import { readLanguages } from './languages.ts';
import { findManagePy } from './manage-py.ts';
import { lenientFiles, rememberedFiles } from './memory-files.ts';
import { namedPaths } from './named-paths.ts';
import { folderOf, isInside, joinRelative, pathAboveRepository, repositoryPath } from './paths.ts';
import { readPreparation } from './preparation.ts';
import type { ProjectFiles } from './project-files.ts';
import { findNodes, readPython, textOf } from './python-source.ts';
import { readServices } from './services.ts';
import { fixedSettings, preparesEnvironment, setsSettings } from './settings-replacement.ts';
import { staticServing } from './static-serving.ts';
import { markSwitches } from './switching-variables.ts';
import { variablesOf } from './settings-variables.ts';
import { lineOf, scanFile } from './source-scan.ts';
import { firstOption, optionsOf, stringsIn, textValue } from './values.ts';
import { standardLibrary } from './standard-library.ts';
import { withoutFiles } from './without-files.ts';
import { writtenPaths } from './written-paths.ts';

/** What the user may decide beforehand. */
export interface DetectionChoice extends SettingsChoice {
  /** Path of manage.py, relative to the repository root. */
  managePy?: string | undefined;
}

/** Where tools of one machine keep the Python version that it uses. */
const VERSION_FILES = /(?:^|\/)(?:\.python-version|\.tool-versions|runtime\.txt)$/;

/** Without the version files that Git ignores: they speak of this machine, not of the project. */
function withoutLocalVersions(files: ProjectFiles, git: ReturnType<ProjectFiles['git']>): ProjectFiles {
  const local = git.present ? git.ignored(files.files().filter((path) => VERSION_FILES.test(path))) : [];
  const hidden = [...local];
  return hidden.length === 0 ? files : withoutFiles(files, hidden);
}

/**
 * Finds out what there is to know about a Django project. Nothing of the project is run.
 * Throws DetectionError with one message for the user when the project cannot be read.
 */
export function detectProject(repository: ProjectFiles, choice: DetectionChoice = {}): ProjectFacts {
  const git = repository.git();
  const files = rememberedFiles(withoutLocalVersions(repository, git));
  const manage = findManagePy(files, choice.managePy);
  const workDir = folderOf(manage.path);
  const settings = readSettings(files, manage.path, choice);
  const dependencies = detectDependencies(files, workDir);
  refusePython2(dependencies.statedPythonVersions);
  const wsgi = findEntry(files, settings, workDir, 'wsgi');
  const asgi = findEntry(files, settings, workDir, 'asgi');
  const seeds = seedsOf(files, settings, manage.path, workDir, [wsgi, asgi]);
  const lenient = lenientFiles(files);
  const { modules, external } = followImports(lenient, settings.modules, seeds);
  const settled = readStatic(settings, workDir);
  const staticFiles = {
    ...settled,
    servedBy: staticServing(lenient, settings, modules.keys()),
    committed: committedStatic(files, settled.root),
  };
  const startup = new Set(startupImports(lenient, settings.modules, startupSeeds(settings, [wsgi, asgi])));
  const database = readDatabase(settings, workDir);
  const purposes = settingsPaths(settings, workDir);
  const named = [
    ...namedPaths(lenient, settings.modules, workDir, settings.scope, settings.files, modules.keys()),
  ];
  const closure: Closure = {
    modules,
    external,
    // A setting's purpose says more than the line that names the path.
    paths: new Map([
      ...(staticFiles.committed && staticFiles.root !== null
        ? [
            [
              staticFiles.root,
              { reason: 'static files, collected and committed', evidence: staticFiles.committed.evidence },
            ] as const,
          ]
        : []),
      ...purposes,
      ...named.filter(([path]) => !purposes.has(path)),
    ]),
  };
  const services = readServices(lenient, settings, modules.keys());
  const existing = readExisting(lenient, workDir);
  const allowedHosts = readAllowedHosts(settings);
  const entryPoint = chooseEntry(lenient, wsgi, asgi, services.channels !== null, dependencies);
  const written = writtenPaths(files, settings, workDir);
  const application = applicationPaths(files, workDir, closure, {
    managePy: manage.path,
    staticRoot: staticFiles.committed ? null : staticFiles.root,
    mediaRoot: staticFiles.mediaRoot,
    sqlite: database.sqlitePath,
    written: written.filter(({ kind }) => kind === 'folder').map(({ path }) => path),
  });
  const needed = application.filter((item) => item.needed).map((item) => item.path);
  // What Git ignores is on this machine only; what is generated must be the same on each.
  const topLevel = files.topLevel();
  const ignored = git.ignored([
    '.env',
    ...topLevel,
    ...application.map(({ path }) => path),
    ...settings.files,
  ]);
  const entrySettings = settingsOfEntries(lenient, settings, [wsgi, asgi]);
  const starters = [
    manage.path,
    ...settings.named.map(({ file }) => file),
    ...[...modules.keys()].filter((path) => /(?:^|\/)(?:[aw]sgi|celery(?:_?app)?)\.py$/.test(path)),
  ];
  return {
    name: projectName(files, settings.module.value),
    managePy: { value: manage.path, evidence: [{ file: manage.path, line: null }] },
    workDir,
    pythonPath: settings.pythonPath,
    settingsModule: settings.module,
    developmentSettingsModule: developmentSettings(settings, manage.path),
    configuration: settings.configuration,
    settingsFiles: settings.files,
    wsgi,
    asgi,
    entryPoint,
    application: application.filter((item) => item.needed || !ignored.has(item.path)),
    unusedTests: unusedTests(files, new Set(modules.keys())),
    thirdPartyApps: thirdPartyApps(settings),
    importedModules: external,
    startupModules: external.filter((module) => startup.has(module)),
    languages: readLanguages(settings),
    awsServices: readAwsServices(lenient, modules.keys()),
    dependencies: dependencies.dependencies,
    pythonVersion: dependencies.statedPythonVersions[0] ?? null,
    statedPythonVersions: dependencies.statedPythonVersions,
    pythonConstraint: dependencies.pythonConstraint,
    djangoVersion: dependencies.djangoVersion,
    variables: markSwitches(
      lenient,
      markDemanded(
        lenient,
        [...variablesOf(settings.evaluation.reads, settings.files), ...inheritedVariables(lenient, settings)],
        modules.keys(),
      ),
    ),
    database,
    staticFiles,
    // A module of ours loads the settings before such an entry module.
    fixedSettings: fixedSettings(
      lenient,
      settings,
      starters.filter((file) => !entrySettings.some((entry) => entry.file === file)),
    ),
    entrySettings,
    writtenPaths: written,
    developmentImports: developmentImports(lenient, settings, dependencies.dependencies, [wsgi, asgi]),
    preparation: readPreparation(files, settings, (path) => needed.some((folder) => isInside(path, folder))),
    allowedHosts,
    services,
    servers: dependencies.servers,
    postgresDriver: dependencies.postgresDriver,
    mysqlDriver: dependencies.mysqlDriver,
    adminLogin: staticFiles.admin ? readAdminLogin(lenient, settings) : null,
    healthPath: readHealthPath(lenient, settings, [wsgi, asgi]),
    existing,
    topLevel: topLevel.filter((name) => !ignored.has(name)),
    git: { present: git.present, envIgnored: ignored.has('.env') },
    notes: [
      ...manage.notes,
      ...settings.notes,
      ...localSettingsNotes(settings.files.filter((path) => ignored.has(path))),
      ...dependencies.notes,
      ...entryNotes(settings, wsgi, asgi),
      ...projectNotes(files, settings, existing),
    ],
  };
}

/** The WSGI and ASGI modules that name settings whatever the environment says, and do nothing else that settings may read. */
function settingsOfEntries(
  files: ProjectFiles,
  settings: DjangoSettings,
  entries: readonly (Fact<string> | null)[],
): ProjectFacts['entrySettings'] {
  return entries.flatMap((entry) => {
    const module = entry?.value.split(':')[0] ?? '';
    const file = settings.modules.find(module)?.file ?? null;
    const set = file === null || preparesEnvironment(files, file) ? null : setsSettings(files, [file]);
    if (file === null || set === null) return [];
    const names = settings.named.filter((named) => named.file === file).map((named) => named.module);
    return [{ ...set, module, file, names }];
  });
}

/**
 * SECRET_KEY, where the settings have none and go on from a package's (`from acme.settings import *`): Django does not
 * start without one, and a package cannot bring it.
 */
function inheritedVariables(files: ProjectFiles, settings: DjangoSettings): SettingsVariable[] {
  if (settingOf(settings, 'SECRET_KEY') !== undefined || settings.evaluation.reads.has('SECRET_KEY'))
    return [];
  const evidence = settings.files.flatMap((file) => {
    const text = files.read(file) ?? '';
    // A module that is not here may have it: one of a machine, or of the project's own.
    const beside = [...text.matchAll(/^from\s+\.(\w+)\s+import\s+\*/gm)];
    if (beside.some(([, name = '']) => findImport(settings.modules, file, 1, name) === undefined)) return [];
    return [...text.matchAll(/^from\s+([A-Za-z_]\w*)[\w.]*\s+import\s+\*/gm)]
      .filter(([, top = '']) => settings.modules.find(top) === undefined && !standardLibrary.has(top))
      .map(({ index }) => ({ file, line: lineOf(text, index) }));
  });
  return evidence.length === 0
    ? []
    : [
        {
          name: 'SECRET_KEY',
          defaultValue: null,
          required: true,
          cast: 'str',
          separator: ',',
          setting: 'SECRET_KEY',
          evidence,
        },
      ];
}

/** Settings that Git does not have, as a copy of `production.example.py`. */
function localSettingsNotes(files: readonly string[]): DetectionNote[] {
  return files.map((file) => ({
    message: `${file} is ignored by Git: it is in an image that is built here, and not in one that is built from a clone.`,
    evidence: [{ file, line: null }],
  }));
}

const genericNames = new Set([
  'config',
  'core',
  'app',
  'project',
  'settings',
  'src',
  'backend',
  'server',
  'mysite',
  'conf',
  'configs',
  'configuration',
]);

function projectName(files: ProjectFiles, settingsModule: string): string {
  const name = settingsModule.split('.')[0] ?? '';
  return name === '' || genericNames.has(name.toLowerCase()) ? files.name : name;
}

/** A project that states Python 2, and no Python 3 anywhere, cannot run on anything that is maintained. */
function refusePython2(stated: readonly Fact<string>[]): void {
  const [first] = stated;
  const [evidence] = first?.evidence ?? [];
  if (!first || !evidence || !stated.every((version) => version.value.startsWith('2.'))) return;
  throw new DetectionError(
    `${placeOfEvidence(evidence)} states Python ${first.value}. Python 2 is not supported: it has no maintained base image. Port the project to Python 3, or correct the file.`,
  );
}

/**
 * Tests inside packages that the application does not import. Only what is a test by its place counts: a package
 * called `tests`, a module `tests.py` or `conftest.py`. A folder that a reached module lies in stays whole.
 */
function unusedTests(files: ProjectFiles, reached: ReadonlySet<string>): string[] {
  const all = files.files();
  const packages = new Set(all.filter((path) => path.endsWith('/__init__.py')).map(folderOf));
  const reachedFolders = new Set([...reached].flatMap((path) => parentsOf(path)));
  const folders = [...packages].filter(
    (folder) => /\/tests?$/.test(folder) && packages.has(folderOf(folder)) && !reachedFolders.has(folder),
  );
  const outermost = folders.filter((folder) => !folders.some((other) => folder.startsWith(`${other}/`)));
  const modules = all.filter(
    (path) =>
      /\/(?:tests|conftest)\.py$/.test(path) &&
      packages.has(folderOf(path)) &&
      !reached.has(path) &&
      !outermost.some((folder) => path.startsWith(`${folder}/`)),
  );
  return [...outermost, ...modules].toSorted();
}

/** `a/b/c.py` → `a/b`, `a`. */
function parentsOf(path: string): string[] {
  const folder = folderOf(path);
  return folder === '' ? [] : [folder, ...parentsOf(folder)];
}

/** What manage.py names, where production has other settings. */
function developmentSettings(
  settings: DjangoSettings,
  managePy: string,
): ProjectFacts['developmentSettingsModule'] {
  const own = settings.named.find(
    (entry) => entry.file === managePy && settings.modules.find(entry.module)?.file != null,
  );
  return own === undefined || own.module === settings.module.value
    ? null
    : { value: own.module, evidence: [own.evidence] };
}

/** The WSGI or ASGI callable: what the settings name, else the module beside the settings, else the only one there is. */
function findEntry(
  files: ProjectFiles,
  settings: DjangoSettings,
  workDir: string,
  kind: 'wsgi' | 'asgi',
): Fact<string> | null {
  const stated = textSetting(settings, kind === 'wsgi' ? 'WSGI_APPLICATION' : 'ASGI_APPLICATION');
  if (stated !== null) {
    const found = settings.modules.findPrefix(stated.value);
    if (found !== undefined && found.location.file !== null && found.rest.length === 1) {
      return { value: `${found.module}:${found.rest[0]}`, evidence: stated.evidence };
    }
  }
  const main = settings.module.value;
  const parts = main.split('.');
  for (let length = parts.length - 1; length >= 0; length -= 1) {
    const module = [...parts.slice(0, length), kind].join('.');
    const file = settings.modules.find(module)?.file;
    if (file !== undefined && file !== null) return entryOf(files, module, file);
  }
  // One that names other settings is another program's.
  const others = new Set(
    settings.named
      .filter(({ file }) => !settings.named.some((entry) => entry.file === file && entry.module === main))
      .map(({ file }) => file),
  );
  const own = entryFiles(files, workDir).filter(
    (path) => new RegExp(`(?:^|/)${kind}(?:\\.py|/__init__\\.py)$`).test(path) && !others.has(path),
  );
  const [only] = own;
  return only === undefined ? null : entryOf(files, settings.modules.nameOf(only), only);
}

/** What to know about the WSGI and ASGI modules. */
function entryNotes(
  settings: DjangoSettings,
  wsgi: Fact<string> | null,
  asgi: Fact<string> | null,
): DetectionNote[] {
  const notes: DetectionNote[] = [];
  for (const name of ['WSGI_APPLICATION', 'ASGI_APPLICATION']) {
    const stated = textSetting(settings, name);
    const found = stated === null ? undefined : settings.modules.findPrefix(stated.value);
    if (stated === null || (found?.location.file != null && found.rest.length === 1)) continue;
    // Channels before version 2 and packages of others have their own.
    if (found === undefined && settings.modules.find(stated.value.split('.')[0] ?? '') === undefined)
      continue;
    notes.push({
      message: `${name} names ${stated.value}, which does not exist.`,
      evidence: stated.evidence,
    });
  }
  if (wsgi === null && asgi === null) {
    const [package_ = ''] = settings.module.value.split('.');
    notes.push({
      message: `There is no WSGI or ASGI module, so that a server has nothing to start. Add ${package_}/wsgi.py as django-admin startproject writes it (docs.djangoproject.com/en/stable/howto/deployment/wsgi/).`,
      evidence: [],
    });
  }
  return notes;
}

/** The callable of a module: `application`, else what Django's function gives, else `app`. */
function entryOf(files: ProjectFiles, module: string, file: string): Fact<string> {
  const source = readPython(files, file);
  const assigned =
    source === undefined
      ? []
      : findNodes(source, new Set(['AssignStatement'])).flatMap((node) =>
          node.parent?.name === 'Script' && node.firstChild?.name === 'VariableName'
            ? [{ name: textOf(source, node.firstChild), text: textOf(source, node) }]
            : [],
        );
  const imported = scanFile(files, file)?.imports.map(({ name }) => name) ?? [];
  const made = assigned.findLast(({ text }) =>
    /\bget_[aw]sgi_application\s*\(|\bProtocolTypeRouter\s*\(/.test(text),
  );
  const names = assigned.map(({ name }) => name);
  const name =
    names.includes('application') || imported.includes('application')
      ? 'application'
      : (made?.name ?? (names.includes('app') || imported.includes('app') ? 'app' : 'application'));
  return { value: `${module}:${name}`, evidence: [{ file, line: null }] };
}

/**
 * ASGI where Channels is used, an ASGI server is installed, or there is no WSGI module. Where the project's own start
 * commands name one of the two modules and only that one, they decide.
 */
function chooseEntry(
  files: ProjectFiles,
  wsgi: Fact<string> | null,
  asgi: Fact<string> | null,
  channels: boolean,
  dependencies: DependencyDetection,
): 'wsgi' | 'asgi' {
  if (asgi === null) return 'wsgi';
  if (wsgi === null || channels) return 'asgi';
  const servers = dependencies.servers.map((server) => server.name);
  if (!servers.some((name) => name === 'uvicorn' || name === 'daphne' || name === 'hypercorn')) return 'wsgi';
  if (!servers.some((name) => name === 'gunicorn' || name === 'uwsgi')) return 'asgi';
  const commands = files
    .files()
    .filter(
      (path) =>
        path.split('/').length <= 4 &&
        /(?:^|\/)(?:Procfile|Dockerfile[\w.-]*|Containerfile|(?:docker-)?compose[\w.-]*\.ya?ml|[\w.-]+\.sh|fly\.toml|render\.yaml|gunicorn[\w.]*\.py|start|entrypoint)$/.test(
          path,
        ),
    )
    .slice(0, 60)
    .map((path) => files.read(path) ?? '')
    .join('\n');
  if (!/asgi/.test(commands) && /\bwsgi\b/.test(commands)) return 'wsgi';
  return 'asgi';
}

/** Where following imports starts. The order decides which reason is shown. */
function seedsOf(
  files: ProjectFiles,
  settings: DjangoSettings,
  managePy: string,
  workDir: string,
  entries: readonly (Fact<string> | null)[],
): Seed[] {
  const seeds: Seed[] = [];
  const add = (seed: Seed): void => void seeds.push(seed);
  for (const { text, evidence } of listSetting(settings, 'INSTALLED_APPS')) {
    add({ target: { dotted: text }, reason: 'in INSTALLED_APPS', evidence: [evidence], wholePackage: true });
  }
  add({ target: { dotted: settings.module.value }, reason: 'settings', evidence: settings.module.evidence });
  for (const file of settings.files)
    add({ target: { file }, reason: 'settings', evidence: [{ file, line: null }] });
  // A package of settings goes whole: which of them is used is decided by a variable in the container.
  const [first] = settings.files;
  const settingsPackage = first === undefined ? '' : folderOf(first);
  if (/(?:^|\/)settings$/.test(settingsPackage)) {
    for (const file of settings.modules.pythonFilesIn(settingsPackage)) {
      if (!isTestPath(file) && !/(?:^|\/)(?:test|dev|development|local|ci)\w*\.py$/.test(file))
        add({ target: { file }, reason: 'settings', evidence: [{ file, line: null }] });
    }
  }
  for (const entry of entries) {
    if (entry !== null)
      add({
        target: { dotted: entry.value.split(':')[0] ?? '' },
        reason: entry.value.includes('asgi') ? 'ASGI module' : 'WSGI module',
        evidence: entry.evidence,
      });
  }
  const urls = textSetting(settings, 'ROOT_URLCONF');
  if (urls !== null) add({ target: { dotted: urls.value }, reason: 'ROOT_URLCONF', evidence: urls.evidence });
  for (const [name, value] of settings.scope.names) {
    if (!/^[A-Z]/.test(name)) continue;
    for (const { text, value: place } of stringsIn(value)) {
      if (!/^[A-Za-z_]\w*(?:\.\w+)+$/.test(text) || settings.modules.findPrefix(text)?.location === undefined)
        continue;
      add({ target: { dotted: text }, reason: `named by ${name}`, evidence: [placeOf(place)] });
    }
  }
  for (const file of files.files()) {
    if (
      isInside(file, workDir) &&
      /(?:^|\/)celery(?:_?app)?\.py$/.test(file) &&
      !isTestPath(file) &&
      settings.modules.hasFile(`${folderOf(file)}/__init__.py`)
    ) {
      add({ target: { file }, reason: 'Celery', evidence: [{ file, line: null }] });
    }
  }
  seeds.push(...listedApplications(files, settings, workDir), ...startedModules(files, settings, workDir));
  add({ target: { file: managePy }, reason: 'manage.py', evidence: [{ file: managePy, line: null }] });
  return seeds;
}

/**
 * What a web process imports before its first answer: settings, entry, URLs, what settings name, and of each
 * application apps, models and admin (https://docs.djangoproject.com/en/stable/ref/applications/#initialization-process).
 */
function startupSeeds(settings: DjangoSettings, entries: readonly (Fact<string> | null)[]): Seed[] {
  const reason = 'imported at the start';
  const dotted = [
    settings.module.value,
    ...entries.flatMap((entry) => (entry === null ? [] : [entry.value.split(':')[0] ?? ''])),
    textSetting(settings, 'ROOT_URLCONF')?.value ?? '',
    ...[...settings.scope.names].flatMap(([name, value]) =>
      /^[A-Z]/.test(name) && name !== 'INSTALLED_APPS' ? stringsIn(value).map(({ text }) => text) : [],
    ),
    ...listSetting(settings, 'INSTALLED_APPS').flatMap(({ text }) => {
      return [text, ...['apps', 'models', 'admin'].map((module) => `${applicationPackage(text)}.${module}`)];
    }),
  ];
  return [
    ...settings.files.map((file): Seed => ({ target: { file }, reason, evidence: [] })),
    ...[...new Set(dotted)]
      .filter((name) => /^[A-Za-z_]\w*(?:\.\w+)*$/.test(name))
      .map((name): Seed => ({ target: { dotted: name }, reason, evidence: [] })),
  ];
}

/** Settings that list a folder to find their applications: everything that looks like one. */
function listedApplications(files: ProjectFiles, settings: DjangoSettings, workDir: string): Seed[] {
  for (const file of settings.files) {
    const text = files.read(file) ?? '';
    const listing = /\b(?:listdir|scandir|iterdir|glob|iter_modules|walk_packages)\s*\(/.exec(text);
    if (listing === null || !text.includes('INSTALLED_APPS')) continue;
    const line = lineOf(text, listing.index);
    return files
      .files()
      .filter((path) => isInside(path, workDir) && /\/(?:apps|models)\.py$/.test(path) && !isTestPath(path))
      .map((path) => ({
        target: { file: path },
        reason: `looks like an app; ${file}:${line} lists a folder`,
        evidence: [{ file, line }],
      }));
  }
  return [];
}

/** Scripts and modules that the Procfile starts: `worker: python worker.py`, `celery -A jobs worker`. */
function startedModules(files: ProjectFiles, settings: DjangoSettings, workDir: string): Seed[] {
  return [...new Set(['Procfile', joinRelative(workDir, 'Procfile')])].flatMap((procfile) =>
    (files.read(procfile) ?? '').split('\n').flatMap((command, index) => {
      const line = index + 1;
      const why = { reason: `started by ${procfile}:${line}`, evidence: [{ file: procfile, line }] };
      const scripts = [...command.matchAll(/\bpython[\d.]*\s+(?:-u\s+)?([\w./-]+\.py)\b/g)]
        .map((match) => joinRelative(workDir, (match[1] ?? '').replace(/^\.\//, '')))
        .filter((file) => settings.modules.hasFile(file))
        .map((file): Seed => ({ target: { file }, ...why }));
      const modules = [...command.matchAll(/\s(?:-m|-A|--app[= ])\s*([A-Za-z_][\w.]*)/g)].map(
        (match): Seed => ({ target: { dotted: match[1] ?? '' }, ...why }),
      );
      return [...scripts, ...modules];
    }),
  );
}

/** Folders that settings name for a purpose. */
function settingsPaths(settings: DjangoSettings, workDir: string): Map<string, Reached> {
  const found = new Map<string, Reached>();
  const purposes: readonly [string, string][] = [
    ['TEMPLATES', 'template folder'],
    ['STATICFILES_DIRS', 'static files folder'],
    ['LOCALE_PATHS', 'translations'],
    ['FIXTURE_DIRS', 'fixtures'],
  ];
  for (const [name, reason] of purposes) {
    const value = settingOf(settings, name);
    if (value === undefined) continue;
    for (const { text, value: place } of stringsIn(value)) {
      const path = /[/\u0000]|^[\w-]+$/.test(text) ? repositoryPath(text, workDir) : null;
      if (
        path === null ||
        path === '' ||
        path.startsWith('/') ||
        !settings.modules.hasFolder(path) ||
        isInside(workDir, path)
      )
        continue;
      if (!found.has(path)) found.set(path, { reason, evidence: [placeOf(place)] });
    }
  }
  return found;
}

function thirdPartyApps(settings: DjangoSettings): string[] {
  const names = listSetting(settings, 'INSTALLED_APPS').map(({ text }) => text);
  return [
    ...new Set(
      names.filter(
        (name) =>
          name.split('.')[0] !== 'django' && settings.modules.find(name.split('.')[0] ?? '') === undefined,
      ),
    ),
  ].toSorted();
}

function readStatic(settings: DjangoSettings, workDir: string): Omit<StaticFacts, 'servedBy' | 'committed'> {
  const pathOf = (name: string): { path: string | null; set: boolean; evidence: Evidence[] } => {
    const value = settingOf(settings, name);
    if (value === undefined) return { path: null, set: false, evidence: [] };
    const option =
      optionsOf(value).find((candidate) => textValue(candidate) !== undefined) ?? firstOption(value);
    const text = textValue(option);
    const set = option.data.kind !== 'none' && text !== '';
    return {
      path:
        text === undefined || text === ''
          ? null
          : (repositoryPath(text, workDir) ?? pathAboveRepository(text)),
      set,
      evidence: set ? [placeOf(option)] : [],
    };
  };
  const root = pathOf('STATIC_ROOT');
  const media = pathOf('MEDIA_ROOT');
  const url = settingOf(settings, 'STATIC_URL');
  const app = listSetting(settings, 'INSTALLED_APPS').find(({ text }) =>
    /^django\.contrib\.staticfiles(?:\.|$)/.test(text),
  );
  const whitenoise = listSetting(settings, 'MIDDLEWARE').find(({ text }) => /whitenoise/i.test(text));
  return {
    enabled: app !== undefined,
    admin: listSetting(settings, 'INSTALLED_APPS').some(({ text }) =>
      /^django\.contrib\.admin(?:\.|$)/.test(text),
    ),
    root: root.path,
    rootSet: root.set,
    url: textValue(url) ?? '/static/',
    whitenoise: whitenoise !== undefined,
    mediaRoot: media.path,
    evidence: [
      ...root.evidence,
      ...(app === undefined ? [] : [app.evidence]),
      ...(whitenoise === undefined ? [] : [whitenoise.evidence]),
    ],
  };
}

/**
 * Collected files that are committed with their manifest: often their sources are made by a build of the frontend, so
 * that collecting again in the image would lose them.
 */
function committedStatic(files: ProjectFiles, root: string | null): StaticFacts['committed'] {
  if (root === null || root.startsWith('/')) return null;
  const manifest = joinRelative(root, 'staticfiles.json');
  const git = files.git();
  if (!files.exists(manifest) || (git.present && !git.tracked(manifest))) return null;
  return { value: true, evidence: [{ file: manifest, line: null }] };
}

function readAllowedHosts(settings: DjangoSettings): Fact<string[]> | null {
  const value = settingOf(settings, 'ALLOWED_HOSTS');
  // Django's own default is none.
  if (value === undefined) return { value: [], evidence: [] };
  if (value.reads.length > 0) return null;
  if (!optionsOf(value).some((option) => option.data.kind === 'list')) return null;
  return {
    value: listSetting(settings, 'ALLOWED_HOSTS').map(({ text }) => text),
    evidence: [placeOf(value)],
  };
}

function projectNotes(
  files: ProjectFiles,
  settings: DjangoSettings,
  existing: ProjectFacts['existing'],
): DetectionNote[] {
  const notes: DetectionNote[] = [];
  if (existing.envFile !== null && existing.envFileTracked) {
    notes.push({
      message: `${existing.envFile} is tracked by git: its secrets are in the history. Take it out (git rm --cached) and change them.`,
      evidence: [{ file: existing.envFile, line: null }],
    });
  }
  const database = files
    .files()
    .find((path) => /(?:^|\/)[\w.-]*\.sqlite3$|(?:^|\/)db\.sqlite$/.test(path) && !isTestPath(path));
  if (database !== undefined && files.git().tracked(database)) {
    notes.push({
      message: `${database} is tracked by git; it is left out of the image.`,
      evidence: [{ file: database, line: null }],
    });
  }
  const debug = settingOf(settings, 'DEBUG');
  if (
    debug !== undefined &&
    debug.reads.length === 0 &&
    firstOption(debug).data.kind === 'boolean' &&
    optionsOf(debug).length === 1
  ) {
    const { data } = firstOption(debug);
    if (data.kind === 'boolean' && data.value)
      notes.push({
        message: 'DEBUG is always True: the settings do not read it from the environment.',
        evidence: [placeOf(debug)],
      });
  }
  const secret = settingOf(settings, 'SECRET_KEY');
  if (secret !== undefined && secret.reads.length === 0 && textValue(secret) !== undefined) {
    notes.push({
      message: 'SECRET_KEY is written in the settings and not read from the environment.',
      evidence: [placeOf(secret)],
    });
  }
  return notes;
}
