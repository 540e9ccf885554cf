import { AnswerError, type AnswerName } from '../../generators/app/answers/answers.ts';
import type { DriftItem } from '../../generators/app/answers/drift.ts';
import type { Question } from '../../generators/app/answers/questions.ts';
import { DetectionError } from '../../generators/app/detection/facts.ts';
import { QuotingError } from '../../generators/app/planning/quoting.ts';
import type { Plan } from '../../generators/app/planning/plan.ts';
import {
  decideRun,
  filesKeptAside,
  filesOfOurs,
  readEarlierRuns,
  type DecidedRun,
  type EarlierRuns,
} from '../../generators/app/regeneration/decide-run.ts';
import type { ExistingChoice } from '../../generators/app/regeneration/existing-files.ts';
import { LOCK_FILE, readLock } from '../../generators/app/regeneration/lock-file.ts';
import {
  sha256,
  type ConflictChoice,
  type ProjectDisk,
} from '../../generators/app/regeneration/plan-changes.ts';
import { RegenerationError } from '../../generators/app/regeneration/regeneration-error.ts';
import { storedLeave } from '../../generators/app/regeneration/stored-answers.ts';
import type { Project } from './history-project.ts';
import type { NumberedFacts, Renderings } from './history-renderings.ts';

export { OWN_FILES } from '../../generators/app/rendering/files.ts';

/** Everything in the repository but the project's own code, by path. */
export type Disk = Map<string, string>;

/** How a run is started. */
export interface RunOptions {
  /** Of the generator and its templates. */
  version: number;
  commandLine: Partial<Record<AnswerName, string>>;
  onConflict?: ConflictChoice;
  onExisting?: ExistingChoice;
  restore?: readonly string[];
  /** Answers questions; null without a terminal. `key` stands for the answers, `all` is --ask-answered. */
  terminal: {
    key: string;
    all: boolean;
    answer(question: Question, initial: unknown, choices: readonly string[]): unknown;
    overlap(path: string): ConflictChoice;
    existing(path: string): ExistingChoice;
  } | null;
  /** How many of so many steps are carried out before the run is cut short. */
  cutAfter?: (steps: number) => number;
}

/** A run that was refused. */
export interface Refusal {
  kind: 'refused';
  error: Error;
}

/** A run that was carried out, at least in part. */
export interface Run
  extends Omit<DecidedRun, 'plan' | 'facts' | 'undecided'>, Omit<EarlierRuns, 'stored' | 'note'> {
  kind: 'run';
  drift: DriftItem[];
  /** The lock had the traces of a run that was cut short. */
  finishes: boolean;
  /** Files that were to be left as they are. */
  leave: readonly string[];
  /** Files that are left from now on. */
  left: readonly string[];
  /** Files of --restore. */
  restore: readonly string[];
  /** How many steps were carried out. */
  done: number;
}

export const versionText = (version: number): string => `0.1.${version}`;

/** A run as `generators/app/index.ts` puts it together, on a disk in memory. */
export async function runOn(
  disk: Disk,
  project: Project,
  options: RunOptions,
  renderings: Renderings,
): Promise<Run | Refusal> {
  try {
    return await run(disk, project, options, renderings);
  } catch (error) {
    const forUser = [AnswerError, DetectionError, QuotingError, RegenerationError];
    if (forUser.some((kind) => error instanceof kind)) return { kind: 'refused', error: error as Error };
    throw error;
  }
}

async function run(
  disk: Disk,
  project: Project,
  { version, commandLine, onConflict, onExisting, restore = [], terminal, cutAfter }: RunOptions,
  renderings: Renderings,
): Promise<Run> {
  const projectDisk: ProjectDisk = {
    text: (path) => disk.get(path),
    exists: (path) => disk.has(path),
    sha256: (path) => {
      const text = disk.get(path);
      return text === undefined ? undefined : sha256(text);
    },
  };
  const generatorVersion = versionText(version);
  const earlier = readEarlierRuns(readLock(disk.get(LOCK_FILE), generatorVersion), projectDisk);
  const aside = filesKeptAside([...disk.keys()]);
  const found = renderings.facts(project, disk, [...filesOfOurs(earlier), ...aside]);
  const resolved = await renderings.answers(found, earlier.stored, commandLine, terminal);
  const numbered = new Map<object, NumberedFacts>([[found.facts, found]]);
  const decided = await decideRun({
    earlier,
    facts: found.facts,
    resolved,
    measurements: null,
    detect: (hidden) => {
      const seen = renderings.facts(project, disk, [...hidden, ...aside]);
      numbered.set(seen.facts, seen);
      return seen.facts;
    },
    render: (facts, answers, surroundings) => ({
      plan: {} as Plan,
      rendered: renderings.render(numbered.get(facts) ?? found, answers, surroundings, version),
    }),
    disk: projectDisk,
    deciders: {
      onConflict,
      onExisting,
      preview: false,
      ask: terminal && {
        overlap: async ({ path }) => terminal.overlap(path),
        existing: async ({ path }) => terminal.existing(path),
      },
    },
    askAnswered: terminal?.all ?? false,
    restore,
    managePy: undefined,
    settings: undefined,
    version: generatorVersion,
  });
  const { outcome } = decided;
  const all = outcome.steps.length;
  const done = cutAfter ? Math.max(0, Math.min(all, cutAfter(all))) : all;
  const before = new Map(disk);
  for (const step of outcome.steps.slice(0, done)) {
    if ('remove' in step) disk.delete(step.path);
    else if ('content' in step) disk.set(step.path, String(step.content));
    else disk.set(step.path, before.get(step.copyOf) ?? '');
  }
  return {
    ...decided,
    ...earlier,
    kind: 'run',
    drift: resolved.drift,
    finishes: earlier.lock?.pending !== undefined,
    leave: terminal?.all ? [] : storedLeave(earlier.stored),
    left: outcome.changes.filter(({ action }) => action === 'leave').map(({ path }) => path),
    restore,
    done,
  };
}
