"""Prepares the database: waits for it, creates the schema, migrates.

    docker compose run --rm migrate
    docker compose run --rm migrate python /app/docker/migrate_database.py --close-public --sql

Runs in the image, in the folder of manage.py. From the environment: MIGRATION_DATABASE_URL (another
address for migrations), DB_SCHEMA (a schema of Django's own), DB_WAIT_SECONDS (how long to wait for
a server that does not answer yet; a wrong password is never tried twice).
"""

import argparse
import contextlib
import hashlib
import os
import re
import signal
import sys
import tempfile
import time
import traceback

import database_checks as checks

COMMANDS = [
    [
        "migrate",
        "--noinput",
    ],
    [
        "createcachetable",
    ],
]
USES_VECTOR = False

DEFAULT_WAIT_SECONDS = 60
# Another migration at the same time may take longer than a server to start.
LOCK_WAIT_SECONDS = 600

# Schemas that PostgreSQL or Supabase keep for themselves.
FOREIGN_SCHEMAS = (
    "auth",
    "cron",
    "extensions",
    "graphql",
    "graphql_public",
    "information_schema",
    "net",
    "pgbouncer",
    "pgmq",
    "pgsodium",
    "pgsodium_masks",
    "realtime",
    "storage",
    "supabase_functions",
    "supabase_migrations",
    "vault",
)


class StopError(Exception):
    """Nothing more can be done: cause, and lines below it."""

    def __init__(self, cause, *lines):
        super().__init__(cause)
        self.lines = lines


def say(text):
    print(text, flush=True)


def stop_for(explanation):
    lines = [f"mend | {explanation.mend}"] if explanation.mend else []
    if explanation.text not in explanation.cause:
        lines += [f"driver | {line}" for line in explanation.text.splitlines() if line.strip()]
    return StopError(explanation.cause, *lines)


# --- The connection ------------------------------------------------------------------------------


def migration_address(settings, environment):
    """Return the changes to an entry of DATABASES for migrations, and why, in one line.

    A transaction pool keeps nothing of a session, so at Supabase port 5432 of the same host is
    taken instead: the session pooler, the direct connection behind the dedicated pooler.
    """
    url = environment.get("MIGRATION_DATABASE_URL", "").strip()
    mode = checks.connection_mode(settings.get("HOST"), settings.get("PORT"))
    if url:
        vendor, entry, foreign = checks.parse_url(url)
        if not vendor_matches(vendor, settings.get("ENGINE", "")):
            raise checks.UrlError(f"MIGRATION_DATABASE_URL is for {vendor}, the settings are not")
        options = merge_options(settings.get("OPTIONS") or {}, entry["OPTIONS"])
        line = f"over MIGRATION_DATABASE_URL: {entry['HOST']}:{entry['PORT'] or 'default port'}"
        if foreign:
            line += f" (without {', '.join(foreign)}, which the driver does not know)"
        return {**entry, "OPTIONS": options}, line
    if mode.transaction and (mode.cloud or mode.name == "self-hosted"):
        kind = "direct connection" if mode.name == "dedicated" else "session"
        return {"PORT": "5432"}, f"over port 5432 ({kind}) instead of 6543 (transaction pool)"
    return {}, ""


def vendor_matches(vendor, engine):
    words = {"postgresql": ("postg", "psycopg", "psql", "cockroach"), "mysql": ("mysql", "maria")}
    return any(word in engine.lower() for word in words[vendor])


def merge_options(current, added):
    """The search_path stays: what both say in `options` is put in a row."""
    options = {**current, **added}
    if current.get("options") and added.get("options"):
        options["options"] = f"{current['options']} {added['options']}"
    return options


def use_for_migrations(connection, changes):
    """Change Django's own connection in place, for every command that follows."""
    from django.db import connections

    connection.close()
    for entry in (connection.settings_dict, connections.databases[connection.alias]):
        entry.update(changes)
        entry["OPTIONS"] = {k: v for k, v in (entry.get("OPTIONS") or {}).items() if k != "pool"}


