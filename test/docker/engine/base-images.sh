#!/usr/bin/env bash
# Assembles missing base images under their official names, where no registry can be reached.
# Called by ensure-engine.sh with the names of the missing images; needs a docker engine.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

BUILD="$STATE/build"
# Tells a stand-in from the real thing in `docker image inspect`.
LABEL=backendai.test.stand-in=true

present() { docker image inspect "$1" >/dev/null 2>&1; }

build_image() { # build_image <name, or nothing with --output> <recipe> <context> [<docker build argument>...]
  local name=$1 recipe=$2 context=$3 log
  shift 3
  log="$BUILD/$recipe.log"
  docker buildx build --progress plain --label "$LABEL" ${name:+--load --tag "$name"} \
    --file "$ENGINE_FOLDER/images/$recipe.Dockerfile" "$@" "$context" >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    fail "could not build ${name:-$recipe}; the log is $log"
  }
}

# --- Debian ---------------------------------------------------------------------------------------

# The certificates that this machine trusts, where the environment names them.
certificate_bundle() {
  local bundle
  for bundle in "${SSL_CERT_FILE:-}" "${CURL_CA_BUNDLE:-}" "${REQUESTS_CA_BUNDLE:-}"; do
    if [ -f "$bundle" ]; then
      printf '%s' "$bundle"
      return
    fi
  done
}

# Those of a bundle that are not Debian's own, such as the one of a proxy.
additional_certificates() { # additional_certificates <bundle>
  find /usr/share/ca-certificates -name '*.crt' -exec cat {} + 2>/dev/null | awk '
    /-----BEGIN CERTIFICATE-----/ { body = "" }
    { body = body $0 "\n" }
    /-----END CERTIFICATE-----/ {
      if (FILENAME != "-" && !(body in known)) printf "%s", body
      known[body] = 1
    }' - "$1"
}

# Where the machine has no debootstrap, one is unpacked for the occasion.
find_debootstrap() {
  DEBOOTSTRAP=debootstrap
  command -v debootstrap >/dev/null && return
  local folder="$STATE/debootstrap"
  DEBOOTSTRAP="$folder/usr/sbin/debootstrap"
  export DEBOOTSTRAP_DIR="$folder/usr/share/debootstrap"
  [ -x "$DEBOOTSTRAP" ] || unpack_packages "$(host_codename)" "$folder" debootstrap
}

security_mirror() {
  apt-get update --print-uris 2>/dev/null |
    sed -nE "s#^'(https?://.*)/dists/$(host_codename)-security/InRelease'.*#\1#p" | head -n 1
}

write_apt_sources() { # write_apt_sources <suite> <root>
  local security
  security=$(security_mirror)
  rm -f "$2/etc/apt/sources.list"
  {
    printf 'Types: deb\nURIs: %s\nSuites: %s %s-updates\nComponents: main\n' "$(debian_mirror)" "$1" "$1"
    printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
    if [ -n "$security" ]; then
      printf '\nTypes: deb\nURIs: %s\nSuites: %s-security\nComponents: main\n' "$security" "$1"
      printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
    fi
  } >"$2/etc/apt/sources.list.d/debian.sources"
}

