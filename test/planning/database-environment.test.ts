import { describe, expect, it } from 'vitest';
import { containerAddress, withoutTls } from '../../generators/app/planning/database-environment.ts';
import { factsOf, planFor } from './planned-project.ts';

const off = (settings: string, overlay: string[] = []): string[] =>
  withoutTls(factsOf(settings), overlay).map(({ name, value }) => `${name}=${value}`);

describe('withoutTls', () => {
  it.each([
    ['X = os.environ.get("DB_SSLMODE", "require")\n', ['DB_SSLMODE=disable']],
    ['X = os.getenv("POSTGRES_SSL_MODE", "verify-full")\n', ['POSTGRES_SSL_MODE=disable']],
    ['X = os.environ.get("DB_SSL_REQUIRE", "True") == "True"\n', ['DB_SSL_REQUIRE=False']],
    ['X = bool(int(os.environ.get("DATABASE_SSL", "1")))\n', ['DATABASE_SSL=0']],
    [
      'import environ\nenv = environ.Env()\nX = env.bool("DATABASE_SSL_REQUIRE", default=True)\n',
      ['DATABASE_SSL_REQUIRE=False'],
    ],
  ])('turns off %s', (settings, expected) => {
    expect(off(settings)).toEqual(expected);
  });

  it.each([
    'X = os.environ.get("DB_SSLMODE", "prefer")\n',
    'X = os.environ.get("DB_SSLMODE")\n',
    'X = os.environ["DB_SSLMODE"]\n',
    'X = os.environ.get("DB_SSL", "False") == "True"\n',
    'X = os.environ.get("DB_SSL_DISABLED", "True") == "True"\n',
    'X = os.environ.get("DB_DISABLE_SSL", "1") == "1"\n',
    'X = os.environ.get("DB_SSL_ROOT_CERT", "/etc/ssl/ca.pem")\n',
    'X = os.environ.get("REDIS_SSL", "True") == "True"\n',
    'SECURE_SSL_REDIRECT = os.environ.get("SECURE_SSL_REDIRECT", "True") == "True"\n',
  ])('leaves %s', (settings) => {
    expect(off(settings)).toEqual([]);
  });

  it('is libpq’s variable for the overlay, once', () => {
    expect(off('', ['tls'])).toEqual(['PGSSLMODE=disable']);
    expect(off('X = os.environ.get("PGSSLMODE", "require")\n', ['tls'])).toEqual(['PGSSLMODE=disable']);
  });
});

describe('the address of the db service', () => {
  const url = (argument: string): string =>
    containerAddress(
      factsOf(`DATABASES = {"default": dj_database_url.config(${argument})}\n`).database,
      'postgresql',
      '${POSTGRES_PASSWORD:?set it in .env}',
    ).url;

  it('turns TLS off where only the URL can', () => {
    expect(url('ssl_require="sslmode" not in os.environ.get("DATABASE_URL", "")')).toBe(
      'postgres://app:${POSTGRES_PASSWORD:?set it in .env}@db:5432/app?sslmode=disable',
    );
    expect(url('ssl_require=True')).toBe('postgres://app:${POSTGRES_PASSWORD:?set it in .env}@db:5432/app');
    expect(url('')).toBe('postgres://app:${POSTGRES_PASSWORD:?set it in .env}@db:5432/app');
  });
});

describe('compose.yaml', () => {
  const settings =
    'ALLOWED_HOSTS = ["*"]\nDATABASES = {"default": dj_database_url.config(ssl_require=True)}\nX = os.environ.get("PGSSLMODE", "require")\n';

  it('sets each variable once', async () => {
    const { answers, plan } = await planFor(settings, { answers: { database: 'postgres' } });
    expect(answers.settingsOverlay).toEqual(['tls']);
    expect(plan.composeEnvironment).toEqual([
      { name: 'DATABASE_URL', value: 'postgres://app:${POSTGRES_PASSWORD:?set it in .env}@db:5432/app' },
      { name: 'PGSSLMODE', value: 'disable' },
      { name: 'PORT', value: '8000' },
    ]);
    const named = plan.environment.flatMap(({ variables }) => variables.map(({ name }) => name));
    expect(named).not.toContain('PGSSLMODE');
  });

  it('demands TLS of a server elsewhere', async () => {
    const { answers, plan } = await planFor(settings, { answers: { database: 'supabase' } });
    expect(answers.settingsOverlay).toEqual(['connection']);
    expect(plan.composeEnvironment).toContainEqual({ name: 'PGSSLMODE', value: '${PGSSLMODE:-require}' });
  });
});
