"""Settings of the container: those of archive.settings, and what the environment cannot say to them.

The project's own settings stay as they are. DJANGO_SETTINGS_MODULE names this module in the Dockerfile, and each
part below can go as soon as the project reads it from the environment.
"""

import importlib
import os

_project = importlib.import_module(os.environ.get("PROJECT_SETTINGS_MODULE", "archive.settings"))
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})

# Django serves static files with DEBUG only; WhiteNoise does always. Its place is after SecurityMiddleware.
_middleware = list(_project.MIDDLEWARE)
_place = next((at + 1 for at, name in enumerate(_middleware) if name.endswith(".SecurityMiddleware")), 0)
MIDDLEWARE = [*_middleware[:_place], "whitenoise.middleware.WhiteNoiseMiddleware", *_middleware[_place:]]
