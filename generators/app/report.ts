import { styleText } from 'node:util';
import type { Answers, AnswerName } from './answers/answers.ts';
import type { AnswerOrigin } from './answers/resolve-answers.ts';
import type { DriftItem } from './answers/drift.ts';
import { QUESTION_LIST, isMeaningful } from './answers/questions.ts';
import { formatRows } from './detection/detection-table.ts';
import type { Plan } from './planning/plan.ts';
import { LOCK_FILE } from './regeneration/lock-file.ts';
import type { FileChange } from './regeneration/plan-changes.ts';
import { ANSWERS_FILE } from './regeneration/stored-answers.ts';
import { GENERATED_FILES } from './rendering/files.ts';
import { scriptPath } from './rendering/render-files.ts';

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

const ORIGIN_WORDS: Record<AnswerOrigin, string> = {
  'command line': 'command line',
  stored: 'stored',
  followed: 'brought up to date',
  asked: 'asked',
  default: 'detected',
};

/** The decisions, one a line, with where each came from. */
export function formatAnswers(answers: Answers, origins: Record<AnswerName, AnswerOrigin>): string {
  const shown = QUESTION_LIST.filter((question) => isMeaningful(question, answers));
  const lines = shown.map(({ name, option }) => {
    const value = answers[name];
    const text = Array.isArray(value) ? value.join(', ') || 'none' : String(value);
    const head = `  ${option.padEnd(20)} `;
    const tail = origins[name] === 'asked' ? '' : ` (${ORIGIN_WORDS[origins[name]]})`;
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

/** Actions whose name is too long for its column. */
const ACTION_WORDS: Partial<Record<FileChange['action'], string>> = {
  'deleted by you': 'deleted',
  'no longer written': 'left over',
};

/** What stands beside a file where that tells more than what the file is for; it has 39 columns. */
const ACTION_DETAIL: Partial<Record<FileChange['action'], string>> = {
  conflict: 'both sides, between markers: edit it',
  leave: 'left as it is; --restore writes ours',
  'deleted by you': 'by you; --restore writes it again',
  'no longer written': 'you edited it: delete it when useless',
};

const OWN_PURPOSES: Readonly<Record<string, string>> = {
  [ANSWERS_FILE]: 'your answers; commit it',
  [LOCK_FILE]: 'the base of the next merge; commit it',
};

/** What changed in the project since the last run, one a line, with where it was read. */
export function formatDrift(items: readonly DriftItem[]): string {
  return formatRows(
    items.map(({ sign, thing, news, evidence }) => ({ label: `${sign} ${thing}`, value: news, evidence })),
    80,
    process.stdout.hasColors?.() ?? false,
  ).join('\n');
}

/** Columns of an action and of a path in the list of files; beside a longer path nothing stands, but below it. */
const ACTION_COLUMNS = 10;
const PATH_COLUMNS = 27;

/** The files and what happens to each, aligned and at most 80 columns wide. */
export function formatChanges(changes: readonly FileChange[]): string {
  const purposes = new Map(GENERATED_FILES.map((file) => [file.destination, file.purpose]));
  const shown = changes.filter((change) => change.action !== 'unchanged');
  const indent = ' '.repeat(ACTION_COLUMNS + PATH_COLUMNS + 4);
  return shown
    .map(({ action, path, keepAs }) => {
      const detail =
        keepAs === undefined
          ? (ACTION_DETAIL[action] ?? purposes.get(path) ?? OWN_PURPOSES[path] ?? '')
          : `yours is kept as ${keepAs}`;
      const word = (ACTION_WORDS[action] ?? action).padEnd(ACTION_COLUMNS);
      const style = ACTION_STYLE[action];
      const head = `  ${style ? paint(style, word) : word} ${path.padEnd(PATH_COLUMNS)}`;
      const fits = path.length <= PATH_COLUMNS && indent.length + detail.length <= 80;
      if (fits) return `${head} ${paint('dim', detail)}`;
      const between = path.length > PATH_COLUMNS ? `\n${indent}` : ' ';
      return head + between + paint('dim', wrap(detail, 80, indent));
    })
    .join('\n');
}

/** What the user should know, as a list. */
export function formatNotes(notes: readonly string[]): string {
  return notes.map((note) => `  ${paint('yellow', '!')} ${wrap(note, 80, '    ')}`).join('\n');
}

/**
 * The commands to run next.
 * @param env whether .env is missing, or holds the address of the database already
 */
export function formatNextSteps(plan: Plan, env: { missing: boolean; connected: boolean }): string {
  const steps: [string, string][] = [];
  if (env.missing) steps.push(['cp .env.example .env', 'then fill in the values']);
  else if (plan.database === 'supabase' && plan.supabase?.connection !== 'local' && !env.connected)
    steps.push(['npx generator-backendai-docker supabase', 'asks, fills in .env']);
  else if (plan.database === 'external') steps.push(['edit .env', 'the values of your database']);
  if (!plan.databaseReachable) steps.push(['edit the settings', 'the database, see the first note above']);
  steps.push(
    ['docker compose up --build --wait', `http://localhost:${plan.port}/`],
    ...(plan.database === 'supabase' || plan.database === 'external'
      ? [
          [
            `docker compose run --rm web python ${scriptPath(plan, 'verify_database.py')}`,
            'checks the database',
          ] as [string, string],
        ]
      : []),
    ['python3 docker/verify_image.py', 'checks the image'],
    ['docker compose --file compose.dev.yaml up --watch', 'development'],
  );
  const fits = ([command, what]: [string, string]): boolean => command.length + what.length <= 76;
  const width = Math.max(...steps.filter(fits).map(([command]) => command.length));
  return steps
    .map((step) => {
      const [command, what] = step;
      // What is too long for the column has its meaning below.
      const between = fits(step) ? '  ' : `\n${' '.repeat(width + 4)}`;
      return `  ${paint('bold', fits(step) ? command.padEnd(width) : command)}${between}${paint('dim', what)}`;
    })
    .join('\n');
}
