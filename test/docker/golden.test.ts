import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ROOT,
  answerOf,
  engine,
  generatedProject,
  mustRun,
  publishedPort,
  removeLeftovers,
  removeProject,
  request,
  run,
  useComposeProject,
} from './docker.ts';
import { hadolintProgram } from './hadolint.ts';

const MINUTES = 60_000;

interface Case {
  name: string;
  options: string[];
  /** Answers 200. */
  page: string;
  /** A text that the page holds. */
  text?: string;
  /** A static file that answers 200. */
  file?: string;
}

/** Layouts whose files are built and started for real. */
const CASES: Case[] = [
  { name: 'root-requirements', options: ['--database', 'postgres'], page: '/' },
  { name: 'src-uv', options: ['--database', 'postgres'], page: '/' },
  { name: 'backend-poetry', options: ['--database', 'postgres'], page: '/admin/login/' },
  { name: 'pipenv', options: ['--database', 'postgres'], page: '/' },
  { name: 'pyproject-plain', options: ['--database', 'postgres'], page: '/admin/login/' },
  { name: 'backend-pdm', options: ['--database', 'postgres'], page: '/' },
  { name: 'groups-only', options: ['--database', 'postgres'], page: '/' },
  { name: 'setup-cfg', options: ['--database', 'postgres', '--installer', 'pip'], page: '/' },
  { name: 'poetry-no-lock', options: ['--database', 'postgres'], page: '/' },
  { name: 'uv-src-layout', options: ['--database', 'postgres'], page: '/' },
  { name: 'pylock', options: ['--database', 'postgres'], page: '/' },
  { name: 'awkward-names', options: ['--database', 'sqlite'], page: '/' },
  { name: 'channels-asgi', options: ['--database', 'postgres'], page: '/' },
  { name: 'settings-package-requirements-folder', options: ['--database', 'postgres'], page: '/low-stock/' },
  { name: 'existing-docker', options: ['--database', 'postgres'], page: '/' },
  { name: 'large-packages', options: ['--database', 'postgres'], page: '/', text: '18 expected' },
  { name: 'templates-static-locale', options: ['--database', 'postgres'], page: '/' },
  // Names its database and hosts in the code, has no STATIC_ROOT and nothing that serves static files: a plain startproject.
  {
    name: 'hard-coded-sqlite',
    options: ['--database', 'postgres'],
    page: '/admin/login/',
    file: '/static/admin/css/base.css',
  },
  {
    name: 'hard-coded-sqlite',
    options: ['--database', 'sqlite'],
    page: '/admin/login/',
    file: '/static/admin/css/base.css',
  },
  { name: 'mysql', options: ['--database', 'mysql'], page: '/', text: 'Der Zauberberg 📖' },
  {
    name: 'vector-search',
    options: ['--database', 'postgres', '--postgres-version', '18'],
    page: '/',
    text: 'the near one',
  },
  { name: 'writes-files', options: ['--database', 'postgres'], page: '/', text: 'Guten Tag' },
  {
    name: 'system-libraries',
    options: ['--database', 'postgres', '--installer', 'pip'],
    page: '/admin/login/',
  },
  // Without a shell, with volumes, and with everything that is opened by name.
  {
    name: 'writes-files',
    options: ['--database', 'postgres', '--base', 'distroless', '--optimize', 'size'],
    page: '/',
    text: 'Guten Tag',
  },
  {
    name: 'system-libraries',
    options: ['--database', 'postgres', '--base', 'distroless'],
    page: '/admin/login/',
  },
];

/** By Python, because a distroless image has no other program. */
const USER_ID = ['python', '-c', 'import os; print(os.getuid())'];

