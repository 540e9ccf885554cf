/**
 * How long the generator takes and how much memory: `npm run bench:generate`. The built command, and `yo` with this
 * generator, are run on copies of the sample and on made repositories: a first run, then one that changes nothing.
 * Ratios are to the start of Node itself in the same run, because machines differ. How much of `yo` is its own start
 * is told by a generator that does nothing. What Git ignores is made ten times as much in one repository more: the
 * time must stay.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LARGE, writeRepository, type RepositorySize } from './large-repository.ts';
import { median } from './median.ts';

const ROOT = join(import.meta.dirname, '..');
const COMMAND = join(ROOT, 'dist/bin/backendai-docker.js');
const YO = join(ROOT, 'node_modules/.bin/yo');
const OUTPUT = join(import.meta.dirname, 'results/generate.json');
const ARGUMENTS = ['--defaults', '--database', 'postgres'];

/** A project of usual size, with what Git ignores. */
const SMALL: RepositorySize = { total: 10_000, walked: 1000, modules: 3000, packages: 2000 };
/** The same project with ten times as much that Git ignores. */
const IGNORED: RepositorySize = {
  total: 67_000,
  walked: 1000,
  modules: 30_000,
  packages: 20_000,
  media: 10_000,
};
export const IGNORED_NAME = '10,000 files, ten times as many of them ignored';

/** Times in milliseconds; null where GNU time is not there to tell. */
export interface Measured {
  median: number;
  min: number;
  /** Median of the processor's time, of user and system. */
  cpu: number | null;
  /** Median of the largest resident set. */
  megabytes: number | null;
}

export interface Row {
  repository: string;
  command: 'own' | 'yo';
  first: Measured;
  again: Measured;
}

export interface Results {
  /** `node --eval 0` */
  node: Measured;
  /** `yo` with a generator that does nothing. */
  yo: Measured;
  rows: Row[];
}

export interface Target {
  name: string;
  limit: number;
  measured: number | null;
  met: boolean;
}

/** What issue 6 demands of the own command. */
export function targetsOf({ rows }: Pick<Results, 'rows'>): Target[] {
  const first = (repository: string): Measured | undefined =>
    rows.find((row) => row.command === 'own' && row.repository === repository)?.first;
  const target = (name: string, limit: number, measured: number | null | undefined): Target => ({
    name,
    limit,
    measured: measured ?? null,
    met: measured != null && measured <= limit,
  });
  const small = first('10,000 files');
  const ignored = first(IGNORED_NAME);
  return [
    target('own command on the sample, ms', 600, first('sample')?.median),
    target('own command on the sample, MB', 150, first('sample')?.megabytes),
    target('own command on 100,000 files, ms', 1500, first('100,000 files')?.median),
    // The shortest of some runs: two that follow each other differ by more than what is looked for.
    target(
      'own command with ten times as many ignored files, ratio',
      1.1,
      small && ignored && ignored.min / small.min,
    ),
  ];
}

