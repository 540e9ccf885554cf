import { compare } from '@renovatebot/pep440';
import { admitsPython } from '../detection/dependencies/python-version.ts';
import { firstPlace, placeOfEvidence } from '../detection/evidence.ts';
import type { Evidence, Fact, ProjectFacts } from '../detection/facts.ts';
import { pythonReleases, unsupportedPythons } from './base-image.ts';
import { readKnowledge } from './knowledge.ts';
import { minorRange, objectionsTo, type Fit, type Objection } from './package-pythons.ts';

/** The release taken where nothing says otherwise: wheels exist for nearly every package. */
const USUAL_VERSION = '3.12';

/** One row of `knowledge/django-versions.json`. */
interface DjangoSeries {
  series: string;
  python: string[];
  /** The patch release that added support for one of them. */
  since?: Record<string, string>;
}

/** The facts that decide. */
export type PythonFacts = Pick<
  ProjectFacts,
  'statedPythonVersions' | 'pythonConstraint' | 'djangoVersion' | 'dependencies'
>;

/** The Python release of the image. */
export interface PythonChoice {
  version: string;
  /** One phrase for the prompt: `stated in .python-version:1`. */
  reason: string;
  /** What the user should know: contradictions with both places, the end of life. */
  notes: string[];
}

/** What speaks against one Python release. */
interface Assessment {
  version: string;
  fit: Fit;
  /** Django's own table lists it. */
  ofDjango: boolean;
  /** The first two reasons with their places. */
  reasons: string;
}

/** Minor releases that have an official slim image and that Django runs on, newest first. */
export function supportedPythonVersions(): string[] {
  return pythonReleases()
    .filter((release) => release.slimImages.length > 0)
    .map((release) => release.version)
    .toSorted(byVersionDescending);
}

function byVersionDescending(a: string, b: string): number {
  return compare(b, a);
}

/** Python releases that this Django series supports, by `knowledge/django-versions.json`; null when the series is not in the table. */
function pythonsOfDjango(facts: PythonFacts): string[] | null {
  if (!facts.djangoVersion) return null;
  const table = readKnowledge<{ versions: DjangoSeries[] }>('django-versions').versions;
  const { value } = facts.djangoVersion;
  const series = value.split('.').slice(0, 2).join('.');
  const row = table.find((item) => item.series === series);
  if (!row) return null;
  // Without a patch release the newest one is installed.
  const pinned = value !== series;
  return row.python.filter((python) => {
    const since = row.since?.[python];
    return since === undefined || !pinned || compare(value, since) >= 0;
  });
}

function assess(facts: PythonFacts, version: string): Assessment {
  const { pythonConstraint: constraint, dependencies } = facts;
  const outside = constraint !== null && !admitsPython(constraint.value, version);
  const objections = objectionsTo(dependencies.production, version);
  const fit = outside ? 3 : (objections[0]?.fit ?? 0);
  const worst = objections.filter((objection) => objection.fit === fit).map(objectionText);
  const reasons = [
    ...(outside ? [`${firstPlace(constraint.evidence)} demands ${constraint.value}`] : []),
    ...worst,
  ];
  const more = reasons.length > 2 ? ` and ${reasons.length - 2} more` : '';
  return {
    version,
    fit,
    ofDjango: pythonsOfDjango(facts)?.includes(version) ?? true,
    reasons: reasons.slice(0, 2).join(', ') + more,
  };
}

function objectionText({ requirement, reason }: Objection): string {
  return `${requirement.name}${requirement.specifier} (${placeOfEvidence(requirement.evidence)}) ${reason}`;
}

/**
 * The Python release to offer first. A stated one is taken unless a requirement does not install with it, or would
 * have to be compiled while another release has wheels for all; then the nearest that fits. Places that contradict
 * each other: the one that fits best, then the more explicit one. Nothing stated: the usual one, or the nearest to it
 * that Django, requires-python and the requirements allow.
 * @param facts what detection found
 */
export function choosePython(facts: PythonFacts): PythonChoice {
  const assessments = supportedPythonVersions().map((version) => assess(facts, version));
  const choice =
    facts.statedPythonVersions.length > 0
      ? statedPython(assessments, facts.statedPythonVersions)
      : inferredPython(facts, assessments);
  return { ...choice, notes: [...choice.notes, ...generalNotes(facts, choice.version)] };
}

/** Version and reason alone: see choosePython. */
export function defaultPythonVersion(facts: PythonFacts): { version: string; reason: string } {
  return choosePython(facts);
}

/** The rows of `--detect`. */
export function pythonRows(choice: PythonChoice): { label: string; value: string; evidence: Evidence[] }[] {
  return [
    { label: choice.version, value: choice.reason, evidence: [] },
    ...choice.notes.map((note) => ({ label: '!', value: note, evidence: [] })),
  ];
}

/**
 * What the user should know about the Python release of the answers.
 * @param version the answered one, which may not be the one offered
 */
export function pythonNotes(facts: PythonFacts, version: string): string[] {
  const choice = choosePython(facts);
  if (version === choice.version) return choice.notes;
  const { fit, reasons } = assess(facts, version);
  const consequence = fit === 2 ? 'the build will fail' : 'it has to be compiled, which needs its libraries';
  return [
    ...(fit === 0
      ? []
      : [`Python ${version} was chosen, but ${reasons}: ${consequence}. ${choice.version} fits better.`]),
    ...generalNotes(facts, version),
  ];
}

