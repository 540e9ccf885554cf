import { readDatabase } from '../../generators/app/detection/database.ts';
import { listSetting, readSettings, textSetting } from '../../generators/app/detection/django-settings.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import { variablesOf } from '../../generators/app/detection/settings-variables.ts';

const manage = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n';

/** Reads one settings file (or several) of a project called `shop`. */
export function settingsOf(text: string, others: Readonly<Record<string, string>> = {}) {
  const files = memoryFiles('repo', {
    'manage.py': manage,
    'shop/__init__.py': '',
    'shop/settings.py': text,
    ...others,
  });
  const settings = readSettings(files, 'manage.py');
  const variables = variablesOf(settings.evaluation.reads, settings.files);
  return {
    settings,
    variables,
    variable: (name: string) => variables.find((variable) => variable.name === name),
    list: (name: string) => listSetting(settings, name).map((item) => item.text),
    text: (name: string) => textSetting(settings, name)?.value,
    database: readDatabase(settings, ''),
  };
}
