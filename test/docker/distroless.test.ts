import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answerOf,
  engine,
  eventually,
  generatedProject,
  imageSize,
  mustRun,
  removeLeftovers,
  removeProject,
  request,
  ROOT,
  run,
  STRAY_FILES,
  useComposeProject,
} from './docker.ts';

const MINUTES = 60_000;
const MEGABYTE = 1_000_000;
const PROJECT = join(ROOT, 'test/docker/distroless/project');

/** Two by default; all that the variant is for with BACKENDAI_TEST_PYTHONS=3.10,3.11,3.12,3.13,3.14. */
const PYTHONS = (process.env['BACKENDAI_TEST_PYTHONS'] ?? '3.10,3.13').split(',');

const HARDENED = [
  '--read-only',
  '--tmpfs',
  '/tmp',
  '--cap-drop',
  'ALL',
  '--security-opt',
  'no-new-privileges',
];

/** Runs Python in a container of the image and returns what it prints as JSON. */
function askPython(image: string, code: string): unknown {
  const options = ['run', '--rm', ...HARDENED, '--network', 'none', '--entrypoint', 'python', image, '-c'];
  return JSON.parse(answerOf(ROOT, 'docker', [...options, `import json\n${code}`]));
}

/** The project of this test with other requirements and more settings, and the command run on it. */
function projectWith(requirements: string[], options: string[], settings = ''): string {
  const source = mkdtempSync(join(tmpdir(), 'backendai-docker-source-'));
  cpSync(PROJECT, source, { recursive: true });
  writeFileSync(join(source, 'requirements.txt'), requirements.map((line) => `${line}\n`).join(''));
  appendFileSync(join(source, 'shop/settings.py'), settings);
  const folder = generatedProject(source, ['--base', 'distroless', '--database', 'postgres', ...options]);
  rmSync(source, { recursive: true });
  return folder;
}

const build = (folder: string, image: string): string =>
  mustRun(folder, 'docker', ['build', '--progress', 'plain', '--tag', image, '.']);

describe.skipIf(engine === null).each(PYTHONS)(
  'plain Django without a shell, on Python %s',
  { timeout: 15 * MINUTES },
  (version) => {
    const image = `backendai-distroless:${version}`;
    let folder: string;
    let container = '';

    beforeAll(() => {
      useComposeProject(`backendai-distroless-${version.replace('.', '-')}`);
      folder = generatedProject(PROJECT, [
        ...['--base', 'distroless', '--database', 'postgres', '--python-version', version],
      ]);
      removeLeftovers(folder);
      build(folder, image);
    }, 15 * MINUTES);
    afterAll(() => {
      if (container !== '') run(folder, 'docker', ['rm', '--force', container]);
      run(folder, 'docker', ['image', 'rm', '--force', image]);
      removeProject(folder);
    });

    it('has at most 90 MB', () => {
      expect(imageSize(image)).toBeLessThanOrEqual(90 * MEGABYTE);
    });

    it('answers, with a read-only root and no privilege, and finds what it needs', async () => {
      const options = [...HARDENED, '--publish', '127.0.0.1::8000', '--env', 'SECRET_KEY=of-this-test'];
      container = answerOf(folder, 'docker', ['run', '--detach', ...options, image]);
      const port = Number(answerOf(folder, 'docker', ['port', container, '8000']).split(':').at(-1));
      const answer = await eventually(
        60,
        () => request(port, '/'),
        ({ status }) => status === 200,
      );
      const found = JSON.parse(answer.body) as { certificates: number; packages: number };
      expect(found).toMatchObject({
        user: 10001,
        zone: 'Asia/Kolkata',
        libraries: { ssl: 'libssl.so.3', c: 'libc.so.6', none: null },
        programs: [],
      });
      expect(found.certificates).toBeGreaterThan(100);
      expect(found.packages).toBeGreaterThan(15);
    });

    it('is healthy, without a program but Python', () => {
      const inside = (...command: string[]): number =>
        run(folder, 'docker', ['exec', container, ...command]).status;
      expect(inside('python', '-S', '/app/docker/healthcheck.py')).toBe(0);
      expect(inside('sh', '-c', 'true')).not.toBe(0);
      expect(inside('/bin/sh', '-c', 'true')).not.toBe(0);
    });

    it('has the base image’s Python with the whole standard library but for what no server imports', () => {
      const [python, modules, missing] = askPython(
        image,
        [
          'import importlib, pkgutil, sys, warnings',
          'warnings.simplefilter("ignore")',
          'names = {module.name for module in pkgutil.iter_modules() if module.module_finder.path.startswith(sys.base_prefix)}',
          'names -= {"antigravity", "this", "__main__", "__phello__", "_ios_support"}',
          'missing = []',
          'for name in sorted(names):',
          '    try:',
          '        importlib.import_module(name)',
          '    except BaseException as error:',
          '        missing.append(f"{name}: {error}")',
          'print(json.dumps([sys.version, len(names), missing]))',
        ].join('\n'),
      ) as [string, number, string[]];
      expect(python).toBe(
        answerOf(ROOT, 'docker', [
          ...['run', '--rm', `python:${version}-slim-trixie`, 'python', '-c'],
          'import sys; print(sys.version)',
        ]),
      );
      expect(modules).toBeGreaterThan(200);
      expect(missing).toEqual([]);
    });

    it('has no byte-code beside the standard library, and nothing of what stages hand on', () => {
      expect(askPython(image, STRAY_FILES)).toEqual([]);
    });

    it('says what it is made of, for people and for scanners', () => {
      const [stanzas, licences] = askPython(
        image,
        [
          'from pathlib import Path',
          'stanzas = {path.name: path.read_text() for path in Path("/var/lib/dpkg/status.d").iterdir()}',
          'licences = [path.parent.name for path in Path("/usr/share/doc").glob("*/copyright") if path.read_text()]',
          'print(json.dumps([stanzas, licences]))',
        ].join('\n'),
      ) as [Record<string, string>, string[]];
      const needed = [
        'base-files',
        'ca-certificates',
        'libc6',
        'libgcc-s1',
        'libssl3t64',
        'netbase',
        'tzdata',
      ];
      expect(Object.keys(stanzas)).toEqual(expect.arrayContaining(needed));
      expect(Object.keys(stanzas).filter((name) => /^(bash|dash|dpkg|apt|perl-base)$/.test(name))).toEqual(
        [],
      );
      for (const [name, text] of Object.entries(stanzas)) {
        expect(text).toContain(`Package: ${name}\n`);
        expect(text).toMatch(/^Version: \d/m);
      }
      // gcc-14-base has the licence of libgcc-s1.
      expect(licences).toEqual(expect.arrayContaining(['libc6', 'libssl3t64', 'gcc-14-base']));
    });

    // The rest takes long, and is the same for each.
    if (version !== PYTHONS.at(-1)) return;

    it('is checked, migrated and its database verified by the scripts that come with it', () => {
      try {
        const output = mustRun(folder, 'python3', ['docker/verify_image.py', '--image', image]);
        expect(output).toContain('All is well.');
        const options = { IMAGE: image, WEB_PORT: '0' };
        mustRun(folder, 'docker', ['compose', 'up', '--detach', '--no-build', '--wait'], options);
        const verify = ['compose', 'run', '--rm', 'web', 'python', 'docker/verify_database.py'];
        mustRun(folder, 'docker', verify, options);
      } finally {
        removeLeftovers(folder);
      }
    });

    it('is the same again when it is assembled again', () => {
      const digest = (): string => {
        const target = [
          '--no-cache-filter',
          'rootfs,runtime',
          '--target',
          'runtime',
          '--tag',
          `${image}-runtime`,
        ];
        mustRun(folder, 'docker', ['build', ...target, '.'], { SOURCE_DATE_EPOCH: '1700000000' });
        const layers = ['image', 'inspect', '--format', '{{json .RootFS.Layers}}', `${image}-runtime`];
        const found = answerOf(folder, 'docker', layers);
        run(folder, 'docker', ['image', 'rm', '--force', `${image}-runtime`]);
        return found;
      };
      expect(digest()).toBe(digest());
    });
  },
);

