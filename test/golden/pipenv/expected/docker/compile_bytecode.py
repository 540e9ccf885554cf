"""Compiles Python files ahead of time; the Dockerfile runs it while the image is built.

    python compile_bytecode.py modules --pack FILE NAME...    what importing these modules loads
    python compile_bytecode.py unpack --output /pyc FILE      writes what such a file has
    python compile_bytecode.py tree --output /pyc /app        every .py file of a folder

A pack is one file, which a build compares and hands to the next stage in a fraction of the time
that thousands take. With --application NAME:CALLABLE the last one imports the application first: a
smoke test that fails the build. What that loads from elsewhere is compiled too, where --compiled
does not have it.

The official Python images hold no byte-code of the standard library, and a process that is not root
cannot write any, so that without this each start compiles everything again. With
PYTHONPYCACHEPREFIX=/pyc, Python looks for the byte-code of /app/a.py in /pyc/app/. The files are
never checked against their sources ("unchecked hash") and two runs write the same bytes.
"""

import argparse
import gc
import importlib
import importlib.machinery
import importlib.util
import marshal
import operator
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import types
import warnings
from pathlib import Path

SERVER = "gunicorn"
DATABASE = "external"

# Where an import hangs, this ends it.
SECONDS_PER_IMPORT = 60
SECONDS_PER_APPLICATION = 300

# Head of a file of byte-code with the hash of its source, which Python does not compare (PEP 552).
HEAD = importlib.util.MAGIC_NUMBER + (0b01).to_bytes(4, "little")

# What a frozenset of fewer than 256 items begins with in marshalled code; other data may, too.
FROZENSET = re.compile(rb"[>\xbe].\0\0\0", re.DOTALL)

# What decides on the byte-code of a source; first, a number for how this script writes it.
THIS_PYTHON = (3, sys.version, sys.flags.optimize, os.environ.get("PYTHONNODEBUGRANGES", ""))

# How this script calls itself.
CHILDREN = ["import-in-child", "load-in-child"]

# In the list of what to import: the small Django project below.
DJANGO_PROJECT = "a-small-django-project"

DJANGO_APPS = ["admin", "auth", "contenttypes", "sessions", "messages", "staticfiles"]

# What a start loads beyond what the project imports. Those that are not installed are passed over.
DJANGO_MODULES = [
    "django.contrib.auth.backends",
    "django.contrib.auth.hashers",
    "django.contrib.messages.storage.fallback",
    "django.contrib.sessions.backends.db",
    "django.contrib.staticfiles.management.commands.collectstatic",
    "django.contrib.staticfiles.storage",
    "django.core.asgi",
    "django.core.cache.backends.locmem",
    "django.core.cache.backends.redis",
    "django.core.handlers.asgi",
    "django.core.handlers.wsgi",
    "django.core.mail.backends.smtp",
    "django.core.management.commands.check",
    "django.core.management.commands.migrate",
    "django.core.wsgi",
    "django.middleware.gzip",
    "django.middleware.locale",
    "whitenoise.middleware",
    "whitenoise.storage",
]
DATABASE_MODULES = {
    "sqlite": ["django.db.backends.sqlite3.base"],
    "external": ["django.db.backends.postgresql.base", "django.db.backends.mysql.base"],
}
POSTGRES_MODULES = [
    "psycopg_binary",
    "psycopg",
    "psycopg_pool",
    "psycopg2",
    "django.db.backends.postgresql.base",
]
SERVER_MODULES = {
    "gunicorn": [
        "gunicorn.app.wsgiapp",
        "gunicorn.glogging",
        "gunicorn.workers.gthread",
        "gunicorn.workers.gasgi",
    ],
    "uvicorn": [
        "uvicorn.main",
        "uvicorn.lifespan.on",
        "uvicorn.loops.auto",
        "uvicorn.protocols.http.auto",
        "uvicorn.protocols.websockets.auto",
        "uvicorn.supervisors",
    ],
    "daphne": ["daphne.cli"],
    "hypercorn": ["hypercorn.__main__", "hypercorn.asyncio.run", "hypercorn.protocol.h11"],
}


def built_in_modules():
    database = DATABASE_MODULES.get(DATABASE, POSTGRES_MODULES)
    return [*DJANGO_MODULES, *database, *SERVER_MODULES.get(SERVER, [])]


