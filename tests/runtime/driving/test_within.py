"""Does an instance begin exactly when its caller's transaction is committed, whatever connection that is on?"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, Connection
from psycopg.rows import dict_row, namedtuple_row
from returns.result import Success
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from interpreters import BlockingRuntime, InstanceExists, Runtime, start_within
from interpreters.runtime.client import Client
from journals.errors import NotAJournal, NoTransactions, UnknownInstance, WorkflowDisabled, WrongConnection
from journals.memory import InMemoryJournal
from journals.postgres import PostgresJournal
from journals.search import Search
from tests.runtime.running import NO_GRACE, note, run, workflow
from wio import pure, run_io

FLOW = workflow(run_io(abs))
OTHER = workflow(note(), name="other")


def execute(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement as somebody else would."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def dsn(postgres_dsn: str) -> str:
    """Return a database with a journal and a table of the user's."""
    execute(postgres_dsn, "CREATE TABLE orders (id text)")

    async def lay() -> None:
        async with PostgresJournal(postgres_dsn):
            pass

    run(lay())
    return postgres_dsn


def alchemy(dsn: str) -> str:
    """Return a DSN as SQLAlchemy writes it."""
    return dsn.replace("postgresql://", "postgresql+psycopg://")


@pytest.mark.parametrize("way", ["client", "runtime", "function"])
def test_it_has_the_tags_of_its_start(way: str, dsn: str) -> None:
    """They come with the transaction, however it was started."""

    async def story() -> None:
        journal = PostgresJournal(dsn)
        async with Runtime(journal, [FLOW], grace=NO_GRACE) as runtime, Client(journal, [FLOW]) as client:
            if way == "function":
                with psycopg.connect(dsn) as connection:
                    start_within(connection, FLOW, id="a", input=-5, journal=journal, tags=["vip"])
            else:
                starter = client if way == "client" else runtime
                async with await AsyncConnection.connect(dsn) as connection:
                    await starter.start(FLOW, id="a", input=-5, tags=["vip"], within=connection)
            assert await (await client.instance(FLOW, "a")).result() == Success(5)
            assert [record.id for record in await client.instances(Search(tags=("vip",)))] == ["a"]

    run(story())


def test_it_begins_with_the_commit_and_is_taken_at_once(dsn: str) -> None:
    """A runtime that is there hears of it then, and not before."""

    async def story() -> None:
        async with (
            Runtime(PostgresJournal(dsn), [FLOW], grace=NO_GRACE),
            Client(PostgresJournal(dsn), [FLOW]) as client,
            await AsyncConnection.connect(dsn) as connection,
        ):
            await connection.execute("INSERT INTO orders VALUES ('a')")
            instance = await client.start(FLOW, id="a", input=-5, within=connection)
            with pytest.raises(UnknownInstance):
                await instance.record()
            await connection.commit()
            assert await instance.result() == Success(5)
            assert execute(dsn, "SELECT * FROM orders") == [("a",)]

    run(story())


def test_a_rollback_leaves_nothing_of_it(dsn: str) -> None:
    """Fault 60: no row of the journal is left; the id is free."""

    async def story() -> None:
        async with (
            Runtime(PostgresJournal(dsn), [FLOW], grace=NO_GRACE) as runtime,
            await AsyncConnection.connect(dsn) as connection,
        ):
            instance = await runtime.start(FLOW, id="a", input=-5, within=connection)
            await connection.rollback()
            with pytest.raises(UnknownInstance):
                await instance.record()
            assert execute(dsn, "SELECT instance_id FROM wio.entries") == []
            assert await (await runtime.start(FLOW, id="a", input=-6)).result() == Success(6)

    run(story())


def test_the_same_start_attaches_and_another_one_is_refused(dsn: str) -> None:
    async def story() -> None:
        async with (
            Client(PostgresJournal(dsn), [FLOW, OTHER]) as client,
            await AsyncConnection.connect(dsn) as connection,
        ):
            await client.start(FLOW, id="a", input=1, within=connection)
            await client.start(FLOW, id="a", input=1, within=connection)
            with pytest.raises(InstanceExists, match="another input"):
                await client.start(FLOW, id="a", input=2, within=connection)
            await connection.commit()
            await client.start(FLOW, id="a", input=1, within=connection)
            with pytest.raises(InstanceExists, match="workflow 'flow', not 'other'"):
                await client.start(OTHER, id="a", input=1, within=connection)
            assert [entry.seq for entry in await client.history("a")] == [1]

    run(story())


