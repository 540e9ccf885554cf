import { styleText } from 'node:util';
import type { Answers, AnswerName } from './answers/answers.ts';
import type { AnswerOrigin } from './answers/resolve-answers.ts';
import { QUESTION_LIST } from './answers/questions.ts';
import type { Plan } from './planning/plan.ts';
import type { FileChange } from './regeneration/plan-changes.ts';
import { GENERATED_FILES } from './rendering/files.ts';

type Style = Parameters<typeof styleText>[0];
const paint = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout });

/** Breaks a text at spaces; every line but the first is indented. */
export function wrap(text: string, columns: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${indent}`);
}

/** The decisions, one a line, with where each came from. */
export function formatAnswers(answers: Answers, origins: Record<AnswerName, AnswerOrigin>): string {
  const lines = QUESTION_LIST.map(({ name, option }) => {
    const value = answers[name];
    const text = Array.isArray(value) ? value.join(', ') || 'none' : String(value);
    const head = `  ${option.padEnd(18)} `;
    const tail =
      origins[name] === 'asked' ? '' : ` (${origins[name] === 'default' ? 'detected' : origins[name]})`;
    return head + wrap(`${text}${tail}`, 80, ' '.repeat(head.length));
  });
  return lines.join('\n');
}

const ACTION_STYLE: Partial<Record<FileChange['action'], Style>> = {
  create: 'green',
  update: 'cyan',
  merge: 'cyan',
  replace: 'yellow',
  conflict: 'red',
  delete: 'red',
};

/** The files and what happens to each, aligned. */
export function formatChanges(changes: readonly FileChange[]): string {
  const purposes = new Map(GENERATED_FILES.map((file) => [file.destination, file.purpose]));
  const shown = changes.filter((change) => change.action !== 'unchanged');
  const action = (change: FileChange): string => change.action.padEnd(10);
  return shown
    .map((change) => {
      const detail =
        change.keepAs === undefined ? (purposes.get(change.path) ?? '') : `yours is kept as ${change.keepAs}`;
      const style = ACTION_STYLE[change.action];
      const word = style ? paint(style, action(change)) : action(change);
      return `  ${word} ${change.path.padEnd(27)} ${paint('dim', detail)}`;
    })
    .join('\n');
}

/** What the user should know, as a list. */
export function formatNotes(notes: readonly string[]): string {
  return notes.map((note) => `  ${paint('yellow', '!')} ${wrap(note, 80, '    ')}`).join('\n');
}

/** The commands to run next. */
export function formatNextSteps(plan: Plan, envMissing: boolean): string {
  const steps: [string, string][] = [];
  if (envMissing) steps.push(['cp .env.example .env', 'then fill in the values']);
  else if (plan.database === 'supabase') steps.push(['edit .env', 'see SUPABASE_SETUP.md']);
  else if (plan.database === 'external') steps.push(['edit .env', 'the values of your database']);
  if (!plan.databaseReachable) steps.push(['edit the settings', 'the database, see the first note above']);
  steps.push(
    ['docker compose up --build --wait', `http://localhost:${plan.port}/`],
    ['python3 docker/verify_image.py', 'checks the image'],
    ['docker compose --file compose.dev.yaml up --watch', 'development'],
  );
  const width = Math.max(...steps.map(([command]) => command.length));
  return steps
    .map(([command, what]) => `  ${paint('bold', command.padEnd(width))}  ${paint('dim', what)}`)
    .join('\n');
}
