import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The package of the Supabase CLI that holds the program itself. The npm package `supabase` in front of it cannot be
 * a development dependency as long as a registry lacks one of its eight platforms: `npm ci` then refuses the lock.
 */
const PACKAGE = '@supabase/cli-linux-x64';
const VERSION = '3.1.0';
const INTEGRITY =
  'sha512-67aBVJQ5psQZ5ezM/uby+xjKlF2Er1GLH9EtQWpUkuOpR3uI7fQjQt9fXTfV6/oqLJA3I+X8O5Fhz/pa8lAiqg==';

/** A finding of Supabase's advisor, as `supabase db advisors` gives it. */
export interface Finding {
  name: string;
  level: 'ERROR' | 'WARN' | 'INFO';
  /** `SECURITY`, `PERFORMANCE` */
  categories: string[];
  detail: string;
  metadata?: { name?: string; schema?: string };
}

/**
 * The Supabase CLI of exactly the version that is known here, in a folder beside the engine of the tests;
 * null where npm does not give it or the machine cannot run it.
 */
export function supabaseProgram(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  const state = process.env['BACKENDAI_TEST_ENGINE'] || join(homedir(), '.cache', 'backendai-docker-engine');
  const folder = join(state, `supabase-${VERSION}`);
  const program = join(folder, 'node_modules', PACKAGE, 'bin', 'supabase');
  const checked = join(folder, 'checked');
  if (existsSync(checked)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--save-exact'];
  if (spawnSync('npm', ['install', ...options, `${PACKAGE}@${VERSION}`], { cwd: folder }).status !== 0)
    return null;
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { integrity?: string }>;
  };
  if (lock.packages[`node_modules/${PACKAGE}`]?.integrity !== INTEGRITY)
    throw new Error(`${PACKAGE} ${VERSION} is not the package that is known here: its hash differs.`);
  writeFileSync(checked, '');
  return program;
}

/** What Supabase's advisor says of a database: `supabase db advisors`, all kinds and levels. */
export function advisorFindings(url: string): Finding[] {
  const program = supabaseProgram();
  if (program === null) throw new Error('The Supabase CLI is not to be had: npm did not give it.');
  const { status, stdout, stderr } = spawnSync(program, ADVISORS.concat(`--remote=${url}`), {
    encoding: 'utf8',
    timeout: 60_000,
    cwd: tmpdir(),
    env: { ...process.env, SUPABASE_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
  if (status !== 0) throw new Error(`supabase db advisors: exit ${status}\n${stderr.replaceAll(url, '…')}`);
  return findingsIn(stdout);
}

const ADVISORS = ['db', 'advisors', '--type=all', '--level=info', '--fail-on=none', '--output-format=json'];

function findingsIn(output: string): Finding[] {
  return (JSON.parse(output) as { results: Finding[] }).results;
}
