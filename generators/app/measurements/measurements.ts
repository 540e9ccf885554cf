/** What `docker/compare_images.py` measured: sizes in bytes, times in seconds; null where nothing was measured. */

/** The images that are compared, the one before first. */
export const IMAGE_NAMES = ['before', 'builder', 'development', 'production'] as const;
export type ImageName = (typeof IMAGE_NAMES)[number];

/** The rows of the size breakdown, in the order in which they are shown. */
export const COMPONENTS = [
  'base',
  'buildTools',
  'systemLibraries',
  'pythonPackages',
  'byteCode',
  'application',
  'history',
  'tests',
  'waste',
  'other',
] as const;
export type Component = (typeof COMPONENTS)[number];

/** What the image before is made by: the usual first Dockerfile, or the Dockerfile.old of the project. */
export type BeforeKind = 'naive' | 'kept';

export interface Layer {
  /** The instruction that made it, as the image's history tells. */
  command: string;
  size: number;
}

/** A folder or file of an image with all that is in it. */
export interface TreeNode {
  name: string;
  size: number;
  children: TreeNode[];
}

export interface ImageMeasurements {
  size: number;
  /** What a registry sends. */
  compressed: number | null;
  layers: Layer[];
  /** Adds up to `size`; null where the image was not looked into. */
  breakdown: Record<Component, number> | null;
  packages: { name: string; size: number }[];
  tree: TreeNode | null;
  /** What several layers hold at the same path, or one holds and another deletes. */
  waste: { path: string; size: number }[];
  /** The whole of it as dive counts it: every copy of a path, the last one too. */
  wasteAsDive: number | null;
}

/** What is measured of a build and of its container. */
export const TIME_NAMES = ['cold', 'codeChange', 'dependencyChange', 'firstResponse'] as const;
export type TimeName = (typeof TIME_NAMES)[number];
export type Times = Record<TimeName | 'memory', number | null>;

/** One rule of trimming and what it removed from the packages. */
export interface Trimmed {
  rule: string;
  files: number;
  bytes: number;
  packages: { name: string; bytes: number }[];
}

export interface Measurements {
  project: string;
  /** ISO 8601; null where it is no date. */
  measuredAt: string | null;
  machine: { engine: string | null; platform: string | null; cpus: number | null };
  beforeKind: BeforeKind;
  images: Record<ImageName, ImageMeasurements | null>;
  context: { before: number | null; production: number | null };
  times: { before: Times; production: Times };
  /** What a registry takes after a code change. */
  codeChangePush: { before: number | null; production: number | null };
  trimmed: Trimmed[];
  /** What could not be measured, and why. */
  notes: string[];
  /** A sentence for each limit that production does not keep. */
  missedLimits: string[];
}

/** The folder of what the report writes. */
export const REPORT_FOLDER = 'docker/report';

/** Everything that was measured, as the script wrote it. */
export const FULL_MEASUREMENTS_FILE = `${REPORT_FOLDER}/measurements.json`;

/** What DOCKER.md tells of it: the only one that a run of the generator reads. */
export const MEASUREMENTS_FILE = 'docker/measurements.json';

/** Everything that the report writes beside DOCKER.md. */
export const REPORT_FILES = {
  page: `${REPORT_FOLDER}/image-report.html`,
  svg: `${REPORT_FOLDER}/before-after.svg`,
  png: `${REPORT_FOLDER}/before-after.png`,
  full: FULL_MEASUREMENTS_FILE,
  short: MEASUREMENTS_FILE,
} as const;