def connect(connection, seconds):
    """Return a connection, waiting for a server that does not answer yet.

    @throws StopError when the time is over, and at once for what waiting does not mend
    """
    deadline, delay = time.monotonic() + seconds, 1
    while True:
        try:
            return checks.connect_once(connection)
        except Exception as error:
            found = checks.explain(error, connection.settings_dict)
            left = deadline - time.monotonic()
            if found.kind != "temporary" or left <= 0:
                raise stop_for(found) from None
            delay = min(delay, left)
            say(f"wait  database: {found.cause} Next try in {delay:.0f} s ({left:.0f} s left).")
            time.sleep(delay)
            delay = min(delay * 2, 5)


def take_lock(session, schema, seconds):
    """Wait until no other migration of this database runs. The lock ends with the connection."""
    number = int.from_bytes(hashlib.sha256(f"migrate {schema}".encode()).digest()[:8], "big")
    if session.vendor == "postgresql":
        query, parameter = "select pg_try_advisory_lock(%s)", number - 2**63
        if is_transaction_pool(session.settings_dict):
            # Only an open transaction keeps a connection of a transaction pool.
            session.set_autocommit(False)
            query = "select pg_try_advisory_xact_lock(%s)"
    elif session.vendor == "mysql":
        query, parameter = "select get_lock(%s, 0)", f"migrate {number}"
    else:
        return
    deadline, told = time.monotonic() + seconds, False
    while not checks.value(session, query, [parameter]):
        if time.monotonic() >= deadline:
            raise StopError(
                "Another migration of this database is running.",
                "mend | Wait for it; docker compose ps --all and pg_stat_activity show it.",
            )
        if not told:
            say("wait  migration: another one is running; this one starts after it.")
            told = True
        time.sleep(1)


def is_transaction_pool(settings):
    return checks.connection_mode(settings.get("HOST"), settings.get("PORT")).transaction


# --- The schema ----------------------------------------------------------------------------------


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def check_schema_name(schema):
    if not re.match(r"[a-z_][a-z0-9_]{0,62}$", schema):
        raise StopError(
            f"DB_SCHEMA={schema!r} is no plain name.",
            "mend | Use small letters, digits and _, such as DB_SCHEMA=django.",
        )
    if schema in FOREIGN_SCHEMAS or schema.startswith("pg_"):
        raise StopError(
            f"DB_SCHEMA={schema} belongs to the server or to Supabase.",
            "mend | Take a name of your own, such as DB_SCHEMA=django.",
        )


def schema_of_table(session, schema, table):
    return checks.value(
        session,
        "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = %s and c.relname = %s and c.relkind in ('r', 'p')",
        [schema, table],
    )


def check_public_is_empty(session, schema):
    """Django would make all tables anew beside those that hold the data."""
    if schema_of_table(session, schema, "django_migrations"):
        return
    if not schema_of_table(session, "public", "django_migrations"):
        return
    sql = move_statements(session, schema)
    raise StopError(
        f'Django\'s tables are already in "public", but DB_SCHEMA={schema}.',
        "mend | Leave them there: set DB_SCHEMA=public in .env, and close them to the Data API:",
        "mend |   docker compose run --rm migrate python /app/docker/migrate_database.py"
        " --close-public",
        "mend | Or move them, after a backup and with all else stopped: --move-to-schema,",
        "mend | which runs:",
        *(f"sql | {statement};" for statement in ["begin", *sql, "commit"]),
    )


def create_schema(session, schema):
    """Create the private schema where it is missing, and close it to the Data API's roles."""
    exists = checks.value(session, "select count(*) from pg_namespace where nspname = %s", [schema])
    if not exists:
        run(session, f"create schema if not exists {quote(schema)}")
        say(f"ok    schema: {schema} created")
    owns = checks.value(
        session,
        "select pg_has_role(nspowner, 'USAGE') from pg_namespace where nspname = %s",
        [schema],
    )
    if owns:
        for role in ["public", *(quote(role) for role in existing_roles(session))]:
            run(session, f"revoke all on schema {quote(schema)} from {role}")
    still = [
        role
        for role in existing_roles(session)
        if checks.value(session, "select has_schema_privilege(%s, %s, 'USAGE')", [role, schema])
    ]
    if still:
        say(f"WARN  schema: {schema} is open to {', '.join(still)}")
        say("      mend | Let its owner revoke this, or the Data API may show Django's tables.")


