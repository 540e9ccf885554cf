import { firstPlace } from '../detection/evidence.ts';
import type { Evidence, ProjectFacts } from '../detection/facts.ts';
import { libraryEvidence, projectLibraries } from '../planning/project-libraries.ts';
import type { AnswerName } from './answers.ts';
import type { Choice } from './questions.ts';

/** One thing of the project that is not as it was at the last run. */
export interface DriftItem {
  sign: '+' | '-' | '~';
  /** What it is: `app`, `runtime library`, `Python`. */
  thing: string;
  /** The news, with what follows from it. */
  news: string;
  /** Where it was read; empty for what is gone. */
  evidence: readonly Evidence[];
}

/** What was detected at the last run, stored beside the answers; no values of the project's variables. */
export interface Detected {
  /** What each list offered, to tell what is new from what was left out. */
  offered: Partial<Record<AnswerName, string[]>>;
  /** What was detected for each question that follows the project. */
  defaults: Partial<Record<AnswerName, string>>;
  settingsModule: string;
  /** Names of the variables that have no default. */
  requiredVariables: string[];
  /** Debian packages that only the build needs. */
  buildLibraries: string[];
}

/** A stored list brought up to date with what the project has become. */
export interface ReconciledList {
  value: string[];
  added: string[];
  gone: string[];
}

export const isStringList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/**
 * Brings a stored list up to date: what is newly needed is added, what was offered then and is not there any more
 * is dropped. What the user took away or added by hand stays as it is.
 * @param stored the stored answer
 * @param offered what the question offered when it was stored; not a list: nothing is known, so nothing changes
 * @param now what it offers today and what is ticked by default
 */
export function reconcile(
  stored: readonly string[],
  offered: unknown,
  now: { choices: readonly Choice[]; defaults: readonly string[] },
): ReconciledList {
  if (!isStringList(offered)) return { value: [...new Set(stored)], added: [], gone: [] };
  const available = new Set(now.choices.map((choice) => choice.value));
  const gone = stored.filter((item) => !available.has(item) && offered.includes(item));
  const added = now.defaults.filter((item) => !offered.includes(item) && !stored.includes(item));
  const kept = stored.filter((item) => !gone.includes(item));
  return { value: [...new Set([...kept, ...added])], added, gone };
}

/** The news of a list, in words. `why` says what it means that an entry is gone. */
export function listDrift(
  thing: string,
  why: string,
  { added, gone }: ReconciledList,
  choices: readonly Choice[],
): DriftItem[] {
  const choiceOf = (item: string): Choice | undefined => choices.find((choice) => choice.value === item);
  return [
    ...added.map((item): DriftItem => {
      const { reason = '', evidence = [] } = choiceOf(item) ?? {};
      const saysWhere = reason.includes(firstPlace(evidence));
      return {
        sign: '+',
        thing,
        news: reason === '' ? item : `${item}: ${reason}`,
        evidence: saysWhere ? [] : evidence,
      };
    }),
    ...gone.map((item): DriftItem => ({ sign: '-', thing, news: `${item}: ${why}`, evidence: [] })),
  ];
}

/**
 * What changed in the project that no question is about.
 * @param before what was detected at the last run; untrusted, what is odd is taken as unknown
 * @param now what is detected today
 * @param pythonVersion the answered one, which decides the Debian release
 */
export function projectDrift(
  facts: ProjectFacts,
  before: Partial<Record<keyof Detected, unknown>>,
  now: Detected,
  pythonVersion: string,
): DriftItem[] {
  const items: DriftItem[] = [];
  const { settingsModule, requiredVariables: variables, buildLibraries } = before;
  if (typeof settingsModule === 'string' && settingsModule !== now.settingsModule) {
    items.push({
      sign: '~',
      thing: 'settings module',
      news: `${now.settingsModule}, was ${settingsModule}`,
      evidence: facts.settingsModule.evidence,
    });
  }
  if (isStringList(variables)) {
    for (const name of now.requiredVariables.filter((item) => !variables.includes(item))) {
      const set = facts.existing.envNames.includes(name);
      items.push({
        sign: '+',
        thing: 'variable',
        news: `${name} has no default${set ? '' : ': set it in .env'}`,
        evidence: facts.variables.find((variable) => variable.name === name)?.evidence ?? [],
      });
    }
  }
  if (isStringList(buildLibraries)) {
    const needs = projectLibraries(facts, pythonVersion).build;
    for (const need of needs.filter(({ debianPackage }) => !buildLibraries.includes(debianPackage))) {
      items.push({
        sign: '+',
        thing: 'build library',
        news: `${need.debianPackage}: ${need.reason}`,
        evidence: libraryEvidence(facts, need),
      });
    }
    for (const name of buildLibraries.filter((item) => !now.buildLibraries.includes(item)))
      items.push({
        sign: '-',
        thing: 'build library',
        news: `${name}: nothing is compiled with it`,
        evidence: [],
      });
  }
  return items;
}

/** Names of the variables that must be set, for the settings to be imported or to be accepted. */
export function requiredVariables(facts: ProjectFacts): string[] {
  return facts.variables
    .filter(({ required, demanded }) => required || demanded === true)
    .map(({ name }) => name);
}
