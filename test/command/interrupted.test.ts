import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  statfsSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunAnswer, RunRequest } from './run-many.ts';

// A run that is interrupted at any moment leaves every file old or new, a lock that claims what is on disk, and a project
// in which the next run finishes the job.

const ROOT = join(import.meta.dirname, '../..');
const SAMPLE = join(ROOT, 'sample/backendai');
const COMMAND = join(ROOT, 'dist/bin/backendai-docker.js');
const WATCH_WRITES = join(import.meta.dirname, 'watch-writes.ts');
const MINUTES = 60_000;

const ANSWERS = '.yo-rc.json';
const LOCK = 'backendai-docker.lock.json';
const STAGING = '.backendai-docker-staging-';

const isRoot = process.getuid?.() === 0;
/** Somebody who is not root, as whom files without permission can be met. */
const NOBODY = 65534;
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];

let home: string;
let number = 0;
/** A new folder, with a copy of a project in it. */
function copyOf(project: string, name = 'project'): string {
  number += 1;
  const folder = join(home, `${name} ${number}`);
  cpSync(project, folder, { recursive: true });
  return folder;
}

// ---- Running the command

interface RunSettings {
  /** Programs to start it by. */
  by?: string[];
  env?: Record<string, string>;
  watched?: boolean;
}

function start(folder: string, args: string[], { by = [], env = {}, watched }: RunSettings): ChildProcess {
  const [program = '', ...parameters] = [
    ...by,
    process.execPath,
    ...(watched === true ? ['--import', WATCH_WRITES] : []),
    COMMAND,
    ...args,
  ];
  return spawn(program, parameters, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Loading takes most of a run's time.
    env: { ...process.env, HOME: home, NODE_COMPILE_CACHE: join(home, 'compiled'), ...env },
  });
}

async function run(folder: string, args: string[], settings: RunSettings = {}): Promise<RunAnswer> {
  return answerOf(start(folder, args, settings));
}

async function answerOf(child: ChildProcess): Promise<RunAnswer> {
  const answer = { status: 1, stdout: '', stderr: '' };
  child.stdout?.on('data', (text) => (answer.stdout += String(text)));
  child.stderr?.on('data', (text) => (answer.stderr += String(text)));
  const [status] = (await once(child, 'close')) as [number | null];
  return { ...answer, status: status ?? 1 };
}

async function mustRun(folder: string, args: string[], settings: RunSettings = {}): Promise<void> {
  const { status, stdout, stderr } = await run(folder, args, settings);
  expect(status, stdout + stderr).toBe(0);
}

/** Runs one project after the other, without a new process for each. */
class Runner {
  readonly #child = fork(join(import.meta.dirname, 'run-many.ts'), { execArgv: [] });
  readonly #ready = once(this.#child, 'message');

  async run(folder: string, args: string[]): Promise<RunAnswer> {
    await this.#ready;
    this.#child.send({ folder, args } satisfies RunRequest);
    const [answer] = (await once(this.#child, 'message')) as [RunAnswer];
    return answer;
  }

  stop(): void {
    this.#child.disconnect();
  }
}

const LANES = [0, 1] as const;
let runners: Runner[];

/** Does something with each item, two at a time; after a failure no further one. */
async function inLanes<Item>(
  items: readonly Item[],
  work: (item: Item, runner: Runner) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const lanes = runners.map(async (runner) => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      await work(item, runner).catch((error: unknown) => {
        left.length = 0;
        throw error;
      });
    }
  });
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
}

// ---- What is on disk

/** Of each file: its mode and its bytes. */
type Files = Map<string, string>;

const OUTSIDE = (path: string): boolean => path.startsWith(STAGING) || path.startsWith('.git/');

function filesOf(folder: string): Files {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((full) => [full.slice(folder.length + 1).replaceAll(sep, '/'), full] as const)
      .filter(([path]) => !OUTSIDE(path))
      .map(([path, full]) => [
        path,
        `${(statSync(full).mode & 0o7777).toString(8)} ${readFileSync(full, 'latin1')}`,
      ]),
  );
}

const bytesIn = (files: Files, path: string): string | undefined => {
  const found = files.get(path);
  return found?.slice(found.indexOf(' ') + 1);
};

const stagingIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith(STAGING));

/** Where two states differ, but for .env, in which secrets are random. */
function differing(a: Files, b: Files): string[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((path) => path !== '.env' && a.get(path) !== b.get(path))
    .toSorted();
}

interface LockTexts {
  files: Record<string, string[]>;
  pending?: Record<string, { sha256: string | null; text: string[] | null }>;
}

const lockIn = (files: Files): LockTexts =>
  JSON.parse(Buffer.from(bytesIn(files, LOCK) ?? '{"files":{}}', 'latin1').toString()) as LockTexts;

