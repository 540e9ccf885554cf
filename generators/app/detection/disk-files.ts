import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

import { STAGING_PREFIX } from '../regeneration/staging.ts';
import { DetectionError } from './facts.ts';
import { checkedText, tooLarge } from './memory-files.ts';
import type { ProjectFiles } from './project-files.ts';

const ignoredFolders: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  'node_modules',
  'bower_components',
  '.venv',
  'venv',
  '.virtualenv',
  'virtualenv',
  '__pycache__',
  '.tox',
  '.nox',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
  '.hypothesis',
  '.ipynb_checkpoints',
  '.eggs',
  '.direnv',
  '.cache',
  '.idea',
  'site-packages',
  'htmlcov',
]);

const buildFolders: ReadonlySet<string> = new Set(['dist', 'build']);
const maximumDepth = 40;

/**
 * The files of a folder on disk. Walks it once, at the first call of `files()`.
 * Throws DetectionError when the folder does not exist.
 */
export function readDiskFiles(root: string): ProjectFiles {
  const absolute = resolve(root);
  if (!existsSync(absolute)) throw new DetectionError(`The folder ${absolute} does not exist.`);
  let listed: readonly string[] | undefined;
  return {
    name: basename(absolute),
    files: () => (listed ??= walk(absolute)),
    topLevel: () =>
      readFolder(absolute)
        .filter((entry) => !entry.name.startsWith(STAGING_PREFIX))
        .map((entry) => (isFolder(absolute, entry) ? `${entry.name}/` : entry.name))
        .toSorted(),
    exists: (path) => isFile(join(absolute, path)),
    read: (path) => readText(absolute, path),
    git: () => gitOf(absolute),
  };
}

function walk(root: string): string[] {
  const found: string[] = [];
  const realRoot = realpathSync(root);
  // Folders reached through symbolic links; each real folder once, or a link to a parent never ends.
  const seenLinks = new Set<string>([realRoot]);
  const visit = (folder: string, prefix: string, depth: number): void => {
    const entries = readFolder(folder);
    if (prefix !== '' && entries.some((entry) => entry.name === 'pyvenv.cfg')) return;
    for (const entry of entries) {
      const path = prefix + entry.name;
      if (entry.isFile()) {
        found.push(path);
      } else if (entry.isDirectory()) {
        if (enters(folder, entry.name) && depth < maximumDepth)
          visit(join(folder, entry.name), `${path}/`, depth + 1);
      } else if (entry.isSymbolicLink()) {
        const target = linkTarget(join(folder, entry.name));
        if (target === undefined || !(target.path === realRoot || target.path.startsWith(realRoot + sep)))
          continue;
        if (!target.folder) found.push(path);
        else if (!seenLinks.has(target.path) && enters(folder, entry.name) && depth < maximumDepth) {
          seenLinks.add(target.path);
          visit(join(folder, entry.name), `${path}/`, depth + 1);
        }
      }
    }
  };
  visit(root, '', 0);
  return found.toSorted();
}

function enters(parent: string, name: string): boolean {
  if (ignoredFolders.has(name) || name.endsWith('.egg-info') || name.startsWith(STAGING_PREFIX)) return false;
  // `dist` and `build` are products of a build, unless the project itself lives there.
  if (buildFolders.has(name))
    return existsSync(join(parent, name, 'manage.py')) || existsSync(join(parent, name, '__init__.py'));
  return true;
}

function readFolder(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // A folder that may not be read (a database's data, root's) cannot hold the user's code.
    return [];
  }
}

function linkTarget(path: string): { path: string; folder: boolean } | undefined {
  try {
    const target = realpathSync(path);
    const found = statSync(target);
    if (found.isDirectory()) return { path: target, folder: true };
    return found.isFile() ? { path: target, folder: false } : undefined;
  } catch {
    return undefined;
  }
}

function isFolder(parent: string, entry: Dirent): boolean {
  return (
    entry.isDirectory() || (entry.isSymbolicLink() && (linkTarget(join(parent, entry.name))?.folder ?? false))
  );
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}

function readText(root: string, path: string): string | undefined {
  const absolute = join(root, path);
  try {
    const found = statSync(absolute, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) return undefined;
    if (found.size > 2 * 1024 * 1024) throw tooLarge(path);
    return checkedText(path, readFileSync(absolute, 'utf8'));
  } catch (error) {
    if (error instanceof DetectionError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DetectionError(`${path} cannot be read (${reason}). Check its permissions.`);
  }
}

function gitOf(root: string): ReturnType<ProjectFiles['git']> {
  const present = insideRepository(root);
  const ask = (parameters: string[], input = ''): SpawnSyncReturns<string> | null =>
    present
      ? spawnSync('git', ['-C', root, '-c', 'core.fsmonitor=false', ...parameters], {
          encoding: 'utf8',
          env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' },
          input,
          maxBuffer: 64 * 1024 * 1024,
          timeout: 10_000,
        })
      : null;
  let repository: boolean | undefined;
  const answers = (): boolean => (repository ??= ask(['rev-parse', '--git-dir'])?.status === 0);
  const ignored = (paths: readonly string[]): string[] => {
    if (paths.length === 0) return [];
    const answer = ask(['check-ignore', '-z', '--stdin'], `${paths.join('\0')}\0`);
    // One path behind a link or in a submodule ends the whole answer; or Git refuses the folder as a whole.
    if (answer?.status === 128 && paths.length > 1 && answers())
      return paths.flatMap((path) => ignored([path]));
    return (answer?.stdout ?? '').split('\0').filter((path) => path !== '');
  };
  return {
    present,
    ignored: (paths) => new Set(ignored(paths)),
    tracked: (path) => ask(['ls-files', '--error-unmatch', '--', path])?.status === 0,
  };
}

function insideRepository(root: string): boolean {
  for (let folder = root; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return true;
    if (folder === dirname(folder)) return false;
  }
}
