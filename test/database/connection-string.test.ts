import { describe, expect, it } from 'vitest';
import {
  connectionMode,
  connectionUrl,
  isPasswordPlaceholder,
  migrationPort,
  readConnectionString,
  withPassword,
} from '../../generators/app/database/connection-string.ts';
import type { DatabaseConnection } from '../../generators/app/database/connection-string.ts';

const REF = 'abcdefghijklmnopqrst';
const POOLER = 'aws-1-eu-west-1.pooler.supabase.com';
const SESSION = `postgresql://postgres.${REF}:[YOUR-PASSWORD]@${POOLER}:5432/postgres`;

function connection(text: string, engine?: 'mysql'): DatabaseConnection {
  const read = readConnectionString(text, engine);
  if (read.kind === 'problem') throw new Error(read.message);
  return read;
}

function message(text: string, engine?: 'mysql'): string {
  const read = readConnectionString(text, engine);
  if (read.kind !== 'problem') throw new Error(`no problem, but ${read.host}`);
  return read.message;
}

/** The same connection string, with this in place of the password. */
function withText(password: string): string {
  return SESSION.replace('[YOUR-PASSWORD]', () => password);
}

describe('what people paste', () => {
  const session = {
    mode: 'session',
    host: POOLER,
    port: 5432,
    user: `postgres.${REF}`,
    database: 'postgres',
    needsPassword: true,
    password: '',
  };

  it.each([
    ['as the dashboard shows it', SESSION],
    ['postgres://', SESSION.replace('postgresql:', 'postgres:')],
    ['upper case', SESSION.replace('postgresql:', 'POSTGRESQL:').replace('aws', 'AWS')],
    ['SQLAlchemy', SESSION.replace('postgresql:', 'postgresql+psycopg:')],
    ['blanks and newlines around it', `  \n\t${SESSION}\r\n \n`],
    ['invisible characters', `\ufeff\u200b${SESSION}\u200b`],
    ['double quotes', `"${SESSION}"`],
    ['single quotes', `'${SESSION}'`],
    ['typographic quotes', `“${SESSION}”`],
    ['backticks', `\`${SESSION}\``],
    ['a line of .env', `DATABASE_URL="${SESSION}"`],
    ['a line of .env without quotes', `DATABASE_URL=${SESSION}`],
    ['export', `export DATABASE_URL='${SESSION}'`],
    ['with a comment behind', `DATABASE_URL="${SESSION}"  # session pooler`],
    ['with a comment before', `# Connect\nDATABASE_URL="${SESSION}"\n`],
    ['beside other variables', `NEXT_PUBLIC_X=1\nDATABASE_URL="${SESSION}"\n`],
    ['psql with a URI', `psql '${SESSION}'`],
    ['psql with a URI in double quotes', `psql "${SESSION}"`],
    ['psql with a bare URI', `psql ${SESSION}`],
    ['psql with a prompt', `$ psql '${SESSION}'`],
    ['psql with options', `psql -h ${POOLER} -p 5432 -d postgres -U postgres.${REF}`],
    [
      'psql with long options',
      `psql --host=${POOLER} --port 5432 --dbname=postgres --username=postgres.${REF} -W`,
    ],
    ['psql with joined options', `psql -h${POOLER} -p5432 -dpostgres -Upostgres.${REF}`],
    ['psql with names at the end', `psql -h ${POOLER} postgres postgres.${REF}`],
    ['psql over two lines', `psql -h ${POOLER} \\\n  -p 5432 -d postgres -U postgres.${REF}`],
    ['libpq pairs', `host=${POOLER} port=5432 dbname=postgres user=postgres.${REF}`],
    ['the view of parameters', `host: ${POOLER}\nport: 5432\ndatabase: postgres\nuser: postgres.${REF}`],
    [
      'the view for Python',
      `user=postgres.${REF}\npassword=[YOUR-PASSWORD]\nhost=${POOLER}\nport=5432\ndbname=postgres`,
    ],
    ['.NET', `User Id=postgres.${REF};Password=[YOUR-PASSWORD];Server=${POOLER};Port=5432;Database=postgres`],
    ['JDBC', `jdbc:postgresql://${POOLER}:5432/postgres?user=postgres.${REF}&password=[YOUR-PASSWORD]`],
    ['no port', SESSION.replace(':5432', '')],
    ['no database', SESSION.replace(/\/postgres$/, '')],
    ['a slash at the end', `${SESSION}/`],
    ['without a password', SESSION.replace(':[YOUR-PASSWORD]', '')],
    ['the placeholder encoded', withText('%5BYOUR-PASSWORD%5D')],
    ['another placeholder', withText('<password>')],
    ['stars', withText('********')],
  ])('%s', (_name, text) => {
    expect(connection(text)).toMatchObject(session);
  });

  it('says no warning about the session pooler as the dashboard shows it', () => {
    expect(connection(SESSION).warnings).toEqual([]);
  });

  it('takes the password of PGPASSWORD', () => {
    const read = connection(`PGPASSWORD='it is #1' psql -h ${POOLER} -U postgres.${REF} -d postgres`);
    expect(read).toMatchObject({ password: 'it is #1', needsPassword: false });
  });

  it('takes the password of quoted pairs', () => {
    const read = connection(`host=${POOLER} user=postgres.${REF} dbname=postgres password='a \\'b\\\\ c'`);
    expect(read.password).toBe("a 'b\\ c");
  });

  it('takes sslmode of pairs', () => {
    const read = connection(`sslmode=require host=${POOLER} user=postgres.${REF} dbname=postgres`);
    expect(read.parameters).toEqual([{ name: 'sslmode', value: 'require' }]);
  });
});