const sha256 = (latin1: string): string =>
  createHash('sha256').update(Buffer.from(latin1, 'latin1')).digest('hex');

/** What a lock claims to have been generated last for a file; of what was begun, only what was carried out. */
function claimed(files: Files, path: string): string | undefined {
  const lock = lockIn(files);
  const begun = lock.pending?.[path];
  const bytes = bytesIn(files, path);
  if (begun?.sha256 === null && bytes === undefined) return undefined;
  if (begun && begun.sha256 !== null && bytes !== undefined && sha256(bytes) === begun.sha256)
    return begun.text?.join('\n');
  return lock.files[path]?.join('\n');
}

// ---- The scenarios

interface Scenario {
  name: (typeof SCENARIOS)[number];
  /** The project before the run. */
  folder: string;
  args: string[];
  /** Options of the run that finishes the job. */
  again: string[];
  before: Files;
  /** After a run that nothing interrupts. */
  after: Files;
  /** After a run with the options of the one that finishes the job only. */
  untouched: Files;
  /** How long it writes, in milliseconds. */
  duration: Record<Pace, number>;
}

const SCENARIOS = [
  'a first run',
  'a first run in Git',
  'one file more',
  'two files less',
  'an overlap, theirs',
  'an overlap, ours',
  'without a lock',
] as const;

const scenarios: Scenario[] = [];

const scenarioOf = (name: string): Scenario => {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};

interface Planned {
  name: (typeof SCENARIOS)[number];
  folder: string;
  args: string[];
  again?: string[];
}

async function makeScenario({ name, folder, args, again = [] }: Planned, runner: Runner): Promise<Scenario> {
  const [usual, slow, other] = [copyOf(folder), copyOf(folder), copyOf(folder)];
  const duration = {
    usual: await timedRun(usual, ['--defaults', ...args], 'usual'),
    slow: await timedRun(slow, ['--defaults', ...args], 'slow'),
  };
  const after = filesOf(usual);
  expect(differing(after, filesOf(slow)), name).toEqual([]);
  const { status, stderr } = await runner.run(other, ['--defaults', ...again]);
  expect(status, stderr).toBe(0);
  return {
    name,
    folder,
    args: ['--defaults', ...args],
    again: ['--defaults', ...again],
    before: filesOf(folder),
    after,
    untouched: filesOf(other),
    duration,
  };
}

const edit = (folder: string, path: string, change: (text: string) => string): void =>
  writeFileSync(join(folder, path), change(readFileSync(join(folder, path), 'utf8')));

/** A project with generated files that the user edited, deleted and saved in another form. */
async function editedProject(...args: string[]): Promise<string> {
  const folder = copyOf(SAMPLE, 'edited');
  await mustRun(folder, ['--defaults', ...args]);
  edit(folder, 'compose.yaml', (text) => text.replace(/^ {2}security_opt:.*$/m, '$&\n  # mine'));
  edit(folder, 'Dockerfile', (text) => text.replace(/^# Written by.*$/m, '$&\n# Mine, too: ü'));
  edit(folder, 'DOCKER.md', (text) => text.replaceAll('\n', '\r\n'));
  chmodSync(join(folder, 'docker/healthcheck.py'), 0o755);
  rmSync(join(folder, 'docker/compare_images.py'));
  return folder;
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'backendai interrupted '));
  runners = LANES.map(() => new Runner());
  const [withContainer, withoutContainer] = await Promise.all([
    editedProject('--database', 'postgres'),
    editedProject('--database', 'supabase'),
  ]);
  const overlapping = copyOf(withContainer);
  edit(overlapping, 'compose.yaml', (text) => text.replace(/^.*:8000"$/m, '$& # my port'));
  const withoutLock = copyOf(overlapping);
  rmSync(join(withoutLock, LOCK));
  const inGit = copyOf(SAMPLE);
  for (const args of [['init'], ['add', '.'], ['commit', '--message', 'x']]) {
    spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: inGit });
  }
  const theirs = ['--on-conflict', 'theirs'];
  const ours = ['--on-conflict', 'ours'];
  const planned: Planned[] = [
    { name: 'a first run', folder: SAMPLE, args: ['--port', '9000'] },
    { name: 'a first run in Git', folder: inGit, args: [] },
    {
      name: 'one file more',
      folder: withContainer,
      args: ['--port', '9001', '--database', 'supabase'],
    },
    {
      name: 'two files less',
      folder: withoutContainer,
      args: ['--port', '9005', '--database', 'postgres', '--server', 'uvicorn'],
    },
    { name: 'an overlap, theirs', folder: overlapping, args: ['--port', '9002', ...theirs], again: theirs },
    { name: 'an overlap, ours', folder: overlapping, args: ['--port', '9003', ...ours], again: ours },
    { name: 'without a lock', folder: withoutLock, args: ['--port', '9004', ...theirs], again: theirs },
  ];
  await inLanes(planned, async (one, runner) => {
    scenarios.push(await makeScenario(one, runner));
  });
}, 5 * MINUTES);

