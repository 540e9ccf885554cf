import { folderOf, isInside, joinRelative } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';

/** Where a dotted name leads inside the repository. */
export interface ModuleLocation {
  /** The `.py` file; null for a namespace package (a folder without `__init__.py`). */
  file: string | null;
  /** The package's folder; null for a plain module. */
  folder: string | null;
}

/** Finds modules of the project by name. */
export interface ProjectModules {
  /** Folders on `sys.path`, the work dir first. */
  roots: readonly string[];
  /** Resolves `a.b.c` from the roots. */
  find(dotted: string): ModuleLocation | undefined;
  /** Resolves `b.c` inside a folder, as relative imports do; `''` is the folder's own package. */
  findIn(folder: string, dotted: string): ModuleLocation | undefined;
  /** The longest beginning of a dotted name that is a module (`a.b` for `a.b.Class`), and how many parts are left. */
  findPrefix(dotted: string): { location: ModuleLocation; module: string; rest: string[] } | undefined;
  /** The dotted name of a file, by the first root that holds it. */
  nameOf(file: string): string;
  hasFile(path: string): boolean;
  hasFolder(path: string): boolean;
  /** Python files in a folder and below. */
  pythonFilesIn(folder: string): readonly string[];
}

const identifier = /^[^\W\d]\w*$/u;

/** The path that a dotted name means in a folder; undefined for names that Python has not. */
const pathOf = (folder: string, dotted: string): string | undefined => {
  const parts = dotted.split('.');
  return parts.every((part) => identifier.test(part)) ? joinRelative(folder, parts.join('/')) : undefined;
};

/** Builds the index. `roots` are folders of the repository. */
export function indexModules(files: ProjectFiles, roots: readonly string[]): ProjectModules {
  const { all, folders, pythonFolders, python } = indexFiles(files);
  const unique = [...new Set(roots)];

  const at = (path: string): ModuleLocation | undefined => {
    if (all.has(`${path}/__init__.py`)) return { file: `${path}/__init__.py`, folder: path };
    if (all.has(`${path}.py`)) return { file: `${path}.py`, folder: null };
    return undefined;
  };
  const namespaceAt = (path: string): ModuleLocation | undefined =>
    pythonFolders.has(path) ? { file: null, folder: path } : undefined;

  const known = new Map<string, ModuleLocation | undefined>();
  const find = (dotted: string): ModuleLocation | undefined => {
    if (!known.has(dotted)) known.set(dotted, search(dotted));
    return known.get(dotted);
  };
  const search = (dotted: string): ModuleLocation | undefined => {
    for (const lookup of [at, namespaceAt]) {
      for (const root of unique) {
        const path = pathOf(root, dotted);
        const found = path === undefined ? undefined : lookup(path);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };

  return {
    roots: unique,
    find,
    findIn: (folder, dotted) => {
      if (dotted === '') {
        if (all.has(joinRelative(folder, '__init__.py')))
          return { file: joinRelative(folder, '__init__.py'), folder };
        return namespaceAt(folder);
      }
      const path = pathOf(folder, dotted);
      return path === undefined ? undefined : (at(path) ?? namespaceAt(path));
    },
    findPrefix: (dotted) => {
      const parts = dotted.split('.');
      for (let length = parts.length; length > 0; length -= 1) {
        const module = parts.slice(0, length).join('.');
        const location = find(module);
        if (location !== undefined) return { location, module, rest: parts.slice(length) };
      }
      return undefined;
    },
    nameOf: (file) => {
      const byLength = [...unique].toSorted((left, right) => right.length - left.length);
      const root = byLength.find((candidate) => isInside(file, candidate)) ?? '';
      const relative = root === '' ? file : file.slice(root.length + 1);
      return relative.replace(/(?:^|\/)__init__\.py$|\.py$/, '').replaceAll('/', '.');
    },
    hasFile: (path) => all.has(path),
    hasFolder: (path) => path === '' || folders.has(path),
    pythonFilesIn: (folder) => python.filter((file) => isInside(file, folder)),
  };
}

interface FileIndex {
  all: ReadonlySet<string>;
  folders: ReadonlySet<string>;
  pythonFolders: ReadonlySet<string>;
  python: readonly string[];
}

const indexes = new WeakMap<ProjectFiles, FileIndex>();

const addParents = (path: string, into: Set<string>): void => {
  for (let folder = folderOf(path); folder !== '' && !into.has(folder); folder = folderOf(folder))
    into.add(folder);
};

function indexFiles(files: ProjectFiles): FileIndex {
  const known = indexes.get(files);
  if (known !== undefined) return known;
  const folders = new Set<string>();
  const pythonFolders = new Set<string>();
  const python = files.files().filter((path) => path.endsWith('.py'));
  for (const path of files.files()) addParents(path, folders);
  for (const path of python) addParents(path, pythonFolders);
  const index = { all: new Set(files.files()), folders, pythonFolders, python };
  indexes.set(files, index);
  return index;
}
