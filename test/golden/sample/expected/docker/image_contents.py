"""Reads what is in an image from the stream of `docker save`; compare_images.py shows it.

Nothing is unpacked and no layer is held in memory: only the names and sizes of the files are kept,
and the few texts that tell to which package a file belongs. Needs Python 3.8, on any system.
"""

import collections
import concurrent.futures
import csv
import gzip
import io
import json
import os
import posixpath
import re
import tarfile
import zlib

# What a file can be, in the order of the table, with the name that it has there.
COMPONENTS = {
    "base": "Base image",
    "buildTools": "Build tools",
    "systemLibraries": "System libraries",
    "pythonPackages": "Python packages",
    "byteCode": "Byte-code",
    "application": "Application code",
    "history": "VCS history",
    "tests": "Test files",
    "waste": "Overwritten or deleted",
    "other": "Caches and other files",
}

# What is read of the files: which package owns which file, and what a trim has removed.
TEXTS = re.compile(
    r"var/lib/dpkg/(status|info/[^/]+\.list|status\.d/[^/]+)|(usr/)?lib/apk/db/installed"
    r"|(.+/)?[^/]+\.dist-info/RECORD|opt/venv/trimmed(-others)?\.json"
)
WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"
HISTORY_FOLDERS = {".git", ".hg", ".svn"}
TEST_FOLDERS = {"test", "tests"}
TEST_FILE = re.compile(r"(test_.+|.+_tests?|tests|conftest)\.py")
PACKAGE_FOLDERS = {"site-packages", "dist-packages"}
SYSTEM_FOLDERS = {"bin", "boot", "etc", "lib", "lib32", "lib64", "sbin", "usr"}

# Debian's sections of what only a build needs, and packages of other sections that are no less so.
TOOL_SECTIONS = {"devel", "libdevel", "vcs"}
TOOL_NAMES = re.compile(r"build-(essential|base)|(cpp|g\+\+|gcc)(-.*)?|make|patch|wget|.+-dev")

# A folder or package of the tree that is smaller than this share of the image is under "other".
SMALLEST_SHARE = 0.003
LONGEST_WASTE_LIST = 30
COPY_CHUNK = 1 << 20
LARGEST_DOCUMENT = 1 << 24


class ContentsError(Exception):
    """The stream is not an image that can be read."""


# --- Reading -------------------------------------------------------------------------------------


class GzipCounter:
    """Counts the bytes that gzip would make of what it is fed, on all processors.

    As pigz does: block by block, each with the 32 KiB before it as its dictionary. The sum is
    within a thousandth of what one stream has.
    """

    LEVEL = 6  # what registries hold: the usual level of docker push
    HEADER_AND_TRAILER = 18

    def __init__(self, pool, workers):
        self.pool = pool
        self.limit = 2 * workers
        self.pending = collections.deque()
        self.block = bytearray()
        self.window = b""
        self.total = self.HEADER_AND_TRAILER

    @classmethod
    def compressed_size(cls, block, window):
        options = {"zdict": window} if window else {}
        compressor = zlib.compressobj(cls.LEVEL, zlib.DEFLATED, -15, **options)
        return len(compressor.compress(block)) + len(compressor.flush(zlib.Z_SYNC_FLUSH))

    def feed(self, data):
        self.block += data
        if len(self.block) >= COPY_CHUNK:
            self.submit()

    def submit(self):
        block, self.block = bytes(self.block), bytearray()
        self.pending.append(self.pool.submit(self.compressed_size, block, self.window))
        self.window = block[-32768:]
        while len(self.pending) > self.limit:  # never much of a layer in memory
            self.total += self.pending.popleft().result()

    def finish(self):
        if self.block:
            self.submit()
        self.total += sum(future.result() for future in self.pending)
        return self.total


