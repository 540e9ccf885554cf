import { matchesPattern } from '../../glob.ts';
import { readKnowledge } from '../../planning/knowledge.ts';
import { normalizeName } from './pep508.ts';

/** `knowledge/module-names.json`: import names where they differ from the distribution's name. */
interface ModuleNames {
  /** Which distribution to take where several provide a module. */
  preferred: Record<string, string>;
  distributions: Record<string, string[]>;
  /** Patterns of names of distributions that install no module: stubs, tools. */
  withoutModules: string[];
}

const table = (): ModuleNames => readKnowledge<ModuleNames>('module-names');

/**
 * The import names of a PyPI package, by `knowledge/module-names.json`; a name that is not there is taken with `_`.
 * @param name normalised or not
 */
export function modulesOfDistribution(name: string): string[] {
  const normalized = normalizeName(name);
  const { distributions, withoutModules } = table();
  const listed = distributions[normalized];
  if (listed) return listed;
  const hasNone = withoutModules.some((pattern) => matchesPattern(normalized, pattern));
  return hasNone ? [] : [normalized.replaceAll('-', '_')];
}

/**
 * The PyPI package that has a module, normalised.
 * @param module dotted import name
 */
export function distributionOfModule(module: string): string {
  const { preferred, distributions } = table();
  const known = preferred[module.split('.')[0] ?? module];
  if (known !== undefined) return known;
  for (const [name, modules] of Object.entries(distributions)) {
    if (modules.some((own) => module === own || module.startsWith(`${own}.`))) return name;
  }
  return normalizeName(module.split('.')[0] ?? module);
}
