#!/usr/bin/env bash
# The part of the official image's behaviour that Compose files rely on.
set -euo pipefail

DATA=/var/lib/mysql
SOCKET=/run/mysqld/mysqld.sock

fail() {
  printf '[ERROR] [Entrypoint]: %s\n' "$*" >&2
  exit 1
}

# Sets MARIADB_X from MARIADB_X_FILE, which names a secret, or from its old name MYSQL_X.
setting() { # setting ROOT_PASSWORD
  local name="MARIADB_$1" old="MYSQL_$1" file="MARIADB_${1}_FILE"
  if [ -n "${!file:-}" ]; then
    [ -z "${!name:-}" ] || fail "Both $name and $file are set (but are exclusive)"
    export "$name"="$(<"${!file}")"
  else
    export "$name"="${!name:-${!old:-}}"
  fi
  unset "$file"
}

# A text as an SQL string.
quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\\\'}"
}

# A name between backticks.
identifier() { printf '`%s`' "${1//\`/\`\`}"; }

as_root() { MYSQL_PWD=${1:-} mariadb --protocol=socket --socket="$SOCKET" --user=root --skip-ssl; }

initialise() {
  setting ROOT_PASSWORD
  setting ROOT_HOST
  setting RANDOM_ROOT_PASSWORD
  setting DATABASE
  setting USER
  setting PASSWORD
  local empty=${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD:-${MYSQL_ALLOW_EMPTY_PASSWORD:-}}
  if [ -z "$MARIADB_ROOT_PASSWORD$MARIADB_RANDOM_ROOT_PASSWORD$empty" ]; then
    fail 'Database is uninitialized and password option is not specified
	You need to specify one of MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD'
  fi
  if [ -n "$MARIADB_RANDOM_ROOT_PASSWORD" ]; then
    MARIADB_ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64)
    printf '[Note] [Entrypoint]: GENERATED ROOT PASSWORD: %s\n' "$MARIADB_ROOT_PASSWORD"
  fi
  mariadb-install-db --datadir="$DATA" --auth-root-authentication-method=normal --cross-bootstrap --skip-test-db \
    --skip-log-bin --loose-innodb-buffer-pool-dump-at-shutdown=0 >/dev/null

  # No TCP until everything is in place: a health check must not see this server.
  "$@" --skip-networking --socket="$SOCKET" &
  local server=$!
  for _ in $(seq 120); do
    as_root <<<'SELECT 1' >/dev/null 2>&1 && break
    kill -0 "$server" 2>/dev/null || fail 'Unable to start server.'
    sleep 0.25
  done
  if [ -z "${MARIADB_INITDB_SKIP_TZINFO:-}" ]; then
    { echo 'USE mysql;'; mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2>/dev/null; } | as_root
  fi
  local check
  check=$(head -c 24 /dev/urandom | base64)
  (umask 077; printf '[mariadb-client]\nsocket=%s\nuser=healthcheck\npassword=%s\n' "$SOCKET" "$check" >"$DATA/.my-healthcheck.cnf")
  {
    # Made by mariadb-install-db, without a password.
    printf "DROP USER IF EXISTS root@127.0.0.1, root@'::1';\n"
    for host in 127.0.0.1 ::1 localhost; do
      printf "CREATE USER healthcheck@'%s' IDENTIFIED BY '%s';\n" "$host" "$check"
    done
    printf "CREATE USER root@%s IDENTIFIED BY %s;\nGRANT ALL ON *.* TO root@%s WITH GRANT OPTION;\n" \
      "$(quoted "${MARIADB_ROOT_HOST:-%}")" "$(quoted "$MARIADB_ROOT_PASSWORD")" "$(quoted "${MARIADB_ROOT_HOST:-%}")"
    printf "SET PASSWORD FOR root@localhost = PASSWORD(%s);\n" "$(quoted "$MARIADB_ROOT_PASSWORD")"
    if [ -n "$MARIADB_DATABASE" ]; then
      printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(identifier "$MARIADB_DATABASE")"
    fi
    if [ -n "$MARIADB_USER" ] && [ -n "$MARIADB_PASSWORD" ]; then
      printf "CREATE USER %s@'%%' IDENTIFIED BY %s;\n" "$(quoted "$MARIADB_USER")" "$(quoted "$MARIADB_PASSWORD")"
      if [ -n "$MARIADB_DATABASE" ]; then
        # An underscore would stand for any character here.
        printf "GRANT ALL ON %s.* TO %s@'%%';\n" "$(identifier "${MARIADB_DATABASE//_/\\_}")" "$(quoted "$MARIADB_USER")"
      fi
    fi
  } | as_root
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) { [ -z "$MARIADB_DATABASE" ] || printf 'USE %s;\n' "$(identifier "$MARIADB_DATABASE")"; cat "$file"; } | as_root "$MARIADB_ROOT_PASSWORD" ;;
    esac
  done
  kill "$server"
  wait "$server"
  printf '\n[Note] [Entrypoint]: MariaDB init process done. Ready for start up.\n\n'
}

[ "${1:0:1}" != - ] || set -- mariadbd "$@"

# Questions about the program need no database.
wants_help() {
  local argument
  for argument in "$@"; do
    case $argument in -\? | --help | --print-defaults | -V | --version) return 0 ;; esac
  done
  return 1
}

if { [ "${1:-}" = mariadbd ] || [ "${1:-}" = mysqld ]; } && ! wants_help "$@"; then
  if [ "$(id -u)" -eq 0 ]; then
    find "$DATA" /run/mysqld \! -user mysql -exec chown mysql: {} +
    exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
  fi
  [ -d "$DATA/mysql" ] || initialise "$@"
fi

exec "$@"
