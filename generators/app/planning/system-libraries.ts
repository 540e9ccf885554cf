import { satisfies } from '@renovatebot/pep440';
import { markerMayApply } from '../detection/dependencies/markers.ts';
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
  /** Releases of Debian that have no package for it any more, and what to do. */
  removed?: Partial<Record<DebianRelease, string>>;
  note?: string;
  source: string;
}

/** A row for a part of Django instead of a package: `django.contrib.gis`. */
export type FeatureRow = Omit<SystemLibraryRow, 'pypi' | 'aliases' | 'versions' | 'providedBy'> & {
  feature: string;
};

/** A Debian package and who needs it. */
export interface LibraryNeed {
  debianPackage: string;
  /** PyPI names, sorted. */
  neededBy: string[];
  loaded: SystemLibraryRow['loaded'];
  /** One phrase for the user: `linked by pyodbc`, `opened at run time by python-magic`. */
  reason: string;
}

/** What is known beyond the requirements themselves. */
export interface LibraryContext {
  /** Dotted modules and apps that the project uses; `django.contrib.gis` needs libraries although Django does not. */
  modules?: readonly string[];
  /** PyPI names of which the lock file lists files: whether the image's Python gets a wheel. */
  wheels?: ReadonlyMap<string, boolean>;
  /** PyPI names of pinned releases that are known to have a compiled extension. */
  extensions?: ReadonlySet<string>;
}

/** All rows of the table. */
export function systemLibraryRows(): SystemLibraryRow[] {
  return readKnowledge<{ packages: SystemLibraryRow[] }>('system-libraries').packages;
}

/** The release that is installed, as far as the specifier tells: the pinned one, the oldest below a bound, else the newest. */
function releaseOf({ specifier }: Requirement): string {
  const clauses = specifier.split(',').map((clause) => /^(===?|~=|>=|<=?)\s*(\d[^*\s]*)/.exec(clause.trim()));
  const versionOf = (...operators: string[]): string | undefined =>
    clauses.find((clause) => operators.includes(clause?.[1] ?? ''))?.[2];
  const below = versionOf('<', '<=');
  return versionOf('==', '===', '~=') ?? (below === undefined ? NEWEST : (versionOf('>=') ?? '0'));
}

/** Later than any release; no range of the table with an upper bound includes it. */
const NEWEST = '99999';

/** The rows of a requirement, under its own name or that of one of its extras. */
function rowsOf(requirement: Requirement): SystemLibraryRow[] {
  const names = new Set([
    requirement.name,
    ...requirement.extras.map((extra) => `${requirement.name}[${extra}]`),
  ]);
  return systemLibraryRows().filter(
    (row) =>
      (names.has(row.pypi) || row.aliases?.some((alias) => names.has(alias))) &&
      (row.versions === undefined || satisfies(releaseOf(requirement), row.versions)),
  );
}

type AnyRow = Pick<
  SystemLibraryRow,
  'loaded' | 'wheels' | 'wheelNeedsRuntime' | 'runtime' | 'build' | 'removed'
>;

/** Every row that applies, with the requirement or the feature which it applies to. */
function applyingRows(
  requirements: readonly Requirement[],
  context: LibraryContext,
): { row: AnyRow; name: string }[] {
  const used = requirements.filter((requirement) => markerMayApply(requirement.marker));
  const present = new Set(
    used.flatMap(({ name, extras }) => [name, ...extras.map((extra) => `${name}[${extra}]`)]),
  );
  const ofPackages = used.flatMap((requirement) =>
    rowsOf(requirement)
      .filter((row) => !row.providedBy?.some((name) => present.has(name)))
      .map((row) => ({ row, name: requirement.name })),
  );
  const ofFeatures = readKnowledge<{ features: FeatureRow[] }>('system-libraries')
    .features.filter(({ feature }) =>
      context.modules?.some((module) => module === feature || module.startsWith(`${feature}.`)),
    )
    .map((row) => ({ row, name: row.feature }));
  return [...ofPackages, ...ofFeatures];
}

function needs(
  requirements: readonly Requirement[],
  context: LibraryContext,
  packagesOf: (row: AnyRow, name: string) => string[],
  reasonOf: (loaded: SystemLibraryRow['loaded'], names: string) => string,
  more: readonly { row: AnyRow; name: string }[] = [],
): LibraryNeed[] {
  const found = new Map<string, { neededBy: Set<string>; loaded: SystemLibraryRow['loaded'] }>();
  for (const { row, name } of [...applyingRows(requirements, context), ...more]) {
    for (const debianPackage of packagesOf(row, name)) {
      const need = found.get(debianPackage) ?? { neededBy: new Set(), loaded: row.loaded };
      need.neededBy.add(name);
      found.set(debianPackage, need);
    }
  }
  return [...found]
    .map(([debianPackage, { neededBy, loaded }]) => {
      const names = [...neededBy].toSorted();
      return { debianPackage, neededBy: names, loaded, reason: reasonOf(loaded, names.join(', ')) };
    })
    .toSorted((a, b) => (a.debianPackage < b.debianPackage ? -1 : 1));
}

/** Whether it is compiled in the image: the lock file names no wheel for it, or, where there is no lock, nobody makes one. */
function isCompiled(row: AnyRow, name: string, context: LibraryContext): boolean {
  const wheel = context.wheels?.get(name);
  return wheel === undefined ? row.wheels !== 'yes' : !wheel;
}

