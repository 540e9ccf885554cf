"""What migrate_database.py and verify_database.py share: how the database is reached, and why not.

Not a command. It runs in the production image, with the Django and the driver of the project.
Passwords never leave this file: every text of a driver goes through mask().
"""

import os
import re
import runpy
import socket
import sys
from collections import namedtuple
from urllib.parse import parse_qsl, unquote

# What the project was prepared for: supabase, postgres, external, mysql or sqlite.
DATABASE = "external"

# Seconds for one attempt, where the settings say nothing.
CONNECT_SECONDS = 10

# Parameters that other programs write into a database's URL (Prisma, JDBC, Supabase's dashboard)
# and that the drivers refuse.
FOREIGN_PARAMETERS = (
    "connection_limit",
    "currentschema",
    "pgbouncer",
    "pool_timeout",
    "schema",
    "socket_timeout",
    "sslaccept",
    "statement_cache_size",
    "supa",
    "workaround",
)

# What libpq takes beside the address: https://www.postgresql.org/docs/current/libpq-connect.html
LIBPQ_PARAMETERS = (
    "application_name channel_binding client_encoding connect_timeout fallback_application_name"
    " gssencmode hostaddr keepalives keepalives_count keepalives_idle keepalives_interval"
    " load_balance_hosts options require_auth requirepeer ssl_max_protocol_version"
    " ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl sslcrldir sslkey sslmode"
    " sslnegotiation sslpassword sslrootcert sslsni target_session_attrs tcp_user_timeout"
)

# --- The connection mode -------------------------------------------------------------------------

# name: as in the answers of the generator; cloud: one of Supabase's own hosts;
# transaction: each transaction may get another connection of the server.
Mode = namedtuple("Mode", "name label cloud transaction")

LOCAL_HOSTS = ("host.docker.internal", "localhost", "127.0.0.1", "::1")


def connection_mode(host, port, supabase=DATABASE == "supabase"):
    """Return the Mode of an address: by its host, then by its port. 6543 means a transaction pool.

    https://supabase.com/docs/guides/database/connecting-to-postgres
    """
    host = str(host or "").strip().lower().rstrip(".")
    port = str(port or "5432").strip()
    transaction = port == "6543"
    if re.search(r"(^|\.)pooler\.supabase\.(com|co)$", host):
        name = "transaction" if transaction else "session"
        return Mode(name, f"Supabase's shared pooler, {name} mode", True, transaction)
    if re.match(r"db\.[a-z0-9-]+\.supabase\.(co|com|in|red)$", host):
        if transaction:
            label = "Supabase's dedicated pooler, transaction mode"
            return Mode("dedicated", label, True, True)
        return Mode("direct", "Supabase, direct connection", True, False)
    if re.search(r"(^|\.)supabase\.(co|com|in|red)$", host):
        return Mode("no-database", "Supabase's API, which is not the database", True, False)
    if host.startswith("/") or not host:
        return Mode("socket", "a socket of this container", False, False)
    if host.startswith("supabase_db_") or (host in LOCAL_HOSTS and port in ("54322", "54329")):
        return Mode("local", "Supabase's CLI on this machine", False, False)
    suffix = ", transaction pooling" if transaction else ""
    if supabase:
        return Mode("self-hosted", f"self-hosted Supabase{suffix}", False, transaction)
    return Mode("other", f"a PostgreSQL server{suffix}", False, transaction)


def is_compose_service(host):
    """A name without a dot: a service of compose.yaml, which may still be starting."""
    return bool(re.match(r"[A-Za-z0-9_-]+$", host or "")) and host.lower() not in LOCAL_HOSTS


# --- Masks ---------------------------------------------------------------------------------------

# Not PWD alone, which is the folder, and not the names of files.
SECRET_NAME = re.compile(
    r"^(?!.*(FILE|PATH|DIR)$).*(PASSW|PASS$|_PWD$|SECRET|TOKEN|KEY|CREDENTIAL)", re.IGNORECASE
)
DATABASE_URL = re.compile(
    r"^\s*[\"']?[a-z0-9+.]*(postg|psql|psycopg|mysql|mariadb)[a-z0-9+]*://", re.I
)
PASSWORD_IN_URL = re.compile(r"(://[^\s:/@]*:)[^\s]*@")
PASSWORD_IN_WORDS = re.compile(
    # Not MySQL's "(using password: YES)".
    r"(\bpass(?:word|wd)?\s*[=:]\s*)(?!YES\)|NO\))('[^']*'|\"[^\"]*\"|[^\s,)]+)",
    re.I,
)


def known_secrets(settings=None, environment=None):
    """Return every text that no output may hold: passwords of the settings and the environment."""
    environment = os.environ if environment is None else environment
    settings = settings or {}
    found = {str(settings.get("PASSWORD") or "")}
    found.update(
        str((settings.get("OPTIONS") or {}).get(name) or "") for name in ("password", "passwd")
    )
    for name, value in environment.items():
        if "://" in value and "@" in value:
            raw = value.split("://", 1)[1].rsplit("@", 1)[0].partition(":")[2]
            # A URL that is read wrongly shows up in parts.
            found.update([raw, unquote(raw), *re.split(r"[/#?@:%\[\]]", raw)])
        elif SECRET_NAME.search(name) and len(value) > 5:
            found.add(value)
    # The local defaults: what is also a name in every message is no secret.
    public = {str(settings.get(name) or "") for name in ("USER", "NAME", "HOST", "PORT")}
    return {secret for secret in found if len(secret) > 2 and secret not in public}


