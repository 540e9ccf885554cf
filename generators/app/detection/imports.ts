import { dynamicImports } from './dynamic-imports.ts';
import { findImport, findSubmodule } from './evaluation.ts';
import { externalNames } from './external-names.ts';
import type { Evidence } from './facts.ts';
import { folderOf } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import type { ModuleLocation, ProjectModules } from './project-modules.ts';
import { lineOf, scanFile } from './source-scan.ts';
import type { ScannedImport, ScannedSource } from './source-scan.ts';

/** Why a file or path is part of the application. */
export interface Reached {
  reason: string;
  evidence: Evidence[];
}

/** What the application needs, as far as its code says. */
export interface Closure {
  /** Python files by path. */
  modules: ReadonlyMap<string, Reached>;
  /** Files and folders named by path. */
  paths: ReadonlyMap<string, Reached>;
  /** Modules of others that the code imports. Sorted. */
  external: string[];
}

/** What to start from. */
export interface Seed {
  /** A file, or a dotted name of a module, class or function. */
  target: { file: string } | { dotted: string };
  reason: string;
  evidence: Evidence[];
  /** Every module of the package belongs to it (an app in INSTALLED_APPS). */
  wholePackage?: boolean;
}

const testFile = /(?:^|\/)(?:tests?|testing|e2e)\/|(?:^|\/)(?:tests?|test_[^/]*|[^/]*_tests?|conftest)\.py$/;

/** Whether a path is a test by its name. */
export function isTestPath(path: string): boolean {
  return testFile.test(path);
}

/**
 * Follows imports, dotted strings, include() and imports by a computed name from the seeds. Where it is not clear
 * what is imported, everything that it may be is reached. Cycles end because each file is read once.
 */
