import { join } from 'node:path';
import Generator from 'yeoman-generator';
import { AnswerError, type AnswerName } from './answers/answers.ts';
import { askQuestion, type Prompt } from './answers/prompts.ts';
import { QUESTION_LIST } from './answers/questions.ts';
import { resolveAnswers, type ResolvedAnswers } from './answers/resolve-answers.ts';
import { detectProject } from './detection/detect-project.ts';
import { formatDetection } from './detection/detection-table.ts';
import { readDiskFiles } from './detection/disk-files.ts';
import { DetectionError, type ProjectFacts } from './detection/facts.ts';
import { SeveralManagePyError } from './detection/manage-py.ts';
import type { ProjectFiles } from './detection/project-files.ts';
import { withoutFiles } from './detection/without-files.ts';
import { RUN_OPTIONS, type RunOptions } from './options.ts';
import { packageVersion } from './planning/knowledge.ts';
import { makePlan } from './planning/make-plan.ts';
import type { Plan } from './planning/plan.ts';
import { libraryRows, projectLibraries } from './planning/project-libraries.ts';
import { choosePython, pythonRows } from './planning/python-version.ts';
import { QuotingError } from './planning/quoting.ts';
import { askForeign, askOverlap } from './regeneration/conflict-prompts.ts';
import { LOCK_FILE, LockError, formatLock, readLock, type Lock } from './regeneration/lock-file.ts';
import {
  CONFLICT_CHOICES,
  RegenerationError,
  planChanges,
  type ChangePlan,
  type ConflictChoice,
} from './regeneration/plan-changes.ts';
import { ANSWERS_FILE, readStoredAnswers, withStoredAnswers } from './regeneration/stored-answers.ts';
import { uncommittedFiles } from './regeneration/uncommitted.ts';
import { checkWritable, readProjectFile, writeAtomically, writeChanges } from './regeneration/write-files.ts';
import { formatAnswers, formatChanges, formatNextSteps, formatNotes } from './report.ts';
import { renderFiles } from './rendering/render-files.ts';

type Options = Generator['options'] & RunOptions & Partial<Record<AnswerName, unknown>>;

/** Errors that are for the user: their message is complete. Others are faults of ours and keep their stack. */
const USER_ERRORS = [AnswerError, DetectionError, LockError, QuotingError, RegenerationError];

/** The Yeoman run loop: detect, ask, plan, render, decide, write, report. Decisions are made elsewhere. */
export default class BackendaiDockerGenerator extends Generator<Record<string, unknown>, Options> {
  // Each is filled by one step of the run loop and read by later ones.
  #lock: Lock | null = null;
  #facts!: ProjectFacts;
  /** The manage.py that the user chose, to be stored. */
  #managePy: string | undefined;
  #resolved!: ResolvedAnswers;
  #plan!: Plan;
  #changePlan!: ChangePlan;
  /** What the helpers that ask need of Yeoman. */
  readonly #prompt: Prompt = (questions) => this.prompt<never>(questions as never);

  constructor(args: string[] = [], options: Options = {} as Options, features = {}) {
    super(args, options, {
      ...features,
      unique: 'namespace',
      tasksMatchingPriority: true,
      customInstallTask: true,
      disableLodashProperty: true,
    });
    this.description = 'Writes an optimized Dockerfile, Compose files and checks for a Django project';
    for (const question of QUESTION_LIST) {
      this.option(question.option, { type: String, description: question.help });
    }
    for (const option of RUN_OPTIONS) {
      this.option(option.option, {
        type: option.type === 'boolean' ? Boolean : String,
        description: option.help,
      });
    }
  }

