import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, engine, generatedProject, mustRun, removeProject, run } from './docker.ts';

const MINUTES = 60_000;
const IMAGE = 'backendai-missing-libraries:prod';

/** Nothing of it is in knowledge/system-libraries.json; it requires pyodbc, whose wheel links to libodbc.so.2. */
const REQUIREMENT = 'aioodbc==0.5.0\n';

describe.skipIf(engine === null)(
  'a library that a requirement of a requirement wants, on a Docker engine',
  { timeout: 10 * MINUTES },
  () => {
    let folder: string;
    const build = (...options: string[]): string[] => ['build', '--progress', 'plain', ...options, '.'];
    // What a step prints is not shown where an engine still has it in its cache.
    const anew = ['--no-cache-filter', 'libraries'];

    beforeAll(() => {
      const source = mkdtempSync(join(tmpdir(), 'backendai-docker-source-'));
      cpSync(join(ROOT, 'test/golden/root-requirements/project'), source, { recursive: true });
      appendFileSync(join(source, 'requirements.txt'), REQUIREMENT);
      folder = generatedProject(source, ['--database', 'postgres']);
      rmSync(source, { recursive: true });
    });
    afterAll(() => {
      run(folder, 'docker', ['image', 'rm', '--force', IMAGE]);
      removeProject(folder);
    });

    it('fails the build of production with its name, its package and what to do', () => {
      const { status, output } = run(folder, 'docker', build('--tag', IMAGE));
      expect(status).not.toBe(0);
      expect(output).toContain('find_missing_libraries: production would lack 1 system library.');
      expect(output).toMatch(/libodbc\.so\.2 {2}wanted by pyodbc \(pyodbc\.cpython-\S+\.so\)/);
      expect(output).toContain('Debian package: libodbc2');
      expect(output).toContain('npx generator-backendai-docker --runtime-libraries "libodbc2"');
    });

    it('is done without where the Dockerfile says so', () => {
      const file = join(folder, 'Dockerfile');
      const text = readFileSync(file, 'utf8');
      writeFileSync(
        file,
        text.replace('missing_libraries.py", "/opt/venv"', '$&, "--optional", "libodbc.so.2"'),
      );
      const output = mustRun(folder, 'docker', build(...anew, '--target', 'libraries'));
      expect(output).toContain('Note: pyodbc works without libodbc.so.2 (--optional)');
      writeFileSync(file, text);
    });

    it('is found after the command of the message, and production imports it', () => {
      mustRun(folder, process.execPath, [
        join(ROOT, 'dist/bin/backendai-docker.js'),
        '--defaults',
        '--runtime-libraries',
        'libodbc2',
      ]);
      const output = mustRun(folder, 'docker', build(...anew, '--tag', IMAGE));
      expect(output).toMatch(/\d+ shared objects, no library missing/);
      mustRun(folder, 'docker', ['run', '--rm', IMAGE, 'python', '-c', 'import aioodbc, pyodbc']);
    });

    it('is not looked for again after a change of code', () => {
      // As no build before it, whose cache an engine may still have.
      appendFileSync(join(folder, 'shopfront/urls.py'), `# changed ${Date.now()}\n`);
      const output = mustRun(folder, 'docker', build('--tag', IMAGE));
      const step = /^#(\d+) \[libraries 2\/2\] RUN/m.exec(output)?.[1];
      expect(step).toBeDefined();
      expect(output).toMatch(new RegExp(`^#${step} CACHED`, 'm'));
      expect(output).not.toMatch(/\[application \d+\/\d+\] RUN[^\n]*\n#\d+ CACHED/);
    });
  },
);
