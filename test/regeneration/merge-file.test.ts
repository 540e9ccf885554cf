import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  MARKERS,
  hasMarkers,
  mergeFile,
  overlapWithoutBase,
} from '../../generators/app/regeneration/merge-file.ts';

const base = 'one\ntwo\nthree\nfour\nfive\n';

describe('mergeFile', () => {
  it('creates what is new and leaves what the user deleted', () => {
    expect(mergeFile({ base: undefined, ours: undefined, theirs: base })).toEqual({
      kind: 'create',
      text: base,
    });
    expect(mergeFile({ base, ours: undefined, theirs: 'new\n' })).toEqual({ kind: 'deleted-by-user' });
  });

  it('changes nothing where there is nothing new, so that edits stay', () => {
    expect(mergeFile({ base, ours: 'edited\n', theirs: base })).toEqual({ kind: 'unchanged' });
    expect(mergeFile({ base: undefined, ours: base, theirs: base })).toEqual({ kind: 'unchanged' });
  });

  it('takes the new text of a file that was not edited', () => {
    expect(mergeFile({ base, ours: base, theirs: 'new\n' })).toEqual({ kind: 'update', text: 'new\n' });
  });

  it('merges changes of different lines', () => {
    const ours = base.replace('one', 'ONE');
    const theirs = base.replace('five', 'FIVE');
    expect(mergeFile({ base, ours, theirs })).toEqual({
      kind: 'merge',
      text: 'ONE\ntwo\nthree\nfour\nFIVE\n',
    });
  });

  it('marks changes of the same line, diff3 style, and notices the markers next time', () => {
    const decision = mergeFile({
      base,
      ours: base.replace('three', 'mine'),
      theirs: base.replace('three', 'new'),
    });
    if (decision.kind !== 'overlap') throw new Error(decision.kind);
    expect(decision.marked).toBe(
      [
        'one',
        'two',
        MARKERS.ours,
        'mine',
        MARKERS.base,
        'three',
        MARKERS.middle,
        'new',
        MARKERS.theirs,
        'four',
        'five',
        '',
      ].join('\n'),
    );
    expect(hasMarkers(decision.marked)).toBe(true);
    expect(mergeFile({ base, ours: decision.marked, theirs: 'x\n' })).toEqual({ kind: 'unresolved' });
  });

  it('takes one side only where lines overlap, and every other change of both', () => {
    const ours = base.replace('one', 'ONE').replace('three', 'mine');
    const theirs = base.replace('three', 'new').replace('five', 'FIVE');
    expect(mergeFile({ base, ours, theirs })).toMatchObject({
      kind: 'overlap',
      ours: 'ONE\ntwo\nmine\nfour\nFIVE\n',
      theirs: 'ONE\ntwo\nnew\nfour\nFIVE\n',
    });
  });

  it('keeps mixed line endings, a byte order mark and a missing last newline, line by line', () => {
    const ours = '\uFEFFone\r\ntwo\nthree\r\nmine\nfour\r\nfive';
    const theirs = 'one\n2\n2.5\nthree\nfour\nfive\nsix\n';
    expect(mergeFile({ base, ours, theirs })).toEqual({
      kind: 'merge',
      text: '\uFEFFone\r\n2\r\n2.5\r\nthree\r\nmine\nfour\r\nfive\r\nsix',
    });
    expect(mergeFile({ base, ours: base.trimEnd(), theirs: base })).toEqual({ kind: 'unchanged' });
    expect(mergeFile({ base, ours: base.trimEnd(), theirs: base.replace('five', '5') })).toEqual({
      kind: 'update',
      text: 'one\ntwo\nthree\nfour\n5',
    });
  });

  it('writes markers in the line endings of the file', () => {
    const decision = mergeFile({ base: 'a\nb\n', ours: 'a\r\nmine\r\n', theirs: 'a\nnew\n' });
    expect(decision).toMatchObject({
      kind: 'overlap',
      marked: `a\r\n${MARKERS.ours}\r\nmine\r\n${MARKERS.base}\r\nb\r\n${MARKERS.middle}\r\nnew\r\n${MARKERS.theirs}\r\n`,
      ours: 'a\r\nmine\r\n',
      theirs: 'a\r\nnew\r\n',
    });
  });

  it('keeps the line endings of the disk', () => {
    const ours = base.replaceAll('\n', '\r\n');
    expect(mergeFile({ base, ours, theirs: 'new\n' })).toEqual({ kind: 'update', text: 'new\r\n' });
    expect(mergeFile({ base, ours, theirs: base })).toEqual({ kind: 'unchanged' });
  });

  it('takes a file without a base as the user’s', () => {
    expect(mergeFile({ base: undefined, ours: 'theirs\n', theirs: base }).kind).toBe('no-base');
  });

  it('takes every difference of two texts without a base as an overlap', () => {
    const overlap = overlapWithoutBase('mine\r\none\r\ntwo\r\n', 'one\n2\n3\n');
    expect(overlap).toEqual({
      kind: 'overlap',
      marked: `${MARKERS.ours}\r\nmine\r\n${MARKERS.middle}\r\n${MARKERS.theirs}\r\none\r\n${MARKERS.ours}\r\ntwo\r\n${MARKERS.middle}\r\n2\r\n3\r\n${MARKERS.theirs}\r\n`,
      ours: 'mine\r\none\r\ntwo\r\n',
      theirs: 'one\r\n2\r\n3\r\n',
    });
  });

  it('takes differences with only blank lines between them as one', () => {
    const { marked, ours, theirs } = overlapWithoutBase('a\n\nb\n\nsame\nc\n', '1\n\n2\n\nsame\nc\n');
    expect(marked).toBe(`${MARKERS.ours}\na\n\nb\n${MARKERS.middle}\n1\n\n2\n${MARKERS.theirs}\n\nsame\nc\n`);
    expect(ours).toBe('a\n\nb\n\nsame\nc\n');
    expect(theirs).toBe('1\n\n2\n\nsame\nc\n');
  });

  it('agrees with git merge-file wherever both merge cleanly', () => {
    const folder = mkdtempSync(join(tmpdir(), 'merge-'));
    let state = 7;
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state % below;
    };
    const edit = (lines: string[]): string[] => {
      const copy = [...lines];
      for (let count = 1 + random(2); count > 0; count -= 1) {
        const at = random(copy.length);
        const kind = random(3);
        if (kind === 0) copy.splice(at, 1);
        else if (kind === 1) copy.splice(at, 0, `inserted ${random(1000)}`);
        else copy[at] = `changed ${random(1000)}`;
      }
      return copy;
    };
    let clean = 0;
    try {
      for (let round = 0; round < 150; round += 1) {
        const lines = Array.from({ length: 12 }, (_, index) => `line ${index}`);
        const [o, a, b] = [lines, edit(lines), edit(lines)].map((list) => `${list.join('\n')}\n`) as [
          string,
          string,
          string,
        ];
        for (const [name, text] of [
          ['a', a],
          ['o', o],
          ['b', b],
        ] as const)
          writeFileSync(join(folder, name), text);
        const git = spawnSync('git', ['merge-file', '-p', 'a', 'o', 'b'], { cwd: folder, encoding: 'utf8' });
        const decision = mergeFile({ base: o, ours: a, theirs: b });
        if (decision.kind === 'merge' || decision.kind === 'update') {
          expect(git.status).toBe(0);
          expect(decision.text).toBe(git.stdout);
          clean += 1;
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(clean).toBeGreaterThan(50);
  });
});
