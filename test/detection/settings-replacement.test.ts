import { describe, expect, it } from 'vitest';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

const manage =
  'import os\nimport sys\n\n\ndef main():\n    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n    from django.core.management import execute_from_command_line\n    execute_from_command_line(sys.argv)\n';

const detect = (files: Record<string, string>) =>
  detectProject(
    memoryFiles('repo', {
      'manage.py': manage,
      'shop/__init__.py': '',
      'shop/settings.py': 'DEBUG = False\n',
      'shop/wsgi.py': 'application = None\n',
      ...files,
    }),
  );
const fixed = (files: Record<string, string>) => detect(files).fixedSettings;

describe('an overlay is possible', () => {
  it.each([
    ['where manage.py takes what the environment says', {}],
    [
      'where wsgi.py does',
      {
        'shop/wsgi.py':
          'import os\nfrom django.core.wsgi import get_wsgi_application\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\napplication = get_wsgi_application()\n',
      },
    ],
    [
      'where an assignment is made only when nothing is set',
      {
        'manage.py':
          'import os\nif not os.environ.get("DJANGO_SETTINGS_MODULE"):\n    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n# django\n',
      },
    ],
    [
      'where the other branch is for what is set',
      {
        'manage.py':
          'import os\nif "DJANGO_SETTINGS_MODULE" in os.environ:\n    pass\nelse:\n    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n# django\n',
      },
    ],
    [
      'where an assignment keeps what is set',
      {
        'manage.py':
          'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = os.environ.get("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
      },
    ],
    [
      'where an assignment is for tests',
      {
        'manage.py': `import os, sys\nif len(sys.argv) > 1 and sys.argv[1] == "test":\n    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.test_settings"\n${manage}`,
        'shop/test_settings.py': 'from .settings import *\n',
      },
    ],
    [
      'where the settings only read classes of others with such a name',
      {
        'shop/settings.py': 'from .tax_configurations import Configuration\n# configurations\n',
        'shop/tax_configurations.py': 'class Configuration: pass\n',
      },
    ],
    [
      'where the settings default the variable for other programs',
      {
        'shop/settings.py':
          'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\nDEBUG = False\n',
      },
    ],
  ])('%s', (_, files) => {
    expect(fixed(files)).toBeNull();
  });
});

describe('no overlay is possible', () => {
  it('where manage.py overrides the environment (Django-CRM)', () => {
    const text =
      'import os\n\nif __name__ == "__main__":\n    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n# django\n';
    expect(fixed({ 'manage.py': text })).toEqual({
      value: 'manage.py sets DJANGO_SETTINGS_MODULE whatever the environment says',
      evidence: [{ file: 'manage.py', line: 4 }],
    });
  });

  it('where shop/celery.py does', () => {
    const text = "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\napp = None\n";
    expect(fixed({ 'shop/celery.py': text })).toMatchObject({
      evidence: [{ file: 'shop/celery.py', line: 2 }],
    });
  });

  it.each([
    ['from configurations import Configuration', 1],
    ['from configurations import Configuration, values', 1],
    ['import os\nfrom configurations import (\n    Configuration,\n    values,\n)', 2],
    ['from configurations.base import Configuration', 1],
  ])('where the settings are classes: %s', (line, at) => {
    const text = `${line}\n\n\nclass Production(Configuration):\n    DEBUG = False\n`;
    expect(fixed({ 'shop/settings.py': text })).toEqual({
      value: 'the settings are classes (django-configurations)',
      evidence: [{ file: 'shop/settings.py', line: at }],
    });
  });

  it('where the settings ask which settings module was named', () => {
    const text =
      'import os\nDEBUG = False\nif os.environ["DJANGO_SETTINGS_MODULE"] == "shop.settings":\n    SITE = "shop"\n';
    expect(fixed({ 'shop/settings.py': text })).toEqual({
      value: 'shop/settings.py reads DJANGO_SETTINGS_MODULE',
      evidence: [{ file: 'shop/settings.py', line: 3 }],
    });
  });
});

describe('a module of ours loads the settings first', () => {
  it.each(['shop/wsgi.py', 'shop/asgi.py'])('where %s names them whatever the environment says', (file) => {
    const text = "import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\napplication = None\n";
    const { fixedSettings, entrySettings } = detect({ [file]: text });
    expect(fixedSettings).toBeNull();
    expect(entrySettings).toEqual([
      {
        value: `${file} sets DJANGO_SETTINGS_MODULE whatever the environment says`,
        evidence: [{ file, line: 2 }],
        module: file.replace('/', '.').replace('.py', ''),
        file,
        names: ['shop.settings'],
      },
    ]);
  });

  it.each([
    'os.environ["APP_STAGE"] = "production"',
    'os.environ.setdefault("APP_STAGE", "production")',
    'load_dotenv()',
    'env.read_env(".env")',
    'from gevent import monkey; monkey.patch_all()',
  ])('not where the module does more that settings may read: %s', (line) => {
    const text = `import os\n${line}\nos.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\napplication = None\n`;
    const { fixedSettings, entrySettings } = detect({ 'shop/wsgi.py': text });
    expect(entrySettings).toEqual([]);
    expect(fixedSettings?.evidence).toEqual([{ file: 'shop/wsgi.py', line: 3 }]);
  });

  it('not of a manage.py in a folder called wsgi (OpenShift)', () => {
    const text = 'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n# django\n';
    const facts = detectProject(
      memoryFiles('repo', {
        'wsgi/manage.py': text,
        'wsgi/shop/__init__.py': '',
        'wsgi/shop/settings.py': 'DEBUG = False\n',
        'wsgi/shop/wsgi.py': 'application = None\n',
      }),
    );
    expect(facts.fixedSettings?.evidence).toEqual([{ file: 'wsgi/manage.py', line: 2 }]);
    expect(facts.entrySettings).toEqual([]);
  });

  it('not where it is a default', () => {
    const text = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n';
    expect(detect({ 'shop/wsgi.py': `${text}application = None\n` }).entrySettings).toEqual([]);
  });
});
