import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { buildVariables } from '../../generators/app/planning/environment.ts';
import { renderFiles } from '../../generators/app/rendering/render-files.ts';
import { planFor } from './planned-project.ts';

const settings = (read: string): string =>
  `ALLOWED_HOSTS = ["*"]\nDATABASES = {"default": dj_database_url.config()}\nKEY = ${read}\n`;

describe('a private key that the settings require', () => {
  const rendered = async () => {
    const { facts, answers, plan } = await planFor(settings('os.environ["RSA_PRIVATE_KEY"]'), {
      answers: { database: 'postgres' },
    });
    const files = renderFiles(plan, () => 'secret');
    return { facts, answers, text: (name: string): string => files.get(name)?.text ?? '' };
  };

  it('is a new one in .env, with \\n between double quotes', async () => {
    const { text } = await rendered();
    const [, value = ''] = /^RSA_PRIVATE_KEY="(.*)"$/m.exec(text('.env')) ?? [];
    expect(value).not.toContain('\n');
    const pem = value.replaceAll('\\n', '\n');
    expect(createPrivateKey(pem).asymmetricKeyType).toBe('rsa');
    const [, other] = /^RSA_PRIVATE_KEY="(.*)"$/m.exec((await rendered()).text('.env')) ?? [];
    expect(other).not.toBe(value);
  });

  it('is empty in .env.example', async () => {
    expect((await rendered()).text('.env.example')).toMatch(/^RSA_PRIVATE_KEY=$/m);
  });

  it('is a command in the Dockerfile, and in no other file', async () => {
    const { facts, answers, text } = await rendered();
    expect(buildVariables(facts, answers)).toEqual([
      { name: 'RSA_PRIVATE_KEY', value: '', command: 'openssl genrsa 2048 2>/dev/null' },
    ]);
    expect(text('Dockerfile')).toContain('RSA_PRIVATE_KEY="$(openssl genrsa 2048 2>/dev/null)"');
    for (const name of [
      'Dockerfile',
      'compose.yaml',
      'compose.dev.yaml',
      'DOCKER.md',
      'docker/verify_image.py',
    ])
      expect(text(name), name).not.toMatch(/BEGIN (?:RSA )?PRIVATE KEY/);
  });
});

it.each([
  ['slim', /^$/],
  ['distroless', /--mount=type=bind,from=base,source=\/usr\/bin\/openssl,/],
  ['alpine', /^RUN apk add --no-cache openssl$/m],
])('openssl, which makes the key, is there in the build on %s', async (base, expected) => {
  const { plan } = await planFor(settings('os.environ["RSA_PRIVATE_KEY"]'), {
    answers: { database: 'postgres', base },
  });
  const text = renderFiles(plan, () => 'secret').get('Dockerfile')?.text ?? '';
  const application = text.slice(text.indexOf(' AS application'), text.indexOf('openssl genrsa'));
  expect(application).not.toBe('');
  const [found = ''] = /^.*(?:mount.*|apk add[^\n]*(?:\n[^\n]*)?)openssl.*$/m.exec(application) ?? [];
  expect(found.replaceAll(/\s+(?:\\\n\s*)?/g, ' ')).toMatch(expected);
});

describe('a variable is no private key', () => {
  it.each([
    'os.environ.get("RSA_PRIVATE_KEY")',
    'os.environ["VAPID_PRIVATE_KEY"]',
    'os.environ["RSA_PRIVATE_KEY_PATH"]',
    'os.environ["JWT_SECRET_KEY"]',
  ])('%s', async (read) => {
    const { plan } = await planFor(settings(read), { answers: { database: 'postgres' } });
    const kinds = plan.environment.flatMap(({ variables }) => variables.map(({ value }) => value.kind));
    expect(kinds).not.toContain('private-key');
    expect(plan.buildVariables.filter(({ command }) => command !== undefined)).toEqual([]);
  });
});

it('a key that the application demands is one, too (saleor)', async () => {
  const { plan } = await planFor(
    `${settings('os.environ.get("RSA_PRIVATE_KEY")')}INSTALLED_APPS = ["core"]\n`,
    {
      others: {
        'core/__init__.py': '',
        'core/models.py':
          'def check():\n    raise ImproperlyConfigured("Variable RSA_PRIVATE_KEY is not provided. ")\n',
      },
    },
  );
  expect(plan.buildVariables).toMatchObject([
    { name: 'RSA_PRIVATE_KEY', command: expect.any(String) as unknown },
  ]);
});

it('Sentry stays off where the settings want a DSN, since it refuses one that it cannot parse (pythondotorg)', async () => {
  const { facts, answers, plan } = await planFor(settings('os.environ["SENTRY_DSN"]'), {
    answers: { database: 'postgres' },
  });
  expect(buildVariables(facts, answers)).toEqual([{ name: 'SENTRY_DSN', value: '' }]);
  expect(renderFiles(plan, () => 'secret').get('.env')?.text).toMatch(/^SENTRY_DSN=$/m);
});

describe('the address of Redis in the build', () => {
  const built = async (read: string, more = ''): Promise<Record<string, string>> => {
    const { plan } = await planFor(settings(read).replace('KEY', 'REDIS_URL') + more, {
      answers: { database: 'postgres', services: 'redis' },
    });
    return Object.fromEntries(plan.buildVariables.map(({ name, value }) => [name, value]));
  };

  // makeplane/plane: plane/celery.py makes a client of settings.REDIS_URL while it is imported.
  it('is there where compose.yaml has one and the settings hand on None', async () => {
    const address = { REDIS_URL: 'redis://localhost:6379/0' };
    expect(await built('os.environ.get("REDIS_URL")')).toEqual(address);
    const cache =
      'CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS_URL}}\n';
    expect(await built('os.environ.get("REDIS_URL")', cache)).toEqual(address);
  });

  it('is the default of the project where it has one', async () => {
    expect(await built('os.environ.get("REDIS_URL", "redis://localhost:6379/1")')).toEqual({});
  });

  it.each([
    'if REDIS_URL:\n    CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS_URL}}\n',
    'CACHES = redis_cache(REDIS_URL) if REDIS_URL else {}\n',
    'if os.environ.get("REDIS_URL"):\n    SESSION_ENGINE = "django.contrib.sessions.backends.cache"\n',
    'if REDIS_URL is not None:\n    SESSION_ENGINE = "django.contrib.sessions.backends.cache"\n',
  ])('is not there where it switches something on: %s', async (more) => {
    expect(await built('os.environ.get("REDIS_URL")', more)).toEqual({});
  });

  it('is not there for compress, which would ask it', async () => {
    const compress = 'INSTALLED_APPS = ["compressor"]\nCOMPRESS_ENABLED = True\nCOMPRESS_OFFLINE = True\n';
    expect(await built('os.environ.get("REDIS_URL")', compress)).toEqual({});
  });
});
