import type { Answers } from '../answers/answers.ts';
import { firstPlace } from '../detection/evidence.ts';
import { isRedisFlag } from '../detection/services.ts';
import type { FixedAddress, ProjectFacts, SettingsVariable } from '../detection/facts.ts';
import type { DatabaseConnection } from '../database/connection-string.ts';
import {
  buildTimeAddress,
  connectionAddress,
  databaseEnvironment,
  databaseKind,
  databaseVariables,
  isVariableName,
  mayLackTls,
  sqliteEnvironment,
  withoutTls,
  type DatabaseAddress,
} from './database-environment.ts';
import type { EnvironmentSection, EnvironmentVariable, Plan } from './plan.ts';
import {
  PRIVATE_SCHEMA,
  SUPABASE_MODES,
  SUPABASE_VARIABLES,
  supabaseAddress,
  supabaseMode,
} from './supabase.ts';

/** Names that hold a secret whatever the setting: their values never enter a committed file. */
const SECRET_NAME =
  /SECRET|PASSWORD|PASSWD|PASSPHRASE|_PASS$|TOKEN|API_?KEY|_SK$|_KEY$|PRIVATE|CREDENTIAL|DSN|SERVICE_ROLE|SIGNATURE/i;

/** A password inside a URL, and the prefixes of well-known keys. */
const SECRET_VALUE =
  /:\/\/[^/\s:@]*:[^/\s@]+@|\b(?:sk_live_|sk_test_|sk-|ghp_|gho_|xox[abp]-|AKIA|eyJ)[A-Za-z0-9]/;

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

/** The default as it may be shown: no secret, and nothing that does not fit on a line. */
function shownDefault(variable: SettingsVariable): string {
  const value = variable.defaultValue ?? '';
  return SECRET_NAME.test(variable.name) || SECRET_VALUE.test(value) || CONTROL.test(value) ? '' : value;
}

/** The redis service's URL, with the database number that the project gives this use: a cache is flushed whole. */
function redisUrl(variable: SettingsVariable): string {
  const database = /^rediss?:\/\/[^/]*\/(\d+)/.exec(variable.defaultValue ?? '')?.[1];
  return `redis://redis:6379/${database ?? '0'}`;
}

/**
 * Variables that lead to the redis service, for compose.yaml.
 * @returns none where the service is not chosen
 */
export function redisEnvironment(facts: ProjectFacts, answers: Answers): { name: string; value: string }[] {
  if (!answers.services.includes('redis')) return [];
  const redisVariables = facts.services.redis?.value.variables ?? [];
  return facts.variables.flatMap((variable) => {
    const role = roleOf(variable, redisVariables);
    if (role === 'redis-url') return [{ name: variable.name, value: redisUrl(variable) }];
    if (role === 'redis-host') return [{ name: variable.name, value: 'redis' }];
    return [];
  });
}

/**
 * Celery's own variables, for the addresses that the code names: compose.yaml leads them to the redis service, and .env
 * may lead them elsewhere.
 * @returns none where the service is not chosen
 */
export function celeryEnvironment(
  facts: ProjectFacts,
  answers: Answers,
): { name: string; value: string; address: FixedAddress }[] {
  if (!answers.services.includes('redis')) return [];
  const read = redisEnvironment(facts, answers);
  const addresses = (facts.services.celery?.value.fixedAddresses ?? []).filter(
    ({ variable }) => !read.some(({ name }) => name === variable),
  );
  const used = new Set([
    ...read.map(({ value }) => /\/(\d+)$/.exec(value)?.[1]),
    ...addresses.flatMap(({ scheme, database }) => (scheme === 'redis' ? [database] : [])),
  ]);
  // What was in a RabbitMQ must not lie where a cache is flushed.
  const free =
    Array.from({ length: 16 }, (_, place) => String(place)).find((number) => !used.has(number)) ?? '0';
  return addresses.map((address) => {
    const database = address.scheme === 'amqp' ? free : address.database;
    const { variable } = address;
    return { name: variable, value: `\${${variable}:-redis://redis:6379/${database}}`, address };
  });
}

