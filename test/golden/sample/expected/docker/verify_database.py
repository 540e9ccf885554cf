"""Checks the database as the application reaches it, and explains what is wrong.

    docker compose run --rm web python /app/docker/verify_database.py

Runs in the image, in the folder of manage.py. Reads only. Logs in once, so that a wrong password
locks nobody out. Ends with 1 when a check fails.
"""

import argparse
import contextlib
import json
import os
import runpy
import statistics
import sys
import threading
import time

import database_checks as checks

DEFAULT_SECONDS = 60
# More than this per query is felt in every page.
SLOW_MILLISECONDS = 50
# Clients that Supabase's session pooler lets in on its smallest size.
DEFAULT_POOL_SIZE = 15
# Beside the workers: one migration, one shell.
RESERVED_CLIENTS = 2

MIGRATE = "docker compose run --rm migrate"


# --- The report ----------------------------------------------------------------------------------


class Report:
    """Collects the checks; prints each as it comes, or all of them as JSON at the end."""

    def __init__(self, as_json, output):
        self.as_json = as_json
        self.output = output
        self.result = {"checks": []}
        # Texts that no line may hold.
        self.secrets = ()

    def add(self, result, name, detail, mend="", driver=""):
        detail = checks.mask(detail, self.secrets)
        further = {"note" if result == "ok" else "mend": mend, "driver": driver}
        further = {title: text for title, text in further.items() if text}
        self.result["checks"].append({"name": name, "result": result, "detail": detail, **further})
        if self.as_json:
            return
        lines = [f"{result:<4}  {name}: {detail}"]
        for title, text in further.items():
            lines += [f"      {title} | {line}" for line in text.splitlines() if line.strip()]
        print("\n".join(lines), file=self.output, flush=True)

    def explain(self, name, explanation):
        driver = "" if explanation.text in explanation.cause else explanation.text
        self.add("FAIL", name, explanation.cause, explanation.mend, driver)
        self.result["kind"] = explanation.kind

    def finish(self):
        failed = [check["name"] for check in self.result["checks"] if check["result"] == "FAIL"]
        self.result["ok"] = not failed
        if self.as_json:
            print(json.dumps(self.result, indent=2), file=self.output, flush=True)
        else:
            end = f"{len(failed)} failed: {', '.join(failed)}" if failed else "All is well."
            print(f"\n{end}", file=self.output, flush=True)
        return 1 if failed else 0


# --- Before any connection -----------------------------------------------------------------------


def check_settings(report, settings, mode):
    """Return whether a connection is worth trying."""
    placeholder = checks.placeholder_in_settings(settings)
    if placeholder:
        report.explain("settings", checks.explain_placeholder(*placeholder))
        return False
    unreadable = checks.unreadable_url(settings)
    if unreadable:
        report.explain("settings", unreadable)
        return False
    options = settings.get("OPTIONS") or {}
    foreign = sorted(name for name in options if name.lower() in checks.FOREIGN_PARAMETERS)
    if foreign:
        detail = f"OPTIONS holds {', '.join(foreign)}, which the driver does not know"
        report.add("FAIL", "parameters", detail, "Remove it from the database's URL in .env.")
        return False
    if mode.name == "no-database":
        detail = f"{settings.get('HOST')} is Supabase's API, not the database"
        report.add("FAIL", "mode", detail, checks.FROM_DASHBOARD)
        return False
    return True


def check_mode(report, settings, mode):
    report.result["mode"] = mode.name
    port = settings.get("PORT") or "5432"
    detail = f"{mode.label}: {settings.get('HOST') or 'local'}:{port}"
    detail += f", user {settings.get('USER')}, database {settings.get('NAME')}"
    report.add("ok", "mode", detail)


def check_address(report, settings, mode):
    """Which addresses the host has; a direct host of Supabase has only an IPv6 address."""
    host = settings.get("HOST")
    if not host or host.startswith("/") or (settings.get("OPTIONS") or {}).get("hostaddr"):
        return
    found = checks.addresses_of(host, settings.get("PORT"))
    families = sorted({checks.address_family(address) for address in found})
    if not found:
        return  # the attempt to connect says why
    detail = host if found == [host] else f"{host} is {', '.join(found[:4])}"
    if families == ["IPv6"] and mode.cloud:
        mend = "From Docker's default networks use the session pooler's string (Connect)."
        report.add("WARN", "address", f"{detail}: IPv6 only", mend)
    else:
        report.add("ok", "address", f"{detail} ({' and '.join(families)})")


