import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engine } from '../docker.ts';
import {
  addressOf,
  DRIVERS,
  makeApplication,
  STYLES,
  type Address,
  type Application,
  type Driver,
  type Style,
} from './application.ts';
import { startBench, type Bench } from './bench.ts';

const MINUTES = 60_000;
const MODES = ['session', 'transaction', 'direct', 'dedicated'] as const;
const FORMS = (Object.keys(DRIVERS) as Driver[]).flatMap((driver) =>
  (Object.keys(STYLES) as Style[]).map((style) => ({ driver, style })),
);

/** Many requests at once, each of which walks through a table by an iterator. */
async function load(application: Application): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const found: string[] = [];
      for (let round = 0; round < 5; round += 1) {
        const { status, body } = await application.get('/');
        found.push(status === 200 ? body : String(status));
      }
      return found;
    }),
  );
  return [...new Set(answers.flat())];
}

describe.skipIf(engine === null)('Supabase, on the bench', { timeout: 10 * MINUTES }, () => {
  let bench: Bench;
  beforeAll(() => {
    bench = startBench('modes');
  }, 10 * MINUTES);
  afterAll(() => bench?.stop());

  describe.each(FORMS)('$driver, $style', ({ driver, style }) => {
    const name = `${driver}-${style}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
    let application: Application;
    beforeAll(() => {
      application = makeApplication(name, bench, driver, style);
      const built = application.compose(['build']);
      if (built.status !== 0) throw new Error(built.output.slice(-4000));
    }, 10 * MINUTES);
    afterAll(() => application?.remove());

    const works = async (address: Address, schema: string, expectedMode: RegExp): Promise<void> => {
      application.setAddress(address);
      application.set({ DB_SCHEMA: schema });
      const up = application.up();
      expect(up.status, up.output.slice(-3000) + application.compose(['logs', 'migrate']).output).toBe(0);
      const answers = await load(application);
      expect(answers, application.compose(['logs', 'web']).output.slice(-3000)).toEqual(['500 patients']);
      expect(bench.sql(`select count(*) from ${schema}.patients_patient`)).toBe('500');
      const verified = application.verify();
      expect(verified.output).toMatch(expectedMode);
      expect(verified.output).not.toMatch(/FAIL/);
      expect(verified.status, verified.output).toBe(0);
      application.down();
    };

    it.each(MODES)('%s: migrates, serves under load and passes its own checks', async (mode) => {
      application.generate(['--supabase-connection', mode]);
      // The role has one search_path for the dedicated pooler; a transaction pool of its own for each would use up the
      // server's connections, on the bench as at Supabase.
      const schema = /dedicated|transaction/.test(mode)
        ? `django_${mode}`
        : `django_${name.replaceAll('-', '_')}_${mode}`;
      await works(addressOf(bench, mode), schema, new RegExp(mode === 'direct' ? 'direct' : mode, 'i'));
    });
  });

  describe('not in the cloud', () => {
    let application: Application;
    beforeAll(() => {
      application = makeApplication('own', bench, 'psycopg 3', 'separate variables', [
        '--supabase-connection',
        'local',
      ]);
      const built = application.compose(['build']);
      if (built.status !== 0) throw new Error(built.output.slice(-4000));
    }, 10 * MINUTES);
    afterAll(() => application?.remove());

    it('local: reaches the machine through host.docker.internal, without TLS', async () => {
      application.set({ DB_PASSWORD: bench.password, DB_SCHEMA: 'django_local' });
      const up = application.up();
      expect(up.status, up.output.slice(-3000) + application.compose(['logs', 'migrate']).output).toBe(0);
      const answers = await load(application);
      expect(answers, application.compose(['logs', 'web']).output.slice(-3000)).toEqual(['500 patients']);
      const verified = application.verify();
      expect(verified.output).toMatch(/host\.docker\.internal/);
      expect(verified.status, verified.output).toBe(0);
      application.down();
    });

    it.each([5432, 6543])('self-hosted, port %i', async (port) => {
      application.generate(['--supabase-connection', 'self-hosted']);
      // POOLER_DEFAULT_POOL_SIZE of Supabase's own Compose file.
      await bench.pooler.set({ poolSize: 20 });
      application.setAddress({ ...addressOf(bench, 'session'), host: 'supabase-pooler', port });
      application.set({ DB_SCHEMA: `django_self_${port}` });
      const up = application.up();
      expect(up.status, up.output.slice(-3000) + application.compose(['logs', 'migrate']).output).toBe(0);
      const answers = await load(application);
      expect(answers, application.compose(['logs', 'web']).output.slice(-3000)).toEqual(['500 patients']);
      const verified = application.verify();
      expect(verified.status, verified.output).toBe(0);
      application.down();
    });
  });
});
