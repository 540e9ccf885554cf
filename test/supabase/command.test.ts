import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  ENTER,
  ROOT,
  SAMPLE,
  command,
  contentsOf,
  copyOf,
  home,
  installPackage,
  installed,
  plain,
  removePackage,
  run,
  type Result,
  type Step,
} from '../command/packed-package.ts';
import {
  PUBLISHABLE,
  SECRET,
  startGateway,
  type GatewayDouble,
  type GatewayState,
} from './gateway-double.ts';

let gateway: GatewayDouble | undefined;

beforeAll(installPackage, 300_000);
afterAll(removePackage);
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

async function start(state: Partial<GatewayState> = {}): Promise<GatewayDouble> {
  gateway = await startGateway(state);
  return gateway;
}

type Variables = Record<string, string | undefined>;

/** The double is in this process: nothing here may wait for a program without letting it answer. */
function runAsync(folder: string, program: string, args: string[], env: Variables): Promise<Result> {
  return new Promise((resolve, reject) => {
    const clean = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(?:SUPABASE|DATABASE)_/.test(name)),
    );
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...clean, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Without a terminal. */
const supabase = (folder: string, env: Variables, ...args: string[]): Promise<Result> =>
  runAsync(folder, command, ['supabase', ...args], env);

let terminals = 0;
function inTerminal(
  folder: string,
  typed: Step[],
  env: Variables = {},
  args: string[] = [],
): Promise<Result> {
  terminals += 1;
  const steps = join(home, `supabase-steps-${terminals}.json`);
  writeFileSync(steps, JSON.stringify(typed));
  const driver = join(ROOT, 'test/command/terminal.py');
  return runAsync(folder, 'python3', [driver, steps, command, 'supabase', ...args], {
    TERM: 'xterm-256color',
    CI: undefined,
    NO_COLOR: undefined,
    FORCE_COLOR: undefined,
    ...env,
  });
}

const keys = ({ url }: GatewayDouble): Variables => ({
  SUPABASE_URL: url,
  SUPABASE_PUBLISHABLE_KEY: PUBLISHABLE,
  SUPABASE_SECRET_KEY: SECRET,
});

function git(folder: string, ...args: string[]): void {
  const { status, stderr } = run(folder, 'git', [
    '-c',
    'user.name=t',
    '-c',
    'user.email=t@example.com',
    ...args,
  ]);
  if (status !== 0) throw new Error(stderr);
}

function repository(ignore = '.env\n'): string {
  const folder = copyOf(SAMPLE);
  git(folder, 'init', '--quiet');
  writeFileSync(join(folder, '.gitignore'), ignore);
  git(folder, 'add', '.gitignore', 'manage.py');
  git(folder, 'commit', '--quiet', '--message', 'x');
  return folder;
}

const envOf = (folder: string): string => readFileSync(join(folder, '.env'), 'utf8');

function expectNoSecrets({ stdout, stderr }: Result, ...more: string[]): void {
  for (const secret of [PUBLISHABLE, SECRET, ...more]) expect(stdout + stderr).not.toContain(secret);
}

describe('without a terminal', () => {
  it('checks the values of the environment and writes nothing unasked', async () => {
    const folder = repository();
    const before = contentsOf(folder);
    const result = await supabase(folder, keys(await start()));
    expect(result.stderr).toBe('');
    expect(result.stdout).toMatch(/Secret key +ok +valid, and of secret level/);
    expect(result.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(result.status).toBe(0);
    expect(contentsOf(folder)).toEqual(before);
    expectNoSecrets(result);
  });

  it('takes what .env holds', async () => {
    const folder = repository();
    const { url } = await start();
    writeFileSync(join(folder, '.env'), `SUPABASE_URL=${url}\nSUPABASE_ANON_KEY="${PUBLISHABLE}"\n`);
    const result = await supabase(folder, {}, '--json');
    const output = JSON.parse(result.stdout) as { failed: boolean; checks: { id: string; result: string }[] };
    expect(output).toMatchObject({ url, failed: false, written: [], notWritten: null });
    expect(output.checks.map(({ id }) => id)).toContain('tables');
    expect(result.status).toBe(0);
    expectNoSecrets(result);
  });

  it.each([
    [{}, 'SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY are'],
    [{ SUPABASE_URL: 'https://x' }, 'SUPABASE_PUBLISHABLE_KEY is'],
  ])('names what is missing (%j): one message, exit code 1', async (env, text) => {
    const folder = copyOf(SAMPLE);
    const result = await supabase(folder, env);
    expect(result.stderr).toContain(text);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect(result.stdout).toBe('');
    expect(result.status).toBe(1);
  });

  it.each<[string, Variables, string[], RegExp]>([
    ['a URL that is none', { SUPABASE_URL: 'hello' }, [], /SUPABASE_URL: That is no URL/],
    [
      'a connection string as the URL',
      { SUPABASE_URL: 'postgresql://u:Hidden1@h/d' },
      [],
      /connection string/,
    ],
    ['a time limit that is none', {}, ['--timeout', 'soon'], /--timeout must be a number/],
    ['a key as an argument', {}, [SECRET], /^Unexpected argument\. See/],
    ['a key as an option', {}, [`--secret-key=${SECRET}`], /Unknown option '--secret-key'/],
  ])('%s: one message, exit code 1', async (_name, env, args, text) => {
    const result = await supabase(copyOf(SAMPLE), { SUPABASE_PUBLISHABLE_KEY: PUBLISHABLE, ...env }, ...args);
    expect(result.stderr).toMatch(text);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect(result.status).toBe(1);
    expectNoSecrets(result, 'Hidden1');
  });

  it.each<[string, Partial<GatewayState>, Variables, RegExp]>([
    [
      'a wrong key',
      {},
      { SUPABASE_SECRET_KEY: 'sb_secret_wrong' },
      /Secret key +FAILED +the project does not know/,
    ],
    ['a key of the wrong level', {}, { SUPABASE_SECRET_KEY: PUBLISHABLE }, /Secret key +FAILED/],
    [
      'a secret key as the publishable one',
      {},
      { SUPABASE_PUBLISHABLE_KEY: SECRET },
      /Publishable key +FAILED/,
    ],
    ['tables that everybody can read', { tables: { auth_user: 'rows' } }, {}, /Tables in the API +FAILED/],
    ['a dead host', {}, { SUPABASE_URL: 'http://127.0.0.1:9' }, /Auth +FAILED/],
  ])('%s: exit code 1, and the reason in the table', async (_name, state, env, text) => {
    const result = await supabase(copyOf(SAMPLE), { ...keys(await start(state)), ...env });
    expect(result.stdout).toMatch(text);
    expect(result.status).toBe(1);
    expectNoSecrets(result, 'sb_secret_wrong');
  });

  it('ends in time when the project does not', async () => {
    const begin = Date.now();
    const result = await supabase(
      copyOf(SAMPLE),
      keys(await start({ instead: () => {} })),
      '--timeout',
      '0.5',
    );
    expect(result.stdout).toContain('did not answer within 0.5 seconds');
    expect(result.status).toBe(1);
    expect(Date.now() - begin).toBeLessThan(15_000);
  });

  it('works on a Node without WebSocket, where the client library would not start', async () => {
    const result = await supabase(copyOf(SAMPLE), {
      ...keys(await start()),
      NODE_OPTIONS: '--no-experimental-websocket',
    });
    expect(result.stdout).toMatch(/Secret key +ok/);
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
  });

  it('works in a folder without a project', async () => {
    const result = await supabase(copyOf(), keys(await start()));
    expect(result.stdout).toMatch(/No\s+manage\.py found/);
    expect(result.status).toBe(0);
  });
});

describe('--write-env', () => {
  const CONNECTION = `postgresql://postgres.abcdefghijklmnopqrst:p@ss/w#rd@aws-1-eu-west-1.pooler.supabase.com:6543/postgres?pgbouncer=true`;

  it('changes its variables under the names of the settings, and keeps every other line and the mode', async () => {
    const folder = repository();
    const text = "# mine\r\nSECRET_KEY='a b'\r\nSUPABASE_URL=https://<ref>.supabase.co # later\r\n";
    writeFileSync(join(folder, '.env'), text);
    chmodSync(join(folder, '.env'), 0o640);
    const { url } = await start();
    const result = await supabase(
      folder,
      { ...keys({ url } as GatewayDouble), SUPABASE_DB_URL: CONNECTION },
      '--write-env',
    );
    expect(result.stdout).toMatch(/changed +SUPABASE_URL/);
    expect(result.stdout).toMatch(/added +SUPABASE_SECRET_KEY/);
    expect(result.stdout).toContain('.env was written.');
    expect(result.status).toBe(0);
    const local = url.replace('127.0.0.1', 'host.docker.internal');
    const written = envOf(folder);
    expect(written.startsWith(text.replace('https://<ref>.supabase.co', local))).toBe(true);
    expect(written).toContain(`SUPABASE_PUBLISHABLE_KEY=${PUBLISHABLE}\r\nSUPABASE_SECRET_KEY=${SECRET}\r\n`);
    expect(written).toContain(`SUPABASE_DB_PASSWORD='p@ss/w#rd'\r\n`);
    expect(written).toContain('SUPABASE_DB_HOST=aws-1-eu-west-1.pooler.supabase.com\r\n');
    expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder).filter((name) => name.includes('staging') || name.endsWith('.tmp'))).toEqual(
      [],
    );
    expectNoSecrets(result, 'p@ss');
    // Again: there is nothing to do.
    const again = await supabase(folder, {}, '--write-env');
    expect(again.stdout).toContain('holds these values already');
    expect(envOf(folder)).toBe(written);
  });

  it('makes a new file for its owner alone', async () => {
    const folder = repository();
    await supabase(folder, keys(await start()), '--write-env');
    expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
    expect(envOf(folder)).toMatch(/^# Supabase project\nSUPABASE_URL=/);
  });

  it('says in a folder without Git that the file holds secrets', async () => {
    const folder = copyOf(SAMPLE);
    const result = await supabase(folder, keys(await start()), '--write-env');
    expect(result.stdout).toContain('let Git ignore it');
    expect(existsSync(join(folder, '.env'))).toBe(true);
  });

  it('refuses where Git does not ignore the file', async () => {
    const folder = repository('*.pyc\n');
    const result = await supabase(folder, keys(await start()), '--write-env');
    expect(result.stdout).toMatch(/\.env was not written: \.env is not ignored by Git/);
    expect(result.status).toBe(1);
    expect(existsSync(join(folder, '.env'))).toBe(false);
  });

  it('refuses where Git tracks the file', async () => {
    const folder = repository();
    writeFileSync(join(folder, '.env'), 'A=1\n');
    git(folder, 'add', '--force', '.env');
    git(folder, 'commit', '--quiet', '--message', 'y');
    const result = await supabase(folder, keys(await start()), '--write-env');
    expect(result.stdout).toContain('tracked by Git');
    expect(result.status).toBe(1);
    expect(envOf(folder)).toBe('A=1\n');
  });

  it('refuses values that a check failed', async () => {
    const folder = repository();
    const result = await supabase(
      folder,
      { ...keys(await start()), SUPABASE_SECRET_KEY: 'sb_secret_wrong' },
      '--write-env',
    );
    expect(result.stdout).toContain('a check of its values failed');
    expect(result.status).toBe(1);
    expect(existsSync(join(folder, '.env'))).toBe(false);
  });

  it('writes the right values of a project whose tables are open', async () => {
    const folder = repository();
    const result = await supabase(
      folder,
      keys(await start({ tables: { auth_user: 'rows' } })),
      '--write-env',
    );
    expect(result.status).toBe(1);
    expect(envOf(folder)).toContain(SECRET);
  });

  it('does not follow a link out of the project', async () => {
    const folder = repository();
    const outside = `${folder} outside.env`;
    writeFileSync(outside, 'A=1\n');
    symlinkSync(outside, join(folder, '.env'));
    const result = await supabase(folder, keys(await start()), '--write-env');
    expect(result.stderr).toContain('outside the project');
    expect(result.status).toBe(1);
    expect(readFileSync(outside, 'utf8')).toBe('A=1\n');
  });

  it('leaves a DATABASE_URL of the shell alone that is of another server', async () => {
    const folder = repository();
    const result = await supabase(
      folder,
      { ...keys(await start()), SUPABASE_DB_URL: 'postgresql://me:Hidden1@localhost:5432/other' },
      '--write-env',
    );
    expect(result.status).toBe(0);
    expect(envOf(folder)).not.toContain('SUPABASE_DB_');
  });
});

describe('in a terminal of 80 columns', () => {
  const SESSION =
    'postgresql://postgres.abcdefghijklmnopqrst:[YOUR-PASSWORD]@aws-1-eu-west-1.pooler.supabase.com:5432/postgres';
  const PASSWORD = 'Typed #1 pass';

  it('asks, shows no secret, checks and writes', async () => {
    const folder = repository();
    const { url } = await start();
    const result = await inTerminal(folder, [
      { expect: 'URL of the project', send: `${url}/rest/v1/${ENTER}` },
      { expect: 'Publishable key', send: `${PUBLISHABLE}${ENTER}` },
      { expect: 'Secret key', send: `${SECRET}${ENTER}` },
      { expect: 'Connection string', send: `${SESSION}${ENTER}` },
      { expect: 'Password of the database', send: `${PASSWORD}${ENTER}` },
      { expect: 'Write these into .env', send: ENTER },
    ]);
    expect(result.status, result.stdout).toBe(0);
    const screen = plain(result.stdout);
    expect(screen).toContain('(/rest/v1/) was taken off');
    expect(screen).toContain('mode session');
    expect(screen).toContain('.env was written.');
    expectNoSecrets(result, PASSWORD, 'YOUR-PASSWORD');
    expect(envOf(folder)).toContain(`SUPABASE_DB_PASSWORD='${PASSWORD}'`);
    expect(envOf(folder)).toContain(`SUPABASE_SECRET_KEY=${SECRET}`);
  });

  it('keeps with Enter what is there, and writes nothing then', async () => {
    const folder = repository();
    const { url } = await start();
    const text = `SUPABASE_URL=${url}\nSUPABASE_PUBLISHABLE_KEY=${PUBLISHABLE}\n`;
    writeFileSync(join(folder, '.env'), text);
    const result = await inTerminal(folder, [
      { expect: 'URL of the project', send: ENTER },
      { expect: 'Publishable key.*keep', send: ENTER },
      { expect: 'Secret key.*leave out', send: ENTER },
      { expect: 'Connection string.*leave out', send: ENTER },
    ]);
    expect(result.status, result.stdout).toBe(0);
    expect(plain(result.stdout)).toContain('holds these values already');
    expect(envOf(folder)).toBe(text);
  });

  it('turns away at the prompt what cannot be the answer', async () => {
    const folder = repository();
    const { url } = await start();
    const back = '\b'.repeat(100);
    const result = await inTerminal(folder, [
      { expect: 'URL of the project', send: `postgresql://x${ENTER}` },
      { expect: 'That is the connection string', send: `${back}${url}${ENTER}` },
      { expect: 'Publishable key', send: `${SECRET}${ENTER}` },
      { expect: 'is a secret key', send: `${back}${PUBLISHABLE}${ENTER}` },
      { expect: 'Secret key', send: `${PUBLISHABLE}${ENTER}` },
      { expect: 'is the publishable key', send: `${back}${ENTER}` },
      { expect: 'Connection string', send: `https://x.supabase.co${ENTER}` },
      { expect: "That is the project's URL", send: `${back}${ENTER}` },
      { expect: 'Write these into .env', send: `n${ENTER}` },
    ]);
    expect(result.status, result.stdout).toBe(0);
    expect(existsSync(join(folder, '.env'))).toBe(false);
    expectNoSecrets(result);
  });

  it('asks about square brackets around a password', async () => {
    const folder = repository();
    const { url } = await start();
    const result = await inTerminal(folder, [
      { expect: 'URL of the project', send: `${url}${ENTER}` },
      { expect: 'Publishable key', send: `${PUBLISHABLE}${ENTER}` },
      { expect: 'Secret key', send: ENTER },
      { expect: 'Connection string', send: `${SESSION.replace('YOUR-PASSWORD', 'Real1')}${ENTER}` },
      { expect: 'square brackets belong', send: ENTER },
      { expect: 'Write these into .env', send: ENTER },
    ]);
    expect(result.status, result.stdout).toBe(0);
    expect(envOf(folder)).toContain('SUPABASE_DB_PASSWORD=Real1\n');
    expectNoSecrets(result, 'Real1');
  });

  it('ends with Ctrl-C and has written nothing', async () => {
    const folder = repository();
    const before = contentsOf(folder);
    const result = await inTerminal(folder, [
      { expect: 'URL of the project', send: `http://127.0.0.1:9${ENTER}` },
      { expect: 'Publishable key', send: '\u0003' },
    ]);
    expect(result.status).not.toBe(0);
    expect(result.stdout).toContain('Nothing was written');
    expect(result.stdout).not.toMatch(/^ +at /m);
    expect(contentsOf(folder)).toEqual(before);
  });
});

describe('help and yo', () => {
  it('has a help of its own, which the help of the main command names', async () => {
    const own = await supabase(home, {}, '--help');
    expect(own.status).toBe(0);
    for (const option of ['json', 'write-env', 'timeout', 'manage-py'])
      expect(own.stdout).toContain(`--${option}`);
    const main = await runAsync(home, command, ['--help'], {});
    expect(main.stdout).toContain('backendai-docker supabase');
    const lines = (own.stdout + main.stdout).split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('loads the client library only when a project is checked', async () => {
    const debug = { NODE_DEBUG: 'esm' };
    const main = await runAsync(home, command, ['--version'], debug);
    expect(main.status).toBe(0);
    expect(main.stderr).toContain('command.js');
    expect(main.stderr).not.toContain('supabase-js');
    const checking = await supabase(copyOf(SAMPLE), { ...keys(await start()), ...debug });
    expect(checking.stderr).toContain('supabase-js');
  });

  it('is found and run by yo', async () => {
    const folder = repository();
    const env = { ...keys(await start()), NODE_PATH: join(installed, 'node_modules'), HOME: home };
    if (process.getuid?.() === 0) {
      // yo gives up its rights when it is root.
      run(home, 'chmod', ['-R', 'a+rwX', home]);
      chmodSync(home, 0o777);
    }
    const yo = join(ROOT, 'node_modules/.bin/yo');
    const owner = { SUDO_UID: '1', SUDO_GID: '1' };
    // The folder has another owner than who asks Git.
    const trust = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };
    const result = await runAsync(folder, yo, ['backendai-docker:supabase', '--write-env'], {
      ...env,
      ...owner,
      ...trust,
    });
    expect(result.stdout, result.stderr).toMatch(/Secret key +ok/);
    expect(result.status).toBe(0);
    expect(envOf(folder)).toContain('SUPABASE_URL=');
    const failing = await runAsync(folder, yo, ['backendai-docker:supabase'], {
      ...env,
      ...owner,
      SUPABASE_SECRET_KEY: 'sb_secret_wrong',
    });
    expect(failing.status).toBe(1);
    expectNoSecrets(result);
  });
});
