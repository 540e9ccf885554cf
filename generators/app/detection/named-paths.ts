import { callFunction, loadModule } from './evaluate-statements.ts';
import { startEvaluation } from './evaluation.ts';
import type { Evaluation } from './evaluation.ts';
import type { Reached } from './imports.ts';
import { folderOf, isInside, joinRelative, repositoryPath } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import type { ModuleLocation, ProjectModules } from './project-modules.ts';
import { childrenOf, findNodes, readPython } from './python-source.ts';
import { lineOf, scanFile } from './source-scan.ts';
import type { ScannedSource } from './source-scan.ts';
import { rootMark } from './values.ts';
import type { Scope } from './values.ts';

/** Signs that a file computes a path. Strings that are a path by themselves are found without them. */
const computesPaths = /BASE_DIR|__file__|_(?:DIR|ROOT|PATH|FOLDER)\b|\bPath\(|os\.path\.|getcwd/;
/** Data by its ending: one named in the code and kept in another folder is taken to be meant. */
const dataFile =
  /^[\w .-]+\.(?:pkl|pickle|joblib|sav|onnx|pt|pth|h5|keras|tflite|pb|safetensors|gguf|model|npz|npy|parquet|bst|cbm|mlmodel|faiss|csv|tsv|xlsx?|jsonl|ttf|otf|mmdb|pmml)$/i;

/** Folders that a running site fills. */
const filledLater = /^(?:media|mediafiles|uploads?|static_?root|staticfiles|logs?|tmp|temp|backups?)$/i;

/**
 * Paths that the reached code and the settings name: `BASE_DIR / "models" / "x.pkl"`, `open("data/words.txt")`,
 * and data files named where the folder is not written. Only what exists in the repository counts.
 */
export function namedPaths(
  files: ProjectFiles,
  modules: ProjectModules,
  workDir: string,
  settings: Scope,
  settingsFiles: readonly string[],
  reached: Iterable<string>,
): Map<string, Reached> {
  const found = new Map<string, Reached>();
  const add = (path: string | undefined, file: string, line: () => number): void => {
    if (path === undefined || found.has(path)) return;
    const evidence = { file, line: line() };
    found.set(path, { reason: `named in ${file}:${evidence.line}`, evidence: [evidence] });
  };
  const computing = new Map<string, boolean>();
  const computes = (file: string): boolean => {
    let known = computing.get(file);
    if (known === undefined) {
      known = computesPaths.test(files.read(file) ?? '');
      computing.set(file, known);
    }
    return known;
  };
  // An import is followed only to a module that may hold a path.
  const leading = (location: ModuleLocation | undefined): ModuleLocation | undefined =>
    location === undefined || location.file === null || computes(location.file)
      ? location
      : { ...location, file: null };
  const evaluation = startEvaluation(
    files,
    {
      ...modules,
      find: (dotted) => leading(modules.find(dotted)),
      findIn: (folder, dotted) => leading(modules.findIn(folder, dotted)),
    },
    workDir,
  );
  evaluation.moduleLimit = 1500;
  evaluation.importLimit = 1;
  evaluation.budget = 4_000_000;
  evaluation.settings = settings;
  evaluation.onText = (text, file, line) => {
    // In a URL configuration "docs/" is a route.
    if (!text.includes(rootMark) && /(?:^|\/)urls(?:\.py|\/[^/]*\.py)$/.test(file)) return;
    add(existingPath(modules, workDir, text), file, () => line);
  };
  const dataByName = dataFiles(files);
  for (const file of new Set([...settingsFiles, ...reached])) {
    if (/(?:^|\/)migrations\//.test(file)) continue;
    const source = scanFile(files, file);
    if (source === undefined) continue;
    for (const { text, at } of source.strings) {
      if (!/[./]/.test(text)) {
        // `open("VERSION")`
        const path = joinRelative(workDir, text);
        if (isOpened(source, at) && files.exists(path)) add(path, file, () => lineOf(source.text, at));
        continue;
      }
      if (isRoute(source, at)) continue;
      const line = (): number => lineOf(source.text, at);
      add(existingPath(modules, workDir, text), file, line);
      for (const path of dataByName.get(text) ?? []) add(path, file, line);
    }
    if (!computes(file)) continue;
    evaluateAll(files, evaluation, file);
    for (const { text, at } of source.strings) {
      if (!/^[\w-]+$/.test(text) || filledLater.test(text) || !isPathPart(source, at)) continue;
      const folder = joinRelative(workDir, text);
      if (modules.hasFolder(folder) && modules.pythonFilesIn(folder).length === 0)
        add(folder, file, () => lineOf(source.text, at));
    }
  }
  return found;
}

/** Data files by their bare name. One that stands for many places names none. */
function dataFiles(files: ProjectFiles): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const path of files.files()) {
    if (path.endsWith('.py')) continue;
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (!dataFile.test(name)) continue;
    const others = found.get(name);
    if (others === undefined) found.set(name, [path]);
    else others.push(path);
  }
  for (const [name, paths] of found) if (paths.length > 3) found.delete(name);
  return found;
}

