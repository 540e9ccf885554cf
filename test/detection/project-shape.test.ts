import { describe, expect, test } from 'vitest';

import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { DetectionError } from '../../generators/app/detection/facts.ts';
import type { ProjectFacts } from '../../generators/app/detection/facts.ts';
import { SeveralManagePyError } from '../../generators/app/detection/manage-py.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

const manage = (module: string): string =>
  `import os, sys\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "${module}")\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n`;
const site = 'ROOT_URLCONF = "urls"\nINSTALLED_APPS = []\n';
const detect = (files: Record<string, string>): ProjectFacts => detectProject(memoryFiles('repo', files));
const failure = (files: Record<string, string>): Error => {
  try {
    detect(files);
  } catch (error) {
    expect(error).toBeInstanceOf(DetectionError);
    return error as Error;
  }
  throw new Error('no error');
};

describe('one manage.py of several', () => {
  test('in a folder up to two levels down', () => {
    for (const folder of ['', 'src/', 'src/backend/'])
      expect(
        detect({ [`${folder}manage.py`]: manage('shop.settings'), [`${folder}shop/settings.py`]: site })
          .workDir,
      ).toBe(folder.replace(/\/$/, ''));
    expect(failure({ 'a/b/c/manage.py': manage('s') }).message).toContain('up to two folders');
  });

  test('whose settings are a test project’s loses, although it lies in the root', () => {
    const facts = detect({
      'manage.py': manage('tests.settings'),
      'tests/settings.py': site,
      'server/manage.py': manage('shop.settings'),
      'server/shop/settings.py': site,
    });
    expect(facts.managePy.value).toBe('server/manage.py');
    expect(facts.notes[0]?.message).toContain('manage.py is one of tests, examples or documentation');
  });

  test('whose settings serve no site loses', () => {
    const facts = detect({
      'tools/manage.py': manage('tools.settings'),
      'tools/tools/settings.py': 'INSTALLED_APPS = []\n',
      'web/manage.py': manage('web.settings.base'),
      'web/web/settings/base.py': site,
    });
    expect(facts.managePy.value).toBe('web/manage.py');
    expect(facts.notes[0]?.message).toContain('ROOT_URLCONF');
  });

  test('is asked for where none is clearly the project, as in django-allauth', () => {
    const error = failure({
      'manage.py': manage('tests.regular.settings'),
      'tests/regular/settings.py': site,
      'examples/react-spa/manage.py': manage('backend.settings'),
      'examples/react-spa/backend/settings.py': site,
      'examples/regular-django-example/manage.py': manage('example.settings'),
      'examples/regular-django-example/example/settings.py': site,
    });
    expect(error).toBeInstanceOf(SeveralManagePyError);
    expect((error as SeveralManagePyError).candidates).toHaveLength(3);
    expect(error.message).toContain('--manage-py PATH');
  });
});

