import { satisfies, validRange } from '@renovatebot/pep440';
import { describe, expect, it } from 'vitest';
import {
  distributionOfModule,
  modulesOfDistribution,
} from '../../generators/app/detection/dependencies/detect-dependencies.ts';
import { normalizeName, parseRequirement } from '../../generators/app/detection/dependencies/pep508.ts';
import { unsupportedPythons } from '../../generators/app/planning/base-image.ts';
import { readKnowledge } from '../../generators/app/planning/knowledge.ts';
import { supportedPythonVersions } from '../../generators/app/planning/python-version.ts';
import { sharedLibraries, sharedLibraryLines } from '../../generators/app/planning/shared-libraries.ts';
import type { SystemLibraryRow } from '../../generators/app/planning/system-libraries.ts';

const repeated = (keys: readonly string[]): string[] =>
  keys.filter((key, index) => keys.indexOf(key) !== index);

describe('system-libraries.json', () => {
  type Row = SystemLibraryRow & { feature?: string };
  const { packages, features } = readKnowledge<{ packages: Row[]; features: Row[] }>('system-libraries');
  const rows = [...packages, ...features];
  const title = (row: Row): string => `${row.pypi ?? row.feature} ${row.versions ?? ''}`.trim();

  it.each(rows.map((row) => ({ row, title: title(row) })))(
    '$title has a source and a valid shape',
    ({ row }) => {
      expect(row.source).toMatch(/\S/);
      expect(row.source).not.toMatch(/(^|\s)\/(tmp|home|root|work|opt|usr)\//);
      expect(['linked', 'dlopen', 'program', 'bundled', 'none']).toContain(row.loaded);
      expect(['yes', 'no', 'partly']).toContain(row.wheels);
      expect(row.wheelNeedsRuntime).toBeTypeOf('boolean');
      for (const release of ['bookworm', 'trixie'] as const) {
        for (const name of [...row.runtime[release], ...row.build[release]])
          expect(name).toMatch(/^[a-z0-9][a-z0-9+.-]+$/);
      }
      if (row.versions !== undefined) expect(validRange(row.versions)).toBe(true);
      if (row.feature === undefined) {
        const [name = ''] = row.pypi.split('[');
        expect(name).toBe(normalizeName(name));
      }
      if (row.wheelNeedsRuntime) expect(row.runtime.bookworm.length).toBeGreaterThan(0);
      if (row.loaded === 'bundled' || row.loaded === 'none') expect(row.wheelNeedsRuntime).toBe(false);
    },
  );

  it('has no duplicates', () => {
    expect(repeated(rows.map(title))).toEqual([]);
    expect(
      repeated(
        packages
          .flatMap((row) => [row.pypi, ...(row.aliases ?? [])])
          .filter((name) => !packages.some((row) => row.pypi === name && row.versions !== undefined)),
      ),
    ).toEqual([]);
  });
});

describe.each(['bookworm', 'trixie'] as const)('shared-libraries.json for %s', (release) => {
  const table = sharedLibraries(release);

  it('has each library once, by its name', () => {
    const libraries = Object.values(table).flat();
    expect(libraries.length).toBeGreaterThan(400);
    expect(repeated(libraries)).toEqual([]);
    for (const name of libraries) expect(name).toMatch(/^lib\S+\.so\.\d\S*$/);
  });

  it('knows what the packages of system-libraries.json hold that extensions link to', () => {
    const { packages } = readKnowledge<{ packages: SystemLibraryRow[] }>('system-libraries');
    const linked = packages.filter((row) => row.loaded === 'linked').flatMap((row) => row.runtime[release]);
    // Programs and data, and two that only depend on the package with the library.
    const others = /^(apache2-bin|ghostscript|gir1.2-glib-2.0|libopenblas0|proj-data)$/;
    const unknown = new Set(linked.filter((name) => !(name in table) && !others.test(name)));
    expect([...unknown]).toEqual([]);
  });

  it.each([
    ['libGL.so.1', 'libgl1'],
    ['libgomp.so.1', 'libgomp1'],
    ['libodbc.so.2', 'libodbc2'],
    ['libpq.so.5', 'libpq5'],
    ['libbz2.so.1.0', 'libbz2-1.0'],
    ['libblas.so.3', 'libblas3'],
    ['libgthread-2.0.so.0', release === 'trixie' ? 'libglib2.0-0t64' : 'libglib2.0-0'],
    [
      release === 'trixie' ? 'libldap.so.2' : 'libldap-2.5.so.0',
      release === 'trixie' ? 'libldap2' : 'libldap-2.5-0',
    ],
  ])('%s is in %s', (library, debianPackage) => {
    expect(table[debianPackage]).toContain(library);
  });

  it('fits the lines of a script', () => {
    const lines = sharedLibraryLines(release, 92);
    expect(lines.every((line) => line.length <= 92)).toBe(true);
    expect(lines.join(' ').split(' ').length).toBe(Object.entries(table).flat(2).length);
  });
});

describe('optional-libraries.json', () => {
  const { libraries } = readKnowledge<{
    libraries: {
      distributions: string[];
      file: string;
      libraries: string[];
      reason: string;
      source: string;
    }[];
  }>('optional-libraries');

  it.each(libraries)('$distributions $file: $reason', (row) => {
    expect(row.source).toMatch(/\S/);
    expect(row.reason.length).toBeLessThan(75);
    for (const name of row.distributions) expect(name).toMatch(/^[a-z0-9*-]+$/);
    for (const pattern of row.libraries) expect(pattern).toMatch(/^(\*|lib[\w*.-]+)$/);
    // What is optional to everyone is nothing that extensions of Debian link to, OpenCL aside.
    if (row.distributions.includes('*')) {
      const patterns = row.libraries.map(
        (pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`),
      );
      const known = Object.values(sharedLibraries('trixie')).flat();
      const matched = known.filter((name) => patterns.some((pattern) => pattern.test(name)));
      expect(matched.filter((name) => name !== 'libOpenCL.so.1')).toEqual([]);
    }
    // Whatever a distribution wants, or what one of these libraries is to whomever: never everything of everyone.
    expect(row.distributions.includes('*') && row.libraries.includes('*')).toBe(false);
  });
});

describe('python-versions.json', () => {
  const { versions } = readKnowledge<{
    versions: { version: string; status: string; endOfLife: string; slimImages: string[]; source: string }[];
  }>('python-versions');

  it('lists releases newest first, each with its images and a source', () => {
    const minors = versions.map((row) => Number(row.version.replace('3.', '')));
    expect(minors).toEqual(minors.toSorted((a, b) => b - a));
    expect(repeated(versions.map((row) => row.version))).toEqual([]);
    for (const row of versions) {
      expect(['bugfix', 'security', 'end-of-life']).toContain(row.status);
      expect(row.endOfLife).toMatch(/^\d{4}-\d\d/);
      expect(row.source).toContain('https://');
      expect(row.slimImages.every((release) => ['bookworm', 'trixie'].includes(release))).toBe(true);
    }
  });

  it('says why older releases are not built', () => {
    for (const row of unsupportedPythons()) {
      expect(versions.map((release) => release.version)).not.toContain(row.version);
      expect(row.reason).toMatch(/python:3\.\d-slim-[a-z]+/);
      expect(row.source).toContain('https://');
    }
  });
});

describe('django-versions.json', () => {
  const { versions } = readKnowledge<{
    versions: { series: string; python: string[]; since?: Record<string, string>; source: string }[];
  }>('django-versions');

  it('lists each series once, oldest first', () => {
    expect(versions[0]?.series).toBe('1.8');
    expect(repeated(versions.map((row) => row.series))).toEqual([]);
    const sorted = versions.toSorted((a, b) => a.series.localeCompare(b.series, 'en', { numeric: true }));
    expect(versions).toEqual(sorted);
    for (const row of versions) {
      expect(row.python.length).toBeGreaterThan(0);
      expect(row.source).toContain('https://docs.djangoproject.com/');
      for (const [python, release] of Object.entries(row.since ?? {})) {
        expect(row.python).toContain(python);
        expect(release.startsWith(`${row.series}.`)).toBe(true);
      }
    }
  });
});

describe('servers.json', () => {
  const { packages } = readKnowledge<{
    packages: Record<string, { requirement: string; python: string; django?: string }[]>;
  }>('servers');

  it.each(Object.keys(packages))('%s: pinned, with valid ranges', (name) => {
    for (const row of packages[name] ?? []) {
      expect(parseRequirement(row.requirement)?.specifier).toMatch(/^==\d/);
      expect(validRange(row.python)).toBe(true);
      if (row.django !== undefined) expect(validRange(row.django)).toBe(true);
    }
  });

  it.each(['gunicorn', 'uvicorn', 'daphne', 'hypercorn', 'postgres-driver'])(
    '%s has a row for every Python from 3.8 to 3.15',
    (name) => {
      for (let minor = 8; minor <= 15; minor += 1) {
        const row = packages[name]?.find((item) => satisfies(`3.${minor}.99`, item.python));
        expect(row, `Python 3.${minor}`).toBeDefined();
      }
    },
  );
});

describe('servers.json for every Django on every Python that it runs on', () => {
  const { packages } = readKnowledge<{
    packages: Record<string, { requirement: string; python: string; django?: string }[]>;
  }>('servers');
  const { versions } = readKnowledge<{ versions: { series: string; python: string[] }[] }>('django-versions');
  const pairs = versions.flatMap(({ series, python }) =>
    python
      .filter((version) => supportedPythonVersions().includes(version))
      .map((version) => ({ series, version })),
  );
  const driver = (series: string, version: string): string =>
    (packages['postgres-driver'] ?? []).find(
      (row) =>
        satisfies(`${version}.99`, row.python) &&
        (row.django === undefined || satisfies(`${series}.0`, row.django)),
    )?.requirement ?? 'none';

  it.each(pairs)('a driver for Django $series on Python $version', ({ series, version }) => {
    expect(driver(series, version)).toMatch(
      satisfies(`${series}.0`, '>=4.2')
        ? /^psycopg\[binary\]==3\./
        : satisfies(`${series}.0`, '>=3.1')
          ? /^psycopg2-binary==2\.9\./
          : /^psycopg2-binary==2\.8\.6$/,
    );
  });

  it('covers Django 2.2 to 6.0', () => {
    const series = new Set(pairs.map((pair) => pair.series));
    for (const name of ['2.2', '3.0', '3.1', '3.2', '4.0', '4.1', '4.2', '5.0', '5.1', '5.2', '6.0'])
      expect(series).toContain(name);
  });
});

describe('module-names.json', () => {
  it.each([
    ['cv2', 'opencv-python'],
    ['PIL.Image', 'pillow'],
    ['yaml', 'pyyaml'],
    ['rest_framework.views', 'djangorestframework'],
    ['sklearn.ensemble', 'scikit-learn'],
    ['corsheaders', 'django-cors-headers'],
    ['MySQLdb', 'mysqlclient'],
    ['dateutil', 'python-dateutil'],
    ['jwt', 'pyjwt'],
    ['google.cloud.storage', 'google-cloud-storage'],
    ['unknown_thing.part', 'unknown-thing'],
  ])('%s belongs to %s', (module, distribution) => {
    expect(distributionOfModule(module)).toBe(distribution);
  });

  it.each([
    ['Pillow', ['PIL']],
    ['psycopg-binary', []],
    ['django-stubs', []],
    ['types-requests', []],
    ['some-new-package', ['some_new_package']],
  ])('%s is imported as %j', (name, modules) => {
    expect(modulesOfDistribution(name)).toEqual(modules);
  });
});

describe('exporters.json', () => {
  const { exporters } = readKnowledge<{
    exporters: Record<string, { python: string; packages: string[] }[]>;
  }>('exporters');
  const { versions } = readKnowledge<{ versions: { version: string }[] }>('python-versions');

  it.each(Object.keys(exporters))('%s has a pinned version for every Python', (tool) => {
    const rows = exporters[tool] ?? [];
    for (const { version } of versions)
      expect(
        rows.some((row) => satisfies(`${version}.99`, row.python)),
        version,
      ).toBe(true);
    for (const line of rows.flatMap((row) => row.packages)) expect(line).toMatch(/^[a-z-]+==\d[\d.]*$/);
  });
});