afterAll(() => {
  for (const runner of runners) runner.stop();
  rmSync(home, { recursive: true, force: true });
});

// ---- The checks

/** What was found after a run was cut. */
interface Cut {
  /** The answers were stored, so that the next run decides the same. */
  begun: boolean;
  staging: boolean;
  pending: boolean;
  /** Some files are new and some are not. */
  between: boolean;
}

/** Every file is the old one or the new one, and the lock claims what is there. */
function checkCut(folder: string, { before, after, name }: Scenario, note = ''): Cut {
  const where = `${name}: ${note} ${folder}`;
  const now = filesOf(folder);
  const paths = [...new Set([...before.keys(), ...after.keys(), ...now.keys()])];
  const is = (files: Files, path: string): boolean => now.get(path) === files.get(path);
  const odd = paths
    .filter((path) => path !== '.env' && path !== LOCK)
    .filter((path) => !is(before, path) && !is(after, path));
  expect(odd, where).toEqual([]);
  checkEnvironment(now, before, after, where);

  JSON.parse(bytesIn(now, ANSWERS) ?? '{}');
  const [lockBefore, lockAfter] = [lockIn(before), lockIn(after)];
  for (const path of new Set([...Object.keys(lockBefore.files), ...Object.keys(lockAfter.files)])) {
    const right = [
      ...(is(before, path) ? [lockBefore.files[path]?.join('\n')] : []),
      ...(is(after, path) ? [lockAfter.files[path]?.join('\n')] : []),
    ];
    expect(right, `${where}: ${path}`).toContain(claimed(now, path));
  }

  const changed = paths.filter((path) => before.get(path) !== after.get(path));
  const begun = is(after, ANSWERS);
  // Nothing but what is known of the run itself is there before its answers.
  if (!begun) expect(differing(now, before).filter((path) => path !== LOCK, where)).toEqual([]);
  return {
    begun,
    staging: stagingIn(folder).length > 0,
    pending: lockIn(now).pending !== undefined,
    between: changed.some((path) => !is(before, path)) && changed.some((path) => is(before, path)),
  };
}

/** Secrets are random: the file is absent, the old one, or complete. */
function checkEnvironment(now: Files, before: Files, after: Files, where: string): void {
  const found = now.get('.env');
  if (before.has('.env')) expect(found === before.get('.env'), where).toBe(true);
  else if (found !== undefined) {
    const masked = (text = ''): string => text.replaceAll(/(?<=^\w*(?:KEY|PASSWORD)=).*$/gm, 'secret');
    expect(masked(found), where).toBe(masked(after.get('.env')));
    expect(found.length, where).toBe(after.get('.env')?.length);
    expect(found.slice(0, 4), where).toBe('600 ');
  }
}

/** The next run finishes the job, and the one after it has nothing to do. */
async function checkNextRun(
  folder: string,
  scenario: Scenario,
  { begun }: Cut,
  again: (args: string[]) => Promise<RunAnswer>,
  note = '',
): Promise<void> {
  const where = `${scenario.name}: ${note} ${folder}`;
  const cut = filesOf(folder);
  const { status, stdout, stderr } = await again(scenario.again);
  expect(status, `${where}\n${stdout}${stderr}`).toBe(0);
  const expected = begun ? scenario.after : scenario.untouched;
  const finished = filesOf(folder);
  expect(differing(finished, expected), where).toEqual([]);
  expect(finished.has('.env'), where).toBe(expected.has('.env'));
  checkEnvironment(finished, scenario.before, expected, where);
  if (cut.has('.env')) expect(finished.get('.env') === cut.get('.env'), where).toBe(true);
  expect(stagingIn(folder), where).toEqual([]);

  const last = await again(['--defaults']);
  expect(last.stdout, `${where}\n${last.stderr}`).toContain('Everything is up to date');
  expect(last.stdout, where).not.toContain('cut short');
  expect(differing(filesOf(folder), expected), where).toEqual([]);
}

