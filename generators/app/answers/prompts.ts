import type { Choice, Question, QuestionContext } from './questions.ts';

/** Asks in the terminal: Yeoman's prompt, as far as it is needed here. */
export type Prompt = <Answers>(questions: readonly object[]) => Promise<Answers>;

/** Columns that a choice may take: 80 less the pointer and the box of a checkbox. */
const CHOICE_COLUMNS = 74;

/** `label   reason` in columns, cut where a terminal of 80 would break the line. */
export function formatChoices(choices: readonly Choice[]): string[] {
  const width = Math.min(34, Math.max(...choices.map((choice) => choice.label.length)));
  return choices.map(({ label, reason }) => {
    const text = reason === '' ? label : `${label.padEnd(width)}  ${reason}`;
    return text.length > CHOICE_COLUMNS ? `${text.slice(0, CHOICE_COLUMNS - 1)}…` : text;
  });
}

/**
 * Asks one question of the table in the terminal.
 * @param prompt asks in the terminal
 * @param initial the detected default or the stored answer
 * @returns the answer, valid by the question's own check
 */
export async function askQuestion(
  prompt: Prompt,
  question: Question,
  context: QuestionContext,
  initial: unknown,
): Promise<unknown> {
  const { name, message, kind } = question;
  if (kind === 'input') {
    const answer = await prompt<Record<string, string>>([
      {
        type: 'input',
        name,
        message,
        default: String(initial),
        validate: (text: string) => question.check(question.parse(text), context) ?? true,
      },
    ]);
    return question.parse(String(answer[name]));
  }
  const news = new Set(context.news);
  const choices = (question.choices?.(context) ?? []).map((choice) =>
    news.has(choice.value) ? { ...choice, reason: `new: ${choice.reason}` } : choice,
  );
  const labels = formatChoices(choices);
  if (kind === 'select') {
    const answer = await prompt<Record<string, unknown>>([
      {
        type: 'select',
        name,
        message,
        default: initial as string,
        choices: choices.map(({ value }, index) => ({ value, name: labels[index] ?? value, short: value })),
      },
    ]);
    return answer[name];
  }
  const ticked = new Set(initial as string[]);
  // A stored value that is not offered any more but is allowed (a package added by hand) stays on offer.
  const known = new Set(choices.map((choice) => choice.value));
  const extra = [...ticked].filter((value) => !known.has(value));
  const answer = await prompt<Record<string, unknown>>([
    {
      type: 'checkbox',
      name,
      message,
      loop: false,
      pageSize: 12,
      choices: [
        ...choices.map(({ value }, index) => ({
          value,
          name: labels[index] ?? value,
          short: value,
          checked: ticked.has(value),
        })),
        ...extra.map((value) => ({ value, name: `${value}  added by you`, short: value, checked: true })),
      ],
    },
  ]);
  return answer[name];
}
