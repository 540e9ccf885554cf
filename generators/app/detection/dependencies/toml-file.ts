import { TomlError, parse } from 'smol-toml';
import { DetectionError } from '../facts.ts';
import type { ProjectFiles } from '../project-files.ts';

export type TomlTable = Record<string, unknown>;

export const isTable = (value: unknown): value is TomlTable =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** A table inside a table; empty where there is none. */
export function tableAt(table: TomlTable, ...keys: string[]): TomlTable {
  let current: unknown = table;
  for (const key of keys) current = isTable(current) ? current[key] : undefined;
  return isTable(current) ? current : {};
}

export const stringsIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

export const tablesIn = (value: unknown): TomlTable[] => (Array.isArray(value) ? value.filter(isTable) : []);

/**
 * A TOML file of the project.
 * @returns undefined when there is none
 * @throws DetectionError with the line when it is not valid
 */
export function readToml(files: ProjectFiles, path: string): { table: TomlTable; text: string } | undefined {
  const text = files.read(path);
  if (text === undefined) return undefined;
  try {
    return { table: parse(text) as TomlTable, text };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new DetectionError(`${path}:${error.line} is not valid TOML: ${error.message.split('\n')[0]}. Correct it, then run again.`);
  }
}

/** The first line (from 1) that has a text; null when none has. */
export function lineOf(text: string, needle: string | RegExp): number | null {
  const index = text.split('\n').findIndex((line) => (typeof needle === 'string' ? line.includes(needle) : needle.test(line)));
  return index < 0 ? null : index + 1;
}
