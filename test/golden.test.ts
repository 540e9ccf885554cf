import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import dockerignore from '@balena/dockerignore';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DockerfileParser } from 'dockerfile-ast';
import type { AnswerName } from '../generators/app/answers/answers.ts';
import { resolveAnswers } from '../generators/app/answers/resolve-answers.ts';
import { detectProject } from '../generators/app/detection/detect-project.ts';
import { readDiskFiles } from '../generators/app/detection/disk-files.ts';
import { makePlan } from '../generators/app/planning/make-plan.ts';
import type { Plan } from '../generators/app/planning/plan.ts';
import { renderFiles, type RenderedFile } from '../generators/app/rendering/render-files.ts';

const GOLDEN = join(import.meta.dirname, 'golden');
/** The sample first: a script that several projects get alike stands in the first of them only. */
const cases = readdirSync(GOLDEN)
  .filter((name) => existsSync(join(GOLDEN, name, 'answers.json')))
  .toSorted(
    (left, right) => Number(right === 'sample') - Number(left === 'sample') || (left < right ? -1 : 1),
  );

/**
 * The bundled sample is the main case; it is not copied. A case without a project of its own gives other answers for the
 * project that its name begins with: `writes-files-distroless`.
 */
function projectFolder(name: string): string {
  if (name === 'sample') return join(import.meta.dirname, '../sample/backendai');
  const own = join(GOLDEN, name, 'project');
  const other = cases.find((candidate) => candidate !== name && name.startsWith(`${candidate}-`));
  return existsSync(own) || other === undefined ? own : projectFolder(other);
}

async function renderCase(name: string): Promise<{ plan: Plan; rendered: Map<string, RenderedFile> }> {
  const commandLine = JSON.parse(readFileSync(join(GOLDEN, name, 'answers.json'), 'utf8')) as Partial<
    Record<AnswerName, string>
  >;
  const facts = detectProject(readDiskFiles(projectFolder(name)));
  const { answers } = await resolveAnswers(facts, { commandLine, stored: {}, askAnswered: false });
  const plan = makePlan(facts, answers);
  return { plan, rendered: renderFiles(plan, () => 'a-fresh-random-secret') };
}

/** Each case is rendered once. */
const generated = new Map<string, ReturnType<typeof renderCase>>();

function generate(name: string): ReturnType<typeof renderCase> {
  const known = generated.get(name) ?? renderCase(name);
  generated.set(name, known);
  return known;
}

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    : [];

describe.each(cases)('golden project %s', (name) => {
  it('gets exactly the expected files', async () => {
    const { rendered } = await generate(name);
    const expected = join(GOLDEN, name, 'expected');
    const earlier = await Promise.all(cases.slice(0, cases.indexOf(name)).map((other) => generate(other)));
    const standsEarlier = (path: string): boolean =>
      path.endsWith('.py') &&
      earlier.some((other) => other.rendered.get(path)?.text === rendered.get(path)?.text);
    // .env holds random values and is not committed anywhere.
    const paths = [...rendered.keys()].filter((path) => path !== '.env' && !standsEarlier(path));
    for (const path of paths) {
      await expect(rendered.get(path)?.text).toMatchFileSnapshot(join(expected, path));
    }
    // A missing file fails above; one that is no longer written fails here.
    expect(filesBelow(expected).filter((path) => !paths.includes(path))).toEqual([]);
  });

  it('has a .dockerignore that keeps what is copied and drops secrets and history', async () => {
    const { plan, rendered } = await generate(name);
    const patterns = rendered.get('.dockerignore')?.text.split('\n') ?? [];
    const ignored = (dockerignore as unknown as typeof dockerignore.default)().add(patterns);
    const copied = plan.copies.flatMap((group) => group.sources);
    for (const path of [...copied, ...plan.install.productionMounts, ...plan.install.developmentMounts]) {
      expect(ignored.ignores(path), `${path} must reach the build`).toBe(false);
    }
    for (const path of [
      '.git/config',
      '.env',
      '.env.production',
      'db.sqlite3',
      'apps/__pycache__/x.pyc',
      '.venv/bin/python',
      'docker/report/image-report.html',
      'docker/measurements.json',
    ]) {
      expect(ignored.ignores(path), `${path} must stay out`).toBe(true);
    }
  });

  it('has well-formed Compose files and a Dockerfile that ends in production', async () => {
    const { plan, rendered } = await generate(name);
    const compose = parse(rendered.get('compose.yaml')?.text ?? '', { merge: true }) as {
      services: Record<string, object>;
    };
    expect(compose.services).toMatchObject({
      web: { read_only: true, cap_drop: ['ALL'] },
      migrate: { restart: 'no' },
    });
    expect((compose.services['migrate'] as { command: string[] }).command).toEqual([
      'python',
      '/app/docker/migrate_database.py',
    ]);
    expect(plan.migrateCommands[0]).toEqual(['migrate', '--noinput']);
    const development = parse(rendered.get('compose.dev.yaml')?.text ?? '', {
      merge: true,
    }) as typeof compose;
    expect(development.services).toHaveProperty('web');
    const dockerfile = DockerfileParser.parse(rendered.get('Dockerfile')?.text ?? '');
    const stages = dockerfile.getFROMs().map((from) => from.getBuildStage());
    expect(stages.at(-1)).toBe('production');
    expect(stages).toEqual(expect.arrayContaining(['builder', 'development']));
    expect(dockerfile.getFROMs()[0]?.getImage()).toBe(plan.baseImage);
  });

  it('writes every secret into .env only', async () => {
    const { plan, rendered } = await generate(name);
    const wanted = plan.environment.some(({ variables }) =>
      variables.some(({ value }) => value.kind === 'random'),
    );
    for (const [path, { text }] of rendered) {
      expect(text.includes('a-fresh-random-secret'), path).toBe(path === '.env' && wanted);
    }
  });
});
