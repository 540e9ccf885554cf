#!/usr/bin/env bash
# The checks of the official image's healthcheck.sh that Compose files ask for.
set -euo pipefail

DEFAULTS=/var/lib/mysql/.my-healthcheck.cnf

ask() {
  local options=()
  [ ! -f "$DEFAULTS" ] || options=(--defaults-extra-file="$DEFAULTS")
  mariadb "${options[@]}" --skip-ssl --protocol socket --batch --skip-column-names --execute "$1"
}

connect() { [ "$(ask 'SELECT @@skip_networking')" = 0 ]; }

innodb_initialized() {
  [ "$(ask "SELECT 1 FROM information_schema.ENGINES WHERE engine = 'innodb' AND support IN ('YES', 'DEFAULT', 'ENABLED')")" = 1 ]
}

[ $# -gt 0 ] || {
  echo 'At least one argument required' >&2
  exit 1
}
connected=no
for check in "$@"; do
  case $check in
    --connect)
      connect || { echo 'healthcheck connect failed' >&2; exit 1; }
      connected=yes
      ;;
    --innodb_initialized) innodb_initialized || { echo 'healthcheck innodb_initialized failed' >&2; exit 1; } ;;
    *)
      echo "healthcheck unknown option or test '$check'" >&2
      exit 1
      ;;
  esac
done
# Without a connection over TCP the other answers may come from the server that only initialises.
[ "$connected" = yes ] || connect
