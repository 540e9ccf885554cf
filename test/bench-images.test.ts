import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildSteps, executed, shortName, tracedCommands } from '../bench/images/build-steps.ts';
import {
  naiveDockerfile,
  seedDockerfile,
  uvImageOf,
  withCachesOf,
  withTrace,
} from '../bench/images/dockerfiles.ts';
import { packageCacheLimit, readable, timesMeanSomething } from '../bench/images/engine.ts';
import { baseImages } from '../bench/images/measure.ts';
import { picture } from '../bench/images/picture.ts';
import { PROJECTS } from '../bench/images/projects.ts';
import { resultTable, targetsOf, type ProjectResult, type VariantResult } from '../bench/images/results.ts';
import { generatorArguments, VARIANTS } from '../bench/images/variants.ts';
import { differences, wastedPaths, type LayerEntry } from '../bench/images/waste.ts';

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, 0, seconds * 1000)).toISOString();

describe('the progress of a build', () => {
  const run =
    '[application 2/3] RUN --mount=type=bind,target=/x export A=1 &&   python manage.py collectstatic';
  const progress =
    line({ vertexes: [{ digest: 'a', name: '[internal] load build definition', started: at(0) }] }) +
    line({ vertexes: [{ digest: 'c', name: run, started: at(2) }] }) +
    line({
      vertexes: [
        { digest: 'b', name: '[base 1/2] RUN apt-get', started: at(1), completed: at(1), cached: true },
      ],
    }) +
    'not JSON\n{"cut off\n' +
    line({
      logs: [
        { vertex: 'c', data: Buffer.from('+ ').toString('base64'), timestamp: at(2.5) },
        { vertex: 'c', data: Buffer.from('python collectstatic\n').toString('base64'), timestamp: at(2.6) },
        { vertex: 'c', data: Buffer.from('done\n+ python -c x\n').toString('base64'), timestamp: at(4) },
      ],
    }) +
    line({ vertexes: [{ digest: 'c', name: run, started: at(2), completed: at(5) }] });

  it('tells the steps with their times, in their order', () => {
    expect(buildSteps(progress)).toEqual([
      { name: '[base 1/2] RUN apt-get', seconds: 0, cached: true },
      { name: run, seconds: 3, cached: false },
      { name: '[internal] load build definition', seconds: 0, cached: false },
    ]);
    expect(executed(buildSteps(progress)).map(({ name }) => shortName(name))).toEqual([
      'application: RUN export A=1 && python manage.py collectstatic',
    ]);
  });

  it('tells how long each traced command took', () => {
    expect(tracedCommands(progress)).toEqual([
      { command: 'python collectstatic', seconds: 1.5 },
      { command: 'python -c x', seconds: 1 },
    ]);
  });

  it('is readable when a build fails', () => {
    expect(readable(progress + line({ vertexes: [{ digest: 'c', error: 'exit code: 1' }] }))).toBe(
      'not JSON\n+ python collectstatic\ndone\n+ python -c x\nexit code: 1',
    );
  });
});

const entry = (path: string, size: number, more: Partial<LayerEntry> = {}): LayerEntry => ({
  path,
  type: 'File',
  size,
  mode: 0o644,
  modified: 100,
  owner: '0:0',
  target: '',
  contents: path,
  ...more,
});

describe('wastedPaths', () => {
  it('counts every copy of a path that several layers hold, and what a whiteout hides', () => {
    const layers = [
      [entry('a', 10), entry('b', 5), entry('c/d', 7), entry('c/e', 1), entry('c', 0, { type: 'Directory' })],
      [entry('a', 12), entry('.wh.c', 0), entry('c', 0, { type: 'Directory' })],
    ];
    expect(wastedPaths(layers)).toEqual([{ path: 'a', size: 22 }]);
    // A file that a later layer removes is there all the same.
    const hidden = [[entry('f', 10)], [entry('.wh.f', 0)]];
    expect(wastedPaths(hidden)).toEqual([{ path: 'f', size: 20 }]);
  });
});

describe('differences', () => {
  it('takes times after SOURCE_DATE_EPOCH as it', () => {
    const first = [[entry('a', 1, { modified: 200 }), entry('b', 1, { contents: 'x' }), entry('c', 1)]];
    const second = [[entry('a', 1, { modified: 300 }), entry('b', 1, { contents: 'y' }), entry('d', 1)]];
    expect(differences(first, second, 150)).toEqual([
      { layer: 0, path: 'b', what: 'contents' },
      { layer: 0, path: 'c', what: 'only in the first' },
      { layer: 0, path: 'd', what: 'only in the second' },
    ]);
    expect(differences(first, second, null)).toContainEqual({ layer: 0, path: 'a', what: 'time' });
  });
});

