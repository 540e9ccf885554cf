/**
 * What detection finds out about a repository. All paths are relative to the repository root, with
 * forward slashes and no leading `./`; the root itself is `''`.
 */

/** Where a fact was read. `line` counts from 1; null when the file as a whole is the evidence. */
export interface Evidence {
  file: string;
  line: number | null;
}

/** A value and the places that it was read from, the deciding one first. */
export interface Fact<T> {
  value: T;
  evidence: Evidence[];
}

/** A folder or file that is a candidate for the selective COPY of the production image. */
export interface ApplicationPath {
  /** Relative to the repository root: `apps`, `src/core`, `urls.py`. A folder is never split below one level of the work dir. */
  path: string;
  kind: 'package' | 'module' | 'data';
  /** Whether the closure of imports and named paths reaches it (then it is ticked). */
  needed: boolean;
  /** One short phrase for the prompt: `in INSTALLED_APPS`, `imported by apps/views.py:3`, `template folder`, `tests, not imported`. */
  reason: string;
  evidence: Evidence[];
}

/** One requirement as written (PEP 508), with the name normalised as PEP 503. */
export interface Requirement {
  /** Normalised: lower case, runs of `-_.` as one `-`. */
  name: string;
  extras: string[];
  /** PEP 440 specifiers as written, `''` when free; for a lock file `==X`. */
  specifier: string;
  /** Environment marker as written, or `''`. */
  marker: string;
  /** A direct reference (`name @ url`, `git+https://…`, a path), else null. */
  url: string | null;
  /** A lock of uv takes it from another index than PyPI itself; absent: from there, or not known. */
  otherIndex?: true;
  /** Whether it is stated by the project (true) or only pulled in by others through the lock file (false). */
  direct: boolean;
  /** Names of the wheels that the lock file lists for Linux; absent where it lists no files. */
  wheelFiles?: string[];
  /** The lock file lists wheels for single platforms, so that there is something to compile. */
  compiled?: boolean;
  evidence: Evidence;
}

/**
 * What the deciding file belongs to. `pyproject`: a pyproject.toml without a lock, in the standard's tables;
 * `poetry` is Poetry's own table too, without a lock; `pylock`: PEP 751; `setuptools`: setup.cfg or setup.py.
 */
export type DependencyManager =
  'requirements' | 'uv' | 'poetry' | 'pdm' | 'pylock' | 'pipenv' | 'pyproject' | 'setuptools' | 'none';

/** An index beside PyPI, which may want credentials. */
export interface PrivateIndex {
  /** Null where it comes from the environment. */
  host: string | null;
  /** Variables of the environment that the address holds: `https://${TOKEN}@example.org/simple`. */
  variables: string[];
  evidence: Evidence;
}

export interface DependencyFacts {
  manager: DependencyManager;
  /** Folder of the deciding file. */
  root: string;
  /** The file to install production from: `requirements.txt`, `requirements/production.txt`, `uv.lock`, `poetry.lock`, `pdm.lock`, `pylock.toml`, `Pipfile.lock`, `pyproject.toml`, `setup.cfg`. */
  productionFile: string | null;
  /** Every file that the production installation reads (with `-r`/`-c` followed, pyproject beside a lock). Sorted. */
  productionFiles: string[];
  /** The file that holds development requirements for the `requirements` manager (`requirements-dev.txt`), else null. */
  developmentFile: string | null;
  /** Every file the development installation reads in addition. Sorted. */
  developmentFiles: string[];
  /** Groups that production needs beyond what is always installed: `prod`, `postgres`. */
  productionGroups: string[];
  /** Extras of the project that production needs. */
  productionExtras: string[];
  /** Names of groups that hold development dependencies (uv, poetry, pdm): `dev`, `test`. */
  developmentGroups: string[];
  /** Extras of the project that hold development dependencies. */
  developmentExtras: string[];
  /** A pyproject.toml without a project: there are groups and nothing else to install. */
  onlyGroups: boolean;
  /** Production packages, transitive ones too where a lock file tells. */
  production: Requirement[];
  development: Requirement[];
  /** All lines carry `--hash` (pip-compile --generate-hashes). */
  hashed: boolean;
  /** setuptools is not listed: pip-compile leaves it out, even where something needs it, so that it has no hash. */
  withoutSetuptools: boolean;
  /** Requirements files with an option that names PyPI itself as index: it would outdo the index that the build is configured with. */
  publicIndexFiles: string[];
  /** Indexes beside PyPI. */
  privateIndexes: PrivateIndex[];
  evidence: Evidence[];
}