/** The results as Markdown. */
export function resultTable({ node, yo, rows }: Results): string {
  const cells = (measured: Measured): string[] => [
    `${measured.median.toFixed(0)} (${measured.min.toFixed(0)})`,
    (measured.median / node.median).toFixed(1),
    measured.cpu?.toFixed(0) ?? '',
    measured.megabytes?.toFixed(0) ?? '',
  ];
  const lines = [
    ['command', 'repository', 'run', 'ms, median (least)', '× node', 'processor ms', 'MB'],
    Array.from({ length: 7 }, () => '---'),
    ['node --eval 0', '', '', ...cells(node)],
    ['yo, a generator that does nothing', '', '', ...cells(yo)],
    ...rows.flatMap(({ repository, command, first, again }) => [
      [command, repository, 'first', ...cells(first)],
      [command, repository, 'again', ...cells(again)],
    ]),
  ];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** One run of a program. */
interface Once {
  milliseconds: number;
  cpu: number | null;
  megabytes: number | null;
}

const TIME = '/usr/bin/time';
const hasTime = spawnSync(TIME, ['-f', '%M', 'true']).status === 0;
/** yo gives up its rights when it is root: it runs for the user that SUDO_UID names. */
const isRoot = process.getuid?.() === 0;

/** Throws where the program fails: a figure of a failure is none. */
function once(
  folder: string,
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Once {
  const words = hasTime ? [TIME, '-f', '%U %S %M', program, ...args] : [program, ...args];
  const [head = program, ...rest] = words;
  const start = performance.now();
  const { status, stderr, stdout } = spawnSync(head, rest, {
    cwd: folder,
    encoding: 'utf8',
    input: '',
    env: { ...process.env, ...env },
  });
  const milliseconds = performance.now() - start;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${stderr}\n${stdout}`);
  if (!hasTime) return { milliseconds, cpu: null, megabytes: null };
  const [user = 0, system = 0, kilobytes = 0] = (stderr.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return { milliseconds, cpu: (user + system) * 1000, megabytes: kilobytes / 1024 };
}

function summary(runs: readonly Once[]): Measured {
  const times = runs.map(({ milliseconds }) => milliseconds);
  const known = (values: readonly (number | null)[]): number | null => {
    const numbers = values.filter((value) => value !== null);
    return numbers.length === 0 ? null : median(numbers);
  };
  return {
    median: median(times),
    min: Math.min(...times),
    cpu: known(runs.map(({ cpu }) => cpu)),
    megabytes: known(runs.map(({ megabytes }) => megabytes)),
  };
}

/** Git, so that it can say what it ignores. */
function makeRepository(folder: string): void {
  writeFileSync(join(folder, '.gitignore'), '.env\n.venv/\nmedia/\nnode_modules/\n');
  spawnSync('git', ['init', '--quiet', folder], { stdio: 'ignore' });
}

/** A folder where `yo` finds this generator, and one that does nothing. */
function installedGenerators(home: string): string {
  const modules = join(home, 'node_modules');
  const nothing = join(modules, 'generator-nothing/generators/app');
  mkdirSync(nothing, { recursive: true });
  symlinkSync(ROOT, join(modules, 'generator-backendai-docker'), 'junction');
  writeFileSync(
    join(modules, 'generator-nothing/package.json'),
    '{"name":"generator-nothing","version":"1.0.0","type":"module"}\n',
  );
  writeFileSync(
    join(nothing, 'index.js'),
    `import Generator from ${JSON.stringify(import.meta.resolve('yeoman-generator'))};\nexport default class extends Generator {\n  initializing() {}\n}\n`,
  );
  return modules;
}

function measure(home: string, runs: number): Results {
  const env = {
    NODE_PATH: installedGenerators(home),
    HOME: home,
    NO_UPDATE_NOTIFIER: '1',
    SUDO_UID: '1',
    SUDO_GID: '1',
    // The folders may have another owner than who asks Git.
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
  };
  const commands = {
    own: (folder: string): Once => once(folder, process.execPath, [COMMAND, ...ARGUMENTS], env),
    yo: (folder: string): Once => once(folder, YO, ['backendai-docker', ...ARGUMENTS], env),
  };
  const sizes = {
    sample: null,
    '10,000 files': SMALL,
    [IGNORED_NAME]: IGNORED,
    '100,000 files': LARGE,
  };
  const projects = Object.entries(sizes).map(([name, size]) => {
    const folder = join(home, name);
    if (size === null) cpSync(join(ROOT, 'sample/backendai'), folder, { recursive: true });
    else writeRepository(folder, size);
    makeRepository(folder);
    // What a run must leave, or replaces.
    const before = join(home, `${name} before`);
    const kept = readdirSync(folder, { withFileTypes: true });
    mkdirSync(before);
    for (const entry of kept) if (entry.isFile()) cpSync(join(folder, entry.name), join(before, entry.name));
    const names = new Set(kept.map((entry) => entry.name));
    const restore = (): void => {
      for (const entry of readdirSync(folder))
        if (!names.has(entry)) rmSync(join(folder, entry), { recursive: true });
      cpSync(before, folder, { recursive: true });
      if (isRoot) for (const entry of ['.', ...readdirSync(before)]) openToAll(join(folder, entry), false);
    };
    if (isRoot) openToAll(folder, true);
    return { name, folder, restore };
  });
  if (isRoot) openToAll(home, false);
  const empty = join(home, 'empty');
  mkdirSync(empty);
  if (isRoot) openToAll(empty, false);

  const node: Once[] = [];
  const yo: Once[] = [];
  const taken = projects.flatMap((project) =>
    (['own', 'yo'] as const).map((command) => ({
      project,
      command,
      first: [] as Once[],
      again: [] as Once[],
    })),
  );
  // By turns, so that what else the machine does falls on all alike.
  for (let turn = 0; turn < runs; turn += 1) {
    node.push(once(empty, process.execPath, ['--eval', '0']));
    yo.push(once(empty, YO, ['nothing'], env));
    for (const { project, command, first, again } of taken) {
      project.restore();
      first.push(commands[command](project.folder));
      again.push(commands[command](project.folder));
    }
  }
  return {
    node: summary(node),
    yo: summary(yo),
    rows: taken.map(({ project, command, first, again }) => ({
      repository: project.name,
      command,
      first: summary(first),
      again: summary(again),
    })),
  };
}

function openToAll(path: string, recursive: boolean): void {
  spawnSync('chmod', [...(recursive ? ['-R'] : []), 'a+rwX', path]);
}

function main(): void {
  const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' } } });
  const home = mkdtempSync(join(tmpdir(), 'bench-generate-'));
  try {
    const results = measure(home, Number(values.runs));
    const targets = targetsOf(results);
    const machine = {
      node: process.versions.node,
      platform: `${process.platform}/${process.arch}`,
      processor: cpus()[0]?.model ?? null,
      cpus: availableParallelism(),
      memoryGB: Math.round(totalmem() / 1024 ** 3),
    };
    mkdirSync(join(OUTPUT, '..'), { recursive: true });
    const report = {
      schema: 1,
      measuredAt: new Date().toISOString(),
      machine,
      runs: Number(values.runs),
      ...results,
      targets,
    };
    writeFileSync(OUTPUT, `${JSON.stringify(report, rounded, 2)}\n`);
    console.log(`${resultTable(results)}\n`);
    for (const { name, limit, measured, met } of targets)
      console.log(
        `${met ? 'met   ' : 'missed'} ${name}: ${measured?.toFixed(2) ?? 'not measured'}, limit ${limit}`,
      );
    console.log(`Written: ${OUTPUT}`);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;

if (import.meta.main) main();
