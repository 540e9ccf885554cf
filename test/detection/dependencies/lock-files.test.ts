import { describe, expect, it } from 'vitest';
import { readPdmLock } from '../../../generators/app/detection/dependencies/pdm-lock.ts';
import { readPipfileLock } from '../../../generators/app/detection/dependencies/pipfile-lock.ts';
import { readPoetryLock } from '../../../generators/app/detection/dependencies/poetry-lock.ts';
import { readPylock } from '../../../generators/app/detection/dependencies/pylock.ts';
import { withWheels } from '../../../generators/app/detection/dependencies/reading.ts';
import { readUvLock } from '../../../generators/app/detection/dependencies/uv-lock.ts';
import { memoryFiles } from '../../../generators/app/detection/memory-files.ts';

const names = (list: readonly { name: string }[]): string[] => list.map((item) => item.name);

const uvLock = `version = 1
requires-python = ">=3.12"

[[package]]
name = "colorama"
version = "0.4.6"

[[package]]
name = "django"
version = "5.2.1"
dependencies = [{ name = "sqlparse" }, { name = "tzdata", marker = "sys_platform == 'win32'" }]

[[package]]
name = "psycopg"
version = "3.2.1"
wheels = [{ url = "https://files.example/psycopg-3.2.1-py3-none-any.whl" }]

[package.optional-dependencies]
binary = [{ name = "psycopg-binary" }]

[[package]]
name = "psycopg-binary"
version = "3.2.1"

[[package]]
name = "pytest"
version = "8.0.0"
dependencies = [{ name = "colorama", marker = "sys_platform == 'win32'" }]

[[package]]
name = "shop"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "django" }, { name = "psycopg", extra = ["binary"] }, { name = "tool" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]

[[package]]
name = "sqlparse"
version = "0.5"

[[package]]
name = "tool"
version = "1"
source = { git = "https://example.org/tool.git?rev=1#abc" }

[[package]]
name = "tzdata"
version = "2025"
`;

describe('uv.lock', () => {
  const reading = readUvLock(
    memoryFiles('shop', { 'uv.lock': uvLock, 'pyproject.toml': '[project]\nname = "shop"\n' }),
    'uv.lock',
  );

  it('follows the graph from the project, extras and markers included', () => {
    expect(names(reading.facts.production)).toEqual([
      'django',
      'psycopg',
      'psycopg-binary',
      'sqlparse',
      'tool',
    ]);
    expect(names(reading.facts.development)).toEqual(['pytest']);
    expect(reading.facts.developmentGroups).toEqual(['dev']);
    expect(names(reading.facts.production.filter((item) => item.direct))).toEqual([
      'django',
      'psycopg',
      'tool',
    ]);
    expect(reading.facts.production[0]).toMatchObject({
      specifier: '==5.2.1',
      evidence: { file: 'uv.lock', line: 9 },
    });
    expect(reading.facts.production.at(-1)?.url).toMatch(/^git\+https:/);
    expect(reading.facts.productionFiles).toEqual(['pyproject.toml', 'uv.lock']);
    expect(reading.artefacts.get('psycopg')).toEqual(['psycopg-3.2.1-py3-none-any.whl']);
  });

  it('keeps the wheels for Linux of every version of a package', () => {
    const version = (number: string, ...files: string[]): string =>
      `[[package]]\nname = "numpy"\nversion = "${number}"\nsource = { registry = "https://pypi.org/simple" }\n` +
      `wheels = [${files.map((file) => `{ url = "https://files.example/${file}" }`).join(', ')}]\n`;
    const root =
      '[[package]]\nname = "shop"\nversion = "0.1"\nsource = { virtual = "." }\ndependencies = [{ name = "numpy" }]\n';
    const lock = [
      root,
      version(
        '2.2',
        'numpy-2.2-cp310-cp310-manylinux_2_17_x86_64.whl',
        'numpy-2.2-cp310-cp310-win_amd64.whl',
      ),
      version('2.4', 'numpy-2.4-cp312-cp312-manylinux_2_28_aarch64.whl', 'numpy-2.4.tar.gz'),
    ].join('\n');
    const both = [
      'numpy-2.2-cp310-cp310-manylinux_2_17_x86_64.whl',
      'numpy-2.4-cp312-cp312-manylinux_2_28_aarch64.whl',
    ];
    const read = readUvLock(memoryFiles('shop', { 'uv.lock': lock }), 'uv.lock');
    expect(withWheels(read.facts.production, read.artefacts).map((item) => item.wheelFiles)).toEqual(
      both.map((file) => [file]),
    );
    expect(
      withWheels(reading.facts.production, reading.artefacts).find((item) => item.name === 'tool')
        ?.wheelFiles,
    ).toBeUndefined();
  });

  it('names the line of broken TOML', () => {
    expect(() =>
      readUvLock(memoryFiles('shop', { 'uv.lock': 'version = 1\n<<<<<<< HEAD\n' }), 'uv.lock'),
    ).toThrow(/^uv\.lock:2: .*uv lock/s);
  });
});

