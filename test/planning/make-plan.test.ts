import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderFiles } from '../../generators/app/rendering/render-files.ts';
import { planFor } from './planned-project.ts';

const HOSTS = 'ALLOWED_HOSTS = ["*"]\n';
const DATABASE = 'DATABASES = {"default": dj_database_url.config()}\n';
const settings = HOSTS + DATABASE;

describe('volumes', () => {
  const volumes = async (text: string, answers = {}, others = {}): Promise<string[]> => {
    const { plan } = await planFor(settings + text, {
      answers: { database: 'postgres', ...answers },
      others,
    });
    return plan.volumes.map(({ name, path }) => `${name} ${path}`);
  };

  it.each<[string, string, string[]]>([
    ['none', '', []],
    ['uploads', 'MEDIA_ROOT = BASE_DIR / "media"\n', ['media /app/media']],
    ['a written folder', 'EXPORT_DIR = BASE_DIR / "exports"\n', ['exports /app/exports']],
    ['no log file', 'LOGGING = {"handlers": {"f": {"filename": "debug.log"}}}\n', []],
    [
      'a folder of the system',
      'LOGGING = {"handlers": {"f": {"filename": "/var/log/shop/x.log"}}}\n',
      ['shop /var/log/shop'],
    ],
    [
      'a written folder that is MEDIA_ROOT',
      'MEDIA_ROOT = BASE_DIR / "media"\nUPLOAD_DIR = BASE_DIR / "media"\n',
      ['media /app/media'],
    ],
    [
      'a written folder in MEDIA_ROOT',
      'MEDIA_ROOT = BASE_DIR / "media"\nUPLOAD_DIR = BASE_DIR / "media" / "raw"\n',
      ['media /app/media'],
    ],
    [
      'MEDIA_ROOT in a written folder',
      'MEDIA_ROOT = BASE_DIR / "var" / "media"\nDATA_DIR = BASE_DIR / "var"\n',
      ['var /app/var'],
    ],
    [
      'two folders of one name',
      'EXPORT_DIR = BASE_DIR / "exports" / "Data"\nUPLOAD_DIR = BASE_DIR / "imports" / "data"\n',
      ['data /app/exports/Data', 'data-2 /app/imports/data'],
    ],
    ['the db service’s name', 'DATA_DIR = BASE_DIR / "database"\n', ['database-2 /app/database']],
    [
      'a name that Compose does not take',
      'DATA_DIR = BASE_DIR / "_ änd so" / "…"\n',
      ['files /app/_ änd so/…'],
    ],
  ])('%s', async (_, text, expected) => {
    expect(await volumes(text)).toEqual(expected);
  });

  it('SQLite’s is called data, whatever else is', async () => {
    expect(await volumes('DATA_DIR = BASE_DIR / "data"\n', { database: 'sqlite' })).toEqual([
      'data /data',
      'data-2 /app/data',
    ]);
  });

  it('hold nothing of the context, and belong to the process although the repository keeps the folder', async () => {
    const { plan } = await planFor(
      `${settings}INSTALLED_APPS = ["orders"]\nEXPORT_DIR = BASE_DIR / "orders" / "exports"\nLOG_DIR = BASE_DIR / "logs"\n`,
      {
        answers: { database: 'postgres' },
        others: {
          'orders/__init__.py': '',
          'orders/exports/.gitkeep': '',
          'logs/.gitkeep': '',
          'requirements.txt': 'Django==5.2.8\n',
        },
      },
    );
    const ignored = plan.dockerignore.flatMap(({ patterns }) => patterns);
    expect(ignored).toEqual(expect.arrayContaining(['orders/exports', 'logs']));
    expect(plan.copies.flatMap(({ sources }) => sources)).not.toContain('logs');
    expect(plan.volumes.map(({ path }) => path)).toEqual(['/app/orders/exports', '/app/logs']);
    // The base image makes the folders.
    expect(plan.forbiddenPaths).not.toContain('logs');
    expect(plan.notes).toContainEqual(
      expect.stringMatching(
        /^orders\/exports is written to \(EXPORT_DIR, shop\/settings\.py:\d+\): it is on a volume\.$/,
      ),
    );
  });

  it('of uploads in a folder that is copied belong to the process', async () => {
    const others = { 'static/images/logo.png': '', 'media/old.png': '' };
    const dockerfile = async (media: string): Promise<string> => {
      const text = `${settings}STATICFILES_DIRS = [BASE_DIR / "static"]\nMEDIA_ROOT = ${media}\n`;
      return renderFiles((await planFor(text, { others })).plan, () => 'x').get('Dockerfile')?.text ?? '';
    };
    expect(await dockerfile('BASE_DIR / "static" / "images"')).toContain(
      'RUN --network=none chown -R 10001:10001 /app/static/images\n',
    );
    expect(await dockerfile('BASE_DIR / "media"')).not.toContain('chown -R');
    expect(await dockerfile('"/srv/media"')).not.toContain('chown -R');
  });

  it('are made, mounted and declared', async () => {
    const { plan } = await planFor(`${settings}EXPORT_DIR = BASE_DIR / "my exports"\n`, {
      answers: { database: 'postgres' },
    });
    const files = renderFiles(plan, () => 'secret');
    expect(files.get('Dockerfile')?.text).toContain("install -d -o 10001 -g 10001 '/app/my exports'");
    const compose = parse(files.get('compose.yaml')?.text ?? '', { merge: true }) as {
      volumes: object;
      services: Record<string, { volumes?: string[] }>;
    };
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(['my-exports', 'database']));
    expect(JSON.stringify(compose.services['web']?.volumes)).toContain('/app/my exports');
  });
});

