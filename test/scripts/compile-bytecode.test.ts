import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Outcome, renderScript, runPython, temporaryFolder } from './rendered-script.ts';

const MODULES = {
  'good.py':
    'import good_helper\nVALUE = "compiled"\nNAMES = {"a", "b", "c"}\nis_in = "x" in {"u", "v", "w", "x"}\n',
  'good_helper.py': '',
  'unused.py': '',
  'fails.py': 'import fails_helper\nraise RuntimeError("needs a server")\n',
  'fails_helper.py': '',
  'stops.py': 'print("noise")\nraise SystemExit(3)\n',
  'ends.py': 'import os\nos._exit(0)\n',
  'crashes.py': 'import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n',
  'hangs.py': 'import time\ntime.sleep(60)\n',
  'last.py': 'import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n',
};

const script = (): string =>
  renderScript('compile_bytecode.py').replace('SECONDS_PER_IMPORT = 60', 'SECONDS_PER_IMPORT = 2');

const project = (files: Record<string, string>): string =>
  temporaryFolder({
    'compile_bytecode.py': script(),
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [join('app', name), text])),
  });

async function compile(folder: string, mode: string, names: string[], output = 'pyc'): Promise<Outcome> {
  const options = {
    env: { PYTHONPATH: join(folder, 'app'), PYTHONDONTWRITEBYTECODE: '1', PYTHONHASHSEED: 'random' },
  };
  const args = [join(folder, 'compile_bytecode.py'), mode];
  if (mode === 'modules') return compileModules(folder, output, names, options);
  return runPython([...args, '--output', join(folder, output), ...names], options);
}

/** Into a pack, and that into a folder. */
async function compileModules(
  folder: string,
  output: string,
  args: string[],
  options: Parameters<typeof runPython>[1],
): Promise<Outcome> {
  const program = join(folder, 'compile_bytecode.py');
  const pack = join(folder, `${output}.pack`);
  const outcome = await runPython([program, 'modules', '--pack', pack, ...args], options);
  if (outcome.code !== 0) return outcome;
  const unpacked = await runPython([program, 'unpack', '--output', join(folder, output), pack], options);
  expect([unpacked.code, unpacked.stderr]).toEqual([0, '']);
  return outcome;
}

/** Compiled files of the project: module → content. */
function compiled(folder: string, output = 'pyc'): Map<string, Buffer> {
  const place = join(folder, output, folder, 'app');
  const files = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.pyc'),
  );
  return new Map(
    files.toSorted().map((name) => [name.replace(/\.cpython-.*$/, ''), readFileSync(join(place, name))]),
  );
}

it('compiles what the modules load, whatever some of them do', async () => {
  const folder = project(MODULES);
  const names = ['good', 'fails', 'stops', 'ends', 'crashes', 'hangs', 'missing', 'last'];
  const { code, stdout, stderr } = await compile(folder, 'modules', names);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const loaded = [
    'crashes',
    'ends',
    'fails',
    'fails_helper',
    'good',
    'good_helper',
    'hangs',
    'last',
    'stops',
  ];
  expect([...compiled(folder).keys()]).toEqual(loaded);
  const notes = stdout.split('\n').filter((line) => line.startsWith('  '));
  expect(notes).toEqual([
    '  fails RuntimeError: needs a server',
    '  stops SystemExit: 3',
    '  ends ended its process (exit code 0)',
    '  crashes ended its process (exit code -11)',
    '  hangs ended its process (exit code -14)',
    "  missing ModuleNotFoundError: No module named 'missing'",
  ]);
  expect(stdout).toMatch(/\d+ files, \d+\.\d MB of byte-code, \d+\.\d s\n$/);
});

it('compiles the standard library too', async () => {
  const folder = project(MODULES);
  await compile(folder, 'modules', ['good']);
  const files = readdirSync(join(folder, 'pyc'), { recursive: true, encoding: 'utf8' });
  expect(files.some((name) => /encodings\/utf_8\.cpython-\d+\.pyc$/.test(name))).toBe(true);
});

