import type { AnswerName } from '../../generators/app/answers/answers.ts';
import type { MemoryGit } from '../../generators/app/detection/memory-files.ts';
import { Random, hashOf } from './history-random.ts';

/** What of a project changes from one run to the next. */
export interface Project {
  apps: readonly string[];
  /** Requirements beside Django. */
  requirements: readonly string[];
  celery: boolean;
  python: string | null;
  /** Variables of the settings without a default. */
  variables: readonly string[];
  /** The module that manage.py names: `settings`, `production`. */
  settings: string;
  /** What never changes in a project. */
  readonly fixed: {
    format: 'requirements' | 'setup.cfg';
    database: 'url' | 'hard-coded';
    hosts: 'environment' | 'hard-coded';
    asgi: boolean;
    git: 'none' | 'ignores .env' | 'tracks .env';
  };
}

/** One change of a project, undone when it comes again. */
export type Toggle = { name: string; apply(project: Project): Project };

/** Answers that histories of a world give on the command line. */
export type OptionSet = Partial<Record<AnswerName, string>>;

/**
 * Where histories take place: one project and a few changes, so that what is detected and rendered for one history
 * serves the others, too.
 */
export interface World {
  project: Project;
  toggles: readonly Toggle[];
  options: readonly OptionSet[];
}

const toggled = (list: readonly string[], item: string): string[] =>
  list.includes(item) ? list.filter((other) => other !== item) : [...list, item];

const requirement = (line: string): Toggle => ({
  name: `requirement ${line}`,
  apply: (project) => ({ ...project, requirements: toggled(project.requirements, line) }),
});
const app = (name: string): Toggle => ({
  name: `app ${name}`,
  apply: (project) => ({ ...project, apps: toggled(project.apps, name) }),
});
const variable = (name: string): Toggle => ({
  name: `variable ${name}`,
  apply: (project) => ({ ...project, variables: toggled(project.variables, name) }),
});

const TOGGLES: readonly Toggle[] = [
  app('billing'),
  app('catalog'),
  {
    name: 'app orders renamed',
    apply: (project) => ({
      ...project,
      apps: project.apps.map((name) => (name === 'orders' ? 'sales' : name === 'sales' ? 'orders' : name)),
    }),
  },
  requirement('lightgbm'),
  requirement('python-magic'),
  requirement('opencv-python'),
  requirement('gunicorn'),
  requirement('psycopg2'),
  requirement('redis'),
  {
    name: 'Celery',
    apply: (project) => ({
      ...project,
      celery: !project.celery,
      requirements: toggled(project.requirements, 'celery'),
    }),
  },
  {
    name: 'Python',
    apply: (project) => ({ ...project, python: project.python === '3.12' ? '3.13' : '3.12' }),
  },
  variable('API_TOKEN'),
  variable('MAIL_KEY'),
  {
    name: 'settings module',
    apply: (project) => ({
      ...project,
      settings: project.settings === 'settings' ? 'production' : 'settings',
    }),
  },
];

const OPTIONS: readonly OptionSet[] = [
  { database: 'supabase' },
  { database: 'postgres' },
  { database: 'external' },
  { database: 'sqlite' },
  { port: '8080' },
  { port: '9000', installer: 'pip' },
  { imageName: 'acme/shop' },
  { imageName: 'registry.example.org:5000/shop', port: '8000' },
  { server: 'gunicorn' },
  { services: 'none' },
  { services: 'redis' },
  { settingsOverlay: 'none' },
  { settingsOverlay: 'hosts' },
  { runtimeLibraries: 'libpq5,curl' },
  { runtimeLibraries: 'none' },
  { pythonVersion: '3.13' },
  { apps: 'shop' },
];

/** How many worlds there are. */
export const WORLDS = 10;

/** Some of a list for each world, in turn, so that every item has its world. */
const dealt = <Item>(list: readonly Item[], number: number, count: number): Item[] =>
  [...list, ...list].slice((number * count) % list.length).slice(0, count);

