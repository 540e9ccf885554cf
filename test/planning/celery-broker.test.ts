import { describe, expect, it } from 'vitest';
import { planFor } from './planned-project.ts';

const DATABASE = 'ALLOWED_HOSTS = ["*"]\nDATABASES = {"default": dj_database_url.config()}\n';

async function celeryProject(
  settings: string,
  { app = 'Celery("shop")', requirements = 'celery==5.5.3\nredis==7.1.0\n', services = '' } = {},
): Promise<{ environment: Record<string, string>; notes: string[] }> {
  const { plan } = await planFor(DATABASE + settings, {
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
    notes: plan.notes.filter((note) => note.startsWith('Celery’s broker')),
  };
}

describe('a broker of Celery that no variable leads to the redis service', () => {
  it.each([
    // taigaio/taiga-back
    [
      'CELERY_BROKER_URL = "amqp://guest:guest@localhost:5672//"',
      'redis://redis:6379/0',
      /RabbitMQ \(shop\/settings/,
    ],
    // makeplane/plane
    [
      "CELERY_BROKER_URL = f\"amqp://{os.environ.get('RABBITMQ_HOST', 'localhost')}//\"",
      'redis://redis:6379/0',
      /RabbitMQ/,
    ],
    [
      'CELERY_BROKER_URL = "redis://localhost:6379"',
      'redis://redis:6379/0',
      /named in the code \(shop\/settings/,
    ],
    ['CELERY_BROKER_URL = "redis://:pw@127.0.0.1:6379/3"', 'redis://redis:6379/3', /named in the code/],
    ['BROKER_URL = "redis://cache:6379/1"', 'redis://redis:6379/1', /named in the code/],
  ])('%s', async (settings, address, note) => {
    const { environment, notes } = await celeryProject(`${settings}\n`);
    expect(environment).toEqual({ CELERY_BROKER_URL: `\${CELERY_BROKER_URL:-${address}}` });
    expect(notes).toEqual([expect.stringMatching(note)]);
  });

  it('is found where the application is made, results too', async () => {
    const app = 'Celery("shop", broker="redis://localhost:6379/0", backend="redis://localhost:6379/1")';
    const { environment, notes } = await celeryProject('', { app });
    expect(environment).toEqual({
      CELERY_BROKER_URL: '${CELERY_BROKER_URL:-redis://redis:6379/0}',
      CELERY_RESULT_BACKEND: '${CELERY_RESULT_BACKEND:-redis://redis:6379/1}',
    });
    expect(notes).toEqual([expect.stringContaining('(shop/celery.py:2)')]);
  });

  it.each([
    'CELERY_BROKER_URL = "redis://redis:6379/0"',
    'CELERY_BROKER_URL = "amqps://user@mq.example.com/vhost"',
    'CELERY_BROKER_URL = "amqp://user@mq.example.com:5672/vhost"',
    'CELERY_BROKER_URL = "sqs://"',
    'CELERY_BROKER_URL = "memory://"',
    'CELERY_RESULT_BACKEND = "django-db"',
  ])('is left alone: %s', async (settings) => {
    expect(await celeryProject(`${settings}\n`)).toEqual({ environment: {}, notes: [] });
  });

  it('keeps the variable that the project reads', async () => {
    const read = 'CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379/2")\n';
    expect(await celeryProject(read)).toEqual({
      environment: { CELERY_BROKER_URL: 'redis://redis:6379/2' },
      notes: [],
    });
  });

  it('is told where there is no redis service', async () => {
    const { environment, notes } = await celeryProject('CELERY_BROKER_URL = "amqp://localhost//"\n', {
      requirements: 'celery==5.5.3\n',
    });
    expect(environment).toEqual({});
    expect(notes).toEqual([
      expect.stringMatching(/no service for it: the worker waits until CELERY_BROKER_URL/),
    ]);
  });
});