/** What a variable is for, judged by the setting that it feeds, then by its name. */
export type VariableRole =
  | 'secret-key'
  | 'debug'
  | 'allowed-hosts'
  | 'trusted-origins'
  | 'domain'
  | 'redis-url'
  | 'redis-host'
  | 'ssl-redirect'
  | 'database-sslmode'
  | 'settings-module'
  | 'private-key'
  | 'other';

/** The role of a variable that is not one of the database's. */
export function roleOf(variable: SettingsVariable, redisVariables: readonly string[]): VariableRole {
  const { name, setting } = variable;
  if (name === 'DJANGO_SETTINGS_MODULE') return 'settings-module';
  if (setting === 'SECRET_KEY' || /^(DJANGO_)?SECRET_KEY$/.test(name)) return 'secret-key';
  if (
    (variable.required || variable.demanded) &&
    /(?:RSA|JWT|OIDC)\w*PRIVATE_KEY$|_PRIVATE_KEY_PEM$/.test(name)
  )
    return 'private-key';
  if (setting === 'DEBUG' || /^(DJANGO_)?DEBUG$/.test(name)) return 'debug';
  // A URL may feed the setting too (its host is taken), and a URL it must stay.
  const namesHosts = variable.cast === 'list' || /HOST|DOMAIN/.test(name);
  if ((setting === 'ALLOWED_HOSTS' && namesHosts) || /ALLOWED_HOSTS?$/.test(name)) return 'allowed-hosts';
  // `CSRF_TRUSTED_ORIGINS = [f"https://{DOMAIN}"]`
  if (/DOMAIN|HOST(?:NAME)?$/.test(name) && setting === 'CSRF_TRUSTED_ORIGINS' && !/ORIGIN|URL/.test(name))
    return 'domain';
  if (setting === 'CSRF_TRUSTED_ORIGINS' || name.endsWith('TRUSTED_ORIGINS')) return 'trusted-origins';
  if (setting === 'SECURE_SSL_REDIRECT') return 'ssl-redirect';
  if (/SSL_?MODE$/.test(name)) return 'database-sslmode';
  if (redisVariables.includes(name) || /^(REDIS|CELERY_BROKER|CELERY_RESULT|BROKER)/.test(name)) {
    if (name.endsWith('HOST')) return 'redis-host';
    if (/URL|BROKER|BACKEND|LOCATION/.test(name)) return 'redis-url';
    const mayBeUrl = ['str', 'url', 'unknown'].includes(variable.cast) && !isRedisFlag(name);
    if (mayBeUrl && name.endsWith('REDIS') && /^(?:$|rediss?:)/.test(variable.defaultValue ?? ''))
      return 'redis-url';
  }
  return 'other';
}

/** `False` as the settings understand it: `bool(int(…))` takes no words, `!= 'False'` takes no digits. */
function falseFor(variable: SettingsVariable): string {
  const numeric = variable.cast === 'int' || /^[01]$/.test(variable.defaultValue ?? '');
  return numeric ? '0' : 'False';
}

/** A value that satisfies a cast, for variables that must be set and about which nothing else is known. */
function placeholderFor(variable: SettingsVariable): string {
  // Sentry parses the DSN, and is off without one: https://docs.sentry.io/platforms/python/configuration/options/#dsn
  if (/(?:^|_)SENTRY\w*DSN$/.test(variable.name))
    return variable.demanded || variable.cast === 'url' ? 'http://none@localhost/0' : '';
  switch (variable.cast) {
    case 'int':
    case 'float':
      return '0';
    case 'bool':
      return 'False';
    case 'url':
      return 'https://example.com';
    case 'json':
      return '{}';
    case 'list':
    case 'str':
    case 'unknown':
      return /URL|ENDPOINT|URI$/.test(variable.name) ? 'https://example.com' : 'change-me';
  }
}