/**
 * One of the worlds.
 * @param seed of all histories
 * @param number from 0
 */
export function makeWorld(seed: string, number: number): World {
  const random = new Random(`${seed} world ${number}`);
  const turn = number + hashOf(seed);
  const asgi = turn % 3 === 0;
  return {
    project: {
      apps: random.chance(0.8) ? ['orders'] : ['orders', 'billing'],
      requirements: random.chance(0.6) ? ['dj-database-url', 'psycopg2'] : ['dj-database-url'],
      celery: false,
      python: random.pick([null, '3.12', '3.13']),
      variables: random.chance(0.7) ? ['SECRET_KEY'] : [],
      settings: 'settings',
      fixed: {
        format: turn % 5 === 0 ? 'setup.cfg' : 'requirements',
        database: turn % 4 === 0 ? 'hard-coded' : 'url',
        hosts: random.chance(0.5) ? 'hard-coded' : 'environment',
        asgi,
        git: (['none', 'ignores .env', 'ignores .env', 'tracks .env'] as const)[turn % 4] ?? 'none',
      },
    },
    toggles: dealt(TOGGLES, turn, 3),
    options: [...dealt(OPTIONS, turn, 4), ...(asgi ? [{ server: random.pick(['uvicorn', 'daphne']) }] : [])],
  };
}

/** What Git says about a project. */
export function gitOf({ fixed }: Project): MemoryGit {
  return { present: fixed.git !== 'none', ignored: fixed.git === 'ignores .env' ? ['.env'] : [] };
}

/** The files of a project's own, by path. */
export function projectFiles(project: Project): Record<string, string> {
  const { apps, requirements, celery, python, variables, settings, fixed } = project;
  // Without versions: detection would compare each with many others, which takes its time.
  const lines = ['Django', ...requirements];
  const text = [
    'import os',
    'from pathlib import Path',
    'import dj_database_url',
    'BASE_DIR = Path(__file__).resolve().parent.parent',
    ...(variables.includes('SECRET_KEY') ? [] : ['SECRET_KEY = os.environ.get("SECRET_KEY", "")']),
    ...variables.map((name) => `${name} = os.environ["${name}"]`),
    `INSTALLED_APPS = [${[...apps, 'django.contrib.staticfiles'].map((name) => `"${name}"`).join(', ')}]`,
    'STATIC_URL = "/static/"',
    ...(fixed.hosts === 'environment'
      ? ['ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "").split(",")']
      : ['ALLOWED_HOSTS = ["shop.example.org"]']),
    fixed.database === 'url'
      ? 'DATABASES = {"default": dj_database_url.config()}'
      : 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}',
    '',
  ].join('\n');
  return {
    'manage.py': `import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.${settings}")\n# django\n`,
    'shop/__init__.py': celery ? 'from .celery import app\n' : '',
    [`shop/${settings}.py`]: text,
    'shop/wsgi.py': 'application = None\n',
    ...(fixed.asgi ? { 'shop/asgi.py': 'application = None\n' } : {}),
    ...(celery ? { 'shop/celery.py': 'from celery import Celery\napp = Celery("shop")\n' } : {}),
    ...Object.fromEntries(
      apps.flatMap((name) => [
        [`${name}/__init__.py`, ''],
        [`${name}/models.py`, 'from django.db import models\n'],
      ]),
    ),
    ...(fixed.format === 'requirements'
      ? { 'requirements.txt': `${lines.join('\n')}\n` }
      : {
          'setup.py': 'from setuptools import setup\n\nsetup()\n',
          'setup.cfg': `[metadata]\nname = shop\n\n[options]\ninstall_requires =\n${lines.map((line) => `    ${line}\n`).join('')}`,
        }),
    ...(python === null ? {} : { '.python-version': `${python}\n` }),
    'README.md': '# Shop\n',
  };
}
