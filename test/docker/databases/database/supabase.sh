#!/usr/bin/env bash
# A new Supabase project's roles, schemas and grants, as far as they matter to a client of the database.
# Roles: supabase/postgres migrations/db/init-scripts and migrations/10000000000000_demote-postgres.sql.
set -euo pipefail

# The server reads its key only if it owns it.
install --mode=600 /bench/database.crt "$PGDATA/server.crt"
install --mode=600 /bench/database.key "$PGDATA/server.key"

psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres \
  --set password="$BENCH_POSTGRES_PASSWORD" --set pgbouncer="$BENCH_PGBOUNCER_PASSWORD" <<'SQL'
CREATE ROLE postgres NOSUPERUSER CREATEDB CREATEROLE LOGIN REPLICATION BYPASSRLS PASSWORD :'password';
CREATE ROLE anon NOLOGIN NOINHERIT;
CREATE ROLE authenticated NOLOGIN NOINHERIT;
CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD :'password';
GRANT anon, authenticated, service_role TO authenticator, postgres;
ALTER ROLE postgres SET search_path = "$user", public, extensions;
ALTER ROLE anon SET statement_timeout = '3s';
ALTER ROLE authenticated SET statement_timeout = '8s';
ALTER DATABASE postgres OWNER TO postgres;
ALTER DATABASE postgres SET statement_timeout = '2min';
ALTER ROLE authenticator SET pgrst.db_schemas = 'public, graphql_public';

CREATE SCHEMA extensions;
GRANT ALL ON SCHEMA extensions TO postgres;
GRANT USAGE ON SCHEMA extensions TO anon, authenticated, service_role;
CREATE SCHEMA graphql_public;
GRANT USAGE ON SCHEMA graphql_public TO postgres, anon, authenticated, service_role;
GRANT ALL ON SCHEMA public TO postgres;
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;

-- What PgBouncer and Supavisor ask for a user's verifier.
CREATE ROLE pgbouncer LOGIN PASSWORD :'pgbouncer';
CREATE SCHEMA pgbouncer AUTHORIZATION pgbouncer;
CREATE FUNCTION pgbouncer.get_auth(name text) RETURNS TABLE (username text, password text)
LANGUAGE sql SECURITY DEFINER SET search_path = ''
AS $$ SELECT rolname::text, rolpassword::text FROM pg_catalog.pg_authid WHERE rolname = name AND rolcanlogin $$;
REVOKE ALL ON FUNCTION pgbouncer.get_auth(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgbouncer.get_auth(text) TO pgbouncer;
SQL
