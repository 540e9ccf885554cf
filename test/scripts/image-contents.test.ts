import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderScript, runPython, temporaryFolder } from './rendered-script.ts';

/** A text is a file's content, a number the size of one; `null` is a folder. */
type Entry = string | number | null | { hardLink: string } | { symbolicLink: string };
type Files = Record<string, Entry>;

interface Description {
  size: number;
  compressed: number | null;
  layers: { command: string; size: number }[];
  breakdown: Record<string, number>;
  packages: { name: string; size: number }[];
  tree: TreeNode;
  waste: { path: string; size: number }[];
  wasteAsDive: number;
}

interface TreeNode {
  name: string;
  size: number;
  children: TreeNode[];
}

interface Options {
  format?: 'oci' | 'legacy' | 'containerd';
  history?: string[];
  config?: object;
  /** Number of layers of the base image: the first ones of the image, or those of another one. */
  base?: number;
  otherBase?: Files[];
  runtimePackages?: string[];
}

/** Makes what `docker save` prints of hand-made layers, and gives it to the script. */
const PROGRAM = String.raw`
import gzip, hashlib, io, json, sys, tarfile
sys.path.insert(0, sys.argv[1])
import image_contents as contents

def add(archive, name, data=b"", **fields):
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for field, value in fields.items():
        setattr(member, field, value)
    archive.addfile(member, io.BytesIO(data))

def layer(files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, entry in files.items():
            if entry is None:
                add(archive, path, type=tarfile.DIRTYPE)
            elif isinstance(entry, dict) and "hardLink" in entry:
                add(archive, path, type=tarfile.LNKTYPE, linkname=entry["hardLink"])
            elif isinstance(entry, dict):
                add(archive, path, type=tarfile.SYMTYPE, linkname=entry["symbolicLink"])
            else:
                add(archive, path, entry.encode() if isinstance(entry, str) else bytes(entry))
    return stream.getvalue()

def digest(data):
    return hashlib.sha256(data).hexdigest()

def save(layers, options):
    blobs = [layer(files) for files in layers]
    history = options.get("history") or ["RUN make"] * len(layers)
    config = {
        "config": options.get("config") or {},
        "rootfs": {"diff_ids": ["sha256:" + digest(blob) for blob in blobs]},
        "history": [{"created_by": text} for text in history] + [{"created_by": "CMD x", "empty_layer": True}],
    }
    form = options.get("format", "oci")
    if form == "containerd":
        blobs = [gzip.compress(blob) for blob in blobs]
    stored = {}
    blob_name = lambda data: "blobs/sha256/" + digest(data)
    document = json.dumps(config).encode()
    with tarfile.open(fileobj=(stream := io.BytesIO()), mode="w") as archive:
        if form == "legacy":
            names = []
            for number, blob in enumerate(blobs):
                name = f"{number}/layer.tar"
                names.append(name)
                add(archive, f"{number}/VERSION", b"1.0")
                add(archive, f"{number}/json", b"{}")
                if blob in stored:
                    add(archive, name, type=tarfile.SYMTYPE, linkname="../" + stored[blob])
                else:
                    add(archive, name, blob)
                    stored[blob] = name
            add(archive, digest(document) + ".json", document)
            manifest = [{"Config": digest(document) + ".json", "Layers": names}]
            add(archive, "manifest.json", json.dumps(manifest).encode())
        else:
            for data in sorted({*blobs, document}):
                add(archive, blob_name(data), data)
            if form == "oci":
                manifest = [{"Config": blob_name(document), "Layers": [blob_name(blob) for blob in blobs]}]
                add(archive, "manifest.json", json.dumps(manifest).encode())
            else:
                descriptor = lambda data: {"digest": "sha256:" + digest(data)}
                manifest = json.dumps({"config": descriptor(document), "layers": [descriptor(blob) for blob in blobs]}).encode()
                index = json.dumps({"manifests": [
                    {**descriptor(b"none"), "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
                    descriptor(manifest),
                ]}).encode()
                add(archive, blob_name(manifest), manifest)
                add(archive, blob_name(index), index)
                add(archive, "index.json", json.dumps({"manifests": [descriptor(index)]}).encode())
    return io.BytesIO(stream.getvalue())

class Pipe(io.RawIOBase):
    """A stream that can only be read, and gives little at a time."""
    def __init__(self, stream):
        self.stream = stream
    def readable(self):
        return True
    def read(self, size=-1):
        return self.stream.read(min(size, 4096) if size > 0 else size)

def read(layers, options, known):
    return contents.read_image(Pipe(save(layers, options)), known)

layers, options = json.load(sys.stdin)
known = {}
image = read(layers, options, known)
ids, system = image.diff_ids[: options.get("base", 0)], None
if "otherBase" in options:
    base = read(options["otherBase"], {}, known)
    ids, system = base.diff_ids, contents.FileSystem(base.layers)
print(json.dumps(contents.describe(image, ids, system, options.get("runtimePackages", []))))
`;

