/**
 * Reads and changes the text of a `.env` file. Only the lines of the variables in question change; every other byte
 * stays. Pure: the caller reads and writes the file.
 */
import { envValue, QuotingError } from '../planning/quoting.ts';
import { isPasswordPlaceholder } from './connection-string.ts';

/** One assignment of the file, active or commented out, with the places of its parts in the text. */
interface Assignment {
  name: string;
  commented: boolean;
  /** Where the line begins, and its name behind `#` and blanks; `export` belongs to the name. */
  start: number;
  declaration: number;
  /** The value as written, quotes included; comment and line end are outside. */
  valueStart: number;
  valueEnd: number;
  value: string;
}

export interface EnvVariable {
  name: string;
  value: string;
}

/** What a file says of one variable. */
export interface EnvFileEntry {
  value: string;
  /** Empty, or a text that stands for a value still to be put in. */
  placeholder: boolean;
}

const LINE =
  /(?<blank>[ \t]*)(?<comment>#[# \t]*)?(?<export>export[ \t]+)?(?<name>[A-Za-z_]\w*)[ \t]*=(?<gap>[ \t]*)/y;

/** The assignments of a text, in their order; lines that are none are passed over. */
function assignmentsOf(text: string): Assignment[] {
  const found: Assignment[] = [];
  let at = text.startsWith('\ufeff') ? 1 : 0;
  while (at < text.length) {
    LINE.lastIndex = at;
    const groups = LINE.exec(text)?.groups;
    let next = lineEnd(text, at);
    if (groups !== undefined) {
      const valueStart = LINE.lastIndex;
      const commented = groups['comment'] !== undefined;
      const { end, value } = readValue(text, valueStart, commented);
      next = lineEnd(text, end);
      found.push({
        name: groups['name'] as string,
        commented,
        start: at,
        declaration: at + (groups['blank'] as string).length + (groups['comment'] ?? '').length,
        valueStart,
        valueEnd: end,
        value,
      });
    }
    at = text[next] === '\r' && text[next + 1] === '\n' ? next + 2 : next + 1;
  }
  return found;
}

/** Where the line ends that this place is in: before its `\n` or `\r\n`. */
function lineEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  const end = newline < 0 ? text.length : newline;
  return end > at && text[end - 1] === '\r' ? end - 1 : end;
}

