import { isDeepStrictEqual } from 'node:util';
import type { ResolvedAnswers } from '../answers/resolve-answers.ts';
import { isStringList } from '../answers/drift.ts';
import type { AnswerName } from '../answers/answers.ts';
import { QUESTION_LIST, isMeaningful } from '../answers/questions.ts';
import { RegenerationError } from './regeneration-error.ts';

/** Yeoman's own file for answers; other generators have their own key in it. */
export const ANSWERS_FILE = '.yo-rc.json';
export const ANSWERS_KEY = 'generator-backendai-docker';

/** What is stored beside the answers; untrusted, checked where it is used. */
export type StoredName =
  AnswerName | 'chosen' | 'detected' | 'managePy' | 'settings' | 'leave' | 'lackingInEnv';

/** What a run stores beside what it resolved. */
export interface StoredExtras {
  /** The manage.py chosen among several; undefined leaves what is stored. */
  managePy: string | undefined;
  /** The settings module that the user named, or a file of theirs that is hidden from now on; null: what is stored holds no longer; undefined leaves it. */
  settings: string | null | undefined;
  /** Files of the user's that are left as they are instead of ours. */
  leave: readonly string[];
  /** Which variables their own .env lacked when they were first needed. */
  lackingInEnv: Readonly<Record<string, boolean>>;
}

/**
 * The stored answers of this generator; untrusted, checked later like any other value.
 * @param text content of `.yo-rc.json`; undefined when there is none
 * @throws RegenerationError when the file is not JSON
 */
export function readStoredAnswers(text: string | undefined): Partial<Record<StoredName, unknown>> {
  const own = parseAnswersFile(text)[ANSWERS_KEY];
  return isRecord(own) ? own : {};
}

/** Files that are left as they are, by what is stored. */
export function storedLeave(stored: Partial<Record<StoredName, unknown>>): string[] {
  return isStringList(stored.leave) ? stored.leave : [];
}

/** The settings module, where one is stored; whether it is there is for detection to see. */
export function storedSettings(stored: Partial<Record<StoredName, unknown>>): string | undefined {
  return typeof stored.settings === 'string' ? stored.settings : undefined;
}

/** `.yo-rc.json` with the answers in it; what others stored there is kept, and what we do not know of. */
export function withStoredAnswers(
  text: string | undefined,
  { answers, chosen, detected }: Pick<ResolvedAnswers, 'answers' | 'chosen' | 'detected'>,
  { managePy, settings, leave, lackingInEnv }: StoredExtras,
): string {
  const data = parseAnswersFile(text);
  const before = isRecord(data[ANSWERS_KEY]) ? data[ANSWERS_KEY] : {};
  const main = managePy ?? before['managePy'];
  const module = settings === undefined ? before['settings'] : settings;
  // What has no meaning beside the other answers is decided when it has; what was decided before is kept for then.
  const meaningful = QUESTION_LIST.filter((question) => isMeaningful(question, answers)).map(
    ({ name }) => [name, answers[name]] as const,
  );
  const own: Record<string, unknown> = {
    ...Object.fromEntries(meaningful),
    ...(main === undefined ? {} : { managePy: main }),
    ...(module == null ? {} : { settings: module }),
    chosen,
    ...(leave.length === 0 ? {} : { leave }),
    ...(Object.keys(lackingInEnv).length === 0 ? {} : { lackingInEnv }),
    detected,
  };
  const known = new Set([...Object.keys(own), 'settings', 'leave', 'lackingInEnv']);
  const others = Object.fromEntries(Object.entries(before).filter(([name]) => !known.has(name)));
  const updated = { ...data, [ANSWERS_KEY]: { ...own, ...others } };
  // What says the same stays byte for byte, in whatever form.
  return text !== undefined && isDeepStrictEqual(updated, data)
    ? text
    : `${JSON.stringify(updated, null, 2)}\n`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseAnswersFile(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text.trim() === '') return {};
  let data: unknown;
  try {
    data = JSON.parse(text.replace(/^\uFEFF/, ''));
    // What is nested too deeply can be read, but not written again.
    JSON.stringify(data);
  } catch (error) {
    const reason = (error as Error).message.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ');
    throw new RegenerationError(
      `${ANSWERS_FILE} is not valid JSON (${reason}). Mend it, or delete it to be asked again. Nothing was written.`,
    );
  }
  if (!isRecord(data)) {
    throw new RegenerationError(`${ANSWERS_FILE} must hold a JSON object. Nothing was written.`);
  }
  return data;
}
