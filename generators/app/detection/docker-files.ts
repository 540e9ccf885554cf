import type { ProjectFacts } from './facts.ts';
import { joinRelative } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';

const composeName = /^(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/;
const postgresImage =
  /^\s*image:\s*["']?(?:[\w.:-]+\/)*(?:postgres|postgis|pgvector|timescaledb(?:-ha)?|postgresql|supabase-postgres)(?:[:@"'\s]|$)/m;

/** Docker files that are there already: in the repository root, else in the work dir. */
export function readExisting(files: ProjectFiles, workDir: string): ProjectFacts['existing'] {
  const folders = [...new Set(['', workDir])];
  const firstOf = (names: readonly string[]): string | null => {
    for (const folder of folders) {
      for (const name of names)
        if (files.exists(joinRelative(folder, name))) return joinRelative(folder, name);
    }
    return null;
  };
  const composeFiles = composeFilesIn(files, folders);
  const envFile = firstOf(['.env']);
  return {
    dockerfile: firstOf(['Dockerfile', 'Containerfile']),
    dockerignore: firstOf(['.dockerignore']),
    composeFiles,
    envFile,
    envNames: envFile === null ? [] : assignedNames(files.read(envFile) ?? ''),
    envFileTracked: envFile !== null && files.git().tracked(envFile),
    composePostgres: composeFiles.some((path) => postgresImage.test(files.read(path) ?? '')),
  };
}

/** Names that an env file assigns. */
function assignedNames(text: string): string[] {
  return [...text.matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/gm)].map(([, name = '']) => name);
}

function composeFilesIn(files: ProjectFiles, folders: readonly string[]): string[] {
  for (const folder of folders) {
    const found = files.files().filter((path) => {
      const name = folder === '' ? path : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : '/';
      return !name.includes('/') && composeName.test(name);
    });
    if (found.length > 0) return found;
  }
  return [];
}
