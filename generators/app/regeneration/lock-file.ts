import { isAbsolute, posix } from 'node:path';
import { GENERATED_FILES } from '../rendering/files.ts';

/** Name of the lock in the user's repository; committed, holds no secret. */
export const LOCK_FILE = 'backendai-docker.lock.json';

/** The text of each file as generated last: the base of the next merge. */
export interface Lock {
  generatorVersion: string;
  files: Record<string, string>;
}

/** The lock cannot be used. `message` says what, where and what to do. */
export class LockError extends Error {
  override name = 'LockError';
}

/** Paths that a lock may speak of: what this generator writes. A lock is no reason to touch anything else. */
const OWN_PATHS: ReadonlySet<string> = new Set(
  GENERATED_FILES.filter((file) => !file.writeOnce).map((file) => file.destination),
);

const LARGEST_LOCK = 4 * 1024 * 1024;

/**
 * Reads the lock, which is untrusted input: it comes with the repository.
 * @param text content of the lock file; undefined when there is none
 * @param ownVersion version of this generator
 * @returns the lock; null when there is none or it is damaged: every file on disk is then taken as the user's
 * @throws LockError for a lock of a newer generator, or one that names a path outside the project
 */
export function readLock(text: string | undefined, ownVersion: string): Lock | null {
  if (text === undefined || text.length > LARGEST_LOCK) return null;
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof data !== 'object' || data === null) return null;
  const { generatorVersion, files } = data as { generatorVersion?: unknown; files?: unknown };
  if (typeof generatorVersion !== 'string' || typeof files !== 'object' || files === null) return null;
  if (isNewer(generatorVersion, ownVersion)) {
    throw new LockError(
      `${LOCK_FILE} was written by generator-backendai-docker ${generatorVersion}, which is newer than this ${ownVersion}. Run the newer one: npx generator-backendai-docker@${generatorVersion}.`,
    );
  }
  const checked: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [path, content] of Object.entries(files)) {
    if (!isInsideProject(path)) {
      throw new LockError(
        `${LOCK_FILE} names ${JSON.stringify(path)}, which is not a path inside the project. Delete the lock; the next run takes all files as edited by you.`,
      );
    }
    if (typeof content === 'string' && OWN_PATHS.has(path)) checked[path] = content;
  }
  return { generatorVersion, files: checked };
}

/** The lock's text: sorted, so that a change of one file is a change of few lines. */
export function formatLock(lock: Lock): string {
  const files = Object.fromEntries(Object.entries(lock.files).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ generatorVersion: lock.generatorVersion, files }, null, 2)}\n`;
}

function isInsideProject(path: string): boolean {
  if (path === '' || isAbsolute(path) || /^[A-Za-z]:|\\|\0/.test(path)) return false;
  const normal = posix.normalize(path);
  return normal === path && normal !== '.' && !normal.startsWith('../') && normal !== '..';
}

function isNewer(version: string, than: string): boolean {
  const parts = (text: string): number[] => (text.split('-')[0] ?? '').split('.').map(Number);
  const [a, b] = [parts(version), parts(than)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
