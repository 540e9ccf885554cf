import { RunGenerator } from '../app/run-generator.ts';
import type { Run, RunHost } from '../app/run.ts';
import { SUPABASE_OPTIONS, type SupabaseOptions } from './options.ts';
import { SupabaseRun } from './supabase-run.ts';

/** `yo backendai-docker:supabase`. */
export default class SupabaseGenerator extends RunGenerator<SupabaseOptions> {
  constructor(...parameters: ConstructorParameters<typeof RunGenerator<SupabaseOptions>>) {
    super(...parameters);
    this.description = 'Checks the URL and the keys of a Supabase project and writes them into .env';
    this.declareOptions(SUPABASE_OPTIONS);
  }

  protected override startRun(host: RunHost): Run {
    return new SupabaseRun(this.options, host);
  }
}
