import { expect, test } from 'vitest';

import { resolveAnswers } from '../../generators/app/answers/resolve-answers.ts';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { DetectionError } from '../../generators/app/detection/facts.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import { makePlan } from '../../generators/app/planning/make-plan.ts';
import type { Plan } from '../../generators/app/planning/plan.ts';
import { renderFiles } from '../../generators/app/rendering/render-files.ts';

async function planOf(files: Record<string, string>): Promise<Plan> {
  const facts = detectProject(memoryFiles('shop', { 'requirements.txt': 'Django==5.2\n', ...files }));
  const { answers } = await resolveAnswers(facts, { commandLine: {}, stored: {}, askAnswered: false });
  return makePlan(facts, answers);
}

const start = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n';
const project = {
  'manage.py': `${start}os.environ.setdefault("DJANGO_CONFIGURATION", "Dev")\n`,
  'shop/__init__.py': '',
  'shop/settings.py':
    'from configurations import Configuration\n\nclass Dev(Configuration):\n    DEBUG = True\n\nclass Prod(Configuration):\n    DEBUG = False\n',
};

test('without a WSGI or ASGI module there is one message and no file', async () => {
  const planned = planOf(project);
  await expect(planned).rejects.toThrow(DetectionError);
  await expect(planned).rejects.toThrow('There is no WSGI or ASGI module');
});

test('the class of settings is set where production runs, and left to manage.py in development', async () => {
  const dockerfile = renderFiles(await planOf({ ...project, 'shop/wsgi.py': 'application = 1\n' })).get(
    'Dockerfile',
  );
  const lines = (dockerfile?.text ?? '')
    .split('\n')
    .filter((line) => line.includes('DJANGO_SETTINGS_MODULE='));
  expect(lines).toEqual([
    'ENV DJANGO_SETTINGS_MODULE=shop.settings DJANGO_CONFIGURATION=Prod',
    'ENV DJANGO_SETTINGS_MODULE=shop.settings \\',
    'ENV DJANGO_SETTINGS_MODULE=shop.settings DJANGO_CONFIGURATION=Prod \\',
  ]);
});
