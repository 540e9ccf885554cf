import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { elfWithSymbols, readElf } from './elf-symbols.ts';
import { type Outcome, renderScript, runPython, temporaryFolder } from './rendered-script.ts';

const SITE = 'lib/python3.11/site-packages';

type Files = Record<string, string | Buffer>;

interface Summary {
  schema: number;
  rules: { rule: string; files: number; bytes: number; packages: Record<string, number> }[];
  notes: string[];
}

/** A virtual environment with these distributions, as an installer leaves it. */
function environment(distributions: Record<string, Files>): string {
  const folder = temporaryFolder({ 'pyvenv.cfg': 'home = /usr/local/bin\n' });
  utimesSync(join(folder, 'pyvenv.cfg'), 1_700_000_000, 1_700_000_000);
  for (const [name, files] of Object.entries(distributions)) {
    const metadata = `${name.replaceAll('-', '_')}-1.0.dist-info`;
    const all: Files = {
      ...files,
      [`${metadata}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`,
    };
    const record = Object.entries(all).map(
      ([path, content]) => `${path.includes(',') ? `"${path}"` : path},sha256=AAAA,${content.length}\n`,
    );
    all[`${metadata}/RECORD`] = `${record.join('')}${metadata}/RECORD,,\n`;
    for (const [path, content] of Object.entries(all)) {
      const file = join(folder, SITE, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      utimesSync(file, 1_700_000_000, 1_700_000_000);
    }
  }
  return folder;
}

async function trim(folder: string, rules: string, ...options: string[]): Promise<Outcome> {
  const script = join(temporaryFolder({ 'trim.py': renderScript('trim_environment.py') }), 'trim.py');
  const output = `${folder}-trimmed`;
  const before = contentsOf(folder);
  const outcome = await runPython([script, folder, '--output', output, '--rules', rules, ...options]);
  expect(contentsOf(folder)).toEqual(before);
  if (outcome.code === 0) {
    // In its place, as an image has it.
    rmSync(folder, { recursive: true });
    renameSync(output, folder);
  } else expect(existsSync(output)).toBe(false);
  return outcome;
}

/** Path → content and time of each file. */
const contentsOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file, `${statSync(file).mtimeMs} ${readFileSync(file, 'latin1')}`]),
  );

/** Trims, and returns what is left beside the metadata, and the summary. */
async function trimmed(
  distributions: Record<string, Files>,
  rules: string,
  ...options: string[]
): Promise<{ folder: string; left: string[]; summary: Summary; stdout: string }> {
  const folder = environment(distributions);
  const { code, stdout, stderr } = await trim(folder, rules, ...options);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return { folder, left: filesOf(folder), summary: summaryOf(folder), stdout };
}

const summaryOf = (folder: string): Summary =>
  JSON.parse(readFileSync(join(folder, 'trimmed.json'), 'utf8')) as Summary;

const filesOf = (folder: string): string[] =>
  readdirSync(join(folder, SITE), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !entry.parentPath.endsWith('.dist-info'))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, SITE).length + 1))
    .toSorted();

