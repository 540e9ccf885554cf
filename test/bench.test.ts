import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  IGNORED_NAME,
  resultTable as generateTable,
  targetsOf,
  type Measured,
  type Row,
} from '../bench/generate.ts';
import { resultTable } from '../bench/real-projects.ts';
import { lastLines, withValues, type ProjectResult, type RealProject } from '../bench/try-project.ts';

describe('withValues', () => {
  it('sets active and commented lines, and adds what is missing', () => {
    const text = 'A=1\n# B=2\n# meaning of C\n';
    expect(withValues(text, { A: 'x', B: 'y z', C: 'postgres://a:b@db/c' })).toBe(
      "A=x\nB='y z'\n# meaning of C\nC=postgres://a:b@db/c\n",
    );
    expect(withValues('', { A: '1' })).toBe('A=1\n');
  });
});

describe('lastLines', () => {
  it('shows what the failed step printed, not the excerpt of the Dockerfile', () => {
    const output =
      '#9 one\n#9 \u001b[31mtwo\u001b[0m\r\n\n------\nDockerfile:12\n-----\n  12 | RUN x\nfailed to solve\n';
    expect(lastLines(output, 1)).toBe('#9 two');
  });
});

describe('resultTable', () => {
  it('tells the step that failed and what was given', () => {
    const result: ProjectResult = {
      name: 'shop',
      repository: 'a/shop',
      commit: 'c',
      options: ['--python-version', '3.13'],
      environment: { KEY: 'secret' },
      passed: false,
      failedStep: 'migrate',
      steps: {},
      error: 'x',
      imageBytes: 123_400_000,
      buildSeconds: 12.3,
      ownChecks: null,
    };
    expect(resultTable([result]).split('\n').at(-1)).toBe(
      '| shop | no: migrate |  | 123 | 12 |  | --python-version 3.13 KEY |',
    );
  });
});

describe('the benchmark of the generator', () => {
  const measured = (ms: number, megabytes: number | null = 100): Measured => ({
    median: ms,
    min: ms - 10,
    cpu: ms / 2,
    megabytes,
  });
  const rows = (times: Record<string, Measured>): Row[] =>
    Object.entries(times).map(([repository, first]) => ({ repository, command: 'own', first, again: first }));

  it('tells which targets are met, by the own command’s first run', () => {
    const own = rows({
      sample: measured(600, 151),
      '10,000 files': measured(1010),
      [IGNORED_NAME]: measured(1110),
      '100,000 files': measured(1501),
    });
    const slow: Row = { repository: 'sample', command: 'yo', first: measured(9000), again: measured(9000) };
    expect(targetsOf({ rows: [slow, ...own] }).map(({ measured: value, met }) => [value, met])).toEqual([
      [600, true],
      [151, false],
      [1501, false],
      [1.1, true],
    ]);
  });

  it('takes what was not measured for missed', () => {
    const own = rows({ sample: measured(500, null) });
    expect(targetsOf({ rows: own }).map(({ met }) => met)).toEqual([true, false, false, false]);
  });

  it('prints ratios to the start of Node', () => {
    const table = generateTable({
      node: measured(50),
      yo: measured(1000, null),
      rows: rows({ sample: measured(400) }),
    });
    expect(table.split('\n').slice(2)).toEqual([
      '| node --eval 0 |  |  | 50 (40) | 1.0 | 25 | 100 |',
      '| yo, a generator that does nothing |  |  | 1000 (990) | 20.0 | 500 |  |',
      '| own | sample | first | 400 (390) | 8.0 | 200 | 100 |',
      '| own | sample | again | 400 (390) | 8.0 | 200 | 100 |',
    ]);
  });
});

it.each(['real-projects.json', 'further-projects.json'])('%s is complete and names each once', (file) => {
  const list = JSON.parse(readFileSync(join(import.meta.dirname, '../bench', file), 'utf8')) as {
    projects: RealProject[];
  };
  expect(new Set(list.projects.map(({ name }) => name)).size).toBe(list.projects.length);
  for (const project of list.projects) {
    expect(project.repository, project.name).toMatch(/^[\w.-]+\/[\w.-]+$/);
    expect(project.commit, project.name).toMatch(/^[0-9a-f]{40}$/);
    expect(project.probe.path, project.name).toMatch(/^\//);
    expect(project.services.length, project.name).toBeGreaterThan(0);
  }
});
