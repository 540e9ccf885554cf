import { describe, expect, it } from 'vitest';
import type { ExistingChoice } from '../../generators/app/regeneration/existing-files.ts';
import type { Lock } from '../../generators/app/regeneration/lock-file.ts';
import {
  examineFiles,
  pendingFiles,
  planChanges,
  sha256,
  type ChangePlan,
  type ConflictChoice,
  type RegenerationState,
} from '../../generators/app/regeneration/plan-changes.ts';
import { memoryDisk, rendering } from './memory-disk.ts';

const lock = (files: Record<string, string>): Lock => ({ generatorVersion: '0.1.0', files });

interface Run {
  rendered: Record<string, string>;
  disk?: Record<string, string>;
  state?: Partial<RegenerationState>;
  writeOnce?: string[];
  overlap?: ConflictChoice;
  existing?: ExistingChoice;
}

/** One run in which every overlap and every file that was there gets the same word. */
function planned({ rendered, disk = {}, state = {}, writeOnce = [], overlap, existing }: Run): ChangePlan {
  const examination = examineFiles(
    rendering(rendered, writeOnce),
    {
      lock: null,
      mayBeEdited: false,
      ranBefore: false,
      rivals: [],
      leave: [],
      askLeft: false,
      restore: [],
      ...state,
    },
    memoryDisk(disk),
  );
  return planChanges(examination, {
    overlaps: new Map(overlap ? examination.overlaps.map(({ path }) => [path, overlap]) : []),
    existing: new Map(existing ? examination.existing.map(({ path }) => [path, existing]) : []),
  });
}

describe('a file that was there before the first run', () => {
  it('is kept under a free name', () => {
    const { changes } = planned({
      rendered: { Dockerfile: 'new' },
      disk: { Dockerfile: 'mine', 'Dockerfile.old': 'older' },
    });
    expect(changes).toEqual([
      { path: 'Dockerfile', action: 'replace', keepAs: 'Dockerfile.old.2', text: 'new' },
    ]);
  });

  it('is not kept twice, when a run that was cut short had kept it', () => {
    const { changes } = planned({
      rendered: { Dockerfile: 'new' },
      disk: { Dockerfile: 'mine', 'Dockerfile.old': 'mine' },
    });
    expect(changes[0]).toMatchObject({ keepAs: 'Dockerfile.old' });
  });

  it('is left as it is, now and later, where the user wants that', () => {
    const files = { rendered: { Dockerfile: 'new' }, disk: { Dockerfile: 'mine' } };
    const left = { changes: [{ path: 'Dockerfile', action: 'leave' }], lockFiles: {}, leave: ['Dockerfile'] };
    expect(planned({ ...files, existing: 'leave' })).toEqual(left);
    expect(planned({ ...files, state: { leave: ['Dockerfile'] } })).toEqual(left);
    expect(planned({ ...files, disk: {}, state: { leave: ['Dockerfile'] } })).toEqual(left);
  });

  it('is merged as a list where it is one, and with markers elsewhere', () => {
    const listed = planned({
      rendered: { '.dockerignore': '**/.git\n' },
      disk: { '.dockerignore': '*.csv\n' },
      existing: 'merge',
    });
    expect(listed.changes[0]).toMatchObject({
      action: 'merge',
      text: '**/.git\n\n# ---- From your .dockerignore\n*.csv\n',
    });
    const marked = planned({
      rendered: { Dockerfile: 'FROM new\nUSER 1\n' },
      disk: { Dockerfile: 'FROM mine\nUSER 1\n' },
      existing: 'merge',
    });
    expect(marked.changes[0]).toMatchObject({
      action: 'conflict',
      text: '<<<<<<< yours\nFROM mine\n=======\nFROM new\n>>>>>>> newly generated\nUSER 1\n',
    });
  });
});

