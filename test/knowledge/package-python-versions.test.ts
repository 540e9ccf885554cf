import { compare, satisfies, validRange } from '@renovatebot/pep440';
import { describe, expect, it } from 'vitest';
import { normalizeName, parseRequirement } from '../../generators/app/detection/dependencies/pep508.ts';
import { readKnowledge } from '../../generators/app/planning/knowledge.ts';
import { inMinorRange } from '../../generators/app/planning/package-pythons.ts';
import type {
  IncompatibilityRow,
  ReleaseRow,
  SetuptoolsRow,
} from '../../generators/app/planning/package-pythons.ts';
import { supportedPythonVersions } from '../../generators/app/planning/python-version.ts';
import { fetchReleases, rowsOf } from '../../scripts/package-python-versions.ts';

const { packages } = readKnowledge<{ packages: Record<string, ReleaseRow[]> }>('package-python-versions');
const names = Object.keys(packages);

/** The rows up to the last release that the table knows: PyPI has newer ones every week. */
function known(rows: ReleaseRow[], last: string): ReleaseRow[] {
  return rows
    .filter(([first]) => compare(first, last) <= 0)
    .map((row) => (compare(row[1], last) > 0 ? [row[0], last, row[2], row[3], row[4]] : row));
}

describe('package-python-versions.json', () => {
  it('has the packages that bind a project to a Python', () => {
    expect(names).toEqual(
      expect.arrayContaining(['numpy', 'pandas', 'lxml', 'psycopg2-binary', 'grpcio', 'torch']),
    );
    expect(names).toEqual(names.map(normalizeName).toSorted());
  });

  it('has its rows in order, with valid ranges', () => {
    const wrong = names.filter((name) => {
      const rows = packages[name] ?? [];
      const inOrder = rows.every(([first, last], index) => {
        const earlier = rows[index - 1]?.[1];
        return compare(last, first) >= 0 && (earlier === undefined || compare(first, earlier) > 0);
      });
      const valid = rows.every(
        ([, , wheels, python, archive]) =>
          /^(any|(3\.\d+(-3\.\d+)?(, )?)*)$/.test(wheels) &&
          (python === '' || validRange(python)) &&
          ['sdist', ''].includes(archive),
      );
      return rows.length === 0 || !inOrder || !valid;
    });
    expect(wrong).toEqual([]);
  });

  it.for(['numpy', 'psycopg2-binary', 'lxml', 'grpcio', 'django', 'pillow'])(
    '%s is what PyPI says (skipped where PyPI cannot be reached)',
    { timeout: 90_000 },
    async (name, context) => {
      const releases = await fetchReleases(name).catch(() => null);
      if (releases === null) {
        context.skip('PyPI cannot be reached');
        return;
      }
      const rows = packages[name] ?? [];
      expect(known(rowsOf(releases), rows.at(-1)?.[1] ?? '')).toEqual(rows);
    },
  );
});

describe('servers.json', () => {
  const servers = readKnowledge<{
    packages: Record<string, { requirement: string; python: string }[]>;
  }>('servers').packages;

  it.for(Object.values(servers).flat())(
    '$requirement has a wheel for every Python of its row (skipped where PyPI cannot be reached)',
    { timeout: 90_000 },
    async ({ requirement, python }, context) => {
      const parsed = parseRequirement(requirement);
      // The wheels of psycopg[binary] are those of psycopg-binary.
      const name =
        parsed?.extras.includes('binary') === true ? `${parsed.name}-binary` : (parsed?.name ?? '');
      const releases = await fetchReleases(name).catch(() => null);
      if (releases === null) {
        context.skip('PyPI cannot be reached');
        return;
      }
      const release = parsed?.specifier.replace('==', '') ?? '';
      const row = rowsOf({ [release]: releases[release] ?? [] })[0];
      const pythons = supportedPythonVersions().filter((version) => satisfies(`${version}.99`, python));
      expect(pythons).not.toEqual([]);
      for (const version of pythons) {
        expect(row?.[2] === 'any' || inMinorRange(row?.[2] ?? '', version), `Python ${version}`).toBe(true);
        expect(row?.[3] === '' || satisfies(`${version}.99`, row?.[3] ?? ''), `Python ${version}`).toBe(true);
      }
    },
  );
});

describe('the script', () => {
  const file = (filename: string, more = {}) => ({
    filename,
    packagetype: filename.endsWith('.whl') ? 'bdist_wheel' : 'sdist',
    requires_python: '>=3.9',
    yanked: false,
    ...more,
  });
  it('joins releases that agree, and leaves out yanked and early ones', () => {
    const wheel = 'x-1-cp312-cp312-manylinux_2_28_x86_64.whl';
    expect(
      rowsOf({
        '1.1': [file(wheel), file('x-1.tar.gz')],
        '1.0': [file(wheel), file('x-1.tar.gz')],
        '1.2': [file('x-1.2-py3-none-any.whl')],
        '1.3': [file(wheel, { yanked: true })],
        '2.0rc1': [file(wheel)],
        '1.4': [file('x-1-cp311-abi3-manylinux1_x86_64.whl', { requires_python: '>=3.5.*' })],
        '1.5': [],
      }),
    ).toEqual([
      ['1.0', '1.1', '3.12', '>=3.9', 'sdist'],
      ['1.2', '1.2', 'any', '>=3.9', ''],
      ['1.4', '1.4', '3.11-3.15', '>=3.5', ''],
    ]);
  });
});

describe('python-incompatibilities.json', () => {
  const table = readKnowledge<{
    packages: IncompatibilityRow[];
    setuptools: { requirements: { requirement: string; python: string }[]; packages: SetuptoolsRow[] };
    optionalExtensions: { packages: { pypi: string; versions?: string }[] };
  }>('python-incompatibilities');

  it.each([...table.packages, ...table.setuptools.packages])('$pypi $versions', (row) => {
    expect(row.pypi).toBe(normalizeName(row.pypi));
    expect(validRange(row.versions)).toBe(true);
    expect(validRange(row.python)).toBe(true);
    expect(row.source).toMatch(/\.py:?\d* of the wheels? of/);
  });

  it('has a setuptools with pkg_resources for every Python', () => {
    for (let minor = 8; minor <= 15; minor += 1) {
      const row = table.setuptools.requirements.find((item) => satisfies(`3.${minor}.99`, item.python));
      expect(row?.requirement).toMatch(/^setuptools==(7\d|80)\./);
    }
  });

  it('lists optional extensions of packages that have wheels', () => {
    for (const { pypi } of table.optionalExtensions.packages) expect(packages[pypi]).toBeDefined();
  });
});