function statedPython(assessments: readonly Assessment[], stated: readonly Fact<string>[]): PythonChoice {
  const candidates = stated.flatMap((fact) => {
    const assessment = assessments.find((item) => item.version === fact.value);
    return assessment ? [{ fact, assessment }] : [];
  });
  // Stable: of those that fit equally well the more explicit place comes first.
  const [best] = candidates.toSorted((a, b) => hindrance(a.assessment) - hindrance(b.assessment));
  const places = stated.map((fact) => `${firstPlace(fact.evidence)} says ${fact.value}`).join(', ');
  const target = stated[0]?.value ?? USUAL_VERSION;
  const nearest = nearestTo(best?.fact.value ?? target, assessments);
  if (!best) {
    return {
      version: nearest.version,
      reason: `nearest to ${target} in ${firstPlace(stated[0]?.evidence ?? [])}`,
      notes: [
        `${places}, but ${withoutImage(target)}: ${nearest.version} is taken. Try the project with it.`,
      ],
    };
  }
  const { fact, assessment } = best;
  if (hindrance(assessment) > hindrance(nearest)) {
    return {
      version: nearest.version,
      reason: assessment.reasons,
      notes: [`${places}, but ${assessment.reasons}: ${nearest.version} is taken`],
    };
  }
  const notes: string[] = [];
  const rejected = candidates.find((item) => hindrance(item.assessment) > hindrance(assessment))?.assessment;
  if (rejected) notes.push(`${places}, but ${rejected.reasons}: ${fact.value} is taken`);
  else if (stated.length > 1)
    notes.push(`${places}: ${fact.value} is taken, as the more explicit place says`);
  if (hindrance(assessment) > 0) {
    notes.push(
      `Python ${fact.value} (${firstPlace(fact.evidence)}) is taken, although ${assessment.reasons}: no other release fits better. Correct the one or the other.`,
    );
  }
  return { version: fact.value, reason: `stated in ${firstPlace(fact.evidence)}`, notes };
}

/** What speaks against a stated release: that something is slower does not. */
function hindrance({ fit }: Assessment): number {
  return fit < 2 ? 0 : fit;
}

function distance(a: string, b: string): number {
  return Math.abs(Number(a.split('.')[1]) - Number(b.split('.')[1]));
}

/** The best fit, of those one of Django's table where the release is one too, then the nearest, else the newer one. */
function nearestTo(target: string, assessments: readonly Assessment[]): Assessment {
  // A release that Django does not list was chosen by the project all the same.
  const beyondDjango = assessments.some((item) => item.version === target && !item.ofDjango);
  const sorted = assessments.toSorted(
    (a, b) =>
      a.fit - b.fit ||
      (beyondDjango ? 0 : Number(b.ofDjango) - Number(a.ofDjango)) ||
      distance(a.version, target) - distance(b.version, target) ||
      byVersionDescending(a.version, b.version),
  );
  const [first] = sorted;
  if (!first) throw new Error('knowledge/python-versions.json lists no image');
  return first;
}

function inferredPython(facts: PythonFacts, assessments: readonly Assessment[]): PythonChoice {
  const { pythonConstraint, djangoVersion } = facts;
  const least = Math.min(...assessments.map(hindrance));
  const fitting = assessments.filter((item) => hindrance(item) === least);
  const ofDjango = fitting.filter((item) => item.ofDjango);
  const usable = (ofDjango.length > 0 ? ofDjango : fitting).map((item) => item.version);
  // A Django that is older than everything that is built: the nearest to what it was made for.
  const target = ofDjango.length > 0 ? USUAL_VERSION : (pythonsOfDjango(facts)?.at(-1) ?? USUAL_VERSION);
  // The nearest to it: the oldest of newer releases, else the newest of older ones.
  const newer = usable.filter((candidate) => byVersionDescending(candidate, target) < 0);
  const version = usable.includes(target) ? target : (newer.at(-1) ?? usable[0] ?? target);
  const usual = assessments.find((item) => item.version === USUAL_VERSION);
  const taken = assessments.find((item) => item.version === version);
  const notes =
    least > 0 ? [`No Python fits everything: ${version} is taken, although ${taken?.reasons ?? ''}`] : [];
  const reason = ((): string => {
    if (version !== USUAL_VERSION && usual && hindrance(usual) > least) return usual.reasons;
    if (pythonConstraint) return `${pythonConstraint.value} in ${firstPlace(pythonConstraint.evidence)}`;
    if (djangoVersion && pythonsOfDjango(facts)) return `supported by Django ${djangoVersion.value}`;
    return 'nothing states a version; most packages have wheels for it';
  })();
  return { version, reason, notes };
}

/** Why a stated release is not built: `Python 3.7 …`. */
function withoutImage(version: string): string {
  const known = unsupportedPythons().find((row) => row.version === version);
  return known
    ? `Python ${version} is not supported: ${known.reason}`
    : `Python ${version} has no base image`;
}

/** The end of life, and a Django that was not released for this Python. */
function generalNotes(facts: PythonFacts, version: string): string[] {
  const notes: string[] = [];
  const release = pythonReleases().find((row) => row.version === version);
  if (release?.status === 'end-of-life') {
    notes.push(
      `Python ${version} is past its end of life (${release.endOfLife}): the image is built, and neither Python nor its base image gets fixes any more. Plan to move to a newer release.`,
    );
  }
  const pythons = pythonsOfDjango(facts);
  if (facts.djangoVersion && pythons && !pythons.includes(version)) {
    const django = `Django ${facts.djangoVersion.value} (${firstPlace(facts.djangoVersion.evidence)})`;
    const oldest = !pythons.some((python) => supportedPythonVersions().includes(python));
    notes.push(
      oldest
        ? `${django} was made for Python ${minorRange(pythons)}, which have no image that is built here: ${version} is taken and may not start it. Update Django to 2.2 or later first.`
        : `${django} was made for Python ${minorRange(pythons)}, not for ${version}. Try it, or say --python-version.`,
    );
  }
  return notes;
}
