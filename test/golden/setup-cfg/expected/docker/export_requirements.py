"""Prints requirements that neither uv nor pip reads; the Dockerfile runs it in the build.

    python export_requirements.py setup.cfg                       install_requires of [options]
    python export_requirements.py setup.py --extra production     and those of an extra
    python export_requirements.py pyproject.toml --group dev      Poetry's tables; needs poetry-core

Nothing of the project is run: setup.py is only parsed, so its lists have to be written out.
"""

import argparse
import ast
import configparser
import sys
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description="Prints requirements, one a line.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--extra", action="append", default=[])
    parser.add_argument("--group", action="append", default=[])
    options = parser.parse_args()
    if options.file.suffix == ".toml":
        requirements = from_poetry(options.file, options.group, options.extra)
    elif options.file.suffix == ".cfg":
        requirements = from_setup_cfg(options.file, options.extra)
    else:
        requirements = from_setup_py(options.file, options.extra)
    if not requirements:
        sys.exit(f"{options.file}: no requirements found. Run the generator again.")
    print("\n".join(dict.fromkeys(requirements)))


def from_setup_cfg(path, extras):
    config = configparser.ConfigParser(interpolation=None, delimiters=("=", ":"))
    config.optionxform = str
    config.read(path, encoding="utf-8")
    requirements = listed(config.get("options", "install_requires", fallback=""))
    for extra in extras:
        requirements += listed(config.get("options.extras_require", extra, fallback=""))
    return requirements


def listed(text):
    lines = [line.split(" #")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def from_setup_py(path, extras):
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    names = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def literal(node):
        node = names.get(node.id) if isinstance(node, ast.Name) else node
        if isinstance(node, ast.Dict):
            keys = [ast.literal_eval(key) for key in node.keys]
            return dict(zip(keys, map(literal, node.values)))
        return ast.literal_eval(node) if node is not None else []

    arguments = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node.func) == "setup":
            arguments = {keyword.arg: keyword.value for keyword in node.keywords}
            break
    requirements = strings(literal(arguments.get("install_requires")))
    if extras:
        by_extra = literal(arguments.get("extras_require")) or {}
        for extra in extras:
            requirements += strings(by_extra.get(extra, []))
    return requirements


def called(function):
    return getattr(function, "id", None) or getattr(function, "attr", None)


def strings(value):
    return [value.strip()] if isinstance(value, str) else [item.strip() for item in value]


def from_poetry(path, groups, extras):
    from poetry.core.factory import Factory
    from poetry.core.packages.dependency_group import MAIN_GROUP

    package = Factory().create_poetry(path.resolve().parent).package
    by_extra = {str(name): [item.name for item in items] for name, items in package.extras.items()}
    asked = {name for extra in extras for name in by_extra.get(extra, [])}
    requirements = []
    for group in [MAIN_GROUP, *groups]:
        if group not in package.dependency_group_names(include_optional=True):
            continue
        for dependency in package.dependency_group(group).dependencies:
            if not dependency.is_optional() or dependency.name in asked:
                requirements.append(dependency.to_pep_508(with_extras=False))
    return requirements


if __name__ == "__main__":
    main()
