"""A double of Supavisor, the shared pooler of Supabase: real connections, its rules and its error texts.

Port 5432 is session mode: one connection to the database for each client. Port 6543 is transaction mode, through a
PgBouncer that this program runs. SCRAM passes through to what is behind, so the double knows no password.
Port 54322 is the database as the Supabase CLI publishes it on a developer's machine: no pooler and no TLS.
Port 8080 takes the settings of a test: GET /state, POST /state with a JSON object, POST /reset.

Texts, codes and limits: https://github.com/supabase/supavisor lib/supavisor/errors, error.ex, circuit_breaker.ex,
protocol/startup_options.ex (2.9).
"""

import asyncio
import collections
import hashlib
import json
import os
import signal
import ssl
import struct
import subprocess
import time

TENANT = os.environ["BENCH_TENANT"]
DATABASE = ("database", 5432)
PGBOUNCER = ("127.0.0.1", 6432)
FOLDER = "/tmp/pgbouncer"

SSL_REQUEST, CANCEL_REQUEST, GSS_REQUEST = 80877103, 80877102, 80877104

DEFAULTS = {
    "poolSize": 15,
    "maxClients": 200,
    "sslRequired": False,
    "tls": True,
    # Addresses that may connect; null for all.
    "allowList": None,
    # "running", "paused" (its tenant is unknown), "old" (as paused, in the words of Supavisor before 2.8) or "starting".
    "project": "running",
    # Whether a client too many is told so at once, or waits for a place.
    "fullPool": "refuse",
    "checkoutTimeout": 60000,
    # Closes the ports 5432 and 6543.
    "refuseConnections": False,
    "breakerFailures": 10,
    "breakerWindow": 150,
    "breakerBlock": 120,
}


class Refused(Exception):
    """An ErrorResponse for the client."""

    def __init__(self, message, code="XX000", kind=None):
        super().__init__(message)
        self.message, self.code = message, code
        self.kind = kind or message.split(")")[0].lstrip("(")


class State:
    def __init__(self):
        self.reset()
        self.sessions = collections.Counter()
        self.transactions = 0
        self.freed = asyncio.Condition()

    def reset(self):
        self.knobs = dict(DEFAULTS)
        self.clear_counters()
        self.failures = {}
        self.blocked = {}

    def clear_counters(self):
        # By the user as the client sent it: passwords tried, those that were wrong, and refusals by their code.
        self.attempts, self.wrong = collections.Counter(), collections.Counter()
        self.refusals = collections.Counter()

    def report(self):
        return {
            "knobs": self.knobs,
            "attempts": self.attempts,
            "wrongPasswords": self.wrong,
            "refusals": self.refusals,
            "sessions": sum(self.sessions.values()),
            "transactionClients": self.transactions,
        }

    def check_breaker(self, address):
        if self.blocked.get(address, 0) > time.monotonic():
            raise Refused(
                "(ECIRCUITBREAKER) too many authentication failures, new connections are temporarily blocked"
            )

    def record_failure(self, address):
        now = time.monotonic()
        recent = [t for t in self.failures.get(address, []) if t > now - self.knobs["breakerWindow"]] + [now]
        self.failures[address] = recent
        if len(recent) >= self.knobs["breakerFailures"]:
            self.blocked[address] = now + self.knobs["breakerBlock"]
            self.failures[address] = []


# --- The protocol ---------------------------------------------------------------------------------


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def error_response(error):
    fields = {"S": "FATAL", "V": "FATAL", "C": error.code, "M": error.message}
    return message(b"E", b"".join(k.encode() + v.encode() + b"\0" for k, v in fields.items()) + b"\0")


def error_fields(body):
    return {part[:1].decode(): part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}


def startup_message(parameters):
    body = struct.pack("!I", 196608)
    body += b"".join(k.encode() + b"\0" + v.encode() + b"\0" for k, v in parameters.items()) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


async def read_startup(reader):
    (length,) = struct.unpack("!I", await reader.readexactly(4))
    if not 8 <= length <= 10000:
        raise ConnectionError("not a startup packet")
    body = await reader.readexactly(length - 4)
    return struct.unpack("!I", body[:4])[0], body[4:]


async def read_message(reader):
    head = await reader.readexactly(5)
    (length,) = struct.unpack("!I", head[1:])
    return head[:1], await reader.readexactly(length - 4)


