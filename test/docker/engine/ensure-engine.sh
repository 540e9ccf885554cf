#!/usr/bin/env bash
# Makes sure that a Docker engine answers and that the images the tests build on are there.
#
#   bash ensure-engine.sh              sets up what is missing, with its progress on stderr
#   bash ensure-engine.sh --print-env  the same, then export lines for eval (none for a system engine)
#   bash ensure-engine.sh IMAGE...     and these images, such as python:3.14-slim-trixie, which few tests want
#
# BACKENDAI_TEST_ENGINE_CACHE=30GB is how much the build cache of the engine that is started here may hold (8GB where
# nothing is said); one that runs with another limit is started again.
#
# Where an engine answers and a registry gives the images, that is all that is used. Elsewhere the
# engine comes from Debian's packages and the images are assembled, all of it in one state folder:
# BACKENDAI_TEST_ENGINE, or ~/.cache/backendai-docker-engine.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The uv image that the generator writes; its knowledge file says which.
UV_IMAGE_FILE="$ENGINE_FOLDER/../../../knowledge/container-images.json"
if [ -z "${UV_IMAGE_VERSION:-}" ] && [ -f "$UV_IMAGE_FILE" ]; then
  UV_IMAGE_VERSION=$(tr -d '\n' <"$UV_IMAGE_FILE" | sed -nE 's/.*"uv": *\{[^}]*"version": *"([^"]+)".*/\1/p')
fi
UV_IMAGE_VERSION=${UV_IMAGE_VERSION:-0.13.9}

# Those that most tests wait for come first. No python:3.8 was ever published on trixie.
NEEDED_IMAGES=(
  debian:trixie-slim python:3.12-slim-trixie "ghcr.io/astral-sh/uv:$UV_IMAGE_VERSION" postgres:17
  python:3.13-slim-trixie python:3.11-slim-trixie python:3.10-slim-trixie redis:8
  debian:bookworm-slim python:3.{13,12,11,10,9,8}-slim-bookworm python:3.9-slim-trixie
  python:3.{13,12,11,10,9,8}-slim
  postgres:18 pgvector/pgvector:pg17 pgvector/pgvector:pg18 mariadb:11.8
)

missing_images() {
  local present image
  present=$(docker image ls --format '{{.Repository}}:{{.Tag}}')
  for image in "${NEEDED_IMAGES[@]}"; do
    grep -qxF "$image" <<<"$present" || printf '%s\n' "$image"
  done
}

# Pulls what it can; prints the images whose registry cannot be reached.
pull() { # pull <image>...
  local image registry unreachable=' ' answer
  for image in "$@"; do
    registry=docker.io
    case $image in *.*/*) registry=${image%%/*} ;; esac
    if [[ $unreachable != *" $registry "* ]]; then
      say "pulling $image"
      answer=$(timeout 600 docker pull --quiet "$image" 2>&1) && continue
      say "could not pull $image: $(tail -n 1 <<<"$answer")"
      # An answer about this one image: its registry can be reached, and knows better than we do.
      grep -qiE 'manifest unknown|manifest for .* not found|: not found$' <<<"$answer" && continue
      unreachable+="$registry "
    fi
    printf '%s\n' "$image"
  done
}

ensure_images() {
  local missing
  mapfile -t missing < <(missing_images)
  [ ${#missing[@]} -gt 0 ] || return 0
  mapfile -t missing < <(pull "${missing[@]}")
  [ ${#missing[@]} -gt 0 ] || return 0
  bash "$ENGINE_FOLDER/base-images.sh" "${missing[@]}"
}

# Whether the engine that answers without our settings is one of the machine's own.
system_engine_answers() {
  [ "${DOCKER_HOST:-}" != "unix://$SOCKET" ] && engine_answers
}

# Runs of several test files at once must not set up the same things.
lock() {
  mkdir -p "$STATE"
  exec 9>"$STATE/lock"
  flock 9
}

case ${1:-} in
  -*)
    [ "$1" = --print-env ] || fail "unknown option $1"
    NEEDED_IMAGES+=("${@:2}")
    ;;
  *) NEEDED_IMAGES+=("$@") ;;
esac

engine='the system engine'
if ! system_engine_answers; then
  engine="the engine in $STATE"
  if ! use_own_engine || ! engine_answers || other_build_cache_asked; then
    lock
    bash "$ENGINE_FOLDER/install-engine.sh"
    use_own_engine
  fi
fi

if [ -n "$(missing_images)" ]; then
  lock
  ensure_images
fi
missing=$(missing_images | paste -sd ' ')
if [ "$engine" = 'the system engine' ] && [ -n "${BACKENDAI_TEST_ENGINE_CACHE:-}" ]; then
  say "BACKENDAI_TEST_ENGINE_CACHE says nothing to the system engine: its build cache is limited by builder.gc of its daemon.json"
fi
say "$engine answers (Docker $(docker version --format '{{.Server.Version}}'))${missing:+, without the images $missing}"

if [ "${1:-}" = --print-env ] && [ "$engine" != 'the system engine' ]; then
  sed 's/^/export /' "$ENGINE_ENV"
fi
