import type { SyntaxNode } from '@lezer/common';

import { callFunction, includeSettings, loadModule } from './evaluate-statements.ts';
import { findSubmodule, lookUp, recordRead, requireRead, setCast, unknownAt, valueAt } from './evaluation.ts';
import type { Evaluation } from './evaluation.ts';
import { joinPaths, markedPath, normalisePath, parentPath, repositoryPath } from './paths.ts';
import { callArguments, childrenOf, splitAtCommas, textOf, unquote } from './python-source.ts';
import { castData, instanceCall, readingCall, readVariable } from './settings-variables.ts';
import type { Arguments } from './settings-variables.ts';
import {
  firstOption,
  makeValue,
  mergeValues,
  optionsOf,
  rootMark,
  scalarText,
  textValue,
  truthOf,
  unionReads,
} from './values.ts';
import type { Data, Scope, Value } from './values.ts';

const maximumDepth = 400;

/** Reads an expression: its value with nothing set, as far as it can be known, and the variables it depends on. */
export function evaluate(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  evaluation.budget -= 1;
  if (evaluation.budget <= 0 || evaluation.depth >= maximumDepth) return unknownAt(scope, node);
  evaluation.depth += 1;
  const value = evaluateNode(evaluation, scope, node);
  evaluation.depth -= 1;
  if (evaluation.onText !== null && value.data.kind === 'string')
    evaluation.onText(value.data.text, value.file, value.line);
  return value;
}

function evaluateNode(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const { source } = scope;
  switch (node.name) {
    case 'String': {
      const text = unquote(textOf(source, node));
      return text === undefined ? unknownAt(scope, node) : valueAt(scope, node, { kind: 'string', text });
    }
    case 'ContinuedString':
      return concatenate(evaluation, scope, node);
    case 'FormatString':
      return formatString(evaluation, scope, node);
    case 'Number':
      return valueAt(scope, node, { kind: 'number', text: textOf(source, node) });
    case 'Boolean':
      return valueAt(scope, node, { kind: 'boolean', value: textOf(source, node) === 'True' });
    case 'None':
      return valueAt(scope, node, { kind: 'none' });
    case 'VariableName':
      return evaluateName(evaluation, scope, node);
    case 'ParenthesizedExpression': {
      const inner = childrenOf(node).find((child) => child.name !== '(');
      return inner === undefined ? unknownAt(scope, node) : evaluate(evaluation, scope, inner);
    }
    case 'ArrayExpression':
    case 'TupleExpression':
    case 'SetExpression':
      return evaluateList(evaluation, scope, node, childrenOf(node).slice(1, -1));
    case 'DictionaryExpression':
      return evaluateDictionary(evaluation, scope, node);
    case 'MemberExpression':
      return evaluateMember(evaluation, scope, node);
    case 'CallExpression':
      return evaluateCall(evaluation, scope, node);
    case 'UnaryExpression':
      return evaluateUnary(evaluation, scope, node);
    case 'BinaryExpression':
      return evaluateBinary(evaluation, scope, node);
    case 'ConditionalExpression':
      return evaluateConditional(evaluation, scope, node);
    case 'NamedExpression': {
      const [name, , expression] = childrenOf(node);
      if (name === undefined || expression === undefined) return unknownAt(scope, node);
      const value = evaluate(evaluation, scope, expression);
      scope.names.set(textOf(source, name), value);
      return value;
    }
    case 'ArrayComprehensionExpression':
    case 'SetComprehensionExpression':
    case 'ComprehensionExpression':
      return evaluateComprehension(evaluation, scope, node);
    case 'LambdaExpression':
      return valueAt(scope, node, { kind: 'function', node, scope });
    default:
      return unknownAt(scope, node, unionReads(evaluateChildren(evaluation, scope, node)));
  }
}

