import { AnswerError, type AnswerName, type SupabaseConnection } from './answers/answers.ts';
import { askConnection } from './answers/ask-connection.ts';
import { askQuestion } from './answers/prompts.ts';
import { QUESTION_LIST } from './answers/questions.ts';
import { resolveAnswers, type AnswerSources, type ResolvedAnswers } from './answers/resolve-answers.ts';
import type { DatabaseConnection } from './database/connection-string.ts';
import { whyNotWritten } from './database/env-changes.ts';
import { readEnvFile, setEnvVariables } from './database/env-file.ts';
import { detectProject } from './detection/detect-project.ts';
import type { SettingsChoice } from './detection/django-settings.ts';
import { formatDetection } from './detection/detection-table.ts';
import { readDiskFiles } from './detection/disk-files.ts';
import { DetectionError, type ProjectFacts } from './detection/facts.ts';
import { SeveralManagePyError } from './detection/manage-py.ts';
import type { ProjectFiles } from './detection/project-files.ts';
import { projectMeasurements, type ProjectMeasurements } from './measurements/project-measurements.ts';
import type { RunOptions } from './options.ts';
import { databaseChangeNotes } from './planning/database-change.ts';
import { addressNotes, composeVariableNotes } from './planning/environment-file.ts';
import { packageVersion } from './planning/knowledge.ts';
import { libraryRows, projectLibraries } from './planning/project-libraries.ts';
import { choosePython, pythonRows } from './planning/python-version.ts';
import { QuotingError } from './planning/quoting.ts';
import { askExisting, askOverlap } from './regeneration/conflict-prompts.ts';
import {
  decideRun,
  filesOfOurs,
  readEarlierRuns,
  withoutOurs,
  type DecidedRun,
  type EarlierRuns,
} from './regeneration/decide-run.ts';
import { EXISTING_CHOICES, type ExistingChoice } from './regeneration/existing-files.ts';
import { formatDiff } from './regeneration/format-diff.ts';
import { CONFLICT_CHOICES, isWritten, type ConflictChoice } from './regeneration/plan-changes.ts';
import { projectDisk, readLockFile, type DiskSnapshot } from './regeneration/read-files.ts';
import { RegenerationError } from './regeneration/regeneration-error.ts';
import { runNotes } from './regeneration/run-notes.ts';
import { changesSomething, differencesOf, isSecret } from './regeneration/run-outcome.ts';
import { storedSettings } from './regeneration/stored-answers.ts';
import { uncommittedFiles } from './regeneration/uncommitted.ts';
import { carryOut, checkWritable } from './regeneration/write-files.ts';
import { formatAnswers, formatChanges, formatDrift, formatNextSteps, formatNotes, wrap } from './report.ts';
import { OWN_FILES } from './rendering/files.ts';
import { renderProject } from './rendering/render-files.ts';
import { forUser, type Run, type RunHost } from './run.ts';

export type ProjectOptions = RunOptions & Partial<Record<AnswerName, unknown>>;

/** Errors that are for the user: their message is complete. Others are faults of ours and keep their stack. */
const USER_ERRORS = [AnswerError, DetectionError, QuotingError, RegenerationError];

/** The value of `--settings` that goes back to what is detected. */
const DETECT = 'detect';

/** A run: detect, ask, plan, render, decide, write, report. Decisions are made elsewhere. */
export class ProjectRun implements Run {
  readonly options: ProjectOptions;
  readonly #host: RunHost;
  // Each is filled by one step of the run loop and read by later ones.
  #disk!: DiskSnapshot;
  #earlier!: EarlierRuns;
  #files!: ProjectFiles;
  #facts!: ProjectFacts;
  /** The manage.py that the user chose, to be stored. */
  #managePy: string | undefined;
  #resolved!: ResolvedAnswers;
  #measured!: ProjectMeasurements;
  #decided!: DecidedRun;
  /** Pasted by the user: it goes into .env and nowhere else. */
  #connection: DatabaseConnection | null = null;
  #askedConnection = false;
  /** The new text of a .env that was there before. */
  #envUpdate: string | null = null;

