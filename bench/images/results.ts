import type { BuildStep, TracedCommand } from './build-steps.ts';
import { ratio } from '../../generators/app/measurements/format-values.ts';
import type { WastedPath } from './waste.ts';

/** What was measured of one image. Sizes in bytes, times in seconds; null where not measured. */
export interface VariantResult {
  name: string;
  title: string;
  size: number;
  compressed: number | null;
  layers: number[];
  waste: number | null;
  /** The largest wasted paths. */
  wasted: WastedPath[];
  /** User of the image's configuration. */
  user: string;
  times: {
    cold: number | null;
    unchanged: number | null;
    codeChange: number | null;
    requirement: number | null;
    firstResponse: number | null;
    imports: number | null;
  };
  /** Longest steps of the cold build. */
  coldSteps: BuildStep[] | null;
  /** Steps that the rebuild of an unchanged tree carried out. */
  unchangedSteps: BuildStep[] | null;
  /** Steps that the rebuild after a change of code carried out. */
  codeChangeSteps: BuildStep[] | null;
  /** Of a rebuild after a change of code with each command shown. */
  codeChangeCommands: TracedCommand[] | null;
  requirementSteps: BuildStep[] | null;
  /** Layers that a change of code replaced. */
  replacedLayers: number | null;
  /** Status of each page. */
  pages: Record<string, number>;
  /** What `docker diff` lists after the pages were asked for. */
  written: string[] | null;
  /** Two builds with SOURCE_DATE_EPOCH. */
  reproduced: { sameDigests: boolean; differences: string[] } | null;
}

export interface ProjectResult {
  name: string;
  title: string;
  variants: VariantResult[];
  leftOut: { name: string; why: string }[];
}

export interface Target {
  project: string;
  variant: string;
  what: string;
  /** What was measured, and the most that it may be. */
  value: number;
  limit: number;
  unit: 'ratio' | 'MB' | 'count';
  passed: boolean;
  /** False: told for comparison; to miss it is no failure. */
  binding: boolean;
}

type Limit = Pick<Target, 'what' | 'limit' | 'unit' | 'binding'> & { value: number | null };

const SIZE_RATIOS: Readonly<Record<string, number>> = {
  'slim-balanced': 0.41,
  'slim-size': 0.38,
  'distroless-balanced': 0.37,
  'distroless-size': 0.34,
};
const PLAIN_MEGABYTES: Readonly<Record<string, number>> = { slim: 150, distroless: 90 };

const megabytes = (bytes: number | null): number | null => (bytes === null ? null : bytes / 1e6);

/**
 * The targets of issue 6, against the naive image of the same run. Those of build times bind for the AI project, on which
 * they were set.
 * @returns those whose figures were measured
 */
export function targetsOf({ name, variants }: ProjectResult): Target[] {
  const naive = variants.find((variant) => variant.name === 'naive');
  if (naive === undefined) return [];
  return variants
    .filter((variant) => variant.name in SIZE_RATIOS)
    .flatMap((variant) => {
      const [base = '', optimize] = variant.name.split('-');
      const limits: Limit[] = [];
      const add = (
        what: string,
        value: number | null,
        limit: number,
        unit: Target['unit'],
        binding = true,
      ): void => {
        limits.push({ what, value, limit, unit, binding });
      };
      if (name === 'ai') add('size', variant.size / naive.size, SIZE_RATIOS[variant.name] ?? 0, 'ratio');
      if (name === 'plain') add('size', variant.size / 1e6, PLAIN_MEGABYTES[base] ?? 0, 'MB');
      const { times } = variant;
      add('first response', ratio(times.firstResponse, naive.times.firstResponse), 1, 'ratio');
      if (optimize === 'balanced') add('imports', ratio(times.imports, naive.times.imports), 1.05, 'ratio');
      // Where pip installs little, what each build does besides (Python starts, static files, trims, checks) is most of it.
      const builds = name === 'ai';
      add('cold build', ratio(times.cold, naive.times.cold), 0.5, 'ratio', builds);
      add('code change', ratio(times.codeChange, naive.times.codeChange), 0.1, 'ratio', builds);
      add('new requirement', ratio(times.requirement, naive.times.requirement), 0.3, 'ratio', builds);
      add('waste', megabytes(variant.waste), 10, 'MB');
      add('steps of an unchanged tree', variant.unchangedSteps?.length ?? null, 0, 'count');
      add('written at run time', variant.written?.length ?? null, 0, 'count');
      add('differences of two builds', variant.reproduced?.differences.length ?? null, 0, 'count');
      const failing = Object.values(variant.pages).filter((status) => status !== 200).length;
      add('pages that fail', failing, 0, 'count');
      return limits.flatMap(({ value, ...limit }) =>
        value === null
          ? []
          : [{ project: name, variant: variant.name, ...limit, value, passed: value <= limit.limit }],
      );
    });
}

/** A figure of a target, as it is printed. */
export function shown(value: number, unit: Target['unit']): string {
  if (unit === 'MB') return `${value.toFixed(1)} MB`;
  return unit === 'ratio' ? value.toFixed(3) : String(value);
}

const seconds = (value: number | null, base: number | null): string =>
  value === null
    ? ''
    : `${value.toFixed(2)}${base === null || base === 0 ? '' : ` (${(value / base).toFixed(2)})`}`;

/** Markdown: one line for each image, with its ratio to the naive one in brackets. */
export function resultTable({ title, variants, leftOut }: ProjectResult): string {
  const naive = variants.find((variant) => variant.name === 'naive');
  const head = [
    title,
    'MB',
    'compressed MB',
    'cold s',
    'unchanged s',
    'code s',
    'requirement s',
    'first response s',
    'imports s',
    'waste MB',
  ];
  const rows = variants.map((variant) => {
    const { times, size, compressed, waste } = variant;
    const time = (name: keyof VariantResult['times']): string =>
      seconds(times[name], variant === naive ? null : (naive?.times[name] ?? null));
    const bytes = (value: number | null, base: number | null | undefined): string =>
      value === null
        ? ''
        : `${(value / 1e6).toFixed(0)}${base && variant !== naive ? ` (${(value / base).toFixed(3)})` : ''}`;
    return [
      variant.title,
      bytes(size, naive?.size),
      bytes(compressed, naive?.compressed),
      time('cold'),
      time('unchanged'),
      time('codeChange'),
      time('requirement'),
      time('firstResponse'),
      time('imports'),
      waste === null ? '' : (waste / 1e6).toFixed(1),
    ];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
    ...leftOut.map(({ name, why }) => `left out: ${name}: ${why}`),
  ].join('\n');
}
