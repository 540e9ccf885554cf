"""Runs the measurements of compare_images.py one after another, and prints its tables."""

import datetime
import json
import pathlib
import statistics
import typing

import image_contents as contents
import image_measurements as measure
from image_measurements import CompareError

# Name in the table and tag of what "docker build" makes by hand: what --no-build measures.
TAGS = {"before": "old", "builder": "builder", "development": "dev", "production": "prod"}
COMPARED = ("production", "before")


class Project(typing.NamedTuple):
    """What compare_images.py knows of the project."""

    root: pathlib.Path
    image: str
    base_image: str
    naive_dockerfile: str
    application: str
    port: int
    health_path: str
    allowed_host: str
    build_variables: dict
    build_commands: dict
    volume_paths: list
    runtime_libraries: list
    dependency_change: typing.Optional[dict]


class Comparison:
    """One run: what it makes, what it has measured, what could not be measured."""

    def __init__(self, project, arguments, screen):
        self.project = project
        self.arguments = arguments
        self.screen = screen
        self.workspace = measure.Workspace(project.image, project.root, arguments.timeout)
        self.known_layers, self.images, self.bases = {}, {}, {}
        self.old = project.root / "Dockerfile.old"
        self.context = project.root
        self.report = {
            "schema": 1,
            "project": project.image,
            "measuredAt": datetime.datetime.now(datetime.timezone.utc).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            ),
            "machine": measure.machine(),
            "before": {
                "kind": "kept" if self.old.is_file() else "naive",
                "dockerfile": "Dockerfile.old"
                if self.old.is_file()
                else "the usual first Dockerfile",
            },
            "images": dict.fromkeys(TAGS),
            "context": {"before": None, "production": None},
            "times": {name: empty_times() for name in ("before", "production")},
            "codeChangePush": {"before": None, "production": None},
            "trimmed": [],
            "notes": [],
        }

    def note(self, text):
        self.report["notes"].append(text)
        self.screen.say(text)

    def attempt(self, name, text, action):
        """Do one step. A failure of the image before, or of a stage, leaves the rest measured."""
        try:
            with self.screen.step(text):
                return action()
        except CompareError as error:
            self.screen.say(str(error))
            self.report["notes"].append(f"{text}: {str(error).splitlines()[-1]}")
            if name == "production":
                raise CompareError(f"{text}: without it there is nothing to compare.") from None
            return None

    # --- Builds ----------------------------------------------------------------------------------

    def naive_content(self):
        return (
            self.old.read_bytes() if self.old.is_file() else self.project.naive_dockerfile.encode()
        )

    def build(self, name, tag, *options):
        """Build one image from the context of this run. Return the seconds."""
        if name == "before":
            # The whole repository is its context: today's .dockerignore was not there before.
            file = measure.write_dockerfile(self.workspace, "naive", self.naive_content())
            options = ["--file", str(file), *options]
        else:
            options = ["--target", name, *options]
        return measure.build(self.workspace, self.workspace.image(tag), self.context, *options)

    def build_images(self):
        """Every image; production and the one before with all of their steps, unless sizes only."""
        full = not self.arguments.sizes_only
        if full:
            self.attempt("production", "copying the repository (links)", self.copy_repository)
        for name in ("production", "builder", "development", "before"):
            cold = full and name in COMPARED
            text = f"building {name}" + (", every step" if cold else "")
            options = ["--no-cache"] if cold else []
            seconds = self.attempt(
                name, text, lambda name=name, options=options: self.build(name, name, *options)
            )
            if seconds is not None:
                self.images[name] = self.workspace.image(name)
                if cold:
                    self.report["times"][name]["cold"] = seconds

    def copy_repository(self):
        copy = self.workspace.make_folder() / "context"
        for path in measure.copy_repository(self.project.root, copy)[:5]:
            self.note(f"{path} cannot be read, so no context has it")
        self.context = copy

    def find_images(self):
        """What was built by hand."""
        for name, tag in TAGS.items():
            if measure.inspect_image(f"{self.project.image}:{tag}"):
                self.images[name] = f"{self.project.image}:{tag}"

    # --- Contents --------------------------------------------------------------------------------

    def read(self, image):
        return measure.read_image(self.workspace, image, self.known_layers)

    def base(self, reference):
        """A base image's contents, or None."""
        if reference is not None and reference not in self.bases:
            local = measure.inspect_image(reference) is not None

            def load():
                if local or self.arguments.no_build:
                    return self.read(reference) if local else None
                return self.read(measure.build_base(self.workspace, reference))

            self.bases[reference] = self.attempt("base", f"reading {reference}", load)
        return self.bases.get(reference)

    def describe_images(self):
        read = {}
        for name in TAGS:
            if name in self.images:
                text = f"reading the contents of {name}"
                image = self.attempt(name, text, lambda name=name: self.read(self.images[name]))
                if image is not None:
                    read[name] = image
        for name, image in read.items():
            reference = self.project.base_image
            if name == "before":
                text = self.naive_content().decode("utf-8", "replace")
                reference = measure.base_of_dockerfile(text)
            base = self.base(reference)
            pair = [read[name] for name in COMPARED if name in read]
            diff_ids = base.diff_ids if base else contents.common_base(pair)
            system = contents.FileSystem(base.layers) if base else None
            described = contents.describe(image, diff_ids, system, self.project.runtime_libraries)
            inspected, history = measure.inspected_sizes(self.images[name])
            self.report["images"][name] = {**described, "inspected": inspected, "history": history}
            self.check_agreement(name, described["size"], inspected)
        if "production" in read:
            self.report["trimmed"] = trimmed_rules(read["production"])
        self.read_images = read

    def check_agreement(self, name, size, inspected):
        """Docker's own figure is of the same files, where it stores layers unpacked only."""
        store = self.report["machine"]["imageStore"]
        if inspected and store != "containerd" and abs(inspected - size) > 0.001 * size:
            self.note(
                f"{name}: docker image inspect says {inspected} bytes, its layers have {size}"
            )
        elif store == "containerd" and not self.report["notes"]:
            self.note(
                "Sizes are of the unpacked layers; with the containerd image store,"
                " docker image inspect and docker images count compressed data as well."
            )

    def measure_contexts(self):
        context = self.report["context"]
        with self.screen.step("measuring the build contexts"):
            context["before"] = measure.context_size(self.context)
        if not self.arguments.no_build:
            context["production"] = self.attempt(
                "context",
                "measuring what .dockerignore leaves",
                lambda: measure.production_context(self.workspace, self.context),
            )

    # --- Times -----------------------------------------------------------------------------------

    def measure_rebuilds(self):
        file = measure.code_file(self.context, self.project.application)
        if file is None:
            self.note(
                f"No file of {self.project.application} was found: no change of code is measured."
            )
        else:
            self.note(f"A code change: a comment added to {file.relative_to(self.context)}")
            layers = self.rebuild_unchanged()
            self.rebuild("codeChange", lambda: measure.change_code(file))
            self.measure_push(layers)
        if self.project.dependency_change is None:
            self.note("No dependency file is known: no change of one is measured.")
            return
        file = self.context / self.project.dependency_change["file"]
        content = file.read_bytes()
        self.rebuild("dependencyChange", self.change_dependency)
        if self.report["times"]["production"]["dependencyChange"] is None:
            # No index may be at hand that has the requirement.
            measure.replace(file, content)
            self.rebuild("dependencyChange", lambda: self.change_dependency(harmless=False))

    def change_dependency(self, harmless=True):
        packages = {
            package["name"]
            for image in self.report["images"].values()
            for package in (image or {}).get("packages", [])
        }
        requirement = measure.missing_requirement(packages) if harmless else None
        change = self.project.dependency_change
        text = measure.change_dependency(self.context, change, requirement)
        note = f"A dependency change: {text}"
        if note not in self.report["notes"]:
            self.note(note)

    def rebuild_unchanged(self):
        """Build from the cache, and return the layers that it has: an older build's, it may be."""
        layers = {}
        for name in COMPARED:
            if name not in self.images:
                continue
            tag = f"{name}-unchanged"
            taken = self.attempt(
                "rebuild",
                f"building {name} with nothing changed",
                lambda name=name, tag=tag: self.build(name, tag),
            )
            if taken is not None:
                self.report["times"][name]["unchanged"] = taken
                inspected = measure.inspect_image(self.workspace.image(tag)) or {}
                layers[name] = set(inspected.get("RootFS", {}).get("Layers") or [])
        return layers

    def rebuild(self, field, change):
        """Medians of builds after a change, each change a new one."""
        seconds = {name: [] for name in COMPARED}
        for run in range(1, self.arguments.runs + 1):
            change()
            for name in COMPARED:
                if name not in self.images:
                    continue
                words = "a code change" if field == "codeChange" else "a dependency change"
                taken = self.attempt(
                    "rebuild",
                    f"building {name} after {words}",
                    lambda name=name, run=run: self.build(name, f"{name}-{field}-{run}"),
                )
                if taken is not None:
                    seconds[name].append(taken)
        for name, values in seconds.items():
            if values:
                self.report["times"][name][field] = statistics.median(values)

    def measure_push(self, layers):
        """Compressed bytes of the layers that a change of code makes anew."""
        for name in COMPARED:
            image = self.workspace.image(f"{name}-codeChange-1")
            if self.report["times"][name]["codeChange"] is None or name not in layers:
                continue
            changed = self.attempt(
                "push",
                f"reading what a code change makes anew in {name}",
                lambda image=image: self.read(image),
            )
            if changed is not None:
                pairs = zip(changed.diff_ids, changed.layers)
                known = layers[name]
                new = [layer.compressed or 0 for diff_id, layer in pairs if diff_id not in known]
                self.report["codeChangePush"][name] = sum(new)

    def measure_starts(self):
        shell = self.images.get("builder") or self.images["production"]
        commands = self.project.build_commands
        values = {
            **self.project.build_variables,
            **measure.made_values(self.workspace, shell, commands),
        }
        ways = {name: self.starts(name, values) for name in COMPARED if name in self.images}
        measured = {name: [] for name in ways}
        # In turn, so that whatever else the machine does meets both.
        for run in range(1, max(3, self.arguments.runs) + 1):
            for name in ways:
                self.start_once(name, run, ways[name], measured[name])
        for name, pairs in measured.items():
            if pairs:
                times = self.report["times"][name]
                times["firstResponse"] = statistics.median(seconds for seconds, _memory in pairs)
                known = [memory for _seconds, memory in pairs if memory is not None]
                times["memory"] = statistics.median(known) if known else None
                self.note(f"{name} was started with {ways[name][0][0]}")

    def start_once(self, name, run, ways, measured):
        """Time the first way to start an image that leads to a response; forget those before it."""
        while ways:
            way, start = ways[0]
            start = {
                "path": self.project.health_path,
                "host": self.project.allowed_host,
                "port": self.project.port,
                **start,
            }
            text = f"starting {name} with {way}, run {run}"
            result = self.attempt(
                "start", text, lambda start=start: measure.measure_start(self.workspace, start)
            )
            seconds, memory, log = result or (None, None, "")
            if seconds is not None:
                measured.append((seconds, memory))
                return
            self.screen.say(log)
            self.note(f"{name} gave no response with {way} within {measure.START_SECONDS} s")
            ways.pop(0)
            measured.clear()

    def starts(self, name, values):
        """The ways to start an image, the best first."""
        production = measure.inspect_image(self.images["production"])["Config"]
        if name == "production":
            start = measure.production_start(self.images[name], values, self.project.volume_paths)
            return [("its own command, as compose.yaml starts it", start)]
        own = measure.inspect_image(self.images[name])["Config"]
        image = self.read_images.get(name)
        covers = measure.hidden_env_files(contents.FileSystem(image.layers).files if image else ())
        start = measure.server_start(self.images[name], production, values, covers)
        ways = [("production's server", start)]
        if self.report["before"]["kind"] == "kept" and (own.get("Cmd") or own.get("Entrypoint")):
            start = measure.own_start(self.images[name], values, covers)
            port = measure.exposed_port(own) or self.project.port
            ways.insert(0, ("its own command", {**start, "port": port}))
        return ways

    # --- All of it -------------------------------------------------------------------------------

    def run(self):
        if self.arguments.no_build:
            self.find_images()
        else:
            self.build_images()
        self.describe_images()
        self.measure_contexts()
        if not self.arguments.sizes_only:
            if not self.arguments.no_build:
                self.measure_rebuilds()
            if "production" in self.images:
                self.measure_starts()
        self.report["limits"] = {
            "budget": self.arguments.budget,
            "maxRatio": self.arguments.max_ratio,
            "missed": missed_limits(
                {name: (image or {}).get("size") for name, image in self.report["images"].items()},
                self.arguments.budget,
                self.arguments.max_ratio,
            ),
        }
        return self.screen.without_secrets(self.report)