def mask(text, secrets=()):
    """Return the text without passwords."""
    text = str(text)
    for secret in sorted(secrets, key=len, reverse=True):
        pattern = re.escape(secret)
        if len(secret) < 8:  # not in the middle of other words
            pattern = rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"
        text = re.sub(pattern, "***", text)
    return PASSWORD_IN_WORDS.sub(r"\1***", PASSWORD_IN_URL.sub(r"\1***@", text))


# --- Database URLs -------------------------------------------------------------------------------


class UrlError(ValueError):
    """A URL that cannot be read; the message holds nothing of it."""


URL = re.compile(
    r"(?P<scheme>[A-Za-z0-9+.-]+)://"
    # Up to the last @, so that a password may hold any character.
    r"(?:(?P<user>[^:@/]*)(?::(?P<password>.*))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^/?#:@\[\]]*)(?::(?P<port>[0-9]*))?"
    r"(?:/(?P<name>[^?#]*))?(?:\?(?P<query>[^#]*))?(?:#.*)?$",
    re.DOTALL,
)


def parse_url(url, variable="MIGRATION_DATABASE_URL"):
    """Return what a database URL changes in an entry of DATABASES, and its foreign parameters.

    A password may be percent-encoded or, unlike in other readers, hold reserved characters.
    @throws UrlError
    """
    matched = URL.match(url.strip().strip("\"'"))
    if not matched:
        raise UrlError(f"{variable} is not of the form postgresql://USER:PASSWORD@HOST:PORT/NAME")
    scheme = matched["scheme"].split("+")[0].lower()
    vendors = {"postgres": "postgresql", "postgresql": "postgresql", "psql": "postgresql"}
    vendors.update(postgis="postgresql", mysql="mysql", mariadb="mysql", mysqlgis="mysql")
    if scheme not in vendors:
        raise UrlError(f"{variable} must begin with postgresql:// (or mysql://)")
    host = unquote(matched["host"]).strip("[]")
    if not host or not matched["name"]:
        raise UrlError(f"{variable} has no {'database name' if host else 'host'}")
    parameters = parse_qsl(matched["query"] or "", keep_blank_values=True)
    known = LIBPQ_PARAMETERS.split() if vendors[scheme] == "postgresql" else dict(parameters)
    foreign = [name for name, _value in parameters if name not in known]
    entry = {
        "USER": unquote(matched["user"] or ""),
        "PASSWORD": unquote(matched["password"] or ""),
        "HOST": host,
        "PORT": matched["port"] or "",
        "NAME": unquote(matched["name"]),
        "OPTIONS": {name: value for name, value in parameters if name not in foreign},
    }
    return vendors[scheme], entry, foreign


# --- Values that were never filled in ------------------------------------------------------------

PLACEHOLDER = re.compile(
    r"COPY-FROM-DASHBOARD|YOUR[-_]PROJECT[-_]REF|\[?YOUR[-_]PASSWORD\]?|\[YOUR-[A-Z-]+\]",
    re.IGNORECASE,
)


def placeholder_in_environment(environment=None):
    """Return the first database URL of the environment with a placeholder: variable, placeholder.

    Asked before the settings are loaded, which may not be able to read such a URL.
    """
    environment = os.environ if environment is None else environment
    for name, value in sorted(environment.items()):
        found = PLACEHOLDER.search(unquote(value)) if DATABASE_URL.match(value) else None
        if found:
            return name, found.group()
    return None


def placeholder_in_settings(settings, environment=None):
    """Return the first field of the settings with a placeholder: where it stands, placeholder."""
    environment = os.environ if environment is None else environment
    for field in ("HOST", "USER", "PASSWORD", "NAME"):
        value = str(settings.get(field) or "")
        found = PLACEHOLDER.search(unquote(value))
        if found:
            names = [name for name, text in sorted(environment.items()) if value and value in text]
            return (names[0] if names else f"the database's {field}"), found.group()
    return None


def explain_placeholder(place, placeholder):
    mend = "Put the real value into .env: the dashboard shows it under Connect."
    if re.search("PASSWORD", placeholder, re.IGNORECASE):
        mend = "Put the database's password into .env (dashboard: Database, Settings)."
    cause = f"{place} still holds the placeholder {placeholder}."
    return Explanation("configuration", cause, mend, "")


# --- Errors, their causes and mends --------------------------------------------------------------

# kind: authentication, configuration, temporary, schema or unknown. Only `temporary` is worth
# another attempt. text: what the driver said, masked.
Explanation = namedtuple("Explanation", "kind cause mend text")

FROM_DASHBOARD = "Copy the whole string again from the dashboard (Connect), never build it."
IN_ENV = "Correct it in .env and start again."

# The rule of Supabase's CLI for hosts that have only an IPv6 address.
NO_IPV6 = (
    r"address family for hostname not supported|no address associated with hostname"
    r"|network is unreachable"
)
IPV6_LITERAL = r"\(?[0-9a-f]{0,4}:[0-9a-f:]*:[0-9a-f]{1,4}\)?"
NO_ROUTE = r"no route to host|cannot assign requested address"
# EAI_NONAME and EAI_AGAIN, as libpq, Python and the MySQL drivers say it.
NO_NAME = (
    r"could not translate host name|failed to resolve host|name or service not known"
    r"|nodename nor servname|unknown (mysql )?server host|name does not resolve|getaddrinfo failed"
    r"|temporary failure in name resolution"
)
REFUSED = (
    r"connection refused|is the server running|can't connect to (local )?(mysql|server|mariadb)"
)
TIMED_OUT = (
    r"timeout expired|connection timed out|timed out|connection timeout"
    r"|no route to host|host is unreachable|network is unreachable"
)

