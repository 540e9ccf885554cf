import type { SyntaxNode } from '@lezer/common';

import { evaluate } from './evaluate-expression.ts';
import { startEvaluation } from './evaluation.ts';
import type { Fact, ServiceFacts } from './facts.ts';
import { listSetting, placeOf, settingOf, textSetting } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
import { folderOf } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import {
  callArguments,
  childrenOf,
  dottedName,
  evidenceOf,
  findNodes,
  importedNames,
  readPython,
  textOf,
} from './python-source.ts';
import type { PythonSource } from './python-source.ts';
import { stringsIn, textValue } from './values.ts';
import type { Scope } from './values.ts';

/** Celery, Redis and Channels, from the settings and the reached modules. */
export function readServices(
  files: ProjectFiles,
  settings: DjangoSettings,
  reached: Iterable<string>,
): ServiceFacts {
  const celery = readCelery(files, settings, reached);
  return { celery, redis: readRedis(settings, celery !== null), channels: readChannels(settings) };
}

const celeryNames = new Set(['Celery', 'celery.Celery']);

function readCelery(
  files: ProjectFiles,
  settings: DjangoSettings,
  reached: Iterable<string>,
): ServiceFacts['celery'] {
  const candidates = [...reached].toSorted(
    (left, right) => celeryRank(left) - celeryRank(right) || (left < right ? -1 : 1),
  );
  for (const file of candidates) {
    const text = files.read(file);
    if (text === undefined || !/\bCelery\s*\(/.test(text)) continue;
    const source = readPython(files, file);
    if (source === undefined || !importsCelery(source)) continue;
    for (const statement of findNodes(source, new Set(['AssignStatement']))) {
      const [target, operator, call] = childrenOf(statement);
      if (target?.name !== 'VariableName' || operator?.name !== 'AssignOp' || call?.name !== 'CallExpression')
        continue;
      const callee = call.firstChild;
      if (callee === null || !celeryNames.has(dottedName(source, callee) ?? '')) continue;
      const module = settings.modules.nameOf(file);
      // `celery -A pkg` finds pkg/celery.py by itself. Source: celery/app/utils.py, find_app.
      const application = module.endsWith('.celery')
        ? module.slice(0, -'.celery'.length)
        : `${module}:${textOf(source, target)}`;
      return {
        value: { application, beat: usesBeat(settings, source) },
        evidence: [evidenceOf(source, statement)],
      };
    }
  }
  return null;
}

function celeryRank(file: string): number {
  if (/(?:^|\/)celery\.py$/.test(file)) return 0;
  return /celery/.test(file) ? 1 : 2;
}

function importsCelery(source: PythonSource): boolean {
  return findNodes(source, new Set(['ImportStatement'])).some((statement) =>
    importedNames(source, statement).some(
      ({ level, module }) => level === 0 && module.split('.')[0] === 'celery',
    ),
  );
}

function usesBeat(settings: DjangoSettings, source: PythonSource): boolean {
  if (listSetting(settings, 'INSTALLED_APPS').some(({ text }) => text.split('.')[0] === 'django_celery_beat'))
    return true;
  for (const name of [
    'CELERY_BEAT_SCHEDULE',
    'CELERYBEAT_SCHEDULE',
    'CELERY_BEAT_SCHEDULER',
    'BEAT_SCHEDULE',
  ]) {
    if (settingOf(settings, name) !== undefined) return true;
  }
  const code = source.text.replaceAll(/#[^\n]*/g, '');
  return /\bbeat_schedule\b\s*=|["']beat_schedule["']|\badd_periodic_task\s*\(/.test(code);
}

const brokerSettings = ['CELERY_BROKER_URL', 'BROKER_URL', 'CELERY_RESULT_BACKEND', 'CELERY_BROKER'];
const redisSettings = [
  'CACHES',
  'CHANNEL_LAYERS',
  'RQ_QUEUES',
  'HUEY',
  'DRAMATIQ_BROKER',
  'Q_CLUSTER',
  ...brokerSettings,
  'REDIS_URL',
  'REDIS_HOST',
  'REDIS',
];

function readRedis(settings: DjangoSettings, celery: boolean): ServiceFacts['redis'] {
  const evidence = [];
  const variables = new Set<string>();
  for (const name of redisSettings) {
    const value = settingOf(settings, name);
    if (value === undefined) continue;
    const texts = stringsIn(value).map(({ text }) => text);
    const reads = value.reads.filter((read) => /REDIS|CACHE|BROKER|CELERY|CHANNEL/i.test(read.name));
    const mentions = texts.some(
      (text) => /^rediss?(?:\+\w+)?:\/\//.test(text) || (/redis/i.test(text) && /^[\w.]+$/.test(text)),
    );
    const named = value.reads.some((read) => /REDIS/i.test(read.name)) || /REDIS/.test(name);
    if (!mentions && !named) continue;
    evidence.push(placeOf(value));
    for (const read of reads)
      if (/URL|URI|HOST|LOCATION|BROKER|BACKEND|REDIS$|CONN|SERVER|ENDPOINT/i.test(read.name))
        variables.add(read.name);
  }
  if (evidence.length > 0) return { value: { variables: [...variables].toSorted() }, evidence };
  const byName = [...settings.evaluation.reads.values()].filter(
    (read) => /^(?:\w+_)?REDIS(?:_\w+)?$/.test(read.name) && /URL|HOST/.test(read.name),
  );
  const [first] = byName;
  if (first === undefined || (!celery && first.setting === null)) return null;
  return {
    value: { variables: byName.map((read) => read.name).toSorted() },
    evidence: first.evidence.slice(0, 1),
  };
}

function readChannels(settings: DjangoSettings): Fact<true> | null {
  const app = listSetting(settings, 'INSTALLED_APPS').find(
    ({ text }) => text === 'channels' || text === 'daphne',
  );
  if (app !== undefined) return { value: true, evidence: [app.evidence] };
  const layers = settingOf(settings, 'CHANNEL_LAYERS');
  return layers === undefined ? null : { value: true, evidence: [placeOf(layers)] };
}

/** Health-like names, the clearest first. */
const healthNames = [
  'healthz',
  'health',
  'healthcheck',
  'health-check',
  'health_check',
  'livez',
  'live',
  'liveness',
  'alive',
  'readyz',
  'ready',
  'up',
  'heartbeat',
  '__heartbeat__',
  '__lbheartbeat__',
  'ht',
  'ping',
  'status',
];
const healthPackages =
  /^(?:health_check|django_healthchecks|watchman|django_health_check|healthcheck|health)\b/;

interface Route {
  path: string;
  /** Whether the path says it answers for health: by its last part, or by the package included. */
  name: string;
  evidence: { file: string; line: number | null };
}

/** A path of the project that answers for health: a plain `path("healthz/", …)`, prefixes of include() followed. */
export function readHealthPath(files: ProjectFiles, settings: DjangoSettings): Fact<string> | null {
  const root = textSetting(settings, 'ROOT_URLCONF');
  if (root === null) return null;
  const file = settings.modules.find(root.value)?.file;
  if (file === undefined || file === null) return null;
  const routes: Route[] = [];
  const evaluation = startEvaluation(files, settings.modules, folderOf(settings.files[0] ?? ''));
  collectRoutes(files, settings, file, '/', new Set(), routes, evaluation);
  const ranked = routes
    .map((route) => ({ route, rank: healthNames.indexOf(route.name) }))
    .filter(
      ({ rank, route }) =>
        rank !== -1 && (rank < healthNames.indexOf('ping') || route.path.split('/').length <= 5),
    )
    .toSorted((left, right) => left.rank - right.rank || left.route.path.length - right.route.path.length);
  const best = ranked[0]?.route;
  return best === undefined ? null : { value: best.path, evidence: [best.evidence] };
}

function collectRoutes(
  files: ProjectFiles,
  settings: DjangoSettings,
  file: string,
  prefix: string,
  above: ReadonlySet<string>,
  routes: Route[],
  evaluation: ReturnType<typeof startEvaluation>,
): void {
  if (above.has(file) || above.size > 6 || routes.length > 5000) return;
  const source = readPython(files, file);
  if (source === undefined) return;
  const scope: Scope = { names: new Map(), parent: null, source, moduleLevel: false };
  const lists = new Map<string, SyntaxNode[]>();
  for (const statement of findNodes(source, new Set(['AssignStatement', 'UpdateStatement']))) {
    const target = statement.firstChild;
    if (target?.name !== 'VariableName' || statement.parent?.parent?.name === 'FunctionDefinition') continue;
    const name = textOf(source, target);
    // `prefix = "api/"` for path(prefix, …)
    const value = statement.lastChild;
    if (value?.name === 'String') scope.names.set(name, evaluate(evaluation, scope, value));
    lists.set(name, [...(lists.get(name) ?? []), statement]);
  }
  const walk = (region: SyntaxNode, inner: string, depth: number): void => {
    for (const call of findNodes(source, new Set(['CallExpression']), region)) {
      const [callee, list] = childrenOf(call);
      if (
        callee === undefined ||
        list?.name !== 'ArgList' ||
        !/^(?:\w+\.)?path$/.test(dottedName(source, callee) ?? '')
      )
        continue;
      const [first, second] = callArguments(source, list);
      const route = first === undefined ? undefined : textValue(evaluate(evaluation, scope, first.value));
      if (route === undefined || second === undefined || route.includes('<') || !/^[\w./@-]*$/.test(route))
        continue;
      const path = inner + route.replace(/^\//, '');
      const included = includedModule(source, second.value);
      if (included === undefined) {
        const name = path.split('/').findLast((part) => part !== '');
        if (name !== undefined)
          routes.push({ path, name: name.toLowerCase(), evidence: evidenceOf(source, call) });
        continue;
      }
      const local = included.local ? lists.get(included.name) : undefined;
      if (local !== undefined) {
        if (depth < 5) for (const statement of local) walk(statement, path, depth + 1);
        continue;
      }
      const target = included.local ? undefined : settings.modules.find(included.name)?.file;
      if (target !== undefined && target !== null) {
        collectRoutes(files, settings, target, path, new Set([...above, file]), routes, evaluation);
      } else if (healthPackages.test(included.name)) {
        routes.push({ path, name: 'health', evidence: evidenceOf(source, call) });
      }
    }
  };
  const patterns = lists.get('urlpatterns');
  if (patterns === undefined) walk(source.tree.topNode, prefix, 0);
  else for (const statement of patterns) walk(statement, prefix, 0);
}

/** The module of `include("a.urls")` or `include(("a.urls", "a"))`, or the name of a list in the same file. */
function includedModule(
  source: PythonSource,
  node: SyntaxNode,
): { name: string; local: boolean } | undefined {
  if (node.name !== 'CallExpression') return undefined;
  const callee = node.firstChild;
  if (callee === null || !/(?:^|\.)include$/.test(dottedName(source, callee) ?? '')) return undefined;
  const text = textOf(source, node);
  const module = /["']([A-Za-z_][\w.]*)["']/.exec(text)?.[1];
  const list = /include\(\s*\(?\s*([A-Za-z_]\w*)\s*[,)]/.exec(text)?.[1];
  return list !== undefined
    ? { name: list, local: true }
    : module === undefined
      ? undefined
      : { name: module, local: false };
}
