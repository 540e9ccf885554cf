import { describe, expect, it } from 'vitest';
import {
  LARGEST_LOCK,
  formatLock,
  readLock,
  settlePending,
  type Lock,
} from '../../generators/app/regeneration/lock-file.ts';
import { sha256 } from '../../generators/app/regeneration/plan-changes.ts';
import { RegenerationError } from '../../generators/app/regeneration/regeneration-error.ts';

const text = (files: unknown, others: object = {}): string =>
  JSON.stringify({ generatorVersion: '0.1.0', files, ...others });

const usable = (lockText: string, ownVersion = '0.1.0'): Lock => {
  const state = readLock(lockText, ownVersion);
  if (state.kind !== 'usable') throw new Error(JSON.stringify(state));
  return state.lock;
};

describe('readLock', () => {
  it('reads back what was written, sorted, a line of a file on its own line', () => {
    const lock: Lock = {
      generatorVersion: '0.1.0',
      files: { 'compose.yaml': 'a\nb\n', Dockerfile: 'FROM x' },
      leftOver: { 'SUPABASE_SETUP.md': 'a\n', 'docker/requirements.txt': null },
      pending: {
        Dockerfile: { sha256: sha256('FROM y'), text: 'FROM y' },
        'DOCKER.md': { sha256: null, text: null },
      },
    };
    const written = formatLock(lock);
    expect(written.indexOf('"Dockerfile"')).toBeLessThan(written.indexOf('"compose.yaml"'));
    expect(written).toContain('      "a",\n      "b",\n      ""\n');
    expect(usable(written)).toEqual(lock);
  });

  it('speaks of nothing but what the generator writes', () => {
    const lock = usable(
      text(
        { '.git/HEAD': ['x'], 'manage.py': ['x'], '.env': ['x'], Dockerfile: ['x'], __proto__: ['x'] },
        { pending: { 'manage.py': { sha256: null, text: null } } },
      ),
    );
    expect(lock.files).toEqual({ Dockerfile: 'x' });
    expect(lock.pending).toEqual({});
  });

  it.each(['/etc/passwd', '../x', 'a/../../x', 'C:\\x', '..', '', './x', 'a//b', 'a\\..\\b', 'a\0b'])(
    'refuses the path %j',
    (path) => {
      expect(() => readLock(text({ [path]: ['x'] }), '0.1.0')).toThrow(RegenerationError);
      expect(() => readLock(text({}, { pending: { [path]: null } }), '0.1.0')).toThrow(RegenerationError);
      expect(() => readLock(text({}, { leftOver: { [path]: null } }), '0.1.0')).toThrow(RegenerationError);
    },
  );

  it('is missing where there is none', () => {
    expect(readLock(undefined, '0.1.0')).toEqual({ kind: 'missing' });
  });

  it.each([
    '',
    '{',
    '[]',
    'null',
    '3',
    '{"generatorVersion":1,"files":{}}',
    '{"generatorVersion":"0.1.0"}',
    '{"generatorVersion":"0.1.0","files":[]}',
    '{"generatorVersion":"not a version","files":{}}',
    JSON.stringify({ generatorVersion: '0.1.0\u001B[2J', files: {} }),
    text({ Dockerfile: 'one text' }),
    text({ Dockerfile: [1] }),
    text({ Dockerfile: { 0: 'x' } }),
    text({}, { pending: { Dockerfile: { sha256: 'short', text: ['x'] } } }),
    text({}, { pending: { Dockerfile: null } }),
    text({}, { pending: [] }),
    text({}, { leftOver: 'Dockerfile' }),
    text({}, { leftOver: { Dockerfile: 'x' } }),
    '['.repeat(200_000),
    `{\n<<<<<<< HEAD\n"a": 1\n=======\n>>>>>>> branch\n}`,
    ' '.repeat(LARGEST_LOCK + 1),
  ])('takes %.60j as damaged', (damaged) => {
    expect(readLock(damaged, '0.1.0')).toMatchObject({ kind: 'damaged', reason: expect.any(String) });
  });

  it('names Git’s conflict markers, and what to do', () => {
    expect(readLock('<<<<<<< HEAD\n', '0.1.0')).toMatchObject({
      reason: expect.stringMatching(/git checkout/),
    });
  });

  it.each([
    ['0.2.0', '0.1.9'],
    ['1.0.0', '0.9.9'],
    ['0.1.10', '0.1.9'],
    ['2.0.0-beta.1', '1.9.9'],
  ])('refuses the lock of the newer %s, with the way out', (theirs, own) => {
    const newer = JSON.stringify({ generatorVersion: theirs, files: {} });
    expect(() => readLock(newer, own)).toThrow(`npx generator-backendai-docker@${theirs}`);
  });

  it('takes the lock of an older one', () => {
    expect(usable(text({ Dockerfile: ['x', ''] }), '0.3.0').files).toEqual({ Dockerfile: 'x\n' });
  });
});

describe('settlePending', () => {
  const lock: Lock = {
    generatorVersion: '0.1.0',
    files: { Dockerfile: 'old', 'compose.yaml': 'old', 'DOCKER.md': 'old', '.env.example': 'old' },
    pending: {
      Dockerfile: { sha256: sha256('merged'), text: 'new' },
      'compose.yaml': { sha256: sha256('merged'), text: 'new' },
      'DOCKER.md': { sha256: null, text: null },
      '.env.example': { sha256: null, text: null },
      'compose.dev.yaml': { sha256: sha256('created'), text: 'created' },
    },
  };

  it('takes what was carried out as written, and the rest as before', () => {
    const disk: Record<string, string> = {
      Dockerfile: sha256('merged'),
      'compose.yaml': sha256('not yet'),
      '.env.example': sha256('still there'),
      'compose.dev.yaml': sha256('created'),
    };
    expect(settlePending(lock, (path) => disk[path])).toEqual({
      ...lock,
      files: {
        Dockerfile: 'new',
        'compose.yaml': 'old',
        '.env.example': 'old',
        'compose.dev.yaml': 'created',
      },
    });
  });
});