it.each(['modules', 'tree'])(
  'writes the same bytes twice, never checked against the source: %s',
  async (mode) => {
    const folder = project(MODULES);
    const names = mode === 'tree' ? [join(folder, 'app')] : ['good', 'fails'];
    await compile(folder, mode, names, 'one');
    await compile(folder, mode, names, 'two');
    const first = compiled(folder, 'one');
    expect(first.size).toBeGreaterThan(3);
    expect(compiled(folder, 'two')).toEqual(first);
    // PEP 552: the flags after the magic number; 1 is "hash, not checked".
    for (const bytes of first.values()) expect(bytes.readUInt32LE(4)).toBe(1);
  },
);

it('leaves no byte-code of its own where it unpacks', async () => {
  const folder = project(MODULES);
  await compile(folder, 'modules', ['good']);
  const own = join(folder, 'own');
  const args = ['-B', join(folder, 'compile_bytecode.py'), 'unpack', '--output', join(folder, 'two')];
  const { code } = await runPython([...args, join(folder, 'pyc.pack')], {
    env: { PYTHONPYCACHEPREFIX: own, PYTHONDONTWRITEBYTECODE: '', PYTHONHASHSEED: 'random' },
  });
  expect(code).toBe(0);
  expect(existsSync(own)).toBe(false);
});

it('packs the same bytes twice, and writes them with the date of Python', async () => {
  const folder = project(MODULES);
  for (const output of ['one', 'two']) await compile(folder, 'modules', ['good', 'fails'], output);
  expect(readFileSync(join(folder, 'one.pack'))).toEqual(readFileSync(join(folder, 'two.pack')));
  const place = join(folder, 'one');
  const dates = [place, ...readdirSync(place, { recursive: true, encoding: 'utf8' })].map(
    (path) => statSync(resolve(place, path)).mtimeMs,
  );
  expect(dates.length).toBeGreaterThan(20);
  expect(new Set(dates).size).toBe(1);
  expect(dates[0]).toBeLessThan(Date.now() - 60_000);
});

it('writes the same bytes whatever the process has loaded before', async () => {
  const set = '{"amg", "arpack", "lobpcg"}';
  const folder = project({
    'names.py': 'amg = arpack = lobpcg = 1\n',
    'sets.py': `print(${set})\n\n\ndef function():\n    print(${set})\n`,
  });
  await compile(folder, 'modules', ['sets'], 'alone');
  await compile(folder, 'modules', ['names', 'sets']);
  expect(compiled(folder).get('sets')).toEqual(compiled(folder, 'alone').get('sets'));
});

describe('with a cache that is kept between builds', () => {
  const value = async (folder: string): Promise<string> =>
    (
      await runPython(['-c', 'import good; print(good.VALUE)'], {
        env: { PYTHONPATH: join(folder, 'app'), PYTHONPYCACHEPREFIX: join(folder, 'pyc') },
      })
    ).stdout;
  const cached = (folder: string): Promise<Outcome> =>
    compile(folder, 'modules', ['--cache', join(folder, 'cache'), 'good', 'fails']);

  it('writes the same bytes as without one, the second time too', async () => {
    const folder = project(MODULES);
    await compile(folder, 'modules', ['good', 'fails'], 'without');
    await cached(folder);
    const first = compiled(folder);
    await cached(folder);
    expect(compiled(folder)).toEqual(first);
    expect(first).toEqual(compiled(folder, 'without'));
  });

  it('takes nothing of another source of the same size and time', async () => {
    const folder = project(MODULES);
    const file = join(folder, 'app/good.py');
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    await cached(folder);
    expect(await value(folder)).toBe('compiled\n');
    writeFileSync(file, MODULES['good.py'].replace('"compiled"', '"replaced"'));
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    const { code } = await cached(folder);
    expect(code).toBe(0);
    expect(await value(folder)).toBe('replaced\n');
  });

  const inCache = (folder: string): Buffer => readFileSync(join(folder, 'cache/bytecode'));

  it('compiles nothing again', async () => {
    const folder = project(MODULES);
    await cached(folder);
    const before = inCache(folder);
    // What only the cache says.
    const changed = before.toString('latin1').replaceAll('compiled', 'from hit');
    writeFileSync(join(folder, 'cache/bytecode'), changed, 'latin1');
    rmSync(join(folder, 'pyc'), { recursive: true });
    await cached(folder);
    expect(await value(folder)).toBe('from hit\n');
    expect(inCache(folder).toString('latin1')).toBe(changed);
  });

  it.each(['', 'no byte-code', 'cut short'])('does without a damaged one (%s)', async (content) => {
    const folder = project(MODULES);
    await cached(folder);
    const whole = inCache(folder);
    const damaged = content === 'cut short' ? whole.subarray(0, whole.length / 2) : content;
    writeFileSync(join(folder, 'cache/bytecode'), damaged);
    rmSync(join(folder, 'pyc'), { recursive: true });
    const { code, stderr } = await cached(folder);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(await value(folder)).toBe('compiled\n');
    expect(inCache(folder)).toEqual(whole);
  });
});

