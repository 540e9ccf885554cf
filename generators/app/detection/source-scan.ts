import type { ProjectFiles } from './project-files.ts';

/** One name that an import statement brings in, found without parsing the file. */
export interface ScannedImport {
  /** Leading dots of `from ..x import`. */
  level: number;
  /** The module after `from` (may be empty for `from . import x`), or the one after `import`. */
  module: string;
  /** The name after `from x import`; `*` for a star; null for `import x`. */
  name: string | null;
  /** Offset of the statement. */
  at: number;
  /** In the body of a function: it runs when that is called. */
  lazy: boolean;
}

/** One string literal on a single line: its text between the quotes (escapes unread) and where it stands. */
export interface ScannedString {
  text: string;
  prefix: string;
  at: number;
  end: number;
}

/** What a quick look at a Python file's text tells. */
export interface ScannedSource {
  path: string;
  text: string;
  imports: readonly ScannedImport[];
  strings: readonly ScannedString[];
}

const scanned = new WeakMap<ProjectFiles, Map<string, ScannedSource | undefined>>();

/** The scanned file of a project (once per file); undefined when there is no such file. */
export function scanFile(files: ProjectFiles, path: string): ScannedSource | undefined {
  let cache = scanned.get(files);
  if (cache === undefined) scanned.set(files, (cache = new Map()));
  if (!cache.has(path)) {
    const text = files.read(path);
    cache.set(path, text === undefined ? undefined : scanPython(path, text));
  }
  return cache.get(path);
}

/** The line of an offset in a text, counted from 1. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** Offsets of texts that are no code: strings and comments, in order. */
type Span = readonly [from: number, to: number];

/**
 * Import statements and strings of a Python file, by one pass over its text. A parse takes ten to twenty times as
 * long, and most of a project's files are looked at for nothing else. Imports below `if TYPE_CHECKING:` do not run
 * and are left out.
 */
export function scanPython(path: string, text: string): ScannedSource {
  const { strings, spans } = stringsOf(text);
  return { path, text, strings, imports: importsOf(text, spans) };
}

const stringToken =
  /#[^\n]*|([A-Za-z]{0,2})(?:("""|''')|"((?:[^"\\\n]|\\[^])*)"|'((?:[^'\\\n]|\\[^])*)'|["'])/g;

function stringsOf(text: string): { strings: ScannedString[]; spans: Span[] } {
  const strings: ScannedString[] = [];
  const spans: Span[] = [];
  stringToken.lastIndex = 0;
  for (let match = stringToken.exec(text); match !== null; match = stringToken.exec(text)) {
    const [whole, prefix = '', triple, double, single] = match;
    const at = match.index;
    if (triple !== undefined) {
      const end = tripleEnd(text, stringToken.lastIndex, triple);
      spans.push([at, end]);
      stringToken.lastIndex = end;
      continue;
    }
    const inner = double ?? single;
    if (inner !== undefined) strings.push({ text: inner, prefix, at, end: at + whole.length });
    spans.push([at, at + whole.length]);
  }
  return { strings, spans };
}

function tripleEnd(text: string, from: number, quote: string): number {
  for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return at + quote.length;
  }
  return text.length;
}

// A statement starts a line, or stands after `;` or the colon of `try:`.
const importStart = /(?:^|[;:])[ \t]*(?=(?:from[ \t.\\]|import[ \t\\]))/gm;

function importsOf(text: string, spans: readonly Span[]): ScannedImport[] {
  const found: ScannedImport[] = [];
  const typesOnly = text.includes('TYPE_CHECKING') ? typeBlocks(text) : [];
  importStart.lastIndex = 0;
  for (let match = importStart.exec(text); match !== null; match = importStart.exec(text)) {
    const at = importStart.lastIndex;
    // An empty match would be found for ever.
    if (match[0] === '') importStart.lastIndex += 1;
    if (spanAt(spans, at) !== undefined) continue;
    if (typesOnly.some(([from, to]) => at >= from && at < to)) continue;
    const lazy = inFunction(text, at);
    for (const imported of readImport(text, at)) found.push({ ...imported, lazy });
  }
  return found;
}

