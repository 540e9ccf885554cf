import { usualExistingChoice, type ExistingChoice } from './existing-files.ts';
import type { Choices, ConflictChoice, Examination } from './plan-changes.ts';
import { RegenerationError } from './regeneration-error.ts';

/** Who decides about the files that wait for the user's word. */
export interface Deciders {
  /** `--on-conflict`. */
  onConflict: ConflictChoice | undefined;
  /** `--on-existing`. */
  onExisting: ExistingChoice | undefined;
  /** Nothing will be written, so that an overlap may stay open. */
  preview: boolean;
  /** Asks in the terminal; null where nothing may be asked. */
  ask: {
    overlap(file: Examination['overlaps'][number]): Promise<ConflictChoice>;
    existing(file: Examination['existing'][number]): Promise<ExistingChoice>;
  } | null;
}

/**
 * The user's word for each file: options first, then the terminal, then the default. All of it is said before the
 * first byte is written.
 * @throws RegenerationError that names all files with an overlap, where nobody can be asked
 */
export async function chooseForFiles(
  { overlaps, existing }: Pick<Examination, 'overlaps' | 'existing'>,
  { onConflict, onExisting, preview, ask }: Deciders,
): Promise<Choices> {
  if (overlaps.length > 0 && onConflict === undefined && !preview && ask === null) {
    const paths = overlaps.map(({ path }) => path);
    const known = overlaps.every(({ base }) => base === 'known');
    throw new RegenerationError(
      `${paths.join(', ')}: ${known ? 'you and the generator changed the same lines' : 'what is there differs from what would be written, and nothing tells what you edited'}. Run it in a terminal, or with --on-conflict=markers, ours or theirs; --diff shows the lines. Nothing was written.`,
    );
  }
  const choices = {
    overlaps: new Map<string, ConflictChoice>(),
    existing: new Map<string, ExistingChoice>(),
  };
  for (const file of existing) {
    choices.existing.set(
      file.path,
      onExisting ?? (ask ? await ask.existing(file) : usualExistingChoice(file)),
    );
  }
  for (const file of overlaps) {
    choices.overlaps.set(file.path, onConflict ?? (ask ? await ask.overlap(file) : 'markers'));
  }
  return choices;
}
