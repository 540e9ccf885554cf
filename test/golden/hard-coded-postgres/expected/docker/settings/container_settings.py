"""What the environment cannot say to the project's settings, which stay as they are.

In front of: clinic.settings
DJANGO_SETTINGS_MODULE names this module in the Dockerfile. Each part below can go as soon as the
project reads it from the environment.
"""

import importlib
import os
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_name = os.environ.get("PROJECT_SETTINGS_MODULE") or "clinic.settings"
_project = importlib.import_module(_name)
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})

_engines = {
    "postgis": ("django.contrib.gis.db.backends.postgis", ("postg", "psycopg", "psql")),
    "postgres": ("django.db.backends.postgresql", ("postg", "psycopg", "psql")),
    "postgresql": ("django.db.backends.postgresql", ("postg", "psycopg", "psql")),
    "mysql": ("django.db.backends.mysql", ("mysql", "mariadb")),
    "mariadb": ("django.db.backends.mysql", ("mysql", "mariadb")),
    "pgsql": ("django.db.backends.postgresql", ("postg", "psycopg", "psql")),
    "sqlite": ("django.db.backends.sqlite3", ("sqlite", "spatialite")),
}
_address = ("NAME", "USER", "PASSWORD", "HOST", "PORT")
# What any engine takes. (A name in capitals would be a setting.)
_common = ("ATOMIC_REQUESTS", "AUTOCOMMIT", "CONN_HEALTH_CHECKS", "CONN_MAX_AGE", "TIME_ZONE")


def _kept(current, words):
    """What the project sets beside the address; of another engine what any engine takes."""
    if any(word in (current.get("ENGINE") or "") for word in words):
        return {name: value for name, value in current.items() if name not in _address}
    return {name: current[name] for name in _common if name in current}


def _database_from_url(url, current):
    """Return the entry of DATABASES for a URL."""
    try:
        parts = urlsplit(url)
        host, port = unquote(parts.hostname or ""), str(parts.port or "")
    except ValueError:
        # Its message may show a part of the password.
        hint = "reserved characters in the password must be percent-encoded"
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {hint}") from None
    scheme = parts.scheme.split("+")[0]
    if scheme not in _engines:
        known = ", ".join(_engines)
        raise ImproperlyConfigured(f"DATABASE_URL: {scheme}:// is none of: {known}")
    engine, words = _engines[scheme]
    kept = _kept(current, words)
    entry = {"ENGINE": engine, **kept, "NAME": unquote(parts.path[1:])}
    if scheme == "sqlite":
        return entry
    # These would lead to another database, or demand TLS of one that has none.
    replaced = ("passfile", "service", "sslmode")
    options = {k: v for k, v in (kept.get("OPTIONS") or {}).items() if k not in replaced}
    return {
        **entry,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "OPTIONS": {**options, **dict(parse_qsl(parts.query))},
    }


# The environment alone cannot name the database to the project (clinic/settings.py).
DATABASES = dict(getattr(_project, "DATABASES", {}))
if os.environ.get("SUPABASE_DB_HOST"):
    _engine, _words = _engines["postgres"]
    DATABASES["default"] = {
        "ENGINE": _engine,
        **_kept(DATABASES.get("default", {}), _words),
        "NAME": os.environ.get("SUPABASE_DB_NAME") or "postgres",
        "USER": os.environ.get("SUPABASE_DB_USER") or "postgres",
        "PASSWORD": os.environ.get("SUPABASE_DB_PASSWORD", ""),
        "HOST": os.environ["SUPABASE_DB_HOST"],
        "PORT": os.environ.get("SUPABASE_DB_PORT") or "5432",
    }
elif os.environ.get("DATABASE_URL"):
    DATABASES["default"] = _database_from_url(
        os.environ["DATABASE_URL"], DATABASES.get("default", {})
    )

# What a connection to Supabase asks for. Whatever .env says of host and port, this follows.
_strictness = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# Connection strings for other tools hold these; libpq refuses them.
_foreign = (
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


def _for_supabase(entry):
    """Return the entry of DATABASES with the schema, TLS and what a pooler needs."""
    host = str(entry.get("HOST") or "").lower()
    port = str(entry.get("PORT") or "5432").strip()
    options = {k: v for k, v in (entry.get("OPTIONS") or {}).items() if k.lower() not in _foreign}
    # The stricter counts; Supabase's cloud is reached over the internet.
    cloud = host.endswith((".supabase.com", ".supabase.co"))
    modes = [options.get("sslmode"), os.environ.get("PGSSLMODE"), "require" if cloud else None]
    known = [mode for mode in modes if mode in _strictness]
    if known and (cloud or options.get("sslmode") in _strictness):
        options["sslmode"] = max(known, key=_strictness.index)
    schema = (os.environ.get("DB_SCHEMA") or "").strip()
    # The dedicated pooler takes no options; docker/migrate_database.py sets the role's search_path.
    dedicated = port == "6543" and host.startswith("db.") and cloud
    theirs = options.get("options") or ""
    if schema and schema != "public" and not dedicated and "search_path" not in theirs:
        options["options"] = f"{theirs} -c search_path={schema},extensions".strip()
    entry = {**entry, "OPTIONS": options}
    if port == "6543":
        # Each transaction may get another connection, where a cursor of before is unknown.
        entry["DISABLE_SERVER_SIDE_CURSORS"] = True
    age = entry.get("CONN_MAX_AGE", 0)
    # From the environment it may be a text.
    age = int(age) if isinstance(age, str) and age.strip().isdigit() else age
    if age in (0, "") and not options.get("pool"):
        # A new connection over the internet takes several round trips.
        age = int(os.environ.get("DB_CONN_MAX_AGE") or 60)
    if age != 0:
        entry["CONN_MAX_AGE"] = age
        entry["CONN_HEALTH_CHECKS"] = True
    return entry


_engine = DATABASES.get("default", {}).get("ENGINE") or ""
if any(word in _engine for word in ("postg", "psycopg", "psql")):
    DATABASES["default"] = _for_supabase(DATABASES["default"])

# The project names its hosts in the code (clinic/settings.py).
# ALLOWED_HOSTS adds others, separated by commas. (Django refuses what is no list.)
ALLOWED_HOSTS = getattr(_project, "ALLOWED_HOSTS", [])
if isinstance(ALLOWED_HOSTS, (list, tuple)):
    _hosts = [host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",")]
    ALLOWED_HOSTS = [*ALLOWED_HOSTS, *(host for host in _hosts if host)]
