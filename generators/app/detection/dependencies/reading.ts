import type { DependencyFacts, DetectionNote, Requirement } from '../facts.ts';

/** What one dependency file (with its companions) says. */
export interface DependencyReading {
  facts: DependencyFacts;
  notes: DetectionNote[];
  /** Wheel and archive names per package, where the lock file lists them. */
  artefacts: ReadonlyMap<string, readonly string[]>;
  /** Requirements that neither production nor development installs (extras, other groups), by the name of their set. */
  optional: ReadonlyMap<string, Requirement[]>;
}

const DEVELOPMENT_GROUP =
  /^(dev|devel|develop|development|tests?|testing|unit-?tests?|lint|linting|linters?|format|formatting|style|typing|types|type-?check(ing)?|mypy|ci|debug|local|quality|qa|coverage|pre-?commit|(dev|test|lint)-.+)$/i;

/** Whether a group or an extra of this name holds development tools. */
export function isDevelopmentGroup(name: string): boolean {
  return DEVELOPMENT_GROUP.test(name.replaceAll('_', '-'));
}

/** Requirements of `all` whose names `others` has not. */
export function without(all: readonly Requirement[], others: readonly Requirement[]): Requirement[] {
  const names = new Set(others.map((requirement) => requirement.name));
  return all.filter((requirement) => !names.has(requirement.name));
}

/** The requirements of a reading's production set, each with the wheels for Linux that the lock lists for it. */
export function withWheels({ facts, artefacts }: DependencyReading): Requirement[] {
  return facts.production.map((requirement) => {
    const files = artefacts.get(requirement.name) ?? [];
    if (files.length === 0) return requirement;
    return { ...requirement, wheelFiles: files.filter((name) => /(?:linux[^-]*|-any)\.whl$/.test(name)) };
  });
}
