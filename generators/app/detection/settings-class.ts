import type { Evidence, Fact } from './facts.ts';
import type { Scope } from './values.ts';

const development = /^(?:dev|devel|develop|development|local|debug|tests?|testing|ci|docs)/i;
const production = /^(?:prod|production|live|deploy|deployment)/i;

/**
 * The class of settings for production, in a project with django-configurations: what wsgi.py, asgi.py or a file of
 * the deployment names, unless it is a developer's; else the one that is called so; else what manage.py names.
 * Source: https://django-configurations.readthedocs.io (DJANGO_CONFIGURATION names the class).
 * @param scope the settings module's names
 * @param named classes that files name, those of the deployment first
 * @returns null where settings are no classes, or where it is not clear which one
 */
export function settingsClass(
  scope: Scope,
  named: readonly { module: string; evidence: Evidence }[],
): Fact<string> | null {
  const classes = new Map<string, Evidence>();
  for (const [name, { data, file, line }] of scope.names) {
    if (data.kind === 'reference' && data.dotted === 'settings-class') classes.set(name, { file, line });
  }
  const known = named.filter(({ module }) => classes.has(module));
  const deployed = known.find(({ module }) => !development.test(module));
  const called = [...classes].find(([name]) => production.test(name));
  const [first] = known;
  const [only] = classes;
  if (deployed !== undefined && (production.test(deployed.module) || called === undefined))
    return { value: deployed.module, evidence: [deployed.evidence] };
  if (called !== undefined) return { value: called[0], evidence: [called[1]] };
  if (first !== undefined) return { value: first.module, evidence: [first.evidence] };
  return only !== undefined && classes.size === 1 ? { value: only[0], evidence: [only[1]] } : null;
}