describe('the references', () => {
  it('are what the scenarios are about', () => {
    const own = readFileSync(join(SAMPLE, 'Dockerfile'), 'latin1');
    const changes = (name: string): string[] => differing(scenarioOf(name).before, scenarioOf(name).after);
    for (const name of ['a first run', 'a first run in Git']) {
      expect(bytesIn(scenarioOf(name).after, 'Dockerfile.old')).toBe(own);
      expect(changes(name).length).toBeGreaterThan(15);
    }
    expect(scenarioOf('one file more').before.has('SUPABASE_SETUP.md')).toBe(false);
    expect(scenarioOf('one file more').after.has('SUPABASE_SETUP.md')).toBe(true);
    expect(scenarioOf('two files less').after.has('SUPABASE_SETUP.md')).toBe(false);
    expect(scenarioOf('two files less').after.has('docker/gunicorn.conf.py')).toBe(false);
    for (const { name, before, after } of scenarios) {
      // Of a file that nobody edited the lock has the text.
      const lock = lockIn(after);
      expect(lock.pending).toBeUndefined();
      const edited = ['Dockerfile', 'compose.yaml', 'DOCKER.md', 'docker/compare_images.py'];
      for (const [path, lines] of Object.entries(lock.files)) {
        if (before.has(LOCK) && edited.includes(path)) continue;
        if (name === 'without a lock' && edited.includes(path)) continue;
        expect(Buffer.from(bytesIn(after, path) ?? '', 'latin1').toString(), `${name}: ${path}`).toBe(
          lines.join('\n'),
        );
      }
      if (name.startsWith('a first run')) continue;
      const text = bytesIn(after, 'compose.yaml') ?? '';
      if (name !== 'without a lock') expect(text, name).toContain('# mine');
      expect(text.includes('# my port'), name).toBe(name === 'an overlap, ours');
      expect(bytesIn(after, 'DOCKER.md'), name).toContain('\r\n');
      expect(after.get('docker/healthcheck.py'), name).toMatch(/^755 /);
      expect(changes(name), name).toContain('docker/healthcheck.py');
    }
  });
});

// ---- Killed

/** How a run that is killed writes: as fast as it does, or so that putting the files in their places takes longer. */
type Pace = 'usual' | 'slow';

const settingsOf: Record<Pace, RunSettings> = {
  usual: {},
  // Renaming all takes less than a millisecond, which one cannot hit from outside.
  slow: { watched: true, env: { WATCH_PACE: '8' } },
};

/** How long a run writes, as seen from outside; in milliseconds. */
async function timedRun(folder: string, args: string[], pace: Pace): Promise<number> {
  const seen: number[] = [];
  const watcher = watch(folder, (_, name) => {
    if (name?.startsWith(STAGING) === true) seen.push(performance.now());
  });
  await mustRun(folder, args, settingsOf[pace]);
  watcher.close();
  return (seen.at(-1) ?? 0) - (seen[0] ?? 0);
}

/** Runs the command and kills it some time after it began to write. */
async function killedRun(folder: string, args: string[], pace: Pace, milliseconds: number): Promise<void> {
  const child = start(folder, args, settingsOf[pace]);
  // Who kills must not wait for a core.
  setPriority(child.pid ?? 0, 10);
  let seen = false;
  const watcher = watch(folder, (_, name) => {
    if (seen || name?.startsWith(STAGING) !== true) return;
    seen = true;
    setTimeout(() => child.kill('SIGKILL'), milliseconds);
  });
  await answerOf(child);
  watcher.close();
}

