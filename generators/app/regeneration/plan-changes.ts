import { createHash } from 'node:crypto';
import type { RenderedFile } from '../rendering/render-files.ts';
import { mergeLists, mergesAsList, oldName, type ExistingChoice } from './existing-files.ts';
import type { Lock, PendingFile } from './lock-file.ts';
import { hasMarkers, mergeFile, overlapWithoutBase, type Overlap } from './merge-file.ts';
import { RegenerationError } from './regeneration-error.ts';
import { sameLines, splitText } from './text-lines.ts';

/** Compose takes this one where several are there. */
const COMPOSE_FILE = 'compose.yaml';

/** What the user wants for a file where both sides changed the same lines. */
export const CONFLICT_CHOICES = ['markers', 'ours', 'theirs'] as const;
export type ConflictChoice = (typeof CONFLICT_CHOICES)[number];

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
    | 'set aside'
    | 'leave'
    | 'unchanged'
    | 'deleted by you'
    | 'delete'
    | 'no longer written';
  /** The new content; undefined where nothing is written. */
  text?: string;
  /** The file that is there is kept under this name first; with `set aside` it is not there any more then. */
  keepAs?: string;
}

/** The files on disk, as far as a run must know them. */
export interface ProjectDisk {
  /** The text; undefined when there is no such file. Throws RegenerationError when it is no text or cannot be read. */
  text(this: void, path: string): string | undefined;
  exists(this: void, path: string): boolean;
  /** Of the bytes, in hexadecimal digits; undefined when there is no such file. */
  sha256(this: void, path: string): string | undefined;
}

/** What is known of the files beside their texts. */
export interface RegenerationState {
  /** What was generated last; null where nothing tells. */
  lock: Lock | null;
  /** No base is known though there was a run before: every file may be edited, none is merely «there already». */
  mayBeEdited: boolean;
  /** Compose files of other names, of which Compose takes only ours. */
  rivals: readonly string[];
  /** Files of ours that the user does not want: those of that name are theirs, or none is there. */
  leave: readonly string[];
  /** Ask again about those. */
  askLeft: boolean;
  /** A run came to its end here. */
  ranBefore: boolean;
  /** Files that the user deleted or left and wants to have now. */
  restore: readonly string[];
}

/** One file as it is examined: settled, or waiting for the user's word. */
type Examined =
  | { kind: 'settled'; path: string; change: FileChange }
  | { kind: 'overlap'; path: string; overlap: Overlap; current: string; base: 'known' | 'unknown' }
  | { kind: 'existing'; path: string; ours: string; theirs: string; keepAs: string }
  | { kind: 'rivals'; path: string; theirs: string; rivals: { path: string; keepAs: string }[] };

/** All files, and what only the user can decide. */
export interface Examination {
  files: Examined[];
  overlaps: Extract<Examined, { kind: 'overlap' }>[];
  existing: Extract<Examined, { kind: 'existing' | 'rivals' }>[];
  /** What is generated now, by path: the base of the next run. */
  rendered: Map<string, string>;
  /** Files that are left and not generated now: they stay so. */
  left: string[];
  /** Files that the user wants to have now. */
  restore: readonly string[];
}

/** The user's word for each file that waits for it. */
export interface Choices {
  overlaps: ReadonlyMap<string, ConflictChoice>;
  existing: ReadonlyMap<string, ExistingChoice>;
}

export interface ChangePlan {
  changes: FileChange[];
  /** The base of the next run: the new rendering of every file, whatever the user chose. */
  lockFiles: Record<string, string>;
  /** Files of the user's that are left as they are, now and at the next run. */
  leave: string[];
}

/**
 * Looks at each file of the new rendering and of the lock; decides what can be decided without the user.
 * @param rendered the new rendering
 * @param disk reads a file of the project; undefined when it is not there
 * @throws RegenerationError when markers of an earlier merge are left
 */
