import { isDeepStrictEqual } from 'node:util';
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
 * same; then the lock with what is begun; the files; at last the lock that claims them.
 * @param lock as it is, settled; null where none is usable
 * @param answersText the new content of `.yo-rc.json`
 * @param generatorVersion of this generator; it enters the lock only together with a changed text
 */
export function runOutcome(
  plan: ChangePlan,
  lock: Lock | null,
  answersText: string,
  generatorVersion: string,
  disk: ProjectDisk,
): RunOutcome {
  const writes = plan.changes.filter(isWritten);
  const lockBefore = disk.exists(LOCK_FILE);
  const sameFiles = lock !== null && isDeepStrictEqual({ ...lock.files }, { ...plan.lockFiles });
  const newLock = formatLock({
    generatorVersion: sameFiles ? lock.generatorVersion : generatorVersion,
    files: plan.lockFiles,
  });
  const answersChange = ownChange(ANSWERS_FILE, disk.text(ANSWERS_FILE), answersText);
  // Untouched where it says the same: neither its form nor a newer version is a reason to write.
  const lockChange =
    sameFiles && lock.pending === undefined
      ? null
      : ownChange(LOCK_FILE, lockBefore ? '' : undefined, newLock);
  const pending = pendingFiles(writes, plan.lockFiles);
  const begun: WriteStep[] =
    Object.keys(pending).length === 0
      ? []
      : [
          {
            path: LOCK_FILE,
            content: formatLock({ generatorVersion, files: lock?.files ?? {}, pending }),
          },
        ];
  return {
    changes: plan.changes,
    ownChanges: [answersChange, lockChange].filter((change) => change !== null),
    steps: [
      ...(answersChange ? [{ path: ANSWERS_FILE, content: answersText }] : []),
      ...(lockChange ? begun : []),
      ...writes.flatMap((change) => stepsOf(change, disk)),
      ...(lockChange ? [{ path: LOCK_FILE, content: newLock }] : []),
    ],
  };
}

function ownChange(path: string, before: string | undefined, after: string): FileChange | null {
  if (before === after) return null;
  return { path, action: before === undefined ? 'create' : 'update', text: after };
}

function stepsOf({ path, action, text, keepAs }: FileChange, disk: ProjectDisk): WriteStep[] {
  if (action === 'delete') return [{ path, remove: true }];
  const mode = SECRET_FILES[path];
  return [
    ...(keepAs === undefined || disk.exists(keepAs) ? [] : [{ path: keepAs, copyOf: path }]),
    action === 'set aside'
      ? { path, remove: true }
      : { path, content: text ?? '', ...(mode === undefined ? {} : { mode }) },
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
