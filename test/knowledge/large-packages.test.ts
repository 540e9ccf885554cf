import { describe, expect, it } from 'vitest';
import { normalizeName } from '../../generators/app/detection/dependencies/pep508.ts';
import { readKnowledge } from '../../generators/app/planning/knowledge.ts';

interface File {
  packagetype: string;
  filename: string;
  size: number;
  url: string;
}

interface Package {
  pypi: string;
  version: string;
  megabytes: number;
  files?: number;
}

const { packages } = readKnowledge<{ packages: Package[] }>('large-packages');

/** The wheels for Linux of a release; null where PyPI cannot be reached. */
async function wheelsOf({ pypi, version }: Package): Promise<File[] | null> {
  const address = `https://pypi.org/pypi/${pypi}/json`;
  const response = await fetch(address, { signal: AbortSignal.timeout(30_000) }).catch(() => null);
  if (response === null) return null;
  const { releases } = (await response.json()) as { releases: Record<string, File[]> };
  return (releases[version] ?? [])
    .filter(({ packagetype }) => packagetype === 'bdist_wheel')
    .filter(({ filename }) => /manylinux.*x86_64|none-any\.whl/.test(filename))
    .map((file) => ({ ...file, url: new URL(file.url, address).href }));
}

/** How many files a ZIP archive has, as its last 22 bytes say. */
async function filesOf({ url }: File): Promise<number> {
  const response = await fetch(url, {
    headers: { range: 'bytes=-22' },
    signal: AbortSignal.timeout(30_000),
  });
  const end = Buffer.from(await response.arrayBuffer()).subarray(-22);
  expect(end.readUInt32LE(0)).toBe(0x06_05_4b_50);
  return end.readUInt16LE(10);
}

describe('large-packages.json', () => {
  it('has names as they are compared, in order, and wheels of 9 MB or 1,000 files or more', () => {
    const names = packages.map(({ pypi }) => pypi);
    expect(names).toEqual([...new Set(names.map(normalizeName))].toSorted());
    for (const { megabytes, files = 0 } of packages) expect(megabytes >= 9 || files >= 1000).toBe(true);
  });

  it.for(packages.filter(({ files }, index) => index % 8 === 0 && files === undefined))(
    'the wheel of $pypi has its size on PyPI (skipped where PyPI cannot be reached)',
    { timeout: 60_000 },
    async (item, context) => {
      const wheels = await wheelsOf(item);
      if (wheels === null) {
        context.skip('PyPI cannot be reached');
        return;
      }
      const sizes = wheels.map(({ size }) => size / 1e6);
      expect(Math.max(...sizes)).toBeCloseTo(item.megabytes, 0);
    },
  );

  it.for(packages.filter(({ pypi, files }, index) => files && (index % 6 === 0 || pypi === 'django')))(
    'the wheel of $pypi has so many files (skipped where PyPI cannot be reached)',
    { timeout: 60_000 },
    async (item, context) => {
      const wheels = await wheelsOf(item);
      if (wheels === null) {
        context.skip('PyPI cannot be reached');
        return;
      }
      const largest = wheels.toSorted((one, other) => other.size - one.size)[0]!;
      expect(await filesOf(largest)).toBe(item.files);
    },
  );
});
