import { satisfies, validRange } from '@renovatebot/pep440';
import type { Evidence, Fact } from '../facts.ts';
import { folderOf, joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { readPipfile } from './pipfile-lock.ts';
import { asTable, asText, lineMatching, readJson, readToml } from './structured-data.ts';

export interface PythonDetection {
  /** Every release that the project states, the most explicit place first. */
  stated: Fact<string>[];
  constraint: Fact<string> | null;
}

interface Stated {
  version: string;
  evidence: Evidence;
}

/**
 * Which Python the project states, the most explicit place first: .python-version, runtime.txt, .tool-versions,
 * mise.toml, Pipfile, a requires-python that admits one release only, environment.yml, a Dockerfile, the header of a
 * compiled requirements file; only where none of them does, the workflows of GitHub Actions.
 * @param folders the work dir and its parents, nearest first
 * @param ofManager which Pythons the project admits, with PEP 440 specifiers
 * @param compiled which Python resolved the requirements file
 */
export function detectPython(
  files: ProjectFiles,
  folders: readonly string[],
  ofManager: { value: string; evidence: Evidence } | null,
  compiled: Stated | null,
): PythonDetection {
  const nearest = (name: string, read: (path: string, text: string) => Stated | null): Stated[] => {
    for (const folder of folders) {
      const path = joinRelative(folder, name);
      const text = files.read(path);
      const stated = text === undefined ? null : read(path, text);
      if (stated) return [stated];
    }
    return [];
  };
  const constraint = ofManager ?? setupConstraint(files, folders);
  const only = constraint && onlyRelease(constraint.value);
  const explicit: Stated[] = [
    ...nearest('.python-version', versionFile),
    ...nearest('runtime.txt', versionFile),
    ...nearest('.tool-versions', (path, text) => inLines(path, text, /^python\s+(?:\S*-)?(3\.\d+|2\.\d+)/)),
    ...['mise.toml', '.mise.toml', '.config/mise.toml'].flatMap((name) => nearest(name, inMise)),
    ...nearest('Pipfile', (path) => inPipfile(files, path)),
    ...nearest('Pipfile.lock', inPipfileLock),
    ...(constraint && only !== null ? [{ version: only, evidence: constraint.evidence }] : []),
    ...['environment.yml', 'environment.yaml'].flatMap((name) => nearest(name, inCondaEnvironment)),
    ...inDockerfiles(files, folders),
    ...(compiled ? [compiled] : []),
  ];
  const all = explicit.length > 0 ? explicit : [...inWorkflows(files), ...onlyPython2(files, folders)];
  const byVersion = Map.groupBy(all, (stated) => stated.version);
  return {
    stated: [...byVersion].map(([value, places]) => ({
      value,
      evidence: places.map((stated) => stated.evidence),
    })),
    constraint: constraint ? { value: constraint.value, evidence: [constraint.evidence] } : null,
  };
}

/**
 * Whether any patch release of a minor one satisfies the specifiers. Unreadable ones admit everything.
 * @param specifiers PEP 440: `>=3.10,<4`
 * @param minor `3.12`
 */
export function admitsPython(specifiers: string, minor: string): boolean {
  try {
    return Array.from({ length: 60 }, (_, patch) => `${minor}.${patch}`).some((version) =>
      satisfies(version, specifiers),
    );
  } catch {
    return true;
  }
}

/** The minor release, when the specifiers leave one: `==3.13.*`, `>=3.11,<3.12`, `~=3.12.0`, `<3`. */
function onlyRelease(specifiers: string): string | null {
  const minors = ['2.7', ...Array.from({ length: 60 }, (_, minor) => `3.${minor}`)].filter((minor) =>
    admitsPython(specifiers, minor),
  );
  return minors.length === 1 ? (minors[0] ?? null) : null;
}

/** `python_requires` of setup.cfg, or of setup.py where it is written out. */
function setupConstraint(
  files: ProjectFiles,
  folders: readonly string[],
): { value: string; evidence: Evidence } | null {
  const pattern = /^\s*python_requires\s*=\s*["']?([^"'#\n]*?)["']?\s*,?\s*$/;
  for (const path of folders.flatMap((folder) =>
    ['setup.cfg', 'setup.py'].map((name) => joinRelative(folder, name)),
  )) {
    const text = files.read(path) ?? '';
    const line = lineMatching(text, pattern);
    const value = pattern.exec(text.split('\n')[(line ?? 0) - 1] ?? '')?.[1]?.replaceAll(/\s+/g, '') ?? '';
    if (value !== '' && validRange(value)) return { value, evidence: { file: path, line } };
  }
  return null;
}

/** Classifiers that name Python 2 and no Python 3, where nothing else states a version. */
function onlyPython2(files: ProjectFiles, folders: readonly string[]): Stated[] {
  const names = ['pyproject.toml', 'setup.cfg', 'setup.py'];
  for (const path of folders.flatMap((folder) => names.map((name) => joinRelative(folder, name)))) {
    const text = files.read(path) ?? '';
    if (/Programming Language :: Python :: 3/.test(text)) return [];
    const found = inLines(path, text, /Programming Language :: Python :: (2(?:\.\d)?)/);
    if (found) return [{ ...found, version: found.version === '2' ? '2.7' : found.version }];
  }
  return [];
}

function inMise(path: string, text: string): Stated | null {
  const value = asTable(asTable(readToml(path, text, 'Repair it, then run again.'))['tools'])['python'];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  const version = asText(first) ?? asText(asTable(first)['version']);
  const minor = /^[23]\.\d+/.exec(version ?? '')?.[0];
  if (minor === undefined) return null;
  return {
    version: minor,
    evidence: { file: path, line: lineMatching(text, /^\s*(tools\.)?["']?python\b/) },
  };
}

/** Conda pins with `=` or `==`: `- python=3.9`, `- conda-forge::python=3.9.7=hb7a2778_2`. */
function inCondaEnvironment(path: string, text: string): Stated | null {
  return inLines(path, text, /^\s*-\s*["']?(?:[\w-]+::)?python\s*={1,2}\s*([23]\.\d+)/);
}

/**
 * What the workflows agree on: jobs that test a range of releases, or that differ, say nothing about the one that
 * the project runs on.
 */
function inWorkflows(files: ProjectFiles): Stated[] {
  const found = files
    .files()
    .filter((path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path))
    .flatMap((path) =>
      (files.read(path) ?? '').split('\n').flatMap((line, index) => {
        const value = /^\s*(?:-\s*)?["']?(?:python[-_]version|PYTHON_VERSION)["']?\s*:\s*(.*)$/.exec(
          line,
        )?.[1];
        const versions = (value ?? '').replace(/\s#.*$/, '').match(/(?<![\d.])[23]\.\d+/g) ?? [];
        return versions.map((version) => ({ version, evidence: { file: path, line: index + 1 } }));
      }),
    );
  const [first] = found;
  return first && found.every((stated) => stated.version === first.version) ? found : [];
}

function inLines(path: string, text: string, pattern: RegExp): Stated | null {
  const line = lineMatching(text, pattern);
  const version = line === null ? undefined : pattern.exec(text.split('\n')[line - 1] ?? '')?.[1];
  return line === null || version === undefined ? null : { version, evidence: { file: path, line } };
}

/** pyenv and uv write `3.12.4`, `cpython-3.12`, Heroku `python-3.12.4`; names of environments and PyPy say nothing. */
function versionFile(path: string, text: string): Stated | null {
  return inLines(path, text, /^\s*(?:c?python[-@]?)?([23]\.\d+)(?:[.+t\s-]|$)/i);
}

function inPipfile(files: ProjectFiles, path: string): Stated | null {
  const requires = asTable(readPipfile(files, path)?.['requires']);
  const version = asText(requires['python_full_version']) ?? asText(requires['python_version']);
  const minor = /^\d+\.\d+/.exec(version ?? '')?.[0];
  if (minor === undefined) return null;
  return {
    version: minor,
    evidence: { file: path, line: lineMatching(files.read(path) ?? '', /^\s*python_(full_)?version\s*=/) },
  };
}

function inPipfileLock(path: string, text: string): Stated | null {
  const meta = asTable(asTable(readJson(path, text, 'Write it anew with: pipenv lock'))['_meta']);
  const requires = asTable(meta['requires']);
  const minor = /^\d+\.\d+/.exec(
    asText(requires['python_full_version']) ?? asText(requires['python_version']) ?? '',
  )?.[0];
  if (minor === undefined) return null;
  return { version: minor, evidence: { file: path, line: lineMatching(text, /"python_(full_)?version"/) } };
}

const DOCKERFILE = /(^|\/)((Dockerfile|Containerfile)(\.[\w-]+)*|[\w-]+\.Dockerfile)$/i;

/** The first Dockerfile that starts from a Python image: beside manage.py or above first, ours left out. */
function inDockerfiles(files: ProjectFiles, folders: readonly string[]): Stated[] {
  const distance = (path: string): number => {
    const index = folders.indexOf(folderOf(path));
    return index === -1 ? folders.length + path.split('/').length : index;
  };
  const paths = files
    .files()
    .filter((path) => DOCKERFILE.test(path) && !/\.(ejs|j2|jinja2?|tmpl|dockerignore)$/.test(path));
  for (const path of paths.toSorted((a, b) => distance(a) - distance(b) || (a < b ? -1 : 1))) {
    const text = files.read(path) ?? '';
    if (text.includes('Written by generator-backendai-docker')) continue;
    const stated = inDockerfile(path, text);
    if (stated) return [stated];
  }
  return [];
}

function inDockerfile(path: string, text: string): Stated | null {
  const defaults = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const argument = /^\s*ARG\s+(\w+)=["']?([^"'\s]+)/i.exec(line);
    if (argument) defaults.set(argument[1] ?? '', argument[2] ?? '');
    const image = /^\s*FROM\s+(?:--\S+\s+)*(\S+)/i.exec(line)?.[1];
    if (image === undefined) continue;
    const resolved = image.replace(
      /\$\{?(\w+)(?::?-([^}]*))?\}?/g,
      (_, name: string, fallback?: string) => defaults.get(name) ?? fallback ?? '',
    );
    const version =
      /(?:^|\/)python:([23]\.\d+)(?![\d])/.exec(resolved)?.[1] ??
      /\/uv:\S*python([23]\.\d+)/.exec(resolved)?.[1];
    if (version !== undefined) return { version, evidence: { file: path, line: index + 1 } };
  }
  return null;
}
