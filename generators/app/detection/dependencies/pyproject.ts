import type { Evidence, PrivateIndex, Requirement } from '../facts.ts';
import { joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import { indexNotes, privateIndex } from './package-indexes.ts';
import { normalizeName, parseRequirement } from './pep508.ts';
import { specifierOfPoetry } from './poetry-constraint.ts';
import type { DependencyReading } from './reading.ts';
import { dependencyFacts, without } from './reading.ts';
import { chooseSets, developmentOf, factsOfSets } from './requirement-sets.ts';
import type { RequirementSet } from './requirement-sets.ts';
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
  const poetry = asTable(asTable(data['tool'])['poetry']);
  const decoy =
    !('project' in data) &&
    !('dependency-groups' in data) &&
    !('dependencies' in poetry) &&
    !('group' in poetry);
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

/** Groups: PEP 735 with `include-group`, Poetry's groups, and the tables of Poetry, PDM and uv for development. */
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
  const tool = asTable(project.data['tool']);
  add('dev', requirementsOf(project, asTable(tool['uv'])['dev-dependencies']));
  for (const [name, list] of Object.entries(asTable(asTable(tool['pdm'])['dev-dependencies']))) {
    add(name, requirementsOf(project, list));
  }
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

/** Indexes beside PyPI: `[[tool.uv.index]]`, `[[tool.poetry.source]]`, `[[tool.pdm.source]]`. */
export function privateIndexesOf(project: Pyproject): PrivateIndex[] {
  const tool = asTable(project.data['tool']);
  const uv = asTable(tool['uv']);
  const addresses = [
    ...[
      ...asList(uv['index']),
      ...asList(poetryTable(project)['source']),
      ...asList(asTable(tool['pdm'])['source']),
    ].map((item) => asText(asTable(item)['url'])),
    asText(uv['index-url']),
    ...asTexts(uv['extra-index-url']),
  ];
  return addresses.flatMap((address) => {
    if (address === null) return [];
    const line = lineMatching(project.text, new RegExp(literally(address)));
    return privateIndex(address, { file: project.path, line }) ?? [];
  });
}

/** Every group and extra. `byDefault`: which groups the project's own tool installs without being asked. */
export function requirementSets(
  project: Pyproject,
  byDefault: (group: string) => boolean = () => false,
): RequirementSet[] {
  return [
    ...[...groupRequirements(project)].map(([name, requirements]) => ({
      kind: 'group' as const,
      name,
      requirements,
      byDefault: byDefault(name),
    })),
    ...[...optionalRequirements(project)].map(([name, requirements]) => ({
      kind: 'extra' as const,
      name,
      requirements,
      byDefault: false,
    })),
  ];
}

/** Poetry installs every group that is not marked as optional. */
export function poetryDefaults(project: Pyproject): (group: string) => boolean {
  const tables = asTable(poetryTable(project)['group']);
  return (group) => asTable(tables[group])['optional'] !== true;
}

/** Whether the requirements stand in Poetry's own tables, which nothing but Poetry reads. */
export function statedForPoetry(project: Pyproject): boolean {
  const poetry = poetryTable(project);
  return (
    Object.keys(asTable(poetry['dependencies'])).some((name) => name.toLowerCase() !== 'python') ||
    'group' in poetry
  );
}

/** The requirements of a pyproject.toml without a lock file. */
export function readPyprojectDependencies(project: Pyproject): DependencyReading {
  const poetry = statedForPoetry(project);
  const always = mainRequirements(project);
  const all = requirementSets(project, poetry ? poetryDefaults(project) : undefined);
  // Installers other than the tool itself read the groups of PEP 735 only.
  const standard = asTable(project.data['dependency-groups']);
  const readable = all.filter((set) => poetry || set.kind === 'extra' || set.name in standard);
  const chosen = chooseSets(readable, always);
  const production = merged([...always, ...chosen.production.flatMap((set) => set.requirements)]);
  const table =
    always.length === 0
      ? /^\[dependency-groups\]/
      : poetry
        ? /^\[tool\.poetry\.dependencies\]/
        : /^\s*dependencies\s*=/;
  const evidence: Evidence[] = [{ file: project.path, line: lineMatching(project.text, table) }];
  const privateIndexes = privateIndexesOf(project);
  return {
    facts: dependencyFacts(poetry ? 'poetry' : 'pyproject', project.folder, project.path, {
      ...factsOfSets(chosen),
      onlyGroups: !('project' in project.data),
      production,
      development: developmentOf(
        chosen.development.flatMap((set) => set.requirements),
        production,
      ),
      privateIndexes,
      evidence,
    }),
    notes: [
      ...chosen.notes,
      ...indexNotes(privateIndexes),
      ...(poetry
        ? [
            {
              message: `${project.path} has no poetry.lock beside it: versions are chosen anew at every build. Write one with: poetry lock`,
              evidence,
            },
          ]
        : []),
    ],
    artefacts: new Map(),
  };
}

/** Each name once, with the extras of all and the first specifier that there is. */
export function merged(requirements: readonly Requirement[]): Requirement[] {
  const byName = new Map<string, Requirement>();
  for (const item of requirements) {
    const earlier = byName.get(item.name);
    byName.set(
      item.name,
      earlier === undefined
        ? item
        : {
            ...(earlier.specifier === '' ? { ...item, direct: earlier.direct || item.direct } : earlier),
            extras: [...new Set([...earlier.extras, ...item.extras])],
            // One way to it without a condition is enough.
            marker: earlier.marker === '' || item.marker === '' ? '' : earlier.marker,
          },
    );
  }
  return [...byName.values()];
}