describe.skipIf(engine === null).each(CASES.map((item) => ({ ...item, title: item.options.join(' ') })))(
  'golden project $name $title on a Docker engine',
  { timeout: 15 * MINUTES },
  (golden) => {
    let folder: string;
    beforeAll(() => {
      folder = generatedProject(join(ROOT, 'test/golden', golden.name, 'project'), golden.options);
      useComposeProject(`backendai-golden-${golden.name}`);
      removeLeftovers(folder);
    });
    afterAll(() => {
      run(folder, 'docker', ['compose', 'down', '--volumes', '--remove-orphans', '--rmi', 'local']);
      removeProject(folder);
    });

    it('builds, migrates, turns healthy and answers as a user that is not root', async () => {
      mustRun(folder, 'docker', ['build', '--check', '.']);
      expect(mustRun(folder, hadolintProgram() ?? 'hadolint', ['Dockerfile'])).toBe('');
      mustRun(folder, 'docker', ['compose', 'up', '--build', '--detach', '--wait', '--wait-timeout', '180'], {
        WEB_PORT: '0',
      });
      const port = publishedPort(folder, 'web', 8000);
      const answer = await request(port, golden.page);
      expect(answer.status).toBe(200);
      expect(answer.body).toContain(golden.text ?? '');
      if (golden.file) expect((await request(port, golden.file)).status).toBe(200);
      expect(answerOf(folder, 'docker', ['compose', 'exec', 'web', ...USER_ID])).toBe('10001');
      const migrate = answerOf(folder, 'docker', ['compose', 'ps', '--all', '--format', 'json', 'migrate']);
      expect(JSON.parse(migrate)).toMatchObject({ ExitCode: 0 });
    });

    it('passes its own verify_database.py', () => {
      const script = ['python', '/app/docker/verify_database.py'];
      expect(
        mustRun(folder, 'docker', ['compose', 'run', '--rm', '--no-TTY', '--no-deps', 'web', ...script]),
      ).not.toMatch(/FAIL|Traceback/);
    });

    it('has Compose files that Compose takes', () => {
      mustRun(folder, 'docker', ['compose', 'config', '--quiet']);
      mustRun(folder, 'docker', ['compose', '--file', 'compose.dev.yaml', 'config', '--quiet']);
    });

    it('builds the development stage', () => {
      mustRun(folder, 'docker', ['build', '--target', 'development', '.']);
    });
  },
);

describe.skipIf(engine === null)(
  'large packages in a layer of their own, on a Docker engine',
  { timeout: 10 * MINUTES },
  () => {
    it('stay as they are after a new requirement, and are installed like the others', () => {
      const folder = generatedProject(join(ROOT, 'test/golden/large-packages/project'), []);
      const layers = (tag: string): string[] =>
        JSON.parse(
          answerOf(folder, 'docker', ['image', 'inspect', '--format', '{{json .RootFS.Layers}}', tag]),
        ) as string[];
      const python = (program: string): string =>
        answerOf(folder, 'docker', ['run', '--rm', 'backendai-large:after', 'python', '-c', program]);
      try {
        mustRun(folder, 'docker', ['build', '--tag', 'backendai-large:before', '.']);
        appendFileSync(join(folder, 'requirements.txt'), '\niniconfig==2.1.0\n');
        mustRun(folder, 'docker', ['build', '--tag', 'backendai-large:after', '.']);
        const [before, after] = [layers('backendai-large:before'), layers('backendai-large:after')];
        // The root, the large packages; the others are new.
        expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
        expect(after[2]).not.toBe(before[2]);
        const places = 'import iniconfig, pandas; print(iniconfig.__file__, pandas.__file__)';
        expect(python(places).replaceAll(/\S+site-packages\//g, '')).toBe(
          'iniconfig/__init__.py pandas/__init__.py',
        );
        const missing =
          'from importlib.metadata import distributions as d; print([str(f) for x in d() for f in x.files or [] if not f.locate().exists()])';
        expect(python(missing)).toBe('[]');
      } finally {
        run(folder, 'docker', ['image', 'rm', '--force', 'backendai-large:before', 'backendai-large:after']);
        removeProject(folder);
      }
    });
  },
);

// Alpine's images come from a registry that an engine of the tests may not reach: the text is linted.
it.skipIf(hadolintProgram() === null)('an Alpine Dockerfile passes hadolint', () => {
  for (const name of ['system-libraries', 'backend-poetry', 'writes-files']) {
    const folder = generatedProject(join(ROOT, 'test/golden', name, 'project'), [
      ...['--database', 'postgres', '--base', 'alpine'],
    ]);
    expect(mustRun(folder, hadolintProgram() ?? 'hadolint', ['Dockerfile'])).toBe('');
    removeProject(folder);
  }
});

describe.skipIf(engine === null)('every database choice on a Docker engine', { timeout: 5 * MINUTES }, () => {
  it.each(['supabase', 'postgres', 'external', 'sqlite'])(
    '%s: Compose takes the files, for settings of any kind',
    (database) => {
      for (const name of ['hard-coded-sqlite', 'root-requirements', 'channels-asgi', 'backend-poetry']) {
        const folder = generatedProject(join(ROOT, 'test/golden', name, 'project'), ['--database', database]);
        try {
          mustRun(folder, 'docker', ['compose', '--file', 'compose.yaml', 'config', '--quiet']);
          mustRun(folder, 'docker', ['compose', '--file', 'compose.dev.yaml', 'config', '--quiet']);
        } finally {
          removeProject(folder);
        }
      }
    },
  );
});
