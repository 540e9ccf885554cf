import { DetectionError } from './facts.ts';
import type { DetectionNote } from './facts.ts';
import { folderOf, joinRelative } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import { scanPython } from './source-scan.ts';

const sideName =
  /^(?:tests?|test[_-].*|.*[_-]tests?|testing|testproject|test_?app|testbed|examples?|.*[_-]examples?|example[_-].*|demos?|demo[_-].*|docs?|samples?|sample[_-].*|sandbox|playground|benchmarks?|fixtures|templates?|cookiecutter.*)$/i;

/** Several manage.py, none of which is clearly the project's. */
export class SeveralManagePyError extends DetectionError {
  /** Paths to choose among. */
  readonly candidates: readonly string[];

  constructor(candidates: readonly string[]) {
    super(
      `There are several manage.py: ${listed(candidates)}. Say which one with --manage-py PATH, for example --manage-py ${candidates[0]}.`,
    );
    this.candidates = candidates;
  }
}

/**
 * The project's manage.py. Without a choice it is looked for in the root and two levels down. One that belongs to
 * tests, examples or documentation, by its folder or by the settings that it names, loses against one that does not,
 * and so does one whose settings are no site's.
 * Throws SeveralManagePyError when it is not clear which one is meant, DetectionError when there is none.
 */
export function findManagePy(
  files: ProjectFiles,
  choice: string | undefined,
): { path: string; notes: DetectionNote[] } {
  if (choice !== undefined && choice !== '') return { path: chosenManagePy(files, choice), notes: [] };
  const all = files.files().filter((path) => /(?:^|\/)manage\.py$/.test(path) && path.split('/').length <= 3);
  const rendered = all.filter((path) => !/\{[{%]/.test(path));
  const django = rendered.filter((path) => startsDjango(files, path));
  const [only] = django;
  if (only === undefined) throw noManagePy(files, all, rendered);
  if (django.length === 1) return { path: only, notes: [] };
  const main = django.filter((path) => !isAside(files, path));
  const sites = main.filter((path) => servesSite(files, path));
  const [chosen] = main.length === 1 ? main : sites;
  if (chosen === undefined || (main.length > 1 && sites.length > 1))
    throw new SeveralManagePyError(main.length > 1 ? main : django);
  return {
    path: chosen,
    notes: [
      passedOver(
        chosen,
        django.filter((path) => !main.includes(path)),
        'of tests, examples or documentation',
      ),
      passedOver(
        chosen,
        main.filter((path) => path !== chosen),
        'without a site (its settings name no ROOT_URLCONF)',
      ),
    ].flat(),
  };
}

function passedOver(chosen: string, others: readonly string[], what: string): DetectionNote[] {
  if (others.length === 0) return [];
  return [
    {
      message: `${chosen} is taken; ${listed(others)} ${others.length === 1 ? 'is one' : 'are'} ${what} (--manage-py PATH picks another).`,
      evidence: others.map((file) => ({ file, line: null })),
    },
  ];
}

/** Whether it is Django's: by its own text, or by that of a module of the project that it starts. */
function startsDjango(files: ProjectFiles, path: string): boolean {
  const text = files.read(path) ?? '';
  if (/django/i.test(text)) return true;
  const names = [
    ...scanPython(path, text).imports.flatMap(({ module, name }) =>
      name === null ? [module] : [module, `${module}.${name}`],
    ),
    ...[...text.matchAll(/run_module\(\s*["']([\w.]+)["']/g)].map((match) => match[1] ?? ''),
  ];
  return names.some((name) =>
    ['.py', '/__init__.py', '/__main__.py'].some((ending) =>
      /django/i.test(files.read(joinRelative(folderOf(path), name.replaceAll('.', '/') + ending)) ?? ''),
    ),
  );
}

/** The settings module that a manage.py writes out, without an evaluation. */
function writtenSettings(files: ProjectFiles, path: string): string | undefined {
  return /DJANGO_SETTINGS_MODULE["']\s*(?:,|\]\s*=)\s*["']([\w.]+)["']/.exec(files.read(path) ?? '')?.[1];
}

function isAside(files: ProjectFiles, path: string): boolean {
  if (
    folderOf(path)
      .split('/')
      .some((part) => sideName.test(part))
  )
    return true;
  const parts = writtenSettings(files, path)?.split('.') ?? [];
  // `shop.settings.test` is a developer's choice in a real project; `tests.settings` is a test project.
  return (
    parts.slice(0, -1).some((part) => sideName.test(part)) ||
    (parts.length === 1 && sideName.test(parts[0] ?? ''))
  );
}

/** Whether its settings are a site's; what cannot be told counts as one. */
function servesSite(files: ProjectFiles, path: string): boolean {
  const module = writtenSettings(files, path);
  if (module === undefined) return true;
  const base = joinRelative(folderOf(path), module.replaceAll('.', '/'));
  const file = [`${base}.py`, `${base}/__init__.py`].find((candidate) => files.exists(candidate));
  if (file === undefined) return false;
  const folder = folderOf(file);
  return files
    .files()
    .filter((other) => other.endsWith('.py') && folderOf(other) === folder)
    .some((other) => /\b(?:ROOT_URLCONF|WSGI_APPLICATION|ASGI_APPLICATION)\b/.test(files.read(other) ?? ''));
}

/** The first of many. */
function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 8);
  const more = paths.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function chosenManagePy(files: ProjectFiles, choice: string): string {
  const path = choice
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '')
    .replace(/\/+$/, '');
  for (const candidate of [path, path === '.' ? 'manage.py' : `${path}/manage.py`]) {
    if (
      candidate.endsWith('.py') &&
      !candidate.startsWith('/') &&
      !candidate.split('/').includes('..') &&
      files.exists(candidate)
    )
      return candidate;
  }
  throw new DetectionError(
    `--manage-py ${choice}: there is no such file in the repository. Give the path relative to the repository root.`,
  );
}

function noManagePy(
  files: ProjectFiles,
  all: readonly string[],
  rendered: readonly string[],
): DetectionError {
  const [template] = all;
  if (template !== undefined && rendered.length === 0) {
    return new DetectionError(
      `${template} is an unrendered template, not a project. Create the project from it first, then run the generator there.`,
    );
  }
  const [other] = rendered;
  if (other !== undefined) {
    return new DetectionError(
      `${rendered.join(', ')} ${rendered.length === 1 ? 'does' : 'do'} not mention Django, so this is no Django project. Run the generator in the folder of a Django project.`,
    );
  }
  const stated = files
    .files()
    .find(
      (path) =>
        path.split('/').length <= 3 &&
        /(?:^|\/)(?:requirements[\w.-]*\.(?:txt|in)|pyproject\.toml|Pipfile|setup\.(?:py|cfg))$/.test(path) &&
        mentionsDjango(files, path),
    );
  const seen =
    stated === undefined
      ? 'Django is in no requirements file either.'
      : `Django is listed in ${stated}, so manage.py may lie deeper or be missing.`;
  return new DetectionError(
    `No manage.py found in the repository root or up to two folders below it. ${seen} Run the generator in the root of a Django project, or say where it is with --manage-py PATH.`,
  );
}

function mentionsDjango(files: ProjectFiles, path: string): boolean {
  try {
    return /(?:^|["'\s])django(?:["'\s=<>~!;[,]|$)/im.test(files.read(path) ?? '');
  } catch {
    return false;
  }
}
