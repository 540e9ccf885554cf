import { describe, expect, test } from 'vitest';

import {
  importedNames,
  findNodes,
  parsePython,
  syntaxProblem,
  unquote,
} from '../../generators/app/detection/python-source.ts';

const problemOf = (text: string) => syntaxProblem(parsePython('settings.py', text));

describe('syntaxProblem', () => {
  test.each([
    ['an unclosed bracket', 'APPS = [\n  "a",\n\nX = 1\n', 1, 'syntax'],
    ['a bracket too many', 'X = 1\nAPPS = ["a"]]\n', 2, 'syntax'],
    ['mismatched brackets', 'X = (1]\n', 1, 'syntax'],
    ['an unterminated string', 'X = 1\nY = "abc\nZ = 2\n', 2, 'syntax'],
    ['an unterminated triple-quoted string', 'X = """abc\n\n', 1, 'syntax'],
    ['two expressions on a line', 'X = 3 4\n', 1, 'syntax'],
    ['a value left out', 'X = 1\nY =\nZ = 2\n', 2, 'syntax'],
    ['a print statement', 'import os\nprint "x"\n', 2, 'python2'],
    ['except with a comma', 'try:\n    pass\nexcept ImportError, e:\n    pass\n', 3, 'python2'],
    ['raise with a comma', 'raise ValueError, "x"\n', 1, 'python2'],
  ])('finds %s', (_name, text, line, kind) => {
    expect(problemOf(text)).toMatchObject({ line, kind });
  });

  test.each([
    ['a bare yield', 'def f():\n    yield\n    return\n'],
    ['PEP 758', 'try:\n    pass\nexcept KeyError, ValueError:\n    pass\n'],
    ['nested f-strings', 'x = f"{a["b"]} {c!r:>10}"\n'],
    ['a t-string', 'x = t"a{b}"\n'],
    ['escaped quotes', "x = 'it\\'s' \"(\" '['\n"],
    ['names of object prototypes', 'def constructor(toString):\n    return toString\n'],
    ['print as a function', 'print("x"); print ("y")\n'],
    ['a line continued', 'x = \\\n  1\n'],
    ['CRLF', 'x = [\r\n  1,\r\n]\r\ny = 2\r\n'],
    ['an empty file', ''],
    ['walrus and match', 'match x:\n    case 1:\n        pass\nif (n := 1):\n    pass\n'],
  ])('accepts %s', (_name, text) => {
    expect(problemOf(text)).toBeUndefined();
  });
});

test('unquote reads strings as Python does', () => {
  expect(unquote(String.raw`'a\'b\n'`)).toBe("a'b\n");
  expect(unquote(String.raw`r'a\n'`)).toBe(String.raw`a\n`);
  expect(unquote('"""x"y"""')).toBe('x"y');
  expect(unquote(String.raw`"\x41\u00e9\101"`)).toBe('AéA');
});

test('importedNames reads every form', () => {
  const source = parsePython(
    'a/b.py',
    'import os.path as p, sys\nfrom . import (x, y as z)\nfrom ..a.b import *\n',
  );
  const names = findNodes(source, new Set(['ImportStatement'])).flatMap((node) =>
    importedNames(source, node),
  );
  expect(names.map(({ level, module, name, alias }) => [level, module, name, alias])).toEqual([
    [0, 'os.path', null, 'p'],
    [0, 'sys', null, 'sys'],
    [1, '', 'x', 'x'],
    [1, '', 'y', 'z'],
    [2, 'a.b', '*', '*'],
  ]);
});
