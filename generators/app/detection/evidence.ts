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

const LINE_NUMBER =
  /(\.(?:py|txt|toml|cfg|lock|ya?ml|ini|in|json|env|python-version|tool-versions)|Pipfile|Procfile|Dockerfile(?:\.old)?):\d+\b/g;

/**
 * A text without the line numbers of its places: in a file that is kept, each would change with every line that is
 * added above it, and so would run against what the user edits beside it.
 */
export function withoutLineNumbers(text: string): string {
  return text.replaceAll(LINE_NUMBER, '$1');
}
