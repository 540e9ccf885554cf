import Generator from 'yeoman-generator';
import { isForUser, isStopped, type Run, type RunHost, type Step } from './run.ts';

type Parameters = ConstructorParameters<typeof Generator>;

/** What our generators have in common: Yeoman carries out a run's steps. */
export abstract class RunGenerator<Options extends object> extends Generator<
  Record<string, unknown>,
  Generator['options'] & Options
> {
  #run!: Run;

  constructor(
    args: string[] = [],
    options = {} as Generator['options'] & Options,
    features: Parameters[2] = {},
  ) {
    super(args, options, {
      ...features,
      unique: 'namespace',
      inheritTasks: true,
      customInstallTask: true,
      disableLodashProperty: true,
    });
  }

  /** The run, with the options that Yeoman has read by now. */
  protected abstract startRun(host: RunHost): Run;

  /** Makes the options of a table known to `yo`. */
  protected declareOptions(
    table: readonly { option: string; type: 'boolean' | 'string'; help: string }[],
  ): void {
    for (const { option, type, help } of table) {
      this.option(option, { type: type === 'boolean' ? Boolean : String, description: help });
    }
  }

  async initializing(): Promise<void> {
    this.#run = this.startRun({
      root: () => this.destinationRoot(),
      prompt: (questions) => this.prompt<never>(questions as never),
    });
    await this.#carryOut('initializing');
  }

  prompting(): Promise<void> {
    return this.#carryOut('prompting');
  }

  configuring(): Promise<void> {
    return this.#carryOut('configuring');
  }

  writing(): Promise<void> {
    return this.#carryOut('writing');
  }

  end(): Promise<void> {
    return this.#carryOut('end');
  }

  async #carryOut(step: Step): Promise<void> {
    try {
      await this.#run[step]?.();
    } catch (error) {
      // The message is complete; Yeoman would print one of its own before it.
      if (isForUser(error) || isStopped(error)) Object.defineProperty(this, 'log', { value: undefined });
      throw error;
    }
  }
}
