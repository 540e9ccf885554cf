/**
 * `node scripts/shared-libraries.ts`: writes knowledge/shared-libraries.json anew, the Debian package of each shared
 * library, from Debian's own indexes (Packages and Contents of amd64, main): about 45 MB, half a minute.
 * `--mirror URL` takes them from another place than deb.debian.org.
 *
 * Which packages: those of knowledge/system-libraries.json, those that its -dev packages and the ones named below
 * depend on, and, of a PyPI package without wheels, those that Debian's own python3- package depends on.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { format, resolveConfig } from 'prettier';

type Release = 'bookworm' | 'trixie';
type Names = Record<Release, string[]>;
interface Row {
  pypi?: string;
  loaded: string;
  wheels: string;
  runtime: Names;
  build: Names;
}

const RELEASES: readonly Release[] = ['bookworm', 'trixie'];

/** Headers that extensions are compiled with, by subject; a name that one of the releases has not is passed over. */
const COMMON_DEVELOPMENT_PACKAGES = [
  // what manylinux wheels expect of the system (PEP 600), and compiler runtimes
  'libgcc-s1 libstdc++6 libgomp1 libatomic1 libgfortran5 libquadmath0 libx11-6 libxext6 libxrender1 libice6 libsm6',
  'libgl1 libglib2.0-dev libexpat1 zlib1g libegl1 libgles2 libopengl0 libglx0',
  // databases and directories
  'libpq-dev libmariadb-dev unixodbc-dev freetds-dev libsqlite3-dev libsqlcipher-dev libmemcached-dev libhiredis-dev',
  'libldap-dev libsasl2-dev libkrb5-dev libleveldb-dev librocksdb-dev liblmdb-dev libdb-dev libgdbm-dev libaio-dev',
  'librdkafka-dev librabbitmq-dev libzmq3-dev libczmq-dev libmosquitto-dev libxapian-dev libkyotocabinet-dev',
  'libtokyocabinet-dev libmaxminddb-dev libgeoip-dev',
  // text, cryptography, compression
  'libxml2-dev libxslt1-dev libxmlsec1-dev libxerces-c-dev libyaml-dev libicu-dev libpcre2-dev libpcre3-dev libre2-dev',
  'libhunspell-dev libenchant-2-dev libaspell-dev libmecab-dev libtidy-dev libsass-dev libmagic-dev libssl-dev',
  'libffi-dev libsodium-dev libsecp256k1-dev libargon2-dev libolm-dev libgpgme-dev libgnutls28-dev libpcsclite-dev',
  'libxcrypt-dev libcrypt-dev libpam0g-dev libarchive-dev libbz2-dev liblzma-dev libzstd-dev liblz4-dev liblzo2-dev',
  'libbrotli-dev libsnappy-dev libprotobuf-dev',
  // network and system
  'libcurl4-openssl-dev libcurl4-gnutls-dev libssh2-1-dev libssh-dev libgit2-dev libc-ares-dev libnghttp2-dev',
  'libev-dev libuv1-dev libevent-dev liburing-dev libpcap-dev libnetfilter-queue-dev libsnmp-dev libsystemd-dev',
  'libdbus-1-dev libudev-dev libusb-1.0-0-dev libhidapi-dev libbluetooth-dev libcups2-dev libfuse-dev libfuse3-dev',
  'libseccomp-dev libcap-dev libacl1-dev libattr1-dev libvirt-dev libelf-dev libnuma-dev libhwloc-dev libnsl-dev',
  'libtirpc-dev librrd-dev uuid-dev libreadline-dev libncurses-dev tk-dev tcl-dev',
  // numbers and maps
  'libgmp-dev libmpfr-dev libmpc-dev libgsl-dev libblas-dev liblapack-dev libopenblas-dev libfftw3-dev libglpk-dev',
  'libsuitesparse-dev libhdf5-dev libnetcdf-dev libtbb-dev libopenmpi-dev libigraph-dev libmetis-dev libscotch-dev',
  'libgeos-dev libproj-dev libgdal-dev libspatialindex-dev libspatialite-dev libcfitsio-dev coinor-libcbc-dev',
  'libibverbs-dev librdmacm-dev ocl-icd-libopencl1 libvulkan-dev',
  // pictures, documents, sound, film
  'libjpeg-dev libturbojpeg0-dev libpng-dev libtiff-dev libwebp-dev libfreetype-dev liblcms2-dev libopenjp2-7-dev',
  'libcairo2-dev libpango1.0-dev libgdk-pixbuf-2.0-dev librsvg2-dev libharfbuzz-dev libfribidi-dev libraqm-dev',
  'libfontconfig-dev libmagickwand-dev libvips-dev libgraphviz-dev libpoppler-dev libpoppler-cpp-dev',
  'libpoppler-glib-dev libqpdf-dev libtesseract-dev libleptonica-dev libheif-dev libavif-dev libexif-dev libexiv2-dev',
  'libimagequant-dev libraw-dev libopenexr-dev libfreeimage-dev libopenslide-dev libzbar-dev libdmtx-dev',
  'libqrencode-dev libzxing-dev libavcodec-dev libavformat-dev libavfilter-dev libavdevice-dev libswscale-dev',
  'libswresample-dev libsndfile1-dev portaudio19-dev libasound2-dev libpulse-dev libsamplerate0-dev libsox-dev',
  'libmp3lame-dev libopus-dev libvorbis-dev libflac-dev libogg-dev libopenal-dev libmediainfo-dev',
  'libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgirepository1.0-dev libgirepository-2.0-dev',
  // windows and browsers
  'libx11-dev libx11-xcb-dev libxext-dev libxrender-dev libxft-dev libxi-dev libxrandr-dev libxinerama-dev',
  'libxcursor-dev libxtst-dev libxss-dev libxcomposite-dev libxdamage-dev libxfixes-dev libxkbcommon-dev',
  'libxkbcommon-x11-dev libxkbfile-dev libxcb1-dev libxcb-icccm4-dev libxcb-image0-dev libxcb-keysyms1-dev',
  'libxcb-randr0-dev libxcb-render-util0-dev libxcb-shape0-dev libxcb-shm0-dev libxcb-sync-dev libxcb-util-dev',
  'libxcb-xfixes0-dev libxcb-xinerama0-dev libxcb-xkb-dev libxcb-cursor-dev libsm-dev libice-dev libglu1-mesa-dev',
  'freeglut3-dev libosmesa6-dev libgbm-dev libdrm-dev libwayland-dev libnss3-dev libnspr4-dev libgtk-3-dev',
  'libatk1.0-dev libatk-bridge2.0-dev libatspi2.0-dev libsdl2-dev libsdl2-image-dev libsdl2-mixer-dev libsdl2-ttf-dev',
].flatMap((line) => line.split(' '));