describe('Dockerfiles', () => {
  const [plain] = PROJECTS;
  if (plain === undefined) throw new Error('no project');

  it('are the seed’s, word for word, without package caches', () => {
    expect(naiveDockerfile(plain, false)).toBe(`FROM python:3.11-slim-trixie
WORKDIR /app
RUN apt-get update && apt-get install -y build-essential git wget
COPY . .
RUN pip install -r requirements.txt
EXPOSE 8000
CMD ["gunicorn","--bind","0.0.0.0:8000","--workers","2","shop.wsgi:application"]
`);
    expect(seedDockerfile(plain, false)).toContain('RUN pip install --prefix=/install -r requirements.txt\n');
    expect(baseImages(seedDockerfile(plain, true))).toEqual(['python:3.11-slim-trixie']);
  });

  it('take what the caches hold from an image', () => {
    const text = 'RUN --mount=type=cache,id=x-1,target=/root/.cache/uv,sharing=locked \\\n    uv\n';
    expect(withCachesOf(text, 'i:1')).toBe(
      'RUN --mount=type=bind,from=i:1,source=/caches/root/.cache/uv,target=/root/.cache/uv,rw \\\n    uv\n',
    );
    for (const make of [naiveDockerfile, seedDockerfile])
      expect(withCachesOf(make(plain, true), 'i:1')).not.toContain('type=cache');
  });

  it('name the image of uv, their bases, and can be traced', () => {
    const text =
      'FROM a:1 AS base\nFROM base AS application\nRUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.13.9,source=/uv uv\nFROM --platform=linux/amd64 b AS c\nFROM scratch\n';
    expect(uvImageOf(text)).toBe('ghcr.io/astral-sh/uv:0.13.9');
    expect(uvImageOf('FROM a')).toBeNull();
    expect(baseImages(text)).toEqual(['a:1', 'b']);
    expect(withTrace(text, 'application')).toContain('AS application\nSHELL ["/bin/sh", "-xc"]\nRUN');
  });
});

describe('packageCacheLimit', () => {
  it('is that of the rule for cache mounts', () => {
    const text =
      'GC Policy rule#0:\n Filters: type==source.local,type==exec.cachemount\n Max Used Space: 4.145GiB\nGC Policy rule#1:\n Reserved Space: 30GiB\n';
    expect(packageCacheLimit(text)).toBe(4.145 * 1024 ** 3);
    expect(packageCacheLimit(text.replace('4.145GiB', '512MiB'))).toBe(512 * 1024 ** 2);
    expect(packageCacheLimit('Name: default\n')).toBeNull();
  });

  it('says whether the builds that are timed find what they have fetched before', () => {
    expect(timesMeanSomething(4.145 * 1024 ** 3)).toBe(true);
    expect(timesMeanSomething(1.2e9)).toBe(false);
    expect(timesMeanSomething(null)).toBe(true);
  });
});

