import type { DjangoSettings } from './django-settings.ts';
import type { Fact } from './facts.ts';
import { childrenOf, evidenceOf, findNodes, readPython, textOf } from './python-source.ts';
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
    if (source === undefined || !/\bconfigurations\b/.test(source.text)) continue;
    const imported = findNodes(source, new Set(['ImportStatement'])).find((node) =>
      /^from\s+configurations\b.*\bConfiguration\b/.test(textOf(source, node)),
    );
    // Which class is used, and what it makes of its attributes, is decided while Django starts.
    if (imported !== undefined)
      return {
        value: 'the settings are classes (django-configurations)',
        evidence: [evidenceOf(source, imported)],
      };
  }
  for (const file of starters) {
    const source = readPython(files, file);
    if (source === undefined || !source.text.includes(VARIABLE)) continue;
    // setdefault leaves what the container names; an assignment overrides it.
    const assignment = findNodes(source, new Set(['AssignStatement'])).find((node) => {
      const [target] = childrenOf(node);
      return (
        target !== undefined &&
        /environ\s*\[\s*["']DJANGO_SETTINGS_MODULE["']\s*\]/.test(textOf(source, target))
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
