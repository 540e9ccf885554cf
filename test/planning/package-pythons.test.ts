import { describe, expect, it } from 'vitest';
import { parseRequirement } from '../../generators/app/detection/dependencies/pep508.ts';
import type { Requirement } from '../../generators/app/detection/facts.ts';
import {
  inMinorRange,
  minorRange,
  objectionsTo,
  setuptoolsRequirement,
} from '../../generators/app/planning/package-pythons.ts';

const requirement = (line: string, more: Partial<Requirement> = {}): Requirement => {
  const parsed = parseRequirement(line);
  if (!parsed) throw new Error(line);
  return { ...parsed, direct: true, evidence: { file: 'requirements.txt', line: 1 }, ...more };
};
const reasons = (python: string, ...requirements: Requirement[]): string[] =>
  objectionsTo(requirements, python).map((objection) => `${objection.fit} ${objection.reason}`);

describe('ranges of Python releases', () => {
  it.each([
    [['3.8', '3.9', '3.10', '3.13'], '3.8-3.10, 3.13'],
    [['2.7', '3.4', '3.5'], '2.7, 3.4-3.5'],
    [['2.7', '3.8'], '2.7, 3.8'],
    [[], ''],
  ])('%j', (versions, range) => {
    expect(minorRange(versions)).toBe(range);
    for (const version of versions.filter((item) => item.startsWith('3.')))
      expect(inMinorRange(range, version)).toBe(true);
    expect(inMinorRange(range, '3.12')).toBe(false);
  });
});

describe('a lock file that names its wheels', () => {
  const files = ['310', '311', '312'].map(
    (tag) => `sqlalchemy-1.4.46-cp${tag}-cp${tag}-manylinux_2_17_x86_64.whl`,
  );
  it('answers for the table', () => {
    const locked = requirement('numpy==2.3.4', {
      wheelFiles: ['numpy-2.3.4-cp311-cp311-manylinux_2_28_x86_64.whl'],
    });
    expect(reasons('3.11', locked)).toEqual([]);
    expect(reasons('3.13', locked)).toEqual(['2 has wheels for 3.11 only']);
  });

  it('and for packages that the table does not know', () => {
    const locked = requirement('own-thing==1.0', {
      wheelFiles: files.map((file) => file.replace('sqlalchemy', 'own_thing')),
    });
    expect(reasons('3.12', locked)).toEqual([]);
    expect(reasons('3.13', locked)).toEqual(['2 has wheels for 3.10-3.12 only']);
  });

  it('an optional extension is no more than slower', () => {
    expect(reasons('3.13', requirement('sqlalchemy==1.4.46', { wheelFiles: files }))).toEqual([
      '1 has wheels for 3.10-3.12 only',
    ]);
  });

  it('without a wheel for Linux says nothing', () => {
    expect(reasons('3.13', requirement('own-thing==1.0', { wheelFiles: [] }))).toEqual([]);
  });

  it('may hold one release for each Python', () => {
    const both = [requirement('numpy==1.24.3'), requirement('numpy==2.3.4')];
    expect(reasons('3.13', ...both)).toEqual([]);
    expect(reasons('3.15', ...both)).toEqual(['2 has wheels for 3.8-3.11 only']);
  });
});

describe('what the table does not know', () => {
  it.each(['own-thing==1.0', 'numpy==1.24.0rc1', 'numpy==99.0', 'numpy'])('%s: nothing is said', (line) => {
    expect(reasons('3.14', requirement(line))).toEqual([]);
  });
});

describe('releases that install and do not run', () => {
  it.each([
    ['django==1.11.16', '3.8', '3 has a syntax that Python 3.7 refuses'],
    ['gunicorn==19.9.0', '3.12', '3 has a copy of six that fails on Python 3.12'],
    ['urllib3==1.25.3', '3.12', '3 has a copy of six that fails on Python 3.12'],
    ['wagtail==5.0.5', '3.13', '3 imports imghdr, which Python 3.13 has no more'],
  ])('%s on Python %s', (line, python, reason) => {
    expect(reasons(python, requirement(line))).toEqual([reason]);
  });
});

describe('setuptools', () => {
  it.each<[string, string, string | null]>([
    ['gunicorn==19.9.0', '3.9', 'setuptools==80.9.0'],
    ['gunicorn==19.9.0', '3.8', 'setuptools==75.3.2'],
    ['gunicorn==21.2.0', '3.9', null],
    ['gunicorn', '3.12', null],
    ['django==3.2.8', '3.12', 'setuptools==80.9.0'],
    ['django==3.2.8', '3.11', null],
    ["gunicorn==19.9.0; python_version < '3.9'", '3.12', null],
  ])('%s on Python %s: %s', (line, python, expected) => {
    expect(setuptoolsRequirement([requirement(line)], python)?.line ?? null).toBe(expected);
  });

  it('of the project is its own decision, where it is pinned', () => {
    const gunicorn = requirement('gunicorn==20.1.0');
    expect(setuptoolsRequirement([gunicorn, requirement('setuptools==65.0.0')], '3.11')).toBeNull();
    expect(setuptoolsRequirement([gunicorn, requirement('setuptools')], '3.11')).toEqual({
      line: 'setuptools==80.9.0',
      reason: 'pkg_resources, which gunicorn 20.1.0 imports',
    });
  });
});