# What the official slim image leaves out and sets up.
make_slim() { # make_slim <root>
  local root=$1
  cat >"$root/etc/dpkg/dpkg.cfg.d/docker" <<'DPKG'
force-unsafe-io
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/groff/*
path-exclude /usr/share/info/*
path-exclude /usr/share/linda/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-include /usr/share/locale/locale.alias
path-exclude /usr/share/man/*
DPKG
  cat >"$root/etc/apt/apt.conf.d/docker-clean" <<'APT'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT
  printf 'Acquire::Languages "none";\n' >"$root/etc/apt/apt.conf.d/docker-no-languages"
  printf 'Acquire::GzipIndexes "true";\n' >"$root/etc/apt/apt.conf.d/docker-gzip-indexes"
  printf 'Apt::AutoRemove::SuggestsImportant "false";\n' >"$root/etc/apt/apt.conf.d/docker-autoremove-suggests"
  # Services must not start while packages are installed in a container.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  find "$root/usr/share/doc" ! -type d ! -name copyright -delete
  find "$root/usr/share/doc" -type d -empty -delete
  find "$root/usr/share/locale" -mindepth 1 -maxdepth 1 ! -name locale.alias -exec rm -rf {} +
  rm -rf "$root"/usr/share/{groff,info,linda,lintian,man}/* "$root"/var/lib/apt/lists/* "$root"/var/log/* \
    "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/cache/ldconfig/aux-cache
  # These would otherwise be this machine's.
  : >"$root/etc/machine-id"
  rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
}

assemble_debian() { # assemble_debian debian:<suite>-slim
  local name=$1 suite root mirror changes bundle
  suite=${name#debian:}
  suite=${suite%-slim}
  root="$BUILD/$suite"
  mirror=$(debian_mirror)
  find_debootstrap
  rm -rf "$root"
  mkdir -p "$root"
  "$DEBOOTSTRAP" --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    "$suite" "$root" "$mirror" >"$BUILD/$suite.log" 2>&1 || {
    tail -n 5 "$BUILD/$suite.log" >&2
    fail "debootstrap of $suite failed; the log is $BUILD/$suite.log"
  }
  write_apt_sources "$suite" "$root"
  make_slim "$root"
  changes=(--change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    --change 'CMD ["bash"]' --change "LABEL $LABEL")
  bundle=$(certificate_bundle)
  if [ -n "$bundle" ]; then
    # Package downloads in a build go through the same proxy as this machine's. The second copy
    # survives the installation of ca-certificates, which writes the bundle anew.
    mkdir -p "$root/etc/ssl/certs" "$root/usr/local/share/ca-certificates"
    cp --dereference "$bundle" "$root/etc/ssl/certs/ca-certificates.crt"
    additional_certificates "$bundle" >"$root/usr/local/share/ca-certificates/test-machine.crt"
    changes+=(--change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'
      --change 'ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt')
  fi
  tar --create --numeric-owner --one-file-system --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' \
    --directory "$root" . | docker import "${changes[@]}" - "$name" >/dev/null
  rm -rf "$root"
}

# --- Python ---------------------------------------------------------------------------------------

pyenv_folder() { # pyenv_folder 3.12 -> the folder of pyenv's newest 3.12
  find "${PYENV_ROOT:-$HOME/.pyenv}/versions" -mindepth 1 -maxdepth 1 -type d -name "$1.*" 2>/dev/null | sort -V | tail -n 1
}

# A copy of pyenv's Python as the official image has it: at home in /usr/local, with nothing added.
prepare_python() { # prepare_python <source> <root>
  local source=$1 root=$2 library
  rm -rf "$root"
  mkdir -p "$root/usr/local/bin"
  cp -a "$source/include" "$source/lib" "$root/usr/local/"
  cp -a "$source"/bin/{python,pydoc,idle,2to3}* "$root/usr/local/bin/" 2>/dev/null || true
  rm -f "$root"/usr/local/bin/*-gdb.py
  find "$root/usr/local/lib" -depth \( -type d \( -name test -o -name tests -o -name idle_test -o -name __pycache__ \) \
    -o -type f -name 'libpython*.a' \) -exec rm -rf {} +
  for library in "$root"/usr/local/lib/python3.*/site-packages; do
    rm -rf "$library" && mkdir "$library"
  done
  { grep -rlIF "$source" "$root/usr/local" || true; } | xargs --no-run-if-empty sed -i "s#$source#/usr/local#g"
  if command -v strip >/dev/null; then
    find "$root/usr/local" -type f \( -name '*.so*' -o -path '*/bin/python3.*' \) -exec strip --strip-unneeded {} + 2>/dev/null || true
  fi
}

assemble_python() { # assemble_python python:3.X-slim-<suite> | python:3.X-slim | python:3.X
  local name=$1 version suite source target=python
  version=${name#python:}
  version=${version%%-*}
  case $name in
    *-slim-*) suite=${name##*-slim-} ;;
    *-slim)
      docker tag "$(python_behind "$name")" "$name"
      return
      ;;
    *)
      build_image "$name" python-full "$ENGINE_FOLDER/images" --build-arg "BASE=$name-slim"
      return
      ;;
  esac
  source=$(pyenv_folder "$version")
  if [ -z "$source" ] && ! of_debian "$name"; then
    source="$BUILD/source-$version"
    mkdir -p "$BUILD/empty"
    build_image '' python-from-source "$BUILD/empty" --build-arg "BASE=debian:$suite-slim" \
      --build-arg "VERSION=$version" --build-arg "SUITE=$ENGINE_SUITE" --output "type=local,dest=$source"
    build_image "$name" python "$source" --target python \
      --build-arg "BASE=debian:$suite-slim" --build-arg "PYTHON_VERSION=$(cat "$source/version")"
    return
  fi
  if [ -z "$source" ]; then
    build_image "$name" python-of-debian "$ENGINE_FOLDER/images" \
      --build-arg "BASE=debian:$suite-slim" --build-arg "VERSION=$version"
    return
  fi
  [ -f "$BUILD/python-$version/complete" ] || {
    prepare_python "$source" "$BUILD/python-$version"
    touch "$BUILD/python-$version/complete"
  }
  # As in the official images: from 3.13 on, Python needs no LANG to speak UTF-8.
  at_least "$version" 3.13 || target=python-with-locale
  build_image "$name" python "$BUILD/python-$version" --target "$target" \
    --build-arg "BASE=debian:$suite-slim" --build-arg "PYTHON_VERSION=${source##*/}"
}