describe('a manage.py that names no settings', () => {
  const plain =
    'import sys\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n';
  const two = {
    'manage.py': plain,
    'shop/__init__.py': '',
    'shop/settings/__init__.py': '',
    'shop/settings/base.py': site,
    'shop/settings/site.py': 'from .base import *\n',
    'shop/settings/test.py': 'from .base import *\n',
  };

  test.each([
    ['.env', 'DJANGO_SETTINGS_MODULE=shop.settings.site\n'],
    [
      '.env.example',
      '# DJANGO_SETTINGS_MODULE: which settings\nDJANGO_SETTINGS_MODULE="shop.settings.site"\n',
    ],
    ['setup.cfg', '[tool:pytest]\nDJANGO_SETTINGS_MODULE = shop.settings.site\n'],
    ['pytest.ini', '[pytest]\nDJANGO_SETTINGS_MODULE = shop.settings.site\n'],
    ['pyproject.toml', '[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = "shop.settings.site"\n'],
    ['Procfile', 'web: DJANGO_SETTINGS_MODULE=shop.settings.site gunicorn shop.wsgi\n'],
    ['Dockerfile', 'FROM python:3.12\nENV DJANGO_SETTINGS_MODULE=shop.settings.site\n'],
    ['docker/Dockerfile.prod', 'ENV DJANGO_SETTINGS_MODULE shop.settings.site\n'],
    [
      'compose.yaml',
      'services:\n  web:\n    environment:\n      DJANGO_SETTINGS_MODULE: shop.settings.site\n',
    ],
    [
      'docker-compose.yml',
      'services:\n  web:\n    environment:\n      - DJANGO_SETTINGS_MODULE=${DJANGO_SETTINGS_MODULE:-shop.settings.site}\n',
    ],
    ['.do/deploy.template.yaml', '- key: DJANGO_SETTINGS_MODULE\n  value: "shop.settings.site"\n'],
    ['Makefile', 'run:\n\tpython manage.py runserver --settings shop.settings.site\n'],
    [
      'shop/wsgi.py',
      'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings.site"\napplication = 1\n',
    ],
  ])('finds them in %s', (path, text) => {
    expect(detect({ ...two, [path]: text }).settingsModule).toMatchObject({
      value: 'shop.settings.site',
      evidence: [{ file: path }],
    });
  });

  test('prefers what is deployed to what is tested', () => {
    const facts = detect({
      ...two,
      'pytest.ini': '[pytest]\nDJANGO_SETTINGS_MODULE = shop.settings.test\n',
      '.env.example': 'DJANGO_SETTINGS_MODULE=shop.settings.site\n',
    });
    expect(facts.settingsModule.value).toBe('shop.settings.site');
  });

  // As in python/pythondotorg: settings.static is there for collectstatic; another's docstring says production.
  const withStatic = {
    'manage.py':
      'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings.local")\n# django\n',
    'shop/__init__.py': '',
    'shop/settings/__init__.py': '',
    'shop/settings/base.py': site,
    'shop/settings/local.py': 'from .base import *\n',
    'shop/settings/static.py': '"""Settings to collect static files with."""\nfrom .base import *\n',
    Dockerfile:
      'FROM python:3.13\nRUN DJANGO_SETTINGS_MODULE=shop.settings.static \\\n    uv run python manage.py collectstatic --noinput\n',
  };

  test.each([
    [
      'another docstring says production',
      '"""Settings of the\nproduction cluster."""\n',
      'shop.settings.cluster',
    ],
    ['another says that it is not for it', '"""Not for production."""\n', 'shop.settings.static'],
    [
      'another mentions it beside other stages',
      '"""Shared by development and production."""\n',
      'shop.settings.static',
    ],
    ['another is not settings', '"""Production."""\napplication = 1\n# ', 'shop.settings.static'],
    ['nothing else is said', '', 'shop.settings.static'],
  ])('named for collectstatic alone: %s', (_case, docstring, module) => {
    const facts = detect({ ...withStatic, 'shop/settings/cluster.py': `${docstring}from .base import *\n` });
    expect(facts.settingsModule.value).toBe(module);
  });

  test.each([
    [
      'the option stands after the command',
      'RUN python manage.py collectstatic --noinput --settings=shop.settings.static\n',
      'shop.settings.cluster',
    ],
    [
      'on a line before it',
      'RUN DJANGO_SETTINGS_MODULE=shop.settings.static \\ \n  python manage.py \\\n  compress\n',
      'shop.settings.cluster',
    ],
    [
      'the server starts in the same command',
      'CMD DJANGO_SETTINGS_MODULE=shop.settings.static python manage.py collectstatic && gunicorn shop.wsgi\n',
      'shop.settings.static',
    ],
    [
      'an instruction for all',
      'ENV DJANGO_SETTINGS_MODULE=shop.settings.static\nRUN python manage.py collectstatic\n',
      'shop.settings.static',
    ],
  ])('named for collectstatic: %s', (_case, text, module) => {
    const facts = detect({
      ...withStatic,
      'shop/settings/cluster.py': '"""Production."""\nfrom .base import *\n',
      Dockerfile: `FROM python:3.13\n${text}`,
    });
    expect(facts.settingsModule.value).toBe(module);
  });

  test('wsgi.py is no settings module, whatever its docstring says', () => {
    const facts = detect({
      'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.local")\n# django\n',
      'shop/__init__.py': '',
      'shop/local.py': site,
      'shop/wsgi.py': '"""The WSGI callable of any production deployment."""\napplication = 1\n',
    });
    expect(facts.settingsModule.value).toBe('shop.local');
  });

  test('named for collectstatic and for the server as well', () => {
    const facts = detect({
      ...withStatic,
      'shop/settings/cluster.py': '"""Production."""\nfrom .base import *\n',
      Dockerfile: `${withStatic.Dockerfile}ENV DJANGO_SETTINGS_MODULE=shop.settings.static\n`,
    });
    expect(facts.settingsModule.value).toBe('shop.settings.static');
  });

  test('hands on to a function of another module, or to runpy', () => {
    const cli =
      'import os\n\ndef main():\n    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings.site")\n    from django.core.management import execute_from_command_line\n';
    expect(
      detect({ ...two, 'manage.py': 'from shop.cli import main\n\nmain()\n', 'shop/cli.py': cli })
        .settingsModule,
    ).toMatchObject({ value: 'shop.settings.site', evidence: [{ file: 'shop/cli.py', line: 4 }] });
    expect(
      detect({
        ...two,
        'manage.py': 'import runpy\nrunpy.run_module("shop", run_name="__main__")\n',
        'shop/__main__.py': cli,
      }).settingsModule.value,
    ).toBe('shop.settings.site');
  });

  test.each([
    [
      'os.environ.setdefault("DJANGO_SETTINGS_MODULE", os.environ.get("S", "shop.settings.site"))',
      'shop.settings.site',
    ],
    [
      'os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"shop.settings.{os.getenv(\'STAGE\', \'site\')}")',
      'shop.settings.site',
    ],
    [
      'os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"shop.settings.{os.environ[\'STAGE\']}")',
      'shop.settings.base',
    ],
    [
      'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings.%s" % os.environ["STAGE"])',
      'shop.settings.base',
    ],
  ])('%s', (line, expected) => {
    expect(detect({ ...two, 'manage.py': `import os\n${line}\n# django\n` }).settingsModule.value).toBe(
      expected,
    );
  });
});

