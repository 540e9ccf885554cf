import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  evaluate,
  type Outcome,
  renderScript,
  runPython,
  temporaryFolder,
  type Constants,
} from './rendered-script.ts';

const PARTS = ['image_contents.py', 'image_measurements.py', 'image_report.py', 'compare_images.py'] as const;

const scripts = (constants: Constants = {}): Record<string, string> =>
  Object.fromEntries(PARTS.map((part) => [`docker/${part}`, renderScript(part, constants)]));

/** Evaluates an expression in which `script` is compare_images.py, `report` and `measure` what it imports. */
async function call(expression: string, files: Record<string, string> = {}): Promise<unknown> {
  const folder = temporaryFolder({ ...scripts(), ...files });
  const names = '(report := script.image_report, measure := script.measure, Path := script.Path)';
  return evaluate(join(folder, 'docker/compare_images.py'), `(${names}, ${expression})[1]`, {
    PYTHONPATH: join(folder, 'docker'),
    FOLDER: folder,
  });
}

it.each([
  ['600MB', 600_000_000],
  ['1.5 gb', 1_500_000_000],
  ['1MiB', 1_048_576],
  ['45.3MiB ', 47_500_492],
  ['750k', 750_000],
  ['1234', 1234],
])('reads the size %s', async (text, bytes) => {
  expect(await call(`script.parse_size(${JSON.stringify(text)})`)).toBe(bytes);
});

it.each(['', 'MB', '-1MB', '1TB', '1.MB'])('refuses the size "%s"', async (text) => {
  await expect(call(`script.parse_size(${JSON.stringify(text)})`)).rejects.toThrow('is no size');
});

it.each([
  { sizes: [1000, 400], limits: '1000, 0.5', missed: [] },
  { sizes: [1000, 400], limits: 'None, None', missed: [] },
  { sizes: [1000, 400], limits: 'None, 0.4', missed: [] },
  { sizes: [1e9, 4e8], limits: '3e8, None', missed: ['production has 400.0 MB, the budget is 300.0 MB'] },
  {
    sizes: [1000, 612],
    limits: 'None, 0.6',
    missed: ['production is 61.2% of the image before, not 60.0% or less'],
  },
  { sizes: ['None', 400], limits: 'None, 0.6', missed: ['the ratio is unknown: an image is missing'] },
  { sizes: [1000, 'None'], limits: '1e6, None', missed: ['production has no image, the budget is 1.0 MB'] },
])('judges $sizes by $limits', async ({ sizes: [before, production], limits, missed }) => {
  const sizes = `{"before": ${before}, "production": ${production}}`;
  expect(await call(`report.missed_limits(${sizes}, ${limits})`)).toEqual(missed);
});

it('measures the whole repository against the same base', async () => {
  expect(await call('script.NAIVE_DOCKERFILE')).toBe(
    [
      'FROM python:3.12-slim-trixie',
      'RUN apt-get update && apt-get install -y build-essential git wget',
      'WORKDIR /app',
      'COPY . .',
      'RUN pip install -r requirements.txt',
      '',
    ].join('\n'),
  );
});

it.each([
  ['1000, 530, "smaller", "larger"', '47% smaller'],
  ['1000, 1100, "faster", "slower"', '10% slower'],
  ['1000, 999, "smaller", "larger"', 'the same'],
  ['None, 5, "smaller", "larger"', ''],
  ['0, 5, "smaller", "larger"', ''],
])('says what %s is', async (values, text) => {
  expect(await call(`report.improvement(${values})`)).toBe(text);
});

describe('the base of a Dockerfile', () => {
  it.each([
    ['FROM python:3.12-slim\nRUN x', 'python:3.12-slim'],
    ['from --platform=linux/amd64 python:3.12 as a\nFROM a AS b\nfrom B', 'python:3.12'],
    ['FROM debian AS x\nFROM python:3.11\nCOPY --from=x / /', 'python:3.11'],
    ['ARG V=3.12\nARG TAG="slim"\nFROM python:${V}-$TAG', 'python:3.12-slim'],
    ['FROM python:${V:-3.10}', 'python:3.10'],
    ['FROM \\\n  python:3.9', 'python:3.9'],
    ['FROM scratch', null],
    ['# nothing', null],
  ])('%j', async (text, base) => {
    expect(await call(`measure.base_of_dockerfile(${JSON.stringify(text)})`)).toBe(base);
  });
});

