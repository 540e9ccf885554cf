import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ENTER,
  GOLDEN,
  ROOT,
  SAMPLE,
  backendai,
  byYo,
  command,
  contentsOf,
  copyOf,
  filesIn,
  home,
  inTerminal,
  installPackage,
  installed,
  plain,
  removePackage,
  run,
  tarball,
  type Result,
} from './packed-package.ts';

beforeAll(installPackage, 300_000);

afterAll(removePackage);

describe('the packed package', () => {
  it('holds what is needed and no more', () => {
    const folder = join(installed, 'node_modules/generator-backendai-docker');
    expect(readdirSync(folder).toSorted()).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'USAGE',
        'dist',
        'knowledge',
        'package.json',
        'templates',
      ].toSorted(),
    );
    expect(filesIn(folder).filter((path) => /\.(test|map)\b/.test(path))).toEqual([]);
  });

  it('writes the files of the golden case with its own command', () => {
    const folder = copyOf(SAMPLE);
    const { status, stdout, stderr } = backendai(folder, '--database', 'postgres');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('No terminal: taking detected defaults');
    expect(stdout).toContain('docker compose up');
    const expected = contentsOf(join(GOLDEN, 'sample/expected'));
    expect(contentsOf(folder)).toMatchObject(expected);
    expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
  });

  it('changes nothing at a second run, and says so', () => {
    const folder = copyOf(SAMPLE);
    backendai(folder, '--database', 'postgres');
    const before = contentsOf(folder);
    const { status, stdout } = backendai(folder);
    expect(status).toBe(0);
    expect(stdout).toContain('nothing to write');
    expect(contentsOf(folder)).toEqual(before);
    expect(before['backendai-docker.lock.json']).not.toContain(
      /SECRET_KEY=(\w+)/.exec(before['.env'] ?? '')?.[1],
    );
  });

  it('keeps an edit when the answers change', () => {
    const folder = copyOf(SAMPLE);
    backendai(folder, '--database', 'postgres');
    const compose = join(folder, 'compose.yaml');
    writeFileSync(compose, `${readFileSync(compose, 'utf8')}\n# mine\n`);
    const { status, stdout } = backendai(folder, '--port', '9000');
    expect(status).toBe(0);
    expect(stdout).toMatch(/merge +compose\.yaml/);
    const text = readFileSync(compose, 'utf8');
    expect(text).toContain('# mine');
    expect(text).toContain('9000');
  });

  it('is found and run by yo', () => {
    const folder = copyOf(SAMPLE);
    const { status, stdout, stderr } = byYo(folder, '--defaults', '--database', 'postgres');
    expect(stderr + stdout).toContain('Files in');
    expect(status).toBe(0);
    expect(existsSync(join(folder, 'Dockerfile'))).toBe(true);
  });

  it('runs by npx, installed nowhere', () => {
    const folder = copyOf(SAMPLE);
    const args = ['--yes', '--package', `file:${tarball}`, 'generator-backendai-docker', '--defaults'];
    const { status, stdout, stderr } = run(folder, 'npx', args);
    expect(stdout, stderr).toContain('Files in');
    expect(status).toBe(0);
    expect(existsSync(join(folder, 'Dockerfile'))).toBe(true);
  });

  it('runs from a checkout, on a path and on a new copy of the sample', () => {
    const start = join(ROOT, 'scripts/start.ts');
    const folder = copyOf(SAMPLE);
    const onPath = run(home, process.execPath, [start, folder, '--port', '8001'], { INIT_CWD: home });
    expect(onPath.stdout).toContain(`The files are in ${folder}`);
    expect(readFileSync(join(folder, 'compose.yaml'), 'utf8')).toContain(':8001"');
    const onSample = run(copyOf(), process.execPath, [start], { INIT_CWD: home });
    const made = /The files are in (.*backendai-sample)\./.exec(onSample.stdout)?.[1] ?? '';
    expect(readFileSync(join(made, 'compose.yaml'), 'utf8')).toContain('image: postgres:17');
    const nowhere = run(home, process.execPath, [start, 'nowhere'], { INIT_CWD: home });
    expect(nowhere.stderr).toContain('nowhere is not a folder');
    expect(nowhere.status).toBe(1);
  });

  it('prints help of at most 80 columns that names every option', () => {
    const { status, stdout } = backendai(home, '--help');
    expect(status).toBe(0);
    for (const option of [
      'apps',
      'runtime-libraries',
      'database',
      'python-version',
      'server',
      'port',
      'image-name',
      'installer',
      'base',
      'optimize',
      'trim',
      'aws-services',
      'services',
      'defaults',
      'detect',
      'json',
      'ask-answered',
      'on-conflict',
      'force',
      'manage-py',
      'settings MODULE',
    ]) {
      expect(stdout).toContain(`--${option}`);
    }
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(backendai(home, '--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('prints what it detects, as a table and as JSON, and writes nothing', () => {
    const folder = copyOf(SAMPLE);
    const before = filesIn(folder);
    const table = backendai(folder, '--detect');
    expect(table.status).toBe(0);
    expect(table.stdout).toMatch(/manage\.py/);
    expect(Math.max(...table.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const json = backendai(folder, '--detect', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ settingsModule: { value: 'backendAI.settings' } });
    expect(filesIn(folder)).toEqual(before);
  });

  it('tells an old Node in one line', () => {
    const text = readFileSync(join(ROOT, 'dist/bin/backendai-docker.js'), 'utf8');
    const faked = join(home, 'old-node.mjs');
    writeFileSync(
      faked,
      `Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } });\n${text.replace(/^#!.*\n/, '')}`,
    );
    const { status, stderr } = run(home, process.execPath, [faked]);
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('needs Node.js 22.18 or newer')]);
  });
});