export function examineFiles(
  rendered: ReadonlyMap<string, RenderedFile>,
  state: RegenerationState,
  disk: ProjectDisk,
): Examination {
  const { lock, leave, restore } = state;
  const base = (path: string): string | undefined => lock?.files[path] ?? lock?.leftOver?.[path] ?? undefined;
  const isLeft = (path: string): boolean =>
    leave.includes(path) && !restore.includes(path) && !(state.askLeft && rendered.has(path));
  const known = [...new Set([...rendered.keys(), ...Object.keys(lock?.files ?? {})])];
  refuseMarkers(
    known.filter((path) => rendered.get(path)?.file.writeOnce !== true && !isLeft(path)),
    disk,
  );
  const files: Examined[] = [];
  const settled = (path: string, change: Omit<FileChange, 'path'>): void => {
    files.push({ kind: 'settled', path, change: { path, ...change } });
  };
  for (const [path, { file, text }] of rendered) {
    if (file.writeOnce) {
      settled(path, disk.exists(path) ? { action: 'unchanged' } : { action: 'create', text });
      continue;
    }
    const restored = restore.includes(path);
    if (isLeft(path)) {
      settled(path, { action: 'leave' });
      continue;
    }
    const ours = disk.text(path);
    const decision = mergeFile({ base: base(path), ours, theirs: text });
    if (
      path === COMPOSE_FILE &&
      !restored &&
      decision.kind === 'create' &&
      state.rivals.length > 0 &&
      !state.mayBeEdited
    ) {
      const rivals = state.rivals.map((rival) => ({ path: rival, keepAs: oldName(rival, disk) }));
      files.push({ kind: 'rivals', path, theirs: text, rivals });
      continue;
    }
    switch (decision.kind) {
      case 'create':
      case 'update':
      case 'merge':
        settled(path, { action: decision.kind, text: decision.text });
        break;
      case 'deleted-by-user':
        settled(path, restored ? { action: 'create', text } : { action: 'deleted by you' });
        break;
      case 'overlap':
        files.push({ kind: 'overlap', path, overlap: decision, current: ours ?? '', base: 'known' });
        break;
      case 'no-base':
        files.push(
          state.mayBeEdited ||
            lock?.leftOver?.[path] === null ||
            (state.ranBefore && resembles(decision.ours, text))
            ? {
                kind: 'overlap',
                path,
                overlap: overlapWithoutBase(decision.ours, text),
                current: decision.ours,
                base: 'unknown',
              }
            : { kind: 'existing', path, ours: decision.ours, theirs: text, keepAs: oldName(path, disk) },
        );
        break;
      case 'unchanged':
      case 'unresolved':
        settled(path, { action: 'unchanged' });
    }
  }
  for (const [path, text] of Object.entries(lock?.files ?? {})) {
    if (rendered.has(path)) continue;
    const ours = disk.text(path);
    if (ours === undefined) continue;
    const edited = !sameLines(splitText(ours).lines, splitText(text).lines);
    settled(path, { action: edited ? 'no longer written' : 'delete' });
  }
  return {
    files,
    overlaps: files.filter((file) => file.kind === 'overlap'),
    existing: files.filter((file) => file.kind === 'existing' || file.kind === 'rivals'),
    left: leave.filter((path) => isLeft(path) && !rendered.has(path)),
    restore,
    rendered: new Map(
      [...rendered].filter(([, { file }]) => !file.writeOnce).map(([path, { text }]) => [path, text]),
    ),
  };
}

