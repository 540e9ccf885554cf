import { describe, expect, it } from 'vitest';
import type { ProjectFacts } from '../../generators/app/detection/facts.ts';
import { normalizeName } from '../../generators/app/detection/dependencies/pep508.ts';
import type { Measurements } from '../../generators/app/measurements/measurements.ts';
import { readKnowledge } from '../../generators/app/planning/knowledge.ts';
import { suggestions, type ProjectKnowledge } from '../../generators/report/suggestions.ts';
import { example, imageOf } from './example.ts';

/** An image with these packages, in MB, and nothing else that could be suggested about. */
function withPackages(packages: Record<string, number>, change: Record<string, unknown> = {}): Measurements {
  return example((data) => {
    data['trimmed'] = [];
    Object.assign(imageOf(data, 'production'), {
      packages: Object.entries(packages).map(([name, size]) => ({ name, size: size * 1e6 })),
      tree: null,
      wasteAsDive: 0,
      ...change,
    });
  });
}

function known(
  production: string[],
  {
    imported = [],
    apps = [],
    settingsText = '',
    answers = {},
    languages = null,
  }: Partial<{
    imported: string[];
    apps: string[];
    settingsText: string;
    answers: Record<string, unknown>;
    languages: { value: string[]; evidence: [] } | null;
  }> = {},
): ProjectKnowledge {
  return {
    facts: {
      dependencies: { production: production.map((name) => ({ name, direct: true })) },
      importedModules: imported,
      languages,
      thirdPartyApps: apps,
      settingsFiles: [],
    } as unknown as ProjectFacts,
    settingsText,
    answers,
  };
}

const titles = (measurements: Measurements, knowledge: ProjectKnowledge): string[] =>
  suggestions(measurements, knowledge).map(({ title }) => title);

describe('a package that is imported nowhere', () => {
  const image = withPackages({ onnxruntime: 68 });

  it('is told with its size', () => {
    expect(titles(image, known(['onnxruntime']))).toEqual(['onnxruntime (68 MB) is imported nowhere']);
  });

  it.each([
    ['imports it', { imported: ['onnxruntime'] }],
    ['imports a module of it', { imported: ['onnxruntime.capi'] }],
    ['has it among its apps', { apps: ['onnxruntime'] }],
    ['names it in the settings', { settingsText: "BACKEND = 'onnxruntime.Backend'" }],
  ])('is not told where the project %s', (_, knowledge) => {
    expect(titles(image, known(['onnxruntime'], knowledge))).toEqual([]);
  });

  it('is told by the name of its module, not of its distribution', () => {
    const images = withPackages({ 'scikit-learn': 39 });
    expect(titles(images, known(['scikit-learn'], { imported: ['sklearn.svm'] }))).toEqual([]);
    expect(titles(images, known(['scikit-learn'], { imported: ['sklearnex'] }))).toEqual([
      'scikit-learn (39 MB) is imported nowhere',
    ]);
  });

  it('is not told by a name that is not in the image, as fpdf2 installs fpdf (django-ledger)', () => {
    const folder = (name: string, children: unknown[] = []) => ({ name, size: 5e6, children });
    const withTree = (module: string): Measurements =>
      withPackages({ 'some-thing2': 5 }, { tree: folder('/', [folder('site-packages', [folder(module)])]) });
    expect(titles(withTree('something'), known(['some-thing2']))).toEqual([]);
    expect(titles(withTree('some_thing2'), known(['some-thing2']))).toEqual([
      'some-thing2 (5.0 MB) is imported nowhere',
    ]);
  });

  it('is not told where another package pulls it in, where others load it, or where it is small', () => {
    const images = withPackages({ sympy: 31, pillow: 7, numpy: 57, tiny: 0.5 });
    const knowledge = known(['pillow', 'numpy', 'tiny']);
    knowledge.facts?.dependencies.production.push({ name: 'sympy', direct: false } as never);
    expect(titles(images, knowledge)).toEqual([]);
  });

  it('is not told where the project could not be read', () => {
    expect(titles(image, { facts: null, settingsText: '', answers: {} })).toEqual([]);
  });
});

