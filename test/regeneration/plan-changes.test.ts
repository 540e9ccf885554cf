import { describe, expect, it } from 'vitest';
import {
  planChanges,
  type ConflictChoice,
  type Decisions,
} from '../../generators/app/regeneration/plan-changes.ts';
import type { RenderedFile } from '../../generators/app/rendering/render-files.ts';

const rendering = (files: Record<string, string>, writeOnce: string[] = []): Map<string, RenderedFile> =>
  new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      {
        text,
        file: {
          template: '',
          destination: path,
          when: () => true,
          purpose: '',
          writeOnce: writeOnce.includes(path),
        },
      },
    ]),
  );

const deciding = (
  overlap: ConflictChoice = 'markers',
  foreign: 'keep-as-old' | 'leave' = 'keep-as-old',
): Decisions => ({
  overlap: () => Promise.resolve(overlap),
  foreign: () => Promise.resolve(foreign),
});

const disk = (files: Record<string, string>) => (path: string) => files[path];
const lock = (files: Record<string, string>) => ({ generatorVersion: '0.1.0', files });

describe('planChanges', () => {
  it('keeps a file that was there before under a free name', async () => {
    const on = disk({ Dockerfile: 'mine', 'Dockerfile.old': 'older' });
    const { changes } = await planChanges(rendering({ Dockerfile: 'new' }), null, on, deciding());
    expect(changes).toEqual([
      { path: 'Dockerfile', action: 'replace', keepAs: 'Dockerfile.old.2', text: 'new' },
    ]);
  });

  it('leaves a file that the user wants to keep, and does not claim it', async () => {
    const on = disk({ Dockerfile: 'mine' });
    const plan = await planChanges(rendering({ Dockerfile: 'new' }), null, on, deciding('markers', 'leave'));
    expect(plan).toEqual({ changes: [{ path: 'Dockerfile', action: 'leave' }], lockFiles: {} });
  });

  it('writes a write-once file only where it is missing, and never into the lock', async () => {
    const files = rendering({ '.env': 'SECRET' }, ['.env']);
    const first = await planChanges(files, null, disk({}), deciding());
    expect(first).toEqual({ changes: [{ path: '.env', action: 'create', text: 'SECRET' }], lockFiles: {} });
    const second = await planChanges(files, null, disk({ '.env': 'theirs' }), deciding());
    expect(second.changes).toEqual([{ path: '.env', action: 'unchanged' }]);
  });

  it.each([
    ['ours', 'keep yours'],
    ['theirs', 'update'],
    ['markers', 'conflict'],
  ] as const)('resolves an overlap by %s', async (choice, action) => {
    const { changes } = await planChanges(
      rendering({ f: 'new\n' }),
      lock({ f: 'old\n' }),
      disk({ f: 'mine\n' }),
      deciding(choice),
    );
    expect(changes[0]?.action).toBe(action);
  });

  it('stops at markers of an earlier merge, naming the files', async () => {
    const marked = '<<<<<<< yours\na\n||||||| last generated\nb\n=======\nc\n>>>>>>> newly generated\n';
    const run = planChanges(rendering({ f: 'new' }), lock({ f: 'old' }), disk({ f: marked }), deciding());
    await expect(run).rejects.toThrow(/left in f\./);
  });

  it('deletes what is no longer generated only where it was not edited', async () => {
    const { changes } = await planChanges(
      rendering({}),
      lock({ a: 'a', b: 'b', c: 'c' }),
      disk({ a: 'a', b: 'edited' }),
      deciding(),
    );
    expect(changes).toEqual([
      { path: 'a', action: 'delete' },
      { path: 'b', action: 'no longer written' },
    ]);
  });
});
