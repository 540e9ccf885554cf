import type { SettingsVariable } from './facts.ts';
import type { ProjectFiles } from './project-files.ts';

/**
 * Marks variables whose presence alone decides something in the file that reads them (`if REDIS_URL:`), so that to set
 * one is more than to give its value.
 */
export function markSwitches(
  files: ProjectFiles,
  variables: readonly SettingsVariable[],
): SettingsVariable[] {
  return variables.map((variable) => {
    if (variable.defaultValue !== null || variable.required || !/^\w+$/.test(variable.name)) return variable;
    const switches = variable.evidence.some(({ file, line }) => {
      const text = files.read(file) ?? '';
      const [, alias = variable.name] =
        /^\s*(\w+)\s*(?::[^=]+)?=[^=]/.exec(text.split('\n')[(line ?? 0) - 1] ?? '') ?? [];
      // The name alone after "if", or the variable itself read there.
      return new RegExp(
        String.raw`\b(?:el)?if\s+(?:not\s+)?${alias}\s*(?::|\)|$|\b(?:and|or|else|is)\b)|\b(?:el)?if\b[^\n:]*["']${variable.name}["']`,
        'm',
      ).test(text);
    });
    return switches ? { ...variable, switches } : variable;
  });
}