# kind, pattern, cause, mend. The first that matches counts. {user}, {host}, {port}, {name}: of the
# settings; {1}: a group of the pattern.
RULES = [
    # Supavisor, old and new texts: https://github.com/supabase/supavisor, lib/supavisor/errors
    (
        "authentication",
        r"ECIRCUITBREAKER|too many authentication failures",
        "After too many wrong passwords the pooler has blocked this address for a while.",
        "Stop whatever tries again, correct the password in .env, wait two minutes, start once.",
    ),
    (
        "configuration",
        r"EADDRNOTALLOWED|address not in tenant allow_list",
        "Supabase's network restrictions do not let this address in.",
        "Allow it in the dashboard: Database, Settings, Network Restrictions.",
    ),
    (
        "configuration",
        r"ESSLREQUIRED|SSL connection is required",
        "The server demands TLS.",
        "Set PGSSLMODE=require in .env.",
    ),
    (
        "configuration",
        r"EBANNED|tenant is banned",
        "Supabase has closed this project.",
        "The dashboard says why.",
    ),
    (
        "configuration",
        r"ENOIDENTIFIER|no tenant identifier provided",
        'The user "{user}" does not say which project: at the pooler it is postgres.PROJECT-REF.',
        FROM_DASHBOARD,
    ),
    (
        "configuration",
        r"EINVALIDUSERINFO|Invalid format for user or db_name",
        'The pooler cannot read the user "{user}" or the database "{name}".',
        FROM_DASHBOARD,
    ),
    (
        "temporary",
        r"EMAXCONNSESSION|EMAXCLIENTSESSION|MaxClientsInSessionMode"
        r"|max clients reached.{0,5}in session mode",
        "All clients that the session pooler lets in are taken.",
        "Fewer workers or threads, a smaller CONN_MAX_AGE, or a larger pool size in the dashboard.",
    ),
    (
        "temporary",
        r"EMAXCONN|max client connections reached|no more connections allowed",
        "The pooler lets no more clients in.",
        "Fewer workers or threads, or a larger limit (dashboard: Database, Settings).",
    ),
    (
        "temporary",
        r"ECHECKOUTTIMEOUT|unable to check ?out|Pool checkout timeout|query_wait_timeout",
        "Every connection of the pool was busy for too long.",
        "Look for slow queries and open transactions; a larger pool helps too.",
    ),
    (
        "temporary",
        r"EDBHANDLEREXITED|DbHandler exited|EPOOLTERMINATING|pool terminating"
        r"|connection to database (closed|not available)|auth_query connection failed|EAUTHTIMEOUT"
        r"|server_login_retry|server conn crashed",
        "The pooler has lost the database behind it.",
        "If this stays: the dashboard shows the project's state; a paused one must be restored.",
    ),
    (
        "configuration",
        r"ESETNOTALLOWED|session-level SET statements are not allowed",
        "In transaction mode the pooler refuses SET for a session.",
        "Use the session pooler: port 5432 instead of 6543.",
    ),
    # Logging in.
    (
        "configuration",
        r"no password supplied|password is empty|using password: NO",
        'No password for "{user}" has been set.',
        "Put it into .env.",
    ),
    (
        "configuration",
        r'role "([^"]*)" (does not exist|is not permitted to log in)',
        'The server knows no user "{1}" that may log in.',
        "Correct the user in .env.",
    ),
    (
        "configuration",
        r'database "([^"]*)" does not exist|no such database: (\S+)',
        'There is no database "{1}" on the server.',
        "Correct the database's name in .env (at Supabase it is postgres).",
    ),
    (
        "configuration",
        r"no pg_hba\.conf entry.*(no encryption|SSL off)",
        "The server lets no connection in that is not encrypted.",
        "Set PGSSLMODE=require in .env.",
    ),
    (
        "configuration",
        r"no pg_hba\.conf entry",
        'The server does not let "{user}" in from this address.',
        "Allow it in the server's pg_hba.conf.",
    ),
    # What a pooler does not take.
    (
        "configuration",
        r"unsupported startup parameter",
        "This pooler (PgBouncer) refuses the parameter `options`, which carries the search_path.",
        "Unset PGOPTIONS and OPTIONS['options']; migrate_database.py sets the role's search_path.",
    ),
    (
        "configuration",
        r'prepared statement "[^"]*" (does not exist|already exists)|DuplicatePreparedStatement',
        "Prepared statements do not survive in a transaction pool (port 6543).",
        "Use port 5432, or remove server_side_binding and prepare_threshold from OPTIONS.",
    ),
    (
        "configuration",
        r'cursor "_django_curs_[^"]*" does not exist',
        "Server-side cursors do not survive in a transaction pool (port 6543).",
        "Set DISABLE_SERVER_SIDE_CURSORS to True for this database, or use port 5432.",
    ),
    # TLS.
    (
        "configuration",
        r'root certificate file "([^"]*)" does not exist|could not read root certificate file'
        r' "([^"]*)"',
        "The file {1} with the certificate authority (PGSSLROOTCERT) cannot be read here.",
        "Mount it, readable for all. For Supabase's cloud the image has it:"
        " PGSSLROOTCERT=/app/docker/supabase-ca.crt",
    ),
    (
        "configuration",
        r"server certificate for .* does not match host name|certificate.*host ?name.*mismatch",
        "The server's certificate is for another host than {host}.",
        "Use the host name that the certificate is for, not an alias or an address.",
    ),
    (
        "configuration",
        r"certificate verify failed|self.signed certificate|unable to get local issuer"
        r"|unknown ca\b",
        "The server's certificate is of no authority that this container trusts.",
        "Set PGSSLROOTCERT to the authority's file"
        " (Supabase's cloud: /app/docker/supabase-ca.crt, which the image has).",
    ),
    (
        "configuration",
        r"server does not support SSL|server refused TLS|SSL is not supported"
        r"|Server doesn't support SSL",
        "The server has no TLS, which PGSSLMODE demands.",
        "Set PGSSLMODE=disable in .env; never for a server that is reached over the internet.",
    ),
    (
        "configuration",
        r"invalid sslmode value|weak sslmode",
        "PGSSLMODE has a value that the driver does not take.",
        "Set it to require, or to verify-full with PGSSLROOTCERT.",
    ),
    (
        "configuration",
        r"received invalid response to SSL negotiation|expected authentication request from server",
        "What answers at {host}:{port} is no PostgreSQL server.",
        "Correct host and port in .env.",
    ),
    # The settings.
    (
        "configuration",
        r"Servname not supported|invalid port number|invalid integer value .* \"port\"",
        "The port of the database is no number that a server can have.",
        "Correct the port in .env: 5432, or 6543 for Supabase's transaction pooler.",
    ),
    (
        "configuration",
        r'invalid (?:connection option|URI query parameter:?|dsn.*option) "([^"]*)"'
        r"|unexpected keyword argument '([^']*)'",
        'The driver does not know "{1}": a parameter of another program or another database.',
        "Remove it from the URL in .env, or from OPTIONS of the settings.",
    ),
    (
        "configuration",
        r"Pooling doesn't support persistent connections",
        "OPTIONS['pool'] and CONN_MAX_AGE exclude each other.",
        "Set CONN_MAX_AGE to 0, or remove the pool.",
    ),
    (
        "configuration",
        r"Error loading (psycopg_pool|psycopg2|MySQLdb|mysqlclient)"
        r"|No module named '(psycopg\w*|MySQLdb)'"
        r"|Database pooling requires",
        "The database's driver is not in the image.",
        "Add it to the project's requirements and build again.",
    ),
    (
        "configuration",
        r"is required \(found|(?:PostgreSQL|MySQL|MariaDB|SQLite) [\d.]+ or later is required",
        "The database server is too old for this Django.",
        "Update the server, or use an older Django.",
    ),
    (
        "configuration",
        r"settings\.DATABASES is improperly configured|Please supply the (NAME|ENGINE)",
        "The settings name no database.",
        "Set the database's variables in .env (see .env.example).",
    ),
    (
        "configuration",
        r"Set the (\w+) environment variable|(\w+) not found\. Declare it as envvar"
        r"|required to be set as the environment variable '(\w+)'"
        r'|^\'([A-Z][A-Z0-9_]{3,})\'$|Environment variable "?(\w+)"? (?:is )?not set',
        "The settings need the variable {1}, which is not set.",
        "Set it in .env (see .env.example).",
    ),
    # The server's state.
    (
        "temporary",
        r"database system is (starting up|shutting down|in recovery mode|not yet accepting)"
        r"|the database system is not accepting connections|Server shutdown in progress"
        r"|terminating connection due to administrator command",
        "The server is starting or stopping.",
        "Wait a moment; the server's log says more.",
    ),
    (
        "temporary",
        r"too many clients already|remaining connection slots|too many connections",
        "The server has no free connection.",
        "Fewer workers or threads, a smaller CONN_MAX_AGE, or a pooler.",
    ),
    (
        "configuration",
        r"cannot execute .* in a read-only transaction|read.only mode",
        "The database is read-only (Supabase does this when its disk is full).",
        "Free some space or enlarge the disk; the dashboard says how.",
    ),
    (
        "configuration",
        r"canceling statement due to statement timeout",
        "A statement took longer than the server allows (statement_timeout).",
        "Raise it for this role: ALTER ROLE ... SET statement_timeout = '10min'.",
    ),
    (
        "temporary",
        r"canceling statement due to lock timeout|deadlock detected|Lock wait timeout exceeded",
        "Something else holds a lock on the same table.",
        "Stop web and workers, or wait, and start again.",
    ),
    # Schemas and rights.
    (
        "schema",
        r"no schema has been selected to create in",
        "No schema of the search_path exists.",
        "Run `docker compose run --rm migrate`, which creates DB_SCHEMA.",
    ),
    (
        "schema",
        r'schema "([^"]*)" does not exist',
        'There is no schema "{1}".',
        "Run `docker compose run --rm migrate`, which creates DB_SCHEMA.",
    ),
    (
        "schema",
        r'extension "([^"]*)" is not available'
        r"|could not open extension control file.*/(\w+)\.control",
        'The server does not have the extension "{1}".',
        "Use an image or a server that has it (pgvector: pgvector/pgvector).",
    ),
    (
        "schema",
        r"permission denied to create extension",
        "This user may not create an extension.",
        "Let an administrator create it once in this database.",
    ),
    (
        "schema",
        r'type "((?:half|sparse)?vec(?:tor)?)" does not exist',
        'The type "{1}" of pgvector is not in the search_path.',
        "CREATE EXTENSION vector WITH SCHEMA extensions (migrate_database.py does this).",
    ),
    (
        "schema",
        r'permission denied for (schema|database|table|sequence) "?([^"\s]+)"?',
        'The user "{user}" lacks a right on the {1} {2}.',
        "Log in as its owner, or GRANT what is missing.",
    ),
    (
        "schema",
        r"must be (?:owner of|able to SET ROLE) (.+)",
        'The user "{user}" does not own what is to be changed: {1}.',
        "Log in as its owner (MIGRATION_DATABASE_URL).",
    ),
    (
        "schema",
        r'relation "([^"]*)" does not exist|no such table: (\S+)|Table \'([^\']*)\' doesn\'t exist',
        'The table "{1}" is not there: not migrated, or in a schema outside the search_path.',
        "Run `docker compose run --rm migrate`.",
    ),
    # SQLite.
    (
        "configuration",
        r"attempt to write a readonly database|readonly database",
        "The SQLite file or its folder cannot be written to: {name}",
        "Keep it on a volume that belongs to user 10001.",
    ),
    (
        "configuration",
        r"unable to open database file",
        "The SQLite file cannot be opened: {name}",
        "Its folder must exist on a volume that belongs to user 10001.",
    ),
    (
        "temporary",
        r"database (table )?is locked",
        "Another process writes to the SQLite file.",
        "Wait, or stop the other one.",
    ),
    (
        "configuration",
        r"file is not a database|database disk image is malformed",
        "The file is no SQLite database, or a damaged one: {name}",
        "Restore it from a backup, or correct its path in .env.",
    ),
    (
        "configuration",
        r"database or disk is full|No space left on device",
        "The disk is full.",
        "Free some space.",
    ),
]

