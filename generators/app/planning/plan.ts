import type { Base, Database, Installer, Server, SupabaseConnection, Trim } from '../answers/answers.ts';
import type { DependencyManager } from '../detection/facts.ts';
import type { OverlayItem } from './settings-overlay.ts';
import type { DebianRelease } from './base-image.ts';
import type { DatabaseAddress } from './database-environment.ts';
import type { MeasuredSizes } from './measured-sizes.ts';
import type { SupabaseMode } from './supabase.ts';

/** One variable of `.env.example` and `.env`. */
export interface EnvironmentVariable {
  name: string;
  /** What it is for, one line. */
  meaning: string;
  /** What `.env.example` shows. Never a secret. */
  example: string;
  /** What `.env` gets at the first run; `random` is replaced by a fresh secret when the file is written. */
  value: { kind: 'text'; text: string } | { kind: 'random' } | { kind: 'private-key' };
  /** Written as a comment: the default is fine. */
  commented: boolean;
}

/** A block of variables in `.env.example`. */
export interface EnvironmentSection {
  title: string;
  /** Sentences above the variables. */
  notes: string[];
  variables: EnvironmentVariable[];
}

/** One COPY instruction of the source stage. Both sides are unquoted. */
export interface CopyGroup {
  /** Relative to the build context. */
  sources: string[];
  /** Absolute; a folder, ending in `/`. */
  destination: string;
  reason: string;
}

/** How one set of requirements gets into /opt/venv. */
export interface InstallPlan {
  manager: DependencyManager;
  installer: Installer;
  /** Files bind-mounted into the RUN that installs production, relative to the build context. */
  productionMounts: string[];
  /** Folder of the dependency files relative to the context (`''` for the root). */
  root: string;
  productionFile: string | null;
  developmentFile: string | null;
  developmentMounts: string[];
  /** Groups and extras of the project for production, beyond what is always installed. */
  productionGroups: string[];
  productionExtras: string[];
  developmentGroups: string[];
  developmentExtras: string[];
  /** A pyproject.toml that has groups only. */
  onlyGroups: boolean;
  /** Requirements files whose option for PyPI itself is dropped, so that the build's own index counts. */
  publicIndexFiles: string[];
  /** Secret mounts for indexes that want credentials. */
  secretMounts: string[];
  /** There is something to install for development. */
  development: boolean;
  /** Requirements that the image needs beyond the project's, for docker/requirements.txt. */
  extraRequirements: ExtraRequirement[];
  hashed: boolean;
  /** setuptools is not in the hashed file and may be needed. */
  withoutSetuptools: boolean;
  /** Under which old source archives build, with the packages that need them. */
  buildConstraints: { line: string; neededBy: string }[];
  /**
   * What neither uv nor pip reads is exported in a stage of its own: a lock by its own tool, lists of setuptools and
   * of Poetry by docker/export_requirements.py.
   */
  exporter: { tool: Exporter; packages: string[] } | null;
}

export type Exporter = 'poetry' | 'pdm' | 'pipenv' | 'poetry-core' | 'script';

export interface ExtraRequirement {
  /** `gunicorn==23.0.0` */
  line: string;
  reason: string;
}

/** What docker/trim_environment.py does. */
export interface TrimPlan {
  rules: Exclude<Trim, 'tools'>[];
  /** With the rule `languages`: those that stay. */
  languages: string[];
  /** With the rule `botocore`: those that stay. */
  awsServices: string[];
}

/** Debian packages of one apt-get line with who needs each. */
export interface AptPackages {
  packages: { name: string; reason: string }[];
}

/** One service of the Compose file beside web and migrate. */
export interface ComposeProcess {
  name: 'worker' | 'beat';
  command: string[];
  /** Health check in Compose's form; the image's own asks a web server. */
  healthTest: string[];
}

