import { REPORT_FILES, type Measurements } from '../app/measurements/measurements.ts';
import type { DiskSnapshot } from '../app/regeneration/read-files.ts';
import { PAGE_MARK, reportPage } from './page.ts';
import { PICTURE_MARK, beforeAfterPicture, pngOf } from './picture.ts';
import { shortMeasurements } from './short-measurements.ts';
import type { Suggestion } from './suggestions.ts';

/** One file that the report writes. */
export interface ReportFile {
  path: string;
  content: string | Uint8Array;
  /** For the user, one short phrase. */
  purpose: string;
}

/**
 * Everything that the report writes.
 * @param text the measurements as they were read, to be shown again by `--last`
 */
export async function reportFiles(
  measurements: Measurements,
  text: string,
  suggestions: readonly Suggestion[],
): Promise<ReportFile[]> {
  const picture = beforeAfterPicture(measurements, 'light');
  const svg = beforeAfterPicture(measurements, 'auto');
  return [
    {
      path: REPORT_FILES.page,
      content: reportPage(measurements, suggestions),
      purpose: 'the page: open it in a browser',
    },
    ...(picture === null || svg === null
      ? []
      : [
          { path: REPORT_FILES.svg, content: svg, purpose: 'before and after, for a README' },
          { path: REPORT_FILES.png, content: await pngOf(picture), purpose: 'the same as PNG' },
        ]),
    { path: REPORT_FILES.full, content: text, purpose: 'everything that was measured' },
    {
      path: REPORT_FILES.short,
      content: shortMeasurements(measurements),
      purpose: 'what DOCKER.md tells of it; commit it',
    },
  ];
}

/** How far into a file its mark is looked for. */
const MARK_WITHIN = 4096;

const MARKS: Readonly<Record<string, string>> = {
  [REPORT_FILES.page]: PAGE_MARK,
  [REPORT_FILES.svg]: PICTURE_MARK,
  [REPORT_FILES.png]: PICTURE_MARK,
  // Of what compare_images.py writes, be it broken by a merge of Git.
  [REPORT_FILES.full]: '"schema": 1',
  [REPORT_FILES.short]: '"schema": 1',
};

/** Files that are in the way: they have the names of ours and are of somebody else. */
export function foreignFiles(disk: DiskSnapshot): string[] {
  return Object.entries(MARKS)
    .filter(([path, mark]) => {
      const content = disk.bytes(path);
      return content !== undefined && !content.subarray(0, MARK_WITHIN).includes(mark);
    })
    .map(([path]) => path);
}
