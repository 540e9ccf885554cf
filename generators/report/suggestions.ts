import { modulesOfDistribution } from '../app/detection/dependencies/module-names.ts';
import { TRIMS } from '../app/answers/answers.ts';
import type { ProjectFacts } from '../app/detection/facts.ts';
import { matchesPattern } from '../app/glob.ts';
import { formatBytes } from '../app/measurements/format-values.ts';
import type { ImageMeasurements, Measurements, TreeNode } from '../app/measurements/measurements.ts';
import { readKnowledge } from '../app/planning/knowledge.ts';
import { DEFAULT_TRIMS } from '../app/planning/trims.ts';

/** What could make the image smaller still. */
export interface Suggestion {
  title: string;
  text: string;
  /** What to run, where there is a command. */
  command: string | null;
  /** Bytes that are at stake; null where that cannot be told. */
  bytes: number | null;
}

/** What is known beside the measurements. */
export interface ProjectKnowledge {
  /** Null where the project could not be read. */
  facts: Pick<
    ProjectFacts,
    'dependencies' | 'importedModules' | 'languages' | 'thirdPartyApps' | 'settingsFiles'
  > | null;
  /** Dotted names and words in strings of the settings: back ends, middleware. */
  settingsText: string;
  /** The stored answers; untrusted. */
  answers: Readonly<Record<string, unknown>>;
}

interface SuggestionTable {
  replacements: { package: string; instead: string; reason: string }[];
  cudaPackages: { patterns: string[]; neededBy: string; reason: string };
  developmentTools: string[];
  loadedByOthers: { packages: Record<string, string> };
}

/** Below it, a suggestion is not worth a person's time. */
const NOTICEABLE = 1_000_000;
/** A package of this share of the image has a folder in the measured tree: twice what image_contents.py shows. */
const SHOWN = 0.006;
const LARGE_DATA = 20_000_000;
/** What the generator promises at most. */
const LARGEST_WASTE = 10_000_000;
const LARGE_BYTE_CODE = 10_000_000;

/** Suggestions for this project, the largest first. */
export function suggestions(measurements: Measurements, known: ProjectKnowledge): Suggestion[] {
  const { production } = measurements.images;
  if (production === null) return [];
  const trimmed = new Set(measurements.trimmed.map(({ rule }) => rule));
  return [
    ...replacements(production),
    ...cuda(production),
    ...developmentTools(production, known),
    ...notImported(production, known),
    ...twoDrivers(production),
    ...optIns(production, known, trimmed),
    ...data(production),
    ...variants(production, known),
    ...waste(production),
  ].toSorted((left, right) => (right.bytes ?? 0) - (left.bytes ?? 0));
}

const table = (): SuggestionTable => readKnowledge<SuggestionTable>('report-suggestions');

const sizeOf = ({ packages }: ImageMeasurements, name: string): number =>
  packages.filter((item) => item.name === name).reduce((sum, { size }) => sum + size, 0);

function replacements(image: ImageMeasurements): Suggestion[] {
  return table().replacements.flatMap(({ package: name, instead, reason }) => {
    const bytes = sizeOf(image, name);
    if (bytes === 0) return [];
    return [
      {
        title: `Take ${instead} instead of ${name}`,
        text: `${instead} is ${reason}. ${name} has ${formatBytes(bytes)} in the image.`,
        command: null,
        bytes: null,
      },
    ];
  });
}

function cuda({ packages }: ImageMeasurements): Suggestion[] {
  const { patterns, reason } = table().cudaPackages;
  const found = packages.filter(({ name }) => patterns.some((pattern) => matchesPattern(name, pattern)));
  const bytes = found.reduce((sum, { size }) => sum + size, 0);
  if (bytes < NOTICEABLE) return [];
  return [{ title: `CUDA takes ${formatBytes(bytes)}`, text: `${reason}.`, command: null, bytes }];
}

