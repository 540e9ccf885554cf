import { describe, expect, it } from 'vitest';
import { detectDependencies } from '../../generators/app/detection/dependencies/detect-dependencies.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import {
  choosePython,
  pythonNotes,
  supportedPythonVersions,
} from '../../generators/app/planning/python-version.ts';
import type { PythonFacts } from '../../generators/app/planning/python-version.ts';

const facts = (requirements: string, contents: Record<string, string> = {}): PythonFacts =>
  detectDependencies(memoryFiles('shop', { 'requirements.txt': requirements, ...contents }), '');
const choose = (requirements: string, contents: Record<string, string> = {}) =>
  choosePython(facts(requirements, contents));
const dockerfile = (version: string): Record<string, string> => ({
  Dockerfile: `FROM python:${version}-slim\n`,
});

describe('a stated Python', () => {
  it('is taken, without a word, where everything fits', () => {
    expect(choose('django==5.2.8\nnumpy==2.3.4\n', { '.python-version': '3.14\n' })).toEqual({
      version: '3.14',
      reason: 'stated in .python-version:1',
      notes: [],
    });
  });

  it.each<[string, string, string, string]>([
    [
      'no wheel and a compiler of Fortran',
      'django==4.2.16\nnumpy==1.24.3',
      '3.12',
      'Dockerfile:1 says 3.12, but numpy==1.24.3 (requirements.txt:2) has wheels for 3.8-3.11 only: 3.11 is taken',
    ],
    [
      'a release that demands a newer one',
      'django==5.2.8',
      '3.9',
      'Dockerfile:1 says 3.9, but django==5.2.8 (requirements.txt:1) needs Python >=3.10: 3.10 is taken',
    ],
    [
      'no source either',
      'django==4.2.16\ntensorflow==2.15.0',
      '3.12',
      'Dockerfile:1 says 3.12, but tensorflow==2.15.0 (requirements.txt:2) exists for 3.9-3.11 only: 3.11 is taken',
    ],
    [
      'a module of the standard library that is gone',
      'django==4.0.10',
      '3.13',
      'Dockerfile:1 says 3.13, but django==4.0.10 (requirements.txt:1) imports cgi, which Python 3.13 has no more: 3.12 is taken',
    ],
    [
      'a range below a release',
      'django==4.2.16\npandas<2.1',
      '3.12',
      'Dockerfile:1 says 3.12, but pandas<2.1 (requirements.txt:2) has wheels for 3.8-3.11 only: 3.11 is taken',
    ],
  ])('%s: the nearest that fits', (_, requirements, stated, note) => {
    expect(choose(requirements, dockerfile(stated)).notes[0]).toBe(note);
  });

  it.each([
    ['an extension that is optional', 'django==5.2.8\nmarkupsafe==2.1.5', '3.13'],
    ['a range without an end', 'django==5.2.8\nnumpy>=1.24', '3.14'],
    ['a marker for other releases', "django==5.2.8\nnumpy==1.24.3; python_version < '3.10'", '3.13'],
    ['a package without any wheel', 'django==5.2.8\nmysqlclient==2.2.7', '3.13'],
    ['a direct reference', 'django==5.2.8\nnumpy @ https://example.org/numpy-1.24.3.zip', '3.13'],
  ])('%s is no reason', (_, requirements, stated) => {
    expect(choose(requirements, dockerfile(stated))).toMatchObject({ version: stated, notes: [] });
  });

  it('is kept where nothing fits, and the reason is shown', () => {
    const { version, notes } = choose('numpy==1.24.3\nnumba==0.61.2\n', {
      'pyproject.toml': '[project]\nname = "shop"\nrequires-python = ">=3.12"\n',
      ...dockerfile('3.12'),
    });
    expect(version).toBe('3.12');
    expect(notes[0]).toMatch(/^Python 3\.12 \(Dockerfile:1\) is taken, although numpy==1\.24\.3/);
  });

  it('outside of requires-python gives way', () => {
    const { version, notes } = choose('django==5.2.8', {
      'pyproject.toml': '[project]\nname = "shop"\nrequires-python = ">=3.12"\n',
      '.python-version': '3.11\n',
    });
    expect(version).toBe('3.12');
    expect(notes).toEqual([
      '.python-version:1 says 3.11, but pyproject.toml:3 demands >=3.12: 3.12 is taken',
    ]);
  });

  it('of several places the one that installs is taken, then the more explicit one', () => {
    const places = { 'runtime.txt': 'python-3.12.1\n', ...dockerfile('3.11') };
    expect(choose('django==4.2.16\nnumpy==1.24.3', places)).toMatchObject({
      version: '3.11',
      notes: [
        'runtime.txt:1 says 3.12, Dockerfile:1 says 3.11, but numpy==1.24.3 (requirements.txt:2) has wheels for 3.8-3.11 only: 3.11 is taken',
      ],
    });
    expect(choose('django==4.2.16', places)).toMatchObject({
      version: '3.12',
      notes: [
        'runtime.txt:1 says 3.12, Dockerfile:1 says 3.11: 3.12 is taken, as the more explicit place says',
      ],
    });
  });

  it.each([
    [
      '3.7',
      /^runtime\.txt:1 says 3\.7, but Python 3\.7 is not supported: .*3\.7-slim-bookworm.*: 3\.8 is taken/,
    ],
    ['3.6', /^runtime\.txt:1 says 3\.6, but Python 3\.6 is not supported: .*: 3\.8 is taken/],
    ['3.4', /^runtime\.txt:1 says 3\.4, but Python 3\.4 has no base image: 3\.8 is taken/],
  ])('%s is too old: the oldest, with the reason', (version, note) => {
    const choice = choose('django==3.2.25', { 'runtime.txt': `python-${version}.1\n` });
    expect(choice.version).toBe('3.8');
    expect(choice.notes[0]).toMatch(note);
    expect(choice.notes[1]).toMatch(/^Python 3\.8 is past its end of life \(2024-10\)/);
  });
});

