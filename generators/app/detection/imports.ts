import type { SyntaxNode } from '@lezer/common';

import { loadModule } from './evaluate-statements.ts';
import { findImport, findSubmodule, startEvaluation } from './evaluation.ts';
import type { Evidence } from './facts.ts';
import { folderOf, isInside, repositoryPath } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import type { ModuleLocation, ProjectModules } from './project-modules.ts';
import {
  callArguments,
  childrenOf,
  dottedName,
  evidenceOf,
  findNodes,
  importedNames,
  readPython,
  splitAtCommas,
  textOf,
  unquote,
} from './python-source.ts';
import type { PythonSource } from './python-source.ts';
import { standardLibrary } from './standard-library.ts';
import { rootMark } from './values.ts';
import type { Scope } from './values.ts';

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

/** Follows imports, dotted strings and include() from the seeds. Cycles end because each file is read once. */
export function followImports(
  files: ProjectFiles,
  modules: ProjectModules,
  seeds: readonly Seed[],
): Pick<Closure, 'modules' | 'external'> {
  const reached = new Map<string, Reached>();
  const external = new Set<string>();
  const waiting: string[] = [];

  const reachFile = (file: string, why: Reached): void => {
    if (reached.has(file)) return;
    reached.set(file, why);
    waiting.push(file);
    for (const initial of packagesAbove(modules, file)) reachFile(initial, why);
  };
  const reachLocation = (location: ModuleLocation, why: Reached): void => {
    if (location.file !== null) reachFile(location.file, why);
  };
  const reachPackage = (folder: string, why: Reached): void => {
    for (const file of modules.pythonFilesIn(folder)) {
      const inner = file.slice(folder.length + 1);
      if (!isTestPath(inner)) reachFile(file, why);
    }
  };

  for (const seed of seeds) {
    const why = { reason: seed.reason, evidence: seed.evidence };
    if ('file' in seed.target) {
      reachFile(seed.target.file, why);
      continue;
    }
    const found = modules.findPrefix(seed.target.dotted);
    if (found === undefined) continue;
    reachLocation(found.location, why);
    if (seed.wholePackage === true) {
      // `apps.users.apps.UsersConfig` stands for the package apps.users.
      const folder =
        found.location.folder ?? (found.location.file === null ? null : folderOf(found.location.file));
      if (folder !== null && folder !== '' && !modules.roots.includes(folder)) reachPackage(folder, why);
    }
  }

  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const source = readPython(files, file);
    if (source === undefined) continue;
    for (const statement of importsOf(source)) {
      const evidence = evidenceOf(source, statement);
      const why = { reason: `imported by ${evidence.file}:${evidence.line}`, evidence: [evidence] };
      for (const { level, module, name } of importedNames(source, statement)) {
        const location =
          name === null ? modules.findPrefix(module)?.location : findImport(modules, file, level, module);
        if (location === undefined) {
          if (level === 0) for (const outside of externalNames(module, name)) external.add(outside);
          continue;
        }
        reachLocation(location, why);
        if (name === null) continue;
        const submodule = name === '*' ? undefined : findSubmodule(modules, location, name);
        if (submodule !== undefined) reachLocation(submodule, why);
      }
    }
    for (const { dotted, node } of namedModules(source)) {
      const evidence = evidenceOf(source, node);
      const why = { reason: `named in ${evidence.file}:${evidence.line}`, evidence: [evidence] };
      const location = dotted.startsWith('.')
        ? findImport(modules, file, /^\.+/.exec(dotted)?.[0].length ?? 1, dotted.replace(/^\.+/, ''))
        : modules.findPrefix(dotted)?.location;
      if (location !== undefined) reachLocation(location, why);
    }
  }
  return { modules: reached, external: [...external].toSorted() };
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

/** Import statements that run: not those under `if TYPE_CHECKING:`. */
function importsOf(source: PythonSource): SyntaxNode[] {
  const found = findNodes(source, new Set(['ImportStatement']));
  return source.text.includes('TYPE_CHECKING') ? found.filter((node) => !forTypesOnly(source, node)) : found;
}

function forTypesOnly(source: PythonSource, node: SyntaxNode): boolean {
  for (
    let inner: SyntaxNode = node, outer = node.parent;
    outer !== null;
    inner = outer, outer = outer.parent
  ) {
    if (outer.name !== 'IfStatement') continue;
    const parts = childrenOf(outer);
    const test = parts[1];
    if (
      test !== undefined &&
      /^(?:\w+\.)?TYPE_CHECKING$/.test(textOf(source, test)) &&
      inner.from === parts.find((part) => part.name === 'Body')?.from
    )
      return true;
  }
  return false;
}

const moduleFunctions =
  /(?:^|\.)(?:import_string|import_module|__import__|include|autodiscover_modules|get_module)$/;