# Numbers of MySQL's and MariaDB's errors: https://dev.mysql.com/doc/mysql-errors/8.4/en/
MYSQL_RULES = {
    1040: ("temporary", "The server has no free connection.", "Fewer workers or threads."),
    1044: (
        "configuration",
        '"{user}" may not use the database "{name}", if there is one.',
        "GRANT it, or correct .env.",
    ),
    1045: ("authentication", 'The server refuses "{user}" with this password.', IN_ENV),
    1049: ("configuration", 'There is no database "{name}" on the server.', IN_ENV),
    1053: ("temporary", "The server is shutting down.", "Wait a moment."),
    1130: ("configuration", "The server lets nobody in from this address.", "GRANT to 'user'@'%'."),
    1146: ("schema", "A table is missing.", "Run `docker compose run --rm migrate`."),
    1205: ("temporary", "Something else holds a lock.", "Stop web and workers, start again."),
    1251: ("configuration", "Driver and server share no way to log in.", "Update the driver."),
    1698: ("authentication", 'The server does not let "{user}" in by password.', IN_ENV),
    2006: ("temporary", "The server has closed the connection.", "Its log says why."),
    2013: ("temporary", "The server has closed the connection.", "Its log says why."),
    2026: (
        "configuration",
        "The TLS connection failed.",
        "Compare OPTIONS['ssl'] with the server's.",
    ),
    2059: ("configuration", "The driver lacks the server's way to log in.", "Update the driver."),
    2061: ("configuration", "The server's way to log in needs TLS.", "Set OPTIONS['ssl']."),
}

