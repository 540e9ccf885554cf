import type { Examination, ProjectDisk } from './plan-changes.ts';
import { splitText } from './text-lines.ts';

/** What the user wants for a file that was there before the generator. */
export const EXISTING_CHOICES = ['old', 'merge', 'leave'] as const;
export type ExistingChoice = (typeof EXISTING_CHOICES)[number];

/** Lists, in which the order of two entries rarely matters: both sides' entries go into one file. */
const LIST_FILES: ReadonlySet<string> = new Set(['.dockerignore', '.env.example']);

/** Whether a merge of this file needs no conflict markers. */
export function mergesAsList(path: string): boolean {
  return LIST_FILES.has(path);
}

/**
 * What is taken where nobody is asked: the old file is kept beside ours. In `.env.example`, which nothing reads, the
 * entries of both are wanted; a compose file of another name stays, because scripts may name it.
 */
export function usualExistingChoice({ path, kind }: Examination['existing'][number]): ExistingChoice {
  return path === '.env.example' || kind === 'rivals' ? 'merge' : 'old';
}

/**
 * One list of two: the new one, with the user's value where both name the same variable, and after it what only the
 * user has. Its lines stand last, so that in `.dockerignore` they win.
 * @param path decides what an entry is
 * @param ours the user's file
 * @param theirs the new one
 */
export function mergeLists(path: string, ours: string, theirs: string): string {
  const mine = splitText(ours).lines.map((line) => line.trimEnd());
  const nameOf = (line: string): string =>
    path === '.env.example' ? (/^(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1] ?? '') : '';
  const values = new Map(mine.filter((line) => nameOf(line) !== '').map((line) => [nameOf(line), line]));
  const taken = new Set<string>();
  const merged = splitText(theirs).lines.map((line) => {
    const name = nameOf(line.replace(/^# /, ''));
    const own = values.get(name);
    if (own === undefined || taken.has(name)) return line;
    taken.add(name);
    return own;
  });
  const present = new Set(merged.map((line) => line.trim()).filter((line) => line !== ''));
  const rest = mine.filter((line) => !taken.has(nameOf(line)) && (line === '' || !present.has(line.trim())));
  const own = withoutOuterBlanks(rest);
  if (own.length === 0) return `${merged.join('\n')}\n`;
  return [...merged, '', `# ---- From your ${path}`, ...own, ''].join('\n');
}

/** Without blank lines at both ends, and with one where there were several. */
function withoutOuterBlanks(lines: readonly string[]): string[] {
  const kept = lines.filter((line, index) => line !== '' || (index > 0 && lines[index - 1] !== ''));
  const start = kept.findIndex((line) => line !== '');
  const end = kept.findLastIndex((line) => line !== '');
  return start === -1 ? [] : kept.slice(start, end + 1);
}

/**
 * A free name to keep a file under: `Dockerfile.old`, `Dockerfile.old.2`, …; or one that holds just its bytes, because
 * a run that was cut short had kept it already.
 */
export function oldName(path: string, disk: ProjectDisk): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `${path}.old` : `${path}.old.${number}`;
    if (!disk.exists(name) || disk.sha256(name) === disk.sha256(path)) return name;
  }
}
