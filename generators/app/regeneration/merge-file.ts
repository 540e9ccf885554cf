import { diff3MergeRegions, diffIndices } from 'node-diff3';
import { joinText, sameLines, splitText, usualEnding, type TextLines } from './text-lines.ts';

/** The three texts of one file. */
export interface FileVersions {
  /** As the generator wrote it last; undefined when it did not. */
  base: string | undefined;
  /** As it is on disk; undefined when it is not there. */
  ours: string | undefined;
  /** As the generator would write it now, with `\n` line endings. */
  theirs: string;
}

/**
 * Both sides changed the same lines. All three texts have every change that does not overlap; where changes do,
 * `marked` has conflict markers in diff3 style, `ours` the user's lines and `theirs` the new ones.
 */
export interface Overlap {
  kind: 'overlap';
  marked: string;
  ours: string;
  theirs: string;
}

/** What happens to one file of the new rendering. */
export type FileDecision =
  | { kind: 'create'; text: string }
  /** Nothing to write: equal, or nothing new to bring in. */
  | { kind: 'unchanged' }
  /** The user deleted it: it stays deleted. */
  | { kind: 'deleted-by-user' }
  | { kind: 'update'; text: string }
  | { kind: 'merge'; text: string }
  | Overlap
  /** There is a file, and nothing tells what the generator wrote last. */
  | { kind: 'no-base'; ours: string; theirs: string }
  /** Markers of an earlier merge are still in it. */
  | { kind: 'unresolved' };

export const MARKERS = {
  ours: '<<<<<<< yours',
  base: '||||||| last generated',
  middle: '=======',
  theirs: '>>>>>>> newly generated',
} as const;

/** Markers that no text has by chance, ours and Git's; `=======` underlines a heading, too. */
const TELLING_MARKER = /^(?:<{7}|\|{7}|>{7}) \S/;

/** Whether markers of an earlier merge, or some of them, are left in a text. */
export function hasMarkers(text: string): boolean {
  return splitText(text).lines.some((line) => TELLING_MARKER.test(line));
}

/** What node-diff3 gives, typed: a run of lines that is settled by one of the three texts, or changed by both sides. */
type Diff3Region =
  | { stable: true; buffer: 'a' | 'o' | 'b'; bufferStart: number; bufferContent: string[] }
  | {
      stable: false;
      aStart: number;
      aLength: number;
      aContent: string[];
      oContent: string[];
      bContent: string[];
    };

/** A place where two texts differ: start and length in each. */
interface Difference {
  buffer1: [number, number];
  buffer2: [number, number];
}

const differences: (from: string[], to: string[]) => Difference[] = diffIndices;

/** A run of lines of the result: settled, or changed by both sides. */
type Region =
  { kind: 'settled'; lines: Line[] } | { kind: 'overlap'; ours: Line[]; base: Line[] | null; theirs: Line[] };

/** `ending` is undefined for a line that the user's file does not have: it gets the usual one of that file. */
interface Line {
  text: string;
  ending?: string | undefined;
}

/**
 * Three-way merge of one file, line by line. Only the lines' contents are compared: line endings (mixed ones, too), a
 * byte order mark and a missing last newline are the user's, and stay.
 */
export function mergeFile(versions: FileVersions): FileDecision {
  const { base, ours } = versions;
  if (ours === undefined)
    return base === undefined ? { kind: 'create', text: versions.theirs } : { kind: 'deleted-by-user' };
  if (hasMarkers(ours)) return { kind: 'unresolved' };
  const mine = splitText(ours);
  const theirs = splitText(versions.theirs).lines;
  if (sameLines(mine.lines, theirs)) return { kind: 'unchanged' };
  if (base === undefined) return { kind: 'no-base', ours, theirs: versions.theirs };
  const last = splitText(base).lines;
  if (sameLines(last, theirs)) return { kind: 'unchanged' };

  const regions = mergeRegions(mine, last, theirs);
  if (regions.some((region) => region.kind === 'overlap')) return overlapOf(regions, mine);
  const text = assemble(
    regions.flatMap((region) => (region.kind === 'settled' ? region.lines : [])),
    mine,
  );
  if (text === ours) return { kind: 'unchanged' };
  return { kind: sameLines(mine.lines, last) ? 'update' : 'merge', text };
}

/**
 * Two texts without a common base, as after the lock was lost: every line that differs may be an edit, so each
 * difference is an overlap.
 * @param ours as it is on disk
 * @param theirs as the generator would write it
 */
