/**
 * Text from a user's repository, quoted for the format that it goes into. Each function is total for what the
 * format can hold and throws `QuotingError` for what it cannot.
 */

/** The text cannot be written into this format at all. */
export class QuotingError extends Error {
  override name = 'QuotingError';
}

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;

function refuseControlCharacters(text: string, format: string): void {
  if (CONTROL.test(text)) {
    throw new QuotingError(
      `${JSON.stringify(text)} holds a line break or another control character, which cannot be written into ${format}.`,
    );
  }
}

/** One word of a POSIX shell command. */
export function shellWord(text: string): string {
  refuseControlCharacters(text, 'a shell command');
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A name that begins with `-` would be taken for an option. */
const PLAIN_PATH = /^[A-Za-z0-9_@%+=:,./][A-Za-z0-9_@%+=:,./-]*$/;

/**
 * Source paths and the destination of one COPY instruction. Plain names are written as they are; others in the
 * JSON form, where the Dockerfile's own escapes are still needed for `$`, quotes and backslashes, and for the
 * wildcards of source paths (https://docs.docker.com/reference/dockerfile/#copy).
 * @param sources paths relative to the build context
 * @param destination absolute path; folders end in `/`
 */
export function copyArguments(sources: readonly string[], destination: string): string {
  for (const path of [...sources, destination]) refuseControlCharacters(path, 'a Dockerfile');
  if ([...sources, destination].every((path) => PLAIN_PATH.test(path))) {
    return [...sources, destination].join(' ');
  }
  const words = [...sources.map((path) => escapeForCopy(escapeWildcards(path))), escapeForCopy(destination)];
  return JSON.stringify(words).replaceAll('","', '", "');
}

/** Go's filepath.Match: a character class of one stands for the character itself. */
function escapeWildcards(path: string): string {
  return path.replaceAll(/[[*?]/g, (character) => `[${character}]`);
}

/** The one argument of WORKDIR: spaces belong to it, `$`, quotes and backslashes mean something. */
export function workdirArgument(path: string): string {
  refuseControlCharacters(path, 'a Dockerfile');
  return escapeForCopy(path);
}

/** The value of an ENV instruction, in double quotes where it is no plain word. */
export function envInstructionValue(text: string): string {
  refuseControlCharacters(text, 'a Dockerfile');
  return /^[\w./:-]+$/.test(text) ? text : `"${text.replaceAll(/[\\"$]/g, (character) => `\\${character}`)}"`;
}

/**
 * Inside the double quotes of a YAML scalar in a Compose file, for a value that may hold Compose's own `${…}`.
 */
export function composeValue(text: string): string {
  refuseControlCharacters(text, 'a Compose file');
  return text.replaceAll(/["\\]/g, (character) => `\\${character}`);
}

/** The Dockerfile's word processing drops quotes and expands `$`, in the JSON form too. */
function escapeForCopy(path: string): string {
  return path.replaceAll(/[\\$'"]/g, (character) => `\\${character}`);
}

/** One pattern of .dockerignore that matches exactly this path (Go's filepath.Match; `#` starts a comment only at the line's beginning). */
export function dockerignorePattern(path: string): string {
  refuseControlCharacters(path, '.dockerignore');
  const escaped = path.replaceAll(/[\\[*?]/g, (character) => `\\${character}`);
  return /^[#!]/.test(escaped) ? `\\${escaped}` : escaped;
}

/** A YAML scalar in double quotes, for a Compose file, where a single `$` would be taken as a variable. */
export function composeString(text: string): string {
  refuseControlCharacters(text, 'a Compose file');
  return JSON.stringify(text.replaceAll('$', '$$$$'));
}

/** A value of an env file as Docker Compose reads it: bare where that is safe, else in single or double quotes. */
export function envValue(text: string): string {
  refuseControlCharacters(text, 'an env file');
  if (/^[A-Za-z0-9_@%+=:,./*?&;()[\]{}|~^<>!-]*$/.test(text)) return text;
  if (!text.includes("'") && !text.includes('\\')) return `'${text}'`;
  return `"${text.replaceAll(/[\\"$]/g, (character) => `\\${character}`)}"`;
}

/** A comment: on one line in every format. */
export function commentText(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\u0000-\u001f\u007f]/g, '');
}

/** A Python literal of a JSON-like value. */
export function pythonLiteral(value: unknown, indent = ''): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return pythonString(value);
  const inner = `${indent}    `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((item) => `${inner}${pythonLiteral(item, inner)},\n`).join('')}${indent}]`;
  }
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length === 0) return '{}';
  const lines = entries.map(
    ([key, item]) => `${inner}${pythonString(key)}: ${pythonLiteral(item, inner)},\n`,
  );
  return `{\n${lines.join('')}${indent}}`;
}

/** Double quotes as ruff format prefers; JSON's escapes are Python's too, but for the lone surrogates that JSON.stringify escapes as well. */
function pythonString(text: string): string {
  return JSON.stringify(text);
}

/** Markdown: text inside a code span. */
export function markdownCode(text: string): string {
  return text.replaceAll('`', "'").replaceAll(/[\r\n]+/g, ' ');
}
