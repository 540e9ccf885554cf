"""Checks the production image, from the outside and with a real start.

    docker build --target production -t market:prod .
    python docker/verify_image.py

Needs Python 3.8 and the docker command, on any system. Ends with 1 when a check fails, with 2 when
nothing could be checked. Nothing of your data is touched: a database, where one is needed, is a new
one in a project of its own, and is removed again.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

IMAGE = "market" + ":prod"
COMPOSE_PROJECT = "market" + "-verify"
PORT = 8000
DATABASE = "sqlite"
SETTINGS_MODULE = "market.settings"

# The page that the health check asks for, and a Host that ALLOWED_HOSTS accepts.
HEALTH_PATH = "/"
ALLOWED_HOST = "localhost"
STATIC_URL = "/static/"
SAMPLE_STATIC_FILE = "admin/css/base.css"

# Every direct production requirement; what each installs is asked of its metadata in the image.
REQUIREMENTS = [
    "django",
    "gunicorn",
]

# Paths of the repository that production does without.
FORBIDDEN_PATHS = [
    ".git",
    ".env",
    "old stuff (2019)",
]

# Stand-ins for the variables that the settings cannot do without. No secrets.
BUILD_VARIABLES = {
    "SECRET_KEY": "only-for-the-build-0123456789-abcdefghijklmnopqrstuvwxyz",
    "DEBUG": "False",
}

# Of some a command makes one: of the image, or where that has no shell, of the one it is built on.
BUILD_COMMANDS = {}
BASE_IMAGE = "python:3.12-slim-trixie"

# Folders that are on volumes, for checks of a container without them.
VOLUME_PATHS = [
    "/data",
]

ROOT = Path(__file__).resolve().parent.parent
SECRET_NAME = re.compile(
    r"SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE|CREDENTIAL|ACCESS_KEY|SERVICE_ROLE",
    re.IGNORECASE,
)
ASSIGNMENT = re.compile(r"\b([A-Za-z_][A-Za-z0-9_]*)=(\"[^\"]*\"|'[^']*'|[^\s\"']+)")
EXCEPTION = re.compile(r"[\w.]+(Error|Exception|ImproperlyConfigured): ")
PASSWORD_IN_URL = re.compile(r"://[^\s/:@]*:[^\s/@]+@")

# --- What runs inside the image ------------------------------------------------------------------

LOOK_AROUND = r"""
import glob, json, os, shutil, sys
forbidden = json.loads(sys.argv[1])
found = [path for path in forbidden if os.path.lexists(os.path.join("/app", path))]
for parent, folders, files in os.walk("/app"):
    for name in folders + files:
        secret = name.startswith(".env") and name not in (".env.example", ".env.sample")
        if secret or name in (".git", ".hg", ".svn") or name.endswith((".sqlite3", ".sqlite3-wal")):
            found.append(os.path.relpath(os.path.join(parent, name), "/app"))
    folders[:] = [name for name in folders if name not in (".git", "node_modules")]
compilers = [name for name in ("gcc", "cc", "g++", "c++", "clang", "make") if shutil.which(name)]
compilers += glob.glob("/usr/lib*/gcc/*/*/cc1*") + glob.glob("/usr/libexec/gcc/*/*/cc1*")
environment = "/opt/venv" if sys.prefix == sys.base_prefix else sys.prefix
pip = [
    path
    for pattern in ("bin/pip*", "lib/python*/site-packages/pip")
    for path in glob.glob(os.path.join(environment, pattern))
]
answer = {"found": sorted(set(found)), "compilers": compilers, "pip": pip}
print("ANSWER " + json.dumps(answer))
"""

IMPORT_EACH = r"""
import importlib, json, os, sys
from importlib import metadata
settings, *names = sys.argv[1:]
# Modules that import only inside their own program; folders that are no part of a package.
ELSEWHERE = {"uwsgidecorators"}
BESIDE = {"test", "tests", "doc", "docs", "example", "examples", "benchmarks", "scripts"}
def modules_of(requirement):
    # The outermost packages and modules of a distribution: google.cloud.storage, yaml, six.
    packages, modules = set(), set()
    for file in metadata.files(requirement) or []:
        parts = file.parts
        outer = parts[0]
        if outer in ("..", "__pycache__") or outer in BESIDE or outer.endswith(".dist-info"):
            continue
        if parts[-1] == "__init__.py":
            packages.add(parts[:-1])
        elif len(parts) == 1 and outer.endswith((".py", ".so")):
            modules.add(outer.split(".")[0])
    outermost = {
        package
        for package in packages
        if not any(package[:length] in packages for length in range(1, len(package)))
    }
    found = {".".join(package) for package in outermost} | modules
    public = {name for name in found if not name.startswith("_") and "._" not in name}
    # Of several, the one of the same name: the others may be for extras (black has blackd).
    own = requirement.replace("-", "_")
    return [own] if own in public else sorted((public or found) - ELSEWHERE)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
