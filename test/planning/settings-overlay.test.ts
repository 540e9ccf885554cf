import { describe, expect, it } from 'vitest';
import { resolveAnswers } from '../../generators/app/answers/resolve-answers.ts';
import { QUESTIONS } from '../../generators/app/answers/questions.ts';
import type { Database } from '../../generators/app/answers/answers.ts';
import {
  offeredOverlay,
  overlayNeeds,
  overlayNotes,
  withOverlay,
  type OverlayItem,
} from '../../generators/app/planning/settings-overlay.ts';
import { factsOf, planFor } from './planned-project.ts';

const POSTGRES = { database: 'postgres', supabaseConnection: 'session' } as const;

/** As django-admin startproject writes it. */
const START =
  'DEBUG = True\nALLOWED_HOSTS = []\nINSTALLED_APPS = ["django.contrib.admin", "django.contrib.staticfiles"]\nMIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]\nDATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}\nSTATIC_URL = "static/"\n';
const READY =
  'ALLOWED_HOSTS = os.environ["HOSTS"].split(",")\nINSTALLED_APPS = ["django.contrib.staticfiles"]\nMIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware"]\nSTATIC_ROOT = BASE_DIR / "static"\nDATABASES = {"default": dj_database_url.config()}\n';
const fixed = {
  'manage.py': 'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n# django\n',
};

const needed = (settings: string, database: Database = 'postgres'): OverlayItem[] =>
  overlayNeeds(factsOf(settings), { database, supabaseConnection: 'session' }).map(({ item }) => item);

describe('overlayNeeds', () => {
  it.each<[string, string, Database, OverlayItem[]]>([
    ['a plain startproject', START, 'postgres', ['database', 'hosts', 'static-root', 'whitenoise']],
    [
      'SQLite too: the code is read-only',
      START,
      'sqlite',
      ['database', 'hosts', 'static-root', 'whitenoise'],
    ],
    ['settings that read everything', READY, 'postgres', []],
    ['TLS for the db service', READY.replace('config()', 'config(ssl_require=True)'), 'postgres', ['tls']],
    [
      'TLS for a server that has it',
      READY.replace('config()', 'config(ssl_require=True)'),
      'supabase',
      ['connection'],
    ],
    [
      'TLS that the URL can say',
      READY.replace('config()', 'config(ssl_require="sslmode" not in os.environ.get("DATABASE_URL", ""))'),
      'postgres',
      [],
    ],
    ['hosts with a star', READY.replace('os.environ["HOSTS"].split(",")', '["*"]'), 'postgres', []],
    [
      'hosts in a tuple',
      READY.replace('os.environ["HOSTS"].split(",")', '("shop.example.com",)'),
      'postgres',
      ['hosts'],
    ],
    ['no hosts at all', READY.replace(/^ALLOWED_HOSTS.*\n/, ''), 'postgres', ['hosts']],
    [
      'no static files',
      START.replace(', "django.contrib.staticfiles"', ''),
      'postgres',
      ['database', 'hosts'],
    ],
    [
      'a STATIC_ROOT that is known only when it runs, as pretalx has',
      READY.replace(/^STATIC_ROOT.*$/m, 'STATIC_ROOT = Path(options.get("static"))'),
      'postgres',
      ['static-root'],
    ],
    [
      'a STATIC_ROOT that a variable gives',
      READY.replace(/^STATIC_ROOT.*$/m, 'STATIC_ROOT = os.environ["STATIC_FOLDER"]'),
      'postgres',
      [],
    ],
    ['no database', 'ALLOWED_HOSTS = ["*"]\n', 'postgres', ['database']],
    [
      'files in a bucket: there is nothing to collect into',
      READY.replace(
        /^STATIC_ROOT.*\n/m,
        'STATICFILES_STORAGE = "storages.backends.s3boto3.S3Boto3Storage"\n',
      ).replace('whitenoise.middleware.WhiteNoiseMiddleware', 'x.Y'),
      'postgres',
      [],
    ],
  ])('%s', (_, settings, database, expected) => {
    expect(needed(settings, database)).toEqual(expected);
  });

  it('says what is wrong, and where', () => {
    const [database, hosts] = overlayNeeds(factsOf(START), POSTGRES);
    expect(database).toMatchObject({
      lack: 'the database is named in the code',
      evidence: expect.arrayContaining([{ file: 'shop/settings.py', line: 9 }]) as unknown,
    });
    expect(hosts).toMatchObject({ evidence: [{ file: 'shop/settings.py', line: 6 }] });
    expect(overlayNeeds(factsOf('ALLOWED_HOSTS = ["*"]\n'), POSTGRES)).toMatchObject([
      { item: 'database', lack: 'the settings name no database that can be read' },
    ]);
  });
});