export function overlapWithoutBase(ours: string, theirs: string): Overlap {
  const mine = splitText(ours);
  const lines = splitText(theirs).lines;
  const regions: Region[] = [];
  let done = 0;
  for (const { buffer1, buffer2 } of withoutBlankIslands(differences(mine.lines, lines), mine.lines)) {
    const end = buffer1[0] + buffer1[1];
    regions.push({ kind: 'settled', lines: ownLines(mine, done, buffer1[0]) });
    const others = lines.slice(buffer2[0], buffer2[0] + buffer2[1]);
    regions.push({
      kind: 'overlap',
      ours: ownLines(mine, buffer1[0], end),
      base: null,
      theirs: newLines(others),
    });
    done = end;
  }
  regions.push({ kind: 'settled', lines: ownLines(mine, done, mine.lines.length) });
  return overlapOf(regions, mine);
}

/** Differences with nothing but blank lines between them are one: else two unlike files fall into crumbs. */
function withoutBlankIslands(found: readonly Difference[], lines: readonly string[]): Difference[] {
  const joined: Difference[] = [];
  for (const { buffer1, buffer2 } of found) {
    const last = joined.at(-1);
    const from = last === undefined ? 0 : last.buffer1[0] + last.buffer1[1];
    if (last === undefined || lines.slice(from, buffer1[0]).some((line) => line.trim() !== '')) {
      joined.push({ buffer1, buffer2 });
    } else {
      last.buffer1 = [last.buffer1[0], buffer1[0] + buffer1[1] - last.buffer1[0]];
      last.buffer2 = [last.buffer2[0], buffer2[0] + buffer2[1] - last.buffer2[0]];
    }
  }
  return joined;
}

/** The regions of a three-way merge, with each line of the user's file in the form that it has there. */
function mergeRegions(mine: TextLines, last: string[], theirs: string[]): Region[] {
  // Where a line that nobody changed stands in the user's file.
  const offsets = unchangedLines(last, mine.lines);
  return (diff3MergeRegions(mine.lines, last, theirs) as Diff3Region[]).map((region): Region => {
    if (region.stable) {
      const { buffer, bufferStart: start, bufferContent: content } = region;
      if (buffer === 'a') return { kind: 'settled', lines: ownLines(mine, start, start + content.length) };
      if (buffer === 'b') return { kind: 'settled', lines: newLines(content) };
      return {
        kind: 'settled',
        lines: content.map((text, index) => {
          const place = offsets.get(start + index);
          return { text, ending: place === undefined ? undefined : mine.endings[place] };
        }),
      };
    }
    const ours = ownLines(mine, region.aStart, region.aStart + region.aLength);
    return sameLines(region.aContent, region.bContent)
      ? { kind: 'settled', lines: ours }
      : { kind: 'overlap', ours, base: newLines(region.oContent), theirs: newLines(region.bContent) };
  });
}

/** Index in `from` → index in `to`, for the lines that are the same in both. */
function unchangedLines(from: string[], to: string[]): Map<number, number> {
  const places = new Map<number, number>();
  let [at, place] = [0, 0];
  const end: Difference = { buffer1: [from.length, 0], buffer2: [to.length, 0] };
  for (const { buffer1, buffer2 } of [...differences(from, to), end]) {
    for (; at < buffer1[0]; at += 1, place += 1) places.set(at, place);
    at = buffer1[0] + buffer1[1];
    place = buffer2[0] + buffer2[1];
  }
  return places;
}

const ownLines = (mine: TextLines, start: number, end: number): Line[] =>
  mine.lines.slice(start, end).map((text, index) => ({ text, ending: mine.endings[start + index] }));

const newLines = (lines: readonly string[]): Line[] => lines.map((text) => ({ text }));

const marker = (text: string): Line => ({ text });

function overlapOf(regions: readonly Region[], mine: TextLines): Overlap {
  const withOverlaps = (choose: (overlap: Extract<Region, { kind: 'overlap' }>) => Line[]): string =>
    assemble(
      regions.flatMap((region) => (region.kind === 'settled' ? region.lines : choose(region))),
      mine,
    );
  return {
    kind: 'overlap',
    marked: withOverlaps(({ ours, base, theirs }) => [
      marker(MARKERS.ours),
      ...ours,
      ...(base === null ? [] : [marker(MARKERS.base), ...base]),
      marker(MARKERS.middle),
      ...theirs,
      marker(MARKERS.theirs),
    ]),
    ours: withOverlaps(({ ours }) => ours),
    theirs: withOverlaps(({ theirs }) => theirs),
  };
}

/** The text of merged lines, in the form of the user's file. */
function assemble(lines: readonly Line[], mine: TextLines): string {
  const usual = usualEnding(mine);
  const endsOpen = mine.lines.length > 0 && mine.endings.at(-1) === '';
  const endings = lines.map(({ ending }, index) =>
    index === lines.length - 1 && endsOpen ? '' : ending === undefined || ending === '' ? usual : ending,
  );
  return joinText({ lines: lines.map(({ text }) => text), endings, byteOrderMark: mine.byteOrderMark });
}
