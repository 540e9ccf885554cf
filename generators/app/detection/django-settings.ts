import { evaluate } from './evaluate-expression.ts';
import { loadModule } from './evaluate-statements.ts';
import { startEvaluation } from './evaluation.ts';
import type { Evaluation } from './evaluation.ts';
import { firstPlace, placeOfEvidence } from './evidence.ts';
import { DetectionError } from './facts.ts';
import type { DetectionNote, Evidence, Fact } from './facts.ts';
import { folderOf, isInside, joinRelative, repositoryPath } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import { indexModules } from './project-modules.ts';
import type { ProjectModules } from './project-modules.ts';
import { callArguments, childrenOf, findNodes, readPython, syntaxProblem, textOf } from './python-source.ts';
import { settingsClass } from './settings-class.ts';
import { lineOf } from './source-scan.ts';
import { listItems, optionsOf, stringsIn, textValue } from './values.ts';
import type { Scope, Value } from './values.ts';

/** The settings of a project, read. */
export interface DjangoSettings {
  module: Fact<string>;
  /** The class of settings, where they are classes (django-configurations). */
  configuration: Fact<string> | null;
  /** Dotted modules that manage.py, wsgi.py and asgi.py name, where they differ. */
  named: NamedSettings[];
  /** The deciding module's names. */
  scope: Scope;
  evaluation: Evaluation;
  modules: ProjectModules;
  /** Files read, in the order they are imported. */
  files: string[];
  /** Folders beside the work dir that Python must be told of: the project's own package is not installed. */
  pythonPath: string[];
  notes: DetectionNote[];
}

/** A setting's value, all alternatives. */
export function settingOf(settings: DjangoSettings, name: string): Value | undefined {
  return settings.scope.names.get(name);
}

/** Where a value stands. */
export function placeOf(value: Value): Evidence {
  return { file: value.file, line: value.line };
}

/** A setting that holds one text. */
export function textSetting(settings: DjangoSettings, name: string): Fact<string> | null {
  const value = settingOf(settings, name);
  const text = textValue(value);
  return value === undefined || text === undefined ? null : { value: text, evidence: [placeOf(value)] };
}

/** A setting that holds a list of texts, over all alternatives. */
export function listSetting(settings: DjangoSettings, name: string): { text: string; evidence: Evidence }[] {
  return listItems(settingOf(settings, name)).map(({ text, value }) => ({ text, evidence: placeOf(value) }));
}

/** Throws DetectionError when CPython 3 could not read the file. */
export function requireValidPython(files: ProjectFiles, path: string): void {
  const source = readPython(files, path);
  if (source === undefined) return;
  const problem = syntaxProblem(source);
  if (problem === undefined) return;
  if (problem.kind === 'python2') {
    throw new DetectionError(
      `${path}:${problem.line} is Python 2 (${problem.detail}), which is not supported. Port the project to Python 3 first (python.org/doc/sunset-python-2).`,
    );
  }
  throw new DetectionError(
    `${path}:${problem.line} has a syntax error (${problem.detail}). Correct it, then run the generator again.`,
  );
}

const variable = 'DJANGO_SETTINGS_MODULE';
const classVariable = 'DJANGO_CONFIGURATION';

/** A settings module that a file names. */
interface NamedSettings {
  file: string;
  module: string;
  evidence: Evidence;
  /** Said for a command of the build alone (`DJANGO_SETTINGS_MODULE=shop.static manage.py collectstatic`). */
  forBuild?: boolean;
}

/**
 * The settings modules that a file sets, the first one being what holds with nothing set; else those that the
 * modules set which it calls (`from shop.cli import main`, `runpy.run_module("shop")`).
 */
