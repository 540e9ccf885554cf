/** The results of the checks, for people and for programs. */
import { styleText } from 'node:util';
import { wrap } from '../app/report.ts';
import type { Check, CheckResult } from './check-project.ts';

const WORDS: Record<CheckResult, string> = { ok: 'ok', warning: 'warn', failed: 'FAILED', skipped: '-' };
const STYLES = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'dim' } as const;

/**
 * A table of at most 80 columns: check, result, what was found, what to do.
 * @param colour for a terminal
 */
export function formatChecks(checks: readonly Check[], colour = false): string {
  const title = Math.max(...checks.map((check) => check.title.length));
  return checks
    .map((check) => {
      const word = WORDS[check.result].padEnd(6);
      const painted = colour ? styleText(STYLES[check.result], word, { validateStream: false }) : word;
      const indent = ' '.repeat(2 + title + 2 + 6 + 2);
      const found = `  ${check.title.padEnd(title)}  ${painted}  ${broken(check.found, indent)}`;
      return check.todo === '' ? found : `${found}\n${indent}> ${broken(check.todo, `${indent}  `)}`;
    })
    .join('\n');
}

/** A word that is longer than a line (a URL) stands alone. */
function broken(text: string, indent: string): string {
  return wrap(text, 80, indent);
}

/** Whether the run ends with exit code 1. */
export function hasFailed(checks: readonly Check[]): boolean {
  return checks.some(({ result }) => result === 'failed');
}

/** Whether a value itself is wrong, so that it should not be written anywhere. */
export function valuesAreWrong(checks: readonly Check[]): boolean {
  return checks.some(({ id, result }) => result === 'failed' && id !== 'tables');
}
