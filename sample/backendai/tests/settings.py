"""
Settings of the test run. With SUPABASE_DB_HOST set, the tests use that PostgreSQL server;
without it, SQLite in memory.
"""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ["DEBUG"] = "false"

from backendAI.settings import *  # noqa: E402, F403

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

WHITENOISE_AUTOREFRESH = True  # the tests run without collectstatic

if "SUPABASE_DB_HOST" not in os.environ:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
