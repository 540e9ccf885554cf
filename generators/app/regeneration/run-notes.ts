import { dockerignoreNotes } from '../planning/dockerignore.ts';
import { envFileNotes } from '../planning/environment-file.ts';
import { mayWriteEnv, type DecidedRun } from './decide-run.ts';
import { isWritten, type ProjectDisk } from './plan-changes.ts';
import { isSecret } from './run-outcome.ts';

/**
 * What the user should know after a run: what the plan says, and what only this machine and the user's edits tell,
 * which therefore stands in no file.
 * @param ignored which of some paths Git ignores
 * @param alsoSet names that this run sets in a .env of the user's
 */
export function runNotes(
  decided: DecidedRun,
  disk: ProjectDisk,
  ignored: (paths: readonly string[]) => ReadonlySet<string>,
  alsoSet: readonly string[] = [],
): string[] {
  const { facts, plan } = decided;
  return [
    ...plan.notes,
    ...envFileNotes(facts, plan, alsoSet),
    ...(mayWriteEnv(facts, disk)
      ? []
      : [
          '.env is not written, because Git does not ignore it and it holds secrets: add a line ".env" to .gitignore, then run again or copy .env.example.',
        ]),
    ...deletedNotes(decided, disk),
    ...dockerignoreNotes(finalText(decided, disk, '.dockerignore'), plan.buildPaths),
    ...ignoredNotes(decided, ignored),
  ];
}

/** A file's text after the run; empty where there is none. */
function finalText({ outcome }: DecidedRun, disk: ProjectDisk, path: string): string {
  return outcome.changes.find((change) => change.path === path)?.text ?? disk.text(path) ?? '';
}

/** Files that the user deleted and the Dockerfile still names. */
function deletedNotes(decided: DecidedRun, disk: ProjectDisk): string[] {
  const dockerfile = finalText(decided, disk, 'Dockerfile');
  return decided.outcome.changes
    .filter(({ action, path }) => action === 'deleted by you' && dockerfile.includes(path))
    .map(
      ({ path }) =>
        `${path} is deleted, but the Dockerfile takes it: --restore ${path} writes it again, or take it out of the Dockerfile.`,
    );
}

/** Files that Git ignores, though others and CI need them. */
function ignoredNotes(
  { outcome, plan }: DecidedRun,
  ignored: (paths: readonly string[]) => ReadonlySet<string>,
): string[] {
  const written = [...outcome.changes, ...outcome.ownChanges]
    .filter((change) => isWritten(change) && !isSecret(change))
    .flatMap(({ path, keepAs }) => (keepAs === undefined ? [path] : [path, keepAs]));
  const paths = [...new Set([...written, ...plan.buildPaths])];
  const found = ignored(paths);
  if (paths.length > 0 && paths.every((path) => found.has(path)))
    return [
      'Git ignores everything that is written here and what the image is built from, as in a folder that is ignored as a whole: none of it gets committed.',
    ];
  const ours = written.filter((path) => found.has(path));
  const theirs = plan.buildPaths.filter((path) => found.has(path) && !written.includes(path));
  return [
    ...(ours.length === 0
      ? []
      : [
          `Git ignores ${ours.join(', ')}, which others and CI need, too: add it with git add --force, or mend .gitignore.`,
        ]),
    ...(theirs.length === 0
      ? []
      : [
          `Git ignores ${theirs.join(', ')}, which the image is built from: where the repository is cloned, as in CI, a build does not find it.`,
        ]),
  ];
}
