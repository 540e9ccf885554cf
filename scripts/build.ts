/** Compiles the generator to dist/. Templates and knowledge tables are used where they are. */
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync('tsc', ['--project', 'tsconfig.build.json'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (status === 0) chmodSync('dist/bin/backendai-docker.js', 0o755);
process.exitCode = status ?? 1;