def answer(*values):
    print("ANSWER " + json.dumps(values), file=answers, flush=True)
def attempt(name, action):
    answer("start", name)
    try:
        action()
    except BaseException as error:
        text = str(error).strip().splitlines() or [""]
        answer("failed", name, type(error).__name__ + ": " + text[0][:200])
answer("user", os.getuid() if hasattr(os, "getuid") else None)
sys.path.insert(0, os.getcwd())
import django
attempt("the settings (django.setup)", django.setup)
for name in names:
    modules = []
    attempt(name, lambda: modules.extend(modules_of(name)))
    for module in modules:
        attempt(f"{name}: {module}", lambda: importlib.import_module(module))
answer("end")
answers.flush()
os._exit(0)
"""

ASK_FROM_INSIDE = r"""
import http.client, sys
port, path, host = sys.argv[1:]
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
print("ANSWER", connection.getresponse().status)
"""


class CannotCheckError(Exception):
    """Nothing can be said about the image."""


# --- Docker --------------------------------------------------------------------------------------


def docker(*arguments, timeout=120, environment=None):
    """Run one docker command from the repository's root. Return its exit code and two outputs."""
    try:
        return subprocess.run(
            ["docker", *arguments],
            cwd=str(ROOT),
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise CannotCheckError("The docker command was not found: install Docker first.") from None
    except subprocess.TimeoutExpired:
        command = " ".join(["docker", *arguments[:2]])
        raise CannotCheckError(f"{command} did not end within {timeout} s.") from None


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def answers_of(output):
    return [json.loads(line[7:]) for line in output.splitlines() if line.startswith("ANSWER ")]


def inspect_image(image):
    version = docker("version", "--format", "{{.Server.Version}}")
    if version.returncode != 0:
        reason = last_line(version.stderr)
        raise CannotCheckError(f"The Docker daemon does not answer. Is it running?\n{reason}")
    inspected = docker("image", "inspect", image)
    if inspected.returncode != 0:
        raise CannotCheckError(
            f"There is no image {image}. Build it first:\n"
            f"docker build --target production -t {image} ."
        )
    return json.loads(inspected.stdout)[0]


def build_variable_options(image):
    values = dict(BUILD_VARIABLES)
    for name, command in BUILD_COMMANDS.items():
        for place in (image, BASE_IMAGE):
            made = docker("run", "--rm", "--entrypoint", "sh", place, "-c", command, timeout=300)
            values[name] = made.stdout.strip()
            if made.returncode == 0:
                break
    return [word for name, value in values.items() for word in ("--env", f"{name}={value}")]


def run_python(image, code, *arguments, options=()):
    """Run Python code in a container without network; only /tmp and volumes can be written to."""
    closed = ["--network", "none", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]
    # Volumes without a name go with the container; unlike a tmpfs they keep the folder's owner.
    closed += [word for path in VOLUME_PATHS for word in ("--volume", path)]
    words = ["run", "--rm", *closed, *options, "--entrypoint", "python", image, "-c", code]
    return docker(*words, *arguments, timeout=300)


# --- The report ----------------------------------------------------------------------------------


class Report:
    """Collects the checks; prints each as it comes, or all of them as JSON at the end."""

    def __init__(self, image, as_json):
        self.as_json = as_json
        self.result = {"image": image, "checks": []}

    def add(self, result, name, detail):
        self.result["checks"].append({"name": name, "result": result, "detail": detail})
        if not self.as_json:
            print(f"{result:<4}  {name}: {detail}", flush=True)

    def check(self, passed, name, detail):
        self.add("ok" if passed else "FAIL", name, detail)
        return passed

    def log(self, title, text):
        """Show the end of a container's output, and the last exception if that is further up."""
        lines = text.strip().splitlines()
        errors = [line for line in lines[:-15] if EXCEPTION.match(line)]
        lines = errors[-1:] + lines[-15:]
        self.result.setdefault("logs", {})[title] = lines
        if not self.as_json:
            print("".join(f"      {title} | {line}\n" for line in lines), end="", flush=True)

    def finish(self):
        failed = [check["name"] for check in self.result["checks"] if check["result"] == "FAIL"]
        self.result["ok"] = not failed
        if self.as_json:
            print(json.dumps(self.result, indent=2))
        else:
            print(f"\n{len(failed)} failed: {', '.join(failed)}" if failed else "\nAll is well.")
        return 1 if failed else 0


# --- Checks of the image -------------------------------------------------------------------------


def check_size(report, image, inspected):
    history = docker("history", "--human=false", "--format", "{{.Size}}", image).stdout.split()
    layers = [int(size) for size in history if size.isdigit() and int(size) > 0]
    report.result["size"] = inspected["Size"]
    report.result["layers"] = layers
    size, total = inspected["Size"] / 1e6, sum(layers) / 1e6
    # The containerd image store counts what is transferred, docker history what lies on disk.
    text = f"{size:.1f} MB; {len(layers)} layers with {total:.1f} MB"
    if size < 0.8 * total:
        text = f"{total:.1f} MB on disk in {len(layers)} layers; {size:.1f} MB compressed"
    report.add("ok", "size", text)


def check_health_check(report, inspected):
    test = (inspected["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
    defined = test[0] != "NONE"
    report.check(defined, "health check", " ".join(test[1:]) if defined else "none is defined")


def secrets_of_env_file():
    """Values in .env that must be in no image: name and value."""
    file = ROOT / ".env"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    secrets = {}
    for line in text.splitlines():
        name, separator, value = line.strip().partition("=")
        value = value.strip().strip("\"'")
        is_secret = SECRET_NAME.search(name) or PASSWORD_IN_URL.search(value)
        if separator and not name.startswith("#") and is_secret and len(value) >= 8:
            secrets[name.replace("export ", "").strip()] = value
    return secrets


def check_secrets(report, image, inspected):
    """Names are printed, values never."""
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image).stdout
    set_variables = "\n".join(inspected["Config"].get("Env") or [])
    env_file = secrets_of_env_file()
    found = set()
    for place, text in (("ENV", set_variables), ("docker history", history)):
        for name, quoted in ASSIGNMENT.findall(text):
            value = quoted.strip("\"'")
            is_secret = SECRET_NAME.search(name) or PASSWORD_IN_URL.search(value)
            harmless = value in ("", BUILD_VARIABLES.get(name)) or value.isdigit()
            refers = value.startswith(("$", "/run/secrets/"))
            if is_secret and not harmless and not refers:
                found.add(f"{name} in {place}")
        found.update(
            f"the value of {name} in {place}"
            for name, value in env_file.items()
            if value in text and value not in BUILD_VARIABLES.values()
        )
    detail = ", ".join(sorted(found)) or "none in ENV or docker history"
    report.check(not found, "secrets", detail)


def check_files(report, image):
    """As root, who may read every folder."""
    looked = run_python(
        image, LOOK_AROUND, json.dumps(FORBIDDEN_PATHS), options=["--user", "0", "--workdir", "/"]
    )
    answers = answers_of(looked.stdout)
    if not answers:
        report.check(False, "files", f"python does not run: {last_line(looked.stderr)}")
        return
    answer = answers[0]
    compilers, pip, found = answer["compilers"], answer["pip"], answer["found"]
    report.check(not compilers, "compiler", ", ".join(compilers) or "none")
    report.check(not pip, "pip", ", ".join(pip) or "not in the environment")
    nothing = "no .git, no .env, no tests, nothing else under /app that production does without"
    report.check(not found, "files", "in /app: " + ", ".join(found) if found else nothing)


def check_user_and_imports(report, image, inspected):
    """As the image's own user."""
    names = [SETTINGS_MODULE, *REQUIREMENTS]
    imported = run_python(image, IMPORT_EACH, *names, options=build_variable_options(image))
    answers = answers_of(imported.stdout)
    user_id = next((answer[1] for answer in answers if answer[0] == "user"), None)
    configured = inspected["Config"].get("User") or "not set"
    detail = f"{configured}, user id {'unknown' if user_id is None else user_id} in the container"
    report.check(user_id not in (0, None), "user", detail)

    failures = [f"{answer[1]} ({answer[2]})" for answer in answers if answer[0] == "failed"]
    if not answers or answers[-1] != ["end"]:
        started = [answer[1] for answer in answers if answer[0] == "start"] or ["python"]
        code = imported.returncode
        failures.append(f"{started[-1]} (exit code {code}: {last_line(imported.stderr)[:200]})")
    detail = "without network: " + ", ".join(["the settings", *REQUIREMENTS])
    report.check(not failures, "imports", "; ".join(failures) or detail)


# --- The start -----------------------------------------------------------------------------------


def get(port, path):
    """Status of a page, asked from this machine; None while nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": ALLOWED_HOST})
        response = connection.getresponse()
        return response.status, response.getheader("Location") or ""
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def state_of(container):
    inspected = docker("inspect", container)
    return json.loads(inspected.stdout)[0] if inspected.returncode == 0 else {"State": {}}


def health_of(container):
    return (state_of(container)["State"].get("Health") or {}).get("Status", "none")


def published_port(container):
    """The port of this machine that leads to the server: Docker has chosen a free one."""
    lines = docker("port", container, f"{PORT}/tcp").stdout.split()
    ports = [line.rsplit(":", 1)[1] for line in lines if ":" in line]
    return int(ports[0]) if ports else None


def wait_for_answer(container, port, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and state_of(container)["State"].get("Running"):
        answer = get(port, HEALTH_PATH)
        if answer:
            return answer
        time.sleep(0.3)
    return None


def check_page(report, port, has_database):
    status, location = get(port, HEALTH_PATH) or (0, "")
    detail = f"GET {HEALTH_PATH} {status or 'no answer'}{' to ' + location if location else ''}"
    if status >= 500 and not has_database:
        report.add("skip", "page", f"{detail}: needs the database, run docker compose up")
    else:
        report.check(0 < status < 500, "page", detail)


def check_static_file(report, container, port):
    if not STATIC_URL or not SAMPLE_STATIC_FILE:
        report.add("skip", "static file", "none is known that this server serves")
        return
    if "//" in STATIC_URL:
        report.add("skip", "static file", f"served from {STATIC_URL}")
        return
    path = f"/{STATIC_URL.strip('/')}/{SAMPLE_STATIC_FILE}"
    status, location = get(port, path) or (0, "")
    detail = f"GET {path} {status or 'no answer'}"
    if location.startswith("https:"):
        # SECURE_SSL_REDIRECT: ask as a proxy that terminates TLS does.
        words = ["exec", container, "python", "-c", ASK_FROM_INSIDE, str(PORT), path, ALLOWED_HOST]
        status = next(iter(answers_of(docker(*words).stdout)), 0)
        detail += f" to HTTPS; {status or 'no answer'} behind a proxy"
    report.check(status == 200, "static file", detail)


def check_running(report, container, has_database, seconds):
    """Server, page, static file, health and limits of a started container."""
    start = time.monotonic()
    port = published_port(container)
    if port is None:
        report.check(False, "server", f"port {PORT} is not published")
        return
    answer = wait_for_answer(container, port, seconds)
    if answer is None:
        code = state_of(container)["State"].get("ExitCode")
        report.check(False, "server", f"no answer (exit code {code})")
        return
    report.add("ok", "server", f"answers on port {port} after {time.monotonic() - start:.1f} s")
    check_page(report, port, has_database)
    check_static_file(report, container, port)
    if has_database or answer[0] < 500:
        end = start + seconds
        while health_of(container) == "starting" and time.monotonic() < end:
            time.sleep(0.3)
        health = health_of(container)
        report.check(health == "healthy", "health", health)
    host = state_of(container).get("HostConfig", {})
    read_only = host.get("ReadonlyRootfs", False)
    detail = "the container runs with it" if read_only else "switched off in compose.yaml"
    report.add("ok" if read_only else "skip", "read-only root", detail)


def failed_names(report):
    return [check["name"] for check in report.result["checks"] if check["result"] == "FAIL"]


def boot_with_compose(report, image, seconds, keep):
    """Start compose.yaml in a project of its own, with new volumes and on a free port."""
    if not (ROOT / ".env").is_file():
        report.check(False, "boot", ".env is missing: copy .env.example and fill it in")
        return
    if docker("compose", "version").returncode != 0:
        report.check(False, "boot", "docker has no compose command: install Docker Compose")
        return
    environment = {"IMAGE": image, "WEB_PORT": "0"}
    compose = ["compose", "--project-name", COMPOSE_PROJECT, "--file", "compose.yaml"]

    def run_compose(*arguments, timeout=120):
        return docker(*compose, *arguments, timeout=timeout, environment=environment)

    before = len(failed_names(report))
    try:
        run_compose("down", "--volumes", "--remove-orphans")
        # Only web and what it depends on: a worker would work on your queues.
        wait = ["--wait", "--wait-timeout", str(seconds)]
        start = time.monotonic()
        up = run_compose("up", "--detach", "--no-build", *wait, "web", timeout=seconds + 600)
        container = last_line(run_compose("ps", "--all", "--quiet", "web").stdout)
        healthy = bool(container) and up.returncode == 0
        seconds_taken = time.monotonic() - start
        detail = f"compose.yaml is up after {seconds_taken:.1f} s, migrations included"
        report.check(healthy, "boot", detail if healthy else last_line(up.stderr))
        if healthy:
            check_running(report, container, has_database=True, seconds=seconds)
        if len(failed_names(report)) > before:
            for service in ("migrate", "web"):
                options = ["--no-color", "--no-log-prefix", "--tail", "200"]
                logs = run_compose("logs", *options, service)
                report.log(service, logs.stdout)
    finally:
        if keep:
            say(f"Kept: docker compose --project-name {COMPOSE_PROJECT} down --volumes")
        else:
            run_compose("down", "--volumes", "--remove-orphans")


def boot_alone(report, image, seconds, keep):
    """Start the image without its database, which is never touched: the addresses are stand-ins."""
    hardened = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]
    hardened += ["--security-opt", "no-new-privileges"]
    publish = ["--publish", f"127.0.0.1::{PORT}", "--env", f"PORT={PORT}"]
    options = [*hardened, *publish, *build_variable_options(image)]
    before = len(failed_names(report))
    started = docker("run", "--detach", *options, image)
    container = started.stdout.strip()
    try:
        detail = "started without its database" if container else last_line(started.stderr)
        if report.check(started.returncode == 0, "boot", detail):
            check_running(report, container, has_database=False, seconds=seconds)
        if container and len(failed_names(report)) > before:
            logs = docker("logs", "--tail", "200", container)
            report.log("web", logs.stdout + logs.stderr)
    finally:
        if container and keep:
            say(f"Kept: docker rm --force --volumes {container[:12]}")
        elif container:
            docker("rm", "--force", "--volumes", container)


def say(text):
    print(text, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--image", default=IMAGE, help=f"default: {IMAGE}")
    parser.add_argument("--no-boot", action="store_true", help="only look at the image")
    parser.add_argument("--keep", action="store_true", help="leave the containers running")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument(
        "--timeout", type=int, default=120, metavar="SECONDS", help="for the start; default: 120"
    )
    arguments = parser.parse_args()
    # What a container prints must not end this on a console with few characters.
    sys.stdout.reconfigure(errors="replace")
    image = arguments.image
    try:
        inspected = inspect_image(image)
        report = Report(image, arguments.json)
        check_size(report, image, inspected)
        check_health_check(report, inspected)
        check_secrets(report, image, inspected)
        check_files(report, image)
        check_user_and_imports(report, image, inspected)
        if not arguments.no_boot:
            with_compose = DATABASE in ("postgres", "sqlite")
            boot = boot_with_compose if with_compose else boot_alone
            boot(report, image, arguments.timeout, arguments.keep)
    except CannotCheckError as error:
        say(str(error))
        return 2
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
