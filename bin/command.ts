import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import type { Prompt } from '../generators/app/answers/prompts.ts';
import { QUESTION_LIST } from '../generators/app/answers/questions.ts';
import { RUN_OPTIONS } from '../generators/app/options.ts';
import { packageVersion } from '../generators/app/planning/knowledge.ts';
import { wrap } from '../generators/app/report.ts';
import { carryOutSteps, isForUser, isStopped, type Run, type RunHost } from '../generators/app/run.ts';
import { REPORT_OPTIONS } from '../generators/report/options.ts';
import { SUPABASE_OPTIONS } from '../generators/supabase/options.ts';

/** Options with their help in columns. */
function rows(items: readonly { option: string; placeholder?: string | undefined; help: string }[]): string {
  return items
    .map(({ option, placeholder, help }) => {
      const head = `  --${option}${placeholder ? ` ${placeholder}` : ''}`;
      const column = 32;
      const lines = wrap(help, 80, ' '.repeat(column));
      const first = head.length < column - 1 ? head.padEnd(column) : `${head}\n${' '.repeat(column)}`;
      return first + lines;
    })
    .join('\n');
}

/** The text of `--help`, at most 80 columns wide. */
export function helpText(): string {
  return `Usage: backendai-docker [options]      (also: yo backendai-docker)

Run it in a Django repository. It detects the project, asks what it cannot know,
and writes a multi-stage Dockerfile, .dockerignore, Compose files, .env.example
and scripts that check the image. Run it again after changes: your edits stay.

Other commands (each has its own --help):
  backendai-docker supabase     Check a Supabase project's URL and keys and
                                write them into .env
  backendai-docker report       Build and measure the images; a page with
                                charts, and the numbers of DOCKER.md

Answers (each is asked in a terminal, and stored in .yo-rc.json):
${rows(QUESTION_LIST)}
  Lists take "none" for nothing.

Ways to run:
${rows(RUN_OPTIONS)}
  --version                     Print the version
  --help                        Print this

Examples:
  backendai-docker
  backendai-docker --defaults --database postgres
  backendai-docker --detect
`;
}

/** The text of `supabase --help`, at most 80 columns wide. */
export function supabaseHelpText(): string {
  return `Usage: backendai-docker supabase [options]  (also: yo backendai-docker:supabase)

Run it in the project's folder. It asks for the URL and the keys of a Supabase
project and for the connection string of its database, tries the keys, looks
whether Django's tables can be read with the publishable one, and offers to
write the values into .env. Exit code 1 when a check failed.

Without a terminal the values are those of the environment (SUPABASE_URL,
SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY), else those of .env. Keys are no
options: other programs on this machine could read them there.

${rows(SUPABASE_OPTIONS)}
  --help                        Print this

Examples:
  backendai-docker supabase
  SUPABASE_URL=https://<ref>.supabase.co backendai-docker supabase
  backendai-docker supabase --json
`;
}

/** The text of `report --help`, at most 80 columns wide. */
export function reportHelpText(): string {
  return `Usage: backendai-docker report [options]    (also: yo backendai-docker:report)

Run it in the project's folder, after the files were generated. It runs the
project's docker/compare_images.py, which builds the image before and each
stage and measures them, and writes into docker/report/ a page with charts and
suggestions and a picture for a README. DOCKER.md gets the numbers. Exit code 1
when a limit is missed.

${rows(REPORT_OPTIONS)}
  --help                        Print this

Examples:
  backendai-docker report
  backendai-docker report --sizes-only --budget 600MB
  python3 docker/compare_images.py --output measured.json
  backendai-docker report --from measured.json
`;
}

/** Options by the names that the code has for them. */
const inCamelCase = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(values).map(([option, value]) => [
      option.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );

/**
 * The command without `yo`.
 * @param args what stands after the command's name
 * @returns the exit code: 0, or 1 with one message on standard error
 */
export async function runCommand(args: string[]): Promise<number> {
  // `backendai-docker … | head`: who reads may stop before we are done.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const [name = ''] = args;
  const other = Object.hasOwn(OTHER_COMMANDS, name) ? OTHER_COMMANDS[name] : undefined;
  return other === undefined ? runApp(args) : runOther(name, other, args.slice(1));
}

async function runApp(args: string[]): Promise<number> {
  const options: ParseArgsOptionsConfig = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  };
  for (const { option } of QUESTION_LIST) options[option] = { type: 'string' };
  for (const { option, type } of RUN_OPTIONS) options[option] = { type };
  const values = parseOptions(args, options, 'backendai-docker --help');
  if (values === null) return 1;
  if (values['help']) {
    process.stdout.write(helpText());
    return 0;
  }
  if (values['version']) {
    console.log(packageVersion());
    return 0;
  }
  const { ProjectRun } = await import('../generators/app/project-run.ts');
  return carryOut((host) => new ProjectRun(inCamelCase(values), host));
}

/** A command beside the main one. What it runs is loaded only then. */
interface OtherCommand {
  options: readonly { option: string; type: 'boolean' | 'string' }[];
  help: () => string;
  load: () => Promise<(options: Record<string, unknown>, host: RunHost) => Run>;
}

const OTHER_COMMANDS: Readonly<Record<string, OtherCommand>> = {
  supabase: {
    options: SUPABASE_OPTIONS,
    help: supabaseHelpText,
    load: async () => {
      const { SupabaseRun } = await import('../generators/supabase/supabase-run.ts');
      return (options, host) => new SupabaseRun(options, host);
    },
  },
  report: {
    options: REPORT_OPTIONS,
    help: reportHelpText,
    load: async () => {
      const { ReportRun } = await import('../generators/report/report-run.ts');
      return (options, host) => new ReportRun(options, host);
    },
  },
};

async function runOther(name: string, command: OtherCommand, args: string[]): Promise<number> {
  const options: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' } };
  for (const { option, type } of command.options) options[option] = { type };
  const values = parseOptions(args, options, `backendai-docker ${name} --help`);
  if (values === null) return 1;
  if (values['help']) {
    process.stdout.write(command.help());
    return 0;
  }
  const start = await command.load();
  return carryOut((host) => start(inCamelCase(values), host));
}

/** Null after a message on standard error: there is no such option. */
function parseOptions(
  args: string[],
  options: ParseArgsOptionsConfig,
  help: string,
): Record<string, unknown> | null {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    // What stands where no option may stand can be a key.
    const [reason = ''] = (error as Error).message.split(/\n|\. To specify/);
    const shown = reason.startsWith('Unexpected argument') ? 'Unexpected argument' : reason;
    console.error(`${shown.replace(/\.$/, '')}. See ${help}.`);
    return null;
  }
}

async function carryOut(start: (host: RunHost) => Run): Promise<number> {
  try {
    await carryOutSteps(start({ root: () => process.cwd(), prompt: terminalPrompt() }));
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return reportError(error);
  }
}

/** Asks as Yeoman does, by the same adapter; it is loaded when something is asked, because that takes its time. */
function terminalPrompt(): Prompt {
  const loaded = async () => new (await import('@yeoman/adapter')).TerminalAdapter();
  let adapter: ReturnType<typeof loaded> | undefined;
  return async (questions) => (await (adapter ??= loaded())).prompt<never>(questions as never);
}

/** One message for what the user can mend; the stack for a fault of ours. */
function reportError(error: unknown): number {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (isForUser(error)) {
    console.error(`backendai-docker: ${message}`);
  } else if (isStopped(error)) {
    console.error('\nbackendai-docker: stopped. Nothing was written.');
  } else {
    console.error(`backendai-docker: a fault in the generator, please report it:\n${stack ?? message}`);
  }
  return 1;
}
