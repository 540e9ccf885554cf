import type { SyntaxNode } from '@lezer/common';

import { recordRead, setCast, unknownAt, valueAt } from './evaluation.ts';
import type { Evaluation } from './evaluation.ts';
import type { Evidence, SettingsVariable, VariableCast } from './facts.ts';
import { defaultText, firstOption, makeValue, scalarText, textValue, unionReads } from './values.ts';
import type { Data, EnvironmentRead, InstanceData, Scope, Value } from './values.ts';

/** Evaluated arguments of a call. */
export interface Arguments {
  positional: readonly Value[];
  named: ReadonlyMap<string, Value>;
}

interface Reading {
  name: Value | undefined;
  fallback: Value | undefined;
  /** Fails at import without the variable (and without a fallback). */
  strict: boolean;
  cast: VariableCast;
  separator?: string | undefined;
}

/** Functions that turn a text into a value, by their dotted name. */
const castNames: ReadonlyMap<string, VariableCast> = new Map(
  Object.entries<VariableCast>({
    str: 'str',
    bool: 'bool',
    int: 'int',
    float: 'float',
    list: 'list',
    tuple: 'list',
    'decouple.Csv': 'list',
    'json.loads': 'json',
    'dj_database_url.parse': 'url',
    strtobool: 'bool',
    'distutils.util.strtobool': 'bool',
  }),
);

/** Methods of django-environ's and environs' Env. Sources: https://django-environ.readthedocs.io/en/latest/types.html, https://pypi.org/project/environs/ */
const methodCasts: ReadonlyMap<string, VariableCast> = new Map(
  Object.entries<VariableCast>({
    str: 'str',
    bytes: 'str',
    unicode: 'str',
    path: 'str',
    bool: 'bool',
    int: 'int',
    float: 'float',
    decimal: 'float',
    json: 'json',
    list: 'list',
    tuple: 'list',
    dict: 'unknown',
    url: 'url',
    db: 'url',
    db_url: 'url',
    dj_db_url: 'url',
    cache: 'url',
    cache_url: 'url',
    dj_cache_url: 'url',
    email: 'url',
    email_url: 'url',
    dj_email_url: 'url',
    search_url: 'url',
    channels: 'url',
    channels_url: 'url',
    log_level: 'str',
    timedelta: 'unknown',
    date: 'str',
    datetime: 'str',
    uuid: 'str',
    enum: 'str',
  }),
);

/** Names that django-environ's URL methods read when none is given. */
const defaultNames: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    db: 'DATABASE_URL',
    db_url: 'DATABASE_URL',
    cache: 'CACHE_URL',
    cache_url: 'CACHE_URL',
    email: 'EMAIL_URL',
    email_url: 'EMAIL_URL',
    search_url: 'SEARCH_URL',
    channels: 'CHANNELS_URL',
    channels_url: 'CHANNELS_URL',
  }),
);

/** Collects one reading and gives its value with nothing set. */
export function readVariable(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  reading: Reading,
): Value {
  const name = textValue(reading.name);
  if (name === undefined || name === '' || /[\s=\u0000]/.test(name)) {
    return unknownAt(scope, node, unionReads([reading.name, reading.fallback]));
  }
  const defaultValue = defaultText(reading.fallback, reading.separator ?? ',');
  const read = recordRead(evaluation, scope.source, node, name, {
    defaultValue,
    required: reading.strict && reading.fallback === undefined,
    cast: reading.cast,
    separator: reading.separator,
  });
  const fallback = reading.fallback === undefined ? undefined : firstOption(reading.fallback);
  const data: Data =
    fallback === undefined
      ? { kind: reading.strict ? 'unknown' : 'none' }
      : castData(fallback, reading.cast, reading.separator ?? ',', scope, node);
  const reads = unionReads([makeValue(data, '', 0, [read]), reading.fallback]);
  return { ...valueAt(scope, node, data, reads), direct: read };
}

/** What a cast makes of a known default. */
export function castData(
  value: Value,
  cast: VariableCast,
  separator: string,
  scope: Scope,
  node: SyntaxNode,
): Data {
  const { data } = value;
  const text = scalarText(value);
  if (data.kind === 'none' || text === undefined) return data;
  switch (cast) {
    case 'bool':
      if (data.kind === 'boolean') return data;
      return { kind: 'boolean', value: /^(?:true|1|yes|on|y|t|ok)$/i.test(text.trim()) };
    case 'int':
    case 'float':
      return /^\s*-?[\d_.]+\s*$/.test(text) ? { kind: 'number', text: text.trim() } : { kind: 'unknown' };
    case 'list':
      return {
        kind: 'list',
        complete: true,
        items:
          text === ''
            ? []
            : text
                .split(separator)
                .map((item) => valueAt(scope, node, { kind: 'string', text: item.trim() })),
      };
    case 'json':
    case 'unknown':
      return { kind: 'unknown' };
    default:
      return data;
  }
}

