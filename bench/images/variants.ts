import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, linkSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { naiveDockerfile, SEED_DOCKERIGNORE, seedDockerfile } from './dockerfiles.ts';
import type { BenchProject } from './projects.ts';

/** One way to make an image of a project. */
export interface Variant {
  name: string;
  title: string;
  /** Options of the generator; null: not ours. */
  options: Readonly<Record<string, string>> | null;
}

export const NAIVE = 'naive';
export const SEED = 'seed';

const ours = (base: string, optimize: string): Variant => ({
  name: `${base}-${optimize}`,
  title: `${base}, ${optimize}`,
  options: { base, optimize },
});

export const VARIANTS: readonly Variant[] = [
  { name: NAIVE, title: 'naive (the seed’s “before”)', options: null },
  { name: SEED, title: 'the seed’s “after”', options: null },
  ours('slim', 'balanced'),
  ours('slim', 'size'),
  ours('distroless', 'balanced'),
  ours('distroless', 'size'),
  { name: 'alpine', title: 'alpine', options: { base: 'alpine' } },
];

/** The Dockerfile without the package caches that a fair time needs; null for ours, which have them themselves. */
export function wordForWord({
  project,
  variant,
}: {
  project: BenchProject;
  variant: Variant;
}): string | null {
  if (variant.name === NAIVE) return naiveDockerfile(project, false);
  return variant.name === SEED ? seedDockerfile(project, false) : null;
}

const COMMAND = join(import.meta.dirname, '../../dist/bin/backendai-docker.js');

/** The defaults of the generator: what it writes as long as it does not know the option. */
const UNSAID: Readonly<Record<string, string>> = { base: 'slim', optimize: 'balanced' };

/**
 * The arguments for a variant, or the option that the generator does not have yet.
 * @param help what the command prints for `--help`
 */
export function generatorArguments(
  { options }: Pick<Variant, 'options'>,
  help: string,
): { args: string[] } | { missing: string } {
  const args = ['--defaults', '--database', 'postgres', '--python-version', '3.11'];
  for (const [name, value] of Object.entries(options ?? {})) {
    if (new RegExp(`^\\s+--${name}\\b`, 'm').test(help)) args.push(`--${name}`, value);
    else if (UNSAID[name] !== value) return { missing: `--${name} ${value}` };
  }
  return { args };
}

export const generatorHelp = (): string =>
  spawnSync(process.execPath, [COMMAND, '--help'], { encoding: 'utf8' }).stdout;

/**
 * A copy of a project with the Dockerfile of a variant in it.
 * @returns why the variant has to be left out, or null
 */
export function writeVariant(
  project: BenchProject,
  variant: Variant,
  source: string,
  folder: string,
  help: string,
): string | null {
  copyTree(source, folder);
  if (variant.name === NAIVE) writeFileSync(join(folder, 'Dockerfile'), naiveDockerfile(project, true));
  else if (variant.name === SEED) {
    writeFileSync(join(folder, 'Dockerfile'), seedDockerfile(project, true));
    writeFileSync(join(folder, '.dockerignore'), SEED_DOCKERIGNORE);
  } else {
    const found = generatorArguments(variant, help);
    if ('missing' in found) return `the generator has no ${found.missing} yet`;
    const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...found.args], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) {
      const why = `${stdout}\n${stderr}`.trim();
      // A choice that the option does not offer yet.
      const line = why.split('\n').find((text) => /--(?:base|optimize)\b/.test(text));
      if (line !== undefined) return line.trim();
      throw new Error(`the generator failed on ${project.name} (${variant.name}):\n${why}`);
    }
  }
  return null;
}

/** Small files are copied, because some are changed later; large ones are linked. */
function copyTree(source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory()) copyTree(from, to);
    else if (statSync(from).size > 500_000) linkSync(from, to);
    else {
      copyFileSync(from, to);
      chmodSync(to, statSync(from).mode);
    }
  }
}
