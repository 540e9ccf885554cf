import type { SyntaxNode } from '@lezer/common';

import { readKnowledge } from '../planning/knowledge.ts';
import { listSetting, settingOf, textSetting } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
import { evaluate } from './evaluate-expression.ts';
import { loadModule } from './evaluate-statements.ts';
import { findImport, findSubmodule, startEvaluation } from './evaluation.ts';
import type { Evaluation } from './evaluation.ts';
import type { Evidence, Fact } from './facts.ts';
import { folderOf } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import type { ModuleLocation } from './project-modules.ts';
import {
  callArguments,
  childrenOf,
  dottedName,
  evidenceOf,
  findNodes,
  readPython,
  textOf,
  unquote,
} from './python-source.ts';
import type { PythonSource } from './python-source.ts';
import { lineOf, scanFile } from './source-scan.ts';
import { stringsIn, textValue } from './values.ts';

/** `knowledge/health-endpoints.json` */
interface HealthEndpoints {
  urlModules: { module: string; path: string; asksServices: boolean; notWithApps?: string[] }[];
  middleware: { module: string; path: string }[];
}

/**
 * Last parts of paths that answer for health, the clearest first. Those of the second list may well be something
 * else, so that they count only near the root.
 */
const healthNames = [
  'healthz',
  'health',
  'healthcheck',
  'health-check',
  'health_check',
  'healthchecks',
  '_health',
  'livez',
  'live',
  'liveness',
  'alive',
  'up',
  '__lbheartbeat__',
];
const furtherNames = [
  'ping',
  'heartbeat',
  '__heartbeat__',
  'ht',
  'status',
  'readyz',
  'ready',
  'readiness',
  'version',
];
const names = [...healthNames, ...furtherNames];

interface Endpoint {
  path: string;
  /** Place in the order of names. */
  rank: number;
  /** It asks the database or another service, whose failure is no reason to restart the web server. */
  asksServices: boolean;
  evidence: Evidence;
}

/**
 * A path of the project that answers for health: a route of the URL configuration (prefixes of `include()`
 * followed), or a path that a middleware or the WSGI/ASGI module answers itself. Routes with parameters and views
 * that need a login do not count; one that asks the database or other services loses against a plain one.
 */
export function readHealthPath(
  files: ProjectFiles,
  settings: DjangoSettings,
  entries: readonly (Fact<string> | null)[],
): Fact<string> | null {
  const found = [...routedEndpoints(files, settings), ...answeredEndpoints(files, settings, entries)];
  const [best] = found.toSorted(
    (left, right) =>
      Number(left.asksServices) - Number(right.asksServices) ||
      left.rank - right.rank ||
      version(right.path) - version(left.path) ||
      left.path.length - right.path.length,
  );
  return best === undefined ? null : { value: best.path, evidence: [best.evidence] };
}

/** The admin's login page: it needs neither a login nor a frontend, as the home page of an API often does. */
export function readAdminLogin(files: ProjectFiles, settings: DjangoSettings): Fact<string> | null {
  const root = textSetting(settings, 'ROOT_URLCONF');
  const file = root === null ? null : settings.modules.find(root.value)?.file;
  const text = file == null ? '' : (files.read(file) ?? '');
  const route =
    /^[^#\n]*\b(?:path|url|re_path)\(\s*r?["']\^?([\w/-]*)["']\s*,\s*(?:include\()?\s*admin\.site\.urls/m.exec(
      text,
    );
  if (file == null || route === null) return null;
  const prefix = (route[1] ?? '').replace(/^\/+|\/+$/g, '');
  const line = text.slice(0, route.index).split('\n').length;
  return { value: `/${prefix}/login/`.replace('//', '/'), evidence: [{ file, line }] };
}

