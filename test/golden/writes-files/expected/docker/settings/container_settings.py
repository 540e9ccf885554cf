"""Settings of the container: those of library.settings, and what the environment cannot say to them.

The project's own settings stay as they are. DJANGO_SETTINGS_MODULE names this module in the Dockerfile, and each
part below can go as soon as the project reads it from the environment.
"""

import importlib
import os

_project = importlib.import_module(os.environ.get("PROJECT_SETTINGS_MODULE", "library.settings"))
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})

# The project demands TLS of its database (library/settings.py:16), which the db service of compose.yaml has not.
DATABASES = dict(_project.DATABASES)
if os.environ.get("PGSSLMODE") and "sqlite" not in DATABASES["default"].get("ENGINE", ""):
    _options = {**DATABASES["default"].get("OPTIONS", {}), "sslmode": os.environ["PGSSLMODE"]}
    DATABASES["default"] = {**DATABASES["default"], "OPTIONS": _options}
