import { describe, expect, it } from 'vitest';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';

/** Names of the variables that the application demands, `*` for those that reading alone requires. */
const demanded = (settings: string, others: Record<string, string> = {}): string[] =>
  detectProject(
    memoryFiles('repo', {
      'manage.py': 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n',
      'shop/__init__.py': '',
      'shop/settings.py': `import os\nfrom django.core.exceptions import ImproperlyConfigured\nINSTALLED_APPS = ["core"]\n${settings}`,
      'shop/wsgi.py': 'application = None\n',
      'core/__init__.py': '',
      ...others,
    }),
  ).variables.flatMap(({ name, demanded: asked, required }) =>
    asked === true ? [name] : required ? [`${name}*`] : [],
  );

describe('variables that an ImproperlyConfigured names', () => {
  it('in a module that checks the settings (saleor)', () => {
    expect(
      demanded('RSA_PRIVATE_KEY = os.environ.get("RSA_PRIVATE_KEY", None)\n', {
        'core/jwt_manager.py':
          'from django.conf import settings\nfrom django.core.exceptions import ImproperlyConfigured\n\n\ndef validate():\n    if not settings.RSA_PRIVATE_KEY:\n        raise ImproperlyConfigured("Variable RSA_PRIVATE_KEY is not provided. ")\n',
      }),
    ).toEqual(['RSA_PRIVATE_KEY']);
  });

  it.each([
    'raise ImproperlyConfigured("SITE_KEY must be set")',
    "raise ImproperlyConfigured('The SITE_KEY environment variable is missing')",
    'raise ImproperlyConfigured(\n        "You need a key: "\n        "set the SITE_KEY variable (see the docs)."\n    )',
    'raise ImproperlyConfigured(_("SITE_KEY is required"))',
  ])('%s', (line) => {
    const settings = `SITE_KEY = os.environ.get("SITE_KEY")\nDEBUG = os.environ.get("DEBUG") == "1"\nif not DEBUG and not SITE_KEY:\n    ${line}\n`;
    const names = demanded(settings);
    expect(names.map((name) => name.replace('*', ''))).toEqual(['SITE_KEY']);
  });
});

describe('other variables', () => {
  it.each([
    ['with a default', 'KEY = os.environ.get("KEY", "x")\nraise ImproperlyConfigured("KEY is required")\n'],
    [
      'of which either will do',
      'A = os.environ.get("A_KEY")\nB = os.environ.get("B_KEY")\n\n\ndef f():\n    raise ImproperlyConfigured("Set A_KEY or B_KEY: one is required")\n',
    ],
    [
      'whose value is wrong',
      'KEY = os.environ.get("KEY")\n\n\ndef f():\n    raise ImproperlyConfigured("KEY is no number")\n',
    ],
    [
      'with a longer name',
      'KEY = os.environ.get("KEY")\n\n\ndef f():\n    raise ImproperlyConfigured("SITE_KEY is required")\n',
    ],
    [
      'of a message put together',
      'KEY = os.environ.get("KEY")\n\n\ndef f(name):\n    raise ImproperlyConfigured(f"{name} is required")\n',
    ],
    ['of tests', 'KEY = os.environ.get("KEY")\n'],
  ])('%s', (_, settings) => {
    expect(
      demanded(settings, { 'core/tests.py': 'raise ImproperlyConfigured("KEY is required")\n' }),
    ).toEqual([]);
  });

  it('with a name that is a pattern', () => {
    expect(
      demanded(
        'A = os.environ.get("A(B")\n\n\ndef f():\n    raise ImproperlyConfigured("A key is required")\n',
      ),
    ).toEqual([]);
  });
});
