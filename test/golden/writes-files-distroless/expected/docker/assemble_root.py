"""Assembles the root file system of a production image without shell, apt and pip.

    python assemble_root.py --output /out/rootfs --package libpq5
    python assemble_root.py --environment /opt/venv --output /out/further --package libpq5

The Dockerfile runs it in a stage on the base image, where production's Debian packages are
installed. It takes this Python without what no server imports, the shared libraries that it loads,
the files of the packages and of what they depend on, certificates, time zones and licences. With
--environment, it takes what the environment loads beyond that: so a new requirement leaves the root
as it is. Ends with 1 where a package is missing or would not work without a shell.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections import namedtuple
from fnmatch import fnmatchcase

from find_missing_libraries import (
    first_of,
    is_foreign,
    library_files,
    read_shared_object,
    system_libraries,
)

DPKG = "/var/lib/dpkg"
USER = 10001

PROGRAM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/usr/games")

# Parts of the standard library that no server imports, by their paths in it.
UNUSED_MODULES = [
    *("__pycache__", "*/__pycache__", "site-packages", "ensurepip"),
    *("test", "*/test", "*/tests", "lib-dynload/_test*", "lib-dynload/_ctypes_test*"),
    *("lib-dynload/_xxtestfuzz*", "lib-dynload/xxlimited*", "lib-dynload/xxsubtype*"),
    # For compiling, converting from Python 2, and the texts of pydoc's help.
    *("config-*", "lib2to3", "pydoc_data"),
    # For windows on a screen.
    *("idlelib", "tkinter", "turtledemo", "turtle.py", "lib-dynload/_tkinter*"),
    # NIS: it would bring the libraries of Kerberos along.
    "lib-dynload/nis.*",
]

# Files of Debian packages that nothing reads at run time.
UNUSED_FILES = re.compile(
    r"/usr/(include|lib/(systemd|udev|tmpfiles\.d|sysusers\.d))/"
    r"|/usr/(lib|lib/[^/]+|share)/(cmake|pkgconfig)/|/usr/lib/.*\.(a|la)$"
    r"|/usr/share/(aclocal|apport|bash-completion|bug|doc|doc-base|fish|gtk-doc|help|info|linda"
    r"|lintian|locale|man|menu|reportbug|vim|zsh)/"
    r"|/etc/(apt|cron[^/]*|default|init\.d|logrotate\.d|pam\.d|profile\.d|systemd|ufw)/"
    r"|/var/(cache|log)/"
)

# What packages depend on for the scripts of their installation, or what the root has anyway.
# Essential packages are left out in the same way: the shell is one of them.
INSTALLATION_PACKAGES = {
    *("adduser", "cdebconf", "debconf", "init-system-helpers", "install-info", "lsb-base"),
    *("mailcap", "passwd", "sensible-utils", "ucf"),
    *("ca-certificates", "netbase", "tzdata"),
    # Its libraries come with what needs them, its 8 MB of character sets only where iconv is used.
    "libc6",
    # Where a SASL server keeps passwords: libpq brings it by way of LDAP, with Berkeley DB, 2 MB.
    "libsasl2-modules-db",
}

# Of the base image, and the Debian package that has it. A folder is taken with all in it.
REQUIRED_FILES = {
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
    "/usr/share/zoneinfo": "tzdata",
    "/etc/protocols": "netbase",
    "/etc/services": "netbase",
    "/etc/os-release": "base-files",
    # ctypes.util.find_library asks it.
    "/usr/sbin/ldconfig": "libc-bin",
    # Threads end with it, and glibc opens it by name.
    "/usr/lib/*-linux-gnu*/libgcc_s.so.1": "libgcc-s1",
    # The dynamic linker, where the header of each program says it is.
    "/lib*/ld*.so.*": "libc6",
}
OTHER_FILES = [
    *("/etc/debian_version", "/etc/ethertypes", "/etc/gai.conf", "/etc/host.conf"),
    *("/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/networks"),
    *("/etc/nsswitch.conf", "/etc/rpc", "/etc/ssl/openssl.cnf", "/etc/timezone"),
    *("/usr/lib/locale/C.utf8", "/usr/lib/terminfo", "/usr/share/terminfo"),
    "/usr/share/common-licenses",
]

OPENSSL_LINKS = (
    ("cert.pem", "certs/ca-certificates.crt"),
    ("certs", "certs"),
    ("openssl.cnf", "openssl.cnf"),
)

# What the dynamic linker's cache is made of: its settings, and libraries, but not Python's modules.
LINKER_FILES = re.compile(
    r"^/etc/ld\.so\.conf|^/lib[^/]*$|^(?!.*/python3[^/]*/).*/l(ib|d)[^/]*\.so(\.|$)"
)

FOLDERS = {"/dev": 0o755, "/home": 0o755, "/opt": 0o755, "/proc": 0o555, "/root": 0o700}
FOLDERS.update({"/run": 0o755, "/sys": 0o555, "/tmp": 0o1777, "/var/tmp": 0o1777})

# kind: file, link or folder. What is copied has a source, what is written a text.
Entry = namedtuple("Entry", "kind source text mode owner", defaults=(None, None, None, 0))


class CannotAssembleError(Exception):
    """The root would not work."""


# --- What is taken --------------------------------------------------------------------------------


def merged(path):
    """The path with /bin, /lib … in /usr, where they are; dpkg of bookworm records /lib/…."""
    return re.sub(r"^/(bin|sbin|lib|lib32|lib64|libx32)(?=/|$)", r"/usr/\1", path)


class Tree:
    """What the root will hold: canonical path to Entry."""

    def __init__(self):
        self.entries = {}

    def take(self, path):
        """Take a file and each link on the way to it. Return its canonical path, or None."""
        place, remaining, hops = "/", path.split("/")[::-1], 0
        while remaining:
            part = remaining.pop()
            if part in ("", "."):
                continue
            if part == "..":
                place = os.path.dirname(place)
                continue
            step = os.path.join(place, part)
            if not os.path.islink(step):
                place = step
                continue
            target = os.readlink(step)
            self.entries[step] = Entry("link", step, target)
            hops += 1
            if hops > 40:
                return None
            place = "/" if target.startswith("/") else place
            remaining += target.split("/")[::-1]
        if os.path.isdir(place):
            self.entries.setdefault(place, Entry("folder", place))
        elif os.path.isfile(place):
            self.entries[place] = Entry("file", place)
        else:
            return None
        return place

    def take_all(self, path, unused=()):
        """Take a file, or a folder with all in it but the paths that match a pattern."""
        top = self.take(path)
        if top is None or not os.path.isdir(top):
            return
        for parent, folders, names in os.walk(top):
            inside = "" if parent == top else os.path.relpath(parent, top) + "/"
            wanted = [
                name
                for name in folders + names
                if not any(fnmatchcase(inside + name, pattern) for pattern in unused)
            ]
            folders[:] = [name for name in folders if name in wanted]
            for name in wanted:
                self.take(os.path.join(parent, name))

    def files(self):
        return [path for path, entry in self.entries.items() if entry.kind == "file"]

    def size(self):
        return sum(size_of(entry) for entry in self.entries.values())

    def write(self, path, text, mode=0o644):
        self.entries[path] = Entry("file", None, text, mode)


def is_copy(entry):
    return entry.kind == "file" and entry.source is not None


def size_of(entry):
    return os.path.getsize(entry.source) if is_copy(entry) else 0


# --- Debian packages -----------------------------------------------------------------------------


def read_status(text):
    """Return the installed packages of dpkg's status file: name to fields, with the stanza."""
    packages = {}
    for stanza in re.split(r"\n\n+", text.strip()):
        fields = dict(re.findall(r"^([\w-]+): *(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE))
        if "Package" in fields and fields.get("Status", "").endswith(" installed"):
            packages[fields["Package"]] = {**fields, "stanza": stanza}
    return packages


def names_in(field):
    """Package names of Depends or Provides: a list of alternatives for each."""
    relations = [relation for relation in field.split(",") if relation.strip()]
    return [
        [re.match(r"[a-z0-9+.-]*", option.strip()).group() for option in relation.split("|")]
        for relation in relations
    ]


def find_package(name, packages):
    """The installed package of that name, or one that provides it; None where there is none."""
    if name in packages:
        return name
    for provider, fields in packages.items():
        if [name] in names_in(fields.get("Provides", "")):
            return provider
    return None


def installed_package(name, packages):
    found = find_package(name, packages)
    if found is None:
        raise CannotAssembleError(
            f"the Debian package {name} is not installed in this stage.\n"
            "Install it in the stage runtime-packages of the Dockerfile."
        )
    return found


def with_dependencies(chosen, packages):
    """The packages and all that they depend on, without what is for installing only."""
    result, waiting = [], list(chosen)
    while waiting:
        name = waiting.pop(0)
        if name in result:
            continue
        result.append(name)
        fields = packages[name]
        for options in names_in(f"{fields.get('Pre-Depends', '')},{fields.get('Depends', '')}"):
            found = next(filter(None, (find_package(option, packages) for option in options)), None)
            if found and not is_for_installation(found, packages):
                waiting.append(found)
    return result


def is_for_installation(name, packages):
    # Essential as it is, perl-base makes programs work that are written in Perl.
    essential = packages[name].get("Essential") == "yes" and name != "perl-base"
    return essential or name in INSTALLATION_PACKAGES


def files_of_package(name, fields):
    """Absolute paths, folders too, with /lib in /usr."""
    for stem in (name, f"{name}:{fields.get('Architecture')}"):
        file = f"{DPKG}/info/{stem}.list"
        if os.path.isfile(file):
            with open(file, encoding="utf-8", errors="surrogateescape") as lines:
                return [merged(line.rstrip("\n")) for line in lines if line.startswith("/")]
    return []


def alternatives():
    """Links that update-alternatives made: (the link, the one in /etc/alternatives) pairs."""
    folder = f"{DPKG}/alternatives"
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, file), encoding="utf-8", errors="replace") as lines:
            # auto or manual, a link, then name and link of each that goes with it, an empty line.
            head = lines.read().split("\n\n")[0].split("\n")[1:]
        yield head[0], f"/etc/alternatives/{file}"
        yield from (
            (link, f"/etc/alternatives/{name}") for name, link in zip(head[1::2], head[2::2])
        )