def check_run_time_user(session, schema, user):
    """The application may log in as another user than MIGRATION_DATABASE_URL."""
    role = role_of_user(session, user)
    query = "select has_schema_privilege(%s, %s, 'USAGE')"
    if role is None or checks.value(session, query, [role, schema]):
        return
    name, inside = quote(role), f"in schema {quote(schema)}"
    raise StopError(
        f"The application logs in as {role}, which may not use the schema {schema}.",
        "mend | Let MIGRATION_DATABASE_URL log in as the same user, or run once:",
        f"sql | grant usage on schema {quote(schema)} to {name};",
        f"sql | alter default privileges {inside} grant all on tables to {name};",
        f"sql | alter default privileges {inside} grant all on sequences to {name};",
    )


def check_search_path(connection, schema, run_time_mode, seconds):
    """Make sure, on a fresh connection, that tables go into the private schema.

    PostgreSQL skips schemas that it does not find: without this all tables may end up elsewhere.
    """
    session = connect(connection, seconds)
    try:
        current = checks.value(session, "select current_schema()")
        if current != schema and run_time_mode.name == "dedicated":
            set_search_path_of_role(session, schema)
            session.close()
            session = connect(connection, seconds)
            current = checks.value(session, "select current_schema()")
        if current != schema:
            path = checks.value(session, "show search_path")
            if "tenant" in str(connection.settings_dict.get("ENGINE")):
                raise StopError(
                    f"The database engine sets the search_path itself: {path}.",
                    "mend | Set DB_SCHEMA=public in .env, or PUBLIC_SCHEMA_NAME of the settings to"
                    f" {schema}. Close public to the Data API: --close-public",
                )
            raise StopError(
                f"Tables would go into {current or 'no schema'} instead of {schema}:"
                f" the search_path is {path}.",
                "mend | OPTIONS['options'] of the settings, or PGOPTIONS, must say"
                f" -c search_path={schema},extensions",
                "mend | Other options, of the settings or of MIGRATION_DATABASE_URL, replace it.",
            )
        check_visible_migrations(session, schema)
    finally:
        session.close()


def check_visible_migrations(session, schema):
    """Django takes migrations for applied that it sees in a later schema of the search_path."""
    seen = rows_of_visible(session, "django_migrations")
    if seen and seen[0][0] != schema:
        raise StopError(
            f"There is a django_migrations in {seen[0][0]}, which the search_path shows too.",
            f"mend | Move Django's tables from {seen[0][0]} to {schema}"
            " (alter table ... set schema), or drop them if they are empty.",
        )


def rows_of_visible(session, table):
    return checks.rows(
        session,
        "select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.oid = to_regclass(%s)",
        [table],
    )


def search_path_of_role(session):
    """Return the search_path that the present user brings along in this database, or None."""
    found = checks.rows(
        session,
        "select c from pg_db_role_setting s, unnest(s.setconfig) c"
        " where s.setdatabase = (select oid from pg_database where datname = current_database())"
        " and s.setrole = (select oid from pg_roles where rolname = current_user)"
        " and c like %s",
        ["search_path=%"],
    )
    return found[0][0].split("=", 1)[1] if found else None


def set_search_path_of_role(session, schema):
    """The dedicated pooler refuses `options`: the role brings its search_path along instead."""
    database = checks.value(session, "select current_database()")
    user = checks.value(session, "select current_user")
    before = search_path_of_role(session)
    if before and before.split(",")[0].strip(' "') != schema:
        say(f"WARN  schema: {user} had the search_path {before} in {database}, which ends now")
        say("      mend | Let another project on this database log in with a role of its own.")
    path = f"{quote(schema)}, extensions"
    run(session, f"alter role current_user in database {quote(database)} set search_path = {path}")
    say(f"ok    schema: the search_path of {user} in {database} is now {schema}, extensions")
    close_idle_connections(session)


def reset_search_path_of_role(connection, session, seconds):
    """DB_SCHEMA went back to public, but what was set for the dedicated pooler still holds."""
    current = checks.value(session, "select current_schema()")
    if current == "public" or not search_path_of_role(session):
        return
    database = checks.value(session, "select current_database()")
    run(session, f"alter role current_user in database {quote(database)} reset search_path")
    say(f"ok    schema: DB_SCHEMA is public, so the role's search_path ({current}) is reset")
    close_idle_connections(session)
    again = connect(connection, seconds)
    try:
        current = checks.value(again, "select current_schema()")
    finally:
        again.close()
    if current != "public":
        raise StopError(
            f"Tables would go into {current or 'no schema'} instead of public.",
            "mend | OPTIONS['options'] of the settings, or PGOPTIONS, say another search_path.",
        )


