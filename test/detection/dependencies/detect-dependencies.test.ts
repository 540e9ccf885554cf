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
    [
      'a lock beside, in another folder',
      { 'backend/uv.lock': uv, 'web/requirements.txt': 'ansible' },
      'web',
      'uv',
      'backend/uv.lock',
    ],
    [
      'a folder of lists elsewhere: production',
      { 'deploy/requirements/base.txt': 'django', 'deploy/requirements/production.txt': '-r base.txt' },
      'app',
      'requirements',
      'deploy/requirements/production.txt',
    ],
    [
      'requirements.txt that only refers to production',
      {
        'requirements.txt': '-r requirements/production.txt',
        'requirements/production.txt': '-r base.txt\ngunicorn',
        'requirements/base.txt': 'django',
        'requirements/dev.txt': '-r base.txt\npytest',
      },
      '',
      'requirements',
      'requirements.txt',
    ],
    [
      'a list before a [project] without dependencies',
      { 'pyproject.toml': '[project]\nname = "shop"\n', 'requirements.txt': 'django' },
      '',
      'requirements',
      'requirements.txt',
    ],
    [
      'a list that pyproject.toml names',
      {
        'pyproject.toml':
          '[project]\nname = "shop"\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = { file = ["reqs/all.txt"] }\n',
        'reqs/all.txt': 'django',
      },
      '',
      'requirements',
      'reqs/all.txt',
    ],
    [
      'settings of semantic-release above a pdm.lock',
      {
        'pyproject.toml': '[tool.semantic_release]\ntag_format = "v{version}"\n',
        'backend/pyproject.toml': '[project]\nname = "shop"\ndependencies = ["django"]\n',
        'backend/pdm.lock': '[[package]]\nname = "django"\nversion = "5.2"\ngroups = ["default"]\n',
      },
      'backend',
      'pdm',
      'backend/pdm.lock',
    ],
    [
      'Poetry without a lock',
      { 'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.12"\nDjango = "^5.2"\n' },
      '',
      'poetry',
      'pyproject.toml',
    ],
    [
      'setup.cfg before a setup.py that lists nothing',
      {
        'setup.cfg': '[options]\ninstall_requires =\n  Django\n',
        'setup.py': 'from setuptools import setup\nsetup()',
      },
      '',
      'setuptools',
      'setup.cfg',
    ],
    [
      'a list before setup.py',
      { 'setup.py': 'setup(install_requires=["django"])', 'requirements.txt': 'django==5.2' },
      '',
      'requirements',
      'requirements.txt',
    ],
    ['nothing', { 'manage.py': '' }, '', 'none', null],
  ])('%s', (_, contents, workDir, manager, file) => {
    const { dependencies } = detect(contents, workDir);
    expect([dependencies.manager, dependencies.productionFile]).toEqual([manager, file]);
  });

  const poetry = '[tool.poetry.dependencies]\nDjango = "^5.2"\n';
  it.each<[Record<string, string>, string]>([
    [
      { 'uv.lock': uv, 'requirements.txt': 'django' },
      'uv.lock is installed from (a lock file comes first); requirements.txt is not read',
    ],
    [
      {
        'poetry.lock': '[[package]]\nname = "django"\nversion = "5.2"\n',
        'pyproject.toml': poetry,
        'requirements.txt': 'django',
      },
      'poetry.lock is installed from (a lock file comes first); requirements.txt is not read',
    ],
    [
      { Pipfile: '[packages]\ndjango = "*"\n', 'requirements.txt': 'django' },
      'requirements.txt is installed from (Pipfile has no Pipfile.lock beside it); Pipfile is not read',
    ],
    [
      { 'pyproject.toml': poetry, 'requirements.txt': 'django' },
      'requirements.txt is installed from (it is the nearest to manage.py; in one folder requirements files come before pyproject.toml, setup.cfg and setup.py); pyproject.toml is not read',
    ],
    [
      { 'uv.lock': '[[package]]\nname = "ruff"\nversion = "1"\n', 'requirements.txt': 'django' },
      'requirements.txt is installed from (it lists Django, uv.lock does not); uv.lock is not read',
    ],
  ])('says which of several was taken and why: %#', (contents, message) => {
    expect(detect(contents).notes[0]?.message).toBe(message);
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

  it('reads groups that include others, and takes the extra for production', () => {
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
    expect(servers.map((server) => server.name)).toEqual(['gunicorn']);
    expect(dependencies.productionExtras).toEqual(['prod']);
    expect(notes.map((note) => note.message)).toEqual([
      'the extra «prod» is installed into production: its name says so',
    ]);
  });
});