describe('the mode, by host, then by port', () => {
  it.each([
    [POOLER, 5432, 'session'],
    ['aws-0-us-east-1.pooler.supabase.com', 6543, 'transaction'],
    [`db.${REF}.supabase.co`, 5432, 'direct'],
    [`db.${REF}.supabase.co`, 6543, 'dedicated'],
    ['host.docker.internal', 54322, 'local'],
    ['127.0.0.1', 54322, 'local'],
    ['supabase_db_shop', 5432, 'local'],
    ['localhost', 5432, 'self-hosted'],
    ['supabase-pooler', 6543, 'self-hosted'],
    ['db.example.org', 5432, 'self-hosted'],
    ['pooler.supabase.com.example.org', 5432, 'self-hosted'],
  ])('%s:%i is %s', (host, port, mode) => {
    expect(connectionMode(host, port)).toBe(mode);
    expect(connection(`postgres://u.x:p@${host}:${port}/d`).mode).toBe(mode);
  });
});

describe('passwords', () => {
  const hostile = [
    's3#cret/p',
    'p@ss',
    '@',
    '@@:/',
    'a/b?c=d&e#f',
    '100%',
    '%zz',
    '%',
    'a%2',
    'with space',
    '"quoted"',
    "it's",
    '$HOME${X}`id`',
    'back\\slash',
    'a:b:c',
    'user@host',
    'user@host:1',
    'ümläut-日本',
    '[inside]out',
    '+plus&and',
  ];

  it.each(hostile)('raw: %s', (password) => {
    const read = connection(withText(password));
    expect(read).toMatchObject({
      password,
      host: POOLER,
      port: 5432,
      database: 'postgres',
      needsPassword: false,
    });
  });

  it.each(hostile)('raw, before parameters and in quotes: %s', (password) => {
    const read = connection(`DATABASE_URL="${withText(password)}?sslmode=require"`);
    expect(read).toMatchObject({
      password,
      host: POOLER,
      parameters: [{ name: 'sslmode', value: 'require' }],
    });
  });

  it.each(hostile)('encoded: %s', (password) => {
    const read = connection(withText(encodeURIComponent(password)));
    expect(read.password).toBe(password);
    expect(read.warnings.join()).not.toMatch(/encoded/);
  });

  it('says that a raw one is encoded', () => {
    expect(connection(withText('s3#cret/p')).warnings).toEqual([
      expect.stringContaining('is encoded where it is written into a URL'),
    ]);
  });

  it('says that escapes beside raw characters were decoded', () => {
    const read = connection(withText('a%40b#c'));
    expect(read.password).toBe('a@b#c');
    expect(read.warnings).toEqual([expect.stringContaining('Its % escapes were decoded')]);
  });

  it('takes one that is no valid UTF-8 when decoded as raw', () => {
    expect(connection(withText('a%ff')).password).toBe('a%ff');
  });

  it('keeps an @ of a parameter out of the password', () => {
    expect(connection(`${withText('abc')}?application_name=me@home`)).toMatchObject({
      password: 'abc',
      host: POOLER,
      parameters: [{ name: 'application_name', value: 'me@home' }],
    });
  });

  it('leaves out the brackets that people keep, and says so', () => {
    const read = connection(withText('[s3cret]'));
    expect(read).toMatchObject({ password: 's3cret', passwordInBrackets: true, needsPassword: false });
    expect(read.warnings).toEqual([expect.stringContaining('square brackets')]);
    expect(withPassword(read, '[s3cret]')).toMatchObject({ password: '[s3cret]', passwordInBrackets: false });
  });

  it('notices an API key in its place', () => {
    expect(connection(withText('sb_secret_abc_def')).warnings).toEqual([
      expect.stringContaining('looks like an API key'),
    ]);
  });

  it('refuses line breaks', () => {
    expect(message(withText('a%0Ab'))).toContain('line break');
  });

  it.each([
    '[YOUR-PASSWORD]',
    '[your-password]',
    '[YOUR_DB_PASSWORD]',
    '<your password>',
    '[PASSWORD]',
    '{password}',
    'YOUR_PASSWORD',
    'your-password-here',
    '$PASSWORD',
    '${DB_PASSWORD}',
    '••••••',
    '...',
  ])('%s is a placeholder', (text) => {
    expect(isPasswordPlaceholder(text)).toBe(true);
  });

  it.each(['password', 'yourpasswordisgood', '[s3cret]', 'xx', 'MyPassword1', ''])('%s is none', (text) => {
    expect(isPasswordPlaceholder(text)).toBe(false);
  });
});

