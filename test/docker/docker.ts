import { spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { engineEnvironment } from './engine/engine-environment.ts';

/** The environment that reaches an engine, or null. Asked once per test file. */
export const engine = engineEnvironment();

export const ROOT = join(import.meta.dirname, '../..');

/** Names the Compose project of what follows, so that a project of the same name on this machine is left alone. */
export function useComposeProject(name: string): void {
  if (engine) engine['COMPOSE_PROJECT_NAME'] = name;
}

export interface CommandResult {
  status: number;
  stdout: string;
  /** Standard output and standard error in one. */
  output: string;
}

/** What uv, pip and apt say when the network was away for a moment, after they have tried again themselves. */
const NETWORK_AWAY =
  /dns error|Temporary failure (?:in name resolution|resolving)|failed to lookup address|Connection reset by peer/;
const ATTEMPTS = 3;
const SECONDS_BETWEEN = 20;

/**
 * Runs a program in a folder with the engine's environment; never throws. A build that failed because the network was
 * away is tried again, which says so: it goes on from its cached steps.
 */
export function run(
  folder: string,
  program: string,
  args: string[],
  extra: Record<string, string> = {},
): CommandResult {
  const builds = program === 'docker' && (args.includes('build') || args.includes('--build'));
  for (let attempt = 1; ; attempt += 1) {
    const result = runOnce(folder, program, args, extra);
    const away = result.status !== 0 && builds ? NETWORK_AWAY.exec(result.output) : null;
    if (away === null || attempt === ATTEMPTS) return result;
    console.log(`${program} ${args.join(' ')}: "${away[0]}"; attempt ${attempt + 1} of ${ATTEMPTS}`);
    spawnSync('sleep', [String(SECONDS_BETWEEN)]);
  }
}

function runOnce(
  folder: string,
  program: string,
  args: string[],
  extra: Record<string, string>,
): CommandResult {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    // As a user has it: without what keeps Python from writing byte-code beside a script.
    env: { ...(engine ?? process.env), PYTHONDONTWRITEBYTECODE: '', ...extra },
  });
  return {
    status: status ?? 1,
    stdout: stdout ?? '',
    output: `${stdout ?? ''}${stderr ?? ''}${error ? String(error) : ''}`,
  };
}

/** Runs a program that must succeed; the error shows the end of its output. */
export function mustRun(
  folder: string,
  program: string,
  args: string[],
  extra: Record<string, string> = {},
): string {
  const { status, output } = run(folder, program, args, extra);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${output.slice(-6000)}`);
  return output;
}

/** As mustRun; only what the program printed as its answer, without warnings. */
export function answerOf(folder: string, program: string, args: string[]): string {
  const { status, stdout, output } = run(folder, program, args);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${output.slice(-6000)}`);
  return stdout.trim();
}

/** A copy of a project in a folder of its own, on which the built command has been run. */
export function generatedProject(source: string, options: string[]): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'backendai-docker-')), 'project');
  cpSync(source, folder, { recursive: true });
  mustRun(folder, process.execPath, [join(ROOT, 'dist/bin/backendai-docker.js'), '--defaults', ...options]);
  return folder;
}

/** Containers and volumes of a run that was cut short: their database has another password. */
export function removeLeftovers(folder: string): void {
  run(folder, 'docker', ['compose', 'down', '--volumes', '--remove-orphans']);
}

export function removeProject(folder: string): void {
  // The folder above '' is the one above the repository.
  if (!isAbsolute(folder)) throw new Error(`not a folder of a test: ${JSON.stringify(folder)}`);
  rmSync(join(folder, '..'), { recursive: true, force: true });
}

/** Status and body of one request; status 0 when nothing answers. */
export function request(
  port: number,
  path: string,
  host = 'localhost',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const sent = get(
      {
        host: '127.0.0.1',
        port,
        path,
        headers: { host, connection: 'close', 'accept-language': 'de' },
        agent: false,
        timeout: 10_000,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('timeout')));
    sent.on('error', () => resolve({ status: 0, body: '' }));
  });
}

/** Asks until a condition holds; throws with the last answer after `seconds`. */
export async function eventually<T>(
  seconds: number,
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() > end)
      throw new Error(`not so after ${seconds} s; the last answer: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** The port of this machine on which a Compose service is published. */
export function publishedPort(folder: string, service: string, port: number, options: string[] = []): number {
  return Number(
    answerOf(folder, 'docker', ['compose', ...options, 'port', service, String(port)])
      .split(':')
      .at(-1),
  );
}

/** Size of an image in bytes. */
export function imageSize(name: string): number {
  return Number(answerOf(ROOT, 'docker', ['image', 'inspect', '--format', '{{.Size}}', name]));
}

/** Python that prints, as JSON, byte-code beside the standard library and what only stages hand on. */
export const STRAY_FILES = [
  'import sys',
  'from pathlib import Path',
  'stray = [*Path(sys.base_prefix).rglob("*.pyc"), *Path("/opt/venv").rglob("*.pyc"), *Path("/out").rglob("*")]',
  'print(json.dumps([str(path) for path in stray]))',
].join('\n');
