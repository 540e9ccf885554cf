/** The only way detection sees a repository, so that tests can run on files in memory. Paths are POSIX, relative to the root. */
export interface ProjectFiles {
  /** Name of the repository's folder. */
  readonly name: string;
  /** The files that these are another view of, with the same texts: what is parsed is shared with them. */
  readonly origin?: ProjectFiles;
  /** Every file that is not in an ignored folder (`.git`, `node_modules`, virtual environments, caches, …), sorted. Computed once. */
  files(): readonly string[];
  /** Every name in the root, folders with a trailing `/`, ignored ones included, sorted. */
  topLevel(): readonly string[];
  /** Whether a file of this path exists (ignored folders included). */
  exists(path: string): boolean;
  /** The text (UTF-8, a BOM removed, CRLF kept); undefined when there is no such file. Throws DetectionError naming the path when it cannot be read or is larger than 2 MiB. */
  read(path: string): string | undefined;
  /** What git says; `ignored` tells which of some paths it ignores. Never runs anything of the project's. */
  git(): {
    present: boolean;
    ignored(paths: readonly string[]): ReadonlySet<string>;
    tracked(path: string): boolean;
  };
}