/** Numbers from 0 to 1 that are the same at each run of the tests (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('killed while it writes', () => {
  const ROUNDS = 200;

  it(`leaves old or new files, ${ROUNDS} times`, { timeout: 30 * MINUTES }, async () => {
    const random = randomNumbers(20_260_101);
    const rounds = Array.from({ length: ROUNDS }, (_, index) => ({
      index,
      scenario: scenarioOf(SCENARIOS[Math.floor(random() * SCENARIOS.length)] ?? ''),
      pace: random() < 0.4 ? ('usual' as const) : ('slow' as const),
      part: random(),
    }));
    const cuts: Cut[] = [];
    for (let index = 0; index < ROUNDS; index += LANES.length) {
      const batch = rounds.slice(index, index + LANES.length).map((round) => ({
        ...round,
        folder: copyOf(round.scenario.folder, 'killed'),
        note: `round ${round.index}`,
      }));
      // Nothing else is done meanwhile that could delay the kill.
      await Promise.all(
        batch.map(({ folder, scenario: { args, duration }, pace, part }) =>
          killedRun(folder, args, pace, part * duration[pace] * 1.1),
        ),
      );
      await Promise.all(
        batch.map(async ({ index: round, folder, scenario, note }, lane) => {
          const cut = checkCut(folder, scenario, note);
          cuts.push(cut);
          // By a process of its own now and then: that takes four times as long.
          const again = (args: string[]): Promise<RunAnswer> =>
            round % 20 < 2 ? run(folder, args) : (runners[lane] as Runner).run(folder, args);
          await checkNextRun(folder, scenario, cut, again, note);
          rmSync(folder, { recursive: true });
        }),
      );
    }
    const cut = cuts.filter(({ staging, pending, between }) => staging || pending || between).length;
    const between = cuts.filter((one) => one.between).length;
    console.log(`${ROUNDS} rounds, ${cut} cut while writing, ${between} with some files new and some old`);
    expect(cut).toBeGreaterThanOrEqual(60);
    expect(between).toBeGreaterThanOrEqual(10);
  });

  it.each(SCENARIOS)('leaves old or new files at each step of %s', async (name) => {
    const scenario = scenarioOf(name);
    const folder = copyOf(scenario.folder, 'recorded');
    const states = `${folder} states`;
    mkdirSync(states);
    const whole = await run(folder, scenario.args, { watched: true, env: { WATCH_RECORD_TO: states } });
    expect(whole.status, whole.stderr).toBe(0);
    const different = new Map<string, { state: string; cut: Cut; note: string }>();
    for (const step of readdirSync(states).toSorted()) {
      const state = join(states, step);
      const note = `step ${step}`;
      const cut = checkCut(state, scenario, note);
      // While files are prepared, nothing that the next run looks at changes.
      different.set(JSON.stringify([cut.staging, ...filesOf(state)]), { state, cut, note });
    }
    // Each of the files was put in its place between two states.
    const changed = differing(scenario.before, scenario.after).length;
    expect(different.size).toBeGreaterThan(changed);
    await inLanes([...different.values()], ({ state, cut, note }, runner) =>
      checkNextRun(state, scenario, cut, (args) => runner.run(state, args), note),
    );
  });
});

// ---- Failures

/** Whether a command that changes a file system works here. */
function works(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

const probe = mkdtempSync(join(tmpdir(), 'backendai probe '));
const mounts = works('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe);
if (mounts) works('umount', probe);
writeFileSync(join(probe, 'file'), '');
const setsAttributes =
  works('chattr', '+i', join(probe, 'file')) && works('chattr', '-i', join(probe, 'file'));
rmSync(probe, { recursive: true });

describe('a full disk', () => {
  /** A copy of a project on a file system of its own. */
  async function onSmallDisk(
    project: string,
    work: (folder: string, disk: string) => Promise<void>,
  ): Promise<void> {
    const disk = mkdtempSync(join(home, 'disk '));
    expect(works('mount', '-t', 'tmpfs', '-o', 'size=4m,nr_inodes=2000', 'tmpfs', disk)).toBe(true);
    try {
      const folder = join(disk, 'project');
      cpSync(project, folder, { recursive: true });
      await work(folder, disk);
    } finally {
      works('umount', disk);
    }
  }
  it.skipIf(!mounts).each([
    ['for the lock', -20, LOCK],
    ['for one of the files', 120, 'docker/'],
  ])(
    'without space %s: nothing is written, and the file is named (needs root, to mount a small disk)',
    async (_, kilobytes, named) => {
      const { untouched } = scenarioOf('a first run');
      await onSmallDisk(SAMPLE, async (folder, disk) => {
        const before = filesOf(folder);
        const { bavail, bsize } = statfsSync(disk);
        // The lock is prepared first; it is as large as all files together.
        const space = (bytesIn(untouched, LOCK)?.length ?? 0) + kilobytes * 1024;
        writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize - space));
        const full = await run(folder, ['--defaults']);
        expect(full.stderr).toMatch(
          /^backendai-docker: \S+ could not be written \(the disk is full\)\. Nothing was written\.\n$/,
        );
        expect(full.stderr).toContain(`: ${named}`);
        expect(full.status).toBe(1);
        expect(differing(filesOf(folder), before)).toEqual([]);
        expect(filesOf(folder).has('.env')).toBe(false);
        expect(stagingIn(folder)).toEqual([]);
        rmSync(join(disk, 'filler'));
        await mustRun(folder, ['--defaults']);
        expect(differing(filesOf(folder), untouched)).toEqual([]);
      });
    },
  );

  it.skipIf(!mounts)(
    'without room for a folder, amid the files: the next run finishes the job (needs root, to mount a small disk)',
    async () => {
      // A file that is replaced would make room.
      const project = copyOf(SAMPLE);
      rmSync(join(project, 'Dockerfile'));
      const scenario = await makeScenario(
        { name: 'a first run', folder: project, args: ['--port', '9000'] },
        runners[0] as Runner,
      );
      await onSmallDisk(project, async (folder, disk) => {
        // The files that are prepared with .env, the lock twice, and the folder that they are in.
        const needed = differing(scenario.before, scenario.after).length + 3;
        const fillers = join(disk, 'fillers');
        mkdirSync(fillers);
        for (let left = statfsSync(disk).ffree - needed; left > 0; left -= 1)
          writeFileSync(join(fillers, String(left)), '');
        const full = await run(folder, scenario.args);
        expect(full.stderr).toMatch(
          /^backendai-docker: docker\/[\w./]+ could not be written \(the disk is full\)\. Written before it: .*\bDockerfile, .*the next run finishes the job\.\n$/,
        );
        expect(full.status).toBe(1);
        expect(stagingIn(folder)).toEqual([]);
        const cut = checkCut(folder, scenario);
        expect(cut).toMatchObject({ begun: true, pending: true, between: true });
        rmSync(fillers, { recursive: true });
        await checkNextRun(folder, scenario, cut, (args) => run(folder, args));
      });
    },
  );
});

