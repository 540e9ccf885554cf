import { styleText } from 'node:util';
import { FILE_HEADERS_ONLY, createTwoFilesPatch } from 'diff';

/** One file before and after; undefined where there is none. */
export interface FileDifference {
  path: string;
  before: string | undefined;
  after: string | undefined;
}

/**
 * A unified diff as `git apply` and `patch` take it.
 * @param options.colour for a terminal: additions and removals coloured, control characters of the files not passed on
 */
export function formatDiff({ path, before, after }: FileDifference, options: { colour: boolean }): string {
  const patch = createTwoFilesPatch(
    before === undefined ? '/dev/null' : `a/${path}`,
    after === undefined ? '/dev/null' : `b/${path}`,
    before ?? '',
    after ?? '',
    undefined,
    undefined,
    { context: 3, headerOptions: FILE_HEADERS_ONLY },
  );
  // Without this header Git makes no empty file, and keeps one that is to go.
  const header =
    before === undefined
      ? `diff --git a/${path} b/${path}\nnew file mode 100644\n`
      : after === undefined
        ? `diff --git a/${path} b/${path}\ndeleted file mode 100644\n`
        : '';
  const hunks = patch.includes('\n@@') ? patch.replace(/\n+$/, '\n') : '';
  const lines = header + hunks;
  return options.colour ? lines.split('\n').map(coloured).join('\n') : lines;
}

function coloured(line: string): string {
  const shown = line
    .replace(/\r$/, '')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, (character) => (character === '\t' ? '\t' : '?'));
  const style =
    line.startsWith('+++') || line.startsWith('---')
      ? 'bold'
      : line.startsWith('@@')
        ? 'cyan'
        : line.startsWith('+')
          ? 'green'
          : line.startsWith('-')
            ? 'red'
            : null;
  return style === null ? shown : styleText(style, shown, { validateStream: false });
}
