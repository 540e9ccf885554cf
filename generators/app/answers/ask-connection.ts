import {
  readConnectionString,
  withPassword,
  type DatabaseConnection,
} from '../database/connection-string.ts';
import { SUPABASE_MODES } from '../planning/supabase.ts';
import type { Prompt } from './prompts.ts';

/**
 * Asks for a connection string, which nobody sees as it is pasted, and for what it lacks.
 * @param prompt asks in the terminal
 * @param message the question; Enter alone leaves it out
 * @param tell says what was recognised, without user and password, and what was noticed
 * @returns null where the user leaves it out
 */
export async function askConnection(
  prompt: Prompt,
  message: string,
  tell: (recognised: string, notes: readonly string[]) => void,
): Promise<DatabaseConnection | null> {
  const { pasted } = await prompt<{ pasted: string }>([
    {
      type: 'password',
      mask: '*',
      name: 'pasted',
      message,
      validate: (text: string) => {
        if (text.trim() === '') return true;
        const read = readConnectionString(text);
        return read.kind === 'problem' ? read.message : true;
      },
    },
  ]);
  const read = readConnectionString(pasted);
  // What cannot be read was refused above.
  if (pasted.trim() === '' || read.kind === 'problem') return null;
  const { mode, host, port, warnings } = read;
  tell(`${mode === null ? 'MySQL' : SUPABASE_MODES[mode].title}: ${host}, port ${port}`, warnings);
  if (read.passwordInBrackets) {
    const { brackets } = await prompt<{ brackets: boolean }>([
      {
        type: 'confirm',
        name: 'brackets',
        message: 'Do the square brackets belong to the password?',
        default: false,
      },
    ]);
    return withPassword(read, brackets ? `[${read.password}]` : read.password);
  }
  if (!read.needsPassword) return read;
  const { password } = await prompt<{ password: string }>([
    {
      type: 'password',
      mask: '*',
      name: 'password',
      message: 'Password of the database (as it is, not encoded)',
      validate: (text: string) =>
        text === '' ? 'The connection string needs a password (dashboard: Database, Settings).' : true,
    },
  ]);
  return withPassword(read, password);
}