/** The `.env.example` line of one variable that is not the database's. */
function describeVariable(
  variable: SettingsVariable,
  answers: Answers,
  redisVariables: readonly string[],
): EnvironmentVariable {
  const { name } = variable;
  const place = firstPlace(variable.evidence);
  const read = place === '' ? 'read by the settings' : `read in ${place}`;
  const text = (meaning: string, value: string): EnvironmentVariable => ({
    name,
    meaning: `${meaning} (${read})`,
    example: value,
    value: { kind: 'text', text: value },
    commented: false,
  });
  switch (roleOf(variable, redisVariables)) {
    case 'secret-key':
      return {
        name,
        meaning: `Signs sessions and tokens; long, random, never committed (${read})`,
        example: '',
        value: { kind: 'random' },
        commented: false,
      };
    case 'debug':
      return text('Debug pages; off in production', falseFor(variable));
    case 'allowed-hosts': {
      // `ALLOWED_HOSTS = [os.environ["HOST_NAME"]]`: one name, no list.
      const one = variable.cast !== 'list' && !name.endsWith('HOSTS');
      const hosts = one ? ['localhost'] : ['localhost', '127.0.0.1'];
      return text('Host names that the site answers to', hosts.join(variable.separator));
    }
    case 'trusted-origins':
      return text(
        'Origins that may send forms, with scheme',
        [`http://localhost:${answers.port}`].join(variable.separator),
      );
    case 'domain':
      return text('Domain of the site, without scheme', 'localhost');
    case 'ssl-redirect':
      return text('Redirect to HTTPS; on behind a proxy that terminates TLS', falseFor(variable));
    case 'database-sslmode': {
      if (answers.database === 'supabase' && !mayLackTls(answers))
        return text('TLS to the database: require, verify-full', 'require');
      const value = supabaseMode(answers)?.sslmode ?? variable.defaultValue ?? 'prefer';
      return {
        ...text('TLS to the database: disable, prefer, require, verify-full', value),
        commented: true,
      };
    }
    // Without a Redis of ours an address would be a guess: the project's own default holds, where it has one.
    case 'redis-url':
      return {
        ...text('Redis', shownDefault(variable) || 'redis://localhost:6379/0'),
        commented: !variable.required,
      };
    case 'redis-host':
      return { ...text('Redis host', shownDefault(variable) || 'localhost'), commented: !variable.required };
    case 'private-key':
      return {
        name,
        meaning: `Private key in PEM format; never committed (${read})`,
        example: '',
        value: { kind: 'private-key' },
        commented: false,
      };
    case 'settings-module':
    case 'other': {
      const secret = SECRET_NAME.test(name);
      if (variable.required || variable.demanded) {
        return {
          ...text('Required', placeholderFor(variable)),
          example: secret ? '' : placeholderFor(variable),
        };
      }
      const value = shownDefault(variable);
      return {
        ...text(value === '' ? 'Optional' : 'Optional; the default is shown', value),
        commented: true,
      };
    }
  }
}

/** Variables set in compose.yaml or in the image; a line in .env would only mislead. */
const NOT_FOR_THE_ENV_FILE = new Set(['DJANGO_SETTINGS_MODULE', 'PORT', 'PATH', 'HOME']);

/**
 * The blocks of `.env.example`: what the settings read, under its real names, then what the services need.
 * @param facts what detection found
 * @param answers the user's decisions
 * @param connection what the user pasted: for .env alone
 */
