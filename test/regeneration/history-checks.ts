import { isDeepStrictEqual } from 'node:util';
import { LOCK_FILE } from '../../generators/app/regeneration/lock-file.ts';
import type { ConflictChoice } from '../../generators/app/regeneration/plan-changes.ts';
import { ANSWERS_FILE } from '../../generators/app/regeneration/stored-answers.ts';
import { TOKEN, content, ending, linesOf } from './history-edits.ts';
import { SECRET } from './history-renderings.ts';
import { OWN_FILES, type Disk, type Run } from './history-run.ts';

/** Counts what happened, by name. */
export type Count = (name: string, times?: number) => void;

/** A merge that needed nobody's word, to be compared with Git's. */
export interface CleanMerge {
  base: string;
  ours: string;
  theirs: string;
  merged: string;
}

/** A rule is broken. The message begins with the rule, so that many failures can be told apart. */
export class BrokenRule extends Error {
  override name = 'BrokenRule';
}

export function rule(holds: boolean, name: string, details: string): asserts holds {
  if (!holds) throw new BrokenRule(`${name}: ${details}`);
}

/** As Git sees a text: no byte order mark, `\n` line endings, a last one too. */
export function plainText(text: string): string {
  const plain = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  return plain === '' || plain.endsWith('\n') ? plain : `${plain}\n`;
}

const ownPaths: ReadonlySet<string> = new Set(OWN_FILES);

/**
 * What holds after every run, be it a whole one or one that was cut short. Told by the texts before and after, by what
 * was rendered and by the lock as it was; not by what the production code says that it did, but for the user's choices.
 * @returns merges without an overlap
 */
export function checkFiles(before: Disk, after: Disk, run: Run, count: Count): CleanMerge[] {
  const merges: CleanMerge[] = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(path);
    const now = after.get(path);
    if (path === LOCK_FILE || path === ANSWERS_FILE) continue;
    if (path === '.env') {
      rule(old === undefined || old === now, '.env changed', '');
      rule(old !== undefined || now === run.rendered.get(path)?.text, '.env has another text', '');
      if (old !== undefined) count('.env stayed');
      continue;
    }
    if (!ownPaths.has(path)) {
      if (old === now) continue;
      // A file that is kept under another name, byte for byte.
      if (now === undefined) {
        checkSetAside(path, old, after, run);
        count('set aside');
        continue;
      }
      const kept = [...OWN_FILES, 'docker-compose.yml'].find((own) => path.startsWith(`${own}.old`));
      rule(old === undefined && kept !== undefined, 'a file of the user’s was touched', path);
      rule(now === before.get(kept), 'what is kept is not what was there', path);
      count('kept as .old');
      continue;
    }
    if (old === undefined && now !== undefined) checkCreated(path, now, run);
    else if (old !== undefined && now === undefined) checkDeleted(path, old, run, count);
    else if (old !== undefined && now !== undefined) {
      const merge = checkChanged(path, old, now, { after, run, count });
      if (merge) merges.push(merge);
    }
  }
  rule(!after.get(LOCK_FILE)?.includes('[user '), 'text of the user’s in the lock', '');
  for (const [path, text] of after) {
    if (path !== '.env') rule(!text.includes(SECRET), 'a secret outside of .env', path);
  }
  return merges;
}

/** A compose file of another name that is not there any more was kept, on the user's word. */
function checkSetAside(path: string, old: string | undefined, after: Disk, run: Run): void {
  rule(path === 'docker-compose.yml', 'a file of the user’s is gone', path);
  rule(run.choices.existing.get('compose.yaml') === 'old', 'set aside without the user’s word', path);
  const kept = [...after].some(([name, text]) => name.startsWith(`${path}.old`) && text === old);
  rule(kept, 'set aside and not kept', path);
}

function checkCreated(path: string, now: string, run: Run): void {
  const rendered = run.rendered.get(path);
  rule(rendered !== undefined, 'created though not generated', path);
  rule(now === rendered.text, 'created with another text', path);
  const known = run.lock?.files[path] ?? run.lock?.leftOver?.[path] ?? undefined;
  rule(known === undefined || run.restore.includes(path), 'a deleted file came back', path);
  rule(!run.leave.includes(path) || run.restore.includes(path), 'created though it is to be left away', path);
}

