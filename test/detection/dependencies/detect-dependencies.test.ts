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
    expect(detect({ ...requirements, ...contents }).statedPythonVersions[0]?.value ?? null).toBe(version);
  });

  it.each<[string, Record<string, string>, string | null]>([
    ['mise.toml', { 'mise.toml': '[tools]\nnode = "22"\npython = ["3.12.4", "3.11"]\n' }, '3.12'],
    ['.mise.toml with a table', { '.mise.toml': '[tools]\npython = { version = "3.11" }\n' }, '3.11'],
    ['mise.toml without Python', { 'mise.toml': '[tools]\nnode = "22"\n' }, null],
    [
      'environment.yml of conda',
      { 'environment.yml': 'dependencies:\n  - pip\n  - python=3.9.7=hb7a2778_2\n' },
      '3.9',
    ],
    ['a range in environment.yml', { 'environment.yml': 'dependencies:\n  - python>=3.9\n' }, null],
    ['setup.cfg of one release', { 'setup.cfg': '[options]\npython_requires = >=3.10, <3.11\n' }, '3.10'],
    ['setup.py', { 'setup.py': "setup(\n    python_requires='==3.11.*',\n)\n" }, '3.11'],
    [
      'workflows that agree',
      {
        '.github/workflows/a.yml': '        with:\n          python-version: "3.12.4"\n',
        '.github/workflows/b.yml': '          python-version: ["3.12"]\n',
      },
      '3.12',
    ],
    [
      'a workflow that tests several',
      { '.github/workflows/a.yml': 'python-version: ["3.12", "3.13"]\n' },
      null,
    ],
    [
      'a workflow beside a Dockerfile',
      { Dockerfile: 'FROM python:3.11\n', '.github/workflows/a.yml': 'python-version: 3.13\n' },
      '3.11',
    ],
    ['an image with the release of Alpine alone', { Dockerfile: 'FROM python:alpine3.14\n' }, null],
    ['Python 2 in runtime.txt', { 'runtime.txt': 'python-2.7.18\n' }, '2.7'],
    ['Python 2 in a Pipfile', { Pipfile: '[requires]\npython_version = "2.7"\n' }, '2.7'],
    ['Python 2 in a Dockerfile', { Dockerfile: 'FROM python:2.7-slim\n' }, '2.7'],
    ['requires-python below 3', { 'setup.py': "python_requires='>=2.7,<3',\n" }, '2.7'],
    ['classifiers of Python 2', { 'setup.py': "'Programming Language :: Python :: 2.7',\n" }, '2.7'],
    [
      'classifiers of both',
      { 'setup.py': "'Programming Language :: Python :: 2.7',\n'Programming Language :: Python :: 3.4',\n" },
      null,
    ],
  ])('%s', (_, contents, version) => {
    expect(detect({ ...requirements, ...contents }).statedPythonVersions[0]?.value ?? null).toBe(version);
  });

  it('lists every release that is stated, with its places', () => {
    const { statedPythonVersions, pythonConstraint } = detect({
      ...requirements,
      '.python-version': '3.11',
      'runtime.txt': 'python-3.11.2',
      Dockerfile: 'FROM python:3.9\n',
      'setup.cfg': '[options]\npython_requires = >=3.8\n',
    });
    expect(pythonConstraint).toEqual({ value: '>=3.8', evidence: [{ file: 'setup.cfg', line: 2 }] });
    expect(statedPythonVersions).toEqual([
      {
        value: '3.11',
        evidence: [
          { file: '.python-version', line: 1 },
          { file: 'runtime.txt', line: 1 },
        ],
      },
      { value: '3.9', evidence: [{ file: 'Dockerfile', line: 1 }] },
    ]);
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