# Whether the Python is the one of the Debian release itself.
of_debian() {
  case $1 in
    python:3.11-slim-bookworm | python:3.13-slim-trixie) return 0 ;;
    *) return 1 ;;
  esac
}

# Whether there is a Python to make the image of: pyenv's, the Debian release's own, or one to compile, which
# takes minutes: no list of images has it.
python_available() {
  of_debian "$1" && return
  case $1 in
    python:3.14-slim-*) return 0 ;;
    python:3.*-slim-*) [ -n "$(pyenv_folder "$(sed -E 's/python:([0-9.]+).*/\1/' <<<"$1")")" ] ;;
    python:3.*-slim) python_available "$(python_behind "$1")" ;;
    python:3.*) python_available "$1-slim" ;;
    *) return 0 ;;
  esac
}

# The image that a python:3.X-slim is another name of. No 3.8 was ever published on trixie.
python_behind() {
  case $1 in
    python:3.8-slim) printf '%s-bookworm' "$1" ;;
    *) printf '%s-trixie' "$1" ;;
  esac
}

# --- Everything -----------------------------------------------------------------------------------

ensure_image() {
  local name=$1 started=$SECONDS
  present "$name" && return
  case $name in
    python:3.*-slim-*) ensure_image "debian:${name##*-slim-}-slim" ;;
    python:3.*-slim) ensure_image "$(python_behind "$name")" ;;
    python:3.*) ensure_image "$name-slim" ;;
    postgres:* | redis:* | mariadb:*) ensure_image debian:trixie-slim ;;
    pgvector/pgvector:pg*) ensure_image "postgres:${name##*:pg}" ;;
    */uv:*) ensure_image "$PYTHON_FOR_DOWNLOADS" ;;
  esac
  say "assembling $name"
  case $name in
    debian:*-slim) assemble_debian "$name" ;;
    python:3.*) assemble_python "$name" ;;
    postgres:17) build_image "$name" postgres "$ENGINE_FOLDER/images" --build-arg MAJOR=17 ;;
    postgres:18)
      build_image "$name" postgres "$ENGINE_FOLDER/images" --build-arg MAJOR=18 --build-arg SUITE="$ENGINE_SUITE" \
        --build-arg DATA=/var/lib/postgresql/18/docker --build-arg MOUNT=/var/lib/postgresql
      ;;
    pgvector/pgvector:pg*)
      build_image "$name" pgvector "$ENGINE_FOLDER/images" --build-arg "MAJOR=${name##*:pg}"
      ;;
    mariadb:11.8) build_image "$name" mariadb "$ENGINE_FOLDER/images" ;;
    redis:*) build_image "$name" redis "$ENGINE_FOLDER/images" ;;
    */uv:*)
      build_image "$name" uv "$ENGINE_FOLDER/images" \
        --build-arg "BASE=$PYTHON_FOR_DOWNLOADS" --build-arg "VERSION=${name##*:}"
      ;;
    *) fail "no recipe for the image $name" ;;
  esac
  say "assembled $name in $((SECONDS - started)) s"
}

# Any Python with pip will do; this one can be made anywhere.
PYTHON_FOR_DOWNLOADS=python:3.13-slim-trixie

[ "$(uname -sm)" = 'Linux x86_64' ] && [ -x /usr/lib/apt/apt-helper ] && [ "$(id -u)" -eq 0 ] ||
  fail "images are missing, no registry gives them, and they can be assembled by root on Debian x86_64 only: $*"
mkdir -p "$BUILD"
for image in "$@"; do
  if ! python_available "$image"; then
    say "skipping $image: neither pyenv nor that Debian release has its Python"
    continue
  fi
  ensure_image "$image"
done
# Copies of what is in the images by now.
rm -rf "$BUILD" "$DOWNLOADS"
