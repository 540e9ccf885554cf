import type { Prompt } from '../answers/prompts.ts';
import type { FileDecision } from './merge-file.ts';
import type { ConflictChoice, ForeignChoice } from './plan-changes.ts';

/** Asks what to do with a file in which the user and the generator changed the same lines. */
export async function askOverlap(
  prompt: Prompt,
  path: string,
  decision: Extract<FileDecision, { kind: 'overlap' }>,
): Promise<ConflictChoice> {
  for (;;) {
    const { choice } = await prompt<{ choice: ConflictChoice | 'show' }>([
      {
        type: 'select',
        name: 'choice',
        message: `${path}: you and the generator changed the same lines`,
        choices: [
          { value: 'markers', name: 'write both with conflict markers, to be edited' },
          { value: 'ours', name: 'keep mine' },
          { value: 'theirs', name: 'take the new one' },
          { value: 'show', name: 'show the lines' },
        ],
      },
    ]);
    if (choice !== 'show') return choice;
    process.stdout.write(`${decision.marked}\n`);
  }
}

/** Asks what to do with a file that was there before the generator. */
export async function askForeign(prompt: Prompt, path: string, keepAs: string): Promise<ForeignChoice> {
  const { choice } = await prompt<{ choice: ForeignChoice }>([
    {
      type: 'select',
      name: 'choice',
      message: `There is a ${path} already`,
      choices: [
        { value: 'keep-as-old', name: `keep it as ${keepAs} and write the new one` },
        { value: 'leave', name: 'leave it as it is and write none' },
      ],
    },
  ]);
  return choice;
}