function checkDeleted(path: string, old: string, run: Run, count: Count): void {
  const base = run.lock?.files[path];
  rule(!run.rendered.has(path), 'deleted though it is generated', path);
  rule(base !== undefined, 'deleted though nothing tells that it is ours', path);
  rule(plainText(old) === plainText(base), 'an edited file was deleted', path);
  count('deleted, unedited');
}

function checkChanged(
  path: string,
  old: string,
  now: string,
  { after, run, count }: { after: Disk; run: Run; count: Count },
): CleanMerge | null {
  const base = run.lock?.files[path] ?? run.lock?.leftOver?.[path] ?? undefined;
  const theirs = run.rendered.get(path)?.text;
  const written = run.outcome.changes.some((change) => change.path === path && change.text === now);
  if (theirs === undefined) {
    rule(old === now, 'changed though not generated', path);
    if (base !== undefined) count('kept though no longer generated');
    return null;
  }
  if (run.leave.includes(path) && run.left.includes(path)) {
    rule(old === now, 'changed though it is to be left', path);
    count('left');
    return null;
  }
  // A run that was cut short has not come to it.
  const isDone = run.done === run.outcome.steps.length;
  if (old === now && !isDone) return null;
  const existing = run.choices.existing.get(path);
  if (existing !== undefined) {
    rule(base === undefined && !run.mayBeEdited, 'ours was taken as a file that was there', path);
    count(`existing: ${existing}`);
    if (existing === 'leave' && !run.restore.includes(path)) rule(old === now, 'changed though left', path);
    if (existing === 'old') {
      rule(now === theirs, 'replaced by another text', path);
      const kept = [...after].some(([name, text]) => name.startsWith(`${path}.old`) && text === old);
      rule(kept, 'replaced and not kept', path);
    }
    if (existing === 'merge') {
      checkTokens(path, old, now, new Set(), count);
      checkForm(path, old, now, count);
    }
    return null;
  }
  const overlap = run.examination.overlaps.find((file) => file.path === path);
  const choice = overlap ? (run.choices.overlaps.get(path) ?? 'markers') : null;
  if (overlap) {
    count(`overlap, base ${overlap.base}: ${choice}`);
    rule((base === undefined) === (overlap.base === 'unknown'), 'wrong about the base', path);
    rule(base === undefined || plainText(old) !== plainText(base), 'an unedited file has an overlap', path);
  }
  if (base === undefined) {
    rule(overlap !== undefined || plainText(old) === plainText(theirs), 'no base and no question', path);
    if (choice === 'ours' || choice === null) rule(old === now, 'changed without a base', path);
  } else {
    if (plainText(theirs) === plainText(base)) rule(old === now, 'changed though nothing is new', path);
    if (plainText(old) === plainText(base))
      rule(plainText(now) === plainText(theirs), 'an unedited file is not the new one', path);
    if (old !== base) checkLines(path, { base, old, theirs, now }, choice, count);
  }
  if (old === now) count(overlap ? 'overlap without a change' : 'unchanged');
  else rule(written, 'another text was written than planned', path);
  const given = choice === 'theirs' && overlap ? tokensInOverlaps(overlap.overlap.marked) : new Set<string>();
  checkTokens(path, old, now, given, count);
  checkForm(path, old, now, count);
  if (base === undefined || overlap) return null;
  if (plainText(old) === plainText(base)) {
    if (old !== now) count('updated, unedited');
    return null;
  }
  if (plainText(theirs) === plainText(base) || plainText(theirs) === plainText(old)) return null;
  count('merged');
  return { base, ours: old, theirs, merged: now };
}

const counted = (texts: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
};

/** The user's lines between markers: those that the word «theirs» gives up. */
function tokensInOverlaps(marked: string): Set<string> {
  const lines = linesOf(marked).lines.map(content);
  const tokens = new Set<string>();
  for (const [start, line] of lines.entries()) {
    if (line !== '<<<<<<< yours') continue;
    const part = lines.slice(start, lines.indexOf('>>>>>>> newly generated', start));
    const base = part.indexOf('||||||| last generated');
    // The user may have such a line, too.
    const end = base === -1 ? part.lastIndexOf('=======') : base;
    for (const [token] of part.slice(0, end).join('\n').matchAll(TOKEN)) tokens.add(token);
  }
  return tokens;
}

