"""Names the system libraries that production would lack; the Dockerfile runs it in the build.

    python find_missing_libraries.py /opt/venv
    python find_missing_libraries.py /opt/venv --optional libtbb.so.12    it does without that one

What each shared object of the environment needs is in its header, and the dynamic linker finds it
or does not: this runs where production's libraries are, and those of the builder are not. It sees
neither what Python opens by name (ctypes, cffi) nor programs: docker/verify_image.py imports what
is installed. Ends with 1 where a library is missing.
"""

import argparse
import importlib.machinery
import mmap
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from collections import namedtuple
from fnmatch import fnmatchcase
from importlib import metadata
from pathlib import Path

RELEASE = "trixie"

# The Debian packages that production has so far.
RUNTIME_LIBRARIES = []

# One Python's extension modules: module.cpython-312-x86_64-linux-gnu.so
OTHER_PYTHON = re.compile(r"\.(cpython|pypy|graalpy)-?\d")
# musl's, Android's and FreeBSD's; that of this image is libc.so.6.
OTHER_C_LIBRARY = re.compile(r"libc\.(musl-.*|so|so\.(?!6$)\d+)")

# The System V ABI, chapters 4 and 5: formats of the header, a segment, an entry of the dynamic
# section, and where the header has the size and the count of the segments.
ELF_64 = ("HHIQQ", "IIQQQQ", "qQ", 54)
ELF_32 = ("HHIII", "IIIII", "iI", 42)
PT_LOAD, PT_DYNAMIC = 1, 2
DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_SONAME, DT_RPATH, DT_RUNPATH = 1, 5, 10, 14, 15, 29

# folders: RPATH and RUNPATH. strings: where the names of what it imports are, and their size.
SharedObject = namedtuple("SharedObject", "path machine sonames needed folders strings")


# --- What a file says of itself ------------------------------------------------------------------


