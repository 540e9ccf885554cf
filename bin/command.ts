import { join } from 'node:path';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { createEnv } from 'yeoman-environment';
import { QUESTION_LIST } from '../generators/app/answers/questions.ts';
import BackendaiDockerGenerator from '../generators/app/index.ts';
import { RUN_OPTIONS } from '../generators/app/options.ts';
import { packageRoot, packageVersion } from '../generators/app/planning/knowledge.ts';
import { ANSWERS_FILE, readStoredAnswers } from '../generators/app/regeneration/stored-answers.ts';
import { readProjectFile } from '../generators/app/regeneration/read-files.ts';
import { wrap } from '../generators/app/report.ts';

const NAMESPACE = 'backendai-docker:app';

/** The text of `--help`, at most 80 columns wide. */
export function helpText(): string {
  const rows = (
    items: readonly { option: string; placeholder?: string | undefined; help: string }[],
  ): string =>
    items
      .map(({ option, placeholder, help }) => {
        const head = `  --${option}${placeholder ? ` ${placeholder}` : ''}`;
        const column = 32;
        const lines = wrap(help, 80, ' '.repeat(column));
        const first = head.length < column - 1 ? head.padEnd(column) : `${head}\n${' '.repeat(column)}`;
        return first + lines;
      })
      .join('\n');
  return `Usage: backendai-docker [options]      (also: yo backendai-docker)

Run it in a Django repository. It detects the project, asks what it cannot know,
and writes a multi-stage Dockerfile, .dockerignore, Compose files, .env.example
and scripts that check the image. Run it again after changes: your edits stay.

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

const camelCase = (option: string): string =>
  option.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

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
  const options: ParseArgsOptionsConfig = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  };
  for (const { option } of QUESTION_LIST) options[option] = { type: 'string' };
  for (const { option, type } of RUN_OPTIONS) options[option] = { type };
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [reason = ''] = (error as Error).message.split(/\n|\. To specify/);
    console.error(`${reason.replace(/\.$/, '')}. See backendai-docker --help.`);
    return 1;
  }
  if (values['help']) {
    process.stdout.write(helpText());
    return 0;
  }
  if (values['version']) {
    console.log(packageVersion());
    return 0;
  }
  const given = Object.fromEntries(
    Object.entries(values).map(([option, value]) => [camelCase(option), value]),
  );
  return runGenerator(given);
}

async function runGenerator(options: Record<string, unknown>): Promise<number> {
  try {
    // Yeoman reads this file in a constructor and would fail there with a stack trace.
    readStoredAnswers(readProjectFile(process.cwd(), ANSWERS_FILE));
  } catch (error) {
    console.error(`backendai-docker: ${(error as Error).message}`);
    return 1;
  }
  const environment = createEnv({ cwd: process.cwd(), skipInstall: true });
  environment.register(BackendaiDockerGenerator, {
    namespace: NAMESPACE,
    resolved: join(packageRoot(), 'generators/app/index.js'),
  });
  try {
    await environment.run([NAMESPACE], { ...options, skipCache: true, skipInstall: true });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return reportError(error);
  }
}

/** One message for what the user can mend; the stack for a fault of ours. */
function reportError(error: unknown): number {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  if (name === 'UserError') {
    console.error(`backendai-docker: ${message}`);
  } else if (name === 'ExitPromptError' || name === 'AbortedError') {
    console.error('\nbackendai-docker: stopped. Nothing was written.');
  } else {
    console.error(`backendai-docker: a fault in the generator, please report it:\n${stack ?? message}`);
  }
  return 1;
}
