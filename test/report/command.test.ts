import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ROOT,
  SAMPLE,
  backendai,
  command,
  contentsOf,
  copyOf,
  home,
  installPackage,
  installed,
  removePackage,
  run,
  type Result,
} from '../command/packed-package.ts';
import { EXAMPLE_FILE, EXAMPLE_TEXT, exampleJson } from './example.ts';

beforeAll(installPackage, 300_000);
afterAll(removePackage);

const WRITTEN = [
  'docker/measurements.json',
  'docker/report/before-after.png',
  'docker/report/before-after.svg',
  'docker/report/image-report.html',
  'docker/report/measurements.json',
];

let template: string | undefined;

/** The sample, with all files generated, in a Git repository that ignores .env. */
function project(): string {
  if (template === undefined) {
    template = copyOf(SAMPLE);
    writeFileSync(join(template, '.gitignore'), '.env\n');
    const git = (...args: string[]): Result =>
      run(template ?? '', 'git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args]);
    git('init', '--quiet');
    git('add', '.');
    expect(git('commit', '--quiet', '--message', 'x').status).toBe(0);
    expect(backendai(template, '--defaults').status).toBe(0);
  }
  return copyOf(template);
}

/** Without a terminal. */
const report = (folder: string, ...args: string[]): Result => backendai(folder, 'report', ...args);

const textOf = (folder: string, path: string): string => readFileSync(join(folder, path), 'utf8');

function edit(folder: string, path: string, change: (text: string) => string): void {
  writeFileSync(join(folder, path), change(textOf(folder, path)));
}

/** The chapter of DOCKER.md. */
const chapter = (folder: string): string =>
  /## Sizes before and after\n([^]*?)\n## /.exec(textOf(folder, 'DOCKER.md'))?.[1] ?? '';

/** Nothing in a folder has changed. */
function expectUntouched(folder: string, change: () => Result): Result {
  const before = contentsOf(folder);
  const result = change();
  expect(contentsOf(folder)).toEqual(before);
  return result;
}

describe('--from', () => {
  let folder: string;
  let result: Result;
  let before: Record<string, string>;

  beforeAll(() => {
    folder = project();
    before = contentsOf(folder);
    result = report(folder, '--from', EXAMPLE_FILE);
  });

  it('writes the page, the pictures and the numbers, and tells it in 80 columns', () => {
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
    const after = contentsOf(folder);
    const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(changed).toEqual([...['DOCKER.md', 'backendai-docker.lock.json'], ...WRITTEN].toSorted());
    expect(result.stdout).toContain('The production image is 55% smaller: 700 MB instead of 1,566 MB.');
    for (const path of [...WRITTEN, 'DOCKER.md']) expect(result.stdout).toContain(`  ${path} `);
    expect(result.stdout).toMatch(/Open file:\/\/.*image-report\.html/);
    const long = result.stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('Open '));
    expect(long).toEqual([]);
  });

  it('brings DOCKER.md up to date, so that --check finds nothing', () => {
    expect(chapter(folder)).toContain('| **Total** | **1,566 MB** | **700 MB** | **866 MB** |');
    expect(chapter(folder)).toContain('| Build after a code change | 86 s | 3.4 s | 96% less |');
    const check = backendai(folder, '--check');
    expect(check.stdout).toContain('Everything is up to date');
    expect(check.status).toBe(0);
    expectUntouched(folder, () => backendai(folder, '--defaults'));
  });

  it('is kept as it was measured, for --last', () => {
    expect(textOf(folder, 'docker/report/measurements.json')).toBe(EXAMPLE_TEXT);
    expectUntouched(folder, () => report(folder, '--last'));
  });

  it('makes the page with suggestions from the project’s code', () => {
    expect(textOf(folder, 'docker/report/image-report.html')).toContain('id="suggestions"');
    expect(result.stdout).toContain('/app/models/ranker.onnx has 31 MB');
  });

  it('changes nothing that is built from: neither context nor what is detected', () => {
    const patterns = textOf(folder, '.dockerignore').split('\n');
    expect(patterns).toEqual(expect.arrayContaining(['docker/report', 'docker/measurements.json']));
    const detected = backendai(folder, '--detect', '--json').stdout;
    expect(detected).not.toMatch(/docker\/report|measurements/);
  });

  it('replaces what it wrote before', () => {
    const second = exampleJson((data) => {
      data['measuredAt'] = '2027-01-31T00:00:00Z';
    });
    writeFileSync(join(folder, 'second.json'), second);
    expect(report(folder, '--from', 'second.json').status).toBe(0);
    expect(chapter(folder)).toContain('Measured on 31 January 2027');
    expect(textOf(folder, 'docker/report/image-report.html')).toContain('31 January 2027');
    run(folder, 'rm', ['second.json']);
    expect(backendai(folder, '--check').status).toBe(0);
  });
});

