import type { SyntaxNode } from '@lezer/common';
import type { Evidence, Requirement } from '../facts.ts';
import { folderOf, joinRelative } from '../paths.ts';
import type { ProjectFiles } from '../project-files.ts';
import type { PythonSource } from '../python-source.ts';
import {
  callArguments,
  childrenOf,
  findNodes,
  lineAt,
  readPython,
  splitAtCommas,
  textOf,
  unquote,
} from '../python-source.ts';
import { parseRequirement } from './pep508.ts';
import { merged } from './pyproject.ts';
import { dependencyFacts } from './reading.ts';
import type { DependencyReading } from './reading.ts';
import { chooseSets, developmentOf, factsOfSets } from './requirement-sets.ts';
import type { RequirementSet } from './requirement-sets.ts';

/** A requirement, or another value, as it is written, and where. */
interface Written {
  text: string;
  line: number;
}

/** What setup.cfg or setup.py says; both know the same three fields. */
interface SetupFile {
  requirements: Written[];
  extras: Map<string, Written[]>;
  python: Written | null;
}

/**
 * Reads `[options]` of setup.cfg, or the literal arguments of `setup()` in setup.py.
 * The fields: https://setuptools.pypa.io/en/latest/userguide/dependency_management.html
 * @returns null where the file lists no requirement that can be read
 */
export function readSetupFile(files: ProjectFiles, path: string): DependencyReading | null {
  const setup = path.endsWith('.cfg') ? inSetupCfg(files.read(path) ?? '') : inSetupPy(files, path);
  if (setup.requirements.length === 0) return null;
  const requirements = (list: readonly Written[]): Requirement[] =>
    list.flatMap(({ text, line }) => {
      const parsed = parseRequirement(text);
      return parsed === null ? [] : [{ ...parsed, direct: true, evidence: { file: path, line } }];
    });
  const always = requirements(setup.requirements);
  const sets: RequirementSet[] = [...setup.extras].map(([name, list]) => ({
    kind: 'extra',
    name,
    requirements: requirements(list),
    byDefault: false,
  }));
  const chosen = chooseSets(sets, always);
  const production = merged([...always, ...chosen.production.flatMap((set) => set.requirements)]);
  const evidence: Evidence[] = [{ file: path, line: setup.requirements[0]?.line ?? null }];
  return {
    facts: dependencyFacts('setuptools', folderOf(path), path, {
      ...factsOfSets(chosen),
      production,
      development: developmentOf(
        chosen.development.flatMap((set) => set.requirements),
        production,
      ),
      evidence,
    }),
    notes: chosen.notes,
    artefacts: new Map(),
    constraint:
      setup.python === null
        ? null
        : {
            value: setup.python.text.replace(/\s+/g, ''),
            evidence: { file: path, line: setup.python.line },
          },
  };
}

/** Requirements files that `install_requires = file: …` names, relative to the repository. */
export function filesNamedBySetupCfg(files: ProjectFiles, folder: string): string[] {
  const path = joinRelative(folder, 'setup.cfg');
  const [first] = valuesIn(files.read(path) ?? '', 'options').get('install_requires') ?? [];
  const named = /^file:\s*(.+)$/.exec(first?.text ?? '')?.[1];
  if (named === undefined) return [];
  return named
    .split(',')
    .map((name) => joinRelative(folder, name.trim()))
    .filter((file) => files.exists(file));
}

function inSetupCfg(text: string): SetupFile {
  const options = valuesIn(text, 'options');
  const listed = (list: readonly Written[] | undefined): Written[] =>
    (list ?? []).filter((item) => !/^(file|attr):/.test(item.text));
  return {
    requirements: listed(options.get('install_requires')),
    extras: new Map(
      [...valuesIn(text, 'options.extras_require')].map(([name, list]) => [name, listed(list)]),
    ),
    python: options.get('python_requires')?.[0] ?? null,
  };
}

/** The values of one section line by line, as configparser and setuptools read lists: one on each line, or with `;`. */
function valuesIn(text: string, section: string): Map<string, Written[]> {
  const values = new Map<string, Written[]>();
  let inside = false;
  let current: Written[] | null = null;
  for (const [index, line] of text.split(/\r\n|\n/).entries()) {
    if (/^\s*([#;].*)?$/.test(line)) continue;
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      inside = header.trim() === section;
      current = null;
      continue;
    }
    if (!inside) continue;
    const key = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (key) {
      current = [];
      values.set((key[1] ?? '').toLowerCase(), current);
    }
    const value = (key ? (key[2] ?? '') : line).trim();
    if (value !== '') current?.push({ text: value.replace(/\s+#.*$/, ''), line: index + 1 });
  }
  return values;
}

function inSetupPy(files: ProjectFiles, path: string): SetupFile {
  const source = readPython(files, path);
  const nothing: SetupFile = { requirements: [], extras: new Map(), python: null };
  if (source === undefined) return nothing;
  const call = findNodes(source, new Set(['CallExpression'])).find((node) => {
    const called = node.firstChild;
    return called !== null && /^(setuptools\.)?setup$/.test(textOf(source, called));
  });
  const list = call?.getChild('ArgList');
  if (list === null || list === undefined) return nothing;
  const named = new Map(callArguments(source, list).map((argument) => [argument.name, argument.value]));
  const literal = (name: string): SyntaxNode | null => {
    const node = named.get(name);
    return node === undefined ? null : assigned(source, node);
  };
  const python = stringsOf(source, literal('python_requires'));
  return {
    requirements: stringsOf(source, literal('install_requires')),
    extras: dictionaryOf(source, literal('extras_require')),
    python: python[0] ?? null,
  };
}

/** What a plain name stands for: its first assignment at module level. */
function assigned(source: PythonSource, node: SyntaxNode): SyntaxNode {
  if (node.name !== 'VariableName') return node;
  const name = textOf(source, node);
  const statement = findNodes(source, new Set(['AssignStatement'])).find(
    (item) =>
      item.parent?.name === 'Script' && item.firstChild !== null && textOf(source, item.firstChild) === name,
  );
  return statement?.lastChild ?? node;
}

/** A string, or the strings of a list or a tuple. */
function stringsOf(source: PythonSource, node: SyntaxNode | null): Written[] {
  if (node === null) return [];
  if (node.name === 'String') {
    const text = unquote(textOf(source, node));
    return text === undefined ? [] : [{ text: text.trim(), line: lineAt(source, node.from) }];
  }
  if (node.name !== 'ArrayExpression' && node.name !== 'TupleExpression') return [];
  return childrenOf(node).flatMap((child) => (child.name === 'String' ? stringsOf(source, child) : []));
}

function dictionaryOf(source: PythonSource, node: SyntaxNode | null): Map<string, Written[]> {
  const entries = new Map<string, Written[]>();
  if (node?.name !== 'DictionaryExpression') return entries;
  const inner = childrenOf(node).filter((child) => child.name !== '{' && child.name !== '}');
  for (const [key, colon, value] of splitAtCommas(inner)) {
    const [name] = stringsOf(source, key ?? null);
    if (name !== undefined && colon?.name === ':' && value !== undefined)
      entries.set(name.text, stringsOf(source, assigned(source, value)));
  }
  return entries;
}
