import type { Base } from '../answers/answers.ts';
import { alpineTable } from './alpine.ts';
import { readKnowledge } from './knowledge.ts';

export type DebianRelease = 'bookworm' | 'trixie';

/** One row of `knowledge/python-versions.json`. */
export interface PythonRelease {
  version: string;
  status: string;
  endOfLife: string;
  slimImages: DebianRelease[];
  source: string;
}

/** A release that is not built any more, and why. */
export interface UnsupportedPython {
  version: string;
  /** Completes «Python 3.7 is not supported: …». */
  reason: string;
  source: string;
}

/** Releases that projects still state and that are not built. */
export function unsupportedPythons(): UnsupportedPython[] {
  return readKnowledge<{ unsupported: UnsupportedPython[] }>('python-versions').unsupported;
}

/** All rows of the table, newest first. */
export function pythonReleases(): PythonRelease[] {
  return readKnowledge<{ versions: PythonRelease[] }>('python-versions').versions;
}

/**
 * The Debian release whose slim image of this Python is taken: the newest that there is.
 * @param version minor release, `3.12`
 */
export function debianReleaseFor(version: string): DebianRelease {
  const release = pythonReleases().find((row) => row.version === version);
  return release && !release.slimImages.includes('trixie') ? 'bookworm' : 'trixie';
}

/**
 * The image that the stages start from, with the distribution in the tag, because package names change between releases.
 * The distroless root is made from the slim one.
 */
export function baseImage(version: string, base: Base): string {
  if (base === 'alpine') return `python:${version}-alpine${alpineTable().release}`;
  return `python:${version}-slim-${debianReleaseFor(version)}`;
}
