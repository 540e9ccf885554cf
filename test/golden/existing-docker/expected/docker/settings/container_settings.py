"""What the environment cannot say to the project's settings, which stay as they are.

In front of: helpdesk.settings
DJANGO_SETTINGS_MODULE names this module in the Dockerfile. Each part below can go as soon as the
project reads it from the environment.
"""

import importlib
import os

_name = os.environ.get("PROJECT_SETTINGS_MODULE") or "helpdesk.settings"
_project = importlib.import_module(_name)
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})

# Django serves static files with DEBUG only, WhiteNoise always: right after SecurityMiddleware.
MIDDLEWARE = list(getattr(_project, "MIDDLEWARE", []))
if not any("whitenoise" in name.lower() for name in MIDDLEWARE):
    _security = [at for at, name in enumerate(MIDDLEWARE) if name.endswith(".SecurityMiddleware")]
    _place = _security[0] + 1 if _security else 0
    MIDDLEWARE.insert(_place, "whitenoise.middleware.WhiteNoiseMiddleware")
