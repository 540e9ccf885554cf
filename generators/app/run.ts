/** What the own command and Yeoman both carry out. It knows neither of them. */
import type { Prompt } from './answers/prompts.ts';

/** The steps of a run in their order, by Yeoman's names. */
export const STEPS = ['initializing', 'prompting', 'configuring', 'writing', 'end'] as const;

export type Step = (typeof STEPS)[number];
export type Run = Partial<Record<Step, () => void | Promise<void>>>;

/** Who carries out a run. */
export interface RunHost {
  /** The folder of the project. */
  root: () => string;
  prompt: Prompt;
}

/** Carries out every step, until one fails. */
export async function carryOutSteps(run: Run): Promise<void> {
  for (const step of STEPS) await run[step]?.();
}

type AnyErrorClass = new (...args: never[]) => Error;

/** The name of an error that is for the user. */
const USER_ERROR = 'UserError';

/**
 * Runs a part of a step; an error for the user becomes a plain Error without a code, because `yo` takes the code
 * of an error as the exit status and dies on a text.
 * @param userErrors errors whose message is complete; others are faults of ours and keep their stack
 */
export async function forUser(
  userErrors: readonly AnyErrorClass[],
  part: () => void | Promise<void>,
): Promise<void> {
  try {
    await part();
  } catch (error) {
    if (!userErrors.some((kind) => error instanceof kind)) throw error;
    const plain = new Error((error as Error).message);
    plain.name = USER_ERROR;
    throw plain;
  }
}

/** Whether an error's message is complete: what the user can mend. */
export const isForUser = (error: unknown): boolean => error instanceof Error && error.name === USER_ERROR;

/** Whether the user left a prompt, by Ctrl-C for example. */
export const isStopped = (error: unknown): boolean =>
  error instanceof Error && /^(ExitPrompt|Aborted)Error$/.test(error.name);
