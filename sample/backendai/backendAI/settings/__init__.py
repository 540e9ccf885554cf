"""
One switch: DEBUG in the environment picks local or production settings.
"""

from .base import DEBUG

if DEBUG:
    from .local import *  # noqa: F403
else:
    from .production import *  # noqa: F403
