import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resolveAnswers } from '../../generators/app/answers/resolve-answers.ts';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import { planInstallation } from '../../generators/app/planning/install-plan.ts';
import { installSteps } from '../../generators/app/planning/install-commands.ts';
import type { InstallPlan } from '../../generators/app/planning/plan.ts';

const plan = (changed: Partial<InstallPlan>): InstallPlan => ({
  manager: 'requirements',
  installer: 'uv',
  productionMounts: ['requirements.txt'],
  root: '',
  productionFile: 'requirements.txt',
  developmentFile: null,
  developmentMounts: ['requirements.txt'],
  productionGroups: [],
  productionExtras: [],
  developmentGroups: [],
  developmentExtras: [],
  onlyGroups: false,
  publicIndexFiles: [],
  secretMounts: [],
  development: true,
  extraRequirements: [],
  hashed: false,
  withoutSetuptools: false,
  buildConstraints: [],
  exporter: null,
  ...changed,
});
const steps = (changed: Partial<InstallPlan>) => installSteps(plan(changed), 'uv:1', []);
const sets = {
  productionGroups: ['prod'],
  productionExtras: ['postgres'],
  developmentGroups: ['dev'],
  developmentExtras: ['debug'],
};

it('a hashed file that leaves setuptools out is not held to be complete', () => {
  const hashed = { hashed: true, withoutSetuptools: true };
  expect(steps(hashed).production[0]?.commands.join()).not.toContain('--require-hashes');
  expect(steps({ hashed: true }).production[0]?.commands.join()).toContain('--require-hashes');
  expect(steps({ ...hashed, installer: 'pip' }).production[0]?.commands[0]).toMatch(/ setuptools$/);
});

