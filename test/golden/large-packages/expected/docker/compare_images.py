"""Builds the image before and each stage of the Dockerfile, measures and compares them.

    python docker/compare_images.py
    python docker/compare_images.py --output docker-report.json
    python docker/compare_images.py --sizes-only --budget 600MB --max-ratio 0.6    for CI: ends with
                                                                                  1 when larger

"Before" is Dockerfile.old where there is one, else the usual first Dockerfile: the same base, the
whole repository, compilers, pip install. Needs Python 3.8 and the docker command, on any system.
Your files are not changed, and what is made here is removed again.

What the times mean: cold, every step runs (--no-cache), while downloads that a cache mount holds
stay; the image before has none by construction. A change is one line, of which nothing is cached.
The first response counts from the container's start, with any status, without a database.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

# Nothing is left beside these scripts, which are in a repository.
sys.dont_write_bytecode = True

import image_measurements as measure  # noqa: E402
import image_report  # noqa: E402

IMAGE = "forecast-site"
BASE_IMAGE = "python:3.12-slim-trixie"
NAIVE_BASE = "python:3.12-slim-trixie"
INSTALL_COMMAND = "pip install -r requirements.txt"

# The server, a page that the health check asks for, and a Host that ALLOWED_HOSTS accepts.
APPLICATION = "forecast_site.wsgi:application"
PORT = 8000
HEALTH_PATH = "/"
ALLOWED_HOST = "localhost"

# Stand-ins for the variables that the settings cannot do without. No secrets.
BUILD_VARIABLES = {
    "SECRET_KEY": "only-for-the-build-0123456789-abcdefghijklmnopqrstuvwxyz",
    "DEBUG": "False",
}

# Of some a command of the image makes one.
BUILD_COMMANDS = {}

VOLUME_PATHS = []
RUNTIME_LIBRARIES = []

# A change after which the requirements are installed again.
DEPENDENCY_CHANGE = {
    "file": "requirements.txt",
    "kind": "requirement",
}

ROOT = Path(__file__).resolve().parent.parent

NAIVE_DOCKERFILE = f"""\
FROM {NAIVE_BASE}
RUN apt-get update && apt-get install -y build-essential git wget
WORKDIR /app
COPY . .
RUN {INSTALL_COMMAND}
"""

PROJECT = image_report.Project(
    root=ROOT,
    image=IMAGE,
    base_image=BASE_IMAGE,
    naive_dockerfile=NAIVE_DOCKERFILE,
    application=APPLICATION,
    port=PORT,
    health_path=HEALTH_PATH,
    allowed_host=ALLOWED_HOST,
    build_variables=BUILD_VARIABLES,
    build_commands=BUILD_COMMANDS,
    volume_paths=VOLUME_PATHS,
    runtime_libraries=RUNTIME_LIBRARIES,
    dependency_change=DEPENDENCY_CHANGE,
)


def parse_size(text):
    """Bytes in a size such as 600MB or 1.2 GB."""
    size = measure.parse_size(text)
    if size is None:
        raise argparse.ArgumentTypeError(f"{text} is no size; write it as 600MB")
    return size


def positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1")
    return int(text)


def parse_arguments():
    lines = __doc__.split("\n")
    parser = argparse.ArgumentParser(description=lines[0])
    tags = ", ".join(image_report.TAGS.values())
    parser.add_argument("--output", metavar="FILE", help="write all figures as JSON")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON, no table")
    parser.add_argument("--sizes-only", action="store_true", help="no times: no rebuild, no start")
    parser.add_argument("--no-build", action="store_true", help=f"measure the tags {tags}")
    parser.add_argument("--keep", action="store_true", help="keep the images built here")
    parser.add_argument("--budget", type=parse_size, metavar="SIZE", help="largest production")
    parser.add_argument(
        "--max-ratio", type=float, metavar="RATIO", help="largest production / before, such as 0.6"
    )
    parser.add_argument(
        "--runs", type=positive, default=1, metavar="N", help="medians of N rebuilds; default: 1"
    )
    parser.add_argument(
        "--timeout",
        type=positive,
        default=3600,
        metavar="SECONDS",
        help="for each step; default: 3600",
    )
    return parser.parse_args()


def interrupt(_number, _frame):
    raise KeyboardInterrupt


def main():
    arguments = parse_arguments()
    # What a path holds must not end this on a console with few characters.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, interrupt)
    screen = measure.Screen(ROOT)
    comparison = None
    try:
        comparison = image_report.Comparison(PROJECT, arguments, screen)
        report = comparison.run()
        if arguments.output:
            text = json.dumps(report, indent=1) + "\n"
            Path(arguments.output).write_text(text, encoding="utf-8")
    except measure.CompareError as error:
        screen.say(str(error))
        return 2
    except OSError as error:
        screen.say(f"{type(error).__name__}: {error}")
        return 2
    except KeyboardInterrupt:
        screen.say("\nInterrupted: removing what was made ...")
        return 130
    finally:
        if comparison is not None:
            kept = list(comparison.images.values()) if arguments.keep else []
            comparison.workspace.remove(kept)
            if kept and not arguments.no_build:
                screen.say("Kept: " + " ".join(kept))
                screen.say("Remove them: the image before holds your whole folder, .env included.")
    missed = report["limits"]["missed"]
    if arguments.json:
        print(json.dumps(report, indent=1))
    else:
        image_report.print_report(report)
    for sentence in missed:
        screen.say(f"FAIL  {sentence}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
