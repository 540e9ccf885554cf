import { DetectionError } from './facts.ts';
import type { DetectionNote } from './facts.ts';
import { folderOf } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';

const sideFolder =
  /^(?:tests?|test[_-].*|.*[_-]tests?|testing|testproject|test_?app|examples?|.*[_-]examples?|demos?|docs?|samples?|sandbox|benchmarks?|fixtures|templates?|cookiecutter.*)$/i;

/**
 * The project's manage.py. Without a choice it is looked for in the root and two levels down; one in a folder of
 * tests, examples or documentation loses against one that is not. Throws DetectionError when there is none or more
 * than one.
 */
export function findManagePy(
  files: ProjectFiles,
  choice: string | undefined,
): { path: string; notes: DetectionNote[] } {
  if (choice !== undefined && choice !== '') return { path: chosenManagePy(files, choice), notes: [] };
  const all = files.files().filter((path) => /(?:^|\/)manage\.py$/.test(path) && path.split('/').length <= 3);
  const rendered = all.filter((path) => !/\{[{%]/.test(path));
  const django = rendered.filter((path) => /django/i.test(files.read(path) ?? ''));
  const main = django.filter(
    (path) =>
      !folderOf(path)
        .split('/')
        .some((part) => sideFolder.test(part)),
  );
  const candidates = main.length > 0 ? main : django;
  const [only] = candidates;
  if (only === undefined) throw noManagePy(files, all, rendered);
  if (candidates.length > 1) {
    throw new DetectionError(
      `There are several manage.py: ${listed(candidates)}. Say which one with --manage-py PATH, for example --manage-py ${only}.`,
    );
  }
  const passed = django.filter((path) => path !== only);
  const notes =
    passed.length === 0
      ? []
      : [
          {
            message: `${only} is taken; ${passed.join(', ')} ${passed.length === 1 ? 'lies' : 'lie'} in a folder of tests, examples or documentation (--manage-py PATH picks another).`,
            evidence: passed.map((file) => ({ file, line: null })),
          },
        ];
  return { path: only, notes };
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
