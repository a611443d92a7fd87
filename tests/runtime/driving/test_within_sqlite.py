"""Does an instance begin with the commit of a transaction on the caller's connection to the journal's SQLite file?"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from returns.result import Success

from interpreters import InstanceExists, Runtime, start_within
from interpreters.runtime.client import Client
from journals.errors import NotAJournal, UnknownInstance, WorkflowDisabled, WrongConnection
from journals.sqlite import SqliteJournal
from tests.runtime.running import NO_GRACE, run, workflow
from wio import run_io

FLOW = workflow(run_io(abs))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file with a journal and a table of the user's."""
    file = tmp_path / "journal.db"

    async def lay() -> None:
        async with SqliteJournal(file):
            with contextlib.closing(sqlite3.connect(file)) as connection:
                connection.execute("CREATE TABLE orders (id TEXT)")

    run(lay())
    return file


@contextlib.contextmanager
def connected(path: Path, **how: Any) -> Iterator[sqlite3.Connection]:
    """Give a connection as somebody else has one."""
    with contextlib.closing(sqlite3.connect(path, **how)) as connection:
        yield connection


def test_it_begins_with_the_commit_and_is_taken_at_once(path: Path) -> None:
    async def story() -> None:
        async with (
            Runtime(SqliteJournal(path), [FLOW], grace=NO_GRACE),
            Client(SqliteJournal(path), [FLOW]) as client,
        ):
            with connected(path) as connection:
                connection.execute("INSERT INTO orders VALUES ('a')")
                instance = await client.start(FLOW, id="a", input=-5, within=connection)
                with pytest.raises(UnknownInstance):
                    await instance.record()
                connection.commit()
                assert await instance.result() == Success(5)

    run(story())


def test_a_rollback_leaves_nothing_of_it(path: Path) -> None:
    with connected(path) as connection:
        start_within(connection, FLOW, id="a", input=1, journal=SqliteJournal(path))
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM wio_instances").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM wio_entries").fetchone() == (0,)


def test_the_same_start_attaches_and_another_one_is_refused(path: Path) -> None:
    """What is set for reading does not matter, and is as it was afterwards."""
    journal = SqliteJournal(path)
    with connected(path) as connection:
        connection.row_factory, connection.text_factory = sqlite3.Row, bytes
        start_within(connection, FLOW, id="a", input=1, journal=journal)
        connection.commit()
        start_within(connection, FLOW, id="a", input=1, journal=journal)
        with pytest.raises(InstanceExists, match="another input"):
            start_within(connection, FLOW, id="a", input=2, journal=journal)
        assert (connection.row_factory, connection.text_factory) == (sqlite3.Row, bytes)


def test_a_connection_without_a_transaction_is_refused(path: Path) -> None:
    journal = SqliteJournal(path)
    with connected(path, isolation_level=None) as connection:
        with pytest.raises(WrongConnection, match="autocommit mode"):
            start_within(connection, FLOW, id="a", input=1, journal=journal)
        connection.execute("BEGIN")
        start_within(connection, FLOW, id="a", input=1, journal=journal)
        connection.execute("COMMIT")
        assert connection.execute("SELECT id FROM wio_instances").fetchall() == [("a",)]


def test_another_file_is_refused(path: Path, tmp_path: Path) -> None:
    for other in (tmp_path / "other.db", Path(":memory:")):
        said = "does not lead to the file of SqliteJournal"
        with connected(other) as connection, pytest.raises(WrongConnection, match=said):
            start_within(connection, FLOW, id="a", input=1, journal=SqliteJournal(path))
    with pytest.raises(WrongConnection, match=r"within=builtins\.object is no connection of sqlite3"):
        start_within(object(), FLOW, id="a", input=1, journal=SqliteJournal(path))


def test_a_file_without_a_journal_is_refused(tmp_path: Path) -> None:
    with connected(tmp_path / "new.db") as connection:
        connection.execute("CREATE TABLE orders (id TEXT)")
        with pytest.raises(NotAJournal, match="holds no journal yet"):
            start_within(connection, FLOW, id="a", input=1, journal=SqliteJournal(tmp_path / "new.db"))


def test_a_disabled_workflow_is_not_started(path: Path) -> None:
    async def story() -> None:
        async with Client(SqliteJournal(path), [FLOW]) as client:
            await client.disable(FLOW.name, by="ann")
            with connected(path) as connection, pytest.raises(WorkflowDisabled):
                await client.start(FLOW, id="a", input=1, within=connection)

    run(story())
