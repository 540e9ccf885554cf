import { describe, expect, test } from 'vitest';

import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

const imports = 'from django.urls import include, path, re_path\nfrom shop import views\n';

/** The health path of a project with these routes; `files` are added or replaced. */
function healthOf(urls: string, files: Record<string, string> = {}): string | null {
  const project = {
    'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
    'shop/__init__.py': '',
    'shop/settings.py': 'ROOT_URLCONF = "shop.urls"\n',
    'shop/urls.py': imports + urls,
    'shop/views.py': 'def ok(request):\n    return HttpResponse("OK")\n',
    ...files,
  };
  return detectProject(memoryFiles('shop', project)).healthPath?.value ?? null;
}

describe('a route', () => {
  test.each([
    ['path("healthz/", views.ok)', '/healthz/'],
    ['path("health", views.ok)', '/health'],
    ['path("/up/", views.ok)', '/up/'],
    ['re_path(r"^healthz/$", views.ok)', '/healthz/'],
    ['url(r"^healthz/?$", views.ok)', '/healthz/'],
    ['path("_health/", views.ok)', '/_health/'],
    ['path("ping", views.ok)', '/ping'],
    ['path("status/", views.ok)', '/status/'],
    ['path("api/health/", views.ok)', '/api/health/'],
    ['path("-/alive/", views.ok)', '/-/alive/'],
    ['path("livez", lambda request: HttpResponse("ok"))', '/livez'],
    ['path(route="healthz/", view=views.ok)', '/healthz/'],
    ['re_path(r"^api/", include([path("healthz", views.ok)]))', '/api/healthz'],
    ['path("__debug__/", views.ok)', null],
    ['path("orders/<int:pk>/status/", views.ok)', null],
    ['re_path(r"^(?P<team>\\w+)/health/$", views.ok)', null],
    ['path("a/b/c/d/status/", views.ok)', null],
    ['path("settings/celery/ping/", views.ok)', null],
  ])('%s', (route, expected) => {
    expect(healthOf(`urlpatterns = [${route}]\n`)).toBe(expected);
  });

  test('below include() with its prefixes', () => {
    const files = {
      'api/__init__.py': '',
      'api/urls.py':
        'from django.urls import path, include\nurlpatterns = [path("v1/", include("api.v1"))]\n',
      'api/v1.py': 'from . import views\nurlpatterns = [path("health/", views.ok)]\n',
    };
    expect(healthOf('urlpatterns = [path("api/", include(("api.urls", "api")))]\n', files)).toBe(
      '/api/v1/health/',
    );
    expect(healthOf('import api.urls\nurlpatterns = [path("x/", include(api.urls))]\n', files)).toBe(
      '/x/v1/health/',
    );
  });

  test('with a prefix from a constant or a function', () => {
    expect(
      healthOf(
        'API = "api/"\ndef under(rest):\n    return f"{API}{rest}"\nurlpatterns = []\nurlpatterns += [path(under("health/"), views.ok)]\n',
      ),
    ).toBe('/api/health/');
    expect(healthOf('urlpatterns = []\nurlpatterns.append(path("healthz/", views.ok))\n')).toBe('/healthz/');
  });

  test('for debugging only, or with a language before it, is none', () => {
    expect(
      healthOf(
        'urlpatterns = []\nif settings.DEBUG:\n    urlpatterns += [path("health/", views.ok)]\nurlpatterns += i18n_patterns(path("up/", views.ok))\n',
      ),
    ).toBeNull();
  });
});