/** Every line of the user's is there, as often as before, with the ending that it had. */
function checkTokens(path: string, old: string, now: string, given: ReadonlySet<string>, count: Count): void {
  const own = linesOf(old).lines.filter((line) => line.includes('[user '));
  if (own.length === 0) return;
  const nowLines = linesOf(now).lines;
  const counts = counted(nowLines.map(content));
  const exact = counted(nowLines);
  for (const [text, times] of counted(own.map(content))) {
    if ([...text.matchAll(TOKEN)].some(([token]) => given.has(token))) continue;
    rule((counts.get(text) ?? 0) >= times, 'a line of the user’s was lost', `${path}: ${text}`);
    count('lines of the user’s that are still there', times);
  }
  for (const line of own) {
    if (ending(line) === '' || line === linesOf(old).lines.at(-1)) continue;
    const open = content(nowLines.at(-1) ?? '') === content(line) && ending(nowLines.at(-1) ?? '') === '';
    const isGiven = [...line.matchAll(TOKEN)].some(([token]) => given.has(token));
    rule(
      open || isGiven || (exact.get(line) ?? 0) > 0,
      'a line of the user’s has another ending',
      `${path}: ${JSON.stringify(line)}`,
    );
  }
}

/** Byte order mark, line endings and a missing last newline are as they were. */
function checkForm(path: string, old: string, now: string, count: Count): void {
  if (old === '' || now === '' || old === now) return;
  const [was, is] = [linesOf(old), linesOf(now)];
  rule(was.mark === is.mark, 'byte order mark', path);
  if (was.mark !== '') count('with a byte order mark');
  if (was.lines.length === 0 || is.lines.length === 0) return;
  const open = (lines: readonly string[]): boolean => ending(lines.at(-1) ?? '') === '';
  rule(open(was.lines) === open(is.lines), 'last newline', path);
  if (open(was.lines)) count('without a last newline');
  const endings = (lines: readonly string[]): Set<string> =>
    new Set(lines.map(ending).filter((end) => end !== ''));
  const [oldEndings, newEndings] = [endings(was.lines), endings(is.lines)];
  if (oldEndings.size === 2) count('with mixed line endings');
  if (oldEndings.size !== 1) return;
  if (oldEndings.has('\r\n')) count('with CRLF');
  rule(
    [...newEndings].every((end) => oldEndings.has(end)),
    'line endings',
    path,
  );
}

/** A line that stands only once: where, and with the lines beside it. */
interface SingleLine {
  at: number;
  around: string;
}

function singleLines(text: string): Map<string, SingleLine> {
  const lines = linesOf(text).lines.map(content);
  const places = new Map<string, SingleLine>();
  const several = new Set<string>();
  for (const [at, line] of lines.entries()) {
    if (places.has(line)) several.add(line);
    places.set(line, { at, around: `${lines[at - 1]}\n${lines[at + 1]}` });
  }
  for (const line of several) places.delete(line);
  return places;
}

type Singles = ReadonlyMap<string, SingleLine>;

/**
 * Lines that nobody moved: they stand once in both texts, with the same lines before, after and beside them. Blank
 * ones are left out.
 */
function unmoved(from: Singles, to: Singles): Set<string> {
  const common = [...from.keys()].filter((line) => line.trim() !== '' && to.has(line));
  const places = common.map((line) => to.get(line)?.at ?? 0);
  const least = places.toReversed();
  for (let index = 1; index < least.length; index += 1)
    least[index] = Math.min(least[index] ?? 0, least[index - 1] ?? 0);
  least.reverse();
  let most = -1;
  return new Set(
    common.filter((line, index) => {
      const place = places[index] ?? 0;
      const stays = place > most && place < (least[index + 1] ?? Infinity);
      most = Math.max(most, place);
      return stays && from.get(line)?.around === to.get(line)?.around;
    }),
  );
}

