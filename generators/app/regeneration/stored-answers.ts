import type { AnswerName, Answers } from '../answers/answers.ts';
import { RegenerationError } from './plan-changes.ts';

/** Yeoman's own file for answers; other generators have their own key in it. */
export const ANSWERS_FILE = '.yo-rc.json';
export const ANSWERS_KEY = 'generator-backendai-docker';

/**
 * The stored answers of this generator; untrusted, checked later like any other value.
 * @param text content of `.yo-rc.json`; undefined when there is none
 * @throws RegenerationError when the file is not JSON
 */
export function readStoredAnswers(
  text: string | undefined,
): Partial<Record<AnswerName | 'offered' | 'managePy', unknown>> {
  const own = parseAnswersFile(text)[ANSWERS_KEY];
  return typeof own === 'object' && own !== null && !Array.isArray(own) ? own : {};
}

/**
 * `.yo-rc.json` with the answers in it; what others stored there is kept.
 * @param managePy the manage.py chosen among several; undefined leaves what is stored
 */
export function withStoredAnswers(
  text: string | undefined,
  answers: Answers,
  offered: Partial<Record<AnswerName, string[]>>,
  managePy?: string,
): string {
  const data = parseAnswersFile(text);
  const own = data[ANSWERS_KEY];
  const others = typeof own === 'object' && own !== null && !Array.isArray(own) ? own : {};
  const chosen = managePy === undefined ? {} : { managePy };
  return `${JSON.stringify({ ...data, [ANSWERS_KEY]: { ...others, ...answers, offered, ...chosen } }, null, 2)}\n`;
}

function parseAnswersFile(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text.trim() === '') return {};
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new RegenerationError(
      `${ANSWERS_FILE} is not valid JSON (${(error as Error).message}). Mend it, or delete it to be asked again. Nothing was written.`,
    );
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new RegenerationError(`${ANSWERS_FILE} must hold a JSON object. Nothing was written.`);
  }
  return data as Record<string, unknown>;
}
