import { breakdownRows } from '../app/measurements/comparison.ts';
import type { Component, Measurements } from '../app/measurements/measurements.ts';

/** Why a component is smaller, or larger, than before. */
const REASONS: Readonly<Record<Component, { less: string; more: string }>> = {
  base: {
    less: 'only the files of the base image that Python needs',
    more: 'the base image is larger than the one before',
  },
  buildTools: {
    less: 'compilers and headers stay in the builder stage',
    more: 'the production image holds build tools',
  },
  systemLibraries: {
    less: 'only the libraries that a package needs at run time',
    more: 'libraries that the image before lacked',
  },
  pythonPackages: {
    less: 'no pip, no development packages, trimmed where that is safe',
    more: 'packages that the image before lacked',
  },
  byteCode: {
    less: 'only what is imported is compiled',
    more: 'compiled ahead, so that the first response comes sooner',
  },
  application: {
    less: 'only the folders that the application reaches are copied',
    more: 'static files and other results of the build',
  },
  history: { less: '.dockerignore keeps it out of the build context', more: 'history is in the image' },
  tests: { less: 'tests are not copied', more: 'tests are in the image' },
  waste: {
    less: 'nothing is copied twice or deleted afterwards',
    more: 'paths that several layers hold',
  },
  other: { less: 'no caches and leftovers of the build', more: 'what belongs to none of the other rows' },
};

/** One step from the size before to the size of production. */
export interface SavingStep {
  name: string;
  reason: string;
  /** Negative where the component takes more than before. */
  saved: number;
  /** The size before and after this step. */
  from: number;
  to: number;
}

/** Too little to be seen in a chart. */
const NOTICEABLE = 100_000;

/** The way from the image before to production, the largest saving first, what costs something last. */
export function savingSteps(measurements: Measurements): SavingStep[] {
  const { before, production } = measurements.images;
  if (before === null || production === null) return [];
  const rows = breakdownRows(measurements)
    .filter(({ saved }) => saved !== null && Math.abs(saved) >= NOTICEABLE)
    .toSorted((left, right) => (right.saved ?? 0) - (left.saved ?? 0));
  let size = before.size;
  return rows.map(({ component, name, saved: difference }) => {
    const saved = difference ?? 0;
    const from = size;
    size -= saved;
    const { less, more } = REASONS[component];
    return { name, reason: saved > 0 ? less : more, saved, from, to: size };
  });
}

/** What the rules of trimming are called. */
const RULE_NAMES: Readonly<Record<string, string>> = {
  tests: 'Test folders of packages',
  translations: 'Translation sources (.po) beside their compiled form',
  sources: 'C and Cython sources, headers',
  stubs: 'Type stubs that nothing reads',
  symbols: 'Symbols of shared objects',
  duplicates: 'Files of the same content',
  languages: 'Languages that the project does not offer',
  botocore: 'AWS services that the project does not use',
};

/** A rule of trimming in words. */
export function ruleName(rule: string): string {
  return Object.hasOwn(RULE_NAMES, rule) ? (RULE_NAMES[rule] ?? rule) : rule;
}
