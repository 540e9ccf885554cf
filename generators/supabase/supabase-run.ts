import { readEnvFile, type EnvVariable } from '../app/database/env-file.ts';
import { detectProject } from '../app/detection/detect-project.ts';
import { readDiskFiles } from '../app/detection/disk-files.ts';
import { DetectionError, type ProjectFacts } from '../app/detection/facts.ts';
import type { ProjectFiles } from '../app/detection/project-files.ts';
import { QuotingError } from '../app/planning/quoting.ts';
import { readProjectFile } from '../app/regeneration/read-files.ts';
import { RegenerationError } from '../app/regeneration/regeneration-error.ts';
import { wrap } from '../app/report.ts';
import { forUser, type Run, type RunHost } from '../app/run.ts';
import { askValues, takeValues, ValueError, type GivenValues } from './ask-values.ts';
import { checkProject, type Check } from './check-project.ts';
import {
  ENV_FILE,
  envChanges,
  whyNotWritten,
  writeEnv,
  type EnvChanges,
} from '../app/database/env-changes.ts';
import type { SupabaseOptions } from './options.ts';
import { urlFromContainer } from './project-url.ts';
import { formatChecks, hasFailed, valuesAreWrong } from './report-checks.ts';
import {
  databaseValues,
  findValues,
  variableNames,
  type FoundValues,
  type VariableNames,
} from './variables.ts';

/** Errors that are for the user: their message is complete. */
const USER_ERRORS = [ValueError, DetectionError, QuotingError, RegenerationError];

const SECONDS = 10;

/** Asks for a Supabase project's URL and keys, checks them, and offers to write them into `.env`. */
export class SupabaseRun implements Run {
  readonly options: SupabaseOptions;
  readonly #host: RunHost;
  // Each is filled by one step of the run loop and read by later ones.
  #files!: ProjectFiles;
  #names!: VariableNames;
  #found!: FoundValues;
  #given!: GivenValues;
  #checks!: Check[];
  #changes: EnvChanges | null = null;
  /** Why nothing is written, for the user. */
  #refusal: string | null = null;

  constructor(options: SupabaseOptions, host: RunHost) {
    this.options = options;
    this.#host = host;
  }

  async initializing(): Promise<void> {
    await forUser(USER_ERRORS, () => {
      this.#milliseconds();
      const root = this.#host.root();
      this.#files = readDiskFiles(root);
      this.#names = variableNames(this.#detect());
      const envFile = readEnvFile(readProjectFile(root, ENV_FILE) ?? '');
      this.#found = findValues(this.#names, process.env, envFile);
    });
  }

