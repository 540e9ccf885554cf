import { formatBytes } from './format-values.ts';
import { COMPONENTS, type BeforeKind, type Component, type Measurements } from './measurements.ts';

/** What the components of an image are called. */
export const COMPONENT_NAMES: Readonly<Record<Component, string>> = {
  base: 'Base image',
  buildTools: 'Build tools',
  systemLibraries: 'System libraries',
  pythonPackages: 'Python packages',
  byteCode: 'Byte-code',
  application: 'Application code',
  history: 'VCS history',
  tests: 'Test files',
  waste: 'Overwritten or deleted',
  other: 'Caches and other files',
};

/** What the image before was made by, in words. */
export const BEFORE_TEXTS: Readonly<Record<BeforeKind, string>> = {
  naive: 'the usual first Dockerfile (the same base, the whole repository, compilers, pip install)',
  kept: 'the Dockerfile from before, kept as Dockerfile.old',
};

/** One row of the size breakdown. */
export interface BreakdownRow {
  component: Component;
  name: string;
  /** Null where there is no image before, or it was not looked into. */
  before: number | null;
  after: number;
  saved: number | null;
}

/** The rows of the size breakdown that hold something in one of the images. */
export function breakdownRows({ images }: Measurements): BreakdownRow[] {
  const after = images.production?.breakdown ?? null;
  if (after === null) return [];
  const before = images.before?.breakdown ?? null;
  return COMPONENTS.map((component) => ({
    component,
    name: COMPONENT_NAMES[component],
    before: before === null ? null : before[component],
    after: after[component],
    saved: before === null ? null : before[component] - after[component],
  })).filter((row) => row.after > 0 || (row.before ?? 0) > 0);
}

/** `383 MB`, and `+49 MB` where it is more than before. */
export function savedText(saved: number): string {
  if (Math.abs(saved) < 500) return '0 MB';
  return saved > 0 ? formatBytes(saved) : `+${formatBytes(-saved)}`;
}
