import type { SyntaxNode } from '@lezer/common';
import type { Fact, FixedAddress, ServiceFacts } from './facts.ts';
import { listSetting, placeOf, settingOf } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
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
  unquote,
} from './python-source.ts';
import type { PythonSource } from './python-source.ts';
import { optionsOf, stringsIn } from './values.ts';
import type { Value } from './values.ts';

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
        value: {
          application,
          beat: usesBeat(settings, source),
          fixedAddresses: fixedAddresses(settings, source, call),
          rabbitVariables: rabbitVariables(settings),
        },
        evidence: [evidenceOf(source, statement)],
      };
    }
  }
  return null;
}

/** Where Celery's addresses are named: the setting, the argument of `Celery(…)`, and what would win over that. */
const addressNames = [
  {
    variable: 'CELERY_BROKER_URL',
    settings: ['CELERY_BROKER_URL', 'BROKER_URL'],
    argument: 'broker',
    elsewhere: /\bbroker_url\b/i,
  },
  {
    variable: 'CELERY_RESULT_BACKEND',
    settings: ['CELERY_RESULT_BACKEND', 'RESULT_BACKEND'],
    argument: 'backend',
    elsewhere: /\bresult_backend\b/i,
  },
] as const;

function fixedAddresses(settings: DjangoSettings, source: PythonSource, call: SyntaxNode): FixedAddress[] {
  return addressNames.flatMap(({ variable, settings: names, argument, elsewhere }) => {
    const setting = firstSetting(settings, names);
    const { texts, evidence } =
      setting === undefined
        ? { texts: argumentTexts(source, call, argument, elsewhere), evidence: evidenceOf(source, call) }
        : { texts: literalTexts(setting), evidence: placeOf(setting) };
    // A list for failover, or what another environment takes: all of them, or it is not ours to change.
    const addresses = texts.flatMap((text) => text.split(';')).map((text) => fixedAddress(text.trim()));
    const [first] = addresses;
    if (!first || addresses.includes(null)) return [];
    return [{ variable, ...first, evidence: [evidence] }];
  });
}

function firstSetting(settings: DjangoSettings, names: readonly string[]): Value | undefined {
  return names.map((name) => settingOf(settings, name)).find((value) => value !== undefined);
}

/** The alternatives of a setting that depends on no variable; none where one of them cannot be read. */
function literalTexts(setting: Value): string[] {
  const options = optionsOf(setting);
  const texts = options.flatMap(({ data }) => (data.kind === 'string' ? [data.text] : []));
  return setting.reads.length === 0 && texts.length === options.length ? texts : [];
}

function argumentTexts(source: PythonSource, call: SyntaxNode, name: string, elsewhere: RegExp): string[] {
  const list = call.getChild('ArgList');
  if (list === null || elsewhere.test(source.text)) return [];
  const value = callArguments(source, list).find((argument) => argument.name === name)?.value;
  const text = value?.name === 'String' ? unquote(textOf(source, value)) : undefined;
  return text === undefined ? [] : [text];
}

/** Null for what is no Redis or RabbitMQ, stands on a machine with a domain, or is the redis service already. */
function fixedAddress(text: string): Pick<FixedAddress, 'scheme' | 'database'> | null {
  const [, scheme, user, host = '', port = '6379', path = ''] =
    /^(redis|amqp|pyamqp|librabbitmq):\/\/([^@]*@)?(\[::1\]|[\w.-]*)(?::(\d+))?(?:\/([^?@]*))?(?:\?[^@]*)?$/.exec(
      text,
    ) ?? [];
  if (scheme === undefined || !/^(?:|\[::1\]|127(?:\.\d+){3}|0\.0\.0\.0|[\w-]+)$/.test(host)) return null;
  if (scheme !== 'redis') return { scheme: 'amqp', database: '0' };
  if (host === 'redis' && port === '6379' && user === undefined) return null;
  // Redis has 16 databases.
  return { scheme, database: /^(?:\d|1[0-5])$/.test(path) ? path : '0' };
}

/** The variables of a broker that is a RabbitMQ; none where one of its variables may lead it to a Redis. */
function rabbitVariables(settings: DjangoSettings): string[] {
  const names = firstSetting(settings, addressNames[0].settings)?.reads.map(({ name }) => name) ?? [];
  return names.some((name) => /REDIS|BROKER/i.test(name))
    ? []
    : names.filter((name) => /AMQP|RABBIT/i.test(name));
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
  if (evidence.length > 0) {
    const told = variables.size > 0 ? [...variables] : namedForRedis(settings, celery);
    return { value: { variables: told.toSorted() }, evidence };
  }
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

/** Whether a name says that Redis is used, not where it is: `USE_REDIS`. */
export const isRedisFlag = (name: string): boolean =>
  /^(?:\w+_)?(?:USE|USES|USING|HAS|HAVE|ENABLE|ENABLED|DISABLE|WITH|WITHOUT|IS|NO)_REDIS$/.test(name);

/** Variables that are called after Redis or Celery's broker, where the code between them and the settings cannot be read. */
function namedForRedis(settings: DjangoSettings, celery: boolean): string[] {
  const isRedis = /^(?:\w+_)?REDIS(?:_(?:URL|URI|HOST|LOCATION))?$/;
  const isCelery = /^(?:\w+_)?CELERY_(?:BROKER|(?:RESULT_)?BACKEND)(?:_URL)?$/;
  return [...settings.evaluation.reads.keys()].filter(
    (name) => (isRedis.test(name) && !isRedisFlag(name)) || (celery && isCelery.test(name)),
  );
}

function readChannels(settings: DjangoSettings): Fact<true> | null {
  const app = listSetting(settings, 'INSTALLED_APPS').find(
    ({ text }) => text === 'channels' || text === 'daphne',
  );
  if (app !== undefined) return { value: true, evidence: [app.evidence] };
  const layers = settingOf(settings, 'CHANNEL_LAYERS');
  return layers === undefined ? null : { value: true, evidence: [placeOf(layers)] };
}
