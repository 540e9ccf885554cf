import {
  readConnectionString,
  withPassword,
  type DatabaseConnection,
} from '../database/connection-string.ts';
import { SUPABASE_MODES } from '../planning/supabase.ts';
import type { Prompt } from './prompts.ts';

/**
 * Asks for the connection string, which nobody sees as it is pasted.
 * @param prompt asks in the terminal
 * @param tell says what was recognised, and what was noticed
 * @returns null where the user leaves it for later
 */
export async function askConnection(
  prompt: Prompt,
  tell: (recognised: string, notes: readonly string[]) => void,
): Promise<DatabaseConnection | null> {
  const { pasted } = await prompt<{ pasted: string }>([
    {
      type: 'password',
      mask: '*',
      name: 'pasted',
      message: 'Connection string (dashboard: Connect, Session pooler; Enter: later)',
      validate: (text: string) => {
        if (text.trim() === '') return true;
        const read = readConnectionString(text);
        return read.kind === 'problem' ? read.message : true;
      },
    },
  ]);
  if (pasted.trim() === '') return null;
  const read = readConnectionString(pasted);
  // Validated above.
  if (read.kind === 'problem') return null;
  const { mode, host, port, user, warnings } = read;
  const title = mode === null ? 'MySQL' : SUPABASE_MODES[mode].title;
  tell(`${title}: ${user} at ${host}:${port}`, warnings);
  if (!read.needsPassword) return read;
  const { password } = await prompt<{ password: string }>([
    {
      type: 'password',
      mask: '*',
      name: 'password',
      message: 'Password of the database (the string has none; Enter: later)',
    },
  ]);
  return password === '' ? null : withPassword(read, password);
}