class CountingReader(io.RawIOBase):
    """A stream, with its first bytes to look at; what is read of it is told to a counter."""

    def __init__(self, stream, count):
        self.stream = stream
        self.count = count
        self.head = stream.read(512) or b""
        self.rest = self.head
        count(self.head)

    def readable(self):
        return True

    def read(self, size=-1):
        if size is None or size < 0:
            size = COPY_CHUNK
        if self.rest:
            data, self.rest = self.rest[:size], self.rest[size:]
            return data
        data = self.stream.read(size) or b""
        self.count(data)
        return data

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def drain(self):
        """Read to the end: tarfile stops at the end marker."""
        while self.read(COPY_CHUNK):
            pass


class Layer:
    """Names and sizes of one layer's files, as the engine counts them."""

    def __init__(self):
        self.files = {}  # path to size: regular files, links
        self.links = {}  # hard link to the path that holds the bytes
        self.folders = set()
        self.deleted = set()  # paths of layers below
        self.emptied = set()  # folders of which nothing below is seen
        self.texts = {}
        self.compressed = None

    @property
    def size(self):
        return sum(self.files.values())

    def add(self, member, archive):
        path = posixpath.normpath(member.name).lstrip("/")
        folder, name = posixpath.split(path)
        if name == OPAQUE:
            self.emptied.add(folder)
        elif name.startswith(WHITEOUT):
            self.deleted.add(posixpath.join(folder, name[len(WHITEOUT) :]))
        elif member.isdir():
            self.folders.add(path)
        elif member.issym():
            # As the engine counts what it has built; of pulled layers it adds the targets' lengths.
            self.files[path] = 0
        elif member.islnk():
            self.files[path] = 0
            self.links[path] = posixpath.normpath(member.linkname).lstrip("/")
        elif member.isreg():
            self.files[path] = member.size
            if TEXTS.fullmatch(path):
                self.texts[path] = archive.extractfile(member).read().decode("utf-8", "replace")


def open_archive(reader):
    """The layer's tar archive, or None where the stream is none, and whether it is compressed."""
    head = reader.head
    if head[:2] == b"\x1f\x8b":
        stream, compressed = gzip.GzipFile(fileobj=reader, mode="rb"), True
    elif head[:4] == b"\x28\xb5\x2f\xfd":
        try:
            from compression import zstd
        except ImportError:
            text = "The image has layers in zstd: use Python 3.14 or later to read them."
            raise ContentsError(text) from None
        stream, compressed = zstd.ZstdFile(reader, mode="rb"), True
    elif head[257:262] == b"ustar" or (len(head) == 512 and not head.strip(b"\0")):
        stream, compressed = reader, False
    else:
        return None, False
    return tarfile.open(fileobj=stream, mode="r|", bufsize=COPY_CHUNK), compressed


def read_layer(stream, pool, workers):
    """Read one layer to its end. Return None where the stream is no layer."""
    counter = GzipCounter(pool, workers) if pool else None
    stored = [0]

    def count(data):
        stored[0] += len(data)
        if counter is not None and not skip_gzip[0]:
            counter.feed(data)

    # A layer that is compressed as it is stored needs no second compression.
    skip_gzip = [True]
    reader = CountingReader(stream, count)
    archive, compressed = open_archive(reader)
    if archive is None:
        return None
    if not compressed and counter is not None:
        skip_gzip[0] = False
        counter.feed(reader.head)
    layer = Layer()
    for member in archive:
        layer.add(member, archive)
        archive.members = []  # tarfile keeps every member otherwise
    reader.drain()
    if compressed:
        layer.compressed = stored[0]
    elif counter is not None:
        layer.compressed = counter.finish()
    return layer


class Image:
    """The configuration and the layers of an image, the base first."""

    def __init__(self, config, layers):
        self.config = config
        self.layers = layers

    @property
    def diff_ids(self):
        return self.config.get("rootfs", {}).get("diff_ids", [])


