import { AnswerError } from '../answers/answers.ts';
import type { Requirement } from '../detection/facts.ts';
import { readKnowledge } from './knowledge.ts';
import type { AptPackages } from './plan.ts';

/** `knowledge/alpine-packages.json`. */
export interface AlpineTable {
  /** Release of Alpine in the base image's tag. */
  release: string;
  /** Python releases that have an image on it. */
  pythons: string[];
  /** Debian package → Alpine package. */
  packages: Record<string, string>;
  /** PyPI packages with wheels for glibc only. Sorted. */
  withoutMuslWheel: string[];
}

export const alpineTable = (): AlpineTable => readKnowledge<AlpineTable>('alpine-packages');

/** The requirements that Alpine's pip has to compile, as far as PyPI tells. Sorted. */
export function withoutMuslWheel(requirements: readonly Requirement[]): string[] {
  const names = new Set(requirements.map(({ name }) => name));
  return alpineTable().withoutMuslWheel.filter((name) => names.has(name));
}

/**
 * The same packages by Alpine's names, each once.
 * @param debian packages of Debian; one that the user named himself may be Alpine's already
 * @throws AnswerError where no counterpart is known
 */
export function onAlpine({ packages }: AptPackages): AptPackages {
  const table = alpineTable().packages;
  const found = new Map<string, Set<string>>();
  for (const { name, reason } of packages) {
    const known = table[name] ?? (reason === 'chosen' ? name : undefined);
    if (known === undefined)
      throw new AnswerError(
        `--base alpine: no package of Alpine is known for Debian's ${name} (${reason}). Choose another base, or leave it out and name Alpine's own: --runtime-libraries PACKAGE.`,
      );
    const reasons = found.get(known) ?? new Set();
    found.set(known, reasons.add(reason));
  }
  return {
    packages: [...found]
      .map(([name, reasons]) => ({ name, reason: [...reasons].join(', ') }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** What Alpine costs, for the summary. */
export function alpineNotes(production: readonly Requirement[]): string[] {
  const compiled = withoutMuslWheel(production);
  return [
    'On Alpine, Python is built without profile-guided optimization and is slower, and only wheels for musl install: --base distroless is smaller and has neither drawback.',
    ...(compiled.length === 0
      ? []
      : [
          `${compiled.join(', ')}: no wheel for Alpine on PyPI, so that the build compiles it, for minutes up to hours, or fails. --base slim or distroless takes the wheels.`,
        ]),
  ];
}
