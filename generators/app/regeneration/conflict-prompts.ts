import type { Prompt } from '../answers/prompts.ts';
import { mergesAsList, usualExistingChoice, type ExistingChoice } from './existing-files.ts';
import { formatDiff } from './format-diff.ts';
import type { ConflictChoice, Examination } from './plan-changes.ts';

type Show = (text: string) => void;

/** Asks what to do with a file in which the user and the generator changed the same lines. */
export async function askOverlap(
  prompt: Prompt,
  { path, overlap, base }: Examination['overlaps'][number],
  show: Show,
): Promise<ConflictChoice> {
  for (let shown = false; ; shown = true) {
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
        default: shown ? 'ours' : 'show',
      },
    ]);
    if (choice !== 'show') return choice;
    // What the choice decides, and no more: all else is merged in both.
    show(formatDiff({ path, before: overlap.ours, after: overlap.theirs }, { colour: true }));
  }
}

/** Asks what to do with a file that was there before the generator. */
export async function askExisting(
  prompt: Prompt,
  file: Examination['existing'][number],
  show: Show,
): Promise<ExistingChoice> {
  for (;;) {
    const { choice } = await prompt<{ choice: ExistingChoice | 'show' }>([
      {
        type: 'select',
        name: 'choice',
        ...(file.kind === 'rivals' ? rivalsQuestion(file) : existingQuestion(file)),
        default: usualExistingChoice(file),
      },
    ]);
    if (choice !== 'show' || file.kind === 'rivals') return choice as ExistingChoice;
    show(formatDiff({ path: file.path, before: file.ours, after: file.theirs }, { colour: true }));
  }
}

interface QuestionText {
  message: string;
  choices: { value: ExistingChoice | 'show'; name: string; short: string }[];
}

function existingQuestion({
  path,
  keepAs,
}: Extract<Examination['existing'][number], { kind: 'existing' }>): QuestionText {
  const merged = mergesAsList(path)
    ? 'merge: the new one, and what only yours has after it'
    : 'merge: both in one file, with conflict markers where they differ';
  return {
    message: `There is a ${path} already`,
    choices: [
      { value: 'old', name: `keep it as ${keepAs} and write the new one`, short: `kept as ${keepAs}` },
      { value: 'merge', name: merged, short: 'merge' },
      { value: 'leave', name: 'leave it as it is and write none, now and later', short: 'leave' },
      { value: 'show', name: 'show diff from yours to the new one', short: 'show diff' },
    ],
  };
}

function rivalsQuestion({
  path,
  rivals,
}: Extract<Examination['existing'][number], { kind: 'rivals' }>): QuestionText {
  const names = rivals.map((rival) => rival.path).join(', ');
  const old = rivals.map(({ keepAs }) => keepAs).join(', ');
  return {
    message: `There is ${names} already; where ${path} is, Docker Compose takes that`,
    choices: [
      { value: 'merge', name: `write ${path} beside it`, short: 'beside it' },
      { value: 'old', name: `keep it as ${old} and write ${path}`, short: `kept as ${old}` },
      { value: 'leave', name: `write no ${path}, now and later`, short: 'leave' },
    ],
  };
}
