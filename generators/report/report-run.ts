import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AnswerError } from '../app/answers/answers.ts';
import { readDiskFiles } from '../app/detection/disk-files.ts';
import { DetectionError, type ProjectFacts } from '../app/detection/facts.ts';
import type { ProjectFiles } from '../app/detection/project-files.ts';
import { formatBytes } from '../app/measurements/format-values.ts';
import { REPORT_FILES, type Measurements } from '../app/measurements/measurements.ts';
import { MeasurementsError, readMeasurements } from '../app/measurements/read-measurements.ts';
import { packageVersion } from '../app/planning/knowledge.ts';
import { QuotingError } from '../app/planning/quoting.ts';
import { filesOfOurs, readEarlierRuns, type EarlierRuns } from '../app/regeneration/decide-run.ts';
import { projectDisk, readLockFile } from '../app/regeneration/read-files.ts';
import { RegenerationError } from '../app/regeneration/regeneration-error.ts';
import { storedSettings } from '../app/regeneration/stored-answers.ts';
import { carryOut, checkWritable } from '../app/regeneration/write-files.ts';
import { wrap } from '../app/report.ts';
import { forUser, type Run, type RunHost } from '../app/run.ts';
import { MEASURING_SCRIPT, measure, readMeasured } from './measure.ts';
import type { ReportOptions } from './options.ts';
import { headline } from './page.ts';
import { ReportError } from './report-error.ts';
import { foreignFiles, reportFiles, type ReportFile } from './report-files.ts';
import { suggestions, type Suggestion } from './suggestions.ts';
import { DOCUMENTATION, detectWithoutOurs, updateDocumentation } from './update-documentation.ts';

/** Errors that are for the user: their message is complete. */
const USER_ERRORS = [
  ReportError,
  MeasurementsError,
  RegenerationError,
  DetectionError,
  QuotingError,
  AnswerError,
];

/** So many suggestions are told in the terminal; the page has all. */
const TOLD_SUGGESTIONS = 3;

/** Measures the images and shows what was measured: a page, a picture for a README, the numbers of DOCKER.md. */
export class ReportRun implements Run {
  readonly options: ReportOptions;
  readonly #host: RunHost;
  // Each is filled by one step of the run loop and read by later ones.
  #files!: ProjectFiles;
  #earlier!: EarlierRuns;
  /** Null where the project cannot be read. */
  #facts: ProjectFacts | null = null;
  #text!: string;
  #measurements!: Measurements;
  #suggestions: Suggestion[] = [];
  #written: ReportFile[] = [];

  constructor(options: ReportOptions, host: RunHost) {
    this.options = options;
    this.#host = host;
  }

  /** What would be in the way at the end is told before anything is measured. */
  async initializing(): Promise<void> {
    await forUser(USER_ERRORS, () => {
      this.#checkOptions();
      const root = this.#host.root();
      const disk = projectDisk(root);
      this.#files = readDiskFiles(root);
      this.#earlier = readEarlierRuns(readLockFile(disk, packageVersion()), disk);
      const foreign = foreignFiles(disk);
      if (foreign.length > 0 && !this.options.force) {
        throw new ReportError(
          `${foreign.join(', ')}: of this name, and not written by this generator. Move it away, or run again with --force. Nothing was written.`,
        );
      }
      const paths = Object.values(REPORT_FILES);
      checkWritable(
        root,
        paths.map((path) => ({ path, action: disk.exists(path) ? 'update' : 'create', text: '' })),
      );
      this.#facts = this.#detect();
    });
  }

  async configuring(): Promise<void> {
    await forUser(USER_ERRORS, async () => {
      const source = this.#source();
      const text = source === null ? await this.#measure() : readMeasured(source.path);
      if (text === null) throw new ReportError(source?.missing ?? '');
      this.#text = text;
      this.#measurements = readMeasurements(text, source?.shown ?? 'What was measured');
      if (this.#measurements.images.production === null) {
        throw new ReportError(
          'The production image was not measured: there is nothing to show. Nothing was written.',
        );
      }
    });
  }

  async writing(): Promise<void> {
    await forUser(USER_ERRORS, async () => {
      const root = this.#host.root();
      this.#suggestions = suggestions(this.#measurements, {
        facts: this.#facts,
        settingsText: (this.#facts?.settingsFiles ?? [])
          .map((path) => this.#files.read(path) ?? '')
          .join('\n'),
        answers: this.#earlier.stored,
      });
      this.#written = await reportFiles(this.#measurements, this.#text, this.#suggestions);
      const disk = projectDisk(root);
      carryOut(
        root,
        this.#written.map(({ path, content }) => ({ path, was: disk.sha256(path) ?? null, content })),
      );
      this.#printWritten(await this.#updateDocumentation());
      if (this.#measurements.missedLimits.length > 0) process.exitCode = 1;
    });
  }

  #checkOptions(): void {
    const { from, budget, maxRatio, sizesOnly, runs } = this.options;
    if (from !== undefined && this.options.last)
      throw new ReportError('--from and --last: take one of them.');
    const shows = from !== undefined || this.options.last;
    const unused = Object.entries({ budget, 'max-ratio': maxRatio, 'sizes-only': sizesOnly, runs })
      .filter(([, value]) => value !== undefined && value !== false)
      .map(([option]) => `--${option}`);
    if (shows && unused.length > 0) {
      throw new ReportError(
        `${unused.join(', ')}: this is for measuring, and with ${from === undefined ? '--last' : '--from'} nothing is measured.`,
      );
    }
  }

