import type { Answers } from '../answers/answers.ts';
import { CONTAINER_DATABASE } from './database-environment.ts';

/** Where the data of each database is. */
const PLACES: Readonly<Record<Answers['database'], string>> = {
  supabase: 'at Supabase',
  postgres: 'on the volume of the db service',
  external: 'on its server',
  mysql: 'on the volume of the db service',
  sqlite: 'on the volume "data"',
};

/**
 * What becomes of the data where another database was chosen than at the last run: nothing is copied.
 * @param stored the answers of the last run; untrusted
 */
export function databaseChangeNotes(
  stored: Partial<Record<'database' | 'postgresVersion', unknown>>,
  { database, postgresVersion }: Pick<Answers, 'database' | 'postgresVersion'>,
): string[] {
  const before = stored.database;
  if (typeof before !== 'string' || !Object.hasOwn(PLACES, before)) return [];
  if (before !== database) {
    return [
      `The database was ${before}: its data stays ${PLACES[before as Answers['database']]}, and ${database} starts without it.`,
    ];
  }
  const versionBefore = stored.postgresVersion;
  if (database !== 'postgres' || typeof versionBefore !== 'string' || versionBefore === postgresVersion)
    return [];
  const { name, user } = CONTAINER_DATABASE;
  return [
    `PostgreSQL ${postgresVersion} cannot read the files of ${versionBefore}, and starts with a volume of its own, which is empty. Before docker compose up, while the old one runs: docker compose exec db pg_dump --username ${user} --format custom ${name} > ${name}.dump. Afterwards: docker compose up --detach --wait db, then docker compose exec --no-TTY db pg_restore --username ${user} --dbname ${name} < ${name}.dump.`,
  ];
}
