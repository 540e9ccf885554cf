import { pinnedVersion } from './pep508.ts';
import type { DependencyFacts, DependencyManager, DetectionNote, Evidence, Requirement } from '../facts.ts';

/** What one dependency file (with its companions) says. */
export interface DependencyReading {
  facts: DependencyFacts;
  notes: DetectionNote[];
  /** Wheel and archive names per package, where the lock file lists them. */
  artefacts: ReadonlyMap<string, readonly string[]>;
  /** Which Python compiled the file. */
  python?: { version: string; evidence: Evidence } | null;
  /** Which Pythons the file itself says that it is for, as PEP 440 specifiers. */
  constraint?: { value: string; evidence: Evidence } | null;
}

/**
 * The facts of a deciding file, with nothing in what is not given.
 * @param path the file; null where there is none
 */
export function dependencyFacts(
  manager: DependencyManager,
  root: string,
  path: string | null,
  more: Partial<DependencyFacts>,
): DependencyFacts {
  return {
    manager,
    root,
    productionFile: path,
    productionFiles: path === null ? [] : [path],
    developmentFile: null,
    developmentFiles: [],
    productionGroups: [],
    productionExtras: [],
    developmentGroups: [],
    developmentExtras: [],
    onlyGroups: false,
    production: [],
    development: [],
    hashed: false,
    withoutSetuptools: false,
    publicIndexFiles: [],
    privateIndexes: [],
    evidence: path === null ? [] : [{ file: path, line: null }],
    ...more,
  };
}

/** Requirements of `all` whose names `others` has not. */
export function without(all: readonly Requirement[], others: readonly Requirement[]): Requirement[] {
  const names = new Set(others.map((requirement) => requirement.name));
  return all.filter((requirement) => !names.has(requirement.name));
}

/** File names per package, where a lock lists some packages more than once. */
export function artefactsByName(
  entries: readonly (readonly [name: string, files: readonly string[]])[],
): DependencyReading['artefacts'] {
  const found = new Map<string, string[]>();
  for (const [name, files] of entries) found.set(name, [...new Set([...(found.get(name) ?? []), ...files])]);
  return found;
}

/** Requirements of a reading, each with the wheels for Linux that the lock lists for it. */
export function withWheels(
  requirements: readonly Requirement[],
  artefacts: DependencyReading['artefacts'],
): Requirement[] {
  return requirements.map((requirement) => {
    const all = artefacts.get(requirement.name) ?? [];
    if (all.length === 0) return requirement;
    // A lock may hold several releases of a package, for several Pythons.
    const version = pinnedVersion(requirement.specifier);
    const own = all.filter((name) => name.split('-')[1] === version);
    const files = own.length > 0 ? own : all;
    const wheelFiles = files.filter((name) => /(?:linux[^-]*|-any)\.whl$/.test(name));
    const compiled = files.some((name) => name.endsWith('.whl') && !name.endsWith('-any.whl'));
    return { ...requirement, wheelFiles, ...(compiled ? { compiled } : {}) };
  });
}
