import { placeOf, textSetting } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
import type { WrittenPath } from './facts.ts';
import { folderOf, isInside, repositoryPath } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import { entryOptions, optionsOf, rootMark, stringsIn, textValue } from './values.ts';
import type { Value } from './values.ts';

/** Settings whose paths are read, or are handled by name elsewhere. */
const NOT_WRITTEN =
  /^(?:TESTS?_.*|BASE_DIR|ROOT_DIR|PROJECT_(?:ROOT|DIR)|.*_ROOT_DIR|STATIC_ROOT|MEDIA_ROOT|STATICFILES_DIRS|TEMPLATES?|TEMPLATE_DIRS?|LOCALE_PATHS|FIXTURE_DIRS|DATABASES|INSTALLED_APPS|MIDDLEWARE|ROOT_URLCONF|WSGI_APPLICATION|ASGI_APPLICATION|COMPRESS_ROOT|WEBPACK_LOADER|DJANGO_VITE|.*_(?:URL|PREFIX))$/;

const WORDS =
  'LOGS?|TMP|TEMP|CACHED?S?|UPLOAD(?:S|ED)?|STORE|DATASTORE|\\w*STORAGES?|OUTPUTS?|EXPORT(?:S|ED)?|DATA|INDEX|WHOOSH|BACKUPS?|DOWNLOADS?|MEDIA|SESSIONS?|REPORTS?|EMAIL_FILE|HAYSTACK_CONNECTIONS';

/** Names of settings for folders that the application fills: `LOG_DIR`, `EXPORTS`, `CACHEDIR`; not `CATALOG_DIR`. */
const FILLED = new RegExp(`(?:^|_)(?:${WORDS})(?:_|$|(?:DIR|FOLDER|PATH|ROOT)S?(?:_|$))`);

/** Where a process may write whatever the image looks like. */
const ALWAYS_WRITABLE = /^\/(?:dev|proc|tmp)\//;

/**
 * Folders and log files inside the project that the application writes to while it runs, and folders of the system for
 * its logs. The code is read-only in the container, so that each must be a volume or lie elsewhere.
 * @param workDir where relative paths count from
 */
export function writtenPaths(files: ProjectFiles, settings: DjangoSettings, workDir: string): WrittenPath[] {
  const found = new Map<string, WrittenPath>();
  const add = (kind: WrittenPath['kind'], text: string, setting: string, place: Value): void => {
    const path = repositoryPath(text, workDir);
    if (path === null || path === '' || found.has(path)) return;
    found.set(path, { path, kind, setting, evidence: [placeOf(place)] });
  };
  for (const { text, value } of logFiles(settings.scope.names.get('LOGGING'))) {
    const path = repositoryPath(text, workDir);
    const folder = folderOf(path ?? '');
    if (path === null || ALWAYS_WRITABLE.test(path)) continue;
    // A log beside what is read gets a place of its own; one in a folder of logs takes the folder with it.
    if (!path.startsWith('/') && (isInside(workDir, folder) || isInUse(files, settings, folder)))
      add('file', text, 'LOGGING', value);
    else add('folder', text.slice(0, text.lastIndexOf('/')), 'LOGGING', value);
  }
  const staticRoot = textSetting(settings, 'STATIC_ROOT')?.value;
  const collected = staticRoot === undefined ? null : repositoryPath(staticRoot, workDir);
  for (const [name, value] of settings.scope.names) {
    if (!/^[A-Z][A-Z0-9_]*$/.test(name) || NOT_WRITTEN.test(name) || name === 'LOGGING') continue;
    for (const { text, value: place } of stringsIn(value)) {
      if (!text.startsWith(`${rootMark}/`)) continue;
      // A database of its own (a task queue, an index): its folder must be there and writable.
      if (/\.(?:sqlite3?|db)$/.test(text)) {
        const folder = repositoryPath(text.slice(0, text.lastIndexOf('/')), workDir);
        if (folder !== null && folder !== workDir && settings.modules.pythonFilesIn(folder).length === 0)
          add('folder', text.slice(0, text.lastIndexOf('/')), name, place);
        continue;
      }
      if (/\.\w{1,5}$/.test(text) || !FILLED.test(name)) continue;
      const path = repositoryPath(text, workDir);
      if (path === null || path === '' || path === collected || isInUse(files, settings, path)) continue;
      add('folder', text, name, place);
    }
  }
  return [...found.values()].filter(
    ({ path }) =>
      ![...found.values()].some((other) => other.kind === 'folder' && path.startsWith(`${other.path}/`)),
  );
}

/** What is in the repository is read; a folder of logs, or an empty one, is kept there to be filled. */
function isInUse(files: ProjectFiles, settings: DjangoSettings, path: string): boolean {
  if (files.exists(path)) return true;
  if (!settings.modules.hasFolder(path)) return false;
  return files
    .files()
    .some(
      (file) =>
        file.startsWith(`${path}/`) &&
        !/(?:^|\/)(?:\.(?:gitkeep|keep|gitignore|placeholder)|[^/]+\.log(?:\.\d+)?)$/.test(file),
    );
}

/** `filename` of every handler in LOGGING. */
function logFiles(logging: Value | undefined): { text: string; value: Value }[] {
  return entryOptions(logging, 'handlers').flatMap((handlers) =>
    optionsOf(handlers).flatMap((option) => {
      if (option.data.kind !== 'dict') return [];
      return [...option.data.entries.values()].flatMap((handler) =>
        entryOptions(handler, 'filename').flatMap((value) => {
          const text = textValue(value);
          return text === undefined || text === '' ? [] : [{ text, value }];
        }),
      );
    }),
  );
}