def read_image(stream, known, compress=True):
    """Read the stream of `docker save` of one image.

    `known` holds the layers that were read before, by their name in the stream; new ones are added.
    Docker 25 and later write the OCI layout, earlier ones a folder for each layer.
    """
    workers = os.cpu_count() or 1
    documents, aliases, here = {}, {}, {}
    pool = concurrent.futures.ThreadPoolExecutor(workers) if compress else None
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=COPY_CHUNK) as archive:
            for member in archive:
                archive.members = []
                name = member.name
                if member.issym() or member.islnk():
                    folder = posixpath.dirname(name) if member.issym() else ""
                    aliases[name] = posixpath.normpath(posixpath.join(folder, member.linkname))
                elif name in known:
                    here[name] = known[name]
                elif member.isreg():
                    content = archive.extractfile(member)
                    layer = read_or_document(content, member, documents, pool, workers)
                    if layer is not None:
                        here[name] = layer
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ContentsError(f"docker save gave no image: {error}") from None
    finally:
        if pool:
            pool.shutdown()
    config, names = manifest_of(documents)
    layers = []
    for name in names:
        layer = here.get(aliases.get(name, name))
        if layer is None:
            raise ContentsError(f"docker save gave no layer {name}")
        layers.append(layer)
        if name.startswith("blobs/"):
            known[name] = layer
    return Image(config, layers)


def read_or_document(content, member, documents, pool, workers):
    """A layer; or a JSON document, which the OCI layout stores under a digest as well."""
    if content.peek(1)[:1] in (b"{", b"[") and member.size < LARGEST_DOCUMENT:
        documents[member.name] = content.read()
        return None
    return read_layer(content, pool, workers)


def manifest_of(documents):
    """The configuration of the image, and the names of its layers in the stream."""

    def document(name):
        try:
            return json.loads(documents[name].decode("utf-8"))
        except (KeyError, ValueError):
            raise ContentsError(f"docker save gave no {name}") from None

    if "manifest.json" in documents:
        manifest = document("manifest.json")[0]
        return document(manifest["Config"]), manifest["Layers"]
    pending = document("index.json")["manifests"]
    while pending:
        descriptor = pending.pop(0)
        if "vnd.docker.reference.type" in (descriptor.get("annotations") or {}):
            continue  # an attestation
        manifest = document(blob_name(descriptor))
        if "manifests" in manifest:
            pending += manifest["manifests"]
        elif "layers" in manifest:
            layers = [blob_name(layer) for layer in manifest["layers"]]
            return document(blob_name(manifest["config"])), layers
    raise ContentsError("docker save gave no manifest")


def blob_name(descriptor):
    return "blobs/" + descriptor["digest"].replace(":", "/")


# --- The file system that the layers make --------------------------------------------------------


def parents(path):
    """Every folder above a path, the nearest first."""
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path


class FileSystem:
    """What a container sees, and what lies hidden in the layers below."""

    def __init__(self, layers):
        self.layers = layers
        self.files = {}  # path to the number of its layer
        self.hidden = []  # number of a layer and path: overwritten or deleted by a later one
        self.folders = set()
        for number, layer in enumerate(layers):
            self.apply(number, layer)

    def apply(self, number, layer):
        replaced = layer.files.keys() & self.folders
        gone = layer.deleted | replaced
        if gone or layer.emptied:
            for path in list(self.files):
                above = list(parents(path))
                if path in gone or any(
                    folder in gone or folder in layer.emptied for folder in above
                ):
                    self.hide(path)
            self.folders = {
                folder
                for folder in self.folders
                if folder not in gone
                and not any(above in gone or above in layer.emptied for above in parents(folder))
            }
        for path in layer.files.keys() & self.files.keys():
            self.hide(path)
        for path in layer.folders & self.files.keys():
            self.hide(path)
        self.files.update(dict.fromkeys(layer.files, number))
        self.folders |= layer.folders

    def hide(self, path):
        self.hidden.append((self.files.pop(path), path))

    def sizes(self):
        """Path to bytes of all that a container sees."""
        return {path: self.layers[number].files[path] for path, number in self.files.items()}

    def resolved_sizes(self):
        """The same, and the hidden bytes by layer and path.

        The bytes of a file stay while one of its hard links stays, so they go to that one.
        """
        seen = self.sizes()
        waste = {place: self.layers[place[0]].files[place[1]] for place in self.hidden}
        for number, layer in enumerate(self.layers):
            for link, target in layer.links.items():
                if self.files.get(link) == number and waste.get((number, target)):
                    seen[link] += waste.pop((number, target))
        return seen, {place: size for place, size in waste.items() if size}

    def text(self, path):
        number = self.files.get(path)
        return None if number is None else self.layers[number].texts.get(path)

    def texts(self):
        """Every text that was kept and that a container sees."""
        for number, layer in enumerate(self.layers):
            for path, text in layer.texts.items():
                if self.files.get(path) == number:
                    yield path, text