describe('the question', () => {
  const [question] = QUESTIONS.filter(({ name }) => name === 'settingsOverlay');
  const resolve = (settings: string, option?: string, others = {}) =>
    resolveAnswers(factsOf(settings, others), {
      commandLine: {
        database: 'postgres',
        ...(option === undefined ? {} : { settingsOverlay: option }),
      },
      stored: {},
      askAnswered: false,
    }).then(({ answers }) => answers.settingsOverlay);

  it('offers what the settings lack, all of it ticked, with the place', () => {
    const choices = question?.choices?.({ facts: factsOf(START), answers: { database: 'postgres' } });
    expect(choices?.map(({ value, checked }) => [value, checked])).toEqual([
      ['database', true],
      ['hosts', true],
      ['static-root', true],
      ['whitenoise', true],
    ]);
    expect(choices?.[1]?.reason).toBe('more names from ALLOWED_HOSTS (shop/settings.py:6)');
    expect(question?.worthAsking?.({ facts: factsOf(READY), answers: { database: 'postgres' } })).toBe(false);
  });

  it('takes what is offered, what is named, or none', async () => {
    expect(await resolve(START)).toEqual(['database', 'hosts', 'static-root', 'whitenoise']);
    expect(await resolve(START, 'hosts,database')).toEqual(['hosts', 'database']);
    expect(await resolve(START, 'none')).toEqual([]);
    await expect(resolve(START, 'hostnames')).rejects.toThrow(
      /--settings-overlay: "hostnames" is not among: database, tls/,
    );
  });

  it('offers nothing, and takes nothing but none, where the settings cannot be preceded', async () => {
    expect(offeredOverlay(factsOf(START, fixed), POSTGRES)).toEqual([]);
    expect(await resolve(START, undefined, fixed)).toEqual([]);
    expect(await resolve(START, 'none', fixed)).toEqual([]);
    await expect(resolve(START, 'hosts', fixed)).rejects.toThrow(
      /no module can stand in front of the settings, because manage\.py sets DJANGO_SETTINGS_MODULE whatever the environment says \(manage\.py:2\)/,
    );
  });
});

describe('withOverlay', () => {
  it('changes nothing without items', () => {
    expect(withOverlay(factsOf(START), { database: 'postgres', settingsOverlay: [] })).toEqual(
      factsOf(START),
    );
  });

  it('has the facts as the overlay makes them', () => {
    const facts = withOverlay(factsOf(START), {
      database: 'postgres',
      settingsOverlay: ['database', 'hosts', 'static-root', 'whitenoise'],
    });
    expect(facts).toMatchObject({
      database: { style: 'url', urlVariable: 'DATABASE_URL', forcesTls: null },
      staticFiles: {
        root: 'staticfiles',
        rootSet: true,
        whitenoise: true,
        servedBy: { value: 'WhiteNoise' },
      },
    });
    expect(facts.variables.map(({ name, cast }) => [name, cast])).toEqual([
      ['DATABASE_URL', 'url'],
      ['ALLOWED_HOSTS', 'list'],
    ]);
    expect(facts.importedModules).toContain('whitenoise.middleware');
  });

  it('takes a folder that is not there yet', () => {
    const root = (others: Record<string, string>): string | null =>
      withOverlay(factsOf(START, others), { database: 'postgres', settingsOverlay: ['static-root'] })
        .staticFiles.root;
    expect(root({ 'staticfiles/a.css': '' })).toBe('collected-static');
    expect(root({ 'staticfiles/a.css': '', 'collected-static/a.css': '' })).toBe('container-static');
  });

  it('has each variable once', () => {
    const settings = `${START}OLD = os.environ["DATABASE_URL"]\nX = os.environ.get("ALLOWED_HOSTS")\n`;
    const names = withOverlay(factsOf(settings), {
      database: 'postgres',
      settingsOverlay: ['database', 'hosts'],
    }).variables.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });
});