  constructor(options: ProjectOptions, host: RunHost) {
    this.options = options;
    this.#host = host;
  }

  async initializing(): Promise<void> {
    await forUser(USER_ERRORS, async () => {
      const root = this.#host.root();
      this.#disk = projectDisk(root);
      this.#earlier = readEarlierRuns(readLockFile(this.#disk, packageVersion()), this.#disk);
      const { note } = this.#earlier;
      if (note !== null && !this.#onlyDetects()) this.#say(formatNotes([note]));
      this.#files = readDiskFiles(root);
      this.#measured = projectMeasurements(this.#disk, this.#files.git());
      this.#facts = await this.#detect(withoutOurs(this.#files, filesOfOurs(this.#earlier)));
    });
    if (this.#onlyDetects()) this.#printDetection();
  }

  /** Several manage.py become a question where one may be asked; its answer is `--manage-py` from then on. */
  async #detect(files: ProjectFiles): Promise<ProjectFacts> {
    const { managePy } = this.options;
    const given = typeof managePy === 'string' && managePy !== '' ? managePy : undefined;
    const settings = this.#settingsChoice();
    const stored = this.#earlier.stored.managePy;
    const known = typeof stored === 'string' && files.exists(stored) ? stored : undefined;
    this.#managePy = given ?? (this.options.askAnswered && this.#mayAsk() ? undefined : known);
    try {
      return detectProject(files, { managePy: this.#managePy, ...settings });
    } catch (error) {
      if (!(error instanceof SeveralManagePyError) || !this.#mayAsk() || this.#onlyDetects()) throw error;
      const answer = await this.#host.prompt<{ managePy: string }>([
        {
          type: 'select',
          name: 'managePy',
          message: 'Which manage.py is the project’s?',
          default: known,
          choices: error.candidates.map((path) => ({ value: path, name: path })),
        },
      ]);
      this.#managePy = answer.managePy;
      return detectProject(files, { ...answer, ...settings });
    }
  }

  /** `--settings`, which is stored, else what is stored; `--settings detect` takes that back. */
  #settingsChoice(): SettingsChoice {
    const { settings } = this.options;
    if (settings === DETECT) return {};
    return {
      settings: typeof settings === 'string' && settings !== '' ? settings : undefined,
      storedSettings: storedSettings(this.#earlier.stored),
    };
  }

  /** What is to be stored of the settings module: null where what is stored holds no longer. */
  #settingsToStore(): string | null | undefined {
    const { settings, storedSettings: stored } = this.#settingsChoice();
    if (settings !== undefined) return settings;
    return stored === this.#facts.settingsModule.value ? undefined : null;
  }

  async prompting(): Promise<void> {
    if (this.#onlyDetects()) return;
    await forUser(USER_ERRORS, async () => {
      this.#checkRunOptions();
      const commandLine = Object.fromEntries(
        QUESTION_LIST.map(({ name }) => [name, this.options[name]]).filter(
          ([, value]) => value !== undefined,
        ),
      );
      const sources: AnswerSources = {
        commandLine,
        stored: this.#earlier.stored,
        askAnswered: this.options.askAnswered === true,
      };
      if (!this.#isInteractive() && !this.options.defaults && !this.#previews()) {
        const known = Object.keys(this.#earlier.stored).length > 0 ? 'stored answers and ' : '';
        this.#say(`No terminal: taking ${known}detected defaults (each is an option, see --help).`);
      }
      this.#say(`Found ${this.#facts.managePy.value}, settings ${this.#facts.settingsModule.value}.`);
      // What changed is shown before anything is asked.
      const { drift } = await resolveAnswers(this.#facts, { ...sources, lenient: this.#mayAsk() });
      if (drift.length > 0) this.#say(`\nChanged since the last run:\n${formatDrift(drift)}`);
      this.#resolved = await resolveAnswers(this.#facts, {
        ...sources,
        ...(this.#mayAsk()
          ? {
              ask: async (question, context, initial) =>
                (question.name === 'supabaseConnection' ? await this.#askConnection() : null) ??
                askQuestion(this.#host.prompt, question, context, initial),
            }
          : {}),
      });
      const { answers } = this.#resolved;
      if (this.#mayAsk() && answers.database === 'supabase' && this.#earlier.stored.database !== 'supabase') {
        answers.supabaseConnection = (await this.#askConnection()) ?? answers.supabaseConnection;
      }
    });
  }

  /**
   * The connection string, which says by its host which connection it is.
   * @returns null where the user leaves it for later, or where .env may not hold it or holds one already
   */
  async #askConnection(): Promise<SupabaseConnection | null> {
    if (this.#askedConnection) return null;
    const text = this.#disk.text('.env');
    const isSet = [...readEnvFile(text ?? '')].some(
      ([name, { placeholder }]) => /DATABASE_URL|DB_HOST|DB_PASSWORD/.test(name) && !placeholder,
    );
    if (this.#previews() || isSet) return null;
    if (whyNotWritten(this.#files.git()) !== null) {
      this.#say('  No connection string is asked for, because Git does not ignore .env (or tracks it).');
      return null;
    }
    this.#askedConnection = true;
    const question = 'Connection string (dashboard: Connect, Session pooler; Enter: later)';
    this.#connection = await askConnection(this.#host.prompt, question, (recognised, notes) => {
      this.#say(`  ${recognised}`);
      if (notes.length > 0) this.#say(formatNotes(notes));
    });
    return this.#connection?.mode ?? null;
  }

  async configuring(): Promise<void> {
    if (this.#onlyDetects()) return;
    await forUser(USER_ERRORS, async () => {
      this.#decided = await this.#decide();
      if (this.#previews()) {
        this.#preview();
        return;
      }
      if (!this.options.force) this.#refuseUncommitted();
      const { changes, ownChanges } = this.#decided.outcome;
      checkWritable(this.#host.root(), [...changes, ...ownChanges]);
      this.#withConnection();
      await this.#confirm();
    });
  }

  async writing(): Promise<void> {
    if (this.#onlyDetects() || this.#previews()) return;
    await forUser(USER_ERRORS, () => {
      carryOut(this.#host.root(), this.#decided.outcome.steps);
      if (this.#envUpdate !== null) {
        const was = this.#disk.sha256('.env') ?? null;
        carryOut(this.#host.root(), [{ path: '.env', was, content: this.#envUpdate }]);
      }
    });
  }

  /**
   * A .env that was there before is the user's: only the lines of the pasted connection are set, as was asked for.
   * @throws QuotingError for a value that no line can hold
   */
  #withConnection(): void {
    const before = this.#disk.text('.env');
    if (this.#connection === null || before === undefined) return;
    const { environment, connectionVariables } = this.#decided.plan;
    const variables = environment
      .flatMap((section) => section.variables)
      .flatMap(({ name, value }) =>
        connectionVariables.some((variable) => variable.name === name) && value.kind === 'text'
          ? [{ name, value: value.text }]
          : [],
      );
    this.#envUpdate = setEnvVariables(before, variables, 'Database: Supabase');
    const names = variables.map(({ name }) => name).join(', ');
    this.#say(`\n${wrap(`.env gets ${names}; every other line stays as it is.`, 80, '')}`);
  }

  end(): void {
    if (this.#onlyDetects() || this.options.check || this.options.diff) return;
    const { changes } = this.#decided.outcome;
    const conflicts = changes.filter((change) => change.action === 'conflict');
    const notes = runNotes(
      this.#decided,
      projectDisk(this.#host.root()),
      (paths) => this.#files.git().ignored(paths),
      this.#envUpdate === null ? [] : this.#decided.plan.connectionVariables.map(({ name }) => name),
    );
    const env = this.#envUpdate ?? projectDisk(this.#host.root()).text('.env') ?? '';
    notes.push(
      ...(this.#measured.note === null ? [] : [this.#measured.note]),
      ...databaseChangeNotes(this.#earlier.stored, this.#resolved.answers),
      ...addressNotes(env, this.#decided.plan),
      ...composeVariableNotes(env),
    );
    if (notes.length > 0) this.#say(`\nPlease note:\n${formatNotes(notes)}`);
    if (this.options.dryRun) {
      this.#say('\nA dry run: nothing was written.');
      return;
    }
    if (conflicts.length > 0) {
      this.#say(
        `\nConflict markers were written: resolve them in ${conflicts.map((change) => change.path).join(', ')}. No further run is needed for that; until then each run stops there.`,
      );
      process.exitCode = 1;
      return;
    }
    if (
      !this.#facts.git.present &&
      changes.some((change) => change.path === '.env' && change.action === 'create')
    ) {
      this.#say('\n.env holds secrets: before this becomes a Git repository, let Git ignore it.');
    }
    const envMissing = !projectDisk(this.#host.root()).exists('.env');
    const state = { missing: envMissing, connected: this.#connection !== null };
    this.#say(`\nNext:\n${formatNextSteps(this.#decided.plan, state)}\n`);
  }

  #decide(): Promise<DecidedRun> {
    return decideRun({
      earlier: this.#earlier,
      facts: this.#facts,
      resolved: this.#resolved,
      measurements: this.#measured.measurements,
      detect: (hidden, settings) =>
        detectProject(withoutOurs(this.#files, hidden), {
          managePy: this.#facts.managePy.value,
          storedSettings: settings ?? this.#settingsChoice().storedSettings,
        }),
      render: (facts, answers, surroundings) =>
        renderProject(facts, answers, { ...surroundings, connection: this.#connection }),
      disk: this.#disk,
      deciders: {
        onConflict: this.#onConflict(),
        onExisting: this.options.onExisting as ExistingChoice | undefined,
        preview: this.#previews(),
        ask: this.#mayAsk()
          ? {
              overlap: (file) => askOverlap(this.#host.prompt, file, (text) => this.#say(text)),
              existing: (file) => askExisting(this.#host.prompt, file, (text) => this.#say(text)),
            }
          : null,
      },
      askAnswered: this.options.askAnswered === true,
      restore: this.#restored(),
      managePy: this.#managePy === undefined ? undefined : this.#facts.managePy.value,
      settings: this.#settingsToStore(),
      version: packageVersion(),
    });
  }

  /** What a run would do, by --check, --diff or --dry-run. */
  #preview(): void {
    const { check, diff } = this.options;
    const differs = changesSomething(this.#decided.outcome);
    if (check && differs) process.exitCode = 1;
    if (diff) {
      const colour = process.stdout.hasColors?.() ?? false;
      for (const difference of differencesOf(this.#decided.outcome, this.#disk))
        process.stdout.write(formatDiff(difference, { colour }));
    }
    if (!diff || check) this.#printOutcome();
    const { undecided } = this.#decided;
    if (undecided.length > 0) {
      this.#say(
        `\n${undecided.join(', ')}: a run would stop here and ask. Run it in a terminal, or with --on-conflict=markers, ours or theirs.`,
      );
      if (!diff) process.exitCode = 1;
    } else if (check && differs) {
      this.#say('\nA run would change these files: npx generator-backendai-docker brings them up to date.');
    }
  }

  #printOutcome(): void {
    const { check } = this.options;
    const changes = [...this.#decided.outcome.changes, ...this.#decided.outcome.ownChanges];
    const shown = check ? changes.filter((change) => !isSecret(change)) : changes;
    const upToDate = check
      ? !changesSomething(this.#decided.outcome)
      : this.#decided.outcome.steps.length === 0;
    const listed = formatChanges(shown);
    if (upToDate) this.#say('\nEverything is up to date: nothing to write.');
    const title = upToDate ? 'Left alone' : `Files in ${this.#host.root()}`;
    if (listed !== '') this.#say(`\n${title}:\n${listed}`);
  }

  /** The summary, and with a terminal the last chance to stop. */
  async #confirm(): Promise<void> {
    this.#say(`\nDecisions:\n${formatAnswers(this.#resolved.answers, this.#resolved.origins)}`);
    this.#printOutcome();
    const writes = this.#envUpdate !== null || this.#decided.outcome.changes.some(isWritten);
    if (!writes || !this.#mayAsk()) return;
    const { write } = await this.#host.prompt<{ write: boolean }>([
      { type: 'confirm', name: 'write', message: 'Write these files?', default: true },
    ]);
    if (!write) throw new RegenerationError('Stopped on your word. Nothing was written.');
  }

  #onConflict(): ConflictChoice | undefined {
    const { onConflict, force } = this.options;
    return (onConflict as ConflictChoice | undefined) ?? (force ? 'theirs' : undefined);
  }

  #checkRunOptions(): void {
    const checkWord = (option: string, given: unknown, words: readonly string[]): void => {
      if (given === undefined || words.some((word) => word === given)) return;
      throw new AnswerError(`--${option}: ${JSON.stringify(given)} is not one of: ${words.join(', ')}.`);
    };
    checkWord('on-conflict', this.options.onConflict, CONFLICT_CHOICES);
    checkWord('on-existing', this.options.onExisting, EXISTING_CHOICES);
    for (const path of this.#restored()) checkWord('restore', path, OWN_FILES);
  }

  /** The files of `--restore`. */
  #restored(): string[] {
    const { restore } = this.options;
    return typeof restore === 'string' ? restore.split(',').map((path) => path.trim()) : [];
  }

  /** Files of the user's that we would move aside must be safe in Git first, so that nothing can be lost. */
  #refuseUncommitted(): void {
    const replaced = this.#decided.outcome.changes
      .filter((change) => change.keepAs !== undefined)
      .map((change) => change.path);
    const dirty = uncommittedFiles(this.#host.root(), replaced);
    if (dirty.length > 0) {
      throw new RegenerationError(
        `${dirty.join(', ')}: to be replaced, and changed since the last commit. Commit or stash the changes, or run again with --force (the file is kept as .old in any case). Nothing was written.`,
      );
    }
  }

  #printDetection(): void {
    const python = choosePython(this.#facts);
    const libraries = projectLibraries(this.#facts, python.version);
    const text = this.options.json
      ? `${JSON.stringify({ ...this.#facts, pythonChoice: python, systemLibraries: libraries }, null, 2)}\n`
      : formatDetection(this.#facts, 80, {
          colour: process.stdout.hasColors?.() ?? false,
          sections: [
            ['Python of the image', pythonRows(python)],
            ['System libraries', libraryRows(this.#facts, libraries)],
          ],
        });
    process.stdout.write(text);
  }

  #onlyDetects(): boolean {
    return this.options.detect === true || this.options.json === true;
  }

  /** Nothing is written. */
  #previews(): boolean {
    return this.options.check === true || this.options.diff === true || this.options.dryRun === true;
  }

  #isInteractive(): boolean {
    return this.options.interactive ?? (process.stdin.isTTY && process.stdout.isTTY);
  }

  #mayAsk(): boolean {
    const { defaults, check, diff } = this.options;
    return this.#isInteractive() && !defaults && !check && !diff;
  }

  /** With --diff standard output holds the diff alone. */
  #say(text: string): void {
    (this.options.diff ? process.stderr : process.stdout).write(`${text}\n`);
  }
}
