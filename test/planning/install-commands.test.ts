import { describe, expect, it } from 'vitest';
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
const steps = (changed: Partial<InstallPlan>) => installSteps(plan(changed), 'uv:1');
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