function namedModules(evaluation: Evaluation, file: string, by = variable): NamedSettings[] {
  loadModule(evaluation, file);
  const text = evaluation.files.read(file) ?? '';
  for (const [, started = ''] of text.matchAll(/\brun_(?:module|path)\(\s*["']([\w./]+)["']/g)) {
    const location = evaluation.modules.find(started.replace(/\.py$/, '').replaceAll('/', '.'));
    const main = location?.folder == null ? location?.file : `${location.folder}/__main__.py`;
    if (main != null) loadModule(evaluation, main);
  }
  const set = evaluation.environmentSet.filter(({ name }) => name === by);
  const own = set.filter(({ value }) => value.file === file);
  return (own.length > 0 ? own : set)
    .flatMap(({ value }) => optionsOf(value))
    .flatMap((option) => {
      const module = textValue(option);
      return module === undefined ? [] : [{ file, module, evidence: placeOf(option) }];
    });
}

/** The settings module that the user named. */
export interface SettingsChoice {
  /** For this run; one that is not there is an error. */
  settings?: string | undefined;
  /** For an earlier run; taken as long as it is there. */
  storedSettings?: string | undefined;
}

/**
 * Reads the settings that manage.py names, or wsgi.py/asgi.py, or a file of the deployment, or the only ones there
 * are; those for production where both are there.
 * @param choice what the user said instead
 * Throws DetectionError when they cannot be found or have a syntax error.
 */
export function readSettings(
  files: ProjectFiles,
  managePy: string,
  choice: SettingsChoice = {},
): DjangoSettings {
  const workDir = folderOf(managePy);
  const roots = [workDir];
  let modules = indexModules(files, roots);
  requireValidPython(files, managePy);
  const starter = startEvaluation(files, modules, workDir);
  const named = namedModules(starter, managePy);
  const classes = namedModules(starter, managePy, classVariable);
  starter.searchPaths.push(...moreSearchPaths(starter));
  for (const file of entryFiles(files, workDir)) {
    const own = startEvaluation(files, modules, workDir);
    named.push(...namedModules(own, file));
    classes.unshift(...namedModules(own, file, classVariable));
    starter.searchPaths.push(...own.searchPaths, ...moreSearchPaths(own));
  }
  for (const path of starter.searchPaths) addRoot(roots, path, workDir);
  modules = indexModules(files, roots);
  const given = choice.settings ?? choice.storedSettings;
  const wanted = [...named.map((found) => found.module), ...(given === undefined ? [] : [given])];
  const pythonPath = wanted.some((name) => modules.find(name) !== undefined)
    ? []
    : sourceFolders(files, workDir).filter((folder) => {
        const inside = indexModules(files, [folder]);
        return wanted.some((name) => inside.find(name)?.file != null);
      });
  if (pythonPath.length > 0) {
    roots.push(...pythonPath);
    modules = indexModules(files, roots);
  }

  const module = givenModule(files, modules, choice) ?? chooseModule(files, modules, managePy, named);
  const location = modules.find(module.value);
  if (location?.file === null || location?.file === undefined)
    throw missingSettings(files, modules, module, managePy);
  const file = location.file;
  let evaluation = startEvaluation(files, modules, workDir);
  let scope = loadModule(evaluation, file);
  const known = modules.roots.length;
  for (const path of [...evaluation.searchPaths, ...moreSearchPaths(evaluation)])
    addRoot(roots, path, workDir);
  if (roots.length > known) {
    modules = indexModules(files, roots);
    evaluation = startEvaluation(files, modules, workDir);
    scope = loadModule(evaluation, file);
  }
  if (scope === undefined) throw missingSettings(files, modules, module, managePy);
  for (const read of evaluation.order) requireValidPython(files, read);
  return {
    module,
    configuration: settingsClass(scope, [
      ...statedNames(files, workDir, deploymentFiles, classVariable),
      ...classes,
    ]),
    named,
    scope,
    evaluation,
    modules,
    pythonPath,
    files: [...evaluation.order],
    notes: disagreement(files, modules, named, module),
  };
}

/** `sys.path += […]` and `sys.path.extend([…])` in the modules read. */
function moreSearchPaths(evaluation: Evaluation): string[] {
  return evaluation.order.flatMap((file) => {
    const scope = evaluation.scopes.get(file);
    if (scope == null || !/\bsys\.path(?:\s*\+=|\.extend\b|\[)/.test(scope.source.text)) return [];
    const statements = findNodes(
      scope.source,
      new Set(['UpdateStatement', 'AssignStatement', 'CallExpression']),
    );
    return statements.flatMap((node) => {
      const [target, second, third] = childrenOf(node);
      const name = target === undefined ? '' : textOf(scope.source, target);
      const given =
        node.name === 'CallExpression'
          ? name === 'sys.path.extend' && second !== undefined
            ? callArguments(scope.source, second)[0]?.value
            : undefined
          : /^sys\.path(?:\[[\d:\s]*\])?$/.test(name)
            ? third
            : undefined;
      return given === undefined ? [] : stringsIn(evaluate(evaluation, scope, given)).map(({ text }) => text);
    });
  });
}

/**
 * The `src` folders of packages: an installation of the project puts them on the path, and the image does without
 * one. See https://packaging.python.org/en/latest/discussions/src-layout-vs-flat-layout/
 */
function sourceFolders(files: ProjectFiles, workDir: string): string[] {
  const folders = [...new Set([workDir, folderOf(workDir), ''])].filter((folder) =>
    ['pyproject.toml', 'setup.cfg', 'setup.py'].some((name) => files.exists(joinRelative(folder, name))),
  );
  return folders.map((folder) => joinRelative(folder, 'src'));
}

function addRoot(roots: string[], path: string, workDir: string): void {
  const relative = repositoryPath(path, workDir);
  if (relative !== null && !relative.startsWith('/') && !roots.includes(relative)) roots.push(relative);
}

/** wsgi and asgi modules below the work dir, the shallowest first; `wsgi/prod.py` in a package of them, too. */
export function entryFiles(files: ProjectFiles, workDir: string): string[] {
  return files
    .files()
    .filter(
      (path) =>
        isInside(path, workDir) &&
        /(?:^|\/)[aw]sgi(?:\.py|\/__init__\.py|\/[^/]*(?:prod|live|dev|local|settings)[^/]*\.py)$/.test(
          path,
        ) &&
        !/(?:^|\/)(?:tests?|examples?|docs)\//.test(path.slice(workDir.length)),
    )
    .toSorted((left, right) => left.split('/').length - right.split('/').length || (left < right ? -1 : 1))
    .slice(0, 8);
}

/**
 * The settings that the user named.
 * Throws DetectionError where they are not there and were named for this run.
 */
function givenModule(
  files: ProjectFiles,
  modules: ProjectModules,
  { settings, storedSettings }: SettingsChoice,
): Fact<string> | undefined {
  const module = settings ?? storedSettings;
  if (module === undefined) return undefined;
  const file = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(module) ? modules.find(module)?.file : null;
  const isSettings =
    file != null && /^\s*[A-Z][A-Z0-9_]*\b[^\n]*=|\bimport\s+\*/m.test(files.read(file) ?? '');
  // Its evidence is the user's word alone.
  if (isSettings) return { value: module, evidence: [] };
  if (settings === undefined) return undefined;
  const others = candidateNames(files, modules);
  const hint = others === '' ? '' : ` There is ${others}.`;
  throw new DetectionError(
    `--settings ${settings}: ${file == null ? 'there is no such module in the repository' : `${file} has no settings`}. Give it as ${variable} has it, with dots.${hint}`,
  );
}

function chooseModule(
  files: ProjectFiles,
  modules: ProjectModules,
  managePy: string,
  named: readonly NamedSettings[],
): Fact<string> {
  const exists = (entry: NamedSettings): boolean => modules.find(entry.module)?.file != null;
  const own = named.filter((entry) => entry.file === managePy);
  // With several alternatives the first that exists counts.
  const first = own.find(exists) ?? (own.length > 0 && !named.some(exists) ? own[0] : named.find(exists));
  const workDir = folderOf(managePy);
  const usable = (kinds: readonly RegExp[]): NamedSettings[] =>
    statedSettings(files, modules, workDir, kinds).filter(({ module }) => !developmentName.test(module));
  const stated = (kinds: readonly RegExp[]): NamedSettings | undefined =>
    usable(kinds).find(({ forBuild }) => forBuild !== true);
  const statedForBuild = (): NamedSettings | undefined =>
    usable(deploymentFiles).find(({ forBuild }) => forBuild === true);
  const chosen =
    first ??
    computedSettings(files, modules, managePy) ??
    stated(deploymentFiles) ??
    stated(otherFiles) ??
    statedForBuild() ??
    onlySettings(files, modules);
  if (chosen !== undefined) {
    if (!isForDevelopment(files, modules, chosen.module)) return factOf(chosen);
    const fitting = named.find(
      (entry) => entry.file !== managePy && exists(entry) && !isForDevelopment(files, modules, entry.module),
    );
    return factOf(
      fitting ??
        stated(deploymentFiles) ??
        productionSibling(files, modules, chosen) ??
        siblingSaidForProduction(files, modules, chosen) ??
        statedForBuild() ??
        stated(otherFiles) ??
        chosen,
    );
  }
  const [any] = statedSettings(files, modules, workDir, [...deploymentFiles, ...otherFiles]);
  if (any !== undefined) return factOf(productionSibling(files, modules, any) ?? any);
  const candidates = candidateNames(files, modules);
  if (candidates === '') {
    throw new DetectionError(
      `${managePy} names no settings module (${variable}), and no settings.py or settings/ package was found below ${where(workDir)}. Add os.environ.setdefault("${variable}", "…") to ${managePy}.`,
    );
  }
  throw new DetectionError(
    `${managePy} names no settings module, and there are several: ${candidates}. Say which with --settings MODULE, or add os.environ.setdefault("${variable}", "…") to ${managePy}.`,
  );
}

function factOf({ module, evidence }: NamedSettings): Fact<string> {
  return { value: module, evidence: [evidence] };
}

const developmentName =
  /(?:^|[._])(?:dev|devel|develop|development|local|debug|test|tests|testing|ci)$|\.(?:dev|local|test|ci)_settings$/i;

/** Whether settings are a developer's by their name, or a package that says nothing or hands on a developer's. */
function isForDevelopment(files: ProjectFiles, modules: ProjectModules, module: string): boolean {
  if (developmentName.test(module)) return true;
  const location = modules.find(module);
  if (location?.file == null) return false;
  const code = codeOf(files.read(location.file) ?? '');
  if (code === '') return true;
  if (location.folder === null || /environ|getenv|env\(|config\(|^\s*(?:if|match)\b/m.test(code))
    return false;
  const handedOn = /^\s*from\s+\.(\w+)\s+import\s+\*/m.exec(code)?.[1];
  return handedOn !== undefined && developmentName.test(handedOn);
}

const docstring = /^(?:"""([^]*?)"""|'''([^]*?)''')/;

/** A module's text without comments and without a docstring at its beginning. */
function codeOf(text: string): string {
  return text
    .replaceAll(/^\s*#[^\n]*/gm, '')
    .trim()
    .replace(docstring, '')
    .trim();
}

const productionWords = ['production', 'prod', 'live', 'deploy', 'deployment'];

/** The settings for production beside others: `config.settings.production` for `config.settings.dev`. */
function productionSibling(
  files: ProjectFiles,
  modules: ProjectModules,
  { module, file }: NamedSettings,
): NamedSettings | undefined {
  const parts = module.split('.');
  const last = parts.at(-1) ?? '';
  const above = parts.slice(0, -1);
  const names = productionWords.flatMap((word) => [
    ...(modules.find(module)?.folder == null ? [] : [[...parts, word]]),
    ...(developmentName.test(last) && !/settings/.test(last) ? [[...above, word]] : []),
    ...(/settings/.test(last)
      ? [
          [...above, `settings_${word}`],
          [...above, `${word}_settings`],
        ]
      : []),
  ]);
  for (const name of names) {
    const found = modules.find(name.join('.'))?.file;
    if (found != null && codeOf(files.read(found) ?? '') !== '')
      return { file, module: name.join('.'), evidence: { file: found, line: null } };
  }
  return undefined;
}

/** The only settings beside others whose docstring says production (`"""Settings of the production cluster."""`). */
function siblingSaidForProduction(
  files: ProjectFiles,
  modules: ProjectModules,
  { module, file }: NamedSettings,
): NamedSettings | undefined {
  const beside = modules.find(module)?.file;
  const above = module.split('.').slice(0, -1);
  if (beside == null || above.length === 0) return undefined;
  const said = files
    .files()
    .filter((path) => folderOf(path) === folderOf(beside) && path.endsWith('.py') && path !== beside)
    .filter((path) => {
      const text = files.read(path) ?? '';
      return settingsStatement.test(text) && saysProduction(docstringOf(text));
    })
    .map((path) => ({
      path,
      name: [...above, path.slice(path.lastIndexOf('/') + 1, -'.py'.length)].join('.'),
    }))
    .filter(
      ({ path, name }) =>
        !developmentName.test(name) && !sharedName.test(name) && modules.find(name)?.file === path,
    );
  const [only] = said;
  return only === undefined || said.length > 1
    ? undefined
    : { file, module: only.name, evidence: { file: only.path, line: null } };
}

/** What settings do, and no wsgi.py: take other settings, or set one that every project has. */
const settingsStatement =
  /^(?:from\s+\S+\s+import\s+\*|(?:DATABASES|ALLOWED_HOSTS|INSTALLED_APPS|MIDDLEWARE|SECRET_KEY)\b\s*[:=])/m;

const sharedName = /(?:^|[._])(?:__init__|base|common|defaults?|shared|staging)$/;

const docstringOf = (text: string): string =>
  docstring
    .exec(text.replace(/^(?:\s*#[^\n]*\n)*\s*/, ''))
    ?.slice(1)
    .join('') ?? '';

/** Whether a docstring says production, and neither what is unfit for it nor other stages beside it. */
const saysProduction = (words: string): boolean =>
  /\bproduction\b/i.test(words) &&
  !/\b(?:not|never|no|without|cannot|unlike|unsuitable|unfit|unsafe|before|than|like|mirrors?|develop\w*|staging|shared|common|base)\b|n['’]t\b/i.test(
    words.slice(0, 2000),
  );

/**
 * Where the name is put together (`f"shop.settings.{os.environ['STAGE']}"`): what is for production in the package
 * that is written.
 */
function computedSettings(
  files: ProjectFiles,
  modules: ProjectModules,
  managePy: string,
): NamedSettings | undefined {
  const text = files.read(managePy) ?? '';
  const match =
    /DJANGO_SETTINGS_MODULE["']\s*(?:,|\]\s*=)\s*(?:f["']([A-Za-z_][\w.]*)\.\{|["']([A-Za-z_][\w.]*)\.(?:%s|\{\w*\})?["']\s*(?:%|\.format|\+))/.exec(
      text,
    );
  const prefix = match?.[1] ?? match?.[2];
  if (match === null || prefix === undefined) return undefined;
  const evidence = { file: managePy, line: lineOf(text, match.index) };
  const found = [...productionWords, 'base', 'default', 'settings']
    .map((word) => `${prefix}.${word}`)
    .find((module) => modules.find(module)?.file != null);
  return found === undefined ? undefined : { file: managePy, module: found, evidence };
}

function where(workDir: string): string {
  return workDir === '' ? 'the repository root' : workDir;
}

/** Files that say how the project is deployed, and others that say how it is run; each list the surest first. */
const deploymentFiles: readonly RegExp[] = [
  /(?:^|\/)(?:Dockerfile|Containerfile)[\w.-]*$/,
  /(?:^|\/)Procfile$/,
  /(?:^|\/)(?:docker-)?compose[\w.-]*prod[\w.-]*\.ya?ml$/,
  /(?:^|\/)(?:app\.json|app\.ya?ml|render\.ya?ml|fly[\w.]*\.toml|heroku\.yml|railway\.(?:json|toml)|nixpacks\.toml|[\w.-]*uwsgi[\w.-]*\.ini|[\w.-]+\.service)$/,
  /(?:^|\/)\.env\.prod(?:uction)?$/,
  /(?:^|\/)\.do\/[\w.-]+\.ya?ml$/,
];
const otherFiles: readonly RegExp[] = [
  /(?:^|\/)(?:docker-)?compose[\w.-]*\.ya?ml$/,
  /(?:^|\/)(?:entrypoint|start|run|boot)[\w.-]*(?:\.sh)?$/,
  /(?:^|\/)\.env$/,
  /(?:^|\/)(?:\.env\.(?:example|sample|template|dist|default)|(?:example|sample)?\.?env(?:\.example)?)$/,
  /(?:^|\/)(?:setup\.cfg|pyproject\.toml|tox\.ini|pytest\.ini|Makefile|justfile|gulpfile\.js)$/,
];

const buildCommand = /\b(?:manage\.py|django-admin)\b.*\b(?:collectstatic|compress|compilemessages)\b/;
const startCommand = /\b(?:gunicorn|uvicorn|uwsgi|daphne|hypercorn|granian|waitress\S*|runserver|celery)\b/;

/** A text of the same length in which a line and those that backslashes join to it are one. */
const joinLines = (text: string): string =>
  text.replaceAll(/\\[ \t]*\r?\n/g, (joint) => ' '.repeat(joint.length));

/** Whether a command of the build is all that a line of a text, whose lines are joined, runs. */
function isForBuild(joined: string, at: number): boolean {
  const end = joined.indexOf('\n', at);
  const line = joined.slice(joined.lastIndexOf('\n', at) + 1, end < 0 ? undefined : end);
  return buildCommand.test(line) && !startCommand.test(line);
}

/** Settings modules that files beside the code state, in the order of their kinds. Only what exists counts. */
function statedSettings(
  files: ProjectFiles,
  modules: ProjectModules,
  workDir: string,
  kinds: readonly RegExp[],
): NamedSettings[] {
  return statedNames(files, workDir, kinds, variable).filter(
    ({ module }) => modules.find(module)?.file != null,
  );
}

/**
 * What files beside the code set a variable to (`DJANGO_SETTINGS_MODULE=shop.settings`, `--settings shop.settings`).
 * Looked at are the work dir, the root and folders of deployment files.
 */
function statedNames(
  files: ProjectFiles,
  workDir: string,
  kinds: readonly RegExp[],
  name: string,
): NamedSettings[] {
  const near = files
    .files()
    .filter(
      (path) =>
        [workDir, ''].includes(folderOf(path)) ||
        (path.split('/').length <= 4 &&
          /(?:^|\/)(?:docker|deploy\w*|compose|\.do|etc|infra\w*)\//.test(path) &&
          !/(?:^|\/)(?:tests?|examples?|docs)\//.test(path)),
    );
  const option = name === variable ? '|--settings[=\\s]\\s*' : '';
  const stating = new RegExp(
    `(?:${name}["']?(?:\\s*\\r?\\n\\s*value:\\s*|[ \\t]*[=: ][ \\t]*)${option})["']?(?:\\$\\{\\w+:?-)?([A-Za-z_][\\w.]*)`,
    'g',
  );
  return kinds.flatMap((pattern) =>
    near
      .filter((path) => pattern.test(path))
      .flatMap((file) => {
        const text = files.read(file) ?? '';
        const joined = joinLines(text);
        return [...text.matchAll(stating)].map((match) => ({
          file,
          module: match[1] ?? '',
          evidence: { file, line: lineOf(text, match.index) },
          forBuild: isForBuild(joined, match.index),
        }));
      }),
  );
}

/** The only settings that there are. */
function onlySettings(files: ProjectFiles, modules: ProjectModules): NamedSettings | undefined {
  const candidates = settingsCandidates(files, modules);
  const [only] = candidates;
  return only === undefined || candidates.length > 1
    ? undefined
    : { file: only, module: modules.nameOf(only), evidence: { file: only, line: null } };
}

/** Settings files of the project: `x/settings.py`, else `x/settings/{production,base,…}.py`. */
function settingsCandidates(files: ProjectFiles, modules: ProjectModules): string[] {
  const root = modules.roots[0] ?? '';
  const inside = files
    .files()
    .filter((path) => isInside(path, root) && !/(?:^|\/)(?:tests?|docs|examples?)\//.test(path));
  const plain = inside.filter(
    (path) =>
      /(?:^|\/)settings\.py$/.test(path) &&
      path.split('/').length - (root === '' ? 0 : root.split('/').length) <= 3,
  );
  if (plain.length > 0) return plain;
  for (const name of ['production', 'prod', 'base', '__init__']) {
    const found = inside.filter((path) => `/${path}`.endsWith(`/settings/${name}.py`));
    if (found.length > 0) return found;
  }
  return [];
}

/** The modules of the settings files, listed for a message; empty where there is none. */
function candidateNames(files: ProjectFiles, modules: ProjectModules): string {
  return settingsCandidates(files, modules)
    .map((file) => modules.nameOf(file))
    .join(', ');
}

function missingSettings(
  files: ProjectFiles,
  modules: ProjectModules,
  module: Fact<string>,
  managePy: string,
): DetectionError {
  const path = module.value.replaceAll('.', '/');
  const looked = modules.roots.flatMap((root) => [
    joinRelative(root, `${path}.py`),
    joinRelative(root, `${path}/__init__.py`),
  ]);
  const at = firstPlace(module.evidence) || managePy;
  const [template] = templatesOf(files, looked);
  if (template !== undefined) {
    return new DetectionError(
      `${at} names the settings module ${module.value}, which does not exist, and ${template.file} is a template of it. Copy it to ${template.of} and fill in what it asks for, or name others with --settings MODULE.`,
    );
  }
  const others = candidateNames(files, modules);
  const hint = others === '' ? '' : ` Found instead: ${others}.`;
  return new DetectionError(
    `${at} names the settings module ${module.value}, which does not exist. Looked for ${looked.join(', ')}.${hint} Correct the name in ${at}, or name others with --settings MODULE.`,
  );
}

/** Files that everyone copies to one of their own: `production.example.py` or `production.py.dist` of `production.py`. */
function templatesOf(files: ProjectFiles, looked: readonly string[]): { file: string; of: string }[] {
  const rest =
    /^(?:[._-](?:example|sample|template|dist|default)s?\.py|\.py[._-](?:example|sample|template|dist|default)s?)$/i;
  return looked.flatMap((of) => {
    const stem = of.replace(/\.py$/, '');
    return files
      .files()
      .filter((file) => file.startsWith(stem) && rest.test(file.slice(stem.length)))
      .map((file) => ({ file, of }));
  });
}

/** One note where manage.py, wsgi.py and asgi.py name other settings than the ones taken; its evidence is the latter's place. */
function disagreement(
  files: ProjectFiles,
  modules: ProjectModules,
  named: readonly NamedSettings[],
  module: Fact<string>,
): DetectionNote[] {
  const others = named.filter((entry) => entry.module !== module.value);
  if (others.length === 0) return [];
  const list = [...new Map(others.map((entry) => [`${entry.file} ${entry.module}`, entry])).values()];
  const state = (entry: NamedSettings): string => {
    const file = modules.find(entry.module)?.file;
    if (file == null) return ' (which does not exist)';
    return codeOf(files.read(file) ?? '') === '' ? ' (which is empty)' : '';
  };
  const byWord = module.evidence.length === 0 ? ' (--settings, stored in .yo-rc.json)' : '';
  // manage.py and wsgi.py may call the same function.
  const told = new Set(
    list.map((entry) => `${placeOfEvidence(entry.evidence)} names ${entry.module}${state(entry)}`),
  );
  return [
    {
      message: `Settings: ${module.value} is used in production${byWord}, but ${[...told].join(', ')}.`,
      evidence: [...module.evidence, ...list.map((entry) => entry.evidence)],
    },
  ];
}

/** The package of an entry of INSTALLED_APPS, which may name its AppConfig: `shop.apps.ShopConfig` → `shop`. */
export const applicationPackage = (entry: string): string => entry.replace(/\.apps\.\w+$/, '');