describe('the copy in which changes are made', () => {
  const files = {
    'src/shop/wsgi.py': 'application = 1',
    'requirements.txt': 'django==5.2',
    '.git/config': 'x',
  };
  const copied = (action: string): string =>
    `[measure.copy_repository(Path(os.environ["FOLDER"]), Path(os.environ["FOLDER"] + "-copy")), (copy := Path(os.environ["FOLDER"] + "-copy")), ${action}, __import__("shutil").rmtree(copy)][2]`;

  it('costs no space and holds everything', async () => {
    const same = 'os.path.samefile(copy / ".git/config", os.environ["FOLDER"] + "/.git/config")';
    expect(await call(copied(same), files)).toBe(true);
  });

  it('takes a change that the repository does not see', async () => {
    const change =
      '[measure.change_code(copy / "src/shop/wsgi.py"), (copy / "src/shop/wsgi.py").read_text(), Path(os.environ["FOLDER"], "src/shop/wsgi.py").read_text()][1:]';
    expect(await call(copied(change), files)).toEqual([
      expect.stringMatching(/^application = 1\n# [0-9a-f]{32}: .*\n$/),
      'application = 1',
    ]);
  });

  it.each([
    [
      '{"file": "requirements.txt", "kind": "requirement"}',
      /^iniconfig added to requirements\.txt$/,
      /^django==5\.2\niniconfig\n$/,
    ],
    [
      '{"file": "requirements.txt", "kind": "comment"}',
      /^a comment added to requirements\.txt: /,
      /^django==5\.2\n# [0-9a-f]+\n$/,
    ],
    ['{"file": "requirements.txt", "kind": "whitespace"}', /^white space added/, /^django==5\.2\n\s+$/],
  ])('takes %s', async (change, text, content) => {
    const action = `[measure.change_dependency(copy, ${change}, "iniconfig"), (copy / "requirements.txt").read_text()]`;
    expect(await call(copied(action), files)).toEqual([
      expect.stringMatching(text),
      expect.stringMatching(content),
    ]);
  });

  it('is of the whole folder, with links but not what they lead to', async () => {
    const size =
      '[os.symlink("requirements.txt", os.environ["FOLDER"] + "/link"), os.mkfifo(os.environ["FOLDER"] + "/pipe"), measure.copy_repository(Path(os.environ["FOLDER"]), (copy := Path(os.environ["FOLDER"] + "-copy"))), sorted(os.listdir(copy)), os.readlink(copy / "link"), __import__("shutil").rmtree(copy)][2:5]';
    expect(await call(size, files)).toEqual([
      [],
      ['.git', 'docker', 'link', 'requirements.txt', 'src'],
      'requirements.txt',
    ]);
  });
});

it.each([
  ['shop.wsgi:application', 'backend/shop/wsgi.py'],
  ['shop.asgi', 'backend/shop/asgi/__init__.py'],
  ['shop.other', null],
])('finds the file of %s', async (application, path) => {
  const files = Object.fromEntries(
    [
      '.venv/shop/wsgi.py',
      'old/copy/of/shop/wsgi.py',
      'backend/shop/wsgi.py',
      'backend/myshop/wsgi.py',
      'backend/shop/asgi/__init__.py',
    ].map((name) => [name, '']),
  );
  const found = `[(root := os.environ["FOLDER"]), (file := measure.code_file(root, ${JSON.stringify(application)})), file and file.relative_to(root).as_posix()][2]`;
  expect(await call(found, files)).toBe(path);
});

it('hides the secrets of .env in whatever it shows, and .env itself from the image before', async () => {
  const env =
    'SECRET_KEY="correct-horse"\nDEBUG=1\nDATABASE_URL=postgres://a:b@host/db\nAPI_TOKEN=\n#PASSWORD=commented\n';
  const shown = `measure.Screen(Path(os.environ["FOLDER"])).without_secrets({"a": ["RUN curl correct-horse", 5, None], "postgres://a:b@host/db": "commented DEBUG=1"})`;
  expect(await call(shown, { '.env': env })).toEqual({
    a: ['RUN curl ***', 5, null],
    '***': 'commented DEBUG=1',
  });
  expect(
    await call('measure.hidden_env_files(["app/.env", "app/x.env", "app/.env.example", "app/.envrc"])'),
  ).toEqual(['--mount', 'type=bind,source=/dev/null,target=/app/.env']);
});

it('starts production’s server in the image before, without the paths that only production has', async () => {
  const config = {
    Env: [
      'PATH=/opt/venv/bin',
      'DJANGO_SETTINGS_MODULE=shop.settings',
      'PYTHONPYCACHEPREFIX=/pyc',
      'PORT=8000',
    ],
    Cmd: ['/opt/venv/bin/gunicorn', '--config', '/app/docker/gunicorn.conf.py', 'shop.wsgi'],
    WorkingDir: '/app/backend',
  };
  const start = `measure.server_start("before", json.loads(${JSON.stringify(JSON.stringify(config))}), {"SECRET_KEY": "x"}, [])`;
  expect(await call(start)).toEqual({
    image: 'before',
    options: [
      ...['--workdir', '/app/backend', '--entrypoint', 'gunicorn'],
      ...['--env', 'DJANGO_SETTINGS_MODULE=shop.settings', '--env', 'PORT=8000', '--env', 'SECRET_KEY=x'],
    ],
    command: ['--config', '/app/docker/gunicorn.conf.py', 'shop.wsgi'],
  });
});

/** A docker command that remembers what it was asked, and answers as FAKE says. */
const FAKE_DOCKER = String.raw`#!/usr/bin/env python3
import hashlib, io, json, os, sys, tarfile, time
words = sys.argv[1:]
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "asked"), "a") as asked:
    print(json.dumps(words), file=asked)
mode = os.environ.get("FAKE", "")
def archive(files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return stream.getvalue()
if mode == "down":
    sys.exit("Cannot connect to the Docker daemon")
if words[0] == "version":
    print(json.dumps({"Version": "28.5.2", "Os": "linux", "Arch": "amd64"}))
elif words[0] == "info":
    print(json.dumps({"NCPU": 2, "Driver": "overlay2", "DriverStatus": []}))
elif words[:2] == ["buildx", "build"]:
    target = words[words.index("--target") + 1] if "--target" in words else "before"
    if mode == "hang":
        time.sleep(60)
    if "--output" in words:
        sys.stdout.buffer.write(archive({"a": bytes(70), "b/c": bytes(7)}))
    elif target == mode and "naive" in " ".join(words) or target == mode != "before":
        sys.exit("\n".join(f"#{n} line {n} correct-horse" for n in range(40)))
    elif mode == "no index" and "iniconfig" in open(os.path.join(words[-1], "requirements.txt")).read():
        sys.exit("no such requirement")
elif words[0] == "create":
    sys.exit("no container can be made")
elif words[0] == "save":
    if mode == "no save":
        sys.stdout.buffer.write(b"x" * 2000)
        sys.exit("Error response from daemon: disk full")
    layers = [archive({"etc/passwd": bytes(100)})]
    if "-base-" not in words[1]:
        production = words[1].endswith(("production", "prod"))
        layers.append(archive({"app/a.py": bytes(300 if production else 900)}))
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    names = ["blobs/sha256/" + digest for digest in digests]
    config = json.dumps({"rootfs": {"diff_ids": digests}, "history": []}).encode()
    manifest = json.dumps([{"Config": "config.json", "Layers": names}]).encode()
    sys.stdout.buffer.write(archive({**dict(zip(names, layers)), "config.json": config, "manifest.json": manifest}))
elif words[:2] == ["image", "inspect"]:
    if mode == "no images" or words[2].startswith("python"):
        sys.exit("No such image")
    base = hashlib.sha256(archive({"etc/passwd": bytes(100)})).hexdigest()
    print(json.dumps([{"RootFS": {"Layers": [base]}, "Size": 400 if words[2].endswith(("production", "prod")) else 1000, "Config": {}}]))
elif words[0] == "history":
    print("400" if words[-1].endswith(("production", "prod")) else "1000")
`;

interface Run {
  folder: string;
  outcome: Outcome;
  asked: string[][];
  /** What was left in the folder for temporary files. */
  left: string[];
}

const project = (files: Record<string, string> = {}): string => {
  const folder = temporaryFolder({
    ...scripts(),
    'bin/docker': FAKE_DOCKER,
    'requirements.txt': 'django',
    ...files,
  });
  chmodSync(join(folder, 'bin/docker'), 0o755);
  mkdirSync(join(folder, 'temporary'));
  return folder;
};

const environment = (folder: string, mode: string): Record<string, string> => ({
  PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
  FAKE: mode,
  TMPDIR: join(folder, 'temporary'),
  XDG_CACHE_HOME: join(folder, 'temporary'),
});

const askedOf = (folder: string): string[][] => {
  const file = join(folder, 'bin/asked');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return lines.map((line) => JSON.parse(line) as string[]);
};

async function compare(args: string[], mode = '', files: Record<string, string> = {}): Promise<Run> {
  const folder = project(files);
  const outcome = await runPython([join(folder, 'docker/compare_images.py'), ...args], {
    env: environment(folder, mode),
  });
  return { folder, outcome, asked: askedOf(folder), left: readdirSync(join(folder, 'temporary')) };
}

/** Every image that was built, and every one that was removed. */
function imagesOf({ asked }: Pick<Run, 'asked'>): { built: string[]; removed: string[] } {
  const tags = asked
    .filter((words) => words[0] === 'buildx')
    .map((words) => words[words.indexOf('--tag') + 1] ?? '');
  const removals = asked.filter((words) => words[0] === 'image' && words[1] === 'rm');
  return {
    built: [...new Set(tags.filter((tag) => tag.startsWith('backend:')))].toSorted(),
    removed: removals.flatMap((words) => words.slice(3)).toSorted(),
  };
}

describe('a run', () => {
  it('says that docker is missing', async () => {
    const folder = project();
    const { stdout: interpreter } = await runPython(['-c', 'import sys; print(sys.executable)']);
    const outcome = await runPython([join(folder, 'docker/compare_images.py')], {
      python: interpreter.trim(),
      env: { PATH: '/nonexistent' },
    });
    expect(outcome).toEqual({
      code: 2,
      stdout: '',
      stderr: 'The docker command was not found: install Docker first.\n',
    });
  });

  it('says that the daemon does not answer', async () => {
    const { outcome } = await compare([], 'down');
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toBe(
      'The Docker daemon does not answer. Is it running?\nCannot connect to the Docker daemon\n',
    );
  });

  it('writes every figure, and removes the images that it made and nothing else', async () => {
    const output = join(temporaryFolder(), 'report.json');
    const { outcome, left, ...run } = await compare(['--sizes-only', '--output', output]);
    expect(outcome.stderr).toMatch(/building production/);
    expect(outcome.code).toBe(0);
    expect(left).toEqual([]);
    const { built, removed } = imagesOf(run);
    expect(removed).toEqual(built);
    expect(removed).toHaveLength(5);
    expect(removed.every((name) => /^backend:compare-[0-9a-f]{8}-/.test(name))).toBe(true);
    expect(outcome.stdout).toMatch(/\| Application code +\| 0\.0 MB/);
    expect(outcome.stdout).toMatch(/\| Image size +\|.*60% smaller/);
    expect(JSON.parse(readFileSync(output, 'utf8'))).toMatchObject({ schema: 1, project: 'backend' });
  });

  it('prints JSON alone where it is asked', async () => {
    const { outcome } = await compare(['--sizes-only', '--json']);
    const report = JSON.parse(outcome.stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      schema: 1,
      project: 'backend',
      machine: { engine: '28.5.2', platform: 'linux/amd64', cpus: 2, imageStore: 'overlay2' },
      before: { kind: 'naive' },
      images: {
        before: { size: 1000, inspected: 1000, history: 1000, breakdown: { base: 100, application: 900 } },
        production: { size: 400, tree: { name: '/', size: 400 } },
      },
      context: { production: 77 },
      times: { before: { cold: null, memory: null }, production: { firstResponse: null } },
      limits: { budget: null, maxRatio: null, missed: [] },
    });
  });

  it.each([
    [['--budget', '400'], 0],
    [['--budget', '399'], 1],
    [['--max-ratio', '0.4'], 0],
    [['--max-ratio', '0.39'], 1],
  ])('ends by the limits %j with %d', async (limits, code) => {
    const { outcome } = await compare(['--sizes-only', ...limits]);
    expect(outcome.code).toBe(code);
    expect(/^FAIL {2}production/m.test(outcome.stderr)).toBe(code === 1);
  });

  it('goes on where the old Dockerfile does not build, and shows the end of its log', async () => {
    const files = { 'Dockerfile.old': 'FROM python:3.6\n', '.env': 'SECRET_KEY=correct-horse\n' };
    const { outcome, ...run } = await compare(['--sizes-only', '--json'], 'before', files);
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('line 39');
    expect(outcome.stderr).not.toContain('line 20 ');
    expect(outcome.stderr).not.toContain('correct-horse');
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      before: { kind: 'kept', dockerfile: 'Dockerfile.old' },
      images: { before: null, production: { size: 400 } },
      notes: [expect.stringMatching(/^building before: /)],
    });
    expect(imagesOf(run).removed).toEqual(imagesOf(run).built);
  });

  it('ends with 2 where production does not build, and cleans up', async () => {
    const { outcome, left, ...run } = await compare(['--sizes-only'], 'production');
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('building production: without it there is nothing to compare.');
    expect(left).toEqual([]);
    expect(imagesOf(run).removed).toEqual(imagesOf(run).built);
  });

  it('measures what was built by hand, and removes none of it', async () => {
    const { outcome, asked } = await compare(['--no-build', '--sizes-only', '--json']);
    expect(outcome.code).toBe(0);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ images: { production: { size: 400 } } });
    expect(asked.filter((words) => words[0] === 'buildx' || words.includes('rm'))).toEqual([]);
    expect(asked).toContainEqual(['save', 'backend:old']);
  });

  it('measures builds and rebuilds in a copy, and says where no container starts', async () => {
    const files = { 'backendAI/wsgi.py': 'application = None\n' };
    const { folder, outcome, left, ...run } = await compare(['--json', '--runs', '2'], '', files);
    expect(outcome.code).toBe(0);
    const report = JSON.parse(outcome.stdout) as {
      times: object;
      notes: string[];
      codeChangePush: Record<string, number>;
    };
    const measured = { cold: expect.any(Number), codeChange: expect.any(Number) };
    expect(report.times).toMatchObject({
      before: { ...measured, dependencyChange: expect.any(Number), firstResponse: null, memory: null },
      production: { ...measured, dependencyChange: expect.any(Number), firstResponse: null, memory: null },
    });
    // The stand-in makes the code's layer anew; the base's stays.
    for (const size of Object.values(report.codeChangePush)) expect(size).toBeLessThan(200);
    expect(report.codeChangePush['production']).toBeGreaterThan(50);
    expect(report.notes).toEqual([
      'A code change: a comment added to backendAI/wsgi.py',
      'A dependency change: iniconfig added to requirements.txt',
      expect.stringMatching(/^production gave no response/),
      expect.stringMatching(/^before gave no response/),
    ]);
    expect(outcome.stderr).toContain('no container can be made');
    const cold = run.asked.filter((words) => words.includes('--no-cache'));
    expect(cold).toHaveLength(2);
    const { built, removed } = imagesOf(run);
    expect(built).toHaveLength(4 + 1 + 2 + 2 * 2 * 2);
    expect(removed).toEqual(built);
    expect(left).toEqual([]);
    expect(readFileSync(join(folder, 'requirements.txt'), 'utf8')).toBe('django');
    expect(readFileSync(join(folder, 'backendAI/wsgi.py'), 'utf8')).toBe('application = None\n');
  });

  it('changes a comment where no index has one more requirement', async () => {
    const { outcome } = await compare(['--json'], 'no index');
    const report = JSON.parse(outcome.stdout) as { times: object; notes: string[] };
    expect(report.times).toMatchObject({ production: { dependencyChange: expect.any(Number) } });
    expect(report.notes).toContainEqual(expect.stringMatching(/^A dependency change: a comment added to /));
    expect(report.notes).toContainEqual(expect.stringMatching(/^No file of backendAI\.wsgi:application/));
  });

  it('says what docker says where an image cannot be read', async () => {
    const { outcome } = await compare(['--sizes-only'], 'no save');
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('Error response from daemon: disk full\n\ndocker save failed.');
  });

  it('cleans up after Ctrl-C', async () => {
    const folder = project({ '.env': 'A=b' });
    const child = spawn('python3', [join(folder, 'docker/compare_images.py')], {
      env: { ...process.env, ...environment(folder, 'hang') },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
    await expect
      .poll(() => askedOf(folder).some((words) => words[0] === 'buildx'), { timeout: 20_000 })
      .toBe(true);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    const { built, removed } = imagesOf({ asked: askedOf(folder) });
    expect(built).toHaveLength(1);
    expect(removed).toEqual(built);
    expect(readdirSync(join(folder, 'temporary'))).toEqual([]);
  });
});
