/**
 * Writes the list `withoutMuslWheel` of knowledge/alpine-packages.json anew from PyPI: `node scripts/musl-wheels.ts`.
 * A package is in it when its newest final release has wheels for glibc and none for musl, so that pip would have to
 * compile it on Alpine. Asked are the packages of knowledge/package-python-versions.json.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fetchReleases, finalReleases, type Releases } from './package-python-versions.ts';

/** Whether the newest release has a wheel for Linux with glibc (x86_64) and none for one with musl. */
export function lacksMuslWheel(releases: Releases): boolean {
  const newest = finalReleases(releases).findLast((version) =>
    releases[version]?.some(({ yanked }) => !yanked),
  );
  const names = (releases[newest ?? ''] ?? []).map(({ filename }) => filename);
  const wheelFor = (platform: RegExp): boolean =>
    names.some((name) => name.endsWith('.whl') && platform.test(name));
  return wheelFor(/manylinux\w*_x86_64/) && !wheelFor(/musllinux\w*_x86_64|-none-any\.whl$/);
}

async function main(): Promise<void> {
  const folder = join(resolve(import.meta.dirname, '..'), 'knowledge');
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-python-versions.json'), 'utf8')) as {
    packages: Record<string, unknown>;
  };
  const withoutMuslWheel: string[] = [];
  for (const name of Object.keys(packages)) {
    // One request at a time is kind to PyPI.
    const releases = await fetchReleases(name);
    if (releases !== null && lacksMuslWheel(releases)) withoutMuslWheel.push(name);
  }
  const path = join(folder, 'alpine-packages.json');
  const table = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, `${JSON.stringify({ ...table, withoutMuslWheel }, null, 2)}\n`);
  console.log(`${withoutMuslWheel.length} of ${Object.keys(packages).length} packages`);
}

if (import.meta.main) await main();
