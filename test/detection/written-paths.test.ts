import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import { readSettings } from '../../generators/app/detection/django-settings.ts';
import { writtenPaths } from '../../generators/app/detection/written-paths.ts';

const base =
  'import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nDEBUG = os.environ.get("DEBUG") == "1"\n';

/** `kind path setting` of each, for settings in `prefix`. */
const written = (text: string, others: string[] = [], prefix = ''): string[] => {
  const files = memoryFiles('repo', {
    [`${prefix}manage.py`]:
      'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
    [`${prefix}shop/__init__.py`]: '',
    [`${prefix}shop/settings.py`]: base + text,
    ...Object.fromEntries(others.map((path) => [path, ''])),
  });
  const workDir = prefix.replace(/\/$/, '');
  return writtenPaths(files, readSettings(files, `${prefix}manage.py`), workDir).map(
    ({ kind, path, setting }) => `${kind} ${path} ${setting}`,
  );
};

const logging = (filename: string): string =>
  `LOGGING = {\n    "version": 1,\n    "handlers": {\n        "console": {"class": "logging.StreamHandler"},\n        "file": {"class": "logging.FileHandler", "filename": ${filename}},\n    },\n}\n`;

describe('log files', () => {
  it.each([
    ['BASE_DIR / "debug.log"', 'file debug.log LOGGING'],
    ['os.path.join(BASE_DIR, "debug.log")', 'file debug.log LOGGING'],
    ['"server.log"', 'file server.log LOGGING'],
    ['str(BASE_DIR) + "/debug.log"', 'file debug.log LOGGING'],
    ['BASE_DIR / "shop" / "debug.log"', 'file shop/debug.log LOGGING'],
    ['BASE_DIR / "logs" / "debug.log"', 'folder logs LOGGING'],
    ['os.path.join(BASE_DIR, "logs", "django.log")', 'folder logs LOGGING'],
    ['f"{BASE_DIR}/logs/django.log"', 'folder logs LOGGING'],
    ['"logs/django.log"', 'folder logs LOGGING'],
    ['BASE_DIR / "shop" / "logs" / "debug.log"', 'folder shop/logs LOGGING'],
    ['os.getenv("LOG_FILE", BASE_DIR / "logs" / "debug.log")', 'folder logs LOGGING'],
  ])('%s', (filename, expected) => {
    expect(written(logging(filename))).toEqual([expected]);
  });

  it('count from the folder of manage.py (Django-CRM)', () => {
    expect(written(logging('"server.log"'), [], 'backend/')).toEqual(['file backend/server.log LOGGING']);
    expect(written(logging('"logs/server.log"'), [], 'backend/')).toEqual(['folder backend/logs LOGGING']);
    expect(written(logging('BASE_DIR.parent / "server.log"'), [], 'backend/')).toEqual([
      'file server.log LOGGING',
    ]);
  });

  it('of handlers that are added later (pontoon)', () => {
    const text =
      'LOGGING = {"version": 1, "handlers": {"console": {"class": "logging.StreamHandler"}}}\nif os.environ.get("DJANGO_LOG_FILE"):\n    LOGGING["handlers"]["django"] = {\n        "class": "logging.handlers.RotatingFileHandler",\n        "filename": os.path.join(BASE_DIR, "logs", "django_debug.log"),\n    }\n';
    expect(written(text)).toEqual(['folder logs LOGGING']);
  });

  it('under `if not DEBUG`', () => {
    const text = `if not DEBUG:\n${logging('BASE_DIR / "error.log"').replaceAll(/^(?=.)/gm, '    ')}`;
    expect(written(text)).toEqual(['file error.log LOGGING']);
  });

  it.each(['"/dev/stdout"', '"/tmp/debug.log"', '"/proc/1/fd/1"', 'os.environ["LOG_FILE"]', '""'])(
    'that can be written to or are not known: %s',
    (filename) => {
      expect(written(logging(filename))).toEqual([]);
    },
  );

  it.each([
    ['"/var/log/shop/debug.log"', 'folder /var/log/shop LOGGING'],
    ['"/var/log/shop.log"', 'folder /var/log LOGGING'],
  ])('in a folder of the system, which is not the application’s: %s', (filename, expected) => {
    expect(written(logging(filename))).toEqual([expected]);
  });

  it('in a folder that holds what the application reads', () => {
    expect(written(logging('BASE_DIR / "data" / "app.log"'), ['data/countries.json'])).toEqual([
      'file data/app.log LOGGING',
    ]);
    expect(written(logging('BASE_DIR / "logs" / "app.log"'), ['logs/.gitkeep', 'logs/app.log'])).toEqual([
      'folder logs LOGGING',
    ]);
  });

  it('are named once, with where they stand', () => {
    const files = memoryFiles('repo', {
      'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
      'shop/__init__.py': '',
      'shop/settings.py': `${base}LOGGING = {"handlers": {\n"a": {"filename": "a.log"},\n"b": {"filename": "a.log"},\n"c": {"filename": BASE_DIR / "logs/c.log"},\n"d": {"filename": BASE_DIR / "logs/d.log"}}}\n`,
    });
    expect(writtenPaths(files, readSettings(files, 'manage.py'), '')).toEqual([
      { path: 'a.log', kind: 'file', setting: 'LOGGING', evidence: [{ file: 'shop/settings.py', line: 6 }] },
      { path: 'logs', kind: 'folder', setting: 'LOGGING', evidence: [{ file: 'shop/settings.py', line: 8 }] },
    ]);
  });
});

