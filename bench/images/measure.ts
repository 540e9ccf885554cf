import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { buildSteps, executed, tracedCommands, type BuildStep } from './build-steps.ts';
import {
  cachesDockerfile,
  readCachesDockerfile,
  REQUIREMENTS,
  serverCommand,
  TURNS,
  uvImageOf,
  wheelsDockerfile,
  withCachesOf,
  withTrace,
} from './dockerfiles.ts';
import { statusOf, type Engine } from './engine.ts';
import { readLayers } from './image-contents.ts';
import type { BenchProject } from './projects.ts';
import type { VariantResult } from './results.ts';
import { VARIANTS, type Variant } from './variants.ts';
import { differences, wastedPaths, type LayerEntry } from './waste.ts';

/** Prefix of every image and container that the benchmark makes. */
export const PREFIX = 'bench-images';
/** A date in the past, so that no file of a build is older. */
const EPOCH = 1_767_225_600;
/** A figure below so many seconds is the median of three. */
const SHORT = 15;

/** A variant of a project in a folder of its own. */
export interface Prepared {
  project: BenchProject;
  variant: Variant;
  folder: string;
}

/** A build that ended well; `progress` is BuildKit's own, as JSON. */
interface Built {
  seconds: number;
  progress: string;
  image: string;
}

export interface Progress {
  (text: string): void;
}

export const imageOf = ({ project, variant }: Prepared): string =>
  `${PREFIX}-${project.name}:${variant.name}`;

/** What a container of ours is run with; the others run as their Dockerfiles say. */
const HARDENED = ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--tmpfs', '/tmp'];

export class Bench {
  readonly engine: Engine;
  readonly say: Progress;
  /** Folder for what is unpacked. */
  readonly home: string;
  /** Images by their id: a tag that is built again leaves the one before. */
  readonly made = new Set<string>();
  readonly containers = new Set<string>();

  constructor(engine: Engine, home: string, say: Progress) {
    this.engine = engine;
    this.home = home;
    this.say = say;
  }

  async build(
    prepared: Prepared,
    options: { tag?: string; cached?: boolean; file?: string } = {},
  ): Promise<Built> {
    const { tag = '', ...rest } = options;
    const image = imageOf(prepared) + tag;
    const epoch = prepared.variant.options === null ? {} : { epoch: EPOCH };
    const { seconds, stderr } = await this.engine.build(prepared.folder, { image, ...epoch, ...rest });
    this.made.add(await this.engine.answer(['image', 'inspect', '--format', '{{.Id}}', image]));
    return { seconds, progress: stderr, image };
  }

  /** The images of other people that a Dockerfile builds on. */
  basesOf(folder: string): string[] {
    return baseImages(readFileSync(join(folder, 'Dockerfile'), 'utf8'));
  }

  /** Brings the wheels of a project's requirements into the folder that pip takes them from. */
  async fillWheels(prepared: Prepared): Promise<void> {
    await this.buildOf(prepared, 'wheels', wheelsDockerfile(prepared.project, String(Date.now())));
  }

  /**
   * The image, as a user builds it, and what is in it. This fills the package caches.
   * @param wordForWord of a Dockerfile that has no caches of its own: its size is that of this text, apt's lists and all
   */
  async buildImage(prepared: Prepared, wordForWord: string | null): Promise<VariantResult> {
    await this.build(prepared);
    if (wordForWord === null) return this.inspected(prepared);
    return this.inspected(prepared, (await this.buildOf(prepared, 'word-for-word', wordForWord)).image);
  }

  /**
   * An image of the package caches, as the builds so far have left them.
   * @returns its name
   */
  async keepCaches(prepared: readonly Prepared[]): Promise<string> {
    const [first] = prepared;
    if (first === undefined) throw new Error('no variant');
    const uv = prepared.map((one) => uvImageOf(this.dockerfile(one))).find((image) => image !== null) ?? null;
    const text = cachesDockerfile(first.project, String(Date.now()), uv);
    const { image } = await this.buildOf(first, 'caches', text);
    await this.buildOf(first, 'read-caches', readCachesDockerfile(first.project, image));
    return image;
  }

  /** Builds with another Dockerfile beside the variant's own, and the same .dockerignore. */
  private async buildOf(
    prepared: Prepared,
    name: string,
    text: string,
    options: { cached?: boolean } = {},
  ): Promise<Built> {
    const file = `Dockerfile.${name}`;
    const path = join(prepared.folder, file);
    const ignore = join(prepared.folder, '.dockerignore');
    writeFileSync(path, text);
    if (existsSync(ignore)) copyFileSync(ignore, `${path}.dockerignore`);
    const built = await this.build(prepared, { file, tag: `-${name}`, ...options });
    rmSync(path);
    rmSync(`${path}.dockerignore`, { force: true });
    return built;
  }

  private dockerfile({ folder }: Prepared): string {
    return readFileSync(join(folder, 'Dockerfile'), 'utf8');
  }

