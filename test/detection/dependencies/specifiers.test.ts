import { describe, expect, it } from 'vitest';
import { markerMayApply } from '../../../generators/app/detection/dependencies/markers.ts';
import { normalizeName, parseRequirement } from '../../../generators/app/detection/dependencies/pep508.ts';
import { specifierOfPoetry } from '../../../generators/app/detection/dependencies/poetry-constraint.ts';

describe('names and requirements', () => {
  it('normalises as PEP 503', () => {
    expect(normalizeName('Django.REST__framework')).toBe('django-rest-framework');
  });
  it.each(['', '-x', 'a b', 'django=5', '.', 'a @', 'foo/bar'])('%j is none', (text) => {
    expect(parseRequirement(text)).toBeNull();
  });
});

describe('Poetry constraints', () => {
  it.each([
    ['^5.2', '>=5.2,<6'],
    ['^0.2.3', '>=0.2.3,<0.3'],
    ['^0.0.3', '>=0.0.3,<0.0.4'],
    ['^0', '>=0,<1'],
    ['~1.2.3', '>=1.2.3,<1.3'],
    ['~2', '>=2,<3'],
    ['~=1.4', '~=1.4'],
    ['1.2.3', '==1.2.3'],
    ['3.11.*', '==3.11.*'],
    ['>= 3.10, < 3.13', '>=3.10,<3.13'],
    ['>=3.10 <4.0', '>=3.10,<4.0'],
    ['^2.7 || ^3.8', '>=3.8,<4'],
    ['*', ''],
  ])('%s → %s', (constraint, specifier) => {
    expect(specifierOfPoetry(constraint)).toBe(specifier);
  });
});

describe('markers in a Linux image', () => {
  it.each([
    ['', true],
    ["sys_platform == 'win32'", false],
    ["'linux' == sys_platform", true],
    ["sys_platform != 'darwin' and platform_system != 'Windows'", true],
    ["python_version < '3.9'", true],
    ["python_version < '3.9' and os_name == 'nt'", false],
    ["(sys_platform == 'win32' or sys_platform == 'darwin') and python_version > '3'", false],
    ["sys_platform == 'win32' or extra == 'x'", true],
    ["platform_python_implementation not in 'PyPy'", true],
    ['not a marker !', true],
  ])('%s: %s', (marker, applies) => {
    expect(markerMayApply(marker)).toBe(applies);
  });
});