def empty_times():
    fields = ("cold", "unchanged", "codeChange", "dependencyChange", "firstResponse", "memory")
    return dict.fromkeys(fields)


def trimmed_rules(image):
    """What the build removed from the environment, as its lists say: one for each layer of it."""
    files = contents.FileSystem(image.layers)
    rules = {}
    for name in ("trimmed.json", "trimmed-others.json"):
        text = files.text(f"opt/venv/{name}")
        try:
            for row in json.loads(text)["rules"] if text else []:
                add_rule(rules, row)
        except (ValueError, KeyError, TypeError):
            continue
    return list(rules.values())


def add_rule(rules, row):
    none = {"rule": row["rule"], "files": 0, "bytes": 0, "packages": {}}
    same = rules.setdefault(row["rule"], none)
    same["files"] += row["files"]
    same["bytes"] += row["bytes"]
    for package, size in row["packages"].items():
        same["packages"][package] = same["packages"].get(package, 0) + size


# --- Tables --------------------------------------------------------------------------------------


def megabytes(size):
    return "no image" if size is None else f"{size / 1e6:.1f} MB"


def seconds(value):
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def table(head, rows):
    """A Markdown table whose columns are aligned."""
    rows = [head, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def size_table(report):
    images = {name: (report["images"][name] or {}).get("size") for name in TAGS}
    before = images["before"]
    rows = []
    for name, size in images.items():
        share = f"{size / before:.0%}" if size and before else ""
        compressed = (report["images"][name] or {}).get("compressed")
        rows.append([name, megabytes(size), megabytes(compressed) if compressed else "", share])
    return table(["Image", "Size", "Compressed", "Of before"], rows)


def breakdown_table(report):
    before, after = (report["images"][name] for name in ("before", "production"))
    rows = []
    for key, label in contents.COMPONENTS.items():
        sizes = [image["breakdown"][key] if image else None for image in (before, after)]
        if any(sizes):
            rows.append([label, *map(megabytes, sizes), saved(*sizes)])
    sizes = [image["size"] if image else None for image in (before, after)]
    rows.append(["Total", *map(megabytes, sizes), saved(*sizes)])
    return table(["Component", "Before", "After", "Saved"], rows)


def saved(before, after):
    return "" if before is None or after is None else megabytes(before - after)


def improvement(before, after, less, more):
    """47% smaller, or what it is where it is none."""
    if not before or after is None:
        return ""
    change = 1 - after / before
    if round(change, 2) == 0:
        return "the same"
    return f"{change:.0%} {less}" if change > 0 else f"{-change:.0%} {more}"


def performance_table(report):
    before, after = (report["images"][name] or {} for name in ("before", "production"))
    sizes = [
        ("Image size", before.get("size"), after.get("size")),
        ("To pull (compressed)", before.get("compressed"), after.get("compressed")),
        ("To push after a code change", *pair(report["codeChangePush"])),
        ("Build context", *pair(report["context"])),
    ]
    times = [
        ("Build, cold", "cold"),
        ("Build, nothing changed", "unchanged"),
        ("Build after a code change", "codeChange"),
        ("Build after a dependency change", "dependencyChange"),
        ("Start to first response", "firstResponse"),
    ]
    memory = ("Memory, first response given", *(report["times"][name]["memory"] for name in PAIR))
    rows = [size_row(*row) for row in sizes]
    for label, field in times:
        values = [report["times"][name][field] for name in PAIR]
        shown = ["" if value is None else seconds(value) for value in values]
        rows.append([label, *shown, improvement(*values, "faster", "slower")])
    rows.append(size_row(*memory))
    rows = [row for row in rows if any(row[1:3])]
    return table(["Metric", "Before", "After", "Improvement"], rows)


PAIR = ("before", "production")


def pair(values):
    return values["before"], values["production"]


def size_row(label, before, after):
    shown = ["" if size is None else megabytes(size) for size in (before, after)]
    return [label, *shown, improvement(before, after, "smaller", "larger")]


def print_report(report):
    print(size_table(report))
    print("\nSize breakdown\n\n" + breakdown_table(report))
    print("\nPerformance impact\n\n" + performance_table(report))
    if report["notes"]:
        print("\n" + "\n".join(f"- {note}" for note in report["notes"]))


# --- Limits --------------------------------------------------------------------------------------


def missed_limits(sizes, budget, max_ratio):
    """Return a sentence for each limit that production does not keep."""
    before, production = sizes["before"], sizes["production"]
    missed = []
    if budget is not None and (production is None or production > budget):
        missed.append(f"production has {megabytes(production)}, the budget is {megabytes(budget)}")
    if max_ratio is not None:
        if not before or not production:
            missed.append("the ratio is unknown: an image is missing")
        elif production / before > max_ratio:
            share = f"{production / before:.1%}"
            missed.append(f"production is {share} of the image before, not {max_ratio:.1%} or less")
    return missed
