import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** One row of `real-projects.json`. */
export interface RealProject {
  name: string;
  /** `owner/name`; its folder is `owner+name`. */
  repository: string;
  /** The commit that the row was written for. */
  commit: string;
  /** Options of the command beyond `--defaults --database postgres`. */
  options?: string[];
  /** What a user must give: written into the generated `.env`. */
  environment: Record<string, string>;
  /** Services beside web that must run. */
  services: string[];
  probe: { path: string; host?: string };
  /** What the row is there for. */
  note: string;
}

export type StepName =
  'generate' | 'build' | 'migrate' | 'start' | 'probe' | 'user' | 'health' | 'services' | 'checks';

export interface StepResult {
  passed: boolean;
  seconds: number;
  /** One line: what was seen. */
  detail: string;
}

export interface ProjectResult {
  name: string;
  repository: string;
  commit: string;
  options: string[];
  environment: Record<string, string>;
  passed: boolean;
  failedStep: StepName | null;
  steps: Partial<Record<StepName, StepResult>>;
  /** The last lines of what failed. */
  error: string | null;
  imageBytes: number | null;
  buildSeconds: number | null;
  /** The last line of the generated `verify_image.py`; null where it was not reached or Python is not there. */
  ownChecks: string | null;
}

/** What a program printed, and how it ended; `status` is null when it ran longer than its time. */
interface Finished {
  status: number | null;
  stdout: string;
  output: string;
}

const MINUTE = 60_000;

/** Runs a program to its end, or to the end of its time. Never throws. */
function run(
  folder: string,
  program: string,
  args: string[],
  environment: Record<string, string>,
  milliseconds = 2 * MINUTE,
): Promise<Finished> {
  return new Promise((resolve) => {
    let stdout = '';
    let output = '';
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: milliseconds,
      killSignal: 'SIGKILL',
    });
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
      output += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    child.on('error', (error) => resolve({ status: 1, stdout, output: output + error.message }));
    child.on('close', (status, signal) => {
      const late = signal === 'SIGKILL' ? `\n(stopped after ${milliseconds / MINUTE} minutes)` : '';
      resolve({ status, stdout, output: output + late });
    });
  });
}

/**
 * The text of an env file with these values: on the line of the name, active or commented, else at the end.
 * @param text of the env file
 */
export function withValues(text: string, values: Readonly<Record<string, string>>): string {
  const lines = text.split('\n');
  for (const [name, value] of Object.entries(values)) {
    const active = lines.findIndex((line) => line.startsWith(`${name}=`));
    const index = active >= 0 ? active : lines.findIndex((line) => line.startsWith(`# ${name}=`));
    const line = `${name}=${/^[\w.,:/@*?=&%+-]*$/.test(value) ? value : `'${value}'`}`;
    if (index >= 0) lines[index] = line;
    else lines.splice(lines.at(-1) === '' ? -1 : lines.length, 0, line);
  }
  return lines.join('\n');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Status of one request; 0 when nothing answers. */
function statusOf(port: number, path: string, host: string): Promise<number> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path, headers: { host, connection: 'close' }, timeout: 60_000 },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });
}