  /**
   * Builds in each of the ways that are timed.
   * @param caches image of the package caches
   */
  async timeBuilds(prepared: Prepared, caches: string, result: VariantResult): Promise<void> {
    const { project, variant, folder } = prepared;
    const text = withCachesOf(this.dockerfile(prepared), caches);
    const timed = async (what: string, work: () => Promise<Built>): Promise<Built> => {
      const built = await work();
      this.say(`${project.name} ${variant.name}: ${what} ${built.seconds.toFixed(2)} s`);
      return built;
    };
    const build = (options: { cached?: boolean } = {}): Promise<Built> => {
      // What the build before has written is on the disk before the next one begins.
      spawnSync('sync');
      return this.buildOf(prepared, 'timed', text, options);
    };

    const cold = await timed('cold build', () => build({ cached: false }));
    const unchanged = await timed('unchanged tree', () => build());
    const before = await this.layerIds(cold.image);
    if (variant.options !== null) result.reproduced = await this.compared(imageOf(prepared), cold.image);

    // Each variant's change is its own: variants share stages, whose steps would be cached after the first one's build.
    const changed = join(folder, project.changed);
    const code = await timed('code change', () =>
      repeated((turn) => {
        appendFileSync(changed, `\n# Change ${turn} of ${variant.name}\n`);
        return build();
      }),
    );
    const after = await this.layerIds(code.image);
    if (variant.options !== null) result.codeChangeCommands = await this.trace(prepared, changed, text);

    const requirements = join(folder, 'requirements.txt');
    const requirement = await timed('new requirement', () =>
      repeated((turn) => {
        // Another one each time: what has the same files as an earlier build is taken from there.
        const place = VARIANTS.findIndex(({ name }) => name === variant.name) * TURNS + turn - 1;
        appendFileSync(requirements, `\n${REQUIREMENTS[place]}\n`);
        return build();
      }),
    );
    Object.assign(result.times, {
      cold: cold.seconds,
      unchanged: unchanged.seconds,
      codeChange: code.seconds,
      requirement: requirement.seconds,
    });
    result.coldSteps = longSteps(cold);
    result.unchangedSteps = executed(buildSteps(unchanged.progress));
    result.codeChangeSteps = longSteps(code);
    result.requirementSteps = longSteps(requirement);
    result.replacedLayers = after.filter((id) => !before.includes(id)).length;
  }

  /** The commands of the last stage before production, each with its time. */
  private async trace(
    prepared: Prepared,
    changed: string,
    text: string,
  ): Promise<VariantResult['codeChangeCommands']> {
    const traced = withTrace(text, 'application');
    if (traced === text) return null;
    // The first build carries out all that the changed shell makes new.
    await this.buildOf(prepared, 'traced', traced);
    appendFileSync(changed, '\n# Change traced\n');
    const { progress } = await this.buildOf(prepared, 'traced', traced);
    return tracedCommands(progress);
  }

  private async layerIds(image: string): Promise<string[]> {
    return JSON.parse(
      await this.engine.answer(['image', 'inspect', '--format', '{{json .RootFS.Layers}}', image]),
    ) as string[];
  }

  private async inspected(prepared: Prepared, image = imageOf(prepared)): Promise<VariantResult> {
    const { variant } = prepared;
    const layers = await readLayers(image, this.engine.environment, {
      under: this.home,
      hashes: false,
      compress: true,
    });
    const wasted = wastedPaths(layers.map(({ entries }) => entries));
    const sum = (name: 'size' | 'compressed'): number =>
      layers.reduce((total, layer) => total + layer[name], 0);
    const result: VariantResult = {
      name: variant.name,
      title: variant.title,
      size: sum('size'),
      compressed: sum('compressed'),
      layers: layers.map(({ size }) => size),
      waste: wasted.reduce((total, { size }) => total + size, 0),
      wasted: wasted.slice(0, 8),
      user: await this.engine.answer(['image', 'inspect', '--format', '{{.Config.User}}', imageOf(prepared)]),
      times: {
        cold: null,
        unchanged: null,
        codeChange: null,
        requirement: null,
        firstResponse: null,
        imports: null,
      },
      coldSteps: null,
      unchangedSteps: null,
      codeChangeSteps: null,
      codeChangeCommands: null,
      requirementSteps: null,
      replacedLayers: null,
      pages: {},
      written: null,
      reproduced: null,
    };
    this.say(
      `${prepared.project.name} ${variant.name}: ${(result.size / 1e6).toFixed(1)} MB, compressed ${((result.compressed ?? 0) / 1e6).toFixed(1)} MB, waste ${((result.waste ?? 0) / 1e6).toFixed(1)} MB`,
    );
    return result;
  }

  /** What differs between two builds. Times after SOURCE_DATE_EPOCH are taken as it. */
  private async compared(first: string, second: string): Promise<VariantResult['reproduced']> {
    const [one, other] = [await this.layerIds(first), await this.layerIds(second)];
    if (one.join() === other.join()) return { sameDigests: true, differences: [] };
    const entries = async (image: string): Promise<LayerEntry[][]> =>
      (
        await readLayers(image, this.engine.environment, { under: this.home, hashes: true, compress: false })
      ).map((layer) => layer.entries);
    const found = differences(await entries(first), await entries(second), EPOCH);
    return {
      sameDigests: false,
      differences: found.slice(0, 100).map(({ layer, path, what }) => `layer ${layer}: /${path}: ${what}`),
    };
  }