describe('in a terminal of 80 columns', () => {
  it('asks every question, takes the defaults by Enter, and writes after the summary', () => {
    const folder = copyOf(SAMPLE);
    const { status, stdout } = inTerminal(folder, [
      { expect: 'Folders and files to copy', send: ENTER },
      { expect: 'Python version', send: ENTER },
      { expect: 'Runtime libraries', send: ENTER },
      { expect: 'Database', send: `\u001B[B${ENTER}` },
      { expect: 'PostgreSQL version', send: ENTER },
      { expect: 'Web server', send: ENTER },
      { expect: 'Port of the web server', send: ENTER },
      { expect: 'Image name', send: ENTER },
      { expect: 'Installer', send: ENTER },
      { expect: 'What production stands on', send: ENTER },
      { expect: 'Optimize for', send: ENTER },
      { expect: 'There is a Dockerfile already', send: ENTER },
      { expect: 'Write these files', send: ENTER },
    ]);
    expect(status, stdout).toBe(0);
    const screen = plain(stdout);
    const summary = screen.slice(screen.indexOf('Decisions:')).split(/\r?\n/);
    expect(summary.filter((line) => line.length > 80 && !line.includes('Write these'))).toEqual([]);
    const answers = JSON.parse(readFileSync(join(folder, '.yo-rc.json'), 'utf8')) as Record<string, object>;
    // The second line of the database question: a container.
    expect(answers['generator-backendai-docker']).toMatchObject({ database: 'postgres', port: 8000 });
    const dockerfile = readFileSync(join(folder, 'Dockerfile'), 'utf8');
    expect(dockerfile).toBe(readFileSync(join(GOLDEN, 'sample/expected/Dockerfile'), 'utf8'));
  });

  it('refuses a wrong port at the prompt and asks again', () => {
    const folder = copyOf(SAMPLE);
    const { status, stdout } = inTerminal(
      folder,
      [
        { expect: 'Port of the web server', send: `\u0015${'\b'.repeat(4)}80${ENTER}` },
        { expect: 'no port between 1024 and 65535', send: `${'\b'.repeat(6)}9001${ENTER}` },
        { expect: 'There is a Dockerfile already', send: ENTER },
        { expect: 'Write these files', send: ENTER },
      ],
      [
        '--apps',
        'apps,backendAI,core,ml_models,static,templates',
        '--python-version',
        '3.12',
        '--server',
        'gunicorn',
        '--runtime-libraries',
        'libgomp1',
        '--database',
        'postgres',
        '--postgres-version',
        '17',
        '--image-name',
        'backendai',
        '--installer',
        'uv',
        ...['--base', 'slim', '--optimize', 'balanced'],
        '--services',
        'none',
      ],
    );
    expect(status, stdout).toBe(0);
    expect(readFileSync(join(folder, 'compose.yaml'), 'utf8')).toContain(':9001"');
  });

  it('writes nothing when the user says no at the summary', () => {
    const folder = copyOf(SAMPLE);
    const before = filesIn(folder);
    const answers = Array.from({ length: 13 }, (_, index) => ({
      expect:
        [
          'Folders',
          'Python version',
          'Runtime',
          'Database',
          'Connection string',
          'Connection to Supabase',
          'Settings of the image',
          'Web server',
          'Port of',
          'Image name',
          'Installer',
          'What production stands on',
          'Optimize for',
        ][index] ?? '',
      send: ENTER,
    }));
    const { status, stdout } = inTerminal(folder, [
      ...answers,
      { expect: 'There is a Dockerfile already', send: ENTER },
      { expect: 'Write these files', send: `n${ENTER}` },
    ]);
    expect(stdout).toContain('Nothing was written');
    expect(status).toBe(1);
    expect(filesIn(folder)).toEqual(before);
  });

  it('takes a connection string, and writes it into .env alone', () => {
    const folder = copyOf(SAMPLE);
    writeFileSync(join(folder, '.env'), '# mine\nSECRET_KEY=abc\nSUPABASE_DB_HOST=\n');
    const pasted =
      'postgresql://postgres.zyxwvutsrqponmlkjihg:s3#cr@t@aws-1-eu-west-1.pooler.supabase.com:6543/postgres?pgbouncer=true';
    const { status, stdout } = inTerminal(
      folder,
      [
        { expect: 'Connection string', send: `postgres.abc${ENTER}` },
        { expect: 'That is not a connection string', send: `\u0015${pasted}${ENTER}` },
        { expect: 'Settings of the image', send: ENTER },
        { expect: 'Web server', send: ENTER },
        { expect: 'Port of the web server', send: ENTER },
        { expect: 'Image name', send: ENTER },
        { expect: 'Installer', send: ENTER },
        { expect: 'What production stands on', send: ENTER },
        { expect: 'Optimize for', send: ENTER },
        { expect: 'There is a Dockerfile already', send: ENTER },
        { expect: 'Write these files', send: ENTER },
      ],
      [
        ...['--database', 'supabase', '--python-version', '3.12', '--runtime-libraries', 'libgomp1'],
        ...['--apps', 'apps,backendAI,core,ml_models,static,templates'],
      ],
    );
    expect(status, stdout).toBe(0);
    const screen = plain(stdout);
    expect(screen).not.toContain('s3#cr@t');
    expect(screen).toMatch(/Transaction pooler: aws-1-eu-west-1\.pooler\.supabase\.com, port 6543/);
    expect(screen).toMatch(/Left out[^]*pgbouncer/);
    const env = readFileSync(join(folder, '.env'), 'utf8').split('\n');
    expect(env.slice(0, 3)).toEqual([
      '# mine',
      'SECRET_KEY=abc',
      'SUPABASE_DB_HOST=aws-1-eu-west-1.pooler.supabase.com',
    ]);
    expect(env).toContain("SUPABASE_DB_PASSWORD='s3#cr@t'");
    expect(env).toContain('SUPABASE_DB_USER=postgres.zyxwvutsrqponmlkjihg');
    const holding = filesIn(folder).filter((path) =>
      /s3#cr@t|s3%23cr|zyxwvutsrqponmlkjihg/.test(readFileSync(join(folder, path), 'utf8')),
    );
    expect(holding).toEqual(['.env']);
    const stored = JSON.parse(readFileSync(join(folder, '.yo-rc.json'), 'utf8')) as Record<string, object>;
    expect(stored['generator-backendai-docker']).toMatchObject({ supabaseConnection: 'transaction' });
  });

  it('writes nothing when the user stops by Ctrl-C', () => {
    const folder = copyOf(SAMPLE);
    const before = filesIn(folder);
    const stopped = inTerminal(folder, [{ expect: 'Folders and files to copy', send: '\u0003' }]);
    expect(stopped.status).not.toBe(0);
    expect(stopped.stdout).toContain('Nothing was written');
    expect(stopped.stdout).not.toMatch(/^ +at /m);
    expect(filesIn(folder)).toEqual(before);
  });
});

