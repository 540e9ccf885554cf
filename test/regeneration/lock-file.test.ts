import { describe, expect, it } from 'vitest';
import { LockError, formatLock, readLock } from '../../generators/app/regeneration/lock-file.ts';

const lock = (files: Record<string, unknown>, generatorVersion = '0.1.0'): string =>
  JSON.stringify({ generatorVersion, files });

describe('readLock', () => {
  it('reads back what was written', () => {
    const text = formatLock({ generatorVersion: '0.1.0', files: { 'compose.yaml': '2', Dockerfile: '1' } });
    expect(text.indexOf('"Dockerfile"')).toBeLessThan(text.indexOf('"compose.yaml"'));
    expect(readLock(text, '0.1.0')).toEqual({
      generatorVersion: '0.1.0',
      files: { Dockerfile: '1', 'compose.yaml': '2' },
    });
  });

  it('speaks of nothing but what the generator writes', () => {
    const text = lock({ '.git/HEAD': 'x', 'manage.py': 'x', '.env': 'x', Dockerfile: 'x' });
    expect(Object.keys(readLock(text, '0.1.0')?.files ?? {})).toEqual(['Dockerfile']);
  });

  it.each(['/etc/passwd', '../x', 'a/../../x', 'C:\\x', '..', '', './x'])('refuses the path %j', (path) => {
    expect(() => readLock(lock({ [path]: 'x' }), '0.1.0')).toThrow(LockError);
  });

  it.each([undefined, '', '{', '[]', 'null', '{"generatorVersion":1}'])('takes %j for no lock', (text) => {
    expect(readLock(text, '0.1.0')).toBeNull();
  });

  it('refuses the lock of a newer generator, with the way out', () => {
    expect(() => readLock(lock({}, '0.2.0'), '0.1.9')).toThrow(/npx generator-backendai-docker@0\.2\.0/);
  });
});
