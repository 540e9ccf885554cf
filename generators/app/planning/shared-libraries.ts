import type { DebianRelease } from './base-image.ts';
import { readKnowledge } from './knowledge.ts';

/** One row of `knowledge/optional-libraries.json`: what wheels link to and work without. `*` stands for any text. */
interface OptionalLibraries {
  /** Normalised names: `nvidia-*`. */
  distributions: string[];
  /** Absolute path of the shared object. */
  file: string;
  /** What it wants: `libcuda.so*`. */
  libraries: string[];
  /** A few words for the user. */
  reason: string;
  source: string;
}

/**
 * The shared libraries of a Debian release: package → names that the dynamic linker looks for.
 * @see scripts/shared-libraries.ts, which makes the table from Debian's indexes
 */
export function sharedLibraries(release: DebianRelease): Record<string, string[]> {
  const { releases } = readKnowledge<{ releases: Record<DebianRelease, Record<string, string[]>> }>(
    'shared-libraries',
  );
  return releases[release];
}

/** What may be missing without harm, each row as words: the distributions in a line, the libraries in lines. */
export function optionalLibraryRows(
  columns: number,
): { distributions: string; file: string; libraries: string[]; reason: string }[] {
  const { libraries: rows } = readKnowledge<{ libraries: OptionalLibraries[] }>('optional-libraries');
  return rows.map(({ distributions, file, libraries, reason }) => ({
    distributions: distributions.join(' '),
    file,
    libraries: linesOf(libraries, columns),
    reason,
  }));
}

/**
 * The table of a release as lines of words: `libgl1: libGL.so.1 libgles2: libGLESv2.so.2`.
 * @param columns longest line
 */
export function sharedLibraryLines(release: DebianRelease, columns: number): string[] {
  const words = Object.entries(sharedLibraries(release)).flatMap(([name, libraries]) => [
    `${name}:`,
    ...libraries,
  ]);
  return linesOf(words, columns);
}

function linesOf(words: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
