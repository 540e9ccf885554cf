import type { Requirement } from '../facts.ts';
import { folderOf, joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { markerMayApply } from './markers.ts';
import { normalizeName } from './pep508.ts';
import { indexNotes } from './package-indexes.ts';
import {
  mainRequirements,
  poetryDefaults,
  privateIndexesOf,
  readPyproject,
  requirementSets,
} from './pyproject.ts';
import type { DependencyReading } from './reading.ts';
import { artefactsByName, dependencyFacts, without } from './reading.ts';
import { chooseSets, factsOfSets, isDevelopmentGroup } from './requirement-sets.ts';
import { asList, asTable, asText, asTexts, readToml } from './structured-data.ts';
import type { Table } from './structured-data.ts';

interface LockedPackage {
  name: string;
  table: Table;
  line: number | null;
}

/**
 * Reads poetry.lock of any version: what `poetry install --only main` installs with the groups and extras of
 * production, and what the development groups add.
 */
export function readPoetryLock(files: ProjectFiles, path: string): DependencyReading {
  const text = files.read(path) ?? '';
  const data = readToml(path, text, 'Write it anew with: poetry lock');
  const folder = folderOf(path);
  const project = readPyproject(files, folder);
  const packages = lockedPackages(data, text);
  const main = project ? mainRequirements(project) : [];
  const sets = project ? requirementSets(project, poetryDefaults(project)) : [];
  const always = installed(packages, { groups: ['main'], roots: main, extras: [] }, path);
  const chosen = chooseSets(sets, always);
  const groups = chosen.production.filter((set) => set.kind === 'group');
  const extras = chosen.production.filter((set) => set.kind === 'extra');
  const stated = [main, ...groups.map((set) => set.requirements)].flat();
  const ofExtras = extras.flatMap((set) => set.requirements);
  const production = installed(
    packages,
    { groups: ['main', ...groups.map((set) => set.name)], roots: stated, extras: ofExtras },
    path,
  );
  const development = chosen.development.filter((set) => set.kind === 'group');
  const developmentExtras = chosen.development.filter((set) => set.kind === 'extra');
  const privateIndexes = project ? privateIndexesOf(project) : [];
  return {
    facts: dependencyFacts('poetry', folder, path, {
      productionFiles: [joinRelative(folder, 'pyproject.toml'), path]
        .filter((file) => files.exists(file))
        .toSorted(),
      ...factsOfSets(chosen),
      production: production.map((requirement) => withExtras(requirement, [...stated, ...ofExtras])),
      development: without(
        installed(
          packages,
          {
            groups: null,
            roots: development.flatMap((set) => set.requirements),
            extras: developmentExtras.flatMap((set) => set.requirements),
          },
          path,
        ),
        production,
      ),
      privateIndexes,
    }),
    notes: [...chosen.notes, ...indexNotes(privateIndexes)],
    artefacts: artefactsByName(packages.map((item) => [item.name, artefactsOf(data, item)])),
  };
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

/** What is asked of a lock. */
interface Wanted {
  /** Names of groups; null for those of development, whatever they are called. */
  groups: readonly string[] | null;
  /** The requirements of the groups. */
  roots: readonly Requirement[];
  /** The requirements of extras. */
  extras: readonly Requirement[];
}

/** Since lock version 2.1 the groups are written down, before 2.0 the category; in between only the graph tells. */
function installed(packages: readonly LockedPackage[], wanted: Wanted, path: string): Requirement[] {
  const written = packages.some((item) => 'groups' in item.table || 'category' in item.table);
  const names =
    written || (wanted.roots.length === 0 && wanted.groups?.includes('main') === true)
      ? null
      : reachable(packages, wanted.roots);
  const optional = reachable(packages, wanted.extras);
  const direct = new Set([...wanted.roots, ...wanted.extras].map((requirement) => requirement.name));
  return packages
    .filter(
      (item) =>
        optional.has(item.name) || (names === null ? inSet(item.table, wanted.groups) : names.has(item.name)),
    )
    .map((item) => ({
      name: item.name,
      extras: [],
      specifier: `==${asText(item.table['version']) ?? ''}`,
      marker: optional.has(item.name)
        ? ''
        : markerOf(item.table, wanted.groups) ||
          (direct.has(item.name) ? '' : dependentsMarker(packages, item.name)),
      url: urlOf(asTable(item.table['source'])),
      direct: direct.has(item.name),
      evidence: { file: path, line: item.line },
    }))
    .filter((requirement) => markerMayApply(requirement.marker));
}

function inSet(table: Table, groups: readonly string[] | null): boolean {
  if (table['optional'] === true) return false;
  const category = asText(table['category']);
  const written = category === null ? asTexts(table['groups']) : [category];
  if (written.length === 0) return groups !== null;
  return written.some((name) => (groups === null ? isDevelopmentGroup(name) : groups.includes(name)));
}

/** Since lock version 2.1 a marker may differ by group. */
function markerOf(table: Table, groups: readonly string[] | null): string {
  const markers = table['markers'];
  if (typeof markers === 'string') return markers;
  const byGroup = asTable(markers);
  const own = asTexts(table['groups']).filter((name) => groups?.includes(name) === true);
  const stated = own.map((name) => asText(byGroup[name]) ?? '');
  return stated.includes('') ? '' : (stated[0] ?? '');
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