async function python(code: string, input = ''): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const folder = temporaryFolder({
    'image_contents.py': renderScript('image_contents.py'),
    'program.py': code,
    'input.json': input,
  });
  const wrapper = 'import runpy, sys; sys.stdin = open(sys.argv[2]); runpy.run_path(sys.argv[3])';
  return runPython(['-B', '-c', wrapper, folder, join(folder, 'input.json'), join(folder, 'program.py')]);
}

async function describeImage(layers: Files[], options: Options = {}): Promise<Description> {
  const { code, stdout, stderr } = await python(PROGRAM, JSON.stringify([layers, options]));
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Description;
}

async function evaluateHere(expression: string): Promise<unknown> {
  const program = `import json, sys\nsys.path.insert(0, sys.argv[1])\nimport image_contents as contents\nprint(json.dumps(${expression}))`;
  const { code, stdout, stderr } = await python(program);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

/** Only what is not zero. */
const parts = ({ breakdown }: Description): Record<string, number> =>
  Object.fromEntries(Object.entries(breakdown).filter(([, size]) => size > 0));

function expectSums(image: Description): void {
  expect(sum(Object.values(image.breakdown))).toBe(image.size);
  expect(sum(image.layers.map(({ size }) => size))).toBe(image.size);
  expect(sum(image.packages.map(({ size }) => size))).toBe(image.breakdown['pythonPackages']);
  expect(image.tree.size).toBe(image.size - (image.breakdown['waste'] ?? 0));
}

const BASE: Files = { etc: null, 'etc/passwd': 100, 'usr/lib/libc.so': 1000 };

describe.each(['oci', 'legacy', 'containerd'] as const)('the %s layout of docker save', (format) => {
  it('is read layer by layer in the order of the manifest, one twice where it is there twice', async () => {
    const layers = [BASE, {}, { 'app/a.py': 10 }, {}, { 'app/a.py': 20, 'app/b.py': 5 }];
    const image = await describeImage(layers, { format, base: 1 });
    expect(image.layers.map(({ size }) => size)).toEqual([1100, 0, 10, 0, 25]);
    expect(parts(image)).toEqual({ base: 1100, application: 25, waste: 10 });
    expectSums(image);
  });

  it('is compressed, or was', async () => {
    const text = Array.from({ length: 200_000 }, (_, index) => `${index * 7919}`).join(' ');
    const image = await describeImage([{ 'app/a.txt': text }], { format });
    const gzip = await runPython([
      '-c',
      'import sys, zlib; print(len(zlib.compress(open(sys.argv[1], "rb").read(), 6)))',
      join(temporaryFolder({ text }), 'text'),
    ]);
    expect(Math.abs((image.compressed ?? 0) / Number(gzip.stdout) - 1)).toBeLessThan(0.01);
  });
});

describe('what a later layer hides', () => {
  it.each<{ name: string; layers: Files[]; seen: number; waste: [string, number][]; dive?: number }>([
    {
      name: 'a file that is written again',
      layers: [{ a: 5 }, { a: 7 }],
      seen: 7,
      waste: [['/a', 5]],
      dive: 12,
    },
    {
      name: 'a file that is deleted',
      layers: [{ 'd/a': 5, 'd/b': 1 }, { 'd/.wh.a': '' }],
      seen: 1,
      waste: [['/d/a', 5]],
      dive: 5,
    },
    {
      name: 'a folder that is deleted',
      layers: [{ 'd/e/a': 5, 'd/e/f/b': 6, 'd/ef': 1 }, { 'd/.wh.e': '' }],
      seen: 1,
      waste: [
        ['/d/e/f/b', 6],
        ['/d/e/a', 5],
      ],
    },
    {
      name: 'a folder of which only the new is seen',
      layers: [
        { 'd/a': 5, 'd/b': 6, c: 1 },
        { 'd/b': 2, 'd/.wh..wh..opq': '' },
      ],
      seen: 3,
      waste: [
        ['/d/b', 6],
        ['/d/a', 5],
      ],
    },
    {
      name: 'a folder that a file replaces',
      layers: [{ d: null, 'd/a': 5 }, { d: 3 }],
      seen: 3,
      waste: [['/d/a', 5]],
    },
    {
      name: 'a file that a folder replaces',
      layers: [{ d: 3 }, { d: null, 'd/a': 5 }],
      seen: 5,
      waste: [['/d', 3]],
    },
    {
      name: 'a file that is deleted and comes back',
      layers: [{ a: 5 }, { '.wh.a': '' }, { a: 6 }],
      seen: 6,
      waste: [['/a', 5]],
      dive: 11,
    },
    {
      name: 'a file that is deleted twice',
      layers: [{ a: 5 }, { '.wh.a': '' }, { '.wh.a': '' }],
      seen: 0,
      waste: [['/a', 5]],
    },
    {
      name: 'nothing, with names that begin alike',
      layers: [{ 'd/a': 5 }, { '.wh.da': '', 'd/ab': 1 }],
      seen: 6,
      waste: [],
    },
  ])('$name', async ({ layers, seen, waste, dive }) => {
    const image = await describeImage(layers);
    expect(image.waste.map(({ path, size }) => [path, size])).toEqual(waste);
    expect(image.size - (image.breakdown['waste'] ?? 0)).toBe(seen);
    if (dive !== undefined) expect(image.wasteAsDive).toBe(dive);
    expectSums(image);
  });

  it('the bytes of hard links count once, and stay while one name stays', async () => {
    const linked = { 'usr/a': 50, 'usr/b': { hardLink: 'usr/a' } };
    const image = await describeImage([linked, { 'usr/.wh.a': '' }]);
    expect(image.size).toBe(50);
    expect(parts(image)).toEqual({ systemLibraries: 50 });
    const gone = await describeImage([linked, { 'usr/.wh.a': '', 'usr/.wh.b': '' }]);
    expect(parts(gone)).toEqual({ waste: 50 });
    expectSums(gone);
  });

  it('symbolic links count nothing, absolute and dotted names are the same names', async () => {
    const image = await describeImage([
      { './usr/a': 5, '/usr/b': 6, 'usr/c': { symbolicLink: '/usr/a' } },
      { 'usr/a': 1 },
    ]);
    expect(image.size).toBe(12);
    expect(image.waste).toEqual([{ path: '/usr/a', size: 5 }]);
  });
});

describe('what a file is', () => {
  it.each([
    ['app/shop/views.py', 'application'],
    ['app/shop/static/a.css', 'application'],
    ['app/shop/tests/test_views.py', 'tests'],
    ['app/tests/data.json', 'tests'],
    ['app/shop/tests.py', 'tests'],
    ['app/conftest.py', 'tests'],
    ['app/contest.py', 'application'],
    ['app/.git/objects/ab/cd', 'history'],
    ['app/shop/__pycache__/views.cpython-312.pyc', 'byteCode'],
    ['pyc/opt/venv/a.cpython-312.pyc', 'byteCode'],
    ['opt/venv/lib/python3.12/site-packages/django/tests/x.py', 'pythonPackages'],
    ['usr/lib/python3/dist-packages/six.py', 'pythonPackages'],
    ['opt/venv/bin/activate', 'pythonPackages'],
    ['opt/other/bin/activate', 'other'],
    ['usr/lib/x86_64-linux-gnu/libpq.so.5', 'systemLibraries'],
    ['etc/ssl/openssl.cnf', 'systemLibraries'],
    ['root/.cache/pip/http/a', 'other'],
    ['var/lib/apt/lists/a', 'other'],
    ['srv/shop/manage.py', 'other'],
  ])('%s: %s', async (path, category) => {
    const environment = { 'opt/venv/pyvenv.cfg': '' };
    expect(parts(await describeImage([environment, { [path]: 10 }]))).toEqual({ [category]: 10 });
  });

  it('the work dir is the application, and what COPY brought outside the system', async () => {
    const layers = [{ 'srv/shop/manage.py': 10, 'srv/shop/tests/a.py': 1 }];
    const config = { WorkingDir: '/srv/shop' };
    expect(parts(await describeImage(layers, { config }))).toEqual({ application: 10, tests: 1 });
    const history = ['/bin/sh -c #(nop) COPY dir:0123 in / '];
    expect(parts(await describeImage([{ 'shop/a.py': 10, 'usr/lib/b': 3 }], { history }))).toEqual({
      application: 10,
      systemLibraries: 3,
    });
  });

  it('tells the layers of the base image by their digests, and else by path', async () => {
    const added = { 'app/a.py': 5, 'usr/lib/libc.so': 900 };
    expect(parts(await describeImage([BASE, added], { base: 1 }))).toEqual({
      base: 100,
      application: 5,
      systemLibraries: 900,
      waste: 1000,
    });
    // One layer from scratch, as a distroless image is made.
    expect(parts(await describeImage([{ ...added, 'usr/lib/libz.so': 7 }], { otherBase: [BASE] }))).toEqual({
      base: 900,
      application: 5,
      systemLibraries: 7,
    });
  });

  it('tells a build tool from a system library by Debian’s sections and dependencies', async () => {
    const status = [
      'Package: libc6\nStatus: install ok installed\nSection: libs',
      'Package: build-essential\nStatus: install ok installed\nSection: devel\nDepends: gcc-14, make (>= 4)',
      'Package: gcc-14\nStatus: install ok installed\nSection: devel\nDepends: libc6, libisl23 | libisl22\nRecommends: libgomp1',
      'Package: make\nStatus: install ok installed\nSection: devel',
      'Package: libisl23\nStatus: install ok installed\nSection: libs',
      'Package: libgomp1\nStatus: install ok installed\nSection: libs',
      'Package: libpq-dev\nStatus: install ok installed\nSection: libdevel\nDepends: libpq5',
      'Package: libpq5\nStatus: install ok installed\nSection: libs\nDepends: libldap2',
      'Package: libldap2\nStatus: install ok installed\nSection: libs',
      'Package: curl\nStatus: install ok installed\nSection: web\nDepends: libgomp1',
      'Package: gone\nStatus: deinstall ok config-files\nSection: devel',
    ].join('\n\n');
    const list = (...paths: string[]): string => `/.\n${paths.join('\n')}\n`;
    const layer: Files = {
      lib: { symbolicLink: 'usr/lib' },
      'var/lib/dpkg/status': status,
      'var/lib/dpkg/info/gcc-14.list': list('/usr/bin/gcc'),
      'var/lib/dpkg/info/libisl23:amd64.list': list('/lib/libisl.so.23'),
      'var/lib/dpkg/info/libgomp1:amd64.list': list('/usr/lib/libgomp.so.1'),
      'var/lib/dpkg/info/libpq5:amd64.list': list('/usr/lib/libpq.so.5'),
      'var/lib/dpkg/info/libldap2.list': list('/usr/lib/libldap.so.2'),
      'var/lib/dpkg/info/curl.list': list('/usr/bin/curl'),
      'usr/bin/gcc': 100_000,
      'usr/lib/libisl.so.23': 20_000,
      'usr/lib/libgomp.so.1': 3_000_000,
      'usr/bin/curl': 4_000_000,
      'usr/lib/libpq.so.5': 50_000_000,
      'usr/lib/libldap.so.2': 600_000_000,
    };
    const lists = sum(
      Object.entries(layer).map(([, entry]) => (typeof entry === 'string' ? entry.length : 0)),
    );
    const small: Files = { ...layer, 'usr/lib/libpq.so.5': 50, 'usr/lib/libldap.so.2': 60 };
    const base = { 'var/lib/dpkg/status': 'Package: libc6\nStatus: install ok installed\nSection: libs\n' };
    const options = { base: 1 };
    const image = await describeImage([base, small], options);
    // libpq5 came with headers alone; curl needs libgomp1 as the compiler does.
    expect(image.breakdown['buildTools']).toBe(100_000 + 20_000 + 50 + 60);
    expect(image.breakdown['systemLibraries']).toBe(7_000_000 + lists);
    const needed = await describeImage([base, small], { ...options, runtimePackages: ['libpq5'] });
    expect(needed.breakdown['buildTools']).toBe(100_000 + 20_000);
  });

  it('tells it by Alpine’s list as well', async () => {
    const installed = [
      'P:musl\nF:lib\nR:ld-musl.so',
      'P:gcc\nD:isl binutils so:libc.musl\nF:usr/bin\nR:gcc',
      'P:isl\nF:usr/lib\nR:libisl.so',
      'P:libpq\nF:usr/lib\nR:libpq.so',
    ].join('\n\n');
    const image = await describeImage([
      {
        'lib/apk/db/installed': installed,
        'usr/bin/gcc': 100,
        'usr/lib/libisl.so': 20,
        'usr/lib/libpq.so': 3,
      },
    ]);
    expect(image.breakdown['buildTools']).toBe(120);
  });
});

it('gives each file to the distribution that lists it', async () => {
  const site = 'opt/venv/lib/python3.12/site-packages';
  const image = await describeImage([
    {
      'opt/venv/pyvenv.cfg': 'home = /usr/local/bin\n',
      [`${site}/scikit_learn-1.5.0.dist-info/RECORD`]: [
        'sklearn/__init__.py,sha256=x,10',
        '"sklearn/with, comma.py",,',
        '../../../bin/learn,,',
        'scikit_learn-1.5.0.dist-info/RECORD,,',
      ].join('\n'),
      [`${site}/sklearn/__init__.py`]: 100,
      [`${site}/sklearn/with, comma.py`]: 1000,
      'opt/venv/bin/learn': 5000,
      [`${site}/unlisted/a.so`]: 70,
      [`${site}/single.py`]: 60,
    },
  ]);
  const record = image.packages.find(({ name }) => name === 'scikit-learn')?.size ?? 0;
  expect(record).toBeGreaterThan(6100);
  expect(image.packages.slice(1)).toEqual([
    { name: 'unlisted', size: 70 },
    { name: 'single', size: 60 },
    // What venv itself has made.
    { name: 'environment', size: 'home = /usr/local/bin\n'.length },
  ]);
  expectSums(image);
});

it('makes a tree whose parts add up, without the crumbs', async () => {
  const crumbs = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`usr/crumb-${index}`, 10]));
  const { tree } = await describeImage([{ 'opt/a/b': 60_000, 'opt/a/c': 30_000, ...crumbs }]);
  expect(tree).toEqual({
    name: '/',
    size: 90_500,
    children: [
      {
        name: 'opt',
        size: 90_000,
        children: [
          {
            name: 'a',
            size: 90_000,
            children: [
              { name: 'b', size: 60_000, children: [] },
              { name: 'c', size: 30_000, children: [] },
            ],
          },
        ],
      },
      { name: 'usr', size: 500, children: [] },
    ],
  });
});

