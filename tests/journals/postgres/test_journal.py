"""Does the journal in Postgres keep the contract, also when processes, connections and servers die?"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from psycopg.conninfo import make_conninfo

from journals.contract import LAWS, Law
from journals.entries import Commit, Payload, Status
from journals.errors import (
    CorruptEntry,
    InvalidCommit,
    JournalReadOnly,
    JournalUnavailable,
    NewerSchema,
    NotAJournal,
)
from journals.laws.samples import commit, entry
from journals.postgres import PostgresJournal
from journals.postgres.batches import portions
from journals.postgres.connections import connector
from journals.postgres.errors import InvalidSetting
from journals.postgres.statements import statements
from tests.journals.proxy import Fault, Proxy, proxied
from tests.journals.wider import widen_postgres
from tests.postgres_server import Server

ROOT = Path(__file__).parents[3]
LONG = timedelta(seconds=60)
SHORT = timedelta(seconds=0.6)


def execute(dsn: str, *texts: str) -> list[tuple[Any, ...]]:
    """Run statements as somebody else would, and return the rows of the last one, if it has any."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for text in texts:
            cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


# The contract


@pytest.mark.parametrize("law", LAWS)
def test_it_keeps_the_law(law: Law, postgres_dsn: str) -> None:
    """Every law holds; one is that a payload above the limit is refused, with its place, and leaves nothing behind."""
    asyncio.run(_run(law, lambda: PostgresJournal(postgres_dsn)))


@pytest.mark.parametrize("law", LAWS)
def test_it_keeps_the_law_on_one_connection_without_prepared_statements(law: Law, postgres_dsn: str) -> None:
    """And where a newer release has added columns that this one does not know."""
    asyncio.run(_open_and_close(postgres_dsn))
    widen_postgres(postgres_dsn)
    asyncio.run(_run(law, lambda: PostgresJournal(postgres_dsn, pool_size=1, prepare=False)))


async def _run(law: Law, connect: Callable[[], PostgresJournal]) -> None:
    await law(connect)


# Round trips and lost connections


def test_a_lone_commit_is_one_statement_and_one_round_trip(postgres_dsn: str) -> None:
    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn), PostgresJournal(dsn) as journal:
            await journal.commit(commit("a", 0))
            before = (proxy.round_trips, proxy.executed)
            for expected in range(1, 21):
                await journal.commit(commit("a", expected))
            assert (proxy.round_trips - before[0], proxy.executed - before[1]) == (20, 20)

    asyncio.run(story())


def test_concurrent_commits_share_round_trips(postgres_dsn: str) -> None:
    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn), PostgresJournal(dsn) as journal:
            await journal.commit(commit("first", 0))
            before = proxy.round_trips
            await asyncio.gather(*(journal.commit(commit(f"{number}", 0)) for number in range(50)))
            assert proxy.round_trips - before == 1

    asyncio.run(story())


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("expected", [0, 3])
def test_a_commit_is_stored_once_when_the_connection_is_cut(fault: Fault, expected: int, postgres_dsn: str) -> None:
    """Before the statement, in it, or after its commit and before the answer: tried again, and found to be stored."""

    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn), PostgresJournal(dsn) as journal:
            for before in range(expected):
                await journal.commit(commit("a", before))
            proxy.fault = fault
            await asyncio.gather(
                journal.commit(commit("a", expected)), *(journal.commit(commit(f"b{n}", 0)) for n in range(9))
            )
            assert proxy.cuts == 1
            assert [found.seq for found in await journal.read("a")] == list(range(1, expected + 2))
            assert len(await journal.find_all()) == 10
            await journal.commit(commit("a", expected + 1))

    asyncio.run(story())


