import type { SyntaxNode } from '@lezer/common';

import { evaluate } from './evaluate-expression.ts';
import {
  besideSource,
  findImport,
  findSubmodule,
  lookUp,
  requireRead,
  setCast,
  unknownAt,
  valueAt,
} from './evaluation.ts';
import type { Evaluation } from './evaluation.ts';
import {
  callArguments,
  childrenOf,
  importedNames,
  readPython,
  splitAtCommas,
  statementsOf,
  textOf,
} from './python-source.ts';
import type { Arguments } from './settings-variables.ts';
import { feedSetting } from './settings-variables.ts';
import {
  defaultText,
  mergeValues,
  optionsOf,
  scalarText,
  stringsIn,
  textValue,
  truthOf,
  unionReads,
} from './values.ts';
import type { EnvironmentRead, FunctionData, Scope, Value } from './values.ts';

/** Whether the code after a statement can be reached in the function being followed. */
type Outcome = 'next' | 'end';

const maximumCallDepth = 6;

/** Reads a module once and gives its names; undefined when there is no such file or it is being read (a cycle). */
export function loadModule(evaluation: Evaluation, file: string): Scope | undefined {
  const known = evaluation.scopes.get(file);
  if (known !== undefined) return known ?? undefined;
  if (evaluation.scopes.size >= evaluation.moduleLimit) return undefined;
  const source = readPython(evaluation.files, file);
  if (source === undefined) return undefined;
  evaluation.scopes.set(file, null);
  evaluation.order.push(file);
  const scope: Scope = { names: new Map(), parent: null, source, moduleLevel: true };
  runBody(evaluation, scope, source.tree.topNode, true);
  visitUncalled(evaluation, scope);
  evaluation.scopes.set(file, scope);
  return scope;
}

/** Functions that nothing called are read for the variables in them, which are then not required. */
function visitUncalled(evaluation: Evaluation, scope: Scope): void {
  evaluation.dead += 1;
  // A copy, because following a function may add names.
  for (const value of Array.from(scope.names.values())) {
    if (
      value.data.kind === 'function' &&
      value.data.scope === scope &&
      value.data.node.name === 'FunctionDefinition'
    ) {
      callFunction(evaluation, value.data, { positional: [], named: new Map() }, value.data.node, scope);
    }
  }
  evaluation.dead -= 1;
}

/** Reads the statements of a body. With `whole`, goes on after `return` and `raise` (a module's top level). */
export function runBody(evaluation: Evaluation, scope: Scope, body: SyntaxNode, whole = false): Outcome {
  for (const statement of statementsOf(body)) {
    if (evaluation.budget <= 0) return 'end';
    if (runStatement(evaluation, scope, statement) === 'end' && !whole) return 'end';
  }
  return 'next';
}

