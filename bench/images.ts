/**
 * `npm run bench:images -- [--project NAME]… [--variant NAME]… [--runs N] [--skip-times] [--keep] [--output FILE]`
 *
 * Sizes and times of the images of three made projects: the seed's "before" and "after", and ours in each variant, in one
 * run. Every image has the same base and is started by the same command; a ratio is to the "before" of this run. The
 * package caches (apt, pip, uv) of all builds are filled before anything is timed. A complete run writes
 * bench/results/images.json and the picture for the README. Exits 1 when a target is missed (FAIL; what is `over` is a figure
 * for comparison).
 *
 * Times mean something on a machine that does nothing else, with a build cache that holds 30 GB (`defaultKeepStorage` of
 * the engine; `BACKENDAI_TEST_ENGINE_CACHE=30GB npm run engine` starts the tests' own engine so): BuildKit deletes what
 * is above it while the next build runs, the package caches among them. With less, only `--skip-times` is measured.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hadolintProgram } from '../test/docker/hadolint.ts';
import { shortName } from './images/build-steps.ts';
import { Engine, timesMeanSomething } from './images/engine.ts';
import { Bench, type Prepared } from './images/measure.ts';
import { picture } from './images/picture.ts';
import { PROJECTS, type BenchProject } from './images/projects.ts';
import { resultTable, shown, targetsOf, type ProjectResult, type VariantResult } from './images/results.ts';
import {
  generatorHelp,
  NAIVE,
  VARIANTS,
  wordForWord,
  writeVariant,
  type Variant,
} from './images/variants.ts';
import { median } from './median.ts';

const RESULTS = join(import.meta.dirname, 'results');

/** A start takes half a second and varies by a tenth; the median of so many is worth comparing. */
const STARTS = 9;

interface Options {
  runs: number;
  times: boolean;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      project: { type: 'string', multiple: true },
      variant: { type: 'string', multiple: true },
      runs: { type: 'string', default: '5' },
      'skip-times': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      output: { type: 'string' },
    },
  });
  const projects = chosen('project', PROJECTS, values.project);
  const variants = chosen('variant', VARIANTS, values.variant && [NAIVE, ...values.variant]);
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs ${values.runs}: not a number above 0`);
  const options: Options = { runs, times: !values['skip-times'] };

  const engine = new Engine();
  const kept = await engine.packageCacheLimit();
  if (options.times && !timesMeanSomething(kept))
    throw new Error(
      `this engine keeps ${((kept ?? 0) / 1e9).toFixed(1)} GB of package caches and deletes what is above, so that times say nothing: measure with --skip-times, or on an engine with a larger build cache (BACKENDAI_TEST_ENGINE_CACHE=30GB npm run engine; for a system engine see the head of bench/images.ts)`,
    );
  const home = mkdtempSync(join(tmpdir(), 'bench-images-'));
  const bench = new Bench(engine, home, (text) => console.log(text));
  const end = (): void => {
    if (values.keep) console.log(`Kept: ${home} and the images bench-images-*`);
    else {
      bench.cleanUp();
      rmSync(home, { recursive: true, force: true });
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      end();
      process.exit(1);
    });
  const results: ProjectResult[] = [];
  try {
    for (const project of projects)
      results.push(await measureProject(bench, project, variants, options, join(home, project.name)));
  } finally {
    end();
  }

  const targets = results.flatMap(targetsOf);
  for (const result of results) console.log(`\n${resultTable(result)}\n${breakdown(result)}`);
  console.log('\nTargets, against the naive image of this run:');
  for (const { project, variant, what, value, limit, unit, passed, binding } of targets)
    console.log(
      `${passed ? 'pass' : binding ? 'FAIL' : 'over'} ${project} ${variant}: ${what} ${shown(value, unit)} (at most ${shown(limit, unit)})`,
    );
  const complete = values.project === undefined && values.variant === undefined && options.times;
  const report = {
    schema: 1,
    measuredAt: new Date().toISOString(),
    machine: {
      engine: await engine.answer(['version', '--format', '{{.Server.Version}}']),
      platform: await engine.answer(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}']),
      cpus: cpus().length,
    },
    packageCaches: 'filled before anything is timed',
    runs,
    projects: results,
    targets,
  };
  const output = values.output ? resolve(process.env['INIT_CWD'] ?? '.', values.output) : null;
  if (complete) {
    write(join(RESULTS, 'images.json'), JSON.stringify(report, null, 2));
    write(join(RESULTS, 'images.svg'), picture(results).trimEnd());
  }
  if (output !== null) write(output, JSON.stringify(report, null, 2));
  return targets.every(({ passed, binding }) => passed || !binding) ? 0 : 1;
}

function chosen<T extends { name: string }>(what: string, all: readonly T[], names?: string[]): T[] {
  const unknown = (names ?? []).filter((name) => !all.some((row) => row.name === name));
  if (unknown.length > 0)
    throw new Error(`no ${what} ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`);
  return all.filter(({ name }) => names?.includes(name) ?? true);
}

function write(path: string, text: string): void {
  if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${text}\n`);
  console.log(`Written: ${path}`);
}