describe('bad input: one message, exit code 1, nothing written', () => {
  const bad: [string, (folder: string) => void, string[], RegExp][] = [
    ['no manage.py', (folder) => rmSync(join(folder, 'manage.py')), [], /manage\.py/],
    [
      'two of them',
      (folder) => cpSync(SAMPLE, join(folder, 'second'), { recursive: true }),
      [],
      /manage\.py.*second\/manage\.py.*--manage-py/s,
    ],
    [
      'a settings module that does not exist',
      (folder) => rmSync(join(folder, 'backendAI/settings'), { recursive: true }),
      [],
      /backendAI\.settings/,
    ],
    [
      'settings with a syntax error',
      (folder) => writeFileSync(join(folder, 'backendAI/settings/base.py'), 'DEBUG = (True\nX = [1, 2\n'),
      [],
      /backendAI\/settings\/base\.py:\d+/,
    ],
    [
      'a requirements file that names a missing one',
      (folder) => writeFileSync(join(folder, 'requirements.txt'), 'Django\n-r base/missing.txt\n'),
      [],
      /requirements\.txt:2.*base\/missing\.txt/s,
    ],
    [
      'a name with a line break',
      (folder) => {
        mkdirSync(join(folder, 'line\nbreak'));
        writeFileSync(join(folder, 'line\nbreak/x.txt'), '');
        const base = join(folder, 'backendAI/settings/base.py');
        writeFileSync(base, `${readFileSync(base, 'utf8')}\nFIXTURE_DIRS = [BASE_DIR / "line\\nbreak"]\n`);
      },
      [],
      /line break/,
    ],
    [
      'docker as a file',
      (folder) => writeFileSync(join(folder, 'docker'), ''),
      [],
      /docker is a file, not a folder/,
    ],
    [
      'Python 2',
      (folder) => writeFileSync(join(folder, 'backendAI/settings/base.py'), 'print "Hello"\nDEBUG = True\n'),
      [],
      /Python 2/,
    ],
    [
      'a broken .yo-rc.json',
      (folder) => writeFileSync(join(folder, '.yo-rc.json'), '{'),
      [],
      /\.yo-rc\.json is not valid JSON/,
    ],
    ['an unknown option', () => {}, ['--databse', 'x'], /--databse/],
    ['a wrong value', () => {}, ['--database', 'oracle'], /--database: "oracle" is not one of: supabase/],
  ];

  it.each(bad)('%s', (_, spoil, args, message) => {
    const folder = copyOf(SAMPLE);
    spoil(folder);
    const before = contentsOf(folder);
    const { status, stdout, stderr } = backendai(folder, '--defaults', ...args);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^(backendai-docker: |Unknown option)/);
    expect(stdout).not.toMatch(/^ +at /m);
    expect(status).toBe(1);
    expect(contentsOf(folder)).toEqual(before);
  });

  it('uncommitted changes in a file that would be replaced', () => {
    const folder = copyOf(SAMPLE);
    const git = (...args: string[]): Result =>
      run(folder, 'git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args]);
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '--message', 'x');
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
    const { status, stderr } = backendai(folder, '--defaults');
    expect(stderr).toMatch(/Dockerfile.*Commit or stash/s);
    expect(status).toBe(1);
    expect(existsSync(join(folder, 'compose.yaml'))).toBe(false);
    expect(backendai(folder, '--defaults', '--force').status).toBe(0);
    expect(readFileSync(join(folder, 'Dockerfile.old'), 'utf8')).toBe('FROM scratch\n');
  });

  it.each(['Dockerfile', '.yo-rc.json', 'backendai-docker.lock.json'])(
    'a link %s that leads out of the project',
    (name) => {
      const folder = copyOf(SAMPLE);
      const outside = `${folder} outside.json`;
      writeFileSync(outside, '{}');
      rmSync(join(folder, name), { force: true });
      symlinkSync(outside, join(folder, name));
      const { status, stderr } = backendai(folder, '--defaults');
      expect(stderr).toMatch(/is a link to .*outside the project/);
      expect(status).toBe(1);
      expect(readFileSync(outside, 'utf8')).toBe('{}');
      expect(existsSync(join(folder, 'compose.yaml'))).toBe(false);
    },
  );

  it('a lock that speaks of files that are not ours changes none of them', () => {
    const folder = copyOf(SAMPLE);
    const manage = readFileSync(join(folder, 'manage.py'), 'utf8');
    const files = { 'manage.py': manage.split('\n'), 'core/views.py': ['x'] };
    writeFileSync(
      join(folder, 'backendai-docker.lock.json'),
      JSON.stringify({ generatorVersion: '0.0.1', files }),
    );
    const before = contentsOf(join(folder, 'core'));
    expect(backendai(folder, '--defaults').status).toBe(0);
    expect(existsSync(join(folder, 'manage.py'))).toBe(true);
    expect(contentsOf(join(folder, 'core'))).toEqual(before);
  });

  it('a folder that cannot be written to', () => {
    const folder = copyOf(SAMPLE);
    if (process.getuid?.() === 0) {
      // Root may write anywhere: be somebody else.
      run(home, 'chmod', ['-R', 'a+rX', home]);
      chmodSync(folder, 0o755);
      const result = run(
        folder,
        'setpriv',
        ['--reuid=65534', '--regid=65534', '--clear-groups', command, '--defaults'],
        { HOME: '/tmp' },
      );
      expect(result.stderr).toMatch(/no permission to write/);
      expect(result.status).toBe(1);
    } else {
      chmodSync(folder, 0o555);
      const result = backendai(folder, '--defaults');
      expect(result.stderr).toMatch(/no permission to write/);
      expect(result.status).toBe(1);
    }
    expect(existsSync(join(folder, 'compose.yaml'))).toBe(false);
  });
});
