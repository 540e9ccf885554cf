import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveAnswers } from '../../generators/app/answers/resolve-answers.ts';
import { withoutLineNumbers } from '../../generators/app/detection/evidence.ts';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { readDiskFiles } from '../../generators/app/detection/disk-files.ts';
import type { ProjectFiles } from '../../generators/app/detection/project-files.ts';
import { makePlan } from '../../generators/app/planning/make-plan.ts';
import { renderFiles } from '../../generators/app/rendering/render-files.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const projects = readdirSync(GOLDEN).filter((name) => existsSync(join(GOLDEN, name, 'project')));

async function textsOf(files: ProjectFiles, commandLine: object): Promise<Record<string, string>> {
  const facts = detectProject(files);
  const { answers } = await resolveAnswers(facts, { commandLine, stored: {}, askAnswered: false });
  const rendered = renderFiles(makePlan(facts, answers), () => 'random');
  // The key of .env is a fresh one each time.
  return Object.fromEntries(
    [...rendered].filter(([path]) => path !== '.env').map(([path, { text }]) => [path, text]),
  );
}

describe('what is generated', () => {
  it.each(projects)('for %s does not change when lines are added above what was read', async (name) => {
    const folder = join(GOLDEN, name);
    const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as object;
    const files = readDiskFiles(join(folder, 'project'));
    const commented: ProjectFiles = {
      ...files,
      read: (path) => {
        const text = files.read(path);
        return text !== undefined && /\.(py|txt|toml|cfg|ya?ml|in)$/.test(path)
          ? `# one more line\n# and another\n${text}`
          : text;
      },
    };
    expect(await textsOf(commented, answers)).toEqual(await textsOf(files, answers));
  });
});

describe('withoutLineNumbers', () => {
  it.each([
    ['read in shop/settings.py:12', 'read in shop/settings.py'],
    ['(requirements/base.txt:3, uv.lock:120)', '(requirements/base.txt, uv.lock)'],
    ['stated in .python-version:1', 'stated in .python-version'],
    ['by Procfile:2 and Dockerfile:7', 'by Procfile and Dockerfile'],
    ['http://localhost:8000/ and postgres:17', 'http://localhost:8000/ and postgres:17'],
  ])('%s → %s', (text, expected) => {
    expect(withoutLineNumbers(text)).toBe(expected);
  });
});
