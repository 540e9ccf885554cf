import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diffIndices } from 'node-diff3';
import { BrokenRule, plainText, type CleanMerge, type Count } from './history-checks.ts';

type Texts = Pick<CleanMerge, 'base' | 'ours' | 'theirs'>;

/** So many are compared even where the machine is slow. */
const LEAST = 1000;

/**
 * Compares clean merges with those of `git merge-file`, as many as there is time for.
 * @param merges each is clean by the production code
 * @param milliseconds after which no other is begun, but for the least number
 * @returns where Git does not merge, or merges to other bytes
 */
export function compareWithGit(
  merges: readonly CleanMerge[],
  milliseconds: number,
  count: Count,
): BrokenRule[] {
  const folder = mkdtempSync(join(tmpdir(), 'histories-'));
  const merge = (texts: Texts): string | null => mergeByGit(folder, texts);
  const end = performance.now() + milliseconds;
  const different: BrokenRule[] = [];
  try {
    for (const [index, item] of merges.entries()) {
      if (performance.now() > end && index >= LEAST) break;
      const texts = {
        base: plainText(item.base),
        ours: plainText(item.ours),
        theirs: plainText(item.theirs),
      };
      const merged = plainText(item.merged);
      const git = merge(texts);
      count('Git: clean merges compared');
      if (git === merged) {
        count('Git: the same bytes');
        continue;
      }
      // Where a line stands several times there may be two ways to see what was inserted or deleted.
      const aligned = merge(withNames(texts));
      if (aligned !== null && withoutNames(aligned) === merged) {
        count('Git: the same bytes if told which of several equal lines is which');
        continue;
      }
      const problem = git === null ? 'Git finds an overlap' : 'Git merges to another text';
      different.push(new BrokenRule(`${problem}: ${JSON.stringify({ ...texts, merged, git }, null, 1)}`));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return different;
}

/** The merged text; null where changes overlap. */
function mergeByGit(folder: string, { base, ours, theirs }: Texts): string | null {
  writeFileSync(join(folder, 'ours'), ours);
  writeFileSync(join(folder, 'base'), base);
  writeFileSync(join(folder, 'theirs'), theirs);
  const git = spawnSync('git', ['merge-file', '-p', 'ours', 'base', 'theirs'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (git.error) throw git.error;
  return git.status === 0 ? git.stdout : null;
}

/** The texts with a name before each line, so that equal lines are told apart: one way to see them, and no other. */
function withNames({ base, ours, theirs }: Texts): Texts {
  const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
  const joined = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
  const from = linesOf(base);
  const named = (text: string): string => {
    const to = linesOf(text);
    const result: string[] = [];
    let at = 0;
    const keep = (end: number): void => {
      for (; at < end; at += 1) result.push(`${at}\t${from[at]}`);
    };
    for (const { buffer1, buffer2 } of diffIndices(from, to)) {
      keep(buffer1[0]);
      // The same lines put in at the same place by both are the same.
      const seen = new Map<string, number>();
      for (const line of to.slice(buffer2[0], buffer2[0] + buffer2[1])) {
        const times = seen.get(line) ?? 0;
        seen.set(line, times + 1);
        result.push(`before ${at + buffer1[1]}, ${times}\t${line}`);
      }
      at += buffer1[1];
    }
    keep(from.length);
    return joined(result);
  };
  return { base: named(base), ours: named(ours), theirs: named(theirs) };
}

const withoutNames = (text: string): string => text.replaceAll(/^[^\t]*\t/gm, '');
