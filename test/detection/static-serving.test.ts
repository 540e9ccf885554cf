import { describe, expect, it } from 'vitest';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

const base =
  'import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nDEBUG = os.environ.get("DEBUG") == "1"\nINSTALLED_APPS = ["django.contrib.staticfiles"]\nROOT_URLCONF = "shop.urls"\nSTATIC_ROOT = BASE_DIR / "staticfiles"\nMIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]\nSTATIC_URL = "static/"\n';

const served = (files: { settings?: string; urls?: string; wsgi?: string; [path: string]: string }) => {
  const { settings = '', urls = 'urlpatterns = []\n', wsgi = 'application = None\n', ...others } = files;
  return detectProject(
    memoryFiles('repo', {
      'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
      'shop/__init__.py': '',
      'shop/settings.py': base + settings,
      'shop/urls.py': urls,
      'shop/wsgi.py': wsgi,
      ...others,
    }),
  ).staticFiles.servedBy;
};

const imports =
  'from django.conf import settings\nfrom django.conf.urls.static import static\nfrom django.contrib.staticfiles.urls import staticfiles_urlpatterns\nfrom django.urls import path, re_path\nfrom django.views.static import serve\nurlpatterns = []\n';

describe('nothing serves static files', () => {
  it.each([
    ['with nothing set up', ''],
    [
      'with static(), which is for DEBUG only',
      'urlpatterns += static(settings.STATIC_URL, document_root=settings.STATIC_ROOT)\n',
    ],
    ['with staticfiles_urlpatterns()', 'urlpatterns += staticfiles_urlpatterns()\n'],
    [
      'with a pattern under DEBUG',
      'if settings.DEBUG:\n    urlpatterns += [re_path(r"^static/(?P<path>.*)$", serve)]\n',
    ],
    [
      'with a pattern of uploads',
      'urlpatterns += [re_path(r"^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT})]\n',
    ],
    [
      'with a pattern that a variable switches on',
      'if settings.SERVE_FILES:\n    urlpatterns += [re_path(r"^static/(?P<path>.*)$", serve)]\n',
    ],
    ['with a page about statics', 'urlpatterns += [path("static/about/", views.about)]\n'],
  ])('%s', (_, urls) => {
    expect(served({ urls: imports + urls })).toBeNull();
  });

  it('with the view of staticfiles, which answers with DEBUG only (saleor)', () => {
    const urls =
      'from django.contrib.staticfiles.views import serve\nfrom django.urls import re_path\nurlpatterns = [re_path(r"^static/(?P<path>.*)$", serve)]\n';
    expect(served({ urls })).toBeNull();
    expect(served({ urls: urls.replace('serve)]', 'serve, {"insecure": True})]') })).toMatchObject({
      value: 'a URL pattern',
    });
  });

  it.each([
    [
      'a storage of files in a folder',
      'STATICFILES_STORAGE = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"\n',
    ],
    [
      'a bucket for uploads alone',
      'STORAGES = {"default": {"BACKEND": "storages.backends.s3.S3Storage"}, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}\n',
    ],
    [
      'a bucket behind a variable',
      'STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}\nif os.environ.get("USE_S3"):\n    STORAGES["staticfiles"] = {"BACKEND": "storages.backends.s3boto3.S3Boto3Storage"}\n',
    ],
    [
      'a bucket behind a variable, as a whole',
      'if os.environ.get("USE_S3") == "True":\n    STATIC_URL = f"https://{os.environ.get(\'BUCKET\')}.s3.amazonaws.com/static/"\n    STATICFILES_STORAGE = "storages.backends.s3boto3.S3StaticStorage"\n',
    ],
  ])('with %s', (_, settings) => {
    expect(served({ settings })).toBeNull();
  });
});