def tokens(text):
    """Splits as pg_split_opts: by white space, with a backslash before what is taken as it is."""
    words, word, i = [], "", 0
    while i < len(text):
        if text[i] == "\\" and i + 1 < len(text):
            word, i = word + text[i + 1], i + 2
        elif text[i].isspace():
            words, word, i = words + [word], "", i + 1
        else:
            word, i = word + text[i], i + 1
    return [w for w in words + [word] if w]


def search_path_of(options):
    """The one setting that is taken from the client's options: all others are dropped in silence."""
    settings, words = {}, tokens(options)
    for i, word in enumerate(words):
        pair = words[i + 1] if word == "-c" and i + 1 < len(words) else word[2:] if word.startswith("--") else ""
        name, equals, value = pair.partition("=")
        if equals:
            settings[name] = value
    return settings.get("search_path")


def escaped(value):
    return "".join("\\" + c if c == "\\" or c.isspace() else c for c in value)


# --- Transaction mode -----------------------------------------------------------------------------


class TransactionPool:
    """PgBouncer with one database entry for each (database, search_path): Supavisor has a pool for each, too.

    The entry's connect_query sets the search_path when a connection to the server is opened. PgBouncer cannot pass
    it on for a client: before PostgreSQL 18 servers do not report it, so track_extra_parameters has no effect on it.
    """

    def __init__(self, pool_size):
        self.entries = {}
        self.pool_size = pool_size
        self.lock = asyncio.Lock()
        os.makedirs(FOLDER, exist_ok=True)
        with open(f"{FOLDER}/users.txt", "w") as file:
            file.write('"pgbouncer" "%s"\n' % os.environ.get("BENCH_PGBOUNCER_PASSWORD", ""))
        self.write()
        # A pooler without the project has no pool to open.
        self.process = None
        if TENANT != "another":
            self.process = subprocess.Popen(["pgbouncer", "--quiet", f"{FOLDER}/pgbouncer.ini"])

    def write(self):
        lines = "\n".join(self.entries.values())
        with open(f"{FOLDER}/pgbouncer.ini", "w") as file:
            file.write(f"""[databases]
{lines}

[pgbouncer]
listen_addr = {PGBOUNCER[0]}
listen_port = {PGBOUNCER[1]}
unix_socket_dir = {FOLDER}
auth_type = scram-sha-256
auth_file = {FOLDER}/users.txt
auth_user = pgbouncer
auth_query = SELECT username, password FROM pgbouncer.get_auth($1)
pool_mode = transaction
default_pool_size = {self.pool_size}
max_client_conn = 1000
max_prepared_statements = 0
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
""")

    async def reload(self):
        """Returns once PgBouncer knows the new configuration: an unknown database looks like a wrong password."""
        self.write()
        if self.process is None:
            return
        for _ in range(50):
            try:
                # Its console lets in who runs it, without a password.
                reader, writer = await asyncio.open_unix_connection(f"{FOLDER}/.s.PGSQL.{PGBOUNCER[1]}")
                break
            except OSError:
                await asyncio.sleep(0.1)
        writer.write(startup_message({"user": "pgbouncer", "database": "pgbouncer"}))
        while (await read_message(reader))[0] != b"Z":
            pass
        writer.write(message(b"Q", b"RELOAD\0"))
        while (await read_message(reader))[0] != b"Z":
            pass
        writer.close()

    async def resize(self, pool_size):
        self.pool_size = pool_size
        await self.reload()

    async def entry(self, database, search_path):
        name = "pool_" + hashlib.sha256(f"{database}\0{search_path}".encode()).hexdigest()[:16]
        async with self.lock:
            if name in self.entries:
                return name
            quoted = database.replace("'", "''")
            line = f"{name} = host={DATABASE[0]} port={DATABASE[1]} dbname='{quoted}'"
            if search_path is not None:
                value = search_path.replace("'", "''").replace("\n", " ")
                query = f"SELECT set_config('search_path', '{value}', false)".replace("'", "''")
                line += f" connect_query='{query}'"
            self.entries[name] = line
            await self.reload()
        return name

    async def connect(self, parameters, search_path):
        name = await self.entry(parameters["database"], search_path)
        reader, writer = await asyncio.open_connection(*PGBOUNCER)
        writer.write(startup_message({**parameters, "database": name}))
        return reader, writer, await read_message(reader)


