import { describe, expect, it } from 'vitest';
import { formatDiff } from '../../generators/app/regeneration/format-diff.ts';

const plain = (before: string | undefined, after: string | undefined): string =>
  formatDiff({ path: 'a/b', before, after }, { colour: false });

describe('formatDiff', () => {
  it('is a unified diff with three lines around', () => {
    expect(plain('1\n2\n3\n4\n5\n', '1\n2\n3\n4\nfive\n')).toBe(
      '--- a/a/b\n+++ b/a/b\n@@ -2,4 +2,4 @@\n 2\n 3\n 4\n-5\n+five\n',
    );
  });

  it('says what Git needs of files that come and go, of empty ones too', () => {
    expect(plain(undefined, 'x\n')).toBe(
      'diff --git a/a/b b/a/b\nnew file mode 100644\n--- /dev/null\n+++ b/a/b\n@@ -0,0 +1,1 @@\n+x\n',
    );
    expect(plain(undefined, '')).toBe('diff --git a/a/b b/a/b\nnew file mode 100644\n');
    expect(plain('x\n', undefined)).toContain('deleted file mode 100644\n--- a/a/b\n+++ /dev/null\n');
  });

  it('tells a missing last newline', () => {
    expect(plain('x', 'x\n')).toContain('-x\n\\ No newline at end of file\n+x\n');
  });

  it('colours for a terminal, and passes no control character of a file on', () => {
    const shown = formatDiff(
      { path: 'f', before: 'old\n', after: '\u001B[2Jnew\u202E\ttab\n' },
      { colour: true },
    );
    expect(shown).toContain('\u001B[31m-old\u001B[39m');
    expect(shown).toContain('\u001B[32m+?[2Jnew?\ttab\u001B[39m');
    expect(shown).not.toContain('\u202E');
  });
});