# --- Importing, in a process of its own --------------------------------------------------------


def import_modules(names, report):
    """Import what can be imported. A line of the report before and after each name."""
    for name in names:
        report.write(f"start {name}\n")
        report.flush()
        signal.alarm(SECONDS_PER_IMPORT)
        try:
            request_page() if name == DJANGO_PROJECT else import_module(name)
            result = f"done {name}"
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: nothing that a module does may end this
            first_line = str(error).strip().split("\n")[0]
            result = f"failed {name} {type(error).__name__}: {first_line}"
        signal.alarm(0)
        report.write(f"{result}\n")
        report.flush()


def request_page():
    """Set up a small Django project and ask it for the admin's login page."""
    if importlib.util.find_spec("django") is None:
        return
    import django
    from django.conf import settings

    middleware = [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]
    context_processors = [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]
    templates = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": context_processors},
    }
    settings.configure(
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=[f"django.contrib.{name}" for name in DJANGO_APPS],
        MIDDLEWARE=middleware,
        ROOT_URLCONF="urls_of_the_warm_up",
        SECRET_KEY="only for this process",
        STATIC_URL="/static/",
        TEMPLATES=[templates],
        USE_TZ=True,
    )
    django.setup()

    from django.contrib import admin
    from django.core.handlers.wsgi import WSGIHandler
    from django.urls import path

    urls = types.ModuleType(settings.ROOT_URLCONF)
    urls.urlpatterns = [path("admin/", admin.site.urls)]
    sys.modules[urls.__name__] = urls
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/admin/login/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": open(os.devnull, "rb"),  # noqa: SIM115
    }
    list(WSGIHandler()(environ, lambda status, headers: None))


def import_module(name):
    add_django_app(name)
    importlib.import_module(name)


def add_django_app(name):
    """Make the package an installed app where it has models, which cannot be imported otherwise."""
    if "django.apps" not in sys.modules or not importlib.util.find_spec(name):
        return
    if not getattr(importlib.import_module(name), "__path__", None):
        return
    if any(importlib.util.find_spec(f"{name}.{module}") for module in ("apps", "models")):
        from django.apps import AppConfig, apps

        config = AppConfig.create(name)
        if apps.ready and config.label not in apps.app_configs:
            config.apps = apps
            apps.app_configs[config.label] = config
            config.import_models()


def report_loaded(report):
    """Report the file of each module before it runs, whatever becomes of the process then."""
    started = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    for file in filter(None, started):
        report.write(f"loaded {file}\n")
    report.flush()

    def hook(event, arguments):
        if event == "exec" and getattr(arguments[0], "co_name", "") == "<module>":
            # Past the buffer, which a crash would take along.
            line = f"loaded {arguments[0].co_filename}\n"
            os.write(report.fileno(), line.encode("utf-8", "replace"))

    sys.addaudithook(hook)
    sys.meta_path.append(Missed(report))


class Missed:
    """Reports what is looked for and not there: a package of that name may change what loads."""

    def __init__(self, report):
        self.report = report

    def find_spec(self, name, path=None, target=None):
        self.note(name.split(".")[0])

    def find_distributions(self, context=None):
        if getattr(context, "name", None):
            self.note(normalised(context.name))
        return iter(())

    def note(self, name):
        os.write(self.report.fileno(), f"missed {name}\n".encode("utf-8", "replace"))


def import_in_children(names, cache, folder):
    """Import in a child process, which hands on the byte-code of what it loads.

    Return that (path → hash of the source and marshalled code), its report (what was loaded, and
    what was looked for and not found) and one line for each module that failed. A module that takes
    the process down with it (a crash, os._exit, a hanging import) costs only itself: another child
    goes on with the next one.
    """
    report = folder / "report"
    # An empty prefix: what lies beside a source is not trusted.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "none")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, __file__, "import-in-child", "--cache", cache]
    command += ["--output", str(report), "--stream"]
    codes, found, failures = {}, {"loaded": set(), "missed": set()}, []
    remaining = [DJANGO_PROJECT, *names]
    while remaining:
        stream = folder / f"stream-{len(failures)}"
        report.write_text("", encoding="utf-8")
        with open(f"{report}-errors", "wb") as errors:
            child = subprocess.run(
                [*command, str(stream), *remaining],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                check=False,
            )
        codes.update(handed_on(stream))
        lines = [line.split(" ", 1) for line in report.read_text(encoding="utf-8").splitlines()]
        for word, names_found in found.items():
            names_found.update(rest[0] for first, *rest in lines if first == word)
        failures += [rest[0] for word, *rest in lines if word == "failed"]
        started = [rest[0] for word, *rest in lines if word == "start"]
        if lines and lines[-1] == ["end"]:
            break
        if not started:
            text = Path(f"{report}-errors").read_text(encoding="utf-8", errors="replace")
            raise SystemExit(f"Python does not start:\n{text}")
        crashed = started[-1]
        failures.append(f"{crashed} ended its process (exit code {child.returncode})")
        remaining = remaining[remaining.index(crashed) + 1 :]
        if remaining and crashed != DJANGO_PROJECT:
            remaining.insert(0, DJANGO_PROJECT)
    return codes, found, failures


