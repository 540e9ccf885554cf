import { loadModule } from './evaluate-statements.ts';
import { startEvaluation } from './evaluation.ts';
import type { Evaluation } from './evaluation.ts';
import { firstPlace } from './evidence.ts';
import { DetectionError } from './facts.ts';
import type { DetectionNote, Evidence, Fact } from './facts.ts';
import { folderOf, isInside, joinRelative, repositoryPath } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import { indexModules } from './project-modules.ts';
import type { ProjectModules } from './project-modules.ts';
import { readPython, syntaxProblem } from './python-source.ts';
import { listItems, optionsOf, textValue } from './values.ts';
import type { Scope, Value } from './values.ts';

/** The settings of a project, read. */
export interface DjangoSettings {
  module: Fact<string>;
  /** Dotted modules that manage.py, wsgi.py and asgi.py name, where they differ. */
  named: { file: string; module: string; evidence: Evidence }[];
  /** The deciding module's names. */
  scope: Scope;
  evaluation: Evaluation;
  modules: ProjectModules;
  /** Files read, in the order they are imported. */
  files: string[];
  /** Folders beside the work dir that Python must be told of: the project's own package is not installed. */
  pythonPath: string[];
  notes: DetectionNote[];
}

/** A setting's value, all alternatives. */
export function settingOf(settings: DjangoSettings, name: string): Value | undefined {
  return settings.scope.names.get(name);
}

/** Where a value stands. */
export function placeOf(value: Value): Evidence {
  return { file: value.file, line: value.line };
}

/** A setting that holds one text. */
export function textSetting(settings: DjangoSettings, name: string): Fact<string> | null {
  const value = settingOf(settings, name);
  const text = textValue(value);
  return value === undefined || text === undefined ? null : { value: text, evidence: [placeOf(value)] };
}

/** A setting that holds a list of texts, over all alternatives. */
export function listSetting(settings: DjangoSettings, name: string): { text: string; evidence: Evidence }[] {
  return listItems(settingOf(settings, name)).map(({ text, value }) => ({ text, evidence: placeOf(value) }));
}

/** Throws DetectionError when CPython 3 could not read the file. */
export function requireValidPython(files: ProjectFiles, path: string): void {
  const source = readPython(files, path);
  if (source === undefined) return;
  const problem = syntaxProblem(source);
  if (problem === undefined) return;
  if (problem.kind === 'python2') {
    throw new DetectionError(
      `${path}:${problem.line} is Python 2 (${problem.detail}), which is not supported. Port the project to Python 3 first (python.org/doc/sunset-python-2).`,
    );
  }
  throw new DetectionError(
    `${path}:${problem.line} has a syntax error (${problem.detail}). Correct it, then run the generator again.`,
  );
}

const variable = 'DJANGO_SETTINGS_MODULE';

/** The settings modules that a file sets, the first one being what holds with nothing set. */
function namedModules(evaluation: Evaluation, file: string): { module: string; evidence: Evidence }[] {
  loadModule(evaluation, file);
  return evaluation.environmentSet
    .filter(({ name, value }) => name === variable && value.file === file)
    .flatMap(({ value }) => optionsOf(value))
    .flatMap((option) => {
      const module = textValue(option);
      return module === undefined ? [] : [{ module, evidence: placeOf(option) }];
    });
}

/**
 * Reads the settings that manage.py names, or wsgi.py/asgi.py, or an env file, or the only ones there are.
 * Throws DetectionError when they cannot be found or have a syntax error.
 */
