"""Looks at a trimmed environment without the script that trimmed it. Prints its findings as JSON.

    python check_environment.py files-before.txt

The argument lists the files of site-packages before, one path a line.
"""

import ast
import base64
import hashlib
import json
import os
import sys
import sysconfig
import warnings
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from pathlib import Path

SITE = Path(sysconfig.get_path("purelib"))


def module_name(path):
    return path[: -len(".py")].replace("/", ".").removesuffix(".__init__")


def imports(path):
    """Modules that a file imports anywhere in it; of "from a import b" both a and a.b."""
    try:
        tree = ast.parse((SITE / path).read_bytes())
    except (SyntaxError, ValueError):
        return []
    package = path.split("/")[:-1]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return found


def broken_imports(arguments):
    path, gone = arguments
    return [f"{path} imports {name}" for name in imports(path) if name in gone]


def main():
    warnings.simplefilter("ignore")
    before = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    # Django asks for the formats of a language with a name that it puts together, and does without.
    modules = [path for path in before if path.endswith(".py") and "/conf/locale/" not in path]
    gone = frozenset(module_name(path) for path in modules if not (SITE / path).exists())
    # A file that imports such a module has one of the words of its name.
    words = [b"test", b"Test", b"benchmarks", b"_precompute"]
    assert all(any(word.decode() in name for word in words) for name in gone), gone
    candidates = [
        str(path.relative_to(SITE))
        for path in SITE.rglob("*.py")
        if any(word in path.read_bytes() for word in words)
    ]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [(path, gone) for path in candidates]
        broken = [line for lines in pool.map(broken_imports, jobs, chunksize=50) for line in lines]

    missing, changed = [], []
    for distribution in metadata.distributions(path=[str(SITE)]):
        for file in distribution.files or []:
            place = SITE / file
            if not place.exists():
                missing.append(str(file))
            elif file.hash and str(file).endswith(".so"):
                digest = base64.urlsafe_b64encode(hashlib.sha256(place.read_bytes()).digest())
                if digest.decode().rstrip("=") != file.hash.value:
                    changed.append(str(file))
    answer = {
        "gone": len(gone),
        "read": len(candidates),
        "broken": broken,
        "missing": missing,
        "changed": changed,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
