import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { readDiskFiles } from '../../generators/app/detection/disk-files.ts';
import { DetectionError } from '../../generators/app/detection/facts.ts';

let root = '';
const put = (path: string, text = ''): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'disk-files-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test('ignored folders are not entered', () => {
  for (const path of [
    'a.py',
    'pkg/b.py',
    '.venv/x.py',
    'myenv/pyvenv.cfg',
    'myenv/lib/x.py',
    'env/settings.py',
    'node_modules/x/y.js',
    'pkg/__pycache__/b.pyc',
    '.git/HEAD',
    'dist/x.whl',
    'build/manage.py',
    'with space/it\'s "x".py',
  ])
    put(path);
  const files = readDiskFiles(root);
  expect(files.files()).toEqual([
    'a.py',
    'build/manage.py',
    'env/settings.py',
    'pkg/b.py',
    'with space/it\'s "x".py',
  ]);
  expect(files.topLevel()).toEqual([
    '.git/',
    '.venv/',
    'a.py',
    'build/',
    'dist/',
    'env/',
    'myenv/',
    'node_modules/',
    'pkg/',
    'with space/',
  ]);
  expect(files.exists('.venv/x.py')).toBe(true);
  expect(files.exists('pkg')).toBe(false);
});

test('symbolic links: not out of the root, no cycles', () => {
  put('a/b.py');
  symlinkSync(tmpdir(), join(root, 'outside'));
  symlinkSync('..', join(root, 'a/up'));
  symlinkSync('a', join(root, 'link'));
  symlinkSync('missing', join(root, 'broken'));
  const files = readDiskFiles(root).files();
  expect(files).toContain('a/b.py');
  expect(files.some((path) => path.startsWith('outside'))).toBe(false);
  expect(files.length).toBeLessThan(5);
});

test('reading', () => {
  put('bom.py', '\uFEFFx = 1\r\n');
  put('large.py', 'x'.repeat(2 * 1024 * 1024 + 1));
  const files = readDiskFiles(root);
  expect(files.read('bom.py')).toBe('x = 1\r\n');
  expect(files.read('none.py')).toBeUndefined();
  expect(() => files.read('large.py')).toThrow(DetectionError);
  expect(() => readDiskFiles(join(root, 'none'))).toThrow(DetectionError);
});

test('git, in a subfolder of a repository, too', () => {
  expect(readDiskFiles(root).git()).toMatchObject({ present: false });
  spawnSync('git', ['init', '-q', root]);
  put('.gitignore', '.env\n');
  put('.env');
  put('sub/kept.py');
  spawnSync('git', ['-C', root, 'add', 'sub']);
  const git = readDiskFiles(root).git();
  expect(git.present).toBe(true);
  expect(git.ignored(['.env', 'sub/kept.py'])).toEqual(new Set(['.env']));
  expect(git.ignored([])).toEqual(new Set());
  expect(git.tracked('sub/kept.py')).toBe(true);
  expect(git.tracked('.env')).toBe(false);
  expect(readDiskFiles(join(root, 'sub')).git()).toMatchObject({ present: true });
});
