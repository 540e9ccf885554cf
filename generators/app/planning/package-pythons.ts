import { satisfies } from '@renovatebot/pep440';
import { markerMayApply } from '../detection/dependencies/markers.ts';
import { pinnedVersion } from '../detection/dependencies/pep508.ts';
import type { Requirement } from '../detection/facts.ts';
import { readKnowledge } from './knowledge.ts';
import { hasLinuxWheel } from './system-libraries.ts';

/**
 * One row of `knowledge/package-python-versions.json`: first release, last release, Python releases with a wheel for
 * Linux (`3.8-3.11`; `any`: one wheel for all; `''`: none), Requires-Python, `sdist` where there is a source archive.
 */
export type ReleaseRow = [first: string, last: string, wheels: string, python: string, archive: string];

/** One row of `knowledge/python-incompatibilities.json`: releases that install and do not run. */
export interface IncompatibilityRow {
  pypi: string;
  /** PEP 440 range of the package's releases. */
  versions: string;
  /** PEP 440 range of the Python releases. */
  python: string;
  /** Completes «NAME …». */
  reason: string;
  source: string;
}

/**
 * How well something goes with a Python release: 0 installs from a wheel, 1 installs as pure Python and is slower,
 * 2 must be compiled although other releases have a wheel, 3 does not install or does not run.
 */
export type Fit = 0 | 1 | 2 | 3;

/** What a requirement has against a Python release. */
export interface Objection {
  fit: Fit;
  requirement: Requirement;
  /** Completes «numpy==1.24.3 (requirements.txt:8) …»: `has wheels for 3.8-3.11 only`. */
  reason: string;
}

/** The Python releases that the tables tell about. */
export const TABLE_MINORS: readonly string[] = Array.from({ length: 11 }, (_, index) => `3.${index + 5}`);

const minorOf = (version: string): number => Number(version.split('.')[1]);

function follows(version: string, earlier: string): boolean {
  return version.split('.')[0] === earlier.split('.')[0] && minorOf(version) === minorOf(earlier) + 1;
}

/** `['3.8', '3.9', '3.10', '3.13']` → `3.8-3.10, 3.13`. */
export function minorRange(versions: readonly string[]): string {
  const runs: string[][] = [];
  for (const version of versions) {
    const run = runs.at(-1);
    if (run && follows(version, run.at(-1) ?? '')) run.push(version);
    else runs.push([version]);
  }
  return runs.map((run) => (run.length === 1 ? run[0] : `${run[0]}-${run.at(-1)}`)).join(', ');
}

/** Whether a text of `minorRange` holds a release. */
export function inMinorRange(range: string, version: string): boolean {
  return range.split(', ').some((run) => {
    const [first = '', last = first] = run.split('-');
    return first !== '' && minorOf(first) <= minorOf(version) && minorOf(version) <= minorOf(last);
  });
}

function admits(specifiers: string, version: string): boolean {
  return specifiers === '' || satisfies(`${version}.99`, specifiers);
}

/** Each Python release asks for the rows of every requirement, and comparing releases takes its time. */
const knownRows = new WeakMap<Requirement, ReleaseRow[]>();

/** The rows whose releases a requirement may install, newest first; none when the table does not tell. */
function rowsFor(requirement: Requirement): ReleaseRow[] {
  const rows = knownRows.get(requirement) ?? findRows(requirement);
  knownRows.set(requirement, rows);
  return rows;
}

function findRows(requirement: Requirement): ReleaseRow[] {
  const { packages } = readKnowledge<{ packages: Record<string, ReleaseRow[]> }>('package-python-versions');
  const rows = packages[requirement.name] ?? [];
  const pinned = pinnedVersion(requirement.specifier);
  if (pinned !== null) return rows.filter(([first, last]) => satisfies(pinned, `>=${first},<=${last}`));
  // An open range takes what will be released tomorrow, which may fit better.
  if (!/(^|,)(<|~=|==)/.test(requirement.specifier)) return [];
  return rows
    .filter(([first, last]) => [first, last].some((version) => satisfies(version, requirement.specifier)))
    .toReversed();
}

function incompatibility(requirement: Requirement, python: string): IncompatibilityRow | undefined {
  const pinned = pinnedVersion(requirement.specifier);
  if (pinned === null) return undefined;
  return readKnowledge<{ packages: IncompatibilityRow[] }>('python-incompatibilities').packages.find(
    (row) =>
      row.pypi === requirement.name &&
      satisfies(pinned, row.versions) &&
      satisfies(`${python}.99`, row.python),
  );
}

