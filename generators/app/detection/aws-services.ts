import type { Evidence, Fact } from './facts.ts';
import type { ProjectFiles } from './project-files.ts';
import { lineOf, scanFile } from './source-scan.ts';

const clientCall = /\b(?:client|resource|create_client)\s*\(\s*(?:service_name\s*=\s*)?$/;

/**
 * The services that the code makes a client of: `boto3.client("s3")`.
 * @param paths the application's Python files
 */
export function readAwsServices(files: ProjectFiles, paths: Iterable<string>): Fact<string[]> {
  const found = new Set<string>();
  const evidence: Evidence[] = [];
  for (const path of paths) {
    const source = scanFile(files, path);
    if (source === undefined || !/\b(?:aio)?boto(?:3|core)\b/.test(source.text)) continue;
    for (const { text, at } of source.strings) {
      if (!/^[a-z][a-z0-9-]+$/.test(text) || !clientCall.test(source.text.slice(Math.max(0, at - 60), at)))
        continue;
      if (!found.has(text)) evidence.push({ file: path, line: lineOf(source.text, at) });
      found.add(text);
    }
  }
  return { value: [...found].toSorted(), evidence };
}
