import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { create as createMemFs } from 'mem-fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import helpers, { type RunResult } from 'yeoman-test';
import Generator from '../generators/app/index.ts';

const SAMPLE = join(import.meta.dirname, '../sample/backendai');
const NAMESPACE = {
  namespace: 'backendai-docker:app',
  resolved: join(import.meta.dirname, '../generators/app/index.ts'),
};
/** Options that yeoman-test sets by itself and that would hide conflicts. */
const REAL = { force: false, skipInstall: true, skipCache: true };

/** yeoman-test knows only the options of its own base classes. */
const asOptions = (options: Record<string, unknown>): object => options;

let printed: string;
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function runOn(
  options: Record<string, unknown>,
  answers: Record<string, unknown> | null = null,
): Promise<RunResult> {
  const context = helpers
    .create(Generator, NAMESPACE, { ...REAL })
    .inTmpDir((folder) => cpSync(SAMPLE, folder, { recursive: true }))
    .withOptions(asOptions({ ...REAL, interactive: answers !== null, ...options }));
  if (answers) context.withAnswers(answers, { throwOnMissingAnswer: true });
  return context.run();
}

/** Runs again in the same folder, reading the disk anew. */
async function runAgain(
  result: RunResult,
  options: Record<string, unknown>,
  answers: Record<string, unknown> | null = null,
): Promise<RunResult> {
  const context = result
    .create(Generator, NAMESPACE, { memFs: createMemFs() } as object)
    .withOptions(asOptions({ ...REAL, interactive: answers !== null, ...options }));
  if (answers) context.withAnswers(answers, { throwOnMissingAnswer: true });
  return context.run();
}

const read = (result: RunResult, path: string): string => readFileSync(join(result.cwd, path), 'utf8');

const ALL_ANSWERS = {
  apps: ['apps', 'backendAI', 'core', 'ml_models', 'static', 'templates'],
  pythonVersion: '3.13',
  runtimeLibraries: ['libgomp1'],
  database: 'sqlite',
  server: 'gunicorn',
  port: '8080',
  imageName: 'acme/shop',
  installer: 'pip',
  choice: 'old',
  write: true,
};

