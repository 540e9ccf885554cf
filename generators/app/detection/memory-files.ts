import { DetectionError } from './facts.ts';
import type { ProjectFiles } from './project-files.ts';

/** What git would say about files in memory. */
export interface MemoryGit {
  present?: boolean;
  ignored?: readonly string[];
  tracked?: readonly string[];
}

const maximumSize = 2 * 1024 * 1024;

/** The text of a file as detection reads it: a byte order mark removed. Throws DetectionError when it is too large. */
export function checkedText(path: string, text: string): string {
  if (text.length > maximumSize) throw tooLarge(path);
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** The error for a file that is too large to be source code. */
export function tooLarge(path: string): DetectionError {
  return new DetectionError(
    `${path} is larger than 2 MiB, too large to be read as source code. Move it out of the way or make it smaller.`,
  );
}

/** The same files, but one that cannot be read counts as missing: for code that may be large data, unlike the settings. */
export function lenientFiles(files: ProjectFiles): ProjectFiles {
  return {
    ...files,
    origin: files.origin ?? files,
    read: (path) => {
      try {
        return files.read(path);
      } catch (error) {
        if (error instanceof DetectionError) return undefined;
        throw error;
      }
    },
  };
}

/** The same files, each read once. */
export function rememberedFiles(files: ProjectFiles): ProjectFiles {
  const texts = new Map<string, string | undefined>();
  return {
    ...files,
    read: (path) => {
      if (!texts.has(path)) texts.set(path, files.read(path));
      return texts.get(path);
    },
  };
}

/** A repository in memory, for tests. `contents` maps paths relative to the root to texts. */
export function memoryFiles(
  name: string,
  contents: Readonly<Record<string, string>>,
  git: MemoryGit = {},
): ProjectFiles {
  const byPath = new Map(Object.entries(contents));
  const sorted = [...byPath.keys()].toSorted();
  const top = [
    ...new Set(sorted.map((path) => (path.includes('/') ? `${path.slice(0, path.indexOf('/'))}/` : path))),
  ].toSorted();
  return {
    name,
    files: () => sorted,
    topLevel: () => top,
    exists: (path) => byPath.has(path),
    read: (path) => {
      const text = byPath.get(path);
      return text === undefined ? undefined : checkedText(path, text);
    },
    git: () => ({
      present: git.present ?? false,
      ignored: (paths) => new Set(paths.filter((path) => git.ignored?.includes(path) ?? false)),
      tracked: (path) => git.tracked?.includes(path) ?? false,
    }),
  };
}