  async initializing(): Promise<void> {
    await this.#forUser(async () => {
      this.#lock = readLock(this.#read(LOCK_FILE), packageVersion());
      // What we wrote is no fact about the project.
      const own = [...Object.keys(this.#lock?.files ?? {}), LOCK_FILE, ANSWERS_FILE];
      this.#facts = await this.#detect(withoutFiles(readDiskFiles(this.destinationRoot()), own));
    });
    if (this.#onlyDetects()) this.#printDetection();
  }

  /** Several manage.py become a question where one may be asked; its answer is `--manage-py` from then on. */
  async #detect(files: ProjectFiles): Promise<ProjectFacts> {
    const { managePy } = this.options;
    const given = typeof managePy === 'string' && managePy !== '' ? managePy : undefined;
    const stored = readStoredAnswers(this.#read(ANSWERS_FILE)).managePy;
    const known = typeof stored === 'string' && files.exists(stored) ? stored : undefined;
    this.#managePy = given ?? (this.options.askAnswered && this.#mayAsk() ? undefined : known);
    try {
      return detectProject(files, { managePy: this.#managePy });
    } catch (error) {
      if (!(error instanceof SeveralManagePyError) || !this.#mayAsk() || this.#onlyDetects()) throw error;
      const answer = await this.#prompt<{ managePy: string }>([
        {
          type: 'select',
          name: 'managePy',
          message: 'Which manage.py is the project’s?',
          default: known,
          choices: error.candidates.map((path) => ({ value: path, name: path })),
        },
      ]);
      this.#managePy = answer.managePy;
      return detectProject(files, answer);
    }
  }

  async prompting(): Promise<void> {
    if (this.#onlyDetects()) return;
    await this.#forUser(async () => {
      this.#checkOnConflict();
      const commandLine = Object.fromEntries(
        QUESTION_LIST.map(({ name }) => [name, this.options[name]]).filter(
          ([, value]) => value !== undefined,
        ),
      );
      const stored = readStoredAnswers(this.#read(ANSWERS_FILE));
      const asking = this.#mayAsk();
      if (!this.#isInteractive() && !this.options.defaults) {
        this.#say('No terminal: taking the detected defaults (each is an option, see --help).');
      }
      this.#say(`Found ${this.#facts.managePy.value}, settings ${this.#facts.settingsModule.value}.`);
      this.#resolved = await resolveAnswers(this.#facts, {
        commandLine,
        stored,
        offered: stored.offered,
        askAnswered: this.options.askAnswered === true,
        ...(asking ? { ask: (...parts) => askQuestion(this.#prompt, ...parts) } : {}),
      });
    });
  }

  async configuring(): Promise<void> {
    if (this.#onlyDetects()) return;
    await this.#forUser(async () => {
      const version = packageVersion();
      this.#plan = makePlan(this.#facts, this.#resolved.answers, version);
      const rendered = renderFiles(this.#plan);
      if (this.#facts.git.present && !this.#facts.git.envIgnored && this.#read('.env') === undefined) {
        rendered.delete('.env');
        this.#plan.notes.push(
          '.env is not written, because Git does not ignore it and it holds secrets: add a line ".env" to .gitignore, then run again or copy .env.example.',
        );
      }
      this.#changePlan = await planChanges(rendered, this.#lock, (path) => this.#read(path), {
        overlap: (path, decision) => this.#resolveOverlap(path, decision),
        foreign: (path, keepAs) =>
          this.#mayAsk() ? askForeign(this.#prompt, path, keepAs) : Promise.resolve('keep-as-old'),
      });
      const { changes } = this.#changePlan;
      if (!this.options.force) this.#refuseUncommitted();
      const ownFiles = [ANSWERS_FILE, LOCK_FILE].map((path) => ({
        path,
        action: 'update' as const,
        text: '',
      }));
      checkWritable(this.destinationRoot(), [...changes, ...ownFiles]);
      await this.#confirm();
    });
  }

  async writing(): Promise<void> {
    if (this.#onlyDetects()) return;
    await this.#forUser(() => {
      const root = this.destinationRoot();
      writeChanges(root, this.#changePlan.changes);
      this.#writeIfChanged(
        ANSWERS_FILE,
        withStoredAnswers(
          this.#read(ANSWERS_FILE),
          this.#resolved.answers,
          this.#resolved.offered,
          this.#managePy === undefined ? undefined : this.#facts.managePy.value,
        ),
      );
      // Last: it claims what is on disk.
      const lock = { generatorVersion: packageVersion(), files: this.#changePlan.lockFiles };
      this.#writeIfChanged(LOCK_FILE, formatLock(lock));
    });
  }