# --- PostgreSQL ----------------------------------------------------------------------------------


def check_tls(report, session, settings, mode):
    """TLS as this side of the connection sees it, and whether it proves who the server is."""
    in_use, version = checks.tls_of(session)
    if in_use and not version and not (mode.cloud or mode.transaction):
        # Only where no pooler stands between.
        found = checks.rows(session, "select version from pg_stat_ssl where pid = pg_backend_pid()")
        version = (found[0][0] if found else "") or ""
    wanted = checks.ssl_mode(settings)
    detail = f"{version or 'in use'}, sslmode={wanted}"
    verify = "PGSSLMODE=verify-full and PGSSLROOTCERT (the authority's file) prove who it is."
    peer = checks.peer_address(session)
    near = peer is None or is_private(peer)
    if not in_use:
        where = "a socket" if peer is None else "a private address" if near else "the internet"
        if mode.cloud:
            report.add("FAIL", "TLS", "not in use", "Set PGSSLMODE=require in .env.")
        elif near:
            report.add("ok", "TLS", f"not in use, over {where}")
        else:
            report.add("WARN", "TLS", f"not in use, over {where}", "Set PGSSLMODE=require in .env.")
    elif wanted == "verify-full":
        report.add("ok", "TLS", f"{detail}: the server is verified")
    elif wanted == "verify-ca":
        report.add("ok", "TLS", f"{detail}: its authority is verified, its name is not")
    elif wanted == "require":
        report.add("ok", "TLS", f"{detail}: the server is not verified", verify)
    else:
        mend = "Set PGSSLMODE=require in .env: this mode also goes on without TLS."
        report.add("ok" if near and not mode.cloud else "WARN", "TLS", detail, mend)


def is_private(address):
    import ipaddress

    return ipaddress.ip_address(address.split("%")[0]).is_private


def check_server(report, session):
    if session.vendor == "postgresql":
        version = f"PostgreSQL {checks.value(session, 'show server_version')}"
    elif session.vendor == "mysql":
        version = f"MySQL/MariaDB {checks.value(session, 'select version()')}"
    elif session.vendor == "sqlite":
        version = f"SQLite {checks.value(session, 'select sqlite_version()')}"
    else:
        version = session.vendor
    report.add("ok", "server", version)


def check_latency(report, session):
    times = []
    for _turn in range(9):
        start = time.perf_counter()
        checks.value(session, "select 1")
        times.append((time.perf_counter() - start) * 1000)
    median = statistics.median(times)
    report.result["latency_ms"] = round(median, 2)
    detail = f"{median:.1f} ms for a query (median of {len(times)})"
    if median > SLOW_MILLISECONDS:
        mend = "Run the application in the database's region: each query of a page costs this."
        report.add("WARN", "latency", detail, mend)
    else:
        report.add("ok", "latency", detail)


def check_schema(report, session, mode):
    """Return the schema that Django's tables are in."""
    current = checks.value(session, "select current_schema()")
    path = checks.value(session, "show search_path")
    wanted = checks.private_schema()
    report.result["schema"] = current
    usable = "select has_schema_privilege(oid, 'USAGE') from pg_namespace where nspname = %s"
    found = checks.rows(session, usable, [wanted])
    if found and not found[0][0]:
        user = checks.value(session, "select current_user")
        detail = f"{user} may not use the schema {wanted}, which another user made"
        mend = "Let MIGRATION_DATABASE_URL log in as the same user, or GRANT the rights."
        report.add("FAIL", "schema", detail, mend)
    elif wanted and current != wanted:
        detail = f"tables are in {current or 'no schema'}, DB_SCHEMA is {wanted}"
        mend = f"{MIGRATE} creates it; the search_path is now: {path}"
        if mode.name == "dedicated" and found:
            mend = f"Connections that the pooler opened before keep the old path: {MIGRATE}"
            mend += " closes those that are idle; web closes its own when it starts again."
        report.add("FAIL", "schema", detail, mend)
    elif checks.says_public() and current != "public":
        detail = f"tables are in {current or 'no schema'}, DB_SCHEMA is public"
        mend = f"{MIGRATE} resets the role's search_path; it is now: {path}"
        report.add("FAIL", "schema", detail, mend)
    else:
        report.add("ok", "schema", f"{current} (search_path {path})")
    return current


