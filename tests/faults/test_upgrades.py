"""What becomes of a process of an older release, when a newer one has migrated the store on which it runs?"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import psycopg
import pytest

from interpreters import Runtime
from journals.errors import NewerSchema
from journals.ports import Journal
from journals.postgres import PostgresJournal
from journals.sqlite import SqliteJournal
from tests.runtime.running import approval, run, workflow

KNOWS = [("flow", 1)]
STORES = ("postgres", "postgres through a pooler", "sqlite")


@attrs.frozen
class Store:
    """Is a store that the tests change as a newer release would: `execute` runs statements of its own."""

    journal: Callable[[], Journal]
    execute: Callable[..., list[tuple[Any, ...]]]
    newer: str
    expel: str

    async def does(self, *statements: str) -> None:
        """Run statements beside the event loop."""
        await asyncio.to_thread(self.execute, *statements)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return an empty store."""
    if request.param == "sqlite":
        path = tmp_path / "journal.db"
        newer = "UPDATE wio_meta SET value = 99 WHERE name = 'schema_version'"
        return Store(
            lambda: SqliteJournal(path), lambda *told: _in_sqlite(path, *told), newer, "DELETE FROM wio_members"
        )
    dsn: str = request.getfixturevalue("postgres_dsn")
    how: dict[str, Any] = {} if request.param == "postgres" else {"prepare": False, "listen": False}
    newer, expel = "UPDATE wio.meta SET version = 99", "DELETE FROM wio.members"
    return Store(lambda: PostgresJournal(dsn, **how), lambda *told: _in_postgres(dsn, *told), newer, expel)


def _in_sqlite(path: Path, *statements: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return [row for statement in statements for row in connection.execute(statement).fetchall()]


def _in_postgres(dsn: str, *statements: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursors = [connection.execute(statement.encode()) for statement in statements]
        return [row for cursor in cursors if cursor.description for row in cursor.fetchall()]


def test_nobody_joins_after_a_newer_release_has_migrated(store: Store) -> None:
    """It had opened the store before. Those who are members stay so."""

    async def main() -> None:
        async with store.journal() as journal:
            member = await journal.join("before", KNOWS, lambda _: None)
            await store.does(store.newer)
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
            await store.does(store.newer, store.expel)
            with pytest.raises(NewerSchema):
                await runtime.start(flow, id="b", input=7)
            with pytest.raises(NewerSchema):
                await waiting
            with pytest.raises(NewerSchema):
                await runtime.until_stopped()
            with pytest.raises(NewerSchema):
                await runtime.start(flow, id="c", input=7)

    run(main())
