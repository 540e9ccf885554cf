import { satisfies } from '@renovatebot/pep440';
import { firstPlace } from '../detection/evidence.ts';
import type { ProjectFacts } from '../detection/facts.ts';
import { pythonReleases } from './base-image.ts';
import { readKnowledge } from './knowledge.ts';

/** The release taken where nothing says otherwise: wheels exist for nearly every package. */
const USUAL_VERSION = '3.12';

/** Minor releases that have an official slim image and that Django runs on, newest first. */
export function supportedPythonVersions(): string[] {
  return pythonReleases()
    .filter((release) => release.slimImages.length > 0)
    .map((release) => release.version)
    .toSorted(byVersionDescending);
}

function byVersionDescending(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true });
}

/** Python releases that this Django series supports, by `knowledge/django-versions.json`; null when the series is not in the table. */
function pythonsOfDjango(djangoVersion: string): string[] | null {
  const table = readKnowledge<{ versions: { series: string; python: string[] }[] }>(
    'django-versions',
  ).versions;
  const series = djangoVersion.split('.').slice(0, 2).join('.');
  return table.find((row) => row.series === series)?.python ?? null;
}

/**
 * The Python release to offer first and the reason: the stated one, else the best that the stated range and
 * Django's own table of versions allow.
 * @param facts what detection found
 */
export function defaultPythonVersion(facts: ProjectFacts): { version: string; reason: string } {
  const supported = supportedPythonVersions();
  const { pythonVersion, pythonConstraint, djangoVersion } = facts;
  const constraint = pythonConstraint?.value ?? '';
  const allowed = (version: string): boolean => constraint === '' || satisfies(`${version}.99`, constraint);
  if (pythonVersion && supported.includes(pythonVersion.value)) {
    return { version: pythonVersion.value, reason: `stated in ${firstPlace(pythonVersion.evidence)}` };
  }
  const ofDjango = djangoVersion ? pythonsOfDjango(djangoVersion.value) : null;
  const candidates = supported.filter(
    (version) => allowed(version) && (ofDjango === null || ofDjango.includes(version)),
  );
  const usable = candidates.length > 0 ? candidates : supported.filter(allowed);
  // The nearest to the usual one: the oldest of newer releases, else the newest of older ones.
  const newer = usable.filter((candidate) => byVersionDescending(candidate, USUAL_VERSION) < 0);
  const version = usable.includes(USUAL_VERSION)
    ? USUAL_VERSION
    : (newer.at(-1) ?? usable[0] ?? USUAL_VERSION);
  if (pythonConstraint)
    return { version, reason: `${constraint} in ${firstPlace(pythonConstraint.evidence)}` };
  if (djangoVersion && ofDjango) return { version, reason: `supported by Django ${djangoVersion.value}` };
  return { version, reason: 'nothing states a version; most packages have wheels for it' };
}
