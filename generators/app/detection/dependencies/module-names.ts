import { readKnowledge } from '../../planning/knowledge.ts';
import { normalizeName } from './pep508.ts';

const table = (): Record<string, string[]> =>
  readKnowledge<{ modules: Record<string, string[]> }>('module-names').modules;

/**
 * The import names of a PyPI package, by `knowledge/module-names.json`; a name that is not there is taken with `_`.
 * @param name normalised or not
 */
export function modulesOfDistribution(name: string): string[] {
  const normalized = normalizeName(name);
  return table()[normalized] ?? (/^(types-|.*-stubs$)/.test(normalized) ? [] : [normalized.replaceAll('-', '_')]);
}

/**
 * The PyPI package that has a module, normalised.
 * @param module dotted import name
 */
export function distributionOfModule(module: string): string {
  for (const [name, modules] of Object.entries(table())) {
    if (modules.some((own) => module === own || module.startsWith(`${own}.`))) return name;
  }
  return normalizeName(module.split('.')[0] ?? module);
}
