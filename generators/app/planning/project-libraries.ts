import { markerMayApply } from '../detection/dependencies/markers.ts';
import type { Base } from '../answers/answers.ts';
import type { Evidence, ProjectFacts, Requirement } from '../detection/facts.ts';
import { withoutMuslWheel } from './alpine.ts';
import { debianReleaseFor } from './base-image.ts';
import { hasExtension, objectionsTo } from './package-pythons.ts';
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
  /** What the development requirements need beyond `build` to be compiled. */
  developmentBuild: LibraryNeed[];
  /** What this Debian release has no more. */
  warnings: string[];
}

/**
 * Of which requirements there is a wheel for this Python, as far as a lock file or a pin tells.
 * @param pythonVersion minor release, `3.12`
 */
function availableWheels(
  requirements: readonly Requirement[],
  pythonVersion: string,
  base: Base,
): ReadonlyMap<string, boolean> {
  if (base === 'alpine') {
    const forGlibcOnly = withoutMuslWheel(requirements).map((name) => [name, false] as const);
    return new Map([...forGlibcOnly, ...lockedWheels(requirements, pythonVersion, 'musllinux')]);
  }
  const compiled = objectionsTo(requirements, pythonVersion)
    .filter(({ fit }) => fit === 2)
    .map(({ requirement }) => [requirement.name, false] as const);
  return new Map([...lockedWheels(requirements, pythonVersion), ...compiled]);
}

const namesWithExtension = (requirements: readonly Requirement[]): ReadonlySet<string> =>
  new Set(
    requirements
      .filter((requirement) => markerMayApply(requirement.marker) && hasExtension(requirement))
      .map(({ name }) => name),
  );

/**
 * Looks the project's requirements up in the table of system libraries.
 * @param facts what detection found
 * @param pythonVersion minor release, which decides the Debian release
 * @param base what the image stands on: Alpine has other wheels
 */
export function projectLibraries(
  facts: ProjectFacts,
  pythonVersion: string,
  base: Base = 'slim',
): ProjectLibraries {
  const { production, development } = facts.dependencies;
  const release = debianReleaseFor(pythonVersion);
  // GeoDjango needs libraries that Django itself does not.
  const context = {
    modules: [...facts.importedModules, ...facts.thirdPartyApps],
    wheels: availableWheels(production, pythonVersion, base),
    extensions: namesWithExtension(production),
  };
  const build = buildLibrariesFor(production, release, context);
  const forDevelopment = buildLibrariesFor(development, release, {
    wheels: availableWheels(development, pythonVersion, base),
    extensions: namesWithExtension(development),
  });
  const present = new Set(build.map((need) => need.debianPackage));
  return {
    runtime: runtimeLibrariesFor(production, release, context),
    build,
    developmentBuild: forDevelopment.filter((need) => !present.has(need.debianPackage)),
    warnings: removedLibraries(production, release),
  };
}

/** Where what needs a library is required. */
export function libraryEvidence(facts: ProjectFacts, need: LibraryNeed): Evidence[] {
  return facts.dependencies.production
    .filter((item) => need.neededBy.includes(item.name))
    .map((item) => item.evidence);
}

/** The rows of `--detect`: Debian package, what needs it, and where that is required. */
export function libraryRows(
  facts: ProjectFacts,
  { runtime, build, warnings }: ProjectLibraries,
): { label: string; value: string; evidence: Evidence[] }[] {
  return [
    ...runtime.map((need) => ({
      label: need.debianPackage,
      value: need.reason,
      evidence: libraryEvidence(facts, need),
    })),
    ...build.map((need) => ({
      label: need.debianPackage,
      value: `${need.reason} (build only)`,
      evidence: libraryEvidence(facts, need),
    })),
    ...warnings.map((warning) => ({ label: 'note', value: warning, evidence: [] })),
  ];
}
