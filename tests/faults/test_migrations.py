"""Is a store whose migration was broken off in the middle a journal again at the next start?"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from journals.errors import JournalUnavailable
from journals.laws.samples import commit
from journals.postgres import PostgresJournal
from journals.postgres.schema import MIGRATIONS
from journals.sqlite import SqliteJournal
from tests.faults.stage import FORKS, PATIENCE_SECONDS
from tests.journals.proxy import Fault, proxied
from tests.runtime.running import run

_RECORD = """
INSERT INTO wio.instances (id, workflow, version, status, finished, last_seq, detail, started_at, updated_at)
VALUES ('old', 'sample', 1, 'waiting', false, 1, '', now(), now());
INSERT INTO wio.entries (instance_id, seq, kind, address, recorded_at, token)
VALUES ('old', 1, 'started', '', now(), 't')
"""
_INVALID = """
SELECT c.relname FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
WHERE c.relnamespace = 'wio'::regnamespace AND NOT (x.indisvalid AND x.indisready)
"""


def execute(dsn: str, *statements: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("version", [0, 1])
def test_a_migration_that_is_cut_off_at_any_statement_is_done_by_the_next_start(
    version: int, postgres_admin_dsn: str
) -> None:
    """A new store, or one of an older version: nothing half done is left, and what the old one held is there."""

    async def main() -> None:
        cut_at = 0
        while await _cut_off(cut_at):
            cut_at += 1
        assert cut_at >= 6

    async def _cut_off(number: int) -> bool:
        """Return whether there were so many statements."""
        name = f"wio_cut_{version}_{number}_{os.getpid()}"
        dsn = make_conninfo(postgres_admin_dsn, dbname=name)
        await asyncio.to_thread(execute, postgres_admin_dsn, f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            if version:
                first = MIGRATIONS[0].replace("{schema}", "wio")
                begun = ("CREATE SCHEMA wio", first, "UPDATE wio.meta SET version = 1", _RECORD)
                await asyncio.to_thread(execute, dsn, *begun)
            is_cut = await _opened_through_a_cut(dsn, number)
            async with PostgresJournal(dsn) as journal:
                await journal.commit(commit("new", 0))
                assert [record.id for record in await journal.find_all()] == ["new", *(["old"] if version else [])]
            assert await asyncio.to_thread(execute, dsn, _INVALID) == []
            assert await asyncio.to_thread(execute, dsn, "SELECT version FROM wio.meta") == [(len(MIGRATIONS),)]
            return is_cut
        finally:
            await asyncio.to_thread(execute, postgres_admin_dsn, f"DROP DATABASE {name} WITH (FORCE)")

    run(main())


async def _opened_through_a_cut(dsn: str, number: int) -> bool:
    async with proxied(dsn) as (proxy, through):
        proxy.cut_after(number, Fault.BEFORE_THE_STATEMENT)
        journal = PostgresJournal(through)
        try:
            await journal.open()
        except JournalUnavailable:
            return True
        await journal.close()
        return proxy.cuts > 0


def test_an_index_that_was_left_invalid_is_built_again(postgres_dsn: str) -> None:
    """By a `REINDEX CONCURRENTLY` that was broken off, for instance. One that is not ours is left alone."""

    async def main() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            await journal.commit(commit("a", 0))
        indexes = "'wio.entries_by_key'::regclass, 'wio.mine'::regclass"
        leave = f"UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ({indexes})"
        await asyncio.to_thread(execute, postgres_dsn, "CREATE INDEX mine ON wio.entries (kind)", leave)
        async with PostgresJournal(postgres_dsn) as journal:
            assert await asyncio.to_thread(execute, postgres_dsn, _INVALID) == [("mine",)]
            assert await journal.find_key("a", "k") is None

    run(main())


def make(path: str, most_bytes: int) -> None:
    """Make a file a journal, and be killed by the kernel at the first write beyond so many bytes of a file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    asyncio.run(_open_and_close(path))


async def _open_and_close(path: str) -> None:
    async with SqliteJournal(path):
        pass


def test_a_process_that_is_killed_while_it_makes_a_file_a_journal_leaves_nothing_half_done(tmp_path: Path) -> None:
    """At writes from the first to beyond the last: the next start makes it a journal with all its tables."""
    ends: list[int | None] = []
    for kilobytes in (0, 4, 16, 33, 40, 50, 60, 70, 80, 1_000):
        path = tmp_path / f"{kilobytes}.db"
        dying = FORKS.Process(target=make, args=(str(path), kilobytes * 1_024))
        dying.start()
        dying.join(PATIENCE_SECONDS)
        ends.append(dying.exitcode)
        asyncio.run(_is_whole(path))
    assert ends[0] == -signal.SIGXFSZ
    assert ends.count(-signal.SIGXFSZ) >= 5
    assert ends[-1] == 0


async def _is_whole(path: Path) -> None:
    async with SqliteJournal(path) as journal:
        await journal.commit(commit("a", 0))
        assert [record.id for record in await journal.find_all()] == ["a"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