# --- The application, in a process of its own --------------------------------------------------


def load_application(name, report):
    """Import the application and what its first answer loads. Report every file that was loaded.

    Ends with 1 where the application cannot be imported: it would not start either. URLs and
    templates may ask for more than a build has (a database, a file of another stage).
    """
    signal.alarm(SECONDS_PER_APPLICATION)
    module, _, attribute = name.partition(":")
    try:
        getattr(importlib.import_module(module), attribute or "application")
    except BaseException:
        traceback.print_exc()
        print(f"{name} cannot be imported: it would not start either.", file=sys.stderr)
        return 1
    for what, load in (("URLs", load_urls), ("templates", load_templates)):
        try:
            load()
        except Exception as error:  # of the project's: it is said, and the start decides
            first_line = str(error).strip().split("\n")[0]
            report.write(f"failed {what} of the project: {type(error).__name__}: {first_line}\n")
    for loaded in list(sys.modules.values()):
        file = getattr(getattr(loaded, "__spec__", None), "origin", None)
        if isinstance(file, str) and file.endswith(".py") and os.path.isfile(file):
            report.write(f"loaded {os.path.abspath(file)}\n")
    return 0


def load_urls():
    from django.urls import get_resolver

    # Bound to a name: the property imports the URL configuration.
    return get_resolver().url_patterns


def load_templates():
    from django.template import engines

    return engines.all()