/** Whether the command can be run as somebody else than root. */
const runsAsNobody =
  isRoot && works(AS_NOBODY[0] ?? '', ...AS_NOBODY.slice(1), process.execPath, COMMAND, '--version');

/** Gives a project to somebody who is not root, and says how to run as them; without root it is ours already. */
function handOver(folder: string): RunSettings {
  if (!isRoot) return {};
  // The folders above must be passable.
  chmodSync(home, 0o755);
  works('chown', '-R', `${NOBODY}:${NOBODY}`, folder);
  return { by: AS_NOBODY };
}

describe('a file without permission', () => {
  const NAME = '(needs setpriv, when root)';

  it
    .skipIf(isRoot && !runsAsNobody)
    .each(['compose.dev.yaml', 'docker/healthcheck.py', 'SUPABASE_SETUP.md', ANSWERS, LOCK])(
    `%s: refused before the first byte ${NAME}`,
    async (path) => {
      const scenario = scenarioOf('two files less');
      const folder = copyOf(scenario.folder);
      const settings = handOver(folder);
      const full = join(folder, path);
      const { mode } = statSync(full);
      chmodSync(full, 0o444);
      if (isRoot) chownSync(full, 0, 0);
      const before = filesOf(folder);
      const { status, stderr } = await run(folder, scenario.args, settings);
      expect(stderr).toBe(
        `backendai-docker: ${path} cannot be written: no permission. Give yourself the permission (chmod u+w ${path}), then run again. Nothing was written.\n`,
      );
      expect(status).toBe(1);
      expect(differing(filesOf(folder), before)).toEqual([]);
      expect(stagingIn(folder)).toEqual([]);
      chmodSync(full, mode);
      handOver(folder);
      await mustRun(folder, scenario.args, settings);
      expect(differing(filesOf(folder), scenario.after)).toEqual([]);
    },
  );

  /** The run fails in the middle, says how far it came, and the next one finishes the job. */
  async function checkMiddle(
    scenario: Scenario,
    folder: string,
    path: string,
    settings: RunSettings,
    mend: () => void,
  ): Promise<void> {
    const { status, stderr } = await run(folder, scenario.args, settings);
    mend();
    expect(stderr).toMatch(
      new RegExp(
        `^backendai-docker: ${path.replaceAll('.', '\\.')} could not be written \\(EPERM\\)\\. Written before it: \\.yo-rc\\.json, backendai-docker\\.lock\\.json, Dockerfile, .*\\. Mend the cause, then run again: the next run finishes the job\\.\n$`,
      ),
    );
    expect(status).toBe(1);
    expect(stagingIn(folder)).toEqual([]);
    const cut = checkCut(folder, scenario);
    expect(cut).toMatchObject({ begun: true, pending: true, between: true });
    expect(filesOf(folder).get(path)).toBe(scenario.before.get(path));
    // What it says was written, and no more.
    const [, listed = ''] = /before it: (.*?)\. Mend/.exec(stderr) ?? [];
    const now = filesOf(folder);
    expect(listed.split(', ').toSorted()).toEqual(differing(now, scenario.before));
    await checkNextRun(folder, scenario, cut, (args) => run(folder, args, settings));
  }

  it.skipIf(!runsAsNobody).each(['compose.dev.yaml', 'SUPABASE_SETUP.md'])(
    '%s, of somebody else, in a folder where each may replace only their own: the next run finishes the job (needs root)',
    async (path) => {
      const scenario = scenarioOf('two files less');
      const folder = copyOf(scenario.folder);
      const settings = handOver(folder);
      const full = join(folder, path);
      const { mode } = statSync(full);
      chownSync(folder, 0, 0);
      chmodSync(folder, 0o1777);
      chownSync(full, 0, 0);
      chmodSync(full, 0o666);
      await checkMiddle(scenario, folder, path, settings, () => {
        chownSync(full, NOBODY, NOBODY);
        chmodSync(full, mode);
      });
    },
  );

  it.skipIf(!setsAttributes)('which is immutable: refused before the first byte (needs chattr)', async () => {
    const scenario = scenarioOf('one file more');
    const folder = copyOf(scenario.folder);
    const file = join(folder, 'compose.dev.yaml');
    works('chattr', '+i', file);
    try {
      const { status, stderr } = await run(folder, scenario.args);
      expect(stderr).toMatch(
        /^backendai-docker: compose\.dev\.yaml cannot be written: .* Nothing was written\.\n$/,
      );
      expect(status).toBe(1);
      expect(differing(filesOf(folder), scenario.before)).toEqual([]);
      expect(stagingIn(folder)).toEqual([]);
    } finally {
      works('chattr', '-i', file);
    }
    await mustRun(folder, scenario.args);
    expect(differing(filesOf(folder), scenario.after)).toEqual([]);
  });

  it.skipIf(!setsAttributes)(
    'which can only be appended to: the next run finishes the job (needs chattr)',
    async () => {
      const scenario = scenarioOf('one file more');
      const folder = copyOf(scenario.folder);
      const path = 'compose.dev.yaml';
      const file = join(folder, path);
      works('chattr', '+a', file);
      try {
        await checkMiddle(scenario, folder, path, {}, () => works('chattr', '-a', file));
      } finally {
        works('chattr', '-a', file);
      }
    },
  );

  it.skipIf(!runsAsNobody)(
    'that a run as root left aside hinders nobody (needs root and setpriv)',
    async () => {
      const scenario = scenarioOf('one file more');
      const folder = copyOf(scenario.folder);
      const settings = handOver(folder);
      const { pid } = spawnSync(process.execPath, ['--version']);
      mkdirSync(join(folder, `${STAGING}${pid}`), { mode: 0o700 });
      writeFileSync(join(folder, `${STAGING}${pid}`, '0'), '');
      await mustRun(folder, scenario.args, settings);
      expect(differing(filesOf(folder), scenario.after)).toEqual([]);
      await mustRun(folder, ['--defaults']);
      expect(stagingIn(folder)).toEqual([]);
    },
  );
});

