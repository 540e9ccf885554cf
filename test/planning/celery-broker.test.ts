import { describe, expect, it } from 'vitest';
import { planFor } from './planned-project.ts';

const DATABASE = 'ALLOWED_HOSTS = ["*"]\nDATABASES = {"default": dj_database_url.config()}\n';

async function celeryProject(
  settings: string,
  { app = 'Celery("shop")', requirements = 'celery==5.5.3\nredis==7.1.0\n', services = '' } = {},
): Promise<{ environment: Record<string, string>; notes: string[]; services: readonly string[] }> {
  const { plan, answers } = await planFor(DATABASE + settings, {
    answers: { database: 'postgres', ...(services ? { services } : {}) },
    others: {
      'requirements.txt': `Django==5.2.8\npsycopg2==2.9.10\n${requirements}`,
      'shop/__init__.py': 'from .celery import app\n',
      'shop/celery.py': `from celery import Celery\napp = ${app}\napp.config_from_object("django.conf:settings", namespace="CELERY")\n`,
    },
  });
  const celery = plan.composeEnvironment.filter(({ name }) => name.startsWith('CELERY'));
  return {
    environment: Object.fromEntries(celery.map(({ name, value }) => [name, value])),
    notes: plan.notes.filter((note) => note.startsWith('Celery’s')),
    services: answers.services,
  };
}

const led = (name: string, database: string): string => `\${${name}:-redis://redis:6379/${database}}`;

describe('an address of Celery that the code names leads to the redis service', () => {
  it.each([
    // taigaio/taiga-back
    ['CELERY_BROKER_URL = "amqp://guest:guest@localhost:5672//"', '0', /RabbitMQ \(shop\/settings/],
    ['CELERY_BROKER_URL = "redis://localhost:6379"', '0', /named in the code \(shop\/settings/],
    ['CELERY_BROKER_URL = "redis://:p/w@127.0.0.1:6379/3"', '3', /named in the code/],
    ['CELERY_BROKER_URL = "redis://:pw@redis:6379/2"', '2', /named in the code/],
    ['CELERY_BROKER_URL = "redis://localhost:6379/99999999999"', '0', /named in the code/],
    ['BROKER_URL = "redis://cache:6379/1"', '1', /named in the code/],
  ])('%s', async (settings, database, note) => {
    const { environment, notes } = await celeryProject(`${settings}\n`);
    expect(environment).toEqual({ CELERY_BROKER_URL: led('CELERY_BROKER_URL', database) });
    expect(notes).toEqual([expect.stringMatching(note)]);
  });

  it('is found where the application is made, results too', async () => {
    const app = 'Celery("shop", broker="redis://localhost:6379/0", backend="redis://localhost:6379/1")';
    const { environment, notes } = await celeryProject('', { app });
    expect(environment).toEqual({
      CELERY_BROKER_URL: led('CELERY_BROKER_URL', '0'),
      CELERY_RESULT_BACKEND: led('CELERY_RESULT_BACKEND', '1'),
    });
    expect(notes).toEqual([
      expect.stringMatching(/broker .*\(shop\/celery.py:2\)/),
      expect.stringMatching(/result backend .*\(shop\/celery.py:2\)/),
    ]);
  });

  it('takes a database of its own for what was in RabbitMQ, beside a cache', async () => {
    const cache =
      'CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ.get("REDIS_URL", "redis://localhost:6379/0")}}\n';
    const { environment } = await celeryProject(`CELERY_BROKER_URL = "amqp://localhost//"\n${cache}`);
    expect(environment).toEqual({ CELERY_BROKER_URL: led('CELERY_BROKER_URL', '1') });
  });
});

describe('an address of Celery is left alone', () => {
  it.each([
    'CELERY_BROKER_URL = "redis://redis:6379/0"',
    'CELERY_BROKER_URL = "amqps://user@mq.example.com/vhost"',
    'CELERY_BROKER_URL = "amqp://user@mq.example.com:5672/vhost"',
    'CELERY_BROKER_URL = "redis://:p/w@prod.example.com:6379/0"',
    'CELERY_BROKER_URL = "redis://user:p/w@prod.example.com:6379/0"',
    'CELERY_BROKER_URL = "redis://localhost:6379/0;redis://prod.example.com:6379/0"',
    'CELERY_BROKER_URL = ["redis://localhost:6379/0", "redis://prod.example.com:6379/0"]',
    'CELERY_BROKER_URL = "sqs://"',
    'CELERY_BROKER_URL = "memory://"',
    'CELERY_RESULT_BACKEND = "django-db"',
    'CELERY_RESULT_BACKEND = os.environ.get("AMQP_RESULTS", "django-db")',
    'if os.environ.get("DEBUG", "1") == "1":\n    CELERY_BROKER_URL = "redis://localhost:6379/0"\nelse:\n    CELERY_BROKER_URL = "rediss://prod.example.com:6379/0"',
    'CELERY_BROKER_URL = "redis://localhost"\nif os.environ.get("ENV") == "prod":\n    CELERY_BROKER_URL = "amqps://mq.example.com"',
  ])('%s', async (settings) => {
    const { environment, notes } = await celeryProject(`${settings}\n`);
    expect([environment, notes]).toEqual([{}, []]);
  });

  it.each([
    'Celery("shop", broker="amqps://u@mq.example.com")\n"""Or broker="redis://localhost:6379/0"."""',
    'Celery("shop", broker="redis://:pa#ss@prod.example.com:6379/0")',
    'Celery("shop", broker="redis://localhost")\napp.conf.broker_url = "amqps://mq.example.com"',
    'Celery("shop")\nlock = Lock(backend="redis://localhost:6379/5")',
  ])('app = %s', async (app) => {
    const { environment, notes } = await celeryProject('', { app });
    expect([environment, notes]).toEqual([{}, []]);
  });

  it('where the project reads its variable', async () => {
    const read = 'CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379/2")\n';
    const { environment, notes } = await celeryProject(read);
    expect([environment, notes]).toEqual([{ CELERY_BROKER_URL: 'redis://redis:6379/2' }, []]);
  });
});

describe('a RabbitMQ that no service stands in for', () => {
  // makeplane/plane
  const byVariables = `CELERY_BROKER_URL = f"amqp://{os.environ.get('RABBITMQ_HOST', 'localhost')}//"\n`;

  it.each([
    [
      'named by variables',
      byVariables,
      undefined,
      /the worker is left out. Once RABBITMQ_HOST in .env leads to one/,
    ],
    [
      'without a Redis client',
      'CELERY_BROKER_URL = "amqp://localhost//"\n',
      'celery==5.5.3\n',
      /Once CELERY_BROKER_URL in/,
    ],
  ])('leaves the worker out: %s', async (_, settings, requirements, note) => {
    const { environment, notes, services } = await celeryProject(
      settings,
      requirements ? { requirements } : {},
    );
    expect(environment).toEqual({});
    expect(services).toEqual([]);
    expect(notes).toEqual([expect.stringMatching(note)]);
  });

  it('is waited for by a worker that is asked for', async () => {
    const { notes } = await celeryProject(byVariables, { services: 'worker,beat' });
    expect(notes).toEqual([
      expect.stringMatching(/worker and beat wait until RABBITMQ_HOST in .env leads to one/),
    ]);
  });

  it('is none where a variable of Redis comes first', async () => {
    // saleor/saleor
    const read = 'CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", os.environ.get("CLOUDAMQP_URL"))\n';
    const { notes, services } = await celeryProject(read);
    expect(notes).toEqual([]);
    expect(services).toContain('worker');
  });
});