/** Tools that production installs because its requirements list them. */
function developmentTools(image: ImageMeasurements, { facts }: ProjectKnowledge): Suggestion[] {
  const tools = new Set(table().developmentTools);
  const used = usedDistributions(facts);
  const stated = (facts?.dependencies.production ?? [])
    .filter(({ name, direct }) => direct && tools.has(name) && !used(name))
    .map(({ name }) => ({ name, size: sizeOf(image, name) }))
    .filter(({ size }) => size > 0);
  if (stated.length === 0) return [];
  const bytes = stated.reduce((sum, { size }) => sum + size, 0);
  const names = stated.map(({ name }) => name);
  return [
    {
      title: `${listed(names)} ${names.length === 1 ? 'is a tool' : 'are tools'} of development`,
      text: `The production requirements list ${names.length === 1 ? 'it' : 'them'}, and nothing of the application imports ${names.length === 1 ? 'it' : 'them'}. Move ${names.length === 1 ? 'it' : 'them'} to the development requirements; what only ${names.length === 1 ? 'it needs' : 'they need'} goes along.`,
      command: null,
      bytes,
    },
  ];
}

/** Stated requirements that neither code nor settings name. */
function notImported(image: ImageMeasurements, known: ProjectKnowledge): Suggestion[] {
  const { facts, settingsText } = known;
  if (facts === null) return [];
  const { developmentTools: tools, loadedByOthers } = table();
  const used = usedDistributions(facts);
  const names = [
    ...new Set(facts.dependencies.production.filter(({ direct }) => direct).map(({ name }) => name)),
  ];
  return names.flatMap((name) => {
    const bytes = sizeOf(image, name);
    const modules = modulesOfDistribution(name);
    const isNamed = modules.some((module) => wordIn(settingsText, module));
    const isKnown = Object.hasOwn(loadedByOthers.packages, name) || tools.includes(name);
    if (bytes < NOTICEABLE || modules.length === 0 || isKnown || isNamed || used(name)) return [];
    // A name that is not in the image is a guess that went wrong, and says nothing of what is imported.
    const { tree } = image;
    if (tree && bytes >= tree.size * SHOWN && !modules.some((module) => isInTree(tree, module))) return [];
    return [
      {
        title: `${name} (${formatBytes(bytes)}) is imported nowhere`,
        text: `No module of the application imports ${listed(modules)}, and the settings do not name it. Remove the requirement, unless another package loads it.`,
        command: null,
        bytes,
      },
    ];
  });
}

/** Whether there is a folder or a file of a module's name in an image. */
function isInTree(tree: TreeNode, module: string): boolean {
  const [top = ''] = module.split('.');
  return (
    tree.name === top ||
    tree.name.startsWith(`${top}.`) ||
    tree.children.some((child) => isInTree(child, module))
  );
}

/** Whether the application imports or installs what a distribution brings. */
function usedDistributions(facts: ProjectKnowledge['facts']): (name: string) => boolean {
  const names = [...(facts?.importedModules ?? []), ...(facts?.thirdPartyApps ?? [])];
  return (name) =>
    modulesOfDistribution(name).some((module) =>
      names.some((own) => own === module || own.startsWith(`${module}.`)),
    );
}

function wordIn(text: string, module: string): boolean {
  let from = text.indexOf(module);
  while (from >= 0) {
    const around = `${text[from - 1] ?? ' '}${text[from + module.length] ?? ' '}`;
    if (!/[\p{L}\p{N}_]/u.test(around)) return true;
    from = text.indexOf(module, from + 1);
  }
  return false;
}

/** psycopg in its third generation beside the second one. */
function twoDrivers(image: ImageMeasurements): Suggestion[] {
  const second = ['psycopg2-binary', 'psycopg2'].find((name) => sizeOf(image, name) > 0);
  const third = ['psycopg', 'psycopg-binary', 'psycopg-c'].filter((name) => sizeOf(image, name) > 0);
  if (second === undefined || third.length === 0) return [];
  const bytes = sizeOf(image, second) + sizeOf(image, 'psycopg2-binary.libs');
  return [
    {
      title: `${second} and ${third[0]} are both installed`,
      text: `Django takes psycopg 3 where both are there. Remove ${second}, unless code of yours imports psycopg2.`,
      command: null,
      bytes,
    },
  ];
}

