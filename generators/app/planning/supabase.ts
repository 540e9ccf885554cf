import type { Answers, SupabaseConnection } from '../answers/answers.ts';
import type { DatabaseAddress } from './database-environment.ts';

/** What is known of one way to reach a Supabase database. */
export interface SupabaseMode {
  /** As the dashboard's Connect dialog calls it; for the local ones what it is. */
  title: string;
  host: string;
  port: string;
  user: string;
  password: string;
  /** The stack's own default where TLS is not to be had; in the cloud nothing goes in the clear. */
  sslmode: 'require' | 'prefer' | 'disable';
  /** Who is at the other end: the cloud has a certificate authority and a dashboard. */
  place: 'cloud' | 'machine' | 'own server';
  /** Connections are handed out for one transaction only. */
  perTransaction: boolean;
  /**
   * Clients that the pooler lets in, each of which keeps its connection; null where they are not that few.
   * https://supabase.com/docs/guides/troubleshooting/supavisor-faq-YyP5tI (free plan),
   * https://supabase.com/docs/guides/self-hosting/accessing-postgres (POOLER_DEFAULT_POOL_SIZE)
   */
  clients: number | null;
}

const REF = 'YOUR-PROJECT-REF';
const POOLER = 'COPY-FROM-DASHBOARD.pooler.supabase.com';
const CLOUD = { sslmode: 'require', place: 'cloud', password: '' } as const;

/**
 * Host, port and user of each way, with placeholders for what only the dashboard knows.
 * Sources: https://supabase.com/docs/guides/database/connecting-to-postgres,
 * https://supabase.com/docs/guides/local-development, https://supabase.com/docs/guides/self-hosting/docker
 */
export const SUPABASE_MODES: Readonly<Record<SupabaseConnection, SupabaseMode>> = {
  session: {
    ...CLOUD,
    title: 'Session pooler',
    host: POOLER,
    port: '5432',
    user: `postgres.${REF}`,
    perTransaction: false,
    clients: 15,
  },
  transaction: {
    ...CLOUD,
    title: 'Transaction pooler',
    host: POOLER,
    port: '6543',
    user: `postgres.${REF}`,
    perTransaction: true,
    clients: null,
  },
  direct: {
    ...CLOUD,
    title: 'Direct connection',
    host: `db.${REF}.supabase.co`,
    port: '5432',
    user: 'postgres',
    perTransaction: false,
    clients: null,
  },
  dedicated: {
    ...CLOUD,
    title: 'Dedicated pooler',
    host: `db.${REF}.supabase.co`,
    port: '6543',
    user: 'postgres',
    perTransaction: true,
    clients: null,
  },
  local: {
    title: 'Supabase CLI on this machine',
    host: 'host.docker.internal',
    port: '54322',
    user: 'postgres',
    // The CLI's database has this one everywhere, and is reached from this machine only.
    password: 'postgres',
    sslmode: 'disable',
    place: 'machine',
    perTransaction: false,
    clients: null,
  },
  'self-hosted': {
    title: 'self-hosted Supabase',
    host: 'host.docker.internal',
    port: '5432',
    user: 'postgres.your-tenant-id',
    password: '',
    sslmode: 'prefer',
    place: 'own server',
    perTransaction: false,
    clients: 20,
  },
};

/** The mode of the answers; null for another database. */
export function supabaseMode(answers: Pick<Answers, 'database' | 'supabaseConnection'>): SupabaseMode | null {
  return answers.database === 'supabase' ? SUPABASE_MODES[answers.supabaseConnection] : null;
}

/** The address as `.env.example` shows it. */
export function supabaseAddress(mode: SupabaseMode, engine: string): DatabaseAddress {
  const { host, port, user, password } = mode;
  const query = mode.place === 'cloud' ? '?sslmode=require' : '';
  return {
    engine,
    name: 'postgres',
    user,
    password,
    host,
    port,
    url: `postgres://${user}:${password || 'YOUR-PASSWORD'}@${host}:${port}/postgres${query}`,
  };
}

/** Where Django's tables live: the Data API publishes `public`, not this one. */
export const PRIVATE_SCHEMA = 'django';

/** Of each value the names that it is known by, today's first: https://supabase.com/docs/guides/getting-started/migrating-to-new-api-keys */
export const SUPABASE_VARIABLES = {
  url: ['SUPABASE_URL', 'SUPABASE_PROJECT_URL', 'SUPABASE_API_URL'],
  publishableKey: [
    'SUPABASE_PUBLISHABLE_KEY',
    'SUPABASE_ANON_KEY',
    'SUPABASE_PUBLIC_KEY',
    'SUPABASE_KEY',
    'SUPABASE_API_KEY',
  ],
  secretKey: [
    'SUPABASE_SECRET_KEY',
    'SUPABASE_SERVICE_ROLE_KEY',
    'SUPABASE_SERVICE_KEY',
    'SUPABASE_SERVICE_ROLE',
  ],
} as const;

/** Parameters that other tools (Prisma, JDBC, the dashboard) write into a database's URL and the drivers refuse, in lower case. */
export const FOREIGN_PARAMETERS: readonly string[] = [
  'connection_limit',
  'currentschema',
  'pgbouncer',
  'pool_timeout',
  'schema',
  'socket_timeout',
  'sslaccept',
  'statement_cache_size',
  'supa',
  'workaround',
];
