import type { OverlayItem } from '../planning/settings-overlay.ts';

/** The databases on offer, the default first. */
export const DATABASES = ['supabase', 'postgres', 'external', 'mysql', 'sqlite'] as const;
export type Database = (typeof DATABASES)[number];

/**
 * The ways to reach a Supabase database, the default first.
 * Source: https://supabase.com/docs/guides/database/connecting-to-postgres
 */
export const SUPABASE_CONNECTIONS = [
  'session',
  'transaction',
  'direct',
  'dedicated',
  'local',
  'self-hosted',
] as const;
export type SupabaseConnection = (typeof SUPABASE_CONNECTIONS)[number];

/** Major releases of PostgreSQL for the db service, the default first: Supabase has the same. */
export const POSTGRES_VERSIONS = ['17', '18'] as const;
export type PostgresVersion = (typeof POSTGRES_VERSIONS)[number];

/** The tools that can install the requirements in the builder stage. */
export const INSTALLERS = ['uv', 'pip'] as const;
export type Installer = (typeof INSTALLERS)[number];

/** What production stands on, the default first. */
export const BASES = ['slim', 'distroless', 'alpine'] as const;
export type Base = (typeof BASES)[number];

/** Which byte-code is compiled ahead, the default first: of everything that is imported, or of what a start imports. */
export const OPTIMIZATIONS = ['balanced', 'size'] as const;
export type Optimization = (typeof OPTIMIZATIONS)[number];

/** What the build takes out of the installed packages and of the base image; the last two only by the user's word. */
export const TRIMS = [
  'tests',
  'translations',
  'sources',
  'stubs',
  'symbols',
  'duplicates',
  'tools',
  'languages',
  'botocore',
] as const;
export type Trim = (typeof TRIMS)[number];

/** Services that can run beside the web server. */
export const SERVICES = ['worker', 'beat', 'redis'] as const;
export type Service = (typeof SERVICES)[number];

/** Web servers that the production stage can start, with the entry points that each can serve. */
export const SERVERS = {
  gunicorn: ['wsgi', 'asgi'],
  uvicorn: ['asgi'],
  daphne: ['asgi'],
  hypercorn: ['asgi'],
} as const satisfies Record<string, readonly ('wsgi' | 'asgi')[]>;
export type Server = keyof typeof SERVERS;

/** What the user decides. One name each: the same in the question table, on the command line and in `.yo-rc.json`. */
export interface Answers {
  /** Folders and files copied into the production image, relative to the repository root. */
  apps: string[];
  /** Debian packages installed into the image. */
  runtimeLibraries: string[];
  database: Database;
  /** Of the database `supabase`; of no other it has a meaning. */
  supabaseConnection: SupabaseConnection;
  /** Of the database `postgres`: major release of the db service. */
  postgresVersion: PostgresVersion;
  /** What the settings overlay says to settings that do not take it from the environment. */
  settingsOverlay: OverlayItem[];
  /** Minor release: `3.12`. */
  pythonVersion: string;
  server: Server;
  /** Port that the server listens on inside the container. */
  port: number;
  /** Repository name of the image, without a tag. */
  imageName: string;
  installer: Installer;
  base: Base;
  optimize: Optimization;
  trim: Trim[];
  /** Of the trim `botocore`: the services that stay, by botocore's names. */
  awsServices: string[];
  services: Service[];
}

export type AnswerName = keyof Answers;

/** A value on the command line or in `.yo-rc.json` that cannot be taken. `message` says which, where and what is allowed. */
export class AnswerError extends Error {
  override name = 'AnswerError';
}
