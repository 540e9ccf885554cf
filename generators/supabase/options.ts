/** Options of the sub-generator. None holds a key or a password: they would land in the shell's history. */
export interface SupabaseOptions {
  json?: boolean;
  writeEnv?: boolean;
  timeout?: string;
  managePy?: string;
  /** Ask questions; by default where there is a terminal. */
  interactive?: boolean;
}

/** Table of the options, for the parser, `yo` and `--help`. */
export const SUPABASE_OPTIONS: readonly {
  name: keyof SupabaseOptions;
  option: string;
  type: 'boolean' | 'string';
  placeholder?: string;
  help: string;
}[] = [
  { name: 'json', option: 'json', type: 'boolean', help: 'Ask nothing, print the results as JSON' },
  {
    name: 'writeEnv',
    option: 'write-env',
    type: 'boolean',
    help: 'Write the values into .env without asking, unless a check of them fails',
  },
  {
    name: 'timeout',
    option: 'timeout',
    type: 'string',
    placeholder: 'SECONDS',
    help: 'How long the project may take for an answer (10)',
  },
  {
    name: 'managePy',
    option: 'manage-py',
    type: 'string',
    placeholder: 'PATH',
    help: 'The manage.py to take where there are several',
  },
];