def generated_files(taken, owners):
    """Files that packages' scripts made (caches, links to configuration) in folders of theirs."""
    for folder, names in sorted(owners.items()):
        if not names <= taken or not folder.startswith(("/usr/", "/etc/")):
            continue
        if os.path.islink(folder) or not os.path.isdir(folder):
            continue
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if path not in owners and not UNUSED_FILES.match(path) and name != "__pycache__":
                yield path


def take_packages(tree, names, packages, owners):
    """Take their files. Return scripts that nothing here can run: (path, interpreter) pairs."""
    for name in names:
        for path in files_of_package(name, packages[name]):
            if not UNUSED_FILES.match(path) and (os.path.islink(path) or os.path.isfile(path)):
                tree.take(path)
    for path in generated_files(set(names), owners):
        tree.take_all(path)
    for link, name in alternatives():
        if os.path.realpath(name) in tree.entries:
            tree.take(link)
    scripts = []
    for path in sorted(tree.files()):
        interpreter = interpreter_of(path) if os.path.dirname(path) in PROGRAM_FOLDERS else None
        if interpreter and os.path.realpath(interpreter) not in tree.entries:
            scripts.append((path, interpreter))
    return scripts


def programs_among(paths):
    """Map the files of programs on PATH to their names there, which may be alternatives."""
    files = {os.path.realpath(path) for path in paths}
    places = [*(link for link, _name in alternatives()), *paths]
    return {
        os.path.realpath(place): place
        for place in places
        if os.path.dirname(place) in PROGRAM_FOLDERS
        and os.path.realpath(place) in files
        and os.path.isfile(place)
    }