describe('DOCKER.md', () => {
  it('says how to measure, until that is done', () => {
    expect(chapter(project())).toContain('npx generator-backendai-docker report');
  });

  it('keeps the user’s edits elsewhere', () => {
    const folder = project();
    edit(folder, 'DOCKER.md', (text) => text.replace('## Verify', '## Verify, as our team does\n\nAsk Ann.'));
    expect(report(folder, '--from', EXAMPLE_FILE).status).toBe(0);
    expect(textOf(folder, 'DOCKER.md')).toContain('Ask Ann.');
    expect(chapter(folder)).toContain('866 MB');
    expect(backendai(folder, '--check').status).toBe(0);
  });

  it('is left alone where the user edited these lines: the generator asks about them', () => {
    const folder = project();
    edit(folder, 'DOCKER.md', (text) => text.replace('Not measured yet.', 'We measure on Fridays.'));
    const before = textOf(folder, 'DOCKER.md');
    const result = report(folder, '--from', EXAMPLE_FILE);
    expect(result.status).toBe(0);
    expect(result.stdout.replaceAll(/\s+/g, ' ')).toContain('You edited the lines of DOCKER.md');
    expect(textOf(folder, 'DOCKER.md')).toBe(before);
    expect(existsSync(join(folder, 'docker/report/image-report.html'))).toBe(true);
    expect(backendai(folder, '--defaults', '--on-conflict', 'ours').status).toBe(0);
    expect(textOf(folder, 'DOCKER.md')).toContain('We measure on Fridays.');
  });

  it('gets the numbers by the next run where the project has changed', () => {
    const folder = project();
    edit(
      folder,
      'requirements.txt',
      (text) => `${text}\ncelery==5.5.3\nredis==6.4.0\nopencv-python==4.12.0.88\n`,
    );
    const before = contentsOf(folder);
    const result = report(folder, '--from', EXAMPLE_FILE);
    const told = result.stdout.replaceAll(/\s+/g, ' ');
    expect(told).toContain('DOCKER.md gets the numbers by npx generator-backendai-docker');
    expect(told).toMatch(/Dockerfile, .* would change, too/);
    expect(contentsOf(folder)['DOCKER.md']).toBe(before['DOCKER.md']);
    expect(contentsOf(folder)['Dockerfile']).toBe(before['Dockerfile']);
    expect(backendai(folder, '--defaults').status).toBe(0);
    expect(chapter(folder)).toContain('866 MB');
  });

  it('goes without numbers that are broken, and the run says so', () => {
    const folder = project();
    report(folder, '--from', EXAMPLE_FILE);
    writeFileSync(join(folder, 'docker/measurements.json'), '{"schema": 1, "images": []}');
    const result = backendai(folder, '--defaults');
    expect(result.status).toBe(0);
    expect(result.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'docker/measurements.json is broken: images is no object. DOCKER.md goes without the numbers',
    );
    expect(chapter(folder)).toContain('Not measured yet');
    // And the report mends it.
    expect(report(folder, '--last').status).toBe(0);
    expect(chapter(folder)).toContain('866 MB');
  });

  it('does not take numbers that other clones do not have', () => {
    const folder = project();
    report(folder, '--from', EXAMPLE_FILE);
    writeFileSync(join(folder, '.gitignore'), '.env\n/docker/measurements.json\n');
    expect(backendai(folder, '--check').status).toBe(1);
    expect(backendai(folder, '--defaults').stdout.replaceAll(/\s+/g, ' ')).toContain(
      'Git ignores docker/measurements.json',
    );
    expect(chapter(folder)).toContain('Not measured yet');
  });

  it('is not made where the files were never generated', () => {
    const folder = copyOf(SAMPLE);
    expect(report(folder, '--from', EXAMPLE_FILE).status).toBe(0);
    expect(existsSync(join(folder, 'DOCKER.md'))).toBe(false);
    expect(existsSync(join(folder, 'Dockerfile'))).toBe(existsSync(join(SAMPLE, 'Dockerfile')));
  });
});

