import type { DetectionNote, Requirement } from '../facts.ts';
import { folderOf, joinRelative, normalisePath } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { markerMayApply } from './markers.ts';
import { normalizeName } from './pep508.ts';
import { indexNotes } from './package-indexes.ts';
import { privateIndexesOf, readPyproject, requirementSets } from './pyproject.ts';
import type { DependencyReading } from './reading.ts';
import { dependencyFacts, without } from './reading.ts';
import { chooseSets, factsOfSets } from './requirement-sets.ts';
import type { RequirementSet } from './requirement-sets.ts';
import { asList, asTable, asText, asTexts, readToml } from './structured-data.ts';
import type { Table } from './structured-data.ts';

interface LockedPackage {
  name: string;
  version: string;
  table: Table;
  line: number | null;
}

interface Edge {
  name: string;
  version: string | null;
  marker: string;
  extras: string[];
}

/** Reads uv.lock: what `uv sync` installs with the groups and extras of production, and what those of development add. */
export function readUvLock(files: ProjectFiles, path: string): DependencyReading {
  const text = files.read(path) ?? '';
  const data = readToml(path, text, 'Write it anew with: uv lock');
  const folder = folderOf(path);
  const packages = lockedPackages(data, text);
  const project = readPyproject(files, folder);
  const roots = rootPackages(packages);
  const manifestGroups = asTable(asTable(data['manifest'])['dependency-groups']);
  const groupTables = [...roots.map((root) => asTable(root.table['dev-dependencies'])), manifestGroups];
  const extraTables = roots.map((root) => asTable(root.table['optional-dependencies']));
  const edgesOf = (sets: readonly Pick<RequirementSet, 'kind' | 'name'>[]): Edge[] =>
    sets.flatMap(({ kind, name }) =>
      (kind === 'group' ? groupTables : extraTables).flatMap((table) => edges(namedIn(table, name))),
    );

  const graph = byName(packages);
  const alwaysEdges = roots.flatMap((root) => edges(root.table['dependencies']));
  const defaults = asTable(asTable(project?.data['tool'])['uv'])['default-groups'];
  const byDefault = (group: string): boolean => defaults === 'all' || asTexts(defaults).includes(group);
  const stated = project ? requirementSets(project, byDefault) : [];
  const sets = (['group', 'extra'] as const).flatMap((kind) =>
    lockedNames(kind === 'group' ? groupTables : extraTables).map(
      (name) =>
        stated.find((set) => set.kind === kind && normalizeName(set.name) === normalizeName(name)) ?? {
          kind,
          name,
          requirements: reachable(graph, edgesOf([{ kind, name }]), path, roots),
          byDefault: byDefault(name),
        },
    ),
  );
  const chosen = chooseSets(sets, reachable(graph, alwaysEdges, path, roots));
  const production = reachable(graph, [...alwaysEdges, ...edgesOf(chosen.production)], path, roots);
  const development = without(reachable(graph, edgesOf(chosen.development), path, roots), production);
  const members = packages.map((item) => memberFolder(item)).filter((member) => member !== null);
  const privateIndexes = project ? privateIndexesOf(project) : [];

  return {
    facts: dependencyFacts('uv', folder, path, {
      productionFiles: productionFiles(files, folder, path, members),
      ...factsOfSets(chosen),
      production,
      development,
      privateIndexes,
    }),
    notes: [
      ...chosen.notes,
      ...indexNotes(privateIndexes),
      ...localNotes(path, graph, [...production, ...development]),
    ],
    artefacts: new Map(
      [...graph].map(([name, versions]) => [name, versions.flatMap((item) => artefactsOf(item.table))]),
    ),
  };
}

const lockedNames = (tables: readonly Table[]): string[] => [
  ...new Set(tables.flatMap((table) => Object.keys(table))),
];

/** uv writes the names of groups and extras normalised. */
function namedIn(table: Table, name: string): unknown {
  return table[Object.keys(table).find((key) => normalizeName(key) === normalizeName(name)) ?? name];
}

function lockedPackages(data: Table, text: string): LockedPackage[] {
  const lines = text
    .split('\n')
    .flatMap((line, index) => (/^\[\[package\]\]\s*$/.test(line) ? [index + 2] : []));
  return asList(data['package']).map((item, index) => {
    const table = asTable(item);
    return {
      name: normalizeName(asText(table['name']) ?? ''),
      version: asText(table['version']) ?? '',
      table,
      line: lines[index] ?? null,
    };
  });
}

/** The folder of a package of this workspace, relative to the lock file; null for others. */
function memberFolder(item: LockedPackage): string | null {
  const source = asTable(item.table['source']);
  return asText(source['virtual']) ?? asText(source['editable']);
}

