import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

/** The package as a user gets it, packed and installed into an empty folder, and what it takes to drive it. */

export const ROOT = join(import.meta.dirname, '../..');
export const SAMPLE = join(ROOT, 'sample/backendai');
export const GOLDEN = join(ROOT, 'test/golden');

/** The folder of all that these tests make; its name has a space, as those of users may. */
export const home = mkdtempSync(join(tmpdir(), 'backendai package '));
export const installed = join(home, 'installed');
export const command = join(installed, 'node_modules/.bin/backendai-docker');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
export const tarball = join(home, `generator-backendai-docker-${version}.tgz`);

export const ENTER = '\r';
export const DOWN = '\u001B[B';

export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** For `beforeAll`: packs and installs. */
export function installPackage(): void {
  const packed = run(ROOT, 'npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', home]);
  expect(packed.status, packed.stderr).toBe(0);
  mkdirSync(installed);
  writeFileSync(join(installed, 'package.json'), '{"private":true}');
  const install = run(installed, 'npm', [
    'install',
    '--silent',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    tarball,
  ]);
  expect(install.status, install.stderr).toBe(0);
}

/** For `afterAll`. */
export function removePackage(): void {
  rmSync(home, { recursive: true, force: true });
}

export function run(
  folder: string,
  program: string,
  args: string[],
  env: Record<string, string | undefined> = {},
): Result {
  return spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    // No terminal and nothing to read: what scripts and CI have.
    input: '',
    env: { ...process.env, ...env },
  });
}

export const backendai = (folder: string, ...args: string[]): Result => run(folder, command, args);

/** The installed generator, found and run by `yo`. */
export function byYo(folder: string, ...args: string[]): Result {
  // yo gives up its rights when it is root; run it for the user that owns the folders then.
  const yo = join(ROOT, 'node_modules/.bin/yo');
  const env = { NODE_PATH: join(installed, 'node_modules'), HOME: home, SUDO_UID: '1', SUDO_GID: '1' };
  if (process.getuid?.() === 0) {
    run(home, 'chmod', ['-R', 'a+rwX', home]);
    chmodSync(home, 0o777);
  }
  return run(folder, yo, ['backendai-docker', ...args], env);
}

/** What the user waits for on the screen (a regular expression of Python's), and types then. */
export interface Step {
  expect: string;
  send: string;
}

let steps = 0;
/** The command in a terminal of 80 columns. Standard output is all that was on the screen, keys and colours included. */
export function inTerminal(folder: string, typed: Step[], args: string[] = []): Result {
  steps += 1;
  const file = join(home, `steps-${steps}.json`);
  writeFileSync(file, JSON.stringify(typed));
  return run(
    ROOT,
    'python3',
    [
      join(ROOT, 'test/command/terminal.py'),
      file,
      'sh',
      '-c',
      `cd "$0" && exec "$@"`,
      folder,
      command,
      ...args,
    ],
    // A user's terminal has colours, and is not taken for a CI machine's.
    { TERM: 'xterm-256color', CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined },
  );
}

/** A screen's text without what moves the cursor and colours it. */
export const plain = (screen: string): string => screen.replaceAll(/\u001B\[[0-9;?]*[A-Za-z]/g, '');

let projects = 0;
/** A new folder, with a copy of a project in it. */
export function copyOf(project?: string): string {
  projects += 1;
  const folder = join(home, `project ${projects}`);
  mkdirSync(folder);
  if (project) cpSync(project, folder, { recursive: true, verbatimSymlinks: true });
  return folder;
}

export const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();

export const contentsOf = (folder: string): Record<string, string> =>
  Object.fromEntries(filesIn(folder).map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
