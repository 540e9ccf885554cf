import type { Evidence, ProjectFacts } from '../detection/facts.ts';
import { debianReleaseFor } from './base-image.ts';
import {
  buildLibrariesFor,
  lockedWheels,
  removedLibraries,
  runtimeLibrariesFor,
  type LibraryNeed,
} from './system-libraries.ts';

/** The Debian packages that a project needs on the base image of one Python release. */
export interface ProjectLibraries {
  runtime: LibraryNeed[];
  build: LibraryNeed[];
  /** What this Debian release has no more. */
  warnings: string[];
}

/**
 * Looks the project's requirements up in the table of system libraries.
 * @param facts what detection found
 * @param pythonVersion minor release, which decides the Debian release
 */
export function projectLibraries(facts: ProjectFacts, pythonVersion: string): ProjectLibraries {
  const { production } = facts.dependencies;
  const release = debianReleaseFor(pythonVersion);
  // GeoDjango needs libraries that Django itself does not.
  const context = {
    modules: [...facts.importedModules, ...facts.thirdPartyApps],
    wheels: lockedWheels(production, pythonVersion),
  };
  return {
    runtime: runtimeLibrariesFor(production, release, context),
    build: buildLibrariesFor(production, release, context),
    warnings: removedLibraries(production, release),
  };
}

/** The rows of `--detect`: Debian package, what needs it, and where that is required. */
export function libraryRows(
  facts: ProjectFacts,
  { runtime, build, warnings }: ProjectLibraries,
): { label: string; value: string; evidence: Evidence[] }[] {
  const evidenceOf = (need: LibraryNeed): Evidence[] =>
    facts.dependencies.production
      .filter((item) => need.neededBy.includes(item.name))
      .map((item) => item.evidence);
  return [
    ...runtime.map((need) => ({ label: need.debianPackage, value: need.reason, evidence: evidenceOf(need) })),
    ...build.map((need) => ({
      label: need.debianPackage,
      value: `${need.reason} (build only)`,
      evidence: evidenceOf(need),
    })),
    ...warnings.map((warning) => ({ label: 'note', value: warning, evidence: [] })),
  ];
}
