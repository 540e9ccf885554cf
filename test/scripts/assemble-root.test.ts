import { mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { elf, OWN_MACHINE } from './elf.ts';
import { evaluate, renderScript, temporaryFolder } from './rendered-script.ts';

const python = (value: unknown): string => JSON.stringify(value);

/** A folder with the script, what it imports, and these files; a text `-> x` is a link to x. */
function folderWith(files: Record<string, string | Buffer> = {}): string {
  const folder = temporaryFolder({
    'script/assemble_root.py': renderScript('assemble_root.py'),
    'script/find_missing_libraries.py': renderScript('find_missing_libraries.py'),
  });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (typeof text === 'string' && text.startsWith('-> ')) symlinkSync(text.slice(3), join(folder, path));
    else writeFileSync(join(folder, path), text);
  }
  return folder;
}

const ask = (folder: string, expression: string): Promise<unknown> =>
  evaluate(join(folder, 'script/assemble_root.py'), expression, { PYTHONPATH: join(folder, 'script') });

const STATUS = `Package: libpq5
Status: install ok installed
Architecture: amd64
Depends: libc6 (>= 2.38), libldap2 (>= 2.6.2) | libldap-any, debconf (>= 0.5) | debconf-2.0
Description: PostgreSQL C client library
 Libpq is a C library.
 .
 It enables programs.

Package: libldap2
Status: install ok installed
Pre-Depends: libsasl2-2:any
Depends: dash, libpq5

Package: libsasl2-2t64
Status: install ok installed
Provides: libsasl2-2 (= 2.1), libsasl2-any

Package: libc6
Status: install ok installed

Package: dash
Essential: yes
Status: install ok installed

Package: debconf
Status: install ok installed

Package: gone
Status: deinstall ok config-files`;

describe('Debian packages', () => {
  const packages = `script.read_status(${python(STATUS)})`;

  it('are those that are installed, each with its whole stanza', async () => {
    const folder = folderWith();
    expect(await ask(folder, `sorted(${packages})`)).toEqual([
      'dash',
      'debconf',
      'libc6',
      'libldap2',
      'libpq5',
      'libsasl2-2t64',
    ]);
    expect(await ask(folder, `${packages}["libpq5"]["stanza"]`)).toBe(STATUS.split('\n\n')[0]);
  });

  it('come with what they depend on, of alternatives the one that is there, without what only installs', async () => {
    expect(await ask(folderWith(), `script.with_dependencies(["libpq5"], ${packages})`)).toEqual([
      'libpq5',
      'libldap2',
      'libsasl2-2t64',
    ]);
  });

  it('are taken whatever they are where they are chosen', async () => {
    expect(await ask(folderWith(), `script.with_dependencies(["dash"], ${packages})`)).toEqual(['dash']);
  });

  it.each([
    ['libldap2', 'libldap2'],
    ['libsasl2-2', 'libsasl2-2t64'],
    ['libsasl2-any', 'libsasl2-2t64'],
    ['gone', null],
  ])('are found by their name or by one that they provide: %s', async (name, found) => {
    expect(await ask(folderWith(), `script.find_package(${python(name)}, ${packages})`)).toBe(found);
  });

  it.each([
    ['/lib/x86_64-linux-gnu/libc.so.6', '/usr/lib/x86_64-linux-gnu/libc.so.6'],
    ['/lib64/ld-linux-x86-64.so.2', '/usr/lib64/ld-linux-x86-64.so.2'],
    ['/bin', '/usr/bin'],
    ['/sbin/ldconfig', '/usr/sbin/ldconfig'],
    ['/library/x', '/library/x'],
    ['/usr/lib/x', '/usr/lib/x'],
    ['/opt/lib/x', '/opt/lib/x'],
  ])('have their files in /usr, whatever dpkg records: %s', async (path, expected) => {
    expect(await ask(folderWith(), `script.merged(${python(path)})`)).toBe(expected);
  });

  it.each([
    ['/usr/share/proj/proj.db', true],
    ['/usr/share/gdal/gcs.csv', true],
    ['/usr/lib/file/magic.mgc', true],
    ['/etc/fonts/fonts.conf', true],
    ['/usr/bin/pdftotext', true],
    ['/usr/share/man/man1/pdftotext.1.gz', false],
    ['/usr/share/doc/libpq5/copyright', false],
    ['/usr/include/proj.h', false],
    ['/usr/lib/x86_64-linux-gnu/pkgconfig/proj.pc', false],
    ['/usr/lib/x86_64-linux-gnu/libproj.a', false],
    ['/usr/lib/systemd/system/x.service', false],
    ['/etc/init.d/x', false],
  ])('bring what is read at run time: %s', async (path, taken) => {
    expect(await ask(folderWith(), `not script.UNUSED_FILES.match(${python(path)})`)).toBe(taken);
  });
});

