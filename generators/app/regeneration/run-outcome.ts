import { isDeepStrictEqual } from 'node:util';
import { OWN_FILES } from '../rendering/files.ts';
import type { FileDifference } from './format-diff.ts';
import { LOCK_FILE, formatLock, type Lock } from './lock-file.ts';
import {
  isWritten,
  pendingFiles,
  type ChangePlan,
  type FileChange,
  type ProjectDisk,
} from './plan-changes.ts';
import { ANSWERS_FILE } from './stored-answers.ts';
import type { WriteStep } from './write-files.ts';

/** Everything that a run would do to the project. */
export interface RunOutcome {
  /** The generated files. */
  changes: FileChange[];
  /** The answers and the lock, where they change. */
  ownChanges: FileChange[];
  /** In the order in which they are carried out. */
  steps: WriteStep[];
}

/** Modes of files that hold secrets. */
const SECRET_FILES: Readonly<Record<string, number>> = { '.env': 0o600 };

/**
 * What a run does, in an order that can be cut short anywhere: first the answers, so that the next run decides the
 * same; then the lock with what is begun; the files; at last the lock that claims them. Where there is no lock, the one
 * with what is begun comes first: answers without a lock would tell the next run that a lock was lost.
 * @param lock as it is, its files settled; null where none is usable
 * @param answersText the new content of `.yo-rc.json`
 * @param generatorVersion of this generator; it enters the lock only together with a changed text
 * @param mayBeEdited there was a run before, but nothing tells what it wrote; so it is for the next run if this is cut
 */
export function runOutcome(
  plan: ChangePlan,
  lock: Lock | null,
  answersText: string,
  generatorVersion: string,
  mayBeEdited: boolean,
  disk: ProjectDisk,
): RunOutcome {
  const writes = plan.changes.filter(isWritten);
  const wasOf = (path: string): string | null => disk.sha256(path) ?? null;
  const lockBefore = disk.exists(LOCK_FILE);
  const sameFiles = lock !== null && isDeepStrictEqual({ ...lock.files }, { ...plan.lockFiles });
  const leftOver = leftOverFiles(plan, { lock, mayBeEdited }, disk);
  const sameLeftOver = isDeepStrictEqual(leftOver, { ...lock?.leftOver });
  const newLock = formatLock({
    generatorVersion: sameFiles ? lock.generatorVersion : generatorVersion,
    files: plan.lockFiles,
    leftOver,
  });
  const answersChange = ownChange(ANSWERS_FILE, disk.text(ANSWERS_FILE), answersText);
  // Untouched where it says the same: neither its form nor a newer version is a reason to write.
  const lockChange =
    sameFiles && sameLeftOver && lock.pending === undefined
      ? null
      : ownChange(LOCK_FILE, lockBefore ? '' : undefined, newLock);
  const pending = pendingFiles(writes, plan.lockFiles);
  const begun: WriteStep[] =
    Object.keys(pending).length === 0
      ? []
      : [
          {
            path: LOCK_FILE,
            was: wasOf(LOCK_FILE),
            content: formatLock({
              generatorVersion,
              files: lock?.files ?? {},
              leftOver: lock?.leftOver ?? {},
              pending,
              ...(mayBeEdited ? { baseUnknown: true } : {}),
            }),
          },
        ];
  const answers: WriteStep[] = answersChange
    ? [{ path: ANSWERS_FILE, was: wasOf(ANSWERS_FILE), content: answersText }]
    : [];
  return {
    changes: plan.changes,
    ownChanges: [answersChange, lockChange].filter((change) => change !== null),
    steps: [
      ...(lock === null ? [...begun, ...answers] : [...answers, ...(lockChange ? begun : [])]),
      ...writes.flatMap((change) => stepsOf(change, disk)),
      ...(lockChange ? [{ path: LOCK_FILE, was: wasOf(LOCK_FILE), content: newLock }] : []),
    ],
  };
}

/**
 * Files that we wrote once and do not write now, though we did not delete them: path → their text as generated last.
 * Without a lock any that is there may be one.
 */
export function leftOverFiles(
  plan: ChangePlan,
  { lock, mayBeEdited }: { lock: Lock | null; mayBeEdited: boolean },
  disk: ProjectDisk,
): Record<string, string | null> {
  const deleted = new Set(plan.changes.filter(({ action }) => action === 'delete').map(({ path }) => path));
  const unknown = mayBeEdited ? OWN_FILES.filter((path) => disk.exists(path)) : [];
  const known = {
    ...Object.fromEntries(unknown.map((path) => [path, null])),
    ...lock?.leftOver,
    ...lock?.files,
  };
  return Object.fromEntries(
    Object.entries(known).filter(
      ([path]) => plan.lockFiles[path] === undefined && !plan.leave.includes(path) && !deleted.has(path),
    ),
  );
}

function ownChange(path: string, before: string | undefined, after: string): FileChange | null {
  if (before === after) return null;
  return { path, action: before === undefined ? 'create' : 'update', text: after };
}

function stepsOf({ path, action, text, keepAs }: FileChange, disk: ProjectDisk): WriteStep[] {
  const was = disk.sha256(path) ?? null;
  if (action === 'delete') return [{ path, was, remove: true }];
  const mode = SECRET_FILES[path];
  return [
    ...(keepAs === undefined || disk.exists(keepAs) ? [] : [{ path: keepAs, was: null, copyOf: path }]),
    action === 'set aside'
      ? { path, was, remove: true }
      : { path, was, content: text ?? '', ...(mode === undefined ? {} : { mode }) },
  ];
}

/** Whether a run would change something that is shared with others: a fresh .env is not. */
export function changesSomething({ changes, ownChanges }: RunOutcome): boolean {
  return ownChanges.length > 0 || changes.some((change) => isWritten(change) && !isSecret(change));
}

export function isSecret({ path }: FileChange): boolean {
  return SECRET_FILES[path] !== undefined;
}

/** The files as they are and as they would be, without those that hold secrets, and without answers and lock. */
export function differencesOf({ changes }: RunOutcome, disk: ProjectDisk): FileDifference[] {
  return changes
    .filter((change) => isWritten(change) && !isSecret(change))
    .flatMap(({ path, text, keepAs }) => [
      ...(keepAs === undefined || disk.exists(keepAs)
        ? []
        : [{ path: keepAs, before: undefined, after: disk.text(path) }]),
      { path, before: disk.text(path), after: text },
    ]);
}
