"""A developer's machine: DEBUG=true."""

from .base import *  # noqa: F403
from .base import BASE_DIR, INSTALLED_APPS

EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# The playground is not deployed, so it may be missing.
if (BASE_DIR / "testing_apps").is_dir():
    INSTALLED_APPS = [*INSTALLED_APPS, "testing_apps.sandbox"]