def check_connections(report, session, settings, mode):
    """Open against allowed connections, at the server and at Supabase's session pooler."""
    if session.vendor == "mysql":
        limit = int(checks.rows(session, "show variables like 'max_connections'")[0][1])
        opened = int(checks.rows(session, "show status like 'Threads_connected'")[0][1])
    else:
        limit, opened = checks.rows(
            session,
            "select current_setting('max_connections')::int"
            " - current_setting('superuser_reserved_connections')::int,"
            " (select count(*) from pg_stat_activity"
            " where backend_type = 'client backend')",
        )[0]
    report.result["connections"] = {"open": opened, "allowed": limit}
    detail = f"{opened} of {limit} at the server"
    if opened >= limit * 0.8:
        report.add("WARN", "connections", detail, "Fewer workers or threads, or a pooler.")
    else:
        report.add("ok", "connections", detail)
    clients, how = clients_of_web(settings)
    if not clients or mode.transaction or session.vendor == "mysql":
        return
    if mode.name == "session" or (mode.name == "self-hosted" and os.environ.get("DB_POOL_SIZE")):
        places, whose = pool_size(), "that the session pooler lets in (DB_POOL_SIZE)"
    else:
        places, whose = limit, "that the server allows"
    detail = f"web opens up to {clients} ({how}), of {places} {whose}"
    if clients + RESERVED_CLIENTS > places:
        fit = max(1, places - RESERVED_CLIENTS)
        mend = f"Lower WEB_CONCURRENCY x GUNICORN_THREADS to {fit} at most, or enlarge the pool."
        report.add("WARN", "pool size", detail, mend)
    else:
        report.add("ok", "pool size", detail)


def pool_size():
    text = os.environ.get("DB_POOL_SIZE", "").strip()
    return int(text) if text.isdigit() and int(text) else DEFAULT_POOL_SIZE


def clients_of_web(settings):
    """Return how many connections the web server may open, and the sum; 0 where it is not known."""
    server = server_settings()
    workers = server.get("workers")
    if not workers:
        return 0, ""
    pool = (settings.get("OPTIONS") or {}).get("pool")
    if pool:
        # psycopg_pool: max_size is min_size where it is not set, and that is 4.
        sizes = pool if isinstance(pool, dict) else {}
        size = sizes.get("max_size") or sizes.get("min_size") or 4
        return workers * size, f"{workers} workers with a pool of {size}"
    threads = server.get("threads") or 1
    return workers * threads, f"{workers} workers of {threads} threads"


def server_settings():
    """Return workers and threads as gunicorn's own file of settings computes them here."""
    file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gunicorn.conf.py")
    if os.path.isfile(file):
        with contextlib.suppress(Exception):
            found = runpy.run_path(file)
            return {name: found.get(name) for name in ("workers", "threads")}
    numbers = (("workers", "WEB_CONCURRENCY"), ("threads", "GUNICORN_THREADS"))
    return {
        name: int(os.environ[variable])
        for name, variable in numbers
        if os.environ.get(variable, "").isdigit()
    }


def check_cursors(report, settings, mode):
    """What a transaction pool breaks, and only under load."""
    off = bool(settings.get("DISABLE_SERVER_SIDE_CURSORS"))
    options = settings.get("OPTIONS") or {}
    if not mode.transaction:
        detail = "off, though this mode allows them" if off else "allowed in this mode"
        report.add("ok", "server-side cursors", detail)
        return
    if off:
        report.add("ok", "server-side cursors", "off, as a transaction pool needs")
    else:
        mend = "Set DISABLE_SERVER_SIDE_CURSORS to True for this database, or use port 5432."
        report.add("FAIL", "server-side cursors", "on: .iterator() fails in this mode", mend)
    if options.get("prepare_threshold") is not None:
        mend = "Remove prepare_threshold from OPTIONS, or use port 5432."
        report.add("FAIL", "prepared statements", "on: they fail in a transaction pool", mend)


