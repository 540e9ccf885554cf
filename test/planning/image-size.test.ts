import { describe, expect, it } from 'vitest';
import type { AnswerName } from '../../generators/app/answers/answers.ts';
import { renderFiles } from '../../generators/app/rendering/render-files.ts';
import { planFor } from './planned-project.ts';

const SETTINGS = `ALLOWED_HOSTS = ["*"]
DATABASES = {"default": dj_database_url.config()}
ROOT_URLCONF = "shop.urls"
LANGUAGE_CODE = "vi"
INSTALLED_APPS = ["ai.apps.AiConfig", "taggit.apps.TaggitAppConfig"]
MIDDLEWARE = ["ai.middleware.Trace"]
`;
/** What is imported when: each in a module that only one way leads to. */
const OTHERS = {
  'requirements.txt': 'Django==5.2.8\npsycopg2==2.9.10\nboto3==1.43.0\ndjango-storages==1.14.6\n',
  'shop/urls.py': 'import ai.views\nurlpatterns = []\n',
  'ai/__init__.py': '',
  'ai/apps.py':
    'from django.apps import AppConfig\nclass AiConfig(AppConfig):\n    name = "ai"\n    def ready(self):\n        import ai.signals\n',
  'ai/signals.py': 'import blinker\n',
  'ai/models.py': 'import pgvector\n',
  'ai/middleware.py': 'import structlog\n',
  'ai/views.py':
    'import rest_framework\ndef predict(request):\n    import lightgbm\n    from ai import scoring\n    import boto3\n    boto3.client("sqs")\n',
  'ai/scoring.py': 'import pandas\n',
  'ai/management/__init__.py': '',
  'ai/management/commands/__init__.py': '',
  'ai/management/commands/load.py': 'import polars\n',
};
const AT_START = ['blinker', 'pgvector', 'rest_framework', 'structlog'];
const LATER = ['boto3', 'lightgbm', 'pandas', 'polars'];

const planned = (answers: Partial<Record<AnswerName, string>>) =>
  planFor(SETTINGS, { answers: { database: 'postgres', ...answers }, others: OTHERS });

describe('byte-code that is compiled ahead', () => {
  it('balanced: of everything that the code imports, and of the installed applications', async () => {
    const { plan } = await planned({});
    expect(plan.warmUpModules).toEqual(expect.arrayContaining([...AT_START, ...LATER, 'taggit']));
  });

  it('size: of what a start imports', async () => {
    const { facts, plan } = await planned({ optimize: 'size' });
    expect(facts.startupModules).toEqual(expect.arrayContaining(AT_START));
    expect(plan.warmUpModules).toEqual(expect.arrayContaining([...AT_START, 'taggit']));
    expect(plan.warmUpModules.filter((name) => LATER.includes(name))).toEqual([]);
  });
});

describe('what the build takes out of the packages', () => {
  const dockerfile = async (answers: Partial<Record<AnswerName, string>>): Promise<string> =>
    renderFiles((await planned(answers)).plan).get('Dockerfile')?.text ?? '';

  it('is what is safe by rule', async () => {
    const text = await dockerfile({});
    expect(text).toContain('"--rules", "tests,translations,sources,stubs,symbols,duplicates"]');
  });

  it('with the languages and services that stay', async () => {
    const text = await dockerfile({ trim: 'botocore,languages,tests' });
    expect(text).toMatch(
      /"--rules", "tests,languages,botocore", \\\n {8}"--languages", "vi,en", \\\n {8}"--aws-services", "s3,sqs,sts"\]\n/,
    );
  });

  it('is nothing by --trim none', async () => {
    const text = await dockerfile({ trim: 'none' });
    expect(text).not.toContain('trim_environment');
    expect(text).toContain('COPY --link --from=builder /opt/venv /opt/venv');
    expect(text).not.toContain('FROM scratch');
    expect(text).toContain('FROM base AS environment');
  });

  it.each([
    [
      'of the table: after the installation',
      'Django==5.2.8\npsycopg2-binary==2.9.10\nlightgbm==4.7.0\n',
      {},
      false,
    ],
    [
      'chosen: before it',
      'Django==5.2.8\npsycopg2-binary==2.9.10\n',
      { runtimeLibraries: 'libmagic1t64' },
      true,
    ],
    ['with something to compile: before it', 'Django==5.2.8\npsycopg2==2.9.10\n', {}, true],
  ])('takes Debian packages, %s', async (_, requirements, answers, first) => {
    const { plan } = await planFor('', {
      answers: { database: 'postgres', ...answers },
      others: { 'requirements.txt': requirements },
    });
    const text = renderFiles(plan, () => 'secret').get('Dockerfile')?.text ?? '';
    const copy = 'COPY --link --from=runtime-packages /tmp/packages/ /';
    const builder = /AS builder\n([^]*?)\n\n/.exec(text)?.[1] ?? '';
    expect(builder.split(copy)).toHaveLength(2);
    expect(builder.indexOf(copy) < builder.indexOf('pip install')).toBe(first);
    expect(text).toContain('FROM runtime-packages AS rootfs');
    expect(text).toContain('-cnewer /dev/shm/before');
  });

  it('is in the base image what only installs, develops or compiles', async () => {
    const text = await dockerfile({});
    expect(text).toMatch(/\/usr\/local\/lib\/python3\.\d+\/ensurepip/);
    expect(text).toContain('/usr/local/include');
    expect(text).toMatch(/FROM scratch AS runtime\nENV [^]+\nCOPY --link --from=rootfs \/ \/\n/);
    expect(text).toContain('FROM runtime AS environment');
  });

  it('leaves the headers where a compiler is among the runtime libraries', async () => {
    const text = await dockerfile({ runtimeLibraries: 'gcc-14,libgomp1' });
    expect(text).toMatch(/\/usr\/local\/lib\/python3\.\d+\/ensurepip/);
    expect(text).not.toContain('/usr/local/include');
  });

  it.each(['distroless', 'alpine'])('leaves the base image alone on %s', async (base) => {
    expect(await dockerfile({ base })).not.toContain('ensurepip');
  });
});
