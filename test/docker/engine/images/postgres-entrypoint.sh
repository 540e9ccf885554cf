#!/usr/bin/env bash
# The part of the official image's behaviour that Compose files rely on.
set -euo pipefail

# Sets a variable from its _FILE twin, which names a secret.
from_file() {
  local file="${1}_FILE"
  if [ -n "${!file:-}" ]; then
    [ -z "${!1:-}" ] || { echo "error: both $1 and $file are set (but are exclusive)" >&2; exit 1; }
    export "$1"="$(<"${!file}")"
  fi
  unset "$file"
}

# From 18 on the data is below /var/lib/postgresql/<major>, and data or a mount in the place of
# earlier majors stops the official image: https://github.com/docker-library/postgres/pull/1259
refuse_data_of_old() {
  [ "$PGDATA" = "/var/lib/postgresql/$PG_MAJOR/docker" ] || return 0
  local place old=()
  for place in /var/lib/postgresql /var/lib/postgresql/data /var/lib/postgresql/*/docker; do
    [ ! -s "$place/PG_VERSION" ] || old+=("$place")
  done
  if [ ${#old[@]} -eq 0 ] && grep -q ' /var/lib/postgresql/data ' /proc/self/mountinfo; then
    old=('/var/lib/postgresql/data (unused mount/volume)')
  fi
  [ ${#old[@]} -gt 0 ] || return 0
  cat >&2 <<MESSAGE
Error: in 18+, these Docker images are configured to store database data in a
       format which is compatible with "pg_ctlcluster" (specifically, using
       major-version-specific directory names).

       Counter to that, there appears to be PostgreSQL data in:
         ${old[*]}
MESSAGE
  exit 1
}

initialise() {
  local auth=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$auth" != trust ]; then
    echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
    echo '       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.' >&2
    exit 1
  fi
  eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\${POSTGRES_PASSWORD:-}\") ${POSTGRES_INITDB_ARGS:-}"
  printf '\nhost all all all %s\n' "$auth" >>"$PGDATA/pg_hba.conf"

  # No TCP until everything is in place: a health check over TCP must not see this server.
  pg_ctl --pgdata "$PGDATA" --options "-c listen_addresses='' -p ${PGPORT:-5432}" --wait start
  local psql=(psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER")
  if [ "$POSTGRES_DB" != postgres ]; then
    "${psql[@]}" --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
  psql+=(--dbname "$POSTGRES_DB")
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) "${psql[@]}" --file "$file" ;;
      *.sql.gz) gunzip --stdout "$file" | "${psql[@]}" ;;
      *.sql.xz) xz --decompress --stdout "$file" | "${psql[@]}" ;;
      *.sql.zst) zstd --decompress --stdout "$file" | "${psql[@]}" ;;
    esac
  done
  pg_ctl --pgdata "$PGDATA" --mode fast --wait stop
  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

[ "${1:0:1}" != - ] || set -- postgres "$@"

# Questions about the program need no database.
wants_help() {
  local argument
  for argument in "$@"; do
    case $argument in -\? | --help | --describe-config | -V | --version) return 0 ;; esac
  done
  return 1
}

if [ "${1:-}" = postgres ] && ! wants_help "$@"; then
  if [ "$(id -u)" -eq 0 ]; then
    mkdir -p "$PGDATA"
    chmod 700 "$PGDATA"
    find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres {} +
    export HOME=/var/lib/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER
  from_file POSTGRES_DB
  from_file POSTGRES_INITDB_ARGS
  export POSTGRES_USER=${POSTGRES_USER:-postgres}
  export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    refuse_data_of_old
    initialise
  fi
fi

exec "$@"
