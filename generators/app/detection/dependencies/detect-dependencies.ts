import { satisfies } from '@renovatebot/pep440';
import { readKnowledge } from '../../planning/knowledge.ts';
import type {
  DependencyFacts,
  DependencyManager,
  DetectionNote,
  Evidence,
  Fact,
  Requirement,
  ServerName,
} from '../facts.ts';
import { folderOf, joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { markerMayApply } from './markers.ts';
import { pinnedVersion } from './pep508.ts';
import { readPdmLock } from './pdm-lock.ts';
import { readPipfileLock } from './pipfile-lock.ts';
import { readPoetryLock } from './poetry-lock.ts';
import { readPylock } from './pylock.ts';
import {
  mainRequirements,
  pythonConstraintOf,
  readPyproject,
  readPyprojectDependencies,
  statedForPoetry,
} from './pyproject.ts';
import type { Pyproject } from './pyproject.ts';
import { detectPython } from './python-version.ts';
import { dependencyFacts, withWheels } from './reading.ts';
import type { DependencyReading } from './reading.ts';
import { MYSQL_DRIVERS, POSTGRES_DRIVERS, SERVER_NAMES } from './requirement-sets.ts';
import { readRequirements } from './requirements-file.ts';
import { productionCandidates, readRequirementsProject } from './requirements-project.ts';
import { filesNamedBySetupCfg, readSetupFile } from './setuptools.ts';
import { asTable, asTexts } from './structured-data.ts';
import { readUvLock } from './uv-lock.ts';

export { distributionOfModule, modulesOfDistribution } from './module-names.ts';

/** What the dependency files say. */
export interface DependencyDetection {
  dependencies: DependencyFacts;
  /** Every release that the project states, the most explicit place first. */
  statedPythonVersions: Fact<string>[];
  pythonConstraint: Fact<string> | null;
  djangoVersion: Fact<string> | null;
  servers: { name: ServerName; evidence: Evidence[] }[];
  postgresDriver: Fact<string> | null;
  mysqlDriver: Fact<string> | null;
  notes: DetectionNote[];
}

interface Rival {
  manager: DependencyManager;
  path: string;
}

interface Candidate extends Rival {
  read(): DependencyReading;
}

/**
 * Reads the project's dependencies: which files, which packages, production and development apart, and what follows
 * from them.
 * @param workDir folder of manage.py; the dependency files are looked for there and in its parents
 * @throws DetectionError for files that are not valid or that name missing ones
 */
export function detectDependencies(files: ProjectFiles, workDir: string): DependencyDetection {
  const folders = foldersUpwards(workDir);
  const candidates = [...lockCandidates(files, folders), ...listCandidates(files, folders)];
  const { chosen, reading, foundElsewhere } = choose(files, candidates);
  const { facts } = reading;
  const pyproject = nearestPyproject(files, facts.root, folders);
  const python = detectPython(
    files,
    folders,
    (pyproject && pythonConstraintOf(pyproject)) ?? reading.constraint ?? null,
    reading.python ?? null,
  );
  const installed = facts.production.filter((requirement) => markerMayApply(requirement.marker));
  return {
    dependencies: {
      ...facts,
      production: withWheels(facts.production, reading.artefacts),
      development: withWheels(facts.development, reading.artefacts),
    },
    statedPythonVersions: python.stated,
    pythonConstraint: python.constraint,
    djangoVersion: djangoVersionIn(installed),
    servers: serversIn(installed),
    postgresDriver: driverIn(installed, POSTGRES_DRIVERS),
    mysqlDriver: driverIn(installed, MYSQL_DRIVERS),
    notes: [
      ...(chosen === null
        ? [nothingNote(files, folders)]
        : choiceNotes(chosen, [...candidates, ...unlockedPipfiles(files, folders)], facts, foundElsewhere)),
      ...reading.notes,
    ],
  };
}

/** The folder, its parents, and the root. */
function foldersUpwards(folder: string): string[] {
  return folder === '' ? [''] : [folder, ...foldersUpwards(folderOf(folder))];
}

/** The lock files that are read, in the order in which one beside another comes first. */
const LOCKS = [
  { manager: 'uv', name: 'uv.lock', read: readUvLock },
  { manager: 'poetry', name: 'poetry.lock', read: readPoetryLock },
  { manager: 'pdm', name: 'pdm.lock', read: readPdmLock },
  { manager: 'pylock', name: 'pylock.toml', read: readPylock },
  { manager: 'pipenv', name: 'Pipfile.lock', read: readPipfileLock },
] as const;

function lockCandidates(files: ProjectFiles, folders: readonly string[]): Candidate[] {
  return folders.flatMap((folder) =>
    LOCKS.flatMap(({ manager, name, read }) => {
      const path = joinRelative(folder, name);
      return files.exists(path) ? [{ manager, path, read: () => read(files, path) }] : [];
    }),
  );
}

/** Without a lock, in each folder: requirements files, pyproject.toml with requirements of its own, setup.cfg, setup.py. */
function listCandidates(files: ProjectFiles, folders: readonly string[]): Candidate[] {
  return folders.flatMap((folder) => [
    ...[
      ...new Set([
        ...productionCandidates(files, folder),
        ...filesNamedByPyproject(files, folder),
        ...filesNamedBySetupCfg(files, folder),
      ]),
    ].map((path) => requirementsCandidate(files, path, folder)),
    ...pyprojectCandidates(files, folder),
    ...setupCandidates(files, folder),
  ]);
}

function requirementsCandidate(files: ProjectFiles, path: string, folder: string): Candidate {
  return { manager: 'requirements', path, read: () => readRequirementsProject(files, path, folder) };
}

/** Without a lock a pyproject.toml that is also there for other reasons only counts with requirements of its own. */
function pyprojectCandidates(files: ProjectFiles, folder: string): Candidate[] {
  const project = readPyproject(files, folder);
  const locked = LOCKS.some(
    ({ manager, name }) => manager !== 'pipenv' && files.exists(joinRelative(folder, name)),
  );
  if (project === null || locked) return [];
  if (mainRequirements(project).length === 0 && !('dependency-groups' in project.data)) return [];
  return [
    {
      manager: statedForPoetry(project) ? 'poetry' : 'pyproject',
      path: project.path,
      read: () => readPyprojectDependencies(project),
    },
  ];
}

/** `[tool.setuptools.dynamic] dependencies = { file = ["requirements/base.txt"] }`. */
function filesNamedByPyproject(files: ProjectFiles, folder: string): string[] {
  const project = readPyproject(files, folder);
  const dynamic = asTable(asTable(asTable(project?.data['tool'])['setuptools'])['dynamic']);
  const named = asTable(dynamic['dependencies'])['file'];
  return (typeof named === 'string' ? [named] : asTexts(named))
    .map((name) => joinRelative(folder, name))
    .filter((path) => files.exists(path));
}

function setupCandidates(files: ProjectFiles, folder: string): Candidate[] {
  return ['setup.cfg', 'setup.py'].flatMap((name) => {
    const path = joinRelative(folder, name);
    const reading = files.exists(path) ? readSetupFile(files, path) : null;
    return reading === null ? [] : [{ manager: 'setuptools' as const, path, read: () => reading }];
  });
}

/** The first candidate that brings Django; without one, the first that brings anything. */
function choose(
  files: ProjectFiles,
  candidates: readonly Candidate[],
): { chosen: Candidate | null; reading: DependencyReading; foundElsewhere: boolean } {
  let first: { chosen: Candidate; reading: DependencyReading } | null = null;
  for (const chosen of candidates) {
    const reading = chosen.read();
    if (bringsDjango(reading.facts.production)) return { chosen, reading, foundElsewhere: false };
    if (
      first === null ||
      (first.reading.facts.production.length === 0 && reading.facts.production.length > 0)
    )
      first = { chosen, reading };
  }
  const elsewhere = lockElsewhere(files) ?? requirementsElsewhere(files);
  if (elsewhere !== null) return { chosen: elsewhere, reading: elsewhere.read(), foundElsewhere: true };
  return first
    ? { ...first, foundElsewhere: false }
    : {
        chosen: null,
        reading: { facts: dependencyFacts('none', '', null, {}), notes: [], artefacts: new Map() },
        foundElsewhere: false,
      };
}

function bringsDjango(requirements: readonly Requirement[]): boolean {
  return requirements.some(
    ({ name }) =>
      name === 'django' || name.startsWith('django-') || name === 'djangorestframework' || name === 'wagtail',
  );
}

const ASIDE = /(^|\/)(tests?|examples?|docs?|node_modules|samples?|templates?)\//;

const nearestTheRoot = (paths: readonly string[]): string[] =>
  paths
    .filter((path) => !ASIDE.test(path))
    .toSorted((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1));

/** A lock file in a folder that is neither the work dir nor above it: `backend/uv.lock` for `web/manage.py`. */
function lockElsewhere(files: ProjectFiles): Candidate | null {
  for (const { manager, name, read } of LOCKS) {
    const path = nearestTheRoot(
      files.files().filter((file) => file.endsWith(`/${name}`) && file.split('/').length <= 3),
    ).find((file) => bringsDjango(read(files, file).facts.production));
    if (path !== undefined) return { manager, path, read: () => read(files, path) };
  }
  return null;
}

/** A requirements file in a folder that is neither the work dir nor above it: `deploy/requirements.txt`. */
function requirementsElsewhere(files: ProjectFiles): Candidate | null {
  const path = nearestTheRoot(
    files
      .files()
      .filter((file) =>
        /(^|\/)(requirements([_.-](prod|production|base))?|requirements\/(prod|production|base|common))\.txt$/.test(
          file,
        ),
      ),
  ).find((file) => bringsDjango(readRequirements(files, file).requirements));
  if (path === undefined) return null;
  const folder = folderOf(path);
  const root = /(^|\/)requirements$/.test(folder) ? folderOf(folder) : folder;
  // Of a folder, the file for production, not the first by name.
  return requirementsCandidate(files, productionCandidates(files, root)[0] ?? path, root);
}

/** Pipfiles that nothing can be installed from: pipenv's own format, without the lock. */
function unlockedPipfiles(files: ProjectFiles, folders: readonly string[]): Rival[] {
  return folders.flatMap((folder) => {
    const path = joinRelative(folder, 'Pipfile');
    return files.exists(path) && !files.exists(`${path}.lock`) ? [{ manager: 'pipenv', path }] : [];
  });
}

function nothingNote(files: ProjectFiles, folders: readonly string[]): DetectionNote {
  const named = (name: string): string | undefined =>
    folders.map((folder) => joinRelative(folder, name)).find((path) => files.exists(path));
  const pipfile = named('Pipfile');
  if (pipfile !== undefined) {
    return {
      message: `${pipfile} has no Pipfile.lock beside it: write it with «pipenv lock», nothing can be installed without`,
      evidence: [{ file: pipfile, line: null }],
    };
  }
  const setup = named('setup.cfg') ?? named('setup.py');
  const hint =
    setup === undefined
      ? ''
      : `; ${setup} lists no requirements as plain text: list them in a requirements.txt`;
  return {
    message: `no dependency file was found (requirements.txt, uv.lock, poetry.lock, pdm.lock, pylock.toml, Pipfile.lock, pyproject.toml, setup.cfg)${hint}`,
    evidence: setup === undefined ? [] : [{ file: setup, line: null }],
  };
}

function choiceNotes(
  chosen: Candidate,
  candidates: readonly Rival[],
  facts: DependencyFacts,
  foundElsewhere: boolean,
): DetectionNote[] {
  const read = new Set([
    ...facts.productionFiles,
    ...facts.developmentFiles,
    facts.developmentFile,
    chosen.path,
  ]);
  const rivals = candidates.filter(
    (candidate) => !read.has(candidate.path) && candidate.manager !== chosen.manager,
  );
  const notes: DetectionNote[] = [];
  const evidence = [chosen.path, ...rivals.map((rival) => rival.path)].map((file) => ({ file, line: null }));
  if (rivals.length > 0) {
    const others = [...new Set(rivals.map((rival) => rival.path))];
    notes.push({
      message: `${chosen.path} is installed from (${reasonFor(chosen, candidates)}); ${others.join(', ')} ${others.length === 1 ? 'is' : 'are'} not read`,
      evidence,
    });
  }
  if (foundElsewhere)
    notes.push({
      message: `${chosen.path} is installed from, although it lies neither beside manage.py nor above it`,
      evidence: evidence.slice(0, 1),
    });
  if (facts.production.length > 0 && !bringsDjango(facts.production)) {
    notes.push({ message: `${chosen.path} does not list Django`, evidence: evidence.slice(0, 1) });
  }
  return notes;
}

function reasonFor(chosen: Candidate, candidates: readonly Rival[]): string {
  const [first] = candidates;
  if (first !== undefined && first.path !== chosen.path)
    return first.manager === chosen.manager ? 'it lists Django' : `it lists Django, ${first.path} does not`;
  if (LOCKS.some(({ name }) => chosen.path.endsWith(name))) return 'a lock file comes first';
  const rival = candidates.find((other) => other.path !== chosen.path && other.manager !== chosen.manager);
  if (rival?.path.endsWith('Pipfile')) return `${rival.path} has no Pipfile.lock beside it`;
  return 'it is the nearest to manage.py; in one folder requirements files come before pyproject.toml, setup.cfg and setup.py';
}

function nearestPyproject(files: ProjectFiles, root: string, folders: readonly string[]): Pyproject | null {
  for (const folder of new Set([root, ...folders])) {
    const project = readPyproject(files, folder);
    if (project) return project;
  }
  return null;
}

const ASGI_FIRST: readonly ServerName[] = ['daphne', 'uvicorn', 'hypercorn', 'granian', 'gunicorn', 'uwsgi'];

/** What the project states itself comes before what only its packages pull in; with Channels the ASGI servers come first. */
function serversIn(requirements: readonly Requirement[]): DependencyDetection['servers'] {
  const order = requirements.some((requirement) => requirement.name === 'channels')
    ? ASGI_FIRST
    : SERVER_NAMES;
  const found = order.flatMap((name) => {
    const matches = requirements.filter(
      (item) => item.name === name || (name === 'uwsgi' && item.name === 'pyuwsgi'),
    );
    return matches.length === 0
      ? []
      : [
          {
            name,
            direct: matches.some((item) => item.direct),
            evidence: matches.map((item) => item.evidence),
          },
        ];
  });
  return found
    .toSorted((a, b) => Number(b.direct) - Number(a.direct))
    .map(({ name, evidence }) => ({ name, evidence }));
}

/** Django takes psycopg 3 where both are there. */
function driverIn(requirements: readonly Requirement[], drivers: readonly string[]): Fact<string> | null {
  for (const name of drivers) {
    const found = requirements.find((requirement) => requirement.name === name);
    if (found) return { value: name, evidence: [found.evidence] };
  }
  return null;
}

function djangoVersionIn(requirements: readonly Requirement[]): Fact<string> | null {
  const django = requirements.find((requirement) => requirement.name === 'django');
  const value = django && (pinnedVersion(django.specifier) ?? newestSeries(django.specifier));
  return django && value ? { value, evidence: [django.evidence] } : null;
}

/** The newest series that a range with an upper end admits: that is what gets installed. Null when it is open. */
function newestSeries(specifier: string): string | null {
  if (!/(^|,)(<|~=|==)/.test(specifier)) return null;
  const { versions } = readKnowledge<{ versions: { series: string }[] }>('django-versions');
  const admitted = versions
    .map((row) => row.series)
    .filter((series) =>
      Array.from({ length: 40 }, (_, patch) => `${series}.${patch}`).some((version) =>
        satisfies(version, specifier),
      ),
    );
  return admitted.at(-1) ?? null;
}