export function environmentSections(
  facts: ProjectFacts,
  answers: Answers,
  connection: DatabaseConnection | null = null,
): EnvironmentSection[] {
  const redisVariables = facts.services.redis?.value.variables ?? [];
  const ofDatabase = new Set(databaseVariables(facts.database).map((item) => item.name));
  const sections: EnvironmentSection[] = [];
  const ofRedis = redisEnvironment(facts, answers).map((item) => item.name);
  const ofTls =
    answers.database === 'postgres'
      ? withoutTls(facts, answers.settingsOverlay).map((item) => item.name)
      : [];
  const ordinary = facts.variables.filter(
    (variable) =>
      !ofDatabase.has(variable.name) &&
      !ofRedis.includes(variable.name) &&
      !ofTls.includes(variable.name) &&
      !NOT_FOR_THE_ENV_FILE.has(variable.name) &&
      isVariableName(variable.name),
  );
  const described = ordinary.map((variable) => describeVariable(variable, answers, redisVariables));
  sections.push({
    title: 'Django',
    notes: ofRedis.length > 0 ? [`compose.yaml sets ${ofRedis.join(', ')} for the redis service.`] : [],
    // What must be set first, what has a default after it.
    variables: [
      ...described.filter((item) => !item.commented),
      ...described.filter((item) => item.commented),
    ],
  });
  const database = databaseSection(facts, answers);
  sections.push(connection === null ? database : withConnection(database, facts, connection));
  sections.push({
    title: 'Containers',
    notes: [],
    variables: [
      {
        name: 'WEB_PORT',
        meaning: 'Port on this machine where the site is published',
        example: String(answers.port),
        value: { kind: 'text', text: String(answers.port) },
        commented: true,
      },
      {
        name: 'WEB_CONCURRENCY',
        meaning: 'Worker processes; unset: from the CPUs and the memory of the container',
        example: '2',
        value: { kind: 'text', text: '2' },
        commented: true,
      },
    ],
  });
  return sections.filter((section) => section.variables.length > 0 || section.notes.length > 0);
}

/** The section with the pasted address as values; what `.env.example` shows stays. */
function withConnection(
  section: EnvironmentSection,
  facts: ProjectFacts,
  connection: DatabaseConnection,
): EnvironmentSection {
  const address = connectionAddress(connection, buildTimeAddress(facts.database).engine);
  const parts = new Map(databaseVariables(facts.database).map(({ name, part }) => [name, part]));
  return {
    ...section,
    variables: section.variables.map((variable) => {
      const part = parts.get(variable.name);
      return part === undefined ? variable : { ...variable, value: { kind: 'text', text: address[part] } };
    }),
  };
}

/** The secret of the database's container; `.env` holds it, and Compose hands it on. */
function containerPassword(name: string): EnvironmentVariable {
  return {
    name,
    meaning: 'Password of the db service; taken when its volume is created',
    example: '',
    value: { kind: 'random' },
    commented: false,
  };
}

function databaseSection(facts: ProjectFacts, answers: Answers): EnvironmentSection {
  const variables = databaseVariables(facts.database);
  const names = [...variables, ...(answers.database === 'postgres' ? withoutTls(facts, []) : [])].map(
    (item) => item.name,
  );
  const notes = names.length > 0 ? [`compose.yaml sets ${names.join(', ')} for the db service.`] : [];
  switch (answers.database) {
    case 'postgres':
      return {
        title: 'Database: PostgreSQL in a container',
        notes,
        variables: [containerPassword('POSTGRES_PASSWORD')],
      };
    case 'mysql':
      return {
        title: 'Database: MariaDB in a container',
        notes,
        variables: [containerPassword('MARIADB_PASSWORD')],
      };
    case 'sqlite':
      return {
        title: 'Database: SQLite on a volume',
        notes:
          names.length > 0
            ? [`compose.yaml sets ${names.join(', ')}; the file is on the volume "data".`]
            : [],
        variables: [],
      };
    case 'supabase':
      return supabaseSection(facts, answers, variables);
    case 'external': {
      const kind = databaseKind(facts, answers) === 'mysql' ? 'mysql' : 'postgresql';
      const { engine, port, url } = buildTimeAddress(facts.database, kind);
      const host = 'db.example.com';
      return {
        title: kind === 'mysql' ? 'Database: MySQL or MariaDB' : 'Database: PostgreSQL',
        notes: ['A password with reserved characters must be percent-encoded inside a URL.'],
        variables: addressVariables(variables, {
          engine,
          name: 'app',
          user: 'app',
          password: '',
          host,
          port,
          url: `${url.split(':')[0]}://USER:PASSWORD@${host}:${port}/app${kind === 'mysql' ? '' : '?sslmode=require'}`,
        }),
      };
    }
  }
}

