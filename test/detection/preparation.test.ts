import { describe, expect, it } from 'vitest';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

const preparation = (text: string, others: string[] = []) =>
  detectProject(
    memoryFiles('repo', {
      'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
      'shop/__init__.py': '',
      'shop/settings.py': `import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nDEBUG = os.environ.get("DEBUG") == "1"\n${text}`,
      'shop/wsgi.py': 'application = None\n',
      ...Object.fromEntries(others.map((path) => [path, ''])),
    }),
  ).preparation;

describe('the cache table', () => {
  const backend = '"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"';
  it.each([
    ['is needed', `CACHES = {"default": {${backend}}}\n`, 5],
    [
      'is needed for one cache of several',
      `CACHES = {"default": {"BACKEND": "x.LocMemCache"},\n"pages": {${backend}}}\n`,
      6,
    ],
    [
      'is needed where a variable may choose it',
      `CACHES = {"default": {"BACKEND": "x.LocMemCache"}}\nif os.environ.get("CACHE") == "db":\n    CACHES = {"default": {${backend}}}\n`,
      7,
    ],
    ['is needed where it is added', `CACHES = {}\nCACHES["default"] = {${backend}}\n`, 6],
  ])('%s', (_, text, line) => {
    expect(preparation(text).cacheTable).toEqual({
      value: true,
      evidence: [{ file: 'shop/settings.py', line }],
    });
  });

  it.each([
    '',
    'CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}\n',
    'CACHES = {"default": env.cache()}\n',
    'CACHES = make_caches()\n',
  ])('is not needed: %s', (text) => {
    expect(preparation(text).cacheTable).toBeNull();
  });
});

describe('offline compression', () => {
  const apps = 'INSTALLED_APPS = ["compressor"]\n';
  it.each([
    'COMPRESS_OFFLINE = True\n',
    'COMPRESS_OFFLINE = not DEBUG\n',
    'COMPRESS_OFFLINE = os.environ.get("COMPRESS_OFFLINE", "True") == "True"\n',
    'if not DEBUG:\n    COMPRESS_OFFLINE = True\n',
  ])('%s', (text) => {
    expect(preparation(apps + text).offlineCompression).toMatchObject({
      value: true,
      evidence: [{ file: 'shop/settings.py' }],
    });
  });

  it.each([
    [apps, 'COMPRESS_OFFLINE = False\n'],
    [apps, ''],
    ['INSTALLED_APPS = ["compressor_toolkit"]\n', 'COMPRESS_OFFLINE = True\n'],
    ['', 'COMPRESS_OFFLINE = True\n'],
  ])('is off: %s%s', (installed, text) => {
    expect(preparation(installed + text).offlineCompression).toBeNull();
  });
});

describe('translations', () => {
  it('are compiled where only the source is there, and the application has it', () => {
    const { uncompiledTranslations } = preparation(
      'INSTALLED_APPS = ["orders"]\nLOCALE_PATHS = [BASE_DIR / "locale"]\n',
      [
        'locale/de/LC_MESSAGES/django.po',
        'locale/de/LC_MESSAGES/djangojs.po',
        'locale/de/LC_MESSAGES/djangojs.mo',
        'locale/README.po',
        'orders/__init__.py',
        'orders/locale/pt_BR/LC_MESSAGES/django.po',
        'orders/tests/locale/de/LC_MESSAGES/django.po',
        'docs/locale/de/LC_MESSAGES/index.po',
      ],
    );
    expect(uncompiledTranslations).toEqual([
      'locale/de/LC_MESSAGES/django.po',
      'orders/locale/pt_BR/LC_MESSAGES/django.po',
    ]);
  });
});