/** A folder in a path that is computed further: `BASE_DIR / "words" / name`, `os.path.join(BASE_DIR, "words", name)`. */
function isPathPart(source: ScannedSource, at: number): boolean {
  const before = source.text.slice(Math.max(0, at - 160), at);
  return /(?:[\w)\]]\s*\/\s*|\bPath\(\s*|\bjoin\((?:[^()\n"']|\([^()\n]*\))*,\s*)$/.test(before);
}

/** The first argument of `open(…)` or `Path(…)`. */
function isOpened(source: ScannedSource, at: number): boolean {
  return /\b(?:open|Path)\(\s*$/.test(source.text.slice(Math.max(0, at - 40), at));
}

/** `path("docs/", …)`: a route of the URL configuration, no folder. */
function isRoute(source: ScannedSource, at: number): boolean {
  return /\b(?:path|re_path|url)\(\s*(?:route\s*=\s*)?$/.test(source.text.slice(Math.max(0, at - 60), at));
}

/** Reads a module with everything in it, the methods of its classes too. */
function evaluateAll(files: ProjectFiles, evaluation: Evaluation, file: string): void {
  const scope = loadModule(evaluation, file);
  const source = readPython(files, file);
  if (scope === undefined || source === undefined) return;
  evaluation.dead += 1;
  for (const definition of findNodes(source, new Set(['ClassDefinition']))) {
    const body = childrenOf(definition).find((part) => part.name === 'Body');
    const methods = body === undefined ? [] : childrenOf(body);
    for (const part of methods) {
      const node = part.name === 'DecoratedStatement' ? part.lastChild : part;
      if (node?.name !== 'FunctionDefinition' || !computesPaths.test(source.text.slice(node.from, node.to)))
        continue;
      const given = { positional: [], named: new Map() };
      callFunction(evaluation, { kind: 'function', node, scope }, given, node, scope);
    }
  }
  evaluation.dead -= 1;
}

function existingPath(modules: ProjectModules, workDir: string, text: string): string | undefined {
  if (text.length > 400 || text.includes('\n')) return undefined;
  const marked = text.startsWith(rootMark);
  if (!marked && !/^(?:\.\/)?[\w-]+(?:\/[\w.-]+)*(?:\.\w+|\/)$|^[\w-]+(?:\/[\w.-]+)+$/.test(text))
    return undefined;
  const path = repositoryPath(text.replace(/\/$/, ''), workDir);
  if (path === null || path === '' || path.startsWith('/') || isInside(workDir, path)) return undefined;
  // A glob or a file made later: the folder that holds it.
  if (modules.hasFile(path) || modules.hasFolder(path)) return path;
  const folder = folderOf(path);
  return marked && folder !== '' && !isInside(workDir, folder) && modules.hasFolder(folder)
    ? folder
    : undefined;
}
