import { lstatSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import { join, sep } from 'node:path';
import { GENERATED_FILES } from '../rendering/files.ts';
import { LARGEST_LOCK, LOCK_FILE, readLock, type LockState } from './lock-file.ts';
import { sha256, type ProjectDisk } from './plan-changes.ts';
import { RegenerationError } from './regeneration-error.ts';
import { ANSWERS_FILE } from './stored-answers.ts';

/** No file that this generator writes comes near it. */
const LARGEST_FILE = 16 * 1024 * 1024;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The project's files on disk, as they were when each was first asked for: a run decides by one state of them. */
export interface DiskSnapshot extends ProjectDisk {
  /** Undefined when there is no such file. */
  bytes(this: void, path: string): Buffer | undefined;
}

export function projectDisk(root: string): DiskSnapshot {
  const read = new Map<string, Buffer | undefined>();
  const bytes = (path: string): Buffer | undefined => {
    if (!read.has(path)) read.set(path, readBytes(root, path));
    return read.get(path);
  };
  return {
    bytes,
    text: (path) => textOf(path, bytes(path)),
    exists: (path) => read.get(path) !== undefined || entryAt(join(root, path)) !== undefined,
    sha256: (path) => {
      const content = bytes(path);
      return content === undefined ? undefined : sha256(content);
    },
  };
}

/**
 * Reads one file of the project.
 * @returns its text, undefined when it is not there
 * @throws RegenerationError when it is no text in UTF-8, a folder, a link that leads out of the project, too large, or
 * cannot be read
 */
export function readProjectFile(root: string, path: string): string | undefined {
  return textOf(path, readBytes(root, path));
}

function textOf(path: string, content: Buffer | undefined): string | undefined {
  if (content === undefined) return undefined;
  try {
    const text = decoder.decode(content);
    if (!text.includes('\0')) return text;
  } catch {
    // Named below.
  }
  throw new RegenerationError(
    `${path} is no text in UTF-8, so that nothing can be merged into it. Save it as UTF-8, then run again. Nothing was written.`,
  );
}

/**
 * The lock of a project. What is no text is damaged like any other that is no lock.
 * @param ownVersion version of this generator
 * @throws RegenerationError as readLock does, and for a link that leads out of the project
 */
export function readLockFile(disk: DiskSnapshot, ownVersion: string): LockState {
  const content = disk.bytes(LOCK_FILE);
  if (content !== undefined && content.length > LARGEST_LOCK)
    return { kind: 'damaged', reason: 'it is larger than any that was ever written' };
  return readLock(content?.toString('utf8'), ownVersion);
}

function readBytes(root: string, path: string): Buffer | undefined {
  const full = join(root, path);
  try {
    refuseLinkOut(root, path);
    const found = statSync(full, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    if (!found.isDirectory() && !found.isFile()) {
      throw new RegenerationError(
        `${path} is no regular file. Remove it, then run again. Nothing was written.`,
      );
    }
    if (found.size > LARGEST_FILE) {
      throw new RegenerationError(
        `${path} is larger than ${LARGEST_FILE / 1024 / 1024} MB, which is no file of this generator. Move it away, then run again. Nothing was written.`,
      );
    }
    return readFileSync(full);
  } catch (error) {
    if (error instanceof RegenerationError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const what =
      code === 'EISDIR' ? 'is a folder, where a file is to be written' : `cannot be read (${code})`;
    throw new RegenerationError(`${path} ${what}. Nothing was written.`);
  }
}

/**
 * What a repository names must not be read or written elsewhere: neither the file nor a folder above it may be a link
 * that leads out of the project.
 * @throws RegenerationError naming the link and where it leads
 */
export function refuseLinkOut(root: string, path: string): void {
  const realRoot = realpathSync(root);
  let at = root;
  for (const part of path.split('/')) {
    at = join(at, part);
    const found = entryAt(at);
    if (found === undefined) return;
    if (!found.isSymbolicLink()) continue;
    const target = realTarget(at);
    const shown = at
      .slice(root.length + 1)
      .split(sep)
      .join('/');
    if (target !== null && target.startsWith(realRoot + sep)) {
      refuseLinkInto(
        path,
        shown,
        target
          .slice(realRoot.length + 1)
          .split(sep)
          .join('/'),
      );
      continue;
    }
    throw new RegenerationError(
      `${path} cannot be written: ${shown} is a link to ${target ?? 'a file that does not exist'}, outside the project. Remove the link, then run again. Nothing was written.`,
    );
  }
}

/** What is there under a name, be it a link that leads nowhere; undefined where nothing is. */
function entryAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // A folder above it is a file, or may not be entered.
    return undefined;
  }
}

/** Files that no other file of ours may stand for. */
const OTHER_ROLES: ReadonlySet<string> = new Set([
  ...GENERATED_FILES.map(({ destination }) => destination),
  ANSWERS_FILE,
  LOCK_FILE,
]);

/** A link inside the project is followed, but not into what has a role of its own. */
function refuseLinkInto(path: string, link: string, target: string): void {
  const isGits = target.split('/').includes('.git');
  const isOther = link === path && target !== path && OTHER_ROLES.has(target);
  if (!isGits && !isOther) return;
  throw new RegenerationError(
    `${path} cannot be written: ${link} is a link to ${target}, which ${isGits ? 'belongs to Git' : 'is a file of its own'}. Remove the link, then run again. Nothing was written.`,
  );
}

function realTarget(link: string): string | null {
  try {
    return realpathSync(link);
  } catch {
    return null;
  }
}