/** Where each kind of Supabase tells its address. */
function supabaseNotes(answers: Answers): string[] {
  const mode = SUPABASE_MODES[answers.supabaseConnection];
  switch (mode.place) {
    case 'cloud':
      return [
        `From the dashboard: Connect, then "${mode.title}". Copy the values, do not compose them.`,
        mode.host.startsWith('db.')
          ? 'This host is IPv6 only (without the IPv4 add-on), and most containers have none: the session pooler works everywhere.'
          : 'The direct host (db.<ref>.supabase.co) is IPv6 only and fails from most containers.',
        'backendai-docker supabase asks for the connection string, checks it and writes these lines.',
      ];
    case 'machine':
      return [
        'supabase start prints the address and the keys (supabase status -o env, too); in a container this machine is host.docker.internal.',
      ];
    case 'own server':
      return [
        'The user is postgres.<POOLER_TENANT_ID>, the password POSTGRES_PASSWORD of its own .env. Supabase on this machine is host.docker.internal in a container.',
      ];
  }
}

function supabaseSection(
  facts: ProjectFacts,
  answers: Answers,
  variables: { name: string; part: keyof DatabaseAddress }[],
): EnvironmentSection {
  const mode = SUPABASE_MODES[answers.supabaseConnection];
  const read = new Set(facts.variables.map((variable) => variable.name));
  const optional = (name: string, meaning: string, example: string): EnvironmentVariable => ({
    name,
    meaning,
    example,
    value: { kind: 'text', text: example },
    commented: true,
  });
  const connection = [
    optional('DB_SCHEMA', 'Schema of Django’s tables, which the Data API does not publish', PRIVATE_SCHEMA),
    mode.place === 'cloud'
      ? optional('PGSSLMODE', 'TLS: require, or verify-full to verify the server, too', 'verify-full')
      : optional('PGSSLMODE', 'TLS: disable, prefer, require, verify-full', mode.sslmode),
    mode.place === 'cloud'
      ? optional('PGSSLROOTCERT', 'For verify-full: the certificate of Supabase', SUPABASE_CA_IN_IMAGE)
      : optional('PGSSLROOTCERT', 'For verify-full: the certificate authority, a file in the container', ''),
    ...(mode.perTransaction
      ? [
          optional(
            'MIGRATION_DATABASE_URL',
            'Connection string for migrations; unset: the same host on port 5432',
            supabaseAddress({ ...mode, port: '5432' }, '').url,
          ),
        ]
      : []),
    ...(mode.clients === null
      ? []
      : [
          optional(
            'DB_POOL_SIZE',
            'Clients that the pooler lets in; the number of workers keeps below it',
            String(mode.clients),
          ),
        ]),
    optional('DB_CONN_MAX_AGE', 'Seconds that a connection is kept; 0: a new one for each request', '60'),
  ].filter(({ name }) => !read.has(name));
  return {
    title: 'Database: Supabase',
    notes: supabaseNotes(answers),
    variables: [
      ...addressVariables(variables, supabaseAddress(mode, buildTimeAddress(facts.database).engine)),
      ...connection,
      ...supabaseKeys(read, mode.place),
    ],
  };
}

/** Where the image has the certificate of Supabase's own authority. */
export const SUPABASE_CA_FILE = 'docker/supabase-ca.crt';
const SUPABASE_CA_IN_IMAGE = `/app/${SUPABASE_CA_FILE}`;

const PART_MEANING: Record<keyof DatabaseAddress, string> = {
  engine: 'Backend',
  name: 'Database name',
  user: 'User',
  password: 'Password',
  host: 'Host',
  port: 'Port; 5432 is the session mode',
  url: 'Connection string',
};

function addressVariables(
  variables: { name: string; part: keyof DatabaseAddress }[],
  example: DatabaseAddress,
): EnvironmentVariable[] {
  return variables.map(({ name, part }) => ({
    name,
    meaning: PART_MEANING[part],
    example: example[part],
    value: { kind: 'text', text: example[part] },
    commented: false,
  }));
}

