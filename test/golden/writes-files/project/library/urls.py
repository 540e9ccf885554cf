import logging

import faker
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext


def export(request):
    logging.getLogger(__name__).info("export asked for")
    cache.set("exports", cache.get("exports", 0) + 1)
    (settings.EXPORT_DIR / "last.txt").write_text(faker.Faker().name())
    return HttpResponse(f"{gettext('Hello')} {cache.get('exports')}")


urlpatterns = [path("", export)]