describe('where the environment has changed since', () => {
  const dist = (name: string, files: Record<string, string>, entryPoints = ''): Record<string, string> => ({
    ...files,
    [`${name}-1.0.dist-info/entry_points.txt`]: entryPoints,
    [`${name}-1.0.dist-info/RECORD`]: [...Object.keys(files), `${name}-1.0.dist-info/RECORD`]
      .map((path) => `${path},sha256=${(files[path] ?? '').length},\n`)
      .join(''),
  });
  /** Tells how often it was imported. */
  const COUNTING = 'import os\nwith open(os.environ["COUNT"], "a") as file:\n    file.write("x")\n';
  const SHOP = dist('shop', {
    'shop/__init__.py': `${COUNTING}try:\n    import fast\nexcept ImportError:\n    from . import slow\n`,
    'shop/slow.py': '',
  });

  /** Compiles what `shop` loads, in a virtual environment that gets more packages between two builds. */
  async function twice(
    more: Record<string, string>,
    before = SHOP,
  ): Promise<{ imports: number; files: string[] }> {
    const folder = project({});
    const venv = join(folder, 'venv');
    await runPython(['-m', 'venv', '--without-pip', venv]);
    const site = join(venv, 'lib', readdirSync(join(venv, 'lib'))[0] ?? '', 'site-packages');
    const write = (files: Record<string, string>): void => {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(site, path)), { recursive: true });
        writeFileSync(join(site, path), content);
      }
    };
    const count = join(folder, 'count');
    const build = async (output: string): Promise<string[]> => {
      const { code, stderr } = await compileModules(
        folder,
        output,
        ['--cache', join(folder, 'cache'), 'shop'],
        { python: join(venv, 'bin/python'), env: { PYTHONPATH: '', COUNT: count } },
      );
      expect([code, stderr]).toEqual([0, '']);
      return readdirSync(join(folder, output, site), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.pyc'))
        .map((name) => name.replace(/\.cpython-.*$/, ''))
        .toSorted();
    };
    write(before);
    expect(await build('first')).toEqual(['shop/__init__', 'shop/slow']);
    write(more);
    const files = await build('second');
    return { imports: readFileSync(count, 'utf8').length, files };
  }

  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['a package that nothing looked for', dist('other', { 'other/__init__.py': 'import os\n' })],
    ['one with a script', dist('tool', { 'tool.py': '' }, '[console_scripts]\ntool = tool:main\n')],
  ])('nothing is imported again: %s', async (_, more) => {
    expect(await twice(more)).toEqual({ imports: 1, files: ['shop/__init__', 'shop/slow'] });
  });

  it('a failure is not kept: it may have been for want of memory or a system library', async () => {
    const failing = { ...SHOP, 'shop/slow.py': 'raise OSError("no library")\n' };
    expect((await twice({}, failing)).imports).toBe(2);
  });

  it.each<[string, Record<string, string>, string[]]>([
    [
      'a package that was looked for',
      dist('fast', { 'fast/__init__.py': '' }),
      ['fast/__init__', 'shop/__init__'],
    ],
    [
      'another release of one that was loaded',
      dist('shop', { 'shop/__init__.py': `${COUNTING}from . import new\n`, 'shop/new.py': '' }),
      ['shop/__init__', 'shop/new'],
    ],
    [
      'a plugin',
      dist('plugin', { 'plugin.py': '' }, '[shop.plugins]\na = plugin\n'),
      ['shop/__init__', 'shop/slow'],
    ],
    ['what no distribution lists', { 'loose.py': '' }, ['shop/__init__', 'shop/slow']],
    ['a file that was changed by hand', { 'shop/slow.py': '# patched\n' }, ['shop/__init__', 'shop/slow']],
  ])('all is imported again: %s', async (_, more, files) => {
    expect(await twice(more)).toEqual({ imports: 2, files });
  });
});