/**
 * The API keys of a Supabase project, for code that uses its client; Django's ORM needs none of them. Where the settings
 * read a legacy name, that one stands under Django's variables.
 */
function supabaseKeys(
  read: ReadonlySet<string>,
  place: 'cloud' | 'machine' | 'own server',
): EnvironmentVariable[] {
  const url = {
    cloud: 'https://YOUR-PROJECT-REF.supabase.co',
    machine: 'http://host.docker.internal:54321',
    'own server': 'http://host.docker.internal:8000',
  }[place];
  const keys: [readonly string[], string, string][] = [
    [SUPABASE_VARIABLES.url, 'Project URL, for the Supabase client', url],
    [SUPABASE_VARIABLES.publishableKey, 'Key for browsers (formerly "anon")', ''],
    [SUPABASE_VARIABLES.secretKey, 'Key for servers only (formerly "service_role")', ''],
  ];
  return keys
    .filter(([names]) => !names.some((name) => read.has(name)))
    .map(([[name = ''], meaning, example]) => ({
      name,
      meaning,
      example,
      value: { kind: 'text', text: example },
      commented: true,
    }));
}

/**
 * Dummies for the build: exactly the variables without which the settings cannot be imported, and the switch that
 * makes Django behave as in production. They exist in that RUN only.
 */
export function buildVariables(facts: ProjectFacts, answers: Answers): Plan['buildVariables'] {
  const redisVariables = facts.services.redis?.value.variables ?? [];
  const kind = databaseKind(facts, answers);
  const server = buildTimeAddress(facts.database, kind === 'mysql' ? 'mysql' : 'postgresql');
  const standIns = [
    ...databaseEnvironment(facts.database, server),
    ...(kind === 'sqlite' ? sqliteEnvironment(facts.database) : []),
  ];
  const ofDatabase = new Map(standIns.map((item) => [item.name, item.value]));
  // compose.yaml sets it, and None is no address: modules make a client of the setting while they are imported. (It is
  // not asked for anything then; compress asks a cache.)
  const isHandedOn = ({ name, defaultValue, switches }: SettingsVariable): boolean =>
    defaultValue === null &&
    !switches &&
    /UR[IL]|LOCATION/.test(name) &&
    answers.services.includes('redis') &&
    !facts.preparation.offlineCompression;
  return facts.variables.flatMap((variable) => {
    const { name } = variable;
    if (!isVariableName(name) || name === 'DJANGO_SETTINGS_MODULE') return [];
    const role = roleOf(variable, redisVariables);
    if (role === 'debug') return [{ name, value: falseFor(variable) }];
    // A default that says "insecure" is often refused by the settings themselves when DEBUG is off.
    if (role === 'secret-key')
      return [{ name, value: 'only-for-the-build-0123456789-abcdefghijklmnopqrstuvwxyz' }];
    // With a default of another kind the settings would load a driver that is not there.
    const otherEngine = ['mysql', 'oracle', 'other'].includes(facts.database.defaultEngine ?? '');
    const ofDatabaseValue = ofDatabase.get(name);
    if (otherEngine && ofDatabaseValue !== undefined) return [{ name, value: ofDatabaseValue }];
    if (!variable.required && !variable.demanded && !(role === 'redis-url' && isHandedOn(variable)))
      return [];
    // A key in the Dockerfile, even a useless one, would set off every scanner.
    if (role === 'private-key') return [{ name, value: '', command: 'openssl genrsa 2048 2>/dev/null' }];
    if (ofDatabaseValue !== undefined) return [{ name, value: ofDatabaseValue }];
    if (role === 'allowed-hosts') return [{ name, value: 'localhost' }];
    if (role === 'domain') return [{ name, value: 'localhost' }];
    if (role === 'trusted-origins') return [{ name, value: 'http://localhost' }];
    if (role === 'redis-url') return [{ name, value: 'redis://localhost:6379/0' }];
    if (role === 'redis-host') return [{ name, value: 'localhost' }];
    return [{ name, value: placeholderFor(variable) }];
  });
}