  private flags({ variant, folder }: Prepared, readOnly: boolean): string[] {
    const environment = join(folder, '.env');
    const secrets = existsSync(environment) ? ['--env-file', environment] : ['--env', 'SECRET_KEY=bench'];
    if (variant.options === null) return secrets;
    return [...secrets, ...HARDENED, ...(readOnly ? ['--read-only'] : [])];
  }

  /** Creates and starts a container; the caller asks while it starts. */
  private async starting(
    prepared: Prepared,
    readOnly: boolean,
  ): Promise<{ name: string; port: number; started: Promise<unknown> }> {
    const name = `${PREFIX}-${process.pid}-${this.containers.size}`;
    const port = await freePort();
    this.containers.add(name);
    await this.engine.run([
      'create',
      '--name',
      name,
      '--publish',
      `127.0.0.1:${port}:8000`,
      ...this.flags(prepared, readOnly),
      imageOf(prepared),
      ...serverCommand(prepared.project),
    ]);
    return { name, port, started: this.engine.run(['start', name]) };
  }

  private async remove(name: string): Promise<void> {
    await this.engine.run(['rm', '--force', '--volumes', name]);
  }

  /**
   * Waits for the first answer of a page.
   * @returns when it came, in milliseconds since 1970
   */
  private async answers(name: string, port: number, path: string): Promise<number> {
    const end = performance.now() + 60_000;
    while ((await statusOf(port, path)) !== 200) {
      if (performance.now() > end) {
        const { stdout, stderr } = await this.engine.try(['logs', '--tail', '25', name]);
        throw new Error(`${name}: ${path} does not answer 200\n${stdout}${stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    return performance.timeOrigin + performance.now();
  }

  /** Seconds from the start of a container to its first answer. */
  async firstResponse(prepared: Prepared): Promise<number> {
    const { name, port, started } = await this.starting(prepared, true);
    const [answered] = await Promise.all([
      this.answers(name, port, prepared.project.pages[0] ?? '/'),
      started,
    ]);
    const at = await this.engine.answer(['inspect', '--format', '{{.State.StartedAt}}', name]);
    await this.remove(name);
    return (answered - Date.parse(at)) / 1000;
  }

  /** Seconds of the first import of the project's packages, in a container that can write nothing. */
  async imports(prepared: Prepared): Promise<number> {
    const script = `import time; start = time.perf_counter(); import ${prepared.project.imports.join(', ')}; print(time.perf_counter() - start)`;
    const answer = await this.engine.answer([
      'run',
      '--rm',
      ...this.flags(prepared, true),
      ...(prepared.variant.options === null ? ['--read-only', '--tmpfs', '/tmp'] : []),
      imageOf(prepared),
      'python',
      '-c',
      script,
    ]);
    return Number(answer.split('\n').at(-1));
  }

  /** Asks for every page of a container that may write, and looks what it wrote. */
  async pagesAndWritten(prepared: Prepared): Promise<Pick<VariantResult, 'pages' | 'written'>> {
    const { name, port, started } = await this.starting(prepared, false);
    await Promise.all([this.answers(name, port, prepared.project.pages[0] ?? '/'), started]);
    const pages: Record<string, number> = {};
    for (const page of prepared.project.pages) pages[page] = await statusOf(port, page);
    const written = await this.engine.answer(['diff', name]);
    await this.remove(name);
    return { pages, written: written === '' ? [] : written.split('\n') };
  }

  /** Removes what the benchmark made, and only that. */
  cleanUp(): void {
    if (this.containers.size > 0) this.engine.removeNow(['rm', '--force', '--volumes', ...this.containers]);
    if (this.made.size > 0) this.engine.removeNow(['image', 'rm', '--force', ...this.made]);
  }
}

const longSteps = ({ progress }: Built): BuildStep[] =>
  buildSteps(progress).filter(({ seconds }) => seconds >= 0.05);

/** The build of a median time: of three where it is short. */
async function repeated(work: (turn: number) => Promise<Built>): Promise<Built> {
  const first = await work(1);
  if (first.seconds >= SHORT) return first;
  const runs = [first];
  for (let turn = 2; turn <= TURNS; turn += 1) runs.push(await work(turn));
  return runs.toSorted((left, right) => left.seconds - right.seconds)[(TURNS - 1) / 2] ?? first;
}

/** The images of FROM that are no stages. */
export function baseImages(dockerfile: string): string[] {
  const stages = new Set<string>(['scratch']);
  const images = new Set<string>();
  for (const [, image = '', stage] of dockerfile.matchAll(
    /^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/gim,
  )) {
    if (!stages.has(image)) images.add(image);
    if (stage !== undefined) stages.add(stage);
  }
  return [...images];
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
