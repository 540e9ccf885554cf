import { spawnSync } from 'node:child_process';

/**
 * Files with changes that Git does not have yet.
 * @param root the project
 * @param paths files to look at, relative to the root
 * @returns those that are tracked and differ from the last commit; none where there is no Git
 */
export function uncommittedFiles(root: string, paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  const result = spawnSync(
    'git',
    ['-C', root, 'diff', '--name-only', '-z', '--relative', 'HEAD', '--', ...paths],
    {
      encoding: 'utf8',
      env: { ...process.env, GIT_OPTIONAL_LOCKS: '0' },
    },
  );
  if (result.status !== 0) return [];
  return result.stdout.split('\0').filter((path) => path !== '');
}
