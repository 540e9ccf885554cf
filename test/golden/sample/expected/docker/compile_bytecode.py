"""Compiles Python files ahead of time; the Dockerfile runs it while the image is built.

    python compile_bytecode.py modules --output /pyc NAME...    what importing these modules loads
    python compile_bytecode.py tree --output /pyc /app          every .py file of a folder

With --application NAME:CALLABLE the second one imports the application first: a smoke test that
fails the build. What that loads from elsewhere is compiled too, where --compiled does not have it.

The official Python images hold no byte-code of the standard library, and a process that is not root
cannot write any, so that without this each start compiles everything again. With
PYTHONPYCACHEPREFIX=/pyc, Python looks for the byte-code of /app/a.py in /pyc/app/. The files are
never checked against their sources ("unchecked hash") and two runs write the same bytes.
"""

import argparse
import importlib
import importlib.util
import os
import py_compile
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
DATABASE = "postgres"

# Where an import hangs, this ends it.
SECONDS_PER_IMPORT = 60
SECONDS_PER_APPLICATION = 300

# Flags of a file of byte-code (PEP 552): with the hash of its source, compared or not.
UNCHECKED_HASH = (0b01).to_bytes(4, "little")
CHECKED_HASH = (0b11).to_bytes(4, "little")

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


def import_in_child(names, cache, report):
    """Import in a child process that writes its byte-code into the cache.

    Return the files that were loaded, and one line for each module that failed. A module that takes
    the process down with it (a crash, os._exit, a hanging import) costs only itself: another child
    goes on with the next one.
    """
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    remaining, failures, loaded = [DJANGO_PROJECT, *names], [], set()
    while remaining:
        report.write_text("", encoding="utf-8")
        child = subprocess.run(
            [sys.executable, __file__, "import-in-child", "--output", str(report), *remaining],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        lines = [line.split(" ", 1) for line in report.read_text(encoding="utf-8").splitlines()]
        loaded.update(rest[0] for word, *rest in lines if word == "loaded")
        failures += [rest[0] for word, *rest in lines if word == "failed"]
        started = [rest[0] for word, *rest in lines if word == "start"]
        if lines and lines[-1] == ["end"]:
            break
        if not started:
            raise SystemExit(f"Python does not start:\n{child.stderr.decode(errors='replace')}")
        crashed = started[-1]
        failures.append(f"{crashed} ended its process (exit code {child.returncode})")
        remaining = remaining[remaining.index(crashed) + 1 :]
        if remaining and crashed != DJANGO_PROJECT:
            remaining.insert(0, DJANGO_PROJECT)
    files = {os.path.abspath(file) for file in loaded if file.endswith(".py")}
    return sorted(file for file in files - {__file__} if os.path.isfile(file)), failures


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


def loaded_by_application(name):
    """Files that the application loads, and one line for each part that failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        child = subprocess.run(
            [sys.executable, __file__, "load-in-child", "--output", str(report), name],
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if child.returncode == -signal.SIGALRM:
            raise SystemExit(f"Importing {name} did not end within {SECONDS_PER_APPLICATION} s.")
        if child.returncode != 0:
            raise SystemExit(1)
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
    """Byte-code that imports left, kept between builds.

    Python trusts a file with a time and a size in it, and two releases of a package may have both
    alike. Here each file gets the hash of its source, which Python compares (PEP 552).
    """

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        for file in Path(folder).rglob("*.pyc"):
            with open(file, "rb") as content:
                head = content.read(8)
            if head[4:] != CHECKED_HASH:  # of a build that was stopped
                file.unlink()

    def code_of(self, source):
        """Marshalled code and the source's hash; None for the code where the cache has none."""
        path = byte_code_path(source, self.folder)
        with open(source, "rb") as file:
            digest = importlib.util.source_hash(file.read())
        try:
            with open(path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return None, digest
        magic, flags, stored, code = data[:4], data[4:8], data[8:16], data[16:]
        if magic != importlib.util.MAGIC_NUMBER or (flags == CHECKED_HASH and stored != digest):
            return None, digest
        if flags != CHECKED_HASH:
            with open(f"{path}.new", "wb") as file:
                file.write(magic + CHECKED_HASH + digest + code)
            os.replace(f"{path}.new", path)
        return code, digest


def compile_file(source, target, cache):
    """Write the byte-code of a file, by the cache where that has it."""
    code, digest = cache.code_of(source) if cache else (None, b"")
    if code is None:
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(source, cfile=target, doraise=True, invalidation_mode=mode)
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as file:
        file.write(importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + digest + code)


def compile_files(sources, output, cache=None):
    """Compile into the output folder. Return the files written and one line for each failure."""
    warnings.simplefilter("ignore")
    written, failures = [], []
    for source in sources:
        target = byte_code_path(source, output)
        try:
            compile_file(source, target, cache)
            written.append(target)
        except Exception as error:  # a template or Python 2 code with the ending .py
            first_line = str(error).strip().split("\n")[-1].strip()
            failures.append(f"{source} {first_line}")
    return written, failures


def compile_modules(arguments):
    """Byte-code of what importing the named modules loads. Return the files and the notes."""
    built_in = built_in_modules()
    names = [*dict.fromkeys([*arguments.names, *built_in])]
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(arguments.cache or os.path.join(folder, "cache"))
        sources, failures = import_in_child(names, cache.folder, Path(folder) / "report")
        written, not_compiled = compile_files(sources, arguments.output, cache)
    notes = [line for line in failures if line.split(" ", 1)[0] not in built_in]
    return written, notes + not_compiled


def compile_tree(arguments):
    """Byte-code of folders, and of what the application loads beside them."""
    sources, notes = python_files(arguments.names), []
    if arguments.application:
        loaded, notes = loaded_by_application(arguments.application)
        elsewhere = sorted(set(loaded) - set(sources))
        if arguments.compiled:
            elsewhere = [
                source
                for source in elsewhere
                if not os.path.isfile(byte_code_path(source, arguments.compiled))
            ]
        sources += elsewhere
    written, not_compiled = compile_files(sources, arguments.output)
    return written, notes + not_compiled


def run(arguments):
    start = time.monotonic()
    compile_mode = compile_tree if arguments.mode == "tree" else compile_modules
    written, notes = compile_mode(arguments)
    if notes:
        print(f"Note: {len(notes)} not loaded or not compiled; the image works all the same:")
        print("".join(f"  {note[:200]}\n" for note in notes), end="")
    megabytes = sum(os.path.getsize(file) for file in written) / 1e6
    seconds = time.monotonic() - start
    print(f"{len(written)} files, {megabytes:.1f} MB of byte-code, {seconds:.1f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mode", choices=["modules", "tree", *CHILDREN])
    parser.add_argument("--output", required=True, help="folder for the byte-code")
    parser.add_argument("--cache", help="of modules: folder that is kept between builds")
    parser.add_argument("--application", help="of tree: what to import first, NAME:CALLABLE")
    parser.add_argument("--compiled", help="of tree: folder with byte-code that is there already")
    parser.add_argument("names", nargs="*", help="modules, or folders")
    arguments = parser.parse_intermixed_args()
    # The order of sets is in the byte-code: with a fixed seed each run writes the same.
    wanted = {"PYTHONHASHSEED": "0"}
    if arguments.mode == "modules":
        # Without the columns for the ^^^ below a traceback's lines (5 %). The lines stay, and the
        # project's own code keeps both.
        wanted["PYTHONNODEBUGRANGES"] = "1"
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        command = [sys.executable, __file__, *sys.argv[1:]]
        sys.exit(subprocess.run(command, env={**os.environ, **wanted}, check=False).returncode)
    if arguments.mode not in CHILDREN:
        return run(arguments)
    code = 0
    sys.path.pop(0)  # this script's folder
    with open(arguments.output, "w", encoding="utf-8") as report:
        if arguments.mode == "load-in-child":
            sys.path.insert(0, os.getcwd())
            code = load_application(arguments.names[0], report)
        else:
            report_loaded(report)
            import_modules(arguments.names, report)
            report.write("end\n")
    sys.stderr.flush()
    # Without waiting for the threads that a module may have started.
    os._exit(code)


if __name__ == "__main__":
    main()
