import type { SettingsVariable } from './facts.ts';
import type { ProjectFiles } from './project-files.ts';

const MISSING =
  /\b(?:required|must (?:be|have|not)|not (?:set|provided|configured|defined|found)|missing|need(?:s|ed)?|set the|provide)\b/i;

/**
 * Marks variables that the application refuses to start without although reading them does not fail: an
 * `ImproperlyConfigured` of its own names them.
 * @param modules Python files of the application
 */
export function markDemanded(
  files: ProjectFiles,
  variables: readonly SettingsVariable[],
  modules: Iterable<string>,
): SettingsVariable[] {
  const open = variables.filter(
    ({ name, defaultValue, required }) => defaultValue === null && !required && /^\w+$/.test(name),
  );
  if (open.length === 0) return [...variables];
  const messages: string[] = [];
  for (const path of modules) {
    const text = files.read(path) ?? '';
    for (const [, message = ''] of text.matchAll(
      /\bImproperlyConfigured\(\s*((?:[^()]|\([^()]*\)){1,400})\)/g,
    ))
      if (MISSING.test(message)) messages.push(message);
  }
  const named = (message: string): string[] =>
    open.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(message)).map(({ name }) => name);
  // A message that names two says that one needs the other, or that either will do.
  const demanded = new Set(messages.map(named).flatMap((names) => (names.length === 1 ? names : [])));
  return variables.map((variable) =>
    demanded.has(variable.name) && open.includes(variable) ? { ...variable, demanded: true } : variable,
  );
}
