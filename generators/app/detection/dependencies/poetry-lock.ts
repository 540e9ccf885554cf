import type { Evidence, Requirement } from '../facts.ts';
import { folderOf, joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { markerMayApply } from './markers.ts';
import { normalizeName } from './pep508.ts';
import {
  groupRequirements,
  indexNotesOf,
  mainRequirements,
  readPyproject,
  splitGroups,
} from './pyproject.ts';
import type { Pyproject } from './pyproject.ts';
import type { DependencyReading } from './reading.ts';
import { isDevelopmentGroup, without } from './reading.ts';
import { asList, asTable, asText, asTexts, readToml } from './structured-data.ts';
import type { Table } from './structured-data.ts';

interface LockedPackage {
  name: string;
  table: Table;
  line: number | null;
}

/** Reads poetry.lock of any version: what `poetry install --only main` installs, and what the development groups add. */
export function readPoetryLock(files: ProjectFiles, path: string): DependencyReading {
  const text = files.read(path) ?? '';
  const data = readToml(path, text, 'Write it anew with: poetry lock');
  const folder = folderOf(path);
  const project = readPyproject(files, folder);
  const packages = lockedPackages(data, text);
  const main = project ? mainRequirements(project) : [];
  const groups = project ? groupRequirements(project) : new Map<string, Requirement[]>();
  const developmentGroups = [...groups.keys()].filter(isDevelopmentGroup);
  const stated = developmentGroups.flatMap((name) => groups.get(name) ?? []);
  const direct = new Set(main.map((requirement) => requirement.name));
  const production = installed(packages, 'main', main, path, direct);
  const development = without(
    installed(packages, 'development', stated, path, new Set(stated.map((requirement) => requirement.name))),
    production,
  );
  const evidence: Evidence[] = [{ file: path, line: null }];
  return {
    facts: {
      manager: 'poetry',
      root: folder,
      productionFile: path,
      productionFiles: [joinRelative(folder, 'pyproject.toml'), path]
        .filter((file) => files.exists(file))
        .toSorted(),
      developmentFile: null,
      developmentFiles: [],
      developmentGroups,
      production: production.map((requirement) => withExtras(requirement, main)),
      development,
      hashed: false,
      evidence,
    },
    notes: project ? indexNotesOf(project) : [],
    artefacts: new Map(packages.map((item) => [item.name, artefactsOf(data, item)])),
    optional: optionalOf(project, production),
  };
}

function optionalOf(
  project: Pyproject | null,
  production: readonly Requirement[],
): Map<string, Requirement[]> {
  return project ? splitGroups(project, production).optional : new Map();
}

function lockedPackages(data: Table, text: string): LockedPackage[] {
  const lines = text
    .split('\n')
    .flatMap((line, index) => (/^\[\[package\]\]\s*$/.test(line) ? [index + 2] : []));
  return asList(data['package']).map((item, index) => {
    const table = asTable(item);
    return { name: normalizeName(asText(table['name']) ?? ''), table, line: lines[index] ?? null };
  });
}

/** Since lock version 2.1 the groups are written down, before 2.0 the category; in between only the graph tells. */
function installed(
  packages: readonly LockedPackage[],
  set: 'main' | 'development',
  roots: readonly Requirement[],
  path: string,
  direct: ReadonlySet<string>,
): Requirement[] {
  const written = packages.some((item) => 'groups' in item.table || 'category' in item.table);
  const names = written || roots.length === 0 ? null : reachable(packages, roots);
  return packages
    .filter((item) => (names === null ? inSet(item.table, set) : names.has(item.name)))
    .map((item) => ({
      name: item.name,
      extras: [],
      specifier: `==${asText(item.table['version']) ?? ''}`,
      marker:
        markerOf(item.table, set) || (direct.has(item.name) ? '' : dependentsMarker(packages, item.name)),
      url: urlOf(asTable(item.table['source'])),
      direct: direct.has(item.name),
      evidence: { file: path, line: item.line },
    }))
    .filter((requirement) => markerMayApply(requirement.marker));
}

function inSet(table: Table, set: 'main' | 'development'): boolean {
  if (table['optional'] === true) return false;
  const groups = asTexts(table['groups']);
  const category = asText(table['category']);
  if (groups.length === 0 && category === null) return set === 'main';
  const names = category === null ? groups : [category];
  return set === 'main' ? names.includes('main') : names.some(isDevelopmentGroup);
}

function markerOf(table: Table, set: 'main' | 'development'): string {
  const markers = table['markers'];
  if (typeof markers === 'string') return markers;
  const byGroup = asTable(markers);
  return set === 'main' ? (asText(byGroup['main']) ?? '') : '';
}

/**
 * Before lock version 2.1 the condition stands with those that need the package alone.
 * @returns '' where one of them needs it always
 */
function dependentsMarker(packages: readonly LockedPackage[], name: string): string {
  const markers = new Set<string>();
  for (const item of packages) {
    for (const [key, value] of Object.entries(asTable(item.table['dependencies']))) {
      if (normalizeName(key) !== name) continue;
      for (const detail of Array.isArray(value) ? value : [value]) {
        const marker = asText(asTable(detail)['markers']) ?? '';
        // One for an extra says nothing of those that are installed.
        if (marker === '' || /\bextra\b/.test(marker)) return '';
        markers.add(`(${marker})`);
      }
    }
  }
  return [...markers].join(' or ');
}

function reachable(packages: readonly LockedPackage[], roots: readonly Requirement[]): Set<string> {
  const byName = new Map(packages.map((item) => [item.name, item]));
  const found = new Set<string>();
  const followed = new Set<string>();
  const queue = roots
    .filter((root) => markerMayApply(root.marker))
    .map((root) => ({ name: root.name, extras: root.extras }));
  for (let next = queue.shift(); next; next = queue.shift()) {
    const item = byName.get(next.name);
    if (!item) continue;
    found.add(item.name);
    const wanted = new Set(
      next.extras.flatMap((extra) => asTexts(asTable(item.table['extras'])[extra]).map(nameOf)),
    );
    const key = `${item.name} ${[...wanted].toSorted().join(' ')}`;
    if (followed.has(key)) continue;
    followed.add(key);
    for (const [name, value] of Object.entries(asTable(item.table['dependencies']))) {
      const details = (Array.isArray(value) ? value : [value]).map(asTable);
      const normal = normalizeName(name);
      if (details.every((detail) => detail['optional'] === true) && !wanted.has(normal)) continue;
      if (details.every((detail) => !markerMayApply(asText(detail['markers']) ?? ''))) continue;
      queue.push({
        name: normal,
        extras: details.flatMap((detail) => asTexts(detail['extras']).map(normalizeName)),
      });
    }
  }
  return found;
}

const nameOf = (requirement: string): string => normalizeName(/^[\w.-]+/.exec(requirement)?.[0] ?? '');

function urlOf(source: Table): string | null {
  const type = asText(source['type']);
  const url = asText(source['url']);
  if (type === 'git' && url !== null) return `git+${url}`;
  return type === 'url' || type === 'file' || type === 'directory' ? url : null;
}

function artefactsOf(data: Table, item: LockedPackage): string[] {
  // Before lock version 2.0 the files stand below [metadata.files].
  const old = asTable(asTable(data['metadata'])['files'])[asText(item.table['name']) ?? ''];
  return [...asList(item.table['files']), ...asList(old)].flatMap((file) => {
    const name = asText(asTable(file)['file']);
    return name === null ? [] : [name];
  });
}

function withExtras(requirement: Requirement, stated: readonly Requirement[]): Requirement {
  const extras = stated.filter((item) => item.name === requirement.name).flatMap((item) => item.extras);
  return extras.length === 0 ? requirement : { ...requirement, extras: [...new Set(extras)] };
}
