import { isAbsolute, posix } from 'node:path';
import { OWN_FILES } from '../rendering/files.ts';
import { RegenerationError } from './regeneration-error.ts';

/** Name of the lock in the user's repository; committed, holds no secret. */
export const LOCK_FILE = 'backendai-docker.lock.json';

/** A file whose writing was begun. It was carried out if the file on disk has this hash. */
export interface PendingFile {
  /** SHA-256 of the file's bytes when it is written, in hexadecimal digits; null when it is to be deleted. */
  sha256: string | null;
  /** The base of the next merge if it was written: the new rendering, which edits may have been merged into. */
  text: string | null;
}

/** The text of each file as generated last: the base of the next merge. */
export interface Lock {
  generatorVersion: string;
  files: Record<string, string>;
  /**
   * Files that were written once and are not now: the user edited or deleted them. Their texts are the base if they are
   * written again; null where none is known.
   */
  leftOver?: Record<string, string | null>;
  /** Only while a run writes, and after one that was cut short. */
  pending?: Record<string, PendingFile>;
  /** With `pending`: that run had no lock, though there were runs before. Nothing tells what the other files' base is. */
  baseUnknown?: true;
}

/** What the lock on disk is worth. */
export type LockState =
  | { kind: 'usable'; lock: Lock }
  /** No run has finished here. */
  | { kind: 'missing' }
  /** It is there and says nothing: `reason` tells why, as the end of a sentence. */
  | { kind: 'damaged'; reason: string };

/** Paths that a lock may speak of: what this generator writes. A lock is no reason to touch anything else. */
const OWN_PATHS: ReadonlySet<string> = new Set(OWN_FILES);

/** Twenty times what a large project needs. */
export const LARGEST_LOCK = 4 * 1024 * 1024;

/** A version as npm has it; what it is compared and shown by. */
const VERSION = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-[0-9A-Za-z.-]{1,64})?$/;

/**
 * Reads the lock, which is untrusted input: it comes with the repository.
 * @param text content of the lock file; undefined when there is none
 * @param ownVersion version of this generator
 * @throws RegenerationError for a lock of a newer generator, or one that names a path outside the project
 */
export function readLock(text: string | undefined, ownVersion: string): LockState {
  if (text === undefined) return { kind: 'missing' };
  if (text.length > LARGEST_LOCK) return damaged('it is larger than any that was ever written');
  if (/^(?:<{7} |>{7} )/m.test(text)) {
    return damaged(
      `Git's conflict markers are in it (taking one side first, git checkout --ours -- ${LOCK_FILE}, spares most questions)`,
    );
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return damaged('it is not JSON');
  }
  if (!isRecord(data)) return damaged('it holds no JSON object');
  const { generatorVersion, files, leftOver, pending, baseUnknown } = data;
  if (typeof generatorVersion !== 'string' || !VERSION.test(generatorVersion))
    return damaged('it names no version of the generator');
  if (isNewer(generatorVersion, ownVersion)) {
    throw new RegenerationError(
      `${LOCK_FILE} was written by generator-backendai-docker ${generatorVersion}, which is newer than this ${ownVersion}. Run the newer one: npx generator-backendai-docker@${generatorVersion}. Nothing was written.`,
    );
  }
  if (!isRecord(files) || (pending !== undefined && !isRecord(pending))) return damaged('it lists no files');
  if (leftOver !== undefined && !isRecord(leftOver)) return damaged('what it says of files left over is odd');
  for (const path of [files, leftOver ?? {}, pending ?? {}].flatMap((part) => Object.keys(part))) {
    if (!isInsideProject(path)) {
      throw new RegenerationError(
        `${LOCK_FILE} names ${JSON.stringify(path.slice(0, 200))}, which is not a path inside the project. Delete the lock, then run again: every file is then taken as edited by you. Nothing was written.`,
      );
    }
  }
  const lock: Lock = { generatorVersion, files: emptyRecord() };
  for (const [path, content] of Object.entries(files)) {
    const known = readText(content);
    if (known === null) return damaged(`what it says of ${JSON.stringify(path.slice(0, 200))} is no text`);
    if (OWN_PATHS.has(path)) lock.files[path] = known;
  }
  for (const [path, content] of Object.entries(leftOver ?? {})) {
    const known = content === null ? null : readText(content);
    if (content !== null && known === null) return damaged('what it says of files left over is odd');
    if (OWN_PATHS.has(path)) lock.leftOver = { ...lock.leftOver, [path]: known };
  }
  const begun = Object.entries(pending ?? {})
    .filter(([path]) => OWN_PATHS.has(path))
    .map(([path, value]) => [path, readPending(value)] as const);
  if (begun.some(([, value]) => value === null)) return damaged('what it says of an interrupted run is odd');
  if (pending !== undefined) {
    lock.pending = Object.fromEntries(begun) as Record<string, PendingFile>;
    if (baseUnknown === true) lock.baseUnknown = true;
  }
  return { kind: 'usable', lock };
}