/** The C library is never missing, Debian's Python is not the image's, and of Abseil and OpenCV one installs all or nothing. */
const LEFT_OUT = /^(libc6|libpython3|libabsl\d|libopencv-|libgrpc\d)|-dev$/;

/** A package with more is a framework's many parts: VTK, Subversion. */
const MOST_LIBRARIES = 12;

/** Folders of the library path, and those whose libraries Debian puts there by its alternatives. */
const LIBRARY =
  /^(?:usr\/)?lib\/(?:x86_64-linux-gnu\/)?(?:(?:blas|lapack|openblas-pthread)\/)?(lib[^/]+\.so\.[0-9][^/ ]*)\s+(\S+)$/;

interface DebianIndex {
  /** Package → what it depends on, the first of alternatives. */
  dependencies: ReadonlyMap<string, string[]>;
  /** Package → names of the versioned libraries in it, links too. */
  libraries: ReadonlyMap<string, string[]>;
}

async function download(address: string): Promise<string> {
  const response = await fetch(address, { signal: AbortSignal.timeout(300_000) });
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  return gunzipSync(Buffer.from(await response.arrayBuffer())).toString('utf8');
}

const field = (paragraph: string, name: string): string =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1] ?? '';

async function readIndex(mirror: string, release: Release): Promise<DebianIndex> {
  const base = `${mirror}/dists/${release}/main`;
  const packages = await download(`${base}/binary-amd64/Packages.gz`);
  const dependencies = new Map(
    packages.split('\n\n').map((paragraph) => {
      const names = `${field(paragraph, 'Depends')},${field(paragraph, 'Pre-Depends')}`
        .split(',')
        .map((text) => /^[^\s(:|]+/.exec(text.trim())?.[0] ?? '')
        .filter((name) => name !== '');
      return [field(paragraph, 'Package'), names] as const;
    }),
  );
  const libraries = new Map<string, string[]>();
  for (const line of (await download(`${base}/Contents-amd64.gz`)).split('\n')) {
    const [, library, owners] = LIBRARY.exec(line) ?? [];
    if (library === undefined || owners === undefined) continue;
    for (const owner of owners.split(',')) {
      const name = owner.split('/').at(-1) ?? '';
      libraries.set(name, [...(libraries.get(name) ?? []), library]);
    }
  }
  return { dependencies, libraries };
}

/** The packages to look into. */
function chosenPackages(rows: readonly Row[], release: Release, index: DebianIndex): Set<string> {
  const dependenciesOf = (names: readonly string[]): string[] =>
    names.flatMap((name) => index.dependencies.get(name) ?? []);
  const runtime = rows.flatMap((row) => row.runtime[release]);
  const development = [...rows.flatMap((row) => row.build[release]), ...COMMON_DEVELOPMENT_PACKAGES];
  const compiled = rows.filter((row) => row.loaded === 'linked' && row.wheels !== 'yes');
  const debianPython = compiled.flatMap((row) => {
    const name = row.pypi?.split('[')[0] ?? '';
    return [`python3-${name}`, `python3-${name.replace(/^python-|-python$/, '')}`];
  });
  const named = [...runtime, ...development];
  const all = [...named, ...dependenciesOf([...named, ...debianPython])];
  return new Set(all.filter((name) => index.libraries.has(name) && !LEFT_OUT.test(name)));
}

/** `libfoo.so.1` of `libfoo.so.1`, `libfoo.so.1.2`: the names that programs ask for are the shortest, but for a few. */
function sonames(files: readonly string[], packageName: string): string[] {
  const parts = (file: string): number => file.replace(/^.*\.so\./, '').split('.').length;
  const byStem = Map.groupBy(files, (file) => file.replace(/\.so\..*$/, ''));
  return [...byStem].flatMap(([stem, names]) => {
    const fewest = Math.min(...names.map(parts));
    // Policy 8.1: the package is named after the SONAME: libbz2.so.1.0 is in libbz2-1.0, beside a link libbz2.so.1.
    return names.filter(
      (name) => parts(name) === fewest || packageName.endsWith(name.slice(`${stem}.so.`.length)),
    );
  });
}

/** Of several packages that have a library: the one of the table, then the one of the shortest name. */
function preferred(candidates: readonly string[], table: ReadonlySet<string>): string {
  const rank = (name: string): number => (table.has(name) ? 0 : name.startsWith('lib') ? 1 : 2);
  return candidates.toSorted((a, b) => rank(a) - rank(b) || a.length - b.length || (a < b ? -1 : 1))[0] ?? '';
}

function librariesOf(rows: readonly Row[], release: Release, index: DebianIndex): Record<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const name of chosenPackages(rows, release, index)) {
    for (const library of sonames(index.libraries.get(name) ?? [], name)) {
      owners.set(library, [...(owners.get(library) ?? []), name]);
    }
  }
  const table = new Set(rows.flatMap((row) => row.runtime[release]));
  const byPackage = Map.groupBy(owners.keys(), (library) => preferred(owners.get(library) ?? [], table));
  return Object.fromEntries(
    [...byPackage]
      .filter(([, libraries]) => libraries.length <= MOST_LIBRARIES)
      .map(([name, libraries]) => [name, libraries.toSorted()] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const { values } = parseArgs({
  options: { mirror: { type: 'string', default: 'https://deb.debian.org/debian' } },
});
const knowledge = join(import.meta.dirname, '../knowledge');
const { default: tables } = (await import(join(knowledge, 'system-libraries.json'), {
  with: { type: 'json' },
})) as { default: { packages: Row[]; features: Row[] } };
const rows = [...tables.packages, ...tables.features];
const releases: Partial<Record<Release, Record<string, string[]>>> = {};
for (const release of RELEASES) {
  releases[release] = librariesOf(rows, release, await readIndex(values.mirror, release));
  const found = Object.values(releases[release]);
  console.log(`${release}: ${found.length} packages, ${found.flat().length} libraries`);
}
const file = join(knowledge, 'shared-libraries.json');
const text = JSON.stringify({
  source:
    'Contents-amd64 and Packages of https://deb.debian.org/debian/dists/RELEASE/main, by scripts/shared-libraries.ts',
  releases,
});
writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