/** Everything that the templates print. All decisions are made; strings are unquoted unless the name says otherwise. */
export interface Plan {
  imageName: string;
  /** Compose project name, derived from the image name. */
  composeProject: string;
  baseImage: string;
  debianRelease: DebianRelease;
  uvImage: string;
  /** Absolute work dir in the container. */
  workDir: string;
  /** Folders for PYTHONPATH, absolute: the project's own package is not installed. */
  pythonPath: string[];
  settingsModule: string;
  /** The class of settings for production (django-configurations). */
  configuration: string | null;
  /** For the development stage. */
  developmentSettingsModule: string;
  /** A module of ours in front of the project's settings; `places` tells where each lack was seen. */
  overlay: {
    projectModule: string;
    /** Where development has other settings of the project's. */
    developmentProjectModule: string | null;
    items: OverlayItem[];
    places: Partial<Record<OverlayItem, string>>;
  } | null;
  /** What the server starts: `backendAI.wsgi:application`. */
  application: string;
  /** The project's own, where the server starts a module of ours that loads the settings before it; else null. */
  wrappedApplication: { module: string; name: string } | null;
  entryPoint: 'wsgi' | 'asgi';
  server: Server;
  serverCommand: string[];
  port: number;
  copies: CopyGroup[];
  /** Everything that the Dockerfile takes from the build context, relative to it. */
  buildPaths: string[];
  /** Tests inside the copied folders, absolute in the image, that are removed again. */
  removedTests: string[];
  /** Folders and files not copied, with the reason, for the docs. */
  leftOut: { path: string; reason: string }[];
  runtimePackages: AptPackages;
  buildPackages: AptPackages;
  /** What the development stage needs beyond them. */
  developmentBuildPackages: AptPackages;
  install: InstallPlan;
  /** What production stands on. */
  base: Base;
  /** What the build takes out of the base image, absolute, with the shell's `*`; null: production stands on it as it is. */
  unusedTools: string[] | null;
  /** What the build takes out of the installed packages; null for nothing. */
  trims: TrimPlan | null;
  /** Large packages, pinned, that get a layer of their own; needs trims. */
  largePackages: string[];
  /**
   * Whether the stages beside the byte-code wait for one another. Each RUN gets the same share of the processors:
   * where the byte-code takes longest, two others at its side would make it, and the build, take longer.
   */
  stagesInTurn: boolean;
  /** Modules whose byte-code is compiled ahead. */
  warmUpModules: string[];
  /** Names of the direct production requirements, for the check that what each installs imports. */
  importRequirements: string[];
  /** Variables for the build's collectstatic and smoke test, within that RUN only. */
  buildVariables: {
    name: string;
    value: string;
    /** A shell command that prints the value instead. */ command?: string;
  }[];
  /** Run in the build after collectstatic, as words. */
  buildCommands: string[][];
  /** The command of the one-shot service that runs before the others start. */
  migrateCommand: string[];
  /** What it runs with manage.py, after it has seen to the database. */
  migrateCommands: string[][];
  /** Translations are compiled in a stage of their own. */
  compileTranslations: boolean;
  /** Folders of volumes whose content is copied with the code: it must belong to the process, too. Absolute. */
  ownedFolders: string[];
  /** Log files inside the code, absolute, and where they lead to; `newFolder` is one that nothing else makes. */
  redirectedFiles: { path: string; target: string; newFolder: string | null }[];
  /** collectstatic runs in the build; `root` is the absolute folder in the image that it fills. */
  staticFiles: { collect: boolean; root: string | null; url: string; sampleFile: string | null };
  /** Folders in the container that must be writable and live on a named volume. */
  volumes: { name: string; path: string; reason: string }[];
  database: Database;
  /** The settings take the database from the environment; otherwise the choice has no effect. */
  databaseReachable: boolean;
  /** Those that hold the address of the database; where the user has to say it, `databaseVariables` are the ones that must be set. */
  connectionVariables: { name: string; part: keyof DatabaseAddress }[];
  /** What leads to the database, as far as the user has to say it. */
  databaseVariables: string[];
  databaseService: {
    image: string;
    /** One for each major release, because none reads the files of another. */
    volume: string;
    dataPath: string;
    /** Values are Compose syntax. */
    environment: { name: string; value: string }[];
    healthTest: string[];
  } | null;
  /** How Supabase's database is reached; null for another database. */
  supabase: {
    connection: SupabaseConnection;
    mode: SupabaseMode;
    /** What the connection asks for is said by the settings overlay; otherwise only libpq's variables can say it. */
    inOverlay: boolean;
    /** django-storages is there, which reaches Supabase's storage over S3. */
    usesStorages: boolean;
  } | null;
  /** Names of this machine that the containers need. */
  extraHosts: string[];
  /** pgvector is used. */
  usesVector: boolean;
  /** With Supabase: connections that the web server's workers leave to others, where DB_POOL_SIZE is set. */
  reservedConnections: number | null;
  /** Variables that compose.yaml sets for every process of the application; they win over `.env`. Values are Compose syntax (`${…}` allowed). */
  composeEnvironment: { name: string; value: string }[];
  processes: ComposeProcess[];
  redis: { image: string } | null;
  environment: EnvironmentSection[];
  dockerignore: { title: string; patterns: string[] }[];
  healthPath: string;
  /** Host header that the project accepts. */
  allowedHost: string;
  /** Paths that must not be in the image. */
  forbiddenPaths: string[];
  /** The numbers of the report, once it has run. */
  measured: MeasuredSizes | null;
  /** What the user should know, shown in the summary and in DOCKER.md. */
  notes: string[];
}