it.each([
  ['/bin/sh -c #(nop) WORKDIR /app', 'WORKDIR /app'],
  ['/bin/sh -c pip install x', 'RUN pip install x'],
  ['RUN /bin/sh -c pip   install x # buildkit', 'RUN pip install x'],
  ['RUN |2 UID=1 TOKEN=abc def /bin/sh -c pip install x # buildkit', 'RUN pip install x'],
  ['COPY /opt/venv /opt/venv # buildkit', 'COPY /opt/venv /opt/venv'],
])('shows the command %s as written', async (raw, shown) => {
  expect(await evaluateHere(`contents.readable_command(${JSON.stringify(raw)})`)).toBe(shown);
  const { layers } = await describeImage([{ a: 1 }], { history: [raw] });
  expect(layers[0]?.command).toBe(shown);
});

it.each([
  ['what is empty', 'b""', 'no image'],
  ['what is no archive', 'b"error: no such image" * 100', 'no image'],
])('refuses %s', async (_name, stream, message) => {
  await expect(evaluateHere(`contents.read_image(__import__("io").BytesIO(${stream}), {})`)).rejects.toThrow(
    message,
  );
});

it('what the trims took is read of each layer of the environment, by way of the layers themselves', async () => {
  const folder = temporaryFolder(
    Object.fromEntries(
      (['image_contents.py', 'image_measurements.py', 'image_report.py'] as const).map((name) => [
        name,
        renderScript(name),
      ]),
    ),
  );
  const program = String.raw`
import io, json, sys, tarfile
from types import SimpleNamespace
sys.path.insert(0, sys.argv[1])
import image_contents, image_report

def layer(name, rows):
    data = json.dumps({"rules": rows}).encode()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("opt/venv/" + name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    found = image_contents.Layer()
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue())) as archive:
        for member in archive:
            found.add(member, archive)
    return found

def row(rule, **packages):
    return {"rule": rule, "files": len(packages), "bytes": sum(packages.values()), "packages": packages}

layers = [
    layer("trimmed.json", [row("tests", scipy=5), row("stubs", numpy=1)]),
    layer("trimmed-others.json", [row("tests", joblib=2)]),
]
print(json.dumps(image_report.trimmed_rules(SimpleNamespace(layers=layers))))
`;
  const { stdout, stderr } = await runPython(['-B', '-c', program, folder]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([
    { rule: 'tests', files: 2, bytes: 7, packages: { scipy: 5, joblib: 2 } },
    { rule: 'stubs', files: 1, bytes: 1, packages: { numpy: 1 } },
  ]);
});