describe('redirected files', () => {
  const redirected = async (text: string, others = {}): Promise<string[]> => {
    const { plan } = await planFor(settings + text, { answers: { database: 'postgres' }, others });
    return plan.redirectedFiles.map(({ path, target }) => `${path} ${target}`);
  };
  const logging = (...names: string[]): string =>
    `LOGGING = {"handlers": {${names.map((name, index) => `"h${index}": {"filename": ${name}}`).join(', ')}}}\n`;

  it('go to /tmp, each to a file of its own', async () => {
    expect(await redirected(logging('"debug.log"', '"server.log"'))).toEqual([
      '/app/debug.log /tmp/debug.log',
      '/app/server.log /tmp/server.log',
    ]);
    expect(await redirected(logging('"debug.log"', 'BASE_DIR / "shop" / "debug.log"'))).toEqual([
      '/app/debug.log /tmp/debug.log',
      '/app/shop/debug.log /tmp/shop-debug.log',
    ]);
  });

  it('are links in folders that the image has', async () => {
    const others = { 'tools/__init__.py': '', 'tools/run.py': '' };
    const { plan } = await planFor(settings + logging('BASE_DIR / "tools" / "my run.log"'), {
      others,
      answers: { apps: 'shop' },
    });
    expect(plan.copies.flatMap(({ sources }) => sources)).not.toContain('tools');
    expect(renderFiles(plan, () => 'secret').get('Dockerfile')?.text).toContain(
      "RUN --network=none mkdir -p /app/tools \\\n    && ln -sf '/tmp/my run.log' '/app/tools/my run.log'\n",
    );
  });
});

describe('commands', () => {
  const cache = 'CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache"}}\n';
  const compressor =
    'INSTALLED_APPS = ["django.contrib.staticfiles", "compressor"]\nCOMPRESS_OFFLINE = True\n';
  const root = 'STATIC_ROOT = BASE_DIR / "static"\n';

  it.each([
    ['', ['migrate']],
    [cache, ['migrate', 'createcachetable']],
  ])('migrate runs %s', async (text, expected) => {
    const { plan } = await planFor(settings + text);
    expect(plan.migrateCommands.map(([command]) => command)).toEqual(expected);
  });

  it('migrate is a script that sees to the database first', async () => {
    const { plan } = await planFor(settings + cache, { answers: { database: 'postgres' } });
    const compose = parse(renderFiles(plan, () => 'secret').get('compose.yaml')?.text ?? '', {
      merge: true,
    }) as {
      services: Record<string, { command?: string[] }>;
    };
    expect(compose.services['migrate']?.command).toEqual(['python', '/app/docker/migrate_database.py']);
  });

  it.each([
    [
      'compresses once the files are collected',
      compressor + root,
      [['python', 'manage.py', 'compress', '--force', '--verbosity', '0']],
    ],
    ['does not where nothing is collected', compressor, []],
    ['does not without COMPRESS_OFFLINE', compressor.replace('True', 'False') + root, []],
  ])('the build %s', async (_, text, expected) => {
    const { plan } = await planFor(settings + text, { answers: { settingsOverlay: 'none' } });
    expect(plan.buildCommands).toEqual(expected);
  });

  it('the build collects nothing into a bucket: it has no credentials', async () => {
    const { plan } = await planFor(
      `${settings}INSTALLED_APPS = ["django.contrib.staticfiles"]\nSTORAGES = {"staticfiles": {"BACKEND": "storages.backends.s3.S3Storage"}}\n${root}`,
    );
    expect(plan.staticFiles.collect).toBe(false);
    expect(plan.migrateCommands.at(-1)).toEqual(['collectstatic', '--noinput']);
  });
});

describe('translations', () => {
  const text = `${settings}LOCALE_PATHS = [BASE_DIR / "locale"]\n`;
  const others = { 'locale/de/LC_MESSAGES/django.po': '' };

  it('are compiled where they are copied', async () => {
    expect((await planFor(text, { others })).plan.compileTranslations).toBe(true);
    const mo = { ...others, 'locale/de/LC_MESSAGES/django.mo': '' };
    expect((await planFor(text, { others: mo })).plan.compileTranslations).toBe(false);
    const apps = { apps: 'shop' };
    expect((await planFor(text, { others, answers: apps })).plan.compileTranslations).toBe(false);
  });
});