/** Modules named in strings: `include("a.urls")`, `import_string("a.b.C")`, `import_module("a")`. */
function namedModules(source: PythonSource): { dotted: string; node: SyntaxNode }[] {
  if (!/import_string|import_module|__import__|include/.test(source.text)) return [];
  const found: { dotted: string; node: SyntaxNode }[] = [];
  for (const call of findNodes(source, new Set(['CallExpression']))) {
    const [callee, list] = childrenOf(call);
    if (callee === undefined || list?.name !== 'ArgList') continue;
    const name = dottedName(source, callee);
    if (name === undefined || !moduleFunctions.test(name)) continue;
    for (const argument of callArguments(source, list)) {
      for (const text of stringsBelow(source, argument.value)) found.push({ dotted: text, node: call });
    }
  }
  return found;
}

/** A string, or the first strings of a tuple: `include(("a.urls", "a"))`. */
function stringsBelow(source: PythonSource, node: SyntaxNode): string[] {
  if (node.name === 'String')
    return [unquote(textOf(source, node)) ?? ''].filter((text) => /^\.*[A-Za-z_][\w.]*$/.test(text));
  if (node.name !== 'TupleExpression') return [];
  return splitAtCommas(childrenOf(node)).flatMap((part) =>
    part.flatMap((child) => (child.name === 'String' ? stringsBelow(source, child) : [])),
  );
}

/** Packages whose names, imported with `from`, are modules themselves: `from django.db import models`. */
const modulePackages =
  /^(?:django\.(?:contrib|core|db|utils|views|template|conf)|django\.contrib\.\w+|django\.core\.\w+|rest_framework|google\.cloud|wagtail|celery|PIL|sklearn|scipy|concurrent|allauth|corsheaders)$/;

function externalNames(module: string, name: string | null): string[] {
  const top = module.split('.')[0] ?? module;
  if (top === '' || standardLibrary.has(top) || !/^[\w.]+$/.test(module)) return [];
  if (
    name !== null &&
    /^[a-z_][a-z0-9_]*$/.test(name) &&
    modulePackages.test(module) &&
    looksLikeModule(module, name)
  )
    return [module, `${module}.${name}`];
  // PIL's modules are capitalised.
  if (name !== null && module === 'PIL' && /^[A-Z]\w+$/.test(name)) return [module, `${module}.${name}`];
  return [module];
}

const notModules = new Set([
  'connection',
  'connections',
  'transaction_atomic',
  'settings',
  'shared_task',
  'render',
  'signals_all',
  'router',
  'current_app',
  'group',
  'chain',
  'chord',
]);
const djangoModules: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'django.db': 'models transaction migrations backends utils',
    'django.core':
      'cache checks exceptions files handlers mail management paginator serializers signals signing validators wsgi asgi',
    'django.contrib':
      'admin auth contenttypes flatpages gis humanize messages postgres redirects sessions sitemaps sites staticfiles syndication admindocs',
    'django.contrib.auth':
      'views forms models backends hashers decorators mixins signals validators tokens password_validation middleware management admin urls',
    'django.contrib.admin': 'helpers options sites widgets filters utils actions forms models views apps',
    'django.contrib.gis': 'admin db forms geos gdal measure feeds',
    'django.contrib.messages': 'constants views api',
    'django.contrib.staticfiles': 'finders storage urls views',
    'django.contrib.sitemaps': 'views',
    'django.contrib.postgres':
      'fields indexes operations search aggregates constraints functions lookups validators forms',
    'django.core.management': 'base color utils',
    'django.core.files': 'storage base images uploadedfile temp locks',
    'django.views': 'generic defaults static i18n decorators csrf debug',
    'django.template':
      'loader base context defaultfilters defaulttags engine exceptions library response backends',
    'django.conf': 'urls locale global_settings',
  }),
);

function looksLikeModule(module: string, name: string): boolean {
  if (notModules.has(name)) return false;
  if (module === 'django.utils' || !module.startsWith('django')) return true;
  return djangoModules.get(module)?.split(' ').includes(name) ?? false;
}

/**
 * Paths that the reached code and the settings name: `BASE_DIR / "models" / "x.pkl"`, `open("data/words.txt")`.
 * Only what exists in the repository counts.
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
  const evaluation = startEvaluation(files, modules, workDir);
  evaluation.moduleLimit = 1500;
  evaluation.importLimit = 1;
  evaluation.budget = 4_000_000;
  evaluation.settings = settings;
  evaluation.onText = (text, file, line) => {
    const path = existingPath(modules, workDir, text);
    if (path === undefined || found.has(path)) return;
    const evidence = { file, line };
    found.set(path, { reason: `named in ${file}:${line}`, evidence: [evidence] });
  };
  const telling =
    /BASE_DIR|__file__|_DIR\b|_ROOT\b|_PATH\b|Path\(|os\.path|open\(|\.load\(|read_csv|[\w-]+\/[\w.-]+["']/;
  for (const file of [...settingsFiles, ...reached]) {
    const text = files.read(file);
    if (text !== undefined && telling.test(text) && !/(?:^|\/)migrations\//.test(file))
      loadModule(evaluation, file);
  }
  return found;
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