describe('settings', () => {
  const developer = {
    'manage.py': manage('shop.settings.dev'),
    'shop/wsgi.py': `${manage('shop.settings.dev')}application = 1\n`,
    'shop/settings/__init__.py': '# chosen by environment\n',
    'shop/settings/base.py': site,
    'shop/settings/dev.py': 'from .base import *\n',
    'shop/settings/production.py': 'from .base import *\n',
  };

  test('for production win where all name a developer’s', () => {
    const facts = detect(developer);
    expect(facts.settingsModule).toMatchObject({
      value: 'shop.settings.production',
      evidence: [{ file: 'shop/settings/production.py' }],
    });
    expect(facts.developmentSettingsModule?.value).toBe('shop.settings.dev');
    expect(facts.notes[0]?.message).toBe(
      'Settings: shop.settings.production is used in production, but manage.py:2 names shop.settings.dev, shop/wsgi.py:2 names shop.settings.dev.',
    );
  });

  test('that Git ignores are told', () => {
    const path = 'shop/settings/production.py';
    const facts = detectProject(memoryFiles('repo', developer, { ignored: [path] }));
    expect(facts.notes).toContainEqual({
      message: `${path} is ignored by Git: it is in an image that is built here, and not in one that is built from a clone.`,
      evidence: [{ file: path, line: null }],
    });
  });

  test('that the Dockerfile states win over those that are only called so', () => {
    const facts = detect({
      ...developer,
      'shop/settings/cloud.py': 'from .base import *\n',
      Dockerfile: 'ENV DJANGO_SETTINGS_MODULE=shop.settings.cloud\n',
    });
    expect(facts.settingsModule.value).toBe('shop.settings.cloud');
  });

  test('an empty package that wsgi.py names is told, a missing module too', () => {
    const files = { ...developer, 'shop/wsgi.py': `${manage('shop.settings')}application = 1\n` };
    expect(detect(files).notes[0]?.message).toContain('names shop.settings (which is empty)');
    const missing = {
      'manage.py': manage('shop.settings'),
      'shop/settings.py': site,
      'shop/wsgi.py': `${manage('old.settings')}application = 1\n`,
    };
    const facts = detect(missing);
    expect(facts.settingsModule.value).toBe('shop.settings');
    expect(facts.notes[0]?.message).toContain('shop/wsgi.py:2 names old.settings (which does not exist)');
  });

  test('a package that takes a developer’s first hands over to what is deployed', () => {
    // As linkding does.
    const files = {
      ...developer,
      'manage.py': manage('shop.settings'),
      'shop/wsgi.py': '',
      'shop/settings/__init__.py':
        'try:\n    from .dev import *\nexcept ImportError:\n    from .production import *\n',
    };
    expect(detect(files).settingsModule.value).toBe('shop.settings.production');
    const switched =
      'from .base import DEBUG\nif DEBUG:\n    from .dev import *\nelse:\n    from .production import *\n';
    expect(detect({ ...files, 'shop/settings/__init__.py': switched }).settingsModule.value).toBe(
      'shop.settings',
    );
  });

  test.each([
    [{ 'manage.py': manage('settings'), 'settings.py': site }, 'settings'],
    [
      { 'manage.py': manage('settings.main'), 'settings/__init__.py': '', 'settings/main.py': site },
      'settings.main',
    ],
    [
      { 'manage.py': '# django\n', 'settings/__init__.py': '', 'settings/production.py': site },
      'settings.production',
    ],
    [
      { 'manage.py': manage('shop.settings_dev'), 'shop/settings_dev.py': '', 'shop/settings_prod.py': site },
      'shop.settings_prod',
    ],
  ])('at the root or beside each other: %#', (files, expected) => {
    expect(detect(files).settingsModule.value).toBe(expected);
  });

  test('by topic and by django-split-settings', () => {
    const facts = detect({
      'manage.py': manage('shop.settings'),
      'shop/settings/__init__.py':
        'from split_settings.tools import include, optional\ninclude("parts/*.py", optional("local.py"))\n',
      'shop/settings/parts/apps.py': 'INSTALLED_APPS = ["orders"]\n',
      'shop/settings/parts/urls.py': 'ROOT_URLCONF = "shop.urls"\n',
      'orders/__init__.py': '',
    });
    expect(facts.settingsModule.value).toBe('shop.settings');
    expect(facts.settingsFiles).toHaveLength(3);
    expect(facts.application.find((entry) => entry.path === 'orders')?.reason).toBe('in INSTALLED_APPS');
  });
});

