import { TomlError, parse } from 'smol-toml';
import { DetectionError } from '../facts.ts';

export type Table = Record<string, unknown>;

/** The value as a table; an empty one when it is something else. */
export function asTable(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}

/** The value as a list; an empty one when it is something else. */
export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value as a text; null when it is something else. */
export function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** The texts of a list. */
export function asTexts(value: unknown): string[] {
  return asList(value).filter((item) => typeof item === 'string');
}

/** Reads TOML. Throws DetectionError with file and line when it is broken; `advice` says how to repair it. */
export function readToml(path: string, text: string, advice: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
    throw new DetectionError(`${path}:${error.line}: this is not valid TOML (${reason}). ${advice}`);
  }
}

/** Reads JSON. Throws DetectionError with file and line when it is broken. */
export function readJson(path: string, text: string, advice: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const position = /position (\d+)/.exec(error.message)?.[1];
    const line = text.slice(0, position === undefined ? text.length : Number(position)).split('\n').length;
    throw new DetectionError(`${path}:${line}: this is not valid JSON. ${advice}`);
  }
}

/** The number of the first line that matches, from 1; null when none does. */
export function lineMatching(text: string, pattern: RegExp): number | null {
  const index = text.split('\n').findIndex((line) => pattern.test(line));
  return index === -1 ? null : index + 1;
}

/** A text as part of a regular expression. */
export function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