/** Rules of trimming that the user may choose. */
function optIns(
  image: ImageMeasurements,
  { answers, facts }: ProjectKnowledge,
  trimmed: ReadonlySet<string>,
): Suggestion[] {
  const rules = (rule: string): string => `npx generator-backendai-docker --trim ${trimWith(answers, rule)}`;
  const botocore = sizeOf(image, 'botocore');
  const locale = image.tree === null ? 0 : sizeOfLocales(image.tree);
  return [
    ...(botocore < LARGE_BYTE_CODE || trimmed.has('botocore')
      ? []
      : [
          {
            title: `botocore describes every service of AWS (${formatBytes(botocore)})`,
            text: 'An application uses two or three of more than 400. The rule keeps those that your code and its packages ask for, or that --aws-services names.',
            command: rules('botocore'),
            bytes: botocore,
          },
        ]),
    // Without settings that say which languages stay, the rule is refused.
    ...(locale < 2 * NOTICEABLE || trimmed.has('languages') || !facts?.languages
      ? []
      : [
          {
            title: `Django brings about a hundred languages (${formatBytes(locale)})`,
            text: 'The rule keeps those of LANGUAGES in the settings.',
            command: rules('languages'),
            bytes: locale,
          },
        ]),
  ];
}

/** What `--trim` has now and one rule more; without an answer, what it has by default. */
function trimWith({ trim }: ProjectKnowledge['answers'], rule: string): string {
  const stored: unknown[] = Array.isArray(trim) ? trim : [...DEFAULT_TRIMS];
  return TRIMS.filter((item) => item === rule || stored.includes(item)).join(',');
}

/** Compiled translations of Django itself. */
function sizeOfLocales(tree: TreeNode): number {
  let bytes = 0;
  const visit = (node: TreeNode, inDjango: boolean): void => {
    if (inDjango && node.name === 'locale') {
      bytes += node.size;
      return;
    }
    for (const child of node.children) visit(child, inDjango || node.name === 'django');
  };
  visit(tree, false);
  return bytes;
}

/** Large folders and files in the image beside code and packages. */
function data({ tree }: ImageMeasurements): Suggestion[] {
  const application = tree?.children.find(({ name }) => name === 'app');
  if (application === undefined) return [];
  const found: { path: string; size: number }[] = [];
  const visit = (node: TreeNode, path: string): void => {
    const largest = node.children.filter(
      ({ name, size }) => size >= LARGE_DATA && name !== 'other' && name !== 'staticfiles',
    );
    if (largest.length === 0 && path !== '/app') found.push({ path, size: node.size });
    for (const child of largest) visit(child, `${path}/${child.name}`);
  };
  visit(application, '/app');
  return found.map(({ path, size }) => ({
    title: `${path} has ${formatBytes(size)}`,
    text: 'Large data is sent with every deployment, though it changes seldom. Keep it on a volume or in object storage, or load it as the application starts.',
    command: null,
    bytes: size,
  }));
}

/** Other ways to make the image. */
function variants({ breakdown }: ImageMeasurements, { answers }: ProjectKnowledge): Suggestion[] {
  if (breakdown === null) return [];
  const { base, optimize } = answers;
  return [
    ...(base === 'slim'
      ? [
          {
            title: 'A distroless image has no shell, no apt and no pip',
            text: `The base image has ${formatBytes(breakdown.base)}. The build can assemble an image of Python and the libraries that it needs alone; looking inside is harder then.`,
            command: 'npx generator-backendai-docker --base distroless',
            bytes: null,
          },
        ]
      : []),
    ...(optimize === 'balanced' && breakdown.byteCode >= LARGE_BYTE_CODE
      ? [
          {
            title: `Byte-code takes ${formatBytes(breakdown.byteCode)}`,
            text: 'By size, only the modules of the start are compiled ahead. The first import of the others takes longer in each process.',
            command: 'npx generator-backendai-docker --optimize size',
            bytes: null,
          },
        ]
      : []),
  ];
}

function waste(image: ImageMeasurements): Suggestion[] {
  const bytes = image.wasteAsDive ?? image.breakdown?.waste ?? 0;
  if (bytes <= LARGEST_WASTE) return [];
  const [largest] = image.waste;
  return [
    {
      title: `${formatBytes(bytes)} are in several layers`,
      text: `A layer that changes or deletes what another one made does not make the image smaller${largest ? `: ${largest.path} above all` : ''}. Make and delete it in one RUN, or copy it from another stage.`,
      command: null,
      bytes,
    },
  ];
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