describe('generatorArguments', () => {
  const named = (name: string): (typeof VARIANTS)[number] => {
    const found = VARIANTS.find((variant) => variant.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  const always = ['--defaults', '--database', 'postgres', '--python-version', '3.11'];

  it('leaves out what the generator does not have, except its defaults', () => {
    expect(generatorArguments(named('slim-balanced'), '')).toEqual({ args: always });
    expect(generatorArguments(named('slim-size'), '')).toEqual({ missing: '--optimize size' });
    expect(generatorArguments(named('distroless-size'), '  --base NAME  x\n  --optimize NAME\n')).toEqual({
      args: [...always, '--base', 'distroless', '--optimize', 'size'],
    });
  });
});

const result = (name: string, more: Partial<VariantResult> = {}): VariantResult => ({
  name,
  title: name,
  size: 1_000_000_000,
  compressed: 400_000_000,
  layers: [1],
  waste: 1_000_000,
  wasted: [],
  user: '',
  times: { cold: 100, unchanged: 1, codeChange: 100, requirement: 100, firstResponse: 1, imports: 1 },
  coldSteps: null,
  unchangedSteps: [],
  codeChangeSteps: null,
  codeChangeCommands: null,
  requirementSteps: null,
  replacedLayers: 1,
  pages: { '/': 200 },
  written: [],
  reproduced: { sameDigests: true, differences: [] },
  ...more,
});

describe('targetsOf', () => {
  const project = (variant: VariantResult, name = 'ai'): ProjectResult => ({
    name,
    title: 'A <project>',
    variants: [result('naive'), variant],
    leftOut: [{ name: 'alpine', why: 'no base' }],
  });
  const times = { cold: 50, unchanged: 1, codeChange: 10, requirement: 30, firstResponse: 1, imports: 1.05 };
  const good = result('slim-balanced', { size: 410_000_000, times });

  it('passes at the limits', () => {
    const targets = targetsOf(project(good));
    expect(targets.filter(({ passed }) => !passed)).toEqual([]);
    expect(targets.map(({ what }) => what)).toEqual([
      'size',
      'first response',
      'imports',
      'cold build',
      'code change',
      'new requirement',
      'waste',
      'steps of an unchanged tree',
      'written at run time',
      'differences of two builds',
      'pages that fail',
    ]);
  });

  it.each([
    ['size', { size: 411_000_000 }],
    ['imports', { times: { ...times, imports: 1.06 } }],
    ['first response', { times: { ...times, firstResponse: 1.01 } }],
    ['cold build', { times: { ...times, cold: 51 } }],
    ['code change', { times: { ...times, codeChange: 11 } }],
    ['new requirement', { times: { ...times, requirement: 31 } }],
    ['waste', { waste: 10_100_000 }],
    ['written at run time', { written: ['A /x'] }],
    ['pages that fail', { pages: { '/': 200, '/ai/': 500 } }],
  ])('fails above them: %s', (what, more) => {
    const failed = targetsOf(project({ ...good, ...more })).filter(({ passed }) => !passed);
    expect(failed.map((target) => target.what)).toEqual([what]);
  });

  it('binds a build time for the AI project alone', () => {
    const slow = { ...good, times: { ...times, cold: 51, imports: 2 } };
    const over = (name: string): string[] =>
      targetsOf(project(slow, name)).flatMap(({ passed, binding, what }) =>
        passed || !binding ? [] : [what],
      );
    expect(over('ai')).toEqual(['imports', 'cold build']);
    expect(over('plain')).toEqual(['size', 'imports']);
  });

  it('takes megabytes for the plain project and leaves out what was not measured', () => {
    const unmeasured = result('distroless-size', {
      size: 91_000_000,
      times: { ...times, cold: null, firstResponse: null },
    });
    const targets = targetsOf(project(unmeasured, 'plain'));
    expect(targets.find(({ what }) => what === 'size')).toMatchObject({
      limit: 90,
      unit: 'MB',
      passed: false,
    });
    expect(targets.map(({ what }) => what)).not.toContain('cold build');
    expect(targets.map(({ what }) => what)).not.toContain('imports');
  });

  it('is told in a table and a picture', () => {
    expect(resultTable(project(good)).split('\n')).toEqual([
      expect.stringContaining('A <project>'),
      expect.stringContaining('---'),
      expect.stringContaining('| naive | 1000 | 400 | 100.00 |'),
      expect.stringContaining('| slim-balanced | 410 (0.410) | 400 (1.000) | 50.00 (0.50) |'),
      'left out: alpine: no base',
    ]);
    const drawn = picture([project(good)]);
    expect(drawn).toContain('A &lt;project&gt;');
    expect(drawn).toContain('410 MB');
    expect(drawn).toContain('41 %');
  });
});

describe('the projects', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-images-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(['plain', 'large'])('%s is written, with a file to change and all that the seed copies', (name) => {
    const project = PROJECTS.find((one) => one.name === name);
    project?.write(join(folder, name));
    const files = readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' });
    expect(files).toContain(project?.changed);
    for (const path of [...(project?.folders ?? []), 'manage.py', 'requirements.txt', '.git'])
      expect(files).toContain(path);
    if (name === 'large') {
      const apps = files.filter((file) => /^modules\/\w+\/apps\.py$/.test(file));
      expect(apps.length).toBe(60);
      const modules = files.filter((file) => /^modules\/app00\/\w+\.py$/.test(file));
      expect(modules.length).toBeGreaterThanOrEqual(20);
    } else expect(statSync(join(folder, name, 'manage.py')).mode & 0o100).toBe(0o100);
  });
});
