import { resolveAnswers } from '../app/answers/resolve-answers.ts';
import { detectProject, type DetectionChoice } from '../app/detection/detect-project.ts';
import type { ProjectFacts } from '../app/detection/facts.ts';
import type { ProjectFiles } from '../app/detection/project-files.ts';
import { projectMeasurements } from '../app/measurements/project-measurements.ts';
import { packageVersion } from '../app/planning/knowledge.ts';
import { decideRun, withoutOurs, type DecidedRun, type EarlierRuns } from '../app/regeneration/decide-run.ts';
import { LOCK_FILE } from '../app/regeneration/lock-file.ts';
import { isWritten } from '../app/regeneration/plan-changes.ts';
import type { DiskSnapshot } from '../app/regeneration/read-files.ts';
import { isSecret } from '../app/regeneration/run-outcome.ts';
import { storedSettings } from '../app/regeneration/stored-answers.ts';
import type { WriteStep } from '../app/regeneration/write-files.ts';
import { renderProject } from '../app/rendering/render-files.ts';

export const DOCUMENTATION = 'DOCKER.md';

/** How DOCKER.md gets the numbers. */
export type DocumentationUpdate =
  | { kind: 'up to date' }
  /** Both sides changed the same lines: only the user can decide. */
  | { kind: 'overlap' }
  /** The project changed since the last run, so that other files would change, too. */
  | { kind: 'behind'; paths: string[] }
  | { kind: 'write'; steps: WriteStep[] };

/** The project without what is ours or was kept aside. */
export function detectWithoutOurs(
  files: ProjectFiles,
  hidden: readonly string[],
  choice: DetectionChoice,
): ProjectFacts {
  return detectProject(withoutOurs(files, hidden), choice);
}

/**
 * What a run of the generator with the stored answers would do, once the measurements are in the repository; as far as
 * that is DOCKER.md alone, it is done here, with the same merge.
 * @param disk as it is now
 * @param facts detected without files of ours
 */
export async function updateDocumentation(
  files: ProjectFiles,
  disk: DiskSnapshot,
  earlier: EarlierRuns,
  facts: ProjectFacts,
): Promise<DocumentationUpdate> {
  const stored = earlier.stored.managePy;
  const decided = await decideRun({
    earlier,
    facts,
    resolved: await resolveAnswers(facts, { commandLine: {}, stored: earlier.stored, askAnswered: false }),
    measurements: projectMeasurements(disk, files.git()).measurements,
    detect: (hidden, settings) =>
      detectWithoutOurs(files, hidden, {
        managePy: facts.managePy.value,
        storedSettings: settings ?? storedSettings(earlier.stored),
      }),
    render: renderProject,
    disk,
    deciders: { onConflict: undefined, onExisting: undefined, preview: true, ask: null },
    askAnswered: false,
    restore: [],
    managePy: typeof stored === 'string' && files.exists(stored) ? stored : undefined,
    settings: undefined,
    version: packageVersion(),
  });
  return documentationUpdate(decided);
}

/** Which part of a decided run is for the report to carry out. */
export function documentationUpdate({
  outcome,
  undecided,
}: Pick<DecidedRun, 'outcome' | 'undecided'>): DocumentationUpdate {
  const { changes, ownChanges, steps } = outcome;
  const written = [...changes, ...ownChanges].filter((change) => isWritten(change) && !isSecret(change));
  const others = written
    .map(({ path }) => path)
    .filter((path) => path !== DOCUMENTATION && path !== LOCK_FILE);
  if (others.length > 0) return { kind: 'behind', paths: others };
  if (undecided.length > 0) return { kind: 'overlap' };
  if (written.length === 0) return { kind: 'up to date' };
  return { kind: 'write', steps: steps.filter(({ path }) => path === DOCUMENTATION || path === LOCK_FILE) };
}
