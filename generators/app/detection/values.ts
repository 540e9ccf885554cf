import type { Evidence, VariableCast } from './facts.ts';
import type { SyntaxNode } from '@lezer/common';
import type { PythonSource } from './python-source.ts';

/** One environment variable under collection; shared by every value that depends on it. */
export interface EnvironmentRead {
  name: string;
  defaultValue: string | null;
  required: boolean;
  cast: VariableCast;
  separator: string;
  setting: string | null;
  settingRank: number;
  evidence: Evidence[];
}

/** A comparison of a variable with literals, kept so that an engine switch can be recognised. */
export interface Comparison {
  read: EnvironmentRead;
  equal: boolean;
  literals: readonly string[];
}

/** A function of the project that a call can be followed into. */
export interface FunctionData {
  kind: 'function';
  node: SyntaxNode;
  scope: Scope;
}

export interface InstanceData {
  kind: 'instance';
  type: 'django-environ' | 'environs' | 'decouple' | 'database-url' | 'environment';
  /** Casts and defaults given to `Env(NAME=(cast, default))`. */
  schema: ReadonlyMap<string, Value>;
  /** Prefix of `with env.prefixed(…)`. Changes while the block is read. */
  prefix: string;
  /** For `database-url`: the URL's value with nothing set. */
  url: Value | null;
  /** For `database-url`: what `ssl_require=` was given. */
  tlsRequired?: Value | undefined;
}

/** What an expression is with nothing set in the environment; `unknown` where that cannot be read. */
export type Data =
  | { kind: 'unknown' }
  | { kind: 'none' }
  | { kind: 'string'; text: string }
  | { kind: 'number'; text: string }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'list'; items: readonly Value[]; complete: boolean }
  | { kind: 'dict'; entries: ReadonlyMap<string, Value>; complete: boolean }
  | { kind: 'reference'; dotted: string }
  | { kind: 'module'; file: string | null; folder: string | null }
  | { kind: 'choice'; options: readonly Value[] }
  | FunctionData
  | InstanceData;

/** The result of reading one expression. */
export interface Value {
  data: Data;
  /** Variables that the value depends on. */
  reads: readonly EnvironmentRead[];
  /** The variable that this value is, perhaps stripped or cast; null for anything computed from more. */
  direct: EnvironmentRead | null;
  comparison: Comparison | null;
  file: string;
  line: number;
}

/** Names of a module or of a function's call. */
export interface Scope {
  names: Map<string, Value>;
  parent: Scope | null;
  source: PythonSource;
  /** Whether an assignment here sets a setting. */
  moduleLevel: boolean;
}

/** Stands for the repository root inside strings, so that paths computed from BASE_DIR can be told from other strings. */
export const rootMark = '\u0000';

const none: readonly EnvironmentRead[] = [];

/** A value that depends on no variable unless `reads` are given. */
export function makeValue(
  data: Data,
  file: string,
  line: number,
  reads: readonly EnvironmentRead[] = none,
): Value {
  return { data, reads, direct: null, comparison: null, file, line };
}

/** The variables of several values, each once. */
export function unionReads(values: readonly (Value | undefined)[]): readonly EnvironmentRead[] {
  const used = values.filter((value) => value !== undefined && value.reads.length > 0) as Value[];
  const [first] = used;
  if (first === undefined) return none;
  if (used.length === 1) return first.reads;
  return [...new Set(used.flatMap((value) => value.reads))];
}

/** Whether Python takes the value as true; undefined when unknown. */
export function truthOf(value: Value): boolean | undefined {
  const { data } = value;
  switch (data.kind) {
    case 'none':
      return false;
    case 'string':
      return data.text !== '';
    case 'number':
      return Number(data.text.replaceAll('_', '')) !== 0;
    case 'boolean':
      return data.value;
    case 'list':
      return data.items.length > 0 ? true : data.complete ? false : undefined;
    case 'dict':
      return data.entries.size > 0 ? true : data.complete ? false : undefined;
    case 'choice': {
      const [first] = data.options;
      return first === undefined ? undefined : truthOf(first);
    }
    case 'function':
    case 'module':
      return true;
    default:
      return undefined;
  }
}

/** The alternatives of a value, the one with nothing set first. */
export function optionsOf(value: Value): readonly Value[] {
  return value.data.kind === 'choice' ? value.data.options : [value];
}