@pytest.mark.parametrize("expected", [0, 3])
def test_a_commit_that_the_server_is_at_when_the_connection_is_cut_is_stored_once(
    expected: int, postgres_dsn: str
) -> None:
    """The first try is held up in the server, and goes on there without a client, while the second one is under way."""

    async def story() -> None:
        async with (
            proxied(postgres_dsn) as (proxy, dsn),
            PostgresJournal(dsn) as journal,
            await psycopg.AsyncConnection.connect(postgres_dsn) as holder,
            await psycopg.AsyncConnection.connect(postgres_dsn, autocommit=True) as looking,
        ):
            for before in range(expected):
                await journal.commit(commit("a", before))
            for before in range(5):  # from then on its statement is prepared, and the lock meets its execution
                await journal.commit(commit("b", before))
            await holder.execute("LOCK TABLE wio.entries IN SHARE MODE")
            proxy.cut_at(b"WITH commits", Fault.IN_THE_STATEMENT)
            committing = asyncio.create_task(journal.commit(commit("a", expected)))
            async with asyncio.timeout(30):
                while await _held_up(looking) < 2:
                    assert not committing.done()
                    await asyncio.sleep(0.005)
            assert proxy.cuts == 1
            await holder.rollback()
            await committing
            assert [found.seq for found in await journal.read("a")] == list(range(1, expected + 2))
            await journal.commit(commit("a", expected + 1))

    async def _held_up(looking: psycopg.AsyncConnection[Any]) -> int:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        row = await (await looking.execute(waiting)).fetchone()
        assert row is not None
        return int(row[0])

    asyncio.run(story())


def test_a_read_survives_a_cut_connection(postgres_dsn: str) -> None:
    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn), PostgresJournal(dsn) as journal:
            await journal.commit(commit("a", 0))
            for fault in Fault:
                proxy.fault = fault
                assert len(await journal.read("a")) == 1
            assert proxy.cuts == len(Fault)

    asyncio.run(story())


# Servers that die


def test_a_server_that_is_killed_loses_and_doubles_nothing(own_postgres: Server) -> None:
    reported: dict[str, int] = {f"instance {number}": 0 for number in range(8)}
    stop = asyncio.Event()

    async def go_on(journal: PostgresJournal, instance_id: str, progress: asyncio.Queue[None]) -> None:
        while not stop.is_set():
            await journal.commit(commit(instance_id, reported[instance_id]))
            reported[instance_id] += 1
            progress.put_nowait(None)

    async def die_twice(journal: PostgresJournal, progress: asyncio.Queue[None]) -> None:
        for end in (own_postgres.kill, lambda: own_postgres.stop("immediate")):
            for _ in range(50):
                await progress.get()
            await asyncio.to_thread(end)
            known = dict(reported)
            await asyncio.to_thread(own_postgres.start)
            for _ in range(progress.qsize() + 50):
                await progress.get()
            for name, last_seq in known.items():
                assert (await journal.find(name)).last_seq >= last_seq
        stop.set()

    async def story() -> None:
        progress: asyncio.Queue[None] = asyncio.Queue()
        async with PostgresJournal(own_postgres.dsn, patience=LONG) as journal:
            async with asyncio.TaskGroup() as group:
                group.create_task(die_twice(journal, progress))
                for name in reported:
                    group.create_task(go_on(journal, name, progress))
            for name, last_seq in reported.items():
                assert [found.seq for found in await journal.read(name)] == list(range(1, last_seq + 1))

    asyncio.run(story())


def test_a_journal_works_again_when_its_server_does(own_postgres: Server) -> None:
    async def story() -> None:
        async with PostgresJournal(own_postgres.dsn, patience=SHORT) as journal:
            await journal.commit(commit("a", 0))
            await journal.read("a")
            await asyncio.to_thread(own_postgres.stop)
            for asked in (journal.commit(commit("a", 1)), journal.read("a"), journal.commit(commit("a", 1))):
                with pytest.raises(JournalUnavailable, match=rf"127\.0\.0\.1:{own_postgres.port}/postgres"):
                    await asked
            await asyncio.to_thread(own_postgres.start)
            await journal.commit(commit("a", 1))
            assert len(await journal.read("a")) == 2

    asyncio.run(story())


def test_idle_connections_to_a_server_that_was_restarted_do_no_harm(own_postgres: Server) -> None:
    """Not even to the single attempt that a call has after another one has given up."""

    async def story() -> None:
        async with PostgresJournal(own_postgres.dsn, patience=SHORT) as journal:
            await journal.commit(commit("a", 0))
            await asyncio.gather(*(journal.read("a") for _ in range(10)))
            await asyncio.to_thread(own_postgres.stop)
            with pytest.raises(JournalUnavailable):
                await journal.commit(commit("a", 1))
            await asyncio.to_thread(own_postgres.start)
            assert len(await journal.read("a")) == 1
            await asyncio.to_thread(own_postgres.restart)
            await journal.commit(commit("a", 1))

    asyncio.run(story())


