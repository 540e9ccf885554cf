import { pinnedVersion } from '../detection/dependencies/pep508.ts';
import type { ProjectFacts } from '../detection/facts.ts';
import { readKnowledge } from './knowledge.ts';
import type { TrimPlan } from './plan.ts';

/** Megabytes of wheels below which a layer of their own costs more than it saves. */
const WORTH_A_LAYER = 30;

/** Those whose requirements reach the builder as a requirements file, or are exported to one. */
const MANAGERS: readonly ProjectFacts['dependencies']['manager'][] = [
  'requirements',
  'uv',
  'poetry',
  'pdm',
  'pipenv',
];

/**
 * The large packages that get a layer of their own, so that a new requirement neither installs nor pushes them again.
 * Only what is pinned: another version of it would be in the image twice.
 * @param facts what detection found
 * @param trims the layer is made by docker/trim_environment.py
 * @returns normalised names in order; empty where it is not worth while
 */
export function largePackages({ dependencies }: ProjectFacts, trims: TrimPlan | null): string[] {
  if (trims === null || !MANAGERS.includes(dependencies.manager)) return [];
  const { packages } = readKnowledge<{ packages: { pypi: string; megabytes: number }[] }>('large-packages');
  const found = packages.filter(({ pypi }) =>
    dependencies.production.some(
      ({ name, specifier, url, otherIndex }) =>
        name === pypi &&
        url === null &&
        // What uv exports does not say which index a package comes from.
        otherIndex !== true &&
        pinnedVersion(specifier) !== null,
    ),
  );
  const total = found.reduce((sum, { megabytes }) => sum + megabytes, 0);
  return total >= WORTH_A_LAYER ? found.map(({ pypi }) => pypi) : [];
}