  end(): void {
    if (this.#onlyDetects()) return;
    const { changes } = this.#changePlan;
    const conflicts = changes.filter((change) => change.action === 'conflict');
    if (this.#plan.notes.length > 0) this.#say(`\nPlease note:\n${formatNotes(this.#plan.notes)}`);
    if (conflicts.length > 0) {
      this.#say(
        `\nConflict markers were written: resolve them in ${conflicts.map((change) => change.path).join(', ')}.`,
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
    const envMissing = this.#read('.env') === undefined;
    this.#say(`\nNext:\n${formatNextSteps(this.#plan, envMissing)}\n`);
  }

  /** The summary, and with a terminal the last chance to stop. */
  async #confirm(): Promise<void> {
    const { changes } = this.#changePlan;
    const drift = this.#resolved.changes;
    if (drift.length > 0) this.#say(`\nChanged since the last run:\n${formatNotes(drift)}`);
    this.#say(`\nDecisions:\n${formatAnswers(this.#resolved.answers, this.#resolved.origins)}`);
    const listed = formatChanges(changes);
    if (listed === '') {
      this.#say('\nEverything is up to date: nothing to write.');
      return;
    }
    this.#say(`\nFiles in ${this.destinationRoot()}:\n${listed}`);
    const writes = changes.some((change) => change.text !== undefined || change.action === 'delete');
    if (!writes || !this.#mayAsk()) return;
    const { write } = await this.#prompt<{ write: boolean }>([
      { type: 'confirm', name: 'write', message: 'Write these files?', default: true },
    ]);
    if (!write) throw new RegenerationError('Stopped on your word. Nothing was written.');
  }

  async #resolveOverlap(path: string, decision: Parameters<typeof askOverlap>[2]): Promise<ConflictChoice> {
    const { onConflict, force } = this.options;
    if (onConflict !== undefined) return onConflict as ConflictChoice;
    if (force) return 'theirs';
    if (this.#mayAsk()) return askOverlap(this.#prompt, path, decision);
    throw new RegenerationError(
      `${path}: you and the generator changed the same lines. Run it in a terminal, or with --on-conflict=markers, ours or theirs. Nothing was written.`,
    );
  }

  #checkOnConflict(): void {
    const { onConflict } = this.options;
    if (onConflict === undefined || CONFLICT_CHOICES.some((name) => name === onConflict)) return;
    throw new AnswerError(
      `--on-conflict: ${JSON.stringify(onConflict)} is not one of: ${CONFLICT_CHOICES.join(', ')}.`,
    );
  }

  /** Files of the user's that we would move aside must be safe in Git first, so that nothing can be lost. */
  #refuseUncommitted(): void {
    const replaced = this.#changePlan.changes
      .filter((change) => change.keepAs !== undefined)
      .map((change) => change.path);
    const dirty = uncommittedFiles(this.destinationRoot(), replaced);
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

  #isInteractive(): boolean {
    return this.options.interactive ?? (process.stdin.isTTY && process.stdout.isTTY);
  }

  #mayAsk(): boolean {
    return this.#isInteractive() && this.options.defaults !== true;
  }

  #read(path: string): string | undefined {
    return readProjectFile(this.destinationRoot(), path);
  }

  #writeIfChanged(path: string, text: string): void {
    if (this.#read(path) !== text) writeAtomically(join(this.destinationRoot(), path), text);
  }

  #say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /**
   * Runs a step; an error for the user becomes a plain Error without a code, because `yo` takes the code of an error
   * as the exit status and dies on a text.
   */
  async #forUser(step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!USER_ERRORS.some((kind) => error instanceof kind)) throw error;
      // The message is complete; Yeoman would print one of its own before it.
      Object.defineProperty(this, 'log', { value: undefined });
      const plain = new Error((error as Error).message);
      plain.name = 'UserError';
      throw plain;
    }
  }
}
