import type { ProjectFiles } from './project-files.ts';

/**
 * The same repository without some files, and without the folders that hold nothing else.
 * @param files the repository
 * @param hidden paths that are not to be seen
 */
export function withoutFiles(files: ProjectFiles, hidden: readonly string[]): ProjectFiles {
  const unseen = new Set(hidden);
  const seen = files.files().filter((path) => !unseen.has(path));
  const emptied = new Set(
    hidden.flatMap((path) => {
      const folder = path.includes('/') ? `${path.split('/')[0]}/` : null;
      return folder !== null && !seen.some((other) => other.startsWith(folder)) ? [folder] : [];
    }),
  );
  return {
    name: files.name,
    files: () => seen,
    topLevel: () => files.topLevel().filter((name) => !unseen.has(name) && !emptied.has(name)),
    exists: (path) => !unseen.has(path) && files.exists(path),
    read: (path) => (unseen.has(path) ? undefined : files.read(path)),
    git: () => files.git(),
  };
}