describe('groups and extras', () => {
  const locked = (sets: string): string =>
    `[[package]]\nname = "shop"\nsource = { virtual = "." }\ndependencies = [{ name = "django" }]\n${sets}` +
    ['django', 'gunicorn', 'psycopg', 'pytest', 'sentry-sdk']
      .map((name) => `[[package]]\nname = "${name}"\nversion = "1.0"\n`)
      .join('');
  const group = (name: string, ...names: string[]): string =>
    `${name} = [${names.map((item) => `{ name = "${item}" }`).join(', ')}]\n`;
  const list = ({ dependencies }: ReturnType<typeof detect>) => [
    dependencies.production.map((item) => item.name),
    dependencies.productionGroups,
    dependencies.productionExtras,
    dependencies.development.map((item) => item.name),
  ];

  it.each<[string, string, unknown[]]>([
    [
      'the driver in a group (linkding)',
      `[package.dev-dependencies]\n${group('postgres', 'psycopg')}${group('dev', 'pytest')}`,
      [['django', 'psycopg'], ['postgres'], [], ['pytest']],
    ],
    [
      'the server in an extra (pythondotorg), the smallest of two',
      `[package.optional-dependencies]\n${group('all', 'gunicorn', 'sentry-sdk')}${group('web', 'gunicorn')}`,
      [['django', 'gunicorn'], [], ['web'], []],
    ],
    [
      'a group called prod (djangoproject.com); tests keep to development',
      `[package.dev-dependencies]\n${group('tests', 'pytest', 'psycopg')}${group('prod', 'gunicorn', 'psycopg', 'sentry-sdk')}`,
      [['django', 'gunicorn', 'psycopg', 'sentry-sdk'], ['prod'], [], ['pytest']],
    ],
    [
      'a driver in development only stays there',
      `[package.dev-dependencies]\n${group('dev', 'psycopg')}`,
      [['django'], [], [], ['psycopg']],
    ],
  ])('uv: %s', (_, sets, expected) => {
    expect(list(detect({ 'uv.lock': locked(sets) }))).toEqual(expected);
  });

  it("uv: default groups are production's too, and no note is needed", () => {
    const found = detect({
      'uv.lock': locked(`[package.dev-dependencies]\n${group('web', 'gunicorn', 'psycopg')}`),
      'pyproject.toml':
        '[project]\nname = "shop"\n[dependency-groups]\nweb = ["gunicorn", "psycopg"]\n[tool.uv]\ndefault-groups = ["web"]\n',
    });
    expect(list(found)).toEqual([['django', 'gunicorn', 'psycopg'], ['web'], [], []]);
    expect(found.notes).toEqual([]);
  });

  it.each<[string, string, string[], string[]]>([
    ['main (bookwyrm)', 'main = ["django"]\ndev = ["pytest"]\n', ['django'], ['main']],
    [
      'base and prod',
      'base = ["django"]\nprod = ["gunicorn", { include-group = "base" }]\ndocs = ["sphinx"]\n',
      ['django', 'gunicorn'],
      ['base', 'prod'],
    ],
    [
      'no such name: all but development and documentation',
      'shop = ["django"]\nmail = ["anymail"]\ntest = ["pytest"]\ndocs = ["sphinx"]\n',
      ['django', 'anymail'],
      ['shop', 'mail'],
    ],
  ])('PEP 735 without a project: %s', (_, groups, production, names) => {
    const { dependencies } = detect({ 'pyproject.toml': `[dependency-groups]\n${groups}` });
    expect(dependencies.manager).toBe('pyproject');
    expect(dependencies.onlyGroups).toBe(true);
    expect(dependencies.production.map((item) => item.name)).toEqual(production);
    expect(dependencies.productionGroups).toEqual(names);
  });

  it('Poetry without a lock: groups that are not optional are installed, extras for the driver', () => {
    const { dependencies } = detect({
      'pyproject.toml': `[tool.poetry.dependencies]
python = "^3.12"
Django = "^5.2"
psycopg = { version = "^3.2", optional = true, extras = ["binary"] }
[tool.poetry.extras]
postgres = ["psycopg"]
[tool.poetry.group.mail.dependencies]
anymail = "*"
[tool.poetry.group.search]
optional = true
[tool.poetry.group.search.dependencies]
haystack = "*"
[tool.poetry.group.dev.dependencies]
pytest = "*"
`,
    });
    expect(dependencies.production.map((item) => item.name)).toEqual(['django', 'anymail', 'psycopg']);
    expect(dependencies.productionGroups).toEqual(['mail']);
    expect(dependencies.productionExtras).toEqual(['postgres']);
    expect(dependencies.developmentGroups).toEqual(['dev']);
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
