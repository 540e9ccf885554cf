"""Copies an environment without what no program reads; the Dockerfile runs it in the build.

    python trim_environment.py /opt/venv --output /trimmed --rules tests,translations,sources
    python trim_environment.py /opt/venv --pack /out/trimmed.pack --rules tests,translations,sources
    python trim_environment.py --unpack /out/trimmed.pack --output /opt/venv

The environment itself stays as it is. A pack has all of the output in one file, which a build
compares and hands to the next stage in a fraction of the time that thousands of files take.
For an environment in two layers: --first-layer LIST writes what is in the first one, and what went;
with --without LIST, what is as it was in the first environment is left to it.

tests         folders of tests, of packages that are known to run without them
translations  .po and .pot files beside the compiled .mo file
sources       C, C++, Cython and Fortran sources and headers of compiled modules, and libraries that
              only other programs would link
stubs         .pyi files, which type checkers read, but not in packages that read them themselves
symbols       symbol tables and debugging sections of shared objects: no running program maps them
duplicates    files of the same content are stored once, by hard links
languages     translations for other languages than --languages en,de names; English stays
botocore      descriptions of other AWS services than --aws-services s3,sqs names
googleapis    descriptions of other Google APIs than --google-apis drive.v3 names

Before a folder or a file goes, the Python files that stay are read: what one of them imports or
names stays, with a note. Licences and metadata stay. What went is listed in trimmed.json in the
output, and no longer in the RECORD files. The same environment gives the same result.
"""

import argparse
import ast
import base64
import contextlib
import csv
import gc
import hashlib
import json
import os
import re
import shutil
import stat
import struct
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

# Folders and modules of tests: distribution → patterns, where "*" stands for any text in a name and
# "**" for any folders.
TESTS = {
    "autobahn": "autobahn/**/test autobahn/twisted/testing",
    "dask": "dask/**/tests dask/conftest.py",
    "django-cms": "cms/tests",
    "django-guardian": "guardian/testapp",
    "gensim": "gensim/test",
    "greenlet": "greenlet/tests",
    "joblib": "joblib/test",
    "jsonschema": "jsonschema/tests jsonschema/benchmarks",
    "matplotlib": "matplotlib/tests mpl_toolkits/**/tests",
    "networkx": "networkx/**/tests networkx/conftest.py",
    "nltk": "nltk/test",
    "numpy": "numpy/**/tests numpy/conftest.py",
    "pandas": "pandas/tests pandas/conftest.py",
    "passlib": "passlib/tests",
    "pyarrow": "pyarrow/tests pyarrow/conftest.py",
    "pycryptodome": "Crypto/SelfTest",
    "pycryptodomex": "Cryptodome/SelfTest",
    "pywavelets": "pywt/tests",
    "scikit-learn": "sklearn/**/tests sklearn/conftest.py",
    "scipy": "scipy/**/tests scipy/special/_precompute scipy/conftest.py",
    "shapely": "shapely/tests",
    "spacy": "spacy/tests",
    "spacy-legacy": "spacy_legacy/tests",
    "srsly": "srsly/**/tests",
    "statsmodels": "statsmodels/**/tests statsmodels/conftest.py",
    "sympy": "sympy/**/tests sympy/**/benchmarks sympy/conftest.py",
    "thinc": "thinc/tests",
    "tornado": "tornado/test",
    "twisted": "twisted/**/test",
    "wagtail": "wagtail/**/tests wagtail/**/tests.py wagtail/test",
    "websocket-client": "websocket/tests",
    "zope-interface": "zope/interface/**/tests",
}

# Sources and headers that lie apart from their compiled module.
SOURCE_FILES = {
    "gensim": "gensim/**",
    "greenlet": "greenlet/**",
    "lxml": "lxml/**",
    "numpy": "numpy/**",
    "pyarrow": "pyarrow/**",
    "scikit-learn": "sklearn/**",
    "scipy": "scipy/**",
    "spacy": "spacy/**",
    "srsly": "srsly/**",
    "statsmodels": "statsmodels/**",
    "thinc": "thinc/**",
}

# Shared objects for other programs to link: distribution → patterns.
LINK_LIBRARIES = {
    "onnxruntime": "onnxruntime/capi/libonnxruntime.so*",
}

# What stays whatever a rule says: rule → patterns.
KEPT = {
    "sources": [
        "Cython/**",
        "pythran/**",
        "cppyy*/**",
        "cupy/**",
        "deepspeed/**",
        "numba/**",
        "tensorflow/**",
        "torch/**",
        "triton/**",
    ],
    "stubs": [
        "gradio/**",
    ],
    "symbols": [
        "**/fips.so",
        "**/libfreebl*.so",
        "**/libsoftokn*.so",
        "**/pyarmor_runtime*",
        "cupy*/**",
        "jaxlib/**",
        "nvidia/**",
        "tensorflow/**",
        "torch/**",
        "triton/**",
    ],
}

# Distributions that want the files of a rule.
NEEDED_BY = {
    "translations": "django-rosetta",
}

SOURCE_SUFFIXES = [
    ".a",
    ".c",
    ".cc",
    ".cpp",
    ".cxx",
    ".f",
    ".f90",
    ".h",
    ".hh",
    ".hpp",
    ".hxx",
    ".pxd",
    ".pxi",
    ".pyf",
    ".pyx",
    ".pyx.tp",
    ".pxd.tp",
]

