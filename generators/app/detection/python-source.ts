import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@lezer/python';

import type { Evidence } from './facts.ts';
import type { ProjectFiles } from './project-files.ts';

/** One Python file, parsed. Nothing of it is ever run. */
export interface PythonSource {
  path: string;
  text: string;
  tree: Tree;
  /** Offsets at which the lines start. */
  lineStarts: readonly number[];
}

/** A syntax problem that would stop Python, too. */
export interface SyntaxProblem {
  line: number;
  kind: 'syntax' | 'python2';
  detail: string;
}

/** Parses a text. Never throws: the parser recovers from every error. */
export function parsePython(path: string, text: string): PythonSource {
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { path, text, tree: parser.parse(text), lineStarts };
}

const parsed = new WeakMap<ProjectFiles, Map<string, PythonSource>>();

/** The parsed file of a project (once per file); undefined when there is no such file. */
export function readPython(files: ProjectFiles, path: string): PythonSource | undefined {
  const owner = files.origin ?? files;
  let cache = parsed.get(owner);
  if (cache === undefined) parsed.set(owner, (cache = new Map()));
  const known = cache.get(path);
  if (known !== undefined) return known;
  const text = files.read(path);
  if (text === undefined) return undefined;
  const source = parsePython(path, text);
  cache.set(path, source);
  return source;
}