describe('no stated Python', () => {
  it.each<[string, string, Record<string, string>, string]>([
    ['nothing at all', 'requests', {}, '3.12'],
    ['Django 4.1', 'django==4.1.13', {}, '3.11'],
    ['Django 2.2 before it knew 3.9', 'django==2.2.14', {}, '3.8'],
    ['Django 2.2 in the end', 'django==2.2.28', {}, '3.9'],
    ['Django 6.1', 'django==6.1', {}, '3.12'],
    ['a pin below what Django allows', 'django==4.2.16\nnumpy==1.24.3', {}, '3.11'],
    [
      'requires-python beyond the usual one',
      'django==5.2.8',
      { 'pyproject.toml': '[project]\nname = "shop"\nrequires-python = ">=3.13"\n' },
      '3.13',
    ],
    ['an extension that is optional', 'django==5.2.8\nmarkupsafe==2.0.1', {}, '3.12'],
    ['a wheel for old releases alone', 'django==2.2.28\nPillow==6.2.2', {}, '3.8'],
  ])('%s', (_, requirements, contents, version) => {
    expect(choose(requirements, contents).version).toBe(version);
  });

  it('where nothing fits everything, says what does not', () => {
    expect(choose('numpy==1.24.3\ndjango==6.0').notes).toEqual([
      expect.stringMatching(
        /^No Python fits everything: 3\.12 is taken, although numpy==1\.24\.3 \(requirements\.txt:1\) has wheels for 3\.8-3\.11 only$/,
      ),
    ]);
  });

  it.each(['1.8.19', '1.10.5', '1.11.29', '2.1.15'])('Django %s runs on nothing that is built', (django) => {
    const { version, notes } = choose(`django==${django}`);
    expect(version).toBe('3.8');
    expect(notes.at(-1)).toMatch(
      new RegExp(`^Django ${django} \\(requirements.txt:1\\) was made for Python .*Update Django to 2\\.2`),
    );
  });
});

describe('the notes on an answered Python', () => {
  const project = facts('django==4.2.16\nnumpy==1.24.3\ntensorflow==2.15.0');
  it.each([
    ['3.11', []],
    ['3.12', [/^Python 3\.12 was chosen, but tensorflow==2\.15\.0 .* 3\.11 fits better\.$/]],
    ['3.9', [/^Python 3\.9 is past its end of life/]],
  ])('%s', (version, notes) => {
    expect(pythonNotes(project, version)).toEqual(notes.map((note) => expect.stringMatching(note)));
  });

  it('a Django that was not made for it', () => {
    expect(pythonNotes(facts('django==4.2.16', dockerfile('3.14')), '3.14')).toEqual([
      'Django 4.2.16 (requirements.txt:1) was made for Python 3.8-3.12, not for 3.14. Try it, or say --python-version.',
    ]);
  });
});

it('every release past its end of life is built with a warning', () => {
  const old = supportedPythonVersions().filter((version) =>
    pythonNotes(facts('requests'), version).some((note) => note.includes('past its end of life')),
  );
  expect(old).toEqual(['3.10', '3.9', '3.8']);
});