describe('tests', () => {
  const PANDAS: Files = {
    'pandas/__init__.py': 'from pandas import core\n',
    'pandas/core.py': '"""Run the tests, please.\n\ntests\n"""\n',
    'pandas/tests/__init__.py': '',
    'pandas/tests/test_core.py': 'from pandas.tests import x\n',
    'pandas/tests/data/a.csv': '1,2\n',
    'pandas/testing.py': '',
  };

  it('go where the package is known to run without them', async () => {
    const other = { 'shop/__init__.py': '', 'shop/tests/__init__.py': '' };
    const { left, summary, stdout } = await trimmed({ pandas: PANDAS, shop: other }, 'tests');
    expect(left).toEqual([
      'pandas/__init__.py',
      'pandas/core.py',
      'pandas/testing.py',
      'shop/__init__.py',
      'shop/tests/__init__.py',
    ]);
    expect(summary).toEqual({
      schema: 1,
      rules: [{ rule: 'tests', files: 3, bytes: 31, packages: { pandas: 31 } }],
      notes: [],
    });
    expect(stdout).toMatch(/^ {2}tests +0\.0 MB +3 files {2}pandas 0\.0$/m);
  });

  it.each([
    ['by its name', 'import pandas.tests.data\n'],
    ['in a function', 'def check():\n    from pandas.tests import test_core\n'],
    ['relative', 'from .tests.test_core import *\n'],
    ['from the package', 'from . import core, tests\n'],
    ['in a bracket', 'from . import (\n    core,\n    tests as own,\n)\n'],
    ['in a string', 'import importlib\nimportlib.import_module("pandas.tests.test_core")\n'],
    ['in a relative string', 'import importlib\nimportlib.import_module(".tests", __package__)\n'],
  ])('stay where a module imports them %s', async (_how, text) => {
    const { left, summary } = await trimmed({ pandas: { ...PANDAS, 'pandas/uses.py': text } }, 'tests');
    expect(left).toContain('pandas/tests/data/a.csv');
    expect(summary.notes).toEqual(['pandas/tests stays: pandas/uses.py imports it']);
    expect(summary.rules[0]).toMatchObject({ files: 0, bytes: 0 });
  });

  it('stay where an entry point names them', async () => {
    const points = {
      'other-1.0.dist-info/entry_points.txt': '[console_scripts]\nrun = pandas.tests.run:main\n',
    };
    const { summary } = await trimmed({ pandas: PANDAS, other: points }, 'tests');
    expect(summary.notes).toEqual(['pandas/tests stays: other-1.0.dist-info/entry_points.txt imports it']);
  });

  it('stay where tests that stay import them', async () => {
    const { left, summary } = await trimmed(
      {
        scipy: {
          'scipy/__init__.py': 'import scipy.linalg.tests\n',
          'scipy/linalg/__init__.py': '',
          'scipy/linalg/tests/__init__.py': 'import pandas.tests\n',
          'scipy/stats/tests/__init__.py': '',
        },
        pandas: PANDAS,
      },
      'tests',
    );
    expect(left).toContain('pandas/tests/__init__.py');
    expect(left).not.toContain('scipy/stats/tests/__init__.py');
    expect(summary.notes).toEqual([
      'pandas/tests stays: scipy/linalg/tests/__init__.py imports it',
      'scipy/linalg/tests stays: scipy/__init__.py imports it',
    ]);
  });

  it('of Django are what projects test with', async () => {
    const { left } = await trimmed({ django: { 'django/test/__init__.py': '' }, pandas: PANDAS }, 'tests');
    expect(left).toContain('django/test/__init__.py');
  });

  it('are not followed through links', async () => {
    const outside = temporaryFolder({ 'keep.py': '' });
    const folder = environment({ pandas: PANDAS });
    symlinkSync(outside, join(folder, SITE, 'pandas/tests/elsewhere'));
    symlinkSync(outside, join(folder, SITE, 'tests'));
    expect((await trim(folder, 'tests')).code).toBe(0);
    expect(existsSync(join(folder, SITE, 'pandas/tests'))).toBe(false);
    expect(existsSync(join(folder, SITE, 'tests/keep.py'))).toBe(true);
  });
});

describe('translations', () => {
  const LOCALE = 'django/conf/locale/de/LC_MESSAGES';
  const DJANGO: Files = {
    [`${LOCALE}/django.mo`]: 'compiled',
    [`${LOCALE}/django.po`]: 'source',
    [`${LOCALE}/other.po`]: 'nothing compiled from it',
  };

  it('keep what gettext reads, and sources that nothing was compiled from', async () => {
    const { left } = await trimmed({ django: DJANGO }, 'translations');
    expect(left).toEqual([`${LOCALE}/django.mo`, `${LOCALE}/other.po`]);
  });

  it('stay for an app that edits them', async () => {
    const { left, summary } = await trimmed({ django: DJANGO, 'django-rosetta': {} }, 'translations');
    expect(left).toContain(`${LOCALE}/django.po`);
    expect(summary.notes).toEqual(['.po files stay: django-rosetta reads them']);
  });
});

describe('sources', () => {
  it('go beside the module that was compiled from them', async () => {
    const { left } = await trimmed(
      {
        fast: {
          'fast/_speed.cpython-311-x86_64-linux-gnu.so': '',
          'fast/_speed.c': '',
          'fast/_speed.pyx': '',
          'fast/template.c': 'data of the package',
        },
        numba: { 'numba/core.abi3.so': '', 'numba/core.c': 'compiled at run time' },
      },
      'sources',
    );
    expect(left).toEqual([
      'fast/_speed.cpython-311-x86_64-linux-gnu.so',
      'fast/template.c',
      'numba/core.abi3.so',
      'numba/core.c',
    ]);
  });

  it('go where they lie apart in packages of the table, but not what a module names', async () => {
    const { left, summary } = await trimmed(
      {
        thinc: {
          'thinc/__init__.py': 'KERNELS = PATH / "_kernels.cu"\nHEADER = "named.h"\n',
          'thinc/named.h': '',
          'thinc/include/other.h': '',
          'thinc/_kernels.cu': '',
        },
      },
      'sources',
    );
    expect(left).toEqual(['thinc/__init__.py', 'thinc/_kernels.cu', 'thinc/named.h']);
    expect(summary.notes).toEqual(['thinc/named.h stays (1 in all): thinc names it']);
  });
});