def check_persistence(report, settings, mode):
    age = settings.get("CONN_MAX_AGE", 0)
    if isinstance(age, str):
        mend = "Turn the variable into a number in the settings: int(os.environ[...])."
        report.add("FAIL", "CONN_MAX_AGE", f"{age!r} is a text, and Django counts with it", mend)
        return
    health = bool(settings.get("CONN_HEALTH_CHECKS"))
    shown = "without end" if age is None else f"{age} s"
    detail = f"connections are kept {shown}" if age != 0 else "a new connection for each request"
    if (settings.get("OPTIONS") or {}).get("pool"):
        detail = "connections are kept in a pool of Django's"
        report.add("ok", "CONN_MAX_AGE", detail)
    elif age is None and mode.name == "session":
        mend = "Set CONN_MAX_AGE to 60: each kept connection takes a place of the session pooler."
        report.add("WARN", "CONN_MAX_AGE", detail, mend)
    elif age != 0 and not health:
        mend = "Set CONN_HEALTH_CHECKS to True: a connection that broke costs no request then."
        report.add("ok", "CONN_MAX_AGE", f"{detail}, without health checks", mend)
    else:
        report.add("ok", "CONN_MAX_AGE", detail + (", with health checks" if age != 0 else ""))


def check_exposure(report, session, current):
    """Tables of Django that the Data API would show, in public too if some are left there."""
    query = "select count(*) from pg_roles where rolname = any(%s)"
    if not checks.value(session, query, [list(checks.API_ROLES)]):
        return
    report.result["exposed"] = []
    for schema in dict.fromkeys([current or "public", "public"]):
        found = checks.open_tables(session, schema)
        exposed = checks.exposed_tables(session, schema)
        report.result["exposed"] += [f"{schema}.{table}" for table in sorted(exposed)]
        if schema == current or found:
            report.add(*judge_exposure(schema, found, exposed))


def judge_exposure(schema, found, exposed):
    name = "Data API"
    policies = sorted({row[0] for row in found if row[3] and row[4]})
    if exposed:
        names = ", ".join(list(exposed)[:6]) + (", ..." if len(exposed) > 6 else "")
        readers = " and ".join(sorted({role for roles in exposed.values() for role in roles}))
        detail = f"{readers} can reach {len(exposed)} of Django's tables in {schema}: {names}"
        mend = f"{MIGRATE} python /app/docker/migrate_database.py --close-public"
        if schema != "public":
            mend = f"REVOKE ALL ON SCHEMA {schema} FROM public, anon, authenticated;"
        return "FAIL", name, detail, mend
    if policies:
        detail = f"policies open rows of {', '.join(policies)} to anon or authenticated"
        return "WARN", name, detail, "Remove the policies if this is not meant."
    if found:
        return "ok", name, f"Django's tables in {schema} show no row (row level security)"
    return "ok", name, f"anon and authenticated reach no table of Django in {schema}"


# --- Every database ------------------------------------------------------------------------------


def check_migrations(report, session):
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(session)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    pending = [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]
    report.result["pending"] = pending
    if pending:
        names = ", ".join(pending[:5]) + (", ..." if len(pending) > 5 else "")
        report.add("FAIL", "migrations", f"{len(pending)} are pending: {names}", MIGRATE)
    else:
        report.add("ok", "migrations", "all are applied")


def check_mysql_tls(report, session):
    version = dict(checks.rows(session, "show status like 'Ssl_version'")).get("Ssl_version")
    peer = checks.peer_address(session)
    if version or peer is None or is_private(peer):
        report.add("ok", "TLS", version or "not in use, inside a private network")
    else:
        report.add("WARN", "TLS", "not in use, over the internet", "Set OPTIONS['ssl'].")


