import { readKnowledge } from './knowledge.ts';

interface UnusedPaths {
  /** Absolute; `{library}` is the folder of the standard library, `*` the shell's. */
  paths: string[];
  reason: string;
}

/** `knowledge/base-image-trims.json`: what production runs without in an official Python image. */
interface BaseImageTrims {
  unused: UnusedPaths[];
  /** What only a compiler reads. */
  unusedWithoutCompiler: UnusedPaths[];
  /** Debian packages, or the beginnings of their names (`gcc-14`). */
  compilers: string[];
}

/**
 * What the trim `tools` deletes in the base image.
 * @param pythonVersion `3.12`
 * @param runtimePackages Debian packages in production
 * @returns absolute paths, with the shell's `*`
 */
export function unusedTools(pythonVersion: string, runtimePackages: readonly string[]): string[] {
  const table = readKnowledge<BaseImageTrims>('base-image-trims');
  const compiles = runtimePackages.some((name) =>
    table.compilers.some((compiler) => name === compiler || name.startsWith(`${compiler}-`)),
  );
  return [...table.unused, ...(compiles ? [] : table.unusedWithoutCompiler)]
    .flatMap(({ paths }) => paths)
    .map((path) => path.replace('{library}', `/usr/local/lib/python${pythonVersion}`))
    .toSorted();
}
