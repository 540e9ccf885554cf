import { listSetting, placeOf, settingOf } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
import type { ProjectFacts } from './facts.ts';
import { isTestPath } from './imports.ts';
import type { ProjectFiles } from './project-files.ts';
import { entryOptions, optionsOf, textValue } from './values.ts';

/**
 * What has to run beside `migrate` and `collectstatic`.
 * @param copied whether a path is part of the application, so that its translations count
 */
export function readPreparation(
  files: ProjectFiles,
  settings: DjangoSettings,
  copied: (path: string) => boolean,
): ProjectFacts['preparation'] {
  return {
    cacheTable: cacheTable(settings),
    offlineCompression: offlineCompression(settings),
    uncompiledTranslations: uncompiledTranslations(files).filter(copied),
  };
}

function cacheTable(settings: DjangoSettings): ProjectFacts['preparation']['cacheTable'] {
  const caches = settingOf(settings, 'CACHES');
  if (caches === undefined) return null;
  for (const option of optionsOf(caches)) {
    if (option.data.kind !== 'dict') continue;
    for (const cache of option.data.entries.values()) {
      for (const backend of entryOptions(cache, 'BACKEND')) {
        if (textValue(backend)?.endsWith('.db.DatabaseCache') === true)
          return { value: true, evidence: [placeOf(backend)] };
      }
    }
  }
  return null;
}

/** https://django-compressor.readthedocs.io/en/stable/settings.html#django.conf.settings.COMPRESS_OFFLINE */
function offlineCompression(settings: DjangoSettings): ProjectFacts['preparation']['offlineCompression'] {
  if (!listSetting(settings, 'INSTALLED_APPS').some(({ text }) => /^compressor(?:\.|$)/.test(text)))
    return null;
  const offline = settingOf(settings, 'COMPRESS_OFFLINE');
  if (offline === undefined) return null;
  const on = optionsOf(offline).some(({ data }) => data.kind !== 'boolean' || data.value);
  return on ? { value: true, evidence: [placeOf(offline)] } : null;
}

/** `.po` files that Django would load in their compiled form, which is not there. */
function uncompiledTranslations(files: ProjectFiles): string[] {
  const all = files.files();
  const compiled = new Set(all.filter((path) => path.endsWith('.mo')));
  return all.filter(
    (path) =>
      /(?:^|\/)LC_MESSAGES\/[^/]+\.po$/.test(path) &&
      !compiled.has(`${path.slice(0, -3)}.mo`) &&
      !isTestPath(path),
  );
}
