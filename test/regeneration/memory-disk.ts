import { sha256, type ProjectDisk } from '../../generators/app/regeneration/plan-changes.ts';
import type { RenderedFile } from '../../generators/app/rendering/render-files.ts';

/** A project's files in memory, by path. */
export const memoryDisk = (files: Readonly<Record<string, string>>): ProjectDisk => ({
  text: (path) => files[path],
  exists: (path) => files[path] !== undefined,
  sha256: (path) => (files[path] === undefined ? undefined : sha256(files[path])),
});

/** A rendering of these texts; `writeOnce` names those that are never merged. */
export const rendering = (
  files: Readonly<Record<string, string>>,
  writeOnce: readonly string[] = [],
): Map<string, RenderedFile> =>
  new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      {
        text,
        file: {
          template: '',
          destination: path,
          when: () => true,
          purpose: '',
          writeOnce: writeOnce.includes(path),
        },
      },
    ]),
  );