const locked = (name: string, more: string): string =>
  `[[package]]\nname = "${name}"\nversion = "1.0"\noptional = false\n${more}\n`;

describe('poetry.lock', () => {
  const pyproject =
    '[tool.poetry.dependencies]\npython = "^3.11"\nDjango = "^5.2"\n\n[tool.poetry.group.test.dependencies]\npytest = "*"\n';
  const read = (lock: string) =>
    readPoetryLock(memoryFiles('shop', { 'poetry.lock': lock, 'pyproject.toml': pyproject }), 'poetry.lock')
      .facts;

  it.each([
    ['2.1 with groups', ['groups = ["main"]', 'groups = ["main", "test"]', 'groups = ["test"]']],
    ['1.1 with categories', ['category = "main"', 'category = "main"', 'category = "dev"']],
    ['2.0 with the graph only', ['[package.dependencies]\nsqlparse = ">=0.3"', '', '']],
  ])('%s', (_, [django = '', sqlparse = '', pytest = '']) => {
    const facts = read(locked('django', django) + locked('sqlparse', sqlparse) + locked('pytest', pytest));
    expect(names(facts.production)).toEqual(['django', 'sqlparse']);
    expect(names(facts.development)).toEqual(['pytest']);
    expect(facts.production.map((item) => item.direct)).toEqual([true, false]);
    expect(facts.developmentGroups).toEqual(['test']);
  });
});

describe('poetry.lock with extras and optional groups', () => {
  it('adds to production what the driver needs and what is named for it', () => {
    const pyproject = `[project]
name = "shop"
dependencies = ["django (>=5.2,<6)"]
[project.optional-dependencies]
postgres = ["psycopg[binary]"]
[tool.poetry]
package-mode = false
[tool.poetry.group.prod]
optional = true
[tool.poetry.group.prod.dependencies]
gunicorn = "*"
[tool.poetry.group.dev.dependencies]
pytest = "*"
`;
    const lock =
      locked('django', 'groups = ["main"]') +
      locked('gunicorn', 'groups = ["prod"]') +
      '[[package]]\nname = "psycopg"\nversion = "3.2"\noptional = true\ngroups = ["main"]\nmarkers = "extra == \\"postgres\\""\n[package.dependencies]\npsycopg-binary = { version = "3.2", optional = true }\n[package.extras]\nbinary = ["psycopg-binary (==3.2)"]\n' +
      '[[package]]\nname = "psycopg-binary"\nversion = "3.2"\noptional = true\ngroups = ["main"]\n' +
      '[[package]]\nname = "haystack"\nversion = "3.2"\noptional = true\ngroups = ["main"]\n' +
      locked('pytest', 'groups = ["dev"]');
    const { facts, notes } = readPoetryLock(
      memoryFiles('shop', { 'poetry.lock': lock, 'pyproject.toml': pyproject }),
      'poetry.lock',
    );
    expect(names(facts.production)).toEqual(['django', 'gunicorn', 'psycopg', 'psycopg-binary']);
    expect(names(facts.development)).toEqual(['pytest']);
    expect([facts.productionGroups, facts.productionExtras]).toEqual([['prod'], ['postgres']]);
    expect(notes.map((note) => note.message)).toEqual([
      'the group «prod» is installed into production: its name says so',
      'the extra «postgres» is installed into production: psycopg is nowhere else',
    ]);
  });
});

describe('pdm.lock', () => {
  const pyproject = `[project]
name = "shop"
dependencies = ["django[argon2]>=5.2"]
[tool.pdm.dev-dependencies]
test = ["pytest"]
`;
  const entry = (name: string, more: string): string =>
    `[[package]]\nname = "${name}"\nversion = "1.0"\n${more}\n`;
  const files = 'files = [{ file = "django-1.0-py3-none-any.whl", hash = "sha256:00" }]';
  const lock = (groups: boolean): string => {
    const of = (...list: string[]): string => (groups ? `groups = ${JSON.stringify(list)}\n` : '');
    return (
      '[metadata]\ngroups = ["default", "test"]\nlock_version = "4.5.0"\n[[metadata.targets]]\nrequires_python = ">=3.12"\n' +
      entry(
        'django',
        `${of('default', 'test')}dependencies = ["sqlparse>=0.3", "tzdata; sys_platform == 'win32'"]\n${files}`,
      ) +
      entry(
        'django',
        `extras = ["argon2"]\n${of('default')}dependencies = ["django==1.0", "argon2-cffi"]\n${files}`,
      ) +
      entry('argon2-cffi', `${of('default')}${files}`) +
      entry('sqlparse', `${of('default', 'test')}${files}`) +
      entry('tzdata', `${of('default', 'test')}marker = "sys_platform == 'win32'"\n${files}`) +
      entry('pytest', `${of('test')}${files}`)
    );
  };

  it.each([
    ['4.5 with groups', true],
    ['4.4 with the graph only', false],
  ])('%s', (_, groups) => {
    const { facts, artefacts, constraint } = readPdmLock(
      memoryFiles('shop', { 'api/pdm.lock': lock(groups), 'api/pyproject.toml': pyproject }),
      'api/pdm.lock',
    );
    expect(names(facts.production)).toEqual(['django', 'argon2-cffi', 'sqlparse']);
    expect(names(facts.development)).toEqual(['pytest']);
    expect(facts.production[0]).toMatchObject({ extras: ['argon2'], specifier: '==1.0', direct: true });
    expect(facts).toMatchObject({
      manager: 'pdm',
      root: 'api',
      productionFiles: ['api/pdm.lock', 'api/pyproject.toml'],
      developmentGroups: ['test'],
      hashed: true,
    });
    expect(artefacts.get('django')).toEqual(['django-1.0-py3-none-any.whl']);
    expect(constraint).toEqual({ value: '>=3.12', evidence: { file: 'api/pdm.lock', line: 5 } });
  });
});

