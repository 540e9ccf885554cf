import { describe, expect, it } from 'vitest';
import { databaseChangeNotes } from '../../generators/app/planning/database-change.ts';
import { addressNotes, envFileNotes } from '../../generators/app/planning/environment-file.ts';
import { planFor } from './planned-project.ts';

const BY_URL = 'ALLOWED_HOSTS = ["*"]\nDATABASES = {"default": dj_database_url.config()}\n';

describe('another database than at the last run', () => {
  const answers = { database: 'postgres', postgresVersion: '18' } as const;
  it('says that nothing is copied', () => {
    expect(databaseChangeNotes({ database: 'sqlite' }, answers)).toEqual([
      'The database was sqlite: its data stays on the volume "data", and postgres starts without it.',
    ]);
    const [note = ''] = databaseChangeNotes({ database: 'postgres', postgresVersion: '17' }, answers);
    expect(note).toMatch(/18 cannot read the files of 17[^]*pg_dump[^]*pg_restore/);
  });

  it.each([
    {},
    { database: 'postgres', postgresVersion: '18' },
    { database: 'postgres' },
    { database: 7 },
    { database: '__proto__' },
  ])('says nothing of %o', (stored) => {
    expect(databaseChangeNotes(stored, answers)).toEqual([]);
  });
});

it('names the databases beside default', async () => {
  const settings = `${BY_URL}DATABASES["replica"] = dj_database_url.config(env="REPLICA_URL")\n`;
  for (const [database, count] of [
    ['supabase', 1],
    ['external', 0],
  ] as const) {
    const { plan } = await planFor(settings, { answers: { database } });
    expect(plan.notes.filter((note) => note.startsWith('DATABASES has replica beside default'))).toHaveLength(
      count,
    );
  }
  expect((await planFor(BY_URL)).plan.notes.join()).not.toContain('beside default');
});

describe('an .env that is there', () => {
  const forSupabase = async (supabaseConnection: string) =>
    (await planFor(BY_URL, { answers: { database: 'supabase', supabaseConnection } })).plan;
  const POOLER =
    'DATABASE_URL=postgres://postgres.ref:s3cret@aws-1-eu-west-1.pooler.supabase.com:5432/postgres\n';

  it('leads elsewhere: the kind of the address is told, never its values', async () => {
    const [note = ''] = addressNotes(POOLER, await forSupabase('local'));
    expect(note).toMatch(/^DATABASE_URL in \.env leads to Supabase’s session pooler/);
    expect(note).toContain('--supabase-connection session');
    expect(note).toContain('these files are for the database of the Supabase CLI on this machine:');
    const [local = ''] = addressNotes(
      'DATABASE_URL=postgres://postgres:postgres@host.docker.internal:54322/postgres\n',
      await forSupabase('session'),
    );
    expect(local).toMatch(
      /leads to the database of the Supabase CLI on this machine, and these files are for Supabase’s session pooler/,
    );
    expect(note).not.toMatch(/s3cret|aws-1/);
    const [other = ''] = addressNotes(
      'DATABASE_URL=postgres://me@localhost/dev\n',
      await forSupabase('session'),
    );
    expect(other).toMatch(/leads to another server than Supabase’s/);
  });

  it('leads where the files say, or is not filled in', async () => {
    expect(addressNotes(POOLER, await forSupabase('session'))).toEqual([]);
    for (const text of [
      '',
      'DATABASE_URL=\n',
      'DATABASE_URL=postgres://postgres.YOUR-PROJECT-REF:YOUR-PASSWORD@COPY-FROM-DASHBOARD.pooler.supabase.com:5432/postgres\n',
    ])
      expect(addressNotes(text, await forSupabase('direct'))).toEqual([]);
    const { plan } = await planFor(BY_URL, { answers: { database: 'postgres' } });
    expect(addressNotes(POOLER, plan)).toEqual([]);
  });

  it('lacks the password of the db service', async () => {
    const { facts, plan } = await planFor(BY_URL, {
      answers: { database: 'postgres' },
      others: { '.env': 'OTHER=1\n' },
    });
    expect(envFileNotes(facts, plan).join()).toMatch(/does not set POSTGRES_PASSWORD[^]*takes "app"/);
    expect(envFileNotes(facts, plan, ['POSTGRES_PASSWORD'])).toEqual([]);
  });
});