/**
 * The lock after a run that was cut short: what that run had written counts as written, the rest as before. What was
 * pending stays in it, so that the lock is written again even where its files are complete.
 * @param sha256 hash of a file of the project; undefined when it is not there
 */
export function settlePending(lock: Lock, sha256: (path: string) => string | undefined): Lock {
  const files = { ...lock.files };
  for (const [path, { sha256: written, text }] of Object.entries(lock.pending ?? {})) {
    const found = sha256(path);
    if (written === null) {
      if (found === undefined) delete files[path];
    } else if (found === written && text !== null) {
      files[path] = text;
    }
  }
  return { ...lock, files };
}

/** The lock's text: sorted, a line of a file on a line of its own, so that Git can merge locks and people can read the diff. */
export function formatLock({ generatorVersion, files, leftOver, pending, baseUnknown }: Lock): string {
  const data = {
    generatorVersion,
    ...(baseUnknown === undefined ? {} : { baseUnknown }),
    files: sorted(files, toLines),
    ...(leftOver === undefined || Object.keys(leftOver).length === 0
      ? {}
      : { leftOver: sorted(leftOver, (text) => (text === null ? null : toLines(text))) }),
    ...(pending === undefined
      ? {}
      : {
          pending: sorted(pending, ({ sha256, text }) => ({
            sha256,
            text: text === null ? null : toLines(text),
          })),
        }),
  };
  return `${JSON.stringify(data, null, 2)}\n`;
}

const damaged = (reason: string): LockState => ({ kind: 'damaged', reason });

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A key of the file must not reach Object's prototype. */
const emptyRecord = (): Record<string, string> => Object.create(null) as Record<string, string>;

const toLines = (text: string): string[] => text.split('\n');

/** A file's text from its lines; null for anything else. */
function readText(content: unknown): string | null {
  return Array.isArray(content) && content.every((line) => typeof line === 'string')
    ? content.join('\n')
    : null;
}

function readPending(value: unknown): PendingFile | null {
  if (!isRecord(value)) return null;
  const { sha256, text } = value;
  if (sha256 === null && text === null) return { sha256, text };
  const lines = readText(text);
  return typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256) && lines !== null
    ? { sha256, text: lines }
    : null;
}

function sorted<From, To>(record: Record<string, From>, convert: (value: From) => To): Record<string, To> {
  return Object.fromEntries(
    Object.entries(record)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, convert(value)]),
  );
}

function isInsideProject(path: string): boolean {
  if (path === '' || isAbsolute(path) || /^[A-Za-z]:|\\|\0/.test(path)) return false;
  const normal = posix.normalize(path);
  return normal === path && normal !== '.' && !normal.startsWith('../') && normal !== '..';
}

/** Whether one version is newer than another, by its three numbers. */
function isNewer(version: string, than: string): boolean {
  const parts = (text: string): number[] => (VERSION.exec(text) ?? []).slice(1, 4).map(Number);
  const [a, b] = [parts(version), parts(than)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
