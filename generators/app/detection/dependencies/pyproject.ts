import type { Fact, Requirement } from '../facts.ts';
import type { ProjectFiles } from '../project-files.ts';
import { normalizeName, parseRequirement } from './pep508.ts';
import { isTable, lineOf, readToml, stringsIn, tableAt, type TomlTable } from './toml-file.ts';

/** What a pyproject.toml says about dependencies. */
export interface Pyproject {
  path: string;
  /** It has [project], [tool.poetry] or [dependency-groups]: not only settings of tools. */
  statesDependencies: boolean;
  poetry: boolean;
  production: Requirement[];
  /** PEP 735 groups and those of poetry, by name. */
  groups: Record<string, Requirement[]>;
  /** uv syncs these without being told (`tool.uv.default-groups`, else `dev`). */
  pythonConstraint: Fact<string> | null;
}

/** Groups that hold what only development needs, by their usual names. */
export const DEVELOPMENT_GROUP = /^(dev|develop|development|test|tests|testing|lint|linting|docs?|typing|local|debug|ci)$/i;

/**
 * Poetry's `^1.2` and `~1.2` as PEP 440 (https://python-poetry.org/docs/dependency-specification/).
 * @param constraint as written; `*` gives ''
 */
export function fromPoetryConstraint(constraint: string): string {
  return constraint
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== '*')
    .map((part) => {
      const caret = /^\^\s*(\d+(?:\.\d+)*)/.exec(part)?.[1];
      if (caret) return `>=${caret},<${nextAfterCaret(caret)}`;
      const tilde = /^~\s*(\d+(?:\.\d+)*)$/.exec(part)?.[1];
      if (tilde) {
        const [major = 0, minor] = tilde.split('.').map(Number);
        return `>=${tilde},<${minor === undefined ? major + 1 : `${major}.${minor + 1}`}`;
      }
      return /^\d/.test(part) ? `==${part}` : part.replaceAll(/\s+/g, '');
    })
    .join(',');
}

function nextAfterCaret(version: string): string {
  const parts = version.split('.').map(Number);
  const firstUsed = parts.findIndex((part) => part !== 0);
  const index = firstUsed < 0 ? parts.length - 1 : firstUsed;
  return [...parts.slice(0, index), (parts[index] ?? 0) + 1].join('.');
}

/**
 * Reads a pyproject.toml.
 * @returns undefined when there is none
 * @throws DetectionError when it is not valid TOML
 */
export function readPyproject(files: ProjectFiles, path: string): Pyproject | undefined {
  const file = readToml(files, path);
  if (!file) return undefined;
  const { table, text } = file;
  const at = (line: string): Requirement | null =>
    parseRequirement(line, { file: path, line: lineOf(text, line) });
  const list = (value: unknown): Requirement[] => stringsIn(value).flatMap((line) => at(line) ?? []);

  const project = tableAt(table, 'project');
  const poetry = tableAt(table, 'tool', 'poetry');
  const groups: Record<string, Requirement[]> = {};
  for (const [name, value] of Object.entries(tableAt(table, 'dependency-groups'))) {
    groups[name] = resolveGroup(tableAt(table, 'dependency-groups'), name, list, new Set()) ?? list(value);
  }
  const poetryRequirements = (dependencies: TomlTable): Requirement[] =>
    Object.entries(dependencies).flatMap(([name, value]) => poetryRequirement(name, value, path, text) ?? []);
  for (const [name, value] of Object.entries(tableAt(poetry, 'group'))) {
    groups[name] = poetryRequirements(tableAt(isTable(value) ? value : {}, 'dependencies'));
  }
  const oldDevelopment = tableAt(poetry, 'dev-dependencies');
  if (Object.keys(oldDevelopment).length > 0) groups['dev'] = poetryRequirements(oldDevelopment);

  const stated = list(project['dependencies']);
  const production = [...stated, ...poetryRequirements(tableAt(poetry, 'dependencies'))];
  return {
    path,
    statesDependencies: 'dependencies' in project || 'dependencies' in poetry || Object.keys(groups).length > 0,
    poetry: 'dependencies' in poetry || 'group' in poetry || /poetry/.test(String(tableAt(table, 'build-system')['build-backend'])),
    production,
    groups,
    pythonConstraint: pythonConstraint(project, poetry, path, text),
  };
}

/** PEP 735: a group may include others. */
function resolveGroup(
  all: TomlTable,
  name: string,
  list: (value: unknown) => Requirement[],
  seen: Set<string>,
): Requirement[] {
  if (seen.has(name)) return [];
  seen.add(name);
  const value = all[name];
  const included = (Array.isArray(value) ? value : []).flatMap((item: unknown) => {
    const other = isTable(item) ? item['include-group'] : undefined;
    return typeof other === 'string' ? resolveGroup(all, other, list, seen) : [];
  });
  return [...list(value), ...included];
}

function poetryRequirement(name: string, value: unknown, path: string, text: string): Requirement | null {
  if (name.toLowerCase() === 'python') return null;
  const table = isTable(value) ? value : {};
  if (table['optional'] === true) return null;
  const version = typeof value === 'string' ? value : table['version'];
  const git = typeof table['git'] === 'string' ? `git+${table['git']}` : null;
  const direct = table['url'] ?? table['path'];
  return {
    name: normalizeName(name),
    extras: stringsIn(table['extras']).map(normalizeName),
    specifier: typeof version === 'string' ? fromPoetryConstraint(version) : '',
    marker: typeof table['markers'] === 'string' ? table['markers'] : '',
    url: git ?? (typeof direct === 'string' ? direct : null),
    direct: true,
    evidence: { file: path, line: lineOf(text, new RegExp(`^\\s*"?${name.replaceAll('.', '\\.')}"?\\s*=`, 'i')) },
  };
}

function pythonConstraint(project: TomlTable, poetry: TomlTable, path: string, text: string): Fact<string> | null {
  const required = project['requires-python'];
  if (typeof required === 'string') {
    const value = required.replaceAll(/\s+/g, '');
    return { value, evidence: [{ file: path, line: lineOf(text, 'requires-python') }] };
  }
  const ofPoetry = tableAt(poetry, 'dependencies')['python'];
  const constraint = isTable(ofPoetry) ? ofPoetry['version'] : ofPoetry;
  return typeof constraint === 'string'
    ? { value: fromPoetryConstraint(constraint), evidence: [{ file: path, line: lineOf(text, /^\s*python\s*=/) }] }
    : null;
}
