"""Settings of the container: those of mysite.settings, and what the environment cannot say to them.

The project's own settings stay as they are. DJANGO_SETTINGS_MODULE names this module in the Dockerfile, and each
part below can go as soon as the project reads it from the environment.
"""

import importlib
import os
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_project = importlib.import_module(os.environ.get("PROJECT_SETTINGS_MODULE", "mysite.settings"))
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})


def _database_from_url(url, current):
    """Return the entry of DATABASES for a URL. What the project sets beside the address stays."""
    parts = urlsplit(url)
    scheme = parts.scheme.split("+")[0]
    kept = {
        name: current[name]
        for name in ("ATOMIC_REQUESTS", "AUTOCOMMIT", "CONN_HEALTH_CHECKS", "CONN_MAX_AGE", "TIME_ZONE")
        if name in current
    }
    if scheme == "sqlite":
        return {**kept, "ENGINE": "django.db.backends.sqlite3", "NAME": unquote(parts.path[1:])}
    if scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(f"DATABASE_URL: {scheme}:// is neither postgres:// nor sqlite://")
    engine, options = "django.db.backends.postgresql", {}
    if any(word in current.get("ENGINE", "") for word in ("postg", "psycopg")):
        engine = current["ENGINE"]
        options = {name: value for name, value in current.get("OPTIONS", {}).items() if name != "sslmode"}
    return {
        **kept,
        "ENGINE": engine,
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {**options, **dict(parse_qsl(parts.query))},
    }


# The environment alone cannot name the database to the project (mysite/settings.py:67).
DATABASES = dict(getattr(_project, "DATABASES", {}))
if os.environ.get("DATABASE_URL"):
    DATABASES["default"] = _database_from_url(os.environ["DATABASE_URL"], DATABASES.get("default", {}))

# The project names its hosts in the code (mysite/settings.py:19); ALLOWED_HOSTS adds others, separated by commas.
ALLOWED_HOSTS = [
    *_project.ALLOWED_HOSTS,
    *(host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host.strip()),
]

# The project has no folder for collectstatic.
STATIC_ROOT = "/app/staticfiles"

# Django serves static files with DEBUG only; WhiteNoise does always. Its place is after SecurityMiddleware.
_middleware = list(_project.MIDDLEWARE)
_place = next((at + 1 for at, name in enumerate(_middleware) if name.endswith(".SecurityMiddleware")), 0)
MIDDLEWARE = [*_middleware[:_place], "whitenoise.middleware.WhiteNoiseMiddleware", *_middleware[_place:]]