describe.skipIf(engine === null)('Debian packages without a shell', { timeout: 15 * MINUTES }, () => {
  const image = 'backendai-distroless:libraries';
  let folder = '';
  afterAll(() => {
    run(ROOT, 'docker', ['image', 'rm', '--force', image]);
    if (folder !== '') removeProject(folder);
  });

  it('bring libraries with their data and programs', () => {
    folder = projectWith(
      ['Django>=5.2,<5.3', 'gunicorn>=23', 'psycopg[c]>=3.2', 'python-magic>=0.4.27'],
      ['--python-version', '3.13', '--runtime-libraries', 'libmagic1t64,libpango-1.0-0,libpq5,xmlsec1'],
      // The build makes a key with openssl, which is not in production.
      'KEY = os.environ["RSA_PRIVATE_KEY"]\nassert KEY.startswith("-----BEGIN"), "no key"\n',
    );
    expect(readFileSync(join(folder, 'Dockerfile'), 'utf8')).toContain('openssl genrsa');
    build(folder, image);
    const answer = askPython(
      image,
      [
        'import ctypes, ctypes.util, magic, psycopg, subprocess',
        'print(json.dumps([',
        '    magic.from_buffer(b"%PDF-1.7 ", mime=True),',
        '    psycopg.pq.__impl__,',
        '    ctypes.util.find_library("pango-1.0"),',
        '    ctypes.CDLL("libpango-1.0.so.0").pango_version() > 14000,',
        '    subprocess.run(["xmlsec1", "--version"], capture_output=True, text=True).stdout.split()[0],',
        ']))',
      ].join('\n'),
    );
    expect(answer).toEqual(['application/pdf', 'c', 'libpango-1.0.so.0', true, 'xmlsec1']);
  });

  it('are refused where they are scripts, with their names and what to do', () => {
    const file = join(folder, 'Dockerfile');
    const text = readFileSync(file, 'utf8');
    // One of those that are chosen is shell scripts alone.
    writeFileSync(
      file,
      text
        .replace(/^ {8}xmlsec1\b/m, '        xdg-utils')
        .replaceAll('--package xmlsec1', '--package xdg-utils'),
    );
    const { status, output } = run(folder, 'docker', [
      'build',
      '--progress',
      'plain',
      '--target',
      'rootfs',
      '.',
    ]);
    expect(status).not.toBe(0);
    expect(output).toMatch(
      /assemble_root: the Debian package xdg-utils needs a shell: \/usr\/bin\/xdg-\S+, /,
    );
    expect(output).toContain('npx generator-backendai-docker --base slim');
  });

  it('have at most 75 MB with psycopg[c], which links to Debian’s libpq', () => {
    if (folder !== '') removeProject(folder);
    folder = projectWith(
      ['Django>=5.2,<5.3', 'gunicorn>=23', 'psycopg[c]>=3.2'],
      ['--python-version', '3.13'],
    );
    build(folder, image);
    expect(imageSize(image)).toBeLessThanOrEqual(75 * MEGABYTE);
    expect(askPython(image, 'import psycopg\nprint(json.dumps(psycopg.pq.__impl__))')).toBe('c');
  });
});
