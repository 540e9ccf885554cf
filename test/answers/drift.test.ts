import { describe, expect, it } from 'vitest';
import type { AnswerName } from '../../generators/app/answers/answers.ts';
import { resolveAnswers, type ResolvedAnswers } from '../../generators/app/answers/resolve-answers.ts';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import type { ProjectFacts } from '../../generators/app/detection/facts.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

interface Change {
  apps?: string[];
  requirements?: string[];
  python?: string;
  settings?: string;
  variables?: string[];
  folder?: string;
}

function factsOf(change: Change = {}): ProjectFacts {
  const { apps = ['orders'], requirements = [], python, settings = 'settings', variables = [] } = change;
  const source = `import os\nSECRET_KEY = os.environ['SECRET_KEY']\n${variables.map((name) => `${name} = os.environ['${name}']\n`).join('')}INSTALLED_APPS = ${JSON.stringify(apps)}\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': os.environ.get('DB_HOST')}}\n`;
  return detectProject(
    memoryFiles(change.folder ?? 'repo', {
      'manage.py': `import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.${settings}')\n`,
      'shop/__init__.py': '',
      [`shop/${settings}.py`]: source,
      'shop/wsgi.py': 'application = None\n',
      ...Object.fromEntries(apps.map((name) => [`${name}/__init__.py`, ''])),
      'requirements.txt': ['Django==5.2.8', 'psycopg[binary]==3.2.9', ...requirements, ''].join('\n'),
      ...(python === undefined ? {} : { '.python-version': `${python}\n` }),
    }),
  );
}

type Given = Partial<Record<AnswerName, string>>;
const first = (change: Change = {}, commandLine: Given = {}): Promise<ResolvedAnswers> =>
  resolveAnswers(factsOf(change), { commandLine, stored: {}, askAnswered: false });

const storedOf = ({ answers, chosen, detected }: ResolvedAnswers): object =>
  JSON.parse(JSON.stringify({ ...answers, chosen, detected })) as object;

/** A second run without a terminal, after a first one. */
const second = (before: ResolvedAnswers, change: Change, commandLine: Given = {}): Promise<ResolvedAnswers> =>
  resolveAnswers(factsOf(change), { commandLine, stored: storedOf(before), askAnswered: false });

const told = ({ drift }: ResolvedAnswers): string[] =>
  drift.map(
    ({ sign, thing, news, evidence }) =>
      `${sign} ${thing}: ${news}${evidence[0] ? ` [${evidence[0].file}:${evidence[0].line}]` : ''}`,
  );

describe('what changed since the last run', () => {
  it('is nothing in an unchanged project, in a folder of another name too', async () => {
    const before = await first();
    const after = await second(before, { folder: 'another-name' });
    expect(after).toMatchObject({ drift: [], answers: before.answers, detected: before.detected });
  });

  it('are apps, libraries and what only the build needs, with their places', async () => {
    const before = await first();
    const grown = { apps: ['orders', 'billing'], requirements: ['lightgbm==4.6.0', 'mysqlclient==2.2.7'] };
    const after = await second(before, grown);
    expect(told(after)).toEqual([
      '+ app: billing: in INSTALLED_APPS [shop/settings.py:3]',
      '+ runtime library: libgomp1: linked by lightgbm [requirements.txt:3]',
      expect.stringMatching(/^\+ runtime library: libmariadb3: .*mysqlclient \[requirements\.txt:4\]$/),
      ...['default-libmysqlclient-dev', 'gcc', 'libc6-dev', 'pkg-config'].map((name) =>
        expect.stringMatching(`^\\+ build library: ${name}: .*mysqlclient.* \\[requirements\\.txt:4\\]$`),
      ),
    ]);
    expect(after.answers.apps).toContain('billing');
    expect(told(await second(after, {}))).toEqual(
      expect.arrayContaining([
        '- app: billing: is not there any more',
        '- runtime library: libgomp1: no requirement needs it any more',
        '- build library: gcc: nothing is compiled with it',
      ]),
    );
  });

  it('are the settings module and variables without a default', async () => {
    const after = await second(await first(), { settings: 'production', variables: ['PAYMENT_KEY'] });
    expect(told(after)).toEqual([
      '~ settings module: shop.production, was shop.settings [manage.py:2]',
      '+ variable: PAYMENT_KEY has no default: set it in .env [shop/production.py:3]',
    ]);
  });

  it('is another Python, which an answer follows that the user did not decide', async () => {
    const after = await second(await first(), { python: '3.13' });
    expect(told(after)).toEqual(['~ Python: 3.13, was 3.12 (stated in .python-version:1)']);
    expect(after.answers.pythonVersion).toBe('3.13');
    expect(after.origins.pythonVersion).toBe('followed');
    expect(after.chosen).toEqual([]);
  });

  it('leaves what the user decided, and says how it is changed', async () => {
    const before = await first({}, { pythonVersion: '3.11' });
    expect(before.chosen).toEqual(['pythonVersion']);
    const after = await second(before, { python: '3.13' });
    expect(told(after)).toEqual([
      '~ Python: 3.13, was 3.12 (stated in .python-version:1); yours stays "3.11", --python-version changes it',
    ]);
    expect(after.answers.pythonVersion).toBe('3.11');
    expect(after.chosen).toEqual(['pythonVersion']);
    // By an option it is the user's word again.
    expect((await second(after, { python: '3.13' }, { pythonVersion: '3.13' })).drift).toEqual([]);
  });

  it('asks only what is affected, with the news marked', async () => {
    const asked: [string, unknown, unknown][] = [];
    const before = await first();
    const grown = { apps: ['orders', 'billing'], python: '3.13' };
    await resolveAnswers(factsOf(grown), {
      commandLine: {},
      stored: storedOf(before),
      askAnswered: false,
      ask: (question, context, initial) => {
        asked.push([question.name, initial, context.news]);
        return Promise.resolve(initial);
      },
    });
    expect(asked).toEqual([
      ['apps', ['orders', 'shop', 'billing'], ['billing']],
      ['pythonVersion', '3.13', []],
    ]);
  });

  it.each([
    null,
    'x',
    [],
    { offered: 'x', defaults: 3, requiredVariables: [1], buildLibraries: {}, settingsModule: 7 },
  ])('takes %j in place of what was detected as unknown', async (detected) => {
    const before = await first();
    const stored = { ...storedOf(before), detected } as never;
    const after = await resolveAnswers(factsOf({ apps: ['orders', 'billing'] }), {
      commandLine: {},
      stored,
      askAnswered: false,
    });
    expect(after.drift).toEqual([]);
  });
});
