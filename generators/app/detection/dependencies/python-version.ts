import { posix } from 'node:path';
import type { DetectionNote, Evidence, Fact } from '../facts.ts';
import type { ProjectFiles } from '../project-files.ts';

/** `3.12` of `3.12.4`, `python-3.12.4`, `==3.12.*`, `~=3.12`; null when the text names no release of Python 3 (or 2). */
export function minorRelease(text: string): string | null {
  const match = /(?:^|[^\d.])([23])\.(\d{1,2})(?![\d])/.exec(` ${text}`);
  return match ? `${match[1]}.${match[2]}` : null;
}

/** A place that may state the version: file, what its line looks like, most explicit first. */
const PLACES: { name: RegExp; line: RegExp }[] = [
  { name: /^\.python-version$/, line: /^\s*(?:cpython-?)?(\d\S*)/ },
  { name: /^runtime\.txt$/, line: /^\s*python-?(\S+)/ },
  { name: /^Pipfile$/, line: /^\s*python_(?:full_)?version\s*=\s*["'](\S+)["']/ },
  { name: /^\.tool-versions$/, line: /^\s*python\s+(\S+)/ },
];

const DOCKERFILE = /^(?:Dockerfile|dockerfile|Dockerfile\.(?:prod|production|web|django|dev)|Containerfile)$/;
const FROM_PYTHON = /^\s*FROM\s+(?:--platform=\S+\s+)?(?:docker\.io\/)?(?:library\/)?python:(\d\.\d+)/i;
const ARG_PYTHON = /^\s*ARG\s+PYTHON_VERSION\s*=\s*["']?(?:python:)?(\d\.\d+)/i;

/**
 * Python versions that the project's files state, the most explicit first.
 * @param folders folders to look into, the nearest to manage.py first
 */
export function statedPythonVersions(files: ProjectFiles, folders: readonly string[]): Fact<string>[] {
  const found: Fact<string>[] = [];
  const search = (path: string, pattern: RegExp): void => {
    const lines = files.read(path)?.split(/\r?\n/) ?? [];
    for (const [index, line] of lines.entries()) {
      const version = minorRelease(pattern.exec(line)?.[1] ?? '');
      if (version === null) continue;
      found.push({ value: version, evidence: [{ file: path, line: index + 1 }] });
      return;
    }
  };
  for (const { name, line } of PLACES) {
    for (const folder of folders) {
      const path = posix.join(folder, name.source.replaceAll(/[\\^$]/g, ''));
      if (files.exists(path)) search(path, line);
    }
  }
  const dockerfiles = files.files().filter((path) => DOCKERFILE.test(posix.basename(path)));
  for (const folder of folders) {
    for (const path of dockerfiles.filter((file) => posix.join(posix.dirname(file)) === (folder === '' ? '.' : folder))) {
      search(path, FROM_PYTHON);
      search(path, ARG_PYTHON);
    }
  }
  return found;
}

const place = ({ file, line }: Evidence): string => (line === null ? file : `${file}:${line}`);

/**
 * The version to use of all that are stated, and a note when they contradict each other.
 */
export function choosePythonVersion(stated: readonly Fact<string>[]): {
  version: Fact<string> | null;
  notes: DetectionNote[];
} {
  const [first] = stated;
  if (!first) return { version: null, notes: [] };
  const other = stated.find((fact) => fact.value !== first.value);
  const own = first.evidence[0];
  const theirs = other?.evidence[0];
  const notes =
    other && own && theirs
      ? [
          {
            message: `Python ${first.value} is taken from ${place(own)}; ${place(theirs)} says ${other.value}`,
            evidence: [own, theirs],
          },
        ]
      : [];
  return { version: first, notes };
}
