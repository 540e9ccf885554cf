/** What our generators have in common as Yeoman runs them. */
import type Generator from 'yeoman-generator';

/** Features of Yeoman that both are built on. */
export const FEATURES = {
  unique: 'namespace',
  tasksMatchingPriority: true,
  customInstallTask: true,
  disableLodashProperty: true,
} as const;

type AnyErrorClass = new (...args: never[]) => Error;

/** Makes the options of a table known to `yo`. */
export function declareOptions(
  generator: Pick<Generator, 'option'>,
  table: readonly { option: string; type: 'boolean' | 'string'; help: string }[],
): void {
  for (const { option, type, help } of table) {
    generator.option(option, { type: type === 'boolean' ? Boolean : String, description: help });
  }
}

/**
 * Runs a step of a generator; an error for the user becomes a plain Error without a code, because `yo` takes the code
 * of an error as the exit status and dies on a text.
 * @param userErrors errors whose message is complete; others are faults of ours and keep their stack
 */
export async function runForUser(
  generator: object,
  userErrors: readonly AnyErrorClass[],
  step: () => void | Promise<void>,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    const isUsers = userErrors.some((kind) => error instanceof kind);
    const isStopped = error instanceof Error && /^(ExitPrompt|Aborted)Error$/.test(error.name);
    // The message is complete; Yeoman would print one of its own before it.
    if (isUsers || isStopped) Object.defineProperty(generator, 'log', { value: undefined });
    if (!isUsers) throw error;
    const plain = new Error((error as Error).message);
    plain.name = 'UserError';
    throw plain;
  }
}