def close_idle_connections(session):
    """The pooler hands out connections that it opened before: those would keep the old path."""
    closed = checks.rows(
        session,
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user"
        " and datname = current_database() and state = 'idle' and pid <> pg_backend_pid()"
        " and application_name not ilike 'supavisor%'",
    )
    say(f"      note | {len(closed)} idle connections with the old path were closed.")
    say("      note | It holds for all that logs in as this role, the SQL editor too.")


def create_vector(session):
    """Create pgvector's extension where Supabase wants extensions."""
    found = checks.rows(
        session,
        "select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace"
        " where e.extname = 'vector'",
    )
    if not found:
        if checks.value(session, "select count(*) from pg_namespace where nspname = 'extensions'"):
            run(session, "create extension if not exists vector with schema extensions")
            say("ok    pgvector: created in the schema extensions")
    elif not checks.rows(session, "select 1 where %s = any(current_schemas(true))", [found[0][0]]):
        say(f"WARN  pgvector: it is in {found[0][0]}, which is not in the search_path")
        say("      mend | ALTER EXTENSION vector SET SCHEMA extensions;")


def existing_roles(session):
    found = checks.rows(
        session, "select rolname from pg_roles where rolname = any(%s)", [list(checks.API_ROLES)]
    )
    return sorted(row[0] for row in found)


def run(session, statement):
    with session.cursor() as cursor:
        cursor.execute(statement)


# --- Tables in public ----------------------------------------------------------------------------


def public_tables(session):
    """Return Django's tables that are in public: name, whether the present user owns it."""
    return checks.rows(
        session,
        "select c.relname, pg_has_role(c.relowner, 'USAGE') from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname = any(%s)"
        " order by 1",
        [checks.django_tables(session)],
    )


def sequences_of(session, tables):
    found = checks.rows(
        session,
        "select distinct s.relname from pg_class s join pg_depend d on d.objid = s.oid"
        " and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')"
        " join pg_class t on t.oid = d.refobjid"
        " join pg_namespace n on n.oid = t.relnamespace"
        " where s.relkind = 'S' and n.nspname = 'public' and t.relname = any(%s) order by 1",
        [tables],
    )
    return [row[0] for row in found]


def close_statements(session, tables, row_security):
    """Return the SQL that takes Django's tables from the Data API. service_role stays as it is."""
    roles = ", ".join(["public", *(quote(role) for role in existing_roles(session))])
    statements = []
    for table in tables:
        statements.append(f"revoke all on table public.{quote(table)} from {roles}")
        if row_security:
            statements.append(f"alter table public.{quote(table)} enable row level security")
    for sequence in sequences_of(session, tables):
        statements.append(f"revoke all on sequence public.{quote(sequence)} from {roles}")
    default = "alter default privileges in schema public revoke all on"
    return [*statements, f"{default} tables from {roles}", f"{default} sequences from {roles}"]


def move_statements(session, schema):
    tables = [row[0] for row in public_tables(session)]
    roles = ", ".join(["public", *(quote(role) for role in existing_roles(session))])
    statements = [f"create schema if not exists {quote(schema)}"]
    statements.append(f"revoke all on schema {quote(schema)} from {roles}")
    for table in tables:
        statements.append(f"alter table public.{quote(table)} set schema {quote(schema)}")
    return statements


def check_owner(session):
    """Return Django's tables in public. @throws StopError where there are none or foreign ones"""
    found = public_tables(session)
    if not found:
        raise StopError("None of Django's tables is in the schema public: nothing to do.")
    foreign = [name for name, owned in found if not owned]
    if foreign:
        user = checks.value(session, "select current_user")
        raise StopError(
            f"{user} does not own: {', '.join(foreign)}",
            "mend | Log in as their owner (MIGRATION_DATABASE_URL).",
        )
    return [name for name, _owned in found]


def passes_row_security(session, user):
    """Whether the user that the application logs in with sees every row all the same."""
    role = role_of_user(session, user)
    return role is not None and checks.value(
        session,
        "select r.rolsuper or r.rolbypassrls or not exists ("
        " select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and c.relname = any(%s)"
        " and not pg_has_role(r.oid, c.relowner, 'USAGE')) from pg_roles r where r.rolname = %s",
        [checks.django_tables(session), role],
    )


