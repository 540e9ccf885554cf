/**
 * Writes knowledge/package-python-versions.json anew from PyPI: `node scripts/package-python-versions.ts [NAME …]`.
 * Names given are added to the table; without any, the packages of the table are asked again. For each release the
 * names of its files tell which Python releases have a wheel for Linux (x86_64, glibc); neighbouring releases
 * that agree are one row. Source: https://docs.pypi.org/api/json/
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compare, satisfies, validRange } from '@renovatebot/pep440';
import { minorRange, TABLE_MINORS } from '../generators/app/planning/package-pythons.ts';
import type { ReleaseRow } from '../generators/app/planning/package-pythons.ts';
import { hasLinuxWheel } from '../generators/app/planning/system-libraries.ts';

interface ReleaseFile {
  filename: string;
  packagetype: string;
  requires_python: string | null;
  yanked: boolean;
}

/** Releases as PyPI's JSON API lists them. */
export type Releases = Record<string, ReleaseFile[]>;

const FINAL_RELEASE = /^\d+(\.\d+)*(\.post\d+)?$/;

/** Final releases, the oldest first. */
export const finalReleases = (releases: Releases): string[] =>
  Object.keys(releases)
    .filter((version) => FINAL_RELEASE.test(version))
    .toSorted(compare);

/** What the files of one release say. */
function describe(version: string, files: ReleaseFile[]): ReleaseRow {
  const names = files.map((file) => file.filename);
  const range = files.find((file) => file.requires_python !== null)?.requires_python ?? '';
  // `>=3.5.*` is no PEP 440, and pip reads it as `>=3.5`.
  const cleaned = range.replaceAll(' ', '').replaceAll(/([<>]=?[\d.]+?)\.\*/g, '$1');
  const python = cleaned !== '' && validRange(cleaned) ? cleaned : '';
  const admitted = TABLE_MINORS.filter((minor) => python === '' || satisfies(`${minor}.99`, python));
  const wheels = admitted.filter((minor) => hasLinuxWheel(names, minor));
  const pure = names.some((name) => /-(?:[\w.]*\.)?py3[\d.]*-none-any\.whl$/.test(name));
  const archive = files.some((file) => file.packagetype === 'sdist');
  return [version, version, pure ? 'any' : minorRange(wheels), python, archive ? 'sdist' : ''];
}

/**
 * Rows of one package: releases that agree on wheels and Python are joined.
 * @param releases final ones count; a yanked release is one that nobody should pin, and left out
 */
export function rowsOf(releases: Releases): ReleaseRow[] {
  const rows: ReleaseRow[] = [];
  for (const version of finalReleases(releases)) {
    const files = (releases[version] ?? []).filter(
      (file) => !file.yanked && ['bdist_wheel', 'sdist'].includes(file.packagetype),
    );
    if (files.length === 0) continue;
    const row = describe(version, files);
    const last = rows.at(-1);
    // django-debug-toolbar has both 1.10 and 1.10.0, which are one.
    if (last && compare(version, last[1]) === 0) continue;
    if (last && last.slice(2).join('|') === row.slice(2).join('|')) last[1] = version;
    else rows.push(row);
  }
  return rows;
}

/** Releases of a package; null when PyPI does not know it. */
export async function fetchReleases(name: string): Promise<Releases | null> {
  const response = await fetch(`https://pypi.org/pypi/${name}/json`, { signal: AbortSignal.timeout(60_000) });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`PyPI answers ${response.status} for ${name}`);
  return ((await response.json()) as { releases: Releases }).releases;
}

async function main(): Promise<void> {
  const path = join(resolve(import.meta.dirname, '..'), 'knowledge/package-python-versions.json');
  const table = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, ReleaseRow[]> };
  const names = new Set([...Object.keys(table.packages), ...process.argv.slice(2)]);
  const packages: Record<string, ReleaseRow[]> = {};
  for (const name of [...names].toSorted()) {
    // One request at a time is kind to PyPI.
    const releases = await fetchReleases(name);
    if (releases === null) console.error(`${name}: not on PyPI, left out`);
    else packages[name] = rowsOf(releases);
  }
  const date = new Date().toISOString().slice(0, 10);
  const text = JSON.stringify({
    source: `https://pypi.org/pypi/NAME/json, ${date}; written by scripts/package-python-versions.ts`,
    note: 'Rows: first release, last release, Python releases with a wheel for Linux x86_64 ("any": for every one, "": for none), Requires-Python, "sdist" where there is a source archive.',
    packages,
  });
  const { format } = await import('prettier');
  writeFileSync(path, await format(text, { parser: 'json', printWidth: 110 }));
}

if (import.meta.main) await main();