/** A quoted value may go on over several lines, but not in a comment. */
function readValue(text: string, start: number, commented: boolean): { end: number; value: string } {
  const end = lineEnd(text, start);
  const quote = text[start];
  if (quote === '"' || quote === "'") {
    const limit = commented ? end : text.length;
    const close = closingQuote(text, start, limit);
    // Only a comment may stand behind it; anything else makes the quotes a part of the value.
    if (close !== null && /^[ \t]*(?:#.*)?$/.test(text.slice(close + 1, lineEnd(text, close)))) {
      const inner = text.slice(start + 1, close);
      return { end: close + 1, value: quote === "'" ? inner : unescape(inner) };
    }
  }
  const bare = text.slice(start, end);
  // `#` begins a comment at the beginning or after a blank.
  const value = bare.replace(/(?:^|[ \t]+)#.*$/, '').trimEnd();
  return { end: start + value.length, value };
}

function closingQuote(text: string, start: number, limit: number): number | null {
  for (let at = start + 1; at < limit; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === text[start]) return at;
  }
  return null;
}

function unescape(text: string): string {
  const letters: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
  return text.replaceAll(/\\([\s\S])/g, (_all, character: string) => letters[character] ?? character);
}

/**
 * What a `.env` file sets, by name; of a name that is set twice the last counts, as for Docker Compose.
 * @param text the whole file
 */
export function readEnvFile(text: string): Map<string, EnvFileEntry> {
  return new Map(
    assignmentsOf(text)
      .filter(({ commented }) => !commented)
      .map(({ name, value }) => [name, { value, placeholder: isPlaceholder(value) }]),
  );
}

const PLACEHOLDER =
  /^(?:<[^<>]*>|\[[^[\]]*\]|\.{3}|…|x{3,}|change[-_ ]?me.*|replace[-_ ]?me.*|todo|your[-_ ].*|https?:\/\/(?:<[^<>]*>|\[[^[\]]*\]|your[-_][\w-]*|xxx+)\..*)$/i;

/** Whether a value is empty or stands for one that is still to be put in. */
export function isPlaceholder(value: string): boolean {
  const text = value.trim();
  return (
    text === '' ||
    PLACEHOLDER.test(text) ||
    isPasswordPlaceholder(text) ||
    // As .env.example has them.
    /YOUR-(?:PROJECT-REF|PASSWORD)|COPY-FROM-DASHBOARD|:\/\/USER:PASSWORD@|(?:^|@)db\.example\.com/.test(
      text,
    ) ||
    // A URL with one in the place of its password, its user or its host.
    /:\/\/\S*(?:\[[A-Z][A-Z_-]+\]|\[your-password\]|<[a-z_ -]+>|%5BYOUR-PASSWORD%5D)/.test(text)
  );
}

/**
 * A value as a line of `.env` holds it: Docker Compose, python-dotenv, django-environ and python-decouple all read the
 * same from it.
 * @param name of the variable, for the message
 * @throws QuotingError, which names the variable and what is in the way, never the value
 */
export function envFileValue(name: string, value: string): string {
  const reason = unreadable(value);
  if (reason !== null) {
    throw new QuotingError(
      `${name} holds ${reason}, which Docker Compose and Python's readers of .env files do not read alike. Choose another one (a password of letters and digits is safest).`,
    );
  }
  return envValue(value);
}

/** What the readers disagree on, in words; null: they agree. */
function unreadable(value: string): string | null {
  // Control characters, and what Python's splitlines takes for a line's end.
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f\u0085\u2028\u2029]/.test(value))
    return 'a line break or another control character';
  // python-decouple takes escapes as they stand, python-dotenv does not.
  if (value.includes('\\')) return 'a backslash';
  // In single quotes a single quote cannot stand, in double quotes these need an escape.
  if (value.includes("'") && /["$]/.test(value)) return `a single quote (') beside " or $`;
  // python-dotenv puts variables in even between single quotes.
  if (/\$\{[^}]*\}/.test(value)) return '${…}';
  // django-environ takes it for the name of another variable, wherever the value comes from.
  if (value.startsWith('$')) return 'a $ at its beginning';
  // django-environ takes off the second pair of quotes, too.
  if (/^".*"$/.test(value)) return 'double quotes around it';
  return null;
}

/**
 * Sets variables in the text of a `.env` file: the value of each active line of that name is replaced; where there is
 * none, the first one that is commented out becomes active; else a line is added at the end.
 * @param text the file as it is, empty for a new one
 * @param variables names and values, not quoted
 * @param heading comment above the lines that are added
 * @returns the new text; comments, order, line ends and all other lines are as they were
 * @throws QuotingError for a value that no line can hold
 */
export function setEnvVariables(text: string, variables: readonly EnvVariable[], heading?: string): string {
  let result = text;
  const added: string[] = [];
  for (const { name, value } of variables) {
    const quoted = envFileValue(name, value);
    const all = assignmentsOf(result).filter((item) => item.name === name);
    const active = all.filter(({ commented }) => !commented);
    const [commented] = all;
    if (active.length > 0) {
      // Backwards, so that the places stay true. Readers differ in which of two lines counts.
      for (const item of active.toReversed()) {
        if (item.value !== value) result = replaceValue(result, item, quoted);
      }
    } else if (commented !== undefined) {
      const withValue = replaceValue(result, commented, quoted);
      result = withValue.slice(0, commented.start) + withValue.slice(commented.declaration);
    } else {
      added.push(`${name}=${quoted}`);
    }
  }
  if (added.length === 0) return result;
  const newline = /\r\n/.test(text) && !/[^\r]\n/.test(text) ? '\r\n' : '\n';
  const before =
    result === '' || result === '\ufeff'
      ? result
      : result.endsWith('\n')
        ? result + newline
        : result + newline + newline;
  const lines = heading === undefined ? added : [`# ${heading.replaceAll(/\s+/g, ' ')}`, ...added];
  return before + lines.map((line) => line + newline).join('');
}

/** A comment keeps its blank before `#`, or it would become a part of the value. */
function replaceValue(text: string, item: Assignment, quoted: string): string {
  const rest = text.slice(item.valueEnd);
  return text.slice(0, item.valueStart) + quoted + (rest.startsWith('#') ? ' ' : '') + rest;
}
