import type { DetectionNote, Evidence, Requirement } from '../facts.ts';
import { joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { indexNote } from './package-indexes.ts';
import { normalizeName, parseRequirement } from './pep508.ts';
import { specifierOfPoetry } from './poetry-constraint.ts';
import type { DependencyReading } from './reading.ts';
import { isDevelopmentGroup, without } from './reading.ts';
import { asList, asTable, asText, asTexts, lineMatching, literally, readToml } from './structured-data.ts';
import type { Table } from './structured-data.ts';

/** A pyproject.toml that says something about the project, not only settings of tools. */
export interface Pyproject {
  path: string;
  folder: string;
  text: string;
  data: Table;
}

/** The pyproject.toml of a folder; null when there is none or it only has settings of tools. Throws DetectionError when it is broken. */
export function readPyproject(files: ProjectFiles, folder: string): Pyproject | null {
  const path = joinRelative(folder, 'pyproject.toml');
  const text = files.read(path);
  if (text === undefined) return null;
  const data = readToml(path, text, 'Repair it, then run again.');
  const tool = asTable(data['tool']);
  const decoy =
    !('project' in data) && !('dependency-groups' in data) && !('dependencies' in asTable(tool['poetry']));
  return decoy ? null : { path, folder, text, data };
}

const poetryTable = (project: Pyproject): Table => asTable(asTable(project.data['tool'])['poetry']);

/** Requirements that are always installed: [project] dependencies and Poetry's own table. */
export function mainRequirements(project: Pyproject): Requirement[] {
  const standard = requirementsOf(project, asTable(project.data['project'])['dependencies']);
  const poetry = poetryRequirements(project, asTable(poetryTable(project)['dependencies']), false);
  // Poetry 2 keeps the source of a [project] dependency in its own table.
  return [
    ...standard.map((item) => ({
      ...item,
      url: item.url ?? poetry.find((other) => other.name === item.name)?.url ?? null,
    })),
    ...without(poetry, standard),
  ];
}

/** Extras: [project] optional-dependencies, and Poetry's extras. */
export function optionalRequirements(project: Pyproject): Map<string, Requirement[]> {
  const extras = new Map<string, Requirement[]>();
  for (const [name, list] of Object.entries(
    asTable(asTable(project.data['project'])['optional-dependencies']),
  )) {
    extras.set(name, requirementsOf(project, list));
  }
  const poetry = poetryTable(project);
  const all = poetryRequirements(project, asTable(poetry['dependencies']), true);
  for (const [name, list] of Object.entries(asTable(poetry['extras']))) {
    const names = new Set(asTexts(list).map((item) => parseRequirement(item)?.name));
    extras.set(
      name,
      all.filter((requirement) => names.has(requirement.name)),
    );
  }
  return extras;
}

/** Groups: PEP 735 with `include-group`, Poetry's groups, and the old tables of Poetry and uv for development. */
export function groupRequirements(project: Pyproject): Map<string, Requirement[]> {
  const groups = new Map<string, Requirement[]>();
  const standard = asTable(project.data['dependency-groups']);
  for (const name of Object.keys(standard)) groups.set(name, groupOf(project, standard, name, new Set()));
  const add = (name: string, requirements: Requirement[]): void => {
    if (requirements.length > 0) groups.set(name, [...(groups.get(name) ?? []), ...requirements]);
  };
  const poetry = poetryTable(project);
  for (const [name, group] of Object.entries(asTable(poetry['group']))) {
    add(name, poetryRequirements(project, asTable(asTable(group)['dependencies']), true));
  }
  add('dev', poetryRequirements(project, asTable(poetry['dev-dependencies']), true));
  add('dev', requirementsOf(project, asTable(asTable(project.data['tool'])['uv'])['dev-dependencies']));
  return groups;
}

function groupOf(project: Pyproject, groups: Table, name: string, entered: Set<string>): Requirement[] {
  const key = Object.keys(groups).find((other) => normalizeName(other) === normalizeName(name));
  if (key === undefined || entered.has(key)) return [];
  entered.add(key);
  return asList(groups[key]).flatMap((item) => {
    const included = asText(asTable(item)['include-group']);
    return included === null ? requirementsOf(project, [item]) : groupOf(project, groups, included, entered);
  });
}

function requirementsOf(project: Pyproject, list: unknown): Requirement[] {
  return asTexts(list).flatMap((text) => {
    const parsed = parseRequirement(text);
    if (!parsed) return [];
    return [{ ...parsed, direct: true, evidence: evidenceOf(project, text, parsed.name) }];
  });
}

function evidenceOf(project: Pyproject, text: string, name: string): Evidence {
  const line =
    lineMatching(project.text, new RegExp(`^[^#]*["']${literally(text)}["']`)) ??
    lineMatching(project.text, namePattern(name));
  return { file: project.path, line };
}

/** The name at the start of a quoted requirement or of a key, however it is written. */
function namePattern(name: string): RegExp {
  return new RegExp(`(^\\s*|["'])${name.split('-').map(literally).join('[-_.]+')}\\b`, 'i');
}

function poetryRequirements(project: Pyproject, table: Table, optionalToo: boolean): Requirement[] {
  return Object.entries(table).flatMap(([key, value]) => {
    if (key.toLowerCase() === 'python') return [];
    const variants = Array.isArray(value) ? value : [value];
    return variants.flatMap((variant) => {
      const details = typeof variant === 'string' ? { version: variant } : asTable(variant);
      if (details['optional'] === true && !optionalToo) return [];
      const name = normalizeName(key);
      return [
        {
          name,
          extras: asTexts(details['extras']).map(normalizeName),
          specifier: specifierOfPoetry(asText(details['version']) ?? ''),
          marker: asText(details['markers']) ?? '',
          url: poetryUrl(details),
          direct: true,
          evidence: { file: project.path, line: lineMatching(project.text, namePattern(name)) },
        },
      ];
    });
  });
}

/** The direct reference of a table as Poetry and Pipenv write it. */
export function poetryUrl(details: Table): string | null {
  const git = asText(details['git']);
  return git === null
    ? (asText(details['url']) ?? asText(details['path']) ?? asText(details['file']))
    : git.startsWith('git+')
      ? git
      : `git+${git}`;
}

/** `requires-python`, or Poetry's `python`, as PEP 440 specifiers. */
export function pythonConstraintOf(project: Pyproject): { value: string; evidence: Evidence } | null {
  const standard = asText(asTable(project.data['project'])['requires-python']);
  const poetry = asText(asTable(poetryTable(project)['dependencies'])['python']);
  const value = standard?.replace(/\s+/g, '') ?? (poetry === null ? '' : specifierOfPoetry(poetry));
  if (value === '') return null;
  const line = lineMatching(project.text, standard === null ? /^\s*python\s*=/ : /^\s*requires-python\s*=/);
  return { value, evidence: { file: project.path, line } };
}

/** Notes for indexes beside PyPI: `[[tool.uv.index]]`, `[[tool.poetry.source]]`. */
export function indexNotesOf(project: Pyproject): DetectionNote[] {
  const tool = asTable(project.data['tool']);
  const uv = asTable(tool['uv']);
  const addresses = [
    ...[...asList(uv['index']), ...asList(poetryTable(project)['source'])].map((item) =>
      asText(asTable(item)['url']),
    ),
    asText(uv['index-url']),
    ...asTexts(uv['extra-index-url']),
  ];
  return addresses.flatMap((address) => {
    if (address === null) return [];
    const note = indexNote(address, {
      file: project.path,
      line: lineMatching(project.text, new RegExp(literally(address))),
    });
    return note ? [note] : [];
  });
}

/** Development requirements by group or extra, those of production left out, and the sets that nothing installs. */
export function splitGroups(
  project: Pyproject,
  production: readonly Requirement[],
): { developmentGroups: string[]; development: Requirement[]; optional: Map<string, Requirement[]> } {
  const groups = groupRequirements(project);
  const extras = optionalRequirements(project);
  const developmentGroups = [...groups.keys()].filter(isDevelopmentGroup);
  const all = [
    ...developmentGroups.flatMap((name) => groups.get(name) ?? []),
    ...[...extras].filter(([name]) => isDevelopmentGroup(name)).flatMap(([, list]) => list),
  ];
  const seen = new Set<string>();
  const development = without(all, production).filter((item) => !seen.has(item.name) && seen.add(item.name));
  const optional = new Map([...extras, ...[...groups].filter(([name]) => !isDevelopmentGroup(name))]);
  return { developmentGroups, development, optional };
}

/** The requirements of a pyproject.toml without a lock file. */
export function readPyprojectDependencies(project: Pyproject): DependencyReading {
  const production = mainRequirements(project);
  const { developmentGroups: allGroups, development, optional } = splitGroups(project, production);
  // Installers other than Poetry read the groups of PEP 735 only.
  const standard = project.data['dependency-groups'];
  const developmentGroups = allGroups.filter(
    (name) => typeof standard === 'object' && standard !== null && name in standard,
  );
  const table =
    'project' in project.data
      ? /^\s*dependencies\s*=/
      : /^\[(tool\.poetry\.dependencies|dependency-groups)\]/;
  const evidence: Evidence[] = [{ file: project.path, line: lineMatching(project.text, table) }];
  const notes = indexNotesOf(project);
  if (!('project' in project.data)) {
    notes.push({
      message: `${project.path} has no [project] table and no lock file lies beside it: installers other than its own cannot read it. Write a lock file first (poetry lock, uv lock)`,
      evidence,
    });
  }
  return {
    facts: {
      manager: 'pyproject',
      root: project.folder,
      productionFile: project.path,
      productionFiles: [project.path],
      developmentFile: null,
      developmentFiles: [],
      developmentGroups,
      production,
      development,
      hashed: false,
      evidence,
    },
    notes,
    artefacts: new Map(),
    optional,
  };
}