export function readSettings(files: ProjectFiles, managePy: string): DjangoSettings {
  const workDir = folderOf(managePy);
  const roots = [workDir];
  let modules = indexModules(files, roots);
  requireValidPython(files, managePy);
  const starter = startEvaluation(files, modules, workDir);
  const named = namedModules(starter, managePy).map((found) => ({ file: managePy, ...found }));
  for (const file of entryFiles(files, workDir)) {
    const own = startEvaluation(files, modules, workDir);
    named.push(...namedModules(own, file).map((found) => ({ file, ...found })));
    starter.searchPaths.push(...own.searchPaths);
  }
  for (const path of starter.searchPaths) addRoot(roots, path, workDir);
  modules = indexModules(files, roots);
  const pythonPath = named.some((found) => modules.find(found.module) !== undefined)
    ? []
    : sourceFolders(files, workDir).filter((folder) => {
        const inside = indexModules(files, [folder]);
        return named.some((found) => inside.find(found.module)?.file != null);
      });
  if (pythonPath.length > 0) {
    roots.push(...pythonPath);
    modules = indexModules(files, roots);
  }

  const module = chooseModule(files, modules, managePy, named);
  const location = modules.find(module.value);
  if (location?.file === null || location?.file === undefined)
    throw missingSettings(files, modules, module, managePy);
  const file = location.file;
  let evaluation = startEvaluation(files, modules, workDir);
  let scope = loadModule(evaluation, file);
  const known = modules.roots.length;
  for (const path of evaluation.searchPaths) addRoot(roots, path, workDir);
  if (roots.length > known) {
    modules = indexModules(files, roots);
    evaluation = startEvaluation(files, modules, workDir);
    scope = loadModule(evaluation, file);
  }
  if (scope === undefined) throw missingSettings(files, modules, module, managePy);
  for (const read of evaluation.order) requireValidPython(files, read);
  return {
    module,
    named,
    scope,
    evaluation,
    modules,
    pythonPath,
    files: [...evaluation.order],
    notes: disagreement(named, module),
  };
}

/**
 * The `src` folders of packages: an installation of the project puts them on the path, and the image does without
 * one. See https://packaging.python.org/en/latest/discussions/src-layout-vs-flat-layout/
 */
function sourceFolders(files: ProjectFiles, workDir: string): string[] {
  const folders = [...new Set([workDir, folderOf(workDir), ''])].filter((folder) =>
    ['pyproject.toml', 'setup.cfg', 'setup.py'].some((name) => files.exists(joinRelative(folder, name))),
  );
  return folders.map((folder) => joinRelative(folder, 'src'));
}

function addRoot(roots: string[], path: string, workDir: string): void {
  const relative = repositoryPath(path, workDir);
  if (relative !== null && !relative.startsWith('/') && !roots.includes(relative)) roots.push(relative);
}

/** wsgi and asgi modules below the work dir, the shallowest first. */
export function entryFiles(files: ProjectFiles, workDir: string): string[] {
  return files
    .files()
    .filter(
      (path) =>
        isInside(path, workDir) &&
        /(?:^|\/)[aw]sgi(?:\.py|\/__init__\.py)$/.test(path) &&
        !/(?:^|\/)(?:tests?|examples?|docs)\//.test(path),
    )
    .toSorted((left, right) => left.split('/').length - right.split('/').length || (left < right ? -1 : 1))
    .slice(0, 8);
}

function chooseModule(
  files: ProjectFiles,
  modules: ProjectModules,
  managePy: string,
  named: readonly { file: string; module: string; evidence: Evidence }[],
): Fact<string> {
  const own = named.filter((entry) => entry.file === managePy);
  // With several alternatives the first that exists counts.
  const first =
    own.find((entry) => modules.find(entry.module)?.file != null) ??
    own[0] ??
    named.find((entry) => modules.find(entry.module)?.file != null);
  if (first !== undefined) {
    const deployed = productionModule(files, modules, managePy, named, first.module);
    const chosen = deployed ?? first;
    return { value: chosen.module, evidence: [chosen.evidence] };
  }
  const stated = statedElsewhere(files, modules, folderOf(managePy));
  if (stated !== undefined) return stated;
  const candidates = settingsCandidates(files, modules);
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1)
    return { value: modules.nameOf(only), evidence: [{ file: only, line: null }] };
  if (candidates.length === 0) {
    throw new DetectionError(
      `${managePy} names no settings module (${variable}), and no settings.py or settings/ package was found below ${where(folderOf(managePy))}. Add os.environ.setdefault("${variable}", "…") to ${managePy}.`,
    );
  }
  throw new DetectionError(
    `${managePy} names no settings module, and there are several: ${candidates.map((path) => modules.nameOf(path)).join(', ')}. Add os.environ.setdefault("${variable}", "…") to ${managePy}, or put ${variable}=… into .env.`,
  );
}

const developmentName = /(?:^|[._])(?:dev|develop|development|local|debug|test|testing)$/i;