describe('a later run', () => {
  it('writes a write-once file only where it is missing, and never into the lock', () => {
    const files = { rendered: { '.env': 'SECRET' }, writeOnce: ['.env'] };
    expect(planned(files)).toMatchObject({
      changes: [{ path: '.env', action: 'create', text: 'SECRET' }],
      lockFiles: {},
    });
    const markers = '<<<<<<< yours\n';
    expect(planned({ ...files, disk: { '.env': markers } }).changes).toEqual([
      { path: '.env', action: 'unchanged' },
    ]);
  });

  it.each([
    ['ours', 'keep yours'],
    ['theirs', 'update'],
    ['markers', 'conflict'],
  ] as const)('resolves an overlap by %s', (overlap, action) => {
    const { changes, lockFiles } = planned({
      rendered: { f: 'new\n' },
      disk: { f: 'mine\n' },
      state: { lock: lock({ f: 'old\n' }) },
      overlap,
    });
    expect(changes[0]?.action).toBe(action);
    // The same overlap is not asked about again.
    expect(lockFiles).toEqual({ f: 'new\n' });
  });

  it.each(['<<<<<<< yours', '||||||| last generated', '>>>>>>> newly generated'])(
    'stops at a left marker %s, naming the files, those that are no longer written among them',
    (marker) => {
      const run = (): ChangePlan =>
        planned({
          rendered: { f: 'new' },
          disk: { f: `a\n${marker}\r\nb`, g: marker },
          state: { lock: lock({ f: 'old', g: 'old' }) },
        });
      expect(run).toThrow(/left in f, g\./);
    },
  );

  it('deletes what is no longer generated only where it was not edited', () => {
    const { changes, lockFiles } = planned({
      rendered: {},
      disk: { a: 'a\r\n', b: 'edited' },
      state: { lock: lock({ a: 'a\n', b: 'b', c: 'c' }) },
    });
    expect(changes).toEqual([
      { path: 'a', action: 'delete' },
      { path: 'b', action: 'no longer written' },
    ]);
    expect(lockFiles).toEqual({});
  });

  it('leaves away what the user deleted, until it is restored', () => {
    const files = { rendered: { f: 'new' }, state: { lock: lock({ f: 'old' }) } };
    expect(planned(files).changes).toEqual([{ path: 'f', action: 'deleted by you' }]);
    expect(planned({ ...files, state: { ...files.state, restore: ['f'] } }).changes).toEqual([
      { path: 'f', action: 'create', text: 'new' },
    ]);
  });

  it('restores a file that was left: the user’s is then kept as an old one', () => {
    const { changes, leave } = planned({
      rendered: { f: 'new' },
      disk: { f: 'mine' },
      state: { leave: ['f'], restore: ['f'] },
    });
    expect(changes).toEqual([{ path: 'f', action: 'replace', keepAs: 'f.old', text: 'new' }]);
    expect(leave).toEqual([]);
  });
});

describe('a file that is generated again', () => {
  const edited = { rendered: { f: 'one\nnew\n' }, disk: { f: 'mine\none\nold\n' } };

  it('is merged with what it was when it was generated last', () => {
    const state = { lock: { ...lock({}), leftOver: { f: 'one\nold\n' } } };
    expect(planned({ ...edited, state }).changes).toEqual([
      { path: 'f', action: 'merge', text: 'mine\none\nnew\n' },
    ]);
    expect(planned({ rendered: edited.rendered, state }).changes[0]?.action).toBe('deleted by you');
  });

  it('is an overlap where nothing tells what it was, or most of it is ours', () => {
    const unknown = { lock: { ...lock({}), leftOver: { f: null } } };
    expect(planned({ ...edited, state: unknown }).changes[0]?.action).toBe('conflict');
    const lines = '1\n2\n3\n4\n5\n6\n7\n';
    const ours = { rendered: { f: `${lines}c\n` }, disk: { f: `${lines}mine\n` } };
    expect(planned({ ...ours, state: { ranBefore: true } }).changes[0]?.action).toBe('conflict');
    expect(planned(ours).changes[0]?.action).toBe('replace');
  });
});

it('keeps in mind what is left, though it is not generated for once', () => {
  expect(planned({ rendered: {}, state: { leave: ['f'] } })).toMatchObject({ leave: ['f'], lockFiles: {} });
});

describe('without a usable lock', () => {
  const state = { mayBeEdited: true };

  it('takes every difference as an overlap, and what is the same as ours', () => {
    const { changes, lockFiles } = planned({
      rendered: { same: 'x\n', differs: 'one\nnew\n', missing: 'm\n' },
      disk: { same: 'x\n', differs: 'one\nmine\n' },
      state,
      overlap: 'markers',
    });
    expect(changes).toEqual([
      { path: 'same', action: 'unchanged' },
      {
        path: 'differs',
        action: 'conflict',
        text: 'one\n<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> newly generated\n',
      },
      { path: 'missing', action: 'create', text: 'm\n' },
    ]);
    expect(Object.keys(lockFiles)).toEqual(['same', 'differs', 'missing']);
  });

  it('keeps all of the user’s by «ours»', () => {
    const { changes } = planned({
      rendered: { f: 'one\nnew\nthree\n' },
      disk: { f: 'mine\none\n' },
      state,
      overlap: 'ours',
    });
    expect(changes).toEqual([{ path: 'f', action: 'keep yours' }]);
  });
});

it('tells the next run what was begun: the bytes that will be there, and the base that they have', () => {
  const begun = pendingFiles(
    [
      { path: 'f', action: 'merge', text: 'merged' },
      { path: 'g', action: 'delete' },
      { path: '.env', action: 'create', text: 'SECRET' },
      { path: 'h', action: 'unchanged' },
    ],
    { f: 'new', h: 'h' },
  );
  expect(begun).toEqual({
    f: { sha256: sha256('merged'), text: 'new' },
    g: { sha256: null, text: null },
  });
});