describe('large packages', () => {
  const names = ['numpy', 'scikit-learn', 'torch'];
  const large = (changed: Partial<InstallPlan>) => installSteps(plan(changed), 'uv:1', names);

  /** What the step writes for these requirements, by a real shell. */
  function written(files: Record<string, string>, changed: Partial<InstallPlan> = {}): string[] {
    const folder = mkdtempSync(join(tmpdir(), 'backendai-large-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'wheels'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const step = large({ productionMounts: Object.keys(files), ...changed }).exported.at(-1);
    const command = (step?.commands ?? [])
      .join(' && ')
      .replaceAll(/\/(requirements|tmp)(?=[/ ])/g, (_, name) => join(folder, name as string));
    mkdirSync(join(folder, 'tmp'));
    const { status, stderr } = spawnSync('sh', ['-euc', command], { cwd: folder, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    return readFileSync(join(folder, 'requirements/large.txt'), 'utf8').split('\n').slice(0, -1);
  }

  it('are the pinned lines, whatever else is in the file and in whichever order', () => {
    const lines = [
      'Django==5.2.19',
      'Scikit_Learn == 1.9.1  # models',
      "numpy==2.4.6 ; python_version >= '3.11'",
      'torch[opt]==2.15.0+cpu',
      'numpy-financial==1.0',
      '-c constraints.txt',
      '--extra-index-url https://example.com/simple',
    ];
    const expected = [
      '--extra-index-url https://example.com/simple',
      'Scikit_Learn == 1.9.1  # models',
      "numpy==2.4.6 ; python_version >= '3.11'",
      'torch[opt]==2.15.0+cpu',
    ];
    expect(written({ 'requirements.txt': `${lines.join('\n')}\n` })).toEqual(expected);
    expect(written({ 'requirements.txt': lines.toReversed().join('\r\n') })).toEqual(expected);
    expect(
      written({ 'a.txt': `${lines.slice(0, 3).join('\n')}\n`, 'b.txt': lines.slice(3).join('\n') }),
    ).toEqual(expected);
  });

  it('are no lines that leave a choice', () => {
    expect(written({ 'requirements.txt': 'numpy==2.*\nscikit-learn>=1\ntorch==2.1,!=2.2\n' })).toEqual([]);
  });

  it('come from the indexes in their order, and options without a value count', () => {
    const options = [
      '--no-index',
      '--extra-index-url https://z.example.com',
      '--find-links\thttps://a.example.com',
    ];
    expect(written({ 'requirements.txt': [...options, 'numpy==2.4.6'].join('\n') })).toEqual([
      ...options,
      'numpy==2.4.6',
    ]);
  });

  it('are read as pip reads them: files without a last line break, comments that end in \\, a byte order mark', () => {
    expect(
      written({
        'a.txt': '-r b.txt\nnumpy==2.4.6',
        'b.txt': 'Django\n# because of \\\n--extra-index-url https://example.com\n',
        'c.txt': '\ufefftorch==2.15.0',
        'd.txt': '# only a comment',
        'wheels/x.whl': 'PK\u0000numpy==1.0\n',
      }),
    ).toEqual(['--extra-index-url https://example.com', 'numpy==2.4.6', 'torch==2.15.0']);
  });

  it('keep their hashes', () => {
    const hashed =
      'numpy==2.4.6 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via pandas\ndjango==5 \\\n    --hash=sha256:cc\n';
    expect(written({ 'requirements.txt': hashed })).toEqual([
      'numpy==2.4.6      --hash=sha256:aa      --hash=sha256:bb',
    ]);
  });

  it('come from the index that the build is configured with', () => {
    const content = '-i https://pypi.org/simple\nnumpy==2.4.6\n';
    const changed = { publicIndexFiles: ['requirements.txt'] };
    expect(written({ 'requirements.txt': content }, changed)).toEqual(['numpy==2.4.6']);
  });

  it('of a lock are exported', () => {
    const { exported } = large({ manager: 'uv', productionFile: 'uv.lock', root: 'api', ...sets });
    expect(exported[0]?.commands[1]).toContain(
      'uv export --project api --quiet --locked --no-emit-project --no-default-groups --group prod --extra postgres > /tmp/exported.txt',
    );
    const poetry = large({ manager: 'poetry', exporter: { tool: 'poetry', packages: [] } });
    expect(poetry.exported).toHaveLength(2);
    expect(poetry.exported[1]?.commands[1]).toMatch(/ \/requirements\/production\.txt > \/tmp\/lines\.txt$/);
  });

  it('are installed without what they need, which comes with the others', () => {
    expect(large({}).large?.commands).toEqual([
      'python -m venv --without-pip /opt/venv',
      'uv pip install --python /opt/venv/bin/python --no-deps --requirement /requirements/large.txt',
    ]);
    expect(large({ installer: 'pip' }).large?.commands[1]).toMatch(/^pip --python .* --no-deps /);
    expect(steps({}).large).toBeNull();
  });
});

describe('groups and extras: production gets its own, the development stage both', () => {
  it('uv', () => {
    const { production, development } = steps({ manager: 'uv', productionFile: 'uv.lock', ...sets });
    expect(production[0]?.commands).toEqual([
      'uv sync --locked --no-install-project --no-default-groups --no-editable --group prod --extra postgres',
    ]);
    expect(development[0]?.commands).toEqual([
      'uv sync --locked --no-install-project --no-default-groups --inexact --group prod --extra postgres --group dev --extra debug',
    ]);
  });

  it('Poetry', () => {
    const { exported } = steps({
      manager: 'poetry',
      root: 'api',
      exporter: { tool: 'poetry', packages: ['poetry==2'] },
      ...sets,
    });
    expect(exported[0]?.commands.slice(-2)).toEqual([
      '/opt/export/bin/poetry export --directory api --only main,prod --extras postgres --output /requirements/production.txt',
      '/opt/export/bin/poetry export --directory api --with prod --with dev --extras postgres --extras debug --output /requirements/development.txt',
    ]);
  });

  it.each<[string, Partial<InstallPlan>, string, string]>([
    [
      'everything',
      sets,
      ' --group postgres --group prod',
      ' --group postgres --group debug --group prod --group dev',
    ],
    [
      'extras only',
      { ...sets, productionGroups: [], developmentGroups: [] },
      ' --prod --group postgres',
      ' --prod --group postgres --group debug',
    ],
    ['development only', { developmentGroups: ['test'] }, ' --prod', ' --group test'],
  ])('PDM: %s', (_, changed, production, development) => {
    const { exported } = steps({
      manager: 'pdm',
      exporter: { tool: 'pdm', packages: ['pdm==2'] },
      ...changed,
    });
    expect(exported[0]?.commands.slice(-2)).toEqual([
      `/opt/export/bin/pdm export${production} --output /requirements/production.txt`,
      `/opt/export/bin/pdm export${development} --output /requirements/development.txt`,
    ]);
  });

  it('a pyproject.toml with groups only', () => {
    const { production, development } = steps({
      manager: 'pyproject',
      root: 'api',
      onlyGroups: true,
      productionGroups: ['main'],
      developmentGroups: ['dev'],
    });
    expect(production[0]?.commands).toEqual([
      'uv pip install --python /opt/venv/bin/python --group api/pyproject.toml:main',
    ]);
    expect(development[0]?.commands).toEqual([
      'uv pip install --python /opt/venv/bin/python --group api/pyproject.toml:dev',
    ]);
  });
});

describe('indexes', () => {
  it('drops the option for PyPI from a discarded copy of the file that has it, and of no other', () => {
    const files = ['requirements.txt', 'requirements/base.txt'];
    const { production } = steps({ productionMounts: files, publicIndexFiles: ['requirements/base.txt'] });
    const [step] = production;
    expect(step?.mounts.slice(-2)).toEqual([
      'type=bind,source=requirements.txt,target=requirements.txt',
      'type=bind,source=requirements/base.txt,target=requirements/base.txt,rw',
    ]);
    expect(step?.commands[0]).toMatch(
      /^sed .* requirements\/base\.txt > .* && cp .* requirements\/base\.txt$/,
    );
    expect(step?.commands).toHaveLength(2);
  });

  it.each([
    ['--extra-index-url https://pypi.corp.example/simple', ['type=secret,id=netrc,target=/root/.netrc']],
    ['-i https://me:${TOKEN}@pypi.corp.example/simple', ['type=secret,id=TOKEN,env=TOKEN']],
    ['-i https://pypi.python.org/simple', []],
  ])('%s: %j', async (line, mounts) => {
    const facts = detectProject(
      memoryFiles('shop', {
        'manage.py': 'import os, django\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")\n',
        'settings.py': 'SECRET_KEY = "x"\n',
        'wsgi.py': 'application = None\n',
        'requirements.txt': `${line}\ndjango\n`,
      }),
    );
    const { answers } = await resolveAnswers(facts, { commandLine: {}, stored: {}, askAnswered: false });
    expect(planInstallation(facts, answers).secretMounts).toEqual(mounts);
  });

  it.each(['uv', 'pip'] as const)('mounts the credentials of a private index for %s', (installer) => {
    const secret = 'type=secret,id=netrc,target=/root/.netrc';
    expect(steps({ installer, secretMounts: [secret] }).production[0]?.mounts).toContain(secret);
  });
});
