import type { Evidence, Requirement } from '../facts.ts';

/** A package name as PEP 503 normalises it: lower case, runs of `-_.` as one `-`. */
export function normalizeName(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase();
}

const REQUIREMENT =
  /^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*(?:@\s*(\S+?)(?:\s+;\s*(.*))?|\(?\s*((?:[<>=!~]=?=?\s*[^,;()\s]+\s*,?\s*)*)\)?\s*(?:;\s*(.*))?)\s*$/;

/**
 * One requirement in the form of PEP 508: `name[extra] >=1 ; marker` or `name @ url`.
 * @returns null when the text is none
 */
export function parseRequirement(text: string, evidence: Evidence): Requirement | null {
  const match = REQUIREMENT.exec(text);
  if (!match?.[1]) return null;
  const [, name, extras = '', url, urlMarker, specifier = '', marker] = match;
  return {
    name: normalizeName(name),
    extras: extras
      .split(',')
      .map((extra) => normalizeName(extra.trim()))
      .filter((extra) => extra !== ''),
    specifier: specifier.replaceAll(/\s+/g, '').replace(/,$/, ''),
    marker: (urlMarker ?? marker ?? '').trim(),
    url: url ?? null,
    direct: true,
    evidence,
  };
}
