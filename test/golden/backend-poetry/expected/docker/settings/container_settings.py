"""What the environment cannot say to the project's settings, which stay as they are.

In front of: config.settings.production
DJANGO_SETTINGS_MODULE names this module in the Dockerfile. Each part below can go as soon as the
project reads it from the environment.
"""

import importlib
import os

_name = os.environ.get("PROJECT_SETTINGS_MODULE") or "config.settings.production"
_project = importlib.import_module(_name)
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})

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


DATABASES = dict(getattr(_project, "DATABASES", {}))
_engine = DATABASES.get("default", {}).get("ENGINE") or ""
if any(word in _engine for word in ("postg", "psycopg", "psql")):
    DATABASES["default"] = _for_supabase(DATABASES["default"])
