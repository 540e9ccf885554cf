import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DOWN,
  ENTER,
  GOLDEN,
  SAMPLE,
  backendai,
  byYo,
  contentsOf,
  copyOf,
  inTerminal,
  installPackage,
  plain,
  removePackage,
  run,
  type Result,
  type Step,
} from './packed-package.ts';

const LOCK = 'backendai-docker.lock.json';
const ANSWERS = '.yo-rc.json';
const UP_TO_DATE = 'Everything is up to date: nothing to write.';

/** The sample after its first run, with the database in a container. */
let afterFirstRun: string;
/** A project with Docker files of its own, which have the names of ours. */
let withDockerFiles: string;

beforeAll(() => {
  installPackage();
  afterFirstRun = copyOf(SAMPLE);
  expect(script(afterFirstRun, '--database', 'postgres').status).toBe(0);
  withDockerFiles = copyOf(join(GOLDEN, 'existing-docker/project'));
  renameSync(join(withDockerFiles, 'docker-compose.yml'), join(withDockerFiles, 'compose.yaml'));
}, 300_000);

afterAll(removePackage);

const read = (folder: string, path: string): string => readFileSync(join(folder, path), 'utf8');

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** A user's edit: what is replaced must be there, or the test would test nothing. */
function edit(folder: string, path: string, from: string, to: string): void {
  const text = read(folder, path);
  expect(text).toContain(from);
  write(
    folder,
    path,
    text.replace(from, () => to),
  );
}

/** Every path with its type, mode, time and bytes: that nothing was written, be it the same bytes again. */
function traceOf(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !/^\.git(\/|$)/.test(path),
  );
  return Object.fromEntries(
    ['', ...paths].map((path) => {
      const { mode, mtimeMs, ctimeMs } = lstatSync(join(folder, path));
      const isFile = lstatSync(join(folder, path)).isFile();
      const content = isFile ? readFileSync(join(folder, path)).toString('base64') : '';
      return [path, `${mode} ${mtimeMs} ${ctimeMs} ${content}`];
    }),
  );
}

/** All texts but those that differ from run to run: .env holds fresh secrets. */
function shared(folder: string): Record<string, string> {
  const { '.env': _, ...others } = contentsOf(folder);
  return others;
}

/** What every output has to be: no faults of ours, and no table that a terminal of 80 columns would break. */
function readable(result: Result): Result {
  const lines = (plain(result.stdout) + result.stderr).split(/\r*\n/);
  const odd = lines.filter((line) => /^ +at .+:\d+|\[object |^ {2}.*\bundefined\b|a fault in the/.test(line));
  expect(odd).toEqual([]);
  let inTable = false;
  const broken = lines.filter((line) => {
    if (/^(Decisions|Files in .*|Changed since the last run|Please note|Next):$/.test(line)) inTable = true;
    else if (!line.startsWith('  ')) inTable = false;
    return inTable && line.length > 80 && line.startsWith('  ');
  });
  expect(broken).toEqual([]);
  return result;
}

/** Without a terminal. */
const script = (folder: string, ...args: string[]): Result => readable(backendai(folder, ...args));

/** In a terminal: exactly these prompts, because each needs a key and the program must end by itself. */
const typed = (folder: string, steps: Step[], ...args: string[]): Result =>
  readable(inTerminal(folder, steps, args));

/** One error on standard error that names all of `names`, exit code 1, and nothing is touched. */
function refused(folder: string, args: string[], names: (string | RegExp)[]): void {
  const before = traceOf(folder);
  const { status, stderr } = script(folder, ...args);
  for (const name of names) expect(stderr).toMatch(name);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^backendai-docker: /);
  expect(status).toBe(1);
  expect(traceOf(folder)).toEqual(before);
}

/** A run with nothing to do: no question, exit code 0, no byte and no time changes. */
function settled(folder: string, ...args: string[]): void {
  const before = traceOf(folder);
  const { status, stdout, stderr } = typed(folder, [], ...args);
  expect(stdout, stderr).toContain(UP_TO_DATE);
  expect(status).toBe(0);
  expect(traceOf(folder)).toEqual(before);
}

const screenOf = ({ stdout }: Result): string => plain(stdout).replaceAll('\r', '');

/** A waiting prompt on the screen, as a regular expression; an answered one has a tick before it. */
const prompt = (message: string): string => `\\? ${message.replaceAll(/[.()?]/g, String.raw`\$&`)}`;

const answer = (message: string, send = ENTER): Step => ({ expect: prompt(message), send });

const WRITE = answer('Write these files?');

const APPS = 'Folders and files to copy into the image';
const PYTHON = 'Python version';
const LIBRARIES = 'Runtime libraries (Debian packages)';
const DATABASE = 'Database';
const POSTGRES = 'PostgreSQL version';
const SERVER = 'Web server';
const PORT = 'Port of the web server';
const IMAGE = 'Image name';
const INSTALLER = 'Installer in the builder stage';
const BASE = 'What production stands on';
const OPTIMIZE = 'Optimize for';
const SERVICES = 'Services beside the web server';

const OVERLAP = 'compose.yaml: you and the generator changed the same lines';
const NO_BASE = 'compose.yaml: it differs, and nothing tells what you edited';

const MARKED = /^(<{7} yours|\|{7} last generated|>{7} newly generated)$/m;

/** The messages of the prompts that were answered on a screen, in their order. */
function promptsOn(result: Result): string[] {
  const image = [INSTALLER, BASE, OPTIMIZE];
  const known = [APPS, PYTHON, LIBRARIES, DATABASE, POSTGRES, SERVER, PORT, IMAGE, ...image, SERVICES];
  return [...screenOf(result).matchAll(/✔ ([^\n]+)/g)].map(
    ([, line = '']) => known.find((message) => line.startsWith(message)) ?? line,
  );
}

