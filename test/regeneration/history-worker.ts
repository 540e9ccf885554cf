/** Plays the histories of some worlds in a thread of its own; `histories.test.ts` starts one for each core. */
import { parentPort, workerData } from 'node:worker_threads';
import { BrokenRule, type CleanMerge } from './history-checks.ts';
import { compareWithGit } from './history-merges.ts';
import { WORLDS, makeWorld } from './history-project.ts';
import { hashOf } from './history-random.ts';
import { Renderings } from './history-renderings.ts';
import { History } from './history.ts';

/** What a thread is told. */
export interface Task {
  seed: string;
  /** How many histories there are in all worlds. */
  histories: number;
  /** Only this one, where it is given. */
  only: number | undefined;
  worlds: number[];
  /** For the comparison with Git, in milliseconds. */
  time: number;
}

/** What it tells. */
export interface Report {
  counts: Map<string, number>;
  failures: string[];
}

/** After so many there is enough to look at. */
const MOST_FAILURES = 5;
/** More than Git can be asked about in the time. */
const MOST_MERGES = 8000;

async function play({ seed, histories, only, worlds, time }: Task): Promise<Report> {
  const counts = new Map<string, number>();
  const failures: string[] = [];
  const merges = new Map<number, CleanMerge>();
  const count = (name: string, times = 1): void => {
    counts.set(name, (counts.get(name) ?? 0) + times);
  };
  for (const number of worlds) {
    const world = makeWorld(seed, number);
    const renderings = new Renderings();
    for (let index = number; index < histories; index += WORLDS) {
      if ((only !== undefined && index !== only) || failures.length >= MOST_FAILURES) continue;
      const lines: string[] = [];
      const log = (line: string): void => {
        lines.push(line);
      };
      try {
        const found = await new History({
          seed: `${seed} history ${index}`,
          world,
          renderings,
          count,
          log,
        }).play();
        for (const merge of found) {
          const { base, ours, theirs } = merge;
          if (merges.size < MOST_MERGES) merges.set(hashOf(`${base}\0${ours}\0${theirs}`), merge);
        }
      } catch (error) {
        const what = error instanceof BrokenRule ? error.message : String((error as Error).stack);
        failures.push(
          `History ${index}: ${what}\n  ${lines.join('\n  ')}\nTo repeat it: HISTORIES_SEED=${seed} HISTORIES_ONLY=${index} HISTORIES=${histories} npx vitest run test/regeneration/histories.test.ts`,
        );
      }
    }
  }
  // In the order of their hashes, so that those which there is time for come from everywhere.
  const ordered = [...merges].toSorted(([a], [b]) => a - b).map(([, merge]) => merge);
  const different = compareWithGit(ordered, time, count);
  count('clean merges that differ', ordered.length);
  return { counts, failures: [...failures, ...different.map(({ message }) => message)] };
}

// A port of a thread has no origin.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage(await play(workerData as Task));
