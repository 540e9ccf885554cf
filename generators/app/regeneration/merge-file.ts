import { diff3Merge } from 'node-diff3';

/** The three texts of one file. */
export interface FileVersions {
  /** As the generator wrote it last; undefined when it did not. */
  base: string | undefined;
  /** As it is on disk; undefined when it is not there. */
  ours: string | undefined;
  /** As the generator would write it now. */
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
  /**
   * Both sides changed the same lines. All three texts have every change that does not overlap; where changes do,
   * `marked` has conflict markers in diff3 style, `ours` the user's lines and `theirs` the new ones.
   */
  | { kind: 'overlap'; marked: string; ours: string; theirs: string }
  /** A file of that name was there before the generator. */
  | { kind: 'foreign'; ours: string; theirs: string }
  /** Markers of an earlier merge are still in it. */
  | { kind: 'unresolved' };

export const MARKERS = {
  ours: '<<<<<<< yours',
  base: '||||||| last generated',
  middle: '=======',
  theirs: '>>>>>>> newly generated',
} as const;

const toLines = (text: string): string[] => text.split('\n');
const withUnixEndings = (text: string): string => text.replaceAll('\r\n', '\n');

/** Whether markers of an earlier merge are left in a text. */
export function hasMarkers(text: string): boolean {
  const lines = withUnixEndings(text).split('\n');
  return lines.includes(MARKERS.ours) && lines.includes(MARKERS.theirs);
}

/**
 * Three-way merge of one file. Texts are compared with `\n` line endings; the result has the line endings that
 * the file has on disk.
 */
export function mergeFile(versions: FileVersions): FileDecision {
  const { base, ours } = versions;
  const theirs = versions.theirs;
  if (ours === undefined)
    return base === undefined ? { kind: 'create', text: theirs } : { kind: 'deleted-by-user' };
  if (hasMarkers(ours)) return { kind: 'unresolved' };
  const asOnDisk = (text: string): string => (ours.includes('\r\n') ? text.replaceAll('\n', '\r\n') : text);
  const [unixBase, unixOurs] = [
    base === undefined ? undefined : withUnixEndings(base),
    withUnixEndings(ours),
  ];
  if (unixOurs === theirs || unixBase === theirs) return { kind: 'unchanged' };
  if (unixBase === undefined) return { kind: 'foreign', ours, theirs };
  if (unixOurs === unixBase) return { kind: 'update', text: asOnDisk(theirs) };

  const regions = diff3Merge(toLines(unixOurs), toLines(unixBase), toLines(theirs), {
    excludeFalseConflicts: true,
  });
  const join = (ofConflict: (conflict: { a: string[]; o: string[]; b: string[] }) => string[]): string =>
    asOnDisk(
      regions
        .flatMap((region) => region.ok ?? (region.conflict ? ofConflict(region.conflict) : []))
        .join('\n'),
    );
  const marked = join(({ a, o, b }) => [
    MARKERS.ours,
    ...a,
    MARKERS.base,
    ...o,
    MARKERS.middle,
    ...b,
    MARKERS.theirs,
  ]);
  if (!regions.some((region) => region.conflict)) {
    return marked === ours ? { kind: 'unchanged' } : { kind: 'merge', text: marked };
  }
  return { kind: 'overlap', marked, ours: join(({ a }) => a), theirs: join(({ b }) => b) };
}
