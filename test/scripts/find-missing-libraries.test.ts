import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sharedLibraryLines } from '../../generators/app/planning/shared-libraries.ts';
import { elf, OWN_MACHINE, type ElfFile } from './elf.ts';
import {
  type Constants,
  evaluate,
  type Outcome,
  renderScript,
  runPython,
  temporaryFolder,
} from './rendered-script.ts';

const SITE = 'venv/lib/python3.12/site-packages';

interface Environment {
  /** Path in site-packages (in the environment, with a leading `/`) → what the file is. */
  files: Record<string, Partial<ElfFile> | Buffer>;
  /** Distribution → its files. */
  records?: Record<string, string[]>;
  /** Path → what ldd says to it, where that is not "not found" for each library. */
  found?: Record<string, string[]>;
  constants?: Constants;
  options?: string[];
}

const isBytes = (file: Partial<ElfFile> | Buffer): file is Buffer => Buffer.isBuffer(file);

/** Sweeps an environment made of these files; the linker's programs are stand-ins that know libc.so.6 and libm.so.6. */
async function sweep({ files, records, found, constants, options = [] }: Environment): Promise<Outcome> {
  const folder = temporaryFolder({
    'find_missing_libraries.py': renderScript('find_missing_libraries.py', constants),
    'bin/ldconfig': `#!/bin/sh\nfor name in libc.so.6 libm.so.6; do printf '\\t%s (libc6,x86-64) => /lib/%s\\n' $name $name; done\n`,
    'bin/ldd': '#!/bin/sh\ncat "$1.said"\n',
  });
  for (const name of ['ldconfig', 'ldd']) chmodSync(join(folder, 'bin', name), 0o755);
  for (const [path, file] of Object.entries(files)) {
    const place = join(folder, path.startsWith('/') ? `venv${path}` : join(SITE, path));
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, isBytes(file) ? file : elf({ machine: OWN_MACHINE, ...file }));
    const needed = isBytes(file) ? [] : (file.needed ?? []);
    const lines = needed.map((name) =>
      found?.[path]?.includes(name) ? `\t${name} => /opt/x/${name} (0x00)` : `\t${name} => not found`,
    );
    writeFileSync(`${place}.said`, `${lines.join('\n')}\n`);
  }
  for (const [name, paths] of Object.entries(records ?? {})) {
    const info = join(folder, SITE, `${name}-1.0.dist-info`);
    mkdirSync(info, { recursive: true });
    writeFileSync(join(info, 'METADATA'), `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`);
    writeFileSync(join(info, 'RECORD'), paths.map((path) => `${path},,\n`).join(''));
  }
  return runPython(['-B', join(folder, 'find_missing_libraries.py'), join(folder, 'venv'), ...options], {
    env: { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` },
  });
}

const MODULE = 'xmlsec.so';

describe.runIf(process.platform === 'linux')('an environment', () => {
  it('that lacks a library fails, with who wants it, its package, and the whole value to pass on', async () => {
    const { code, stderr, stdout } = await sweep({
      files: { [MODULE]: { needed: ['libc.so.6', 'libxmlsec1-openssl.so.1', 'libxmlsec1.so.1'] } },
      records: { xmlsec: [MODULE] },
      constants: { runtimeLibraries: ['libpq5', 'libgomp1'] },
    });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      [
        'find_missing_libraries: production would lack 2 system libraries.',
        '  libxmlsec1-openssl.so.1  wanted by xmlsec (xmlsec.so)',
        '      Debian package: libxmlsec1t64-openssl',
        '  libxmlsec1.so.1  wanted by xmlsec (xmlsec.so)',
        '      Debian package: libxmlsec1t64',
        'Install them: npx generator-backendai-docker --runtime-libraries "libpq5,libgomp1,libxmlsec1t64,libxmlsec1t64-openssl"',
        'If the project does without them, say so in the Dockerfile, stage libraries:',
        '  find_missing_libraries.py /opt/venv --optional libxmlsec1-openssl.so.1 libxmlsec1.so.1',
        '',
      ].join('\n'),
    );
  });

  it('names the package of the release of the base image', async () => {
    const files = { 'a.so': { needed: ['libxmlsec1.so.1'] } };
    const constants = { debianLibraries: sharedLibraryLines('bookworm', 92), debianRelease: 'bookworm' };
    const { stderr } = await sweep({ files, constants });
    expect(stderr).toContain('wanted by no distribution (a.so)\n      Debian package: libxmlsec1\n');
  });

  it('that has every library passes', async () => {
    const { code, stdout, stderr } = await sweep({
      files: {
        'a.so': { needed: ['libc.so.6', 'libm.so.6'] },
        'readme.so.txt': Buffer.from('no library'),
        'cut.so': elf({ machine: OWN_MACHINE, needed: ['libgone.so.1'] }).subarray(0, 90),
        'empty.so': Buffer.alloc(0),
      },
    });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 shared objects, no library missing, \d\.\d s\n$/);
  });

  it.each<[string, Environment]>([
    [
      'a file of the name in another wheel',
      { files: { 'torchvision/_C.so': { needed: ['libtorch.so'] }, 'torch/lib/libtorch.so': {} } },
    ],
    [
      'the SONAME of a file in the environment',
      { files: { 'a.so': { needed: ['libx-1.so'] }, 'a.libs/libx-0a1b.so.1.2': { soname: 'libx-1.so' } } },
    ],
    [
      'what the dynamic linker finds by itself: RPATH',
      { files: { 'a.so': { needed: ['libx.so.1'] } }, found: { 'a.so': ['libx.so.1'] } },
    ],
    [
      'another Python’s extension module',
      { files: { 'a.cpython-27-x86_64-linux-gnu.so': { needed: ['libx.so.1'] } } },
    ],
    [
      'another Python’s library',
      { files: { 'a.so': { needed: ['libx.so.1', 'libpython2.7.so.1.0', 'libc.so.6'] } } },
    ],
    ['musl', { files: { 'a.so': { needed: ['libx.so.1', 'libc.musl-x86_64.so.1'] } } }],
    ['Android', { files: { 'a.so': { needed: ['libx.so.1', 'libc.so'] } } }],
    ['another processor', { files: { 'a.so': { needed: ['libx.so.1'], machine: 8 } } }],
    ['a 32-bit file', { files: { 'a.so': { needed: ['libx.so.1'], machine: 3, wide: false } } }],
  ])('does not miss what is there or foreign: %s', async (_, environment) => {
    const { code, stderr } = await sweep(environment);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('is looked through whole: programs, versioned names, folders of libraries', async () => {
    const { stderr } = await sweep({
      files: {
        '/bin/uwsgi': { needed: ['libexpat.so.1'] },
        'deep/er/libthing.so.3.1': { needed: ['libgomp.so.1.0.0'] },
      },
    });
    expect(stderr).toContain('libexpat.so.1  wanted by no distribution (uwsgi)');
    expect(stderr).toContain('libgomp.so.1.0.0  wanted by no distribution (libthing.so.3.1)');
    expect(stderr).toContain('--runtime-libraries "libgomp1,libexpat1"');
  });

  it('says how to find a package that is not in its table', async () => {
    const { stderr } = await sweep({
      files: {
        'a.so': { needed: ['libseldom.so.4', 'libicuuc.so.66'] },
        'b.so': { needed: ['libseldom.so.4'] },
      },
    });
    expect(stderr).toContain(
      'https://packages.debian.org/search?searchon=contents&mode=exactfilename&suite=trixie&keywords=libseldom.so.4',
    );
    expect(stderr).toContain('Debian trixie has another version, libicuuc.so.76 (libicu76)');
    expect(stderr).toContain('--runtime-libraries "libgomp1,PACKAGE"');
    expect(stderr).toMatch(/libseldom\.so\.4 {2}wanted by no distribution \([ab]\.so\), no distribution/);
  });

  it('does without what is known to be optional, in a note', async () => {
    const { code, stdout, stderr } = await sweep({
      files: {
        'numba/np/ufunc/tbbpool.so': { needed: ['libtbb.so.12'] },
        'torch/lib/libcaffe2_nvrtc.so': { needed: ['libcuda.so.1'] },
      },
      records: { numba: ['numba/np/ufunc/tbbpool.so'], torch: ['torch/lib/libcaffe2_nvrtc.so'] },
    });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain(
      'Note: numba works without libtbb.so.12 (a threading layer of several; numba takes one that is there)',
    );
    expect(stdout).toContain('Note: torch works without libcuda.so.1 (NVIDIA');
  });

  it('does not take one package’s optional library for another’s', async () => {
    const { code } = await sweep({
      files: { 'solver.so': { needed: ['libtbb.so.12'] } },
      records: { solver: ['solver.so'] },
    });
    expect(code).toBe(1);
  });

  it.each([['libx.so.1'], ['libx*'], ['liby.so.1', 'libx.so.1']])(
    'does without what the Dockerfile allows: --optional %s',
    async (...names) => {
      const files = { 'a.so': { needed: ['libx.so.1'] } };
      const { code, stdout } = await sweep({ files, options: ['--optional', ...names] });
      expect(code).toBe(0);
      expect(stdout).toContain('works without libx.so.1 (--optional)');
    },
  );
});

it.each([
  { wide: true, littleEndian: true },
  { wide: false, littleEndian: true },
  { wide: true, littleEndian: false },
  { wide: false, littleEndian: false },
])('reads the dynamic section: %o', async (form) => {
  const folder = temporaryFolder({ 'script.py': renderScript('find_missing_libraries.py') });
  const path = join(folder, 'a.so');
  writeFileSync(
    path,
    elf({ ...form, machine: 21, needed: ['libone.so.1', 'libtwo.so'], soname: 'liba.so.0' }),
  );
  const read = `script.read_shared_object(${JSON.stringify(path)})`;
  expect(await evaluate(join(folder, 'script.py'), `[${read}.needed, ${read}.sonames]`)).toEqual([
    ['libone.so.1', 'libtwo.so'],
    ['liba.so.0'],
  ]);
});