describe('packages of which there are smaller ones', () => {
  it('opencv with windows', () => {
    expect(
      titles(withPackages({ 'opencv-python': 80 }), known(['opencv-python'], { imported: ['cv2'] })),
    ).toEqual(['Take opencv-python-headless instead of opencv-python']);
  });

  it('CUDA', () => {
    const image = withPackages({
      torch: 700,
      'nvidia-cublas-cu12': 500,
      'nvidia-cudnn-cu12': 700,
      triton: 200,
    });
    expect(titles(image, known(['torch'], { imported: ['torch'] }))).toEqual(['CUDA takes 1,400 MB']);
  });

  it('two drivers', () => {
    const image = withPackages({ psycopg: 1, 'psycopg-binary': 10, 'psycopg2-binary': 9 });
    expect(titles(image, known(['psycopg', 'psycopg2-binary']))).toEqual([
      'psycopg2-binary and psycopg are both installed',
    ]);
    expect(titles(withPackages({ psycopg: 1, 'psycopg-binary': 10 }), known(['psycopg']))).toEqual([]);
  });

  it('tools of development', () => {
    const image = withPackages({ pytest: 2, black: 3, ipython: 4 });
    const [found] = suggestions(
      image,
      known(['pytest', 'black', 'ipython'], { imported: ['IPython.display'] }),
    );
    expect(found).toMatchObject({ title: 'pytest and black are tools of development', bytes: 5e6 });
    // It is there because something needs it.
    expect(titles(image, known([]))).toEqual([]);
  });

  it('AWS, with the command that adds the rule to those that are chosen', () => {
    const image = withPackages({ botocore: 25 });
    const answers = { trim: ['tests', 'stubs'] };
    const [found] = suggestions(image, known(['boto3'], { imported: ['boto3'], answers }));
    expect(found?.command).toBe('npx generator-backendai-docker --trim tests,stubs,botocore');
    const trimmed = { ...image, trimmed: [{ rule: 'botocore', files: 1, bytes: 1, packages: [] }] };
    expect(titles(trimmed, known([]))).toEqual([]);
  });

  it('does not write what stands in .yo-rc.json into a command', () => {
    const image = withPackages({ botocore: 25 });
    const [found] = suggestions(image, known([], { answers: { trim: ['tests; rm -rf ~'] } }));
    expect(found?.command).toMatch(/--trim botocore$/);
    const [fresh] = suggestions(image, known([]));
    expect(fresh?.command).toMatch(
      /--trim tests,translations,sources,stubs,symbols,duplicates,tools,botocore$/,
    );
  });
});

describe('the image', () => {
  const tree = (children: unknown[]): unknown => ({ name: '/', size: 100e6, children });

  it('holds large data beside the code', () => {
    const image = withPackages(
      {},
      {
        tree: tree([
          {
            name: 'app',
            size: 90e6,
            children: [
              { name: 'models', size: 60e6, children: [{ name: 'a.onnx', size: 59e6 }] },
              { name: 'staticfiles', size: 25e6 },
              { name: 'apps', size: 5e6 },
            ],
          },
        ]),
      },
    );
    expect(titles(image, known([]))).toEqual(['/app/models/a.onnx has 59 MB']);
  });

  it('holds Django’s languages', () => {
    const locale = { name: 'locale', size: 5e6 };
    const django = {
      name: 'django',
      size: 20e6,
      children: [{ name: 'conf', size: 6e6, children: [locale] }],
    };
    const image = withPackages({}, { tree: tree([django, { name: 'other', size: 1, children: [locale] }]) });
    const languages = { value: ['de'], evidence: [] as [] };
    expect(titles(image, known([], { languages }))).toEqual([
      'Django brings about a hundred languages (5.0 MB)',
    ]);
    // The rule would be refused.
    expect(titles(image, known([]))).toEqual([]);
  });

  it('has waste above 10 MB only', () => {
    const waste = [{ path: '/usr/bin/x', size: 11e6 }];
    expect(titles(withPackages({}, { wasteAsDive: 11e6, waste }), known([]))).toEqual([
      '11 MB are in several layers',
    ]);
    expect(titles(withPackages({}, { wasteAsDive: 9e6, waste }), known([]))).toEqual([]);
  });

  it('could be made in another way, as far as the answers tell', () => {
    const answers = { base: 'slim', optimize: 'balanced' };
    expect(suggestions(withPackages({}), known([], { answers })).map(({ command }) => command)).toEqual([
      'npx generator-backendai-docker --base distroless',
      'npx generator-backendai-docker --optimize size',
    ]);
    expect(
      titles(withPackages({}), known([], { answers: { base: 'distroless', optimize: 'size' } })),
    ).toEqual([]);
  });

  it('has the largest first', () => {
    const bytes = suggestions(example(), known(['onnxruntime', 'ipython'])).map((item) => item.bytes ?? 0);
    expect(bytes).toEqual(bytes.toSorted((left, right) => right - left));
    expect(bytes.length).toBeGreaterThan(2);
  });
});

it('the table names distributions as PEP 503 does, and gives sources', () => {
  const table = readKnowledge<{
    replacements: { package: string; instead: string; source: string }[];
    developmentTools: string[];
    loadedByOthers: { packages: Record<string, string> };
    cudaPackages: { source: string };
  }>('report-suggestions');
  const names = [
    ...table.replacements.flatMap((row) => [row.package, row.instead]),
    ...table.developmentTools,
    ...Object.keys(table.loadedByOthers.packages),
  ];
  expect(names.filter((name) => normalizeName(name) !== name)).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  for (const { source } of [...table.replacements, table.cudaPackages]) expect(source).toMatch(/^https:\/\//);
});