def interpreter_of(path):
    """The program that runs the script, or None where it is no script."""
    with open(path, "rb") as file:
        line = file.readline(256).decode(errors="replace")
    words = line[2:].split() if line.startswith("#!") else []
    return words[0] if words else None


def remove(tree, paths):
    """Remove files and the links that lead to nothing but them."""
    for path, entry in list(tree.entries.items()):
        if path in paths or (entry.kind == "link" and os.path.realpath(path) in paths):
            del tree.entries[path]


def check_programs(chosen, packages, scripts, notes):
    """Say which programs are left out; fail where a chosen package has no other."""
    unusable = dict(scripts)
    own_scripts = []
    for name in chosen:
        own = files_of_package(name, packages[name])
        is_empty = not any(os.path.isfile(path) for path in own if not UNUSED_FILES.match(path))
        if is_empty:  # a package that is there for what it depends on
            depended = with_dependencies([name], packages)
            own = [path for other in depended for path in files_of_package(other, packages[other])]
        programs = programs_among(own)
        left_out = [programs[path] for path in programs if path in unusable]
        own_scripts += left_out
        if left_out and len(left_out) == len(programs):
            interpreter = os.path.basename(unusable[os.path.realpath(left_out[0])])
            raise CannotAssembleError(
                f"the Debian package {name} needs a shell: {first_of(sorted(left_out))} "
                f"{'is a script' if len(left_out) == 1 else 'are scripts'} for {interpreter}, "
                "which this image does not have.\n"
                "Choose the base that has one: npx generator-backendai-docker --base slim"
            )
    if own_scripts:
        notes.append(f"left out, because nothing here runs scripts: {first_of(own_scripts)}")


