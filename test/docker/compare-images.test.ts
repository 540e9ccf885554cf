import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, answerOf, engine, eventually, generatedProject, removeProject, run } from './docker.ts';

const MINUTES = 60_000;

interface Image {
  size: number;
  compressed: number;
  inspected: number;
  history: number;
  layers: { command: string; size: number }[];
  breakdown: Record<string, number>;
  packages: { name: string; size: number }[];
}

interface Report {
  images: Record<'before' | 'builder' | 'development' | 'production', Image>;
  context: Record<'before' | 'production', number>;
  times: Record<'before' | 'production', Record<string, number>>;
  codeChangePush: Record<'before' | 'production', number>;
  limits: { missed: string[] };
  notes: string[];
}

/** Path, time and content of every file: that nothing of the repository was touched. */
function state(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => {
      const content = createHash('sha256').update(readFileSync(path)).digest('hex');
      return `${path} ${lstatSync(path).mtimeMs} ${content}`;
    });
}

/** The images and containers that a run has left. */
function leftovers(image: string): string[] {
  const images = answerOf(ROOT, 'docker', ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', image]);
  const containers = answerOf(ROOT, 'docker', ['ps', '--all', '--format', '{{.Names}} {{.Image}}']);
  return [...images.split('\n'), ...containers.split('\n')].filter((line) =>
    line.includes(`${image}:compare-`),
  );
}

function expectAgreement(report: Report): void {
  for (const [name, image] of Object.entries(report.images)) {
    expect(image, `${name}: ${report.notes.join('; ')}`).not.toBeNull();
    expect(Math.abs(image.size / image.inspected - 1), name).toBeLessThan(0.001);
    expect(Math.abs(image.size / image.history - 1), name).toBeLessThan(0.001);
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
    expect(sum(Object.values(image.breakdown)), name).toBe(image.size);
    expect(sum(image.layers.map(({ size }) => size)), name).toBe(image.size);
    expect(image.compressed, name).toBeLessThan(image.size);
    expect(image.breakdown['base'], name).toBeGreaterThan(100_000_000);
  }
}

describe.skipIf(engine === null)('compare_images.py on a Docker engine', { timeout: 15 * MINUTES }, () => {
  const temporary = mkdtempSync(join(tmpdir(), 'backendai-compare-'));
  const environment = { TMPDIR: temporary };
  afterAll(() => rmSync(temporary, { recursive: true, force: true }));

  const compare = (folder: string, args: string[]): { status: number; report: Report; output: string } => {
    const { status, stdout, output } = run(
      folder,
      'python3',
      ['docker/compare_images.py', '--json', ...args],
      environment,
    );
    if (!stdout.startsWith('{')) throw new Error(output.slice(-6000));
    return { status, report: JSON.parse(stdout) as Report, output };
  };

  describe('the sample, sizes only', () => {
    let folder: string;
    let result: ReturnType<typeof compare>;
    beforeAll(() => {
      folder = generatedProject(join(ROOT, 'sample/backendai'), ['--image-name', 'backendai-compared']);
      mkdirSync(join(folder, '.git'));
      writeFileSync(join(folder, '.git/pack'), 'x'.repeat(5_000_000));
      result = compare(folder, ['--sizes-only', '--budget', '10MB', '--max-ratio', '0.9']);
    }, 10 * MINUTES);
    afterAll(() => removeProject(folder));

    it('agrees with docker image inspect and docker history, and adds up', () => {
      expectAgreement(result.report);
    });

    it('tells what is in the images', () => {
      const { before, production } = result.report.images;
      expect(before.breakdown).toMatchObject({ history: 5_000_000 });
      expect(before.breakdown['buildTools']).toBeGreaterThan(200_000_000);
      expect(production.breakdown).toMatchObject({ history: 0, buildTools: 0, tests: 0 });
      const names = production.packages.slice(0, 5).map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['scipy', 'numpy', 'lightgbm', 'django']));
      expect(result.report.context.before).toBeGreaterThan(result.report.context.production + 5_000_000);
    });

    it('ends with 1 for the limit that is missed, and names that one only', () => {
      expect(result.status).toBe(1);
      expect(result.report.limits.missed).toEqual([expect.stringMatching(/the budget is 10\.0 MB$/)]);
    });

    it('leaves nothing behind', () => {
      expect(leftovers('backendai-compared')).toEqual([]);
      expect(readdirSync(temporary)).toEqual([]);
    });

    it('leaves nothing behind after Ctrl-C', async () => {
      writeFileSync(
        join(folder, 'requirements.txt'),
        `${readFileSync(join(folder, 'requirements.txt'), 'utf8')}# ${Date.now()}\n`,
      );
      const child = spawn('python3', ['docker/compare_images.py'], {
        cwd: folder,
        env: { ...engine, ...environment },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let shown = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (shown += chunk));
      const ended = new Promise((resolve) => child.on('exit', resolve));
      await eventually(
        60,
        () => Promise.resolve(shown),
        (text) => text.includes('building production'),
      );
      await new Promise((resolve) => setTimeout(resolve, 3000));
      child.kill('SIGINT');
      expect(await ended).toBe(130);
      expect(leftovers('backendai-compared')).toEqual([]);
      expect(readdirSync(temporary)).toEqual([]);
    });
  });

  it('measures builds, rebuilds and starts, and changes no file', () => {
    const folder = generatedProject(join(ROOT, 'test/golden/root-requirements/project'), [
      ...['--database', 'sqlite', '--image-name', 'root-compared'],
    ]);
    // The seed's first Dockerfile.
    const old = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n';
    writeFileSync(join(folder, 'Dockerfile.old'), old);
    try {
      const before = state(folder);
      const { status, report, output } = compare(folder, []);
      expect(status, output).toBe(0);
      expectAgreement(report);
      for (const name of ['before', 'production'] as const)
        expect(
          Object.entries(report.times[name]).filter(([, value]) => !(value > 0)),
          output,
        ).toEqual([]);
      expect(report.times.production['codeChange']).toBeLessThan(report.times.production['cold'] ?? 0);
      expect(report.times.production['firstResponse']).toBeLessThan(30);
      expect(report.times.production['memory']).toBeGreaterThan(20_000_000);
      // Only the code's own layers; before, every requirement is in a new layer.
      expect(report.codeChangePush.production).toBeLessThan(1_000_000);
      expect(report.codeChangePush.before).toBeGreaterThan(5_000_000);
      expect(report.notes.join('\n')).toMatch(/code change: a comment added to .*wsgi\.py/);
      expect(state(folder)).toEqual(before);
      expect(leftovers('root-compared')).toEqual([]);
      expect(readdirSync(temporary)).toEqual([]);
    } finally {
      removeProject(folder);
    }
  });
});