@pytest.mark.parametrize("ends_well", [True, False])
def test_the_second_of_two_at_once_waits_for_the_first(dsn: str, ends_well: bool) -> None:
    """It gets the instance of the first when that commits, and begins its own when that rolls back."""

    async def story() -> None:
        async with (
            Client(PostgresJournal(dsn), [FLOW]) as client,
            await AsyncConnection.connect(dsn) as one,
            await AsyncConnection.connect(dsn) as two,
        ):
            await client.start(FLOW, id="a", input=1, within=one)
            second = asyncio.create_task(client.start(FLOW, id="a", input=2, within=two))
            while not execute(dsn, "SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert not second.done()
                await asyncio.sleep(0)
            if ends_well:
                await one.commit()
                with pytest.raises(InstanceExists):
                    await second
            else:
                await one.rollback()
                await second
                await two.commit()
                assert (await client.history("a"))[0].payload is not None
                assert "2" in str((await client.history("a"))[0].payload)

    run(story())


@pytest.mark.parametrize("level", psycopg.IsolationLevel)
@pytest.mark.parametrize("factory", [dict_row, namedtuple_row])
def test_what_the_connection_is_set_to_does_not_matter(dsn: str, level: psycopg.IsolationLevel, factory: Any) -> None:
    async def story() -> None:
        async with (
            Client(PostgresJournal(dsn), [FLOW]) as client,
            await AsyncConnection.connect(dsn, row_factory=factory, prepare_threshold=0) as connection,
        ):
            await connection.set_isolation_level(level)
            for _ in range(2):
                await client.start(FLOW, id="a", input=1, within=connection)
            await connection.commit()
            await connection.set_autocommit(True)
            async with connection.transaction():
                await client.start(FLOW, id="b", input=1, within=connection)
            assert [each.id for each in await client.instances()] == ["a", "b"]

    run(story())


@contextlib.contextmanager
def _psycopg(dsn: str) -> Iterator[tuple[Any, Callable[[], None]]]:
    with contextlib.closing(psycopg.connect(dsn)) as connection:
        yield connection, connection.commit


@contextlib.contextmanager
def _core(dsn: str) -> Iterator[tuple[Any, Callable[[], None]]]:
    engine = create_engine(alchemy(dsn))
    with engine.connect() as connection:
        yield connection, connection.commit
    engine.dispose()


@contextlib.contextmanager
def _orm(dsn: str) -> Iterator[tuple[Any, Callable[[], None]]]:
    engine = create_engine(alchemy(dsn))
    with Session(engine) as session:
        yield session, session.commit
    engine.dispose()


BLOCKING = pytest.mark.parametrize("connecting", [_psycopg, _core, _orm])


@BLOCKING
def test_code_without_an_event_loop_starts_one(dsn: str, connecting: Any) -> None:
    journal = PostgresJournal(dsn)
    for id in ("rolled back", "committed"):
        with connecting(dsn) as (connection, commit):
            insert = "INSERT INTO orders VALUES ('a')"
            connection.execute(insert if isinstance(connection, Connection) else text(insert))
            start_within(connection, FLOW, id=id, input=1, journal=journal)
            start_within(connection, FLOW, id=id, input=1, journal=journal)
            if id == "committed":
                commit()
    assert execute(dsn, "SELECT id, started_at <= clock_timestamp() FROM wio.instances") == [("committed", True)]
    assert execute(dsn, "SELECT id FROM orders") == [("a",)]


@BLOCKING
def test_the_first_thing_on_a_connection_may_be_the_start(dsn: str, connecting: Any) -> None:
    with connecting(dsn) as (connection, commit):
        start_within(connection, FLOW, id="a", input=1, journal=PostgresJournal(dsn))
        commit()
    assert execute(dsn, "SELECT id FROM wio.instances") == [("a",)]


@BLOCKING
def test_a_blocking_connection_does_not_block_the_event_loop(dsn: str, connecting: Any) -> None:
    """Another transaction has the id: the start waits for it, in a thread."""

    async def story() -> None:
        async with Client(PostgresJournal(dsn), [FLOW]) as client, await AsyncConnection.connect(dsn) as other:
            await client.start(FLOW, id="a", input=1, within=other)
            with connecting(dsn) as (connection, commit):
                start = asyncio.create_task(client.start(FLOW, id="a", input=1, within=connection))
                while not execute(dsn, "SELECT 1 FROM pg_locks WHERE NOT granted"):
                    await asyncio.sleep(0)
                await other.commit()
                await start
                commit()

    run(story())


@pytest.mark.parametrize("is_session", [True, False])
def test_it_begins_in_the_transactions_of_sqlalchemy_for_asyncio(dsn: str, is_session: bool) -> None:
    async def story() -> None:
        engine = create_async_engine(alchemy(dsn))
        async with Client(PostgresJournal(dsn), [FLOW]) as client:
            for id in ("rolled back", "committed"):
                async with AsyncSession(engine) if is_session else engine.connect() as over:
                    await client.start(FLOW, id=id, input=1, within=over)
                    await over.execute(text("INSERT INTO orders VALUES ('a')"))
                    if id == "committed":
                        await over.commit()
            assert [each.id for each in await client.instances()] == ["committed"]
        await engine.dispose()

    run(story())


def test_a_connection_without_a_transaction_is_refused(dsn: str) -> None:
    async def story() -> None:
        async with (
            Client(PostgresJournal(dsn), [FLOW]) as client,
            await AsyncConnection.connect(dsn, autocommit=True) as connection,
        ):
            with pytest.raises(WrongConnection, match="autocommit mode"):
                await client.start(FLOW, id="a", input=1, within=connection)
            assert await client.instances() == ()

    run(story())
    with psycopg.connect(dsn, autocommit=True) as connection, pytest.raises(WrongConnection, match="autocommit mode"):
        start_within(connection, FLOW, id="a", input=1, journal=PostgresJournal(dsn))


def test_what_is_no_connection_is_refused(dsn: str) -> None:
    async def story() -> None:
        async with Client(PostgresJournal(dsn), [FLOW]) as client, await AsyncConnection.connect(dsn) as connection:
            with pytest.raises(WrongConnection, match=r"within=_thread\.lock is no connection of psycopg 3"):
                await client.start(FLOW, id="a", input=1, within=threading.Lock())
            with pytest.raises(WrongConnection, match="has to be awaited"):
                start_within(connection, FLOW, id="a", input=1, journal=PostgresJournal(dsn))

    run(story())
    engine = create_engine("sqlite://")
    with engine.connect() as other, pytest.raises(WrongConnection, match=r"sqlalchemy.*postgresql\+psycopg"):
        start_within(other, FLOW, id="a", input=1, journal=PostgresJournal(dsn))
    engine.dispose()
    with contextlib.closing(sqlite3.connect(":memory:")) as file, pytest.raises(WrongConnection, match=r"sqlite3"):
        start_within(file, FLOW, id="a", input=1, journal=PostgresJournal(dsn))


@pytest.mark.parametrize("setting", ["datestyle = German", "datestyle = 'SQL, DMY'", "timezone = 'Asia/Kolkata'"])
def test_what_a_session_is_set_to_does_not_matter(setting: str, dsn: str) -> None:
    async def story() -> None:
        async with Client(PostgresJournal(dsn), [FLOW]) as client, await AsyncConnection.connect(dsn) as connection:
            await connection.execute(f"SET {setting}".encode())
            for _ in range(2):
                await client.start(FLOW, id="a", input=1, within=connection)

    run(story())
    with psycopg.connect(dsn) as connection:
        connection.execute(f"SET {setting}".encode())
        for _ in range(2):
            start_within(connection, FLOW, id="a", input=1, journal=PostgresJournal(dsn))


def test_a_database_without_the_journal_is_refused(dsn: str) -> None:
    async def story() -> None:
        async with (
            Client(PostgresJournal(dsn), [FLOW]) as client,
            await AsyncConnection.connect(dsn, dbname="postgres") as connection,
        ):
            with pytest.raises(NotAJournal, match="no journal in schema 'wio'"):
                await client.start(FLOW, id="a", input=1, within=connection)

    run(story())
    with psycopg.connect(dsn) as connection, pytest.raises(NotAJournal, match="no journal in schema 'other'"):
        start_within(connection, FLOW, id="a", input=1, journal=PostgresJournal(dsn, schema="other"))


def test_a_journal_without_transactions_refuses_the_start() -> None:
    with pytest.raises(NoTransactions, match="no transactions for the start of 'a'"):
        start_within(object(), FLOW, id="a", input=1, journal=InMemoryJournal())


def test_what_needs_nobody_has_ended_when_it_begins(dsn: str) -> None:
    """A workflow without a step is over with its first entry."""
    flow = workflow(pure("done"))
    with psycopg.connect(dsn) as connection:
        start_within(connection, flow, id="a", input=1, journal=PostgresJournal(dsn))
    assert execute(dsn, "SELECT status FROM wio.instances") == [("completed",)]


def test_a_disabled_workflow_is_not_started(dsn: str) -> None:
    async def story() -> None:
        async with Client(PostgresJournal(dsn), [FLOW]) as client, await AsyncConnection.connect(dsn) as connection:
            await client.disable(FLOW.name, by="ann")
            with pytest.raises(WorkflowDisabled):
                await client.start(FLOW, id="a", input=1, within=connection)
            await client.enable(FLOW.name)
            await client.start(FLOW, id="a", input=1, within=connection)

    run(story())


def test_a_blocking_runtime_takes_a_blocking_connection(dsn: str) -> None:
    with BlockingRuntime(Runtime(PostgresJournal(dsn), [FLOW], grace=NO_GRACE)) as runtime:
        with psycopg.connect(dsn) as connection:
            instance = runtime.start(FLOW, id="a", input=-5, within=connection)
        assert instance.result() == Success(5)


def test_it_is_found_by_its_tags(dsn: str) -> None:
    async def story() -> None:
        async with Client(PostgresJournal(dsn), [FLOW]) as client, await AsyncConnection.connect(dsn) as connection:
            await client.start(FLOW, id="a", input=1, tags=["urgent"], within=connection)
            await connection.commit()
            assert [each.tags for each in await client.journal.labels(["a"])] == [("urgent",)]

    run(story())
    with psycopg.connect(dsn) as blocking:
        start_within(blocking, FLOW, id="b", input=1, tags=["calm"], journal=PostgresJournal(dsn))
    assert execute(dsn, "SELECT count(*) FROM wio.instances") == [(2,)]