describe('a tree', () => {
  const tree = (folder: string, path: string): string => {
    const place = python(join(folder, path));
    const relative = `{path[${folder.length}:]: [entry.kind, entry.text] for path, entry in tree.entries.items()}`;
    return `[tree := script.Tree(), tree.take(${place}), ${relative}][1:]`;
  };

  it('gets each link on the way to a file, and the file where it is', async () => {
    const folder = folderWith({
      lib: '-> usr/lib',
      'usr/lib/x/libssl.so': '-> libssl.so.3',
      'usr/lib/x/libssl.so.3': '-> ../y/libssl.so.3.1',
      'usr/lib/y/libssl.so.3.1': 'library',
    });
    expect(await ask(folder, tree(folder, 'lib/x/libssl.so'))).toEqual([
      join(folder, 'usr/lib/y/libssl.so.3.1'),
      {
        '/lib': ['link', 'usr/lib'],
        '/usr/lib/x/libssl.so': ['link', 'libssl.so.3'],
        '/usr/lib/x/libssl.so.3': ['link', '../y/libssl.so.3.1'],
        '/usr/lib/y/libssl.so.3.1': ['file', null],
      },
    ]);
  });

  it('gets no file that is not there, and no end of links that go round', async () => {
    const folder = folderWith({ a: '-> b', b: '-> a' });
    expect(await ask(folder, tree(folder, 'nothing'))).toEqual([null, {}]);
    expect(await ask(folder, `${tree(folder, 'a')}[0]`)).toBeNull();
    expect(readlinkSync(join(folder, 'a'))).toBe('b');
  });

  it('gets the standard library without what no server imports', async () => {
    const wanted = [
      'ssl.py',
      'pydoc.py',
      'unittest/mock.py',
      'distutils/version.py',
      'lib-dynload/_ssl.cpython-312-x86_64-linux-gnu.so',
    ];
    const unwanted = [
      'site-packages/pip/__init__.py',
      'ensurepip/__init__.py',
      'idlelib/a.py',
      'tkinter/b.py',
      'lib2to3/c.py',
      'pydoc_data/topics.py',
      'test/d.py',
      'unittest/test/e.py',
      'distutils/tests/f.py',
      'config-3.12-x86_64-linux-gnu/Makefile',
      'turtle.py',
      '__pycache__/ssl.cpython-312.pyc',
      'json/__pycache__/decoder.cpython-312.pyc',
      'lib-dynload/_testcapi.cpython-312-x86_64-linux-gnu.so',
      'lib-dynload/_tkinter.cpython-312-x86_64-linux-gnu.so',
      'lib-dynload/nis.cpython-312-x86_64-linux-gnu.so',
    ];
    const files = Object.fromEntries([...wanted, ...unwanted].map((path) => [`python/${path}`, '']));
    const folder = folderWith(files);
    const top = join(folder, 'python');
    const expression = `[tree := script.Tree(), tree.take_all(${python(top)}, script.UNUSED_MODULES), sorted(path[${top.length + 1}:] for path in tree.files())][2]`;
    expect(await ask(folder, expression)).toEqual(wanted.toSorted());
  });
});

