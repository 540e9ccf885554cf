import { RunGenerator } from '../app/run-generator.ts';
import type { Run, RunHost } from '../app/run.ts';
import { REPORT_OPTIONS, type ReportOptions } from './options.ts';
import { ReportRun } from './report-run.ts';

/** `yo backendai-docker:report`. */
export default class ReportGenerator extends RunGenerator<ReportOptions> {
  constructor(...parameters: ConstructorParameters<typeof RunGenerator<ReportOptions>>) {
    super(...parameters);
    this.description =
      'Measures the images and shows it: a page with charts, a picture, the numbers of DOCKER.md';
    this.declareOptions(REPORT_OPTIONS);
  }

  protected override startRun(host: RunHost): Run {
    return new ReportRun(this.options, host);
  }
}
