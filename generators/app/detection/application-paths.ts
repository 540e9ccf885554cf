import type { ApplicationPath } from './facts.ts';
import { isTestPath } from './imports.ts';
import type { Closure, Reached } from './imports.ts';
import { folderOf, isInside, joinRelative } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';

/** Paths that settings give a meaning, so that they are no part of the code. */
export interface KnownPaths {
  managePy: string;
  staticRoot: string | null;
  mediaRoot: string | null;
  sqlite: string | null;
  /** Folders that the application fills. */
  written: readonly string[];
}

const unusedFolders: readonly [RegExp, string][] = [
  [
    /^(?:tests?|testing|e2e|cypress|playwright|specs?|test[_-].*|.*[_-]tests?|testutils|benchmarks?|locust)$/i,
    'tests, not imported',
  ],
  [/^(?:docs?|documentation|examples?|samples?|screenshots?|adr|design)$/i, 'docs'],
  [
    /^(?:node_modules|frontend|front-end|client|webapp|ui|js|ts|scss|sass|webpack|vite)$/i,
    'frontend sources',
  ],
  [/^(?:media|uploads?|mediafiles|user_uploads)$/i, 'uploads'],
  [/^(?:logs?|backups?|dumps?|tmp|temp|coverage|reports?)$/i, 'not part of the application'],
  [
    /^(?:deploy(?:ment)?|k8s|kubernetes|helm|charts?|terraform|ansible|infra(?:structure)?|docker|nginx|compose|ci|circleci|envs?|etc|provision(?:ing)?|puppet|systemd|supervisor|vagrant)$/i,
    'deployment',
  ],
  [/^(?:requirements|reqs)$/i, 'requirements'],
  [/^(?:notebooks?|jupyter)$/i, 'notebooks'],
  [/^(?:scripts?|bin|tools|contrib|hooks)$/i, 'scripts, not imported'],
  [/^(?:build|dist|staticfiles|static_root|collected_?static|static[-_]collected)$/i, 'made by a build'],
];

const modelFile =
  /\.(?:pkl|pickle|joblib|sav|onnx|pt|pth|h5|keras|tflite|pb|safetensors|gguf|bin|model|npz|npy|parquet|bst|cbm|mlmodel|faiss|index)$/i;

const hidden = (path: string): boolean => (path.split('/').at(-1) ?? '').startsWith('.');

/**
 * The candidates for the selective COPY: children of the work dir, and outside it only what is reached.
 * Sorted by path, the needed ones not apart.
 */
export function applicationPaths(
  files: ProjectFiles,
  workDir: string,
  closure: Closure,
  given: KnownPaths,
): ApplicationPath[] {
  // A root that holds the whole work dir was misread or is a mistake; the code in it is no product.
  const apart = (path: string | null): string | null =>
    path === null || isInside(workDir, path) ? null : path;
  const known = { ...given, staticRoot: apart(given.staticRoot), mediaRoot: apart(given.mediaRoot) };
  const found = new Map<string, ApplicationPath>();
  const childOf = (path: string): string => childPath(path, workDir);
  const isFile = (path: string): boolean => files.exists(path);
  const generated = (path: string): boolean =>
    (known.staticRoot !== null && isInside(path, known.staticRoot)) ||
    (known.mediaRoot !== null && isInside(path, known.mediaRoot)) ||
    path === known.sqlite ||
    known.written.some((folder) => isInside(path, folder)) ||
    /\.(?:sqlite3?|db)$/.test(path);

  for (const [file, why] of closure.modules) {
    const child = childOf(file);
    if (file === known.managePy || found.has(child)) continue;
    found.set(child, {
      path: child,
      kind: child === file ? 'module' : 'package',
      needed: true,
      ...shortReason(child, why),
    });
  }
  const pythonFolders = foldersOfPython(files);
  for (const [path, why] of closure.paths) {
    if (generated(path)) continue;
    const child = childOf(path);
    if (found.has(child) || hidden(child) || path === known.managePy) continue;
    found.set(child, {
      path: child,
      kind: kindOf(child, isFile(child), pythonFolders),
      needed: true,
      ...shortReason(child, why),
    });
  }

  const byChild = new Map<string, string[]>();
  for (const file of files.files()) {
    if (!isInside(file, workDir)) continue;
    const child = childOf(file);
    const list = byChild.get(child);
    if (list === undefined) byChild.set(child, [file]);
    else list.push(file);
  }
  for (const [child, contents] of byChild) {
    if (found.has(child) || hidden(child) || child === known.managePy) continue;
    const alone = contents.length === 1 && contents[0] === child;
    if (alone) {
      const candidate = singleFile(child, workDir);
      if (candidate !== undefined) found.set(child, candidate);
    } else {
      found.set(child, unreachedFolder(child, contents, known, pythonFolders));
    }
  }
  return [...found.values()].toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

/** The child of the deepest folder that a path shares with the work dir. */
function childPath(path: string, workDir: string): string {
  let shared = workDir;
  while (!isInside(path, shared)) shared = folderOf(shared);
  const rest = shared === '' ? path : path.slice(shared.length + 1);
  return joinRelative(shared, rest.split('/')[0] ?? rest);
}

function shortReason(child: string, why: Reached): Pick<ApplicationPath, 'reason' | 'evidence'> {
  const [first] = why.evidence;
  // What a folder's own files import says nothing about why the folder is needed.
  if (first !== undefined && why.reason.startsWith('imported by') && isInside(first.file, child))
    return { reason: 'used by the application', evidence: why.evidence };
  return { reason: why.reason, evidence: why.evidence };
}

function foldersOfPython(files: ProjectFiles): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of files.files()) {
    if (!file.endsWith('.py')) continue;
    for (let folder = folderOf(file); folder !== '' && !found.has(folder); folder = folderOf(folder))
      found.add(folder);
  }
  return found;
}

