import type { SyntaxNode } from '@lezer/common';

import type { DjangoSettings } from './django-settings.ts';
import type { Fact } from './facts.ts';
import type { PythonSource } from './python-source.ts';
import { branchTest, childrenOf, evidenceOf, findNodes, readPython, textOf } from './python-source.ts';
import type { ProjectFiles } from './project-files.ts';

const VARIABLE = 'DJANGO_SETTINGS_MODULE';

/**
 * Why no module of ours can stand in front of the project's settings, or null when one can.
 * @param starters manage.py, wsgi.py, asgi.py and Celery's module: whatever names the settings module
 */
export function fixedSettings(
  files: ProjectFiles,
  settings: DjangoSettings,
  starters: readonly string[],
): Fact<string> | null {
  for (const file of settings.files) {
    const source = readPython(files, file);
    if (source === undefined) continue;
    const asked = findNodes(source, new Set(['CallExpression', 'MemberExpression'])).find((node) =>
      /^(?:os\.)?(?:environ\s*(?:\.get\s*\(|\[)|getenv\s*\()\s*["']DJANGO_SETTINGS_MODULE["']/.test(
        textOf(source, node),
      ),
    );
    // It would read the overlay's name.
    if (asked !== undefined)
      return { value: `${file} reads ${VARIABLE}`, evidence: [evidenceOf(source, asked)] };
    if (!/\bconfigurations\b/.test(source.text)) continue;
    const imported = findNodes(source, new Set(['ImportStatement'])).find((node) =>
      /^from\s+configurations\b[^]*\bConfiguration\b/.test(textOf(source, node)),
    );
    // Which class is used, and what it makes of its attributes, is decided while Django starts.
    if (imported !== undefined)
      return {
        value: 'the settings are classes (django-configurations)',
        evidence: [evidenceOf(source, imported)],
      };
  }
  return setsSettings(files, starters);
}

/**
 * Whether a WSGI or ASGI module puts more into the environment than the name of the settings: these may read it, so that
 * they cannot be loaded before.
 */
export function preparesEnvironment(files: ProjectFiles, file: string): boolean {
  const text = files.read(file) ?? '';
  const others =
    /environ\s*\[\s*["'](?!DJANGO_SETTINGS_MODULE\b)[^"']*["']\s*\]\s*=|environ\.(?:setdefault|update)\(\s*(?!["']DJANGO_SETTINGS_MODULE\b)|\bputenv\(|\b(?:load_dotenv|read_dotenv|read_env)\(|\bmonkey\b/;
  return others.test(text);
}

/** Which of some files sets DJANGO_SETTINGS_MODULE whatever the environment says; null when none does. */
export function setsSettings(files: ProjectFiles, starters: readonly string[]): Fact<string> | null {
  for (const file of starters) {
    const source = readPython(files, file);
    if (source === undefined || !source.text.includes(VARIABLE)) continue;
    // setdefault leaves what the container names; an assignment overrides it.
    const assignment = findNodes(source, new Set(['AssignStatement'])).find((node) => {
      const [target] = childrenOf(node);
      return (
        target !== undefined &&
        /environ\s*\[\s*["']DJANGO_SETTINGS_MODULE["']\s*\]/.test(textOf(source, target)) &&
        // `environ[X] = environ.get(X, …)`
        !source.text.slice(target.to, node.to).includes(VARIABLE) &&
        !leavesTheRest(source, node)
      );
    });
    if (assignment !== undefined)
      return {
        value: `${file} sets ${VARIABLE} whatever the environment says`,
        evidence: [evidenceOf(source, assignment)],
      };
  }
  return null;
}

/** Whether an assignment is made only where the variable is not set, or for `manage.py test`. */
function leavesTheRest(source: PythonSource, node: SyntaxNode): boolean {
  for (let outer = node.parent; outer !== null; outer = outer.parent) {
    if (outer.name !== 'IfStatement') continue;
    const all = source.text.slice(outer.from, node.from);
    if (/\b(?:if|elif)\b[^\n]*DJANGO_SETTINGS_MODULE/.test(all)) return true;
    if (/["']test["']/.test(branchTest(source, outer, node) ?? '')) return true;
  }
  return false;
}
