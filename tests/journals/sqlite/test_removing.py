"""Does a SQLite file stay whole, and quick, while instances are removed from it?"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from journals.entries import Status
from journals.errors import UnknownInstance
from journals.laws.members import KNOWS, LATER, WORD, Heard, by, message
from journals.laws.samples import commit
from journals.sqlite import SqliteJournal, removing, statements
from journals.sqlite.writing import text_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


async def ended(path: Path, name: str = "a") -> None:
    async with SqliteJournal(path) as journal:
        await journal.commit(commit(name, 0, status=Status.COMPLETED))


def test_a_removal_between_the_looks_of_a_read_is_not_seen_by_it(path: Path) -> None:
    """Fault 56: an instance is removed after its record was read and before its entries are: no half of it is read."""
    asyncio.run(ended(path))
    with closing(connected(path)) as reading, closing(connected(path)) as removes:
        record = statements.find(removes, "a", "journal")

        def remove_first(statement: str) -> None:
            if "FROM wio_entries" in statement:
                removing.remove(removes, [record])

        reading.set_trace_callback(remove_first)
        assert [each.seq for each in statements.read(reading, "a", 0, 10, "journal")] == [1]
        reading.set_trace_callback(None)
        with pytest.raises(UnknownInstance):
            statements.read(reading, "a", 0, 10, "journal")


def test_old_messages_go_with_their_instance(path: Path) -> None:
    async def story() -> None:
        async with SqliteJournal(path) as journal:
            member = await journal.join("one", KNOWS, Heard())
            await journal.commit(by(member, commit("a", 0)))
            posted = await journal.post(message("a"))
            await journal.post(message("a", "another"))
            await member.answer([(posted.id, WORD)])
            await journal.commit(by(member, commit("a", 1, status=Status.COMPLETED)))
            old = text_of(datetime.now(UTC) - timedelta(minutes=62))
            with closing(connected(path)) as connection:
                connection.execute("UPDATE wio_messages SET sent_at = ?", (old,))
                connection.execute("UPDATE wio_messages SET answered_at = ? WHERE answered_at IS NOT NULL", (old,))
            assert await journal.remove([await journal.find("a")]) == ("a",)
            with closing(connected(path)) as connection:
                assert connection.execute("SELECT count(*) FROM wio_messages").fetchone() == (0,)
            await member.leave()

    asyncio.run(story())


def test_no_table_keeps_anything_of_an_instance_that_was_removed(path: Path) -> None:
    """A new table with the data of instances has to be named where they are removed.

    What is to be published, and what is told in the feed, outlives its instance.
    """
    outlives = {"wio_changes", "wio_deliveries", "wio_outbox"}
    asyncio.run(ended(path))
    with closing(connected(path)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        found = {
            name
            for (name,) in rows
            if any(column[1] == "instance_id" for column in connection.execute(f"PRAGMA table_info({name})"))
        }
    assert found - outlives == set(removing._OF_AN_INSTANCE)


def test_who_has_ended_is_found_through_an_index(path: Path) -> None:
    asyncio.run(ended(path))
    with closing(connected(path)) as connection:
        for statement in (removing._FIND_ENDED, removing._NAMES):
            values = [None] * statement.count("?")
            lines = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert any("wio_ended" in line for line in lines), lines
            assert not any("SCAN wio_" in line or "TEMP B-TREE" in line for line in lines), lines


def test_a_damaged_start_hides_nobody_who_has_ended(path: Path) -> None:
    async def story() -> None:
        async with SqliteJournal(path) as journal:
            for name in ("a", "b"):
                await journal.commit(commit(name, 0, status=Status.COMPLETED))
            with closing(connected(path)) as connection:
                connection.execute("UPDATE wio_entries SET kind = 'odd' WHERE instance_id = 'a'")
            found = await journal.find_ended(LATER)
            assert [(each.record.id, each.first is None) for each in found] == [("a", True), ("b", False)]

    asyncio.run(story())
