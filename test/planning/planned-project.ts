import { resolveAnswers } from '../../generators/app/answers/resolve-answers.ts';
import type { AnswerName, Answers } from '../../generators/app/answers/answers.ts';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import type { ProjectFacts } from '../../generators/app/detection/facts.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import { makePlan } from '../../generators/app/planning/make-plan.ts';
import type { Plan } from '../../generators/app/planning/plan.ts';

/** The facts of a project called `shop` with these settings. */
export function factsOf(settings: string, others: Readonly<Record<string, string>> = {}): ProjectFacts {
  return detectProject(
    memoryFiles('repo', {
      'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
      'shop/__init__.py': '',
      'shop/settings.py': `import os\nfrom pathlib import Path\nimport dj_database_url\nBASE_DIR = Path(__file__).resolve().parent.parent\n${settings}`,
      'shop/wsgi.py': 'application = None\n',
      'requirements.txt': 'Django==5.2.8\npsycopg2==2.9.10\n',
      ...others,
    }),
  );
}

/** What is planned for a project, with answers by their options' texts. */
export async function planFor(
  settings: string,
  options: { answers?: Partial<Record<AnswerName, string>>; others?: Readonly<Record<string, string>> } = {},
): Promise<{ facts: ProjectFacts; answers: Answers; plan: Plan }> {
  const facts = factsOf(settings, options.others);
  const { answers } = await resolveAnswers(facts, {
    commandLine: options.answers ?? {},
    stored: {},
    askAnswered: false,
  });
  return { facts, answers, plan: makePlan(facts, answers) };
}
