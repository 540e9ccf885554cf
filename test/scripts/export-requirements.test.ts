import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Outcome, renderScript, runPython, temporaryFolder } from './rendered-script.ts';

async function exported(files: Record<string, string>, args: string[], python?: string): Promise<Outcome> {
  const folder = temporaryFolder({ ...files, 'export.py': renderScript('export_requirements.py') });
  const [file = '', ...rest] = args;
  return runPython([join(folder, 'export.py'), join(folder, file), ...rest], {
    ...(python === undefined ? {} : { python }),
  });
}

const SETUP_CFG = `[options]
install_requires =
    # the framework
    Django>=5.2,<6
    celery[redis]; python_version >= "3.9"  # the queue
[options.extras_require]
Prod = gunicorn
dev =
    pytest
    %(not)s-interpolated
`;
const SETUP_PY = `import setuptools
from shop import nothing_that_exists

REQUIRES = ["Django>=5.2,<6", 'celery[redis]; python_version >= "3.9"']
EXTRAS = {"Prod": "gunicorn", "dev": ("pytest",)}

setuptools.setup(
    name="shop",
    version=nothing_that_exists.VERSION,
    install_requires=REQUIRES,
    extras_require=EXTRAS,
)
`;

describe.each([
  ['setup.cfg', SETUP_CFG],
  ['setup.py', SETUP_PY],
])('%s', (file, text) => {
  it.for(['python3', 'python3.8', 'python3.13'])(
    'prints the requirements with %s',
    async (python, { skip, expect: check }) => {
      if (spawnSync(python, ['--version']).status !== 0) skip(`${python} is not on PATH`);
      check(await exported({ [file]: text }, [file, '--extra', 'Prod'], python)).toEqual({
        code: 0,
        stdout: 'Django>=5.2,<6\ncelery[redis]; python_version >= "3.9"\ngunicorn\n',
        stderr: '',
      });
    },
  );

  it('adds extras', async () => {
    const { stdout } = await exported({ [file]: text }, [file, '--extra', 'Prod', '--extra', 'dev']);
    expect(stdout).toContain('gunicorn\npytest\n');
  });
});

it('fails where there is nothing to print', async () => {
  const { code, stderr } = await exported({ 'setup.cfg': '[metadata]\nname = shop\n' }, ['setup.cfg']);
  expect(code).toBe(1);
  expect(stderr).toContain('no requirements found');
});