it('stubs stay in packages that read them', async () => {
  const lazy = (module: string): string =>
    `import ${module}\n__getattr__, __dir__, __all__ = ${module}.attach_stub(__name__, __file__)\n`;
  const { left, summary } = await trimmed(
    {
      typed: { 'typed/__init__.py': '', 'typed/__init__.pyi': '', 'typed/py.typed': '' },
      'scikit-image': { 'skimage/__init__.py': lazy('lazy_loader'), 'skimage/__init__.pyi': '' },
      jedi: { 'jedi/typeshed.py': 'name + ".pyi"\n', 'jedi/third_party/builtins.pyi': '' },
      'django-stubs': { 'django-stubs/db/models.pyi': '' },
    },
    'stubs',
  );
  expect(left).toEqual([
    'jedi/third_party/builtins.pyi',
    'jedi/typeshed.py',
    'skimage/__init__.py',
    'skimage/__init__.pyi',
    'typed/__init__.py',
    'typed/py.typed',
  ]);
  expect(summary.notes).toHaveLength(2);
});

describe('symbols', () => {
  const KINDS = [
    { wide: true, littleEndian: true },
    { wide: true, littleEndian: false },
    { wide: false, littleEndian: true },
  ];

  it.each(KINDS.flatMap((kind) => [false, true].map((rewritten) => ({ ...kind, rewritten }))))(
    'go, and nothing that is mapped changes: %j',
    async (kind) => {
      const before = elfWithSymbols(kind);
      const { folder, summary } = await trimmed({ fast: { 'fast/lib.so.1': before } }, 'symbols');
      const after = readFileSync(join(folder, SITE, 'fast/lib.so.1'));
      const [old, now] = [readElf(before), readElf(after)];
      expect(before.length - after.length).toBeGreaterThan(0x4000);
      expect(summary.rules[0]).toMatchObject({ files: 1, bytes: before.length - after.length });
      expect(now.segments.map(({ address, bytes }) => ({ address, bytes }))).toEqual(
        old.segments.map(({ address, bytes }) => ({ address, bytes })),
      );
      for (const { offset, address, alignment } of now.segments)
        expect((address - offset) % alignment).toBe(0);
      // Indexes of sections stay: those that went are unused entries.
      expect(now.sections).toEqual(
        old.sections.map((section) =>
          ['.symtab', '.strtab', '.debug_info'].includes(section.name)
            ? { name: '', type: 0, bytes: Buffer.alloc(0) }
            : section,
        ),
      );
    },
  );

  it.each([
    ['data behind the last header', (data: Buffer) => Buffer.concat([data, Buffer.from('payload')])],
    ['no shared object', (data: Buffer) => (data.writeUInt16LE(1, 16), data)],
    ['cut short', (data: Buffer) => data.subarray(0, 0x1800)],
    ['no ELF file', () => Buffer.from('GROUP ( libc.so.6 )')],
  ])('stay in a file with %s', async (_what, change) => {
    const content = change(elfWithSymbols({ wide: true, littleEndian: true, rewritten: false }));
    const { folder, summary } = await trimmed({ fast: { 'fast/lib.so': content } }, 'symbols');
    expect(readFileSync(join(folder, SITE, 'fast/lib.so')).equals(content)).toBe(true);
    expect(summary.rules[0]).toMatchObject({ files: 0 });
  });

  it('stay where they are less than 1 % of the file', async () => {
    const kind = { wide: true, littleEndian: true, rewritten: false };
    const files = {
      'fast/more.so': elfWithSymbols({ ...kind, own: 2_000_000 }),
      'fast/less.so': elfWithSymbols({ ...kind, own: 2_600_000 }),
    };
    const { folder, summary } = await trimmed({ fast: files }, 'symbols');
    expect(summary.rules[0]).toMatchObject({ files: 1 });
    expect(readFileSync(join(folder, SITE, 'fast/less.so')).equals(files['fast/less.so'])).toBe(true);
  });

  it('stay where the table or a checksum beside the file says so', async () => {
    const data = elfWithSymbols({ wide: true, littleEndian: true, rewritten: false });
    const { summary } = await trimmed(
      { torch: { 'torch/lib/a.so': data, 'other/b.so': data, 'other/b.chk': '', 'x/fips.so': data } },
      'symbols',
    );
    expect(summary.rules[0]).toMatchObject({ files: 0 });
  });
});