describe('settings classes', () => {
  const classes =
    'from configurations import Configuration\n\nclass Common(Configuration):\n    ROOT_URLCONF = "shop.urls"\n\nclass Dev(Common):\n    DEBUG = True\n\nclass Prod(Common):\n    DEBUG = False\n';
  const start = (name: string): string =>
    `${manage('shop.settings')}os.environ.setdefault("DJANGO_CONFIGURATION", "${name}")\n`;
  const files = { 'manage.py': start('Dev'), 'shop/settings.py': classes };

  test('the one for production is taken', () => {
    expect(detect(files).configuration?.value).toBe('Prod');
    expect(detect({ ...files, 'shop/wsgi.py': start('Prod') }).configuration?.evidence).toMatchObject([
      { file: 'shop/wsgi.py' },
    ]);
    expect(
      detect({ ...files, Procfile: 'web: DJANGO_CONFIGURATION=Prod gunicorn shop.wsgi\n' }).configuration
        ?.evidence,
    ).toMatchObject([{ file: 'Procfile' }]);
  });
  test('else the one that manage.py names, and none where settings are no classes', () => {
    const only = classes.slice(0, classes.indexOf('class Prod'));
    expect(detect({ ...files, 'shop/settings.py': only }).configuration?.value).toBe('Dev');
    expect(detect({ ...files, 'shop/settings.py': site }).configuration).toBeNull();
  });
});