it('is found by Python under PYTHONPYCACHEPREFIX', async () => {
  const folder = project(MODULES);
  await compile(folder, 'modules', ['good']);
  writeFileSync(join(folder, 'app/good.py'), 'VALUE = "changed since"\n');
  const { stdout } = await runPython(['-c', 'import good; print(good.VALUE)'], {
    env: { PYTHONPATH: join(folder, 'app'), PYTHONPYCACHEPREFIX: join(folder, 'pyc') },
  });
  expect(stdout).toBe('compiled\n');
});

it('compiles a tree and names what is no Python 3', async () => {
  const folder = project({
    'manage.py': '',
    'shop/models.py': 'WARNS = "\\d"\n',
    'shop/tests/test_models.py': '',
    'shop/conf/app_template/views.py': 'class {{ name }}:\n',
    'legacy.py': 'print "Python 2"\n',
    'binary.py': '\u0000',
    '.hidden/skipped.py': '',
  });
  const { code, stdout, stderr } = await compile(folder, 'tree', [join(folder, 'app')]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect([...compiled(folder).keys()]).toEqual(['manage', 'shop/models', 'shop/tests/test_models']);
  expect(stdout).toContain('Note: 3 not loaded or not compiled');
  expect(stdout).toContain(join(folder, 'app/legacy.py'));
});

describe('with an application', () => {
  const PROJECT = {
    'app/site_wsgi.py': 'import shop\nimport elsewhere\nimport json.tool\napplication = shop\n',
    'app/shop.py': '',
    'app/unused.py': '',
    'packages/elsewhere.py': '',
  };
  async function load(
    files: Record<string, string>,
    ...args: string[]
  ): Promise<Outcome & { folder: string }> {
    const folder = temporaryFolder({ 'compile_bytecode.py': script(), ...files });
    const outcome = await runPython(
      [
        join(folder, 'compile_bytecode.py'),
        'tree',
        '--output',
        join(folder, 'out'),
        ...args,
        join(folder, 'app'),
      ],
      {
        env: {
          PYTHONPATH: `${join(folder, 'app')}:${join(folder, 'packages')}`,
          PYTHONDONTWRITEBYTECODE: '1',
        },
      },
    );
    return { ...outcome, folder };
  }
  const names = (folder: string): string[] =>
    readdirSync(join(folder, 'out'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.pyc'))
      .map((name) => name.replace(/^.*\//, '').replace(/\.cpython-.*$/, ''));

  it('compiles what it loads from elsewhere, too', async () => {
    const { code, folder, stdout } = await load(PROJECT, '--application', 'site_wsgi:application');
    expect(code).toBe(0);
    expect(names(folder)).toEqual(
      expect.arrayContaining(['elsewhere', 'shop', 'site_wsgi', 'tool', 'unused']),
    );
    // There is no Django here: its parts are named, and the image is built all the same.
    expect(stdout).toMatch(/URLs of the project: ModuleNotFoundError: No module named 'django'/);
  });

  it('compiles only what has changed since the build before, with a cache', async () => {
    const files = {
      ...PROJECT,
      'app/shop.py': 'VALUE = "same"\n',
      'app/unused.py': 'VALUE = "other"\n',
      'app/gone.py': '',
    };
    const cache = join(temporaryFolder({}), 'cache');
    const folder = temporaryFolder({ 'compile_bytecode.py': script(), ...files });
    const build = async (output: string): Promise<Map<string, string>> => {
      const { code } = await runPython(
        [
          ...[
            join(folder, 'compile_bytecode.py'),
            'tree',
            '--output',
            join(folder, output),
            '--cache',
            cache,
          ],
          ...['--application', 'site_wsgi:application', join(folder, 'app')],
        ],
        { env: { PYTHONPATH: `${join(folder, 'app')}:${join(folder, 'packages')}` } },
      );
      expect(code).toBe(0);
      const place = join(folder, output, folder, 'app');
      return new Map(
        readdirSync(place).map((name) => [
          name.split('.')[0] ?? '',
          readFileSync(join(place, name), 'latin1'),
        ]),
      );
    };
    const first = await build('first');
    expect(await build('second')).toEqual(first);
    // What only the cache says.
    const stored = readFileSync(join(cache, 'code'), 'latin1');
    writeFileSync(
      join(cache, 'code'),
      stored.replaceAll('same', 'kept').replaceAll('other', 'stays'),
      'latin1',
    );
    writeFileSync(join(folder, 'app/site_wsgi.py'), 'import shop\napplication = shop\nNEW = "new"\n');
    rmSync(join(folder, 'app/gone.py'));
    const third = await build('third');
    expect(third.get('shop')).toContain('kept');
    expect(third.get('unused')).toContain('stays');
    expect(third.get('site_wsgi')).toContain('NEW');
    expect([...third.keys()].toSorted()).toEqual(['shop', 'site_wsgi', 'unused']);
    expect(readFileSync(join(cache, 'code'), 'latin1')).not.toContain('gone');
  });

  it('leaves out what is compiled already', async () => {
    const folder = temporaryFolder({ 'compile_bytecode.py': script(), ...PROJECT });
    const env = {
      PYTHONPATH: `${join(folder, 'app')}:${join(folder, 'packages')}`,
      PYTHONDONTWRITEBYTECODE: '1',
    };
    await compileModules(folder, 'first', ['elsewhere'], { env });
    const args = ['tree', '--output', join(folder, 'out'), '--compiled', join(folder, 'first')];
    const application = ['--application', 'site_wsgi:application', join(folder, 'app')];
    await runPython([join(folder, 'compile_bytecode.py'), ...args, ...application], { env });
    expect(names(folder)).not.toContain('elsewhere');
    expect(names(folder)).toContain('site_wsgi');
  });

  it('fails where the application cannot be imported', async () => {
    const { code, stderr } = await load(
      { 'app/site_wsgi.py': 'import not_there\n' },
      '--application',
      'site_wsgi:application',
    );
    expect(code).toBe(1);
    expect(stderr).toContain("No module named 'not_there'");
    expect(stderr).toContain('site_wsgi:application cannot be imported: it would not start either.');
  });
});

it('says how it is called', async () => {
  const folder = project({});
  const { code, stderr } = await compile(folder, 'nonsense', []);
  expect(code).toBe(2);
  expect(stderr).toContain('usage:');
  for (const [args, message] of [
    [['modules', 'good'], '--pack is needed'],
    [['tree', 'app'], '--output is needed'],
    [['unpack', '--output', 'pyc'], 'unpack takes one pack'],
  ] as const) {
    const refused = await runPython([join(folder, 'compile_bytecode.py'), ...args]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
  }
});