export function followImports(
  files: ProjectFiles,
  modules: ProjectModules,
  seeds: readonly Seed[],
): Pick<Closure, 'modules' | 'external'> {
  const { reached, external } = follow(files, modules, seeds, (closure, source) => {
    closure.followStatements(source);
    followDynamicImports(closure, files, modules, source);
    if (!/(?:^|\/)migrations\//.test(source.path)) closure.followStrings(source);
  });
  return { modules: reached, external: [...external].toSorted() };
}

/**
 * The modules of others that are imported as the application starts: what stands outside functions, from the seeds on.
 * Management commands and what only a function imports come later, or never.
 * @returns sorted
 */
export function startupImports(
  files: ProjectFiles,
  modules: ProjectModules,
  seeds: readonly Seed[],
): string[] {
  const { external } = follow(files, modules, seeds, (closure, source) => {
    if (/(?:^|\/)(?:management\/commands|migrations)\//.test(source.path)) return;
    closure.followStatements({ ...source, imports: source.imports.filter(({ lazy }) => !lazy) });
    followDynamicImports(closure, files, modules, source);
  });
  return [...external].toSorted();
}

/** Reads each file that is reached from the seeds, once. */
function follow(
  files: ProjectFiles,
  modules: ProjectModules,
  seeds: readonly Seed[],
  read: (closure: Following, source: ScannedSource) => void,
): Following {
  const closure = new Following(modules);
  for (const seed of seeds) closure.addSeed(seed);
  for (let file = closure.next(); file !== undefined; file = closure.next()) {
    const source = scanFile(files, file);
    if (source !== undefined) read(closure, source);
  }
  return closure;
}

function followDynamicImports(
  closure: Following,
  files: ProjectFiles,
  modules: ProjectModules,
  source: ScannedSource,
): void {
  for (const { dotted, at, whole, doubt } of dynamicImports(files, modules, source))
    closure.followName(source, dotted, at, whole, doubt);
}

const dottedText = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/;

class Following {
  readonly reached = new Map<string, Reached>();
  readonly external = new Set<string>();
  readonly #modules: ProjectModules;
  readonly #waiting: string[] = [];
  #read = 0;
  /** What a dotted string stands for, remembered because the same ones come again and again. */
  readonly #named = new Map<string, ModuleLocation | undefined>();

  constructor(modules: ProjectModules) {
    this.#modules = modules;
  }

  next(): string | undefined {
    const file = this.#waiting[this.#read];
    this.#read += 1;
    return file;
  }

  addSeed(seed: Seed): void {
    const why = (): Reached => ({ reason: seed.reason, evidence: seed.evidence });
    if ('file' in seed.target) {
      this.#reachFile(seed.target.file, why);
      return;
    }
    const found = this.#modules.findPrefix(seed.target.dotted);
    if (found === undefined) return;
    this.#reachLocation(found.location, why);
    if (seed.wholePackage === true) this.#reachWhole(found.location, why);
  }

  followStatements(source: ScannedSource): void {
    for (const statement of source.imports) this.#followStatement(source, statement);
  }

  #followStatement(source: ScannedSource, { level, module, name, at }: ScannedImport): void {
    const modules = this.#modules;
    const location =
      name === null ? modules.findPrefix(module)?.location : findImport(modules, source.path, level, module);
    if (location === undefined) {
      if (level === 0) for (const outside of externalNames(module, name)) this.external.add(outside);
      return;
    }
    const why = because('imported by', source, at);
    this.#reachLocation(location, why);
    if (name === null) return;
    const submodule = name === '*' ? undefined : findSubmodule(modules, location, name);
    if (submodule !== undefined) this.#reachLocation(submodule, why);
  }

  /** A name in a call: `include("a.urls")`, or as much of it as is written (`import_module(f"plugins.{name}")`). */
  followName(source: ScannedSource, dotted: string, at: number, whole: boolean, doubt: boolean): void {
    const location = dotted.startsWith('.')
      ? findImport(
          this.#modules,
          source.path,
          /^\.+/.exec(dotted)?.[0].length ?? 1,
          dotted.replace(/^\.+/, ''),
        )
      : this.#modules.findPrefix(dotted)?.location;
    if (location === undefined) return;
    const why = because(doubt ? 'may be imported by' : 'named in', source, at);
    this.#reachLocation(location, why);
    if (whole) this.#reachWhole(location, why);
  }

  /** Strings that are the name of a module: `"jobs.tasks.send"` in a schedule, a list of plug-ins. */
  followStrings(source: ScannedSource): void {
    for (const { text, at } of source.strings) {
      if (!text.includes('.') || text.length > 200 || !dottedText.test(text)) continue;
      const location = this.#moduleNamed(text);
      if (location?.file != null) this.#reachLocation(location, because('named in', source, at));
    }
  }

  /** Two parts at least must be there: `db.sqlite3` does not name the package `db`. */
  #moduleNamed(text: string): ModuleLocation | undefined {
    if (!this.#named.has(text)) {
      const top = text.slice(0, text.indexOf('.'));
      const found = this.#modules.find(top) === undefined ? undefined : this.#modules.findPrefix(text);
      this.#named.set(text, found?.module.includes('.') === true ? found.location : undefined);
    }
    return this.#named.get(text);
  }

  #reachFile(file: string, why: () => Reached): void {
    if (this.reached.has(file)) return;
    this.reached.set(file, why());
    this.#waiting.push(file);
    for (const initial of packagesAbove(this.#modules, file)) this.#reachFile(initial, why);
  }

  #reachLocation(location: ModuleLocation, why: () => Reached): void {
    if (location.file !== null) this.#reachFile(location.file, why);
  }

  /** Every module of a package, tests left out. `apps.users.apps.UsersConfig` stands for the package apps.users. */
  #reachWhole(location: ModuleLocation, why: () => Reached): void {
    const folder = location.folder ?? (location.file === null ? null : folderOf(location.file));
    if (folder === null || folder === '' || this.#modules.roots.includes(folder)) return;
    for (const file of this.#modules.pythonFilesIn(folder)) {
      if (!isTestPath(file.slice(folder.length + 1))) this.#reachFile(file, why);
    }
  }
}

function because(verb: string, source: ScannedSource, at: number): () => Reached {
  return () => {
    const evidence = { file: source.path, line: lineOf(source.text, at) };
    return { reason: `${verb} ${evidence.file}:${evidence.line}`, evidence: [evidence] };
  };
}

function packagesAbove(modules: ProjectModules, file: string): string[] {
  const found: string[] = [];
  for (
    let folder = folderOf(file);
    folder !== '' && !modules.roots.includes(folder);
    folder = folderOf(folder)
  ) {
    if (modules.hasFile(`${folder}/__init__.py`)) found.push(`${folder}/__init__.py`);
  }
  return found;
}