describe('overlayNotes', () => {
  it('names what the overlay does, and what stays', () => {
    const [done, ...open] = overlayNotes(factsOf(START), {
      ...POSTGRES,
      settingsOverlay: ['database', 'hosts'],
    });
    expect(done).toMatch(
      /^docker\/settings\/container_settings\.py stands in front of shop\.settings .*named in the code \(shop\/settings\.py:9\): the database from DATABASE_URL; ALLOWED_HOSTS is/,
    );
    expect(open).toHaveLength(2);
    expect(open[0]).toMatch(
      /^STATIC_ROOT is not set.*--settings-overlay can do it \(a folder for collectstatic\)\.$/,
    );
    expect(open[1]).toMatch(/^Nothing serves static files/);
  });

  it('says why none can do it', () => {
    expect(overlayNotes(factsOf(START, fixed), { ...POSTGRES, settingsOverlay: [] })[0]).toMatch(
      /^The database is named in the code \(.*\)\. No overlay can do it, because manage\.py sets .* \(manage\.py:2\): change the settings/,
    );
  });

  it('is silent where nothing is lacking', () => {
    expect(overlayNotes(factsOf(READY), { ...POSTGRES, settingsOverlay: [] })).toEqual([]);
  });
});

describe('the plan with an overlay', () => {
  it('starts the overlay, with the project’s modules behind it', async () => {
    const { plan } = await planFor(START, { answers: { database: 'postgres' } });
    expect(plan).toMatchObject({
      settingsModule: 'container_settings',
      developmentSettingsModule: 'container_settings',
      pythonPath: ['/app/docker/settings'],
      overlay: {
        projectModule: 'shop.settings',
        developmentProjectModule: null,
        items: ['database', 'hosts', 'static-root', 'whitenoise'],
        places: { hosts: 'shop/settings.py:6' },
      },
      databaseReachable: true,
      staticFiles: { collect: true, root: '/app/staticfiles' },
      copies: expect.arrayContaining([
        {
          sources: ['docker/settings/container_settings.py'],
          destination: '/app/docker/settings/',
          reason: '',
        },
      ]) as unknown,
    });
    expect(plan.composeEnvironment.map(({ name }) => name)).toEqual(['DATABASE_URL', 'PORT']);
    expect(plan.notes.filter((note) => note.includes('STATIC_ROOT'))).toHaveLength(1);
  });

  it('asks for a host of the project’s, which is allowed whatever the variable says', async () => {
    const settings = START.replace('ALLOWED_HOSTS = []', 'ALLOWED_HOSTS = ["shop.example.com"]');
    const { plan } = await planFor(settings, { answers: { database: 'postgres' } });
    expect(plan.allowedHost).toBe('shop.example.com');
  });

  it('is none with none', async () => {
    const { plan } = await planFor(START, { answers: { settingsOverlay: 'none', database: 'postgres' } });
    expect(plan).toMatchObject({ overlay: null, settingsModule: 'shop.settings', pythonPath: [] });
  });
});

describe('a wsgi.py that names settings whatever the environment says', () => {
  const names = (module: string): Record<string, string> => ({
    'shop/wsgi.py': `import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "${module}"\napplication = None\n`,
    'shop/other.py': 'DEBUG = False\n',
  });

  it.each([
    ['others than the image', 'shop.other', READY, 'container_application:application'],
    ['the image’s own', 'shop.settings', READY, 'shop.wsgi:application'],
    ['the image’s own, behind an overlay', 'shop.settings', START, 'container_application:application'],
  ])('%s', async (_, module, settings, application) => {
    const { plan } = await planFor(settings, { others: names(module), answers: { database: 'postgres' } });
    const wraps = application.startsWith('container');
    expect(plan.application).toBe(application);
    expect(plan.wrappedApplication).toEqual(wraps ? { module: 'shop.wsgi', name: 'application' } : null);
    expect(plan.pythonPath.includes('/app/docker/settings')).toBe(wraps);
    const copied = plan.copies.flatMap(({ sources }) => sources);
    expect(copied.includes('docker/settings/container_application.py')).toBe(wraps);
    expect(plan.notes.some((note) => note.includes('container_application.py'))).toBe(wraps);
  });
});
