"""What the environment cannot say to the project's settings, which stay as they are.

In front of: mysite.settings
DJANGO_SETTINGS_MODULE names this module in the Dockerfile. Each part below can go as soon as the
project reads it from the environment.
"""

import importlib
import os
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_name = os.environ.get("PROJECT_SETTINGS_MODULE") or "mysite.settings"
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


# The environment alone cannot name the database to the project (mysite/settings.py).
DATABASES = dict(getattr(_project, "DATABASES", {}))
if os.environ.get("DATABASE_URL"):
    DATABASES["default"] = _database_from_url(
        os.environ["DATABASE_URL"], DATABASES.get("default", {})
    )

# The project names its hosts in the code (mysite/settings.py).
# ALLOWED_HOSTS adds others, separated by commas. (Django refuses what is no list.)
ALLOWED_HOSTS = getattr(_project, "ALLOWED_HOSTS", [])
if isinstance(ALLOWED_HOSTS, (list, tuple)):
    _hosts = [host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",")]
    ALLOWED_HOSTS = [*ALLOWED_HOSTS, *(host for host in _hosts if host)]

# The project has no folder for collectstatic, or one that is known only when it runs.
STATIC_ROOT = "/app/staticfiles"
if isinstance(getattr(_project, "STATIC_ROOT", None), os.PathLike):
    STATIC_ROOT = type(_project.STATIC_ROOT)(STATIC_ROOT)

# Django serves static files with DEBUG only, WhiteNoise always: right after SecurityMiddleware.
MIDDLEWARE = list(getattr(_project, "MIDDLEWARE", []))
if not any("whitenoise" in name.lower() for name in MIDDLEWARE):
    _security = [at for at, name in enumerate(MIDDLEWARE) if name.endswith(".SecurityMiddleware")]
    _place = _security[0] + 1 if _security else 0
    MIDDLEWARE.insert(_place, "whitenoise.middleware.WhiteNoiseMiddleware")
