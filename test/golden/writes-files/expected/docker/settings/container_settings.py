"""What the environment cannot say to the project's settings, which stay as they are.

In front of: library.settings
DJANGO_SETTINGS_MODULE names this module in the Dockerfile. Each part below can go as soon as the
project reads it from the environment.
"""

import importlib
import os

_name = os.environ.get("PROJECT_SETTINGS_MODULE") or "library.settings"
_project = importlib.import_module(_name)
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})

# The db service of compose.yaml has no TLS, which the project demands (library/settings.py).
DATABASES = dict(getattr(_project, "DATABASES", {}))
_options = DATABASES.get("default", {}).get("OPTIONS") or {}
if os.environ.get("PGSSLMODE") and "sslmode" in _options:
    _options = {**_options, "sslmode": os.environ["PGSSLMODE"]}
    DATABASES["default"] = {**DATABASES["default"], "OPTIONS": _options}