# --- Python --------------------------------------------------------------------------------------


def take_python(tree):
    """Take the interpreter that runs this, and its standard library."""
    program = os.path.realpath(sys.executable)
    for folder in sorted({os.path.dirname(program), "/usr/local/bin", "/usr/bin"}):
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if name.startswith("python") and os.path.realpath(path) == program:
                tree.take(path)
    for name in sorted(os.listdir(f"{sys.base_prefix}/lib")):
        if name.startswith("libpython3") and ".so" in name:
            tree.take(f"{sys.base_prefix}/lib/{name}")
    library = sysconfig.get_path("stdlib")
    tree.take_all(library, UNUSED_MODULES)
    # The folder is on sys.path, and Python looks for it.
    tree.entries[f"{library}/site-packages"] = Entry("folder", mode=0o755)


def drop_unusable_modules(tree, linker, notes):
    """Leave out extension modules whose library the base image has not; there they fail as well."""
    for path in tree.files():
        if "/lib-dynload/" in path:
            item = read_shared_object(path)
            lacking = [name for name in item.needed if not linker.find(item, name)] if item else []
            if lacking:
                del tree.entries[path]
                notes.append(f"without {os.path.basename(path)}, which lacks {', '.join(lacking)}")


# --- Shared libraries ----------------------------------------------------------------------------


class Linker:
    """Finds libraries as the dynamic linker does: in the object's own folders, then its cache."""

    def __init__(self):
        listing = subprocess.run(
            ["/usr/sbin/ldconfig", "-p"], stdout=subprocess.PIPE, check=False
        ).stdout.decode(errors="replace")
        self.cache = {}
        for line in listing.splitlines():
            name, arrow, path = line.strip().partition(" => ")
            if arrow:
                self.cache.setdefault(name.split(" ")[0], []).append(path)

    def find(self, item, name):
        """Paths of the library; several where a processor has a better one."""
        origin = os.path.dirname(os.path.realpath(item.path))
        for folder in item.folders:
            for variable in ("$ORIGIN", "${ORIGIN}"):
                folder = folder.replace(variable, origin)
            path = os.path.normpath(os.path.join(folder, name))
            if folder.startswith("/") and os.path.isfile(path):
                return [path]
        return self.cache.get(name, [])


