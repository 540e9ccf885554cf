import { rootMark } from './values.ts';

/** Removes `.` and `..` from a path that may start with the root's mark. What climbs above the root keeps its `..`. */
export function normalisePath(path: string): string {
  const marked = path.startsWith(rootMark);
  const rest = marked ? path.slice(1) : path;
  const absolute = marked || rest.startsWith('/');
  const parts: string[] = [];
  for (const part of rest.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || marked || !absolute) parts.push(part);
  }
  if (marked) return parts.length === 0 ? rootMark : `${rootMark}/${parts.join('/')}`;
  return absolute ? `/${parts.join('/')}` : parts.join('/');
}

/** `os.path.join`: an absolute part replaces what stands before it. */
export function joinPaths(first: string, ...others: readonly string[]): string {
  let joined = first;
  for (const other of others) {
    if (other.startsWith('/') || other.startsWith(rootMark)) joined = other;
    else joined = joined === '' ? other : `${joined}/${other}`;
  }
  return normalisePath(joined);
}

/** The folder of a path, also above the root (`..`). */
export function parentPath(path: string): string {
  const normal = normalisePath(path);
  if (normal === '' || normal === '/') return normal;
  const cut = normal.lastIndexOf('/');
  if (normal === rootMark || normal.endsWith('/..')) return `${normal}/..`;
  if (cut === -1) return '';
  return cut === 0 ? '/' : normal.slice(0, cut);
}

/** The mark for a path of the repository. */
export function markedPath(path: string): string {
  return path === '' ? rootMark : `${rootMark}/${path}`;
}

/**
 * A path as the facts hold it: relative to the repository root, or absolute (`/…`); a bare relative path counts
 * from the work dir, where the server starts. Null when it lies above the repository or is not a path.
 */
export function repositoryPath(text: string, workDir: string): string | null {
  if (text.indexOf(rootMark, 1) !== -1) return null;
  const whole =
    text.startsWith(rootMark) || text.startsWith('/')
      ? normalisePath(text)
      : joinPaths(markedPath(workDir), text);
  if (!whole.startsWith(rootMark)) return whole;
  const relative = whole.slice(2);
  return relative === '..' || relative.startsWith('../') ? null : relative;
}

/**
 * Where a path above the repository lies in the image, which has the repository right below its root: `../static` is
 * `/static`. Null when it is no such path, or the root itself.
 */
export function pathAboveRepository(text: string): string | null {
  if (!text.startsWith(rootMark) || text.indexOf(rootMark, 1) !== -1) return null;
  const relative = normalisePath(text).slice(rootMark.length).replace(/^\/+/, '');
  const below = relative.replace(/^(?:\.\.\/)+/, '');
  return below === relative || below === '' || below === '..' ? null : `/${below}`;
}

/** Joins two paths of the repository, either of which may be `''`. */
export function joinRelative(left: string, right: string): string {
  return left === '' ? right : right === '' ? left : `${left}/${right}`;
}

/** The folder of a path of the repository; `''` for the root. */
export function folderOf(path: string): string {
  const cut = path.lastIndexOf('/');
  return cut === -1 ? '' : path.slice(0, cut);
}

/** Whether `path` is `folder` or lies in it. */
export function isInside(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}
