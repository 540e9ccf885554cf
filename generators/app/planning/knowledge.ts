import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

let root: string | undefined;
const tables = new Map<string, unknown>();

/** The package's folder, the same from the sources and from dist/. */
export function packageRoot(): string {
  if (root === undefined) {
    const packageFile = findPackageJSON(import.meta.url);
    if (packageFile === undefined)
      throw new Error('the package.json of generator-backendai-docker is missing');
    root = dirname(packageFile);
  }
  return root;
}

/** Version of this package. */
export function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * One table of `knowledge/`, read once.
 * @param name file name without `.json`
 */
export function readKnowledge<T>(name: string): T {
  let table = tables.get(name);
  if (table === undefined) {
    table = JSON.parse(readFileSync(join(packageRoot(), 'knowledge', `${name}.json`), 'utf8'));
    tables.set(name, table);
  }
  return table as T;
}