/** How an environment variable is turned into a value. */
export type VariableCast = 'str' | 'bool' | 'int' | 'float' | 'list' | 'url' | 'json' | 'unknown';

/** One environment variable that the settings (or what they import) read. */
export interface SettingsVariable {
  name: string;
  /** The default as a string as one would write it in an env file; null when there is none or it is computed. */
  defaultValue: string | null;
  /** True when importing the settings fails if it is unset (`os.environ[...]`, `env('X')`, `config('X')`, `.get('X').split`). */
  required: boolean;
  cast: VariableCast;
  /** For `list`: what separates the items (`,` unless the code says otherwise). */
  separator: string;
  /** The project refuses to start without it when DEBUG is off: an ImproperlyConfigured names it. */
  demanded?: boolean;
  /** Its presence alone decides something in the settings (`if REDIS_URL:`). */
  switches?: boolean;
  /** The setting that it feeds (`SECRET_KEY`, `DEBUG`, `DATABASES.default.PASSWORD`, `DATABASES.default` for a URL), else null. */
  setting: string | null;
  evidence: Evidence[];
}

/** A WSGI or ASGI module that names settings whatever the environment says; its value is a sentence of that. */
export interface EntrySettings extends Fact<string> {
  /** `shop.wsgi` */
  module: string;
  file: string;
  /** The settings modules that it names, as far as they can be read. */
  names: string[];
}

export type DatabaseEngine = 'postgresql' | 'mysql' | 'sqlite3' | 'oracle' | 'other';

export interface DatabaseFacts {
  /**
   * `url`: one variable holds a URL; `variables`: one variable per part; `hard-coded`: nothing is read
   * from the environment; `none`: no DATABASES found.
   */
  style: 'url' | 'variables' | 'hard-coded' | 'none';
  /** With nothing set in the environment. */
  defaultEngine: DatabaseEngine | null;
  /** The variable that holds the URL. */
  urlVariable: string | null;
  /** Variable names per part; null where that part is not read from the environment. */
  variables: {
    engine: string | null;
    name: string | null;
    user: string | null;
    password: string | null;
    host: string | null;
    port: string | null;
  };
  /** The value that selects PostgreSQL in the engine variable: the dotted backend path unless the code shows short names (`postgres`, `postgresql`). Null without an engine variable. */
  postgresEngineValue: string | null;
  /** The same for MySQL and MariaDB. */
  mysqlEngineValue: string | null;
  /** The same for SQLite, where the variable decides between whole configurations. */
  sqliteEngineValue: string | null;
  /** Engines that have a configuration of their own, which the engine variable selects: `if env("DB") == "postgres":`. */
  selectedEngines: DatabaseEngine[];
  /** The literal SQLite file, relative to the repository root, where one is named. */
  sqlitePath: string | null;
  /**
   * The settings demand TLS of the database: `always`, or `unless-in-url` where an `sslmode` in the URL is left as it
   * is. Null where they leave it to the driver.
   */
  forcesTls: Fact<'always' | 'unless-in-url'> | null;
  /** Names in DATABASES beside `default`. Sorted. */
  otherAliases: string[];
  /** Variables of a host (`DYNO`) that decide whether the URL is read at all; null where nothing but itself decides. */
  onlyWith: Fact<string[]> | null;
  evidence: Evidence[];
}

