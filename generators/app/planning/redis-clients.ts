import type { ProjectFacts } from '../detection/facts.ts';
import { readKnowledge } from './knowledge.ts';

/**
 * Whether the project can speak to Redis: a client is among its requirements (`knowledge/redis-clients.json`). Without
 * a lock, one that the settings use may come with another package.
 */
export function mayUseRedis({ dependencies, services }: ProjectFacts): boolean {
  const clients = new Set(readKnowledge<{ packages: string[] }>('redis-clients').packages);
  const named = dependencies.production.some(
    ({ name, extras }) => clients.has(name) || extras.some((extra) => clients.has(`${name}[${extra}]`)),
  );
  const complete = dependencies.production.some((requirement) => !requirement.direct);
  return named || (services.redis !== null && !complete);
}

/** Whether Celery's broker is a RabbitMQ that no service of ours stands in for. */
export function needsRabbit(facts: ProjectFacts): boolean {
  const { fixedAddresses = [], rabbitVariables = [] } = facts.services.celery?.value ?? {};
  const fixed = fixedAddresses.some(
    ({ variable, scheme }) => variable === 'CELERY_BROKER_URL' && scheme === 'amqp',
  );
  return rabbitVariables.length > 0 || (fixed && !mayUseRedis(facts));
}
