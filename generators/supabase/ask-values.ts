/** Asks for what a project is reached by. What is secret is not shown while it is typed. */
import { askConnection } from '../app/answers/ask-connection.ts';
import type { Prompt } from '../app/answers/prompts.ts';
import { readConnectionString, type DatabaseConnection } from '../app/database/connection-string.ts';
import { cleanKey, wrongKey } from './api-keys.ts';
import type { ProjectValues } from './check-project.ts';
import { readProjectUrl, type ProjectUrl } from './project-url.ts';
import type { FoundValue, FoundValues } from './variables.ts';

/** What was given, and which of it is new. */
export interface GivenValues {
  values: ProjectValues;
  /** To be written; what stands in `.env` already is not written again. */
  fresh: { url: boolean; publishable: boolean; secret: boolean; database: boolean };
}

/** A value cannot be used; the message is for the user and holds nothing secret. */
export class ValueError extends Error {
  override name = 'ValueError';
}

const kept = (found: FoundValue | null): string =>
  found === null
    ? ''
    : ` (Enter: keep the one of ${found.origin === '.env' ? '.env' : `the variable ${found.name}`})`;

/**
 * Asks in the terminal; what is there already is kept with Enter.
 * @param prompt asks in the terminal
 * @param say prints a line
 */
export async function askValues(
  prompt: Prompt,
  found: FoundValues,
  say: (text: string) => void,
): Promise<GivenValues> {
  const url = await askUrl(prompt, found.url);
  for (const note of url.notes) say(`  ${note}`);
  const publishable = await askKey(prompt, 'publishable', found.publishable);
  const secret = await askKey(prompt, 'secret', found.secret);
  const database = await askDatabase(prompt, found.database, say);
  const isNew = (value: string | null, before: FoundValue | null): boolean =>
    value !== null && (before === null || before.origin !== '.env' || cleanKey(before.value) !== value);
  return {
    values: {
      url,
      publishableKey: publishable ?? '',
      secretKey: secret,
      connection: database.connection,
    },
    fresh: {
      url: isNew(url.url, found.url),
      publishable: isNew(publishable, found.publishable),
      secret: isNew(secret, found.secret),
      database: database.fresh,
    },
  };
}

async function askUrl(prompt: Prompt, found: FoundValue | null): Promise<ProjectUrl> {
  const before = found === null ? null : readProjectUrl(found.value);
  const { url } = await prompt<{ url: string }>([
    {
      type: 'input',
      name: 'url',
      message: 'URL of the project',
      ...(before?.kind === 'url' ? { default: before.url } : {}),
      validate: (text: string) => {
        const read = readProjectUrl(text);
        return read.kind === 'url' ? true : read.message;
      },
    },
  ]);
  const read = readProjectUrl(url);
  if (read.kind === 'problem') throw new ValueError(read.message);
  return read;
}

async function askKey(
  prompt: Prompt,
  wanted: 'publishable' | 'secret',
  found: FoundValue | null,
): Promise<string | null> {
  const usable = found !== null && wrongKey(cleanKey(found.value), wanted) === null ? found : null;
  const optional = wanted === 'secret' && usable === null ? ' (Enter: leave out)' : '';
  const { key } = await prompt<{ key: string }>([
    {
      type: 'password',
      mask: '*',
      name: 'key',
      message: `${wanted === 'publishable' ? 'Publishable key' : 'Secret key'}${kept(usable)}${optional}`,
      validate: (text: string) => {
        const given = cleanKey(text);
        if (given === '') {
          return wanted === 'secret' || usable !== null
            ? true
            : 'The publishable key is needed (dashboard: Project Settings, API Keys).';
        }
        const wrong = wrongKey(given, wanted);
        return wrong === null ? true : `What was given ${wrong}.`;
      },
    },
  ]);
  const given = cleanKey(key);
  if (given !== '') return given;
  return usable === null ? null : cleanKey(usable.value);
}

async function askDatabase(
  prompt: Prompt,
  found: FoundValue | null,
  say: (text: string) => void,
): Promise<{ connection: DatabaseConnection | null; fresh: boolean }> {
  const before = found === null ? null : readConnectionString(found.value);
  const usable = before?.kind === 'connection' && !before.needsPassword ? before : null;
  const message = `Connection string of the database${usable === null ? ' (Enter: leave out)' : kept(found)}`;
  const given = await askConnection(prompt, message, (recognised, notes) => {
    say(`  ${recognised}`);
    for (const note of notes) say(`  Note: ${note}`);
  });
  return given === null
    ? { connection: usable, fresh: usable !== null && found?.origin !== '.env' }
    : { connection: given, fresh: true };
}

/**
 * The values without asking.
 * @throws ValueError naming what is missing or wrong
 */
export function takeValues(found: FoundValues, names: { url: string; publishable: string }): GivenValues {
  const missing = [
    ...(found.url === null ? [names.url] : []),
    ...(found.publishable === null ? [names.publishable] : []),
  ];
  if (found.url === null || found.publishable === null) {
    throw new ValueError(
      `No terminal to ask in, and ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} set neither in the environment nor in .env. Set ${missing.length === 1 ? 'it' : 'them'} there (keys are no options: those are seen by other programs), or run this in a terminal.`,
    );
  }
  const url = readProjectUrl(found.url.value);
  if (url.kind === 'problem') throw new ValueError(`${found.url.name}: ${url.message}`);
  const connection = takeConnection(found.database);
  const isFresh = (value: FoundValue | null): boolean => value?.origin === 'environment';
  return {
    values: {
      url,
      publishableKey: cleanKey(found.publishable.value),
      secretKey: found.secret === null ? null : cleanKey(found.secret.value),
      connection,
    },
    fresh: {
      url: isFresh(found.url),
      publishable: isFresh(found.publishable),
      secret: isFresh(found.secret),
      database: isFresh(found.database) && connection !== null,
    },
  };
}

/** Of the shell only what leads to Supabase: its DATABASE_URL may be of another project. */
function takeConnection(found: FoundValue | null): DatabaseConnection | null {
  if (found === null) return null;
  const read = readConnectionString(found.value);
  if (read.kind === 'problem') {
    // MySQL, SQLite or another server's: none of Supabase's.
    if (!/supabase/i.test(found.value)) return null;
    throw new ValueError(`${found.name}: ${read.message}`);
  }
  return found.origin === 'environment' && read.mode === 'self-hosted' ? null : read;
}