export interface StaticFacts {
  /** django.contrib.staticfiles is installed, so that collectstatic exists. */
  enabled: boolean;
  /** Where STATIC_ROOT lies: relative to the repository root, or absolute (`/…`); null when unset or not readable. */
  root: string | null;
  /** django.contrib.admin is installed, whose style sheets are known. */
  admin: boolean;
  /** STATIC_ROOT is set, though perhaps computed in a way that cannot be read. */
  rootSet: boolean;
  url: string;
  /** STATIC_ROOT lies in the repository with the manifest that collectstatic wrote: it is complete as it is. */
  committed: Fact<true> | null;
  /** WhiteNoise's middleware is in MIDDLEWARE. */
  whitenoise: boolean;
  /** What serves static files when DEBUG is off; null when nothing does. */
  servedBy: Fact<string> | null;
  mediaRoot: string | null;
  evidence: Evidence[];
}

export type ServerName = 'gunicorn' | 'uvicorn' | 'daphne' | 'hypercorn' | 'granian' | 'uwsgi';

/** An address of Celery, written in the code, that leads to the machine itself or to a service of their own Compose file. */
export interface FixedAddress {
  /** The variable that Celery takes before the setting (celery/app/utils.py, `Settings`). */
  variable: 'CELERY_BROKER_URL' | 'CELERY_RESULT_BACKEND';
  /** `amqp`: RabbitMQ. */
  scheme: 'redis' | 'amqp';
  /** Number of Redis' database. */
  database: string;
  evidence: Evidence[];
}

/** A service beside the web server. `application` is what `celery -A` takes: `backendAI`, `backendAI.celery:app`. */
export interface ServiceFacts {
  celery: Fact<{
    application: string;
    beat: boolean;
    fixedAddresses: FixedAddress[];
    /** Variables that lead the broker to a RabbitMQ; empty where none does. */
    rabbitVariables: string[];
  }> | null;
  /** Redis is used (channel layer, cache, broker); `variables` are the settings variables which hold its URL or host. */
  redis: Fact<{ variables: string[] }> | null;
  channels: Fact<true> | null;
}

/** A path inside the project that the application writes to while it runs. */
export interface WrittenPath {
  /** Relative to the repository root. */
  path: string;
  kind: 'folder' | 'file';
  /** The setting that names it. */
  setting: string;
  evidence: Evidence[];
}

/** Something that the user should know; shown in the table and in the summary. */
export interface DetectionNote {
  message: string;
  evidence: Evidence[];
}

