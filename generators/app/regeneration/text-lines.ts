/** A text as lines, with what an editor or Git may have changed about its form. */
export interface TextLines {
  /** Without their endings. */
  lines: string[];
  /** One per line: `\n`, `\r\n`, or `''` for a last line without an ending. */
  endings: string[];
  /** A byte order mark stands before the first line. */
  byteOrderMark: boolean;
}

const BYTE_ORDER_MARK = '\uFEFF';

/** Takes a text apart; `joinText` puts it together again, byte for byte. */
export function splitText(text: string): TextLines {
  const byteOrderMark = text.startsWith(BYTE_ORDER_MARK);
  const lines: string[] = [];
  const endings: string[] = [];
  for (const [, line = '', ending = ''] of text
    .slice(byteOrderMark ? 1 : 0)
    .matchAll(/([^\n]*?)(\r?\n|$)/g)) {
    if (line === '' && ending === '') break;
    lines.push(line);
    endings.push(ending);
  }
  return { lines, endings, byteOrderMark };
}

/** The text of these lines. */
export function joinText({ lines, endings, byteOrderMark }: TextLines): string {
  return (
    (byteOrderMark ? BYTE_ORDER_MARK : '') +
    lines.map((line, index) => line + (endings[index] ?? '')).join('')
  );
}

/** The ending that most lines have; `\n` where there is none to see. */
export function usualEnding({ endings }: TextLines): string {
  const windows = endings.filter((ending) => ending === '\r\n').length;
  return windows * 2 > endings.filter((ending) => ending !== '').length ? '\r\n' : '\n';
}

/** Whether two lists of lines are the same. */
export function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