/**
 * Whether a statement is in the body of a function, by the indentation of the lines above it. AppConfig.ready() runs
 * as the application starts: https://docs.djangoproject.com/en/stable/ref/applications/#django.apps.AppConfig.ready
 */
function inFunction(text: string, at: number): boolean {
  let start = text.lastIndexOf('\n', at - 1) + 1;
  let indent = indentAt(text, start);
  while (indent > 0 && start > 0) {
    start = text.lastIndexOf('\n', start - 2) + 1;
    const column = indentAt(text, start);
    if (column >= indent || /^[ \t]*(?:[#\r\n]|$)/.test(text.slice(start, start + column + 1))) continue;
    indent = column;
    if (/^(?:async[ \t]+)?def[ \t]+(?!ready\b)/.test(text.slice(start + column, start + column + 40)))
      return true;
  }
  return false;
}

function indentAt(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return at - start;
}

function spanAt(spans: readonly Span[], at: number): Span | undefined {
  let low = 0;
  let high = spans.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const span = spans[middle];
    if (span === undefined) return undefined;
    if (at < span[0]) high = middle - 1;
    else if (at >= span[1]) low = middle + 1;
    else return span;
  }
  return undefined;
}

/** The bodies of `if TYPE_CHECKING:`, by their indentation. */
function typeBlocks(text: string): Span[] {
  const found: Span[] = [];
  for (const match of text.matchAll(
    /^([ \t]*)if[ \t]+\(?(?:\w+\.)?TYPE_CHECKING\)?[ \t]*:[ \t]*(?:#[^\n]*)?$/gm,
  )) {
    const indent = match[1] ?? '';
    const from = match.index + match[0].length;
    const after = new RegExp(`^[ \\t]{0,${indent.length}}(?![ \\t\\n\\r#])`, 'gm');
    after.lastIndex = from + 1;
    found.push([from, after.exec(text)?.index ?? text.length]);
  }
  return found;
}

const name = /^[^\W\d][\w]*$/u;

function readImport(text: string, at: number): Omit<ScannedImport, 'lazy'>[] {
  const head = /^from[ \t\\\r\n]*(\.[. \t]*)?([\w.]*)(?:[ \t]|\\\r?\n)*import(?=[\s(*\\])/u.exec(
    text.slice(at, at + 400),
  );
  if (head === null) {
    if (!text.startsWith('import', at)) return [];
    return logicalLine(text, at + 'import'.length)
      .split(',')
      .flatMap((part) => {
        const module = (part.trim().split(/\s+as\s+/)[0] ?? '').replaceAll(/\s/g, '');
        return isDotted(module) ? [{ level: 0, module, name: null, at }] : [];
      });
  }
  const level = (head[1] ?? '').replaceAll(/[^.]/g, '').length;
  const module = head[2] ?? '';
  if (module !== '' ? !isDotted(module) : level === 0) return [];
  const from = at + head[0].length;
  const open = /^[ \t\\\r\n]*\(/.exec(text.slice(from, from + 200));
  const names =
    open === null
      ? logicalLine(text, from)
      : text.slice(from + open[0].length, closingAt(text, from + open[0].length));
  return names
    .replaceAll(/#[^\n]*/g, '')
    .split(',')
    .flatMap((part) => {
      const imported = part.trim().split(/\s+as\s+/)[0] ?? '';
      return imported === '*' || name.test(imported) ? [{ level, module, name: imported, at }] : [];
    });
}

function isDotted(module: string): boolean {
  return module.split('.').every((part) => name.test(part));
}

/** The closing bracket of a list of names, in whose comments brackets may stand. */
function closingAt(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === ')') return at;
    if (text[at] === '#') {
      const end = text.indexOf('\n', at);
      if (end === -1) return text.length;
      at = end;
    }
  }
  return text.length;
}

/** The rest of a statement on its line, continued lines joined, without a comment. */
function logicalLine(text: string, from: number): string {
  return (/^(?:\\\r?\n|[^\n;#])*/.exec(text.slice(from, from + 4000))?.[0] ?? '').replaceAll(
    /\\\r?\n|\r/g,
    ' ',
  );
}
