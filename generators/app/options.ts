/** Options that say how to run, beside those that answer a question. */
export interface RunOptions {
  defaults?: boolean;
  detect?: boolean;
  json?: boolean;
  check?: boolean;
  diff?: boolean;
  dryRun?: boolean;
  askAnswered?: boolean;
  onConflict?: string;
  onExisting?: string;
  restore?: string;
  force?: boolean;
  managePy?: string;
  settings?: string;
  /** Ask questions; by default where there is a terminal. */
  interactive?: boolean;
}

/** Table of the options that say how to run, for the parser, `yo` and `--help`. */
export const RUN_OPTIONS: readonly {
  name: keyof RunOptions;
  option: string;
  type: 'boolean' | 'string';
  placeholder?: string;
  help: string;
}[] = [
  { name: 'defaults', option: 'defaults', type: 'boolean', help: 'Ask nothing: take the detected defaults' },
  { name: 'detect', option: 'detect', type: 'boolean', help: 'Print what is detected and write nothing' },
  { name: 'json', option: 'json', type: 'boolean', help: 'With --detect: as JSON' },
  {
    name: 'check',
    option: 'check',
    type: 'boolean',
    help: 'Write nothing; exit code 1 and the list when a run would change something (for CI)',
  },
  {
    name: 'diff',
    option: 'diff',
    type: 'boolean',
    help: 'Write nothing; print what a run would change as a unified diff',
  },
  {
    name: 'dryRun',
    option: 'dry-run',
    type: 'boolean',
    help: 'Write nothing; ask and report as a run would',
  },
  {
    name: 'managePy',
    option: 'manage-py',
    type: 'string',
    placeholder: 'PATH',
    help: 'The manage.py to take where there are several',
  },
  {
    name: 'settings',
    option: 'settings',
    type: 'string',
    placeholder: 'MODULE',
    help: 'The settings module of the image, as DJANGO_SETTINGS_MODULE has it, instead of what is detected (detect: back to that)',
  },
  {
    name: 'askAnswered',
    option: 'ask-answered',
    type: 'boolean',
    help: 'Ask again what is stored in .yo-rc.json',
  },
  {
    name: 'onConflict',
    option: 'on-conflict',
    type: 'string',
    placeholder: 'WAY',
    help: 'Where you and the generator changed the same lines: markers, ours or theirs',
  },
  {
    name: 'onExisting',
    option: 'on-existing',
    type: 'string',
    placeholder: 'WAY',
    help: 'Files that were there before the first run: old (keep as *.old, write ours), merge or leave',
  },
  {
    name: 'restore',
    option: 'restore',
    type: 'string',
    placeholder: 'PATH[,PATH…]',
    help: 'Write files again that you deleted or had left',
  },
  {
    name: 'force',
    option: 'force',
    type: 'boolean',
    help: 'Take the new text in conflicts; replace files that Git has not got yet',
  },
];