describe('what cannot be done', () => {
  it.each([
    ['a file that is not there', ['--from', 'nowhere.json'], 'nowhere.json is not there'],
    ['no measurements yet', ['--last'], 'Nothing was measured yet'],
    ['two sources', ['--last', '--from', 'x'], 'take one of them'],
    ['a limit without measuring', ['--last', '--budget', '1MB'], '--budget: this is for measuring'],
    ['a file that is none', ['--from', 'manage.py'], 'manage.py is no JSON'],
    ['a folder', ['--from', 'docker'], 'docker cannot be read (EISDIR)'],
    ['a wrong budget', ['--budget', 'small'], '--budget: "small" is none; write it as 600MB'],
    ['a wrong ratio', ['--max-ratio', '60%'], '--max-ratio: "60%" is none; write it as 0.6'],
    ['no number of runs', ['--runs', '0'], '--runs: "0" is none'],
    ['an option that is none', ['--budgets', '1'], "Unknown option '--budgets'. See backendai-docker report"],
  ])('%s: one message, exit code 1, nothing written', (_, args, message) => {
    const folder = project();
    measuringScript(folder, 'pass');
    const result = expectUntouched(folder, () => report(folder, ...args));
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/\n {4}at /);
    expect(result.status).toBe(1);
  });

  it('files of somebody else are not replaced without a word', () => {
    const folder = project();
    mkdirSync(join(folder, 'docker/report'));
    writeFileSync(join(folder, 'docker/report/before-after.svg'), '<svg>mine</svg>');
    const result = expectUntouched(folder, () => report(folder, '--from', EXAMPLE_FILE));
    expect(result.stderr).toContain('docker/report/before-after.svg: of this name, and not written by');
    expect(result.status).toBe(1);
    expect(report(folder, '--from', EXAMPLE_FILE, '--force').status).toBe(0);
    expect(textOf(folder, 'docker/report/before-after.svg')).not.toContain('mine');
  });

  it('a folder that leads out of the project is not written into', () => {
    const folder = project();
    const elsewhere = copyOf();
    symlinkSync(elsewhere, join(folder, 'docker/report'));
    const result = report(folder, '--from', EXAMPLE_FILE);
    expect(result.stderr).toContain('outside the project');
    expect(contentsOf(elsewhere)).toEqual({});
  });

  it('an image that was not built has no report', () => {
    const folder = project();
    writeFileSync(join(home, 'empty.json'), '{"schema": 1, "images": {"production": null}}');
    const result = expectUntouched(folder, () => report(folder, '--from', join(home, 'empty.json')));
    expect(result.stderr).toContain('The production image was not measured');
  });
});

/** Puts a script in the place of compare_images.py; it gets its arguments and writes what it is told. */
function measuringScript(folder: string, body: string): void {
  const lines = [
    'import json, os, shutil, signal, sys, time',
    '# understands "--output"',
    'output = [a for a in sys.argv if a.startswith("--output=")][0].split("=", 1)[1]',
    'print("building production ...", file=sys.stderr, flush=True)',
    body,
  ];
  writeFileSync(join(folder, 'docker/compare_images.py'), `${lines.join('\n')}\n`);
}

/** The program itself: what stands on the PATH may be a script that looks for it. */
function programPath(name: string): string {
  if (name === 'node') return process.execPath;
  if (name === 'python3') return run(home, name, ['-c', 'import sys; print(sys.executable)']).stdout.trim();
  return run(home, 'sh', ['-c', `command -v ${name}`]).stdout.trim();
}

/** A folder with programs, to be all that is on the PATH. */
function pathWith(...programs: string[]): string {
  const folder = copyOf();
  for (const name of programs) {
    if (name === 'docker') {
      writeFileSync(join(folder, name), '#!/bin/sh\necho "Docker version 28"\n');
      chmodSync(join(folder, name), 0o755);
    } else {
      symlinkSync(programPath(name), join(folder, name));
    }
  }
  return folder;
}

const measuring = (
  folder: string,
  args: string[] = [],
  programs = ['node', 'python3', 'docker', 'git'],
): Result => run(folder, command, ['report', ...args], { PATH: pathWith(...programs) });