  /** The file to show; null where it is to be measured. */
  #source(): { path: string; shown: string; missing: string } | null {
    const { from } = this.options;
    if (typeof from === 'string') {
      return {
        path: resolve(this.#host.root(), from),
        shown: from,
        missing: `${from} is not there. Nothing was written.`,
      };
    }
    if (!this.options.last) return null;
    return {
      path: join(this.#host.root(), REPORT_FILES.full),
      shown: REPORT_FILES.full,
      missing: `Nothing was measured yet (${REPORT_FILES.full} is not there): run without --last. Nothing was written.`,
    };
  }

  async #measure(): Promise<string> {
    const script = projectDisk(this.#host.root()).text(MEASURING_SCRIPT);
    if (script === undefined) {
      throw new ReportError(
        `${MEASURING_SCRIPT} is not there, which builds and measures: npx generator-backendai-docker writes it. Nothing was written.`,
      );
    }
    return measure(this.#host.root(), script, this.options);
  }

  /** The report needs measurements; the project makes suggestions better and brings DOCKER.md up to date. */
  #detect(): ProjectFacts | null {
    const { managePy } = this.options;
    const stored = this.#earlier.stored.managePy;
    const known = typeof stored === 'string' && this.#files.exists(stored) ? stored : undefined;
    const given = typeof managePy === 'string' && managePy !== '' ? managePy : known;
    try {
      return detectWithoutOurs(this.#files, filesOfOurs(this.#earlier), {
        managePy: given,
        storedSettings: storedSettings(this.#earlier.stored),
      });
    } catch (error) {
      if (!(error instanceof DetectionError) || typeof managePy === 'string') throw error;
      this.#say(`The project itself could not be read: ${error.message}`);
      return null;
    }
  }

  /** @returns what became of DOCKER.md, a sentence for the user; null where there is nothing to tell */
  async #updateDocumentation(): Promise<string | null> {
    if (this.#facts === null || !this.#earlier.ranBefore) return null;
    const root = this.#host.root();
    const update = await updateDocumentation(this.#files, projectDisk(root), this.#earlier, this.#facts);
    const command = 'npx generator-backendai-docker';
    if (update.kind === 'overlap')
      return `You edited the lines of ${DOCUMENTATION} that get the numbers: ${command} asks what to do.`;
    if (update.kind === 'behind')
      return `${DOCUMENTATION} gets the numbers by ${command}, because the project changed since the last run: ${update.paths.join(', ')} would change, too.`;
    if (update.kind === 'write') {
      carryOut(root, update.steps);
      this.#written.push({ path: DOCUMENTATION, content: '', purpose: 'has the numbers now' });
    }
    return null;
  }

  #printWritten(note: string | null): void {
    const { images, missedLimits } = this.#measurements;
    const { before, production } = images;
    const size = production === null ? '' : formatBytes(production.size);
    this.#say(
      `\n${headline(this.#measurements)}${before === null ? '' : `: ${size} instead of ${formatBytes(before.size)}`}.`,
    );
    this.#say('\nWritten:');
    for (const { path, purpose } of this.#written) process.stdout.write(`  ${path.padEnd(34)} ${purpose}\n`);
    if (before === null) this.#say('\nNo picture: there is no image before to compare with.');
    if (note !== null) this.#say(`\n${note}`);
    const told = this.#suggestions.slice(0, TOLD_SUGGESTIONS);
    if (told.length > 0) this.#say('\nWhat could be smaller still (the page has more):');
    for (const { title } of told) process.stdout.write(`  - ${wrap(title, 80, '    ')}\n`);
    for (const sentence of missedLimits) this.#say(`\nMissed: ${sentence}`);
    // Not broken: a terminal opens it with a click.
    process.stdout.write(`\nOpen ${pathToFileURL(join(this.#host.root(), REPORT_FILES.page)).href}\n`);
    if (before !== null) this.#say(`In a README: ![before and after](${REPORT_FILES.svg})`);
  }

  #say(text: string): void {
    process.stdout.write(`${wrap(text, 80, '')}\n`);
  }
}