describe('the WSGI or ASGI callable', () => {
  const base = { 'manage.py': manage('shop.settings'), 'shop/__init__.py': '', 'shop/settings.py': site };
  test.each([
    [{ 'shop/wsgi.py': 'application = get_wsgi_application()\n' }, 'shop.wsgi:application', null],
    [{ 'shop/wsgi.py': 'app = get_wsgi_application()\n' }, 'shop.wsgi:app', null],
    [{ 'shop/wsgi.py': 'x = 1\nserve = get_wsgi_application()\ny = serve\n' }, 'shop.wsgi:serve', null],
    [{ 'shop/wsgi.py': 'from configurations.wsgi import application\n' }, 'shop.wsgi:application', null],
    [
      { 'shop/asgi/__init__.py': 'application = get_asgi_application()\n', 'shop/asgi/cors.py': '' },
      null,
      'shop.asgi:application',
    ],
    [
      {
        'shop/settings.py': `${site}WSGI_APPLICATION = "shop.wsgi.prod.handler"\n`,
        'shop/wsgi/__init__.py': '',
        'shop/wsgi/prod.py': 'handler = get_wsgi_application()\n',
      },
      'shop.wsgi.prod:handler',
      null,
    ],
    [{ 'wsgi.py': 'application = 1\n' }, 'wsgi:application', null],
    [
      { 'worker/asgi.py': `${manage('worker.settings')}application = 1\n`, 'worker/settings.py': site },
      null,
      null,
    ],
  ])('%#', (files, wsgi, asgi) => {
    const facts = detect({ ...base, ...files });
    expect([facts.wsgi?.value ?? null, facts.asgi?.value ?? null]).toEqual([wsgi, asgi]);
  });

  test('is missed in a note where there is none', () => {
    expect(detect(base).notes.map((note) => note.message)).toContainEqual(
      expect.stringMatching(/no WSGI or ASGI module.*Add shop\/wsgi\.py/),
    );
  });

  test('that the settings name and that does not exist is told', () => {
    const files = { ...base, 'shop/settings.py': `${site}ASGI_APPLICATION = "shop.routing.application"\n` };
    expect(detect(files).notes.map((note) => note.message)).toContain(
      'ASGI_APPLICATION names shop.routing.application, which does not exist.',
    );
  });
});

describe('code beside the work dir', () => {
  test.each([
    ['sys.path.append(str(BASE_DIR.parent / "libs"))'],
    ['sys.path.insert(0, os.path.join(BASE_DIR, "..", "libs"))'],
    ['sys.path.extend([os.path.join(BASE_DIR, "..", "libs")])'],
    ['sys.path += [str(BASE_DIR.parent / "libs")]'],
    ['sys.path[0:0] = [str(BASE_DIR.parent / "libs")]'],
  ])('%s', (line) => {
    const facts = detect({
      'src/manage.py': manage('shop.settings'),
      'src/shop/settings.py': `import os, sys\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\n${line}\nINSTALLED_APPS = ["common"]\n`,
      'libs/common/__init__.py': '',
      'other/x.py': '',
      'requirements.txt': 'Django\n',
    });
    expect(facts.application.filter((entry) => entry.needed).map((entry) => entry.path)).toEqual([
      'libs',
      'src/shop',
    ]);
    expect(facts.dependencies.root).toBe('');
  });

  test('apps in a folder that is put on the path', () => {
    const facts = detect({
      'manage.py': `import sys\nfrom pathlib import Path\nsys.path.append(str(Path(__file__).parent / "apps"))\n${manage('shop.settings')}`,
      'shop/settings.py': 'INSTALLED_APPS = ["orders"]\n',
      'apps/orders/__init__.py': '',
      'apps/orders/models.py': '',
    });
    expect(facts.application).toMatchObject([
      { path: 'apps', needed: true, reason: 'in INSTALLED_APPS' },
      { path: 'shop', needed: true },
    ]);
  });
});