/** The number of `/v3/`: the newest of several is kept longest. */
function version(path: string): number {
  return Number(/\/v(\d{1,4})\//.exec(path)?.[1] ?? 0);
}

function rankOf(path: string): number {
  const parts = path.split('/').filter((part) => part !== '');
  // `/celery/ping/` answers for Celery.
  if (parts.some((part) => /^(?:celery|redis|rabbitmq|databases?|db|caches?|queues?|workers?)$/i.test(part)))
    return -1;
  const rank = names.indexOf((parts.at(-1) ?? '').toLowerCase());
  return rank >= healthNames.length && parts.length > 3 ? -1 : rank;
}

// ---------------------------------------------------------------------------------------------------------------
// Middleware, WSGI and ASGI modules

/** Paths that code answers before the URL configuration is asked. */
function answeredEndpoints(
  files: ProjectFiles,
  settings: DjangoSettings,
  entries: readonly (Fact<string> | null)[],
): Endpoint[] {
  const middleware = [...listSetting(settings, 'MIDDLEWARE'), ...listSetting(settings, 'MIDDLEWARE_CLASSES')];
  const known = readKnowledge<HealthEndpoints>('health-endpoints').middleware;
  const ofPackages = middleware.flatMap(({ text, evidence }) =>
    known
      .filter(({ module }) => module === text)
      .map(({ path }) => ({ path, rank: rankOf(path), asksServices: false, evidence })),
  );
  const own = [
    ...middleware.map(({ text }) => text),
    ...entries.map((entry) => entry?.value.split(':')[0] ?? ''),
  ].map((dotted) => settings.modules.findPrefix(dotted)?.location.file);
  return [...ofPackages, ...[...new Set(own)].flatMap((file) => (file == null ? [] : pathsIn(files, file)))];
}

/** Strings of a file that are a health path: `if request.path == "/healthz":`. */
function pathsIn(files: ProjectFiles, file: string): Endpoint[] {
  const source = scanFile(files, file);
  if (source === undefined) return [];
  return source.strings.flatMap(({ text, at }) => {
    const rank = /^\/(?:[\w.-]+\/)*[\w.-]+\/?$/.test(text) ? rankOf(text) : -1;
    if (rank === -1 || rank >= healthNames.length) return [];
    const evidence = { file, line: lineOf(source.text, at) };
    return [{ path: text, rank, asksServices: false, evidence }];
  });
}

// ---------------------------------------------------------------------------------------------------------------
// URL configuration

interface Walk {
  files: ProjectFiles;
  settings: DjangoSettings;
  evaluation: Evaluation;
  /** Views of Django REST framework need a login unless they say otherwise. */
  loginByDefault: boolean;
  /** INSTALLED_APPS. */
  apps: ReadonlySet<string>;
  found: Endpoint[];
  /** Routes looked at, so that a URL configuration which includes itself in many ways comes to an end. */
  seen: number;
}

const mostRoutes = 20_000;

function routedEndpoints(files: ProjectFiles, settings: DjangoSettings): Endpoint[] {
  const root = textSetting(settings, 'ROOT_URLCONF');
  const file = root === null ? null : settings.modules.find(root.value)?.file;
  if (file == null) return [];
  const evaluation = startEvaluation(files, settings.modules, folderOf(settings.files[0] ?? ''));
  evaluation.settings = settings.scope;
  evaluation.importLimit = 0;
  evaluation.moduleLimit = 600;
  const rest = settingOf(settings, 'REST_FRAMEWORK');
  const loginByDefault =
    rest !== undefined && stringsIn(rest).some(({ text }) => /\.(?:IsAuthenticated|IsAdminUser)$/.test(text));
  const apps = new Set(listSetting(settings, 'INSTALLED_APPS').map(({ text }) => text));
  const walk: Walk = { files, settings, evaluation, loginByDefault, apps, found: [], seen: 0 };
  walkFile(walk, file, '/', new Set());
  return walk.found;
}

interface UrlFile {
  source: PythonSource;
  /** Statements that fill a list of the file, by its name. */
  lists: ReadonlyMap<string, readonly SyntaxNode[]>;
  above: ReadonlySet<string>;
}

function walkFile(walk: Walk, file: string, prefix: string, above: ReadonlySet<string>): void {
  if (above.has(file) || above.size > 8 || walk.seen > mostRoutes) return;
  const source = readPython(walk.files, file);
  if (source === undefined) return;
  const lists = new Map<string, SyntaxNode[]>();
  const add = (name: string, node: SyntaxNode): void =>
    void lists.set(name, [...(lists.get(name) ?? []), node]);
  for (const node of findNodes(source, new Set(['AssignStatement', 'UpdateStatement', 'CallExpression']))) {
    const target = node.firstChild;
    if (target === null || inFunction(node)) continue;
    if (node.name !== 'CallExpression') {
      if (target.name === 'VariableName') add(textOf(source, target), node);
      continue;
    }
    const [, name] = /^(\w+)\.(?:append|extend|insert)$/.exec(dottedName(source, target) ?? '') ?? [];
    if (name !== undefined) add(name, node);
  }
  const urls: UrlFile = { source, lists, above: new Set([...above, file]) };
  for (const statement of lists.get('urlpatterns') ?? [source.tree.topNode])
    walkRegion(walk, urls, statement, prefix, 0);
}

function inFunction(node: SyntaxNode): boolean {
  for (let outer = node.parent; outer !== null; outer = outer.parent)
    if (outer.name === 'FunctionDefinition') return true;
  return false;
}

/** Routes below a node: of `path()`, `re_path()` and `url()`; those for debugging or with a language left out. */
function walkRegion(walk: Walk, urls: UrlFile, node: SyntaxNode, prefix: string, depth: number): void {
  if (forDebugging(urls.source, node)) return;
  if (node.name === 'CallExpression') {
    const name = dottedName(urls.source, node.firstChild ?? node) ?? '';
    if (/(?:^|\.)i18n_patterns$/.test(name)) return;
    const kind = /^(?:\w+\.)*(path|re_path|url)$/.exec(name)?.[1];
    if (kind !== undefined && walkRoute(walk, urls, node, kind !== 'path', prefix, depth)) return;
  }
  for (const child of childrenOf(node)) walkRegion(walk, urls, child, prefix, depth);
}

function forDebugging(source: PythonSource, node: SyntaxNode): boolean {
  const statement = node.name === 'IfStatement' ? node : enclosingIf(node);
  const test = statement === undefined ? undefined : childrenOf(statement)[1];
  return test !== undefined && /^(?:settings\.)?(?:DEBUG|TESTING)\b/.test(textOf(source, test));
}

/** The `if` right around a statement. */
function enclosingIf(node: SyntaxNode): SyntaxNode | undefined {
  const outer = node.parent?.name === 'Body' ? node.parent.parent : null;
  return outer?.name === 'IfStatement' ? outer : undefined;
}

/** Reads one route; false when the call is something else. */
function walkRoute(
  walk: Walk,
  urls: UrlFile,
  call: SyntaxNode,
  isPattern: boolean,
  prefix: string,
  depth: number,
): boolean {
  walk.seen += 1;
  const list = childrenOf(call)[1];
  const given = list?.name === 'ArgList' ? callArguments(urls.source, list) : [];
  const first = given.find(({ name }) => name === 'route' || name === 'regex') ?? given[0];
  const view = given.find(({ name }) => name === 'view') ?? given[1];
  if (first === undefined || view === undefined) return false;
  const written = routeText(walk, urls.source, first.value);
  const route = written === undefined ? undefined : isPattern ? plainPattern(written) : written;
  if (route === undefined || !/^[\w./@~-]*$/.test(route)) return true;
  const path = prefix + route.replace(/^\//, '');
  const included = includedIn(urls.source, view.value);
  if (included !== undefined) {
    walkIncluded(walk, urls, included, path, depth, evidenceOf(urls.source, call));
    return true;
  }
  const rank = rankOf(path);
  if (rank === -1) return true;
  const code = viewCode(walk, urls, view.value);
  if (needsLogin(code, walk.loginByDefault)) return true;
  walk.found.push({ path, rank, asksServices: asksServices(code), evidence: evidenceOf(urls.source, call) });
  return true;
}

/** A route's text. Nearly all are written out; for the others the module is read, and with it all views that it names. */
function routeText(walk: Walk, source: PythonSource, node: SyntaxNode): string | undefined {
  if (node.name === 'String') return unquote(textOf(source, node));
  const scope = loadModule(walk.evaluation, source.path);
  return scope && textValue(evaluate(walk.evaluation, scope, node));
}

/** The text of a regular expression that matches one path only: `^healthz/$`. Undefined for any other. */
function plainPattern(pattern: string): string | undefined {
  const plain = pattern
    .replace(/^\^|^\\A/, '')
    .replace(/(?:\$|\\Z)$/, '')
    .replaceAll(/\/\?/g, '/')
    .replaceAll(/\\([./_~@-])/g, '$1');
  return /[\\^$*+?()[\]{}|]/.test(plain) ? undefined : plain;
}

function includedIn(source: PythonSource, node: SyntaxNode): SyntaxNode | undefined {
  const callee = node.name === 'CallExpression' ? node.firstChild : null;
  if (callee === null || !/(?:^|\.)include$/.test(dottedName(source, callee) ?? '')) return undefined;
  const list = childrenOf(node)[1];
  const first = list?.name === 'ArgList' ? callArguments(source, list)[0]?.value : undefined;
  return first?.name === 'TupleExpression' ? childrenOf(first)[1] : first;
}

/** `include("a.urls")`, `include(a.urls)`, `include(patterns)`, `include([path(…)])`. */
function walkIncluded(
  walk: Walk,
  urls: UrlFile,
  node: SyntaxNode,
  path: string,
  depth: number,
  evidence: Evidence,
): void {
  const { source } = urls;
  if (node.name === 'ArrayExpression') {
    if (depth < 6) walkRegion(walk, urls, node, path, depth + 1);
    return;
  }
  const name = node.name === 'String' ? unquote(textOf(source, node)) : dottedName(source, node);
  if (name === undefined) return;
  const statements = node.name === 'VariableName' ? urls.lists.get(name) : undefined;
  if (statements !== undefined) {
    if (depth < 6) for (const statement of statements) walkRegion(walk, urls, statement, path, depth + 1);
    return;
  }
  const file =
    node.name === 'String'
      ? walk.settings.modules.find(name)?.file
      : locate(walk, source.path, name)?.location.file;
  if (file != null) {
    walkFile(walk, file, path, urls.above);
    return;
  }
  for (const known of readKnowledge<HealthEndpoints>('health-endpoints').urlModules) {
    if (known.module !== name) continue;
    if (known.notWithApps?.some((app) => walk.apps.has(app))) continue;
    const whole = path + known.path;
    const rank = Math.max(rankOf(whole), 0);
    walk.found.push({ path: whole, rank, asksServices: known.asksServices, evidence });
  }
}

/** Where a name of a file leads: `views.health` after `from . import views` to the module and the rest, `health`. */
function locate(
  walk: Walk,
  file: string,
  dotted: string,
): { location: ModuleLocation; rest: string[] } | undefined {
  const { modules } = walk.settings;
  const source = scanFile(walk.files, file);
  const [first = '', ...others] = dotted.split('.');
  const statement = readPython(walk.files, file)?.text ?? '';
  for (const { level, module, name } of source?.imports ?? []) {
    if (name === null) {
      if (module.split('.')[0] !== first) continue;
      const found = modules.findPrefix(dotted);
      if (found !== undefined) return { location: found.location, rest: found.rest };
      continue;
    }
    const alias = new RegExp(`\\b${name === '*' ? '\\*' : name}\\s+as\\s+${first}\\b`).test(statement);
    if (name !== first && !alias) continue;
    const location = findImport(modules, file, level, module);
    if (location === undefined) continue;
    const submodule = findSubmodule(modules, location, name);
    if (submodule !== undefined && others.length > 0) {
      // `from shop import api` and then `api.views.health`
      const [next] = others;
      const deeper = next === undefined ? undefined : findSubmodule(modules, submodule, next);
      return deeper !== undefined && others.length > 1
        ? { location: deeper, rest: others.slice(1) }
        : { location: submodule, rest: others };
    }
    return submodule !== undefined && others.length === 0 && location.file === null
      ? { location: submodule, rest: [] }
      : { location, rest: [name, ...others] };
  }
  return undefined;
}

/** The source text of a view with its decorators, as far as it can be found; what wraps it in the route, too. */
function viewCode(walk: Walk, urls: UrlFile, node: SyntaxNode): string {
  const route = textOf(urls.source, node);
  const named = /([A-Za-z_][\w.]*?)(?:\.as_view\(|$|\s*\)*\s*$)/.exec(
    route.replace(/\.as_view\([^]*$/, '.as_view('),
  )?.[1];
  if (named === undefined) return route;
  return `${route}\n${definition(walk, urls.source.path, named, 0)}`;
}

function definition(walk: Walk, file: string, dotted: string, depth: number): string {
  const source = readPython(walk.files, file);
  if (source === undefined || depth > 4) return '';
  if (!dotted.includes('.')) {
    for (const node of findNodes(source, new Set(['FunctionDefinition', 'ClassDefinition']))) {
      const name = childrenOf(node).find((child) => child.name === 'VariableName');
      if (name === undefined || textOf(source, name) !== dotted) continue;
      return textOf(source, node.parent?.name === 'DecoratedStatement' ? node.parent : node);
    }
  }
  const found = locate(walk, file, dotted);
  if (found !== undefined)
    return found.location.file === null || found.location.file === file
      ? ''
      : definition(walk, found.location.file, found.rest.join('.'), depth + 1);
  for (const { level, module, name } of scanFile(walk.files, file)?.imports ?? []) {
    const behind = name === '*' ? findImport(walk.settings.modules, file, level, module)?.file : null;
    const code = behind == null || behind === file ? '' : definition(walk, behind, dotted, depth + 1);
    if (code !== '') return code;
  }
  return '';
}

function needsLogin(code: string, byDefault: boolean): boolean {
  if (
    /login_required|permission_required|staff_member_required|user_passes_test|LoginRequired|PermissionRequired|UserPassesTest|AccessMixin|\bIsA(?:uthenticated|dmin)(?!\w*OrReadOnly)|require_POST|http_method_names\s*=\s*\[\s*["']post["']\s*\]/.test(
      code,
    )
  )
    return true;
  const isClass = /^class /m.test(code);
  if (isClass && /def (?:post|put|patch|delete)\(/.test(code) && !/def (?:get|head|dispatch)\(/.test(code))
    return true;
  const isRest = /APIView|ViewSet|@api_view|generics\./.test(code);
  return byDefault && isRest && !/AllowAny|permission_classes\s*(?:=|\()\s*(?:\[\s*\]|\(\s*\))/.test(code);
}

function asksServices(code: string): boolean {
  return /\bconnections?\b|cursor\(|\.objects\b|redis|\bcaches?\b\s*[.[]|ensure_connection|psycopg|celery|\.execute\(|check_database|\b\w*db\w*\.ping|databases?\b/i.test(
    code.replaceAll(/^\s*#.*$/gm, ''),
  );
}