def read_shared_object(path):
    """Return a SharedObject, or None for another file."""
    try:
        with open(path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                return None
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return parse_elf(path, data)
    except (OSError, struct.error, ValueError, LookupError, StopIteration):
        return None


def parse_elf(path, data):
    """Read the dynamic section."""
    order = "<" if data[5] == 1 else ">"
    header, segment, entry, sizes = ELF_64 if data[4] == 2 else ELF_32
    _type, machine, _version, _start, headers = struct.unpack_from(order + header, data, 16)
    size, count = struct.unpack_from(order + "HH", data, sizes)
    loads, dynamic = [], range(0)
    for place in range(headers, headers + size * count, size):
        fields = struct.unpack_from(order + segment, data, place)
        kind, *_flags, offset, address, _physical, length = fields
        if kind == PT_LOAD:
            loads.append((address, offset, length))
        elif kind == PT_DYNAMIC:
            dynamic = range(offset, offset + length, struct.calcsize(order + entry))
    if not dynamic:
        return SharedObject(path, (order, header, machine), [], [], [], (0, 0))
    entries = [struct.unpack_from(order + entry, data, place) for place in dynamic]
    values = {
        tag: [value for other, value in entries if other == tag]
        for tag in (DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_SONAME, DT_RPATH, DT_RUNPATH)
    }
    strings = values[DT_STRTAB][0]
    table = next(
        offset + strings - address
        for address, offset, length in loads
        if address <= strings < address + length
    )

    def texts(tag):
        starts = [table + position for position in values[tag]]
        return [data[start : data.find(b"\0", start)].decode(errors="replace") for start in starts]

    return SharedObject(
        path=path,
        machine=(order, header, machine),
        sonames=texts(DT_SONAME),
        needed=texts(DT_NEEDED),
        folders=":".join(texts(DT_RUNPATH) or texts(DT_RPATH)).split(":"),
        strings=(table, sum(values[DT_STRSZ])),
    )


def library_files(environment):
    """Files that may be shared objects, by their names; programs are in bin/."""
    programs = os.path.join(environment, "bin")
    for folder, _folders, names in os.walk(environment):
        for name in names:
            if name.endswith(".so") or ".so." in name or folder == programs:
                yield os.path.join(folder, name)


def is_foreign(item, machine, names):
    """Whether it is for another processor, C library or Python: nothing loads it here."""
    own_suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    name = os.path.basename(item.path)
    return (
        item.machine != machine
        or (OTHER_PYTHON.search(name) is not None and not name.endswith(own_suffix))
        or any(OTHER_C_LIBRARY.fullmatch(library) for library in item.needed)
        or any(library.startswith("libpython") and library not in names for library in item.needed)
    )


# --- What the dynamic linker finds ---------------------------------------------------------------


def system_libraries():
    """Names in the dynamic linker's cache."""
    program = shutil.which("ldconfig", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        return set()
    lines = subprocess.run([program, "-p"], stdout=subprocess.PIPE, check=False).stdout.decode()
    return {line.split(" ")[0].strip() for line in lines.splitlines() if "=>" in line}


def not_found(item):
    """Ask the dynamic linker itself, which knows RPATH and the rest. Return names of libraries."""
    if shutil.which("ldd") is None:
        return set(item.needed)
    listing = subprocess.run(
        ["ldd", item.path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    lines = listing.stdout.decode("utf-8", "replace").splitlines()
    return {line.split(" => ")[0].strip() for line in lines if line.endswith("=> not found")}


def find_missing(environment):
    """Return (SharedObject, library) pairs, and how many shared objects there are."""
    machine = read_shared_object(os.path.realpath(sys.executable)).machine
    in_system = system_libraries()
    files = list(library_files(environment))
    objects = [read_shared_object(path) for path in files if not os.path.islink(path)]
    objects = [item for item in objects if item and not is_foreign(item, machine, in_system)]
    # What a wheel brings, its own or another's Python code loads before it is needed.
    brought = {os.path.basename(path) for path in files}.union(*(item.sonames for item in objects))
    missing = []
    for item in objects:
        suspects = set(item.needed) - in_system - brought
        if suspects:
            missing += [(item, library) for library in sorted(suspects & not_found(item))]
    return missing, len(objects)


# --- Who wants it, and where it is ---------------------------------------------------------------


def distributions_of(environment, paths):
    """Map each path to the name of the distribution that installed it."""
    wanted, found = set(paths), {}
    folders = [str(folder) for folder in Path(environment).glob("lib/python*/site-packages")]
    for distribution in metadata.distributions(path=folders) if wanted else []:
        for file in distribution.files or []:
            path = os.path.normpath(str(distribution.locate_file(file)))
            if path in wanted:
                found[path] = distribution.metadata["Name"]
    return found


def matches(text, *patterns):
    """Whether one of the patterns, several in a string, is the text's."""
    return any(fnmatchcase(text, pattern) for pattern in " ".join(patterns).split())


def why_optional(owner, path, library, allowed):
    """Return why the environment does without the library, or None."""
    if matches(library, *allowed):
        return "--optional"
    normal = re.sub(r"[-_.]+", "-", owner or "").lower()
    for row in OPTIONAL_LIBRARIES:
        if (
            matches(normal, row["distributions"])
            and fnmatchcase(path, row["file"])
            and matches(library, *row["libraries"])
        ):
            return row["reason"]
    return None


def debian_packages():
    """Map each library to its Debian package."""
    found, package = {}, ""
    for word in " ".join(DEBIAN_LIBRARIES).split():
        if word.endswith(":"):
            package = word[:-1]
        else:
            found[word] = package
    return found


def package_of(library, packages):
    """Its Debian package, or None; of libgomp.so.1.0.0 that of libgomp.so.1."""
    shorter = re.sub(r"(\.so\.\d+)\..*", r"\1", library)
    return packages.get(library) or packages.get(shorter)


def describe_package(library, packages):
    """The Debian package in a line, or how to find it."""
    if package_of(library, packages):
        return f"Debian package: {package_of(library, packages)}"
    stem = library.split(".so")[0]
    for name, package in packages.items():
        if name.split(".so")[0] == stem:
            return f"Debian {RELEASE} has another version, {name} ({package})"
    address = "https://packages.debian.org/search?searchon=contents&mode=exactfilename"
    return f"Debian package: look it up, {address}&suite={RELEASE}&keywords={library}"


def first_of(texts, limit=3):
    more = len(texts) - limit
    return ", ".join(texts[:limit]) + (f" and {more} more" if more > 0 else "")


def failure(missing):
    """The message for what is missing: a dict of library to [(distribution, file name)]."""
    packages = debian_packages()
    count = "1 system library" if len(missing) == 1 else f"{len(missing)} system libraries"
    lines = [f"find_missing_libraries: production would lack {count}."]
    for library, wanted_by in sorted(missing.items()):
        who = [f"{owner or 'no distribution'} ({name})" for owner, name in wanted_by]
        lines.append(f"  {library}  wanted by {first_of(who)}")
        lines.append(f"      {describe_package(library, packages)}")
    names = [package_of(library, packages) or "PACKAGE" for library in missing]
    value = ",".join(dict.fromkeys([*RUNTIME_LIBRARIES, *sorted(names)]))
    it = "it" if len(missing) == 1 else "them"
    lines += [
        f'Install {it}: npx generator-backendai-docker --runtime-libraries "{value}"',
        f"If the project does without {it}, say so in the Dockerfile, stage libraries:",
        f"  find_missing_libraries.py /opt/venv --optional {' '.join(sorted(missing))}",
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("environment", help="the virtual environment: /opt/venv")
    parser.add_argument(
        "--optional",
        metavar="LIBRARY",
        nargs="+",
        action="extend",
        default=[],
        help="libraries that may be missing: libtbb.so.12, or a pattern: 'libtbb*'",
    )
    arguments = parser.parse_args()
    start = time.monotonic()
    environment = os.path.realpath(arguments.environment)
    pairs, count = find_missing(environment)
    owners = distributions_of(environment, [item.path for item, _library in pairs])
    missing, optional = {}, {}
    for item, library in pairs:
        owner = owners.get(item.path)
        reason = why_optional(owner, item.path, library, arguments.optional)
        if reason is None:
            missing.setdefault(library, []).append((owner, os.path.basename(item.path)))
        else:
            optional.setdefault((owner or "a file", reason), set()).add(library)
    if missing:
        print(failure(missing), file=sys.stderr)
        return 1
    for (owner, reason), libraries in optional.items():
        print(f"Note: {owner} works without {first_of(sorted(libraries))} ({reason})")
    seconds = time.monotonic() - start
    print(f"{count} shared objects, no library missing, {seconds:.1f} s")
    return 0


# What an environment does without: in which files of whom, which libraries, and why.
OPTIONAL_LIBRARIES = [
    {
        "distributions": "*",
        "file": "*",
        "libraries": [
            "libcuda.so* libnvidia-*.so* libnvcuvid.so* libcudart.so* libcublas*.so*",
            "libcudnn*.so* libcufft*.so* libcufile*.so* libcurand.so* libcusolver*.so*",
            "libcusparse*.so* libcutensor*.so* libcupti.so* libnccl*.so* libnpp*.so*",
            "libnvinfer*.so* libnvJitLink.so* libnvjpeg*.so* libnvonnxparser.so* libnvrtc*.so*",
            "libnvToolsExt.so*",
        ],
        "reason": "NVIDIA's driver and CUDA, for a machine with its GPU",
    },
    {
        "distributions": "*",
        "file": "*",
        "libraries": [
            "libamdhip64.so* libhip*.so* libhsa-runtime64.so* libmigraphx*.so* libMIOpen.so*",
            "librccl.so* librocblas.so* librocfft.so* librocm*.so* librocprofiler*.so*",
            "librocrand.so* librocsolver.so* librocsparse.so* libroctracer*.so* libroctx*.so*",
        ],
        "reason": "AMD's ROCm, for a machine with its GPU",
    },
    {
        "distributions": "*",
        "file": "*",
        "libraries": [
            "libimf.so libintlc.so* libirng.so libsvml.so libsycl.so* libur_loader.so*",
            "libze_loader.so*",
        ],
        "reason": "Intel's compiler runtime and oneAPI, for its accelerators",
    },
    {
        "distributions": "*",
        "file": "*",
        "libraries": [
            "libOpenCL.so.1",
        ],
        "reason": "OpenCL, for a machine with a GPU",
    },
    {
        "distributions": "*",
        "file": "*",
        "libraries": [
            "libtpu.so libnrt.so*",
        ],
        "reason": "Google's TPU and AWS Neuron, for their machines",
    },
    {
        "distributions": "nvidia-*",
        "file": "*",
        "libraries": [
            "*",
        ],
        "reason": "network transports of NVIDIA's libraries, loaded where they are",
    },
    {
        "distributions": "torch",
        "file": "*/torch/lib/libgfortran*",
        "libraries": [
            "libquadmath.so.0",
        ],
        "reason": "a Fortran runtime that nothing on this processor loads",
    },
    {
        "distributions": "bitsandbytes",
        "file": "*/libbitsandbytes_*",
        "libraries": [
            "*",
        ],
        "reason": "one backend for each accelerator",
    },
    {
        "distributions": "implicit",
        "file": "*/implicit/gpu/*",
        "libraries": [
            "*",
        ],
        "reason": "the GPU's part",
    },
    {
        "distributions": "numba",
        "file": "*/numba/np/ufunc/*pool.*",
        "libraries": [
            "libtbb.so* libgomp.so*",
        ],
        "reason": "a threading layer of several; numba takes one that is there",
    },
    {
        "distributions": "mkl",
        "file": "*/libmkl_tbb_thread.so*",
        "libraries": [
            "libtbb.so*",
        ],
        "reason": "a threading layer of several",
    },
    {
        "distributions": "tbb",
        "file": "*/libtbbbind*",
        "libraries": [
            "libhwloc.so*",
        ],
        "reason": "binding to NUMA nodes, loaded where it is there",
    },
    {
        "distributions": "daal4py",
        "file": "*/mpi_transceiver.*",
        "libraries": [
            "libmpi.so*",
        ],
        "reason": "several machines by MPI",
    },
    {
        "distributions": "torchcodec",
        "file": "*/torchcodec/libtorchcodec_*",
        "libraries": [
            "libav*.so* libsw*.so* libheif.so*",
        ],
        "reason": "one file for each release of FFmpeg; the one that is there is loaded",
    },
    {
        "distributions": "torchaudio",
        "file": "*/lib/*torio*",
        "libraries": [
            "libav*.so* libsw*.so*",
        ],
        "reason": "one file for each release of FFmpeg; the one that is there is loaded",
    },
    {
        "distributions": "torchaudio",
        "file": "*sox*",
        "libraries": [
            "libsox.so*",
        ],
        "reason": "the sox backend, loaded where it is there",
    },
    {
        "distributions": "open3d*",
        "file": "*/open3d_t*_ops.so",
        "libraries": [
            "*",
        ],
        "reason": "operators for TensorFlow and PyTorch, loaded with them",
    },
    {
        "distributions": "opencv-*",
        "file": "*/cv2/qt/plugins/*",
        "libraries": [
            "*",
        ],
        "reason": "OpenCV's windows",
    },
    {
        "distributions": "opencv-*",
        "file": "*/libQt5XcbQpa-*",
        "libraries": [
            "*",
        ],
        "reason": "OpenCV's windows",
    },
    {
        "distributions": "pyqt5* pyqt6* pyside2* pyside6* shiboken* wxpython kivy pygame*",
        "file": "*",
        "libraries": [
            "*",
        ],
        "reason": "a desktop toolkit; a server opens no window",
    },
]

# Libraries by Debian package: what is likely to be wanted, not all that there is.
DEBIAN_LIBRARIES = [
    "coinor-libcbc3.1: libCbc.so.3.1 libCbcSolver.so.3.1 libOsiCbc.so.3.1 gettext:",
    "libtextstyle.so.0 ibverbs-providers: libefa.so.1 libhns.so.1 libmana.so.1 libmlx4.so.1",
    "libmlx5.so.1 libabw-0.1-1: libabw-0.1.so.1 libacl1: libacl.so.1 libaec0: libaec.so.0",
    "libaio1t64: libaio.so.1t64 libamd3: libamd.so.3 libann0: libann.so.0 libapparmor1:",
    "libapparmor.so.1 libapr1t64: libapr-1.so.0 libaprutil1t64: libaprutil-1.so.0",
    "libarchive13t64: libarchive.so.13 libargon2-1: libargon2.so.1 libarmadillo14:",
    "libarmadillo.so.14 libasound2t64: libasound.so.2 libaspell15: libaspell.so.15",
    "libpspell.so.15 libassuan9: libassuan.so.9 libatk-bridge2.0-0t64: libatk-bridge-2.0.so.0",
    "libatk1.0-0t64: libatk-1.0.so.0 libatomic1: libatomic.so.1 libatspi2.0-0t64: libatspi.so.0",
    "libattr1: libattr.so.1 libaudit1: libaudit.so.1 libavahi-client3: libavahi-client.so.3",
    "libavahi-common3: libavahi-common.so.3 libavcodec61: libavcodec.so.61 libavdevice61:",
    "libavdevice.so.61 libavfilter10: libavfilter.so.10 libavformat61: libavformat.so.61",
    "libavif16: libavif.so.16 libavutil59: libavutil.so.59 libblas3: libblas.so.3 libblosc1:",
    "libblosc.so.1 libbluetooth3: libbluetooth.so.3 libbrotli1: libbrotlicommon.so.1",
    "libbrotlidec.so.1 libbrotlienc.so.1 libbsd0: libbsd.so.0 libbtf2: libbtf.so.2 libbz2-1.0:",
    "libbz2.so.1 libbz2.so.1.0 libcairo-gobject2: libcairo-gobject.so.2",
    "libcairo-script-interpreter2: libcairo-script-interpreter.so.2 libcairo2: libcairo.so.2",
    "libcamd3: libcamd.so.3 libcap-ng0: libcap-ng.so.0 libdrop_ambient.so.0 libcap2: libcap.so.2",
    "libpsx.so.2 libcares2: libcares.so.2 libccolamd3: libccolamd.so.3 libcdt5: libcdt.so.5",
    "libcfitsio10t64: libcfitsio.so.10 libcgif0: libcgif.so.0 libcgraph6: libcgraph.so.6",
    "libcholmod5: libcholmod.so.5 libcolamd3: libcolamd.so.3 libcom-err2: libcom_err.so.2",
    "libcrypt1: libcrypt.so.1 libct4: libct.so.4 libcups2t64: libcups.so.2 libcurl3t64-gnutls:",
    "libcurl-gnutls.so.3 libcurl-gnutls.so.4 libcurl4t64: libcurl.so.4 libcxsparse4:",
    "libcxsparse.so.4 libczmq4: libczmq.so.4 libdav1d7: libdav1d.so.7 libdbus-1-3: libdbus-1.so.3",
    "libdeflate0: libdeflate.so.0 libdmtx0t64: libdmtx.so.0 libdouble-conversion3:",
    "libdouble-conversion.so.3 libdrm-amdgpu1: libdrm_amdgpu.so.1 libdrm-intel1:",
    "libdrm_intel.so.1 libdrm-nouveau2: libdrm_nouveau.so.2 libdrm-radeon1: libdrm_radeon.so.1",
    "libdrm2: libdrm.so.2 libe-book-0.1-1: libe-book-0.1.so.1 libegl-mesa0: libEGL_mesa.so.0",
    "libegl1: libEGL.so.1 libelf1t64: libelf.so.1 libenchant-2-2: libenchant-2.so.2",
    "libepubgen-0.1-1: libepubgen-0.1.so.1 libespeak-ng1: libespeak-ng.so.1 libetonyek-0.1-1:",
    "libetonyek-0.1.so.1 libev4t64: libev.so.4 libevent-2.1-7t64: libevent-2.1.so.7",
    "libevent-core-2.1-7t64: libevent_core-2.1.so.7 libevent-extra-2.1-7t64:",
    "libevent_extra-2.1.so.7 libevent-openssl-2.1-7t64: libevent_openssl-2.1.so.7",
    "libevent-pthreads-2.1-7t64: libevent_pthreads-2.1.so.7 libexif12: libexif.so.12 libexiv2-28:",
    "libexiv2.so.28 libexpat1: libexpat.so.1 libexpatw.so.1 libfabric1: libfabric.so.1 libffi8:",
    "libffi.so.8 libfftw3-double3: libfftw3.so.3 libfftw3_omp.so.3 libfftw3_threads.so.3",
    "libfftw3-long3: libfftw3l.so.3 libfftw3l_omp.so.3 libfftw3l_threads.so.3 libfftw3-quad3:",
    "libfftw3q.so.3 libfftw3q_omp.so.3 libfftw3q_threads.so.3 libfftw3-single3: libfftw3f.so.3",
    "libfftw3f_omp.so.3 libfftw3f_threads.so.3 libflac14: libFLAC.so.14 libfontconfig1:",
    "libfontconfig.so.1 libfreeimage3: libfreeimage.so.3 libfreetype6: libfreetype.so.6",
    "libfreexl1: libfreexl.so.1 libfribidi0: libfribidi.so.0 libfuse2t64: libfuse.so.2",
    "libulockmgr.so.1 libfuse3-4: libfuse3.so.4 libfyba0t64: libfyba.so.0 libfygm.so.0",
    "libfyut.so.0 libgbm1: libgbm.so.1 libgcc-s1: libgcc_s.so.1 libgcrypt20: libgcrypt.so.20",
    "libgd3: libgd.so.3 libgdal36: libgdal.so.36 libgdbm6t64: libgdbm.so.6 libgdk-pixbuf-2.0-0:",
    "libgdk_pixbuf-2.0.so.0 libgeoip1t64: libGeoIP.so.1 libgeos-c1t64: libgeos_c.so.1",
    "libgeos3.13.1: libgeos.so.3.13.1 libgeotiff5: libgeotiff.so.5 libgfortran5: libgfortran.so.5",
    "libgif7: libgif.so.7 libgirepository-1.0-1: libgirepository-1.0.so.1 libgirepository-2.0-0:",
    "libgirepository-2.0.so.0 libgit2-1.9: libgit2.so.1.9 libgl1: libGL.so.1 libgles2:",
    "libGLESv2.so.2 libglib2.0-0t64: libgio-2.0.so.0 libglib-2.0.so.0 libgmodule-2.0.so.0",
    "libgobject-2.0.so.0 libgthread-2.0.so.0 libglpk40: libglpk.so.40 libglu1-mesa: libGLU.so.1",
    "libglvnd0: libGLdispatch.so.0 libglx-mesa0: libGLX_indirect.so.0 libGLX_mesa.so.0 libglx0:",
    "libGLX.so.0 libgmp10: libgmp.so.10 libgmpxx4ldbl: libgmpxx.so.4 libgnustep-base1.31:",
    "libgnustep-base.so.1.31 libgnutls-dane0t64: libgnutls-dane.so.0 libgnutls-openssl27t64:",
    "libgnutls-openssl.so.27 libgnutls30t64: libgnutls.so.30 libgomp1: libgomp.so.1",
    "libgpg-error0: libgpg-error.so.0 libgpgme11t64: libgpgme-pthread.so.11 libgpgme.so.11",
    "libgs10: libgs.so.10 libgsl28: libgsl.so.28 libgslcblas0: libgslcblas.so.0 libgssapi-krb5-2:",
    "libgssapi_krb5.so.2 libgstreamer-gl1.0-0: libgstgl-1.0.so.0 libgstreamer-plugins-base1.0-0:",
    "libgstallocators-1.0.so.0 libgstapp-1.0.so.0 libgstaudio-1.0.so.0 libgstfft-1.0.so.0",
    "libgstpbutils-1.0.so.0 libgstriff-1.0.so.0 libgstrtp-1.0.so.0 libgstrtsp-1.0.so.0",
    "libgstsdp-1.0.so.0 libgsttag-1.0.so.0 libgstvideo-1.0.so.0 libgstreamer1.0-0:",
    "libgstbase-1.0.so.0 libgstcheck-1.0.so.0 libgstcontroller-1.0.so.0 libgstnet-1.0.so.0",
    "libgstreamer-1.0.so.0 libgtk-3-0t64: libgdk-3.so.0 libgtk-3.so.0 libgts-0.7-5t64:",
    "libgts-0.7.so.5 libgvc6: libgvc.so.6 libgvpr2: libgvpr.so.2 libharfbuzz-cairo0:",
    "libharfbuzz-cairo.so.0 libharfbuzz-gobject0: libharfbuzz-gobject.so.0 libharfbuzz-icu0:",
    "libharfbuzz-icu.so.0 libharfbuzz-subset0: libharfbuzz-subset.so.0 libharfbuzz0b:",
    "libharfbuzz.so.0 libhashkit2t64: libhashkit.so.2 libhdf4-0-alt: libdfalt.so.0",
    "libmfhdfalt.so.0 libhdf5-310: libhdf5_serial.so.310 libhdf5-cpp-310:",
    "libhdf5_serial_cpp.so.310 libhdf5-fortran-310: libhdf5_serial_fortran.so.310 libhdf5-hl-310:",
    "libhdf5_serial_hl.so.310 libhdf5-hl-cpp-310: libhdf5_serial_hl_cpp.so.310",
    "libhdf5-hl-fortran-310: libhdf5_serialhl_fortran.so.310 libheif1: libheif.so.1",
    "libhidapi-hidraw0: libhidapi-hidraw.so.0 libhidapi-libusb0: libhidapi-libusb.so.0",
    "libhiredis1.1.0: libhiredis.so.1 libhiredis.so.1.1.0 libhiredis_ssl.so.1",
    "libhiredis_ssl.so.1.1.0 libhogweed6t64: libhogweed.so.6 libhttp-parser2.9:",
    "libhttp_parser.so.2.9 libhunspell-1.7-0: libhunspell-1.7.so.0 libhwloc15: libhwloc.so.15",
    "libhwy1t64: libhwy.so.1 libhwy_contrib.so.1 libhwy_test.so.1 libibverbs1: libibverbs.so.1",
    "libice6: libICE.so.6 libicu76: libicudata.so.76 libicui18n.so.76 libicuio.so.76",
    "libicutest.so.76 libicutu.so.76 libicuuc.so.76 libidn12: libidn.so.12 libidn2-0:",
    "libidn2.so.0 libigraph3t64: libigraph.so.3 libimagequant0: libimagequant.so.0",
    "libjack-jackd2-0: libjack.so.0 libjacknet.so.0 libjackserver.so.0 libjansson4:",
    "libjansson.so.4 libjbig0: libjbig.so.0 libjbig2dec0: libjbig2dec.so.0 libjpeg62-turbo:",
    "libjpeg.so.62 libjson-c5: libjson-c.so.5 libjsoncpp26: libjsoncpp.so.26 libjxl0.11:",
    "libjxl.so.0.11 libjxl_cms.so.0.11 libjxl_threads.so.0.11 libk5crypto3: libk5crypto.so.3",
    "libkeyutils1: libkeyutils.so.1 libklu2: libklu.so.2 libklu_cholmod.so.2 libkmlbase1t64:",
    "libkmlbase.so.1 libkmldom1t64: libkmldom.so.1 libkmlengine1t64: libkmlengine.so.1 libkrb5-3:",
    "libkrb5.so.3 libkrb5support0: libkrb5support.so.0 libkyotocabinet16v5: libkyotocabinet.so.16",
    "liblab-gamut1: liblab_gamut.so.1 liblapack3: liblapack.so.3 liblcms2-2: liblcms2.so.2",
    "libldap2: liblber.so.2 libldap.so.2 libldl3: libldl.so.3 libleptonica6: libleptonica.so.6",
    "liblerc4: libLerc.so.4 libleveldb1d: libleveldb.so.1d liblmdb0: liblmdb.so.0 libltdl7:",
    "libltdl.so.7 liblua5.4-0: liblua5.4-c++.so.0 liblua5.4.so.0 liblz4-1: liblz4.so.1 liblzma5:",
    "liblzma.so.5 liblzo2-2: liblzo2.so.2 libmagic1t64: libmagic.so.1 libmagickcore-7.q16-10:",
    "libMagickCore-7.Q16.so.10 libmagickwand-7.q16-10: libMagickWand-7.Q16.so.10 libmariadb3:",
    "libmariadb.so.3 libmatio13: libmatio.so.13 libmaxminddb0: libmaxminddb.so.0 libmbedcrypto16:",
    "libmbedcrypto.so.16 libmbedtls21: libmbedtls.so.21 libmbedx509-7: libmbedx509.so.7",
    "libmecab2: libmecab.so.2 libmediainfo0v5: libmediainfo.so.0 libmemcached11t64:",
    "libmemcached.so.11 libmemcachedutil2t64: libmemcachedutil.so.2 libmetis5: libmetis.so.5",
    "libminizip1t64: libminizip.so.1 libmms0: libmms.so.0 libmosquitto1: libmosquitto.so.1",
    "libmount1: libmount.so.1 libmp3lame0: libmp3lame.so.0 libmpc3: libmpc.so.3 libmpfr6:",
    "libmpfr.so.6 libmpg123-0t64: libmpg123.so.0 libmwaw-0.3-3: libmwaw-0.3.so.3 libncurses6:",
    "libform.so.6 libmenu.so.6 libncurses.so.6 libpanel.so.6 libncursesw6: libformw.so.6",
    "libmenuw.so.6 libncursesw.so.6 libpanelw.so.6 libnetcdf22: libnetcdf.so.22",
    "libnetfilter-queue1: libnetfilter_queue.so.1 libnetsnmptrapd40t64: libnetsnmptrapd.so.40",
    "libnettle8t64: libnettle.so.8 libnghttp2-14: libnghttp2.so.14 libnghttp3-9: libnghttp3.so.9",
    "libnl-3-200: libnl-3.so.200 libnsl2: libnsl.so.2 libnuma1: libnuma.so.1 libobjc4:",
    "libobjc.so.4 libobjc_gc.so.4 libodbc2: libodbc.so.2 libodbccr2: libodbccr.so.2 libodbcinst2:",
    "libodbcinst.so.2 libodfgen-0.1-1: libodfgen-0.1.so.1 libogdi4.1: libogdi.so.4 libogdi.so.4.1",
    "libvpf.so.4 libvpf.so.4.1 libogg0: libogg.so.0 libolm3: libolm.so.2 libolm.so.3 libopenal1:",
    "libopenal.so.1 libopenblas0-pthread: libopenblas.so.0 libopenexr-3-1-30: libIex-3_1.so.30",
    "libIlmThread-3_1.so.30 libOpenEXR-3_1.so.30 libOpenEXRCore-3_1.so.30",
    "libOpenEXRUtil-3_1.so.30 libopengl0: libOpenGL.so.0 libopenh264-8: libopenh264.so.8",
    "libopenjp2-7: libopenjp2.so.7 libopenmpi40: libmpi.so.40 libmpi_java.so.40",
    "libmpi_mpifh-gfortran.so.40 libmpi_mpifh.so.40 libmpi_usempi_ignore_tkr-gfortran.so.40",
    "libmpi_usempi_ignore_tkr.so.40 libmpi_usempif08-gfortran.so.40 libmpi_usempif08.so.40",
    "libopen-pal.so.80 liboshmem.so.40 libprrte.so.3 libopenslide0: libopenslide.so.0 libopus0:",
    "libopus.so.0 libosmesa6: libOSMesa.so.6 libOSMesa.so.8 libpam0g: libpam.so.0",
    "libpam_misc.so.0 libpamc.so.0 libpango-1.0-0: libpango-1.0.so.0 libpangocairo-1.0-0:",
    "libpangocairo-1.0.so.0 libpangoft2-1.0-0: libpangoft2-1.0.so.0 libpangoxft-1.0-0:",
    "libpangoxft-1.0.so.0 libpaper2: libpaper.so.2 libparu1: libparu.so.1 libpathplan4:",
    "libpathplan.so.4 libpcaudio0: libpcaudio.so.0 libpcre2-16-0: libpcre2-16.so.0 libpcre2-32-0:",
    "libpcre2-32.so.0 libpcre2-8-0: libpcre2-8.so.0 libpcre2-posix3: libpcre2-posix.so.3",
    "libpcsclite1: libpcsclite.so.1 libpcsclite_real.so.1 libpixman-1-0: libpixman-1.so.0",
    "libplacebo349: libplacebo.so.349 libpmix2t64: libpmix.so.2 libpng16-16t64: libpng16.so.16",
    "libpoppler-cpp2: libpoppler-cpp.so.2 libpoppler-glib8t64: libpoppler-glib.so.8",
    "libpoppler147: libpoppler.so.147 libportaudio2: libportaudio.so.2 libportaudiocpp0:",
    "libportaudiocpp.so.0 libpostproc58: libpostproc.so.58 libpq5: libpq.so.5 libproj25:",
    "libproj.so.25 libprotobuf-lite32t64: libprotobuf-lite.so.32 libprotobuf32t64:",
    "libprotobuf.so.32 libpsl5t64: libpsl.so.5 libpsm2-2: libpsm2.so.2 libpulse-mainloop-glib0:",
    "libpulse-mainloop-glib.so.0 libpulse0: libpulse-simple.so.0 libpulse.so.0 libqhull-r8.0:",
    "libqhull_r.so.8.0 libqpdf30: libqpdf.so.30 libqrencode4: libqrencode.so.4 libquadmath0:",
    "libquadmath.so.0 librabbitmq4: librabbitmq.so.4 libraqm0: libraqm.so.0 libraw23t64:",
    "libraw.so.23 libraw_r.so.23 librbio4: librbio.so.4 librdkafka++1: librdkafka++.so.1",
    "librdkafka1: librdkafka.so.1 librdmacm1t64: librdmacm.so.1 libre2-11: libre2.so.11",
    "libreadline8t64: libhistory.so.8 libreadline.so.8 librevenge-0.0-0: librevenge-0.0.so.0",
    "librevenge-generators-0.0.so.0 librevenge-stream-0.0.so.0 librhash1: librhash.so.1",
    "librocksdb9.10: librocksdb.so.9.10 librrd8t64: librrd.so.8 librsvg2-2: librsvg-2.so.2",
    "librtmp1: librtmp.so.1 libsamplerate0: libsamplerate.so.0 libsasl2-2: libsasl2.so.2",
    "libsass1: libsass.so.1 libsdl2-2.0-0: libSDL2-2.0.so.0 libsdl2-image-2.0-0:",
    "libSDL2_image-2.0.so.0 libsdl2-mixer-2.0-0: libSDL2_mixer-2.0.so.0 libsdl2-ttf-2.0-0:",
    "libSDL2_ttf-2.0.so.0 libseccomp2: libseccomp.so.2 libsecp256k1-2: libsecp256k1.so.2",
    "libselinux1: libselinux.so.1 libsharpyuv0: libsharpyuv.so.0 libsm6: libSM.so.6 libsnappy1v5:",
    "libsnappy.so.1 libsndfile1: libsndfile.so.1 libsnmp40t64: libnetsnmp.so.40",
    "libnetsnmpagent.so.40 libnetsnmphelpers.so.40 libnetsnmpmibs.so.40 libsnmp.so.40",
    "libsodium23: libsodium.so.23 libsonic0: libsonic.so.0 libsox3: libsox.so.3",
    "libspatialindex-c8: libspatialindex_c.so.8 libspatialindex8: libspatialindex.so.8",
    "libspatialite8t64: libspatialite.so.8 libspex3: libspex.so.3 libspexpython.so.3 libspng0:",
    "libspng.so.0 libspqr4: libspqr.so.4 libsqlcipher1: libsqlcipher.so.1 libsqlite3-0:",
    "libsqlite3.so.0 libssh-4: libssh.so.4 libssh2-1t64: libssh2.so.1 libssl3t64: libcrypto.so.3",
    "libssl.so.3 libstaroffice-0.0-0: libstaroffice-0.0.so.0 libstdc++6: libstdc++.so.6",
    "libsuitesparse-mongoose3: libsuitesparse_mongoose.so.3 libsuitesparseconfig7:",
    "libsuitesparseconfig.so.7 libswresample5: libswresample.so.5 libswscale8: libswscale.so.8",
    "libsybdb5: libsybdb.so.5 libsystemd0: libsystemd.so.0 libtbb12: libtbb.so.12 libtesseract5:",
    "libtesseract.so.5 libthai0: libthai.so.0 libtidy58: libtidy.so.58 libtiff6: libtiff.so.6",
    "libtiffxx6: libtiffxx.so.6 libtinfo6: libtic.so.6 libtinfo.so.6 libtinyxml2-11:",
    "libtinyxml2.so.11 libtirpc3t64: libtirpc.so.3 libtokyocabinet9t64: libtokyocabinet.so.9",
    "libturbojpeg0: libturbojpeg.so.0 libucx0: libucm.so.0 libucp.so.0 libucs.so.0",
    "libucs_signal.so.0 libuct.so.0 libudev1: libudev.so.1 libumfpack6: libumfpack.so.6",
    "libunistring5: libunistring.so.5 libuno-cppu3t64: libuno_cppu.so.3",
    "libuno-cppuhelpergcc3-3t64: libuno_cppuhelpergcc3.so.3 libuno-sal3t64: libuno_sal.so.3",
    "libuno-salhelpergcc3-3t64: libuno_salhelpergcc3.so.3 liburing2: liburing-ffi.so.2",
    "liburing.so.2 libusb-1.0-0: libusb-1.0.so.0 libuuid1: libuuid.so.1 libuv1t64: libuv.so.1",
    "libv4l-0t64: libv4l1.so.0 libv4l2.so.0 libvips42t64: libvips-cpp.so.42 libvips.so.42",
    "libvirt0: libvirt-admin.so.0 libvirt-lxc.so.0 libvirt-qemu.so.0 libvirt.so.0 libvlc5:",
    "libvlc.so.5 libvlccore9: libvlccore.so.9 libvorbis0a: libvorbis.so.0 libvorbisenc2:",
    "libvorbisenc.so.2 libvorbisfile3: libvorbisfile.so.3 libvulkan1: libvulkan.so.1 libwavpack1:",
    "libwavpack.so.1 libwayland-client0: libwayland-client.so.0 libwayland-cursor0:",
    "libwayland-cursor.so.0 libwayland-egl1: libwayland-egl.so.1 libwayland-server0:",
    "libwayland-server.so.0 libwebp7: libwebp.so.7 libwebpdecoder3: libwebpdecoder.so.3",
    "libwebpdemux2: libwebpdemux.so.2 libwebpmux3: libwebpmux.so.3 libwpd-0.10-10:",
    "libwpd-0.10.so.10 libwpg-0.3-3: libwpg-0.3.so.3 libwps-0.4-4: libwps-0.4.so.4 libx11-6:",
    "libX11.so.6 libx11-xcb1: libX11-xcb.so.1 libxapian30: libxapian.so.30 libxau6: libXau.so.6",
    "libxaw7: libXaw.so.7 libXaw7.so.7 libxcb-cursor0: libxcb-cursor.so.0 libxcb-icccm4:",
    "libxcb-icccm.so.4 libxcb-image0: libxcb-image.so.0 libxcb-keysyms1: libxcb-keysyms.so.1",
    "libxcb-randr0: libxcb-randr.so.0 libxcb-render-util0: libxcb-render-util.so.0",
    "libxcb-render0: libxcb-render.so.0 libxcb-shape0: libxcb-shape.so.0 libxcb-shm0:",
    "libxcb-shm.so.0 libxcb-sync1: libxcb-sync.so.1 libxcb-util1: libxcb-util.so.1",
    "libxcb-xfixes0: libxcb-xfixes.so.0 libxcb-xinerama0: libxcb-xinerama.so.0 libxcb-xkb1:",
    "libxcb-xkb.so.1 libxcb1: libxcb.so.1 libxcomposite1: libXcomposite.so.1 libxcursor1:",
    "libXcursor.so.1 libxdamage1: libXdamage.so.1 libxdmcp6: libXdmcp.so.6 libxdot4: libxdot.so.4",
    "libxext6: libXext.so.6 libxfixes3: libXfixes.so.3 libxft2: libXft.so.2 libxi6: libXi.so.6",
    "libxinerama1: libXinerama.so.1 libxkbcommon-x11-0: libxkbcommon-x11.so.0 libxkbcommon0:",
    "libxkbcommon.so.0 libxkbfile1: libxkbfile.so.1 libxml2: libxml2.so.2 libxmlsec1t64:",
    "libxmlsec1.so.1 libxmlsec1t64-gcrypt: libxmlsec1-gcrypt.so.1 libxmlsec1t64-gnutls:",
    "libxmlsec1-gnutls.so.1 libxmlsec1t64-nss: libxmlsec1-nss.so.1 libxmlsec1t64-openssl:",
    "libxmlsec1-openssl.so.1 libxmu6: libXmu.so.6 libxnvctrl0: libXNVCtrl.so.0 libxrandr2:",
    "libXrandr.so.2 libxrender1: libXrender.so.1 libxslt1.1: libexslt.so.0 libxslt.so.1 libxss1:",
    "libXss.so.1 libxt6t64: libXt.so.6 libxtst6: libXtst.so.6 libyaml-0-2: libyaml-0.so.2",
    "libzbar0t64: libzbar.so.0 libzen0t64: libzen.so.0 libzmq5: libzmq.so.5 libzstd1:",
    "libzstd.so.1 libzxing3: libZXing.so.3 ocl-icd-libopencl1: libOpenCL.so.1 zlib1g: libz.so.1",
]


if __name__ == "__main__":
    sys.exit(main())