/** What happens to each file, with the user's word for those that waited for it. Writes nothing. */
export function planChanges(examination: Examination, choices: Choices): ChangePlan {
  // Who restores a file wants ours.
  const word = (path: string, usual: ExistingChoice): ExistingChoice => {
    const chosen = choices.existing.get(path) ?? usual;
    return chosen === 'leave' && examination.restore.includes(path) ? 'old' : chosen;
  };
  const changes = examination.files.flatMap((file): FileChange[] => {
    switch (file.kind) {
      case 'settled':
        return [file.change];
      case 'overlap':
        return [resolveOverlap(file, choices.overlaps.get(file.path) ?? 'markers')];
      case 'existing':
        return [resolveExisting(file, word(file.path, 'old'))];
      case 'rivals':
        return resolveRivals(file, word(file.path, 'merge'));
    }
  });
  const leave = changes.filter((change) => change.action === 'leave').map(({ path }) => path);
  leave.push(...examination.left);
  // A file that the user keeps instead of ours has no base.
  const lockFiles = Object.fromEntries([...examination.rendered].filter(([path]) => !leave.includes(path)));
  return { changes, lockFiles, leave };
}

/** Whether a change writes or deletes something. */
export function isWritten({ action, text }: FileChange): boolean {
  return text !== undefined || action === 'delete' || action === 'set aside';
}

/**
 * What a run that is cut short leaves in the lock, so that the next one knows what was carried out.
 * @param lockFiles the base of the next run
 */
export function pendingFiles(
  changes: readonly FileChange[],
  lockFiles: Readonly<Record<string, string>>,
): Record<string, PendingFile> {
  return Object.fromEntries(
    changes.flatMap(({ path, action, text }): [string, PendingFile][] => {
      if (action === 'delete') return [[path, { sha256: null, text: null }]];
      const base = lockFiles[path];
      if (text === undefined || base === undefined) return [];
      return [[path, { sha256: sha256(text), text: base }]];
    }),
  );
}

/** SHA-256 in hexadecimal digits. */
export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function resolveOverlap(
  { path, overlap, current }: Extract<Examined, { kind: 'overlap' }>,
  choice: ConflictChoice,
): FileChange {
  switch (choice) {
    case 'markers':
      return { path, action: 'conflict', text: overlap.marked };
    case 'theirs':
      return { path, action: 'update', text: overlap.theirs };
    case 'ours':
      return overlap.ours === current
        ? { path, action: 'keep yours' }
        : { path, action: 'merge', text: overlap.ours };
  }
}

function resolveExisting(
  { path, ours, theirs, keepAs }: Extract<Examined, { kind: 'existing' }>,
  choice: ExistingChoice,
): FileChange {
  switch (choice) {
    case 'leave':
      return { path, action: 'leave' };
    case 'old':
      return { path, action: 'replace', keepAs, text: theirs };
    case 'merge':
      return mergesAsList(path)
        ? { path, action: 'merge', text: mergeLists(path, ours, theirs) }
        : { path, action: 'conflict', text: overlapWithoutBase(ours, theirs).marked };
  }
}

function resolveRivals(
  { path, theirs, rivals }: Extract<Examined, { kind: 'rivals' }>,
  choice: ExistingChoice,
): FileChange[] {
  if (choice === 'leave') return [{ path, action: 'leave' }];
  const aside = rivals.map((rival): FileChange => ({ ...rival, action: 'set aside' }));
  return [...(choice === 'old' ? aside : []), { path, action: 'create', text: theirs }];
}

/** Whether most of a file is what we write: then it is ours, though the lock does not know of it. */
function resembles(ours: string, theirs: string): boolean {
  const lines = splitText(ours).lines.filter((line) => line.trim() !== '');
  const generated = new Set(splitText(theirs).lines);
  // A few lines are the same in any two such files.
  return lines.length >= 8 && lines.filter((line) => generated.has(line)).length * 2 > lines.length;
}

function refuseMarkers(paths: readonly string[], disk: ProjectDisk): void {
  const unresolved = paths.filter((path) => hasMarkers(disk.text(path) ?? ''));
  if (unresolved.length === 0) return;
  throw new RegenerationError(
    `Conflict markers of an earlier run are left in ${unresolved.join(', ')}. Edit the file${unresolved.length > 1 ? 's' : ''} so that the lines with <<<<<<<, |||||||, ======= and >>>>>>> are gone, then run again. Nothing was written.`,
  );
}
