"""Is nothing half there while several remove instances from a real store, and one of them is broken off?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from interpreters.machine.transition import JSON
from interpreters.runtime.driving.live import LiveInstances
from interpreters.runtime.journal.reading import read_all
from interpreters.runtime.keeping.housekeeping import Housekeeping
from interpreters.runtime.keeping.retention import Retention
from interpreters.testing import VirtualClock
from journals.archives import FolderArchive, read_archived
from journals.entries import Entry, Status
from journals.errors import UnknownInstance
from journals.laws.samples import commit, entry
from journals.ports import Journal
from journals.postgres import PostgresJournal
from journals.sqlite import SqliteJournal

NAMES = tuple(f"{number:02}" for number in range(40))
ENTRIES = tuple(entry(seq) for seq in range(1, 151))
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgres"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Journal]]:
    if request.param == "sqlite":
        yield lambda: SqliteJournal(tmp_path / "journal.db")
    else:
        dsn = request.getfixturevalue("postgres_dsn")
        yield lambda: PostgresJournal(dsn)


def house(journal: Journal, folder: Path) -> Housekeeping:
    retention = Retention(timedelta(0), archive=FolderArchive(folder), batch=3)
    lives = LiveInstances(10, lambda: None)
    return Housekeeping(journal, lives, frozenset({"workflow"}), retention, JSON, VirtualClock(LATER), _at_once)


async def _at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


async def read_until_gone(journal: Journal, name: str) -> tuple[Entry, ...]:
    """Return the entries of an instance as they were read last, each time whole."""
    found: tuple[Entry, ...] = ()
    while True:
        try:
            found = await read_all(journal, name)
        except UnknownInstance:
            return found
        assert found == ENTRIES


def test_readers_see_all_or_nothing_and_the_archive_has_all(connect: Callable[[], Journal], tmp_path: Path) -> None:
    """Fault 56: three processes remove what others read; one is broken off in the middle, the others go on."""

    async def main() -> None:
        async with connect() as one, connect() as two, connect() as three, connect() as reader:
            for name in NAMES:
                await one.commit(commit(name, 0, ENTRIES, status=Status.COMPLETED))
            reading = [asyncio.create_task(read_until_gone(reader, name)) for name in NAMES]
            broken = asyncio.create_task(house(one, tmp_path).go_round())
            others = [asyncio.create_task(house(each, tmp_path).go_round()) for each in (two, three)]
            while len(await three.find_all()) > 30:
                await asyncio.sleep(0)
            broken.cancel()
            await asyncio.wait({broken})
            await asyncio.gather(*others)
            while await three.find_all():  # who has met another has left the rest to it
                await house(two, tmp_path).go_round()
            await asyncio.gather(*reading)

    async def patiently() -> None:
        async with asyncio.timeout(60):
            await main()

    asyncio.run(patiently())
    archived = [read_archived(path) for path in tmp_path.rglob("*.jsonl")]
    assert sorted(record.id for record, _ in archived) == list(NAMES)
    assert {entries for _, entries in archived} == {ENTRIES}