# --- To whom a file belongs ----------------------------------------------------------------------


def paragraphs(text):
    """The fields of each paragraph of a Debian control file."""
    for paragraph in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", paragraph, re.MULTILINE))
        if fields:
            yield fields


def dependency_names(*texts):
    """Names in Depends fields, without versions; of alternatives all."""
    joined = ",".join(text for text in texts if text)
    names = (re.match(r"\s*([A-Za-z0-9.+-]+)", word) for word in re.split(r"[,|]", joined))
    return {match.group(1) for match in names if match}


class SystemPackages:
    """What dpkg or apk know of the installed packages."""

    def __init__(self, system):
        self.sections, self.needs, self.owners, self.provided = {}, {}, {}, {}
        self.system = system
        for path, text in system.texts():
            folder, name = posixpath.split(path)
            if name == "installed" and folder.endswith("lib/apk/db"):
                self.add_apk(text)
            elif path == "var/lib/dpkg/status":
                self.add_status(text)
            elif folder == "var/lib/dpkg/info":
                package = name[: -len(".list")].split(":")[0]
                for file in text.split("\n"):
                    self.owners.setdefault(self.real(file.lstrip("/")), package)
            elif folder == "var/lib/dpkg/status.d":
                self.add_status_folder(name, text)

    def real(self, path):
        """Where the file of a list is: /lib and the like are links to folders of /usr."""
        first = path.split("/", 1)[0]
        merged = first in SYSTEM_FOLDERS and first != "usr" and first in self.system.files
        return f"usr/{path}" if merged else path

    def add_status(self, text):
        for fields in paragraphs(text):
            name = fields.get("Package")
            if not name or not fields.get("Status", "installed").endswith("installed"):
                continue
            self.sections[name] = fields.get("Section", "").split("/")[-1]
            depends = ("Depends", "Pre-Depends", "Recommends")
            self.needs[name] = dependency_names(*(fields.get(field) for field in depends))
            for provided in dependency_names(fields.get("Provides")):
                self.provided.setdefault(provided, name)

    def add_status_folder(self, name, text):
        """An image without dpkg: one file for each package, its sums beside it."""
        if name.endswith(".md5sums"):
            package = name[: -len(".md5sums")]
            for line in text.split("\n"):
                file = line.partition("  ")[2]
                self.owners.setdefault(self.real(file.lstrip("./")), package)
        else:
            self.add_status(text)

    def add_apk(self, text):
        name = folder = ""
        for line in text.split("\n"):
            field, value = line[:2], line[2:]
            if field == "P:":
                name = value
                self.sections[name], self.needs[name] = "", set()
            elif field == "D:":
                self.needs[name] = {word.split("=")[0] for word in value.split()}
            elif field == "p:":
                for word in value.split():
                    self.provided.setdefault(word.split("=")[0], name)
            elif field == "F:":
                folder = value
            elif field == "R:":
                self.owners.setdefault(posixpath.join(folder, value), name)

    def build_tools(self, base_packages, runtime_packages):
        """Packages that only building needs: compilers, headers, and what only these have brought.

        What something else in the image needs as well is a system library.
        """
        added = self.needs.keys() - base_packages
        tools = {
            name
            for name in added
            if self.sections[name] in TOOL_SECTIONS or TOOL_NAMES.fullmatch(name)
        } - set(runtime_packages)
        needs = {
            name: {self.provided.get(need, need) for need in self.needs[name]} & added
            for name in added
        }
        needed = set().union(*(needs[name] for name in added)) if added else set()
        roots = (added - tools - needed) | (added & set(runtime_packages))
        kept = closure(roots, needs) - tools
        return closure(tools, needs) - kept