/** The package beside the lock file; in a workspace without one, every member. */
function rootPackages(packages: readonly LockedPackage[]): LockedPackage[] {
  const own = packages.filter((item) => memberFolder(item) === '.');
  return own.length > 0 ? own : packages.filter((item) => memberFolder(item) !== null);
}

function edges(list: unknown): Edge[] {
  return asList(list).map((item) => {
    const table = asTable(item);
    return {
      name: normalizeName(asText(table['name']) ?? ''),
      version: asText(table['version']),
      marker: asText(table['marker']) ?? '',
      extras: asTexts(table['extra']).map(normalizeName),
    };
  });
}

function byName(packages: readonly LockedPackage[]): Map<string, LockedPackage[]> {
  const map = new Map<string, LockedPackage[]>();
  for (const item of packages) map.set(item.name, [...(map.get(item.name) ?? []), item]);
  return map;
}

function reachable(
  graph: ReadonlyMap<string, LockedPackage[]>,
  start: readonly Edge[],
  path: string,
  roots: readonly LockedPackage[],
): Requirement[] {
  const found = new Map<LockedPackage, Requirement>();
  const followed = new Set<string>();
  const queue = start.map((edge) => ({ edge, direct: true }));
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { edge, direct } = next;
    if (!markerMayApply(edge.marker)) continue;
    for (const item of graph.get(edge.name) ?? []) {
      if (edge.version !== null && edge.version !== item.version) continue;
      // The project's own extras: its requirements count, the project itself is not installed.
      if (!roots.includes(item)) addFound(found, item, edge, direct, path);
      for (const extra of ['', ...edge.extras]) {
        const key = `${item.name} ${item.version} ${extra} ${edge.marker === '' ? '' : 'marked'}`;
        if (followed.has(key)) continue;
        followed.add(key);
        const list =
          extra === '' ? item.table['dependencies'] : asTable(item.table['optional-dependencies'])[extra];
        if (extra === '' && roots.includes(item)) continue;
        for (const further of edges(list)) {
          queue.push({
            edge: further.marker === '' ? { ...further, marker: edge.marker } : further,
            direct: roots.includes(item),
          });
        }
      }
    }
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function addFound(
  found: Map<LockedPackage, Requirement>,
  item: LockedPackage,
  edge: Edge,
  direct: boolean,
  path: string,
): void {
  const earlier = found.get(item);
  found.set(item, {
    name: item.name,
    extras: [...new Set([...(earlier?.extras ?? []), ...edge.extras])],
    specifier: item.version === '' ? '' : `==${item.version}`,
    // One way to it without a condition is enough.
    marker: earlier === undefined || edge.marker === '' ? edge.marker : earlier.marker,
    url: sourceUrl(asTable(item.table['source'])),
    ...(fromOtherIndex(asTable(item.table['source'])) ? { otherIndex: true } : {}),
    direct: direct || (earlier?.direct ?? false),
    evidence: { file: path, line: item.line },
  });
}

function fromOtherIndex(source: Table): boolean {
  const registry = asText(source['registry']);
  return registry !== null && !registry.startsWith('https://pypi.org/');
}

function sourceUrl(source: Table): string | null {
  const git = asText(source['git']);
  if (git !== null) return `git+${git}`;
  return (
    asText(source['url']) ??
    asText(source['path']) ??
    asText(source['directory']) ??
    asText(source['editable']) ??
    asText(source['virtual'])
  );
}

function artefactsOf(table: Table): string[] {
  return [...asList(table['wheels']), table['sdist']].flatMap((value) => {
    const entry = asTable(value);
    const name =
      (asText(entry['url']) ?? asText(entry['path']) ?? asText(entry['filename']) ?? '').split('/').at(-1) ??
      '';
    return name === '' ? [] : [decodeURIComponentSafely(name)];
  });
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function productionFiles(
  files: ProjectFiles,
  folder: string,
  path: string,
  members: readonly string[],
): string[] {
  const companions = ['pyproject.toml', 'uv.toml'].map((name) => joinRelative(folder, name));
  const manifests = members.map((member) => normalisePath(joinRelative(folder, `${member}/pyproject.toml`)));
  return [...new Set([path, ...companions, ...manifests])].filter((file) => files.exists(file)).toSorted();
}

function localNotes(
  path: string,
  graph: ReadonlyMap<string, LockedPackage[]>,
  requirements: readonly Requirement[],
): DetectionNote[] {
  return requirements.flatMap((requirement) => {
    const source = asTable(graph.get(requirement.name)?.[0]?.table['source']);
    const local =
      asText(source['editable']) ??
      asText(source['virtual']) ??
      asText(source['directory']) ??
      asText(source['path']);
    if (local === null) return [];
    return [
      {
        message: `${path} installs ${requirement.name} from ${local} in this repository, which the image does not have while it installs requirements`,
        evidence: [requirement.evidence],
      },
    ];
  });
}
