"""When does a lone commit go to the writing thread, and what does the event loop do meanwhile?"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from journals.entries import Commit, Entry, Kind, Payload, Status
from journals.errors import Conflict
from journals.sqlite import SqliteJournal
from journals.sqlite import lone as sqlite_lone

AT = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


def commit(expected: int) -> Commit:
    entry = Entry(expected + 1, Kind.EVENT, "pay", Payload("Paid", 1, '{"amount": 12}'), AT)
    return Commit("order-7", "orders", 1, expected, (entry,), Status.RUNNING, AT, str(expected))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let every lone commit seem to take so many seconds, none at first."""
    now, pace = 0.0, 0.0

    def read() -> float:
        nonlocal now
        now += pace
        return now

    def set_pace(seconds: float) -> None:
        nonlocal pace
        pace = seconds

    monkeypatch.setattr(sqlite_lone.time, "perf_counter", read)
    return set_pace


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def driven(path: Path, test: Callable[[SqliteJournal, list[str]], Coroutine[Any, Any, None]]) -> None:
    """Run a test with a journal, and the list of what its writing thread says to the database."""

    async def run() -> None:
        said: list[str] = []
        async with asyncio.timeout(20), SqliteJournal(path) as journal:
            await journal._now_open().writer.ask(lambda connection: connection.set_trace_callback(said.append))
            await test(journal, said)

    asyncio.run(run())


def test_a_quick_commit_goes_without_the_thread(path: Path, clock: Callable[[float], None]) -> None:
    clock(0.0)

    async def test(journal: SqliteJournal, said: list[str]) -> None:
        for expected in range(10):
            await journal.commit(commit(expected))
        assert said == []
        assert [entry.seq for entry in await journal.read("order-7")] == list(range(1, 11))

    driven(path, test)


def test_after_a_slow_commit_the_thread_writes_for_a_while(path: Path, clock: Callable[[float], None]) -> None:
    async def test(journal: SqliteJournal, said: list[str]) -> None:
        clock(0.01)
        await journal.commit(commit(0))
        clock(0.0)
        for expected in range(1, 40):
            await journal.commit(commit(expected))
        assert said.count("COMMIT") == 32

    driven(path, test)


def test_the_loop_goes_on_while_another_process_has_the_file(path: Path, clock: Callable[[float], None]) -> None:
    clock(0.0)

    async def test(journal: SqliteJournal, said: list[str]) -> None:
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            committing = asyncio.create_task(journal.commit(commit(0)))
            while "BEGIN IMMEDIATE" not in said:  # The thread waits for the lock, and this loop turns.
                await asyncio.sleep(0)
            other.execute("ROLLBACK")
            await committing
        assert said.count("COMMIT") == 1

    driven(path, test)


def test_a_lone_commit_that_loses_hears_so(path: Path, clock: Callable[[float], None]) -> None:
    clock(0.0)

    async def test(journal: SqliteJournal, said: list[str]) -> None:
        await journal.commit(commit(0))
        with pytest.raises(Conflict):
            await journal.commit(commit(5))
        assert said == []

    driven(path, test)


def test_the_log_is_folded_into_the_file_all_the_same(path: Path, clock: Callable[[float], None]) -> None:
    clock(0.0)

    async def test(journal: SqliteJournal, said: list[str]) -> None:
        for expected in range(1_500):
            await journal.commit(commit(expected))
        assert said.count("COMMIT") == 1_500 // 65
        assert path.with_name("journal.db-wal").stat().st_size < 2_000 * 4_096, "The log only grows."

    driven(path, test)
