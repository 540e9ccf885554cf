import { describe, expect, it } from 'vitest';
import { mayUseRedis } from '../../generators/app/planning/redis-clients.ts';
import { factsOf, planFor } from './planned-project.ts';

const uses = (requirements: string, settings = '', others = {}): boolean =>
  mayUseRedis(factsOf(settings, { 'requirements.txt': requirements, ...others }));

describe('mayUseRedis', () => {
  it.each([
    'redis==7.1.0\n',
    'django-redis\n',
    'Django_Redis>=5\n',
    'celery[redis]==5.5\n',
    'celery[Redis,gevent]\n',
    'channels_redis\n',
    'valkey\n',
  ])('with %s', (requirements) => {
    expect(uses(requirements)).toBe(true);
  });

  it.each(['celery==5.5\n', 'channels\n', 'celery[sqs]\n', 'huey\n', 'fakeredis\n'])(
    'not with %s',
    (requirements) => {
      expect(uses(requirements)).toBe(false);
    },
  );

  const cache =
    'CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://localhost"}}\n';
  it('where the settings use it, and no lock says what is installed', () => {
    expect(uses('Django\n', cache)).toBe(true);
    const lock =
      'version = 1\nrequires-python = ">=3.12"\n[[package]]\nname = "django"\nversion = "5.2"\nsource = { registry = "https://pypi.org/simple" }\ndependencies = [{ name = "asgiref" }]\n[[package]]\nname = "asgiref"\nversion = "3.9"\nsource = { registry = "https://pypi.org/simple" }\n[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [{ name = "django" }]\n';
    const project =
      '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.12"\ndependencies = ["django"]\n';
    const files = { 'uv.lock': lock, 'pyproject.toml': project };
    expect(uses('', cache, files)).toBe(false);
  });
});

it('the service is ticked where a client is, and offered where Celery is', async () => {
  const celery = {
    'shop/celery.py': 'from celery import Celery\napp = Celery("shop")\n',
    'shop/__init__.py': 'from .celery import app\n',
  };
  const services = async (requirement: string): Promise<string[]> =>
    (await planFor('', { others: { ...celery, 'requirements.txt': `Django\n${requirement}\n` } })).answers
      .services;
  expect(await services('celery[redis]')).toEqual(['worker', 'redis']);
  expect(await services('celery')).toEqual(['worker']);
});
