import type { SyntaxNode } from '@lezer/common';

import type { DependencyFacts, ProjectFacts, Requirement } from './facts.ts';
import { modulesOfDistribution } from './dependencies/module-names.ts';
import { findImport, findSubmodule } from './evaluation.ts';
import { listSetting, textSetting } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
import type { Evidence, Fact } from './facts.ts';
import { folderOf, joinRelative } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import type { PythonSource } from './python-source.ts';
import { branchTest, childrenOf, findNodes, lineAt, readPython, textOf } from './python-source.ts';
import { lineOf, scanFile } from './source-scan.ts';
import { optionsOf, stringsIn, truthOf } from './values.ts';

/**
 * Packages of the development requirements that the application imports as it starts. Only imports at the top level of
 * a module count, and only modules that such imports lead to from the settings, the installed apps, the URLs and the
 * callable: what is imported in a function, in `if` or in `try` is not needed to start. An app that is always installed
 * is imported, too.
 */
export function developmentImports(
  files: ProjectFiles,
  settings: DjangoSettings,
  dependencies: DependencyFacts,
  entries: readonly (Fact<string> | null)[],
): ProjectFacts['developmentImports'] {
  const wanted = onlyInDevelopment(dependencies);
  if (wanted.size === 0) return [];
  const { modules } = settings;
  const reached = new Set<string>();
  const waiting: string[] = [];
  const found = new Map<string, { requirement: Requirement; evidence: Evidence[] }>();
  const reach = (file: string | null): void => {
    if (file === null || reached.has(file)) return;
    reached.add(file);
    waiting.push(file);
    // Importing a module runs the packages above it.
    for (
      let folder = folderOf(file);
      folder !== '' && !modules.roots.includes(folder);
      folder = folderOf(folder)
    ) {
      const initial = `${folder}/__init__.py`;
      if (modules.hasFile(initial)) reach(initial);
    }
  };
  // Other settings count where these import them in any case.
  reach(modules.find(settings.module.value)?.file ?? null);
  for (const { text } of listSetting(settings, 'INSTALLED_APPS')) {
    const app = modules.findPrefix(text)?.location;
    if (app === undefined) continue;
    reach(app.file);
    const folder = app.folder ?? (app.file === null ? null : folderOf(app.file));
    if (folder === null) continue;
    for (const name of ['apps', 'models', 'admin']) {
      const own = modules.findIn(folder, name);
      if (own !== undefined && joinRelative(folder, name) !== '') reach(own.file);
    }
  }
  for (const dotted of [
    textSetting(settings, 'ROOT_URLCONF')?.value,
    ...entries.map((entry) => entry?.value.split(':')[0]),
  ]) {
    if (dotted !== undefined) reach(modules.findPrefix(dotted)?.location.file ?? null);
  }
  for (const [name, value] of settings.scope.names) {
    if (!/^(?:MIDDLEWARE|.*PLUGINS|AUTHENTICATION_BACKENDS)$/.test(name)) continue;
    for (const { text } of stringsIn(value)) reach(modules.findPrefix(text)?.location.file ?? null);
  }

  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const source = scanFile(files, file);
    if (source === undefined) continue;
    for (const { level, module, name, at } of source.imports) {
      // Indented is inside of something.
      if (at > 0 && source.text[at - 1] !== '\n') continue;
      const location =
        name === null ? modules.findPrefix(module)?.location : findImport(modules, file, level, module);
      if (location !== undefined) {
        reach(location.file);
        const submodule = name === null || name === '*' ? undefined : findSubmodule(modules, location, name);
        if (submodule !== undefined) reach(submodule.file);
        continue;
      }
      const requirement = level === 0 ? wanted.get(module.split('.')[0] ?? '') : undefined;
      if (requirement !== undefined && !found.has(requirement.name))
        found.set(requirement.name, { requirement, evidence: [{ file, line: lineOf(source.text, at) }] });
    }
  }
  for (const { text, evidence } of listSetting(settings, 'INSTALLED_APPS')) {
    const requirement =
      modules.findPrefix(text) === undefined ? wanted.get(text.split('.')[0] ?? '') : undefined;
    if (requirement === undefined || found.has(requirement.name) || !reached.has(evidence.file)) continue;
    if (isAlwaysInstalled(files, settings, evidence))
      found.set(requirement.name, { requirement, evidence: [evidence] });
  }
  return [...found.values()].toSorted((a, b) => (a.requirement.name < b.requirement.name ? -1 : 1));
}

/** Whether an app stands in a list that is INSTALLED_APPS, or goes into it, whatever the environment says. */
function isAlwaysInstalled(files: ProjectFiles, settings: DjangoSettings, { file, line }: Evidence): boolean {
  const source = readPython(files, file);
  if (source === undefined || line === null) return false;
  const holds = (node: SyntaxNode): boolean =>
    lineAt(source, node.from) <= line && line <= lineAt(source, node.to);
  const conditions = findNodes(source, new Set(['ConditionalExpression', 'BinaryExpression']));
  return (
    findNodes(source, new Set(['AssignStatement', 'UpdateStatement'])).some(
      (node) =>
        holds(node) &&
        /^(?:INSTALLED|THIRD_?PARTY)_APPS\b/.test(textOf(source, node)) &&
        isAlwaysRun(source, settings, node),
    ) && !conditions.some((node) => /\b(?:if|and|or)\b|\*/.test(textOf(source, node)) && holds(node))
  );
}

/** Whether a statement is at the top level, or only below `if NAME:` of settings that are always true (`DEBUG = True`). */
function isAlwaysRun(source: PythonSource, settings: DjangoSettings, statement: SyntaxNode): boolean {
  for (let outer = statement.parent; outer !== null; outer = outer.parent) {
    if (outer.name === 'Body' || outer.name === 'Script') continue;
    const test = outer.name === 'IfStatement' ? branchTest(source, outer, statement) : undefined;
    // A branch before this one may be taken instead.
    if (childrenOf(outer).some(({ name, from }) => name === 'elif' && from < statement.from)) return false;
    const names = settings.evaluation.scopes.get(source.path)?.names;
    const value = test === undefined ? undefined : names?.get(test);
    if (value === undefined || value.reads.length > 0) return false;
    if (!optionsOf(value).every((option) => truthOf(option) === true)) return false;
  }
  return true;
}

/** Import name → requirement that only development has. */
function onlyInDevelopment({ production, development }: DependencyFacts): Map<string, Requirement> {
  const provided = new Set(production.flatMap(({ name }) => modulesOfDistribution(name)));
  return new Map(
    development.flatMap((requirement) =>
      importNames(requirement.name)
        .filter((module) => !provided.has(module))
        .map((module) => [module, requirement] as const),
    ),
  );
}

/** pytest and other tools have modules too, though applications do not import them as a rule. */
function importNames(distribution: string): string[] {
  const known = modulesOfDistribution(distribution);
  return known.length > 0 ? known : [distribution.replaceAll('-', '_')];
}
