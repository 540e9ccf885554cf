import type { Random } from './history-random.ts';
import { upgradedBy } from './history-renderings.ts';

/** A text's lines with their endings, and whether a byte order mark stands before them. */
export function linesOf(text: string): { mark: string; lines: string[] } {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  return { mark, lines: text.slice(mark.length).match(/[^\n]*\n|[^\n]+$/g) ?? [] };
}

export const ending = (line: string): string => /\r?\n$/.exec(line)?.[0] ?? '';
export const content = (line: string): string => line.replace(/\r?\n$/, '');

/** What is in every line of the user's, and nowhere else. */
export const TOKEN = /\[user \d+\]/g;

/** One kind of edit: changes a file's lines. `own` makes a line of the user's without its ending. */
type Edit = (lines: string[], random: Random, own: () => string) => string[];

/** The ending of new lines at a place: as the lines around, or seldom another. */
function endingAt(lines: readonly string[], at: number, random: Random): string {
  const beside = ending(lines[at] ?? '') || ending(lines[at - 1] ?? '') || '\n';
  return random.chance(0.05) ? random.pick(['\n', '\r\n']) : beside;
}

/** A last line without a newline gets one before something is put after it. */
function closed(lines: string[]): string[] {
  const last = lines.at(-1);
  return last === undefined || ending(last) !== '' ? lines : [...lines.slice(0, -1), `${last}\n`];
}

const insertAt = (lines: string[], at: number, news: readonly string[]): string[] =>
  at >= lines.length ? [...closed(lines), ...news] : [...lines.slice(0, at), ...news, ...lines.slice(at)];

function insert(lines: string[], at: number, random: Random, texts: readonly string[]): string[] {
  const end = endingAt(lines, at, random);
  return insertAt(
    lines,
    at,
    texts.map((text) => text + end),
  );
}

/** A run of lines: start and end. */
function block(lines: readonly string[], random: Random, longest: number): [number, number] {
  const start = random.below(lines.length);
  return [start, Math.min(lines.length, start + random.between(1, longest))];
}

const changed = (line: string, text: string): string => text + ending(line);

/** Every kind of edit of a file's text, by name. */
export const EDITS: Readonly<Record<string, Edit>> = {
  insert: (lines, random, own) => insert(lines, random.below(lines.length + 1), random, [own()]),
  'insert several': (lines, random, own) =>
    insert(lines, random.below(lines.length + 1), random, [
      own(),
      ...(random.chance(0.5) ? [''] : []),
      own(),
      ...(random.chance(0.3) ? ['=======', ''] : []),
    ]),
  append: (lines, random, own) => insert(lines, lines.length, random, [own()]),
  prepend: (lines, random, own) => insert(lines, 0, random, [own()]),
  'change a line': (lines, random, own) => {
    const at = random.below(lines.length);
    return lines.map((line, index) =>
      index === at
        ? changed(line, random.chance(0.5) ? `${content(line).replace(TOKEN, '')} ${own()}` : own())
        : line,
    );
  },
  'trailing space': (lines, random) => {
    const at = random.below(lines.length);
    return lines.map((line, index) => (index === at ? changed(line, `${content(line)}  `) : line));
  },
  'delete a line': (lines, random) => {
    const at = random.below(lines.length);
    return lines.filter((_, index) => index !== at);
  },
  'delete a block': (lines, random) => {
    const [start, end] = block(lines, random, 8);
    return lines.filter((_, index) => index < start || index >= end);
  },
  'duplicate a block': (lines, random) => {
    const [start, end] = block(lines, random, 3);
    return insertAt(lines, end, closed(lines.slice(start, end)));
  },
  'reorder two blocks': (lines, random) => {
    const [start, middle] = block(lines, random, 5);
    const end = Math.min(lines.length, middle + random.between(1, 5));
    const second = lines.slice(middle, end);
    return second.length === 0
      ? lines
      : [...lines.slice(0, start), ...closed(second), ...lines.slice(start, middle), ...lines.slice(end)];
  },
  empty: () => [],
  CRLF: (lines) => lines.map((line) => changed2(line, '\r\n')),
  LF: (lines) => lines.map((line) => changed2(line, '\n')),
  'mixed endings': (lines, random) =>
    lines.map((line) => (random.chance(0.2) ? changed2(line, random.pick(['\n', '\r\n'])) : line)),
  'no last newline': (lines) =>
    lines.map((line, index) => (index === lines.length - 1 ? content(line) : line)).filter((line) => line),
  'last newline': closed,
};

/** Another ending, where there is one. */
function changed2(line: string, end: string): string {
  return ending(line) === '' ? line : content(line) + end;
}

/** How often each kind comes: what changes lines more often than what changes the whole file. */
const WEIGHTED = Object.keys(EDITS).flatMap((name) =>
  Array.from({ length: name === 'empty' ? 1 : /insert|change|delete|append/.test(name) ? 6 : 3 }, () => name),
);

/** One edit of a file. Returns the new text, and what was done. */
export function editText(
  text: string,
  random: Random,
  own: () => string,
  next: { path: string; version: number },
): [string, string] {
  const { mark, lines } = linesOf(text);
  if (random.chance(0.04)) return [`${mark === '' ? '\uFEFF' : ''}${lines.join('')}`, 'byte order mark'];
  if (random.chance(0.03)) {
    // By hand what the next templates will bring: both sides change the same lines.
    const upgraded = upgradedBy(
      next.version,
      next.path,
      closed(lines.map((line) => changed2(line, '\n'))).join(''),
    );
    return [mark + upgraded, 'what the next version brings'];
  }
  const name = lines.length === 0 ? 'append' : random.pick(WEIGHTED);
  const edit = EDITS[name];
  if (edit === undefined) throw new Error(name);
  return [mark + edit(lines, random, own).join(''), name];
}

/** A marker, whatever an edit may have put after it. */
const MARKER = /^(?:(?:<{7}|\|{7}|>{7})(?= \S)|={7}(?=\s*$))/;

/**
 * Resolves conflict markers as a user might: one side, both, or something else, for each place anew. Of places that an
 * edit has broken only the markers are taken away.
 */
export function resolveMarkers(text: string, random: Random, own: () => string): string {
  const { mark, lines } = linesOf(text);
  const kept: string[] = [];
  const markerOf = (line: string | undefined): string => MARKER.exec(content(line ?? ''))?.[0] ?? '';
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const marker = markerOf(line);
    if (marker !== '<<<<<<<') {
      if (marker === '' || marker === '=======') kept.push(line);
      continue;
    }
    const places = new Map([[marker, at]]);
    for (let next = at + 1; next < lines.length && !places.has('>>>>>>>'); next += 1) {
      const found = markerOf(lines[next]);
      if (found === '<<<<<<<') break;
      if (found !== '') places.set(found, next);
    }
    const [base, middle, end] = ['|||||||', '=======', '>>>>>>>'].map((name) => places.get(name));
    if (middle === undefined || end === undefined) continue;
    const ours = lines.slice(at + 1, base ?? middle);
    const theirs = lines.slice(middle + 1, end);
    const word = random.pick(['ours', 'theirs', 'both', 'other']);
    if (word === 'ours' || word === 'both') kept.push(...ours);
    if (word === 'theirs' || word === 'both') kept.push(...theirs);
    if (word === 'other') kept.push(own() + (ending(line) || '\n'));
    at = end;
  }
  return mark + kept.join('');
}
