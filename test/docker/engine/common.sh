# Shared by the scripts of this folder; sourced, never run.

ENGINE_FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
STATE=${BACKENDAI_TEST_ENGINE:-$HOME/.cache/backendai-docker-engine}
# How much the build cache of an engine that these scripts start may hold; benchmarks want 30GB.
BUILD_CACHE=${BACKENDAI_TEST_ENGINE_CACHE:-8GB}
SOCKET="$STATE/docker.sock"
ENGINE_ENV="$STATE/engine.env"
DOWNLOADS="$STATE/downloads"
# sid: the oldest suite whose docker.io, buildx and compose know build checks and need only glibc 2.34.
ENGINE_SUITE=sid
MINIMUM_SERVER=25
MINIMUM_COMPOSE=2.20

say() { printf '[engine] %s\n' "$*" >&2; }

fail() {
  printf '[engine] error: %s\n' "$*" >&2
  exit 1
}

[[ $BUILD_CACHE =~ ^[0-9]+(\.[0-9]+)?[KMGT]?B$ ]] ||
  fail "BACKENDAI_TEST_ENGINE_CACHE is $BUILD_CACHE; a size such as 30GB was expected"

at_least() { # at_least 28.5.2 25
  [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# Whether the engine of the state folder was set up with another limit than the one that is asked for by name.
other_build_cache_asked() {
  [ -n "${BACKENDAI_TEST_ENGINE_CACHE:-}" ] &&
    ! grep -qF "\"defaultKeepStorage\": \"$BUILD_CACHE\"" "$STATE/daemon.json" 2>/dev/null
}

# True where the docker command of the current environment reaches an engine that the tests can use.
engine_answers() {
  local server compose
  command -v docker >/dev/null || return 1
  server=$(docker version --format '{{.Server.Version}}' 2>/dev/null) || return 1
  at_least "$server" "$MINIMUM_SERVER" || return 1
  compose=$(docker compose version --short 2>/dev/null) || return 1
  at_least "${compose#v}" "$MINIMUM_COMPOSE" || return 1
  docker buildx version >/dev/null 2>&1
}

# Points this shell's docker command at the engine in the state folder.
use_own_engine() {
  [ -f "$ENGINE_ENV" ] || return 1
  # shellcheck disable=SC1090
  set -a && . "$ENGINE_ENV" && set +a
}

host_codename() { (. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}"); }

# The mirror that this machine's apt takes its own release from.
debian_mirror() {
  local codename mirror
  codename=$(host_codename)
  mirror=$(apt-get update --print-uris 2>/dev/null |
    sed -nE "s#^'(https?://.*)/dists/$codename/InRelease'.*#\1#p" | head -n 1)
  [ -n "$mirror" ] || fail "apt on this machine names no http(s) mirror of Debian $codename"
  printf '%s' "$mirror"
}

# apt's own downloader: it brings apt's proxy and certificate settings along, and checks the hash.
download() { # download <address> <file> [<sha256>]
  local log
  log=$(/usr/lib/apt/apt-helper download-file "$1" "$2" ${3:+"SHA256:$3"} 2>&1) ||
    fail "could not download $1: $(printf '%s' "$log" | tail -n 1)"
}

# The package index of a suite, checked against the suite's signed release file. How old that file
# is does not matter here: a mirror that lags behind sid has programs that are good enough for tests.
fetch_package_index() { # fetch_package_index <suite> -> path on stdout
  local suite=$1 folder="$DOWNLOADS/$1" name=main/binary-amd64/Packages.xz mirror hash
  mirror=$(debian_mirror)
  mkdir -p "$folder"
  download "$mirror/dists/$suite/InRelease" "$folder/InRelease"
  gpgv --quiet --keyring /usr/share/keyrings/debian-archive-keyring.gpg \
    --output "$folder/Release" "$folder/InRelease" 2>/dev/null ||
    fail "the release file of Debian $suite has no signature of Debian's archive"
  hash=$(awk -v name="$name" '/^SHA256:/ { inside = 1; next } /^[^ ]/ { inside = 0 }
    inside && $3 == name { print $1 }' "$folder/Release")
  [ -n "$hash" ] || fail "the release file of Debian $suite lists no $name"
  if ! echo "$hash  $folder/Packages.xz" | sha256sum --check --status 2>/dev/null; then
    download "$mirror/dists/$suite/$name" "$folder/Packages.xz" "$hash"
  fi
  printf '%s' "$folder/Packages.xz"
}

# Unpacks packages of a suite into a folder, without installing them.
unpack_packages() { # unpack_packages <suite> <folder> <package>...
  local suite=$1 folder=$2 index mirror name path hash wanted=0
  shift 2
  index=$(fetch_package_index "$suite")
  mirror=$(debian_mirror)
  mkdir -p "$folder"
  while read -r name path hash; do
    say "unpacking $name of Debian $suite"
    download "$mirror/$path" "$DOWNLOADS/$name.deb" "$hash"
    dpkg-deb -x "$DOWNLOADS/$name.deb" "$folder"
    rm "$DOWNLOADS/$name.deb"
    wanted=$((wanted + 1))
  done < <(xz -dc "$index" | awk -v names=" $* " '
    /^Package: / { package = $2; take = index(names, " " package " ") }
    take && /^Filename: / { file = $2 }
    take && /^SHA256: / { print package, file, $2; take = 0 }')
  [ "$wanted" -eq $# ] || fail "found $wanted of the $# packages in Debian $suite: $*"
}
