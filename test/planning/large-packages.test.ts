import { describe, expect, it } from 'vitest';
import type { AnswerName } from '../../generators/app/answers/answers.ts';
import { largePackages } from '../../generators/app/planning/large-packages.ts';
import type { ProjectFacts } from '../../generators/app/detection/facts.ts';
import { renderFiles } from '../../generators/app/rendering/render-files.ts';
import { factsOf, planFor } from './planned-project.ts';

const AI = 'Django==5.2.8\npsycopg2==2.9.10\nnumpy==2.4.6\npandas==3.1.1\nscipy==1.17.1\n';

const planned = async (
  requirements: string,
  answers: Partial<Record<AnswerName, string>> = {},
): Promise<string[]> =>
  (
    await planFor('', {
      answers: { database: 'postgres', ...answers },
      others: { 'requirements.txt': requirements },
    })
  ).plan.largePackages;

describe('a layer for large packages', () => {
  it('has those that are pinned', async () => {
    expect(await planned(AI)).toEqual(['django', 'numpy', 'pandas', 'scipy']);
    expect(await planned(`${AI.replace('pandas==', 'pandas>=')}torch==2.15.0\n`)).toEqual([
      'django',
      'numpy',
      'scipy',
      'torch',
    ]);
  });

  it.each([
    ['a few megabytes', 'Django==5.2.8\nnumpy==2.4.6\n', {}],
    ['ranges', AI.replaceAll('==', '>='), {}],
    ['files and addresses', 'Django==5.2.8\ntorch @ https://example.com/torch-2.15.0-py3-none-any.whl\n', {}],
    ['nothing trimmed', AI, { trim: 'none' }],
  ])('is not made for %s', async (_, requirements, answers) => {
    expect(await planned(requirements, answers)).toEqual([]);
  });

  it.each([
    ['the byte-code of all imports', AI, {}, 3],
    ['that of a start', AI, { optimize: 'size' }, 0],
    ['no large package', 'Django==5.2.8\n', {}, 0],
  ])('its stages run in turn beside %s', async (_, requirements, answers, mounts) => {
    const { plan } = await planFor('', {
      answers: { database: 'postgres', base: 'distroless', ...answers },
      others: { 'requirements.txt': requirements },
    });
    expect(renderFiles(plan).get('Dockerfile')?.text.split(',target=/tmp/turn ').length).toBe(mounts + 1);
  });

  it('has nothing that a lock of uv takes from another index, which its export does not name', () => {
    const facts = factsOf('', { 'requirements.txt': AI });
    const { dependencies } = facts;
    const production = dependencies.production.map((row) =>
      row.name === 'numpy' ? { ...row, otherIndex: true as const } : row,
    );
    const locked: ProjectFacts = { ...facts, dependencies: { ...dependencies, manager: 'uv', production } };
    const trims = { rules: [], languages: [], awsServices: [] };
    expect(largePackages(locked, trims)).toEqual(['django', 'pandas', 'scipy']);
  });
});
