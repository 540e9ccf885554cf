import { posix } from 'node:path';
import type { DependencyFacts, DependencyManager, DetectionNote, Evidence, Fact, Requirement, ServerName } from '../facts.ts';
import type { ProjectFiles } from '../project-files.ts';
import { readPipfileLock, readPoetryLock, readUvLock } from './lock-files.ts';
import { normalizeName } from './pep508.ts';
import { DEVELOPMENT_GROUP, readPyproject, type Pyproject } from './pyproject.ts';
import { choosePythonVersion, minorRelease, statedPythonVersions } from './python-version.ts';
import { readRequirementsFile } from './requirements-file.ts';
import { readToml, tableAt } from './toml-file.ts';

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

const SERVER_NAMES: readonly ServerName[] = ['gunicorn', 'uvicorn', 'daphne', 'hypercorn', 'granian', 'uwsgi'];
const POSTGRES_DRIVERS = ['psycopg', 'psycopg2', 'psycopg2-binary'];

/** Requirements files for production, best first; relative to a folder. */
const PRODUCTION_FILES = [
  'requirements.txt',
  'requirements/production.txt',
  'requirements/prod.txt',
  'requirements/requirements.txt',
  'requirements/base.txt',
  'requirements/common.txt',
  'requirements/main.txt',
  'requirements/default.txt',
  'requirements-prod.txt',
  'requirements-production.txt',
  'requirements_prod.txt',
  'requirements-base.txt',
];

const DEVELOPMENT_FILES = [
  'requirements-dev.txt',
  'requirements_dev.txt',
  'requirements.dev.txt',
  'requirements-development.txt',
  'dev-requirements.txt',
  'requirements/dev.txt',
  'requirements/development.txt',
  'requirements/local.txt',
  'requirements-local.txt',
  'requirements-test.txt',
  'requirements/test.txt',
];

/** The folder of manage.py and its parents, up to the repository's root. */
function foldersUpwards(workDir: string): string[] {
  const folders = [workDir];
  for (let folder = workDir; folder !== ''; ) {
    folder = posix.dirname(folder) === '.' ? '' : posix.dirname(folder);
    folders.push(folder);
  }
  return folders;
}

interface Candidate {
  manager: DependencyManager;
  folder: string;
  path: string;
}

/** All dependency files that could be installed from, the nearest folder first and locks before what they lock. */
function candidates(files: ProjectFiles, folders: readonly string[]): Candidate[] {
  const found: Candidate[] = [];
  for (const folder of folders) {
    const add = (manager: DependencyManager, name: string): void => {
      const path = posix.join(folder, name);
      if (files.exists(path)) found.push({ manager, folder, path });
    };
    add('uv', 'uv.lock');
    add('poetry', 'poetry.lock');
    add('pipenv', 'Pipfile.lock');
    const [requirements] = PRODUCTION_FILES.filter((name) => files.exists(posix.join(folder, name)));
    if (requirements) add('requirements', requirements);
    const pyproject = readPyproject(files, posix.join(folder, 'pyproject.toml'));
    if (pyproject && pyproject.production.length > 0) add('pyproject', 'pyproject.toml');
  }
  return found;
}

/**
 * Reads the project's dependencies: which files, which packages, production and development apart.
 * @param workDir folder of manage.py
 * @throws DetectionError for files that are not valid or that name missing ones
 */
export function detectDependencies(files: ProjectFiles, workDir: string): DependencyDetection {
  const folders = foldersUpwards(workDir);
  const all = candidates(files, folders);
  const [chosen] = all;
  const notes: DetectionNote[] = [];
  const rivals = all.filter((item) => item.manager !== chosen?.manager && item.manager !== 'pyproject');
  if (chosen && rivals.length > 0) {
    notes.push({
      message: `${chosen.path} is installed from; ${rivals.map((item) => item.path).join(', ')} is not read`,
      evidence: [chosen, ...rivals].map(({ path }) => ({ file: path, line: null })),
    });
  }
  const read = chosen ? readCandidate(files, chosen) : nothingFound(notes);
  notes.push(...read.notes);
  const { dependencies } = read;

  const pyproject = folders.map((folder) => readPyproject(files, posix.join(folder, 'pyproject.toml'))).find(Boolean);
  const constraint = pyproject?.pythonConstraint ?? null;
  const stated = statedPythonVersions(files, folders);
  const exact = constraint && /^(==|~=)3\.\d+(\.|$)/.test(constraint.value) ? minorRelease(constraint.value) : null;
  if (exact && constraint) stated.unshift({ value: exact, evidence: constraint.evidence });
  if (read.python) stated.push(read.python);
  const python = choosePythonVersion(stated);

  const django = dependencies.production.find((requirement) => requirement.name === 'django');
  const djangoVersion = django ? /(?:==|~=|>=)\s*(\d+(?:\.\d+)*)/.exec(django.specifier)?.[1] : undefined;
  return {
    dependencies,
    pythonVersion: python.version,
    pythonConstraint: constraint,
    djangoVersion: django && djangoVersion ? { value: djangoVersion, evidence: [django.evidence] } : null,
    servers: SERVER_NAMES.flatMap((name) => {
      const found = dependencies.production.find((item) => item.name === name || (name === 'uwsgi' && item.name === 'pyuwsgi'));
      return found ? [{ name, evidence: [found.evidence] }] : [];
    }),
    postgresDriver: driverIn(dependencies.production),
    notes: [...notes, ...python.notes],
  };
}