# --- A client -------------------------------------------------------------------------------------


class Double:
    def __init__(self):
        self.state = State()
        self.pool = TransactionPool(DEFAULTS["poolSize"])
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain("/bench/pooler.crt", "/bench/pooler.key")
        self.servers = []

    async def client(self, reader, writer, mode):
        upstream = None
        user = ""
        try:
            encrypted = False
            while True:
                code, body = await read_startup(reader)
                if code == SSL_REQUEST and self.state.knobs["tls"]:
                    writer.write(b"S")
                    await writer.drain()
                    await writer.start_tls(self.tls)
                    encrypted = True
                elif code in (SSL_REQUEST, GSS_REQUEST):
                    writer.write(b"N")
                elif code == CANCEL_REQUEST:
                    _, upstream = await asyncio.open_connection(*(DATABASE if mode == "session" else PGBOUNCER))
                    upstream.write(struct.pack("!II", len(body) + 8, code) + body)
                    await upstream.drain()
                    return
                else:
                    break
            words = [w.decode() for w in body.split(b"\0")]
            parameters = dict(zip(words[0:-1:2], words[1::2]))
            user = parameters.get("user", "")
            address = writer.get_extra_info("peername")[0]
            name = self.admit(user, address, encrypted)
            search_path = search_path_of(parameters.get("options", ""))
            behind = {"user": name, "database": parameters.get("database") or name}
            for key in ("application_name", "client_encoding"):
                if key in parameters:
                    behind[key] = parameters[key]
            if mode == "session":
                up_reader, upstream = await asyncio.open_connection(*DATABASE)
                if search_path is not None:
                    behind["options"] = "-c search_path=" + escaped(search_path)
                upstream.write(startup_message(behind))
                first = await read_message(up_reader)
            else:
                up_reader, upstream, first = await self.pool.connect(behind, search_path)
            await self.authenticate(reader, writer, up_reader, upstream, first, user, name, address)
            pool = (name, behind["database"], search_path)
            await self.take_place(mode, pool)
            try:
                # What the client waits for: it is authenticated.
                writer.write(message(b"R", struct.pack("!I", 0)))
                await self.relay(reader, writer, up_reader, upstream)
            finally:
                await self.free_place(mode, pool)
        except Refused as refused:
            self.state.refusals[f"{user}: {refused.kind}"] += 1
            writer.write(error_response(refused))
            try:
                await writer.drain()
            except ConnectionError:
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, OSError):
            pass
        finally:
            for end in (writer, upstream):
                if end is not None:
                    end.close()

    async def local_client(self, reader, writer):
        upstream = None
        try:
            code, body = await read_startup(reader)
            while code in (SSL_REQUEST, GSS_REQUEST):
                writer.write(b"N")
                code, body = await read_startup(reader)
            up_reader, upstream = await asyncio.open_connection(*DATABASE)
            upstream.write(struct.pack("!II", len(body) + 8, code) + body)
            await self.relay(reader, writer, up_reader, upstream)
        except (ConnectionError, asyncio.IncompleteReadError, OSError):
            pass
        finally:
            for end in (writer, upstream):
                if end is not None:
                    end.close()

    def admit(self, user, address, encrypted):
        """The role behind a user that may go on to authenticate."""
        knobs = self.state.knobs
        name, dot, tenant = user.rpartition(".")
        if not dot:
            raise Refused("(ENOIDENTIFIER) no tenant identifier provided (external_id or sni_hostname required)")
        if knobs["project"] == "old":
            raise Refused("Tenant or user not found", kind="Tenant or user not found")
        if tenant != TENANT or knobs["project"] == "paused":
            raise Refused(f"(ENOTFOUND) tenant/user {user} not found")
        if knobs["sslRequired"] and not encrypted:
            raise Refused(f"(ESSLREQUIRED) SSL connection is required for user: {name}")
        if knobs["allowList"] is not None and address not in knobs["allowList"]:
            shown = "{" + ", ".join(address.split(".")) + "}"
            raise Refused(f"(EADDRNOTALLOWED) address not in tenant allow_list: {shown}")
        if knobs["project"] == "starting":
            raise Refused("the database system is starting up", "57P03", kind="57P03")
        self.state.check_breaker(address)
        return name

    async def authenticate(self, reader, writer, up_reader, upstream, first, user, name, address):
        """Passes SCRAM through until what is behind says that the client is who it claims to be."""
        kind, body = first
        tried = False
        while True:
            if kind == b"E":
                fields = error_fields(body)
                text = fields.get("M", "")
                if fields.get("C") in ("28P01", "28000") or (tried and "authentication failed" in text):
                    self.state.wrong[user] += 1
                    self.state.record_failure(address)
                    raise Refused(f'password authentication failed for user "{name}"', "28P01", kind="28P01")
                raise Refused(text, fields.get("C", "XX000"), kind=fields.get("C"))
            if kind == b"R":
                (step,) = struct.unpack("!I", body[:4])
                if step == 0:
                    return
                writer.write(message(kind, body))
                await writer.drain()
                if step != 12:
                    reply = await read_message(reader)
                    if not tried:
                        tried = True
                        self.state.attempts[user] += 1
                    upstream.write(message(*reply))
                    await upstream.drain()
            else:
                writer.write(message(kind, body))
            kind, body = await read_message(up_reader)

    async def take_place(self, mode, pool):
        state, knobs = self.state, self.state.knobs
        if mode == "transaction":
            if state.transactions >= knobs["maxClients"]:
                raise Refused(f"(EMAXCONN) max client connections reached, limit: {knobs['maxClients']}")
            state.transactions += 1
            return
        if state.sessions[pool] >= knobs["poolSize"] and knobs["fullPool"] == "refuse":
            raise Refused(
                "(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: "
                f"{knobs['poolSize']}"
            )
        wait = knobs["checkoutTimeout"]
        async with state.freed:
            try:
                await asyncio.wait_for(
                    state.freed.wait_for(lambda: state.sessions[pool] < knobs["poolSize"]), wait / 1000
                )
            except TimeoutError:
                raise Refused(
                    "(ECHECKOUTTIMEOUT) unable to check out connection from the pool after "
                    f"{wait}ms in Session mode"
                ) from None
            state.sessions[pool] += 1

    async def free_place(self, mode, pool):
        if mode == "transaction":
            self.state.transactions -= 1
            return
        async with self.state.freed:
            self.state.sessions[pool] -= 1
            self.state.freed.notify_all()

    async def relay(self, reader, writer, up_reader, upstream):
        async def copy(source, target):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()

        copies = [asyncio.ensure_future(copy(reader, upstream)), asyncio.ensure_future(copy(up_reader, writer))]
        try:
            await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in copies:
                task.cancel()
            await asyncio.gather(*copies, return_exceptions=True)

    # --- Settings ---

    async def listen(self):
        if self.state.knobs["refuseConnections"]:
            for server in self.servers:
                server.close()
            self.servers = []
        elif not self.servers:
            for port, mode in ((5432, "session"), (6543, "transaction")):
                self.servers.append(
                    await asyncio.start_server(lambda r, w, mode=mode: self.client(r, w, mode), "0.0.0.0", port)
                )

    async def control(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, path, _ = head.split(" ", 2)
            lengths = [line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length:")]
            body = await reader.readexactly(int(lengths[0])) if lengths else b""
            status, answer = "200 OK", None
            if (method, path) == ("POST", "/state"):
                changes = json.loads(body)
                unknown = sorted(set(changes) - set(DEFAULTS))
                if unknown:
                    status, answer = "400 Bad Request", {"error": f"unknown: {', '.join(unknown)}"}
                else:
                    self.state.knobs.update(changes)
            elif (method, path) == ("POST", "/reset"):
                self.state.reset()
            elif (method, path) != ("GET", "/state"):
                status, answer = "404 Not Found", {"error": "GET /state, POST /state, POST /reset"}
            if method == "POST":
                await self.listen()
                if self.pool.pool_size != self.state.knobs["poolSize"]:
                    await self.pool.resize(self.state.knobs["poolSize"])
            text = json.dumps(answer or self.state.report()).encode()
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
                "Connection: close\r\n\r\n".encode() + text
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()


async def main():
    double = Double()
    await double.listen()
    local = await asyncio.start_server(double.local_client, "0.0.0.0", 54322)
    server = await asyncio.start_server(double.control, "0.0.0.0", 8080)
    # The PgBouncer ends with the container.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 0)
    async with local, server:
        await server.serve_forever()


asyncio.run(main())