export interface ProjectFacts {
  /** Name for image and Compose project: the package of the settings unless it is generic (config, core, app, project, settings, src, backend, server, mysite), then the repository folder's name. */
  name: string;
  /** `src/manage.py`. */
  managePy: Fact<string>;
  /** Folder of manage.py: `''`, `src`. */
  workDir: string;
  /** Folders that Python must find modules in beside the work dir: `src` of a package that is not installed itself. */
  pythonPath: string[];
  /**
   * For production: the one manage.py names, unless that is for development and wsgi/asgi names another. Without evidence
   * where the user named it.
   */
  settingsModule: Fact<string>;
  /** The one manage.py names, where it is another. */
  developmentSettingsModule: Fact<string> | null;
  /** With django-configurations: the class of settings for production (`DJANGO_CONFIGURATION`); null where settings are no classes. */
  configuration: Fact<string> | null;
  /** Files read for the settings, in the order they are imported. */
  settingsFiles: string[];
  /** Dotted module of the WSGI callable, `backendAI.wsgi:application`; null when there is none. */
  wsgi: Fact<string> | null;
  asgi: Fact<string> | null;
  /** Which one is the real entry: ASGI only when Channels/an ASGI server is used or there is no WSGI module. */
  entryPoint: 'wsgi' | 'asgi';
  application: ApplicationPath[];
  /**
   * Test packages (`apps/shop/tests`) and modules (`apps/shop/tests.py`) inside packages of the application which
   * nothing of it imports: production does without them. Sorted.
   */
  unusedTests: string[];
  /** Dotted names in INSTALLED_APPS that are neither local nor found out to be the project's. Sorted. */
  thirdPartyApps: string[];
  /** Dotted names of every module outside the project that its own (needed) code imports, lazily too: `django.db.models`, `lightgbm`. Sorted, no duplicates, no standard library. */
  importedModules: string[];
  /** Those of them that are imported as the application starts, outside functions. Sorted. */
  startupModules: string[];
  /** Codes of the languages that the site speaks, as the settings name them; null where they are not to be read. */
  languages: Fact<string[]> | null;
  /** Services of Amazon that the code asks boto3 for (`s3`), by botocore's names. Sorted. */
  awsServices: Fact<string[]>;
  dependencies: DependencyFacts;
  /** `3.12`: what the most explicit place states; null when nothing does. */
  pythonVersion: Fact<string> | null;
  /** Every release that the project states, the most explicit place first. */
  statedPythonVersions: Fact<string>[];
  /** `requires-python` or the like as PEP 440 specifiers, where stated. */
  pythonConstraint: Fact<string> | null;
  /** Django's version as far as the requirements tell (`5.2.8`, `5.2`), else null. */
  djangoVersion: Fact<string> | null;
  variables: SettingsVariable[];
  database: DatabaseFacts;
  staticFiles: StaticFacts;
  /** Why no settings module of ours can stand in front of the project's; null when one can. */
  fixedSettings: Fact<string> | null;
  /** The WSGI and ASGI modules that name settings whatever the environment says: `shop/wsgi.py sets DJANGO_SETTINGS_MODULE …`. */
  entrySettings: EntrySettings[];
  /** Folders and log files that the application writes to. */
  writtenPaths: WrittenPath[];
  /** Packages that the application imports as it starts, though only the development requirements list them. */
  developmentImports: { requirement: Requirement; evidence: Evidence[] }[];
  /** Work that `migrate` and `collectstatic` leave undone. */
  preparation: {
    /** A cache is in the database: `createcachetable`. */
    cacheTable: Fact<true> | null;
    /** django-compressor works offline: `compress`. */
    offlineCompression: Fact<true> | null;
    /** Translations (`.po`) without their compiled form (`.mo`). Sorted. */
    uncompiledTranslations: string[];
  };
  /** ALLOWED_HOSTS literal, where it does not come from the environment (empty where it is not set); null otherwise. */
  allowedHosts: Fact<string[]> | null;
  services: ServiceFacts;
  /** Servers found in the production requirements, the first one is the one to use. */
  servers: { name: ServerName; evidence: Evidence[] }[];
  /** A database driver for PostgreSQL in the production requirements: `psycopg`, `psycopg2`, `psycopg2-binary`; null when missing. */
  postgresDriver: Fact<string> | null;
  /** One for MySQL and MariaDB: `mysqlclient`, `pymysql`; null when missing. */
  mysqlDriver: Fact<string> | null;
  /** A path of the project that answers for health (`/healthz/`), where urls name one. */
  healthPath: Fact<string> | null;
  /** The admin's login page (`/admin/login/`), where the root URL configuration has the admin. */
  adminLogin: Fact<string> | null;
  /** Docker files that are there already. */
  existing: {
    dockerfile: string | null;
    dockerignore: string | null;
    composeFiles: string[];
    envFile: string | null;
    /** Names that the env file sets; its values are not read. */
    envNames: string[];
    envFileTracked: boolean;
    /** An existing compose file has a PostgreSQL service. */
    composePostgres: boolean;
  };
  /** Every top-level name in the repository root, folders with a trailing `/`, but for what Git ignores. */
  topLevel: string[];
  git: { present: boolean; envIgnored: boolean };
  notes: DetectionNote[];
}

/** Detection cannot go on. `message` is the one text for the user: what, where and what to do. */
export class DetectionError extends Error {
  override name = 'DetectionError';
}