async function measureProject(
  bench: Bench,
  project: BenchProject,
  variants: readonly Variant[],
  { runs, times }: Options,
  home: string,
): Promise<ProjectResult> {
  const source = join(home, 'source');
  project.write(source);
  const help = generatorHelp();
  const leftOut: ProjectResult['leftOut'] = [];
  const prepared: Prepared[] = [];
  for (const variant of variants) {
    const folder = join(home, variant.name);
    const why = writeVariant(project, variant, source, folder, help) ?? (await notBuildable(bench, folder));
    if (why === null) prepared.push({ project, variant, folder });
    else {
      leftOut.push({ name: variant.name, why });
      bench.say(`${project.name} ${variant.name}: left out: ${why}`);
    }
  }

  const results = new Map<Prepared, VariantResult>();
  const [first] = prepared;
  if (first !== undefined) {
    bench.say(`${project.name}: the wheels are fetched`);
    await bench.fillWheels(first);
  }
  for (const one of prepared) results.set(one, await bench.buildImage(one, wordForWord(one)));
  if (times) {
    const caches = await bench.keepCaches(prepared);
    // On the images as they were built first: the timed builds change the copies of the project.
    await measureRuns(bench, results, runs);
    for (const [one, result] of results) await bench.timeBuilds(one, caches, result);
  }
  return { name: project.name, title: project.title, variants: [...results.values()], leftOut };
}

/** Why an image cannot be built here, or null: its base can neither be found nor pulled. */
async function notBuildable(bench: Bench, folder: string): Promise<string | null> {
  for (const base of bench.basesOf(folder)) {
    const present = await bench.engine.try(['image', 'inspect', base]);
    if (present.status === 0) continue;
    const pulled = await bench.engine.try(['pull', '--quiet', base]);
    if (pulled.status !== 0) return `${base} is not here and cannot be pulled; ${linted(folder)}`;
  }
  return null;
}

/** What hadolint says of a Dockerfile that cannot be built here. */
function linted(folder: string): string {
  const program = hadolintProgram();
  if (program === null) return 'there is no hadolint';
  const { status, stdout } = spawnSync(
    program,
    ['--failure-threshold', 'style', join(folder, 'Dockerfile')],
    {
      encoding: 'utf8',
    },
  );
  return status === 0 ? 'hadolint finds nothing' : `hadolint finds: ${stdout.trim().replaceAll('\n', '; ')}`;
}

/** What is measured on the images, in turns, so that each variant meets the same machine. */
async function measureRuns(bench: Bench, results: Map<Prepared, VariantResult>, runs: number): Promise<void> {
  const responses = new Map<Prepared, number[]>();
  const imports = new Map<Prepared, number[]>();
  for (let turn = 0; turn <= Math.max(runs, STARTS); turn += 1)
    for (const one of results.keys()) {
      const response = await bench.firstResponse(one);
      const imported = one.project.imports.length > 0 && turn <= runs ? await bench.imports(one) : null;
      // The first turn brings the files into memory.
      if (turn === 0) continue;
      responses.set(one, [...(responses.get(one) ?? []), response]);
      if (imported !== null) imports.set(one, [...(imports.get(one) ?? []), imported]);
    }
  for (const [one, result] of results) {
    result.times.firstResponse = median(responses.get(one) ?? []);
    result.times.imports = imports.has(one) ? median(imports.get(one) ?? []) : null;
    bench.say(
      `${one.project.name} ${one.variant.name}: first response ${result.times.firstResponse.toFixed(3)} s${result.times.imports === null ? '' : `, imports ${result.times.imports.toFixed(2)} s`}`,
    );
    Object.assign(result, await bench.pagesAndWritten(one));
  }
}

/** What a change of code costs, step by step, and what else is worth a look. */
function breakdown({ variants }: ProjectResult): string {
  return variants
    .filter(({ codeChangeSteps }) => codeChangeSteps !== null)
    .map(
      ({ name, codeChangeSteps, codeChangeCommands, replacedLayers, reproduced, written, unchangedSteps }) =>
        [
          `\n${name}: steps of a code change (${replacedLayers} layers replaced)`,
          ...(codeChangeSteps ?? []).map((step) => `  ${step.seconds.toFixed(2)} s  ${shortName(step.name)}`),
          ...(codeChangeCommands ?? [])
            .filter(({ seconds }) => seconds >= 0.02)
            .map(({ command, seconds }) => `    ${seconds.toFixed(2)} s  ${command}`),
          ...(unchangedSteps ?? []).map(
            (step) => `  not cached in an unchanged tree: ${shortName(step.name)}`,
          ),
          ...(written ?? []).slice(0, 10).map((line) => `  written at run time: ${line}`),
          ...(reproduced?.differences ?? []).slice(0, 10).map((line) => `  two builds differ: ${line}`),
        ].join('\n'),
    )
    .join('\n');
}

if (import.meta.main) process.exitCode = await main();
