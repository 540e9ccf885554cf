import { DetectionError, type Requirement } from '../facts.ts';
import type { ProjectFiles } from '../project-files.ts';
import { normalizeName } from './pep508.ts';
import { isTable, readToml, stringsIn, tableAt, tablesIn, type TomlTable } from './toml-file.ts';

/** Packages of a lock file, production and development apart. */
export interface LockedPackages {
  production: Requirement[];
  development: Requirement[];
}

interface LockedPackage {
  requirement: Requirement;
  /** Names of what it needs, extras included. */
  needs: string[];
}

/** The line of each `[[package]]`, by order. */
function packageLines(text: string): number[] {
  return text.split('\n').flatMap((line, index) => (line.trim() === '[[package]]' ? [index + 1] : []));
}

function locked(name: string, version: string, url: string | null, file: string, line: number | null): Requirement {
  return {
    name: normalizeName(name),
    extras: [],
    specifier: version === '' ? '' : `==${version}`,
    marker: '',
    url,
    direct: false,
    evidence: { file, line },
  };
}

const namesIn = (value: unknown): string[] =>
  tablesIn(value).flatMap((item) => (typeof item['name'] === 'string' ? [normalizeName(item['name'])] : []));

/** Everything that is reached from some packages, themselves included. */
function closure(roots: readonly string[], packages: ReadonlyMap<string, LockedPackage>): Set<string> {
  const reached = new Set<string>();
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    waiting.push(...(packages.get(name)?.needs ?? []));
  }
  return reached;
}

/** Production and development of a lock, with what the project states itself marked as direct. */
function split(
  packages: ReadonlyMap<string, LockedPackage>,
  production: readonly Requirement[],
  development: readonly Requirement[],
): LockedPackages {
  const pick = (stated: readonly Requirement[], without: ReadonlySet<string>): Requirement[] => {
    const byName = new Map(stated.map((requirement) => [requirement.name, requirement]));
    return [...closure([...byName.keys()], packages)]
      .filter((name) => !without.has(name))
      .sort()
      .flatMap((name) => {
        const found = packages.get(name)?.requirement;
        const own = byName.get(name);
        if (!found) return own ? [own] : [];
        // The version is the lock's; extras and marker are the project's.
        return own ? [{ ...found, extras: own.extras, marker: own.marker, url: own.url ?? found.url, direct: true }] : [found];
      });
  };
  const first = pick(production, new Set());
  return { production: first, development: pick(development, new Set(first.map((item) => item.name))) };
}

/**
 * Reads uv.lock (https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile).
 * @param production what pyproject.toml states for production
 * @param development what its groups state
 */
export function readUvLock(
  files: ProjectFiles,
  path: string,
  production: readonly Requirement[],
  development: readonly Requirement[],
): LockedPackages {
  const file = readToml(files, path);
  const lines = packageLines(file?.text ?? '');
  const packages = new Map<string, LockedPackage>();
  tablesIn(file?.table['package']).forEach((item, index) => {
    const { name, version } = item;
    if (typeof name !== 'string') return;
    const git = tableAt(item, 'source')['git'];
    const requirement = locked(
      name,
      typeof version === 'string' ? version : '',
      typeof git === 'string' ? `git+${git}` : null,
      path,
      lines[index] ?? null,
    );
    packages.set(requirement.name, { requirement, needs: uvNeeds(item) });
  });
  return split(packages, production, development);
}

/** Dependencies of a package, and those of its extras: which extras are on does not matter for what may be there. */
function uvNeeds(item: TomlTable): string[] {
  const extras = Object.values(tableAt(item, 'optional-dependencies')).flatMap(namesIn);
  const wanted = new Set(tablesIn(item['dependencies']).flatMap((dependency) => stringsIn(dependency['extra'])));
  return [...namesIn(item['dependencies']), ...(wanted.size > 0 ? extras : [])];
}

/** Reads poetry.lock; parameters as for uv.lock. */
export function readPoetryLock(
  files: ProjectFiles,
  path: string,
  production: readonly Requirement[],
  development: readonly Requirement[],
): LockedPackages {
  const file = readToml(files, path);
  const lines = packageLines(file?.text ?? '');
  const packages = new Map<string, LockedPackage>();
  tablesIn(file?.table['package']).forEach((item, index) => {
    const { name, version } = item;
    if (typeof name !== 'string') return;
    const source = tableAt(item, 'source');
    const git = source['type'] === 'git' && typeof source['url'] === 'string' ? `git+${source['url']}` : null;
    const requirement = locked(name, typeof version === 'string' ? version : '', git, path, lines[index] ?? null);
    const needs = Object.entries(tableAt(item, 'dependencies')).flatMap(([needed, value]) =>
      isTable(value) && value['optional'] === true ? [] : [normalizeName(needed)],
    );
    packages.set(requirement.name, { requirement, needs });
  });
  return split(packages, production, development);
}

/**
 * Reads Pipfile.lock. It does not say who needs what: a package is direct when the Pipfile names it.
 * @param direct names in the Pipfile
 * @throws DetectionError when it is not JSON
 */
export function readPipfileLock(files: ProjectFiles, path: string, direct: ReadonlySet<string>): LockedPackages & { python: string | null } {
  const text = files.read(path) ?? '{}';
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new DetectionError(`${path} is not valid JSON (${(error as Error).message}). Make it anew with "pipenv lock".`);
  }
  const root = isTable(data) ? data : {};
  const section = (name: string): Requirement[] =>
    Object.entries(tableAt(root, name)).map(([key, value]) => {
      const item = isTable(value) ? value : {};
      const line = text.split('\n').findIndex((row) => row.includes(`"${key}": {`)) + 1;
      const version = typeof item['version'] === 'string' ? item['version'].replace(/^==/, '') : '';
      const git = typeof item['git'] === 'string' ? `git+${item['git']}` : null;
      const requirement = locked(key, version, git, path, line || null);
      return {
        ...requirement,
        extras: stringsIn(item['extras']).map(normalizeName),
        direct: direct.has(requirement.name),
      };
    });
  const python = tableAt(root, '_meta', 'requires')['python_version'];
  return { production: section('default'), development: section('develop'), python: typeof python === 'string' ? python : null };
}