describe('parameters', () => {
  it('keeps those of libpq and leaves out those of other tools, by name', () => {
    const read = connection(
      `${withText('x')}?pgbouncer=true&sslmode=verify-full&sslrootcert=/run/ca.crt&connection_limit=1&pool_timeout=0&supa=base-pooler.x&schema=public&options=-c%20search_path%3Da&connect_timeout=10&target_session_attrs=any&application_name=x`,
    );
    expect(read.parameters).toEqual([
      { name: 'sslmode', value: 'verify-full' },
      { name: 'sslrootcert', value: '/run/ca.crt' },
      { name: 'options', value: '-c search_path=a' },
      { name: 'connect_timeout', value: '10' },
      { name: 'target_session_attrs', value: 'any' },
      { name: 'application_name', value: 'x' },
    ]);
    expect(read.stripped).toEqual(['pgbouncer', 'connection_limit', 'pool_timeout', 'supa', 'schema']);
    expect(read.warnings).toEqual([
      "Left out, because the database's client refuses them: pgbouncer, connection_limit, pool_timeout, supa, schema (parameters of another tool).",
    ]);
  });
});

describe('warnings', () => {
  it.each([5432, 6543])('IPv6 on the direct host, port %i', (port) => {
    expect(connection(`postgresql://postgres:x@db.${REF}.supabase.co:${port}/postgres`).warnings[0]).toMatch(
      /IPv6 address only[^]*session pooler/,
    );
  });

  it('a user of the shared pooler at the direct host', () => {
    expect(
      connection(`postgresql://postgres.${REF}:x@db.${REF}.supabase.co:5432/postgres`).warnings[1],
    ).toContain('this host knows the role alone');
  });

  it('a user without reference at the shared pooler', () => {
    expect(connection(`postgresql://postgres:x@${POOLER}:5432/postgres`).warnings).toEqual([
      expect.stringContaining('no project reference'),
    ]);
  });

  it('what transaction mode means', () => {
    expect(connection(SESSION.replace('5432', '6543')).warnings).toEqual([
      expect.stringMatching(/pools by transaction[^]*migrations go over port 5432/),
    ]);
  });

  it('another port of the pooler', () => {
    expect(connection(SESSION.replace('5432', '5433')).warnings).toEqual([
      expect.stringContaining('another port'),
    ]);
  });

  it.each(['localhost', '127.0.0.1', '0.0.0.0', '[::1]'])('%s inside of a container', (host) => {
    const read = connection(`postgresql://postgres:postgres@${host}:54322/postgres`);
    expect(read).toMatchObject({ host: 'host.docker.internal', mode: 'local', port: 54322 });
    expect(read.warnings).toEqual([expect.stringContaining('host.docker.internal, which is used instead')]);
  });
});