# Services that a client of another one asks for credentials.
AWS_SERVICES = [
    "signin",
    "sso",
    "sso-oidc",
    "sts",
]

RULES = [
    "tests",
    "translations",
    "sources",
    "stubs",
    "symbols",
    "languages",
    "botocore",
    "googleapis",
    "duplicates",
]

# Smaller ones save less than a block of a disk.
SMALLEST_DUPLICATE = 4096

# Part of a shared object that its symbols must take: to write large ones again takes its time.
SMALLEST_SAVING = 0.01

FILES_AT_A_TIME = 4

# Always removed: Python looks for byte-code under PYTHONPYCACHEPREFIX only.
BYTECODE = "bytecode"

AWS_DATA = "botocore/data"
AWS_RESOURCES = "boto3/data"
GOOGLE_DATA = "googleapiclient/discovery_cache/documents"

TRANSLATION = re.compile(
    r"(?:^|/)locales?/([A-Za-z]{2,3}(?:[-_@][A-Za-z0-9]+)*)/LC_MESSAGES/[^/]+$"
)
DJANGO_FORMATS = re.compile(r"^django/conf/locale/([A-Za-z_]+)/[^/]+\.py$")
BABEL_LOCALE = re.compile(r"^babel/locale-data/([a-z]{2,3}(?:_\w+)?)\.dat$")

# Norwegian has three codes, of which Django, Babel and gettext fall back to one another.
SAME_LANGUAGE = {"nb": "no", "nn": "no"}


class CannotTrimError(Exception):
    """Nothing has been written."""


def regular_expression(patterns):
    """One expression for patterns with * and **."""
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    texts = (re.split(r"(\*\*/|\*\*|\*)", pattern) for pattern in patterns)
    expressions = ("".join(parts.get(part, re.escape(part)) for part in text) for text in texts)
    return re.compile(f"(?:{'|'.join(expressions)})" if patterns else "(?!)")


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def top(path):
    """The outermost package or module of a path."""
    return path.split("/", 1)[0]


# --- The environment -----------------------------------------------------------------------------


