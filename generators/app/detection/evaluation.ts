import type { SyntaxNode } from '@lezer/common';

import type { VariableCast } from './facts.ts';
import { joinRelative } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import type { ModuleLocation, ProjectModules } from './project-modules.ts';
import { lineAt } from './python-source.ts';
import type { PythonSource } from './python-source.ts';
import { makeValue } from './values.ts';
import type { Data, EnvironmentRead, Scope, Value } from './values.ts';

/** A condition and what it decides, for finding engine switches. */
export interface Decision {
  test: Value;
  /** Values that hold if the test is true / false. */
  whenTrue: readonly Value[];
  whenFalse: readonly Value[];
}

/**
 * The state of one reading of a project's modules. The code is not run: every branch is read, and what cannot be
 * known becomes `unknown`.
 */
export interface Evaluation {
  files: ProjectFiles;
  modules: ProjectModules;
  workDir: string;
  /** Variables by name. */
  reads: Map<string, EnvironmentRead>;
  decisions: Decision[];
  /** Scopes of modules by file; null while one is being read (circular imports). */
  scopes: Map<string, Scope | null>;
  /** Files in the order in which they are begun. */
  order: string[];
  /** Settings that another object stands for: `django.conf.settings`. */
  settings: Scope | null;
  /** Called for every string that an expression makes. */
  onText: ((text: string, file: string, line: number) => void) | null;
  /** Reads met during the helper call being followed. */
  touched: Set<EnvironmentRead>;
  /** How many imports (other than `from x import *`) lead here from the first module. */
  importDepth: number;
  importLimit: number;
  /** How many modules are read at most. */
  moduleLimit: number;
  /** Steps left; hostile or huge input ends as `unknown`. */
  budget: number;
  /** How deep the expression being read is nested; beyond a limit it is unknown. */
  depth: number;
  callDepth: number;
  /** Above zero inside code that does not run with nothing set. */
  dead: number;
  /** Above zero inside `try` whose handler catches a missing variable. */
  catching: number;
  /** Set when something inside such a `try` would fail with nothing set. */
  failed: boolean;
  /** Names whose being set is tested around the current code. */
  guarded: string[];
  /** Tests around the current code, with whether their outcome is known. */
  tests: { value: Value; certain: boolean }[];
  /** Return values of the function being followed. */
  returned: Value[] | null;
  /** The call at module level that led into a helper function: the evidence for what the helper reads. */
  callSite: { source: PythonSource; node: SyntaxNode } | null;
  /** Variables that the code itself sets (`os.environ.setdefault(…)`), first one first. */
  environmentSet: { name: string; value: Value }[];
  /** Folders put on `sys.path`, as texts with the root's mark. */
  searchPaths: string[];
}

/** A new evaluation. */
export function startEvaluation(files: ProjectFiles, modules: ProjectModules, workDir: string): Evaluation {
  return {
    files,
    modules,
    workDir,
    reads: new Map(),
    decisions: [],
    scopes: new Map(),
    order: [],
    settings: null,
    onText: null,
    touched: new Set(),
    importDepth: 0,
    importLimit: 2,
    moduleLimit: 80,
    budget: 600_000,
    depth: 0,
    callDepth: 0,
    dead: 0,
    catching: 0,
    failed: false,
    guarded: [],
    tests: [],
    returned: null,
    callSite: null,
    environmentSet: [],
    searchPaths: [],
  };
}

/** A value that stands at a node. */
export function valueAt(
  scope: Scope,
  node: SyntaxNode,
  data: Data,
  reads?: readonly EnvironmentRead[],
): Value {
  return makeValue(data, scope.source.path, lineAt(scope.source, node.from), reads);
}

/** An unknown value that depends on the given variables. */
export function unknownAt(scope: Scope, node: SyntaxNode, reads?: readonly EnvironmentRead[]): Value {
  return valueAt(scope, node, { kind: 'unknown' }, reads);
}

/** Looks a name up through the scopes. */
export function lookUp(scope: Scope, name: string): Value | undefined {
  for (let current: Scope | null = scope; current !== null; current = current.parent) {
    const found = current.names.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Collects a variable, or adds to what is known of it. */
export function recordRead(
  evaluation: Evaluation,
  source: PythonSource,
  node: SyntaxNode,
  name: string,
  found: {
    defaultValue: string | null;
    required: boolean;
    cast: VariableCast;
    separator?: string | undefined;
  },
): EnvironmentRead {
  const place = evaluation.callSite ?? { source, node };
  const evidence = { file: place.source.path, line: lineAt(place.source, place.node.from) };
  let read = evaluation.reads.get(name);
  if (read === undefined) {
    read = {
      name,
      defaultValue: null,
      required: false,
      cast: 'str',
      separator: ',',
      setting: null,
      settingRank: 0,
      evidence: [],
    };
    evaluation.reads.set(name, read);
  }
  if (!read.evidence.some((known) => known.file === evidence.file && known.line === evidence.line))
    read.evidence.push(evidence);
  evaluation.touched.add(read);
  read.defaultValue ??= found.defaultValue;
  if (found.cast !== 'str') setCast(read, found.cast, found.separator);
  if (found.required) requireRead(evaluation, read);
  return read;
}

/** States that the settings cannot be imported without the variable, unless the code around says otherwise. */
export function requireRead(evaluation: Evaluation, read: EnvironmentRead): void {
  if (evaluation.dead > 0 || evaluation.guarded.includes(read.name)) return;
  if (evaluation.catching > 0) evaluation.failed = true;
  else read.required = true;
}

/** States how a variable is converted; the first conversion other than text counts. */
export function setCast(read: EnvironmentRead, cast: VariableCast, separator?: string): void {
  if (read.cast === 'str' || read.cast === 'unknown') read.cast = cast;
  if (separator !== undefined && cast === 'list') read.separator = separator;
}

/** Resolves the module of a `from` import as seen from a file. */
export function findImport(
  modules: ProjectModules,
  file: string,
  level: number,
  module: string,
): ModuleLocation | undefined {
  if (level === 0) return modules.find(module);
  const parts = file.split('/').slice(0, -1);
  if (level - 1 > parts.length) return undefined;
  const folder = parts.slice(0, parts.length - (level - 1)).join('/');
  return modules.findIn(folder, module);
}

/** The submodule of a package. */
export function findSubmodule(
  modules: ProjectModules,
  location: ModuleLocation,
  name: string,
): ModuleLocation | undefined {
  return location.folder === null ? undefined : modules.findIn(location.folder, name);
}

/** The file in a folder of a scope's source. */
export function besideSource(source: PythonSource, name: string): string {
  return joinRelative(source.path.split('/').slice(0, -1).join('/'), name);
}
