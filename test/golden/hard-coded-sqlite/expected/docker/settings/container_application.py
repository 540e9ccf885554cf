"""Starts the project's application with the settings that the container names.

mysite.wsgi names its own whatever the environment says; settings that are loaded before it
stay.
"""

import importlib

from django.conf import settings

# Any setting loads them all.
getattr(settings, "INSTALLED_APPS", None)
application = importlib.import_module("mysite.wsgi").application
