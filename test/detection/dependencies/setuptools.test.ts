import { describe, expect, it } from 'vitest';
import { detectDependencies } from '../../../generators/app/detection/dependencies/detect-dependencies.ts';
import { memoryFiles } from '../../../generators/app/detection/memory-files.ts';

const detect = (contents: Record<string, string>) => detectDependencies(memoryFiles('shop', contents), '');

const setupCfg = `[metadata]
name = shop
long_description = file: README.md

[options]
python_requires = >=3.10, <3.13
install_requires =
    # the framework
    Django>=5.2,<6
    celery[redis]; python_version >= "3.9"
packages = find:

[options.extras_require]
prod =
    gunicorn
    psycopg[binary]
dev = pytest
`;

const setupPy = `import os
from setuptools import find_packages, setup

REQUIRES = [
    "Django>=5.2,<6",  # the framework
    'celery[redis]; python_version >= "3.9"',
]

setup(
    name="shop",
    packages=find_packages(),
    long_description=open(os.path.join("README.md")).read(),
    python_requires=">=3.10, <3.13",
    install_requires=REQUIRES,
    extras_require={"prod": ["gunicorn", "psycopg[binary]"], "dev": ("pytest",)},
)
`;

describe.each([
  ['setup.cfg', setupCfg, 9],
  ['setup.py', setupPy, 5],
])('%s', (path, text, line) => {
  const { dependencies, pythonConstraint, servers, postgresDriver } = detect({ [path]: text });

  it('gives requirements with their places, and the Pythons', () => {
    expect(dependencies).toMatchObject({ manager: 'setuptools', productionFile: path, root: '' });
    expect(dependencies.production.map((item) => [item.name, item.specifier])).toEqual([
      ['django', '>=5.2,<6'],
      ['celery', ''],
      ['gunicorn', ''],
      ['psycopg', ''],
    ]);
    expect(dependencies.production[0]?.evidence).toEqual({ file: path, line });
    expect(pythonConstraint?.value).toBe('>=3.10,<3.13');
  });

  it('takes extras by their names', () => {
    expect(dependencies.productionExtras).toEqual(['prod']);
    expect(dependencies.developmentExtras).toEqual(['dev']);
    expect(dependencies.development.map((item) => item.name)).toEqual(['pytest']);
    expect(servers.map((server) => server.name)).toEqual(['gunicorn']);
    expect(postgresDriver?.value).toBe('psycopg');
  });
});

describe('setup files that list nothing themselves', () => {
  it('follows file: of setup.cfg', () => {
    const { dependencies } = detect({
      'setup.cfg': '[options]\ninstall_requires = file: deps/all.txt\n',
      'deps/all.txt': 'django==5.2.1\n',
    });
    expect([dependencies.manager, dependencies.productionFile]).toEqual(['requirements', 'deps/all.txt']);
  });

  it.each([
    ['setup.cfg', '[flake8]\nmax-line-length = 100\n'],
    ['setup.py', 'from setuptools import setup\nsetup(install_requires=read("deps"))\n'],
  ])('%s says so when there is nothing to read', (path, text) => {
    const { dependencies, notes } = detect({ [path]: text });
    expect(dependencies.manager).toBe('none');
    expect(notes[0]?.message).toContain(`${path} lists no requirements as plain text`);
  });
});