def loaded_by_application(name, folders, cache, folder):
    """Import the application in a child process, which hands on the byte-code of these folders.

    Return the files that it loads and one line for each part that failed. The cache then has what
    was handed on.
    """
    report, stream = folder / "report", folder / "stream"
    options = ["--output", str(report), "--stream", str(stream), "--cache", cache.file]
    child = subprocess.run(
        [sys.executable, __file__, "load-in-child", *options, name, *folders],
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if child.returncode == -signal.SIGALRM:
        raise SystemExit(f"Importing {name} did not end within {SECONDS_PER_APPLICATION} s.")
    if child.returncode != 0:
        raise SystemExit(1)
    cache.codes.update(handed_on(stream))
    lines = [line.split(" ", 1) for line in report.read_text(encoding="utf-8").splitlines()]
    files = [rest[0] for word, *rest in lines if word == "loaded"]
    return files, [rest[0] for word, *rest in lines if word == "failed"]


# --- Compiling ---------------------------------------------------------------------------------


def byte_code_path(source, folder):
    """Where Python looks for the byte-code of a file when the folder is PYTHONPYCACHEPREFIX."""
    previous, sys.pycache_prefix = sys.pycache_prefix, os.path.abspath(folder)
    path = importlib.util.cache_from_source(source)
    sys.pycache_prefix = previous
    return path


def python_files(folders):
    files = []
    for folder in folders:
        for parent, names, file_names in os.walk(folder):
            names[:] = [name for name in names if name[0] != "." and name != "__pycache__"]
            files += [os.path.join(parent, name) for name in file_names if name.endswith(".py")]
    return sorted(os.path.abspath(file) for file in files)


class Cache:
    """What the build before has compiled, in one file, and what it imported.

    codes: path → hash of the source and marshalled code. A time and a size, as Python compares
    them, may be the same in two releases of a package.
    """

    def __init__(self, file):
        self.file = file
        try:
            python, self.codes, self.imports = marshal.loads(Path(file).read_bytes())
        except (OSError, EOFError, ValueError, TypeError):  # none, or of a build that was stopped
            python = None
        if python != THIS_PYTHON:
            self.codes, self.imports = {}, None
        self.before = (dict(self.codes), self.imports)

    def code_of(self, source, digest):
        """Marshalled code; None where the cache has none of this source."""
        stored, code = self.codes.get(source, (None, None))
        return code if stored == digest else None

    def keep(self, codes, imports):
        """For the next build."""
        if (codes, imports) != self.before:
            write_file(self.file, marshal.dumps((THIS_PYTHON, codes, imports)))


def hand_on(stream, *record):
    data = marshal.dumps(record)
    stream.write(len(data).to_bytes(8, "little") + data)


def handed_on(path):
    """Path → hash of the source and marshalled code, as far as a process came with them."""
    codes = {}
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return codes
    start = 0
    while len(data) - start >= 8:
        end = start + 8 + int.from_bytes(data[start : start + 8], "little")
        if end > len(data):
            break
        source, digest, code = marshal.loads(data[start + 8 : end])
        codes[source] = (digest, code)
        start = end
    return codes


def write_pack(path, codes):
    """In order and without references, so that the same byte-code gives the same bytes."""
    rows = [(source, *codes[source]) for source in sorted(codes)]
    write_file(path, marshal.dumps(rows, 0))


def write_file(path, data):
    """Whole or not at all."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(data)
    os.replace(temporary, path)


def compiled(source, cache):
    """Return the hash of a source, its marshalled code, and its code where the cache has none."""
    with open(source, "rb") as file:
        text = file.read()
    digest = importlib.util.source_hash(text)
    data = cache.code_of(source, digest)
    if data is not None:
        return digest, data, None
    code = importlib.machinery.SourceFileLoader("<module>", source).source_to_code(text, source)
    data = marshal.dumps(code)
    if FROZENSET.search(data):
        data = marshal.dumps(with_own_sets(code))
    return digest, data, code


def with_own_sets(constant):
    """The code, or a constant of it, with each frozenset an object of its own.

    Whether the compiler makes one of two equal ones depends on which strings the process has
    interned before, and byte-code tells.
    """
    if isinstance(constant, frozenset):
        return frozenset(sorted(constant, key=lambda item: (type(item).__name__, repr(item))))
    if isinstance(constant, types.CodeType):
        constants = with_own_sets(constant.co_consts)
        same = constants is constant.co_consts
        return constant if same else constant.replace(co_consts=constants)
    if not isinstance(constant, tuple):
        return constant
    items = tuple(map(with_own_sets, constant))
    return constant if all(map(operator.is_, items, constant)) else items


def compile_while_importing(path, cache, folders=("/",)):
    """From now on the byte-code of a module that is imported from these folders is handed on.

    path: of the file that it is appended to.
    """
    stream = open(path, "ab", buffering=0)  # noqa: SIM115
    inside = tuple(os.path.join(os.path.abspath(folder), "") for folder in folders)
    original = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader, name):
        # Another class may change what it compiles.
        if type(loader) is not importlib.machinery.SourceFileLoader:
            return original(loader, name)
        source = os.path.abspath(loader.get_filename(name))
        if not source.startswith(inside):
            return original(loader, name)
        digest, data, code = compiled(source, cache)
        hand_on(stream, source, digest, data)
        return marshal.loads(data) if code is None else code

    importlib.machinery.SourceFileLoader.get_code = get_code


def compile_files(sources, cache):
    """Return the byte-code (path → hash, marshalled code) and one line for each failure."""
    warnings.simplefilter("ignore")
    codes, failures = {}, []
    for source in sources:
        try:
            digest, data, _ = compiled(source, cache)
            codes[source] = (digest, data)
        except Exception as error:  # a template or Python 2 code with the ending .py
            first_line = str(error).strip().split("\n")[-1].strip()
            failures.append(f"{source} {first_line}")
    return codes, failures


# --- What is installed -------------------------------------------------------------------------


# Of what no distribution lists: nothing tells whether it is as it was.
UNKNOWN = (None, [], True)


def normalised(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def installed():
    """Name of each distribution → hash of its list of files, its modules, whether it is a plugin.

    A plugin is found by others though none of them names it: by an entry point that is no script,
    or by a .pth file.
    """
    found = {}
    for folder in filter(is_site_packages, sys.path):
        owned = {"__pycache__"}
        for metadata in sorted(Path(folder).glob("*.dist-info")):
            record = read(metadata / "RECORD")
            first = {line.split("/", 1)[0].split(",", 1)[0] for line in record.splitlines()}
            groups = re.findall(r"^\[\s*(.*?)\s*\]", read(metadata / "entry_points.txt"), re.M)
            plugin = any(group not in ("console_scripts", "gui_scripts") for group in groups)
            found[normalised(metadata.name.split("-")[0])] = (
                importlib.util.source_hash(record.encode("utf-8", "surrogateescape")),
                sorted({name.split(".")[0] for name in first} - {""}),
                plugin or any(name.endswith(".pth") for name in first),
            )
            owned |= first
        for name in sorted({*os.listdir(folder)} - owned):
            found[name] = UNKNOWN
    return found


def is_site_packages(folder):
    return folder.endswith(("site-packages", "dist-packages")) and os.path.isdir(folder)


def read(path):
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def loads_the_same(names, cache, now):
    """Whether importing these names loads the same files as in the build before.

    It does where what is new, gone or changed is in no package that was loaded then, nor in one
    that was looked for and not there.
    """
    before = cache.imports
    if not before or before["names"] != names or UNKNOWN in now.values():
        return False
    # What failed may have done so for want of memory, time or a system library.
    if of_the_project(before["failures"]):
        return False
    known = before["installed"]
    changed = {name for name in {*known, *now} if known.get(name) != now.get(name)}
    concerned = {*before["modules"], *before["missed"]}
    for name in changed:
        for _, modules, plugin in filter(None, (known.get(name), now.get(name))):
            if plugin or name in concerned or concerned.intersection(modules):
                return False
    # A file may have been changed by other means than an installer.
    return all(digest == source_digest(source) for source, (digest, _) in cache.codes.items())


def of_the_project(failures):
    """Without those of modules that the project never named."""
    built_in = built_in_modules()
    return [line for line in failures if line.split(" ", 1)[0] not in built_in]


def source_digest(source):
    try:
        return importlib.util.source_hash(Path(source).read_bytes())
    except OSError:
        return None


# --- The modes ---------------------------------------------------------------------------------


def compile_modules(arguments):
    """Byte-code of what importing the named modules loads. Return it and the notes."""
    names = [*dict.fromkeys([*arguments.names, *built_in_modules()])]
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(os.path.join(arguments.cache or folder, "bytecode"))
        now = installed()
        if loads_the_same(names, cache, now):
            codes, imports = cache.codes, {**cache.imports, "installed": now}
        else:
            codes, imports = import_and_compile(names, cache, Path(folder))
            imports["installed"] = now
        if arguments.cache:
            cache.keep(codes, imports)
    write_pack(arguments.pack, codes)
    return codes, of_the_project(imports["failures"])


def import_and_compile(names, cache, folder):
    """Return the byte-code, and what was imported."""
    codes, found, failures = import_in_children(names, cache.file, folder)
    files = {os.path.abspath(file) for file in found["loaded"] if file.endswith(".py")}
    # What was loaded before the first import, or by another way than the usual one.
    others = sorted(filter(os.path.isfile, files - codes.keys() - {__file__}))
    more, not_compiled = compile_files(others, cache)
    codes.update(more)
    return {source: codes[source] for source in sorted(codes)}, {
        "names": names,
        "failures": failures + not_compiled,
        "missed": sorted(found["missed"]),
        "modules": sorted({module_of(source) for source in codes}),
    }


def module_of(source):
    """The outermost module or package that a file of sys.path is in."""
    folders = [folder for folder in sys.path if folder and source.startswith(f"{folder}/")]
    place = max(folders, key=len, default="")
    return source[len(place) + 1 :].split("/", 1)[0].split(".")[0]


def compile_tree(arguments):
    """Byte-code of folders, and of what the application loads beside them."""
    sources, notes = python_files(arguments.names), []
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(os.path.join(arguments.cache or folder, "code"))
        if arguments.application:
            loaded, notes = loaded_by_application(
                arguments.application, arguments.names, cache, Path(folder)
            )
            elsewhere = sorted(set(loaded) - set(sources))
            if arguments.compiled:
                elsewhere = [
                    source
                    for source in elsewhere
                    if not os.path.isfile(byte_code_path(source, arguments.compiled))
                ]
            sources += elsewhere
        codes, not_compiled = compile_files(sources, cache)
        if arguments.cache:
            cache.keep(codes, None)
    for source, (digest, data) in codes.items():
        write_file(byte_code_path(source, arguments.output), HEAD + digest + data)
    return codes, notes + not_compiled


def unpack(arguments):
    """Write the byte-code of a pack, with the date of this Python: each build writes the same."""
    output, (pack,) = os.path.abspath(arguments.output), arguments.names
    made = int(os.stat(os.path.realpath(sys.executable)).st_mtime)
    codes = {source: code for source, *code in marshal.loads(Path(pack).read_bytes())}
    for source, (digest, data) in codes.items():
        path = byte_code_path(source, output)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb", buffering=0) as file:
            file.write(HEAD + digest + data)
            os.utime(file.fileno(), (made, made))
    for folder, _, _ in os.walk(output):
        os.utime(folder, (made, made))
    return codes, []


MODES = {"modules": compile_modules, "tree": compile_tree, "unpack": unpack}


def run(arguments):
    start = time.monotonic()
    codes, notes = MODES[arguments.mode](arguments)
    if notes:
        print(f"Note: {len(notes)} not loaded or not compiled; the image works all the same:")
        print("".join(f"  {note[:200]}\n" for note in notes), end="")
    megabytes = sum(len(HEAD) + len(digest) + len(data) for digest, data in codes.values()) / 1e6
    seconds = time.monotonic() - start
    print(f"{len(codes)} files, {megabytes:.1f} MB of byte-code, {seconds:.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mode", choices=[*MODES, *CHILDREN])
    parser.add_argument("--output", help="folder for the byte-code")
    parser.add_argument("--pack", metavar="FILE", help="file for the byte-code of modules")
    parser.add_argument("--cache", help="folder that is kept between builds")
    parser.add_argument("--application", help="of tree: what to import first, NAME:CALLABLE")
    parser.add_argument("--compiled", help="of tree: folder with byte-code that is there already")
    parser.add_argument("--stream", help=argparse.SUPPRESS)  # of a child, for its byte-code
    parser.add_argument("names", nargs="*", help="modules, folders or a pack")
    arguments = parser.parse_intermixed_args()
    if not (arguments.pack if arguments.mode == "modules" else arguments.output):
        parser.error(f"--{'pack' if arguments.mode == 'modules' else 'output'} is needed")
    if arguments.mode == "unpack" and len(arguments.names) != 1:
        parser.error("unpack takes one pack")
    # The order of sets is in the byte-code: with a fixed seed each run writes the same.
    # (To unpack takes none; and without another start -B holds, which keeps the image clean.)
    wanted = {} if arguments.mode == "unpack" else {"PYTHONHASHSEED": "0"}
    if arguments.mode == "modules":
        # Without the columns for the ^^^ below a traceback's lines (5 %). The lines stay, and the
        # project's own code keeps both.
        wanted["PYTHONNODEBUGRANGES"] = "1"
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        command = [sys.executable, __file__, *sys.argv[1:]]
        sys.exit(subprocess.run(command, env={**os.environ, **wanted}, check=False).returncode)
    # Byte-code tells whether a string is interned, and of each of these there is one object, which
    # any module may intern: with all of them interned, the byte-code is the same in each process.
    for number in range(256):
        sys.intern(chr(number))
    if arguments.mode not in CHILDREN:
        return run(arguments)
    code = 0
    # What an import makes stays: to look for garbage in it takes a tenth of the time.
    gc.disable()
    sys.path.pop(0)  # this script's folder
    with open(arguments.output, "w", encoding="utf-8") as report:
        if arguments.mode == "load-in-child":
            sys.path.insert(0, os.getcwd())
            name, *folders = arguments.names
            compile_while_importing(arguments.stream, Cache(arguments.cache), folders)
            code = load_application(name, report)
        else:
            report_loaded(report)
            compile_while_importing(arguments.stream, Cache(arguments.cache))
            import_modules(arguments.names, report)
            report.write("end\n")
    sys.stderr.flush()
    # Without waiting for the threads that a module may have started.
    os._exit(code)


if __name__ == "__main__":
    main()