/** The line of an offset, counted from 1. */
export function lineAt(source: PythonSource, offset: number): number {
  let low = 0;
  let high = source.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((source.lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

/** Where a node stands. */
export function evidenceOf(source: PythonSource, node: SyntaxNode): Evidence {
  return { file: source.path, line: lineAt(source, node.from) };
}

/** The text of a node. */
export function textOf(source: PythonSource, node: SyntaxNode): string {
  return source.text.slice(node.from, node.to);
}

/** The children of a node, comments left out. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'Comment') found.push(child);
  }
  return found;
}

/** Splits nodes at commas, which are left out; empty parts are dropped. */
export function splitAtCommas(nodes: readonly SyntaxNode[]): SyntaxNode[][] {
  const parts: SyntaxNode[][] = [[]];
  for (const node of nodes) {
    if (node.name === ',') parts.push([]);
    else parts.at(-1)?.push(node);
  }
  return parts.filter((part) => part.length > 0);
}

/** The statements of a `Script` or `Body`, error nodes left out. */
export function statementsOf(body: SyntaxNode): SyntaxNode[] {
  return childrenOf(body).filter((node) => node.name !== ':' && !node.type.isError);
}

/**
 * The test of the branch of an `if` statement that a node lies in.
 * @returns undefined for `else`, and where the node is part of a test
 */
export function branchTest(
  source: PythonSource,
  statement: SyntaxNode,
  node: SyntaxNode,
): string | undefined {
  let test: string | undefined;
  for (const part of childrenOf(statement)) {
    if (part.name === 'else') test = undefined;
    else if (part.name === 'Body') {
      if (part.from <= node.from && node.to <= part.to) return test;
    } else if (part.name !== 'if' && part.name !== 'elif') test = textOf(source, part);
  }
  return undefined;
}

const simpleEscapes: ReadonlyMap<string, string> = new Map(
  Object.entries({
    n: '\n',
    t: '\t',
    r: '\r',
    a: '\x07',
    b: '\b',
    f: '\f',
    v: '\v',
    '\n': '',
    '\\': '\\',
    "'": "'",
    '"': '"',
  }),
);

/** The value of one string token as Python reads it. Returns undefined where the token has no closing quote. */
export function unquote(token: string): string | undefined {
  const match = /^([a-zA-Z]*)("""|'''|"|')([^]*)$/.exec(token);
  if (match === null) return undefined;
  const [, prefix = '', quote = '', rest = ''] = match;
  if (!rest.endsWith(quote)) return undefined;
  const inner = rest.slice(0, rest.length - quote.length).replaceAll('\r\n', '\n');
  if (/r/i.test(prefix)) return inner;
  return inner.replace(
    /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))/g,
    (whole: string, octal?: string, x?: string, u?: string, long?: string, single?: string) => {
      const hex = x ?? u ?? long;
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (hex !== undefined) {
        const point = Number.parseInt(hex, 16);
        return point > 0x10_ffff ? whole : String.fromCodePoint(point);
      }
      return simpleEscapes.get(single ?? '') ?? whole;
    },
  );
}

/** The dotted name of `a`, `a.b.c`; undefined for anything else. */
export function dottedName(source: PythonSource, node: SyntaxNode): string | undefined {
  if (node.name === 'VariableName') return textOf(source, node);
  if (node.name !== 'MemberExpression') return undefined;
  const property = node.lastChild;
  const object = node.firstChild;
  if (property?.name !== 'PropertyName' || object === null) return undefined;
  const left = dottedName(source, object);
  return left === undefined ? undefined : `${left}.${textOf(source, property)}`;
}

/** One argument of a call; `name` for keyword arguments, `star` for `*x` and `**x`. */
export interface CallArgument {
  name: string | null;
  star: '' | '*' | '**';
  value: SyntaxNode;
}

/** The arguments of an `ArgList`. */
export function callArguments(source: PythonSource, list: SyntaxNode): CallArgument[] {
  const inner = childrenOf(list).filter(
    (node) => node.name !== '(' && node.name !== ')' && !node.type.isError,
  );
  const found: CallArgument[] = [];
  for (const part of splitAtCommas(inner)) {
    const [first, second, third] = part;
    if (first === undefined) continue;
    if ((first.name === '*' || first.name === '**') && second !== undefined) {
      found.push({ name: null, star: first.name, value: second });
    } else if (second?.name === 'AssignOp' && third !== undefined) {
      found.push({ name: textOf(source, first), star: '', value: third });
    } else {
      found.push({ name: null, star: '', value: first });
    }
  }
  return found;
}

/** One name that an import statement brings in. */
export interface ImportedName {
  /** Leading dots of `from ..x import`. */
  level: number;
  /** The module after `from` (may be empty for `from . import x`), or the one after `import`. */
  module: string;
  /** The name after `from x import`; `*` for a star; null for `import x`. */
  name: string | null;
  /** What the name is bound to in the importing module. */
  alias: string;
  node: SyntaxNode;
}

/** What an `ImportStatement` brings in. */
export function importedNames(source: PythonSource, statement: SyntaxNode): ImportedName[] {
  const parts = childrenOf(statement);
  const found: ImportedName[] = [];
  const importAt = parts.findIndex((node) => node.name === 'import');
  if (importAt === -1) return found;
  const names = splitAtCommas(
    parts.slice(importAt + 1).filter((node) => node.name !== '(' && node.name !== ')'),
  );
  if (parts[0]?.name === 'from') {
    const target = parts.slice(1, importAt);
    const written = target.map((node) => textOf(source, node)).join('');
    const level = /^\.*/.exec(written)?.[0].length ?? 0;
    for (const part of names) {
      const [first, , last] = part;
      if (first === undefined || first.type.isError) continue;
      const name = textOf(source, first);
      found.push({
        level,
        module: written.slice(level),
        name,
        alias: last === undefined ? name : textOf(source, last),
        node: statement,
      });
    }
    return found;
  }
  for (const part of names) {
    const asAt = part.findIndex((node) => node.name === 'as');
    const module = part
      .slice(0, asAt === -1 ? undefined : asAt)
      .map((node) => textOf(source, node))
      .join('');
    const alias = part[asAt + 1];
    if (module === '') continue;
    found.push({
      level: 0,
      module,
      name: null,
      alias: asAt !== -1 && alias !== undefined ? textOf(source, alias) : (module.split('.')[0] ?? module),
      node: statement,
    });
  }
  return found;
}

/** Every node of the given kinds in document order. */
export function findNodes(source: PythonSource, names: ReadonlySet<string>, from?: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  (from ?? source.tree.topNode).cursor().iterate((node) => {
    if (names.has(node.name)) found.push(node.node);
  });
  return found;
}

const closing: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/**
 * Brackets that do not match and strings without an end. Reads characters, not the tree, because the parser's
 * recovery hides where a bracket went missing.
 */
function bracketProblem(source: PythonSource): SyntaxProblem | undefined {
  const token = /#[^\n]*|[a-zA-Z]{0,2}("""|'''|"|')|[()[\]{}]|[\w]+/g;
  const open: { bracket: string; at: number }[] = [];
  for (let match = token.exec(source.text); match !== null; match = token.exec(source.text)) {
    const quote = match[1];
    const found = match[0];
    if (quote !== undefined) {
      const end = stringEnd(source.text, token.lastIndex, quote);
      if (end === -1)
        return { line: lineAt(source, match.index), kind: 'syntax', detail: 'a string is not closed' };
      token.lastIndex = end;
    } else if (closing.has(found)) {
      open.push({ bracket: found, at: match.index });
    } else if (found === ')' || found === ']' || found === '}') {
      const last = open.pop();
      if (last === undefined || closing.get(last.bracket) !== found) {
        return { line: lineAt(source, match.index), kind: 'syntax', detail: `“${found}” closes nothing` };
      }
    }
  }
  const last = open.pop();
  return last === undefined
    ? undefined
    : { line: lineAt(source, last.at), kind: 'syntax', detail: `“${last.bracket}” is never closed` };
}

function stringEnd(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\') at += text[at + 1] === '\r' ? 2 : 1;
    else if (text.startsWith(quote, at)) return at + quote.length;
    else if (character === '\n' && quote.length === 1) return -1;
  }
  return -1;
}

/** An error node between two statements that stand on one line: `X = 3 4`. A t-string is one to this parser, too. */
function gluedStatement(source: PythonSource, node: SyntaxNode): boolean {
  const parent = node.parent;
  if (parent === null || (parent.name !== 'Script' && parent.name !== 'Body')) return false;
  const before = node.prevSibling;
  const after = node.nextSibling;
  if (before === null || after === null) return false;
  const between = source.text.slice(before.to, after.from);
  if (between.includes('\n') || between.includes(';')) return false;
  return !(
    between === '' &&
    /(?:^|\W)(?:t|rt|tr)$/i.test(textOf(source, before)) &&
    /^["']/.test(textOf(source, after))
  );
}

/** An assignment or `def` that ends where something has to follow. */
function missingPart(source: PythonSource, node: SyntaxNode): boolean {
  const parent = node.parent;
  if (parent === null || !/^(?:AssignStatement|UpdateStatement|ImportStatement)$/.test(parent.name))
    return false;
  const before = node.prevSibling;
  if (before === null || !/^(?:AssignOp|UpdateOp|import)$/.test(before.name)) return false;
  // A bare `yield` on the right is valid, and so is a line continued with a backslash.
  return /^[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/.test(source.text.slice(before.to, before.to + 500));
}

/**
 * The first problem that stops CPython 3 as well; undefined for a valid file. The parser leaves stray error nodes
 * in valid files (a bare `yield`, t-strings), so an error node alone says nothing. Counted are: brackets or quotes
 * that do not match, two statements glued together on a line, an assignment without a value, and Python 2.
 */
export function syntaxProblem(source: PythonSource): SyntaxProblem | undefined {
  const python2 = python2Problem(source);
  if (python2 !== undefined) return python2;
  const bracket = bracketProblem(source);
  if (bracket !== undefined) return bracket;
  let problem: SyntaxProblem | undefined;
  source.tree.iterate({
    enter(cursor) {
      if (problem !== undefined) return false;
      if (!cursor.type.isError) return true;
      const node = cursor.node;
      if ((gluedStatement(source, node) || missingPart(source, node)) && failsAlone(source, node)) {
        problem = {
          line: lineAt(source, node.prevSibling?.to ?? node.from),
          kind: 'syntax',
          detail: 'invalid syntax',
        };
      }
      return true;
    },
  });
  return problem;
}

/**
 * Whether the statement is wrong by itself. In a long valid file the parser may lose its way for one statement
 * (saleor's settings.py, line 1277), which it reads well alone.
 */
function failsAlone(source: PythonSource, node: SyntaxNode): boolean {
  const at = node.prevSibling?.to ?? node.from;
  const first = lineAt(source, at) - 1;
  let last = first;
  const start = source.lineStarts[first] ?? 0;
  let text = '';
  do {
    last += 1;
    text = source.text.slice(start, source.lineStarts[last] ?? source.text.length);
  } while (last < source.lineStarts.length && last - first < 200 && openBrackets(text) > 0);
  // The parser cuts expressions of some hundred operators short; CPython does not.
  if ((text.match(/[-+*/%|&<>=]|\b(?:and|or|in|not)\b/g)?.length ?? 0) > 250) return false;
  const alone = parsePython(source.path, text.replace(/^[ \t]+/, ''));
  let fails = false;
  alone.tree.iterate({
    enter(cursor) {
      if (cursor.type.isError && (gluedStatement(alone, cursor.node) || missingPart(alone, cursor.node)))
        fails = true;
    },
  });
  return fails;
}

function openBrackets(text: string): number {
  const plain = text.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|#[^\n]*/g, '');
  return (plain.match(/[([{]/g)?.length ?? 0) - (plain.match(/[)\]}]/g)?.length ?? 0);
}

function python2Problem(source: PythonSource): SyntaxProblem | undefined {
  let problem: SyntaxProblem | undefined;
  source.tree.iterate({
    enter(cursor) {
      if (problem !== undefined) return false;
      if (cursor.name === 'PrintStatement') {
        problem = { line: lineAt(source, cursor.from), kind: 'python2', detail: 'a print statement' };
      } else if (cursor.name === 'TryStatement') {
        problem = oldExcept(source, cursor.node);
      } else if (cursor.name === 'RaiseStatement') {
        const comma = childrenOf(cursor.node).find((node) => node.name === ',');
        if (comma !== undefined)
          problem = { line: lineAt(source, comma.from), kind: 'python2', detail: '`raise X, message`' };
      }
      return true;
    },
  });
  return problem;
}

/** `except X, e:`. Python 3.14 allows `except A, B:` (PEP 758); a lower-case name after the comma tells them apart. */
function oldExcept(source: PythonSource, node: SyntaxNode): SyntaxProblem | undefined {
  const parts = childrenOf(node);
  for (const [index, part] of parts.entries()) {
    if (part.name !== ',') continue;
    const name = parts[index + 1];
    const end = parts[index + 2];
    if (
      name?.name === 'VariableName' &&
      end?.name === 'Body' &&
      /^[a-z_][a-z0-9_]*$/.test(textOf(source, name))
    ) {
      return { line: lineAt(source, part.from), kind: 'python2', detail: '`except X, e:`' };
    }
  }
  return undefined;
}
