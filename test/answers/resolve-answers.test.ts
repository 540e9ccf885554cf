import { describe, expect, it } from 'vitest';
import { resolveAnswers, type AnswerSources } from '../../generators/app/answers/resolve-answers.ts';
import { toImageName } from '../../generators/app/answers/questions.ts';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

const facts = detectProject(
  memoryFiles('shop', {
    'manage.py': "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    'shop/__init__.py': '',
    'shop/settings.py':
      "import os\nSECRET_KEY = os.environ['SECRET_KEY']\nINSTALLED_APPS = ['orders']\nROOT_URLCONF = 'shop.urls'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': os.environ['DB_HOST']}}\n",
    'shop/urls.py': 'urlpatterns = []\n',
    'shop/wsgi.py': 'application = None\n',
    'orders/__init__.py': '',
    'orders/models.py': '',
    'docs/index.md': '',
    'requirements.txt': 'Django==5.2.8\npsycopg2==2.9.10\n',
  }),
);

const sources = (given: Partial<AnswerSources>): AnswerSources => ({
  commandLine: {},
  stored: {},
  askAnswered: false,
  ...given,
});

describe('resolveAnswers', () => {
  it('takes the detected defaults where nothing else is said', async () => {
    const { answers, origins } = await resolveAnswers(facts, sources({}));
    expect(answers).toMatchObject({
      apps: ['orders', 'shop'],
      runtimeLibraries: ['libpq5'],
      database: 'supabase',
      server: 'gunicorn',
      port: 8000,
      imageName: 'shop',
      installer: 'uv',
      base: 'slim',
      optimize: 'balanced',
      trim: ['tests', 'translations', 'sources', 'stubs', 'symbols', 'duplicates', 'tools'],
      services: [],
    });
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
  });

  it('prefers the command line to what is stored, and that to the default', async () => {
    const { answers, origins } = await resolveAnswers(
      facts,
      sources({ commandLine: { port: '9000' }, stored: { port: 8080, database: 'sqlite' } }),
    );
    expect(answers).toMatchObject({ port: 9000, database: 'sqlite' });
    expect(origins).toMatchObject({ port: 'command line', database: 'stored', server: 'default' });
  });

  it('asks only what is not known, and a stored answer again when told to', async () => {
    const asked: string[] = [];
    const ask: AnswerSources['ask'] = (question, _, initial) => {
      asked.push(question.name);
      return Promise.resolve(initial);
    };
    await resolveAnswers(
      facts,
      sources({ commandLine: { port: '9000' }, stored: { database: 'sqlite' }, ask }),
    );
    expect(asked).toEqual([
      'apps',
      'pythonVersion',
      'runtimeLibraries',
      'settingsOverlay',
      'server',
      'imageName',
      'installer',
      'base',
      'optimize',
    ]);
    asked.length = 0;
    await resolveAnswers(facts, sources({ stored: { database: 'sqlite' }, ask, askAnswered: true }));
    expect(asked).toContain('database');
  });

  it.each([
    ['apps', 'nowhere', /--apps: "nowhere" is not among: .*orders/],
    ['runtimeLibraries', 'Lib PQ', /--runtime-libraries: "Lib PQ" is no Debian package name/],
    ['database', 'oracle', /--database: "oracle" is not one of: supabase, postgres, external, sqlite/],
    ['pythonVersion', '2.7', /--python-version: Python 2 is not supported/],
    ['pythonVersion', '4.0', /--python-version: "4.0" is not one of: .*3\.12/],
    ['server', 'apache', /--server: "apache" is not one of: gunicorn/],
    ['port', '80', /--port: 80 is no port between 1024 and 65535/],
    ['port', 'x', /--port: "x" is no port/],
    ['imageName', 'My Image:latest', /--image-name: "My Image:latest" is no image name/],
    ['installer', 'conda', /--installer: "conda" is not one of: uv, pip/],
    ['base', 'scratch', /--base: "scratch" is not one of: slim, distroless, alpine/],
    ['optimize', 'speed', /--optimize: "speed" is not one of: balanced, size/],
    ['trim', 'docs', /--trim: "docs" is not among: tests, .*botocore or none/],
    ['trim', 'botocore', /--trim: "botocore" has a meaning only where boto3/],
    ['trim', 'languages', /--trim: "languages" needs settings that say which languages stay/],
    ['services', 'worker', /--services: worker and beat need a Celery application/],
    ['services', 'cron', /--services: "cron" is not among: worker, beat, redis or none/],
    ['database', true, /--database needs a value/],
  ])('refuses --%s %s with what is allowed', async (name, value, message) => {
    await expect(resolveAnswers(facts, sources({ commandLine: { [name]: value } }))).rejects.toThrow(message);
  });

  it('refuses a stored value that is not allowed, naming file and option', async () => {
    await expect(resolveAnswers(facts, sources({ stored: { port: 'x' } }))).rejects.toThrow(
      /\.yo-rc\.json: "port": .*--port/,
    );
  });
});

describe('toImageName', () => {
  it.each([
    ['backendAI', 'backendai'],
    ['My Shop!', 'my-shop'],
    ['ünïcode', 'u-ni-code'],
    ['***', 'django'],
  ])('%s → %s', (name, expected) => {
    expect(toImageName(name)).toBe(expected);
  });
});
