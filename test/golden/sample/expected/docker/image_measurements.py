"""Builds, starts and removes what compare_images.py measures.

Your files are never changed: builds that are to be timed run on a copy of hard links, and what is
changed there is written anew. Needs Python 3.8 and the docker command, on any system.
"""

import contextlib
import datetime
import http.client
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import uuid
from pathlib import Path

import image_contents

UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
LOG_LINES = 15
START_SECONDS = 90
MEMORY_READINGS = 6
CLEANUP_SECONDS = 120

# Small, pure Python, without requirements of their own: one that the project lacks is added.
HARMLESS_REQUIREMENTS = ("iniconfig", "toposort", "zipp", "six")

# Of the production image's environment: what the same server needs in the image before.
SERVER_VARIABLES = {"DJANGO_SETTINGS_MODULE", "DJANGO_CONFIGURATION", "PYTHONPATH", "PORT"}

SECRET_NAME = re.compile(
    r"SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE|CREDENTIAL|ACCESS_KEY|SERVICE_ROLE",
    re.IGNORECASE,
)
PASSWORD_IN_URL = re.compile(r"://[^\s/:@]*:[^\s/@]+@")


class CompareError(Exception):
    """A build or a measurement failed."""


# --- What is shown -------------------------------------------------------------------------------


class Screen:
    """Progress on standard error; the values of .env are in nothing that is shown."""

    def __init__(self, root):
        self.secrets = secret_values(root)
        self.moving = sys.stderr.isatty()

    def hide_secrets(self, text):
        for value in self.secrets:
            text = text.replace(value, "***")
        return text

    def without_secrets(self, value):
        """The same value, of dictionaries, lists and texts, with no secret in any text."""
        if isinstance(value, str):
            return self.hide_secrets(value)
        if isinstance(value, dict):
            return {
                self.hide_secrets(key): self.without_secrets(item) for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.without_secrets(item) for item in value]
        return value

    def say(self, text):
        print(self.hide_secrets(text), file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def step(self, text):
        """Name what is being done, and how long it took; on a terminal the seconds run."""
        start = time.monotonic()
        done = threading.Event()

        def tick():
            while not done.wait(1):
                seconds = time.monotonic() - start
                print(f"\r{text} ... {seconds:.0f} s", end="", file=sys.stderr, flush=True)

        print(f"{text} ...", end="" if self.moving else "\n", file=sys.stderr, flush=True)
        ticker = threading.Thread(target=tick, daemon=True)
        if self.moving:
            ticker.start()
        try:
            yield
        finally:
            done.set()
            if self.moving:
                ticker.join()
            end = f"\r{text} ..." if self.moving else " "
            print(f"{end} {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)


def secret_values(root):
    """Values in .env that nobody may see, the longest first."""
    file = root / ".env"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    values = set()
    for line in text.splitlines():
        name, separator, value = line.strip().partition("=")
        value = value.strip().strip("\"'")
        is_secret = SECRET_NAME.search(name) or PASSWORD_IN_URL.search(value)
        if separator and not name.startswith("#") and is_secret and len(value) >= 6:
            values.add(value)
    return sorted(values, key=len, reverse=True)


# --- Commands ------------------------------------------------------------------------------------


def start_docker(arguments, **streams):
    """Start docker in a process group of its own, so that its plugins can be stopped with it."""
    group = {"start_new_session": True} if os.name == "posix" else {}
    environment = {
        **os.environ,
        "BUILDKIT_PROGRESS": "plain",
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        "DOCKER_CLI_HINTS": "false",
    }
    try:
        return subprocess.Popen(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            env=environment,
            **group,
            **streams,
        )
    except FileNotFoundError:
        raise CompareError("The docker command was not found: install Docker first.") from None


def stop(process):
    """End a command and what it has started."""
    for number in (signal.SIGINT, getattr(signal, "SIGKILL", signal.SIGTERM)):
        if process.poll() is not None:
            return
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(process.pid, number)
            else:
                process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)


def docker(*arguments, timeout=120):
    """Run one docker command. Return its exit code and whole output."""
    process = start_docker(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        command = " ".join(["docker", *arguments[:2]])
        raise CompareError(f"{command} did not end within {timeout:.0f} s.") from None
    finally:
        stop(process)
    return process.returncode, output.decode("utf-8", "replace")


@contextlib.contextmanager
def docker_stream(*arguments, timeout):
    """The standard output of a docker command, ended after some time."""
    command = " ".join(["docker", *arguments[:1]])
    late = threading.Event()
    with tempfile.TemporaryFile() as errors:
        process = start_docker(arguments, stdout=subprocess.PIPE, stderr=errors)

        def end():
            late.set()
            stop(process)

        def check():
            """What docker says tells more than what is wrong with its output."""
            if late.is_set():
                raise CompareError(f"{command} did not end within {timeout:.0f} s.")
            if process.poll():
                errors.seek(0)
                tail = last_lines(errors.read().decode("utf-8", "replace"))
                raise CompareError(f"{tail}\n\n{command} failed.")

        watch = threading.Timer(timeout, end)
        watch.daemon = True
        watch.start()
        try:
            yield process.stdout
            while process.stdout.read(1 << 20):
                pass
            process.wait()
            check()
        except CompareError:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
            check()
            raise
        finally:
            watch.cancel()
            stop(process)
            process.stdout.close()


def last_lines(output):
    return "\n".join(output.strip().splitlines()[-LOG_LINES:])


def inspect_image(image):
    """What `docker image inspect` knows, or None when there is no image of this name."""
    code, output = docker("image", "inspect", image)
    return json.loads(output)[0] if code == 0 else None


def inspected_sizes(image):
    """Bytes by `docker image inspect` and by `docker history`."""
    inspected = inspect_image(image)
    code, output = docker("history", "--human=false", "--format", "{{.Size}}", image)
    history = sum(int(size) for size in output.split() if size.isdigit()) if code == 0 else None
    return (inspected or {}).get("Size"), history


def machine():
    """Engine, platform and processors; a CompareError where no engine answers."""
    code, output = docker("version", "--format", "{{json .Server}}")
    if code != 0:
        raise CompareError(f"The Docker daemon does not answer. Is it running?\n{output.strip()}")
    server = json.loads(output)
    code, output = docker("info", "--format", "{{json .}}")
    information = json.loads(output) if code == 0 else {}
    containerd = "io.containerd.snapshotter" in json.dumps(information.get("DriverStatus"))
    return {
        "engine": server.get("Version"),
        "platform": f"{server.get('Os')}/{server.get('Arch')}",
        "cpus": information.get("NCPU"),
        "imageStore": "containerd" if containerd else information.get("Driver"),
    }


def parse_size(text):
    """Bytes in a size such as 600MB or 1.2 GiB; None for what is none."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*((?:[KMG]I?)?)B?", text.strip().upper())
    return int(float(match.group(1)) * UNITS[match.group(2)]) if match else None


# --- What is made, and removed again -------------------------------------------------------------


class Workspace:
    """Everything that is made here, under names of this run alone."""

    def __init__(self, image, root, timeout):
        self.root = root
        self.timeout = timeout
        self.token = uuid.uuid4().hex[:8]
        self.prefix = f"{image}:compare-{self.token}"
        self.images, self.containers = [], []
        self.folder = None

    def image(self, name):
        """A name for an image, known before it is built: an interrupted build may have made it."""
        image = f"{self.prefix}-{name}"
        if image not in self.images:
            self.images.append(image)
        return image

    def container(self):
        name = f"compare-{self.token}-{len(self.containers) + 1}"
        self.containers.append(name)
        return name

    def make_folder(self):
        """A folder that only this user can read, on the repository's file system if possible."""
        if self.folder is None:
            self.folder = Path(
                tempfile.mkdtemp(prefix="compare-images-", dir=copy_place(self.root))
            )
        return self.folder

    def remove(self, keep_images=()):
        """Remove what was made here and nothing else; a second Ctrl-C does not cut this short."""
        handlers = {}
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError):
                handlers[number] = signal.signal(number, signal.SIG_IGN)
        try:
            images = [image for image in self.images if image not in keep_images]
            for words in (["rm", "--volumes"], self.containers), (["image", "rm"], images):
                command, names = words
                if names:
                    with contextlib.suppress(CompareError):
                        docker(*command, "--force", *names, timeout=CLEANUP_SECONDS)
            if self.folder is not None:
                handler = "onexc" if sys.version_info >= (3, 12) else "onerror"
                shutil.rmtree(self.folder, **{handler: make_writable})
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def make_writable(function, path, _error):
    """What is in a read-only folder cannot be removed. A file, a hard link, stays as it is."""
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
        elif os.name != "posix":
            os.chmod(path, stat.S_IWRITE)  # a copy: see copy_repository
        function(path)


def copy_place(root):
    """Where a copy costs no space: a hard link stays on its file system."""
    cache = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    places = [tempfile.gettempdir(), os.path.expanduser(cache)]
    usable = [place for place in places if os.path.isdir(place) and os.access(place, os.W_OK)]
    for place in usable:
        if os.stat(place).st_dev == os.stat(root).st_dev:
            return place
    return max(usable, key=lambda place: shutil.disk_usage(place).free, default=None)


def regular_files(root):
    """Every file below a folder as a build context has it: path, and what os.lstat says."""
    for parent, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(parent, name)
            with contextlib.suppress(OSError):
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path, os.lstat(path)


def context_size(root):
    """Bytes of a build context of which nothing is left out."""
    return sum(status.st_size for _path, status in regular_files(root))


def copy_repository(root, target):
    """Copy the whole folder as hard links; where there can be none, its bytes.

    Nobody may write to a file of the copy: `append` makes a new one.
    """
    same_device = os.stat(root).st_dev == os.stat(target.parent).st_dev
    if not same_device:
        needed, free = context_size(root), shutil.disk_usage(target.parent).free
        if needed > 0.9 * free:
            raise CompareError(
                f"A copy of the repository needs {needed / 1e6:.0f} MB, {target.parent} has"
                f" {free / 1e6:.0f} MB: set TMPDIR to another folder, or use --sizes-only."
            )
    unreadable = []

    def link_or_copy(source, destination, follow_symlinks=True):
        if not os.path.isfile(source):
            return  # a socket or a pipe is no part of a context
        try:
            if os.name != "posix" and not os.access(source, os.W_OK):
                raise PermissionError  # its link could not be removed as long as it is read-only
            os.link(source, destination)
        except OSError:
            try:
                shutil.copy2(source, destination)
            except OSError:
                unreadable.append(os.path.relpath(source, root))

    # The folder for temporary files may be in the repository: no copy of the copy.
    ignore = shutil.ignore_patterns(target.parent.name)
    options = {"symlinks": True, "ignore": ignore, "copy_function": link_or_copy}
    with contextlib.suppress(shutil.Error):
        shutil.copytree(root, target, **options)
    return unreadable


def append(file, text):
    """Add to a file of the copy. The file of the repository, a hard link to it, stays as it is."""
    content = file.read_bytes()
    separator = b"" if not content or content.endswith(b"\n") else b"\n"
    replace(file, content + separator + text.encode("ascii"))


def replace(file, content):
    """Write a file of the copy anew."""
    mode = file.stat().st_mode
    file.unlink()
    file.write_bytes(content)
    file.chmod(mode)


# --- Builds --------------------------------------------------------------------------------------


def build(workspace, image, context, *arguments):
    """Build an image and load it. Return the seconds."""
    options = ["--load", "--progress", "plain", "--tag", image, *arguments]
    start = time.monotonic()
    words = ["buildx", "build", *options, str(context)]
    code, output = docker(*words, timeout=workspace.timeout)
    if code != 0:
        raise CompareError(f"{last_lines(output)}\n\nThe build failed.")
    return time.monotonic() - start


def write_dockerfile(workspace, name, content, ignored=b"# Nothing is left out.\n"):
    """A Dockerfile outside the context; BuildKit takes the .dockerignore that is named like it."""
    file = workspace.make_folder() / f"{name}.Dockerfile"
    file.write_bytes(content)
    file.with_name(file.name + ".dockerignore").write_bytes(ignored)
    return file


def build_base(workspace, reference):
    """Load a base image: BuildKit alone may have it. Return the name."""
    image = workspace.image(f"base-{len(workspace.images)}")
    dockerfile = write_dockerfile(workspace, "base", f"FROM {reference}\n".encode())
    empty = workspace.make_folder() / "empty"
    empty.mkdir(exist_ok=True)
    build(workspace, image, empty, "--file", str(dockerfile))
    return image


def base_of_dockerfile(text):
    """The image on which the last stage stands, or None where that cannot be told."""
    text = re.sub(r"\\[ \t]*\n", " ", text)
    values, stages, base = {}, {}, None
    for line in text.splitlines():
        argument = re.match(r"\s*ARG\s+(\w+)=(\S+)", line, re.IGNORECASE)
        stage = re.match(r"\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", line, re.IGNORECASE)
        if argument and base is None:  # only those before the first FROM are seen by it
            values[argument.group(1)] = argument.group(2).strip("\"'")
        elif stage:
            name = re.sub(
                r"\$\{?(\w+)(?::-([^}]*))?\}?",
                lambda match: values.get(match.group(1)) or match.group(2) or "",
                stage.group(1),
            )
            base = stages.get(name.lower(), name)
            if stage.group(2):
                stages[stage.group(2).lower()] = base
    return base if base and "$" not in base and base != "scratch" else None


def production_context(workspace, context):
    """Bytes of the context that the .dockerignore leaves: a build that copies just that tells."""
    ignore = context / ".dockerignore"
    ignored = ignore.read_bytes() if ignore.is_file() else b""
    dockerfile = write_dockerfile(workspace, "context", b"FROM scratch\nCOPY . /\n", ignored)
    words = ["--file", str(dockerfile), "--output", "type=tar,dest=-", str(context)]
    with docker_stream("buildx", "build", *words, timeout=workspace.timeout) as stream:
        return tar_size(stream)


def tar_size(stream):
    total = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                archive.members = []
                total += member.size if member.isreg() else 0
    except tarfile.TarError as error:
        raise CompareError(f"The context could not be read: {error}") from None
    return total


def read_image(workspace, image, known, compress=True):
    """What is in an image, by way of `docker save`."""
    with docker_stream("save", image, timeout=workspace.timeout) as stream:
        try:
            return image_contents.read_image(stream, known, compress)
        except image_contents.ContentsError as error:
            raise CompareError(str(error)) from None


# --- Changes -------------------------------------------------------------------------------------


def code_file(copy, application):
    """The module of the application in the copy: the file that surely is in the image."""
    module = application.split(":")[0].replace(".", "/")
    endings = (f"/{module}.py", f"/{module}/__init__.py")
    found = []
    for parent, folders, files in os.walk(copy):
        folders[:] = [
            name
            for name in folders
            if name not in ("node_modules", "site-packages") and not name.startswith(".")
        ]
        paths = (Path(parent, name) for name in files if name.endswith(".py"))
        found += [path for path in paths if f"/{path.as_posix()}".endswith(endings)]
    return min(found, key=lambda path: (len(path.parts), str(path)), default=None)


def change_code(file):
    append(file, f"# {uuid.uuid4().hex}: written by compare_images.py into its copy\n")


def missing_requirement(packages):
    """A harmless requirement that no image has yet."""
    names = (name for name in HARMLESS_REQUIREMENTS if name not in packages)
    return next(names, HARMLESS_REQUIREMENTS[0])


def change_dependency(copy, change, requirement):
    """Make the installer run again: one requirement more, or a change that says nothing."""
    file = copy / change["file"]
    if change["kind"] == "requirement" and requirement:
        append(file, f"{requirement}\n")
        return f"{requirement} added to {change['file']}"
    if change["kind"] == "whitespace":
        append(file, " \n" * (1 + int(uuid.uuid4().hex[:2], 16)))
        return f"white space added to {change['file']}: its requirements are installed again"
    append(file, f"# {uuid.uuid4().hex}\n")
    return f"a comment added to {change['file']}: its requirements are installed again"


# --- Starts --------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port, path, host):
    """Whether the server answers, with any status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": host})
        return bool(connection.getresponse().status)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def started_at(container):
    """When the engine started a container, in seconds since 1970; None while it does not run."""
    code, output = docker("inspect", "--format", "{{json .State}}", container)
    state = json.loads(output) if code == 0 else {}
    if not state.get("Running"):
        return None
    whole, _, fraction = state["StartedAt"].rstrip("Z").partition(".")
    moment = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S")
    seconds = moment.replace(tzinfo=datetime.timezone.utc).timestamp()
    return seconds + float(f"0.{fraction or 0}")


def first_response(container, port, path, host):
    """Seconds from the container's start to its first response; None when none comes."""
    asked = time.time()
    process = start_docker(
        ["start", container], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        looked = asked
        while not answers(port, path, host):
            now = time.time()
            if now - looked > 2:
                looked = now
                if now - asked > START_SECONDS or started_at(container) is None:
                    return None
            time.sleep(0.005)
        answered = time.time()
        process.wait(60)
        started = started_at(container)
        # The clock of an engine in another machine may differ: then the command's time counts.
        same_clock = started is not None and asked - 0.05 <= started <= answered
        return answered - (started if same_clock else asked)
    except subprocess.TimeoutExpired:
        return None
    finally:
        stop(process)


def memory_of(container):
    """Bytes that a container uses, as `docker stats` counts them: without the page cache.

    Other workers may still be starting: the figure counts once it stays within 2 %.
    """
    last = None
    for _ in range(MEMORY_READINGS):
        code, output = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", container)
        memory = parse_size(output.strip().splitlines()[-1].split("/")[0]) if code == 0 else None
        if memory is None or (last and abs(memory - last) <= 0.02 * last):
            return memory
        last = memory
    return last


def measure_start(workspace, start):
    """Seconds to the first response, the memory then, and the log where there is no response."""
    name, port = workspace.container(), free_port()
    publish = ["--publish", f"127.0.0.1:{port}:{start['port']}"]
    # No name can be looked up, so that nothing of yours is reached, and no time is lost.
    words = ["create", "--name", name, "--dns", "127.0.0.1", *publish, *start["options"]]
    code, output = docker(*words, start["image"], *start["command"])
    if code != 0:
        return None, None, last_lines(output)
    seconds = first_response(name, port, start["path"], start["host"])
    if seconds is None:
        return None, None, last_lines(docker("logs", "--tail", "200", name)[1])
    memory = memory_of(name)
    docker("rm", "--force", "--volumes", name)
    return seconds, memory, ""


def made_values(workspace, image, commands):
    """Stand-ins that a command makes, in an image that has a shell."""
    values = {}
    for name, command in commands.items():
        words = ["run", "--rm", "--name", workspace.container(), "--network", "none"]
        code, output = docker(*words, "--entrypoint", "sh", image, "-c", command)
        values[name] = output.strip().splitlines()[-1] if code == 0 and output.strip() else ""
    return values


def environment_options(values):
    return [word for name, value in values.items() for word in ("--env", f"{name}={value}")]


def production_start(image, values, volumes):
    """As compose.yaml starts it: nothing can be written but /tmp and the volumes."""
    closed = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]
    closed += ["--security-opt", "no-new-privileges"]
    closed += [word for path in volumes for word in ("--volume", path)]
    return {"image": image, "options": [*closed, *environment_options(values)], "command": []}


def hidden_env_files(files):
    """Your .env is in the image before; there it is covered: a measurement needs no secrets."""
    paths = sorted(path for path in files if path.split("/")[-1] == ".env")
    covers = (f"type=bind,source=/dev/null,target=/{path}" for path in paths if "," not in path)
    return [word for cover in covers for word in ("--mount", cover)]


def server_start(image, config, values, covers):
    """The server of production in the image before."""
    variables = dict(item.partition("=")[::2] for item in config.get("Env") or [])
    server = {name: value for name, value in variables.items() if name in SERVER_VARIABLES}
    command = [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]
    # The environment of production is not there: its programs are on PATH.
    program = command[0].rsplit("/", 1)[-1] if command else "python"
    options = ["--workdir", config.get("WorkingDir") or "/", "--entrypoint", program]
    options += [*covers, *environment_options({**server, **values})]
    return {"image": image, "options": options, "command": command[1:]}


def own_start(image, values, covers):
    """The image before as it starts by itself."""
    options = [*covers, *environment_options(values)]
    return {"image": image, "options": options, "command": []}


def exposed_port(config):
    ports = sorted(int(port.split("/")[0]) for port in config.get("ExposedPorts") or {})
    return ports[0] if ports else None
