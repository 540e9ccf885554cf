/**
 * The built command's own code, run in one project after the other on a message: each run is spared the start of a
 * process and the loading of Yeoman, which take most of its time.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface RunRequest {
  folder: string;
  args: string[];
}

export interface RunAnswer {
  status: number;
  stdout: string;
  stderr: string;
}

const built = pathToFileURL(join(import.meta.dirname, '../../dist/bin/command.js'));
const { runCommand } = (await import(built.href)) as typeof import('../../bin/command.ts');

// Each run adds a listener to them.
process.stdout.setMaxListeners(0);
process.setMaxListeners(0);

let answer: RunAnswer = { status: 1, stdout: '', stderr: '' };
process.stdout.write = (text) => {
  answer.stdout += String(text);
  return true;
};
process.stderr.write = (text) => {
  answer.stderr += String(text);
  return true;
};

process.on('message', async ({ folder, args }: RunRequest) => {
  answer = { status: 1, stdout: '', stderr: '' };
  process.exitCode = undefined;
  process.chdir(folder);
  answer.status = await runCommand(args);
  process.send?.(answer);
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
