import { describe, expect, it } from 'vitest';
import { parseRequirement } from '../../generators/app/detection/dependencies/pep508.ts';
import type { Requirement } from '../../generators/app/detection/facts.ts';
import {
  buildLibrariesFor,
  gitNeeded,
  hasLinuxWheel,
  lockedWheels,
  removedLibraries,
  runtimeLibrariesFor,
} from '../../generators/app/planning/system-libraries.ts';

const requirements = (...lines: string[]): Requirement[] =>
  lines.flatMap((line) => {
    const parsed = parseRequirement(line);
    return parsed ? [{ ...parsed, direct: true, evidence: { file: 'requirements.txt', line: 1 } }] : [];
  });
const runtime = (...lines: string[]): string[] =>
  runtimeLibrariesFor(requirements(...lines), 'trixie').map((need) => need.debianPackage);
const build = (...lines: string[]): string[] =>
  buildLibrariesFor(requirements(...lines), 'trixie').map((need) => need.debianPackage);

const WEASYPRINT = [
  'fonts-dejavu-core',
  'libglib2.0-0t64',
  'libharfbuzz-subset0',
  'libpango-1.0-0',
  'libpangoft2-1.0-0',
];

describe('libraries at run time', () => {
  it.each<[string, string[], string[]]>([
    ['wheels that bundle', ['numpy', 'pillow', 'lxml', 'psycopg2-binary', 'oracledb'], []],
    ['opened by name', ['python-magic'], ['libmagic1t64']],
    ['a wheel without its library', ['lightgbm'], ['libgomp1']],
    ['psycopg alone', ['psycopg'], ['libpq5']],
    ['psycopg[binary]', ['psycopg[binary]'], []],
    ['psycopg with the binary from a lock', ['psycopg', 'psycopg-binary'], []],
    ['psycopg[c]', ['psycopg[c]'], ['libpq5']],
    ['source only', ['mysqlclient'], ['libmariadb3']],
    ['an old opencv', ['opencv-python-headless==4.10.0.84'], ['libglib2.0-0t64']],
    ['a new opencv', ['opencv-python-headless==4.14.0.1'], []],
    ['the newest opencv', ['opencv-python-headless>=4.5'], []],
    ['an opencv with a bound', ['opencv-python-headless>=4.5,<4.12'], ['libglib2.0-0t64']],
    ['the newest WeasyPrint', ['weasyprint'], WEASYPRINT],
    ['WeasyPrint without cairo', ['weasyprint==61.2'], WEASYPRINT],
    [
      'WeasyPrint by cairo',
      ['weasyprint<53'],
      [
        'fonts-dejavu-core',
        'libcairo2',
        'libgdk-pixbuf-2.0-0',
        'libglib2.0-0t64',
        'libpango-1.0-0',
        'libpangocairo-1.0-0',
        'libpangoft2-1.0-0',
      ],
    ],
    ['a program', ['openai-whisper'], ['ffmpeg']],
    ['a wheel that bundles, but for this', ['rdkit'], ['libx11-6', 'libxext6', 'libxrender1']],
    ['not on Linux', ["python-magic; sys_platform == 'win32'"], []],
  ])('%s', (_, lines, expected) => {
    expect(runtime(...lines)).toEqual(expected);
  });

  it('follows the release of Debian', () => {
    expect(
      runtimeLibrariesFor(requirements('python-ldap'), 'bookworm').map((need) => need.debianPackage),
    ).toContain('libldap-2.5-0');
    expect(removedLibraries(requirements('pdfkit'), 'trixie')[0]).toContain('wkhtmltopdf');
    expect(removedLibraries(requirements('pdfkit'), 'bookworm')).toEqual([]);
  });

  it('says who needs a library and how', () => {
    expect(runtimeLibrariesFor(requirements('pyzbar', 'pytesseract'), 'trixie')).toEqual([
      {
        debianPackage: 'libzbar0t64',
        neededBy: ['pyzbar'],
        loaded: 'dlopen',
        reason: 'opened at run time by pyzbar',
      },
      {
        debianPackage: 'tesseract-ocr',
        neededBy: ['pytesseract'],
        loaded: 'program',
        reason: 'program that pytesseract calls',
      },
    ]);
  });

  it('knows GeoDjango by its module', () => {
    const needs = runtimeLibrariesFor([], 'trixie', { modules: ['django.contrib.gis.db'] });
    expect(needs.map((need) => need.debianPackage)).toEqual(['libgdal36', 'libgeos-c1t64', 'libproj25']);
  });
});

describe('libraries to compile with', () => {
  it('only where there is no wheel', () => {
    expect(build('lxml', 'pillow', 'psycopg')).toEqual([]);
    expect(build('psycopg2')).toEqual(['gcc', 'libc6-dev', 'libpq-dev']);
  });

  it('as the lock file tells: a wheel for this Python, none, or one processor alone', () => {
    const locked = (name: string, ...wheelFiles: string[]): Requirement[] =>
      requirements(`${name}==1`).map((item) => ({ ...item, wheelFiles }));
    const names = (items: Requirement[]): string[] => {
      const context = { wheels: lockedWheels(items, '3.12') };
      return buildLibrariesFor(items, 'trixie', context).map((need) => need.debianPackage);
    };
    const wheel = (python: string, processor: string): string =>
      `x-1-${python}-${python}-manylinux_2_28_${processor}.whl`;
    const both = [wheel('cp312', 'x86_64'), wheel('cp312', 'aarch64')];
    expect(names(locked('pycairo', ...both))).toEqual([]);
    expect(names(locked('pycairo', wheel('cp312', 'x86_64')))).toContain('libcairo2-dev');
    expect(names(locked('pycairo'))).toContain('libcairo2-dev');
    expect(names(locked('lxml', ...both))).toEqual([]);
    expect(names(locked('lxml', wheel('cp312', 'x86_64')))).toEqual([]);
    expect(names(locked('lxml', wheel('cp311', 'x86_64'), wheel('cp311', 'aarch64')))).toContain(
      'libxslt1-dev',
    );
  });

  it('git for requirements from repositories', () => {
    expect(gitNeeded(requirements('a @ git+https://example.org/a.git'))).toBe(true);
    expect(gitNeeded(requirements('a @ https://example.org/a.zip'))).toBe(false);
  });

  it.each([
    ['x-1-py3-none-any.whl', true],
    ['x-1-cp312-cp312-manylinux_2_28_x86_64.whl', true],
    ['x-1-cp39-abi3-manylinux_2_34_x86_64.whl', true],
    ['x-1-cp313-cp313-manylinux_2_28_x86_64.whl', false],
    ['x-1-cp312-cp312-musllinux_1_2_x86_64.whl', false],
    ['x-1-cp312-cp312-win_amd64.whl', false],
    ['x-1.tar.gz', false],
  ])('%s fits Python 3.12: %s', (fileName, fits) => {
    expect(hasLinuxWheel([fileName], '3.12')).toBe(fits);
  });
});