describe('problems', () => {
  it.each([
    ['', 'No connection string'],
    ['  \n ', 'No connection string'],
    ['# only a comment', 'No connection string'],
    ['hello', 'not a connection string'],
    [`https://${REF}.supabase.co`, "the project's URL"],
    [`SUPABASE_URL=https://${REF}.supabase.co/rest/v1/`, "the project's URL"],
    [`https://supabase.com/dashboard/project/${REF}`, "the dashboard's page"],
    ['sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH', 'an API key'],
    ['SUPABASE_SECRET_KEY="sb_secret_N7UND0UgjKTVK_xSvEMPvz"', 'an API key'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.abc', 'an API key'],
    ['sbp_0123456789abcdef', 'an access token'],
    ['redis://localhost:6379/0', 'another kind of service'],
    ['ftp://a:b@c/d', 'not of a PostgreSQL'],
    [`postgresql://${POOLER}:5432/postgres`, 'no "user:password@host"'],
    ['postgresql://', 'no "user:password@host"'],
    [`postgresql://postgres.${REF}:secret`, 'no "user:password@host"'],
    ['postgresql://postgres:secret@/postgres', 'no host'],
    ['postgresql://postgres:secret@:5432/postgres', 'no host'],
    ['postgresql://postgres:secret@aws-[INDEX]-[REGION].pooler.supabase.com:5432/postgres', 'placeholder'],
    [`postgresql://postgres:secret@${POOLER}:[PORT]/postgres`, 'placeholder'],
    [`postgresql://postgres.[REF]:secret@${POOLER}:5432/postgres`, 'still holds a placeholder'],
    [`postgresql://postgres.<ref>:secret@${POOLER}:5432/postgres`, 'still holds a placeholder'],
    [`postgresql://postgres:secret@${REF}.supabase.co:5432/postgres`, "the project's API"],
    [`postgresql://:secret@${POOLER}:5432/postgres`, 'no user'],
    ['postgresql://u:secret@db.example.org:99999/d', 'from 1 to 65535'],
    ['postgresql://u:secret@db.example.org:5432', 'no database'],
    ['postgresql://u:secret@db.example.org:5432/', 'no database'],
    ['host=a,b user=u password=secret dbname=d', 'several hosts'],
    ['host=/var/run/postgresql user=u password=secret dbname=d', 'socket file'],
    [`${SESSION}\n${SESSION}`, 'more than one'],
    [`postgresql://postgres.${REF}:secret@aws-1-eu-\nwest-1.pooler.supabase.com:5432/postgres`, 'line break'],
    [`psql 'postgresql://u:secret@h/d`, 'quote that is not closed'],
    ['psql -U u -d d -h', 'has no value'],
    ['mysql://u:secret@h:3306/d', 'PostgreSQL was chosen'],
  ])('%s', (text, expected) => {
    const said = message(text);
    expect(said).toContain(expected);
    expect(said).not.toContain('secret');
  });
});

it('never says a piece of the password', () => {
  const password = 'Xq9-zz~Kw';
  for (const text of [
    withText(password),
    withText(`[${password}]`),
    withText(`${password}#/?@%`),
    withText(password).replace('5432', '6543').replace(`.${REF}`, ''),
    `postgresql://u:${password}@`,
    `postgresql://u:${password}@[X]/d`,
    `postgresql://u:${password}`,
    `postgresql://u:a@${password}@h?${password}`,
    `postgresql://u:a@h/d?${encodeURIComponent(`${password} `)}=1`,
    `psql '${withText(password)}`,
    password,
    `password=${password}`,
    `mysql://u:${password}@h/d`,
    `redis://:${password}@h`,
    `https://u:${password}@h`,
  ]) {
    const read = readConnectionString(text);
    const said = read.kind === 'problem' ? read.message : [...read.warnings, ...read.stripped].join('\n');
    expect(said).not.toContain(password);
  }
});

describe('MySQL', () => {
  it.each(['mysql', 'mysql2', 'mariadb', 'mysql+pymysql'])('%s://', (scheme) => {
    expect(
      connection(
        `${scheme}://shop:p%40ss@db.example.org/shop?charset=utf8mb4&ssl-mode=REQUIRED&x=1`,
        'mysql',
      ),
    ).toMatchObject({
      engine: 'mysql',
      mode: null,
      host: 'db.example.org',
      port: 3306,
      user: 'shop',
      password: 'p@ss',
      database: 'shop',
      parameters: [
        { name: 'charset', value: 'utf8mb4' },
        { name: 'ssl-mode', value: 'REQUIRED' },
      ],
      stripped: ['x'],
    });
  });

  it('the command', () => {
    expect(connection('mysql -h db.example.org -P 3307 -u shop -pS3cret shop', 'mysql')).toMatchObject({
      host: 'db.example.org',
      port: 3307,
      user: 'shop',
      password: 'S3cret',
      database: 'shop',
    });
  });

  it('says that a URL of PostgreSQL is none', () => {
    expect(message(SESSION, 'mysql')).toContain('MySQL or MariaDB was chosen');
  });

  it('says nothing of transactions on port 6543', () => {
    const read = connection('mysql://a:b@db.example.org:6543/d', 'mysql');
    expect(read.warnings).toEqual([]);
    expect(migrationPort(read)).toBe(6543);
  });
});

describe('written again', () => {
  it.each(['p@ss/w#rd?%&=+', 'it\'s $HOME "x"', 'ü日本', "!'()*", ' ', '[x]'])(
    'as a URL with %s',
    (password) => {
      const url = connectionUrl(withPassword(connection(SESSION), password), { sslmode: 'require' });
      expect(url).toMatch(/^postgres:\/\/[\w.-]+:[\w.~%-]+@[\w.-]+:5432\/postgres\?sslmode=require$/);
      expect(decodeURIComponent(new URL(url).password)).toBe(password);
    },
  );

  it('sets the SSL mode in place of the pasted one and keeps the rest', () => {
    const read = connection(`${withText('x')}?sslmode=disable&options=-c%20search_path%3Da,b&pgbouncer=true`);
    expect(connectionUrl(read, { sslmode: 'verify-full' })).toBe(
      `postgres://postgres.${REF}:x@${POOLER}:5432/postgres?options=-c%20search_path%3Da%2Cb&sslmode=verify-full`,
    );
    expect(connectionUrl(read, { scheme: 'postgresql+psycopg' })).toContain('postgresql+psycopg://');
  });

  it('keeps postgis and IPv6 addresses', () => {
    expect(connectionUrl(connection('postgis://u:p@[2001:db8::1]:5433/d'))).toBe(
      'postgis://u:p@[2001:db8::1]:5433/d',
    );
  });

  it('has no password while none is known', () => {
    expect(connectionUrl(connection(SESSION))).toBe(`postgres://postgres.${REF}@${POOLER}:5432/postgres`);
  });
});

it.each([
  [SESSION, 5432],
  [SESSION.replace('5432', '6543'), 5432],
  [`postgresql://postgres:x@db.${REF}.supabase.co:6543/postgres`, 5432],
  ['postgresql://postgres.tenant:x@supabase-pooler:6543/postgres', 5432],
  ['postgresql://postgres:postgres@127.0.0.1:54322/postgres', 54322],
])('the port for migrations of %s is %i', (text, port) => {
  expect(migrationPort(connection(text))).toBe(port);
});
