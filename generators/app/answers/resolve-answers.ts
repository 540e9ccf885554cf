import type { ProjectFacts } from '../detection/facts.ts';
import { AnswerError, type AnswerName, type Answers } from './answers.ts';
import { reconcile, type ReconciledList } from './drift.ts';
import { QUESTION_LIST, type Question, type QuestionContext } from './questions.ts';

/** How an answer was come by, for the report. */
export type AnswerOrigin = 'command line' | 'stored' | 'asked' | 'default';

export interface ResolvedAnswers {
  answers: Answers;
  origins: Record<AnswerName, AnswerOrigin>;
  /** What each list offered, to tell next time what is new from what was left out. */
  offered: Partial<Record<AnswerName, string[]>>;
  /** What changed in the project since the answers were stored, in words. */
  changes: string[];
}

export interface AnswerSources {
  /** Texts of the options that were given, by question name. */
  commandLine: Partial<Record<AnswerName, unknown>>;
  /** Values of `.yo-rc.json`; untrusted, checked like any other. */
  stored: Partial<Record<AnswerName, unknown>>;
  /** What the lists offered when they were stored; untrusted as well. */
  offered?: unknown;
  /** Asks one question; absent when nothing may be asked (no terminal, `--defaults`). */
  ask?: (question: Question, context: QuestionContext, initial: unknown) => Promise<unknown>;
  /** Ask again what has a stored answer, which is then the initial value. */
  askAnswered: boolean;
}

/**
 * Answers every question of the table in order: command line → stored → asked → detected default.
 * @throws AnswerError for a value that is not allowed, naming the option or the stored name and what is allowed
 */
export async function resolveAnswers(facts: ProjectFacts, sources: AnswerSources): Promise<ResolvedAnswers> {
  const answers: Partial<Record<AnswerName, unknown>> = {};
  const origins: Partial<Record<AnswerName, AnswerOrigin>> = {};
  const offered: Partial<Record<AnswerName, string[]>> = {};
  const changes: string[] = [];
  for (const question of QUESTION_LIST) {
    const context: QuestionContext = { facts, answers: answers as Partial<Answers> };
    const upToDate = { ...sources, stored: { ...sources.stored } };
    const list = storedList(question, context, sources);
    if (list) {
      upToDate.stored[question.name] = list.value;
      if (sources.commandLine[question.name] === undefined) changes.push(...list.changes);
    }
    const { value, origin } = await resolveOne(question, context, upToDate);
    answers[question.name] = value;
    origins[question.name] = origin;
    if (question.kind === 'checkbox') {
      offered[question.name] = (question.choices?.(context) ?? []).map((choice) => choice.value);
    }
  }
  return {
    answers: answers as unknown as Answers,
    origins: origins as Record<AnswerName, AnswerOrigin>,
    offered,
    changes,
  };
}

/** A stored list, brought up to date; null for another kind of question or where nothing is stored. */
function storedList(
  question: Question,
  context: QuestionContext,
  sources: AnswerSources,
): ReconciledList | null {
  const stored = sources.stored[question.name];
  if (question.kind !== 'checkbox' || !Array.isArray(stored)) return null;
  const { offered } = sources;
  const then = typeof offered === 'object' && offered !== null ? (offered as Record<string, unknown>) : {};
  return reconcile(question.option, stored as string[], then[question.name], {
    choices: question.choices?.(context) ?? [],
    defaults: question.defaultValue(context) as string[],
  });
}

async function resolveOne(
  question: Question,
  context: QuestionContext,
  sources: AnswerSources,
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
  const stored = sources.stored[question.name];
  const storedIsThere = stored !== undefined && stored !== null;
  if (storedIsThere) {
    const problem = question.check(stored, context);
    if (problem !== null && !sources.ask) {
      throw new AnswerError(
        `.yo-rc.json: "${question.name}": ${problem}. Correct it there, or give --${question.option}.`,
      );
    }
    if (problem === null && !sources.askAnswered) return { value: stored, origin: 'stored' };
    if (problem === null && sources.ask) {
      return { value: await sources.ask(question, context, stored), origin: 'asked' };
    }
  }

  if (sources.ask && (question.worthAsking?.(context) ?? true)) {
    return { value: await sources.ask(question, context, fallback), origin: 'asked' };
  }
  if (storedIsThere && question.check(stored, context) === null) return { value: stored, origin: 'stored' };
  return { value: fallback, origin: 'default' };
}
