import type { Answers } from '../answers/answers.ts';
import { answersAhead, type ResolvedAnswers } from '../answers/resolve-answers.ts';
import type { ProjectFacts } from '../detection/facts.ts';
import type { ProjectFiles } from '../detection/project-files.ts';
import { withoutFiles } from '../detection/without-files.ts';
import { REPORT_FILES, type Measurements } from '../measurements/measurements.ts';
import { lackingInEnvFile } from '../planning/environment-file.ts';
import { rivalComposeFiles, type Surroundings } from '../planning/make-plan.ts';
import type { Plan } from '../planning/plan.ts';
import { OWN_FILES } from '../rendering/files.ts';
import type { RenderedFile } from '../rendering/render-files.ts';
import { chooseForFiles, type Deciders } from './choose-for-files.ts';
import { LOCK_FILE, settlePending, type Lock, type LockState } from './lock-file.ts';
import {
  examineFiles,
  planChanges,
  type ChangePlan,
  type Choices,
  type Examination,
  type ProjectDisk,
} from './plan-changes.ts';
import { RegenerationError } from './regeneration-error.ts';
import { leftOverFiles, runOutcome, type RunOutcome } from './run-outcome.ts';
import {
  ANSWERS_FILE,
  readStoredAnswers,
  storedLeave,
  withStoredAnswers,
  type StoredName,
} from './stored-answers.ts';

/** What earlier runs left behind. */
export interface EarlierRuns {
  /** The answers; untrusted. */
  stored: Partial<Record<StoredName, unknown>>;
  /** What was generated last, the files of a run that was cut short settled; null where nothing tells. */
  lock: Lock | null;
  /** There was a run before, but nothing tells what it wrote, or not of every file. */
  mayBeEdited: boolean;
  /** A run came to its end here, and the lock tells what it wrote. */
  ranBefore: boolean;
  /** What the user should know of it; null where all is in order. */
  note: string | null;
}

/**
 * Reads what earlier runs left.
 * @param lockState the lock on disk
 * @throws RegenerationError when the answers are no JSON
 */
export function readEarlierRuns(lockState: LockState, disk: ProjectDisk): EarlierRuns {
  const stored = readStoredAnswers(disk.text(ANSWERS_FILE));
  if (lockState.kind === 'usable') {
    const lock = settlePending(lockState.lock, disk.sha256);
    const note = lock.pending ? 'The last run was cut short: this one finishes the job.' : null;
    // The first one, cut short, had nothing before it.
    const ranBefore = lock.pending === undefined || Object.keys(lockState.lock.files).length > 0;
    return { stored, lock, mayBeEdited: lock.baseUnknown === true, ranBefore, note };
  }
  if (lockState.kind === 'missing' && Object.keys(stored).length === 0)
    return { stored, lock: null, mayBeEdited: false, ranBefore: false, note: null };
  const what = lockState.kind === 'missing' ? 'is not there' : `cannot be used: ${lockState.reason}`;
  const note = `${LOCK_FILE} ${what}. Every file that differs is taken as edited by you. Files that you deleted are written again.`;
  return { stored, lock: null, mayBeEdited: true, ranBefore: false, note };
}

/** Files in the repository that we wrote: they are no facts about the project. */
export function filesOfOurs({ stored, lock, mayBeEdited }: EarlierRuns): string[] {
  const leave = storedLeave(stored);
  const written = mayBeEdited
    ? OWN_FILES
    : [...Object.keys(lock?.files ?? {}), ...Object.keys(lock?.leftOver ?? {})];
  return [
    ...written.filter((path) => !leave.includes(path)),
    ...Object.values(REPORT_FILES),
    LOCK_FILE,
    ANSWERS_FILE,
  ];
}

/**
 * Files of the user's that an earlier run kept under another name. They are no facts either: who deletes them, or never
 * commits them, must get the same.
 * @param paths of the repository
 */
export function filesKeptAside(paths: readonly string[]): string[] {
  return paths.filter((path) => {
    const own = /^(.*)\.old(?:\.\d+)?$/.exec(path)?.[1];
    return own !== undefined && (OWN_FILES.includes(own) || rivalComposeFiles([own]).length > 0);
  });
}

/**
 * The repository as its facts are read from: without some files, and without those that an earlier run kept aside.
 * @param hidden files of ours
 */
export function withoutOurs(files: ProjectFiles, hidden: readonly string[]): ProjectFiles {
  return withoutFiles(files, [...hidden, ...filesKeptAside(files.files())]);
}

/** Everything that decides what a run does. */
export interface RunInput {
  earlier: EarlierRuns;
  /** What was detected, without files of ours. */
  facts: ProjectFacts;
  resolved: ResolvedAnswers;
  /** What the report measured; null where it did not run. */
  measurements: Measurements | null;
  /** Detects the project as it would be without some files, with the settings that they named. */
  detect(hidden: readonly string[], settings: string | undefined): ProjectFacts;
  render(
    facts: ProjectFacts,
    answers: Answers,
    surroundings: Surroundings,
  ): { plan: Plan; rendered: ReadonlyMap<string, RenderedFile> };
  disk: ProjectDisk;
  deciders: Deciders;
  /** Ask again about files that are left as they are. */
  askAnswered: boolean;
  /** Files that the user deleted or left and wants to have now. */
  restore: readonly string[];
  /** The manage.py that the user chose, to be stored. */
  managePy: string | undefined;
  /** The settings module that the user named, to be stored; null: what is stored holds no longer. */
  settings: string | null | undefined;
  /** Of this generator. */
  version: string;
}