describe('whose a file is and what may be done with it', () => {
  const UMASK = { by: ['sh', '-c', 'umask 022 && exec "$@"', 'sh'] };

  it('stays through an update', async () => {
    const scenario = scenarioOf('one file more');
    const folder = copyOf(scenario.folder);
    const modes: Record<string, number> = {
      'compose.yaml': 0o664,
      Dockerfile: 0o600,
      'docker/verify_image.py': 0o755,
      [ANSWERS]: 0o660,
      [LOCK]: 0o666,
    };
    for (const [path, mode] of Object.entries(modes)) chmodSync(join(folder, path), mode);
    await mustRun(folder, scenario.args, UMASK);
    for (const [path, mode] of Object.entries(modes)) {
      expect(differing(scenario.before, scenario.after), path).toContain(path);
      expect((statSync(join(folder, path)).mode & 0o7777).toString(8), path).toBe(mode.toString(8));
    }
    // A new one is as the umask has it.
    expect(statSync(join(folder, 'SUPABASE_SETUP.md')).mode & 0o7777).toBe(0o644);
  });

  it.skipIf(!isRoot)('stays theirs when root runs an update (needs root)', async () => {
    const scenario = scenarioOf('one file more');
    const folder = copyOf(scenario.folder);
    const theirs = ['compose.yaml', 'Dockerfile', 'docker/healthcheck.py', ANSWERS, LOCK];
    for (const path of theirs) chownSync(join(folder, path), 1000, 1001);
    await mustRun(folder, scenario.args, UMASK);
    for (const path of theirs) {
      const { uid, gid } = statSync(join(folder, path));
      expect([path, uid, gid]).toEqual([path, 1000, 1001]);
    }
    expect(statSync(join(folder, 'compose.dev.yaml')).uid).toBe(0);
    expect(differing(filesOf(folder), scenario.after)).toEqual([]);
  });

  it.skipIf(!isRoot)('goes with the file that is kept as .old (needs root)', async () => {
    const folder = copyOf(SAMPLE);
    chownSync(join(folder, 'Dockerfile'), 1000, 1001);
    chmodSync(join(folder, 'Dockerfile'), 0o664);
    await mustRun(folder, ['--defaults'], UMASK);
    for (const path of ['Dockerfile', 'Dockerfile.old']) {
      const { uid, gid, mode } = statSync(join(folder, path));
      expect([path, uid, gid, mode & 0o7777]).toEqual([path, 1000, 1001, 0o664]);
    }
  });
});

// ---- Two at once

