import { spawn, spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { performance } from 'node:perf_hooks';
import { engineEnvironment } from '../../test/docker/engine/engine-environment.ts';

/** What a program printed, how it ended and how long it took. */
export interface Finished {
  status: number;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** Docker as the benchmark uses it. Every method throws where Docker fails, with the end of what it said. */
export class Engine {
  readonly environment: Record<string, string>;

  constructor() {
    const environment = engineEnvironment();
    if (environment === null) throw new Error('No Docker engine answers: `npm run engine` sets one up.');
    this.environment = environment;
  }

  async try(args: readonly string[], extra: Record<string, string> = {}): Promise<Finished> {
    const start = performance.now();
    const child = spawn('docker', args, {
      env: { ...this.environment, ...extra },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (data: string) => (stdout += data));
    child.stderr.setEncoding('utf8').on('data', (data: string) => (stderr += data));
    const status = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? 1));
    });
    return { status, stdout, stderr, seconds: (performance.now() - start) / 1000 };
  }

  async run(args: readonly string[], extra: Record<string, string> = {}): Promise<Finished> {
    const finished = await this.try(args, extra);
    if (finished.status !== 0)
      throw new Error(
        `docker ${args.join(' ').slice(0, 200)}: exit ${finished.status}\n${readable(finished.stderr)}`,
      );
    return finished;
  }

  async answer(args: readonly string[]): Promise<string> {
    return (await this.run(args)).stdout.trim();
  }

  /** Builds an image; its `stderr` is BuildKit's progress as JSON. */
  build(
    folder: string,
    { image, file = 'Dockerfile', cached = true, epoch }: BuildOptions,
  ): Promise<Finished> {
    const words = ['buildx', 'build', '--load', '--progress', 'rawjson', '--provenance=false'];
    if (!cached) words.push('--no-cache');
    return this.run([...words, '--tag', image, '--file', `${folder}/${file}`, folder], {
      ...(epoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(epoch) }),
    });
  }

  /** How many bytes of package caches the build cache may hold; null where the engine does not say. */
  async packageCacheLimit(): Promise<number | null> {
    return packageCacheLimit((await this.try(['buildx', 'inspect'])).stdout);
  }

  /** Without waiting for an answer: when the benchmark ends. */
  removeNow(args: readonly string[]): void {
    spawnSync('docker', args, { env: this.environment });
  }
}

export interface BuildOptions {
  image: string;
  file?: string;
  /** False: every step is carried out anew, and BuildKit empties the cache mounts of the build first. */
  cached?: boolean;
  /** SOURCE_DATE_EPOCH. */
  epoch?: number;
}

/** Of what `docker buildx inspect` prints: the limit of the rule for cache mounts, in bytes. */
export function packageCacheLimit(text: string): number | null {
  const rules = text.split(/GC Policy rule#/).filter((rule) => rule.includes('exec.cachemount'));
  const [, number, unit = ''] = /Max Used Space:\s*([\d.]+)\s*([KMGT]?)/.exec(rules[0] ?? '') ?? [];
  return number === undefined ? null : Number(number) * 1024 ** ' KMGT'.indexOf(unit || ' ');
}

/** Bytes of package caches that an engine must keep for the builds of a run not to fetch them again. */
const PACKAGE_CACHES = 4e9;

/** Whether an engine with this limit (bytes; null: it has none, or does not say) keeps what the builds have fetched. */
export function timesMeanSomething(limit: number | null): boolean {
  return limit === null || limit >= PACKAGE_CACHES;
}

/** The end of an output; of a build's progress in JSON its errors and the last that steps printed. */
export function readable(output: string): string {
  const text = output.split('\n').map((line) => {
    if (!line.startsWith('{')) return `${line}\n`;
    try {
      const { logs = [], vertexes = [] } = JSON.parse(line) as {
        logs?: { data: string }[];
        vertexes?: { error?: string }[];
      };
      // A line of a log may come in several pieces.
      const printed = logs.map(({ data }) => Buffer.from(data, 'base64').toString('utf8')).join('');
      return printed + vertexes.map(({ error }) => (error ? `\n${error}\n` : '')).join('');
    } catch {
      return '';
    }
  });
  return text
    .join('')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-25)
    .join('\n');
}

/** Status of one request; 0 when nothing answers. */
export function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    const request = get(
      {
        host: '127.0.0.1',
        port,
        path,
        headers: { host: 'localhost', connection: 'close' },
        agent: false,
        timeout: 60_000,
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', () => resolve(0));
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });
}