/** The cast that a `cast=` argument names. */
function castOf(cast: Value | undefined): { cast: VariableCast; separator?: string } {
  if (cast === undefined) return { cast: 'str' };
  const { data } = cast;
  if (data.kind === 'reference') {
    const dotted = data.dotted.replace(/^builtins\./, '');
    const separator = /^decouple\.Csv\((.*)\)$/s.exec(dotted)?.[1];
    if (separator !== undefined) return { cast: 'list', separator };
    return { cast: castNames.get(dotted) ?? castNames.get(dotted.split('.').at(-1) ?? '') ?? 'unknown' };
  }
  // `cast=lambda v: [s.strip() for s in v.split(',')]`
  if (data.kind === 'function') {
    const text = data.scope.source.text.slice(data.node.from, data.node.to);
    const split = /\.split\(\s*(?:(['"])(.*?)\1)?\s*\)/s.exec(text);
    if (split !== null) return { cast: 'list', separator: split[2] ?? ' ' };
    if (/\bbool\b|true/i.test(text)) return { cast: 'bool' };
    return { cast: 'unknown' };
  }
  if (data.kind === 'list') return { cast: 'list' };
  return { cast: 'unknown' };
}

function argument(given: Arguments, position: number, ...names: readonly string[]): Value | undefined {
  for (const name of names) {
    const found = given.named.get(name);
    if (found !== undefined) return found;
  }
  return given.positional[position];
}

/** A call of something that reads the environment by its dotted name; undefined when it does not. */
export function readingCall(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  dotted: string,
  given: Arguments,
): Value | undefined {
  switch (dotted) {
    case 'os.getenv':
    case 'os.environ.get':
    case 'os.environ.pop':
      return readVariable(evaluation, scope, node, {
        name: argument(given, 0, 'key'),
        fallback: argument(given, 1, 'default'),
        strict: dotted === 'os.environ.pop',
        cast: 'str',
      });
    case 'os.environ.__getitem__':
      return readVariable(evaluation, scope, node, {
        name: argument(given, 0),
        fallback: undefined,
        strict: true,
        cast: 'str',
      });
    case 'os.environ.copy':
      return valueAt(scope, node, { kind: 'reference', dotted: 'os.environ' });
    case 'decouple.config':
      return readDecouple(evaluation, scope, node, given);
    case 'environ.Env':
    case 'environ.FileAwareEnv':
    case 'environs.Env':
    case 'environs.FileAwareEnv':
      return instance(
        scope,
        node,
        dotted.startsWith('environs') ? 'environs' : 'django-environ',
        given.named,
      );
    case 'decouple.Config':
    case 'decouple.AutoConfig':
      return instance(scope, node, 'decouple', new Map());
    case 'decouple.Csv': {
      const delimiter = textValue(argument(given, 1, 'delimiter')) ?? ',';
      return valueAt(scope, node, { kind: 'reference', dotted: `decouple.Csv(${delimiter})` });
    }
    case 'dj_database_url.config': {
      const name =
        argument(given, 0, 'env') ?? valueAt(scope, node, { kind: 'string', text: 'DATABASE_URL' });
      const url = readVariable(evaluation, scope, node, {
        name,
        fallback: given.named.get('default'),
        strict: false,
        cast: 'url',
      });
      return databaseUrl(scope, node, url, given.named.get('ssl_require'));
    }
    case 'dj_database_url.parse': {
      const url = argument(given, 0, 'url');
      if (url === undefined) return undefined;
      if (url.direct !== null) setCast(url.direct, 'url');
      return databaseUrl(scope, node, url, given.named.get('ssl_require'));
    }
    default:
      return (
        configurationsValue(evaluation, scope, node, dotted, given) ??
        wrappedRead(evaluation, scope, node, dotted, given)
      );
  }
}

/** A reader of the environment that a package of the user's has (`from acme.settings import config`), as its name and argument say. */
function wrappedRead(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  dotted: string,
  given: Arguments,
): Value | undefined {
  const reader = /^(?:[\w.]+\.)?(\w+)\.(config|env|getenv|(?:get_)?env_(\w+)|get_env)$/.exec(dotted);
  const name = textValue(given.positional[0]);
  // `dj_email_url.config("EMAIL_URL")` reads a URL of a kind of its own.
  if (reader === null || reader[1]?.endsWith('_url') || name === undefined) return undefined;
  if (!/^[A-Z][A-Z0-9_]+$/.test(name)) return undefined;
  if (reader[2] === 'config') return readDecouple(evaluation, scope, node, given);
  return readVariable(evaluation, scope, node, {
    name: argument(given, 0),
    fallback: argument(given, 1, 'default'),
    // Like os.getenv, the others give None where nothing is set.
    strict: reader[2] === 'env',
    cast: methodCasts.get(reader[3]?.replace('boolean', 'bool') ?? 'str') ?? 'unknown',
  });
}

/** django-configurations: `values.BooleanValue(True)` reads `DJANGO_<SETTING>`, whose name the assignment knows. */
function configurationsValue(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  dotted: string,
  given: Arguments,
): Value | undefined {
  const kind = /^configurations\.values\.(\w*)Value$/.exec(dotted)?.[1];
  if (kind === undefined) return undefined;
  const explicit = given.named.get('environ_name');
  const target =
    node.parent?.name === 'AssignStatement'
      ? scope.source.text.slice(node.parent.from, node.from).split(/[\s:=]/)[0]
      : undefined;
  const name = textValue(explicit) ?? (kind === 'DatabaseURL' ? 'DATABASE_URL' : target);
  if (name === undefined) return undefined;
  const prefix = textValue(given.named.get('environ_prefix')) ?? 'DJANGO';
  const whole =
    kind === 'DatabaseURL' && explicit === undefined ? name : prefix === '' ? name : `${prefix}_${name}`;
  const casts = new Map<string, VariableCast>(
    Object.entries<VariableCast>({
      Boolean: 'bool',
      Integer: 'int',
      PositiveInteger: 'int',
      Float: 'float',
      List: 'list',
      Tuple: 'list',
      DatabaseURL: 'url',
    }),
  );
  const fallback =
    kind === 'Secret' ? undefined : (argument(given, 0, 'default') ?? valueAt(scope, node, { kind: 'none' }));
  const value = readVariable(evaluation, scope, node, {
    name: valueAt(scope, node, { kind: 'string', text: whole }),
    fallback,
    strict: kind === 'Secret',
    cast: casts.get(kind) ?? 'str',
  });
  return kind === 'DatabaseURL' ? databaseUrl(scope, node, value) : value;
}

function instance(
  scope: Scope,
  node: SyntaxNode,
  type: InstanceData['type'],
  schema: ReadonlyMap<string, Value>,
): Value {
  return valueAt(scope, node, { kind: 'instance', type, schema, prefix: '', url: null });
}

/** The dictionary that a database URL is turned into. */
export function databaseUrl(scope: Scope, node: SyntaxNode, url: Value, tlsRequired?: Value): Value {
  const value = valueAt(
    scope,
    node,
    { kind: 'instance', type: 'database-url', schema: new Map(), prefix: '', url, tlsRequired },
    url.reads,
  );
  return { ...value, direct: url.direct };
}

function readDecouple(evaluation: Evaluation, scope: Scope, node: SyntaxNode, given: Arguments): Value {
  return readVariable(evaluation, scope, node, {
    name: argument(given, 0, 'option'),
    fallback: argument(given, 1, 'default'),
    strict: true,
    ...castOf(argument(given, 2, 'cast')),
  });
}

/** A call of an Env or Config object (`env('X')`, `env.bool('X')`). */
export function instanceCall(
  evaluation: Evaluation,
  scope: Scope,
  node: SyntaxNode,
  target: InstanceData,
  method: string | null,
  given: Arguments,
): Value | undefined {
  if (target.type === 'decouple')
    return method === null || method === 'get' ? readDecouple(evaluation, scope, node, given) : undefined;
  if (target.type !== 'django-environ' && target.type !== 'environs') return undefined;
  if (method !== null && method !== 'get_value' && methodCasts.get(method) === undefined) return undefined;

  const typed = method === null || method === 'get_value' ? undefined : methodCasts.get(method);
  const preset = method !== null ? defaultNames.get(method) : undefined;
  const named = argument(given, 0, 'var', 'name');
  const name = textValue(named) ?? (named === undefined ? preset : undefined);
  const scheme = schemaOf(name === undefined ? undefined : target.schema.get(name));
  // environs takes the default second everywhere, django-environ only in its typed methods (`env(var, cast, default)`).
  const plainEnviron = target.type === 'django-environ' && (method === null || method === 'get_value');
  const listLike =
    target.type === 'django-environ' && (method === 'list' || method === 'tuple' || method === 'dict');
  const defaultPosition = plainEnviron || listLike ? 2 : 1;
  const cast =
    typed !== undefined ? { cast: typed } : castOf(plainEnviron ? argument(given, 1, 'cast') : undefined);
  const separator = textValue(given.named.get('delimiter'));
  const value = readVariable(evaluation, scope, node, {
    name:
      name === undefined ? undefined : valueAt(scope, node, { kind: 'string', text: target.prefix + name }),
    fallback: argument(given, defaultPosition, 'default') ?? scheme?.fallback,
    strict: true,
    cast: cast.cast === 'str' && scheme !== undefined && typed === undefined ? scheme.cast : cast.cast,
    separator: separator ?? ('separator' in cast ? cast.separator : undefined),
  });
  if (method !== null && /^(?:dj_)?db(?:_url)?$/.test(method)) return databaseUrl(scope, node, value);
  return value;
}

function schemaOf(entry: Value | undefined): { cast: VariableCast; fallback: Value | undefined } | undefined {
  if (entry === undefined) return undefined;
  if (entry.data.kind === 'list' && entry.data.items.length > 0) {
    const [first, second] = entry.data.items;
    return { cast: castOf(first).cast, fallback: second };
  }
  return { cast: castOf(entry).cast, fallback: undefined };
}

const important: readonly [RegExp, number][] = [
  [/^DATABASES\.default(?:\.(?:ENGINE|NAME|USER|PASSWORD|HOST|PORT))?$/, 6],
  [/^DATABASES\b/, 5],
  [/^(?:SECRET_KEY|DEBUG|ALLOWED_HOSTS|CSRF_TRUSTED_ORIGINS|STATIC_ROOT|MEDIA_ROOT)$/, 4],
  [
    /^(?:CACHES|CHANNEL_LAYERS|EMAIL_|SECURE_|SESSION_|CSRF_|CORS_|STATIC|MEDIA_|LOGGING|TIME_ZONE|LANGUAGE_CODE|TEMPLATES|STORAGES|DEFAULT_FROM_EMAIL|INSTALLED_APPS|MIDDLEWARE)/,
    3,
  ],
  [/^(?:CELERY|AWS_|REST_FRAMEWORK)/, 2],
];

/** Notes that a setting is fed by the variables inside a value; the most telling setting wins. */
export function feedSetting(setting: string, value: Value, depth = 0): void {
  if (depth > 6 || value.reads.length === 0) return;
  const { data } = value;
  if (data.kind === 'choice') {
    for (const option of data.options) feedSetting(setting, option, depth + 1);
  } else if (data.kind === 'dict') {
    const inner = new Set<EnvironmentRead>();
    for (const [key, entry] of data.entries) {
      // `**` is a database URL that stands for all parts.
      feedSetting(key === '**' ? setting : `${setting}.${key}`, entry, depth + 1);
      for (const read of entry.reads) inner.add(read);
    }
    for (const read of value.reads) if (!inner.has(read)) feed(read, setting);
    return;
  } else if (data.kind === 'list' && data.items.some((item) => item.data.kind === 'dict')) {
    for (const item of data.items) feedSetting(setting, item, depth + 1);
  }
  for (const read of value.reads) feed(read, setting);
  if (value.direct === null && setting === 'DEBUG' && value.data.kind === 'boolean') {
    for (const read of value.reads) setCast(read, 'bool');
  }
  if (setting === 'DEBUG' && value.direct !== null) setCast(value.direct, 'bool');
}

function feed(read: EnvironmentRead, setting: string): void {
  const rank = important.find(([pattern]) => pattern.test(setting))?.[1] ?? 1;
  if (rank <= read.settingRank) return;
  read.setting = setting;
  read.settingRank = rank;
}

/** The collected variables as facts, in the order in which they were met; evidence in the deciding file comes first. */
export function variablesOf(
  reads: ReadonlyMap<string, EnvironmentRead>,
  files: readonly string[],
): SettingsVariable[] {
  const rank = (evidence: Evidence): number =>
    files.includes(evidence.file) ? files.indexOf(evidence.file) : files.length;
  return [...reads.values()].map(({ name, defaultValue, required, cast, separator, setting, evidence }) => ({
    name,
    defaultValue,
    required,
    cast,
    separator,
    setting,
    evidence: evidence.toSorted((left, right) => rank(left) - rank(right)),
  }));
}