describe('folders', () => {
  it.each([
    ['EXPORT_DIR = BASE_DIR / "exports"\n', 'folder exports EXPORT_DIR'],
    ['UPLOAD_FOLDER = os.path.join(BASE_DIR, "uploads")\n', 'folder uploads UPLOAD_FOLDER'],
    ['FILE_UPLOAD_TEMP_DIR = BASE_DIR / "tmp"\n', 'folder tmp FILE_UPLOAD_TEMP_DIR'],
    ['EMAIL_FILE_PATH = BASE_DIR / "sent_emails"\n', 'folder sent_emails EMAIL_FILE_PATH'],
    ['LOG_DIR = BASE_DIR / "logs"\n', 'folder logs LOG_DIR'],
    [
      'SENDFILE_ROOT = BASE_DIR / "x"\nPRIVATE_STORAGE_ROOT = BASE_DIR / "private"\n',
      'folder private PRIVATE_STORAGE_ROOT',
    ],
    [
      'CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": BASE_DIR / "cache"}}\n',
      'folder cache CACHES',
    ],
    [
      'HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.whoosh_backend.WhooshEngine", "PATH": os.path.join(BASE_DIR, "whoosh_index")}}\n',
      'folder whoosh_index HAYSTACK_CONNECTIONS',
    ],
  ])('%s', (text, expected) => {
    expect(written(text)).toEqual([expected]);
  });

  it.each([
    'STATIC_ROOT = BASE_DIR / "staticfiles"\nMEDIA_ROOT = BASE_DIR / "media"\nSTATICFILES_DIRS = [BASE_DIR / "assets"]\n',
    'EMAIL_TEMPLATE_DIR = BASE_DIR / "emails"\n',
    'TEMPLATE_PATH = BASE_DIR / "theme"\n',
    'LOGO_DIR = BASE_DIR / "logos"\nLOGIN_PAGES = BASE_DIR / "pages"\n',
    'CATALOG_DIR = BASE_DIR / "catalog"\n',
    'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "data" / "db"}}\n',
    'DATA_FILE = BASE_DIR / "data.csv"\n',
    'UPLOAD_URL = "/uploads/"\nUPLOAD_PATH = "uploads"\n',
    'STATIC_ROOT = BASE_DIR / "static"\nSTORAGES = {"staticfiles": {"OPTIONS": {"location": BASE_DIR / "static"}}}\n',
    'TEST_OUTPUT_DIR = BASE_DIR / "reports"\n',
    'CACHE_DIR = BASE_DIR\n',
    'CACHE_DIR = BASE_DIR.parent.parent / "cache"\n',
  ])('that are read, or are not the application’s to fill: %s', (text) => {
    expect(written(text)).toEqual([]);
  });

  it('that are in the repository are read, unless they are only kept there', () => {
    const text = 'DATA_DIR = BASE_DIR / "data"\n';
    expect(written(text, ['data/countries.json'])).toEqual([]);
    expect(written(text, ['data/.gitkeep'])).toEqual(['folder data DATA_DIR']);
    expect(written(text, ['data/.gitignore'])).toEqual(['folder data DATA_DIR']);
  });

  it('inside of others are left to them', () => {
    const text = `CACHE_DIR = BASE_DIR / "var" / "cache"\nDATA_DIR = BASE_DIR / "var"\n${logging('BASE_DIR / "var" / "log" / "debug.log"')}`;
    expect(written(text)).toEqual(['folder var DATA_DIR']);
  });
});
