import type { ProjectFiles } from '../detection/project-files.ts';
import type { ProjectDisk } from '../regeneration/plan-changes.ts';
import { RegenerationError } from '../regeneration/regeneration-error.ts';
import { MEASUREMENTS_FILE, type Measurements } from './measurements.ts';
import { MeasurementsError, readMeasurements } from './read-measurements.ts';

/** What the report measured and left in the repository. */
export interface ProjectMeasurements {
  measurements: Measurements | null;
  /** Why they are not used though they are there, for the user. */
  note: string | null;
}

/**
 * The measurements of the repository. What cannot be used is as if it were not there; so is what Git ignores, because
 * every clone must get the same files.
 */
export function projectMeasurements(
  disk: ProjectDisk,
  git: ReturnType<ProjectFiles['git']>,
): ProjectMeasurements {
  const without = (why: string): ProjectMeasurements => ({
    measurements: null,
    note: `${why} DOCKER.md goes without the numbers; npx generator-backendai-docker report measures again.`,
  });
  try {
    if (!disk.exists(MEASUREMENTS_FILE)) return { measurements: null, note: null };
    if (git.ignored([MEASUREMENTS_FILE]).has(MEASUREMENTS_FILE)) {
      return {
        measurements: null,
        note: `Git ignores ${MEASUREMENTS_FILE}: DOCKER.md goes without the numbers.`,
      };
    }
    const text = disk.text(MEASUREMENTS_FILE);
    if (text === undefined) return { measurements: null, note: null };
    return { measurements: readMeasurements(text, MEASUREMENTS_FILE), note: null };
  } catch (error) {
    if (error instanceof MeasurementsError) return without(error.message);
    if (error instanceof RegenerationError) return without(`${MEASUREMENTS_FILE} cannot be read.`);
    throw error;
  }
}
