/**
 * How long the generator takes and how much memory: `npm run bench:generate`. The built command is
 * run on copies of the sample and of made repositories: a first run, then a second one that changes nothing. Each figure
 * is the median of some runs, and the ratio is to the start of Node itself in the same run, because machines differ.
 * What Git ignores is made ten times as much in one repository more: the time must stay.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './median.ts';
import { LARGE, writeRepository, type RepositorySize } from './large-repository.ts';

const ROOT = join(import.meta.dirname, '..');
const COMMAND = join(ROOT, 'dist/bin/backendai-docker.js');
const RUNS = 5;

/** A project of usual size, with what Git ignores. */
const SMALL: RepositorySize = { total: 10_000, walked: 1000, modules: 3000, packages: 2000 };
/** The same project with ten times as much that Git ignores. */
const IGNORED: RepositorySize = { total: 55_000, walked: 1000, modules: 30_000, packages: 20_000 };

interface Measured {
  /** Wall time in milliseconds. */
  milliseconds: number;
  /** Largest resident set, in megabytes; null where GNU time is not there. */
  megabytes: number | null;
}

const TIME = '/usr/bin/time';
const hasTime = spawnSync(TIME, ['-f', '%M', 'true']).status === 0;

/** Runs a program once. Throws where it fails: a figure of a failure is none. */
function once(folder: string, program: string, args: readonly string[]): Measured {
  const words = hasTime ? [TIME, '-f', '%M', program, ...args] : [program, ...args];
  const [head = program, ...rest] = words;
  const start = performance.now();
  const { status, stderr } = spawnSync(head, rest, { cwd: folder, encoding: 'utf8' });
  const milliseconds = performance.now() - start;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${stderr}`);
  const kilobytes = Number(stderr.trim().split('\n').at(-1));
  return { milliseconds, megabytes: hasTime ? kilobytes / 1024 : null };
}

function summary(runs: readonly Measured[]): Measured {
  const memory = runs.flatMap(({ megabytes }) => (megabytes === null ? [] : [megabytes]));
  return {
    milliseconds: median(runs.map(({ milliseconds }) => milliseconds)),
    megabytes: memory.length === 0 ? null : median(memory),
  };
}

const home = mkdtempSync(join(tmpdir(), 'bench-generate-'));
try {
  const sources = {
    sample: join(ROOT, 'sample/backendai'),
    '10,000 files': join(home, 'small'),
    '55,000 files, ten times as many ignored': join(home, 'ignored'),
    '100,000 files': join(home, 'large'),
  };
  writeRepository(sources['10,000 files'], SMALL);
  writeRepository(sources['55,000 files, ten times as many ignored'], IGNORED);
  writeRepository(sources['100,000 files'], LARGE);
  const node = summary(Array.from({ length: RUNS }, () => once(home, process.execPath, ['--eval', '0'])));
  const rows = Object.entries(sources).map(([name, source]) => {
    const isSample = name === 'sample';
    const own = [COMMAND, '--defaults', '--database', 'postgres'];
    const first: Measured[] = [];
    const again: Measured[] = [];
    const folder = join(home, 'copy');
    for (let turn = 0; turn < RUNS; turn += 1) {
      if (isSample || turn === 0) {
        rmSync(folder, { recursive: true, force: true });
        cpSync(source, folder, { recursive: true });
        first.push(once(folder, process.execPath, own));
      }
      again.push(once(folder, process.execPath, own));
    }
    return { name, first: summary(first), again: summary(again) };
  });
  const shown = ({ milliseconds, megabytes }: Measured): string =>
    `${milliseconds.toFixed(0)} ms, ${(milliseconds / node.milliseconds).toFixed(1)} × node${megabytes === null ? '' : `, ${megabytes.toFixed(0)} MB`}`;
  console.log(`node itself: ${shown(node)}`);
  for (const { name, first, again } of rows)
    console.log(`${name}: first run ${shown(first)}; again ${shown(again)}`);
} finally {
  rmSync(home, { recursive: true, force: true });
}