describe('two runs at once', () => {
  it('leave a whole project, and one of them at least succeeds', { timeout: 5 * MINUTES }, async () => {
    const random = randomNumbers(7);
    let both = 0;
    for (let round = 0; round < 12; round += 1) {
      const scenario = scenarioOf(['a first run', 'one file more', 'two files less'][round % 3] ?? '');
      const folder = copyOf(scenario.folder, 'shared');
      const results = await Promise.all(
        [0, random() * 150].map(async (delay) => {
          await sleep(delay);
          return run(folder, scenario.args);
        }),
      );
      const where = `round ${round}: ${results.map(({ stderr }) => stderr).join('\n')}`;
      expect(
        results.map(({ status }) => status),
        where,
      ).toContain(0);
      both += results.every(({ status }) => status === 0) ? 1 : 0;
      for (const { stderr } of results) expect(stderr, where).not.toContain('a fault in the generator');
      const now = filesOf(folder);
      expect(differing(now, scenario.after), where).toEqual([]);
      checkEnvironment(now, scenario.before, scenario.after, where);
      expect(stagingIn(folder), where).toEqual([]);
      await checkNextRun(folder, scenario, checkCut(folder, scenario, where), (args) =>
        (runners[0] as Runner).run(folder, args),
      );
      rmSync(folder, { recursive: true });
    }
    console.log(`both succeeded ${both} times of 12`);
  });

  /** Runs the command, and once it waits at such a call does something, then lets it go on. */
  async function heldRun(
    folder: string,
    args: string[],
    holdAt: string,
    meanwhile: () => Promise<void> | void,
  ): Promise<RunAnswer> {
    number += 1;
    const go = `${folder} go ${number}`;
    const child = start(folder, args, {
      watched: true,
      env: { WATCH_HOLD_AT: holdAt, WATCH_HOLD_FILE: go },
    });
    const answer = answerOf(child);
    while (!existsSync(`${go}.reached`) && child.exitCode === null) await sleep(20);
    try {
      await meanwhile();
    } finally {
      writeFileSync(go, '');
    }
    return answer;
  }

  it('lose no file of the user’s: what changed since it was looked at is not replaced', async () => {
    const scenario = scenarioOf('a first run');
    const folder = copyOf(scenario.folder);
    let whole: Files = new Map();
    const late = await heldRun(folder, scenario.args, 'mkdirSync 1', async () => {
      await mustRun(folder, scenario.args);
      whole = filesOf(folder);
    });
    expect(late.stderr).toMatch(/^backendai-docker: .*\bDockerfile\b.* changed .* Nothing was written.*\n$/);
    expect(late.status).toBe(1);
    expect(filesOf(folder)).toEqual(whole);
    expect(differing(whole, scenario.after)).toEqual([]);
  });

  it('lose no edit that is made while one of them waits for its user', async () => {
    const scenario = scenarioOf('one file more');
    const folder = copyOf(scenario.folder);
    const late = await heldRun(folder, scenario.args, 'mkdirSync 1', () =>
      edit(folder, 'compose.dev.yaml', (text) => `# just now\n${text}`),
    );
    expect(late.stderr).toMatch(/^backendai-docker: compose\.dev\.yaml changed .* Nothing was written.*\n$/);
    expect(late.status).toBe(1);
    expect(differing(filesOf(folder), scenario.before)).toEqual(['compose.dev.yaml']);
    await mustRun(folder, scenario.args);
    expect(readFileSync(join(folder, 'compose.dev.yaml'), 'utf8')).toContain('# just now');
  });

  it('do not decide by a lock that is no longer there', async () => {
    const scenario = scenarioOf('a first run');
    const folder = copyOf(scenario.folder);
    let late: Promise<RunAnswer> | undefined;
    let letGo = (): void => {};
    const first = await heldRun(folder, scenario.args, 'renameSync 6', async () => {
      // It has read the lock, and looks at the files when all are written.
      await new Promise<void>((reached) => {
        late = heldRun(folder, scenario.args, 'readdirSync 1', async () => {
          reached();
          await new Promise<void>((resolve) => (letGo = resolve));
        });
      });
    });
    letGo();
    expect(first.status, first.stderr).toBe(0);
    expect(await late).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^backendai-docker: .*\bbackendai-docker\.lock\.json\b.* changed .* Nothing was written.*\n$/,
      ) as string,
    });
    expect(differing(filesOf(folder), scenario.after)).toEqual([]);
  });

  it('do not write at the same time, where one would spoil what the other claims', async () => {
    const scenario = scenarioOf('one file more');
    const folder = copyOf(scenario.folder);
    const first = await heldRun(folder, scenario.args, 'renameSync 6', async () => {
      const second = await run(folder, ['--defaults', '--port', '9100']);
      expect(second.stderr).toMatch(
        /^backendai-docker: Another run \(process \d+\) is writing .* Nothing was written\.\n$/,
      );
      expect(second.status).toBe(1);
    });
    expect(first.status, first.stderr).toBe(0);
    expect(differing(filesOf(folder), scenario.after)).toEqual([]);
    expect(stagingIn(folder)).toEqual([]);
  });
});
