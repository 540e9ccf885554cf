import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { WORLDS } from './history-project.ts';
import { OWN_FILES } from './history-run.ts';
import type { Report, Task } from './history-worker.ts';

const SEED = process.env['HISTORIES_SEED'] ?? '1';
const HISTORIES = Number(process.env['HISTORIES'] ?? 10_000);
const ONLY = process.env['HISTORIES_ONLY'];
const THREADS = 2;
/** For Git's merges, in each thread. */
const GIT_TIME = 25_000;

/** How often each thing must happen in 10,000 histories, so that the test cannot become empty. */
const AT_LEAST: Readonly<Record<string, number>> = {
  histories: 10_000,
  runs: 30_000,
  merged: 10_000,
  'lines of the user’s that are still there': 60_000,
  'deleted lines that stayed away': 20_000,
  'new lines that came in': 50_000,
  'lines that went with the new templates': 20_000,
  'overlap, base known: markers': 2000,
  'overlap, base known: ours': 2000,
  'overlap, base known: theirs': 2000,
  'overlap, base unknown: markers': 1000,
  'overlap, base unknown: ours': 1000,
  'overlap, base unknown: theirs': 1000,
  'existing: old': 1500,
  'existing: merge': 1500,
  'existing: leave': 1000,
  'set aside': 50,
  'action: deleted by you': 5000,
  'action: no longer written': 150,
  'deleted, unedited': 800,
  'renamed by the user': 1000,
  restored: 100,
  'template upgrades': 4000,
  'runs with drift': 6000,
  'runs again without a change': 20_000,
  'cuts that were finished at once': 1500,
  'runs after one that was cut short': 1500,
  'runs without a usable lock': 800,
  'refused: damage': 400,
  'refused: markers': 400,
  'refused: overlaps': 400,
  'with CRLF': 1000,
  'with mixed line endings': 1000,
  'with a byte order mark': 1000,
  'without a last newline': 1000,
  '.env stayed': 10_000,
};

function playIn(task: Task): Promise<Report> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./history-worker.ts', import.meta.url), { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

it(`keeps its promises in ${HISTORIES} histories (seed ${SEED})`, async () => {
  const begin = performance.now();
  const reports = await Promise.all(
    Array.from({ length: THREADS }, (_, thread) =>
      playIn({
        seed: SEED,
        histories: HISTORIES,
        only: ONLY === undefined ? undefined : Number(ONLY),
        worlds: Array.from({ length: WORLDS }, (_world, number) => number).filter(
          (number) => number % THREADS === thread,
        ),
        time: GIT_TIME,
      }),
    ),
  );
  const counts = new Map<string, number>();
  for (const [name, times] of reports.flatMap((report) => [...report.counts]))
    counts.set(name, (counts.get(name) ?? 0) + times);
  const seconds = Math.round((performance.now() - begin) / 1000);
  const listed = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  console.log(
    [
      `Seed ${SEED}, ${seconds} s`,
      ...listed.map(([name, times]) => `${String(times).padStart(9)}  ${name}`),
    ].join('\n'),
  );
  const failures = reports.flatMap((report) => report.failures);
  if (failures.length > 0) throw new Error(`Seed ${SEED}:\n\n${failures.join('\n\n')}`);
  if (ONLY !== undefined) return;
  for (const [name, times] of Object.entries(AT_LEAST))
    expect(counts.get(name) ?? 0, name).toBeGreaterThanOrEqual(Math.floor((times * HISTORIES) / 10_000));
  // As many as there is time for.
  expect(counts.get('Git: clean merges compared') ?? 0).toBeGreaterThanOrEqual(
    Math.min(1000, HISTORIES / 10),
  );
  for (const path of OWN_FILES) expect(counts.get(`edited: ${path}`) ?? 0, path).toBeGreaterThan(0);
}, 900_000);