class Environment:
    """The site-packages folder of a virtual environment, and its copy. Paths are relative to it."""

    def __init__(self, folder, output):
        """output: an empty folder. In the end it has all of the copy, or what a pack adds."""
        self.folder = os.path.realpath(folder)
        self.output = os.path.realpath(output)
        if not os.path.isfile(os.path.join(self.folder, "pyvenv.cfg")):
            raise CannotTrimError(f"{folder} is no virtual environment: it has no pyvenv.cfg")
        if os.path.exists(os.path.join(self.folder, "trimmed.json")):
            raise CannotTrimError(f"{folder} has been trimmed before: it has a trimmed.json")
        if os.path.isdir(self.output) and os.listdir(self.output):
            raise CannotTrimError(f"{output} is not empty")
        self.site = self.find_site()
        self.output_site = os.path.join(self.output, os.path.relpath(self.site, self.folder))
        self.files = {}  # path → size; no links
        self.links = []
        self.removed = defaultdict(dict)  # rule → path → bytes
        self.gone = set()
        self.replaced = set()  # written with another content
        self.changed = set()
        self.linked = {}  # stored once with another file → that file
        self.notes = []
        self.walk("")
        self.records = {}  # distribution → path of its RECORD
        self.owners = {}  # path → distribution
        self.distributions = {}  # name → version
        self.read_records()
        self.elsewhere = set()  # files that the first layer has, or has left out
        self.imported_elsewhere = []  # names of tests that they import
        self.imports = set()  # names of tests that are imported and not here

    def find_site(self):
        found = []
        for library in ("lib", "lib64"):
            folder = os.path.join(self.folder, library)
            if not os.path.isdir(folder) or os.path.islink(folder):
                continue
            for name in sorted(os.listdir(folder)):
                site = os.path.join(folder, name, "site-packages")
                if os.path.isdir(site) and os.path.realpath(site) == site:
                    found.append(site)
        if len(found) != 1:
            places = ", ".join(found) or "none"
            raise CannotTrimError(f"one lib/python3.*/site-packages is expected, found: {places}")
        return found[0]

    def absolute(self, path):
        return os.path.join(self.site, path)

    def relative(self, path):
        """A path below the environment's folder as the others are written."""
        if path.startswith(f"{self.site}/"):
            return path[len(self.site) + 1 :]
        return os.path.relpath(path, self.site)

    def in_output(self, path):
        return os.path.join(self.output_site, path)

    def walk(self, folder):
        with os.scandir(self.absolute(folder)) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_symlink():
                    self.links.append(path)
                elif entry.is_dir():
                    self.walk(path)
                elif entry.is_file():
                    self.files[path] = entry.stat().st_size

    def read_records(self):
        for path in list(self.files):
            folder, _, name = path.rpartition("/")
            if not folder.endswith((".dist-info", ".egg-info")) or "/" in folder:
                continue
            name_and_version = folder.rsplit(".", 1)[0].split("-")
            distribution = normalised(name_and_version[0])
            self.distributions[distribution] = "".join(name_and_version[1:2])
            if name == "RECORD":
                self.records[distribution] = path
                for line in self.read(path).decode("utf-8", "surrogateescape").splitlines():
                    self.owners[record_path(line)] = distribution

    def owner(self, path):
        return self.owners.get(path) or normalised(top(path))

    def read(self, path):
        file = self.in_output(path) if path in self.replaced else self.absolute(path)
        with open(file, "rb") as content:
            return content.read()

    def remove(self, rule, path):
        """Leave out a file, and the folders that are empty without it."""
        self.gone.add(path)
        self.removed[rule][path] = self.files.pop(path, 0)

    def replace(self, path, data):
        """Write another content under the same name, mode and times."""
        file = self.in_output(path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as output:
            output.write(data)
        shutil.copystat(self.absolute(path), file)
        self.replaced.add(path)
        self.files[path] = len(data)

    def link(self, rule, path, first):
        """Store a file once with another one of the same content."""
        self.linked[path] = first
        self.removed[rule][path] = self.files[path]

    def entries(self):
        """Folders and files of the copy, as (source, path in it); the folders from the inside."""
        folders, files = [], []

        def take_folder(source, target):
            """Return whether anything of it stays: what was empty before does."""
            with os.scandir(source) as entries:
                ordered = sorted(entries, key=lambda entry: entry.name)
            stay = [take_entry(entry, f"{target}/{entry.name}") for entry in ordered]
            if any(stay) or not stay:
                folders.append((source, target))
            return any(stay) or not stay

        def take_entry(entry, target):
            if entry.is_dir(follow_symlinks=False):
                return take_folder(entry.path, target)
            path = self.relative(entry.path)
            if path in self.gone or path in self.elsewhere:
                return False
            if path not in self.linked:
                source = self.in_output(path) if path in self.replaced else entry.path
                files.append((source, target))
            return True

        take_folder(self.folder, "")
        return folders, files

    def write(self, summary):
        """Copy what stays, with its modes and times, and write the summary."""
        folders, files = self.entries()
        for _, target in reversed(folders):
            os.makedirs(self.output + target, exist_ok=True)
        copies = [(source, self.output + target) for source, target in files]
        with ThreadPoolExecutor(FILES_AT_A_TIME) as pool:
            list(pool.map(copy_file, [row for row in copies if row[0] != row[1]]))
        for path, first in self.linked.items():
            if path in self.replaced:
                os.unlink(self.in_output(path))
            os.link(self.in_output(first), self.in_output(path))
        self.write_summary(summary)
        # Once nothing is written to the folders any more.
        for source, target in folders:
            shutil.copystat(source, self.output + target)

    def pack(self, file, summary):
        """Write the same into one file: contents, an index as JSON, the length of that."""
        folders, files = self.entries()
        files.append((self.write_summary(summary), f"/{summary[0]}"))
        index = {
            "folders": [(target, *mode_and_time(os.stat(source))) for source, target in folders],
            "links": [],
            "files": [],
            "hard_links": [
                [os.path.relpath(self.in_output(name), self.output) for name in pair]
                for pair in self.linked.items()
            ],
        }
        os.makedirs(os.path.dirname(os.path.abspath(file)), exist_ok=True)
        with open(file, "xb", buffering=0) as pack:
            for source, target in files:
                if os.path.islink(source):
                    index["links"].append((target, os.readlink(source)))
                    continue
                with open(source, "rb", buffering=0) as content:
                    status = os.fstat(content.fileno())
                    copy_content(content, pack, status.st_size)
                index["files"].append((target, *mode_and_time(status), status.st_size))
            text = json.dumps(index).encode("ascii")
            pack.write(text + len(text).to_bytes(8, "big"))

    def write_summary(self, summary):
        """With the time of the environment's own file, so that it tells nothing of this run."""
        name, content = summary
        made = os.stat(os.path.join(self.folder, "pyvenv.cfg"))
        path = os.path.join(self.output, name)
        os.makedirs(self.output, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.write("\n")
        os.utime(path, ns=(made.st_mtime_ns, made.st_mtime_ns))
        return path

    def write_records(self):
        """RECORD lists the files that are there, with their hashes."""
        touched = {self.owners[path] for path in self.gone | self.changed if path in self.owners}
        for distribution in sorted(touched):
            path = self.records[distribution]
            if path in self.elsewhere:
                continue
            lines = []
            text = self.read(path).decode("utf-8", "surrogateescape")
            for line in text.splitlines(keepends=True):
                name = record_path(line)
                if name in self.changed:
                    digest = hashlib.sha256(self.read(name)).digest()
                    encoded = base64.urlsafe_b64encode(digest).decode().rstrip("=")
                    # Where an installer wrote a hash.
                    new = f",sha256={encoded},{self.files[name]}"
                    line = re.sub(r",\w+=[^,]*,\d*(?=\s*$)", new, line)
                if name not in self.gone:
                    lines.append(line)
            self.replace(path, "".join(lines).encode("utf-8", "surrogateescape"))


def mode_and_time(status):
    return stat.S_IMODE(status.st_mode), status.st_mtime_ns


def copy_file(places):
    """Content, mode and times; several at a time, because most of the work is the kernel's."""
    source, target = places
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
        return
    with open(source, "rb", buffering=0) as content, open(target, "xb", buffering=0) as copy:
        status = os.fstat(content.fileno())
        copy_content(content, copy, status.st_size)
        finish_file(copy, *mode_and_time(status))


def copy_content(content, copy, size, start=0):
    """Copy so many bytes from there on: within the kernel, where both are in one file system."""
    done = 0
    with contextlib.suppress(OSError):
        while done < size:
            place = start + done
            count = os.copy_file_range(content.fileno(), copy.fileno(), size - done, place)
            if count == 0:
                break
            done += count
    while done < size:
        data = os.pread(content.fileno(), min(size - done, 1 << 20), start + done)
        if not data:
            raise CannotTrimError(f"{content.name} ends before it should")
        done += copy.write(data)


def finish_file(file, mode, time_ns):
    os.fchmod(file.fileno(), mode)
    os.utime(file.fileno(), ns=(time_ns, time_ns))


def unpack(file, output):
    """Write what a pack has, with its modes and times."""
    with open(file, "rb", buffering=0) as pack:
        end = pack.seek(-8, os.SEEK_END)
        length = int.from_bytes(pack.read(8), "big")
        pack.seek(end - length)
        index = json.loads(pack.read(length))
        for target, _, _ in reversed(index["folders"]):
            os.makedirs(output + target, exist_ok=True)
        starts, start = [], 0
        for row in index["files"]:
            starts.append(start)
            start += row[3]

        def write(row):
            (target, mode, time_ns, size), place = row
            with open(output + target, "xb", buffering=0) as copy:
                copy_content(pack, copy, size, place)
                finish_file(copy, mode, time_ns)

        with ThreadPoolExecutor(FILES_AT_A_TIME) as pool:
            list(pool.map(write, zip(index["files"], starts)))
    for target, text in index["links"]:
        os.symlink(text, output + target)
    for path, first in index["hard_links"]:
        os.link(f"{output}/{first}", f"{output}/{path}")
    for target, mode, time_ns in index["folders"]:
        os.chmod(output + target, mode)
        os.utime(output + target, ns=(time_ns, time_ns))
    print(f"{len(index['files'])} files, {start / 1e6:.1f} MB")


def record_path(line):
    """The first column of a line of RECORD."""
    if not line.startswith('"'):
        return line.split(",", 1)[0]
    return next(csv.reader([line]))[0]


# --- What the Python files that stay import and name ---------------------------------------------

STUB_READER = re.compile(rb"[\"'][^\"'\n]*\.pyi[\"']|\battach_stub\b")
NAMED_SOURCE = re.compile(
    rb"(?:%s)(?=[\"'])" % b"|".join(re.escape(end.encode()) for end in SOURCE_SUFFIXES)
)


# What folders and modules of tests are called.
TEST_NAMES = {
    os.path.basename(pattern).replace(".py", "")
    for patterns in TESTS.values()
    for pattern in patterns.split()
}
TEST_WORDS = sorted(name.encode() for name in TEST_NAMES)

DOTTED_NAME = re.compile(r"\.?[A-Za-z_]\w*(?:\.\w+)+|\.\w+")


def import_line(words):
    """Matches a line that may import one of the words: imported_names then tells what it says."""
    word = rb"\b(?:%s)\b" % b"|".join(re.escape(word) for word in words)
    statement = rb"\b(?:from\s+[\w.]+\s+import\b|import\s+\w)"
    return re.compile(
        rb"\bfrom\s+[\w.]*%(word)s|%(statement)s.*%(word)s"
        rb"|^[\s(]*%(word)s(?:\s+as\s+\w+)?[\s,)]*(?:#|$)"  # in a bracket over several lines
        rb"|^[\w\s,()]*,\s*%(word)s[\w\s,()]*$|^[\w\s,()]*%(word)s\s*,[\w\s,()]*$"
        rb"|[\"'][\w.]*\.%(word)s[\w.]*[\"']" % {b"word": word, b"statement": statement}
    )


class Sources:
    """Reads every Python file that stays, once."""

    def __init__(self, environment, tests):
        self.environment = environment
        self.modules = {}  # dotted name → folder or file of tests
        for path in tests:
            self.modules[re.sub(r"\.py$", "", path).replace("/", ".")] = path
        self.import_line = import_line(TEST_WORDS)
        self.importers = {}  # folder or file of tests → the first file that imports it
        self.reads_stubs = set()  # outermost packages
        self.packages = {top(path).split(".")[0] for path in environment.files}
        self.named_sources = defaultdict(set)  # outermost package → file names
        self.with_sources = {top(path) for path in environment.files if is_source(path)}

    def read(self, paths):
        for path in paths:
            data = self.environment.read(path)
            if path.endswith("/entry_points.txt"):
                for name in re.findall(r"=\s*([\w.]+)", data.decode("utf-8", "replace")):
                    self.note(name, path)
                continue
            package = top(path)
            if (b".pyi" in data or b"attach_stub" in data) and STUB_READER.search(data):
                self.reads_stubs.add(package)
            if package in self.with_sources:
                self.named_sources[package].update(source_names(data))
            if self.may_import(data):
                for name in imported_names(path, data):
                    self.note(name, path)

    def may_import(self, data):
        for word in TEST_WORDS:
            position = data.find(word)
            while position >= 0:
                end = data.find(b"\n", position)
                line = data[data.rfind(b"\n", 0, position) + 1 : end if end >= 0 else len(data)]
                if len(line) < 1000 and self.import_line.search(line):
                    return True
                position = data.find(word, end) if end >= 0 else -1
        return False

    def note(self, name, path):
        """The name, or a package that it is in, may be tests."""
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            tests = self.modules.get(".".join(parts[:length]))
            if tests is not None:
                self.importers.setdefault(tests, path)
        if parts[0] not in self.packages and not TEST_NAMES.isdisjoint(parts):
            self.environment.imports.add(name)


def is_source(path):
    return path.endswith(tuple(SOURCE_SUFFIXES))


def source_names(data):
    """Names of source files that stand at the end of a string."""
    for match in NAMED_SOURCE.finditer(data):
        start = match.start()
        while start > 0 and (chr(data[start - 1]).isalnum() or data[start - 1] in b"_-+."):
            start -= 1
        yield data[start : match.end()]


def imported_names(path, data):
    """Dotted names that a file imports, also inside functions and by their name in a string."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError):
        return  # a template, or for another Python: it cannot be imported
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join(above + ([node.module] if node.module else []))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and DOTTED_NAME.fullmatch(str(node.value)):
            above = ".".join(package) if node.value.startswith(".") else ""
            yield above + node.value


def inside(path, folders):
    """Whether a path is in one of a set of folders."""
    position = path.find("/")
    while position > 0:
        if path[:position] in folders:
            return True
        position = path.find("/", position + 1)
    return False


def within(path, places):
    """Whether a path is one of a set of paths, or in one of them."""
    return path in places or inside(path, places)


def folders_of(environment):
    found = set()
    for path in [*environment.files, *environment.links]:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def find_tests(environment):
    """Folders and modules of tests."""
    patterns = [
        pattern
        for distribution, rows in TESTS.items()
        if distribution in environment.distributions
        for pattern in rows.split()
    ]
    expression = regular_expression(patterns)
    places = folders_of(environment) | {path for path in environment.files if path.endswith(".py")}
    found = {path for path in places if expression.fullmatch(path)}
    return {path for path in found if not inside(path, found)}


def read_sources(environment, tests):
    """Read the files that stay. Return the tests that none of them imports, and the reader."""
    warnings.simplefilter("ignore")
    sources = Sources(environment, tests)
    modules = [
        path
        for path in environment.files
        if path.endswith((".py", ".dist-info/entry_points.txt"))
        and path not in environment.elsewhere
    ]
    for name in environment.imported_elsewhere:
        sources.note(name, "the first layer")
    sources.read(path for path in modules if not within(path, tests))
    unused = set(tests)
    while True:
        imported = unused & set(sources.importers)
        if not imported:
            return unused, sources
        # What such tests import stays too.
        unused -= imported
        sources.read(path for path in modules if within(path, imported))


# --- The rules -----------------------------------------------------------------------------------


def trim_bytecode(environment):
    for path in list(environment.files):
        if path.endswith(".pyc") and "__pycache__/" in path:
            environment.remove(BYTECODE, path)


def trim_tests(environment, tests, unused, sources):
    for path in sorted(tests - unused):
        environment.notes.append(f"{path} stays: {sources.importers[path]} imports it")
    for path in [*environment.files, *environment.links]:
        if within(path, unused):
            environment.remove("tests", path)


def trim_translations(environment):
    users = [
        name for name in NEEDED_BY["translations"].split() if name in environment.distributions
    ]
    if users:
        environment.notes.append(f".po files stay: {users[0]} reads them")
        return
    for path in list(environment.files):
        stem, suffix = os.path.splitext(path)
        if suffix in (".po", ".pot") and f"{stem}.mo" in environment.files:
            environment.remove("translations", path)


def patterns_of(table, environment):
    """One expression for the patterns of those distributions that are installed."""
    return regular_expression(
        [
            pattern
            for distribution, patterns in table.items()
            if distribution in environment.distributions
            for pattern in patterns.split()
        ]
    )


def trim_link_libraries(environment):
    """What another file names, by its name up to the version, stays: it links or opens it."""
    wanted = patterns_of(LINK_LIBRARIES, environment)
    unused = {path for path in environment.files if wanted.fullmatch(path)}
    if not unused:
        return
    name = {path: (os.path.basename(path).split(".so")[0] + ".so").encode() for path in unused}
    for other in environment.files:
        if other in name or not re.search(r"\.(py|so)(\.|$)", other):
            continue
        if other in environment.elsewhere:
            continue
        data = environment.read(other)
        for path in sorted(unused):
            if name[path] in data:
                environment.notes.append(f"{path} stays: {other} names it")
                unused.discard(path)
    for path in sorted(unused):
        environment.remove("sources", path)


def trim_sources(environment, sources):
    apart = patterns_of(SOURCE_FILES, environment)
    kept = regular_expression(KEPT["sources"])
    compiled = {path.split(".")[0] for path in environment.files if path.endswith(".so")}
    named = []
    for path in list(environment.files):
        if not is_source(path) or kept.fullmatch(path):
            continue
        if path.split(".")[0] not in compiled and not apart.fullmatch(path):
            continue
        if os.path.basename(path).encode() in sources.named_sources[top(path)]:
            named.append(path)
        else:
            environment.remove("sources", path)
    for package in sorted({top(path) for path in named}):
        files = [path for path in named if top(path) == package]
        environment.notes.append(f"{files[0]} stays ({len(files)} in all): {package} names it")


def trim_stubs(environment, sources):
    kept = regular_expression(KEPT["stubs"])
    stubs = [
        path for path in environment.files if path.endswith(".pyi") and not kept.fullmatch(path)
    ]
    for package in sorted({top(path) for path in stubs} & sources.reads_stubs):
        environment.notes.append(f"the .pyi files of {package} stay: it reads them")
    for path in stubs:
        if top(path) not in sources.reads_stubs:
            environment.remove("stubs", path)


def trim_symbols(environment):
    kept = regular_expression(KEPT["symbols"])
    # A library with a checksum beside it tests itself.
    libraries = [
        path
        for path in environment.files
        if re.search(r"\.so(\.|$)", path)
        and path not in environment.elsewhere
        and not kept.fullmatch(path)
        and f"{path.rsplit('.so', 1)[0]}.chk" not in environment.files
    ]

    def strip(path):
        try:
            smaller = without_symbols(environment.read(path))
        except (struct.error, ValueError):
            return  # cut short: no place that a header names is there
        if smaller is not None:
            saved = environment.files[path] - len(smaller)
            environment.replace(path, smaller)
            environment.changed.add(path)
            environment.removed["symbols"][path] = saved

    with ThreadPoolExecutor(FILES_AT_A_TIME) as pool:
        list(pool.map(strip, libraries))


def base_language(code):
    base = re.split("[-_@]", code)[0].lower()
    return SAME_LANGUAGE.get(base, base)


def language_files(environment):
    """Path → language of its content."""
    found = {}
    for path in environment.files:
        for expression in (TRANSLATION, DJANGO_FORMATS, BABEL_LOCALE):
            match = expression.search(path)
            if match and match[1] != "root":
                found[path] = match[1]
    return found


def note_languages(environment, languages):
    """A language that only the project itself has is no mistake."""
    available = {base_language(code) for code in language_files(environment).values()}
    missing = [code for code in languages if base_language(code) not in available | {"en"}]
    if available and missing:
        environment.notes.append(
            f"no package has the language {', '.join(missing)}; there are: "
            f"{' '.join(sorted(available))}"
        )


def trim_languages(environment, languages):
    kept = {base_language(code) for code in [*languages, "en"]}
    for path, code in language_files(environment).items():
        if base_language(code) not in kept:
            environment.remove("languages", path)


def names_below(environment, folder):
    """Names of the folders, and of the .json files without the ending, right below a folder."""
    names = set()
    for path in environment.files:
        if path.startswith(f"{folder}/"):
            first, *rest = path[len(folder) + 1 :].split("/")
            if rest:
                names.add(first)
            elif first.endswith(".json"):
                names.add(first[: -len(".json")])
    return names


def check_names(kind, wanted, available):
    missing = [name for name in wanted if name not in available]
    if available and missing:
        similar = [
            name for name in sorted(available) if any(name.startswith(item[:3]) for item in missing)
        ]
        hint = f"; similar: {' '.join(similar[:12])}" if similar else ""
        raise CannotTrimError(f"there is no {kind} {', '.join(missing)}{hint}")


def trim_botocore(environment, services):
    kept = {*services, *AWS_SERVICES}
    for path in list(environment.files):
        for folder in (AWS_DATA, AWS_RESOURCES):
            if path.startswith(f"{folder}/"):
                service, *rest = path[len(folder) + 1 :].split("/")
                if rest and service not in kept:
                    environment.remove("botocore", path)


def trim_googleapis(environment, apis):
    for name in names_below(environment, GOOGLE_DATA) - {*apis, "index"}:
        environment.remove("googleapis", f"{GOOGLE_DATA}/{name}.json")


def trim_duplicates(environment):
    """Link files of the same content and mode to the first of them; RECORD files may change."""
    by_size = defaultdict(list)
    for path, size in environment.files.items():
        record = path.endswith(".dist-info/RECORD")
        if size >= SMALLEST_DUPLICATE and not record and path not in environment.elsewhere:
            by_size[size].append(path)
    for paths in by_size.values():
        if len(paths) == 1:
            continue
        first = {}
        for path in sorted(paths):
            mode = os.stat(environment.absolute(path)).st_mode
            key = (hashlib.sha256(environment.read(path)).digest(), mode)
            if first.setdefault(key, path) != path:
                environment.link("duplicates", path, first[key])


# --- Shared objects ------------------------------------------------------------------------------

DROPPED_SECTION = re.compile(
    rb"\.(symtab|symtab_shndx|strtab|comment|line|gdb_index|gnu_debuglink|gnu_debugaltlink"
    rb"|z?debug_\w+|stab|stabstr|GCC\.command\.line|gnu\.build\.attributes[\w.]*)"
)
ET_DYN, SHT_NULL, SHT_NOBITS, SHF_ALLOC, PT_LOAD = 3, 0, 8, 2, 1


def without_symbols(data):
    """The shared object without what only a linker and a debugger read, or None to leave it alone.

    Nothing that is mapped into memory changes, and no address: the parts of the file that stay are
    moved together, by whole pages where they are mapped, also those that auditwheel put behind the
    symbols (strip of binutils breaks such files). Sections that go become unused entries of their
    table, so that no index changes. A file with data that no header speaks of is left alone.
    """
    if data[:4] != b"\x7fELF" or data[4] not in (1, 2) or data[5] not in (1, 2):
        return None
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    header = struct.Struct(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"))
    section = struct.Struct(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"))
    segment = struct.Struct(order + ("IIQQQQQQ" if wide else "IIIIIIII"))
    # Of a segment: offset, size in the file, alignment.
    offset_at, size_at, alignment_at = (2, 5, 7) if wide else (1, 4, 7)
    fields = list(header.unpack_from(data, 16))
    kind, _, _, _, segments_at, sections_at, _, _, segment_size, segment_count = fields[:10]
    section_size, section_count, names_index = fields[10:]
    known = (section_size, segment_size) == (section.size, segment.size)
    if kind != ET_DYN or not known or not 0 < names_index < section_count:
        return None
    sections = [
        list(section.unpack_from(data, sections_at + index * section.size))
        for index in range(section_count)
    ]
    segments = [
        list(segment.unpack_from(data, segments_at + index * segment.size))
        for index in range(segment_count)
    ]
    names = data[sections[names_index][4] :][: sections[names_index][5]]

    def goes(index):
        name, kind, flags = sections[index][:3]
        text = names[name : names.index(b"\0", name)]
        dropped = index != names_index and kind != SHT_NULL and not flags & SHF_ALLOC
        return dropped and DROPPED_SECTION.fullmatch(text)

    gone = [index for index in range(section_count) if goes(index)]
    kept = [index for index in range(section_count) if index not in gone]
    if not gone or any(sections[index][6] in gone for index in kept if sections[index][1]):
        return None
    if sum(sections[index][5] for index in gone) < len(data) * SMALLEST_SAVING:
        return None
    ranges = [
        (0, 16 + header.size, 1),
        (segments_at, segments_at + segment_count * segment.size, 8),
    ]
    for item in segments:
        if item[size_at] or item[0] == PT_LOAD:
            end = item[offset_at] + item[size_at]
            ranges.append((item[offset_at], end, max(item[alignment_at], 1)))
    for index in kept:
        kind, start, size, alignment = (sections[index][place] for place in (1, 4, 5, 8))
        if kind not in (SHT_NULL, SHT_NOBITS) and size:
            ranges.append((start, start + size, max(alignment, 1)))
    ends = [sections[index][4] + sections[index][5] for index in gone]
    known_end = max([sections_at + section_count * section.size, *ends, *(r[1] for r in ranges)])
    if known_end > len(data) or any(data[known_end:]):
        return None

    output, moved = bytearray(), []
    for start, end, alignment in merged(ranges):
        place = len(output) + (start - len(output)) % alignment
        output += bytes(place - len(output)) + data[start:end]
        moved.append((start, end, start - place))

    def new_place(offset):
        return offset - next((by for start, end, by in moved if start <= offset <= end), 0)

    for index in kept:
        sections[index][4] = new_place(sections[index][4])
    for index in gone:
        sections[index] = [0] * 10
    for index, item in enumerate(segments):
        item[offset_at] = new_place(item[offset_at])
        segment.pack_into(output, new_place(segments_at) + index * segment.size, *item)
    output += bytes(-len(output) % 8)
    fields[4:6] = new_place(segments_at), len(output)
    header.pack_into(output, 16, *fields)
    output += b"".join(section.pack(*item) for item in sections)
    return bytes(output) if len(output) < len(data) else None


def merged(ranges):
    """Ranges of a file that overlap or touch become one, with the largest alignment."""
    result = []
    for start, end, alignment in sorted(ranges):
        if result and start <= result[-1][1]:
            first, last, largest = result[-1]
            result[-1] = (first, max(last, end), max(largest, alignment))
        else:
            result.append((start, end, alignment))
    return result


# --- The run -------------------------------------------------------------------------------------


def trim(environment, arguments):
    rules = arguments.rules
    # Before the first file goes.
    if "languages" in rules:
        note_languages(environment, arguments.languages)
    if "botocore" in rules:
        services = names_below(environment, AWS_DATA)
        check_names("AWS service", arguments.aws_services, services)
    if "googleapis" in rules:
        apis = names_below(environment, GOOGLE_DATA)
        check_names("description of the Google API", arguments.google_apis, apis)

    gone = first_layer(environment, arguments.without) if arguments.without else set()
    leave_out_files(environment, arguments)
    # What nothing in that layer reads, and something here does.
    environment.elsewhere -= gone - environment.gone
    # What changes the contents of files that stay.
    if "symbols" in rules:
        trim_symbols(environment)
    if "duplicates" in rules:
        trim_duplicates(environment)


def leave_out_files(environment, arguments):
    rules = arguments.rules
    trim_bytecode(environment)
    if {"tests", "sources", "stubs"} & set(rules):
        tests = find_tests(environment) if "tests" in rules else set()
        unused, sources = read_sources(environment, tests)
    for rule in rules:
        if rule == "tests":
            trim_tests(environment, tests, unused, sources)
        elif rule == "translations":
            trim_translations(environment)
        elif rule == "sources":
            trim_sources(environment, sources)
            trim_link_libraries(environment)
        elif rule == "stubs":
            trim_stubs(environment, sources)
        elif rule == "languages":
            trim_languages(environment, arguments.languages)
        elif rule == "botocore":
            trim_botocore(environment, arguments.aws_services)
        elif rule == "googleapis":
            trim_googleapis(environment, arguments.google_apis)


def first_layer(environment, path):
    """Leave to the first layer what is as it was there. Return the files that went from it.

    path: the list of that layer.
    """
    with open(path, encoding="utf-8") as file:
        layer = json.load(file)
    for name, version in layer["distributions"].items():
        found = environment.distributions.get(name)
        if found != version:
            raise CannotTrimError(
                f"{name} {version} is in the first layer, {found or 'none'} in the second: "
                "the requirements must pin one version of it"
            )
    lost = []
    for name, before in layer["states"].items():
        now = environment.folder + name
        try:
            if before == state(os.lstat(now)):
                environment.elsewhere.add(environment.relative(now))
        except (FileNotFoundError, NotADirectoryError):
            lost.append(now)
    if lost:
        environment.notes.append(
            f"{min(lost)} is in the first layer all the same ({len(lost)} in all): "
            "what is taken away must be taken away from that one"
        )
    environment.imported_elsewhere = layer["imports"]
    return {*layer["gone"]}


def state(status):
    """Whole seconds: a layer that comes from a registry has no other."""
    return [status.st_mode, status.st_size, status.st_mtime_ns // 10**9]


def write_layer(environment, path):
    """What the second layer needs to know: each file of this environment, and what went."""
    states = {}
    for folder, _, names_in_it in os.walk(environment.folder):
        for name in names_in_it:
            file = f"{folder}/{name}"
            states[file[len(environment.folder) :]] = state(os.lstat(file))
    layer = {
        "distributions": environment.distributions,
        "imports": sorted(environment.imports),
        "gone": sorted(environment.gone),
        "states": states,
    }
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "x", encoding="utf-8") as file:
        json.dump(layer, file)


def summary(environment, rules):
    rows = []
    for rule in [BYTECODE, *rules]:
        removed = {
            path: size
            for path, size in environment.removed[rule].items()
            if path not in environment.elsewhere
        }
        if rule == BYTECODE and not removed:
            continue
        packages = defaultdict(int)
        for path, size in removed.items():
            packages[environment.owner(path)] += size
        largest = sorted(packages.items(), key=lambda item: (-item[1], item[0]))
        row = {"rule": rule, "files": len(removed), "bytes": sum(removed.values())}
        rows.append({**row, "packages": dict(largest)})
    return {"schema": 1, "rules": rows, "notes": environment.notes}


def print_summary(content, before, after, seconds):
    print(
        f"{before / 1e6:.1f} MB of packages, {after / 1e6:.1f} MB after trimming, {seconds:.1f} s"
    )
    for row in content["rules"]:
        most = [f"{name} {size / 1e6:.1f}" for name, size in list(row["packages"].items())[:4]]
        more = len(row["packages"]) - len(most)
        text = ", ".join(most) + (f" and {more} more" if more > 0 else "")
        print(f"  {row['rule']:<12} {row['bytes'] / 1e6:6.1f} MB {row['files']:6} files  {text}")
    notes = content["notes"]
    for note in notes[:2]:
        print(f"  note: {note}")
    if len(notes) > 2:
        print(f"  and {len(notes) - 2} more notes in trimmed.json")


def run(arguments):
    start = time.monotonic()
    gc.disable()  # there is next to no garbage
    if arguments.unpack:
        unpack(arguments.unpack, arguments.output)
        return
    with tempfile.TemporaryDirectory() as folder:
        trim_and_write(arguments, arguments.output or folder, start)


def trim_and_write(arguments, output, start):
    environment = Environment(arguments.environment, output)
    sizes = dict(environment.files)
    trim(environment, arguments)
    environment.write_records()
    content = summary(environment, arguments.rules)
    if arguments.first_layer:
        write_layer(environment, arguments.first_layer)
    named = ("trimmed-others.json" if arguments.without else "trimmed.json", content)
    environment.pack(arguments.pack, named) if arguments.pack else environment.write(named)
    before, after = (
        sum(size for path, size in files.items() if path not in environment.elsewhere)
        for files in (sizes, environment.files)
    )
    after -= sum(environment.removed["duplicates"].values())
    print_summary(content, before, after, time.monotonic() - start)


def names(text):
    return [name.strip() for name in text.split(",") if name.strip()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("environment", nargs="?", help="folder of the virtual environment")
    parser.add_argument("--output", help="folder for the copy")
    parser.add_argument("--pack", metavar="FILE", help="file for the copy, in place of a folder")
    parser.add_argument("--unpack", metavar="FILE", help="write what this file has")
    parser.add_argument("--rules", type=names, help=",".join(RULES))
    parser.add_argument("--first-layer", metavar="LIST", help="file for what is in this one")
    parser.add_argument("--without", metavar="LIST", help="of the layer below this one")
    parser.add_argument("--languages", type=names, default=[], help="languages that stay: en,de")
    parser.add_argument("--aws-services", type=names, default=[], help="that stay: s3,sqs")
    parser.add_argument("--google-apis", type=names, default=[], help="that stay: drive.v3")
    arguments = parser.parse_args()
    if bool(arguments.environment) == bool(arguments.unpack):
        parser.error("either an environment or --unpack is needed")
    if bool(arguments.output) == bool(arguments.pack):
        parser.error("either --output or --pack is needed")
    if arguments.unpack:
        arguments.rules = []
    elif arguments.rules is None:
        parser.error("--rules is needed: what may go")
    unknown = [rule for rule in arguments.rules if rule not in RULES]
    if unknown:
        parser.error(f"unknown rule {', '.join(unknown)}; there are: {', '.join(RULES)}")
    arguments.rules = [rule for rule in RULES if rule in arguments.rules]
    try:
        run(arguments)
    except CannotTrimError as error:
        print(f"trim_environment: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
