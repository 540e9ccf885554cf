import type { Evidence, Requirement } from '../facts.ts';
import { folderOf } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { markerMayApply } from './markers.ts';
import { privateIndex, indexNotes } from './package-indexes.ts';
import { normalizeName } from './pep508.ts';
import { mainRequirements, merged, readPyproject } from './pyproject.ts';
import { artefactsByName, dependencyFacts, without } from './reading.ts';
import type { DependencyReading } from './reading.ts';
import { chooseSets, factsOfSets } from './requirement-sets.ts';
import type { RequirementSet } from './requirement-sets.ts';
import { asList, asTable, asText, asTexts, lineMatching, literally, readToml } from './structured-data.ts';
import type { Table } from './structured-data.ts';

interface LockedPackage {
  requirement: Requirement;
  table: Table;
}

/** Reads pylock.toml (PEP 751, https://packaging.python.org/en/latest/specifications/pylock-toml/). */
export function readPylock(files: ProjectFiles, path: string): DependencyReading {
  const text = files.read(path) ?? '';
  const data = readToml(path, text, 'Write it anew with the tool that made it.');
  const folder = folderOf(path);
  const packages = lockedPackages(data, text, path, statedNames(files, folder));
  const inSets = (groups: readonly string[], extras: readonly string[]): Requirement[] =>
    merged(
      packages
        .map((item) => item.requirement)
        .filter((item) => markerMayApply(item.marker, { sets: { dependency_groups: groups, extras } })),
    );
  const defaults = asTexts(data['default-groups']);
  const always = inSets(defaults, []);
  const set = (kind: RequirementSet['kind'], name: string): RequirementSet => ({
    kind,
    name,
    requirements: without(
      kind === 'group' ? inSets([...defaults, name], []) : inSets(defaults, [name]),
      always,
    ),
    byDefault: false,
  });
  const groups = asTexts(data['dependency-groups']).filter((name) => !defaults.includes(name));
  const chosen = chooseSets(
    [
      ...groups.map((name) => set('group', name)),
      ...asTexts(data['extras']).map((name) => set('extra', name)),
    ],
    always,
  );
  const names = factsOfSets(chosen);
  const production = inSets([...defaults, ...names.productionGroups], names.productionExtras);
  const development = inSets(
    [...defaults, ...names.developmentGroups, ...names.productionGroups],
    [...names.productionExtras, ...names.developmentExtras],
  );
  const privateIndexes = [...new Set(packages.map((item) => asText(item.table['index']) ?? ''))].flatMap(
    (address) =>
      privateIndex(address, { file: path, line: lineMatching(text, new RegExp(literally(address))) }) ?? [],
  );
  return {
    facts: dependencyFacts('pylock', folder, path, {
      ...names,
      production,
      development: without(development, production),
      hashed: true,
      privateIndexes,
    }),
    notes: [...chosen.notes, ...indexNotes(privateIndexes)],
    artefacts: artefactsByName(packages.map((item) => [item.requirement.name, artefactsOf(item.table)])),
    constraint: constraintOf(data, path, text),
  };
}

function statedNames(files: ProjectFiles, folder: string): Set<string> | null {
  const project = readPyproject(files, folder);
  const names = project === null ? [] : mainRequirements(project).map((item) => item.name);
  return names.length === 0 ? null : new Set(names);
}

/** Without a list of the project's own, what no other package asks for is the project's. */
function lockedPackages(
  data: Table,
  text: string,
  path: string,
  stated: ReadonlySet<string> | null,
): LockedPackage[] {
  const lines = text
    .split('\n')
    .flatMap((line, index) => (/^\[\[packages\]\]\s*$/.test(line) ? [index + 2] : []));
  const tables = asList(data['packages']).map(asTable);
  const nameOf = (table: Table): string => normalizeName(asText(table['name']) ?? '');
  const wanted = new Set(tables.flatMap((table) => asList(table['dependencies']).map(asTable).map(nameOf)));
  return tables.map((table, index) => {
    const name = nameOf(table);
    const version = asText(table['version']);
    return {
      table,
      requirement: {
        name,
        extras: [],
        specifier: version === null ? '' : `==${version}`,
        marker: asText(table['marker']) ?? '',
        url: urlOf(table),
        direct: stated === null ? !wanted.has(name) : stated.has(name),
        evidence: { file: path, line: lines[index] ?? null },
      },
    };
  });
}

function urlOf(table: Table): string | null {
  const vcs = asTable(table['vcs']);
  const address = asText(vcs['url']) ?? asText(vcs['path']);
  if (address !== null) return `${asText(vcs['type']) ?? 'git'}+${address}`;
  const archive = asTable(table['archive']);
  return asText(archive['url']) ?? asText(archive['path']) ?? asText(asTable(table['directory'])['path']);
}

function artefactsOf(table: Table): string[] {
  return [...asList(table['wheels']), table['sdist']].flatMap((item) => {
    const entry = asTable(item);
    const address = asText(entry['url']) ?? asText(entry['path']);
    const name = asText(entry['name']) ?? address?.split(/[?#]/)[0]?.split('/').at(-1);
    return name === undefined || name === '' ? [] : [name];
  });
}

function constraintOf(data: Table, path: string, text: string): { value: string; evidence: Evidence } | null {
  const value = (asText(data['requires-python']) ?? '').replace(/\s+/g, '');
  if (value === '') return null;
  return { value, evidence: { file: path, line: lineMatching(text, /^requires-python\s*=/) } };
}