const git = (folder: string, ...args: string[]): Result =>
  run(folder, 'git', [
    '-c',
    'user.name=t',
    '-c',
    'user.email=t@example.com',
    '-c',
    'core.autocrlf=false',
    ...args,
  ]);

describe('what the user and the generator changed', () => {
  const OURS = '"127.0.0.1:${WEB_PORT:-8000}:8000"';
  const THEIRS = '"${WEB_PORT:-9000}:9000"';
  const LAST = '"${WEB_PORT:-8000}:8000"';

  /** The first run at the keyboard, then the user's edits: one overlaps with what --port changes. */
  let edited: string;
  /** The same without edits, with the new port. */
  let unedited: string;

  beforeAll(() => {
    edited = copyOf(SAMPLE);
    const first = typed(edited, [
      answer(APPS),
      answer(PYTHON),
      answer(LIBRARIES),
      answer(DATABASE, DOWN + ENTER),
      answer(POSTGRES),
      answer(SERVER),
      answer(PORT),
      answer(IMAGE),
      answer(INSTALLER),
      answer(BASE),
      answer(OPTIMIZE),
      answer('There is a Dockerfile already'),
      WRITE,
    ]);
    expect(first.status, first.stdout).toBe(0);
    unedited = copyOf(edited);
    edit(edited, 'compose.yaml', LAST, OURS);
    edit(edited, 'compose.yaml', 'mem_limit: ${WEB_MEMORY:-1g}', 'mem_limit: 2g');
    appendFileSync(join(edited, 'Dockerfile'), '# mine\n');
    rmSync(join(edited, 'docker/compare_images.py'));
    expect(script(unedited, '--port', '9000').status).toBe(0);
  });

  /** The files of a run with the new port and the edits, where compose.yaml publishes the port so. */
  function expected(ports: string): Record<string, string> {
    const files = shared(unedited);
    delete files['docker/compare_images.py'];
    files['Dockerfile'] += '# mine\n';
    files['compose.yaml'] = (files['compose.yaml'] ?? '')
      .replace('mem_limit: ${WEB_MEMORY:-1g}', 'mem_limit: 2g')
      .replace(`      - ${THEIRS}\n`, () => ports);
    return files;
  }

  it('keeps mine after the diff was shown', () => {
    const folder = copyOf(edited);
    const result = typed(
      folder,
      [
        answer(OVERLAP),
        { expect: String.raw`(?s)\+\+\+ b/compose.yaml.*${prompt(OVERLAP)}`, send: ENTER },
        WRITE,
      ],
      '--port',
      '9000',
    );
    expect(result.status, result.stdout).toBe(0);
    const screen = screenOf(result);
    expect(screen).toContain(`-      - ${OURS}\n+      - ${THEIRS}\n`);
    expect(result.stdout).toMatch(/\u001B\[31m- +- "127/);
    // What was merged without a question is no difference to decide about.
    expect(screen).not.toMatch(/^[+-] +mem_limit/m);
    expect(screen).toMatch(/deleted +docker\/compare_images\.py/);
    expect(shared(folder)).toEqual(expected(`      - ${OURS}\n`));
    settled(folder);
  });

  it('takes the new lines', () => {
    const folder = copyOf(edited);
    const result = typed(folder, [answer(OVERLAP, DOWN + DOWN + ENTER), WRITE], '--port', '9000');
    expect(result.status, result.stdout).toBe(0);
    expect(shared(folder)).toEqual(expected(`      - ${THEIRS}\n`));
    settled(folder);
  });

  it('writes both between markers, waits until they are resolved, and asks no more then', () => {
    const folder = copyOf(edited);
    const result = typed(folder, [answer(OVERLAP, DOWN + DOWN + DOWN + ENTER), WRITE], '--port', '9000');
    expect(result.status).toBe(1);
    expect(screenOf(result)).toContain('Conflict markers were written: resolve them in compose.yaml.');
    const marked = `<<<<<<< yours
      - ${OURS}
||||||| last generated
      - ${LAST}
=======
      - ${THEIRS}
>>>>>>> newly generated
`;
    expect(shared(folder)).toEqual(expected(marked));
    for (const args of [[], ['--check']])
      refused(folder, args, [/Conflict markers of an earlier run are left in compose\.yaml\./]);
    edit(folder, 'compose.yaml', marked, '      - "80:9000"\n');
    settled(folder, '--port', '9000');
    expect(script(folder, '--check').status).toBe(0);
  });

  it('writes nothing when the user stops at the overlap or at the summary', () => {
    const folder = copyOf(edited);
    const before = traceOf(folder);
    const interrupted = typed(folder, [answer(OVERLAP, '\u0003')], '--port', '9000');
    expect(interrupted.stdout).toContain('stopped. Nothing was written.');
    const declined = typed(
      folder,
      [answer(OVERLAP, DOWN + ENTER), answer('Write these files?', `n${ENTER}`)],
      '--port',
      '9000',
    );
    expect(declined.stdout).toContain('Nothing was written');
    expect([interrupted.status, declined.status]).toEqual([1, 1]);
    expect(traceOf(folder)).toEqual(before);
  });

  describe('without a terminal', () => {
    let several: string;
    beforeAll(() => {
      several = copyOf(edited);
      edit(several, 'compose.dev.yaml', LAST.replace('"', '"127.0.0.1:'), '"127.0.0.1:8765:8000"');
    });

    it('names every file with an overlap and writes nothing', () => {
      refused(copyOf(several), ['--port', '9000'], [/compose\.yaml, compose\.dev\.yaml: /, /--on-conflict/]);
      refused(copyOf(several), ['--port', '9000', '--defaults'], [/compose\.yaml, compose\.dev\.yaml: /]);
    });

    it.each([
      ['markers', 1, /^<<<<<<< yours$/m],
      ['ours', 0, /- "127\.0\.0\.1:\$\{WEB_PORT:-8000\}:8000"/],
      ['theirs', 0, /- "\$\{WEB_PORT:-9000\}:9000"/],
    ] as const)('--on-conflict=%s', (way, status, telling) => {
      const folder = copyOf(several);
      const result = script(folder, '--port', '9000', `--on-conflict=${way}`);
      expect(result.status, result.stderr).toBe(status);
      for (const path of ['compose.yaml', 'compose.dev.yaml']) {
        expect(MARKED.test(read(folder, path))).toBe(way === 'markers');
      }
      expect(read(folder, 'compose.yaml')).toMatch(telling);
      expect(read(folder, 'compose.yaml')).toContain('mem_limit: 2g');
      if (way === 'markers')
        expect(result.stdout).toContain('resolve them in compose.yaml, compose.dev.yaml.');
      else settled(folder);
    });

    it.each([
      ['--on-conflict', 'mine', /--on-conflict: "mine" is not one of: markers, ours, theirs\./],
      ['--on-existing', 'keep', /--on-existing: "keep" is not one of: old, merge, leave\./],
      ['--restore', 'manage.py', /--restore: "manage\.py" is not one of: Dockerfile, /],
    ])('%s %s is refused', (option, word, message) => refused(copyOf(several), [option, word], [message]));
  });

  it('--restore brings a deleted file back, and only that', () => {
    const folder = copyOf(edited);
    const before = shared(folder);
    expect(script(folder, '--restore', 'docker/compare_images.py').status).toBe(0);
    const path = 'docker/compare_images.py';
    expect(shared(folder)).toEqual({ ...before, [path]: read(afterFirstRun, path) });
  });
});

describe('what the project has become', () => {
  /** The project of the sample goes on: each of these lines is news. */
  function develop(folder: string): void {
    edit(
      folder,
      'backendAI/settings/base.py',
      '    "apps.predictions",\n',
      '    "apps.predictions",\n    "reports",\n',
    );
    appendFileSync(join(folder, 'backendAI/settings/base.py'), 'PAYMENT_KEY = os.environ["PAYMENT_KEY"]\n');
    write(folder, 'reports/__init__.py', '');
    write(folder, 'reports/models.py', 'class Report:\n    pass\n');
    appendFileSync(join(folder, 'requirements.txt'), 'psycopg2==2.9.10\ncelery[redis]==5.4.0\n');
    write(
      folder,
      'backendAI/celery.py',
      'from celery import Celery\n\napp = Celery("backendAI")\napp.config_from_object("django.conf:settings")\n',
    );
    write(folder, '.python-version', '3.13\n');
  }

  it('is shown with file and line before anything is asked, and only what it affects is asked', () => {
    const folder = copyOf(afterFirstRun);
    develop(folder);
    const result = typed(folder, [answer(APPS), answer(PYTHON), answer(LIBRARIES), answer(SERVICES), WRITE]);
    expect(result.status, result.stdout).toBe(0);
    expect(promptsOn(result)).toEqual([APPS, PYTHON, LIBRARIES, SERVICES, 'Write these files? Yes']);
    const screen = screenOf(result);
    const drift = screen.slice(screen.indexOf('Changed since the last run:'), screen.indexOf(`? ${APPS}`));
    for (const line of [
      /^ {2}\+ app +reports: in INSTALLED_APPS +backendAI\/settings\/base\.py:37$/m,
      /^ {2}~ Python +3\.13, was 3\.12 \(stated in \.python-version:1\)$/m,
      /^ {2}\+ runtime library +libpq5: linked by psycopg2 +requirements\.txt:8$/m,
      /^ {2}\+ service +worker: Celery in backendAI\/celery\.py:3$/m,
      /^ {2}\+ service +redis: .*(?:celery\.py|requirements\.txt):\d+$/m,
      /^ {2}\+ variable +PAYMENT_KEY has no default: set it in \.env\n? +backendAI\/settings\/base\.py:147$/m,
      /^ {2}\+ build library +libpq-dev: compiles psycopg2 +requirements\.txt:8$/m,
    ]) {
      expect(drift).toMatch(line);
    }
    expect(read(folder, 'Dockerfile')).toContain('FROM python:3.13-slim');
    expect(read(folder, 'Dockerfile')).toContain('COPY reports /app/reports/');
    expect(read(folder, 'compose.yaml')).toContain('  worker:\n');
    expect(read(folder, '.env.example')).toContain('PAYMENT_KEY=');
    settled(folder);
  });

  it('is followed without a terminal, but for what the user decided', () => {
    const folder = copyOf(afterFirstRun);
    expect(script(folder, '--python-version', '3.12').status).toBe(0);
    develop(folder);
    const { status, stdout } = script(folder);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /~ Python +3\.13, was 3\.12 .*yours stays\s+"3\.12", --python-version changes\s+it/s,
    );
    expect(read(folder, 'Dockerfile')).toContain('FROM python:3.12-slim');
    expect(read(folder, 'Dockerfile')).toContain('COPY reports /app/reports/');
    expect(stdout).toMatch(/ +reports \(brought up to date\)/);
    settled(folder);
  });

  it('that no question is about is told, and nothing is asked about it', () => {
    const folder = copyOf(afterFirstRun);
    appendFileSync(join(folder, 'backendAI/settings/base.py'), 'PAYMENT_KEY = os.environ["PAYMENT_KEY"]\n');
    const result = typed(folder, [WRITE]);
    expect(result.status, result.stdout).toBe(0);
    expect(screenOf(result)).toMatch(/\+ variable +PAYMENT_KEY has no default/);
    expect(read(folder, '.env.example')).toContain('PAYMENT_KEY=');
    settled(folder);
  });

  it('without an app that it had', () => {
    const folder = copyOf(afterFirstRun);
    const base = read(folder, 'backendAI/settings/base.py');
    develop(folder);
    expect(script(folder).status).toBe(0);
    rmSync(join(folder, 'reports'), { recursive: true });
    write(folder, 'backendAI/settings/base.py', base);
    const result = typed(folder, [answer(APPS), WRITE]);
    expect(screenOf(result)).toMatch(/^ {2}- app +reports: /m);
    expect(read(folder, 'Dockerfile')).not.toContain('reports');
    settled(folder);
  });

  it('unchanged: nothing is asked and not a byte is written', () => {
    const folder = copyOf(afterFirstRun);
    settled(folder);
    settled(folder, '--defaults');
    expect(script(folder, '--check').status).toBe(0);
  });

  it('unchanged with --ask-answered: everything is asked, with the stored answers as default', () => {
    const folder = copyOf(afterFirstRun);
    const before = traceOf(folder);
    const image = [INSTALLER, BASE, OPTIMIZE];
    const all = [APPS, PYTHON, LIBRARIES, DATABASE, POSTGRES, SERVER, PORT, IMAGE, ...image];
    const result = typed(
      folder,
      all.map((message) => answer(message)),
      '--ask-answered',
    );
    expect(result.status, result.stdout).toBe(0);
    expect(promptsOn(result)).toEqual(all);
    expect(screenOf(result)).toContain('✔ Database postgres');
    expect(traceOf(folder)).toEqual(before);
  });

  it('an option wins over what is stored, and is stored', () => {
    const folder = copyOf(afterFirstRun);
    expect(script(folder, '--port', '9000', '--image-name', 'acme/site').status).toBe(0);
    expect(JSON.parse(read(folder, ANSWERS))).toMatchObject({
      'generator-backendai-docker': { port: 9000, imageName: 'acme/site', database: 'postgres' },
    });
    settled(folder);
    const { stdout } = script(folder);
    expect(stdout).toMatch(/port +9000 \(stored\)/);
    expect(read(folder, 'compose.yaml')).toContain('IMAGE:-acme/site:prod');
  });
});

describe('Docker files from before the first run', () => {
  const FILES = ['Dockerfile', '.dockerignore', 'compose.yaml', '.env.example'];
  /** So that only the files are asked about. */
  const ANSWERED = [
    ['--apps', 'helpdesk,tickets'],
    ['--python-version', '3.11'],
    ['--database', 'postgres'],
    ['--postgres-version', '17'],
    ['--settings-overlay', 'none'],
    ['--server', 'gunicorn'],
    ['--port', '8000'],
    ['--image-name', 'helpdesk'],
    ['--installer', 'uv'],
    ['--base', 'slim'],
    ['--optimize', 'balanced'],
  ].flat();
  const there = (path: string): string => `There is a ${path} already`;
  /** Keys from the default of each file to `old`, the first line. */
  const UP = '\u001B[A';
  const toOld = (path: string): string => (path === '.env.example' ? UP : '');
  /** What a project without Docker files gets. */
  let ours: Record<string, string>;

  beforeAll(() => {
    const folder = copyOf(withDockerFiles);
    for (const path of FILES) rmSync(join(folder, path));
    expect(script(folder, ...ANSWERED).status).toBe(0);
    ours = contentsOf(folder);
  });

  it('each is shown as a diff, then kept beside ours', () => {
    const folder = copyOf(withDockerFiles);
    const before = contentsOf(folder);
    const result = typed(
      folder,
      [
        ...FILES.flatMap((path) => [
          answer(there(path), `${toOld(path)}${DOWN.repeat(3)}${ENTER}`),
          {
            expect: String.raw`(?s)--- a/${path}.*\+\+\+ b/${path}.*${prompt(there(path))}`,
            send: toOld(path) + ENTER,
          },
        ]),
        WRITE,
      ],
      ...ANSWERED,
    );
    expect(result.status, result.stdout).toBe(0);
    for (const path of FILES) {
      expect(screenOf(result)).toContain(`✔ ${there(path)} show diff`);
      expect(screenOf(result)).toContain(`✔ ${there(path)} kept as ${path}.old`);
      expect(read(folder, `${path}.old`)).toBe(before[path]);
      expect(read(folder, path)).toBe(ours[path]);
    }
    settled(folder);
  });

  it('each is merged with ours: lists without markers', () => {
    const folder = copyOf(withDockerFiles);
    const before = contentsOf(folder);
    const result = typed(
      folder,
      [...FILES.map((path) => answer(there(path), `${toOld(path)}${DOWN}${ENTER}`)), WRITE],
      ...ANSWERED,
    );
    expect(result.status, result.stdout).toBe(1);
    expect(screenOf(result)).toContain('resolve them in Dockerfile, compose.yaml.');
    expect(read(folder, '.dockerignore')).toBe(
      `${ours['.dockerignore']}\n# ---- From your .dockerignore\n.git\n.venv\n*.sqlite3\n`,
    );
    expect(read(folder, '.env.example')).toContain('\nSQL_DATABASE=helpdesk\n');
    expect(read(folder, '.env.example')).not.toMatch(MARKED);
    for (const path of ['Dockerfile', 'compose.yaml']) {
      const text = read(folder, path);
      // Each side is whole: one choice for all markers gives one file or the other.
      const side = (pattern: RegExp): string =>
        text.replaceAll(/^<{7} yours\n([^]*?)^={7}\n([^]*?)^>{7} newly generated\n/gm, (...parts) =>
          String(pattern.source === 'ours' ? parts[1] : parts[2]),
        );
      expect(side(/ours/)).toBe(before[path]);
      expect(side(/theirs/)).toBe(ours[path]);
      expect(existsSync(join(folder, `${path}.old`))).toBe(false);
    }
    refused(folder, [], [/left in Dockerfile, compose\.yaml\./]);
    write(folder, 'Dockerfile', `${before['Dockerfile']}# both\n`);
    write(folder, 'compose.yaml', ours['compose.yaml'] ?? '');
    settled(folder);
    expect(read(folder, 'Dockerfile')).toContain('# both');
  });

  it('each is left: the next run asks nothing and touches none, --restore brings ours', () => {
    const folder = copyOf(withDockerFiles);
    const before = contentsOf(folder);
    const result = typed(
      folder,
      [...FILES.map((path) => answer(there(path), `${toOld(path)}${DOWN.repeat(2)}${ENTER}`)), WRITE],
      ...ANSWERED,
    );
    expect(result.status, result.stdout).toBe(0);
    for (const path of FILES) expect(screenOf(result)).toMatch(new RegExp(`leave +${path}`));
    settled(folder);
    const again = script(folder, '--port', '9000');
    expect(again.status).toBe(0);
    for (const path of FILES) {
      expect(read(folder, path)).toBe(before[path]);
      expect(existsSync(join(folder, `${path}.old`))).toBe(false);
    }
    expect(read(folder, 'compose.dev.yaml')).toContain('9000');

    // To be asked again is the other way back: `leave` once more changes nothing.
    const left = shared(folder);
    const asked = typed(
      folder,
      FILES.map((path) => answer(there(path), `${toOld(path)}${DOWN.repeat(2)}${ENTER}`)),
      ...ANSWERED,
      '--port',
      '9000',
      '--ask-answered',
    );
    expect(asked.stdout, asked.stderr).toContain(UP_TO_DATE);
    expect(shared(folder)).toEqual(left);

    // In a terminal it is asked what becomes of the user's file; `old` and `merge` as at the first run.
    const restored = typed(
      folder,
      [answer(there('Dockerfile')), answer(there('.dockerignore'), DOWN + ENTER), WRITE],
      '--restore',
      'Dockerfile,.dockerignore',
      '--port',
      '8000',
    );
    expect(restored.status, restored.stdout).toBe(0);
    expect(read(folder, 'Dockerfile.old')).toBe(before['Dockerfile']);
    expect(read(folder, 'Dockerfile')).toBe(ours['Dockerfile']);
    expect(read(folder, '.dockerignore')).toContain('# ---- From your .dockerignore\n');
    expect(read(folder, 'compose.yaml')).toBe(before['compose.yaml']);
    const rest = script(folder, '--restore', 'compose.yaml,.env.example', '--on-existing', 'old');
    expect(rest.status, rest.stderr).toBe(0);
    for (const path of ['compose.yaml', '.env.example']) {
      expect(read(folder, `${path}.old`)).toBe(before[path]);
      expect(read(folder, path)).toBe(ours[path]);
    }
    settled(folder);
  });

  it.each(['old', 'merge', 'leave'])('--on-existing %s decides about all of them, for good', (way) => {
    const folder = copyOf(withDockerFiles);
    const before = contentsOf(folder);
    // What only their files say (the Python version, the database) must not be lost with them.
    const { status, stdout } = script(folder, '--on-existing', way);
    expect(status).toBe(way === 'merge' ? 1 : 0);
    expect(stdout).toMatch(/python-version +3\.11 /);
    expect(stdout).toMatch(/database +postgres /);
    for (const path of FILES) {
      expect(existsSync(join(folder, `${path}.old`))).toBe(way === 'old');
      if (way === 'leave') expect(read(folder, path)).toBe(before[path]);
      if (!MARKED.test(read(folder, path))) continue;
      write(folder, path, read(folder, path).replaceAll(/^<{7}[^]*?^={7}\n|^>{7} newly generated\n/gm, ''));
    }
    settled(folder);
    expect(script(folder, '--check').status).toBe(0);
  });
});

describe('a first run leaves nothing to do for the next', () => {
  it('where a text would name a Dockerfile that is ours after it', () => {
    const folder = copyOf(withDockerFiles);
    write(folder, '.python-version', '3.12\n');
    expect(script(folder).status).toBe(0);
    expect(read(folder, 'DOCKER.md')).not.toContain('says 3.11');
    settled(folder);
    // Whoever looked at the old one and deletes it changes nothing.
    rmSync(join(folder, 'Dockerfile.old'));
    settled(folder);
  });

  it('and tells when Git ignores what it keeps', () => {
    const folder = copyOf(SAMPLE);
    appendFileSync(join(folder, '.gitignore'), '*.old\n');
    git(folder, 'init', '--quiet');
    expect(script(folder, '--defaults').stdout).toContain('Git ignores Dockerfile.old, which others and CI');
    rmSync(join(folder, 'Dockerfile.old'));
    settled(folder);
  });

  it('and says it once when Git ignores the whole folder', () => {
    const outer = copyOf();
    git(outer, 'init', '--quiet');
    write(outer, '.gitignore', 'project/\n');
    const folder = join(outer, 'project');
    cpSync(SAMPLE, folder, { recursive: true });
    const { stdout } = script(folder, '--defaults');
    expect(stdout.match(/Git ignores/g)).toHaveLength(1);
    expect(stdout).toContain('Git ignores everything that is written here');
  });
});

describe('--check, --diff and --dry-run write nothing', () => {
  /** A project in which a run updates, merges, creates, deletes and keeps aside. */
  function stirred(): string {
    const folder = copyOf(SAMPLE);
    expect(script(folder, '--database', 'supabase').status).toBe(0);
    edit(folder, 'compose.yaml', 'mem_limit: ${WEB_MEMORY:-1g}', 'mem_limit: 2g');
    // What an editor may do to a file: Windows line endings, no newline at the end.
    write(folder, 'compose.dev.yaml', read(folder, 'compose.dev.yaml').replaceAll('\n', '\r\n'));
    write(folder, 'DOCKER.md', `${read(folder, 'DOCKER.md')}\nMine, without an end`);
    return folder;
  }
  const CHANGE = ['--database', 'postgres', '--port', '9000', '--server', 'gunicorn'];

  /** Standard output is a diff and no more. */
  function isOnlyDiff(text: string): void {
    const lines = text.trimEnd().split('\n');
    const odd = lines.filter(
      (line) => !/^(diff --git |(new|deleted) file mode |--- |\+\+\+ |@@ |[ +-]|\\ No newline|$)/.test(line),
    );
    expect(odd).toEqual([]);
    expect(lines[0]).toMatch(/^(--- |diff --git )/);
  }

  it('--check: 0 and a sentence when all is up to date, else 1 and the list', () => {
    const folder = stirred();
    const before = traceOf(folder);
    const fine = script(folder, '--check');
    expect(fine.stdout).toContain(UP_TO_DATE);
    expect(fine.status).toBe(0);
    const stale = script(folder, '--check', ...CHANGE);
    expect(stale.status).toBe(1);
    expect(stale.stderr).toBe('');
    expect(stale.stdout).toContain('A run would change these files');
    for (const line of [
      /update +Dockerfile/,
      /merge +compose\.yaml/,
      /update +compose\.dev\.yaml/,
      /merge +DOCKER\.md/,
      /delete +SUPABASE_SETUP\.md/,
      /update +\.yo-rc\.json/,
      /update +backendai-docker\.lock\.json/,
    ]) {
      expect(stale.stdout).toMatch(line);
    }
    expect(stale.stdout).not.toMatch(/ \.env /);
    expect(traceOf(folder)).toEqual(before);
  });

  it('--check asks nothing in a terminal, and a missing .env is nobody else’s business', () => {
    const folder = copyOf(afterFirstRun);
    rmSync(join(folder, '.env'));
    const before = traceOf(folder);
    appendFileSync(join(folder, 'Dockerfile'), '# mine\n');
    const fine = typed(folder, [], '--check');
    expect([fine.status, screenOf(fine)]).toEqual([0, expect.stringContaining(UP_TO_DATE)]);
    write(folder, 'backendAI/settings/extra.py', '');
    appendFileSync(join(folder, 'backendAI/settings/base.py'), 'X = os.environ["X_KEY"]\n');
    const stale = typed(folder, [], '--check');
    expect(stale.status).toBe(1);
    expect(screenOf(stale)).toMatch(/\+ variable +X_KEY/);
    expect(existsSync(join(folder, '.env'))).toBe(false);
    expect(traceOf(folder)[LOCK]).toBe(before[LOCK]);
  });

  it('--diff is what a run does: applied by Git it gives the same files', () => {
    const folder = stirred();
    const before = traceOf(folder);
    const result = script(folder, '--diff', ...CHANGE);
    expect(result.status).toBe(0);
    expect(traceOf(folder)).toEqual(before);
    isOnlyDiff(result.stdout);
    expect(result.stdout).not.toContain('\u001B');
    expect(result.stderr).toContain('Found manage.py');

    const patched = copyOf(folder);
    const patch = `${patched}.patch`;
    writeFileSync(patch, result.stdout);
    const applied = git(patched, 'apply', '--whitespace=nowarn', patch);
    expect(applied.stderr).toBe('');
    expect(applied.status).toBe(0);
    expect(script(folder, ...CHANGE).status).toBe(0);
    const { [ANSWERS]: _a, [LOCK]: _l, ...done } = shared(folder);
    const { [ANSWERS]: _b, [LOCK]: _m, ...byGit } = shared(patched);
    expect(byGit).toEqual(done);
    expect(existsSync(join(patched, 'SUPABASE_SETUP.md'))).toBe(false);
    expect(read(patched, 'compose.dev.yaml')).toMatch(/\r\n$/);
  });

  it('--diff of a first run, with a Dockerfile to be kept and no secret', () => {
    const folder = copyOf(SAMPLE);
    // Windows' line endings and no newline at the end: what is kept is kept byte for byte.
    write(folder, 'Dockerfile', 'FROM python:3.12-slim\r\nCMD ["true"]');
    const result = script(folder, '--diff', '--database', 'postgres');
    expect(result.status).toBe(0);
    isOnlyDiff(result.stdout);
    expect(result.stdout).not.toMatch(/^\+\+\+ b\/\.env$/m);
    const patched = copyOf(folder);
    const patch = `${patched}.patch`;
    writeFileSync(patch, result.stdout);
    expect(git(patched, 'apply', '--whitespace=nowarn', patch)).toMatchObject({ status: 0, stderr: '' });
    expect(script(folder, '--database', 'postgres').status).toBe(0);
    const { [ANSWERS]: _a, [LOCK]: _l, ...done } = shared(folder);
    expect(shared(patched)).toEqual(done);

    // Later runs, with a secret in .env that they could show.
    const secrets = [...read(folder, '.env').matchAll(/^\w*(?:KEY|PASSWORD)\w*=(.+)$/gm)].map(
      ([, value = '']) => value,
    );
    expect(secrets.length).toBeGreaterThan(1);
    for (const args of [['--diff'], ['--check', '--diff'], ['--dry-run']]) {
      const { stdout, stderr } = script(folder, ...args, '--port', '9000');
      for (const secret of secrets) expect(stdout + stderr).not.toContain(secret);
    }
  });

  it('--diff is coloured in a terminal, where it asks nothing', () => {
    const folder = copyOf(afterFirstRun);
    const before = traceOf(folder);
    const { status, stdout } = typed(folder, [], '--diff', '--port', '9000');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\u001B\[32m\+.*9000/);
    expect(stdout).toMatch(/\u001B\[31m-.*8000/);
    expect(traceOf(folder)).toEqual(before);
  });

  it('--diff shows an overlap with markers, and an option decides about it', () => {
    const folder = stirred();
    edit(folder, 'compose.yaml', '"${WEB_PORT:-8000}:8000"', '"80:8000"');
    const before = traceOf(folder);
    expect(script(folder, '--diff', '--port', '9000').stdout).toMatch(/^\+<<<<<<< yours$/m);
    const decided = script(folder, '--diff', '--port', '9000', '--on-conflict', 'ours').stdout;
    expect(decided).not.toMatch(/^\+<<<<<<< yours$/m);
    expect(decided).toContain('+    PORT: "9000"');
    const checked = script(folder, '--check', '--port', '9000');
    expect([checked.status, checked.stdout]).toEqual([1, expect.stringMatching(/conflict +compose\.yaml/)]);
    expect(traceOf(folder)).toEqual(before);
  });

  it('--check --diff: the diff on standard output, the list on standard error, and the exit code', () => {
    const folder = stirred();
    const before = traceOf(folder);
    const { status, stdout, stderr } = script(folder, '--check', '--diff', ...CHANGE);
    expect(status).toBe(1);
    isOnlyDiff(stdout);
    expect(stdout).toBe(script(folder, '--diff', ...CHANGE).stdout);
    expect(stderr).toMatch(/update +Dockerfile/);
    const fine = script(folder, '--check', '--diff');
    expect([fine.status, fine.stdout]).toEqual([0, '']);
    expect(traceOf(folder)).toEqual(before);
  });

  it('--dry-run asks and reports as a run does', () => {
    const folder = copyOf(afterFirstRun);
    edit(folder, 'compose.yaml', '"${WEB_PORT:-8000}:8000"', '"80:8000"');
    write(folder, '.python-version', '3.13\n');
    const before = traceOf(folder);
    const atKeyboard = typed(
      folder,
      [answer(PYTHON), answer(OVERLAP, DOWN + ENTER)],
      '--dry-run',
      '--port',
      '9000',
    );
    expect(atKeyboard.status).toBe(0);
    expect(screenOf(atKeyboard)).toContain('A dry run: nothing was written.');
    expect(screenOf(atKeyboard)).toMatch(/merge +compose\.yaml/);
    const inScript = script(folder, '--dry-run', '--database', 'supabase');
    expect([inScript.status, inScript.stdout]).toEqual([
      0,
      expect.stringMatching(/create +SUPABASE_SETUP\.md/),
    ]);
    expect(script(copyOf(SAMPLE), '--dry-run').stdout).toMatch(/create +\.env /);
    expect(traceOf(folder)).toEqual(before);
  });

  it('--check through yo has the exit code, too', () => {
    const folder = copyOf(afterFirstRun);
    const fine = byYo(folder, '--check');
    expect(fine.stdout, fine.stderr).toContain(UP_TO_DATE);
    expect(fine.status).toBe(0);
    const stale = byYo(folder, '--check', '--port', '9000');
    expect(stale.stdout).toMatch(/update +compose\.yaml/);
    expect(stale.stdout + stale.stderr).not.toMatch(/^ +at /m);
    expect(stale.status).toBe(1);
    expect(read(folder, 'compose.yaml')).not.toContain('9000');
  });
});

describe('--check in CI, in a clone without what Git ignores', () => {
  /** What lies around on a developer's machine and what no clone has. */
  function clutter(folder: string): void {
    appendFileSync(
      join(folder, '.gitignore'),
      [
        '',
        '__pycache__/',
        '.venv/',
        'venv/',
        'node_modules/',
        '*.sqlite3',
        'media/',
        'staticfiles/',
        'logs/',
        '*.log',
        '.env',
        '/scratch/',
        '/local_settings.py',
        '',
      ].join('\n'),
    );
    for (const venv of ['.venv', 'venv']) {
      write(folder, `${venv}/pyvenv.cfg`, 'home = /usr/bin\nversion = 3.9.1\n');
      write(folder, `${venv}/lib/python3.9/site-packages/celery/__init__.py`, '');
    }
    write(folder, 'node_modules/left-pad/package.json', '{"name": "left-pad"}');
    write(folder, 'db.sqlite3', 'SQLite format 3');
    write(folder, 'media/uploads/picture.jpg', 'x');
    write(folder, 'staticfiles/admin/css/base.css', 'body {}');
    write(folder, 'logs/debug.log', 'x');
    write(folder, 'celerybeat.log', 'x');
    write(folder, '__pycache__/manage.cpython-312.pyc', 'x');
    write(
      folder,
      '.env',
      'SECRET_KEY=local\nDEBUG=1\nPOSTGRES_PASSWORD=x\nDATABASE_URL=sqlite:///db.sqlite3\n',
    );
    write(folder, 'scratch/__init__.py', '');
    write(folder, 'scratch/models.py', 'import redis\nimport celery\n');
    write(folder, 'scratch/requirements.txt', 'numpy\n');
    write(folder, 'local_settings.py', 'DEBUG = True\n');
  }

  const projects = [
    ['sample', SAMPLE],
    ...readdirSync(GOLDEN)
      .map((name) => [name, join(GOLDEN, name, 'project')])
      .filter(([, project = '']) => existsSync(project)),
  ] as [string, string][];

  it.each(projects)('%s', (_, project) => {
    const folder = copyOf(project);
    clutter(folder);
    git(folder, 'init', '--quiet');
    const first = script(folder, '--defaults');
    expect(first.status, first.stderr).toBe(0);
    git(folder, 'add', '.');
    expect(git(folder, 'commit', '--quiet', '--message', 'x').status).toBe(0);
    const clone = `${folder} elsewhere`;
    expect(git(folder, 'clone', '--quiet', folder, clone).status).toBe(0);
    const { status, stdout, stderr } = script(clone, '--check');
    expect(stdout, stderr).toContain(UP_TO_DATE);
    expect(status).toBe(0);
  });
});

describe('the lock', () => {
  const damaged: [string, (folder: string) => void, string | RegExp][] = [
    ['lost', (folder) => rmSync(join(folder, LOCK)), /lock\.json is not there\./],
    [
      'with Git’s conflict markers',
      (folder) => edit(folder, LOCK, '"files": {', '<<<<<<< HEAD\n=======\n>>>>>>> other\n"files": {'),
      /conflict markers are in it/,
    ],
    ['truncated', (folder) => write(folder, LOCK, read(folder, LOCK).slice(0, 4000)), /it is not JSON/],
    ['not JSON', (folder) => write(folder, LOCK, 'hello\n'), /it is not JSON/],
    ['empty', (folder) => write(folder, LOCK, ''), /it is not JSON/],
    ['a list', (folder) => write(folder, LOCK, '[]\n'), /it holds no JSON object/],
    ['without files', (folder) => write(folder, LOCK, '{"generatorVersion": "0.1.0"}'), /it lists no files/],
  ];

  it.each(damaged)(
    '%s: files that were not edited are taken as ours, without a word',
    (_, spoil, message) => {
      const folder = copyOf(afterFirstRun);
      const before = shared(folder);
      spoil(folder);
      const { status, stdout, stderr } = script(folder);
      expect(status, stderr).toBe(0);
      expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(message);
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain('Every file that differs is taken as edited by you.');
      // The lock comes about again as it was.
      expect(shared(folder)).toEqual(before);
      settled(folder);
    },
  );

  it.each(damaged.slice(0, 3))('%s: what differs is never overwritten without a word', (_, spoil) => {
    const folder = copyOf(afterFirstRun);
    edit(folder, 'compose.yaml', 'mem_limit: ${WEB_MEMORY:-1g}', 'mem_limit: 2g');
    appendFileSync(join(folder, 'Dockerfile'), '# mine\n');
    spoil(folder);
    refused(folder, [], [/Dockerfile, compose\.yaml: .*nothing tells what you edited/, /--on-conflict/]);
    const checked = script(folder, '--check');
    expect(checked.status).toBe(1);
  });

  it('lost: asked in a terminal; what is kept then is known to be an edit', () => {
    const folder = copyOf(afterFirstRun);
    edit(folder, 'compose.yaml', 'mem_limit: ${WEB_MEMORY:-1g}', 'mem_limit: 2g');
    const before = shared(folder);
    rmSync(join(folder, LOCK));
    const result = typed(folder, [
      answer(NO_BASE),
      { expect: String.raw`(?s)\+\+\+ b/compose.yaml.*${prompt(NO_BASE)}`, send: ENTER },
    ]);
    expect(result.status, result.stdout).toBe(0);
    expect(shared(folder)).toEqual(before);
    settled(folder);
    // The edit is one from now on, and merged as such.
    expect(script(folder, '--port', '9000').status).toBe(0);
    expect(read(folder, 'compose.yaml')).toContain('mem_limit: 2g');
  });

  it.each([
    ['markers', 1, /<<<<<<< yours\n {4}mem_limit: 2g\n=======\n.*WEB_MEMORY.*\n>>>>>>> newly generated\n/],
    ['ours', 0, /mem_limit: 2g/],
    ['theirs', 0, /mem_limit: \$\{WEB_MEMORY:-1g\}/],
  ] as const)('lost: --on-conflict=%s', (way, status, telling) => {
    const folder = copyOf(afterFirstRun);
    edit(folder, 'compose.yaml', 'mem_limit: ${WEB_MEMORY:-1g}', 'mem_limit: 2g');
    rmSync(join(folder, LOCK));
    expect(script(folder, `--on-conflict=${way}`).status).toBe(status);
    expect(read(folder, 'compose.yaml')).toMatch(telling);
    expect(existsSync(join(folder, 'Dockerfile.old.2'))).toBe(false);
  });

  it('of a newer version is refused with the way out', () => {
    const folder = copyOf(afterFirstRun);
    edit(folder, LOCK, '"generatorVersion": "', '"generatorVersion": "9');
    for (const args of [[], ['--check'], ['--force']])
      refused(folder, args, [
        /was written by generator-backendai-docker 9\S+, which is newer/,
        /npx generator-backendai-docker@9/,
      ]);
  });

  it.each([
    '../outside.txt',
    '/tmp/outside.txt',
    'docker/../../outside.txt',
    String.raw`C:\outside.txt`,
    'docker//x',
  ])('with the path %s is refused', (path) => {
    const folder = copyOf(afterFirstRun);
    const lock = JSON.parse(read(folder, LOCK)) as { files: Record<string, string[]> };
    lock.files[path] = ['x'];
    write(folder, LOCK, JSON.stringify(lock));
    refused(folder, ['--port', '9000'], [/which is not a path inside the project/, /Delete the lock/]);
  });

  it('and a folder docker that is a link to elsewhere: nothing is written or read there', () => {
    for (const start of [SAMPLE, afterFirstRun]) {
      const folder = copyOf(start);
      const outside = copyOf();
      writeFileSync(join(outside, 'healthcheck.py'), 'theirs\n');
      if (existsSync(join(folder, 'docker')))
        cpSync(join(folder, 'docker'), outside, { recursive: true, force: false });
      rmSync(join(folder, 'docker'), { recursive: true, force: true });
      symlinkSync(outside, join(folder, 'docker'));
      const before = traceOf(outside);
      refused(folder, ['--port', '9000'], [/docker is a link to .*, outside the project\. Remove the link/]);
      expect(script(folder, '--diff').stdout).toBe('');
      expect(traceOf(outside)).toEqual(before);
    }
  });
});