/** The end of an output, without colours; of a failed build what its last step printed, not the excerpt of the Dockerfile. */
export function lastLines(text: string, count = 25): string {
  const plain = stripVTControlCharacters(text).replaceAll('\r', '');
  const excerpt = plain.search(/\n------\n[\w./-]*Dockerfile:\d+\n/);
  const told = excerpt < 0 ? plain : plain.slice(0, excerpt);
  return told
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Takes one project through generator, build, migrate, start, probe, user and health, in a copy that is removed.
 * @param source the project's folder, only read
 * @returns each step's result; never throws for a project's fault
 */
export async function tryProject(
  project: RealProject,
  source: string,
  { keepImages, onStep }: { keepImages: boolean; onStep: (name: StepName, result: StepResult) => void },
): Promise<ProjectResult> {
  const options = project.options ?? [];
  const result: ProjectResult = {
    name: project.name,
    repository: project.repository,
    commit: project.commit,
    options,
    environment: project.environment,
    passed: false,
    failedStep: null,
    steps: {},
    error: null,
    imageBytes: null,
    buildSeconds: null,
    ownChecks: null,
  };
  /** Runs one step unless an earlier one failed. `work` gives the detail, or throws with the error's text. */
  const step = async (name: StepName, work: () => Promise<string>): Promise<void> => {
    if (result.failedStep !== null) return;
    const start = Date.now();
    let detail = '';
    try {
      detail = await work();
    } catch (error) {
      result.failedStep = name;
      result.error = lastLines(error instanceof Error ? error.message : String(error));
    }
    const outcome = {
      passed: result.failedStep === null,
      seconds: (Date.now() - start) / 1000,
      detail,
    };
    result.steps[name] = outcome;
    onStep(name, outcome);
  };

  const temporary = mkdtempSync(join(tmpdir(), 'backendai-docker-project-'));
  const folder = join(temporary, source.split(/[\\/]/).at(-1)?.split('+').at(-1) ?? 'project');
  const composeProject = `bench-${project.name.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')}`;
  const image = `${composeProject}:prod`;
  const port = await freePort();
  const environment = {
    COMPOSE_PROJECT_NAME: composeProject,
    IMAGE: image,
    WEB_PORT: String(port),
    NO_COLOR: '1',
  };
  const must = async (program: string, args: string[], minutes = 2): Promise<Finished> => {
    const finished = await run(folder, program, args, environment, minutes * MINUTE);
    if (finished.status !== 0) throw new Error(finished.output);
    return finished;
  };
  const compose = (args: string[], minutes?: number): Promise<Finished> =>
    must('docker', ['compose', ...args], minutes);
  /** The end of a service's log; the database's says little. */
  const logs = async (service = 'web'): Promise<string> =>
    (
      await run(
        folder,
        'docker',
        ['compose', 'logs', '--tail', '25', '--no-log-prefix', service],
        environment,
      )
    ).output;

  try {
    await step('generate', async () => {
      if (!existsSync(source)) throw new Error(`${source}: no such folder`);
      cpSync(source, folder, { recursive: true, verbatimSymlinks: true });
      const command = join(import.meta.dirname, '../bin/backendai-docker.ts');
      await must(process.execPath, [command, '--defaults', '--database', 'postgres', ...options]);
      const env = join(folder, '.env');
      writeFileSync(env, withValues(existsSync(env) ? readFileSync(env, 'utf8') : '', project.environment));
      return '';
    });
    await step('build', async () => {
      const start = Date.now();
      await compose(['build', '--progress', 'plain'], 30);
      result.buildSeconds = (Date.now() - start) / 1000;
      const size = await must('docker', ['image', 'inspect', '--format', '{{.Size}}', image]);
      result.imageBytes = Number(size.stdout.trim());
      return `${(result.imageBytes / 1e6).toFixed(0)} MB`;
    });
    await step('migrate', async () => {
      const finished = await run(folder, 'docker', ['compose', 'up', 'migrate'], environment, 20 * MINUTE);
      const ended = await compose(['ps', '--all', '--format', '{{.ExitCode}}', 'migrate']);
      if (finished.status !== 0 || ended.stdout.trim() !== '0') throw new Error(finished.output);
      return 'ended 0';
    });
    await step('start', async () => {
      const finished = await run(folder, 'docker', ['compose', 'up', '--detach'], environment, 10 * MINUTE);
      if (finished.status !== 0) throw new Error(`${finished.output}\n${await logs()}`);
      return '';
    });
    await step('probe', async () => {
      const { path, host = 'localhost' } = project.probe;
      const end = Date.now() + MINUTE;
      for (;;) {
        const status = await statusOf(port, path, host);
        if (status > 0 && status < 500) return `${path} ${status}`;
        if (Date.now() > end) throw new Error(`${path}: status ${status}\n${await logs()}`);
        await pause(1000);
      }
    });
    await step('user', async () => {
      const { stdout } = await compose(['exec', '-T', 'web', 'id', '-u']);
      if (!/^[1-9]\d*$/.test(stdout.trim())) throw new Error(`the server runs as uid ${stdout.trim()}`);
      return `uid ${stdout.trim()}`;
    });
    await step('health', async () => {
      const { stdout: id } = await compose(['ps', '--quiet', 'web']);
      const end = Date.now() + 2 * MINUTE;
      for (;;) {
        const { stdout } = await must('docker', [
          'inspect',
          '--format',
          '{{.State.Health.Status}}{{range .State.Health.Log}}\n{{.Output}}{{end}}',
          id.trim(),
        ]);
        const [status = ''] = stdout.split('\n');
        if (status === 'healthy') return status;
        if (Date.now() > end) throw new Error(`${stdout}\n${await logs()}`);
        await pause(1000);
      }
    });
    await step('services', async () => {
      const { stdout } = await compose(['ps', '--services', '--status', 'running']);
      const running = stdout.trim().split('\n');
      const missing = project.services.filter((service) => !running.includes(service));
      if (missing.length > 0)
        throw new Error(`not running: ${missing.join(', ')}\n${await logs(missing[0])}`);
      return running.toSorted().join(' ');
    });
    result.passed = result.failedStep === null;
    if (result.passed) {
      const away = ['compose', 'down', '--volumes', '--remove-orphans'];
      await run(folder, 'docker', away, environment);
      const checks = await run(
        folder,
        'python3',
        ['docker/verify_image.py', '--image', image],
        environment,
        20 * MINUTE,
      );
      const failed = checks.stdout.split('\n').filter((line) => /^fail/i.test(line));
      result.ownChecks = checks.status === 0 ? 'all well' : failed.join('; ') || lastLines(checks.output, 1);
      onStep('checks', { passed: checks.status === 0, seconds: 0, detail: result.ownChecks });
    }
  } finally {
    const away = ['compose', 'down', '--volumes', '--remove-orphans'];
    if (existsSync(join(folder, 'compose.yaml'))) await run(folder, 'docker', away, environment);
    if (!keepImages) await run(temporary, 'docker', ['image', 'rm', '--force', image], environment);
    rmSync(temporary, { recursive: true, force: true });
  }
  return result;
}
