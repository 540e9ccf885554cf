import type { SyntaxNode } from '@lezer/common';

import { folderOf } from './paths.ts';
import type { ProjectFiles } from './project-files.ts';
import type { ProjectModules } from './project-modules.ts';
import {
  callArguments,
  childrenOf,
  dottedName,
  findNodes,
  readPython,
  textOf,
  unquote,
} from './python-source.ts';
import type { PythonSource } from './python-source.ts';
import type { ScannedSource } from './source-scan.ts';

/** A module that code names in another way than by an import statement. */
export interface NamedModule {
  /** `a.urls`; with leading dots it counts from the file. */
  dotted: string;
  at: number;
  /** Every module of the package is meant. */
  whole: boolean;
  /** The name is made at run time: this is what it may be. */
  doubt: boolean;
}

/** Functions that import what their first argument names. */
const importers =
  /(?:^|\.)(?:import_string|import_module|__import__|import_from_string|find_spec|run_module|load_module|include|get_module)$/;
/** Functions that look into the packages which they are given. */
const packageReaders =
  /(?:^|\.)(?:iter_modules|walk_packages|get_data|PackageLoader|autodiscover_tasks|resource_(?:filename|string|stream|listdir|exists)|resources\.\w+|files|read_text|open_text|read_binary|open_binary)$/;