describe('the generator in Yeoman', () => {
  it('asks the table’s questions at the first run, and stores the answers', async () => {
    const result = await runOn({}, ALL_ANSWERS);
    const asked = result.askedQuestions.map((question) => question.name);
    expect(asked).toEqual([
      'apps',
      'pythonVersion',
      'runtimeLibraries',
      'database',
      'server',
      'port',
      'imageName',
      'installer',
      'base',
      'optimize',
      'choice',
      'write',
    ]);
    const stored = JSON.parse(read(result, '.yo-rc.json')) as Record<string, object>;
    expect(stored['generator-backendai-docker']).toMatchObject({
      database: 'sqlite',
      port: 8080,
      imageName: 'acme/shop',
      services: [],
    });
    expect(read(result, 'Dockerfile')).toContain('FROM python:3.13-slim-trixie AS base');
    expect(read(result, 'compose.yaml')).toContain('image: ${IMAGE:-acme/shop:prod}');
  });

  it('asks nothing when every answer is an option', async () => {
    const result = await runOn({ defaults: true, database: 'supabase', apps: 'apps,backendAI,core' }, {});
    expect(result.askedQuestions).toEqual([]);
    expect(read(result, 'compose.yaml')).toContain('PGSSLMODE');
    expect(existsSync(join(result.cwd, 'SUPABASE_SETUP.md'))).toBe(true);
    expect(printed).toMatch(/ml_models is not copied, but the application needs it/);
  });

  it('takes the detected defaults without a terminal, and says so', async () => {
    const result = await runOn({});
    expect(printed).toContain('No terminal: taking detected defaults');
    expect(printed).toMatch(/python-version +3\.12 \(detected\)/);
    expect(read(result, 'Dockerfile.old')).toBe(readFileSync(join(SAMPLE, 'Dockerfile'), 'utf8'));
  });

  it('asks which manage.py where there are several, stores it, and names the option without a terminal', async () => {
    const twice = (options: Record<string, unknown>) =>
      helpers
        .create(Generator, NAMESPACE, { ...REAL })
        .inTmpDir((folder) => {
          for (const name of ['admin', 'backend']) cpSync(SAMPLE, join(folder, name), { recursive: true });
        })
        .withOptions(asOptions({ ...REAL, ...options }));
    await expect(twice({ interactive: false }).run()).rejects.toThrow(
      'several manage.py: admin/manage.py, backend/manage.py. Say which one with --manage-py PATH',
    );
    const apps = ALL_ANSWERS.apps.map((name) => `backend/${name}`);
    const answers = { ...ALL_ANSWERS, apps, managePy: 'backend/manage.py' };
    const first = await twice({ interactive: true })
      .withAnswers(answers, { throwOnMissingAnswer: true })
      .run();
    expect(first.askedQuestions.map((question) => question.name)[0]).toBe('managePy');
    expect(read(first, '.yo-rc.json')).toContain('"managePy": "backend/manage.py"');
    expect(printed).toContain('Found backend/manage.py');
    const second = await runAgain(first, { defaults: true });
    expect(second.askedQuestions).toEqual([]);
    expect(printed).toContain('Everything is up to date');
  });

  it('keeps the settings that only the replaced Dockerfile named, and takes others by option', async () => {
    const names = (module: string): string =>
      `import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "${module}")\n`;
    const first = await helpers
      .create(Generator, NAMESPACE, { ...REAL })
      .inTmpDir((folder) => {
        const files = {
          'manage.py': `${names('shop.settings.dev')}from django.core.management import execute_from_command_line\n`,
          'requirements.txt': 'Django==5.2.8\n',
          'shop/__init__.py': '',
          'shop/wsgi.py': `${names('shop.settings.dev')}application = 1\n`,
          'shop/settings/__init__.py': '',
          'shop/settings/base.py': 'ROOT_URLCONF = "shop.urls"\n',
          'shop/settings/dev.py': 'from .base import *\n',
          'shop/settings/production.py': 'from .base import *\n',
          'shop/settings/cloud.py': 'from .production import *\n',
          'shop/urls.py': 'urlpatterns = []\n',
          Dockerfile: 'FROM python:3.13\nENV DJANGO_SETTINGS_MODULE=shop.settings.cloud\n',
        };
        for (const [path, text] of Object.entries(files)) {
          mkdirSync(join(folder, dirname(path)), { recursive: true });
          writeFileSync(join(folder, path), text);
        }
      })
      .withOptions(asOptions({ ...REAL, interactive: false, defaults: true, settingsOverlay: 'none' }))
      .run();
    const named = (result: RunResult): string =>
      /ENV DJANGO_SETTINGS_MODULE=(\S+)/.exec(read(result, 'Dockerfile'))?.[1] ?? '';
    expect(named(first)).toBe('shop.settings.cloud');
    expect(read(first, '.yo-rc.json')).toContain('"settings": "shop.settings.cloud"');
    rmSync(join(first.cwd, 'Dockerfile.old'));
    const second = await runAgain(first, { defaults: true });
    expect(printed).toContain('Everything is up to date');
    await expect(runAgain(second, { defaults: true, settings: 'shop.settings.live' })).rejects.toThrow(
      '--settings shop.settings.live: there is no such module in the repository.',
    );
    const third = await runAgain(second, { defaults: true, settings: 'shop.settings.production' });
    expect(named(third)).toBe('shop.settings.production');
    expect(named(await runAgain(third, { defaults: true }))).toBe('shop.settings.production');
    await runAgain(third, { defaults: true, settings: 'detect' });
    expect(read(third, '.yo-rc.json')).not.toContain('"settings"');
    await runAgain(third, { defaults: true, settings: 'shop.settings.production' });
    // What is stored and gone is found anew.
    rmSync(join(third.cwd, 'shop/settings/production.py'));
    writeFileSync(join(third.cwd, 'shop/settings/cloud.py'), 'from .base import *\n');
    expect(named(await runAgain(third, { defaults: true }))).toBe('shop.settings.dev');
    expect(read(third, '.yo-rc.json')).not.toContain('"settings"');
  });

  it('asks only what is new at a second run', async () => {
    const first = await runOn({}, ALL_ANSWERS);
    const second = await runAgain(first, {}, {});
    expect(second.askedQuestions).toEqual([]);
    expect(printed).toContain('Everything is up to date');
  });

  it('merges an edit, asks at an overlap, and writes what was decided', async () => {
    const first = await runOn({ defaults: true });
    const compose = join(first.cwd, 'compose.yaml');
    writeFileSync(
      compose,
      read(first, 'compose.yaml').replace('mem_limit: ${WEB_MEMORY:-1g}', 'mem_limit: 3g'),
    );
    const merged = await runAgain(first, { defaults: true, port: '9000' });
    expect(read(merged, 'compose.yaml')).toContain('mem_limit: 3g');
    expect(read(merged, 'compose.yaml')).toContain(':9000"');

    writeFileSync(
      compose,
      read(merged, 'compose.yaml').replace(/^ +- "\$\{WEB_PORT.*$/m, '      - "80:9000"'),
    );
    const refused = runAgain(merged, { defaults: true, port: '9001' });
    await expect(refused).rejects.toThrow(
      /compose\.yaml: you and the generator changed the same lines.*--on-conflict/s,
    );
    expect(read(merged, 'compose.yaml')).toContain('"80:9000"');

    const mine = await runAgain(merged, { defaults: true, port: '9001', onConflict: 'ours' });
    expect(read(mine, 'compose.yaml')).toContain('"80:9000"');
    expect(read(mine, 'Dockerfile')).toContain('EXPOSE 9001');
  });

  it('brings in a new app and a new library at the second run, and takes out what is gone', async () => {
    const first = await runOn({ defaults: true, apps: 'apps,backendAI,core,ml_models,static' });
    mkdirSync(join(first.cwd, 'billing'));
    writeFileSync(join(first.cwd, 'billing/__init__.py'), '');
    const base = join(first.cwd, 'backendAI/settings/base.py');
    writeFileSync(
      base,
      read(first, 'backendAI/settings/base.py').replace('"core",', '"core",\n    "billing",'),
    );
    const requirements = read(first, 'requirements.txt').replace(/^lightgbm.*$/m, 'python-magic==0.4.27');
    writeFileSync(join(first.cwd, 'requirements.txt'), requirements);
    const second = await runAgain(first, {});
    expect(printed).toMatch(/\+ app +billing: in INSTALLED_APPS +backendAI\/settings\/base\.py:\d+/);
    expect(printed).toMatch(
      /\+ runtime library +libmagic1t64: opened at run time by python-magic\s+requirements\.txt:\d+/,
    );
    expect(printed).toMatch(/- runtime library +libgomp1: no requirement needs it any more/);
    const dockerfile = read(second, 'Dockerfile');
    expect(dockerfile).toContain('COPY billing /app/billing/');
    expect(dockerfile).toContain('libmagic1t64');
    expect(dockerfile).not.toContain('libgomp1');
    // The user left it out at the first run, and that stays so.
    expect(dockerfile).not.toContain('COPY templates');
  });

  it.each(['old', 'merge', 'leave'])(
    'finds nothing new after a run with --on-existing=%s: what is set aside tells the same',
    async (onExisting) => {
      const first = await helpers
        .create(Generator, NAMESPACE, { ...REAL })
        .inTmpDir((folder) => {
          cpSync(join(import.meta.dirname, 'golden/existing-docker/project'), folder, { recursive: true });
          // A Dockerfile is a place where a Python version is stated.
          writeFileSync(join(folder, 'Dockerfile'), 'FROM python:3.11-slim\n');
        })
        .withOptions(asOptions({ ...REAL, defaults: true, onExisting }))
        .run();
      expect(printed).toMatch(/python-version +3\.11/);
      if (onExisting === 'merge') {
        writeFileSync(join(first.cwd, 'Dockerfile'), 'FROM python:3.11-slim\n');
        writeFileSync(join(first.cwd, 'compose.yaml'), 'services: {}\n');
      }
      printed = '';
      await runAgain(first, { check: true });
      expect(printed).toContain('Everything is up to date');
      expect(printed).not.toContain('Changed since');
      expect(existsSync(join(first.cwd, 'Dockerfile.old'))).toBe(onExisting === 'old');
    },
  );

  it('writes no .env where Git does not ignore it', async () => {
    const result = await helpers
      .create(Generator, NAMESPACE, { ...REAL })
      .inTmpDir((folder) => {
        cpSync(SAMPLE, folder, { recursive: true });
        writeFileSync(join(folder, '.gitignore'), '');
        mkdirSync(join(folder, '.git'));
        writeFileSync(join(folder, '.git/HEAD'), 'ref: refs/heads/main\n');
      })
      .withOptions(asOptions({ ...REAL, interactive: false }))
      .run();
    expect(existsSync(join(result.cwd, '.env'))).toBe(false);
    expect(printed).toMatch(/\.env is not written, because Git does not ignore it/);
  });

  it.each([
    ['COMPOSE_FILE=docker-compose.yml;docker/dev.yml', true],
    ['export COMPOSE_FILE="compose.yaml:compose.local.yaml"', false],
    ['# COMPOSE_FILE=docker-compose.yml', false],
    ['COMPOSE_FILE=', false],
  ])('tells whether Docker Compose would take other files: %s', async (line, told) => {
    await helpers
      .create(Generator, NAMESPACE, { ...REAL })
      .inTmpDir((folder) => {
        cpSync(SAMPLE, folder, { recursive: true });
        writeFileSync(join(folder, '.env'), `SECRET_KEY=x\n${line}\n`);
      })
      .withOptions(asOptions({ ...REAL, interactive: false }))
      .run();
    expect(printed.includes('COMPOSE_FILE in .env names other files')).toBe(told);
  });

  it('makes another secret for each project', async () => {
    const one = read(await runOn({}), '.env');
    const two = read(await runOn({}), '.env');
    expect(one).toMatch(/^SECRET_KEY=\w{50}$/m);
    expect(two).not.toBe(one);
  });
});
