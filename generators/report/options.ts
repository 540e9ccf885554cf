/** Options of the sub-generator. */
export interface ReportOptions {
  from?: string;
  last?: boolean;
  sizesOnly?: boolean;
  runs?: string;
  budget?: string;
  maxRatio?: string;
  force?: boolean;
  managePy?: string;
}

/** Table of the options, for the parser, `yo` and `--help`. */
export const REPORT_OPTIONS: readonly {
  name: keyof ReportOptions;
  option: string;
  type: 'boolean' | 'string';
  placeholder?: string;
  help: string;
}[] = [
  {
    name: 'sizesOnly',
    option: 'sizes-only',
    type: 'boolean',
    help: 'Measure sizes and no times, which is quicker',
  },
  {
    name: 'runs',
    option: 'runs',
    type: 'string',
    placeholder: 'N',
    help: 'How often each time is measured; the report has the median',
  },
  {
    name: 'budget',
    option: 'budget',
    type: 'string',
    placeholder: 'SIZE',
    help: 'Exit code 1 when the production image is larger, such as 600MB',
  },
  {
    name: 'maxRatio',
    option: 'max-ratio',
    type: 'string',
    placeholder: 'RATIO',
    help: 'Exit code 1 when it is more than this part of the image before, such as 0.6',
  },
  {
    name: 'last',
    option: 'last',
    type: 'boolean',
    help: 'Measure nothing: show what was measured last',
  },
  {
    name: 'from',
    option: 'from',
    type: 'string',
    placeholder: 'FILE',
    help: 'Measure nothing: show what compare_images.py --output wrote, on a CI server for example',
  },
  {
    name: 'force',
    option: 'force',
    type: 'boolean',
    help: 'Replace files of the same names that this generator did not write',
  },
  {
    name: 'managePy',
    option: 'manage-py',
    type: 'string',
    placeholder: 'PATH',
    help: 'The manage.py to take where there are several',
  },
];
