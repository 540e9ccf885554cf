import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { SyntaxNode } from '@lezer/common';
import {
  findNodes,
  importedNames,
  parsePython,
  textOf,
  type PythonSource,
} from '../../generators/app/detection/python-source.ts';
import { lineOf, scanPython } from '../../generators/app/detection/source-scan.ts';

const importsIn = (text: string): string[] =>
  scanPython('a.py', text).imports.map(
    ({ level, module, name }) => '.'.repeat(level) + module + (name === null ? '' : ` ${name}`),
  );

test('every form of an import statement', () => {
  const text = `import os, a.b as c  # import no
from a import b as c, d; import e
from . import (  # from x import y (
    f,  # a comment, with a comma
    g as h,
)
from ..k.l import *
from m import \\
    n, o
try: import p
except ImportError: pass
def q():
\tfrom r import s
`;
  expect(importsIn(text)).toEqual([
    'os',
    'a.b',
    'a b',
    'a d',
    'e',
    '. f',
    '. g',
    '..k.l *',
    'm n',
    'm o',
    'p',
    'r s',
  ]);
});

test('what only looks like one', () => {
  const text = `"""
import a
"""
x = 'import b'
y = "; import c"
# import d
def f():
    r'''
    from e import f \\'''
    import g
    '''
important = 1
from_x = 2
if TYPE_CHECKING:
    import h
    from i import (
        j,
    )

    import k
import l
if typing.TYPE_CHECKING:
    import m
else:
    import n
`;
  expect(importsIn(text)).toEqual(['l', 'n']);
});

test('strings and lines', () => {
  const text = `x = "a.b"  # "no"\ny = [r'c', f"{d['e']}", """no"""]\n`;
  const { strings } = scanPython('a.py', text);
  expect(strings.map((string) => string.text)).toEqual(['a.b', 'c', "{d['e']}"]);
  expect(strings.map((string) => lineOf(text, string.at))).toEqual([1, 2, 2]);
});

test('what only a call imports, and what AppConfig.ready() imports at the start', () => {
  const text = `try:
    import a
except ImportError:
    import b

def load():
    # a comment
  # one further out
    if True:

        import c
class Shop(AppConfig):
    import d
    def ready(self):
        import e
        def later():
            import f
async def view(request):
    import g
`;
  const lazy = scanPython('a.py', text).imports.filter((imported) => imported.lazy);
  expect(lazy.map(({ module }) => module)).toEqual(['c', 'f', 'g']);
});

function isInFunction(source: PythonSource, node: SyntaxNode): boolean {
  for (let above = node.parent; above !== null; above = above.parent) {
    const name = above.name === 'FunctionDefinition' ? above.getChild('VariableName') : null;
    if (name !== null && textOf(source, name) !== 'ready') return true;
  }
  return false;
}

test('the same imports as the parser finds, in every file of the test projects', () => {
  const files = [join(import.meta.dirname, '..'), join(import.meta.dirname, '../../sample')].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.py'))
      .map((path) => join(root, path)),
  );
  expect(files.length).toBeGreaterThan(50);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    if (text.includes('TYPE_CHECKING')) continue;
    const source = parsePython(file, text);
    const parsed = findNodes(source, new Set(['ImportStatement'])).flatMap((node) =>
      importedNames(source, node).map(({ level, module, name }) => ({
        level,
        module,
        name,
        at: node.from,
        lazy: isInFunction(source, node),
      })),
    );
    expect({ file, imports: scanPython(file, text).imports }).toEqual({ file, imports: parsed });
  }
});
