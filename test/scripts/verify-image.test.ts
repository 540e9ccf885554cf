import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluate, renderScript, runPython, temporaryFolder } from './rendered-script.ts';

const folderWithScript = (files: Record<string, string> = {}): string =>
  temporaryFolder({ 'docker/verify_image.py': renderScript('verify_image.py'), ...files });

/** A `docker` command in a folder for PATH. */
const fakeDocker = (shell: string): string => `#!/bin/sh\n${shell}\n`;

async function verify(folder: string, args: string[], path: string): Promise<unknown> {
  const { stdout: python } = await runPython(['-c', 'import sys; print(sys.executable)']);
  return runPython([join(folder, 'docker/verify_image.py'), ...args], {
    python: python.trim(),
    env: { PATH: path },
  });
}

describe('where nothing can be checked', () => {
  it('says that docker is missing', async () => {
    const stderr = 'The docker command was not found: install Docker first.\n';
    expect(await verify(folderWithScript(), [], '/nonexistent')).toEqual({ code: 2, stdout: '', stderr });
  });

  it('says that the daemon does not answer', async () => {
    const folder = folderWithScript({ 'bin/docker': fakeDocker('echo "Cannot connect" >&2; exit 1') });
    await runPython(['-c', `import os; os.chmod(${JSON.stringify(join(folder, 'bin/docker'))}, 0o755)`]);
    expect(await verify(folder, [], `${join(folder, 'bin')}:/usr/bin:/bin`)).toEqual({
      code: 2,
      stdout: '',
      stderr: 'The Docker daemon does not answer. Is it running?\nCannot connect\n',
    });
  });

  it('says how the image is built', async () => {
    const folder = folderWithScript({ 'bin/docker': fakeDocker('[ "$1" = version ]') });
    await runPython(['-c', `import os; os.chmod(${JSON.stringify(join(folder, 'bin/docker'))}, 0o755)`]);
    expect(await verify(folder, [], `${join(folder, 'bin')}:/usr/bin:/bin`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('docker build --target production -t backend:prod .'),
    });
  });
});

describe('size', () => {
  it.each([
    { store: 'overlay2', size: 145_300_000, detail: '145.3 MB; 2 layers with 145.3 MB' },
    {
      store: 'containerd',
      size: 53_100_000,
      detail: '145.3 MB on disk in 2 layers; 53.1 MB compressed',
    },
  ])('is told for the image store $store', async ({ size, detail }) => {
    const folder = folderWithScript();
    const history = '100000000\n0\n45300000\n';
    const expression = [
      '[',
      `  setattr(script, "docker", lambda *words: type("Result", (), {"stdout": ${JSON.stringify(history)}})),`,
      '  (report := script.Report("image", True)),',
      `  script.check_size(report, "image", {"Size": ${size}}),`,
      '  report.result["checks"][0],',
      '][3]',
    ].join('\n');
    expect(await evaluate(join(folder, 'docker/verify_image.py'), expression)).toEqual({
      name: 'size',
      result: 'ok',
      detail,
    });
  });
});

const checkSecrets = async (variables: string[], history: string, envFile = ''): Promise<unknown> => {
  const folder = folderWithScript({ '.env': envFile });
  const expression = [
    '[',
    `  setattr(script, "docker", lambda *words: type("Result", (), {"stdout": ${JSON.stringify(history)}})),`,
    '  (report := script.Report("image", True)),',
    `  script.check_secrets(report, "image", {"Config": {"Env": ${JSON.stringify(variables)}}}),`,
    '  report.result["checks"][0],',
    '][3]',
  ].join('\n');
  return evaluate(join(folder, 'docker/verify_image.py'), expression);
};

describe('secrets', () => {
  it.each([
    { found: 'SECRET_KEY in ENV', variables: ['SECRET_KEY=django-insecure-x'], history: '' },
    { found: 'DATABASE_URL in ENV', variables: ['DATABASE_URL=postgres://a:b@host/db'], history: '' },
    { found: 'API_TOKEN in docker history', variables: [], history: 'RUN |1 API_TOKEN=abc /bin/sh -c true' },
    {
      found: 'AWS_SECRET_ACCESS_KEY in docker history',
      variables: [],
      history: 'ENV AWS_SECRET_ACCESS_KEY="abc"',
    },
  ])('finds $found', async ({ found, variables, history }) => {
    expect(await checkSecrets(variables, history)).toEqual({
      name: 'secrets',
      result: 'FAIL',
      detail: found,
    });
  });

  it('passes what is none', async () => {
    const variables = [
      'PATH=/usr/bin',
      'GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305',
      'PASSWORD_AGE=90',
    ];
    const history =
      'RUN export SECRET_KEY=build && true # buildkit\nRUN TOKEN=$(cat /run/secrets/token) pip install x';
    expect(await checkSecrets(variables, history)).toMatchObject({ result: 'ok' });
  });

  it('finds a value of .env under any name, and never prints it', async () => {
    const found = await checkSecrets(
      [],
      'RUN curl --user me:correct-horse',
      "SMTP_PASSWORD='correct-horse'\nDEBUG=RUN\n",
    );
    expect(found).toEqual({
      name: 'secrets',
      result: 'FAIL',
      detail: 'the value of SMTP_PASSWORD in docker history',
    });
  });
});

it('ends with 1 when a check fails, and can say so as JSON', async () => {
  const folder = folderWithScript();
  const file = join(folder, 'docker/verify_image.py');
  const add = '(r := script.Report("image", True)).add("ok", "user", "10001"), r.add("skip", "page", "x")';
  const finish =
    '(setattr(sys, "stdout", sys.stderr), r.finish(), setattr(sys, "stdout", sys.__stdout__))[1]';
  expect(await evaluate(file, `(${add}, ${finish})[-1]`)).toBe(0);
  expect(await evaluate(file, `(${add}, r.add("FAIL", "pip", "x"), ${finish}, r.result["ok"])[-2:]`)).toEqual(
    [1, false],
  );
});

const MADE = `case "$*" in
  "run --rm --entrypoint sh image -c make a key") exit 127 ;;
  "run --rm --entrypoint sh python:3.12-slim-trixie -c make a key") echo "a key" ;;
esac`;

it('makes a value in the base image where the image has no shell', async () => {
  const script = renderScript('verify_image.py', {
    buildCommands: { KEY: 'make a key' },
    buildVariables: {},
  });
  const folder = temporaryFolder({ 'docker/verify_image.py': script, 'bin/docker': fakeDocker(MADE) });
  chmodSync(join(folder, 'bin/docker'), 0o755);
  const options = await evaluate(
    join(folder, 'docker/verify_image.py'),
    'script.build_variable_options("image")',
    { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` },
  );
  expect(options).toEqual(['--env', 'KEY=a key']);
});