# SQLSTATEs of a language that the server may speak: the texts of the rules are English.
SQLSTATES = {
    "28P01": "password authentication failed",
    "28000": "password authentication failed",
    "3D000": 'database "{name}" does not exist',
    "3F000": "no schema has been selected to create in",
    "53300": "too many connections",
    "57P01": "terminating connection due to administrator command",
    "57P03": "the database system is starting up",
}


def explain(error, settings=None):
    """Return the Explanation of an error of the driver, of Django or of loading the settings.

    @param settings the entry of DATABASES that was used
    """
    settings = settings or {}
    texts, state, number = _facts_of(error)
    secrets = known_secrets(settings)
    text = mask(texts, secrets).strip()
    about = {
        name.lower(): str(settings.get(name) or "") for name in ("USER", "HOST", "PORT", "NAME")
    }
    about["port"] = about["port"] or "5432"
    about["secrets"] = secrets
    found = (
        _explain_url(texts)
        or _explain_read_only(texts)
        or _explain_mysql(number, texts, about)
        or _explain_text(texts, about)
    )
    if not found and state in SQLSTATES:
        found = _explain_text(SQLSTATES[state].format(**about), about)
    if not found:
        return Explanation("unknown", f"{type(error).__name__}: {_first_line(text)}", "", text)
    kind, cause, mend = found
    # A URL that is read wrongly: the message may hold any part of the password.
    shown = "" if _explain_url(texts) else text
    return Explanation(kind, cause, mend, shown)