function kindOf(path: string, file: boolean, pythonFolders: ReadonlySet<string>): ApplicationPath['kind'] {
  if (path.endsWith('.py') && file) return 'module';
  return pythonFolders.has(path) ? 'package' : 'data';
}

function singleFile(path: string, workDir: string): ApplicationPath | undefined {
  const evidence = [{ file: path, line: null }];
  if (path.endsWith('.py')) {
    const reason = isTestPath(path) ? 'tests, not imported' : 'not imported by the application';
    return { path, kind: 'module', needed: false, reason, evidence };
  }
  if (modelFile.test(path) && folderOf(path) === workDir)
    return { path, kind: 'data', needed: true, reason: 'not clear whether it is used', evidence };
  return undefined;
}

function unreachedFolder(
  folder: string,
  contents: readonly string[],
  known: KnownPaths,
  pythonFolders: ReadonlySet<string>,
): ApplicationPath {
  const name = folder.split('/').at(-1) ?? folder;
  const kind = kindOf(folder, false, pythonFolders);
  const evidence = [{ file: folder, line: null }];
  const candidate = (needed: boolean, reason: string): ApplicationPath => ({
    path: folder,
    kind,
    needed,
    reason,
    evidence,
  });
  if (known.staticRoot !== null && isInside(folder, known.staticRoot))
    return candidate(false, 'STATIC_ROOT, made by collectstatic');
  if (known.mediaRoot !== null && isInside(folder, known.mediaRoot))
    return candidate(false, 'MEDIA_ROOT, uploads');
  if (known.written.includes(folder)) return candidate(false, 'filled by the application');
  const unused = unusedFolders.find(([pattern]) => pattern.test(name));
  if (unused !== undefined) return candidate(false, unused[1]);
  const python = contents.filter((file) => file.endsWith('.py'));
  if (contents.includes(`${folder}/package.json`)) return candidate(false, 'frontend sources');
  if (python.length > 0) {
    if (python.every((file) => isTestPath(file) || file.endsWith('__init__.py')))
      return candidate(
        false,
        python.some((file) => isTestPath(file)) ? 'tests, not imported' : 'not imported by the application',
      );
    if (contents.some((file) => modelFile.test(file))) return candidate(true, 'not clear whether it is used');
    return candidate(false, 'not imported by the application');
  }
  const documents = contents.every(
    (file) =>
      /\.(?:md|rst|txt|adoc|pdf|drawio|puml|ya?ml|ipynb)$/i.test(file) || /(?:^|\/)\.[^/]*$/.test(file),
  );
  if (documents && !contents.some((file) => /\.(?:txt|ya?ml)$/i.test(file))) return candidate(false, 'docs');
  return candidate(true, 'not clear whether it is used');
}
