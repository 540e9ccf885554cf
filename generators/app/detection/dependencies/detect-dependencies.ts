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
import { readPipfileLock } from './pipfile-lock.ts';
import { readPoetryLock } from './poetry-lock.ts';
import { mainRequirements, readPyproject, readPyprojectDependencies } from './pyproject.ts';
import type { Pyproject } from './pyproject.ts';
import { detectPython } from './python-version.ts';
import type { DependencyReading } from './reading.ts';
import { isDevelopmentGroup, withWheels } from './reading.ts';
import { readRequirements } from './requirements-file.ts';
import type { RequirementsReading } from './requirements-file.ts';
import { productionCandidates, readRequirementsProject } from './requirements-project.ts';
import { readUvLock } from './uv-lock.ts';

export { distributionOfModule, modulesOfDistribution } from './module-names.ts';

/** What the dependency files say. */
export interface DependencyDetection {
  dependencies: DependencyFacts;
  pythonVersion: Fact<string> | null;
  pythonConstraint: Fact<string> | null;
  djangoVersion: Fact<string> | null;
  servers: { name: ServerName; evidence: Evidence[] }[];
  postgresDriver: Fact<string> | null;
  notes: DetectionNote[];
}

type Reading = DependencyReading & { python?: RequirementsReading['python'] };

interface Candidate {
  manager: DependencyManager;
  path: string;
  read(): Reading;
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
  const python = detectPython(
    files,
    folders,
    nearestPyproject(files, facts.root, folders),
    reading.python ?? null,
  );
  const installed = facts.production.filter((requirement) => markerMayApply(requirement.marker));
  const servers = serversIn(installed);
  const postgresDriver = driverIn(installed);
  return {
    dependencies: { ...facts, production: withWheels(reading) },
    pythonVersion: python.version,
    pythonConstraint: python.constraint,
    djangoVersion: djangoVersionIn(installed),
    servers,
    postgresDriver,
    notes: [
      ...(chosen === null
        ? [nothingNote(files, folders)]
        : choiceNotes(chosen, candidates, facts, foundElsewhere)),
      ...reading.notes,
      ...foreignLockNotes(files, facts),
      ...optionalNotes(reading.optional, servers.length === 0, postgresDriver === null),
      ...python.notes,
    ],
  };
}

/** The folder, its parents, and the root. */
function foldersUpwards(folder: string): string[] {
  return folder === '' ? [''] : [folder, ...foldersUpwards(folderOf(folder))];
}

function lockCandidates(files: ProjectFiles, folders: readonly string[]): Candidate[] {
  const readers = [
    { manager: 'uv', name: 'uv.lock', read: readUvLock },
    { manager: 'poetry', name: 'poetry.lock', read: readPoetryLock },
    { manager: 'pipenv', name: 'Pipfile.lock', read: readPipfileLock },
  ] as const;
  return folders.flatMap((folder) =>
    readers.flatMap(({ manager, name, read }) => {
      const path = joinRelative(folder, name);
      return files.exists(path) ? [{ manager, path, read: () => read(files, path) }] : [];
    }),
  );
}

function listCandidates(files: ProjectFiles, folders: readonly string[]): Candidate[] {
  return folders.flatMap((folder) => {
    const lists = productionCandidates(files, folder).map((path) =>
      requirementsCandidate(files, path, folder),
    );
    const path = joinRelative(folder, 'pyproject.toml');
    // Without a lock a pyproject.toml that is also there for other reasons only counts with requirements of its own.
    const project =
      files.exists(path) && !files.exists(joinRelative(folder, 'uv.lock'))
        ? readPyproject(files, folder)
        : null;
    const stated =
      project !== null && (mainRequirements(project).length > 0 || 'dependency-groups' in project.data);
    return project && stated
      ? [...lists, { manager: 'pyproject' as const, path, read: () => readPyprojectDependencies(project) }]
      : lists;
  });
}

function requirementsCandidate(files: ProjectFiles, path: string, folder: string): Candidate {
  return { manager: 'requirements', path, read: () => readRequirementsProject(files, path, folder) };
}

/** The first candidate that brings Django; without one, the first that brings anything. */
function choose(
  files: ProjectFiles,
  candidates: readonly Candidate[],
): { chosen: Candidate | null; reading: Reading; foundElsewhere: boolean } {
  let first: { chosen: Candidate; reading: Reading } | null = null;
  for (const chosen of candidates) {
    const reading = chosen.read();
    if (bringsDjango(reading.facts.production)) return { chosen, reading, foundElsewhere: false };
    if (
      first === null ||
      (first.reading.facts.production.length === 0 && reading.facts.production.length > 0)
    )
      first = { chosen, reading };
  }
  const elsewhere = requirementsElsewhere(files);
  if (elsewhere !== null) return { chosen: elsewhere, reading: elsewhere.read(), foundElsewhere: true };
  return first
    ? { ...first, foundElsewhere: false }
    : { chosen: null, reading: nothing(), foundElsewhere: false };
}