/** Whether a package's extension is optional: without a compiler it installs as pure Python. */
function hasOptionalExtension(requirement: Requirement): boolean {
  const pinned = pinnedVersion(requirement.specifier);
  return readKnowledge<{ optionalExtensions: { packages: { pypi: string; versions?: string }[] } }>(
    'python-incompatibilities',
  ).optionalExtensions.packages.some(
    ({ pypi, versions }) =>
      pypi === requirement.name &&
      (versions === undefined || (pinned !== null && satisfies(pinned, versions))),
  );
}

/**
 * Whether a pinned release has an extension that must be compiled where no wheel fits: its wheels are for single
 * Pythons, as far as the table knows it.
 */
export function hasExtension(requirement: Requirement): boolean {
  const pinned = pinnedVersion(requirement.specifier) !== null;
  return (
    pinned &&
    rowsFor(requirement).some(([, , wheels]) => wheels !== '' && wheels !== 'any') &&
    !hasOptionalExtension(requirement)
  );
}

/** What a single requirement has against a Python release; null when nothing. */
function objectionOf(requirement: Requirement, python: string): Objection | null {
  if (requirement.url !== null) return null;
  const broken = incompatibility(requirement, python);
  if (broken) return { fit: 3, requirement, reason: broken.reason };
  const rows = rowsFor(requirement);
  // pip and uv take the newest release that Requires-Python admits, wheel or not.
  const row = rows.find((item) => admits(item[3], python));
  const [newest] = rows;
  if (newest && !row) return { fit: 3, requirement, reason: `needs Python ${newest[3]}` };
  const wheels = requirement.wheelFiles ? wheelsInLock(requirement.wheelFiles) : (row?.[2] ?? '');
  if (wheels === '' || wheels === 'any' || inMinorRange(wheels, python)) return null;
  // Tensorflow and others publish no source at all.
  if (!requirement.wheelFiles && row?.[4] === '')
    return { fit: 3, requirement, reason: `exists for ${wheels} only` };
  const fit = hasOptionalExtension(requirement) ? 1 : 2;
  return { fit, requirement, reason: `has wheels for ${wheels} only` };
}

/** Wheels that a lock file names, as the table writes them. */
function wheelsInLock(fileNames: readonly string[]): string {
  return minorRange(TABLE_MINORS.filter((version) => hasLinuxWheel(fileNames, version)));
}

/**
 * What the requirements have against a Python release, the worst first.
 * @param requirements production requirements; of those with a marker only the ones that this Python installs count
 * @param python minor release, `3.12`
 */
export function objectionsTo(requirements: readonly Requirement[], python: string): Objection[] {
  const installed = requirements.filter((requirement) => markerMayApply(requirement.marker, { python }));
  const byName = Map.groupBy(installed, (requirement) => requirement.name);
  return [...byName.values()]
    .flatMap((same) => {
      // A lock may hold several releases for several Pythons; one of them is installed.
      const objections = same.map((requirement) => objectionOf(requirement, python));
      const [first] = objections;
      return first && objections.every((objection) => objection !== null) ? [first] : [];
    })
    .toSorted((a, b) => b.fit - a.fit);
}

/** One row of `setuptools` in `knowledge/python-incompatibilities.json`. */
export interface SetuptoolsRow {
  pypi: string;
  versions: string;
  python: string;
  /** What it imports: `pkg_resources`, or `distutils` where Python has it no more. */
  module: string;
  source: string;
}

/**
 * A pinned setuptools for packages that import `pkg_resources` or `distutils`: they do not say that they need it, or
 * the newest release has it no more.
 * @param requirements production requirements; a pinned setuptools among them is the project's own decision
 * @param python minor release of the image
 */
export function setuptoolsRequirement(
  requirements: readonly Requirement[],
  python: string,
): { line: string; reason: string } | null {
  const installed = requirements.filter((requirement) => markerMayApply(requirement.marker, { python }));
  if (installed.some(({ name, specifier }) => name === 'setuptools' && pinnedVersion(specifier) !== null))
    return null;
  const { setuptools } = readKnowledge<{
    setuptools: { requirements: { requirement: string; python: string }[]; packages: SetuptoolsRow[] };
  }>('python-incompatibilities');
  const line = setuptools.requirements.find((row) => satisfies(`${python}.99`, row.python))?.requirement;
  for (const requirement of installed) {
    const pinned = pinnedVersion(requirement.specifier);
    const row = setuptools.packages.find(
      (item) =>
        item.pypi === requirement.name &&
        pinned !== null &&
        satisfies(pinned, item.versions) &&
        satisfies(`${python}.99`, item.python),
    );
    if (row && line !== undefined)
      return { line, reason: `${row.module}, which ${requirement.name} ${pinned} imports` };
  }
  return null;
}