/** Line by line, for lines that stand only once and are not moved, so that there is no doubt which is meant. */
function checkLines(
  path: string,
  texts: { base: string; old: string; theirs: string; now: string },
  choice: ConflictChoice | null,
  count: Count,
): void {
  if (texts.old === texts.now && plainText(texts.theirs) === plainText(texts.base)) return;
  const setOf = (text: string): Set<string> => new Set(linesOf(text).lines.map(content));
  const [oldLines, theirLines, nowLines] = [setOf(texts.old), setOf(texts.theirs), setOf(texts.now)];
  const baseLines = setOf(texts.base);
  const base = singleLines(texts.base);
  const inTheirs = unmoved(base, singleLines(texts.theirs));
  const inOld = unmoved(base, singleLines(texts.old));
  if (choice === null || choice === 'ours') {
    for (const line of inTheirs) {
      if (oldLines.has(line)) continue;
      rule(!nowLines.has(line), 'a line that the user deleted came back', `${path}: ${line}`);
      count('deleted lines that stayed away');
    }
  }
  if (choice === null) {
    for (const line of inOld) {
      if (theirLines.has(line)) continue;
      rule(!nowLines.has(line), 'a line that is not generated any more stayed', `${path}: ${line}`);
      count('lines that went with the new templates');
    }
    for (const line of theirLines) {
      if (baseLines.has(line)) continue;
      rule(nowLines.has(line), 'a new line is missing', `${path}: ${line}`);
      count('new lines that came in');
    }
  }
  // Each line of the user's file ends as it ended before.
  const endings = new Map(linesOf(texts.now).lines.map((line) => [content(line), ending(line)]));
  const once = singleLines(texts.now);
  for (const line of linesOf(texts.old).lines) {
    const text = content(line);
    if (!inOld.has(text) || !inTheirs.has(text) || !once.has(text)) continue;
    const end = endings.get(text);
    if (end === '' || ending(line) === '') continue;
    rule(end === ending(line), 'a line has another ending', `${path}: ${text}`);
  }
}

interface StoredLock {
  files: Record<string, string[]>;
  pending?: unknown;
}

/** What holds after a run that came to its end. */
export function checkLock(before: Disk, after: Disk, run: Run): void {
  const text = after.get(LOCK_FILE);
  rule(text !== undefined, 'no lock', '');
  const lock = JSON.parse(text) as StoredLock;
  rule(lock.pending === undefined, 'pending after a whole run', '');
  rule(after.has(ANSWERS_FILE), 'no answers', '');
  const expected = [...run.rendered].filter(
    ([path, { file }]) => !file.writeOnce && !run.left.includes(path),
  );
  rule(
    JSON.stringify(Object.keys(lock.files).toSorted()) ===
      JSON.stringify(expected.map(([path]) => path).toSorted()),
    'the lock names other files than were generated',
    Object.keys(lock.files).join(', '),
  );
  for (const [path, rendered] of expected) {
    rule(
      lock.files[path]?.join('\n') === rendered.text,
      'the lock has another text than was generated',
      path,
    );
    const base = run.lock?.files[path] ?? run.lock?.leftOver?.[path] ?? undefined;
    const isDeleted = base !== undefined && !before.has(path);
    rule(after.has(path) || isDeleted, 'the lock names a file that is not there', path);
  }
  for (const path of [LOCK_FILE, ANSWERS_FILE]) {
    const [was, is] = [before.get(path), after.get(path)];
    rule(was === is || !isSame(was, is), 'written again though it says the same', path);
  }
  for (const path of run.left) {
    rule(
      run.leave.includes(path) || run.choices.existing.get(path) === 'leave',
      'left without the user’s word',
      path,
    );
  }
  for (const [path, base] of Object.entries(run.lock?.files ?? {})) {
    if (run.rendered.has(path)) continue;
    const left = after.get(path);
    rule(
      left === undefined || plainText(left) !== plainText(base),
      'a file of ours is left over, and the lock does not know of it',
      path,
    );
  }
}

/** Whether two texts are the same as JSON, but for the version of the generator. */
function isSame(a: string | undefined, b: string | undefined): boolean {
  try {
    const [first, second] = [a, b].map(
      (text) => ({ ...JSON.parse(text ?? ''), generatorVersion: '' }) as Record<string, unknown>,
    );
    return isDeepStrictEqual(first, second);
  } catch {
    return false;
  }
}

/** A run that was refused has written nothing. */
export function checkSame(before: Disk, after: Disk, name: string): void {
  for (const path of new Set([...before.keys(), ...after.keys()]))
    rule(before.get(path) === after.get(path), name, path);
}