def _facts_of(error):
    """Return all messages of an error and its causes, the SQLSTATE and MySQL's number."""
    texts, state, number, seen = [], None, None, set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        state = state or getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
        arguments = getattr(error, "args", ())
        if number is None and len(arguments) > 1 and isinstance(arguments[0], int):
            number = arguments[0]
        if str(error) not in texts:
            texts.append(str(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(texts), state, number


def _first_line(text):
    return (text.strip().splitlines() or [""])[0][:300]


def _explain_url(text):
    pattern = (
        r"not a valid url|Port could not be cast|Port out of range|Invalid IPv6 URL"
        r"|under NFKC normalization|does not appear to be an IPv4 or IPv6"
        r"|invalid percent-encoded token|DATABASE_URL cannot be read"
    )
    if not re.search(pattern, text, re.IGNORECASE):
        return None
    cause = "The database's URL cannot be read: its password holds reserved characters."
    return (
        "configuration",
        cause,
        "Percent-encode them in .env: / is %2F, # is %23, @ is %40, : is %3A.",
    )


def _explain_read_only(text):
    """A folder that the settings make, in a container whose root is read-only."""
    found = re.search(r"Read-only file system: '([^']*)'", text)
    if not found:
        return None
    cause = f"The application writes to {found[1]}, and the container's root is read-only."
    mend = "Lead it to /tmp or to a volume: by a variable of the settings, or in compose.yaml."
    return "configuration", cause, mend


def _explain_mysql(number, text, about):
    if number in MYSQL_RULES:
        kind, cause, mend = MYSQL_RULES[number]
        return kind, cause.format(**about), mend
    if number == 2002 and re.search(r"\.sock\b", text):
        cause = "The driver looks for a socket in this container: an empty HOST or localhost."
        return "configuration", cause, "Set the database's host in .env."
    if number in (2002, 2003, 2005):
        return _explain_network(text, {**about, "port": about["port"].replace("5432", "3306")})
    return None


def _explain_text(text, about):
    return (
        _explain_login(text, about) or _explain_rules(text, about) or _explain_network(text, about)
    )


def _explain_rules(text, about):
    for kind, pattern, cause, mend in RULES:
        found = re.search(pattern, text, re.IGNORECASE)
        if found:
            groups = [mask(group, about["secrets"]) for group in found.groups() if group]
            groups += ["", ""]
            return kind, cause.format("", *groups, **about), mend
    return None


def _explain_login(text, about):
    """The password, the user, and the pooler that does not know the user's project."""
    mode = connection_mode(about["host"], about["port"])
    pooler = mode.name in ("session", "transaction")
    if re.search(r"ECIRCUITBREAKER|too many authentication failures", text):
        return None
    if re.search(r"\(ENOTFOUND\)|Tenant or user not found|tenant/user \S+ not found", text, re.I):
        if "." not in about["user"]:
            cause = (
                f'The user "{about["user"]}" does not say which project: postgres.PROJECT-REF does.'
            )
            return "configuration", cause, FROM_DASHBOARD
        cause = (
            f'The pooler {about["host"]} does not know "{about["user"]}": the wrong host (aws-N'
            " cannot be guessed) or project, or a paused one."
        )
        return "configuration", cause, FROM_DASHBOARD
    failed = (
        r"password authentication failed|SASL authentication failed|SCRAM exchange|wrong password"
        r"|EWRONGPASSWORD|authentication failed for user|EAUTHQUERY|user not found in the database"
        r"|no such user|server login failed"
    )
    if re.search(r"auth_query connection failed", text) or not re.search(failed, text, re.I):
        return None
    if pooler and "." not in about["user"]:
        cause = f'The pooler needs the user postgres.PROJECT-REF, not "{about["user"]}".'
        return "authentication", cause, FROM_DASHBOARD
    cause = f'The server refuses "{about["user"]}" with this password.'
    mend = "Correct the password in .env and start once."
    if pooler and not about["user"].startswith("postgres."):
        mend += " Roles of your own often fail at the shared pooler: try postgres.PROJECT-REF."
    elif pooler:
        mend += " After 10 wrong ones the pooler blocks this address (reset: Database, Settings)."
    elif mode.cloud:
        mend += " After a few wrong ones Supabase refuses this address for 30 minutes."
    elif is_compose_service(about["host"]):
        mend += " A container keeps the password that its volume was made with."
    return "authentication", cause, mend


def _explain_network(text, about):
    """Names, routes, ports: what is worth another attempt depends on the host."""
    host, port = about["host"], about["port"]
    mode = connection_mode(host, port)
    low = text.lower()
    no_name = re.search(NO_NAME, low)
    is_ipv6 = re.search(NO_IPV6, low) or (re.search(IPV6_LITERAL, low) and re.search(NO_ROUTE, low))
    if mode.name == "no-database" and (
        no_name or is_ipv6 or re.search(f"{REFUSED}|{TIMED_OUT}", low)
    ):
        return "configuration", f"{host} is Supabase's API, not the database.", FROM_DASHBOARD
    if mode.name in ("direct", "dedicated") and (is_ipv6 or no_name) and "temporary" not in low:
        cause = f"{host} has only an IPv6 address, which Docker's networks do not reach"
        cause += ", or the project is paused." if no_name or "no address" in low else "."
        mend = "Use the session pooler's string (dashboard, Connect)"
        return "configuration", cause, f"{mend}; a paused project is restored there too."
    if no_name or "no address associated with hostname" in low:
        if "temporary failure" in low:
            cause = f"The name {host} cannot be looked up at the moment."
            return "temporary", cause, "Check the name, and the DNS of Docker's host."
        if mode.cloud:
            cause = f"There is no host {host}: mistyped, or the project is paused."
            return "configuration", cause, f"Restore the project in the dashboard. {FROM_DASHBOARD}"
        if host == "host.docker.internal":
            cause = "host.docker.internal is not known in this container."
            return "configuration", cause, 'Add extra_hosts: ["host.docker.internal:host-gateway"].'
        if is_compose_service(host):
            cause = f"No service called {host} runs on this container's network."
            return (
                "temporary",
                cause,
                f"Start it (docker compose up {host}), or correct the host in .env.",
            )
        return "configuration", f"There is no host {host}.", "Correct the host in .env."
    if is_ipv6 and mode.cloud:
        return "configuration", f"This container cannot reach {host} over IPv6.", FROM_DASHBOARD
    if re.search(REFUSED, low) and not re.search(TIMED_OUT, low):
        return ("temporary", *_refused(host, port, mode))
    if re.search(TIMED_OUT, low) or is_ipv6:
        cause = f"{host}:{port} does not answer."
        if mode.name == "session":
            cause = f"{host}:{port} does not answer in time, or all its places are taken."
        mend = "Check host and port, and what lies between: a firewall, a VPN, an allow list."
        return "temporary", cause, mend
    if re.search(
        r"server closed the connection|connection reset|SSL SYSCALL|SSL error: unexpected eof"
        r"|could not receive data|lost connection|connection (was )?closed|terminated abnormally",
        low,
        re.I,
    ):
        cause = f"{host}:{port} has closed the connection."
        return "temporary", cause, "The server's log says why; a wrong port can be the reason too."
    return None


def _refused(host, port, mode):
    if mode.name == "socket":
        return "No server runs in this container.", "Set the database's host in .env."
    if mode.name == "local":
        cause = f"Nothing listens at {host}:{port}."
        return cause, "Run `supabase start`; in a container the host is host.docker.internal."
    if host.lower() in LOCAL_HOSTS[1:]:
        cause = f"{host} is this container itself, where nothing listens on port {port}."
        mend = "Use the service's name, or host.docker.internal for a server on Docker's host."
        return cause, f"Set the database's variables in .env (see .env.example). {mend}"
    if mode.name in ("direct", "dedicated"):
        cause = (
            f"{host}:{port} refuses this address: the server restarts, or it saw wrong passwords."
        )
        return cause, "After wrong passwords wait 30 minutes, or unban in Database, Settings."
    if mode.cloud:
        cause = (
            f"{host}:{port} refuses connections: the pooler restarts, or something on the way does."
        )
        return cause, "If this stays: look at the project's state in the dashboard."
    cause = f"Nothing listens at {host}:{port} (yet)."
    return cause, "Start the server, or correct host and port in .env."


# --- The project ---------------------------------------------------------------------------------


def run_in_project(work, argv):
    """Run work() as a command of the project's manage.py would run, and return what it returns.

    manage.py may add to sys.path, read a .env file or install django-configurations: so it runs as
    it is, up to where Django would carry out the command of argv.
    @param argv as for manage.py: ["manage.py", "migrate"]
    """
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [
        os.getcwd(),
        *(path for path in sys.path if os.path.abspath(path or ".") != here),
    ]
    sys.argv = list(argv)
    from django.core import management

    outcome = {}
    originals = management.execute_from_command_line, management.ManagementUtility.execute

    def install(functions):
        management.execute_from_command_line, management.ManagementUtility.execute = functions

    def instead(*_arguments, **_options):
        if "called" in outcome:
            return
        outcome["called"] = True
        install(originals)
        try:
            set_up_django()
            outcome["value"] = work()
        except BaseException as error:  # whatever manage.py does with errors: raised again below
            outcome["error"] = error
        finally:
            install((instead, instead))

    if os.path.isfile("manage.py"):
        install((instead, instead))
        try:
            runpy.run_path("manage.py", run_name="__main__")
        except (Exception, SystemExit):
            if "called" not in outcome and not os.environ.get("DJANGO_SETTINGS_MODULE"):
                raise
        finally:
            install(originals)
    if "called" not in outcome:
        instead()
        install(originals)
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def set_up_django():
    import django

    if os.environ.get("DJANGO_CONFIGURATION") and "configurations" not in sys.modules:
        import configurations

        configurations.setup()
    django.setup()


# --- Connecting ----------------------------------------------------------------------------------


def ssl_mode(settings):
    """Return libpq's sslmode as it counts: OPTIONS, then PGSSLMODE, then its default."""
    options = settings.get("OPTIONS") or {}
    return options.get("sslmode") or os.environ.get("PGSSLMODE") or "prefer"


def addresses_of(host, port):
    """Return the addresses of a host, IPv4 first; none where it has none or needs none."""
    if not host or host.startswith("/") or "," in host:
        return []
    try:
        found = socket.getaddrinfo(host, int(port or 5432), type=socket.SOCK_STREAM)
    except (OSError, ValueError, UnicodeError):
        return []
    ordered = sorted(found, key=lambda item: item[0] != socket.AF_INET)
    return list(dict.fromkeys(item[4][0] for item in ordered))


def address_family(address):
    return "IPv6" if ":" in address else "IPv4"


def connect_once(connection, seconds=CONNECT_SECONDS):
    """Return a connected copy of one of Django's connections, after one log-in at most.

    Drivers log in more often than once: libpq's sslmode=prefer without TLS after it was refused
    with it, psycopg 3 at every address of the host. With a wrong password this locks out sooner.
    """
    copy = connection.copy()
    settings = copy.settings_dict
    options = dict(settings.get("OPTIONS") or {})
    options.pop("pool", None)
    settings["OPTIONS"] = options
    settings["CONN_MAX_AGE"] = None
    if copy.vendor in ("postgresql", "mysql"):
        options.setdefault("connect_timeout", seconds)
    if copy.vendor != "postgresql":
        copy.ensure_connection()
        return copy
    # An idle connection, such as one that holds a lock, is not forgotten on the way.
    options.setdefault("keepalives_idle", 60)
    given, first_error = dict(options), None
    for address in _addresses_to_try(settings):
        for sslmode, next_way in _ssl_modes_to_try(settings, given):
            settings["OPTIONS"] = {**given, **address, **sslmode}
            try:
                copy.ensure_connection()
                return copy
            except Exception as error:
                copy.close()
                text = str(error)
                # IPv4 comes first: what it meets says more than an unreachable IPv6 address.
                first_error = first_error or error
                if next_way and re.search(next_way, text, re.IGNORECASE):
                    first_error = None
                    continue
                network = f"{REFUSED}|{TIMED_OUT}|{NO_IPV6}|{NO_ROUTE}"
                if not re.search(network, text, re.IGNORECASE):
                    raise
                break
    raise first_error


def _addresses_to_try(settings):
    if (settings.get("OPTIONS") or {}).get("hostaddr"):
        return [{}]
    found = addresses_of(settings.get("HOST"), settings.get("PORT"))
    return [{"hostaddr": address} for address in found] or [{}]


def _ssl_modes_to_try(settings, options):
    """The steps of libpq's prefer and allow, and the errors after which the next one is taken."""
    if str(settings.get("HOST") or "/").startswith("/"):
        return [({}, None)]
    mode = ssl_mode({"OPTIONS": options})
    # Both never verify the server, even where PGSSLROOTCERT is set.
    with_tls = {"sslmode": "require", "sslrootcert": "/nonexistent"}
    without_tls = {"sslmode": "disable"}
    if mode == "prefer":
        return [(with_tls, r"does not support SSL|no pg_hba\.conf entry"), (without_tls, None)]
    if mode == "allow":
        return [(without_tls, r"no pg_hba\.conf entry|SSL.*required"), (with_tls, None)]
    return [({}, None)]


def peer_address(connection):
    """Return the address of the server at the other end of the socket; None where it has none."""
    driver = connection.connection
    try:
        # PyMySQL keeps its socket to itself.
        descriptor = (driver if hasattr(driver, "fileno") else driver._sock).fileno()
        with socket.socket(fileno=os.dup(descriptor)) as copy:
            name = copy.getpeername()
    except (AttributeError, OSError, TypeError):
        return None
    return name[0] if isinstance(name, tuple) else None


def tls_of(connection):
    """Return whether the client's side of a PostgreSQL connection is encrypted, and its version.

    The server's pg_stat_ssl would show the connection between pooler and server.
    """
    driver = connection.connection
    if hasattr(driver, "pgconn"):
        return bool(driver.pgconn.ssl_in_use), ""
    information = driver.info
    if not information.ssl_in_use:
        return False, ""
    return True, information.ssl_attribute("protocol") or ""


def rows(connection, query, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def value(connection, query, parameters=None):
    return rows(connection, query, parameters)[0][0]


def says_public(environment=None):
    """Whether DB_SCHEMA asks for the schema public."""
    environment = os.environ if environment is None else environment
    return environment.get("DB_SCHEMA", "").strip() == "public"


def unreadable_url(settings):
    """Return an Explanation where a URL was taken apart wrongly, or None.

    dj-database-url and django-environ end the password at the first / and take the rest for the
    name of the database.
    """
    if "@" not in str(settings.get("NAME") or ""):
        return None
    return Explanation(
        "configuration",
        "The database's URL cannot be read: its password holds a reserved character.",
        "Percent-encode it in .env: / is %2F, # is %23, @ is %40, ? is %3F, % is %25.",
        "",
    )


def private_schema(environment=None):
    """Return DB_SCHEMA where it names a schema of Django's own; else an empty text."""
    environment = os.environ if environment is None else environment
    name = environment.get("DB_SCHEMA", "").strip()
    return "" if name == "public" else name


# --- Django's tables and Supabase's roles --------------------------------------------------------

API_ROLES = ("anon", "authenticated")


def django_tables(connection):
    """Return the names of the tables that Django makes: of models, many-to-many, caches."""
    from django.conf import settings

    caches = [
        cache.get("LOCATION")
        for cache in settings.CACHES.values()
        if "DatabaseCache" in str(cache.get("BACKEND"))
    ]
    tables = connection.introspection.django_table_names(only_existing=False, include_views=False)
    return sorted({"django_migrations", *tables, *(name for name in caches if name)})


def open_tables(connection, schema):
    """Return Django's tables that the Data API's roles reach: table, role, rights, policies.

    What counts is the right on the schema, the right on the table or a column, and row level
    security: without policies it hides every row.
    """
    return rows(
        connection,
        """
        select c.relname, r.rolname,
               has_any_column_privilege(r.oid, c.oid, 'SELECT') as readable,
               c.relrowsecurity as row_security,
               exists (select 1 from pg_policy p where p.polrelid = c.oid
                       and p.polroles && array[0::oid, r.oid]) as policies
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        cross join pg_roles r
        where n.nspname = %s and c.relkind in ('r', 'p') and c.relname = any(%s)
          and r.rolname = any(%s)
          and has_schema_privilege(r.oid, n.oid, 'USAGE')
          and (has_any_column_privilege(r.oid, c.oid, 'SELECT')
               or has_table_privilege(r.oid, c.oid, 'INSERT,UPDATE,DELETE'))
        order by 1, 2
        """,
        [schema, django_tables(connection), list(API_ROLES)],
    )


def exposed_tables(connection, schema):
    """Return table → roles that can read or change it without any row level security."""
    exposed = {}
    for table, role, _readable, row_security, _policies in open_tables(connection, schema):
        if not row_security:
            exposed.setdefault(table, []).append(role)
    return exposed
