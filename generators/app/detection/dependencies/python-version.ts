import { satisfies } from '@renovatebot/pep440';
import { placeOfEvidence } from '../evidence.ts';
import type { DetectionNote, Evidence, Fact } from '../facts.ts';
import { folderOf, joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { readPipfile } from './pipfile-lock.ts';
import { asTable, asText, lineMatching, readJson } from './structured-data.ts';

export interface PythonDetection {
  version: Fact<string> | null;
  constraint: Fact<string> | null;
  notes: DetectionNote[];
}

interface Stated {
  version: string;
  evidence: Evidence;
}

/**
 * Which Python the project states, the most explicit place first: .python-version, runtime.txt, .tool-versions,
 * Pipfile, a requires-python that admits one release only, a Dockerfile, the header of a compiled requirements file.
 * @param folders the work dir and its parents, nearest first
 * @param constraint which Pythons the project admits, with PEP 440 specifiers
 * @param compiled which Python resolved the requirements file
 */
export function detectPython(
  files: ProjectFiles,
  folders: readonly string[],
  constraint: { value: string; evidence: Evidence } | null,
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
  const only = constraint && onlyRelease(constraint.value);
  const all: Stated[] = [
    ...nearest('.python-version', versionFile),
    ...nearest('runtime.txt', versionFile),
    ...nearest('.tool-versions', (path, text) => inLines(path, text, /^python\s+(?:\S*-)?(3\.\d+|2\.\d+)/)),
    ...nearest('Pipfile', (path) => inPipfile(files, path)),
    ...nearest('Pipfile.lock', inPipfileLock),
    ...(constraint && only !== null ? [{ version: only, evidence: constraint.evidence }] : []),
    ...inDockerfiles(files, folders),
    ...(compiled ? [compiled] : []),
  ];
  const [first] = all;
  return {
    version: first ? { value: first.version, evidence: agreeing(all, first.version) } : null,
    constraint: constraint ? { value: constraint.value, evidence: [constraint.evidence] } : null,
    notes: contradictions(all, constraint),
  };
}

function agreeing(all: readonly Stated[], version: string): Evidence[] {
  return all.filter((stated) => stated.version === version).map((stated) => stated.evidence);
}

function contradictions(
  all: readonly Stated[],
  constraint: { value: string; evidence: Evidence } | null,
): DetectionNote[] {
  const [first] = all;
  if (!first) return [];
  const others = all.filter((stated) => stated.version !== first.version);
  const notes = others.map((other) => ({
    message: `Python ${first.version} (${placeOfEvidence(first.evidence)}) is taken, although ${placeOfEvidence(other.evidence)} says ${other.version}`,
    evidence: [first.evidence, other.evidence],
  }));
  if (constraint && !admits(constraint.value, first.version)) {
    notes.push({
      message: `Python ${first.version} (${placeOfEvidence(first.evidence)}) is outside of ${constraint.value} (${placeOfEvidence(constraint.evidence)})`,
      evidence: [first.evidence, constraint.evidence],
    });
  }
  return notes;
}

/** Whether any patch release of a minor one satisfies the specifiers. Unreadable ones admit everything. */
function admits(specifiers: string, minor: string): boolean {
  try {
    return Array.from({ length: 60 }, (_, patch) => `${minor}.${patch}`).some((version) =>
      satisfies(version, specifiers),
    );
  } catch {
    return true;
  }
}

/** The minor release, when the specifiers leave one: `==3.13.*`, `>=3.11,<3.12`, `~=3.12.0`. */
function onlyRelease(specifiers: string): string | null {
  const minors = Array.from({ length: 60 }, (_, minor) => `3.${minor}`).filter((minor) =>
    admits(specifiers, minor),
  );
  return minors.length === 1 ? (minors[0] ?? null) : null;
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