function runtimeReason(loaded: SystemLibraryRow['loaded'], names: string): string {
  if (loaded === 'program') return `program that ${names} calls`;
  return loaded === 'dlopen' ? `opened at run time by ${names}` : `linked by ${names}`;
}

/**
 * Debian packages that the requirements need at run time.
 * @param requirements production requirements, transitive ones too where a lock tells
 * @param release of the base image
 */
export function runtimeLibrariesFor(
  requirements: readonly Requirement[],
  release: DebianRelease,
  context: LibraryContext = {},
): LibraryNeed[] {
  const packagesOf = (row: AnyRow, name: string): string[] => {
    if (row.loaded === 'bundled' || row.loaded === 'none') return [];
    return row.wheelNeedsRuntime || isCompiled(row, name, context) ? row.runtime[release] : [];
  };
  return needs(requirements, context, packagesOf, runtimeReason);
}

/**
 * Debian packages that compile what has no wheel.
 * @param requirements production requirements
 * @param release of the base image
 */
export function buildLibrariesFor(
  requirements: readonly Requirement[],
  release: DebianRelease,
  context: LibraryContext = {},
): LibraryNeed[] {
  const packagesOf = (row: AnyRow, name: string): string[] =>
    isCompiled(row, name, context) ? row.build[release] : [];
  return needs(
    requirements,
    context,
    packagesOf,
    (_, names) => `compiles ${names}`,
    unknownCompiled(requirements, context),
  );
}

/** What compiles a C extension that links to nothing else. */
const COMPILER = ['gcc', 'libc6-dev'];

/** Packages of no row that must be compiled all the same: they have wheels, none of them for this image. */
function unknownCompiled(
  requirements: readonly Requirement[],
  context: LibraryContext,
): { row: AnyRow; name: string }[] {
  const known = new Set(applyingRows(requirements, context).map(({ name }) => name));
  const row: AnyRow = {
    loaded: 'none',
    wheels: 'no',
    wheelNeedsRuntime: false,
    runtime: { bookworm: [], trixie: [] },
    build: { bookworm: COMPILER, trixie: COMPILER },
  };
  return requirements
    .filter(
      ({ name, wheelFiles, compiled, marker }) =>
        context.wheels?.get(name) === false &&
        // A lock with a source archive only says nothing of what is inside: uv leaves out the wheels for other Pythons.
        (wheelFiles === undefined || compiled === true || context.extensions?.has(name) === true) &&
        !known.has(name) &&
        markerMayApply(marker),
    )
    .map(({ name }) => ({ row, name }));
}

/** Warnings for requirements whose library this release of Debian has no more. */
export function removedLibraries(requirements: readonly Requirement[], release: DebianRelease): string[] {
  return applyingRows(requirements, {}).flatMap(({ row, name }) => {
    const advice = row.removed?.[release];
    return advice === undefined ? [] : [`${name}: ${advice}`];
  });
}

/** Wheels for glibc (slim) or for musl (Alpine): https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/ */
export type PlatformTag = 'manylinux' | 'musllinux';

/**
 * Whether one of the files that a lock lists is a wheel which the image can install.
 * @param fileNames wheels and archives of one package
 * @param pythonVersion minor release, `3.12`
 */
export function hasLinuxWheel(
  fileNames: readonly string[],
  pythonVersion: string,
  architecture = 'x86_64',
  platformTag: PlatformTag = 'manylinux',
): boolean {
  const minor = Number(pythonVersion.split('.')[1]);
  return fileNames.some((fileName) => {
    const [python = '', abi = '', platform = ''] = fileName
      .replace(/\.whl$/, '')
      .split('-')
      .slice(-3);
    if (!fileName.endsWith('.whl')) return false;
    const fitsPlatform =
      platform === 'any' || (platform.includes(platformTag) && platform.includes(architecture));
    const fitsPython = python.split('.').some((tag) => {
      if (tag === 'py3' || tag === `py3${minor}` || tag === `cp3${minor}`) return !abi.endsWith('t');
      // abi3, and py3X of what is not tied to CPython: this release and every later one.
      const oldest = (abi.includes('abi3') ? /^cp3(\d+)$/ : /^py3(\d+)$/).exec(tag)?.[1];
      return oldest !== undefined && Number(oldest) <= minor;
    });
    return fitsPlatform && fitsPython;
  });
}

/** Processors that images are built for: a lock's wheel for one of them alone says nothing of the other. */
const ARCHITECTURES = ['x86_64', 'aarch64'];

/**
 * Of which requirements the lock lists wheels for the image's Python, on every processor, and of which on none.
 * @param requirements of a lock file; others say nothing
 * @param pythonVersion minor release, `3.12`
 */
export function lockedWheels(
  requirements: readonly Requirement[],
  pythonVersion: string,
  platformTag: PlatformTag = 'manylinux',
): ReadonlyMap<string, boolean> {
  const known = new Map<string, boolean>();
  for (const { name, wheelFiles, url } of requirements) {
    if (wheelFiles === undefined || url !== null) continue;
    const fits = ARCHITECTURES.map((processor) =>
      hasLinuxWheel(wheelFiles, pythonVersion, processor, platformTag),
    );
    if (fits.every((fit) => fit === fits[0])) known.set(name, fits[0] === true);
  }
  return known;
}

/** Whether a requirement comes from a Git repository, so that the builder needs git. */
export function gitNeeded(requirements: readonly Requirement[]): boolean {
  return requirements.some((requirement) => requirement.url?.startsWith('git+') === true);
}
