import type { SyntaxNode } from '@lezer/common';

import { listSetting, placeOf, settingOf, textSetting } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
import type { Fact } from './facts.ts';
import type { ProjectFiles } from './project-files.ts';
import {
  callArguments,
  childrenOf,
  dottedName,
  evidenceOf,
  findNodes,
  readPython,
  textOf,
} from './python-source.ts';
import { entryOptions, firstOption, textValue } from './values.ts';

/** Backends that give out URLs of another server. Sources: django-storages' and cloudinary's documentation. */
const REMOTE_STORAGE = /\b(?:s3|s3boto3?|gcloud|azure|dropbox|cloudinary|bunny|minio|oss|b2)\w*\./i;

/**
 * What serves static files when DEBUG is off: WhiteNoise, a storage on another server, or a URL pattern of the
 * project's own. Null when nothing does, so that every page is without style.
 */
export function staticServing(
  files: ProjectFiles,
  settings: DjangoSettings,
  urlModules: Iterable<string>,
): Fact<string> | null {
  const middleware = listSetting(settings, 'MIDDLEWARE').find(({ text }) => /whitenoise/i.test(text));
  if (middleware !== undefined) return { value: 'WhiteNoise', evidence: [middleware.evidence] };
  const url = textSetting(settings, 'STATIC_URL');
  if (url !== null && /^(?:https?:)?\/\//.test(url.value))
    return { value: 'another server (STATIC_URL)', evidence: url.evidence };
  const storages = settingOf(settings, 'STORAGES');
  const [backend] = [
    settingOf(settings, 'STATICFILES_STORAGE'),
    ...entryOptions(storages, 'staticfiles')
      .slice(0, 1)
      .flatMap((option) => entryOptions(option, 'BACKEND')),
  ].filter((value) => value !== undefined);
  // With nothing set: a storage that a variable switches on is the user's to switch on.
  if (backend !== undefined && REMOTE_STORAGE.test(textValue(backend) ?? ''))
    return { value: 'another server (storage)', evidence: [placeOf(firstOption(backend))] };
  for (const path of urlModules) {
    if (!/(?:^|\/)urls?(?:\.py$|\/)/.test(path)) continue;
    const source = readPython(files, path);
    if (source === undefined || !/serve/.test(source.text)) continue;
    for (const call of findNodes(source, new Set(['CallExpression']))) {
      const [callee, list] = childrenOf(call);
      if (callee === undefined || list?.name !== 'ArgList') continue;
      // Under `if settings.DEBUG:` it is for development.
      if (isConditional(call)) continue;
      if (!/^(?:re_path|path|url)$/.test(dottedName(source, callee)?.split('.').at(-1) ?? '')) continue;
      const [pattern, view] = callArguments(source, list).map((argument) => textOf(source, argument.value));
      if (pattern !== undefined && /static/i.test(pattern) && view !== undefined && /\bserve$/.test(view))
        return { value: 'a URL pattern', evidence: [evidenceOf(source, call)] };
    }
  }
  return null;
}

function isConditional(node: SyntaxNode): boolean {
  for (let outer = node.parent; outer !== null; outer = outer.parent)
    if (outer.name === 'IfStatement' || outer.name === 'ConditionalExpression') return true;
  return false;
}
