import { expect, it } from 'vitest';
import { dependencyChange } from '../../generators/app/planning/dependency-change.ts';

const none = { hashed: false, productionFile: null, productionMounts: [], extraRequirements: [] };
const gunicorn = [{ line: 'gunicorn==23.0.0', reason: 'server' }];

it.each([
  {
    name: 'one line more in a requirements file',
    install: { manager: 'requirements', productionFile: 'requirements/prod.txt' },
    change: { file: 'requirements/prod.txt', kind: 'requirement' },
  },
  {
    name: 'a comment where each line needs a hash',
    install: { manager: 'requirements', productionFile: 'r.txt', productionMounts: ['r.txt'], hashed: true },
    change: { file: 'r.txt', kind: 'comment' },
  },
  {
    name: 'one line more in the image’s own requirements, beside a lock',
    install: { manager: 'uv', productionMounts: ['pyproject.toml', 'uv.lock'], extraRequirements: gunicorn },
    change: { file: 'docker/requirements.txt', kind: 'requirement' },
  },
  {
    name: 'a comment in a lock, not in what it was made of',
    install: { manager: 'poetry', productionMounts: ['backend/pyproject.toml', 'backend/poetry.lock'] },
    change: { file: 'backend/poetry.lock', kind: 'comment' },
  },
  {
    name: 'a comment in pylock.toml',
    install: { manager: 'pylock', productionFile: 'pylock.toml', productionMounts: ['pylock.toml'] },
    change: { file: 'pylock.toml', kind: 'comment' },
  },
  {
    name: 'white space in JSON, which has no comments',
    install: { manager: 'pipenv', productionMounts: ['Pipfile', 'Pipfile.lock'] },
    change: { file: 'Pipfile.lock', kind: 'whitespace' },
  },
  {
    name: 'a comment in setup.py',
    install: { manager: 'setuptools', productionMounts: ['setup.py'] },
    change: { file: 'setup.py', kind: 'comment' },
  },
  { name: 'nothing without a dependency file', install: { manager: 'none' }, change: null },
] as const)('$name', ({ install, change }) => {
  expect(
    dependencyChange({
      ...none,
      ...install,
      productionMounts: [...('productionMounts' in install ? install.productionMounts : [])],
      extraRequirements: 'extraRequirements' in install ? gunicorn : [],
    }),
  ).toEqual(change);
});