  async prompting(): Promise<void> {
    await forUser(USER_ERRORS, async () => {
      this.#given = this.#mayAsk()
        ? await askValues(this.#host.prompt, this.#found, (text) => this.#say(wrap(text, 80, '  ')))
        : takeValues(this.#found, this.#names);
    });
  }

  async configuring(): Promise<void> {
    await forUser(USER_ERRORS, async () => {
      const { values } = this.#given;
      this.#say(`\nChecking ${values.url.url}:`);
      this.#checks = await checkProject(values, { milliseconds: this.#milliseconds() });
      this.#say(formatChecks(this.#checks, process.stdout.hasColors?.() ?? false));
      if (hasFailed(this.#checks)) process.exitCode = 1;
    });
  }

  async writing(): Promise<void> {
    await forUser(USER_ERRORS, async () => {
      if (this.options.writeEnv || this.#mayAsk()) await this.#decideToWrite();
      if (this.#changes !== null) writeEnv(this.#host.root(), this.#changes);
      if (this.#changes !== null && this.#changes.steps.length > 0) this.#say('.env was written.');
      if (this.#refusal !== null) {
        this.#say(wrap(`\n.env was not written: ${this.#refusal}`, 80, ''));
        if (this.options.writeEnv) process.exitCode = 1;
      }
      if (this.options.json) this.#printJson();
    });
  }

  /** The names in the settings matter here, not whether everything else of the project can be read. */
  #detect(): ProjectFacts | null {
    const { managePy } = this.options;
    const given = typeof managePy === 'string' && managePy !== '' ? managePy : undefined;
    try {
      return detectProject(this.#files, { managePy: given });
    } catch (error) {
      if (!(error instanceof DetectionError) || given !== undefined) throw error;
      this.#say(
        wrap(
          `Variables get Supabase's own names, because the settings could not be read: ${/^[^.]*(?:\.\w[^.]*)*\./.exec(error.message)?.[0] ?? error.message}`,
          80,
          '',
        ),
      );
      return null;
    }
  }

  /** What is new, under the names that the project reads. */
  #variables(): EnvVariable[] {
    const { values, fresh } = this.#given;
    const { url, publishable, secret, database, engineValue } = this.#names;
    return [
      ...(fresh.url ? [{ name: url, value: urlFromContainer(values.url.url) }] : []),
      ...(fresh.publishable ? [{ name: publishable, value: values.publishableKey }] : []),
      ...(fresh.secret && values.secretKey !== null ? [{ name: secret, value: values.secretKey }] : []),
      ...(fresh.database && values.connection !== null && !values.connection.needsPassword
        ? databaseValues(values.connection, database, engineValue)
        : []),
    ];
  }

  async #decideToWrite(): Promise<void> {
    const variables = this.#variables();
    if (variables.length === 0) {
      this.#say('\n.env holds these values already.');
      return;
    }
    this.#refusal = whyNotWritten(this.#files.git());
    const wrong = valuesAreWrong(this.#checks);
    if (this.#refusal === null && wrong && !this.#mayAsk()) {
      this.#refusal = 'a check of its values failed. Mend that first, then run again.';
    }
    if (this.#refusal !== null) return;
    const changes = envChanges(this.#host.root(), variables);
    if (changes.steps.length === 0) {
      this.#say('\n.env holds these values already.');
      return;
    }
    this.#say('\n.env (all other lines stay as they are):');
    for (const { name, action } of changes.variables) this.#say(`  ${action.padEnd(8)} ${name}`);
    if (
      urlFromContainer(this.#given.values.url.url) !== this.#given.values.url.url &&
      this.#given.fresh.url
    ) {
      this.#say(
        wrap(
          'The URL is written with host.docker.internal, which is what a container calls this machine.',
          80,
          '',
        ),
      );
    }
    if (!this.#files.git().present) {
      this.#say(wrap('.env holds secrets: before this becomes a Git repository, let Git ignore it.', 80, ''));
    }
    if (this.#mayAsk() && (!this.options.writeEnv || wrong)) {
      const { write } = await this.#host.prompt<{ write: boolean }>([
        {
          type: 'confirm',
          name: 'write',
          message: wrong ? 'Write these into .env, though a check failed?' : 'Write these into .env?',
          default: !wrong,
        },
      ]);
      if (!write) {
        this.#say('Nothing was written.');
        return;
      }
    }
    this.#changes = changes;
  }

  #printJson(): void {
    const output = {
      url: this.#given.values.url.url,
      failed: hasFailed(this.#checks),
      checks: this.#checks,
      written: this.#changes?.steps.length ? this.#changes.variables : [],
      notWritten: this.#refusal,
    };
    process.stdout.write(`${JSON.stringify(output, null, 2)}\n`);
  }

  #milliseconds(): number {
    const { timeout } = this.options;
    if (timeout === undefined) return SECONDS * 1000;
    const seconds = Number(timeout);
    if (!(seconds > 0 && seconds <= 600)) {
      throw new ValueError('--timeout must be a number of seconds from above 0 to 600.');
    }
    return seconds * 1000;
  }

  #mayAsk(): boolean {
    if (this.options.json) return false;
    return this.options.interactive ?? (process.stdin.isTTY && process.stdout.isTTY);
  }

  /** With --json standard output holds the JSON alone. */
  #say(text: string): void {
    (this.options.json ? process.stderr : process.stdout).write(`${text}\n`);
  }
}