def check_sqlite_file(report, settings):
    path = str(settings.get("NAME") or "")
    if not path or path == ":memory:" or path.startswith("file:"):
        report.add("WARN", "file", "in memory: it is gone with each process")
        return True
    folder = os.path.dirname(os.path.abspath(path))
    mend = "Put the file on a volume that belongs to user 10001 (see compose.yaml)."
    if not os.path.isfile(path):
        report.add("FAIL", "file", f"{path} is not there", f"{MIGRATE} makes it.")
        return False
    if not (os.access(path, os.W_OK) and os.access(folder, os.W_OK | os.X_OK)):
        report.add("FAIL", "file", f"{path} or its folder cannot be written to", mend)
        return False
    report.add("ok", "file", f"{path}, {os.path.getsize(path) / 1e6:.1f} MB")
    return True


# --- The whole -----------------------------------------------------------------------------------


def work(report, seconds):
    from django.db import connections

    connection = connections["default"]
    settings = connection.settings_dict
    vendor = connection.vendor
    report.result["vendor"] = vendor
    mode = checks.connection_mode(settings.get("HOST"), settings.get("PORT"))
    if vendor == "postgresql":
        report.secrets = checks.known_secrets(settings)
        if not check_settings(report, settings, mode):
            return
        check_mode(report, settings, mode)
        check_address(report, settings, mode)
    elif vendor == "sqlite" and not check_sqlite_file(report, settings):
        return
    try:
        session = checks.connect_once(connection, min(seconds, checks.CONNECT_SECONDS))
    except Exception as error:
        report.explain("connection", checks.explain(error, settings))
        return
    try:
        peer = checks.peer_address(session) if vendor in ("postgresql", "mysql") else None
        family = f"over {checks.address_family(peer)} to {peer}" if peer else "local"
        report.add("ok", "connection", f"logged in, {family}")
        run_checks(report, session, settings, mode)
    finally:
        session.close()


def run_checks(report, session, settings, mode):
    """Each check by itself: what one cannot find out must not hide the others."""
    schema = None

    def attempt(name, function, *arguments):
        try:
            return function(report, *arguments)
        except Exception as error:
            report.explain(name, checks.explain(error, settings))
            return None

    if session.vendor == "postgresql":
        attempt("TLS", check_tls, session, settings, mode)
    if session.vendor == "mysql":
        attempt("TLS", check_mysql_tls, session)
    attempt("server", check_server, session)
    attempt("latency", check_latency, session)
    if session.vendor == "postgresql":
        schema = attempt("schema", check_schema, session, mode)
    attempt("migrations", check_migrations, session)
    if session.vendor in ("postgresql", "mysql"):
        attempt("connections", check_connections, session, settings, mode)
        attempt("CONN_MAX_AGE", check_persistence, settings, mode)
    if session.vendor == "postgresql":
        attempt("server-side cursors", check_cursors, settings, mode)
        attempt("Data API", check_exposure, session, schema)


def give_up(report, seconds):
    """Where a driver hangs in its own code, nothing else ends it."""
    report.add("FAIL", "time", f"not finished after {seconds} s", "See --timeout.")
    report.finish()
    report.output.flush()
    os._exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument(
        "--timeout",
        type=int,
        default=DEFAULT_SECONDS,
        metavar="SECONDS",
        help=f"for all checks; default: {DEFAULT_SECONDS}",
    )
    arguments = parser.parse_args()
    output = sys.stdout
    output.reconfigure(errors="replace")
    report = Report(arguments.json, output)
    watch = threading.Timer(arguments.timeout, give_up, [report, arguments.timeout])
    watch.daemon = True
    watch.start()
    placeholder = checks.placeholder_in_environment()
    if placeholder:
        report.explain("settings", checks.explain_placeholder(*placeholder))
        return report.finish()
    try:
        # What the project prints as it loads is no part of the report.
        with contextlib.redirect_stdout(sys.stderr):
            checks.run_in_project(lambda: work(report, arguments.timeout), ["manage.py", "migrate"])
    except (Exception, SystemExit) as error:
        report.explain("settings", checks.explain(error))
    watch.cancel()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