describe('languages', () => {
  const mo = (folder: string, code: string): Files => ({ [`${folder}/${code}/LC_MESSAGES/django.mo`]: code });
  const DJANGO: Files = {
    'django/conf/locale/__init__.py': 'LANG_INFO = {}\n',
    ...Object.fromEntries(
      ['en', 'en_AU', 'de', 'de_CH', 'pt', 'pt_BR', 'zh_Hans', 'nb', 'nn'].flatMap((code) => [
        ...Object.entries(mo('django/conf/locale', code)),
        [`django/conf/locale/${code}/formats.py`, ''],
        [`django/conf/locale/${code}/__init__.py`, ''],
      ]),
    ),
  };
  const codes = (left: string[]): string[] => [
    ...new Set(left.flatMap((path) => /conf\/locale\/(\w+)\//.exec(path)?.[1] ?? [])),
  ];

  it.each([
    ['de', ['de', 'de_CH', 'en', 'en_AU']],
    ['pt-br', ['en', 'en_AU', 'pt', 'pt_BR']],
    ['zh-cn,DE-at', ['de', 'de_CH', 'en', 'en_AU', 'zh_Hans']],
    ['no', ['en', 'en_AU', 'nb', 'nn']],
    ['en-us', ['en', 'en_AU']],
  ])('%s keeps its variants and what it falls back to', async (languages, expected) => {
    const { left } = await trimmed({ django: DJANGO }, 'languages', '--languages', languages);
    expect(codes(left)).toEqual(expected);
    expect(left).toContain('django/conf/locale/__init__.py');
    expect(left).toContain('django/conf/locale/en/formats.py');
  });

  it('are those of other packages too, but no code that lies in a folder of that name', async () => {
    const { left } = await trimmed(
      {
        django: DJANGO,
        babel: {
          'babel/locale-data/root.dat': '',
          'babel/locale-data/de_AT.dat': '',
          'babel/locale-data/fr.dat': '',
        },
        pycountry: mo('pycountry/locales', 'fr'),
        words: { 'words/locale/fr/numbers.py': '' },
      },
      'languages',
      '--languages',
      'de',
    );
    expect(left.filter((path) => !path.startsWith('django/'))).toEqual([
      'babel/locale-data/de_AT.dat',
      'babel/locale-data/root.dat',
      'words/locale/fr/numbers.py',
    ]);
  });

  it('that no package has are noted: the project itself may have them', async () => {
    const { left, summary } = await trimmed({ django: DJANGO }, 'languages', '--languages', 'de,gr');
    expect(summary.notes).toEqual(['no package has the language gr; there are: de en no pt zh']);
    expect(left).toContain('django/conf/locale/de/LC_MESSAGES/django.mo');
  });
});

describe('botocore', () => {
  const service = (name: string): Files => ({ [`botocore/data/${name}/2020-01-01/service-2.json.gz`]: '' });
  const BOTOCORE: Files = {
    'botocore/data/endpoints.json': '{}',
    'botocore/data/_retry.json': '{}',
    ...Object.assign({}, ...['ec2', 's3', 's3control', 'sqs', 'sts', 'sso', 'sso-oidc'].map(service)),
  };

  it('keeps the services named, those for credentials and what belongs to no service', async () => {
    const boto3 = { 'boto3/data/ec2/2016-11-15/r.json': '', 'boto3/data/s3/2006-03-01/r.json': '' };
    const { left, summary } = await trimmed(
      { botocore: BOTOCORE, boto3 },
      'botocore',
      '--aws-services',
      's3',
    );
    expect(left).toEqual([
      'boto3/data/s3/2006-03-01/r.json',
      'botocore/data/_retry.json',
      'botocore/data/endpoints.json',
      ...['s3', 'sso-oidc', 'sso', 'sts'].map((name) => `botocore/data/${name}/2020-01-01/service-2.json.gz`),
    ]);
    expect(Object.keys(summary.rules[0]?.packages ?? {})).toEqual(['boto3', 'botocore']);
  });

  it('names similar services', async () => {
    const { code, stderr } = await trim(
      environment({ botocore: BOTOCORE }),
      'botocore',
      '--aws-services',
      's3,sqss',
    );
    expect(code).toBe(2);
    expect(stderr).toBe('trim_environment: there is no AWS service sqss; similar: sqs\n');
  });
});

it('keeps the descriptions of the Google APIs that are named, and the index', async () => {
  const at = 'googleapiclient/discovery_cache/documents';
  const { left } = await trimmed(
    {
      'google-api-python-client': {
        [`${at}/index.json`]: '',
        [`${at}/drive.v3.json`]: '',
        [`${at}/gmail.v1.json`]: '',
      },
    },
    'googleapis',
    '--google-apis',
    'drive.v3',
  );
  expect(left).toEqual([`${at}/drive.v3.json`, `${at}/index.json`]);
});

describe('the environment', () => {
  const DISTRIBUTIONS: Record<string, Files> = {
    pandas: {
      'pandas/__init__.py': '',
      'pandas/__pycache__/__init__.cpython-311.pyc': 'byte-code',
      'pandas/legacy.pyc': 'a module without its source',
      'pandas/tests/a, b.txt': '',
      'pandas/_lib.so': elfWithSymbols({ wide: true, littleEndian: true, rewritten: true }),
    },
  };

  it('has metadata of what is there', async () => {
    const { folder, summary } = await trimmed(DISTRIBUTIONS, 'tests,symbols');
    const program = [
      'import base64, hashlib, json, sys',
      'from importlib import metadata',
      '[one] = metadata.distributions(path=sys.argv[1:])',
      'rows = [[str(f), f.locate().exists(), f.hash and f.hash.value != "AAAA" and f.hash.value == base64.urlsafe_b64encode(hashlib.sha256(f.locate().read_bytes()).digest()).decode().rstrip("=")] for f in one.files]',
      'print(json.dumps(rows))',
    ].join('\n');
    const { stdout } = await runPython(['-c', program, join(folder, SITE)]);
    expect(JSON.parse(stdout)).toEqual([
      ['pandas/__init__.py', true, false],
      ['pandas/legacy.pyc', true, false],
      ['pandas/_lib.so', true, true],
      ['pandas-1.0.dist-info/METADATA', true, false],
      ['pandas-1.0.dist-info/RECORD', true, null],
    ]);
    expect(summary.rules.map(({ rule }) => rule)).toEqual(['bytecode', 'tests', 'symbols']);
  });

  it('may come from an installer that writes no hashes', async () => {
    const folder = environment(DISTRIBUTIONS);
    const record = join(folder, SITE, 'pandas-1.0.dist-info/RECORD');
    writeFileSync(
      record,
      'pandas/_lib.so,,\r\npandas/tests/\u00e4.py,,\r\npandas/caf\u00e9.py,,\r\n',
      'latin1',
    );
    writeFileSync(join(folder, SITE, 'pandas/tests/\u00e4.py'), '');
    const { code, stderr } = await trim(folder, 'tests,symbols');
    expect([code, stderr]).toEqual([0, '']);
    expect(readFileSync(record, 'latin1')).toMatch(/^pandas\/_lib\.so,,\r\n.*pandas\/caf\u00e9\.py,,\r\n$/s);
  });

  it('is the same after two runs, with the times of before', async () => {
    const [first, second] = [environment(DISTRIBUTIONS), environment(DISTRIBUTIONS)];
    for (const folder of [first, second])
      for (const name of ['.', 'pyvenv.cfg', `${SITE}/pandas`, SITE])
        utimesSync(join(folder, name), 1_600_000_000, 1_600_000_000);
    await trim(first, 'symbols,tests');
    await trim(second, 'tests,symbols');
    for (const path of ['../../../trimmed.json', ...filesOf(first), 'pandas-1.0.dist-info/RECORD']) {
      const [one, two] = [first, second].map((folder) => join(folder, SITE, path)) as [string, string];
      expect(readFileSync(one).equals(readFileSync(two)), path).toBe(true);
      expect(statSync(one).mtimeMs).toBe(statSync(two).mtimeMs);
    }
    const time = (name: string): number => statSync(join(first, name)).mtimeMs / 1000;
    expect(time(`${SITE}/pandas/_lib.so`)).toBe(1_700_000_000);
    for (const name of ['.', 'trimmed.json', `${SITE}/pandas`, SITE])
      expect(time(name), name).toBe(1_600_000_000);
  });

  it('is trimmed once', async () => {
    const { folder } = await trimmed(DISTRIBUTIONS, 'tests');
    const { code, stderr } = await trim(folder, 'tests');
    expect(code).toBe(2);
    expect(stderr).toContain('has been trimmed before');
  });

  it('is a virtual environment, or nothing goes', async () => {
    const folder = temporaryFolder({ [`${SITE}/pandas/tests/__init__.py`]: '' });
    const { code, stderr } = await trim(folder, 'tests');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^trim_environment: .* is no virtual environment: it has no pyvenv\.cfg\n$/);
    expect(existsSync(join(folder, SITE, 'pandas/tests/__init__.py'))).toBe(true);
  });
});

it('names an unknown rule', async () => {
  const { code, stderr } = await trim(environment({}), 'tests,everything');
  expect(code).toBe(2);
  expect(stderr).toContain('unknown rule everything; there are: tests, translations, sources');
});

describe('libraries for other programs to link', () => {
  const onnxruntime = {
    'onnxruntime/__init__.py': 'from .capi import state\n',
    'onnxruntime/capi/libonnxruntime.so.1.32.0': 'C API',
    'onnxruntime/capi/libonnxruntime_providers_shared.so': 'opened by name',
    'onnxruntime/capi/state.cpython-311-x86_64-linux-gnu.so': 'NEEDED libc.so.6',
  };

  it('go where nothing names them', async () => {
    const { left } = await trimmed({ onnxruntime }, 'sources');
    expect(left).not.toContain('onnxruntime/capi/libonnxruntime.so.1.32.0');
    expect(left).toContain('onnxruntime/capi/libonnxruntime_providers_shared.so');
  });

  it.each([
    ['another shared object', { 'genai/core.abi3.so': 'NEEDED libonnxruntime.so.1' }],
    ['a module', { 'genai/__init__.py': 'ctypes.CDLL("libonnxruntime.so")\n' }],
  ])('stay where %s names them', async (_, genai) => {
    const { left, summary } = await trimmed({ onnxruntime, genai }, 'sources');
    expect(left).toContain('onnxruntime/capi/libonnxruntime.so.1.32.0');
    expect(summary.notes.join()).toMatch(/libonnxruntime\.so\.1\.32\.0 stays: genai\//);
  });
});

it('stores files of the same content once, and lists them as before', async () => {
  const library = Buffer.alloc(20_000, 'fortran');
  const { folder, left, summary } = await trimmed(
    {
      numpy: { 'numpy.libs/libgfortran.so.5': library, 'numpy/small.py': 'x = 1\n' },
      scipy: {
        'scipy.libs/libgfortran.so.5': library,
        'scipy/small.py': 'x = 1\n',
        'scipy/other.so': 'x'.repeat(20_000),
      },
    },
    'duplicates',
  );
  const status = (path: string) => statSync(join(folder, SITE, path));
  expect(status('scipy.libs/libgfortran.so.5').ino).toBe(status('numpy.libs/libgfortran.so.5').ino);
  expect(status('scipy/small.py').ino).not.toBe(status('numpy/small.py').ino);
  expect(left).toEqual(expect.arrayContaining(['scipy.libs/libgfortran.so.5', 'scipy/other.so']));
  expect(summary.rules.find(({ rule }) => rule === 'duplicates')).toMatchObject({ files: 1, bytes: 20_000 });
  const record = readFileSync(join(folder, SITE, 'scipy-1.0.dist-info/RECORD'), 'utf8');
  expect(record).toContain('scipy.libs/libgfortran.so.5,');
});

it('stores shared objects once that are the same after their symbols went', async () => {
  const library = elfWithSymbols({ wide: true, littleEndian: true, rewritten: true });
  const { folder, summary } = await trimmed(
    { numpy: { 'numpy.libs/libgfortran.so.5': library }, scipy: { 'scipy.libs/libgfortran.so.5': library } },
    'symbols,duplicates',
  );
  const status = (path: string) => statSync(join(folder, SITE, path));
  expect(status('scipy.libs/libgfortran.so.5').ino).toBe(status('numpy.libs/libgfortran.so.5').ino);
  expect(summary.rules.map(({ files }) => files)).toEqual([2, 1]);
});

it('keeps what lies beside the packages, links and empty folders', async () => {
  const folder = environment({ numpy: { 'numpy/__init__.py': '' } });
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/f2py'), '#!/opt/venv/bin/python\n', { mode: 0o755 });
  symlinkSync('/usr/local/bin/python3', join(folder, 'bin/python'));
  symlinkSync('lib', join(folder, 'lib64'));
  mkdirSync(join(folder, 'include'));
  const { code } = await trim(folder, 'tests');
  expect(code).toBe(0);
  expect(statSync(join(folder, 'bin/f2py')).mode & 0o777).toBe(0o755);
  expect(readlinkSync(join(folder, 'bin/python'))).toBe('/usr/local/bin/python3');
  expect(readlinkSync(join(folder, 'lib64'))).toBe('lib');
  expect(existsSync(join(folder, 'include'))).toBe(true);
});

it('writes over nothing', async () => {
  const folder = environment({ numpy: { 'numpy/__init__.py': '' } });
  const output = temporaryFolder({ 'a.txt': '' });
  const script = join(temporaryFolder({ 'trim.py': renderScript('trim_environment.py') }), 'trim.py');
  const { code, stderr } = await runPython([script, folder, '--output', output, '--rules', 'tests']);
  expect(code).toBe(2);
  expect(stderr).toBe(`trim_environment: ${output} is not empty\n`);
});

describe('a pack', () => {
  const script = (): string =>
    join(temporaryFolder({ 'trim.py': renderScript('trim_environment.py') }), 'trim.py');
  /** Path → what it is: mode, time, content or target; files of one content by hard links have the first one's path. */
  const treeOf = (folder: string): Record<string, unknown> => {
    const inodes = new Map<number, string>();
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
    return Object.fromEntries(
      ['.', ...paths].map((path) => {
        const file = join(folder, path);
        const status = lstatSync(file);
        if (status.isSymbolicLink()) return [path, readlinkSync(file)];
        const seen = inodes.get(status.ino);
        if (status.isFile()) inodes.set(status.ino, seen ?? path);
        const content = status.isFile() ? (seen ?? readFileSync(file, 'latin1')) : null;
        return [path, [status.mode, status.mtimeMs, content]];
      }),
    );
  };
  const full = (): string => {
    const folder = environment({
      scipy: {
        'scipy/__init__.py': '',
        'scipy/empty.py': '',
        'scipy/grüße \u{1F600}.dat': 'x'.repeat(5000),
        'scipy/two.dat': 'x'.repeat(5000),
        'scipy/tests/test_a.py': '',
        'scipy/_c.cpython-311-x86_64-linux-gnu.so': elfWithSymbols({
          wide: true,
          littleEndian: true,
          rewritten: false,
        }),
      },
    });
    mkdirSync(join(folder, 'bin'), { mode: 0o750 });
    mkdirSync(join(folder, 'share'));
    symlinkSync('/usr/local/bin/python3', join(folder, 'bin/python'));
    symlinkSync('lib', join(folder, 'lib64'));
    writeFileSync(join(folder, 'bin/tool'), '#!/bin/sh\n', { mode: 0o755 });
    return folder;
  };
  const rules = ['--rules', 'tests,symbols,duplicates'];

  it('has what the folder would have: contents, modes, times, links', async () => {
    const folder = full();
    const output = temporaryFolder({});
    const pack = join(output, 'trimmed.pack');
    expect(await runPython([script(), folder, '--pack', pack, ...rules])).toMatchObject({ code: 0 });
    const unpacked = await runPython([script(), '--unpack', pack, '--output', join(output, 'unpacked')]);
    expect(unpacked).toMatchObject({ code: 0, stderr: '' });
    expect(unpacked.stdout).toMatch(/^\d+ files, 0\.0 MB\n$/);
    expect((await runPython([script(), folder, '--output', join(output, 'folder'), ...rules])).code).toBe(0);
    const tree = treeOf(join(output, 'folder'));
    expect(treeOf(join(output, 'unpacked'))).toEqual(tree);
    expect(tree).toHaveProperty('lib64', 'lib');
    expect(tree).not.toHaveProperty([`${SITE}/scipy/tests/test_a.py`]);
    expect(JSON.stringify(tree)).toContain(`${SITE}/scipy/grüße`);
  });

  it('is the same after two runs', async () => {
    const folder = full();
    const output = temporaryFolder({});
    const packs = ['one', 'two'].map((name) => join(output, name));
    for (const pack of packs) await runPython([script(), folder, '--pack', pack, ...rules]);
    expect(readFileSync(packs[0]!).equals(readFileSync(packs[1]!))).toBe(true);
  });

  it.each([
    [[], 'either an environment or --unpack is needed'],
    [['/opt/venv'], 'either --output or --pack is needed'],
    [['/opt/venv', '--unpack', 'x', '--output', 'y'], 'either an environment or --unpack is needed'],
    [['/opt/venv', '--pack', 'x', '--output', 'y'], 'either --output or --pack is needed'],
    [['--unpack', 'x'], 'either --output or --pack is needed'],
  ])('says what an option is missing: %j', async (options, message) => {
    const { code, stderr } = await runPython([script(), ...options, ...rules]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

it('trims nothing without a word of what may go', async () => {
  const script = join(temporaryFolder({ 'trim.py': renderScript('trim_environment.py') }), 'trim.py');
  const output = join(temporaryFolder({}), 'output');
  const { code, stderr } = await runPython([script, environment({}), '--output', output]);
  expect(code).toBe(2);
  expect(stderr).toContain('--rules is needed');
  expect(existsSync(output)).toBe(false);
});

describe('an environment in two layers', () => {
  const LARGE: Record<string, Files> = {
    scipy: {
      'scipy/__init__.py': 'from joblib.test import helper\n',
      'scipy/tests/__init__.py': '',
      'scipy/tests/test_a.py': '',
      'scipy/stats/tests/__init__.py': '',
      'scipy/stats/__init__.py': '',
      'scipy/_c.cpython-311-x86_64-linux-gnu.so': elfWithSymbols({
        wide: true,
        littleEndian: true,
        rewritten: false,
      }),
    },
  };
  const OTHERS: Record<string, Files> = {
    joblib: {
      'joblib/__init__.py': '',
      'joblib/one.dat': 'x'.repeat(5000),
      'joblib/two.dat': 'x'.repeat(5000),
      'joblib/test/__init__.py': '',
      'joblib/test/helper.py': '',
    },
    django: {
      'django/__init__.py': '',
      'django/locale/de/LC_MESSAGES/django.po': 'po',
      'django/locale/de/LC_MESSAGES/django.mo': 'mo',
    },
  };
  const RULES = 'tests,translations,symbols,duplicates';

  /** Both layers, one upon the other, as the Dockerfile makes them; and the environment in one layer. */
  async function layers(
    others: Record<string, Files>,
    change: (folder: string) => void = () => {},
    rules = RULES,
  ): Promise<{ layered: string; first: string; second: string; whole: string; outcome: Outcome }> {
    const first = environment(LARGE);
    const list = join(temporaryFolder({}), 'layer.json');
    expect(await trim(first, rules, '--first-layer', list)).toMatchObject({ code: 0, stderr: '' });
    const second = environment({ ...LARGE, ...others });
    change(second);
    const outcome = await trim(second, rules, '--without', list);
    const layered = temporaryFolder({});
    for (const layer of [first, second])
      if (existsSync(join(layer, SITE)) || existsSync(join(layer, 'pyvenv.cfg')))
        cpSync(layer, layered, { recursive: true });
    const { folder: whole } = await trimmed({ ...LARGE, ...others }, rules);
    return { layered, first, second, whole, outcome };
  }

  it('is what it would be in one, and no file is in both', async () => {
    const { layered, first, second, whole, outcome } = await layers(OTHERS);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(filesOf(layered)).toEqual(filesOf(whole));
    expect(filesOf(layered)).toContain('joblib/test/helper.py');
    expect(filesOf(layered)).not.toContain('scipy/tests/test_a.py');
    for (const path of [
      ...filesOf(whole),
      ...['scipy', 'django'].map((name) => `${name}-1.0.dist-info/RECORD`),
    ])
      expect(
        readFileSync(join(layered, SITE, path)).equals(readFileSync(join(whole, SITE, path))),
        path,
      ).toBe(true);
    expect(filesOf(first).filter((path) => filesOf(second).includes(path))).toEqual([]);
    expect(existsSync(join(second, 'pyvenv.cfg'))).toBe(false);
    expect(existsSync(join(second, SITE, 'scipy-1.0.dist-info'))).toBe(false);
  });

  it('knows what it was made of in a layer from a registry, too, where times are whole seconds', async () => {
    const late = (folder: string): void => {
      for (const file of Object.keys(contentsOf(folder)))
        utimesSync(file, 1_700_000_000.25, 1_700_000_000.25);
    };
    const list = join(temporaryFolder({}), 'layer.json');
    const first = environment(LARGE);
    late(first);
    await trim(first, RULES, '--first-layer', list);
    const second = environment({ ...LARGE, ...OTHERS });
    await trim(second, RULES, '--without', list);
    expect(filesOf(second).filter((path) => path.startsWith('scipy/'))).toEqual([]);
  });

  it('adds what only the other packages need of the first layer', async () => {
    const user = { 'shop/__init__.py': 'from scipy.stats import tests\n' };
    const { layered, second, whole, outcome } = await layers({ ...OTHERS, shop: user });
    expect(outcome.code).toBe(0);
    expect(filesOf(second)).toContain('scipy/stats/tests/__init__.py');
    expect(filesOf(second).filter((path) => path.startsWith('scipy/'))).toHaveLength(1);
    expect(filesOf(layered)).toEqual(filesOf(whole));
  });

  it('has what the second environment adds or changes without an installer', async () => {
    const { layered, first, second } = await layers(OTHERS, (folder) => {
      mkdirSync(join(folder, 'bin'));
      writeFileSync(join(folder, 'bin/tool'), '#!/bin/sh\n');
      writeFileSync(join(folder, SITE, 'scipy/stats/__init__.py'), 'patched = True\n');
    });
    expect(readFileSync(join(layered, SITE, 'scipy/stats/__init__.py'), 'utf8')).toBe('patched = True\n');
    expect(existsSync(join(layered, 'bin/tool'))).toBe(true);
    expect(existsSync(join(first, 'pyvenv.cfg'))).toBe(true);
    expect(existsSync(join(second, 'pyvenv.cfg'))).toBe(false);
  });

  it('says what the second one has taken away in vain', async () => {
    const { second } = await layers(OTHERS, (folder) =>
      rmSync(join(folder, SITE, 'scipy/stats/__init__.py')),
    );
    const { notes } = JSON.parse(readFileSync(join(second, 'trimmed-others.json'), 'utf8')) as Summary;
    expect(notes.join()).toMatch(
      /scipy\/stats\/__init__\.py is in the first layer all the same \(1 in all\)/,
    );
  });

  it('has a file of two packages as the one that is installed last left it', async () => {
    const shared = { 'scipy/__init__.py': 'from joblib.test import helper\n' };
    const { layered, whole } = await layers({ ...OTHERS, zscipy: { ...shared, 'zscipy.py': '' } });
    expect(filesOf(layered)).toEqual(filesOf(whole));
  });

  it('has a list for each layer', async () => {
    const { first, second } = await layers(OTHERS);
    const others = JSON.parse(readFileSync(join(second, 'trimmed-others.json'), 'utf8')) as Summary;
    const packages = ({ rules }: Summary): string[] => rules.flatMap((row) => Object.keys(row.packages));
    expect(packages(summaryOf(first))).toEqual(['scipy', 'scipy']);
    expect(packages(others)).toEqual(['django', 'joblib']);
  });

  it('has one version of each package, or nothing is written', async () => {
    const first = environment(LARGE);
    const list = join(temporaryFolder({}), 'layer.json');
    await trim(first, RULES, '--first-layer', list);
    writeFileSync(list, readFileSync(list, 'utf8').replace('"scipy": "1.0"', '"scipy": "0.9"'));
    const { code, stderr } = await trim(environment({ ...LARGE, ...OTHERS }), RULES, '--without', list);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'trim_environment: scipy 0.9 is in the first layer, 1.0 in the second: the requirements must pin one version of it\n',
    );
  });
});