def test_a_server_that_is_away_is_not_hammered(postgres_dsn: str) -> None:
    """After a call has given up, each further call makes one attempt, not at once, until one succeeds."""

    async def story() -> None:
        async with proxied(postgres_dsn) as (proxy, dsn), PostgresJournal(dsn, patience=SHORT) as journal:
            proxy.fault, proxy.down = Fault.BEFORE_THE_STATEMENT, True
            with pytest.raises(JournalUnavailable):
                await journal.commit(commit("a", 0))
            assert 2 <= proxy.refused <= 6
            proxy.refused = 0
            began_at = asyncio.get_running_loop().time()
            for _ in range(3):
                with pytest.raises(JournalUnavailable):
                    await journal.commit(commit("a", 0))
            assert proxy.refused == 3
            assert asyncio.get_running_loop().time() - began_at >= 0.7
            proxy.down = False
            await journal.commit(commit("a", 0))

    asyncio.run(story())


def test_opening_fails_at_once() -> None:
    async def story() -> None:
        proxy = Proxy("host=127.0.0.1 port=1")
        proxy.down = True
        async with await asyncio.start_server(proxy.accept, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(JournalUnavailable, match=f"127.0.0.1:{port}/shop"):
                await PostgresJournal(f"postgresql://ann@127.0.0.1:{port}/shop?sslmode=disable").open()
            await asyncio.gather(*proxy.ends)
        assert proxy.refused == 1

    asyncio.run(story())


def test_a_statement_that_does_not_end_is_given_up(postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn, patience=SHORT) as journal:
            await journal.commit(commit("a", 0))
            async with await psycopg.AsyncConnection.connect(postgres_dsn) as other:
                await other.execute("SELECT 1 FROM wio.instances FOR UPDATE")
                with pytest.raises(JournalUnavailable, match="in time"):
                    await journal.commit(commit("a", 1))
            await journal.commit(commit("a", 1))
            assert (await journal.find("a")).last_seq == 2

    asyncio.run(story())


# Opening


def messages(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_a_server_that_is_down_is_named_without_the_password(unused_port: int) -> None:
    journal = PostgresJournal(f"postgresql://ann:sesame@127.0.0.1:{unused_port}/shop")
    with pytest.raises(JournalUnavailable) as caught:
        asyncio.run(journal.open())
    assert f"127.0.0.1:{unused_port}/shop" in str(caught.value)
    assert "Check that Postgres runs there" in str(caught.value)
    assert "sesame" not in messages(caught.value) + repr(journal)


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that is bound, so that nobody else takes it, but at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize(
    "dsn",
    ["postgresql://ann:ses ame@[db/shop", "host=db password=sesame' port", "postgresql://u:sesame@h/d?x=1"],
)
def test_a_dsn_that_cannot_be_read_is_refused_without_showing_it(dsn: str) -> None:
    with pytest.raises(InvalidSetting, match="cannot be read") as caught:
        PostgresJournal(dsn)
    assert "ame" not in messages(caught.value).partition("InvalidSetting")[2].replace("name", "")


@pytest.mark.parametrize("name", ["", "pg_mine", "information_schema", "a\0b", "\ud800", "ü" * 32])
def test_an_impossible_schema_is_refused(name: str) -> None:
    with pytest.raises(InvalidSetting, match="cannot be the schema"):
        PostgresJournal("postgresql:///shop", schema=name)


def test_an_empty_pool_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="pool_size=0"):
        PostgresJournal("postgresql:///shop", pool_size=0)


@pytest.mark.parametrize("name", ["Weird-Schema", 'quo"te', "100%s", "{schema}", "public", "ü" * 31])
def test_odd_schemas_work(name: str, postgres_dsn: str) -> None:
    async def story() -> None:
        for _ in range(2):
            async with PostgresJournal(postgres_dsn, schema=name) as journal:
                await journal.commit(commit("a", 0))
                assert [found.seq for found in await journal.read("a")] == [1]

    asyncio.run(story())


def test_a_newer_schema_is_refused(postgres_dsn: str) -> None:
    """An older library does not touch the schema of a newer one."""
    asyncio.run(_open_and_close(postgres_dsn))
    execute(postgres_dsn, "UPDATE wio.meta SET version = 99")
    before = _catalogue(postgres_dsn)
    with pytest.raises(NewerSchema, match="version 99"):
        asyncio.run(_open_and_close(postgres_dsn))
    assert _catalogue(postgres_dsn) == before


def _catalogue(dsn: str) -> list[tuple[Any, ...]]:
    """Return everything the schema consists of, with the transaction that has made or changed it last, and its rows."""
    made = """
        SELECT 'relation', relname::text, xmin::text FROM pg_class WHERE relnamespace = 'wio'::regnamespace
        UNION ALL SELECT 'column', attrelid::regclass || '.' || attname, a.xmin::text FROM pg_attribute AS a
            JOIN pg_class AS c ON c.oid = attrelid WHERE relnamespace = 'wio'::regnamespace
        UNION ALL SELECT 'function', proname::text, xmin::text FROM pg_proc WHERE pronamespace = 'wio'::regnamespace
        UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, xmin::text FROM pg_trigger
            WHERE NOT tgisinternal
        UNION ALL SELECT 'meta', version::text, xmin::text FROM wio.meta
        ORDER BY 1, 2
    """
    with psycopg.connect(dsn) as connection:
        return connection.execute(made).fetchall()


async def _open_and_close(dsn: str, **settings: Any) -> None:
    async with PostgresJournal(dsn, **settings):
        pass


FOREIGN = (
    "CREATE TABLE wio.instances (id text)",
    "CREATE TABLE wio.meta (program text, version bigint)",
    "CREATE TABLE wio.meta (name text)",
    "CREATE TABLE wio.meta AS SELECT 'other' AS program, 1::bigint AS version",
    "CREATE TABLE wio.meta AS SELECT 'wio' AS program, 1::bigint AS version",
    "CREATE VIEW wio.entries AS SELECT 1 AS seq",
    "CREATE TYPE wio.instances AS ENUM ('a')",
)


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_foreign_schema_is_refused_and_left_alone(foreign: str, postgres_dsn: str) -> None:
    contents = "SELECT relname FROM pg_class WHERE relnamespace = 'wio'::regnamespace ORDER BY relname"
    before = execute(postgres_dsn, "CREATE SCHEMA wio", foreign, contents)
    with pytest.raises(NotAJournal, match=r"wio did not create|without the one row|but no table"):
        asyncio.run(_open_and_close(postgres_dsn))
    assert execute(postgres_dsn, contents) == before


@contextlib.contextmanager
def database(admin_dsn: str, options: str) -> Iterator[str]:
    """A database with options of its own; yields its DSN."""
    name = f"t_{secrets.token_hex(6)}"
    execute(admin_dsn, f"CREATE DATABASE {name} TEMPLATE template0 {options}")
    try:
        yield make_conninfo(admin_dsn, dbname=name)
    finally:
        execute(admin_dsn, f"DROP DATABASE {name} WITH (FORCE)")


def test_ids_are_in_the_order_of_code_points_under_every_locale(postgres_dsn: str) -> None:
    """The catalogue says it; the server of the tests knows no other order that could show it."""
    asyncio.run(_open_and_close(postgres_dsn))
    collations = """
        SELECT c.relname, a.attname, l.collname FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace = 'wio'::regnamespace
        JOIN pg_collation l ON l.oid = a.attcollation
        WHERE c.relname IN ('instances', 'entries') AND a.attname IN ('id', 'instance_id') ORDER BY c.relname
    """
    assert execute(postgres_dsn, collations) == [("entries", "instance_id", "C"), ("instances", "id", "C")]


def test_a_database_that_cannot_hold_every_text_is_refused(postgres_admin_dsn: str) -> None:
    with (
        database(postgres_admin_dsn, "ENCODING 'LATIN1' LOCALE 'C'") as dsn,
        pytest.raises(NotAJournal, match="encoding LATIN1"),
    ):
        asyncio.run(_open_and_close(dsn))


def test_tables_that_vanish_are_no_journal(postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            await asyncio.to_thread(execute, postgres_dsn, "DROP SCHEMA wio CASCADE")
            with pytest.raises(NotAJournal, match="lost its tables"):
                await journal.commit(commit("a", 0))

    asyncio.run(story())


def test_lacking_rights_are_explained(postgres_dsn: str) -> None:
    execute(postgres_dsn, "DROP ROLE IF EXISTS wio_guest", "CREATE ROLE wio_guest LOGIN")
    try:
        guest = make_conninfo(postgres_dsn, user="wio_guest")
        with pytest.raises(JournalReadOnly, match="GRANT CREATE ON DATABASE"):
            asyncio.run(_open_and_close(guest))
        asyncio.run(_open_and_close(postgres_dsn))
        with pytest.raises(JournalReadOnly, match="USAGE on the schema"):
            asyncio.run(_open_and_close(guest))
        granted = "GRANT USAGE ON SCHEMA wio TO wio_guest; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA wio"
        execute(postgres_dsn, f"{granted} TO wio_guest")
        asyncio.run(_commit_once(guest))
    finally:
        execute(postgres_dsn, "DROP OWNED BY wio_guest", "DROP ROLE wio_guest")


async def _commit_once(dsn: str, **settings: Any) -> None:
    async with PostgresJournal(dsn, **settings) as journal:
        await journal.commit(commit("a", 0))


def test_a_read_only_server_can_be_read(postgres_dsn: str) -> None:
    read_only = make_conninfo(postgres_dsn, options="-c default_transaction_read_only=on")

    async def story() -> None:
        with pytest.raises(JournalReadOnly, match="primary"):
            await _open_and_close(read_only)
        await _commit_once(postgres_dsn)
        async with PostgresJournal(read_only) as journal:
            assert len(await journal.read("a")) == 1
            with pytest.raises(JournalReadOnly, match="primary"):
                await journal.commit(commit("a", 1))

    asyncio.run(story())


def test_a_missing_driver_is_named_with_the_way_to_get_it() -> None:
    source = "import sys; sys.modules['psycopg'] = None; import journals.postgres"
    ended = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "MissingDriver" in ended.stderr
    assert "pip install 'wio[postgres]'" in ended.stderr


# Several processes


def process(source: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PREAMBLE + source, *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


PREAMBLE = """
import asyncio, sys
from journals.errors import Conflict
from journals.laws.samples import commit
from journals.postgres import PostgresJournal
dsn, name = sys.argv[1:]
def say(text):
    print(text, flush=True)
"""

OPEN = """
async def main():
    say("ready")
    sys.stdin.readline()
    async with PostgresJournal(dsn) as journal:
        await journal.commit(commit(name, 0))
asyncio.run(main())
"""

RACE = """
async def main():
    async with PostgresJournal(dsn) as journal:
        say("ready")
        sys.stdin.readline()
        last_seq, won = 1, 0
        while won < 60:
            try:
                await journal.commit(commit("shared", last_seq, token=f"{name} {last_seq}"))
                won += 1
                last_seq += 1
            except Conflict:
                last_seq = (await journal.find("shared")).last_seq
asyncio.run(main())
"""

COMMIT_FOR_EVER = """
async def go_on(journal, instance_id):
    expected = 0
    while True:
        await journal.commit(commit(instance_id, expected))
        expected += 1
        say(f"{instance_id} {expected}")
async def main():
    async with PostgresJournal(dsn) as journal:
        await asyncio.gather(*(go_on(journal, f"{name}{number}") for number in range(5)))
asyncio.run(main())
"""


def start_together(*processes: subprocess.Popen[str]) -> list[int]:
    """Let processes go on at the same moment, and return how they ended."""
    for started in processes:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
    for started in processes:
        assert started.stdin is not None
        started.stdin.write("\n")
        started.stdin.flush()
    for started in processes:
        started.communicate(timeout=60)
    return [started.returncode for started in processes]


def test_several_processes_may_open_a_new_schema_at_once(postgres_dsn: str) -> None:
    assert start_together(*(process(OPEN, postgres_dsn, f"p{number}") for number in range(4))) == [0] * 4
    assert execute(postgres_dsn, "SELECT id FROM wio.instances ORDER BY id") == [
        ("p0",),
        ("p1",),
        ("p2",),
        ("p3",),
    ]
    assert execute(postgres_dsn, "SELECT program, version FROM wio.meta") == [("wio", 2)]


def test_processes_that_race_for_one_instance_take_turns(postgres_dsn: str) -> None:
    asyncio.run(_commit_shared(postgres_dsn))
    assert start_together(process(RACE, postgres_dsn, "a"), process(RACE, postgres_dsn, "b")) == [0, 0]
    rows = execute(postgres_dsn, "SELECT seq, token FROM wio.entries ORDER BY seq")
    assert [seq for seq, _ in rows] == list(range(1, 122))
    assert sorted(token[0] for _, token in rows[1:]) == ["a"] * 60 + ["b"] * 60


async def _commit_shared(dsn: str) -> None:
    async with PostgresJournal(dsn) as journal:
        await journal.commit(commit("shared", 0))


def test_what_a_killed_process_reported_is_there(postgres_dsn: str) -> None:
    reported: dict[str, int] = {}
    committing = process(COMMIT_FOR_EVER, postgres_dsn, "i")
    assert committing.stdout is not None
    for _ in range(60):
        name, last_seq = committing.stdout.readline().split()
        reported[name] = int(last_seq)
    committing.kill()
    rest = committing.stdout.read()
    committing.communicate()
    for line in rest.splitlines(keepends=True):
        if line.endswith("\n"):
            reported[line.split()[0]] = int(line.split()[1])

    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            for name, last_seq in reported.items():
                found = await journal.read(name)
                assert last_seq <= len(found) <= last_seq + 1

    asyncio.run(story())


# Pool, loops and sessions


def test_one_connection_serves_reads_and_commits(postgres_dsn: str) -> None:
    async def one(journal: PostgresJournal, name: str) -> None:
        for expected in range(5):
            await journal.commit(commit(name, expected))
            assert len(await journal.read(name)) == expected + 1

    async def story() -> None:
        async with PostgresJournal(postgres_dsn, pool_size=1) as journal:
            await asyncio.gather(*(one(journal, f"{number}") for number in range(10)))
            assert len(await asyncio.to_thread(execute, postgres_dsn, OTHERS)) == 1

    asyncio.run(story())


OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'wio'"


def test_no_more_connections_are_opened_than_allowed(postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn, pool_size=3) as journal:
            await journal.commit(commit("a", 0))
            await asyncio.gather(*(journal.read("a") for _ in range(30)))
            assert len(await asyncio.to_thread(execute, postgres_dsn, OTHERS)) == 3

    asyncio.run(story())


def test_a_journal_can_be_opened_again_in_another_event_loop(postgres_dsn: str) -> None:
    journal = PostgresJournal(postgres_dsn)

    async def story(expected: int) -> None:
        async with journal:
            await asyncio.gather(journal.commit(commit("a", expected)), journal.find_all())
        assert asyncio.all_tasks() == {asyncio.current_task()}

    for expected in range(3):
        asyncio.run(story(expected))


def test_two_tasks_may_open_a_journal_at_once(postgres_dsn: str) -> None:
    async def story() -> None:
        journal = PostgresJournal(postgres_dsn)
        await asyncio.gather(journal.open(), journal.open())
        await journal.commit(commit("a", 0))
        await asyncio.gather(journal.close(), journal.close())

    asyncio.run(story())


def test_the_settings_of_the_session_do_not_change_times(postgres_dsn: str) -> None:
    odd = make_conninfo(postgres_dsn, options="-c timezone=America/New_York -c datestyle=German")

    async def story() -> None:
        async with PostgresJournal(odd) as journal:
            sent = commit("a", 0)
            await journal.commit(sent)
            (found,) = await journal.read("a")
            assert found == sent.entries[0]
            assert found.recorded_at.tzinfo is UTC
            assert (await journal.find("a")).updated_at == sent.at

    asyncio.run(story())


def test_serialization_failures_are_tried_again(postgres_dsn: str) -> None:
    strict = make_conninfo(postgres_dsn, options="-c default_transaction_isolation=serializable")

    async def story() -> None:
        async with PostgresJournal(strict) as one, PostgresJournal(strict) as other:
            for expected in range(20):
                answers = await asyncio.gather(
                    *(
                        journal.commit(commit("a", expected, token=f"{n} {expected}"))
                        for n, journal in enumerate((one, other))
                    ),
                    return_exceptions=True,
                )
                assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "NoneType"]

    asyncio.run(story())


@pytest.mark.parametrize("question", ["commit", "losers", "read", "find", "find_key", "labels"])
def test_no_statement_reads_a_whole_table_however_small_it_is(question: str, postgres_dsn: str) -> None:
    """A plan that is made for small tables is kept while they grow."""

    async def plan() -> str:
        await _commit_once(postgres_dsn)
        connection = await connector(postgres_dsn, LONG, LONG, prepare=True)()
        async with connection:
            await connection.execute("ANALYZE wio.instances; ANALYZE wio.entries; ANALYZE wio.attributes")
            cursor = await connection.execute(b"EXPLAIN (GENERIC_PLAN) " + getattr(statements("wio"), question))
            return "\n".join(row[0] for row in await cursor.fetchall())

    found = asyncio.run(plan())
    assert "Seq Scan" not in found
    assert "Hash Join" not in found
    assert "Merge Join" not in found


# Values


def test_what_postgres_cannot_hold_is_refused_alone(postgres_dsn: str) -> None:
    """One poisoned commit in a batch fails nobody else in it."""
    bad = [
        commit("nul", 0, [entry(1, "a\0b")]),
        commit("surrogate", 0, [entry(1, "\ud800")]),
        replace(commit("number", 0), version=2**63),
    ]

    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            good = [commit("good", 0), commit("better", 0)]
            answers = await asyncio.gather(*map(journal.commit, (good[0], *bad, good[1])), return_exceptions=True)
            assert [type(answer) for answer in answers] == [type(None), *[InvalidCommit] * 3, type(None)]
            assert "'nul'" in str(answers[1])
            assert "NUL" in str(answers[1])
            assert [record.id for record in await journal.find_all()] == ["better", "good"]

    asyncio.run(story())


def test_long_keys_are_told_apart(postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            keys = ["k" * 10_000 + end for end in "abc"]
            await journal.commit(commit("a", 0, [entry(seq, key=key) for seq, key in enumerate(keys, 1)]))
            for seq, key in enumerate(keys, 1):
                found = await journal.find_key("a", key)
                assert found is not None
                assert found.seq == seq
            assert await journal.find_key("a", "k" * 10_000) is None
            assert await journal.find_key("a", "a\0b") is None

    asyncio.run(story())


DAMAGES = {
    "DELETE FROM wio.entries WHERE seq = 2": 2,
    "DELETE FROM wio.entries WHERE seq = 3": 3,
    "UPDATE wio.entries SET kind = 'guess' WHERE seq = 1": 1,
    "UPDATE wio.entries SET type = NULL WHERE seq = 2": 2,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found(damage: str, postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            await journal.commit(commit("a", 0, [entry(seq) for seq in (1, 2, 3)]))
            await asyncio.to_thread(execute, postgres_dsn, damage)
            with pytest.raises(CorruptEntry) as caught:
                await journal.read("a")
            assert caught.value.seq == DAMAGES[damage]

    asyncio.run(story())


def test_rows_are_readable_for_people(postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            await journal.commit(commit("a", 0, [entry(1, '{"n":1}', key="k", response=Payload("R", 2, '"ok"'))]))
            await journal.commit(commit("a", 1, (), status=Status.COMPLETED))

    asyncio.run(story())
    columns = "instance_id, seq, kind, address, type, version, payload, key, response_type, response_version, response"
    rows = execute(postgres_dsn, f"SELECT {columns} FROM wio.entries")
    assert rows == [("a", 1, "event", "step#1", "Event", 1, '{"n":1}', "k", "R", 2, '"ok"')]
    assert execute(postgres_dsn, "SELECT status, finished FROM wio.instances") == [("completed", True)]


def test_large_commits_go_out_apart() -> None:
    def sized(name: str, characters: int) -> Commit:
        return commit(name, 0, [entry(1, "x" * characters)])

    sizes = {"a": 4, "b": 6, "c": 1, "d": 50, "e": 3}
    found = portions([sized(name, size) for name, size in sizes.items()], 10)
    assert ["".join(one.instance_id for one in portion) for portion in found] == ["ab", "c", "d", "e"]
