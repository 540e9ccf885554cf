import type { Fact, FixedAddress, ServiceFacts } from './facts.ts';
import { listSetting, placeOf, settingOf } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
import type { ProjectFiles } from './project-files.ts';
import {
  childrenOf,
  dottedName,
  evidenceOf,
  findNodes,
  importedNames,
  readPython,
  textOf,
} from './python-source.ts';
import type { PythonSource } from './python-source.ts';
import { stringsIn } from './values.ts';

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
          fixedAddresses: [
            ...fixedAddress('CELERY_BROKER_URL', brokerNames, settings, source),
            ...fixedAddress('CELERY_RESULT_BACKEND', resultNames, settings, source),
          ],
        },
        evidence: [evidenceOf(source, statement)],
      };
    }
  }
  return null;
}

const brokerNames = {
  settings: ['CELERY_BROKER_URL', 'BROKER_URL'],
  code: /\bbroker(?:_url)?\s*=\s*["']([^"']+)["']/,
};
const resultNames = {
  settings: ['CELERY_RESULT_BACKEND', 'RESULT_BACKEND'],
  code: /\b(?:result_)?backend\s*=\s*["']([^"']+)["']/,
};

function fixedAddress(
  variable: FixedAddress['variable'],
  names: typeof brokerNames,
  settings: DjangoSettings,
  source: PythonSource,
): FixedAddress[] {
  const setting = names.settings
    .map((name) => settingOf(settings, name))
    .find((value) => value !== undefined);
  if (setting !== undefined) {
    const evidence = [placeOf(setting)];
    if (setting.reads.some(({ name }) => /AMQP|RABBIT/i.test(name)))
      return [{ variable, scheme: 'amqp', database: '0', evidence }];
    const [first] = stringsIn(setting);
    const read = setting.reads.length > 0 || first === undefined ? null : parsedAddress(first.text);
    return read === null ? [] : [{ variable, ...read, evidence }];
  }
  const found = names.code.exec(source.text.replaceAll(/#[^\n]*/g, (comment) => ' '.repeat(comment.length)));
  const read = found?.[1] === undefined ? null : parsedAddress(found[1]);
  if (found === null || read === null) return [];
  const line = source.text.slice(0, found.index).split('\n').length;
  return [{ variable, ...read, evidence: [{ file: source.path, line }] }];
}

/** Null for what is no Redis or RabbitMQ, stands on a machine with a domain, or is the redis service already. */
function parsedAddress(text: string): Pick<FixedAddress, 'scheme' | 'database'> | null {
  const [, scheme, host = '', path = ''] =
    /^(redis|amqp|pyamqp|librabbitmq):\/\/(?:[^@/]*@)?(\[::1\]|[^:/?]*)(?::\d+)?(?:\/([^?]*))?/.exec(text) ??
    [];
  if (scheme === undefined || !/^(?:|\[::1\]|127(?:\.\d+){3}|0\.0\.0\.0|[\w-]+)$/.test(host)) return null;
  if (scheme === 'redis' && host === 'redis') return null;
  const redis = scheme === 'redis';
  return { scheme: redis ? 'redis' : 'amqp', database: redis && /^\d+$/.test(path) ? path : '0' };
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
