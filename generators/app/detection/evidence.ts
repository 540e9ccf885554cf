import type { Evidence } from './facts.ts';

/** `file:line`, or the file where it is the evidence as a whole. */
export function placeOfEvidence({ file, line }: Evidence): string {
  return line === null ? file : `${file}:${line}`;
}

/**
 * The deciding place of a fact.
 * @returns '' where there is none
 */
export function firstPlace(evidence: readonly Evidence[]): string {
  const [first] = evidence;
  return first === undefined ? '' : placeOfEvidence(first);
}
