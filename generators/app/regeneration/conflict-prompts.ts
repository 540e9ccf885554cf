import type { Prompt } from '../answers/prompts.ts';
import { mergesAsList, usualExistingChoice, type ExistingChoice } from './existing-files.ts';
import { formatDiff } from './format-diff.ts';
import type { ConflictChoice, Examination } from './plan-changes.ts';

type Show = (text: string) => void;

/** Asks what to do with a file in which the user and the generator changed the same lines. */
export async function askOverlap(
  prompt: Prompt,
  { path, overlap, current, base }: Examination['overlaps'][number],
  show: Show,
): Promise<ConflictChoice> {
  for (;;) {
    const { choice } = await prompt<{ choice: ConflictChoice | 'show' }>([
      {
        type: 'select',
        name: 'choice',
        message:
          base === 'known'
            ? `${path}: you and the generator changed the same lines`
            : `${path}: it differs, and nothing tells what you edited`,
        choices: [
          { value: 'show', name: 'show diff        from yours to the new one', short: 'show diff' },
          {
            value: 'ours',
            name: 'keep mine        where they differ; all else is merged',
            short: 'keep mine',
          },
          {
            value: 'theirs',
            name: 'take new         where they differ; all else is merged',
            short: 'take new',
          },
          {
            value: 'markers',
            name: 'markers          both, between conflict markers, to be edited',
            short: 'markers',
          },
        ],
        default: 'show',
      },
    ]);
    if (choice !== 'show') return choice;
    show(formatDiff({ path, before: current, after: overlap.theirs }, { colour: true }));
  }
}

/** Asks what to do with a file that was there before the generator. */
export async function askExisting(
  prompt: Prompt,
  { path, ours, theirs, keepAs }: Examination['existing'][number],
  show: Show,
): Promise<ExistingChoice> {
  for (;;) {
    const { choice } = await prompt<{ choice: ExistingChoice | 'show' }>([
      {
        type: 'select',
        name: 'choice',
        message: `There is a ${path} already`,
        choices: [
          { value: 'old', name: `keep it as ${keepAs} and write the new one`, short: `kept as ${keepAs}` },
          {
            value: 'merge',
            name: mergesAsList(path)
              ? 'merge: the new one, and what only yours has after it'
              : 'merge: both in one file, with conflict markers where they differ',
            short: 'merge',
          },
          { value: 'leave', name: 'leave it as it is and write none, now and later', short: 'leave' },
          { value: 'show', name: 'show diff from yours to the new one', short: 'show diff' },
        ],
        default: usualExistingChoice(path),
      },
    ]);
    if (choice !== 'show') return choice;
    show(formatDiff({ path, before: ours, after: theirs }, { colour: true }));
  }
}
