import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReportOptions } from './options.ts';
import { ReportError } from './report-error.ts';

/** The script of the project that builds and measures. */
export const MEASURING_SCRIPT = 'docker/compare_images.py';

/** Larger than any measurements, whose trees are cut at the small ends, and kept in the project like any file. */
const LARGEST_FILE = 15 * 1024 * 1024;

/** A program and the arguments before ours. */
type Program = readonly [string, ...string[]];

/**
 * The Python 3 of this machine.
 * @throws ReportError where none is found
 */
export function findPython(platform: NodeJS.Platform = process.platform): Program {
  const candidates: Program[] =
    platform === 'win32' ? [['py', '-3'], ['python'], ['python3']] : [['python3'], ['python']];
  const test = 'import sys; sys.exit(sys.version_info < (3, 8))';
  const found = candidates.find(
    ([command, ...args]) => spawnSync(command, [...args, '-c', test], { timeout: 20_000 }).status === 0,
  );
  if (found !== undefined) return found;
  throw new ReportError(
    `${MEASURING_SCRIPT} needs Python 3.8 or later, and none was found on this machine: install it, or measure elsewhere and show that with --from FILE. Nothing was written.`,
  );
}

/**
 * What the script is called with.
 * @throws ReportError for a value that is none
 */
export function scriptArguments(
  { sizesOnly, runs, budget, maxRatio }: ReportOptions,
  output: string,
): string[] {
  const checked = (option: string, value: string, pattern: RegExp, example: string): string => {
    if (pattern.test(value)) return `--${option}=${value}`;
    throw new ReportError(`--${option}: ${JSON.stringify(value)} is none; write it as ${example}.`);
  };
  return [
    `--output=${output}`,
    ...(sizesOnly ? ['--sizes-only'] : []),
    ...(runs === undefined ? [] : [checked('runs', runs, /^[1-9]\d?$/, '3')]),
    ...(budget === undefined
      ? []
      : [checked('budget', budget, /^\d+(?:\.\d+)?\s*(?:[kmg]i?)?b?$/i, '600MB')]),
    ...(maxRatio === undefined ? [] : [checked('max-ratio', maxRatio, /^\d*\.?\d+$/, '0.6')]),
  ];
}

/**
 * Builds and measures by the project's own script, whose progress and tables go to the terminal as they come.
 * @param root of the project
 * @param scriptText of the script, which is known to be there
 * @returns the JSON that it wrote
 * @throws ReportError where it cannot run, fails, or is stopped
 */
export async function measure(root: string, scriptText: string, options: ReportOptions): Promise<string> {
  if (!scriptText.includes('"--output"')) {
    throw new ReportError(
      `${MEASURING_SCRIPT} is of an older version of this generator: npx generator-backendai-docker brings it up to date. Nothing was written.`,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'backendai-docker-report-'));
  try {
    const output = join(folder, 'measurements.json');
    const args = scriptArguments(options, output);
    const [python, ...before] = findPython();
    requireDocker();
    process.stdout.write(`Running ${[python, ...before, MEASURING_SCRIPT].join(' ')}:\n\n`);
    const { status, signal } = await run(root, python, [...before, MEASURING_SCRIPT, ...args]);
    // 130 is what a shell makes of Ctrl-C, and programs that clean up first.
    if (signal !== null || status === 130)
      throw new ReportError('Measuring was stopped. Nothing was written.');
    // With 1 it has measured, and a limit was missed.
    if (status !== 0 && status !== 1) {
      throw new ReportError(
        `Measuring failed: ${MEASURING_SCRIPT} ended with exit code ${status}, and what it printed above tells why. Nothing was written.`,
      );
    }
    const text = readMeasured(output);
    if (text !== null) return text;
    throw new ReportError(`${MEASURING_SCRIPT} wrote no measurements. Nothing was written.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function requireDocker(): void {
  const { error } = spawnSync('docker', ['--version'], { timeout: 20_000 });
  if (error === undefined || !('code' in error) || error.code !== 'ENOENT') return;
  throw new ReportError(
    'The docker command was not found: install Docker, or measure elsewhere and show that with --from FILE. Nothing was written.',
  );
}

/** Waits for a program through Ctrl-C, too: it gets the signal itself and cleans up. */
function run(
  folder: string,
  command: string,
  args: readonly string[],
): Promise<{ status: number | null; signal: NodeJS.Signals | null }> {
  const wait = (): void => undefined;
  process.on('SIGINT', wait);
  return new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal }));
  }).finally(() => process.off('SIGINT', wait));
}

/**
 * A file with measurements.
 * @returns null where there is none
 * @throws ReportError where it cannot be one
 */
export function readMeasured(path: string): string | null {
  try {
    const { size } = statSync(path);
    if (size > LARGEST_FILE)
      throw new ReportError(`${path} is too large to hold measurements. Nothing was written.`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof ReportError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new ReportError(`${path} cannot be read (${code}). Nothing was written.`);
  }
}