def role_of_user(session, user):
    """Return the role at the server: a pooler's user postgres.PROJECT-REF is postgres there."""
    names = [user, user.split(".")[0]]
    query = "select rolname from pg_roles where rolname = any(%s) order by length(rolname) desc"
    found = checks.rows(session, query, [names])
    return found[0][0] if found else None


def close_public(session, only_print, run_time_user):
    tables = check_owner(session)
    row_security = passes_row_security(session, run_time_user)
    statements = close_statements(session, tables, row_security)
    if not row_security:
        say(f"WARN  public: no row level security, which would hide the rows from {run_time_user}")
    carry_out(session, statements, only_print)
    if not only_print:
        say(f"ok    public: {len(tables)} tables of Django closed to the Data API")
        say("      note | Later tables in public are closed too: GRANT what the API shall show.")


def move_to_schema(session, schema):
    tables = check_owner(session)
    there = [table for table in tables if schema_of_table(session, schema, table)]
    if there:
        raise StopError(f"In {schema} there are already: {', '.join(there)}")
    carry_out(session, move_statements(session, schema), only_print=False)
    say(f"ok    schema: {len(tables)} tables of Django moved from public to {schema}")
    say("      note | Views follow. Functions and programs that name public.TABLE do not.")


def carry_out(session, statements, only_print):
    """Run all or nothing, and print each statement."""
    for statement in ["begin", *statements, "commit"]:
        print(f"{statement};", file=sys.__stdout__, flush=True)
    if only_print:
        return
    with one_transaction(session):
        # Rather give up than make every request wait behind this.
        run(session, "set local lock_timeout = '10s'")
        for statement in statements:
            run(session, statement)


@contextlib.contextmanager
def one_transaction(session):
    """transaction.atomic for a connection that is not in Django's list."""
    session.set_autocommit(False)
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.set_autocommit(True)


def warn_of_open_tables(session):
    exposed = checks.exposed_tables(session, "public")
    if exposed:
        names = ", ".join(list(exposed)[:5]) + (", ..." if len(exposed) > 5 else "")
        say(f"WARN  public: Supabase's Data API shows {len(exposed)} tables of Django: {names}")
        say(
            "      mend | docker compose run --rm migrate python /app/docker/migrate_database.py"
            " --close-public"
        )


# --- SQLite --------------------------------------------------------------------------------------


def check_sqlite(settings):
    """The file's folder must be there and take files: SQLite writes a journal beside the file."""
    path = str(settings.get("NAME") or "")
    if not path or path == ":memory:" or path.startswith("file:"):
        return
    folder = os.path.dirname(os.path.abspath(path))
    mend = "mend | Put the file on a volume that belongs to user 10001 (see compose.yaml)."
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StopError(f"{folder} cannot be written to: {error.strerror}", mend) from None
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise StopError(f"{path} cannot be written to", mend)


# --- The whole -----------------------------------------------------------------------------------


def run_command(words):
    """Run a command of manage.py in this process, as it runs alone. Return its exit code."""
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(["manage.py", *words])
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except Exception as error:
        print_traceback(error)
        found = checks.explain(error, settings_of_default())
        return 1 if found.kind == "unknown" else fail(stop_for(found._replace(text="")))
    return 0


def work(arguments):
    """What happens inside manage.py. Return the exit code."""
    from django.db import connections

    connection = connections["default"]
    settings = connection.settings_dict
    user = str(settings.get("USER") or "")
    mode = checks.connection_mode(settings.get("HOST"), settings.get("PORT"))
    placeholder = checks.placeholder_in_settings(settings)
    if placeholder:
        raise stop_for(checks.explain_placeholder(*placeholder))
    unreadable = checks.unreadable_url(settings)
    if unreadable:
        raise stop_for(unreadable)
    changes, line = {}, ""
    if connection.vendor in ("postgresql", "mysql"):
        changes, line = migration_address(settings, os.environ)
    use_for_migrations(connection, changes)
    if line:
        say(f"ok    address: {line}")
    if connection.vendor == "postgresql" and is_transaction_pool(settings):
        connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
        say("WARN  address: migrations over a transaction pool (port 6543) may fail")
        say("      mend | Set MIGRATION_DATABASE_URL to an address with sessions (port 5432).")
    seconds = 0 if arguments.no_wait else wait_seconds(os.environ)
    if connection.vendor == "sqlite":
        check_sqlite(settings)
    session = connect(connection, seconds)
    try:
        return with_session(session, connection, mode, user, seconds, arguments)
    finally:
        session.close()


