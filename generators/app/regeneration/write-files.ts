import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { RegenerationError, type FileChange } from './plan-changes.ts';

/**
 * Reads one file of the project.
 * @returns its text, undefined when it is not there
 * @throws RegenerationError when it is a folder or cannot be read
 */
export function readProjectFile(root: string, path: string): string | undefined {
  const full = join(root, path);
  try {
    return readFileSync(full, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const what =
      code === 'EISDIR' ? 'is a folder, where a file is to be written' : `cannot be read (${code})`;
    throw new RegenerationError(`${path} ${what}. Nothing was written.`);
  }
}

/**
 * Makes sure, before the first byte, that every change can be written: folders exist or can be made, are inside the
 * project, and are writable.
 * @throws RegenerationError naming the first path that cannot
 */
export function checkWritable(root: string, changes: readonly FileChange[]): void {
  const realRoot = realpathSync(root);
  for (const { path, text, action, keepAs } of changes) {
    if (text === undefined && action !== 'delete') continue;
    let folder = dirname(join(root, path));
    while (!existsSync(folder)) folder = dirname(folder);
    const shown = relative(root, folder) || '.';
    if (!statSync(folder).isDirectory()) {
      throw new RegenerationError(
        `${path} cannot be written: ${shown} is a file, not a folder. Rename it, then run again. Nothing was written.`,
      );
    }
    const real = realpathSync(folder);
    if (real !== realRoot && !real.startsWith(realRoot + sep)) {
      throw new RegenerationError(
        `${path} cannot be written: ${shown} is a link to ${real}, outside the project. Nothing was written.`,
      );
    }
    for (const written of [path, ...(keepAs === undefined ? [] : [keepAs])])
      refuseLink(root, realRoot, written);
    try {
      accessSync(folder, constants.W_OK | constants.X_OK);
    } catch {
      throw new RegenerationError(
        `${path} cannot be written: no permission to write into ${shown === '.' ? root : shown}. Give yourself the permission (chmod u+w), then run again. Nothing was written.`,
      );
    }
  }
}

/** A link is refused unless it stays inside the project: what a repository names must not be written elsewhere. */
function refuseLink(root: string, realRoot: string, path: string): void {
  const full = join(root, path);
  if (!lstatSync(full, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const target = existsSync(full) ? realpathSync(full) : null;
  if (target !== null && target.startsWith(realRoot + sep)) return;
  throw new RegenerationError(
    `${path} is a link to ${target ?? 'a file that does not exist'}, outside the project. Remove the link, then run again. Nothing was written.`,
  );
}

/** Carries the changes out, each file in one step: it is the old one or the new one, never half of it. */
export function writeChanges(root: string, changes: readonly FileChange[]): void {
  for (const change of changes) {
    const full = join(root, change.path);
    if (change.action === 'delete') {
      rmSync(full);
    } else if (change.text !== undefined) {
      if (change.keepAs !== undefined)
        writeAtomically(join(root, change.keepAs), readFileSync(full), modeOf(full));
      mkdirSync(dirname(full), { recursive: true });
      writeAtomically(full, change.text, modeOf(full) ?? (change.path === '.env' ? 0o600 : undefined));
    }
  }
}

function modeOf(path: string): number | undefined {
  return existsSync(path) ? statSync(path).mode & 0o7777 : undefined;
}

/** Writes beside the file and renames; a link is written through, not replaced. */
export function writeAtomically(path: string, content: string | Buffer, mode?: number): void {
  const target = existsSync(path) && lstatSync(path).isSymbolicLink() ? realpathSync(path) : path;
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(temporary, 'wx', mode ?? 0o666);
    try {
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new RegenerationError(`${path} could not be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}