def closure(roots, needs):
    found, pending = set(), list(roots)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += needs.get(name, ())
    return found


def distributions(system):
    """Path to the name of the Python distribution, as each RECORD lists its files."""
    owners = {}
    for path, text in system.texts():
        information = posixpath.dirname(path)
        if not path.endswith(".dist-info/RECORD"):
            continue
        site = posixpath.dirname(information)
        name = posixpath.basename(information)[: -len(".dist-info")].rsplit("-", 1)[0]
        name = re.sub(r"[-_.]+", "-", name).lower()
        for row in csv.reader(io.StringIO(text)):
            if row:
                owners[posixpath.normpath(posixpath.join(site, row[0]))] = name
    return owners


def package_of(path, owners):
    """The distribution of a file, or the name below site-packages where none is known."""
    if path in owners:
        return owners[path]
    parts = path.split("/")
    for index, part in enumerate(parts[:-1]):
        if part in PACKAGE_FOLDERS:
            return re.sub(r"[-_.]+", "-", parts[index + 1].split(".")[0]).lower()
    return "environment"


class Classifier:
    """Decides for each file of an image what it is."""

    def __init__(self, system, base_layers, base_system, config, runtime_packages):
        self.system = system
        self.base_layers = base_layers
        # An image from scratch may hold parts of the base: they are told by their path.
        self.base_paths = set() if base_layers or base_system is None else set(base_system.files)
        self.packages = SystemPackages(system)
        known = SystemPackages(FileSystem(system.layers[:base_layers])) if base_layers else None
        if known is None and base_system is not None:
            known = SystemPackages(base_system)
        self.tools = self.packages.build_tools(
            set(known.needs) if known else set(), runtime_packages
        )
        self.distributions = distributions(system)
        self.environments = {
            posixpath.dirname(path) for path in system.files if path.endswith("/pyvenv.cfg")
        }
        working = (config.get("config") or {}).get("WorkingDir") or "/app"
        self.applications = {"app"} | ({working.strip("/")} - {""})
        self.copied = copied_layers(config, len(system.layers))

    def category(self, path):
        number = self.system.files[path]
        if number < self.base_layers or path in self.base_paths:
            return "base"
        parts = path.split("/")
        if path.endswith((".pyc", ".pyo")):
            return "byteCode"
        if HISTORY_FOLDERS.intersection(parts):
            return "history"
        if PACKAGE_FOLDERS.intersection(parts) or path in self.distributions:
            return "pythonPackages"
        above = list(parents(path))
        if self.environments.intersection(above):
            return "pythonPackages"
        if self.applications.intersection(above):
            return self.application_category(parts)
        owner = self.packages.owners.get(path)
        if owner is not None:
            return "buildTools" if owner in self.tools else "systemLibraries"
        if parts[0] in SYSTEM_FOLDERS or path.startswith("var/lib/dpkg/"):
            return "systemLibraries"
        return self.application_category(parts) if number in self.copied else "other"

    @staticmethod
    def application_category(parts):
        in_tests = TEST_FOLDERS.intersection(parts[:-1]) or TEST_FILE.fullmatch(parts[-1])
        return "tests" if in_tests else "application"


def history_commands(config, count):
    """The instruction of each layer, without what Docker puts around it."""
    entries = [item for item in config.get("history") or [] if not item.get("empty_layer")]
    if len(entries) != count:
        return [""] * count
    return [readable_command(entry.get("created_by") or "") for entry in entries]


