"""Uses each package of packages.json in a process of its own. Prints a line of JSON for each."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def use(row):
    program = "\n".join(row["use"])
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False
    )
    error = "" if child.returncode == 0 else f"exit {child.returncode}\n{child.stderr[-2000:]}"
    return {"pypi": row["pypi"], "error": error}


def main():
    packages = json.loads(Path(__file__).with_name("packages.json").read_text(encoding="utf-8"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for answer in pool.map(use, packages["packages"]):
            print(json.dumps(answer), flush=True)


main()