def with_session(session, connection, mode, user, seconds, arguments):
    is_postgresql = session.vendor == "postgresql"
    schema = checks.private_schema() if is_postgresql else ""
    if schema:
        check_schema_name(schema)
    if (arguments.close_public or arguments.move_to_schema) and not is_postgresql:
        raise StopError("Only PostgreSQL has schemas.")
    if arguments.close_public:
        close_public(session, arguments.sql, user)
        return 0
    if arguments.move_to_schema and not schema:
        raise StopError("DB_SCHEMA is not set.", "mend | Set DB_SCHEMA=django in .env first.")
    # Pools may have few places. Only of a transaction pool it needs a connection of its own.
    lock = connect(connection, seconds) if is_transaction_pool(session.settings_dict) else session
    try:
        take_lock(lock, schema, 0 if arguments.no_wait else LOCK_WAIT_SECONDS)
        if arguments.move_to_schema:
            move_to_schema(session, schema)
            return 0
        return prepare_and_migrate(session, connection, mode, user, schema, seconds)
    finally:
        lock.close()


def prepare_and_migrate(session, connection, mode, user, schema, seconds):
    is_postgresql = session.vendor == "postgresql"
    if schema:
        check_public_is_empty(session, schema)
        create_schema(session, schema)
        check_run_time_user(session, schema, user)
        check_search_path(connection, schema, mode, seconds)
    elif is_postgresql and checks.says_public():
        reset_search_path_of_role(connection, session, seconds)
    if USES_VECTOR and is_postgresql:
        create_vector(session)
    for words in COMMANDS:
        code = run_command(words)
        if code:
            return code
    if is_postgresql and not schema and existing_roles(session):
        warn_of_open_tables(session)
    return 0


def wait_seconds(environment):
    value = environment.get("DB_WAIT_SECONDS", "").strip() or str(DEFAULT_WAIT_SECONDS)
    if not value.isdigit():
        raise StopError("DB_WAIT_SECONDS is no number of seconds.", "mend | Correct it in .env.")
    return int(value)


def fail(stop):
    print(f"FAIL  database: {stop}", file=sys.stderr)
    for line in stop.lines:
        print(f"      {line}", file=sys.stderr)
    sys.stderr.flush()
    return 1


def print_traceback(error):
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    print(checks.mask(text, checks.known_secrets(settings_of_default())), file=sys.stderr)


def fail_with(error):
    """Explain an error of the settings or of a statement of ours; show an unknown one in full."""
    found = checks.explain(error, settings_of_default())
    if found.kind == "unknown":
        print_traceback(error)
    return fail(stop_for(found))


def settings_of_default():
    try:
        from django.conf import settings

        return settings.DATABASES.get("default", {})
    except Exception:  # the settings themselves are what fails
        return {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--close-public",
        action="store_true",
        help="take Django's tables in public from Supabase's Data API, instead of migrating",
    )
    parser.add_argument("--sql", action="store_true", help="only print what --close-public runs")
    parser.add_argument(
        "--move-to-schema",
        action="store_true",
        help="move Django's tables from public to DB_SCHEMA, instead of migrating",
    )
    parser.add_argument("--no-wait", action="store_true", help="one attempt only")
    arguments = parser.parse_args()
    if arguments.sql and not arguments.close_public:
        parser.error("--sql goes with --close-public")
    # As the first process of a container Python would not hear `docker stop`.
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(143))
    try:
        placeholder = checks.placeholder_in_environment()
        if placeholder:
            raise stop_for(checks.explain_placeholder(*placeholder))
        argv = ["manage.py", *(COMMANDS[0] if COMMANDS else ["migrate"])]
        with contextlib.redirect_stdout(sys.stderr if arguments.sql else sys.stdout):
            return checks.run_in_project(lambda: work(arguments), argv)
    except checks.UrlError as error:
        return fail(StopError(str(error), "mend | Correct it in .env."))
    except StopError as stop:
        return fail(stop)
    except Exception as error:
        return fail_with(error)


if __name__ == "__main__":
    sys.exit(main())
