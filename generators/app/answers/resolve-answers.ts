import type { ProjectFacts } from '../detection/facts.ts';
import { projectLibraries } from '../planning/project-libraries.ts';
import { AnswerError, type AnswerName, type Answers } from './answers.ts';
import {
  isStringList,
  listDrift,
  projectDrift,
  reconcile,
  requiredVariables,
  type Detected,
  type DriftItem,
} from './drift.ts';
import { QUESTION_LIST, isMeaningful, type Question, type QuestionContext } from './questions.ts';

/** How an answer was come by, for the report. `followed`: it was detected last time, and today it is another. */
export type AnswerOrigin = 'command line' | 'stored' | 'followed' | 'asked' | 'default';

export interface ResolvedAnswers {
  answers: Answers;
  origins: Record<AnswerName, AnswerOrigin>;
  /** What the user decided, by an option or against what was detected; the rest follows the project. */
  chosen: AnswerName[];
  /** To be stored: what the next run tells changes by. */
  detected: Detected;
  /** What changed in the project since the answers were stored. */
  drift: DriftItem[];
}

export interface AnswerSources {
  /** Texts of the options that were given, by question name. */
  commandLine: Partial<Record<AnswerName, unknown>>;
  /** Values of `.yo-rc.json`; untrusted, checked like any other. */
  stored: Partial<Record<AnswerName | 'chosen' | 'detected', unknown>>;
  /** Asks one question; absent when nothing may be asked (no terminal, `--defaults`). */
  ask?: (question: Question, context: QuestionContext, initial: unknown) => Promise<unknown>;
  /** Ask again what has a stored answer, which is then the initial value. */
  askAnswered: boolean;
  /** A stored value that is not allowed counts as none, because the question will be asked. */
  lenient?: boolean;
}

/** A stored answer, brought up to date. */
interface KnownAnswer {
  value: unknown;
  origin: 'stored' | 'followed';
  /** The project changed in what the question is about: it is asked again where one may ask. */
  affected: boolean;
  /** What of a list is new. */
  added: readonly string[];
  drift: DriftItem[];
}

/**
 * Answers every question of the table in order: command line → stored → asked → detected default. A stored answer
 * that the user did not decide follows the project.
 * @throws AnswerError for a value that is not allowed, naming the option or the stored name and what is allowed
 */
export async function resolveAnswers(facts: ProjectFacts, sources: AnswerSources): Promise<ResolvedAnswers> {
  const answers: Partial<Record<AnswerName, unknown>> = {};
  const origins: Partial<Record<AnswerName, AnswerOrigin>> = {};
  const offered: Detected['offered'] = {};
  const defaults: Detected['defaults'] = {};
  const drift: DriftItem[] = [];
  const chosen: AnswerName[] = [];
  const { chosen: chosenBefore } = sources.stored;
  const before = recordOf(sources.stored.detected);
  for (const question of QUESTION_LIST) {
    const { name } = question;
    const context: QuestionContext = { facts, answers: answers as Partial<Answers> };
    const byUser = isStringList(chosenBefore) && chosenBefore.includes(name);
    const known = knownAnswer(question, context, sources, byUser);
    if (known && sources.commandLine[name] === undefined) drift.push(...known.drift);
    const { value, origin } = await resolveOne(question, context, sources, known);
    answers[name] = value;
    origins[name] = origin;
    const detected = question.defaultValue(context);
    if (question.kind === 'checkbox') {
      offered[name] = (question.choices?.(context) ?? []).map((choice) => choice.value);
    } else if (question.follows !== undefined) {
      defaults[name] = String(detected);
    }
    if (!isMeaningful(question, context.answers)) continue;
    const decided = origin === 'asked' ? value !== detected : byUser && origin === 'stored';
    if (question.kind !== 'checkbox' && (decided || origin === 'command line')) chosen.push(name);
  }
  const resolved = answers as unknown as Answers;
  const detected: Detected = {
    offered,
    defaults,
    settingsModule: facts.settingsModule.value,
    requiredVariables: requiredVariables(facts),
    buildLibraries: projectLibraries(facts, resolved.pythonVersion).build.map((need) => need.debianPackage),
  };
  return {
    answers: resolved,
    origins: origins as Record<AnswerName, AnswerOrigin>,
    chosen,
    detected,
    drift: [...drift, ...projectDrift(facts, before, detected, resolved.pythonVersion)],
  };
}

/**
 * The answers as the next run has to find them, where files of the user's are no facts any more, because they become
 * ours or are kept aside: nothing of this counts as a change of the project. An answer that only they gave is the user's
 * word from now on.
 * @param facts what the next run detects
 */