function bringsDjango(requirements: readonly Requirement[]): boolean {
  return requirements.some(
    ({ name }) =>
      name === 'django' || name.startsWith('django-') || name === 'djangorestframework' || name === 'wagtail',
  );
}

/** A requirements file in a folder that is neither the work dir nor above it: `deploy/requirements.txt`. */
function requirementsElsewhere(files: ProjectFiles): Candidate | null {
  const path = files
    .files()
    .filter((file) => /(^|\/)requirements([_.-](prod|production|base))?\.txt$/.test(file))
    .toSorted((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1))
    .find((file) => bringsDjango(readRequirements(files, file).requirements));
  return path === undefined ? null : requirementsCandidate(files, path, folderOf(path));
}

function nothing(): Reading {
  return {
    facts: {
      manager: 'none',
      root: '',
      productionFile: null,
      productionFiles: [],
      developmentFile: null,
      developmentFiles: [],
      developmentGroups: [],
      production: [],
      development: [],
      hashed: false,
      evidence: [],
    },
    notes: [],
    artefacts: new Map(),
    optional: new Map(),
  };
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
    setup === undefined ? '' : `; ${setup} is not read: list its requirements in a requirements.txt`;
  return {
    message: `no dependency file was found (requirements.txt, uv.lock, poetry.lock, Pipfile.lock, pyproject.toml)${hint}`,
    evidence: setup === undefined ? [] : [{ file: setup, line: null }],
  };
}

function choiceNotes(
  chosen: Candidate,
  candidates: readonly Candidate[],
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
    const others = rivals.map((rival) => rival.path).join(', ');
    notes.push({
      message: `${chosen.path} is installed from (${reasonFor(chosen, candidates)}); ${others} ${rivals.length === 1 ? 'is' : 'are'} not read`,
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

function reasonFor(chosen: Candidate, candidates: readonly Candidate[]): string {
  if (candidates[0] !== chosen) return 'it lists Django';
  return chosen.path.endsWith('.lock')
    ? 'a lock file comes first'
    : 'it is the nearest to manage.py, and a requirements file comes before pyproject.toml';
}

function nearestPyproject(files: ProjectFiles, root: string, folders: readonly string[]): Pyproject | null {
  for (const folder of new Set([root, ...folders])) {
    const project = readPyproject(files, folder);
    if (project) return project;
  }
  return null;
}

/** Lock files of other tools lie beside what is read, so that exact versions are known and not used. */
function foreignLockNotes(files: ProjectFiles, facts: DependencyFacts): DetectionNote[] {
  if (facts.manager !== 'pyproject') return [];
  const path = ['pdm.lock', 'pylock.toml']
    .map((name) => joinRelative(facts.root, name))
    .find((name) => files.exists(name));
  if (path === undefined) return [];
  return [
    {
      message: `${path} is not read: versions are chosen anew from ${facts.productionFile ?? 'pyproject.toml'}`,
      evidence: [{ file: path, line: null }],
    },
  ];
}

/** A server or a driver that lies in an extra or a group which production does not install. */
function optionalNotes(
  optional: ReadonlyMap<string, Requirement[]>,
  noServer: boolean,
  noDriver: boolean,
): DetectionNote[] {
  const wanted = [
    ...(noServer ? SERVER_NAMES : []),
    ...(noDriver ? POSTGRES_DRIVERS : []),
  ] as readonly string[];
  return [...optional].flatMap(([set, requirements]) => {
    if (isDevelopmentGroup(set)) return [];
    return requirements
      .filter((requirement) => wanted.includes(requirement.name))
      .map((requirement) => ({
        message: `${requirement.name} is only in the optional set «${set}», which the image does not install`,
        evidence: [requirement.evidence],
      }));
  });
}

const SERVER_NAMES: readonly ServerName[] = [
  'gunicorn',
  'uvicorn',
  'daphne',
  'hypercorn',
  'granian',
  'uwsgi',
];
const ASGI_FIRST: readonly ServerName[] = ['daphne', 'uvicorn', 'hypercorn', 'granian', 'gunicorn', 'uwsgi'];
const POSTGRES_DRIVERS = ['psycopg', 'psycopg2', 'psycopg2-binary'];

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
function driverIn(requirements: readonly Requirement[]): Fact<string> | null {
  for (const name of POSTGRES_DRIVERS) {
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