describe('pylock.toml', () => {
  it('keeps groups and extras apart by their markers', () => {
    const lock = `lock-version = "1.0"
requires-python = ">=3.12"
extras = ["postgres"]
dependency-groups = ["dev"]
default-groups = []
[[packages]]
name = "django"
version = "5.2"
index = "https://pypi.org/simple"
dependencies = [{ name = "sqlparse" }]
wheels = [{ url = "https://files.example/django-5.2-py3-none-any.whl" }]
[[packages]]
name = "psycopg"
version = "3.2"
marker = "'postgres' in extras"
[[packages]]
name = "pytest"
version = "8"
marker = "'dev' in dependency_groups"
[[packages]]
name = "sqlparse"
version = "0.5"
[[packages]]
name = "tzdata"
version = "1"
marker = "sys_platform == 'win32'"
`;
    const { facts, artefacts, constraint } = readPylock(
      memoryFiles('shop', { 'pylock.toml': lock }),
      'pylock.toml',
    );
    expect(facts.production.map((item) => [item.name, item.direct])).toEqual([
      ['django', true],
      ['psycopg', true],
      ['sqlparse', false],
    ]);
    expect(names(facts.development)).toEqual(['pytest']);
    expect([facts.productionExtras, facts.developmentGroups]).toEqual([['postgres'], ['dev']]);
    expect(artefacts.get('django')).toEqual(['django-5.2-py3-none-any.whl']);
    expect(constraint?.value).toBe('>=3.12');
  });
});

describe('Pipfile.lock', () => {
  it('splits default and develop, and knows what Pipfile states', () => {
    const lock = {
      default: {
        django: { version: '==5.2', markers: "python_version >= '3.10'" },
        sqlparse: { version: '==0.5' },
      },
      develop: { pytest: { version: '==8' } },
    };
    const { facts } = readPipfileLock(
      memoryFiles('shop', {
        'Pipfile.lock': JSON.stringify(lock, null, 2),
        Pipfile: '[packages]\nDjango = "*"\n',
      }),
      'Pipfile.lock',
    );
    expect(facts.production.map((item) => [item.name, item.direct, item.marker])).toEqual([
      ['django', true, ''],
      ['sqlparse', false, ''],
    ]);
    expect(names(facts.development)).toEqual(['pytest']);
    expect(facts.productionFiles).toEqual(['Pipfile', 'Pipfile.lock']);
  });

  it('names the line of broken JSON', () => {
    expect(() =>
      readPipfileLock(memoryFiles('shop', { 'Pipfile.lock': '{\n"default": {,\n}' }), 'Pipfile.lock'),
    ).toThrow(/^Pipfile\.lock:2: /);
  });
});

describe('a lock with two releases of a package', () => {
  it('gives each its own wheels', () => {
    const wheel = (version: string, tag: string): string =>
      `numpy-${version}-${tag}-${tag}-manylinux_2_17_x86_64.whl`;
    const lock =
      locked('django', 'groups = ["main"]') +
      ['2.2.6', '2.3.5']
        .map(
          (version, index) =>
            `[[package]]\nname = "numpy"\nversion = "${version}"\noptional = false\ngroups = ["main"]\nmarkers = "python_version ${index === 0 ? '<' : '>='} \\"3.11\\""\nfiles = [{ file = "${wheel(version, index === 0 ? 'cp310' : 'cp311')}", hash = "sha256:00" }]\n`,
        )
        .join('');
    const { facts, artefacts } = readPoetryLock(
      memoryFiles('shop', {
        'poetry.lock': lock,
        'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.10"\nDjango = "^5.2"\nnumpy = "*"\n',
      }),
      'poetry.lock',
    );
    const numpy = withWheels(facts.production, artefacts).filter((item) => item.name === 'numpy');
    expect(numpy.map((item) => [item.specifier, item.wheelFiles])).toEqual([
      ['==2.2.6', [wheel('2.2.6', 'cp310')]],
      ['==2.3.5', [wheel('2.3.5', 'cp311')]],
    ]);
  });
});
