import { describe, expect, it } from 'vitest';
import { detectDependencies } from '../../../generators/app/detection/dependencies/detect-dependencies.ts';
import { memoryFiles } from '../../../generators/app/detection/memory-files.ts';

const detect = (contents: Record<string, string>, workDir = '') =>
  detectDependencies(memoryFiles('shop', contents), workDir);
const uv =
  '[[package]]\nname = "shop"\nsource = { virtual = "." }\ndependencies = [{ name = "django" }]\n[[package]]\nname = "django"\nversion = "5.2.1"\n';

describe('which file is installed from', () => {
  it.each<[string, Record<string, string>, string, string, string | null]>([
    [
      'a lock above beats a list beside',
      { 'uv.lock': uv, 'src/requirements.txt': 'django' },
      'src',
      'uv',
      'uv.lock',
    ],
    [
      'the nearest list',
      { 'requirements.txt': 'django', 'app/requirements.txt': 'django' },
      'app',
      'requirements',
      'app/requirements.txt',
    ],
    [
      'a decoy pyproject is ignored',
      { 'pyproject.toml': '[tool.ruff]\n', 'backend/requirements.txt': 'django' },
      'backend',
      'requirements',
      'backend/requirements.txt',
    ],
    [
      'the list that brings Django',
      { 'requirements.txt': 'ansible', 'requirements/production.txt': 'Django' },
      '',
      'requirements',
      'requirements/production.txt',
    ],
    [
      'production rather than a list that only includes development',
      {
        'requirements.txt': '-r requirements/local.txt',
        'requirements/local.txt': 'django',
        'requirements/production.txt': 'django',
      },
      '',
      'requirements',
      'requirements/production.txt',
    ],
    [
      'a production list that includes requirements.txt',
      { 'requirements.txt': 'django', 'requirements-prod.txt': '-r requirements.txt\ngunicorn' },
      '',
      'requirements',
      'requirements-prod.txt',
    ],
    [
      'pyproject.toml alone',
      { 'pyproject.toml': '[project]\nname = "shop"\ndependencies = ["django>=5.2,<6"]\n' },
      '',
      'pyproject',
      'pyproject.toml',
    ],
    [
      'a list elsewhere',
      { 'deploy/requirements.txt': 'django' },
      'app',
      'requirements',
      'deploy/requirements.txt',
    ],
    ['nothing', { 'manage.py': '' }, '', 'none', null],
  ])('%s', (_, contents, workDir, manager, file) => {
    const { dependencies } = detect(contents, workDir);
    expect([dependencies.manager, dependencies.productionFile]).toEqual([manager, file]);
  });

  it('says which of several was taken and why', () => {
    expect(detect({ 'uv.lock': uv, 'requirements.txt': 'django' }).notes[0]?.message).toBe(
      'uv.lock is installed from (a lock file comes first); requirements.txt is not read',
    );
  });

  it('says so when there is none', () => {
    expect(detect({ Pipfile: '' }).notes[0]?.message).toContain('pipenv lock');
    expect(detect({}).notes).toHaveLength(1);
  });

  it('finds the development file and what it adds', () => {
    const { dependencies } = detect({
      'requirements/base.txt': 'django',
      'requirements/production.txt': '-r base.txt',
      'requirements/local.txt': '-r base.txt\npytest',
    });
    expect(dependencies.developmentFile).toBe('requirements/local.txt');
    expect(dependencies.developmentFiles).toEqual(['requirements/local.txt']);
    expect(dependencies.development.map((item) => item.name)).toEqual(['pytest']);
  });

  it('reads groups that include others, and says what only lies in an extra', () => {
    const pyproject = `[project]
dependencies = ["django"]
[project.optional-dependencies]
prod = ["gunicorn"]
[dependency-groups]
test = ["pytest"]
dev = [{ include-group = "test" }, "ruff"]
docs = ["sphinx"]
`;
    const { dependencies, servers, notes } = detect({ 'pyproject.toml': pyproject });
    expect(dependencies.developmentGroups).toEqual(['test', 'dev']);
    expect(dependencies.development.map((item) => item.name)).toEqual(['pytest', 'ruff']);
    expect(servers).toEqual([]);
    expect(notes.map((note) => note.message)).toContainEqual(
      expect.stringContaining('gunicorn is only in the optional set «prod»'),
    );
  });
});

