import type { RenderedFile } from '../rendering/render-files.ts';
import type { Lock } from './lock-file.ts';
import { mergeFile, type FileDecision } from './merge-file.ts';

/** What the user wants for a file where both sides changed the same lines. */
export const CONFLICT_CHOICES = ['markers', 'ours', 'theirs'] as const;
export type ConflictChoice = (typeof CONFLICT_CHOICES)[number];

/** What the user wants for a file that was there before the generator. */
export type ForeignChoice = 'keep-as-old' | 'leave';

/** One file of the project and what will be done with it. */
export interface FileChange {
  path: string;
  action:
    | 'create'
    | 'update'
    | 'merge'
    | 'conflict'
    | 'keep yours'
    | 'replace'
    | 'leave'
    | 'unchanged'
    | 'deleted by you'
    | 'delete'
    | 'no longer written';
  /** The new content; undefined where nothing is written. */
  text?: string;
  /** The file that is there is kept under this name first. */
  keepAs?: string;
}

/** Asks about what only the user can decide. All of it is asked before anything is written. */
export interface Decisions {
  overlap(path: string, decision: Extract<FileDecision, { kind: 'overlap' }>): Promise<ConflictChoice>;
  foreign(path: string, keepAs: string): Promise<ForeignChoice>;
}

/** Something stands in the way of writing. `message` says what, where and what to do. */
export class RegenerationError extends Error {
  override name = 'RegenerationError';
}

export interface ChangePlan {
  changes: FileChange[];
  /** The base of the next run: the new rendering of every file, whatever the user chose. */
  lockFiles: Record<string, string>;
}

/** A free name to keep a file under: `Dockerfile.old`, `Dockerfile.old.2`, …. */
export function oldName(path: string, exists: (path: string) => boolean): string {
  let name = `${path}.old`;
  for (let number = 2; exists(name); number += 1) name = `${path}.old.${number}`;
  return name;
}

/**
 * Decides what happens to each file; writes nothing.
 * @param rendered the new rendering
 * @param lock the last one, null at the first run
 * @param disk reads a file of the project; undefined when it is not there
 * @param decisions answers for overlaps and for files that were there before
 * @throws RegenerationError when markers of an earlier merge are left
 */
export async function planChanges(
  rendered: Map<string, RenderedFile>,
  lock: Lock | null,
  disk: (path: string) => string | undefined,
  decisions: Decisions,
): Promise<ChangePlan> {
  const changes: FileChange[] = [];
  const lockFiles: Record<string, string> = {};
  const unresolved: string[] = [];
  const pending: [string, FileDecision | { kind: 'keep' }][] = [];

  for (const [path, { file, text }] of rendered) {
    if (file.writeOnce) {
      const kind = disk(path) === undefined ? 'create' : 'keep';
      pending.push([path, kind === 'create' ? { kind, text } : { kind }]);
      continue;
    }
    const decision = mergeFile({ base: lock?.files[path], ours: disk(path), theirs: text });
    if (decision.kind === 'unresolved') unresolved.push(path);
    lockFiles[path] = text;
    pending.push([path, decision]);
  }
  if (unresolved.length > 0) {
    throw new RegenerationError(
      `Conflict markers of the last run are left in ${unresolved.join(', ')}. Edit them away, then run again. Nothing was written.`,
    );
  }
  for (const [path, decision] of pending) {
    const change = await toChange(path, decision, disk, decisions);
    // A file that the user keeps instead of ours has no base: the next run asks again only if it is gone.
    if (change.action === 'leave') delete lockFiles[path];
    changes.push(change);
  }
  for (const [path, base] of Object.entries(lock?.files ?? {})) {
    if (rendered.has(path)) continue;
    const ours = disk(path);
    if (ours === undefined) continue;
    changes.push({ path, action: ours === base ? 'delete' : 'no longer written' });
  }
  return { changes, lockFiles };
}

async function toChange(
  path: string,
  decision: FileDecision | { kind: 'keep' },
  disk: (path: string) => string | undefined,
  decisions: Decisions,
): Promise<FileChange> {
  switch (decision.kind) {
    case 'create':
      return { path, action: 'create', text: decision.text };
    case 'update':
      return { path, action: 'update', text: decision.text };
    case 'merge':
      return { path, action: 'merge', text: decision.text };
    case 'keep':
    case 'unchanged':
    case 'unresolved':
      return { path, action: 'unchanged' };
    case 'deleted-by-user':
      return { path, action: 'deleted by you' };
    case 'foreign': {
      const keepAs = oldName(path, (name) => disk(name) !== undefined);
      const choice = await decisions.foreign(path, keepAs);
      return choice === 'leave'
        ? { path, action: 'leave' }
        : { path, action: 'replace', keepAs, text: decision.theirs };
    }
    case 'overlap': {
      const choice = await decisions.overlap(path, decision);
      if (choice === 'ours') {
        return decision.ours === disk(path)
          ? { path, action: 'keep yours' }
          : { path, action: 'merge', text: decision.ours };
      }
      return choice === 'theirs'
        ? { path, action: 'update', text: decision.theirs }
        : { path, action: 'conflict', text: decision.marked };
    }
  }
}
