/**
 * Poetry's version constraint as PEP 440 specifiers: `^5.2` → `>=5.2,<6`, `~1.2.3` → `>=1.2.3,<1.3`, `1.2` → `==1.2`.
 * Of alternatives (`||`) the last one is taken, which is the newest by custom; `*` gives `''`.
 */
export function specifierOfPoetry(constraint: string): string {
  const alternatives = constraint.split('||');
  const last = alternatives.at(-1) ?? '';
  return last
    .trim()
    .replace(/([<>=!~^]+)\s+/g, '$1')
    .split(/\s*,\s*|\s+/)
    .map(translateClause)
    .filter((clause) => clause !== '')
    .join(',');
}

function translateClause(clause: string): string {
  if (clause === '*' || clause === '') return '';
  const match = /^(\^|~(?!=)|[<>=!~]+)?(.+)$/.exec(clause);
  if (!match) return '';
  const [, operator = '', version = ''] = match;
  if (operator === '^') return `>=${version},<${caretLimit(version)}`;
  if (operator === '~') return `>=${version},<${tildeLimit(version)}`;
  if (operator === '' || operator === '=') return `==${version}`;
  return clause;
}

function numbers(version: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
}

function caretLimit(version: string): string {
  const parts = numbers(version);
  const significant = parts.findIndex((part) => part !== 0);
  return increased(parts, significant === -1 ? parts.length - 1 : significant);
}

function tildeLimit(version: string): string {
  const parts = numbers(version);
  return increased(parts, parts.length === 1 ? 0 : 1);
}

function increased(parts: readonly number[], index: number): string {
  return [...parts.slice(0, index), (parts[index] ?? 0) + 1].join('.');
}
