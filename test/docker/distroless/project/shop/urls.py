import ctypes.util
import os
import pathlib
import shutil
import ssl
import zoneinfo

from django.contrib import admin
from django.http import JsonResponse
from django.urls import path


def around(request):
    """What a view finds in the image."""
    context = ssl.create_default_context()
    programs = ["sh", "bash", "apt-get", "dpkg", "pip", "gcc", "perl"]
    return JsonResponse(
        {
            "user": os.getuid(),
            "certificates": context.cert_store_stats()["x509_ca"],
            "zone": zoneinfo.ZoneInfo("Asia/Kolkata").key,
            "libraries": {name: ctypes.util.find_library(name) for name in ("ssl", "c", "none")},
            "programs": [name for name in programs if shutil.which(name)],
            "packages": len(list(pathlib.Path("/var/lib/dpkg/status.d").iterdir())),
        }
    )


urlpatterns = [path("admin/", admin.site.urls), path("", around)]
