/**
 * `npm start`: the main job on a fresh copy of the bundled sample.
 * `npm start -- PATH [options]`: the main job there.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const command = join(root, 'dist/bin/backendai-docker.js');

function newSampleFolder(): string {
  let folder = join(process.cwd(), 'backendai-sample');
  for (let number = 2; existsSync(folder); number += 1)
    folder = join(process.cwd(), `backendai-sample-${number}`);
  cpSync(join(root, 'sample/backendai'), folder, { recursive: true });
  return folder;
}

const [first, ...rest] = process.argv.slice(2);
const pathGiven = first !== undefined && !first.startsWith('-');
// npm runs scripts in the package's folder; a path is meant relative to where the user stands.
const base = process.env['INIT_CWD'] ?? process.cwd();
const target = pathGiven ? resolve(base, first) : undefined;

if (target !== undefined && !(existsSync(target) && statSync(target).isDirectory())) {
  console.error(`${target} is not a folder. Give the path of a Django repository: npm start -- path/to/repo`);
  process.exitCode = 1;
} else {
  const onlyTells = process.argv.slice(2).some((option) => /^(--(help|version)|-[hv])$/.test(option));
  if (!existsSync(command)) {
    const build = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
    if (build.status !== 0) process.exit(build.status ?? 1);
  }
  const options = pathGiven ? rest : process.argv.slice(2);
  const folder = target ?? (onlyTells ? base : newSampleFolder());
  // The sample reads SUPABASE_DB_*; a container instead makes `docker compose up` work at once.
  const sampleOptions =
    target === undefined && !options.some((option) => option.startsWith('--database'))
      ? ['--database', 'postgres']
      : [];
  if (target === undefined && !onlyTells) console.log(`A copy of the sample project: ${folder}\n`);
  // A sample on which nothing came about is not left lying around.
  const { status } = spawnSync(process.execPath, [command, ...sampleOptions, ...options], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (status === 0 && !onlyTells && !options.some((option) => /^--(detect|json)$/.test(option))) {
    console.log(`The files are in ${folder}. Start there:  cd ${relative(base, folder) || '.'}`);
  }
  if (status !== 0 && target === undefined && !onlyTells) rmSync(folder, { recursive: true });
  process.exitCode = status ?? 1;
}