/**
 * What wsgi.py or asgi.py names, where manage.py names the settings of a developer's machine: the image is for
 * production. Only a module that exists and says something counts.
 */
function productionModule<Named extends { file: string; module: string }>(
  files: ProjectFiles,
  modules: ProjectModules,
  managePy: string,
  named: readonly Named[],
  ofManagePy: string,
): Named | undefined {
  if (!developmentName.test(ofManagePy)) return undefined;
  return named.find((entry) => {
    if (entry.file === managePy || developmentName.test(entry.module)) return false;
    const file = modules.find(entry.module)?.file;
    return file != null && (files.read(file) ?? '').trim() !== '';
  });
}

function where(workDir: string): string {
  return workDir === '' ? 'the repository root' : workDir;
}

/** `DJANGO_SETTINGS_MODULE=x` in an env file, Procfile, Docker file or the like. */
function statedElsewhere(
  files: ProjectFiles,
  modules: ProjectModules,
  workDir: string,
): Fact<string> | undefined {
  const names = [
    '.env',
    '.env.production',
    '.env.example',
    '.env.sample',
    '.env.template',
    'Procfile',
    'Dockerfile',
    'docker-compose.yml',
    'docker-compose.yaml',
    'compose.yaml',
    'compose.yml',
    'app.json',
    'Makefile',
    'gulpfile.js',
  ];
  for (const folder of new Set([workDir, ''])) {
    for (const name of names) {
      const path = joinRelative(folder, name);
      const lines = files.read(path)?.split('\n') ?? [];
      for (const [index, line] of lines.entries()) {
        const module = /DJANGO_SETTINGS_MODULE["']?\s*[=: ]\s*["']?([A-Za-z_][\w.]*)/.exec(line)?.[1];
        if (module !== undefined && modules.find(module)?.file != null)
          return { value: module, evidence: [{ file: path, line: index + 1 }] };
      }
    }
  }
  return undefined;
}

/** Settings files of the project: `x/settings.py`, else `x/settings/{production,base,…}.py`. */
function settingsCandidates(files: ProjectFiles, modules: ProjectModules): string[] {
  const root = modules.roots[0] ?? '';
  const inside = files
    .files()
    .filter((path) => isInside(path, root) && !/(?:^|\/)(?:tests?|docs|examples?)\//.test(path));
  const plain = inside.filter(
    (path) =>
      /(?:^|\/)settings\.py$/.test(path) &&
      path.split('/').length - (root === '' ? 0 : root.split('/').length) <= 3,
  );
  if (plain.length > 0) return plain;
  for (const name of ['production', 'prod', 'base', '__init__']) {
    const found = inside.filter((path) => path.endsWith(`/settings/${name}.py`));
    if (found.length > 0) return found;
  }
  return [];
}

function missingSettings(
  files: ProjectFiles,
  modules: ProjectModules,
  module: Fact<string>,
  managePy: string,
): DetectionError {
  const path = module.value.replaceAll('.', '/');
  const looked = modules.roots.flatMap((root) => [
    joinRelative(root, `${path}.py`),
    joinRelative(root, `${path}/__init__.py`),
  ]);
  const at = firstPlace(module.evidence) || managePy;
  const others = settingsCandidates(files, modules).map((file) => modules.nameOf(file));
  const hint = others.length === 0 ? '' : ` Found instead: ${others.join(', ')}.`;
  return new DetectionError(
    `${at} names the settings module ${module.value}, which does not exist. Looked for ${looked.join(', ')}.${hint} Correct the name in ${at}.`,
  );
}

function disagreement(
  named: readonly { file: string; module: string; evidence: Evidence }[],
  module: Fact<string>,
): DetectionNote[] {
  const others = named.filter((entry) => entry.module !== module.value);
  if (others.length === 0) return [];
  const list = [...new Map(others.map((entry) => [`${entry.file} ${entry.module}`, entry])).values()];
  return [
    {
      message: `Settings: ${module.value} is used in production, but ${list.map((entry) => `${entry.file} names ${entry.module}`).join(', ')}.`,
      evidence: [...module.evidence, ...list.map((entry) => entry.evidence)],
    },
  ];
}
