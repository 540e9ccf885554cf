import { formatBytes, formatChange, formatDay, formatSeconds } from '../measurements/format-values.ts';
import { BEFORE_TEXTS, breakdownRows, savedText } from '../measurements/comparison.ts';
import type { Measurements } from '../measurements/measurements.ts';

/** The numbers of DOCKER.md, formatted. Names come from the measurements, which are no input of ours. */
export interface MeasuredSizes {
  /** `25 November 2026`; null where the day is not known. */
  day: string | null;
  /** `28.5.2`, `linux/amd64`, as far as they are known; unquoted. */
  engine: string | null;
  platform: string | null;
  /** What "before" is. */
  before: string;
  /** The rows of the size breakdown; empty where there is nothing to compare. */
  breakdown: { component: string; before: string; after: string; saved: string }[];
  total: { before: string; after: string; saved: string };
  metrics: { metric: string; before: string; after: string; change: string }[];
}

/**
 * The seed's two tables with measured numbers.
 * @param measurements null where nothing was measured
 * @returns null where there is nothing to compare
 */
export function measuredSizes(measurements: Measurements | null): MeasuredSizes | null {
  if (measurements === null) return null;
  const { images, context, codeChangePush, times, machine, measuredAt } = measurements;
  const { before, production } = images;
  if (before === null || production === null) return null;
  const rows = before.breakdown === null ? [] : breakdownRows(measurements);
  return {
    day: measuredAt === null ? null : formatDay(measuredAt),
    engine: machine.engine,
    platform: machine.platform,
    before: BEFORE_TEXTS[measurements.beforeKind],
    breakdown: rows.map((row) => ({
      component: row.name,
      before: formatBytes(row.before ?? 0),
      after: formatBytes(row.after),
      saved: savedText(row.saved ?? 0),
    })),
    total: {
      before: formatBytes(before.size),
      after: formatBytes(production.size),
      saved: savedText(before.size - production.size),
    },
    metrics: [
      metric('Image size', before.size, production.size, formatBytes),
      metric('To pull (compressed)', before.compressed, production.compressed, formatBytes),
      metric('Build context', context.before, context.production, formatBytes),
      metric('To push after a code change', codeChangePush.before, codeChangePush.production, formatBytes),
      metric('Build with nothing cached', times.before.cold, times.production.cold, formatSeconds),
      metric(
        'Build after a code change',
        times.before.codeChange,
        times.production.codeChange,
        formatSeconds,
      ),
      metric(
        'Build after a new requirement',
        times.before.dependencyChange,
        times.production.dependencyChange,
        formatSeconds,
      ),
      metric(
        'Container start to first response',
        times.before.firstResponse,
        times.production.firstResponse,
        formatSeconds,
      ),
      metric('Memory of the container', times.before.memory, times.production.memory, formatBytes),
    ].flat(),
  };
}

function metric(
  name: string,
  before: number | null,
  after: number | null,
  format: (value: number) => string,
): MeasuredSizes['metrics'] {
  if (before === null || after === null) return [];
  const words = format === formatBytes ? (['smaller', 'larger'] as const) : (['less', 'more'] as const);
  return [
    {
      metric: name,
      before: format(before),
      after: format(after),
      change: formatChange(after, before, words),
    },
  ];
}