describe('what an environment needs beyond the root', () => {
  /** Root and tree as paths of files; what the linker's cache was made of, and what is written. */
  const written = (root: string[], tree: string[]): Promise<unknown> => {
    const folder = folderWith({ file: 'content' });
    const entries = (paths: string[]): string =>
      `{**{path: script.Entry("file", ${python(join(folder, 'file'))}) for path in ${python(paths)}}, "/usr": script.Entry("folder", mode=0o755), "/usr/lib": script.Entry("folder", mode=0o755)}`;
    const listing = (of: string): string =>
      `sorted(str(path.relative_to(${of})) for path in __import__("pathlib").Path(${of}).rglob("*") if path.is_file())`;
    const output = python(join(folder, 'output'));
    return ask(
      folder,
      `[seen := [], setattr(script.os, "chown", lambda *_: None),
        setattr(script.subprocess, "run", lambda words, **_: [seen.extend(${listing('words[-1]')}), script.os.makedirs(words[-1] + "/etc", exist_ok=True), open(words[-1] + "/etc/ld.so.cache", "w").close()]),
        root := script.Tree(), tree := script.Tree(), root.entries.update(${entries(root)}), tree.entries.update(${entries(tree)}),
        sorted(script.write_further(tree, root, ${output}, 0)), seen, ${listing(output)}, script.os.path.isdir(${output})][-4:]`,
    );
  };
  const root = [
    '/etc/ld.so.conf',
    '/usr/lib/libz.so.1',
    '/usr/lib/ld-linux.so.2',
    '/usr/lib/python3.12/lib-dynload/_ssl.so',
    '/usr/share/x',
  ];

  it('is written with a linker’s cache of all libraries, and nothing that the root has', async () => {
    const further = ['/usr/lib/libstdc++.so.6.0.33', '/var/lib/dpkg/status.d/libstdc++6'];
    expect(await written(root, [...root, ...further])).toEqual([
      further,
      ['etc/ld.so.conf', 'usr/lib/ld-linux.so.2', 'usr/lib/libstdc++.so.6.0.33', 'usr/lib/libz.so.1'].concat(
        'var/lib/dpkg/status.d/libstdc++6',
      ),
      ['etc/ld.so.cache', 'usr/lib/libstdc++.so.6.0.33', 'var/lib/dpkg/status.d/libstdc++6'],
      true,
    ]);
  });

  it('is an empty folder where there is nothing', async () => {
    expect(await written(root, root)).toEqual([[], [], [], true]);
  });
});

describe('programs', () => {
  it.each<[string, string | null]>([
    ['#!/bin/sh\nexec true\n', '/bin/sh'],
    ['#! /usr/bin/env python3\n', '/usr/bin/env'],
    ['\u007FELF', null],
    ['', null],
  ])('are scripts or not: %j', async (text, interpreter) => {
    const folder = folderWith({ program: text });
    const expression = `script.interpreter_of(${python(join(folder, 'program'))})`;
    expect(await ask(folder, expression)).toBe(interpreter);
  });
});

describe('accounts', () => {
  const own = 'app:x:10001:10001::/tmp:/usr/sbin/nologin';
  const accounts = (text: string): Promise<unknown> => {
    const folder = folderWith({ passwd: text });
    return ask(folder, `script.accounts(${python(join(folder, 'passwd'))}, ${python(own)})`);
  };

  it('are those of root, nobody and the application, none with a shell', async () => {
    const text = `root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nweb:x:10001:10001::/tmp:/bin/bash\n`;
    expect(await accounts(text)).toBe(
      'root:x:0:0:root:/root:/usr/sbin/nologin\nweb:x:10001:10001::/tmp:/usr/sbin/nologin\n',
    );
  });

  it('have one for the application where the stage has none', async () => {
    expect(await accounts('root:x:0:0:root:/root:/bin/sh\n')).toContain(`\n${own}\n`);
  });
});

describe('a shared object', () => {
  it('has the libraries of its own folders before those of the system', async () => {
    const folder = folderWith({
      'a/module.so': elf({ machine: OWN_MACHINE, needed: ['libx.so.1'], runPath: '$ORIGIN/../libs' }),
      'libs/libx.so.1': 'library',
    });
    const item = `script.read_shared_object(${python(join(folder, 'a/module.so'))})`;
    const linker = `[linker := object.__new__(script.Linker), setattr(linker, "cache", {"libx.so.1": ["/lib/libx.so.1"], "liby.so.1": ["/lib/liby.so.1"]})][0]`;
    expect(
      await ask(
        folder,
        `[${linker}.find(${item}, name) for name in ("libx.so.1", "liby.so.1", "libz.so.1")]`,
      ),
    ).toEqual([[join(folder, 'libs/libx.so.1')], ['/lib/liby.so.1'], []]);
  });

  it('imports a symbol or does not', async () => {
    const folder = folderWith({ 'a.so': elf({ machine: OWN_MACHINE, needed: ['libx.so.1'] }) });
    const item = `script.read_shared_object(${python(join(folder, 'a.so'))})`;
    expect(
      await ask(folder, `[script.imports(${item}, name) for name in (b"libx.so.1", b"libx.so")]`),
    ).toEqual([true, false]);
  });
});