def readable_command(text):
    text = re.sub(r"\s*# buildkit$", "", text.strip())
    text = re.sub(r"^/bin/sh -c #\(nop\)\s*", "", text)
    # The values of build arguments stand before the command: they may be secret.
    text = re.sub(r"^RUN \|\d+ .*?(?=/bin/sh -c )", "RUN ", text, flags=re.DOTALL)
    text = re.sub(r"^(RUN )?/bin/sh -c\s+", "RUN ", text)
    return re.sub(r"\s+", " ", text)


def copied_layers(config, count):
    commands = history_commands(config, count)
    return {n for n, command in enumerate(commands) if command.startswith(("COPY ", "ADD "))}


# --- The description of an image -----------------------------------------------------------------


def base_layer_count(image, base_diff_ids):
    """How many of the first layers are all those of the base image."""
    count = len(base_diff_ids)
    return count if count and image.diff_ids[:count] == list(base_diff_ids) else 0


def common_base(images):
    """The first layers that all of several images have: their base, where it is not at hand."""
    common = []
    for ids in zip(*(image.diff_ids for image in images)):
        if len(images) < 2 or len(set(ids)) > 1:
            break
        common.append(ids[0])
    return common


def describe(image, base_diff_ids=(), base_system=None, runtime_packages=()):
    """Size, layers, breakdown, packages, tree and waste of an image, as the report shows them."""
    system = FileSystem(image.layers)
    base_layers = base_layer_count(image, base_diff_ids)
    classifier = Classifier(system, base_layers, base_system, image.config, runtime_packages)
    seen, waste = system.resolved_sizes()
    breakdown = dict.fromkeys(COMPONENTS, 0)
    packages = collections.Counter()
    for path, size in seen.items():
        category = classifier.category(path)
        breakdown[category] += size
        if category == "pythonPackages":
            packages[package_of(path, classifier.distributions)] += size
    breakdown["waste"] = sum(waste.values())
    commands = history_commands(image.config, len(image.layers))
    compressed = [layer.compressed for layer in image.layers]
    return {
        "size": sum(layer.size for layer in image.layers),
        "compressed": None if None in compressed else sum(compressed),
        "layers": [
            {"command": command, "size": layer.size, "compressed": layer.compressed}
            for command, layer in zip(commands, image.layers)
        ],
        "breakdown": breakdown,
        "packages": [{"name": name, "size": size} for name, size in packages.most_common()],
        "tree": tree_of(seen),
        "waste": waste_list(waste),
        "wasteAsDive": waste_as_dive(image.layers, waste),
    }


def waste_list(waste):
    """The paths with the most hidden bytes."""
    paths = collections.Counter()
    for (_number, path), size in waste.items():
        paths[f"/{path}"] += size
    return [{"path": path, "size": size} for path, size in paths.most_common(LONGEST_WASTE_LIST)]


def waste_as_dive(layers, waste):
    """Bytes as dive counts them: of a path in several layers every copy, the last one too."""
    counts = collections.Counter(path for layer in layers for path in layer.files)
    several = {path for path, count in counts.items() if count > 1}
    total = sum(layer.files.get(path, 0) for layer in layers for path in several)
    return total + sum(size for (_number, path), size in waste.items() if path not in several)


def tree_of(sizes):
    """Folders and files with their sizes, the small ones together under "other"."""
    root = {"name": "/", "size": 0, "children": {}}
    for path, size in sizes.items():
        node = root
        node["size"] += size
        for part in path.split("/"):
            node = node["children"].setdefault(part, {"name": part, "size": 0, "children": {}})
            node["size"] += size
    return pruned(root, root["size"] * SMALLEST_SHARE)


def pruned(node, smallest):
    children = sorted(node["children"].values(), key=lambda child: -child["size"])
    large = [pruned(child, smallest) for child in children if child["size"] >= smallest]
    rest = node["size"] - sum(child["size"] for child in large)
    if large and rest > 0:
        large.append({"name": "other", "size": rest, "children": []})
    return {"name": node["name"], "size": node["size"], "children": large}
