import { QUESTION_LIST } from './answers/questions.ts';
import { RUN_OPTIONS } from './options.ts';
import { ProjectRun, type ProjectOptions } from './project-run.ts';
import { RunGenerator } from './run-generator.ts';
import type { Run, RunHost } from './run.ts';

/** `yo backendai-docker`. */
export default class BackendaiDockerGenerator extends RunGenerator<ProjectOptions> {
  constructor(...parameters: ConstructorParameters<typeof RunGenerator<ProjectOptions>>) {
    super(...parameters);
    this.description = 'Writes an optimized Dockerfile, Compose files and checks for a Django project';
    for (const question of QUESTION_LIST) {
      this.option(question.option, { type: String, description: question.help });
    }
    this.declareOptions(RUN_OPTIONS);
  }

  protected override startRun(host: RunHost): Run {
    return new ProjectRun(this.options, host);
  }
}
