#!/usr/bin/env bash
# Sets up and starts a Docker engine of the tests' own in the state folder, out of Debian's packages.
# Nothing is installed on the machine; called by ensure-engine.sh.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PROGRAMS="$STATE/programs"
COMMANDS="$STATE/bin"
ENGINE_PACKAGES=(docker.io docker-cli containerd docker-buildx docker-compose)
# From the machine's own release: newer ones need a newer glibc.
HOST_PACKAGES=(runc tini)
IPTABLES_PACKAGES=(iptables libip4tc2 libip6tc2 libxtables12 libmnl0 libnftnl11 libnfnetlink0 libnetfilter-conntrack3)

require_supported_machine() {
  [ "$(uname -sm)" = 'Linux x86_64' ] || fail 'no Docker engine answers, and one can be set up on Linux x86_64 only'
  [ "$(. /etc/os-release && printf '%s' "${ID:-}")" = debian ] && [ -x /usr/lib/apt/apt-helper ] ||
    fail 'no Docker engine answers, and one can be set up on Debian only'
  [ "$(id -u)" -eq 0 ] || fail 'no Docker engine answers, and only root can set one up'
  local command
  for command in gpgv xz setsid flock; do
    command -v "$command" >/dev/null || fail "setting up a Docker engine needs the command $command"
  done
}

install_programs() {
  [ -f "$PROGRAMS/complete" ] && return
  rm -rf "$PROGRAMS" "$COMMANDS" "$STATE/cli" "$STATE/docker-config"
  mkdir -p "$COMMANDS" "$STATE/cli" "$STATE/docker-config/cli-plugins"
  unpack_packages "$ENGINE_SUITE" "$PROGRAMS" "${ENGINE_PACKAGES[@]}"
  unpack_packages "$(host_codename)" "$PROGRAMS" "${HOST_PACKAGES[@]}"
  command -v iptables >/dev/null || install_iptables

  local program
  for program in dockerd docker-proxy containerd containerd-shim-runc-v2 runc ctr; do
    ln -sf "$(find_program "$program")" "$COMMANDS/$program"
  done
  ln -sf "$PROGRAMS/usr/bin/tini-static" "$COMMANDS/docker-init"
  # Callers get the client alone on their PATH, not the daemon's parts.
  ln -sf "$(find_program docker)" "$STATE/cli/docker"
  for program in docker-buildx docker-compose; do
    ln -sf "$(find_program "$program")" "$STATE/docker-config/cli-plugins/$program"
  done
  rm -rf "$DOWNLOADS"
  touch "$PROGRAMS/complete"
}

find_program() {
  local path
  path=$(find "$PROGRAMS/usr" -type f -name "$1" -path '*bin*' -print -quit)
  [ -n "$path" ] || path=$(find "$PROGRAMS/usr" -type f -name "$1" -perm -u+x -print -quit)
  [ -n "$path" ] || fail "the unpacked packages hold no $1"
  printf '%s' "$path"
}

# dockerd finds iptables on its PATH; the unpacked one needs to be told where its libraries are.
install_iptables() {
  local flavour command libraries=/usr/lib/x86_64-linux-gnu
  unpack_packages "$(host_codename)" "$PROGRAMS/iptables" "${IPTABLES_PACKAGES[@]}"
  for flavour in nft legacy; do
    for command in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
      cat >"$COMMANDS/$command" <<WRAPPER
#!/bin/sh
export LD_LIBRARY_PATH='$PROGRAMS/iptables$libraries' XTABLES_LIBDIR='$PROGRAMS/iptables$libraries/xtables'
exec '$PROGRAMS/iptables/usr/sbin/xtables-$flavour-multi' $command "\$@"
WRAPPER
      chmod +x "$COMMANDS/$command"
    done
    # Kernels differ in which of the two they have.
    "$COMMANDS/iptables" -t nat -L >/dev/null 2>&1 && return
  done
  fail 'this kernel has neither nftables nor iptables for container networks'
}

write_configuration() {
  # The classic image store: a base image that exists locally is never looked for in a registry.
  cat >"$STATE/daemon.json" <<CONFIGURATION
{
  "hosts": ["unix://$SOCKET"],
  "data-root": "$STATE/data",
  "exec-root": "$STATE/exec",
  "pidfile": "$STATE/docker.pid",
  "group": "root",
  "log-level": "warn",
  "init-path": "$COMMANDS/docker-init",
  "userland-proxy-path": "$COMMANDS/docker-proxy",
  "features": { "containerd-snapshotter": false },
  "builder": { "gc": { "enabled": true, "defaultKeepStorage": "$BUILD_CACHE" } }
}
CONFIGURATION
  cat >"$ENGINE_ENV" <<ENVIRONMENT
DOCKER_HOST='unix://$SOCKET'
DOCKER_CONFIG='$STATE/docker-config'
PATH='$STATE/cli':"\$PATH"
ENVIRONMENT
}

start_daemon() {
  say "starting the Docker engine of $STATE"
  # A pid file left by a machine that went down would name a stranger.
  if [ -f "$STATE/docker.pid" ] && ! grep -qs dockerd "/proc/$(cat "$STATE/docker.pid")/comm"; then
    rm -f "$STATE/docker.pid"
  fi
  PATH="$COMMANDS:$PATH" DOCKER_HOST= setsid nohup "$COMMANDS/dockerd" --config-file "$STATE/daemon.json" \
    >>"$STATE/dockerd.log" 2>&1 </dev/null 9>&- &
  for _ in $(seq 120); do
    engine_answers && return
    kill -0 $! 2>/dev/null || break
    sleep 0.5
  done
  fail "the Docker engine did not start: $(tail -n 1 "$STATE/dockerd.log")"
}

# An engine reads its limits when it starts.
stop_daemon() {
  local pid
  pid=$(cat "$STATE/docker.pid" 2>/dev/null) || return 0
  grep -qs dockerd "/proc/$pid/comm" || return 0
  [ -z "$(docker ps --quiet 2>/dev/null)" ] ||
    fail "the engine of $STATE keeps another size of build cache than $BUILD_CACHE, and containers run on it: stop them first"
  say "stopping the Docker engine of $STATE: it shall keep $BUILD_CACHE of build cache"
  kill "$pid"
  for _ in $(seq 120); do
    # A zombie where the first process of this machine does not wait for its children.
    [ -e "/proc/$pid" ] && ! grep -qs '^State:.*Z' "/proc/$pid/status" || return 0
    sleep 0.5
  done
  fail "the Docker engine (process $pid) did not stop within a minute"
}

require_supported_machine
mkdir -p "$STATE"
install_programs
use_own_engine || :
! other_build_cache_asked || stop_daemon
if ! [ -f "$ENGINE_ENV" ] || ! engine_answers; then
  write_configuration
  use_own_engine
  start_daemon
fi
