import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { isWritten, type FileChange } from './plan-changes.ts';
import { projectDisk, refuseLinkOut } from './read-files.ts';
import { RegenerationError } from './regeneration-error.ts';
import { STAGING_PREFIX } from './staging.ts';

/** One step of a run's writing; carried out in the order given, each at once: a file is the old one or the new one. */
export type WriteStep = {
  path: string;
  /** SHA-256 of the file that was there when the step was decided; null for none. */
  was: string | null;
} & (
  | { content: string | Uint8Array; mode?: number }
  /** A copy of a file of the user's, byte for byte. */
  | { copyOf: string }
  | { remove: true }
);

/** How long a run waits for another one that writes, in milliseconds; it takes a part of that. */
const PATIENCE = 2000;

/** After so many milliseconds no run is still writing, though there is a process of its number. */
const LONGEST_RUN = 10 * 60_000;

/**
 * Makes sure, before the first byte, that every change can be written: folders exist or can be made, are inside the
 * project, and folder and file are writable.
 * @throws RegenerationError naming the first path that cannot
 */
export function checkWritable(root: string, changes: readonly FileChange[]): void {
  for (const change of changes.filter(isWritten)) {
    for (const path of [change.path, ...(change.keepAs === undefined ? [] : [change.keepAs])]) {
      refuseLinkOut(root, path);
      checkPlace(root, path);
    }
  }
}

function checkPlace(root: string, path: string): void {
  let folder = dirname(join(root, path));
  while (!existsSync(folder)) folder = dirname(folder);
  const shown = relative(root, folder) || '.';
  if (!statSync(folder).isDirectory()) {
    throw new RegenerationError(
      `${path} cannot be written: ${shown} is a file, not a folder. Rename it, then run again. Nothing was written.`,
    );
  }
  if (!isWritable(folder, constants.W_OK | constants.X_OK)) {
    throw new RegenerationError(
      `${path} cannot be written: no permission to write into ${shown === '.' ? root : shown}. Give yourself the permission (chmod u+w), then run again. Nothing was written.`,
    );
  }
  const full = join(root, path);
  // A rename would replace a file that its owner has protected.
  if (existsSync(full) && !isWritable(full, constants.W_OK)) {
    throw new RegenerationError(
      `${path} cannot be written: no permission. Give yourself the permission (chmod u+w ${path}), then run again. Nothing was written.`,
    );
  }
}

