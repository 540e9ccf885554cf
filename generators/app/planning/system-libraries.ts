import { satisfies } from '@renovatebot/pep440';
import type { Requirement } from '../detection/facts.ts';
import type { DebianRelease } from './base-image.ts';
import { readKnowledge } from './knowledge.ts';

/** One row of `knowledge/system-libraries.json`. */
export interface SystemLibraryRow {
  /** Normalised PyPI name, with an extra where the row is for it: `psycopg[binary]`. */
  pypi: string;
  /** Other PyPI names of the same thing. */
  aliases?: string[];
  /** PEP 440 range of the releases that the row is for; absent: all. */
  versions?: string;
  /** Requirements that bring what the row would install: `psycopg[binary]`, `psycopg-binary`. */
  providedBy?: string[];
  /** `linked` by a compiled extension, opened by name (`dlopen`), a `program` on PATH, `bundled` in the wheel, or none. */
  loaded: 'linked' | 'dlopen' | 'program' | 'bundled' | 'none';
  /** Whether there is a wheel for Linux. */
  wheels: 'yes' | 'no' | 'partly';
  /** The installed wheel still needs the runtime packages. */
  wheelNeedsRuntime: boolean;
  runtime: Record<DebianRelease, string[]>;
  build: Record<DebianRelease, string[]>;
  note?: string;
  source: string;
}

/** A Debian package and who needs it. */
export interface LibraryNeed {
  debianPackage: string;
  /** PyPI names, sorted. */
  neededBy: string[];
}

/** All rows of the table. */
export function systemLibraryRows(): SystemLibraryRow[] {
  return readKnowledge<{ packages: SystemLibraryRow[] }>('system-libraries').packages;
}

/** The pinned release of a requirement, as far as its specifier tells. */
function releaseOf(requirement: Requirement): string | null {
  return /^(?:===?|~=)([0-9][^,*]*)/.exec(requirement.specifier)?.[1] ?? null;
}

function appliesTo(row: SystemLibraryRow, requirement: Requirement): boolean {
  const names = [requirement.name, ...requirement.extras.map((extra) => `${requirement.name}[${extra}]`)];
  if (!names.some((name) => name === row.pypi || row.aliases?.includes(name))) return false;
  const release = releaseOf(requirement);
  // Without a pin the newest release is installed, which no upper bound of the table includes.
  return row.versions === undefined || (release !== null && satisfies(release, row.versions));
}

function needs(
  requirements: readonly Requirement[],
  packagesOf: (row: SystemLibraryRow) => string[],
): LibraryNeed[] {
  const present = new Set(
    requirements.flatMap(({ name, extras }) => [name, ...extras.map((extra) => `${name}[${extra}]`)]),
  );
  const found = new Map<string, Set<string>>();
  for (const requirement of requirements) {
    for (const row of systemLibraryRows()) {
      if (!appliesTo(row, requirement) || row.providedBy?.some((name) => present.has(name))) continue;
      for (const debianPackage of packagesOf(row)) {
        const neededBy = found.get(debianPackage) ?? new Set();
        found.set(debianPackage, neededBy.add(requirement.name));
      }
    }
  }
  return [...found]
    .map(([debianPackage, neededBy]) => ({ debianPackage, neededBy: [...neededBy].sort() }))
    .sort((a, b) => (a.debianPackage < b.debianPackage ? -1 : 1));
}

/**
 * Debian packages that the requirements need at run time.
 * @param requirements production requirements, transitive ones too where a lock tells
 * @param release of the base image
 */
export function runtimeLibrariesFor(requirements: readonly Requirement[], release: DebianRelease): LibraryNeed[] {
  return needs(requirements, (row) => (row.wheelNeedsRuntime || row.wheels === 'no' ? row.runtime[release] : []));
}

/**
 * Debian packages that compile what has no wheel.
 * @param requirements production requirements
 * @param release of the base image
 */
export function buildLibrariesFor(requirements: readonly Requirement[], release: DebianRelease): LibraryNeed[] {
  return needs(requirements, (row) => (row.wheels === 'no' ? row.build[release] : []));
}

/** Whether a requirement comes from a Git repository, so that the builder needs git. */
export function gitNeeded(requirements: readonly Requirement[]): boolean {
  return requirements.some((requirement) => requirement.url?.startsWith('git+') === true);
}