function evaluateChildren(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value[] {
  return childrenOf(node)
    .filter((child) => /Expression$|String$|^VariableName$/.test(child.name))
    .map((child) => evaluate(evaluation, scope, child));
}

function evaluateName(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const name = textOf(scope.source, node);
  const found = lookUp(scope, name);
  if (found !== undefined) return found;
  if (name === '__file__')
    return valueAt(scope, node, { kind: 'string', text: markedPath(scope.source.path) });
  if (name === '__name__')
    return valueAt(scope, node, { kind: 'string', text: evaluation.modules.nameOf(scope.source.path) });
  return valueAt(scope, node, { kind: 'reference', dotted: `builtins.${name}` });
}

function concatenate(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const parts = childrenOf(node).map((part) => evaluate(evaluation, scope, part));
  const texts = parts.map((part) => textValue(part));
  const data: Data = texts.every((text) => text !== undefined)
    ? { kind: 'string', text: texts.join('') }
    : { kind: 'unknown' };
  return valueAt(scope, node, data, unionReads(parts));
}

function formatString(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const token = textOf(scope.source, node);
  const opening = /^[a-zA-Z]*("""|'''|"|')/.exec(token);
  const quote = opening?.[1] ?? '"';
  const raw = /^[a-zA-Z]*[rR]/.test(opening?.[0] ?? '');
  const literal = (from: number, to: number): string => {
    const text = scope.source.text.slice(from, to).replaceAll('{{', '{').replaceAll('}}', '}');
    return raw ? text : (unquote(`"""${text}"""`) ?? text);
  };
  let at = node.from + (opening?.[0].length ?? 0);
  let text: string | undefined = '';
  const parts: Value[] = [];
  for (const replacement of childrenOf(node)) {
    if (replacement.name !== 'FormatReplacement') continue;
    const inner = childrenOf(replacement);
    const expression = inner.find((child) => child.name !== '{');
    const plain = inner.length === 3;
    const value = expression === undefined ? undefined : evaluate(evaluation, scope, expression);
    if (value !== undefined) parts.push(value);
    const shown: string | undefined = value === undefined || !plain ? undefined : scalarText(value);
    text =
      text === undefined || shown === undefined ? undefined : text + literal(at, replacement.from) + shown;
    at = replacement.to;
  }
  if (text !== undefined) text += literal(at, Math.max(at, node.to - quote.length));
  return valueAt(
    scope,
    node,
    text === undefined ? { kind: 'unknown' } : { kind: 'string', text },
    unionReads(parts),
  );
}

function evaluateList(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  parts: readonly SyntaxNode[],
): Value {
  const items: Value[] = [];
  const others: Value[] = [];
  let complete = true;
  for (const part of splitAtCommas(parts)) {
    const [first, second] = part;
    if (first === undefined || first.type.isError) continue;
    if (first.name === '*' && second !== undefined) {
      const spread = evaluate(evaluation, scope, second);
      others.push(spread);
      for (const option of optionsOf(spread)) {
        if (option.data.kind === 'list') {
          items.push(...option.data.items);
          complete &&= option.data.complete;
        } else complete = false;
      }
    } else items.push(evaluate(evaluation, scope, first));
  }
  return valueAt(scope, node, { kind: 'list', items, complete }, unionReads([...items, ...others]));
}

function evaluateDictionary(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const entries = new Map<string, Value>();
  const others: Value[] = [];
  let complete = true;
  for (const part of splitAtCommas(childrenOf(node).slice(1, -1))) {
    const [first, second, third] = part;
    if (first === undefined) continue;
    if (first.name === '**' && second !== undefined) {
      const spread = evaluate(evaluation, scope, second);
      others.push(spread);
      const option = firstOption(spread);
      if (option.data.kind === 'dict')
        for (const [key, value] of option.data.entries) entries.set(key, value);
      else complete = false;
      if (option.data.kind === 'instance' && option.data.type === 'database-url') entries.set('**', option);
    } else if (second?.name === ':' && third !== undefined) {
      const key = scalarText(evaluate(evaluation, scope, first));
      const value = evaluate(evaluation, scope, third);
      if (key === undefined) {
        complete = false;
        others.push(value);
      } else entries.set(key, value);
    } else complete = false;
  }
  return valueAt(
    scope,
    node,
    { kind: 'dict', entries, complete },
    unionReads([...entries.values(), ...others]),
  );
}

function evaluateUnary(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const [operator, operand] = childrenOf(node);
  if (operator === undefined || operand === undefined) return unknownAt(scope, node);
  const value = evaluate(evaluation, scope, operand);
  if (operator.name === 'not') {
    const truth = truthOf(value);
    const { comparison } = value;
    return {
      ...valueAt(
        scope,
        node,
        truth === undefined ? { kind: 'unknown' } : { kind: 'boolean', value: !truth },
        value.reads,
      ),
      comparison: comparison === null ? null : { ...comparison, equal: !comparison.equal },
    };
  }
  if (textOf(scope.source, operator) === '-' && value.data.kind === 'number') {
    return valueAt(scope, node, { kind: 'number', text: `-${value.data.text}` }, value.reads);
  }
  return unknownAt(scope, node, value.reads);
}

const booleanWords = /^(?:true|false|1|0|yes|no|on|off|t|f|y|n|)$/i;

function evaluateBinary(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const parts = childrenOf(node);
  const left = parts[0];
  const right = parts.at(-1);
  if (left === undefined || right === undefined || parts.length < 3) return unknownAt(scope, node);
  const operator = parts
    .slice(1, -1)
    .map((part) => textOf(scope.source, part))
    .join(' ');
  if (operator === 'and' || operator === 'or')
    return evaluateLogical(evaluation, scope, operator, left, right);
  const first = evaluate(evaluation, scope, left);
  if ((operator === 'in' || operator === 'not in') && isEnvironment(evaluate(evaluation, scope, right))) {
    return membership(evaluation, scope, node, first, operator === 'not in');
  }
  const second = evaluate(evaluation, scope, right);
  switch (operator) {
    case '==':
    case '!=':
    case 'in':
    case 'not in':
    case 'is':
    case 'is not':
      return compare(scope, node, operator, first, second);
    case '+':
      needsValue(evaluation, first, second);
      return distribute([first, second], (one, other) => add(scope, node, one, other));
    case '/':
      needsValue(evaluation, first, second);
      return distribute([first, second], (one, other) => joinValues(scope, node, [one, other]));
    case '-':
      return climb(scope, node, first, second);
    case '|':
      return distribute([first, second], (one, other) => mergeDictionaries(scope, node, one, other));
    case '%':
      return percent(scope, node, first, second);
    default:
      return unknownAt(scope, node, unionReads([first, second]));
  }
}

function isEnvironment(right: Value): boolean {
  return (
    (right.data.kind === 'reference' && right.data.dotted === 'os.environ') ||
    (right.data.kind === 'instance' && right.data.type !== 'database-url')
  );
}

/** `"X" in os.environ`: false with nothing set. */
function membership(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  name: Value,
  negated: boolean,
): Value {
  const text = textValue(name);
  if (text === undefined) return unknownAt(scope, node);
  const read = recordRead(evaluation, scope.source, node, text, {
    defaultValue: null,
    required: false,
    cast: 'str',
  });
  return valueAt(scope, node, { kind: 'boolean', value: negated }, [read]);
}

/** A variable without a value that is used with an operator which fails on None. */
function needsValue(evaluation: Evaluation, ...values: readonly Value[]): void {
  for (const value of values) {
    if (value.direct !== null && value.data.kind === 'none') requireRead(evaluation, value.direct);
  }
}

function evaluateLogical(
  evaluation: Evaluation,
  scope: Scope,
  operator: 'and' | 'or',
  left: SyntaxNode,
  right: SyntaxNode,
): Value {
  const first = evaluate(evaluation, scope, left);
  const truth = truthOf(first);
  const skipped = operator === 'and' ? truth === false : truth === true;
  if (skipped) evaluation.dead += 1;
  const names = first.reads.map((read) => read.name);
  if (operator === 'and') evaluation.guarded.push(...names);
  const second = evaluate(evaluation, scope, right);
  if (operator === 'and') evaluation.guarded.length -= names.length;
  if (skipped) evaluation.dead -= 1;
  const reads = unionReads([first, second]);
  if (operator === 'or' && first.direct !== null && second.reads.length === 0)
    first.direct.defaultValue ??= orDefault(second);
  if (truth === undefined) {
    const merged = mergeValues([{ ...first }, { ...second }]);
    return { ...merged, reads, direct: operator === 'or' ? first.direct : null };
  }
  const chosen = skipped ? first : second;
  const direct = operator === 'or' ? (first.direct ?? null) : chosen.direct;
  const comparison = operator === 'and' ? (first.comparison ?? second.comparison) : null;
  return { ...chosen, reads, direct, comparison };
}

function orDefault(value: Value): string | null {
  const text = scalarText(value);
  return text === undefined || value.data.kind === 'none' || text.includes(rootMark) ? null : text;
}

function compare(scope: Scope, node: SyntaxNode, operator: string, first: Value, second: Value): Value {
  const reads = unionReads([first, second]);
  const negated = operator === '!=' || operator === 'not in' || operator === 'is not';
  const literals =
    literalTexts(second) ?? (operator === '==' || operator === '!=' ? literalTexts(first) : undefined);
  const subject = first.direct ?? second.direct;
  const comparison =
    subject !== null && literals !== undefined ? { read: subject, equal: !negated, literals } : null;
  if (
    comparison !== null &&
    comparison.literals.length > 0 &&
    comparison.literals.every((text) => booleanWords.test(text)) &&
    !comparison.literals.every((text) => text === '')
  ) {
    setCast(comparison.read, 'bool');
  }
  const truth = compareData(operator, firstOption(first), firstOption(second));
  return {
    ...valueAt(
      scope,
      node,
      truth === undefined ? { kind: 'unknown' } : { kind: 'boolean', value: truth },
      reads,
    ),
    comparison,
  };
}

function literalTexts(value: Value): string[] | undefined {
  if (value.reads.length > 0) return undefined;
  if (value.data.kind === 'list') {
    const items = value.data.items.map((item) => scalarText(item));
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  const text = value.data.kind === 'none' ? undefined : scalarText(value);
  return text === undefined ? undefined : [text];
}

function compareData(operator: string, first: Value, second: Value): boolean | undefined {
  const one = scalarText(first);
  if (operator === 'in' || operator === 'not in') {
    const negated = operator === 'not in';
    const other = textValue(second);
    if (other !== undefined && one !== undefined) return other.includes(one) !== negated;
    if (second.data.kind === 'dict' && one !== undefined) {
      if (second.data.entries.has(one)) return !negated;
      return second.data.complete ? negated : undefined;
    }
    if (second.data.kind !== 'list' || one === undefined) return undefined;
    const items = second.data.items.map((item) => scalarText(item));
    if (items.includes(one)) return !negated;
    return second.data.complete && items.every((item) => item !== undefined) ? negated : undefined;
  }
  const other = scalarText(second);
  if (one === undefined || other === undefined) return undefined;
  const sameKind = first.data.kind === second.data.kind;
  const equal = sameKind && one === other;
  return operator === '==' || operator === 'is' ? equal : !equal;
}

/** Applies a function to every combination of alternatives. */
function distribute(values: readonly [Value, Value], apply: (first: Value, second: Value) => Value): Value {
  const [first, second] = values;
  if (first.data.kind !== 'choice' && second.data.kind !== 'choice') return apply(first, second);
  const results = optionsOf(first).flatMap((one) => optionsOf(second).map((other) => apply(one, other)));
  return { ...mergeValues(results), reads: unionReads([first, second]) };
}

function add(scope: Scope, node: SyntaxNode, first: Value, second: Value): Value {
  const reads = unionReads([first, second]);
  const one = first.data;
  const other = second.data;
  if (one.kind === 'list' && other.kind === 'list') {
    return valueAt(
      scope,
      node,
      { kind: 'list', items: [...one.items, ...other.items], complete: one.complete && other.complete },
      reads,
    );
  }
  if (one.kind === 'list' || other.kind === 'list') {
    const items = one.kind === 'list' ? one.items : other.kind === 'list' ? other.items : [];
    return valueAt(scope, node, { kind: 'list', items, complete: false }, reads);
  }
  if (one.kind === 'string' && other.kind === 'string') {
    return valueAt(scope, node, { kind: 'string', text: one.text + other.text }, reads);
  }
  return unknownAt(scope, node, reads);
}

function joinValues(scope: Scope, node: SyntaxNode, parts: readonly Value[]): Value {
  const reads = unionReads(parts);
  const texts = parts.map((part) => textValue(part));
  const [first, ...others] = texts;
  if (first === undefined || others.some((text) => text === undefined)) return unknownAt(scope, node, reads);
  return valueAt(scope, node, { kind: 'string', text: joinPaths(first, ...(others as string[])) }, reads);
}

/** `environ.Path(__file__) - 2`: two folders up. */
function climb(scope: Scope, node: SyntaxNode, first: Value, second: Value): Value {
  const start = textValue(first);
  const steps = second.data.kind === 'number' ? Number(second.data.text) : Number.NaN;
  if (start === undefined || !start.startsWith(rootMark) || !(steps >= 0 && steps < 20))
    return unknownAt(scope, node, unionReads([first, second]));
  let path = start;
  for (let step = 0; step < steps; step += 1) path = parentPath(path);
  return valueAt(scope, node, { kind: 'string', text: path }, first.reads);
}

function mergeDictionaries(scope: Scope, node: SyntaxNode, first: Value, second: Value): Value {
  const reads = unionReads([first, second]);
  if (first.data.kind !== 'dict' || second.data.kind !== 'dict') return unknownAt(scope, node, reads);
  const entries = new Map([...first.data.entries, ...second.data.entries]);
  return valueAt(
    scope,
    node,
    { kind: 'dict', entries, complete: first.data.complete && second.data.complete },
    reads,
  );
}

/** `"%s/static" % BASE_DIR` */
function percent(scope: Scope, node: SyntaxNode, first: Value, second: Value): Value {
  const reads = unionReads([first, second]);
  const template = textValue(first);
  const option = firstOption(second);
  const given = option.data.kind === 'list' ? option.data.items : [second];
  const texts = given.map((item) => scalarText(item));
  if (template === undefined || texts.some((text) => text === undefined))
    return unknownAt(scope, node, reads);
  let position = 0;
  const text = template.replace(/%[sd]/g, () => texts[position++] ?? '');
  return valueAt(
    scope,
    node,
    position === texts.length && !text.includes('%(') ? { kind: 'string', text } : { kind: 'unknown' },
    reads,
  );
}

function evaluateConditional(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const [whenTrue, , test, , whenFalse] = childrenOf(node);
  if (whenTrue === undefined || test === undefined || whenFalse === undefined) return unknownAt(scope, node);
  const condition = evaluate(evaluation, scope, test);
  const truth = truthOf(condition);
  const names = condition.reads.map((read) => read.name);
  evaluation.guarded.push(...names);
  const yes = evaluateIf(evaluation, truth !== false, scope, whenTrue);
  const no = evaluateIf(evaluation, truth !== true, scope, whenFalse);
  evaluation.guarded.length -= names.length;
  if (condition.reads.length > 0)
    evaluation.decisions.push({ test: condition, whenTrue: [yes], whenFalse: [no] });
  const merged = mergeValues(truth === true ? [yes, no] : [no, yes]);
  const direct = merged.direct ?? (truth === false ? yes.direct : null);
  return { ...merged, reads: unionReads([merged, condition, yes, no]), direct };
}

function evaluateIf(evaluation: Evaluation, alive: boolean, scope: Scope, node: SyntaxNode): Value {
  if (!alive) evaluation.dead += 1;
  const value = evaluate(evaluation, scope, node);
  if (!alive) evaluation.dead -= 1;
  return value;
}

function evaluateComprehension(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const parts = childrenOf(node).filter((part) => !/^[[\](){}]$/.test(part.name));
  const element = parts[0];
  const forAt = parts.findIndex((part) => part.name === 'for');
  const inAt = parts.findIndex((part) => part.name === 'in');
  const iterable = parts[inAt + 1];
  if (element === undefined || forAt === -1 || inAt === -1 || iterable === undefined)
    return unknownAt(scope, node);
  const over = evaluate(evaluation, scope, iterable);
  const target = parts[forAt + 1];
  const inner: Scope = { names: new Map(), parent: scope, source: scope.source, moduleLevel: false };
  const single =
    inAt === forAt + 2 &&
    target?.name === 'VariableName' &&
    !parts.slice(inAt).some((part) => part.name === 'for');
  const filters = parts
    .flatMap((part, index) => (part.name === 'if' ? [parts[index + 1]] : []))
    .filter((part) => part !== undefined);
  const option = firstOption(over);
  if (single && target !== undefined && option.data.kind === 'list' && option.data.items.length <= 200) {
    const items: Value[] = [];
    for (const item of option.data.items) {
      inner.names.set(textOf(scope.source, target), item);
      const kept = filters.every((filter) => truthOf(evaluate(evaluation, inner, filter)) !== false);
      const value = evaluate(evaluation, inner, element);
      if (kept) items.push(value);
    }
    const value = valueAt(
      scope,
      node,
      { kind: 'list', items, complete: option.data.complete },
      unionReads([over, ...items]),
    );
    return { ...value, direct: over.direct };
  }
  if (target !== undefined) {
    for (const name of parts.slice(forAt + 1, inAt)) {
      if (name.name === 'VariableName')
        inner.names.set(textOf(scope.source, name), unknownAt(scope, name, over.reads));
    }
  }
  for (const filter of filters) evaluate(evaluation, inner, filter);
  const value = evaluate(evaluation, inner, element);
  return {
    ...valueAt(scope, node, { kind: 'list', items: [], complete: false }, unionReads([over, value])),
    direct: over.direct,
  };
}

// ---------------------------------------------------------------------------------------------------------------
// a.b and a[b]

function evaluateMember(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const parts = childrenOf(node);
  const [object, operator] = parts;
  const last = parts[2];
  if (object === undefined || operator === undefined || last === undefined) return unknownAt(scope, node);
  const target = evaluate(evaluation, scope, object);
  if (operator.name === '.') return attributeOf(evaluation, scope, node, target, textOf(scope.source, last));
  const slice = parts.some((part) => part.name === ':');
  const key = slice ? undefined : evaluate(evaluation, scope, last);
  return subscript(evaluation, scope, node, target, key);
}

/** `value.name` */
export function attributeOf(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  target: Value,
  name: string,
): Value {
  const { data } = target;
  switch (data.kind) {
    case 'reference': {
      if (data.dotted === 'dj_database_url' && name === 'DEFAULT_ENV')
        return valueAt(scope, node, { kind: 'string', text: 'DATABASE_URL' });
      if (data.dotted === 'sys' && name === 'argv') {
        // Neither a test run nor another command: what a server starts with.
        return valueAt(scope, node, {
          kind: 'list',
          items: [valueAt(scope, node, { kind: 'string', text: 'manage.py' })],
          complete: true,
        });
      }
      if (data.dotted === 'django.conf.settings' && evaluation.settings !== null) {
        const setting = evaluation.settings.names.get(name);
        // What other code does with a setting says nothing about how the settings read the variable.
        if (setting !== undefined) return { ...setting, reads: [], direct: null, comparison: null };
      }
      return valueAt(scope, node, { kind: 'reference', dotted: `${data.dotted}.${name}` }, target.reads);
    }
    case 'module': {
      const loaded = data.file === null ? undefined : loadModule(evaluation, data.file);
      const found = loaded?.names.get(name);
      if (found !== undefined) return found;
      const submodule = findSubmodule(evaluation.modules, data, name);
      if (submodule !== undefined) return valueAt(scope, node, { kind: 'module', ...submodule });
      return unknownAt(scope, node);
    }
    case 'string':
      return stringAttribute(scope, node, target, data.text, name);
    case 'dict':
      // Parts of urlparse(), see there.
      return data.entries.get(name) ?? unknownAt(scope, node, target.reads);
    case 'choice':
      return mergeValues(data.options.map((option) => attributeOf(evaluation, scope, node, option, name)));
    default:
      return unknownAt(scope, node, target.reads);
  }
}

function stringAttribute(scope: Scope, node: SyntaxNode, target: Value, text: string, name: string): Value {
  const made = (result: string): Value =>
    valueAt(scope, node, { kind: 'string', text: result }, target.reads);
  if (name === 'parent') return made(parentPath(text));
  if (name === 'name') return made(normalisePath(text).split('/').at(-1) ?? '');
  if (name === 'stem') return made((normalisePath(text).split('/').at(-1) ?? '').replace(/\.[^.]+$/, ''));
  if (name === 'root') return made(text);
  if (name === 'parents') {
    const items: Value[] = [];
    for (let path = parentPath(text), step = 0; step < 12; path = parentPath(path), step += 1)
      items.push(made(path));
    return valueAt(scope, node, { kind: 'list', items, complete: true }, target.reads);
  }
  return unknownAt(scope, node, target.reads);
}

function subscript(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  target: Value,
  key: Value | undefined,
): Value {
  const reads = unionReads([target, key]);
  const { data } = target;
  needsValue(evaluation, target);
  if (data.kind === 'reference' && data.dotted === 'os.environ' && key !== undefined) {
    return readVariable(evaluation, scope, node, {
      name: key,
      fallback: undefined,
      strict: true,
      cast: 'str',
    });
  }
  if (data.kind === 'choice') {
    return {
      ...mergeValues(data.options.map((option) => subscript(evaluation, scope, node, option, key))),
      reads,
    };
  }
  if (key === undefined) {
    // A slice of a path or list stays what it was, as far as over-approximation goes.
    return data.kind === 'list'
      ? { ...target, data: { ...data, complete: false } }
      : unknownAt(scope, node, reads);
  }
  if (data.kind === 'dict') return chooseEntry(evaluation, scope, node, target, key);
  if (data.kind === 'list' && key.data.kind === 'number') {
    const item = data.items.at(Number(key.data.text));
    if (item !== undefined && data.complete) return { ...item, reads: unionReads([item, key]) };
  }
  return unknownAt(scope, node, reads);
}

/** `ENGINES[os.environ["DB"]]`: every entry may be meant; which one for which value is kept as decisions. */
function chooseEntry(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  target: Value,
  key: Value,
): Value {
  if (target.data.kind !== 'dict') return unknownAt(scope, node);
  const reads = unionReads([target, key]);
  const text = scalarText(key);
  const exact = text === undefined ? undefined : target.data.entries.get(text);
  if (key.reads.length === 0) return exact ?? unknownAt(scope, node, reads);
  const { direct } = key;
  if (direct !== null) {
    for (const [literal, value] of target.data.entries) {
      const test = makeValue({ kind: 'unknown' }, scope.source.path, value.line, key.reads);
      evaluation.decisions.push({
        test: { ...test, comparison: { read: direct, equal: true, literals: [literal] } },
        whenTrue: [value],
        whenFalse: [],
      });
    }
  }
  const entries = [...(exact === undefined ? [] : [exact]), ...target.data.entries.values()];
  return entries.length === 0 ? unknownAt(scope, node, reads) : { ...mergeValues(entries), reads };
}

// ---------------------------------------------------------------------------------------------------------------
// Calls

function evaluateArguments(evaluation: Evaluation, scope: Scope, list: SyntaxNode): Arguments {
  const positional: Value[] = [];
  const named = new Map<string, Value>();
  const nodes = childrenOf(list);
  // `f(x for x in y)`: the parser puts the parts of the generator straight into the argument list.
  if (nodes.some((part) => part.name === 'for'))
    return { positional: [evaluateComprehension(evaluation, scope, list)], named };
  for (const argument of callArguments(scope.source, list)) {
    const value = evaluate(evaluation, scope, argument.value);
    if (argument.name !== null) named.set(argument.name, value);
    else if (argument.star === '*') {
      if (value.data.kind === 'list') positional.push(...value.data.items);
    } else if (argument.star === '**') {
      if (value.data.kind === 'dict') for (const [key, entry] of value.data.entries) named.set(key, entry);
    } else positional.push(value);
  }
  return { positional, named };
}

function evaluateCall(evaluation: Evaluation, scope: Scope, node: SyntaxNode): Value {
  const parts = childrenOf(node);
  const [callee] = parts;
  const list = parts.find((part) => part.name === 'ArgList');
  if (callee === undefined || list === undefined) return unknownAt(scope, node);
  const given = evaluateArguments(evaluation, scope, list);
  const argumentReads = unionReads([...given.positional, ...given.named.values()]);

  const property = callee.name === 'MemberExpression' ? callee.lastChild : null;
  if (property !== null && property.name === 'PropertyName' && callee.firstChild !== null) {
    const target = evaluate(evaluation, scope, callee.firstChild);
    const method = textOf(scope.source, property);
    if (target.data.kind !== 'reference' && target.data.kind !== 'module') {
      needsValue(evaluation, target);
      return { ...callMethod(evaluation, scope, node, target, method, given) };
    }
    return callValue(
      evaluation,
      scope,
      node,
      attributeOf(evaluation, scope, callee, target, method),
      given,
      argumentReads,
    );
  }
  return callValue(evaluation, scope, node, evaluate(evaluation, scope, callee), given, argumentReads);
}

function callValue(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  callee: Value,
  given: Arguments,
  argumentReads: Value['reads'],
): Value {
  const { data } = callee;
  const unknown = (): Value =>
    unknownAt(scope, node, unionReads([callee, makeValue({ kind: 'none' }, '', 0, argumentReads)]));
  switch (data.kind) {
    case 'reference':
      return callReference(evaluation, scope, node, data.dotted, given) ?? unknown();
    case 'function':
      return callFunction(evaluation, data, given, node, scope) ?? unknown();
    case 'instance':
      return instanceCall(evaluation, scope, node, data, null, given) ?? unknown();
    case 'string':
      // environ.Path objects are callable: root('static').
      return data.text.startsWith(rootMark)
        ? joinValues(scope, node, [callee, ...given.positional])
        : unknown();
    case 'choice': {
      const results = data.options.map((option) =>
        callValue(evaluation, scope, node, option, given, argumentReads),
      );
      return results.length === 0 ? unknown() : mergeValues(results);
    }
    default:
      return unknown();
  }
}

function callReference(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  dotted: string,
  given: Arguments,
): Value | undefined {
  const reading = readingCall(evaluation, scope, node, dotted, given);
  if (reading !== undefined) return reading;
  if (dotted === 'environs.env' || dotted.startsWith('environs.env.')) {
    const method = dotted === 'environs.env' ? null : dotted.slice('environs.env.'.length);
    const shared = {
      kind: 'instance' as const,
      type: 'environs' as const,
      schema: new Map(),
      prefix: '',
      url: null,
    };
    const value = instanceCall(evaluation, scope, node, shared, method, given);
    if (value !== undefined) return value;
  }
  if (dotted === 'split_settings.tools.include') {
    includeSettings(evaluation, scope, given);
    return valueAt(scope, node, { kind: 'none' });
  }
  const [first, second] = given.positional;
  if (dotted === 'os.environ.setdefault') {
    const variable = textValue(first);
    if (variable !== undefined && second !== undefined)
      evaluation.environmentSet.push({ name: variable, value: second });
    return second;
  }
  if (dotted === 'sys.path.append' || dotted === 'sys.path.insert' || dotted === 'site.addsitedir') {
    const path = textValue(dotted === 'sys.path.insert' ? second : first);
    if (path !== undefined) evaluation.searchPaths.push(path);
    return valueAt(scope, node, { kind: 'none' });
  }
  const name = dotted.replace(/^builtins\./, '');
  switch (name) {
    case 'str':
    case 'os.fspath':
      if (first === undefined) return undefined;
      return convert(scope, node, first, 'str');
    case 'bool':
    case 'int':
    case 'float': {
      if (first === undefined) return undefined;
      if (name !== 'bool' && first.direct !== null && first.data.kind === 'none')
        requireRead(evaluation, first.direct);
      // `bool(os.getenv("BUCKET"))` asks whether there is a bucket; with a truth word as default it is a switch.
      const isSwitch =
        name !== 'bool' || (first.data.kind !== 'none' && booleanWords.test(scalarText(first) ?? 'x'));
      if (
        first.direct !== null &&
        isSwitch &&
        (first.direct.cast === 'str' || first.direct.cast === 'unknown')
      )
        setCast(first.direct, name);
      else if (first.direct !== null && name === 'bool' && first.direct.cast === 'int')
        first.direct.cast = 'bool';
      return convert(scope, node, first, name);
    }
    case 'strtobool':
    case 'distutils.util.strtobool':
    case 'json.loads': {
      if (first === undefined) return undefined;
      const cast = name === 'json.loads' ? 'json' : 'bool';
      if (first.direct !== null) {
        if (first.data.kind === 'none') requireRead(evaluation, first.direct);
        setCast(first.direct, cast);
      }
      return convert(scope, node, first, cast);
    }
    case 'list':
    case 'tuple':
    case 'set':
    case 'sorted':
    case 'frozenset':
    case 'reversed':
      if (first === undefined) return valueAt(scope, node, { kind: 'list', items: [], complete: true });
      return first.data.kind === 'list' || first.data.kind === 'choice'
        ? first
        : { ...unknownAt(scope, node, first.reads), direct: first.direct };
    case 'filter':
      return second?.data.kind === 'list' ? { ...second, data: { ...second.data, complete: false } } : second;
    case 'map':
      if (first === undefined || second?.data.kind !== 'list') return second;
      if (first.data.kind === 'reference' && /^builtins\.str\.\w*strip$/.test(first.data.dotted))
        return second;
      return { ...second, data: { kind: 'list', items: [], complete: false } };
    case 'dict':
      return valueAt(
        scope,
        node,
        { kind: 'dict', entries: given.named, complete: given.positional.length === 0 },
        unionReads([...given.named.values(), ...given.positional]),
      );
    case 'getattr':
      return first !== undefined && textValue(second) !== undefined
        ? attributeOf(evaluation, scope, node, first, textValue(second) ?? '')
        : undefined;
    case 'os.path.join':
    case 'pathlib.Path':
    case 'pathlib.PurePath':
    case 'path.Path':
    case 'unipath.Path':
    case 'environ.Path':
    case 'posixpath.join':
      needsValue(evaluation, ...given.positional);
      if (given.positional.length === 0) return valueAt(scope, node, { kind: 'string', text: '' });
      return joinAll(scope, node, given.positional);
    case 'os.path.dirname':
      return first === undefined ? undefined : mapText(scope, node, first, parentPath);
    case 'os.path.abspath':
    case 'os.path.realpath':
      return first === undefined
        ? undefined
        : mapText(scope, node, first, (text) =>
            text.startsWith(rootMark) || text.startsWith('/')
              ? normalisePath(text)
              : joinPaths(markedPath(evaluation.workDir), text),
          );
    case 'os.path.normpath':
      return first === undefined ? undefined : mapText(scope, node, first, normalisePath);
    case 'os.path.expanduser':
    case 'os.path.expandvars':
    case 'django.utils.translation.gettext_lazy':
    case 'django.utils.translation.gettext_noop':
    case 'split_settings.tools.optional':
    case 'copy.deepcopy':
    case 'copy.copy':
      return first;
    case 'os.path.basename':
      return first === undefined
        ? undefined
        : mapText(scope, node, first, (text) => normalisePath(text).split('/').at(-1) ?? '');
    case 'os.getcwd':
    case 'pathlib.Path.cwd':
      return valueAt(scope, node, { kind: 'string', text: markedPath(evaluation.workDir) });
    case 'os.path.exists':
    case 'os.path.isfile':
    case 'os.path.isdir':
      return first === undefined ? undefined : existence(evaluation, scope, node, first);
    case 'urllib.parse.urlparse':
    case 'urllib.parse.urlsplit':
      return first === undefined ? undefined : parsedUrl(scope, node, first);
    case 'urllib.parse.quote':
    case 'urllib.parse.quote_plus':
      return first;
    default:
      return undefined;
  }
}

function joinAll(scope: Scope, node: SyntaxNode, parts: readonly Value[]): Value {
  return parts
    .slice(1)
    .reduce<Value>(
      (joined, part) => distribute([joined, part], (one, other) => joinValues(scope, node, [one, other])),
      parts[0] ?? unknownAt(scope, node),
    );
}

function mapText(scope: Scope, node: SyntaxNode, value: Value, change: (text: string) => string): Value {
  const results = optionsOf(value).map((option) =>
    option.data.kind === 'string'
      ? valueAt(scope, node, { kind: 'string', text: change(option.data.text) }, option.reads)
      : unknownAt(scope, node, option.reads),
  );
  return { ...mergeValues(results), reads: value.reads };
}

/** `urlparse(x)` of a known text, its parts as entries. */
function parsedUrl(scope: Scope, node: SyntaxNode, url: Value): Value | undefined {
  const text = textValue(url);
  const match =
    text === undefined || text.includes(rootMark)
      ? null
      : /^(?:([a-z][\w+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)/i.exec(text);
  if (match === null) return undefined;
  const [, scheme = '', netloc = '', path = ''] = match;
  const part = (value: string): Value => valueAt(scope, node, { kind: 'string', text: value }, url.reads);
  const hostname = netloc
    .replace(/^.*@/, '')
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  const entries = new Map([
    ['scheme', part(scheme)],
    ['netloc', part(netloc)],
    ['path', part(path)],
    ['hostname', hostname === '' ? valueAt(scope, node, { kind: 'none' }, url.reads) : part(hostname)],
  ]);
  return valueAt(scope, node, { kind: 'dict', entries, complete: false }, url.reads);
}

/** A file that the repository does not have is not there in the image either; one that it has may be left out. */
function existence(evaluation: Evaluation, scope: Scope, node: SyntaxNode, path: Value): Value {
  const text = textValue(path);
  const relative = text === undefined ? null : repositoryPath(text, evaluation.workDir);
  const missing =
    relative !== null &&
    !relative.startsWith('/') &&
    !evaluation.modules.hasFile(relative) &&
    !evaluation.modules.hasFolder(relative);
  return valueAt(scope, node, missing ? { kind: 'boolean', value: false } : { kind: 'unknown' }, path.reads);
}

function convert(
  scope: Scope,
  node: SyntaxNode,
  value: Value,
  cast: 'str' | 'bool' | 'int' | 'float' | 'json',
): Value {
  const option = firstOption(value);
  let data: Data;
  if (cast === 'bool') {
    // Python's own bool(): any text but the empty one is true.
    const truth = truthOf(option);
    data = truth === undefined ? { kind: 'unknown' } : { kind: 'boolean', value: truth };
  } else if (cast === 'str') {
    const text = scalarText(option);
    data = text === undefined ? { kind: 'unknown' } : { kind: 'string', text };
  } else data = castData(option, cast, ',', scope, node);
  return { ...valueAt(scope, node, data, value.reads), direct: value.direct };
}

const textMethods: ReadonlyMap<string, (text: string) => string> = new Map(
  Object.entries<(text: string) => string>({
    lower: (text) => text.toLowerCase(),
    casefold: (text) => text.toLowerCase(),
    upper: (text) => text.toUpperCase(),
    title: (text) => text,
    capitalize: (text) => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase(),
    strip: (text) => text.trim(),
    lstrip: (text) => text.trimStart(),
    rstrip: (text) => text.trimEnd(),
    resolve: normalisePath,
    absolute: normalisePath,
    as_posix: (text) => text,
    expanduser: (text) => text,
    encode: (text) => text,
    decode: (text) => text,
    __str__: (text) => text,
  }),
);

function callMethod(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  target: Value,
  method: string,
  given: Arguments,
): Value {
  const { data } = target;
  const reads = unionReads([target, ...given.positional, ...given.named.values()]);
  if (data.kind === 'choice') {
    const results = data.options.map((option) => callMethod(evaluation, scope, node, option, method, given));
    return { ...mergeValues(results), reads, direct: target.direct };
  }
  if (data.kind === 'instance') {
    if (data.type === 'database-url') return target;
    return instanceCall(evaluation, scope, node, data, method, given) ?? unknownAt(scope, node, reads);
  }
  if (method === 'split' || method === 'rsplit' || method === 'splitlines')
    return splitText(scope, node, target, given, reads);
  if (data.kind === 'dict' && method === 'get') {
    const [key, fallback] = given.positional;
    if (key === undefined) return unknownAt(scope, node, reads);
    const found = chooseEntry(evaluation, scope, node, target, key);
    return found.data.kind === 'unknown' && fallback !== undefined ? { ...fallback, reads } : found;
  }
  if (data.kind === 'dict' && method === 'values')
    return valueAt(
      scope,
      node,
      { kind: 'list', items: [...data.entries.values()], complete: data.complete },
      reads,
    );
  if (data.kind === 'list' && method === 'copy') return target;
  if (data.kind === 'dict' && method === 'copy') return target;
  if (data.kind !== 'string')
    return {
      ...unknownAt(scope, node, reads),
      direct: textMethods.get(method) === undefined ? null : target.direct,
    };

  const change = textMethods.get(method);
  if (change !== undefined && (given.positional.length === 0 || !method.endsWith('strip'))) {
    return {
      ...valueAt(scope, node, { kind: 'string', text: change(data.text) }, reads),
      direct: target.direct,
    };
  }
  const [first, second] = given.positional;
  switch (method) {
    case 'joinpath':
    case 'child':
    case 'path':
      return joinAll(scope, node, [target, ...given.positional]);
    case 'ancestor': {
      return climb(scope, node, target, first ?? unknownAt(scope, node));
    }
    case 'with_name':
      return joinAll(scope, node, [
        valueAt(scope, node, { kind: 'string', text: parentPath(data.text) }),
        ...given.positional,
      ]);
    case 'exists':
    case 'is_file':
    case 'is_dir':
      return existence(evaluation, scope, node, target);
    case 'format': {
      const texts = given.positional.map((item) => scalarText(item));
      if (texts.some((text) => text === undefined) || given.named.size > 0)
        return unknownAt(scope, node, reads);
      let position = 0;
      const text = data.text.replace(
        /\{(\d*)\}/g,
        (_whole, index: string) => texts[index === '' ? position++ : Number(index)] ?? '',
      );
      return valueAt(scope, node, { kind: 'string', text }, reads);
    }
    case 'join': {
      const items =
        first?.data.kind === 'list' && first.data.complete
          ? first.data.items.map((item) => scalarText(item))
          : undefined;
      if (items === undefined || items.some((item) => item === undefined))
        return unknownAt(scope, node, reads);
      return valueAt(scope, node, { kind: 'string', text: items.join(data.text) }, reads);
    }
    case 'replace': {
      const from = textValue(first);
      const to = textValue(second);
      const made: Data =
        from === undefined || to === undefined || from === ''
          ? { kind: 'unknown' }
          : { kind: 'string', text: data.text.replaceAll(from, to) };
      return { ...valueAt(scope, node, made, reads), direct: target.direct };
    }
    case 'startswith':
    case 'endswith': {
      const part = textValue(first);
      const made: Data =
        part === undefined
          ? { kind: 'unknown' }
          : {
              kind: 'boolean',
              value: method === 'startswith' ? data.text.startsWith(part) : data.text.endsWith(part),
            };
      return valueAt(scope, node, made, reads);
    }
    case 'removesuffix':
    case 'removeprefix':
    case 'strip':
    case 'lstrip':
    case 'rstrip':
      return {
        ...unknownAt(scope, node, reads),
        data: { kind: 'string', text: data.text },
        direct: target.direct,
      };
    default:
      return unknownAt(scope, node, reads);
  }
}

function splitText(
  scope: Scope,
  node: SyntaxNode,
  target: Value,
  given: Arguments,
  reads: Value['reads'],
): Value {
  const first = given.positional[0] ?? given.named.get('sep');
  const separator = first === undefined ? ' ' : textValue(first);
  if (target.direct !== null && separator !== undefined) setCast(target.direct, 'list', separator);
  const { data } = target;
  if (data.kind !== 'string' || separator === undefined || separator === '') {
    return {
      ...valueAt(scope, node, { kind: 'list', items: [], complete: false }, reads),
      direct: target.direct,
    };
  }
  const parts =
    first === undefined ? data.text.split(/\s+/).filter((part) => part !== '') : data.text.split(separator);
  const items = parts.slice(0, 200).map((text) => valueAt(scope, node, { kind: 'string', text }));
  return { ...valueAt(scope, node, { kind: 'list', items, complete: true }, reads), direct: target.direct };
}