/** What a run does, and what it is based on. */
export interface DecidedRun {
  facts: ProjectFacts;
  plan: Plan;
  rendered: ReadonlyMap<string, RenderedFile>;
  examination: Examination;
  choices: Choices;
  outcome: RunOutcome;
  /** Files with an overlap about which nobody decided; only where nothing will be written. */
  undecided: string[];
}

/**
 * Plans, renders and decides about every file; what only the user can decide is asked here. Writes nothing.
 * @throws RegenerationError where a decision is lacking, or markers of an earlier merge are left
 */
export async function decideRun(input: RunInput): Promise<DecidedRun> {
  const { earlier, deciders, disk, version } = input;
  const { stored, lock, mayBeEdited } = earlier;
  let { facts, resolved, settings } = input;
  const lackingInEnv = lackingInEnvFile(facts, resolved.answers, stored.lackingInEnv);
  const render = (): ReturnType<RunInput['render']> => {
    const { plan, rendered } = input.render(facts, resolved.answers, {
      lackingInEnv,
      measurements: input.measurements,
    });
    const kept = [...rendered].filter(([path]) => path !== '.env' || mayWriteEnv(facts, disk));
    return { plan, rendered: new Map(kept) };
  };
  const state = {
    lock,
    mayBeEdited,
    rivals: rivalComposeFiles(facts.existing.composeFiles),
    leave: storedLeave(stored).filter((path) => OWN_FILES.includes(path)),
    askLeft: input.askAnswered && deciders.ask !== null,
    ranBefore: earlier.ranBefore,
    restore: input.restore,
  };
  let { plan, rendered } = render();
  refuseRestoring(input.restore, rendered, { lock, leave: state.leave }, disk);
  let examination = examineFiles(rendered, state, disk);
  let choices = await chooseForFiles(examination, deciders);
  const hidden = filesAhead(planChanges(examination, choices), earlier, disk);
  if (hidden !== null) {
    // Files of the user's told about the project, too, and are ours from now on, or kept aside. From here the project is
    // seen as the next run will see it, so that it finds nothing new.
    const { value, evidence } = facts.settingsModule;
    const isToldByHidden = evidence.length > 0 && evidence.every(({ file }) => hidden.includes(file));
    if (isToldByHidden) settings = value;
    facts = input.detect(hidden, settings ?? undefined);
    resolved = await answersAhead(resolved, facts);
    ({ plan, rendered } = render());
    examination = examineFiles(rendered, state, disk);
    choices = await chooseForOthers(examination, choices, deciders);
  }
  const changePlan = planChanges(examination, choices);
  const answersText = withStoredAnswers(disk.text(ANSWERS_FILE), resolved, {
    managePy: input.managePy,
    settings,
    leave: changePlan.leave,
    lackingInEnv,
  });
  const open = deciders.ask === null && deciders.onConflict === undefined;
  return {
    facts,
    plan,
    rendered,
    examination,
    choices,
    outcome: runOutcome(changePlan, lock, answersText, version, mayBeEdited, disk),
    undecided: open ? examination.overlaps.map(({ path }) => path) : [],
  };
}

/** The user's word also for files that came to wait for it only now. */
async function chooseForOthers(
  { overlaps, existing }: Examination,
  choices: Choices,
  deciders: Deciders,
): Promise<Choices> {
  const others = {
    overlaps: overlaps.filter(({ path }) => !choices.overlaps.has(path)),
    existing: existing.filter(({ path }) => !choices.existing.has(path)),
  };
  const chosen = await chooseForFiles(others, deciders);
  return {
    overlaps: new Map([...choices.overlaps, ...chosen.overlaps]),
    existing: new Map([...choices.existing, ...chosen.existing]),
  };
}

/** .env holds secrets: only where Git ignores it, or where it is there already, which leaves it alone. */
export function mayWriteEnv({ git }: ProjectFacts, disk: ProjectDisk): boolean {
  return !git.present || git.envIgnored || disk.exists('.env');
}

/** The files that the next run will not see; null where it sees just what this one saw. */
function filesAhead(changePlan: ChangePlan, earlier: EarlierRuns, disk: ProjectDisk): string[] | null {
  const { changes, lockFiles } = changePlan;
  const gone = changes.filter(({ action }) => action === 'delete' || action === 'set aside');
  const leftOver = Object.keys(leftOverFiles(changePlan, earlier, disk));
  const hidden = [...Object.keys(lockFiles), ...leftOver, ...gone.map(({ path }) => path)];
  const [now, then] = [new Set(filesOfOurs(earlier)), new Set(hidden)];
  const concerned = new Set([...OWN_FILES, ...hidden]);
  const isSame = [...concerned].every((path) => !disk.exists(path) || now.has(path) === then.has(path));
  return isSame ? null : [...hidden, ...Object.values(REPORT_FILES), LOCK_FILE, ANSWERS_FILE];
}

/** @throws RegenerationError where there is nothing to restore: a word without an effect is a mistake. */
function refuseRestoring(
  restore: readonly string[],
  rendered: ReadonlyMap<string, RenderedFile>,
  { lock, leave }: { lock: Lock | null; leave: readonly string[] },
  disk: ProjectDisk,
): void {
  for (const path of restore) {
    const isThere = disk.exists(path) && lock?.files[path] !== undefined && !leave.includes(path);
    const reason = !rendered.has(path)
      ? 'is not generated with the present answers'
      : isThere
        ? 'is there already; delete it first, if you want it as it is generated'
        : null;
    if (reason !== null) throw new RegenerationError(`--restore: ${path} ${reason}. Nothing was written.`);
  }
}
