import { describe, expect, it } from 'vitest';
import { normalizeName } from '../../generators/app/detection/dependencies/pep508.ts';
import { readKnowledge } from '../../generators/app/planning/knowledge.ts';

interface File {
  packagetype: string;
  filename: string;
  size: number;
}

const { packages } = readKnowledge<{ packages: { pypi: string; version: string; megabytes: number }[] }>(
  'large-packages',
);

describe('large-packages.json', () => {
  it('has names as they are compared, in order, and wheels of 9 MB or more', () => {
    const names = packages.map(({ pypi }) => pypi);
    expect(names).toEqual([...new Set(names.map(normalizeName))].toSorted());
    for (const { megabytes } of packages) expect(megabytes).toBeGreaterThanOrEqual(9);
  });

  it.for(packages.filter((_, index) => index % 8 === 0))(
    'the wheel of $pypi has its size on PyPI (skipped where PyPI cannot be reached)',
    { timeout: 60_000 },
    async ({ pypi, version, megabytes }, context) => {
      const response = await fetch(`https://pypi.org/pypi/${pypi}/json`, {
        signal: AbortSignal.timeout(30_000),
      }).catch(() => null);
      if (response === null) {
        context.skip('PyPI cannot be reached');
        return;
      }
      const { releases } = (await response.json()) as { releases: Record<string, File[]> };
      const sizes = (releases[version] ?? [])
        .filter(({ packagetype }) => packagetype === 'bdist_wheel')
        .filter(({ filename }) => /manylinux.*x86_64|none-any\.whl/.test(filename))
        .map(({ size }) => size / 1e6);
      expect(Math.max(...sizes)).toBeCloseTo(megabytes, 0);
    },
  );
});
