"""What becomes of a process of an older release, when a newer one has migrated the store on which it runs?"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from returns.result import Success

from interpreters import Client, Runtime
from journals.entries import Published, Status
from journals.errors import NewerSchema
from journals.ports import Journal
from journals.postgres import PostgresJournal
from journals.postgres.schema import MIGRATIONS
from journals.search import Search
from journals.sqlite import SqliteJournal
from journals.sqlite.schema import MIGRATIONS as SQLITE_MIGRATIONS
from tests.journals.wider import widen_postgres, widen_sqlite
from tests.runtime.running import NOTE, approval, run, workflow
from wio import Workflow, publish, receive_signal, run_io, set_attributes, wait

KNOWS = [("flow", 1)]
MOMENT = timedelta(milliseconds=1)
STORES = ("postgres", "postgres through a pooler", "sqlite")


class Store(Protocol):
    """Is a store, which a newer release may migrate."""

    def journal(self) -> Journal:
        """Return a journal of this release."""
        ...

    def migrate(self) -> None:
        """Do what a newer release may do: add a column to each table, a table, and an index."""
        ...

    def expel(self) -> None:
        """Let the leases of all members be lost."""
        ...


class PostgresStore:
    """Is a store in Postgres."""

    def __init__(self, dsn: str, **how: Any) -> None:
        self._dsn = dsn
        self._how = how

    def journal(self) -> Journal:
        """See `Store`."""
        return PostgresJournal(self._dsn, **self._how)

    def migrate(self) -> None:
        """See `Store`."""
        widen_postgres(self._dsn, "UPDATE wio.meta SET version = 99")

    def expel(self) -> None:
        """See `Store`."""
        with psycopg.connect(self._dsn) as connection:
            connection.execute("DELETE FROM wio.members")


class SqliteStore:
    """Is a store in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def journal(self) -> Journal:
        """See `Store`."""
        return SqliteJournal(self._path)

    def migrate(self) -> None:
        """See `Store`."""
        widen_sqlite(self._path, "UPDATE wio_meta SET value = 99 WHERE name = 'schema_version'")

    def expel(self) -> None:
        """See `Store`."""
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("DELETE FROM wio_members")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return an empty store."""
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "journal.db")
    how: dict[str, Any] = {} if request.param == "postgres" else {"prepare": False, "listen": False}
    return PostgresStore(request.getfixturevalue("postgres_dsn"), **how)


def test_nobody_joins_after_a_newer_release_has_migrated(store: Store) -> None:
    """It had opened the store before. Those who are members stay so."""

    async def main() -> None:
        async with store.journal() as journal:
            member = await journal.join("before", KNOWS, lambda _: None)
            await asyncio.to_thread(store.migrate)
            with pytest.raises(NewerSchema, match="version 99; this release of wio knows versions up to 2") as caught:
                await journal.join("after", KNOWS, lambda _: None)
            assert (caught.value.found, caught.value.known) == (99, 2)
            assert [each.epoch for each in await journal.members()] == [member.epoch]
            await member.leave()

    run(main())


def test_a_runtime_that_has_lost_its_lease_does_not_come_back_then(store: Store) -> None:
    """Whoever waits for something in it, and whoever calls it, is told so."""
    flow = workflow(approval())

    async def main() -> None:
        async with Runtime(store.journal(), [flow]) as runtime:
            instance = await runtime.start(flow, id="a", input=7)
            waiting = asyncio.create_task(instance.result())
            await asyncio.sleep(0)
            await asyncio.to_thread(store.migrate)
            await asyncio.to_thread(store.expel)
            with pytest.raises(NewerSchema):
                await runtime.start(flow, id="b", input=7)
            with pytest.raises(NewerSchema):
                await waiting
            with pytest.raises(NewerSchema):
                await runtime.until_stopped()
            with pytest.raises(NewerSchema):
                await runtime.start(flow, id="c", input=7)

    run(main())


class Publishing:
    """Is a publisher that waits for a message."""

    def __init__(self) -> None:
        self.published: asyncio.Queue[str] = asyncio.Queue()

    async def publish(self, message: Published) -> None:
        """See `Publisher`."""
        await self.published.put(message.instance_id)


@pytest.mark.parametrize("store", ["postgres", "sqlite"], indirect=True)
def test_who_runs_on_while_a_newer_release_migrates_goes_on_as_before(store: Store) -> None:
    """Its statements are prepared by then, and meet tables that have more columns than it knows."""
    told = set_attributes(number=_same) >> publish("told", _same) >> wait(MOMENT)
    noted = receive_signal(NOTE, _noted, respond=_noted)
    flow = Workflow("flow", version=1, input=int, root=run_io(_more, name="step") >> told >> noted)

    async def main() -> None:
        publisher = Publishing()
        async with (
            Runtime(store.journal(), [flow], publisher=publisher) as runtime,
            Client(store.journal(), [flow]) as client,
        ):
            await client.journal.subscribe("follower")
            await _everything(runtime, client, flow, "before", publisher)
            await asyncio.to_thread(store.migrate)
            await _everything(runtime, client, flow, "after", publisher)
            changes = await client.journal.changes(subscriber="follower")
            assert {each.id for each in changes if each.status is Status.COMPLETED} == {"before", "after"}

    run(main())


def _more(number: int) -> int:
    return number + 1


def _same(number: int) -> int:
    return number


async def _everything(
    runtime: Runtime, client: Client, flow: Workflow[Any, Any, Any], id: str, publisher: Publishing
) -> None:
    """Let an instance come to its end, started, steered, found and followed by a client."""
    instance = await client.start(flow, id=id, input=7, tags=[id])
    assert await publisher.published.get() == id
    await instance.pause()
    await instance.resume()
    assert await instance.signal(NOTE, "b", key="key") == "8b"
    assert await instance.signal(NOTE, "b", key="key") == "8b"
    assert await instance.result() == Success("8b")
    for host in (runtime, client):
        (found,) = await host.instances(Search(tags=[id], attributes={"number": 8}))
        assert (found.id, found.last_seq) == (id, len(await instance.history()))
    await instance.request_data_deletion()
    while (await instance.record()).status is not Status.DATA_DELETED:
        await asyncio.sleep(0.001)
    assert await client.journal.remove([await instance.record()]) == (id,)


def _noted(number: int, note: str) -> str:
    return f"{number}{note}"


def test_migrations_take_nothing_away() -> None:
    """So that processes of the release before, which run on, miss nothing."""
    told = [*MIGRATIONS[1:], *(each for many in SQLITE_MIGRATIONS[1:] for each in many)]
    taken = r"DROP (?:TABLE|COLUMN|INDEX|FUNCTION)|RENAME|TRUNCATE|ALTER COLUMN|ADD CONSTRAINT"
    assert [found for statement in told for found in re.findall(taken, statement)] == []
