import type { Examination, ProjectDisk } from './plan-changes.ts';
import { joinText, splitText, usualEnding } from './text-lines.ts';

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
  const mine = splitText(ours);
  const usual = usualEnding(mine);
  const own = mine.lines.map((text, index) => ({ text, ending: mine.endings[index] || usual }));
  const added = (text: string): { text: string; ending: string } => ({ text, ending: usual });
  const nameOf = (line: string): string =>
    path === '.env.example' ? (/^(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1] ?? '') : '';
  const values = new Map(
    own.filter(({ text }) => nameOf(text) !== '').map((line) => [nameOf(line.text), line]),
  );
  const taken = new Set<(typeof own)[number]>();
  const merged = splitText(theirs).lines.map((text) => {
    const value = values.get(nameOf(text.replace(/^# /, '')));
    if (value === undefined || taken.has(value)) return added(text);
    taken.add(value);
    return value;
  });
  const present = new Set(merged.map(({ text }) => text.trim()).filter((text) => text !== ''));
  const rest = withoutOuterBlanks(
    own.filter((line) => !taken.has(line) && (line.text.trim() === '' || !present.has(line.text.trim()))),
  );
  const lines = [
    ...merged,
    ...(rest.length === 0 ? [] : [added(''), added(`# ---- From your ${path}`), ...rest]),
  ];
  const endsOpen = mine.endings.at(-1) === '';
  return joinText({
    lines: lines.map(({ text }) => text),
    endings: lines.map(({ ending }, index) => (endsOpen && index === lines.length - 1 ? '' : ending)),
    byteOrderMark: mine.byteOrderMark,
  });
}

/** Without blank lines at both ends, and with one where there were several. */
function withoutOuterBlanks<Line extends { text: string }>(lines: readonly Line[]): Line[] {
  const isBlank = (line: Line | undefined): boolean => line?.text.trim() === '';
  const kept = lines.filter((line, index) => !isBlank(line) || (index > 0 && !isBlank(lines[index - 1])));
  const start = kept.findIndex((line) => !isBlank(line));
  const end = kept.findLastIndex((line) => !isBlank(line));
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