def take_libraries(tree, environment, linker):
    """Take what the files of tree and environment need. Return whether one uses iconv."""
    machine = read_shared_object(os.path.realpath(sys.executable)).machine
    known = system_libraries()
    inside = os.path.realpath(environment or "/none") + "/"
    waiting = [*(library_files(environment) if environment else ()), *tree.files()]
    done, uses_iconv = set(), False
    while waiting:
        path = os.path.realpath(waiting.pop())
        if path in done:
            continue
        done.add(path)
        item = read_shared_object(path)
        if item is None or is_foreign(item, machine, known):
            continue
        # libc.so.6 has it, libstdc++ has an extension with it that no one knows.
        if not {"libc.so.6", "libstdc++.so.6"}.intersection(item.sonames):
            uses_iconv = uses_iconv or imports(item, b"iconv_open")
        for name in item.needed:
            for found in linker.find(item, name):
                if os.path.realpath(found).startswith(inside):
                    continue
                taken = tree.take(found)
                if taken:
                    waiting.append(taken)
    return uses_iconv


def imports(item, symbol):
    """Whether it names the symbol."""
    start, size = item.strings
    with open(item.path, "rb") as file:
        file.seek(start)
        return b"\0" + symbol + b"\0" in file.read(size)


# --- The rest ------------------------------------------------------------------------------------


def take_system(tree):
    """Take what is needed whatever the environment is. Return the names of its Debian packages."""
    for pattern, package in REQUIRED_FILES.items():
        if not glob.glob(pattern):
            raise CannotAssembleError(
                f"{pattern} is missing; it is in the Debian package {package}.\n"
                "Install it in the stage base of the Dockerfile."
            )
    for pattern in [*REQUIRED_FILES, *OTHER_FILES]:
        for path in sorted(glob.glob(pattern)):
            # posix and right are the same zones again.
            tree.take_all(path, ["posix", "right"])
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if os.path.islink(f"/{name}") and os.path.isdir(os.path.realpath(f"/{name}")):
            tree.entries[f"/{name}"] = Entry("link", f"/{name}", f"usr/{name}")
            tree.entries.setdefault(f"/usr/{name}", Entry("folder", mode=0o755))
    # Where Debian's OpenSSL looks. The bundle holds all; the folder's links by hash are left out.
    for name, target in OPENSSL_LINKS:
        tree.entries[f"/usr/lib/ssl/{name}"] = Entry("link", None, f"/etc/ssl/{target}")
    if "/etc/nsswitch.conf" not in tree.entries:
        tree.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    return set(REQUIRED_FILES.values())


def accounts(file, own):
    """Lines of /etc/passwd or /etc/group: root, nobody and the user of the application."""
    with open(file, encoding="utf-8") as lines:
        kept = [
            line
            for line in lines
            if line.split(":")[0] in ("root", "nobody", "nogroup")
            or line.split(":")[2] == str(USER)
        ]
    if not any(line.split(":")[2] == str(USER) for line in kept):
        kept.append(f"{own}\n")
    # A shell that is not there would be looked for.
    return "".join(kept).replace(":/bin/bash\n", ":/usr/sbin/nologin\n")


def take_licences(tree, further, packages, owners):
    """For scanners and for people: a status file and the licence of each package. Return names.

    Further packages are those of files that scripts of the package made.
    """
    places = {path for path, entry in tree.entries.items() if entry.kind != "folder"}
    names = sorted(set(packages) & further.union(*(owners.get(path, ()) for path in places)))
    for name in names:
        tree.write(f"{DPKG}/status.d/{name}", packages[name]["stanza"] + "\n")
        take_licence(tree, name, packages)
    return names