/** The value with nothing set. */
export function firstOption(value: Value): Value {
  return optionsOf(value)[0] ?? value;
}

/** The text of a known string, else undefined. */
export function textValue(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  const { data } = firstOption(value);
  return data.kind === 'string' ? data.text : undefined;
}

/** What `str()` makes of a known scalar. */
export function scalarText(value: Value): string | undefined {
  const { data } = firstOption(value);
  switch (data.kind) {
    case 'string':
    case 'number':
      return data.text;
    case 'boolean':
      return data.value ? 'True' : 'False';
    case 'none':
      return 'None';
    default:
      return undefined;
  }
}

/** The default as one writes it in an env file; null when there is none or it is computed. */
export function defaultText(value: Value | undefined, separator: string): string | null {
  if (value === undefined) return null;
  const { data } = firstOption(value);
  if (data.kind === 'none') return null;
  if (data.kind === 'list') {
    const items = data.items.map((item) => scalarText(item));
    return data.complete && items.every((item) => item !== undefined) ? items.join(separator) : null;
  }
  const text = scalarText(value);
  return text === undefined || text.includes(rootMark) ? null : text;
}

/** Every known string inside a value, with where it stands: through lists, dictionaries and alternatives. */
export function stringsIn(value: Value, depth = 0): { text: string; value: Value }[] {
  if (depth > 12) return [];
  const { data } = value;
  if (data.kind === 'string') return [{ text: data.text, value }];
  if (data.kind === 'list') return data.items.flatMap((item) => stringsIn(item, depth + 1));
  if (data.kind === 'choice') return data.options.flatMap((item) => stringsIn(item, depth + 1));
  if (data.kind === 'dict') return [...data.entries.values()].flatMap((item) => stringsIn(item, depth + 1));
  return [];
}

/** The strings of a list setting over all alternatives, each once, in order. */
export function listItems(value: Value | undefined): { text: string; value: Value }[] {
  if (value === undefined) return [];
  const found = new Map<string, { text: string; value: Value }>();
  for (const option of optionsOf(value)) {
    if (option.data.kind !== 'list') continue;
    for (const item of option.data.items) {
      for (const alternative of optionsOf(item)) {
        const text = textValue(alternative);
        if (text !== undefined && !found.has(text)) found.set(text, { text, value: alternative });
      }
    }
  }
  return [...found.values()];
}

/** An entry of a dictionary over all alternatives. */
export function entryOptions(value: Value | undefined, key: string): Value[] {
  if (value === undefined) return [];
  return optionsOf(value).flatMap((option) => {
    const entry = option.data.kind === 'dict' ? option.data.entries.get(key) : undefined;
    return entry === undefined ? [] : [...optionsOf(entry)];
  });
}

const maximumOptions = 10;

/**
 * One value for what may be several. Lists become their union and a dictionary that only grew wins,
 * so that `if x: APPS.append(…)` in a row does not double the alternatives each time.
 */
export function mergeValues(values: readonly Value[]): Value {
  const options = [...new Set(values.flatMap((value) => optionsOf(value)))];
  const [first] = options;
  if (first === undefined) throw new RangeError('mergeValues needs a value');
  if (options.length === 1) return first;
  const reads = unionReads(options);
  if (options.every((option) => option.data.kind === 'list')) {
    const items = [
      ...new Set(options.flatMap((option) => (option.data.kind === 'list' ? option.data.items : []))),
    ];
    return { ...first, data: { kind: 'list', items, complete: false }, reads, direct: null };
  }
  const kept = options.filter(
    (option) => !options.some((other) => other !== option && extendsDictionary(other, option)),
  );
  const [only] = kept;
  if (kept.length === 1 && only !== undefined) return only;
  return {
    ...first,
    data: { kind: 'choice', options: kept.slice(0, maximumOptions) },
    reads,
    direct: options.every((option) => option.direct === first.direct) ? first.direct : null,
    comparison: null,
  };
}

function extendsDictionary(larger: Value, smaller: Value): boolean {
  if (larger.data.kind !== 'dict' || smaller.data.kind !== 'dict') return false;
  if (larger.data.entries.size <= smaller.data.entries.size) return false;
  for (const [key, value] of smaller.data.entries) if (larger.data.entries.get(key) !== value) return false;
  return true;
}
