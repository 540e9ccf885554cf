"""Builds the image before and each stage of the Dockerfile, and compares their sizes.

    python docker/compare_images.py
    python docker/compare_images.py --budget 600MB --max-ratio 0.6    ends with 1 when larger

"Before" is Dockerfile.old where there is one, else the usual first Dockerfile: the same base, the
whole repository, compilers, pip install. Needs Python 3.8 and the docker command, on any system.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IMAGE = "archive"
BASE_IMAGE = "python:3.12-alpine3.24"
INSTALL_COMMAND = "pip install -r requirements.txt && pip install -r docker/requirements.txt"

ROOT = Path(__file__).resolve().parent.parent
# Name in the table and tag of what "docker build" makes by hand: what --no-build measures.
TAGS = {"before": "old", "builder": "builder", "development": "dev", "production": "prod"}
UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "KI": 2**10, "MI": 2**20, "GI": 2**30}

NAIVE_DOCKERFILE = f"""\
FROM {BASE_IMAGE}
RUN apt-get update && apt-get install -y build-essential git wget
WORKDIR /app
COPY . .
RUN {INSTALL_COMMAND}
"""


class CompareError(Exception):
    """A build or a measurement failed."""


def docker(*arguments):
    """Run one docker command from the repository's root. Return its exit code and whole output."""
    try:
        finished = subprocess.run(
            ["docker", *arguments],
            cwd=str(ROOT),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise CompareError("The docker command was not found: install Docker first.") from None
    return finished.returncode, finished.stdout


def say(text):
    print(text, file=sys.stderr, flush=True)


def image_size(image):
    """Bytes of an image, or None when there is none of this name."""
    code, output = docker("image", "inspect", "--format", "{{.Size}}", image)
    return int(output) if code == 0 else None


def build(name, image, arguments):
    say(f"building {name} ...")
    start = time.monotonic()
    options = ["--load", "--progress", "plain", "--tag", image, *arguments]
    code, output = docker("buildx", "build", *options, ".")
    if code != 0:
        tail = "\n".join(output.strip().splitlines()[-15:])
        raise CompareError(f"{tail}\n\nThe build of {name} failed.")
    say(f"  {time.monotonic() - start:.1f} s")


def build_before(image):
    """Build with the whole repository as context: today's .dockerignore was not there before."""
    old = ROOT / "Dockerfile.old"
    content = old.read_bytes() if old.is_file() else NAIVE_DOCKERFILE.encode()
    with tempfile.TemporaryDirectory() as folder:
        dockerfile = Path(folder) / "naive.Dockerfile"
        dockerfile.write_bytes(content)
        # BuildKit takes the .dockerignore that is named like the Dockerfile.
        ignore = Path(folder) / "naive.Dockerfile.dockerignore"
        ignore.write_bytes(b"# Nothing is left out.\n")
        build("before", image, ["--file", str(dockerfile)])


def build_and_measure(keep):
    """Build each image under a name of its own and remove that name again."""
    images = {name: f"{IMAGE}:compare-{tag}" for name, tag in TAGS.items()}
    sizes = {}
    try:
        for name in ("builder", "development", "production"):
            build(name, images[name], ["--target", name])
            sizes[name] = image_size(images[name])
        try:
            build_before(images["before"])
        except CompareError as error:  # an old Dockerfile may not build any more
            say(str(error))
        sizes["before"] = image_size(images["before"])
    finally:
        if keep:
            say("Kept: " + " ".join(images.values()))
            say("Remove them: the image before holds your whole folder, .env included.")
        else:
            docker("image", "rm", "--force", *images.values())
    return sizes


def megabytes(size):
    return "no image" if size is None else f"{size / 1e6:.1f} MB"


def print_table(sizes):
    before = sizes["before"]
    print(f"{'image':<12}{'size':>12}{'of before':>12}")
    for name in TAGS:
        size = sizes[name]
        share = f"{size / before:.0%}" if size and before else ""
        print(f"{name:<12}{megabytes(size):>12}{share:>12}")


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


def parse_size(text):
    """Bytes in a size such as 600MB or 1.2 GB."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*((?:[KMG]I?)?)B?", text.strip().upper())
    if not match:
        raise argparse.ArgumentTypeError(f"{text} is no size; write it as 600MB")
    return int(float(match.group(1)) * UNITS[match.group(2)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    tags = ", ".join(TAGS.values())
    parser.add_argument("--no-build", action="store_true", help=f"measure the tags {tags}")
    parser.add_argument("--keep", action="store_true", help="keep the images built here")
    parser.add_argument("--json", action="store_true", help="print the sizes as JSON, in bytes")
    parser.add_argument("--budget", type=parse_size, metavar="SIZE", help="largest production")
    parser.add_argument(
        "--max-ratio", type=float, metavar="RATIO", help="largest production / before, such as 0.6"
    )
    arguments = parser.parse_args()
    try:
        code, output = docker("version", "--format", "{{.Server.Version}}")
        if code != 0:
            raise CompareError(f"The Docker daemon does not answer. Is it running?\n{output}")
        if arguments.no_build:
            sizes = {name: image_size(f"{IMAGE}:{tag}") for name, tag in TAGS.items()}
        else:
            sizes = build_and_measure(arguments.keep)
    except CompareError as error:
        say(str(error))
        return 2
    missed = missed_limits(sizes, arguments.budget, arguments.max_ratio)
    if arguments.json:
        before, production = sizes["before"], sizes["production"]
        ratio = production / before if before and production else None
        print(json.dumps({"sizes": sizes, "ratio": ratio, "missed": missed}, indent=2))
    else:
        print_table(sizes)
        for sentence in missed:
            say(f"FAIL  {sentence}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
