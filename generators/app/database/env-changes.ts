/** What is written into `.env`. The file is read and written here; no text of this module holds a value. */
import type { ProjectFiles } from '../detection/project-files.ts';
import { readEnvFile, setEnvVariables, type EnvVariable } from './env-file.ts';
import { projectDisk } from '../regeneration/read-files.ts';
import { carryOut, checkWritable, type WriteStep } from '../regeneration/write-files.ts';

export const ENV_FILE = '.env';

export interface EnvChanges {
  steps: WriteStep[];
  /** Names in the order of the file's lines, with what happens to each. */
  variables: { name: string; action: 'added' | 'changed' | 'kept' }[];
}

/**
 * Why `.env` must not be written, for the user; null when it may.
 * @param git asks Git about the project
 */
export function whyNotWritten(git: ReturnType<ProjectFiles['git']>): string | null {
  if (!git.present) return null;
  if (git.tracked(ENV_FILE)) {
    return '.env is tracked by Git, and would carry the keys into every copy of the repository. Take it out (git rm --cached .env), add a line ".env" to .gitignore, commit, then run again. Keys that were ever committed must be revoked.';
  }
  if (!git.ignored([ENV_FILE]).has(ENV_FILE)) {
    return '.env is not ignored by Git: add a line ".env" to .gitignore, then run again.';
  }
  return null;
}

/**
 * The new text of `.env` as a step to carry out; no step when it holds all values already.
 * @throws QuotingError for a value that no line can hold, RegenerationError for a file that cannot be read or written
 */
export function envChanges(root: string, variables: readonly EnvVariable[]): EnvChanges {
  const disk = projectDisk(root);
  const before = disk.text(ENV_FILE);
  const known = readEnvFile(before ?? '');
  const content = setEnvVariables(before ?? '', variables, 'Supabase project');
  const changes: EnvChanges = {
    steps:
      content === before
        ? []
        : [{ path: ENV_FILE, was: disk.sha256(ENV_FILE) ?? null, content, mode: 0o600 }],
    variables: variables.map(({ name, value }) => {
      const entry = known.get(name);
      return { name, action: entry === undefined ? 'added' : entry.value === value ? 'kept' : 'changed' };
    }),
  };
  if (changes.steps.length > 0) {
    checkWritable(root, [
      { path: ENV_FILE, action: before === undefined ? 'create' : 'update', text: content },
    ]);
  }
  return changes;
}

/** Writes the file: the old one or the new one is there at any moment. */
export function writeEnv(root: string, changes: EnvChanges): void {
  carryOut(root, changes.steps);
}
