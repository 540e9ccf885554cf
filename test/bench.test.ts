import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