describe('the view', () => {
  const views = `from django.contrib.auth.decorators import login_required
from django.db import connection

def ok(request):
    return HttpResponse("OK")

@login_required
def private(request):
    return HttpResponse("OK")

def deep(request):
    connection.ensure_connection()
    return HttpResponse("OK")

class Status(LoginRequiredMixin, View):
    def get(self, request): ...

class Rest(APIView):
    def get(self, request): ...

class Open(APIView):
    permission_classes = [AllowAny]
    def get(self, request): ...

class Start(View):
    def post(self, request): ...
`;
  const files = { 'shop/views.py': views };

  test.each([
    ['path("health/", views.private)', null],
    ['path("health/", login_required(views.ok))', null],
    ['path("status/", views.Status.as_view())', null],
    ['path("status/", views.Start.as_view())', null],
    ['path("health/", views.deep)', '/health/'],
    ['path("health/", views.deep), path("ping/", views.ok)', '/ping/'],
    ['path("readyz", views.ok), path("livez", views.ok)', '/livez'],
    ['path("up/", include("shop.up"))', '/up/'],
  ])('%s', (routes, expected) => {
    const up = 'from . import views\nurlpatterns = [path("", views.ok), path("databases", views.deep)]\n';
    expect(healthOf(`urlpatterns = [${routes}]\n`, { ...files, 'shop/up.py': up })).toBe(expected);
  });

  test('is found where a package hands it on', () => {
    const handed = {
      'shop/views.py': 'from .inner import *\n',
      'shop/inner.py': views,
    };
    expect(healthOf('urlpatterns = [path("health/", views.private)]\n', handed)).toBeNull();
  });

  test('of Django REST framework follows its default permission', () => {
    const rest =
      'ROOT_URLCONF = "shop.urls"\nREST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}\n';
    const guarded = { ...files, 'shop/settings.py': rest };
    expect(healthOf('urlpatterns = [path("health/", views.Rest.as_view())]\n', guarded)).toBeNull();
    expect(healthOf('urlpatterns = [path("health/", views.Rest.as_view())]\n', files)).toBe('/health/');
    expect(healthOf('urlpatterns = [path("health/", views.Open.as_view())]\n', guarded)).toBe('/health/');
  });
});

test('packages: their URL modules and middleware', () => {
  expect(healthOf('urlpatterns = [path("v1/health/", include("health_check.urls"))]\n')).toBe('/v1/health/');
  expect(healthOf('urlpatterns = [path("ht/", include("health_check.urls"))]\n')).toBe('/ht/');
  expect(healthOf('urlpatterns = [path("watchman/", include("watchman.urls"))]\n')).toBe('/watchman/ping/');
  expect(healthOf('urlpatterns = [path("-/", include("django_alive.urls"))]\n')).toBe('/-/alive/');
  const flow =
    'ROOT_URLCONF = "shop.urls"\nMIDDLEWARE = ["dockerflow.django.middleware.DockerflowMiddleware"]\n';
  expect(healthOf('urlpatterns = []\n', { 'shop/settings.py': flow })).toBe('/__lbheartbeat__');
});

test('a middleware of the project, and what wraps the ASGI callable', () => {
  const settings = 'ROOT_URLCONF = "shop.urls"\nMIDDLEWARE = ["shop.middleware.Health"]\n';
  const middleware =
    'class Health:\n    def __call__(self, request):\n        if request.path == "/healthz":\n            return HttpResponse("ok")\n';
  expect(
    healthOf('urlpatterns = []\n', { 'shop/settings.py': settings, 'shop/middleware.py': middleware }),
  ).toBe('/healthz');
  // As saleor does.
  const asgi =
    'from .handler import get_asgi_application\nfrom .health import health_check\napplication = get_asgi_application()\napplication = health_check(application, "/health/")\n';
  expect(healthOf('urlpatterns = []\n', { 'shop/asgi/__init__.py': asgi })).toBe('/health/');
});

test('the login page of the admin, for projects without a health path', () => {
  const login = (urls: string, apps = '"django.contrib.admin"') =>
    detectProject(
      memoryFiles('shop', {
        'manage.py': 'import os, django\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n',
        'shop/__init__.py': '',
        'shop/settings.py': `ROOT_URLCONF = "shop.urls"\nINSTALLED_APPS = [${apps}]\n`,
        'shop/urls.py': urls,
        'shop/wsgi.py': 'application = None\n',
        'requirements.txt': 'Django\n',
      }),
    ).adminLogin?.value;
  expect(login('urlpatterns = [\n    path("admin/", admin.site.urls),\n]\n')).toBe('/admin/login/');
  expect(login('urlpatterns = [url(r"^staff/", include(admin.site.urls))]\n')).toBe('/staff/login/');
  expect(login('urlpatterns = [path("", admin.site.urls)]\n')).toBe('/login/');
  expect(login('# path("admin/", admin.site.urls)\nurlpatterns = []\n')).toBeUndefined();
  expect(login('urlpatterns = [path("admin/", admin.site.urls)]\n', '')).toBeUndefined();
});

test('of several versions of an API the newest', () => {
  expect(
    healthOf(
      'api = [path("status/", views.ok)]\nurlpatterns = [path("api/v1/", include(api)), path("api/v3/", include(api))]\n',
    ),
  ).toBe('/api/v3/status/');
});

test('a URL configuration that includes itself ends', () => {
  expect(healthOf('urlpatterns = [path("a/", include("shop.urls")), path("up", views.ok)]\n')).toBe('/up');
});