def take_licence(tree, name, packages):
    """Take a package's own, or that of one of the same source: libgcc-s1 has gcc-14-base's."""
    if tree.take(f"/usr/share/doc/{name}/copyright"):
        return
    source = source_of(name, packages)
    for options in names_in(packages[name].get("Depends", "")):
        if source_of(options[0], packages) == source:
            tree.take(f"/usr/share/doc/{options[0]}/copyright")


def source_of(name, packages):
    return packages.get(name, {}).get("Source", name).split(" ")[0]


def make_folders(tree, owned):
    for path, mode in FOLDERS.items():
        tree.entries[path] = Entry("folder", mode=mode)
    for path in owned:
        tree.entries[os.path.normpath(path)] = Entry("folder", mode=0o755, owner=USER)


def make_accounts(tree):
    own = f"app:x:{USER}:{USER}::/tmp:/usr/sbin/nologin"
    tree.write("/etc/passwd", accounts("/etc/passwd", own))
    tree.write("/etc/group", accounts("/etc/group", f"app:x:{USER}:"))


# --- Writing it ----------------------------------------------------------------------------------


def write_tree(tree, output, moment, known=()):
    """Write everything sorted. Files keep their time; links, folders and new files get this one.

    known: paths of what another root has. It is written for the linker's cache, and goes again.
    """
    for path in list(tree.entries):
        parent = os.path.dirname(path)
        while parent != "/" and parent not in tree.entries:
            tree.entries[parent] = Entry("folder", mode=0o755)
            parent = os.path.dirname(parent)
    os.makedirs(output)
    for path, entry in sorted(tree.entries.items()):
        place = output + path
        if entry.kind == "folder":
            os.mkdir(place)
        elif entry.kind == "link":
            os.symlink(entry.text, place)
        elif entry.source:
            shutil.copyfile(entry.source, place)
        else:
            with open(place, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(entry.text)
    subprocess.run(["/usr/sbin/ldconfig", "-X", "-r", output], check=True)
    shutil.rmtree(f"{output}/var/cache/ldconfig", ignore_errors=True)
    for path in sorted(known, reverse=True):
        remove_known(output + path)
    finish_tree(tree, output, moment)


def remove_known(place):
    """Remove a file or a link, and a folder where it is empty."""
    if os.path.isdir(place) and not os.path.islink(place):
        if not os.listdir(place):
            os.rmdir(place)
    else:
        os.unlink(place)


def write_further(tree, root, output, moment):
    """Write what a tree has beyond the root, with the linker's cache of both. Return the paths."""
    further = {path for path, entry in tree.entries.items() if root.entries.get(path) != entry}
    if not further:
        os.makedirs(output)
        return further
    known = {path for path in tree.entries if path not in further and LINKER_FILES.search(path)}
    part = Tree()
    part.entries = {path: tree.entries[path] for path in further | known}
    folders = {path for path, entry in tree.entries.items() if entry.kind == "folder"}
    parents = {parent for path in part.entries for parent in parents_of(path)} & folders
    part.entries.update({path: tree.entries[path] for path in parents})
    write_tree(part, output, moment, known | (parents - further))
    return further


def parents_of(path):
    while path != "/":
        path = os.path.dirname(path)
        yield path


def finish_tree(tree, output, moment):
    """Set modes and times, the innermost first."""
    for parent, folders, names in os.walk(output, topdown=False):
        for name in sorted(folders + names):
            place = os.path.join(parent, name)
            entry = tree.entries.get(place[len(output) :], Entry("file", mode=0o644))
            if entry.kind != "link":
                status = os.stat(entry.source) if entry.source else None
                # No file gives the rights of its owner to who runs it.
                mode = entry.mode or (status.st_mode & 0o1777 if status else 0o755)
                os.chown(place, entry.owner, entry.owner)
                os.chmod(place, mode)
            when = os.stat(entry.source).st_mtime_ns if is_copy(entry) else moment
            os.utime(place, ns=(when, when), follow_symlinks=False)
    os.utime(output, ns=(moment, moment))


def megabytes(size):
    return f"{size / 1e6:.1f} MB"


def read_packages():
    """Return the installed packages, and for each path the names of those that own it."""
    with open(f"{DPKG}/status", encoding="utf-8", errors="surrogateescape") as file:
        packages = read_status(file.read())
    owners = {}
    for name, fields in packages.items():
        for path in files_of_package(name, fields):
            owners.setdefault(path, set()).add(name)
    return packages, owners


class Report:
    """A line for each part of a tree, with what it adds to the size."""

    def __init__(self, tree):
        self.tree, self.size, self.lines = tree, 0, []

    def add(self, what):
        before, self.size = self.size, self.tree.size()
        self.lines.append(f"{megabytes(self.size - before):>9}  {what}")


def collect(arguments, packages, owners, notes):
    """The root for no environment. Return it, and the lines that say what was taken."""
    chosen = [installed_package(name, packages) for name in arguments.package]
    names = with_dependencies(chosen, packages)
    tree, linker = Tree(), Linker()
    report = Report(tree)
    take_python(tree)
    drop_unusable_modules(tree, linker, notes)
    report.add(f"Python {sys.version.split()[0]}")
    scripts = take_packages(tree, names, packages, owners)
    check_programs(chosen, packages, scripts, notes)
    remove(tree, {path for path, _interpreter in scripts})
    if chosen:
        report.add(f"{first_of(chosen, 6)} ({len(names)} packages)")
    further = take_system(tree)
    report.add("certificates, time zones, locale")
    before = len(tree.files())
    take_all_libraries(tree, None, linker)
    report.add(f"{len(tree.files()) - before} further shared libraries")
    licensed = take_licences(tree, further, packages, owners)
    report.add(f"licences of {len(licensed)} Debian packages")
    make_folders(tree, arguments.owned_folder)
    make_accounts(tree)
    return tree, report.lines


def take_all_libraries(tree, environment, linker):
    """Take what the files of both need, and the character sets where one of them converts."""
    if take_libraries(tree, environment, linker):
        for path in glob.glob("/usr/lib/*-linux-gnu*/gconv"):
            tree.take_all(path)
        take_libraries(tree, environment, linker)


def with_environment(root, environment, packages, owners):
    """The root with what the environment needs beyond it."""
    tree = Tree()
    tree.entries.update(root.entries)
    take_all_libraries(tree, environment, Linker())
    take_licences(tree, set(), packages, owners)
    return tree


def assemble(arguments):
    """Collect, write, and print what was taken. Return how many files, and their size."""
    packages, owners = read_packages()
    moment = os.stat(os.path.realpath(sys.executable)).st_mtime_ns
    notes = []
    root, lines = collect(arguments, packages, owners, notes)
    if arguments.environment:
        tree = with_environment(root, arguments.environment, packages, owners)
        further = sorted(write_further(tree, root, arguments.output, moment))
        written = [tree.entries[path] for path in further if tree.entries[path].kind == "file"]
        names = first_of([os.path.basename(path) for path in further], 20)
        print(f"Beyond the root: {names or 'nothing'}")
        return len(written), sum(map(size_of, written))
    write_tree(root, arguments.output, moment)
    for line in lines:
        print(line)
    for note in notes:
        print(f"Note: {note}")
    return len(root.files()), root.size()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--environment", help="write what it loads beyond the root")
    parser.add_argument("--output", required=True, help="a new folder: /out/rootfs")
    parser.add_argument(
        "--package",
        metavar="NAME",
        nargs="+",
        action="extend",
        default=[],
        help="Debian packages of production, installed here",
    )
    parser.add_argument(
        "--owned-folder",
        metavar="PATH",
        nargs="+",
        action="extend",
        default=[],
        help=f"folders that user {USER} may write to: where volumes are",
    )
    arguments = parser.parse_args()
    start = time.monotonic()
    try:
        count, size = assemble(arguments)
    except CannotAssembleError as error:
        print(f"assemble_root: {error}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - start
    print(f"{arguments.output}: {count} files, {megabytes(size)}, {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