function driverIn(requirements: readonly Requirement[]): Fact<string> | null {
  const found = requirements.find((requirement) => POSTGRES_DRIVERS.includes(requirement.name));
  return found ? { value: found.name, evidence: [found.evidence] } : null;
}

interface ReadCandidate {
  dependencies: DependencyFacts;
  notes: DetectionNote[];
  /** Stated by the dependency files themselves. */
  python: Fact<string> | null;
}

function nothingFound(notes: DetectionNote[]): ReadCandidate {
  notes.push({
    message: 'no dependency file was found (requirements.txt, uv.lock, poetry.lock, Pipfile.lock, pyproject.toml)',
    evidence: [],
  });
  return { dependencies: facts({ manager: 'none', root: '' }), notes: [], python: null };
}

function facts(given: Partial<DependencyFacts> & Pick<DependencyFacts, 'manager' | 'root'>): DependencyFacts {
  return {
    productionFile: null,
    productionFiles: [],
    developmentFile: null,
    developmentFiles: [],
    developmentGroups: [],
    production: [],
    development: [],
    hashed: false,
    evidence: given.productionFile ? [{ file: given.productionFile, line: null }] : [],
    ...given,
  };
}

function readCandidate(files: ProjectFiles, { manager, folder, path }: Candidate): ReadCandidate {
  const pyprojectPath = posix.join(folder, 'pyproject.toml');
  switch (manager) {
    case 'uv':
    case 'poetry': {
      const pyproject = readPyproject(files, pyprojectPath);
      const { production, development, groups } = statedIn(pyproject);
      const lock = (manager === 'uv' ? readUvLock : readPoetryLock)(files, path, production, development);
      return {
        dependencies: facts({
          manager,
          root: folder,
          productionFile: path,
          productionFiles: [path, ...(pyproject ? [pyprojectPath] : [])].sort(),
          developmentGroups: groups,
          ...lock,
        }),
        notes: [],
        python: null,
      };
    }
    case 'pyproject': {
      const { production, development, groups } = statedIn(readPyproject(files, path));
      return {
        dependencies: facts({
          manager,
          root: folder,
          productionFile: path,
          productionFiles: [path],
          developmentGroups: groups,
          production,
          development,
        }),
        notes: [],
        python: null,
      };
    }
    case 'pipenv':
      return readPipenv(files, folder, path);
    case 'requirements':
      return readRequirements(files, folder, path);
    case 'none':
      return nothingFound([]);
  }
}

/** Production requirements of a pyproject.toml, and the groups that only development needs. */
function statedIn(pyproject: Pyproject | undefined): {
  production: Requirement[];
  development: Requirement[];
  groups: string[];
} {
  const groups = Object.keys(pyproject?.groups ?? {}).filter((name) => DEVELOPMENT_GROUP.test(name));
  return {
    production: pyproject?.production ?? [],
    development: groups.flatMap((name) => pyproject?.groups[name] ?? []),
    groups,
  };
}

function readPipenv(files: ProjectFiles, folder: string, path: string): ReadCandidate {
  const pipfilePath = posix.join(folder, 'Pipfile');
  const pipfile = readToml(files, pipfilePath)?.table ?? {};
  const direct = new Set(
    ['packages', 'dev-packages'].flatMap((section) => Object.keys(tableAt(pipfile, section)).map(normalizeName)),
  );
  const lock = readPipfileLock(files, path, direct);
  const python = lock.python === null ? null : minorRelease(lock.python);
  return {
    dependencies: facts({
      manager: 'pipenv',
      root: folder,
      productionFile: path,
      productionFiles: [path, ...(files.exists(pipfilePath) ? [pipfilePath] : [])].sort(),
      production: lock.production,
      development: lock.development,
      developmentGroups: lock.development.length > 0 ? ['dev-packages'] : [],
      hashed: true,
    }),
    notes: [],
    python: python === null ? null : { value: python, evidence: [{ file: path, line: null }] },
  };
}

function readRequirements(files: ProjectFiles, folder: string, path: string): ReadCandidate {
  const production = readRequirementsFile(files, path);
  const developmentName = DEVELOPMENT_FILES.find((name) => {
    const candidate = posix.join(folder, name);
    return candidate !== path && files.exists(candidate);
  });
  const developmentFile = developmentName === undefined ? null : posix.join(folder, developmentName);
  const development = developmentFile === null ? null : readRequirementsFile(files, developmentFile);
  const own = new Set(production.files);
  const inProduction = new Set(production.requirements.map((requirement) => requirement.name));
  const { compiledFor } = production;
  return {
    dependencies: facts({
      manager: 'requirements',
      root: folder,
      productionFile: path,
      productionFiles: production.files,
      developmentFile,
      developmentFiles: development?.files.filter((file) => !own.has(file)) ?? [],
      production: production.requirements,
      development: development?.requirements.filter((item) => !inProduction.has(item.name)) ?? [],
      hashed: production.hashed,
    }),
    notes: [...production.notes, ...(development?.notes.filter((note) => !own.has(note.evidence[0]?.file ?? '')) ?? [])],
    python: compiledFor ? { value: compiledFor.version, evidence: [{ file: path, line: compiledFor.line }] } : null,
  };
}