describe('measuring', () => {
  const COPY = `shutil.copy(${JSON.stringify(EXAMPLE_FILE)}, output)`;

  it('runs the project’s script, whose progress is shown, and passes its options on', () => {
    const folder = project();
    measuringScript(folder, `${COPY}\nprint(sys.argv[2:])`);
    const result = measuring(folder, [
      '--sizes-only',
      '--runs',
      '5',
      '--budget',
      '600MB',
      '--max-ratio',
      '0.6',
    ]);
    expect(result.stdout).toContain('Running python3 docker/compare_images.py:');
    expect(result.stdout).toContain("['--sizes-only', '--runs=5', '--budget=600MB', '--max-ratio=0.6']");
    expect(result.stderr).toBe('building production ...\n');
    expect(result.status).toBe(0);
    expect(textOf(folder, 'docker/report/measurements.json')).toBe(EXAMPLE_TEXT);
  });

  it('ends with 1 when a limit is missed, and writes the report all the same', () => {
    const folder = project();
    const missed = exampleJson((data) => {
      data['limits'] = { budget: 6e8, missed: ['production has 700 MB, the budget is 600 MB'] };
    });
    measuringScript(folder, `open(output, "w").write(${JSON.stringify(missed)})\nsys.exit(1)`);
    const result = measuring(folder, ['--budget', '600MB']);
    expect(result.stdout).toContain('Missed: production has 700 MB, the budget is 600 MB');
    expect(result.status).toBe(1);
    expect(textOf(folder, 'docker/report/image-report.html')).toContain('the budget is 600 MB');
  });

  it.each([
    [
      'the script fails',
      'sys.exit(2)',
      undefined,
      'Measuring failed: docker/compare_images.py ended with exit code 2',
    ],
    ['it writes nothing', 'pass', undefined, 'docker/compare_images.py wrote no measurements'],
    ['it writes no JSON', 'open(output, "w").write("{")', undefined, 'What was measured is no JSON'],
    ['there is no Docker', COPY, ['node', 'python3', 'git'], 'The docker command was not found'],
    ['there is no Python', COPY, ['node', 'docker', 'git'], 'needs Python 3.8 or later, and none was found'],
  ])('says so where %s, and writes nothing', (_, body, programs, message) => {
    const folder = project();
    measuringScript(folder, body);
    const result = expectUntouched(folder, () => measuring(folder, [], programs));
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/\n {4}at /);
    expect(result.status).toBe(1);
  });

  it('says so where the script is missing, or older than the report', () => {
    const folder = project();
    writeFileSync(join(folder, 'docker/compare_images.py'), 'print("old")\n');
    expect(measuring(folder).stderr).toContain('is of an older version of this generator');
    run(folder, 'rm', ['docker/compare_images.py']);
    expect(measuring(folder).stderr).toContain('docker/compare_images.py is not there');
  });

  it('the script of this version takes the options that are passed on', () => {
    const folder = project();
    const { stdout } = run(folder, 'python3', ['docker/compare_images.py', '--help']);
    for (const option of ['--output', '--sizes-only', '--runs', '--budget', '--max-ratio'])
      expect(stdout).toContain(option);
  });

  it('lets the script clean up when it is stopped by Ctrl-C', async () => {
    const folder = project();
    const before = contentsOf(folder);
    measuringScript(
      folder,
      'try:\n    print("ready", file=sys.stderr, flush=True)\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    time.sleep(0.3)\n    print("cleaned up", flush=True)\n    sys.exit(130)',
    );
    before['docker/compare_images.py'] = textOf(folder, 'docker/compare_images.py');
    const result = await new Promise<Result>((resolve) => {
      const child = spawn(command, ['report'], {
        cwd: folder,
        detached: true,
        env: { ...process.env, PATH: pathWith('node', 'python3', 'docker', 'git') },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        // Ctrl-C reaches every process of the terminal's foreground group.
        stderr += text;
        if (text.includes('ready')) process.kill(-(child.pid ?? 0), 'SIGINT');
      });
      child.on('close', (status) => resolve({ status, stdout, stderr }));
    });
    expect(result.stdout).toContain('cleaned up');
    expect(result.stderr).toContain('Measuring was stopped. Nothing was written.');
    expect(result.status).toBe(1);
    expect(contentsOf(folder)).toEqual(before);
  });
});

describe('help and yo', () => {
  it('has a help of its own in 80 columns, which the main help names', () => {
    const folder = copyOf();
    const { stdout, status } = report(folder, '--help');
    expect(status).toBe(0);
    for (const option of [
      '--from FILE',
      '--last',
      '--budget SIZE',
      '--max-ratio RATIO',
      '--runs N',
      '--sizes-only',
    ])
      expect(stdout).toContain(option);
    const main = backendai(folder, '--help').stdout;
    expect(main).toContain('backendai-docker report ');
    expect(`${stdout}${main}`.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('is found and run by yo', () => {
    const folder = project();
    copyFileSync(EXAMPLE_FILE, join(folder, 'measured.json'));
    const yo = join(ROOT, 'node_modules/.bin/yo');
    if (process.getuid?.() === 0) run(home, 'chmod', ['-R', 'a+rwX', home]);
    const result = run(folder, yo, ['backendai-docker:report', '--from', 'measured.json'], {
      NODE_PATH: join(installed, 'node_modules'),
      HOME: home,
      SUDO_UID: '1',
      SUDO_GID: '1',
    });
    expect(result.stdout).toContain('The production image is 55% smaller');
    expect(result.status).toBe(0);
  });
});
