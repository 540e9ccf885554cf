import type { SyntaxNode } from '@lezer/common';

import { listSetting, placeOf, settingOf, textSetting } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
import type { Evidence, Fact } from './facts.ts';
import type { ProjectFiles } from './project-files.ts';
import type { PythonSource } from './python-source.ts';
import {
  branchTest,
  callArguments,
  childrenOf,
  dottedName,
  evidenceOf,
  findNodes,
  readPython,
  textOf,
} from './python-source.ts';
import { scanFile } from './source-scan.ts';
import { entryOptions, firstOption, textValue, truthOf } from './values.ts';
import type { Value } from './values.ts';

/** Backends that give out URLs of another server. Sources: django-storages' and cloudinary's documentation. */
const REMOTE_STORAGE = /(?<![a-z])(?:s3|s3boto3?|gcloud|azure|dropbox|cloudinary|bunny|minio|oss|b2)\w*\./i;

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
  if (
    backend !== undefined &&
    !isSwitchedOff(settings, backend) &&
    isRemoteStorage(files, settings, textValue(backend) ?? '')
  )
    return { value: 'another server (storage)', evidence: [placeOf(firstOption(backend))] };
  for (const path of urlModules) {
    const found = /(?:^|\/)[aw]sgi(?:\.py$|\/)/.test(path)
      ? wrapper(files, path)
      : /(?:^|\/)urls?(?:\.py$|\/)/.test(path)
        ? servingPattern(files, path)
        : null;
    if (found !== null) return found;
  }
  return null;
}

/** Whether a value is in a branch that is not taken with nothing set, DEBUG aside. */
function isSwitchedOff({ evaluation }: DjangoSettings, value: Value): boolean {
  return evaluation.decisions.some(({ test, whenTrue, whenFalse }) => {
    if (test.reads.some((read) => read.name === 'DEBUG' || read.setting === 'DEBUG')) return false;
    const off = truthOf(test) === false ? whenTrue : truthOf(test) === true ? whenFalse : [];
    return off.includes(value);
  });
}

/** By its name, or a class of the project made of one by name. */
function isRemoteStorage(files: ProjectFiles, settings: DjangoSettings, dotted: string): boolean {
  if (REMOTE_STORAGE.test(dotted)) return true;
  const file = settings.modules.findPrefix(dotted)?.location.file;
  if (file === undefined || file === null) return false;
  return (scanFile(files, file)?.imports ?? []).some(
    ({ level, module }) => level === 0 && REMOTE_STORAGE.test(`${module}.`),
  );
}

/** WhiteNoise before version 4, and dj-static, go around the WSGI callable. */
function wrapper(files: ProjectFiles, path: string): Fact<string> | null {
  const source = readPython(files, path);
  if (source === undefined) return null;
  const names = new Map([
    ['whitenoise', 'WhiteNoise'],
    ['dj_static', 'dj-static'],
  ]);
  for (const node of findNodes(source, new Set(['ImportStatement']))) {
    const [, module = ''] = /^(?:from|import)\s+(\w+)/.exec(textOf(source, node)) ?? [];
    const value = names.get(module);
    if (value !== undefined) return { value, evidence: [evidenceOf(source, node)] };
  }
  return null;
}

/** A URL pattern that gives out static files with Django's own view. */
function servingPattern(files: ProjectFiles, path: string): Fact<string> | null {
  // Most files say nothing of it, and parsing takes its time.
  if (!/serve/.test(files.read(path) ?? '')) return null;
  const source = readPython(files, path);
  if (source === undefined) return null;
  const views = servingViews(source);
  for (const call of findNodes(source, new Set(['CallExpression']))) {
    const [callee, list] = childrenOf(call);
    if (callee === undefined || list?.name !== 'ArgList') continue;
    if (isForDevelopment(source, call)) continue;
    if (!/^(?:re_path|path|url)$/.test(dottedName(source, callee)?.split('.').at(-1) ?? '')) continue;
    const [pattern, view] = callArguments(source, list).map((argument) => textOf(source, argument.value));
    if (pattern === undefined || view === undefined || !/static/i.test(pattern)) continue;
    const words = view.match(/[\w.]+/g) ?? [];
    const always = words.some((word) => views.always.has(word) || word.endsWith('static.serve'));
    const insecure = /["']?\binsecure\b["']?\s*[:=]\s*True/.test(textOf(source, list));
    const evidence: Evidence[] = [evidenceOf(source, call)];
    if (always || (insecure && words.some((word) => views.debug.has(word))))
      return { value: 'a URL pattern', evidence };
  }
  return null;
}

/**
 * The names of Django's views for files in a module. That of staticfiles answers with DEBUG only, unless it is told
 * to be insecure: https://docs.djangoproject.com/en/5.2/ref/contrib/staticfiles/#django.contrib.staticfiles.views.serve
 */
function servingViews(source: PythonSource): { always: Set<string>; debug: Set<string> } {
  const found = { always: new Set<string>(), debug: new Set<string>() };
  for (const node of findNodes(source, new Set(['ImportStatement']))) {
    const text = textOf(source, node);
    const [, module = '', names = ''] = /^from\s+([\w.]+)\s+import\s+([^]*)$/.exec(text) ?? [];
    for (const [, name = '', alias] of names.matchAll(/(\w+)(?:\s+as\s+(\w+))?/g)) {
      const local = alias ?? name;
      if (module === 'django.views.static' && name === 'serve') found.always.add(local);
      if (module === 'django.views' && name === 'static') found.always.add(`${local}.serve`);
      if (module === 'django.contrib.staticfiles.views' && name === 'serve') found.debug.add(local);
      if (module === 'django.contrib.staticfiles' && name === 'views') found.debug.add(`${local}.serve`);
    }
  }
  return found;
}

/** Under `if settings.DEBUG:`, or under another condition, of which nothing is known. */
function isForDevelopment(source: PythonSource, node: SyntaxNode): boolean {
  for (let outer = node.parent; outer !== null; outer = outer.parent) {
    if (outer.name === 'ConditionalExpression') return true;
    if (outer.name !== 'IfStatement') continue;
    const test = branchTest(source, outer, node);
    const first = childrenOf(outer)[1];
    const production =
      test === undefined
        ? first !== undefined && /^\(?(?:\w+\.)*DEBUG\b/.test(textOf(source, first))
        : /^\(?not\s+(?:\w+\.)*DEBUG\b/.test(test);
    if (!production) return true;
  }
  return false;
}
