import type { Evidence, Requirement } from '../facts.ts';
import { folderOf, joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { markerMayApply } from './markers.ts';
import { indexNotes } from './package-indexes.ts';
import { normalizeName, parseRequirement } from './pep508.ts';
import {
  mainRequirements,
  merged,
  poetryUrl,
  privateIndexesOf,
  readPyproject,
  requirementSets,
} from './pyproject.ts';
import { artefactsByName, dependencyFacts, without } from './reading.ts';
import type { DependencyReading } from './reading.ts';
import { chooseSets, factsOfSets } from './requirement-sets.ts';
import type { RequirementSet } from './requirement-sets.ts';
import { asList, asTable, asText, asTexts, lineMatching, readToml } from './structured-data.ts';
import type { Table } from './structured-data.ts';

/** One entry of the lock; a package has a further entry for each combination of extras. */
interface LockedPackage {
  name: string;
  table: Table;
  line: number | null;
}

/**
 * Reads pdm.lock: what `pdm install --prod` installs with the groups of production, and what those of development add.
 * The format: https://pdm-project.org/latest/usage/lockfile/
 */
export function readPdmLock(files: ProjectFiles, path: string): DependencyReading {
  const text = files.read(path) ?? '';
  const data = readToml(path, text, 'Write it anew with: pdm lock');
  const folder = folderOf(path);
  const project = readPyproject(files, folder);
  const packages = lockedPackages(data, text);
  const main = project ? mainRequirements(project) : [];
  const metadata = asTable(data['metadata']);
  // Only what is locked can be installed: a group may be left out of the lock.
  const locked = new Set(asTexts(metadata['groups']));
  const sets = (project ? requirementSets(project) : []).filter(
    (set) => locked.size === 0 || locked.has(set.name),
  );
  const always = installed(packages, ['default'], main, path);
  const chosen = chooseSets(sets, always);
  const productionRoots = [...main, ...requirementsOf(chosen.production)];
  const production = installed(
    packages,
    ['default', ...chosen.production.map((set) => set.name)],
    productionRoots,
    path,
  );
  const development = installed(
    packages,
    chosen.development.map((set) => set.name),
    requirementsOf(chosen.development),
    path,
  );
  const privateIndexes = project ? privateIndexesOf(project) : [];
  return {
    facts: dependencyFacts('pdm', folder, path, {
      productionFiles: [joinRelative(folder, 'pyproject.toml'), path]
        .filter((file) => files.exists(file))
        .toSorted(),
      ...factsOfSets(chosen),
      production,
      development: without(development, production),
      hashed: packages.every((item) => isHashed(item.table)),
      privateIndexes,
    }),
    notes: [...chosen.notes, ...indexNotes(privateIndexes)],
    artefacts: artefactsByName(packages.map((item) => [item.name, artefactsOf(item.table)])),
    constraint: constraintOf(metadata, path, text),
  };
}

const requirementsOf = (sets: readonly RequirementSet[]): Requirement[] =>
  sets.flatMap((set) => set.requirements);

function lockedPackages(data: Table, text: string): LockedPackage[] {
  const lines = text
    .split('\n')
    .flatMap((line, index) => (/^\[\[package\]\]\s*$/.test(line) ? [index + 2] : []));
  return asList(data['package']).map((item, index) => {
    const table = asTable(item);
    return { name: normalizeName(asText(table['name']) ?? ''), table, line: lines[index] ?? null };
  });
}

/** Since lock version 4.5 each package says which groups want it, before that only the graph tells. */
function installed(
  packages: readonly LockedPackage[],
  groups: readonly string[],
  roots: readonly Requirement[],
  path: string,
): Requirement[] {
  const written = packages.some((item) => 'groups' in item.table);
  const wanted = written
    ? packages.filter((item) => asTexts(item.table['groups']).some((group) => groups.includes(group)))
    : reachable(packages, roots);
  const direct = new Set(roots.map((requirement) => requirement.name));
  return merged(
    wanted
      .map((item) => ({
        name: item.name,
        extras: asTexts(item.table['extras']).map(normalizeName),
        specifier: `==${asText(item.table['version']) ?? ''}`,
        marker: asText(item.table['marker']) ?? '',
        url: poetryUrl(item.table),
        direct: direct.has(item.name),
        evidence: { file: path, line: item.line },
      }))
      .filter((requirement) => markerMayApply(requirement.marker)),
  );
}

function reachable(packages: readonly LockedPackage[], roots: readonly Requirement[]): LockedPackage[] {
  const found = new Set<LockedPackage>();
  const queue: { name: string; extras: string[]; marker: string }[] = [...roots];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { name, extras, marker } = next;
    if (!markerMayApply(marker)) continue;
    for (const item of packages) {
      const own = asTexts(item.table['extras']).map(normalizeName);
      if (item.name !== name || found.has(item) || !own.every((extra) => extras.includes(extra))) continue;
      found.add(item);
      queue.push(...asTexts(item.table['dependencies']).flatMap((entry) => parseRequirement(entry) ?? []));
    }
  }
  return packages.filter((item) => found.has(item));
}

function isHashed(table: Table): boolean {
  const files = asList(table['files']);
  return files.length > 0 && files.every((file) => asText(asTable(file)['hash']) !== null);
}

/** Names of wheels and archives; PDM may be told to write addresses instead (`static_urls`). */
function artefactsOf(table: Table): string[] {
  return asList(table['files']).flatMap((file) => {
    const entry = asTable(file);
    const name = asText(entry['file']) ?? asText(entry['url'])?.split(/[?#]/)[0]?.split('/').at(-1);
    return name === undefined || name === '' ? [] : [name];
  });
}

function constraintOf(
  metadata: Table,
  path: string,
  text: string,
): { value: string; evidence: Evidence } | null {
  const [first] = asList(metadata['targets']);
  const value = (asText(asTable(first)['requires_python']) ?? '').replace(/\s+/g, '');
  if (value === '') return null;
  return { value, evidence: { file: path, line: lineMatching(text, /^requires_python\s*=/) } };
}