export async function answersAhead(resolved: ResolvedAnswers, facts: ProjectFacts): Promise<ResolvedAnswers> {
  const { chosen } = resolved;
  // A folder that holds nothing but files of ours is none to copy.
  const folders = new Set(facts.application.map(({ path }) => path));
  const answers = { ...resolved.answers, apps: resolved.answers.apps.filter((app) => folders.has(app)) };
  const { detected } = await resolveAnswers(facts, {
    commandLine: {},
    stored: { ...answers, chosen },
    askAnswered: false,
    lenient: true,
  });
  const { defaults } = resolved.detected;
  const isTheirWord = (name: AnswerName): boolean => detected.defaults[name] !== defaults[name];
  return {
    ...resolved,
    answers,
    // In the table's order, which the next run keeps.
    chosen: QUESTION_LIST.map(({ name }) => name).filter(
      (name) => chosen.includes(name) || isTheirWord(name),
    ),
    detected,
  };
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** The stored answer as it is to be taken today; null where none is stored, or none that is allowed. */
function knownAnswer(
  question: Question,
  context: QuestionContext,
  sources: AnswerSources,
  byUser: boolean,
): KnownAnswer | null {
  const stored = sources.stored[question.name];
  if (stored === undefined || stored === null) return null;
  const before = recordOf(sources.stored.detected);
  const choices = question.choices?.(context) ?? [];
  const known: KnownAnswer = { value: stored, origin: 'stored', affected: false, added: [], drift: [] };
  if (question.kind === 'checkbox') {
    if (!Array.isArray(stored)) return known;
    const list = reconcile(stored as string[], recordOf(before['offered'])[question.name], {
      choices,
      defaults: question.defaultValue(context) as string[],
    });
    const drift = listDrift(question.thing, question.whenGone ?? 'is not there any more', list, choices);
    return {
      value: list.value,
      origin: drift.length > 0 ? 'followed' : 'stored',
      affected: drift.length > 0 && choices.length > 0,
      added: list.added,
      drift,
    };
  }
  const then = recordOf(before['defaults'])[question.name];
  const now = question.defaultValue(context);
  if (question.follows === undefined || typeof then !== 'string' || then === String(now)) return known;
  const follows = question.follows === 'project' && !byUser;
  // Without a terminal the user's own word stays, and so does what must not change by itself.
  const consequence =
    stored === now || follows
      ? ''
      : `; yours stays ${JSON.stringify(stored)}, --${question.option} changes it`;
  const { reason = '', evidence = [] } = choices.find((choice) => choice.value === now) ?? {};
  return {
    value: follows ? now : stored,
    origin: follows && stored !== now ? 'followed' : 'stored',
    affected: stored !== now,
    added: [],
    drift: [
      {
        sign: '~',
        thing: question.thing,
        news: `${String(now)}, was ${then}${reason === '' ? '' : ` (${reason})`}${consequence}`,
        evidence,
      },
    ],
  };
}

async function resolveOne(
  question: Question,
  context: QuestionContext,
  sources: AnswerSources,
  known: KnownAnswer | null,
): Promise<{ value: unknown; origin: AnswerOrigin }> {
  const given = sources.commandLine[question.name];
  if (given !== undefined) {
    // minimist-like parsers turn `--port 8000` into a number and a bare `--apps` into true.
    if (typeof given === 'boolean') {
      throw new AnswerError(`--${question.option} needs a value: ${question.placeholder}. ${question.help}.`);
    }
    const value = question.parse(typeof given === 'string' ? given : JSON.stringify(given));
    const problem = question.check(value, context);
    if (problem !== null) throw new AnswerError(`--${question.option}: ${problem}.`);
    return { value, origin: 'command line' };
  }

  const fallback = question.defaultValue(context);
  const problem = known === null ? null : question.check(known.value, context);
  if (problem !== null && !sources.ask && sources.lenient !== true) {
    throw new AnswerError(
      `.yo-rc.json: "${question.name}": ${problem}. Correct it there, or give --${question.option}.`,
    );
  }
  const usable = known !== null && problem === null ? known : null;
  const asks =
    sources.ask !== undefined &&
    (question.worthAsking?.(context) ?? true) &&
    isMeaningful(question, context.answers);
  if (asks && (usable === null || usable.affected || sources.askAnswered)) {
    const asked = { ...context, news: usable?.added ?? [] };
    return { value: await sources.ask?.(question, asked, usable?.value ?? fallback), origin: 'asked' };
  }
  return usable === null
    ? { value: fallback, origin: 'default' }
    : { value: usable.value, origin: usable.origin };
}
