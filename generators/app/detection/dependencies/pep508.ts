/** A requirement as PEP 508 writes it. */
export interface ParsedRequirement {
  name: string;
  extras: string[];
  specifier: string;
  marker: string;
  url: string | null;
}

const NAMED = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(.*)$/s;
const CLAUSE = /^(?:~=|===?|!=|<=?|>=?)[^\s,;<>=!~()]+$/;

/** PEP 503: lower case, runs of `-_.` as one `-`. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** Reads `name[extras] specifier ; marker` or `name[extras] @ url ; marker`; null when it is neither. */
export function parseRequirement(text: string): ParsedRequirement | null {
  const match = NAMED.exec(text.trim());
  if (!match) return null;
  const [, name = '', extras = '', rest = ''] = match;
  const head = { name: normalizeName(name), extras: splitList(extras).map(normalizeName) };
  if (rest.startsWith('@')) {
    // A URL may hold a semicolon itself, so that only one after a space begins a marker.
    const [url = '', marker = ''] = splitOnce(rest.slice(1).trim(), /\s+;\s*|;\s+/);
    return url === '' ? null : { ...head, specifier: '', marker: marker.trim(), url };
  }
  const [versions = '', marker = ''] = splitOnce(rest, /;/);
  const clauses = splitList(versions.trim().replace(/^\((.*)\)$/s, '$1')).map((clause) =>
    clause.replace(/\s+/g, ''),
  );
  if (!clauses.every((clause) => CLAUSE.test(clause))) return null;
  return { ...head, specifier: clauses.join(','), marker: marker.trim(), url: null };
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function splitOnce(text: string, separator: RegExp): string[] {
  const match = separator.exec(text);
  return match ? [text.slice(0, match.index), text.slice(match.index + match[0].length)] : [text];
}

/** The one version that a specifier pins (`==5.2.8`, `===5.2.8`); null when it leaves a choice. */
export function pinnedVersion(specifier: string): string | null {
  return /^===?([^,*]+)$/.exec(specifier)?.[1] ?? null;
}