describe('static files are served', () => {
  it.each([
    ['WhiteNoise', 'MIDDLEWARE += ["whitenoise.middleware.WhiteNoiseMiddleware"]\n', 10],
    ['WhiteNoise', 'MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")\n', 10],
    [
      'WhiteNoise',
      'if not DEBUG:\n    MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")\n',
      11,
    ],
    ['another server (STATIC_URL)', 'STATIC_URL = "https://static.example.com/"\n', 10],
    ['another server (STATIC_URL)', 'STATIC_URL = "//static.example.com/"\n', 10],
    ['another server (storage)', 'STATICFILES_STORAGE = "storages.backends.s3boto3.S3Boto3Storage"\n', 10],
    ['another server (storage)', 'STATICFILES_STORAGE = "django_s3_storage.storage.StaticS3Storage"\n', 10],
    [
      'another server (storage)',
      'STATICFILES_STORAGE = "cloudinary_storage.storage.StaticHashedCloudinaryStorage"\n',
      10,
    ],
    [
      'another server (storage)',
      'STORAGES = {\n    "staticfiles": {"BACKEND": "storages.backends.gcloud.GoogleCloudStorage"},\n}\n',
      11,
    ],
  ])('%s: %s', (value, settings, line) => {
    expect(served({ settings })).toEqual({ value, evidence: [{ file: 'shop/settings.py', line }] });
  });

  it('by a storage of the project that is one of another server', () => {
    const found = served({
      settings: 'STATICFILES_STORAGE = "shop.storage_backends.StaticStorage"\n',
      'shop/storage_backends.py':
        'from storages.backends.s3boto3 import S3Boto3Storage\n\n\nclass StaticStorage(S3Boto3Storage):\n    location = "static"\n',
    });
    expect(found).toMatchObject({ value: 'another server (storage)' });
    expect(
      served({
        settings: 'STATICFILES_STORAGE = "shop.storage_backends.StaticStorage"\n',
        'shop/storage_backends.py':
          'from django.contrib.staticfiles.storage import ManifestStaticFilesStorage\n\n\nclass StaticStorage(ManifestStaticFilesStorage):\n    manifest_strict = False\n',
      }),
    ).toBeNull();
  });

  it.each([
    'urlpatterns += [re_path(r"^static/(?P<path>.*)$", serve, {"document_root": settings.STATIC_ROOT})]\n',
    'urlpatterns += [path("static/<path:path>", serve, {"document_root": settings.STATIC_ROOT})]\n',
    'urlpatterns += [re_path(r"^%s(?P<path>.*)$" % settings.STATIC_URL.lstrip("/"), serve, kwargs={"document_root": settings.STATIC_ROOT})]\n',
    'if not settings.DEBUG:\n    urlpatterns += [re_path(r"^static/(?P<path>.*)$", serve, {"document_root": settings.STATIC_ROOT})]\n',
    'if settings.DEBUG:\n    urlpatterns += static("a")\nelse:\n    urlpatterns += [re_path(r"^static/(?P<path>.*)$", serve, {"document_root": settings.STATIC_ROOT})]\n',
    'from django.views.static import serve as static_serve\nurlpatterns += [re_path(r"^static/(?P<path>.*)$", static_serve, {"document_root": settings.STATIC_ROOT})]\n',
    'import django.views.static\nurlpatterns += [re_path(r"^static/(?P<path>.*)$", django.views.static.serve, {"document_root": settings.STATIC_ROOT})]\n',
    'urlpatterns += [re_path(r"^static/(?P<path>.*)$", cache_control(max_age=60)(serve), {"document_root": settings.STATIC_ROOT})]\n',
  ])('by a URL pattern: %s', (urls) => {
    const text = imports + urls;
    const line = text.slice(0, text.lastIndexOf('path(') + 1).split('\n').length;
    expect(served({ urls: text })).toEqual({
      value: 'a URL pattern',
      evidence: [{ file: 'shop/urls.py', line }],
    });
  });

  it.each([
    [
      'WhiteNoise',
      'from whitenoise import WhiteNoise\n\napplication = WhiteNoise(get_wsgi_application(), root="static")\n',
    ],
    [
      'WhiteNoise',
      'from whitenoise.django import DjangoWhiteNoise\n\napplication = DjangoWhiteNoise(get_wsgi_application())\n',
    ],
    ['dj-static', 'from dj_static import Cling\n\napplication = Cling(get_wsgi_application())\n'],
  ])('by %s around the callable', (value, wsgi) => {
    expect(served({ wsgi })).toMatchObject({ value, evidence: [{ file: 'shop/wsgi.py', line: 1 }] });
  });
});
