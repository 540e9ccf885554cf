/**
 * How long detection takes: `npm run bench:detection` makes a repository of 100,000 files in a temporary folder (a
 * Django project of some hundred modules, data, media and static files, and folders that must not be walked);
 * `npm run bench:detection -- PATH…` measures repositories that are there. Every repetition reads the disk anew.
 * Exits 1 when the median of a repository is above the limit.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

import { detectProject } from '../generators/app/detection/detect-project.ts';
import { readDiskFiles } from '../generators/app/detection/disk-files.ts';
import { median } from './median.ts';
import { writeRepository } from './large-repository.ts';

const limit = 1500;
const repetitions = 7;

const paths = process.argv.slice(2);
if (paths.length > 0) {
  for (const path of paths) report(resolve(path));
} else {
  const folder = mkdtempSync(join(tmpdir(), 'bench-detection-'));
  try {
    const written = writeRepository(join(folder, 'shop'));
    console.log(`${written} files written`);
    report(join(folder, 'shop'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(root: string): void {
  const times = Array.from({ length: repetitions }, () => {
    const start = performance.now();
    detectProject(readDiskFiles(root));
    return performance.now() - start;
  });
  const [first = 0] = times;
  const middle = median(times);
  const seen = readDiskFiles(root).files().length;
  console.log(
    `${basename(root)}: ${seen} files seen, median ${middle.toFixed(0)} ms of ${repetitions} (first ${first.toFixed(0)} ms, fastest ${Math.min(...times).toFixed(0)} ms), limit ${limit} ms`,
  );
  if (middle > limit) process.exitCode = 1;
}