function runStatement(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Outcome {
  evaluation.budget -= 1;
  switch (node.name) {
    case 'AssignStatement':
      assign(evaluation, scope, node);
      return 'next';
    case 'UpdateStatement':
      update(evaluation, scope, node);
      return 'next';
    case 'ExpressionStatement': {
      const expression = node.firstChild;
      if (expression !== null && !changeInPlace(evaluation, scope, expression))
        evaluate(evaluation, scope, expression);
      return 'next';
    }
    case 'ImportStatement':
      importStatement(evaluation, scope, node);
      return 'next';
    case 'IfStatement':
      return ifStatement(evaluation, scope, node);
    case 'TryStatement':
      return tryStatement(evaluation, scope, node);
    case 'WithStatement':
      return withStatement(evaluation, scope, node);
    case 'ForStatement':
      forStatement(evaluation, scope, node);
      return 'next';
    case 'FunctionDefinition': {
      const name = childrenOf(node).find((child) => child.name === 'VariableName');
      if (name !== undefined)
        scope.names.set(textOf(scope.source, name), valueAt(scope, node, { kind: 'function', node, scope }));
      return 'next';
    }
    case 'DecoratedStatement': {
      const definition = node.lastChild;
      if (definition !== null) runStatement(evaluation, scope, definition);
      return 'next';
    }
    case 'ClassDefinition':
      classDefinition(evaluation, scope, node);
      return 'next';
    case 'ReturnStatement': {
      const expression = childrenOf(node)[1];
      const value =
        expression === undefined
          ? valueAt(scope, node, { kind: 'none' })
          : evaluate(evaluation, scope, expression);
      evaluation.returned?.push(value);
      return 'end';
    }
    case 'RaiseStatement':
      raiseStatement(evaluation, scope, node);
      return 'end';
    case 'MatchStatement':
    case 'WhileStatement':
      for (const body of bodiesBelow(node)) runBody(evaluation, scope, body);
      return 'next';
    default:
      return 'next';
  }
}

function bodiesBelow(node: SyntaxNode): SyntaxNode[] {
  return childrenOf(node).flatMap((child) =>
    child.name === 'Body' ? [child] : child.name.startsWith('Match') ? bodiesBelow(child) : [],
  );
}

// ---------------------------------------------------------------------------------------------------------------
// Assignments

function bind(evaluation: Evaluation, scope: Scope, name: string, value: Value): void {
  scope.names.set(name, value);
  if (scope.moduleLevel && /^[A-Z][A-Z0-9_]*$/.test(name) && evaluation.settings === null)
    feedSetting(name, value);
}

function assign(evaluation: Evaluation, scope: Scope, node: SyntaxNode): void {
  const parts = childrenOf(node).filter((part) => part.name !== 'TypeDef');
  const groups: SyntaxNode[][] = [[]];
  for (const part of parts) {
    if (part.name === 'AssignOp') groups.push([]);
    else groups.at(-1)?.push(part);
  }
  const right = groups.pop() ?? [];
  if (groups.length === 0) return;
  const values = splitAtCommas(right).map((part) =>
    part.find((child) => /./.test(child.name) && child.name !== '*'),
  );
  const single =
    values.length === 1 && values[0] !== undefined ? evaluate(evaluation, scope, values[0]) : undefined;
  for (const group of groups) {
    const targets = splitAtCommas(group).flatMap((part) =>
      part[0] === undefined ? [] : unpackTargets(part[0]),
    );
    if (targets.length === 1 && group.every((part) => part.name !== ',')) {
      const value =
        single ??
        valueAt(scope, node, {
          kind: 'list',
          items: values.flatMap((part) => (part === undefined ? [] : [evaluate(evaluation, scope, part)])),
          complete: true,
        });
      if (targets[0] !== undefined) setTarget(evaluation, scope, targets[0], value);
      continue;
    }
    for (const [index, target] of targets.entries()) {
      const part = values[index];
      const value =
        single !== undefined
          ? single.data.kind === 'list' && single.data.complete
            ? (single.data.items[index] ?? unknownAt(scope, node, single.reads))
            : unknownAt(scope, node, single.reads)
          : part === undefined
            ? unknownAt(scope, node)
            : evaluate(evaluation, scope, part);
      setTarget(evaluation, scope, target, value);
    }
  }
}

function unpackTargets(target: SyntaxNode): SyntaxNode[] {
  if (target.name !== 'TupleExpression' && target.name !== 'ArrayExpression') return [target];
  return childrenOf(target).filter(
    (part) => part.name === 'VariableName' || part.name === 'MemberExpression',
  );
}

function setTarget(evaluation: Evaluation, scope: Scope, target: SyntaxNode, value: Value): void {
  if (target.name === 'VariableName') {
    bind(evaluation, scope, textOf(scope.source, target), value);
    return;
  }
  if (target.name !== 'MemberExpression') return;
  const [object, , key] = childrenOf(target);
  if (object !== undefined && key !== undefined && textOf(scope.source, object).endsWith('environ')) {
    const name = textValue(evaluate(evaluation, scope, key));
    if (name !== undefined) evaluation.environmentSet.push({ name, value });
    return;
  }
  const path = keyPath(evaluation, scope, target);
  if (path === undefined) return;
  changeName(evaluation, scope, path.name, (whole) => setEntry(scope, target, whole, path.keys, value));
}

/** `X["a"]["b"]` as the name and its keys; undefined for anything else. */
function keyPath(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
): { name: string; keys: string[] } | undefined {
  if (node.name === 'VariableName') return { name: textOf(scope.source, node), keys: [] };
  if (node.name !== 'MemberExpression') return undefined;
  const [object, operator, key] = childrenOf(node);
  if (object === undefined || operator?.name !== '[' || key === undefined) return undefined;
  const left = keyPath(evaluation, scope, object);
  const text = scalarText(evaluate(evaluation, scope, key));
  return left === undefined || text === undefined
    ? undefined
    : { name: left.name, keys: [...left.keys, text] };
}

function changeName(
  evaluation: Evaluation,
  scope: Scope,
  name: string,
  change: (value: Value) => Value,
): void {
  const value = lookUp(scope, name);
  if (value === undefined) return;
  const results = optionsOf(value).map((option) => change(option));
  bind(evaluation, scope, name, mergeValues(results));
}

function setEntry(
  scope: Scope,
  node: SyntaxNode,
  whole: Value,
  keys: readonly string[],
  value: Value,
): Value {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (whole.data.kind === 'choice')
    return mergeValues(whole.data.options.map((option) => setEntry(scope, node, option, keys, value)));
  const entries = new Map(whole.data.kind === 'dict' ? whole.data.entries : []);
  if (whole.data.kind === 'instance') entries.set('**', whole);
  else if (whole.data.kind !== 'dict') {
    if (whole.data.kind !== 'unknown') return whole;
  }
  const inner = entries.get(key);
  entries.set(
    key,
    rest.length === 0
      ? value
      : setEntry(
          scope,
          node,
          inner ?? valueAt(scope, node, { kind: 'dict', entries: new Map(), complete: true }),
          rest,
          value,
        ),
  );
  return {
    ...whole,
    data: { kind: 'dict', entries, complete: whole.data.kind === 'dict' && whole.data.complete },
    reads: unionReads([whole, value]),
    direct: null,
  };
}

function update(evaluation: Evaluation, scope: Scope, node: SyntaxNode): void {
  const [target, operator, ...right] = childrenOf(node);
  const expression = right[0];
  if (target === undefined || operator === undefined || expression === undefined) return;
  const value =
    right.length > 1
      ? valueAt(scope, node, {
          kind: 'list',
          items: splitAtCommas(right).flatMap((part) =>
            part[0] === undefined ? [] : [evaluate(evaluation, scope, part[0])],
          ),
          complete: true,
        })
      : evaluate(evaluation, scope, expression);
  const path = keyPath(evaluation, scope, target);
  if (path === undefined || !/^(?:\+=|\|=)$/.test(textOf(scope.source, operator))) return;
  changeName(evaluation, scope, path.name, (whole) => growAt(scope, node, whole, path.keys, value));
}

function growAt(scope: Scope, node: SyntaxNode, whole: Value, keys: readonly string[], value: Value): Value {
  if (keys.length === 0) return grow(scope, node, whole, value);
  const inner = keys.reduce<Value | undefined>(
    (at, key) => (at?.data.kind === 'dict' ? at.data.entries.get(key) : undefined),
    whole,
  );
  return inner === undefined ? whole : setEntry(scope, node, whole, keys, grow(scope, node, inner, value));
}

/** `whole += value` for lists, texts and dictionaries. */
function grow(scope: Scope, node: SyntaxNode, whole: Value, value: Value): Value {
  const reads = unionReads([whole, value]);
  const one = whole.data;
  const lists = optionsOf(value).flatMap((option) => (option.data.kind === 'list' ? [option.data] : []));
  if (one.kind === 'list') {
    const items = [...one.items, ...lists.flatMap((list) => list.items)];
    return {
      ...whole,
      data: {
        kind: 'list',
        items,
        complete: one.complete && lists.length > 0 && lists.every((list) => list.complete),
      },
      reads,
      direct: null,
    };
  }
  if (one.kind === 'dict' && value.data.kind === 'dict') {
    return {
      ...whole,
      data: {
        kind: 'dict',
        entries: new Map([...one.entries, ...value.data.entries]),
        complete: one.complete && value.data.complete,
      },
      reads,
    };
  }
  if (one.kind === 'string' && value.data.kind === 'string') {
    return valueAt(scope, node, { kind: 'string', text: one.text + value.data.text }, reads);
  }
  if (one.kind === 'unknown' && lists.length > 0) {
    return valueAt(
      scope,
      node,
      { kind: 'list', items: lists.flatMap((list) => list.items), complete: false },
      reads,
    );
  }
  return { ...whole, reads };
}

/** `X.append(…)`, `X.extend(…)`, `X.insert(…)`, `X["a"].update(…)`, `X.setdefault(…)`; false when it is something else. */
function changeInPlace(evaluation: Evaluation, scope: Scope, node: SyntaxNode): boolean {
  if (node.name !== 'CallExpression') return false;
  const [callee, list] = childrenOf(node);
  const property = callee?.lastChild;
  const object = callee?.firstChild;
  if (
    callee?.name !== 'MemberExpression' ||
    property?.name !== 'PropertyName' ||
    object === null ||
    object === undefined ||
    list === undefined
  )
    return false;
  const method = textOf(scope.source, property);
  if (!/^(?:append|extend|insert|add|update|setdefault|remove|clear|pop)$/.test(method)) return false;
  if (object.name === 'MemberExpression' && textOf(scope.source, object) === 'os.environ') return false;
  const path = keyPath(evaluation, scope, object);
  if (path === undefined || lookUp(scope, path.name) === undefined) return false;
  const given = callArguments(scope.source, list);
  const values = given.map((argument) => ({
    name: argument.name,
    value: evaluate(evaluation, scope, argument.value),
  }));
  const added = method === 'insert' ? values[1]?.value : values[0]?.value;
  if (method === 'append' || method === 'insert' || method === 'add') {
    if (added === undefined) return true;
    const single = valueAt(scope, node, { kind: 'list', items: [added], complete: true }, added.reads);
    changeName(evaluation, scope, path.name, (whole) => growAt(scope, node, whole, path.keys, single));
  } else if (method === 'extend' && added !== undefined) {
    changeName(evaluation, scope, path.name, (whole) => growAt(scope, node, whole, path.keys, added));
  } else if (method === 'update') {
    const named = new Map(
      values.flatMap(({ name, value }) => (name === null ? [] : [[name, value] as const])),
    );
    const dictionary =
      added?.data.kind === 'dict' && values[0]?.name === null
        ? new Map([...added.data.entries, ...named])
        : named;
    const reads = unionReads(values.map(({ value }) => value));
    const changes = valueAt(scope, node, { kind: 'dict', entries: dictionary, complete: true }, reads);
    // `DATABASES["default"].update(dj_database_url.config())` replaces every part.
    const [instance] = values;
    const database = instance?.value.data.kind === 'instance' ? instance.value : undefined;
    changeName(evaluation, scope, path.name, (whole) =>
      database === undefined
        ? growAt(scope, node, whole, path.keys, changes)
        : setEntry(scope, node, whole, [...path.keys, '**'], database),
    );
  } else if (method === 'setdefault' && values[1] !== undefined) {
    const key = textValue(values[0]?.value);
    const fallback = values[1].value;
    if (key !== undefined)
      changeName(evaluation, scope, path.name, (whole) =>
        setEntry(scope, node, whole, [...path.keys, key], fallback),
      );
  }
  return true;
}

// ---------------------------------------------------------------------------------------------------------------
// Imports

function importStatement(evaluation: Evaluation, scope: Scope, node: SyntaxNode): void {
  const { modules } = evaluation;
  for (const { level, module, name, alias } of importedNames(scope.source, node)) {
    if (name === null) {
      const whole = alias === module.split('.')[0] ? alias : module;
      const location = modules.find(whole);
      scope.names.set(
        alias,
        location === undefined
          ? valueAt(scope, node, { kind: 'reference', dotted: whole })
          : valueAt(scope, node, { kind: 'module', ...location }),
      );
      continue;
    }
    const location = findImport(modules, scope.source.path, level, module);
    if (location === undefined) {
      if (name !== '*' && level === 0)
        scope.names.set(alias, valueAt(scope, node, { kind: 'reference', dotted: `${module}.${name}` }));
      continue;
    }
    const loaded =
      location.file === null || location.file === scope.source.path
        ? undefined
        : importedScope(evaluation, location.file, name === '*');
    if (name === '*') {
      for (const [key, value] of loaded?.names ?? []) scope.names.set(key, value);
      continue;
    }
    const found = loaded?.names.get(name);
    const submodule = found === undefined ? findSubmodule(modules, location, name) : undefined;
    if (found !== undefined) scope.names.set(alias, found);
    else if (submodule !== undefined)
      scope.names.set(alias, valueAt(scope, node, { kind: 'module', ...submodule }));
    else scope.names.set(alias, unknownAt(scope, node));
  }
}

/** A star import goes on with the same settings; any other one leads away from them, so only a few are followed. */
function importedScope(evaluation: Evaluation, file: string, star: boolean): Scope | undefined {
  if (star) return loadModule(evaluation, file);
  if (evaluation.importDepth >= evaluation.importLimit && !evaluation.scopes.has(file)) return undefined;
  evaluation.importDepth += 1;
  const scope = loadModule(evaluation, file);
  evaluation.importDepth -= 1;
  return scope;
}

/** django-split-settings: `include("components/base.py", optional("local.py"))`. Source: https://django-split-settings.readthedocs.io */
export function includeSettings(evaluation: Evaluation, scope: Scope, given: Arguments): void {
  for (const argument of given.positional) {
    for (const { text } of stringsIn(argument)) {
      const path = besideSource(scope.source, text.replace(/^\.\//, ''));
      const pattern = new RegExp(`^${path.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`);
      for (const file of evaluation.files
        .files()
        .filter((candidate) => candidate.endsWith('.py') && pattern.test(candidate))) {
        for (const [key, value] of loadModule(evaluation, file)?.names ?? []) scope.names.set(key, value);
      }
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------
// Branches

interface Branch {
  names: Map<string, Value>;
  /** Whether the branch is taken with nothing set; undefined when unknown. */
  chosen: boolean | undefined;
  outcome: Outcome;
}

function runBranch(
  evaluation: Evaluation,
  scope: Scope,
  before: Map<string, Value>,
  body: SyntaxNode,
  alive: boolean | undefined,
): { names: Map<string, Value>; outcome: Outcome } {
  scope.names = new Map(before);
  if (alive === false) evaluation.dead += 1;
  const returned = evaluation.returned;
  // What a branch that is not taken returns must not become the function's value.
  if (alive === false && returned !== null) evaluation.returned = [];
  const outcome = runBody(evaluation, scope, body);
  evaluation.returned = returned;
  if (alive === false) evaluation.dead -= 1;
  const { names } = scope;
  scope.names = before;
  return { names, outcome };
}

function ifStatement(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Outcome {
  const before = scope.names;
  const branches: Branch[] = [];
  const tests: { value: Value; branch: Branch | undefined }[] = [];
  let reached: boolean | undefined = true;
  let reachedPlain: boolean | undefined = true;
  let hasElse = false;
  const parts = childrenOf(node);
  for (let at = 0; at < parts.length; at += 1) {
    const keyword = parts[at]?.name;
    if (keyword === 'if' || keyword === 'elif') {
      const test = parts[at + 1];
      const body = parts.slice(at + 1).find((part) => part.name === 'Body');
      if (test === undefined || body === undefined) continue;
      const value = evaluate(evaluation, scope, test);
      const plain = truthOf(value);
      const alive = both(reached, judge(evaluation, scope, test, value));
      const guards = evaluation.guarded.length;
      evaluation.guarded.push(...value.reads.map((read) => read.name));
      evaluation.tests.push({ value, certain: alive === true });
      const result = runBranch(evaluation, scope, scope.names, body, alive);
      evaluation.tests.pop();
      evaluation.guarded.length = guards;
      const branch: Branch = { ...result, chosen: both(reachedPlain, plain) };
      branches.push(branch);
      tests.push({ value, branch });
      const truth = judge(evaluation, scope, test, value);
      reached = both(reached, truth === undefined ? undefined : !truth);
      reachedPlain = both(reachedPlain, plain === undefined ? undefined : !plain);
    } else if (keyword === 'else') {
      const body = parts[at + 1];
      if (body === undefined) continue;
      hasElse = true;
      const [last] = tests.slice(-1);
      evaluation.tests.push({ value: last?.value ?? unknownAt(scope, node), certain: reached === true });
      const result = runBranch(evaluation, scope, scope.names, body, reached);
      evaluation.tests.pop();
      branches.push({ ...result, chosen: reachedPlain });
    }
  }
  const base = scope.names === before ? before : scope.names;
  if (!hasElse) branches.push({ names: base, chosen: reachedPlain, outcome: 'next' });
  noteDecisions(evaluation, base, tests, branches);
  scope.names = mergeBranches(base, branches);
  return branchesOutcome(branches);
}

/** The function ends if the branch that is taken ends, or if all that may be taken do. */
function branchesOutcome(branches: readonly Branch[]): Outcome {
  const possible = branches.filter((branch) => branch.chosen !== false);
  return possible.length > 0 && possible.every((branch) => branch.outcome === 'end') ? 'end' : 'next';
}

/**
 * Whether a branch runs in production with nothing set: as `truthOf`, but DEBUG read from the environment counts as
 * off, because that is how the image is run; what is required then is required.
 */
function judge(evaluation: Evaluation, scope: Scope, test: SyntaxNode, value: Value): boolean | undefined {
  const text = textOf(scope.source, test);
  if (!/\bDEBUG\b/.test(text)) return truthOf(value);
  const debug = lookUp(scope, 'DEBUG');
  if (debug === undefined || debug.reads.length === 0) return truthOf(value);
  const names = new Map(scope.names);
  names.set('DEBUG', { ...debug, data: { kind: 'boolean', value: false }, reads: [], direct: null });
  return truthOf(evaluate(evaluation, { ...scope, names }, test));
}

function both(first: boolean | undefined, second: boolean | undefined): boolean | undefined {
  if (first === false || second === false) return false;
  return first === undefined || second === undefined ? undefined : true;
}

function mergeBranches(before: Map<string, Value>, branches: readonly Branch[]): Map<string, Value> {
  // A branch that raises or returns leaves nothing behind, unless all do (a module goes on after a `raise`).
  const lasting = branches.filter((branch) => branch.outcome === 'next');
  const used = lasting.length > 0 ? lasting : branches;
  const chosen =
    used.find((branch) => branch.chosen === true) ??
    used.findLast((branch) => branch.chosen === undefined) ??
    used[0];
  if (chosen === undefined) return before;
  const ordered = [chosen, ...used.filter((branch) => branch !== chosen)];
  const changed = new Set<string>();
  for (const branch of ordered)
    for (const [name, value] of branch.names) if (before.get(name) !== value) changed.add(name);
  const merged = new Map(before);
  for (const name of changed) {
    const values = ordered.flatMap((branch) => branch.names.get(name) ?? []);
    if (values.length > 0) merged.set(name, mergeValues(values));
  }
  return merged;
}

function noteDecisions(
  evaluation: Evaluation,
  before: Map<string, Value>,
  tests: readonly { value: Value; branch: Branch | undefined }[],
  branches: readonly Branch[],
): void {
  const changedIn = (branch: Branch): Value[] =>
    [...branch.names].filter(([name, value]) => before.get(name) !== value).map(([, value]) => value);
  for (const { value, branch } of tests) {
    if (branch === undefined || value.reads.length === 0) continue;
    const whenTrue = changedIn(branch);
    const whenFalse = branches.filter((other) => other !== branch).flatMap((other) => changedIn(other));
    if (whenTrue.length + whenFalse.length > 0)
      evaluation.decisions.push({ test: value, whenTrue, whenFalse });
  }
}

const catchesMissing =
  /\b(?:KeyError|Exception|BaseException|LookupError|ImproperlyConfigured|UndefinedValueError|EnvError|EnvironmentError|AttributeError|TypeError|ValueError)\b/;

function tryStatement(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Outcome {
  const parts = childrenOf(node);
  const bodies: { keyword: string; header: string; body: SyntaxNode }[] = [];
  let keyword = 'try';
  let from = node.from;
  for (const part of parts) {
    if (/^(?:try|except|else|finally)$/.test(part.name)) {
      keyword = part.name;
      from = part.to;
    } else if (part.name === 'Body')
      bodies.push({ keyword, header: scope.source.text.slice(from, part.from).trim(), body: part });
  }
  const handlers = bodies.filter(({ keyword: word }) => word === 'except');
  const rescue = handlers.filter(
    ({ header, body }) =>
      (header === '' || catchesMissing.test(header)) &&
      !statementsOf(body).some((statement) => statement.name === 'RaiseStatement'),
  );
  const before = scope.names;
  const outerFailed = evaluation.failed;
  evaluation.failed = false;
  if (rescue.length > 0) evaluation.catching += 1;
  const main = bodies.find(({ keyword: word }) => word === 'try');
  const tried: Branch[] = [];
  if (main !== undefined) {
    const result = runBranch(evaluation, scope, before, main.body, true);
    tried.push({ ...result, chosen: true });
  }
  if (rescue.length > 0) evaluation.catching -= 1;
  const { failed } = evaluation;
  evaluation.failed = outerFailed;
  for (const { body, header } of handlers) {
    const mayRun = failed && (header === '' || catchesMissing.test(header));
    // A handler that raises ends the import only when the body fails, which the body's own reading already says.
    evaluation.dead += mayRun ? 0 : 1;
    const result = runBranch(evaluation, scope, before, body, true);
    evaluation.dead -= mayRun ? 0 : 1;
    tried.push({ ...result, chosen: mayRun });
  }
  const [first] = tried;
  if (failed && first !== undefined) first.chosen = false;
  scope.names = mergeBranches(before, tried);
  let outcome: Outcome = first === undefined ? 'next' : failed ? branchesOutcome(tried) : first.outcome;
  for (const { keyword: word, body } of bodies) {
    if ((word === 'else' || word === 'finally') && runBody(evaluation, scope, body) === 'end')
      outcome = 'end';
  }
  return outcome;
}

function withStatement(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Outcome {
  const parts = childrenOf(node);
  const body = parts.find((part) => part.name === 'Body');
  const expressions = parts.filter((part) => part.name.endsWith('Expression'));
  const undo: (() => void)[] = [];
  for (const expression of expressions) {
    const [callee, list] = childrenOf(expression);
    const object = callee?.firstChild;
    // environs: `with env.prefixed("APP_"):`
    if (
      callee?.name === 'MemberExpression' &&
      object !== null &&
      object !== undefined &&
      list?.name === 'ArgList' &&
      textOf(scope.source, callee).endsWith('.prefixed')
    ) {
      const target = evaluate(evaluation, scope, object);
      const argument = callArguments(scope.source, list)[0];
      const prefix =
        argument === undefined ? undefined : textValue(evaluate(evaluation, scope, argument.value));
      if (target.data.kind === 'instance' && prefix !== undefined) {
        const { data } = target;
        const outer = data.prefix;
        data.prefix = outer + prefix;
        undo.push(() => {
          data.prefix = outer;
        });
      }
    } else evaluate(evaluation, scope, expression);
  }
  const outcome = body === undefined ? 'next' : runBody(evaluation, scope, body);
  for (const step of undo) step();
  return outcome;
}

function forStatement(evaluation: Evaluation, scope: Scope, node: SyntaxNode): void {
  const parts = childrenOf(node);
  const inAt = parts.findIndex((part) => part.name === 'in');
  const iterable = parts[inAt + 1];
  const body = parts.find((part) => part.name === 'Body');
  if (inAt === -1 || iterable === undefined || body === undefined) return;
  const over = evaluate(evaluation, scope, iterable);
  const targets = parts.slice(1, inAt).filter((part) => part.name !== ',');
  const [target] = targets;
  if (
    over.data.kind === 'list' &&
    over.data.items.length <= 40 &&
    targets.length === 1 &&
    target !== undefined
  ) {
    for (const item of over.data.items) {
      setTarget(evaluation, scope, target, item);
      runBody(evaluation, scope, body);
    }
    if (over.data.complete) return;
  }
  for (const each of targets) setTarget(evaluation, scope, each, unknownAt(scope, node, over.reads));
  runBody(evaluation, scope, body);
}

function raiseStatement(evaluation: Evaluation, scope: Scope, node: SyntaxNode): void {
  for (const part of childrenOf(node).slice(1))
    if (/Expression$|String$/.test(part.name)) evaluate(evaluation, scope, part);
  if (evaluation.dead > 0 || !evaluation.tests.every((test) => test.certain)) return;
  const deciding = evaluation.tests.findLast((test) =>
    test.value.reads.some((read) => read.setting !== 'DEBUG'),
  );
  for (const read of deciding?.value.reads ?? []) {
    // With a default, a mode (`DJANGO_ENV`) is what the condition asks for, not what is missing.
    if (
      read.setting === 'DEBUG' ||
      (read.defaultValue !== null && /(?:^|_)(?:ENV|ENVIRONMENT|MODE|STAGE)$/.test(read.name))
    )
      continue;
    // The condition itself names the variable, so that the guard of the branch does not count here.
    const guarded = evaluation.guarded.splice(0);
    requireRead(evaluation, read);
    evaluation.guarded.push(...guarded);
  }
  if (evaluation.catching > 0) evaluation.failed = true;
}

// ---------------------------------------------------------------------------------------------------------------
// Classes and functions

/** Classes of django-configurations are settings themselves; of any other class the body is read for variables only. */
function classDefinition(evaluation: Evaluation, scope: Scope, node: SyntaxNode): void {
  const parts = childrenOf(node);
  const body = parts.find((part) => part.name === 'Body');
  const bases = parts.find((part) => part.name === 'ArgList');
  const name = parts.find((part) => part.name === 'VariableName');
  if (body === undefined) return;
  const inherited =
    bases === undefined
      ? []
      : callArguments(scope.source, bases).map((argument) => evaluate(evaluation, scope, argument.value));
  const isSettings = inherited.some(
    (base) =>
      base.data.kind === 'reference' &&
      /^(?:configurations\.(?:\w+\.)*Configuration|settings-class)$/.test(base.data.dotted),
  );
  if (isSettings && scope.moduleLevel) {
    if (name !== undefined)
      scope.names.set(
        textOf(scope.source, name),
        valueAt(scope, node, { kind: 'reference', dotted: 'settings-class' }),
      );
    runBody(evaluation, scope, body);
    return;
  }
  const inner: Scope = { names: new Map(), parent: scope, source: scope.source, moduleLevel: false };
  runBody(evaluation, inner, body);
  if (name !== undefined) scope.names.set(textOf(scope.source, name), unknownAt(scope, node));
}

/** Follows a call into a function of the project; undefined when it is too deep. */
export function callFunction(
  evaluation: Evaluation,
  called: FunctionData,
  given: Arguments,
  node: SyntaxNode,
  caller: Scope,
): Value | undefined {
  if (evaluation.callDepth >= maximumCallDepth || evaluation.budget <= 0) return undefined;
  const { source } = called.scope;
  const scope: Scope = { names: new Map(), parent: called.scope, source, moduleLevel: false };
  bindParameters(evaluation, scope, called.node, given);
  const outerReturned = evaluation.returned;
  const outerTests = evaluation.tests;
  const outerSite = evaluation.callSite;
  if (called.node !== node) evaluation.callSite ??= { source: caller.source, node };
  const outerTouched = evaluation.touched;
  evaluation.touched = new Set();
  evaluation.callDepth += 1;
  evaluation.tests = [];
  evaluation.returned = [];
  let result: Value | undefined;
  if (called.node.name === 'LambdaExpression') {
    const expression = called.node.lastChild;
    if (expression !== null) result = evaluate(evaluation, scope, expression);
  } else {
    const body = childrenOf(called.node).find((part) => part.name === 'Body');
    if (body !== undefined) runBody(evaluation, scope, body);
    const { returned } = evaluation;
    result = returned.length === 0 ? valueAt(caller, node, { kind: 'none' }) : mergeValues(returned);
  }
  evaluation.callDepth -= 1;
  evaluation.tests = outerTests;
  evaluation.callSite = outerSite;
  evaluation.returned = outerReturned;
  const { touched } = evaluation;
  evaluation.touched = outerTouched;
  for (const read of touched) outerTouched.add(read);
  return result === undefined ? undefined : dependent(result, touched, given);
}

/**
 * A helper may return its default without touching the variable (`if name in os.environ: … return default`).
 * The result depends on the variable all the same, and tells its default and type.
 */
function dependent(result: Value, touched: ReadonlySet<EnvironmentRead>, given: Arguments): Value {
  if (touched.size === 0 || result.reads.some((read) => touched.has(read))) return result;
  const named = new Set([...given.positional, ...given.named.values()].map((value) => textValue(value)));
  const read =
    [...touched].find((candidate) => named.has(candidate.name)) ??
    (touched.size === 1 ? [...touched][0] : undefined);
  if (read === undefined) return { ...result, reads: [...result.reads, ...touched] };
  read.defaultValue ??= defaultText(result, read.separator);
  if (result.data.kind === 'boolean') setCast(read, 'bool');
  else if (result.data.kind === 'number') setCast(read, 'int');
  return { ...result, reads: [...result.reads, read], direct: read };
}

function bindParameters(
  evaluation: Evaluation,
  scope: Scope,
  definition: SyntaxNode,
  given: Arguments,
): void {
  const list = childrenOf(definition).find((part) => part.name === 'ParamList');
  if (list === undefined) return;
  const { source } = scope;
  let position = 0;
  let keywordOnly = false;
  const parts = childrenOf(list).filter(
    (part) => part.name !== '(' && part.name !== ')' && part.name !== 'TypeDef',
  );
  for (const part of splitAtCommas(parts)) {
    const [first, second] = part;
    if (first === undefined) continue;
    if (first.name === '*' || first.name === '**') {
      if (second !== undefined)
        scope.names.set(
          textOf(source, second),
          unknownAt(scope, second, unionReads([...given.positional, ...given.named.values()])),
        );
      if (first.name === '*') keywordOnly = true;
      continue;
    }
    if (first.name !== 'VariableName') continue;
    const name = textOf(source, first);
    const assignAt = part.findIndex((child) => child.name === 'AssignOp');
    const fallback = assignAt === -1 ? undefined : part[assignAt + 1];
    const passed = given.named.get(name) ?? (keywordOnly ? undefined : given.positional[position]);
    position += 1;
    scope.names.set(
      name,
      passed ?? (fallback === undefined ? unknownAt(scope, first) : evaluate(evaluation, scope, fallback)),
    );
  }
}