describe('Python', () => {
  const requirements = { 'requirements.txt': 'django' };
  it.each<[string, Record<string, string>, string | null]>([
    ['.python-version', { '.python-version': '3.12.4\n', 'runtime.txt': 'python-3.11.9' }, '3.12'],
    ['.python-version of pyenv-virtualenv says nothing', { '.python-version': 'my-env\n' }, null],
    ['runtime.txt', { 'runtime.txt': 'python-3.11.9' }, '3.11'],
    ['.tool-versions', { '.tool-versions': 'nodejs 22\npython 3.13.1\n' }, '3.13'],
    ['Pipfile', { Pipfile: '[requires]\npython_version = "3.10"\n' }, '3.10'],
    ['==3.13.*', { 'pyproject.toml': '[project]\nrequires-python = "==3.13.*"\n' }, '3.13'],
    [
      'a range of one release',
      { 'pyproject.toml': '[project]\nrequires-python = ">=3.12, <3.13"\n' },
      '3.12',
    ],
    ['an open range', { 'pyproject.toml': '[project]\nrequires-python = ">=3.12"\n' }, null],
    [
      'a Dockerfile with ARG',
      { Dockerfile: 'ARG V=3.11\nFROM docker.io/library/python:${V}-slim\n' },
      '3.11',
    ],
    [
      'our own Dockerfile says nothing',
      { Dockerfile: '# Written by generator-backendai-docker 1\nFROM python:3.11-slim\n' },
      null,
    ],
    [
      'the header of pip-compile',
      { 'requirements.txt': '# autogenerated by pip-compile with Python 3.10\ndjango==5.2\n' },
      '3.10',
    ],
  ])('%s', (_, contents, version) => {
    expect(detect({ ...requirements, ...contents }).pythonVersion?.value ?? null).toBe(version);
  });

  it('notes contradictions with both places', () => {
    const { notes, pythonConstraint } = detect({
      ...requirements,
      '.python-version': '3.11',
      'pyproject.toml': '[project]\nrequires-python = ">=3.12"\n',
    });
    expect(pythonConstraint?.value).toBe('>=3.12');
    expect(notes.at(-1)).toMatchObject({
      message: expect.stringMatching(/\.python-version:1.*pyproject\.toml:2/),
      evidence: [{ line: 1 }, { line: 2 }],
    });
  });
});

describe('Django, server, driver', () => {
  it.each([
    ['Django==5.2.8', '5.2.8'],
    ['Django~=5.2.0', '5.2'],
    ['Django>=4.2,<5.2', '5.1'],
    ['Django==4.2.*', '4.2'],
    ['Django>=4.2', null],
    ['Django', null],
  ])('%s: %s', (line, version) => {
    expect(detect({ 'requirements.txt': line }).djangoVersion?.value ?? null).toBe(version);
  });

  it('lists servers and the driver, ASGI servers first with Channels', () => {
    const lines = 'django\ngunicorn\ndaphne\npsycopg2-binary\n';
    const plain = detect({ 'requirements.txt': lines });
    expect(plain.servers.map((server) => server.name)).toEqual(['gunicorn', 'daphne']);
    expect(plain.postgresDriver).toEqual({
      value: 'psycopg2-binary',
      evidence: [{ file: 'requirements.txt', line: 4 }],
    });
    expect(detect({ 'requirements.txt': `${lines}channels\n` }).servers[0]?.name).toBe('daphne');
  });

  it('leaves out what Linux never installs', () => {
    expect(detect({ 'requirements.txt': "django\ngunicorn; sys_platform == 'win32'" }).servers).toEqual([]);
  });
});