function isWritable(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/**
 * Carries the steps out. All contents are written aside first, where a full disk does no harm; then each takes its place
 * by a rename. Cut short at any moment, every file is the old one or the new one, and no step after the cut was begun.
 * What an earlier run left aside is taken away even where there is no step.
 * @throws RegenerationError that says what was written before it, where something was; before the first byte when a file
 * changed since the step was decided, and when another run is writing
 */
export function carryOut(root: string, steps: readonly WriteStep[]): void {
  removeStaleStaging(root);
  if (steps.length === 0) return;
  const staging = join(root, `${STAGING_PREFIX}${process.pid}`);
  const done: string[] = [];
  let current = basename(staging);
  try {
    takeTurn(root, staging);
    refuseChanged(root, steps);
    const prepared = steps.map((step, index) => {
      current = step.path;
      return prepare(root, step, join(staging, String(index)));
    });
    for (const [index, step] of steps.entries()) {
      current = step.path;
      place(root, step, prepared[index] ?? null);
      done.push(step.path);
    }
    syncFolders(new Set(steps.map(({ path }) => dirname(join(root, path)))));
  } catch (error) {
    throw error instanceof RegenerationError ? error : writingError(error, current, [...new Set(done)]);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * Makes the folder for what is written aside. Two runs that write at once would spoil what the other one's lock claims:
 * each makes its folder first and then looks for another one's, so that never both go on.
 */
function takeTurn(root: string, staging: string): void {
  const end = Date.now() + PATIENCE;
  for (;;) {
    mkdirSync(staging, { mode: 0o700 });
    const other = readdirSync(root).find((name) => isOfRunningProcess(root, name));
    if (other === undefined) return;
    rmSync(staging, { recursive: true });
    if (Date.now() > end) {
      throw new RegenerationError(
        `Another run (process ${other.slice(STAGING_PREFIX.length)}) is writing into this project. Run again when it is done. Nothing was written.`,
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20 + Math.random() * 80);
  }
}

/** What an editor or another run wrote since the steps were decided would be lost, or be taken for the user's old file. */
function refuseChanged(root: string, steps: readonly WriteStep[]): void {
  const disk = projectDisk(root);
  const changed = steps
    .filter(({ path, was }) => (disk.sha256(path) ?? null) !== was)
    .map(({ path }) => path);
  if (changed.length === 0) return;
  throw new RegenerationError(
    `${[...new Set(changed)].join(', ')} changed while this ran: an editor or another run wrote there. Run again. Nothing was written.`,
  );
}

/** Writes a step's content aside, in its final form. */
function prepare(root: string, step: WriteStep, aside: string): string | null {
  if ('remove' in step) return null;
  const target = targetOf(root, step.path);
  const copied = 'copyOf' in step ? join(root, step.copyOf) : null;
  const like = existsSync(target) ? statSync(target) : copied === null ? null : statSync(copied);
  const content = 'content' in step ? step.content : readFileSync(copied ?? '');
  const mode = like ? like.mode & 0o7777 : 'content' in step ? step.mode : undefined;
  const descriptor = openSync(aside, 'wx', mode ?? 0o666);
  try {
    writeFileSync(descriptor, content);
    // The mode of openSync loses what the umask takes.
    if (mode !== undefined) fchmodSync(descriptor, mode);
    keepOwner(descriptor, like);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return aside;
}

/** Whose file it was: a run as root must not take it away. */
function keepOwner(descriptor: number, like: Stats | null): void {
  if (like === null || process.getuid?.() !== 0) return;
  fchownSync(descriptor, like.uid, like.gid);
}

function place(root: string, step: WriteStep, aside: string | null): void {
  const target = targetOf(root, step.path);
  if (aside === null) {
    rmSync(target, { force: true });
    return;
  }
  mkdirSync(dirname(target), { recursive: true });
  try {
    renameSync(aside, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    // Another file system is mounted there.
    const beside = `${target}.${process.pid}.tmp`;
    const { mode, uid, gid } = statSync(aside);
    try {
      copyFileSync(aside, beside);
      chmodSync(beside, mode & 0o7777);
      if (process.getuid?.() === 0) chownSync(beside, uid, gid);
      renameSync(beside, target);
    } finally {
      rmSync(beside, { force: true });
    }
  }
}

/** A link inside the project is written through, not replaced. */
function targetOf(root: string, path: string): string {
  const full = join(root, path);
  return existsSync(full) ? realpathSync(full) : full;
}

/** What an interrupted run left aside; of a run that is still alive nothing is taken away. */
function removeStaleStaging(root: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(STAGING_PREFIX) || isOfRunningProcess(root, name)) continue;
    try {
      rmSync(join(root, name), { recursive: true, force: true });
    } catch {
      // Somebody else's, root's for example: no reason not to run.
    }
  }
}

/** Whether this is the folder of another run that is still writing. */
function isOfRunningProcess(root: string, name: string): boolean {
  const pid = Number(name.slice(STAGING_PREFIX.length));
  if (!name.startsWith(STAGING_PREFIX) || pid === process.pid || !isAlive(pid)) return false;
  const found = statSync(join(root, name), { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs < LONGEST_RUN;
}

function isAlive(pid: number): boolean {
  try {
    return Number.isInteger(pid) && pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** So that the names survive a power cut, too, where the system can do that. */
function syncFolders(folders: ReadonlySet<string>): void {
  for (const folder of folders) {
    try {
      const descriptor = openSync(folder, 'r');
      fsyncSync(descriptor);
      closeSync(descriptor);
    } catch {
      // Windows cannot open a folder.
    }
  }
}

function writingError(error: unknown, path: string, done: readonly string[]): RegenerationError {
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === 'ENOSPC' ? 'the disk is full' : (code ?? String(error));
  const consequence =
    done.length === 0
      ? 'Nothing was written.'
      : `Written before it: ${done.join(', ')}. Mend the cause, then run again: the next run finishes the job.`;
  return new RegenerationError(`${path} could not be written (${reason}). ${consequence}`);
}