const telling =
  /import_string|import_module|__import__|import_from_string|find_spec|run_module|load_module|get_module|\binclude\s*\(|iter_modules|walk_packages|importlib|pkgutil|pkg_resources|PackageLoader|autodiscover_tasks|\bCelery\s*\(|INSTALLED_APPS\s*(?:\+=|\.)/;

/**
 * Modules that a file names in strings (`include("a.urls")`, `import_string("a.b.C")`) or makes the name of
 * (`import_module(f"plugins.{name}")`: then the whole package `plugins`; with nothing written but a variable: what
 * the strings of the file name, and the file's own package).
 */
export function dynamicImports(
  files: ProjectFiles,
  modules: ProjectModules,
  scanned: ScannedSource,
): NamedModule[] {
  if (!telling.test(scanned.text)) return [];
  const source = readPython(files, scanned.path);
  if (source === undefined) return [];
  const context = { source, modules, scanned, texts: moduleTexts(source) };
  return [
    ...findNodes(source, new Set(['CallExpression'])).flatMap((call) => namedByCall(context, call)),
    ...appendedApplications(scanned),
  ];
}

interface Context {
  source: PythonSource;
  modules: ProjectModules;
  scanned: ScannedSource;
  /** `NAME = "text"` at module level. */
  texts: ReadonlyMap<string, string>;
}

function moduleTexts(source: PythonSource): Map<string, string> {
  const found = new Map<string, string>();
  for (const statement of findNodes(source, new Set(['AssignStatement']))) {
    const [target, operator, value, ...more] = childrenOf(statement);
    if (target?.name !== 'VariableName' || operator?.name !== 'AssignOp' || more.length > 0) continue;
    const text = value?.name === 'String' ? unquote(textOf(source, value)) : undefined;
    if (text !== undefined) found.set(textOf(source, target), text);
  }
  return found;
}

function namedByCall(context: Context, call: SyntaxNode): NamedModule[] {
  const [callee, list] = childrenOf(call);
  if (callee === undefined || list?.name !== 'ArgList') return [];
  const name = dottedName(context.source, callee);
  if (name === undefined) return [];
  const at = call.from;
  const celery = /(?:^|\.)Celery$/.test(name);
  if (celery || packageReaders.test(name)) {
    return callArguments(context.source, list)
      .filter((argument) => !celery || argument.name === 'include')
      .flatMap((argument) => readPackages(context, argument.value))
      .map((dotted) => ({ dotted, at, whole: true, doubt: false }));
  }
  if (!importers.test(name)) return [];
  const given = callArguments(context.source, list);
  const [first] = given;
  if (first === undefined) return [];
  const packages = given.slice(1).flatMap((argument) => packageArgument(context, argument.value));
  const texts = literalsOf(context, first.value);
  // `include(router.urls)`, `include(patterns)` import nothing; only a name that is put together is in doubt.
  if (texts.length > 0) {
    return texts.flatMap((text) => {
      const [base] = packages;
      const dotted = text.startsWith('.') && base !== undefined ? base + text : text;
      return /^\.*[A-Za-z_][\w.]*$/.test(dotted) ? [{ dotted, at, whole: false, doubt: false }] : [];
    });
  }
  const computed = computedPrefix(context, first.value);
  packages.push(...leadingPackage(context, first.value));
  if (/(?:^|\.)include$/.test(name) && computed === undefined) return [];
  return doubtful(context, at, computed ?? '', packages);
}

/** The strings that an argument is: one, or those of a tuple or list (`include(("a.urls", "a"))`). */
function literalsOf(context: Context, node: SyntaxNode): string[] {
  if (node.name === 'String')
    return [unquote(textOf(context.source, node)) ?? ''].filter((text) => text !== '');
  if (node.name === 'VariableName') {
    const text = context.texts.get(textOf(context.source, node));
    return text === undefined ? [] : [text];
  }
  if (
    node.name === 'TupleExpression' ||
    node.name === 'ArrayExpression' ||
    node.name === 'ParenthesizedExpression'
  )
    return childrenOf(node).flatMap((child) => (child.name === 'String' ? literalsOf(context, child) : []));
  return [];
}

/** The packages that a function like `autodiscover_tasks(["jobs"])` or `files("catalog.data")` looks into. */
function readPackages(context: Context, node: SyntaxNode): string[] {
  if (/__path__|__file__|__name__|__package__/.test(textOf(context.source, node))) {
    const owner = /([A-Za-z_][\w.]*)\.__(?:path|file|name)__/.exec(textOf(context.source, node))?.[1];
    return owner === undefined ? ['.'] : importedAs(context, owner);
  }
  const texts = findNodes(context.source, new Set(['String']), node).map((inner) =>
    unquote(textOf(context.source, inner)),
  );
  const named = texts.filter((text) => text !== undefined && /^[A-Za-z_][\w.]*$/.test(text)) as string[];
  if (named.length > 0 || !/^(?:VariableName|MemberExpression)$/.test(node.name)) return named;
  return importedAs(context, dottedName(context.source, node) ?? '');
}

/** The module that a name in this file stands for: `from . import plugins`, `import a.b`. */
function importedAs(context: Context, name: string): string[] {
  const known = context.texts.get(name);
  if (known !== undefined) return [known];
  return context.scanned.imports.flatMap((statement) => {
    if (statement.name === null) return statement.module === name ? [name] : [];
    if (statement.name !== name) return [];
    const dots = '.'.repeat(statement.level);
    return [dots + [statement.module, name].filter((part) => part !== '').join('.')];
  });
}

/** `package="plugins"`, `__name__`, `__package__`: where a relative name counts from. */
function packageArgument(context: Context, node: SyntaxNode): string[] {
  const text = textOf(context.source, node);
  if (/^__(?:name|package)__$/.test(text)) return ['.'];
  const owner = /^([A-Za-z_][\w.]*)\.__(?:name|package)__$/.exec(text)?.[1];
  return owner === undefined ? literalsOf(context, node) : importedAs(context, owner);
}

/** The package whose name a computed one begins with: `f"{plugins.__name__}.{x}"`, `__package__ + "." + x`. */
function leadingPackage(context: Context, node: SyntaxNode): string[] {
  const match = /^(?:[fF][rR]?["']+\{\s*)?(?:([A-Za-z_][\w.]*)\.)?__(?:name|package)__\s*[}+]/.exec(
    textOf(context.source, node),
  );
  if (match === null) return [];
  return match[1] === undefined ? ['.'] : importedAs(context, match[1]);
}

/**
 * What is written at the beginning of a name made at run time: `plugins.` of `f"plugins.{x}"`, `"plugins." + x`,
 * `"plugins.%s" % x` and `"plugins.{}".format(x)`; `''` for one that begins with a variable; undefined for what
 * is no text.
 */
function computedPrefix(context: Context, node: SyntaxNode): string | undefined {
  const { source } = context;
  switch (node.name) {
    case 'String':
      return unquote(textOf(source, node));
    case 'FormatString': {
      const text = textOf(source, node).replace(/^[A-Za-z]*(?:"""|'''|"|')/, '');
      const variable = /^\{(\w+)\}/.exec(text);
      const known = variable === null ? undefined : context.texts.get(variable[1] ?? '');
      const rest = known === undefined ? text : known + text.slice(variable?.[0].length);
      return /^[^{"']*/.exec(rest)?.[0] ?? '';
    }
    case 'BinaryExpression': {
      const [left] = childrenOf(node);
      const text = left === undefined ? undefined : computedPrefix(context, left);
      return (text ?? '').replace(/%.*$/, '');
    }
    case 'CallExpression': {
      const callee = node.firstChild;
      if (callee === null || !/\.(?:format|join)$/.test(textOf(source, callee))) return undefined;
      const text = callee.firstChild === null ? undefined : computedPrefix(context, callee.firstChild);
      return textOf(source, callee).endsWith('.join') ? '' : (text ?? '').replace(/\{.*$/, '');
    }
    case 'ParenthesizedExpression': {
      const inner = childrenOf(node)[1];
      return inner === undefined ? undefined : computedPrefix(context, inner);
    }
    case 'VariableName':
      return context.texts.get(textOf(source, node));
    default:
      return undefined;
  }
}

function doubtful(context: Context, at: number, prefix: string, packages: readonly string[]): NamedModule[] {
  const whole = (dotted: string): NamedModule => ({ dotted, at, whole: true, doubt: true });
  const written = prefix.startsWith('.') ? prefix.replace(/^\.+/, '') : prefix;
  const base = prefix.startsWith('.') || prefix === '' ? packages : [];
  const named = written.includes('.') ? written.slice(0, written.lastIndexOf('.')) : '';
  if (named !== '') return (base.length > 0 ? base : ['']).map((folder) => whole(joinDotted(folder, named)));
  if (base.length > 0) return base.map(whole);
  // Nothing is written: the file's own package, and what the strings of the file name.
  return [
    ...(context.modules.roots.includes(folderOf(context.source.path)) ? [] : [whole('.')]),
    ...context.scanned.strings.flatMap(({ text }) =>
      /^[A-Za-z_]\w*(?:\.\w+)*$/.test(text) && context.modules.find(text) !== undefined ? [whole(text)] : [],
    ),
  ];
}

function joinDotted(base: string, rest: string): string {
  return base === '' || base.endsWith('.') ? base + rest : `${base}.${rest}`;
}

/** `INSTALLED_APPS.append("biometric")` outside the settings: the strings of the call or list. */
function appendedApplications(scanned: ScannedSource): NamedModule[] {
  const found: NamedModule[] = [];
  for (const match of scanned.text.matchAll(
    /INSTALLED_APPS\s*(?:\+=\s*|\.(?:append|extend|insert)\s*(?=\())/g,
  )) {
    const from = match.index + match[0].length;
    const end = statementEnd(scanned.text, from);
    for (const { text, at } of scanned.strings) {
      if (at >= from && at < end && /^[A-Za-z_][\w.]*$/.test(text))
        found.push({ dotted: text, at, whole: true, doubt: false });
    }
  }
  return found;
}

/** The end of the line on which every bracket is closed. */
function statementEnd(text: string, from: number): number {
  let open = 0;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === '(' || character === '[' || character === '{') open += 1;
    else if (character === ')' || character === ']' || character === '}') open -= 1;
    else if (character === '\n' && open <= 0) return at;
  }
  return text.length;
}
