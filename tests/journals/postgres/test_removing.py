"""Are instances removed from Postgres without a look at all of them, and without a wait for anybody?"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest
from psycopg import AsyncConnection

from journals.entries import Status
from journals.laws.members import KNOWS, LATER, WORD, Heard, by, message
from journals.laws.samples import commit, holds
from journals.postgres import PostgresJournal
from journals.postgres.connections import connector
from journals.postgres.removing import _OF_AN_INSTANCE, removing_statements
from tests.journals.postgres.test_journal import execute
from tests.journals.postgres.test_sharing import buffers

LONG = timedelta(seconds=60)
FILL = """
INSERT INTO wio.instances
    (id, workflow, version, status, finished, last_seq, detail, started_at, updated_at, ended_at)
SELECT 'old ' || n, 'workflow ' || n % 3, 1, 'completed', true, 1, '', now(), now(), now() - n * interval '1 second'
FROM generate_series(1, 20000) AS n
"""
VALUES = {
    "find_ended": ("9000-01-01", None, "-infinity", "", "100"),
    "find_unfinished": ("{old 1,old 2}",),
    "remove": ("{old 1}", "{9000-01-01}", "{1}"),
}


async def plan(dsn: str, question: str, *values: str | None) -> list[str]:
    """Return what Postgres does for a question, and how much it has to look at."""
    connection = await connector(dsn, LONG, LONG, prepare=True)()
    async with connection:
        text = getattr(removing_statements("wio"), question).decode()
        for number, value in enumerate(values, 1):
            text = text.replace(f"${number}::", "NULL::" if value is None else f"'{value}'::")
        cursor = await connection.execute(("EXPLAIN (ANALYZE, BUFFERS, COSTS off) " + text).encode())
        return [row[0] for row in await cursor.fetchall()]


@pytest.mark.parametrize("question", VALUES)
def test_it_costs_the_same_however_many_have_ended(question: str, postgres_dsn: str) -> None:
    async def story() -> Sequence[str]:
        async with PostgresJournal(postgres_dsn):
            await asyncio.to_thread(execute, postgres_dsn, FILL, "VACUUM ANALYZE wio.instances")
        return await plan(postgres_dsn, question, *VALUES[question])

    lines = asyncio.run(story())
    assert not any("Seq Scan" in line for line in lines), "\n".join(lines)
    for line, next_line in itertools.pairwise([*lines, ""]):
        if "Scan using" in line and "instances_ended" not in line:
            assert "Index Cond" in next_line, "\n".join(lines)
    assert buffers(lines) < 1_600, "\n".join(lines)


def test_no_table_keeps_anything_of_an_instance_that_was_removed(postgres_dsn: str) -> None:
    """A new table with the data of instances has to be named where they are removed.

    `rests` is emptied by itself; what is to be published, and what is told in the feed, outlives its instance.
    """
    outlives = {"changes", "deliveries", "outbox", "rests"}

    async def story() -> None:
        async with PostgresJournal(postgres_dsn):
            rows = await asyncio.to_thread(
                execute,
                postgres_dsn,
                "SELECT table_name FROM information_schema.columns"
                " WHERE table_schema = 'wio' AND column_name = 'instance_id'",
            )
        assert {name for (name,) in rows} - outlives == set(_OF_AN_INSTANCE)

    asyncio.run(story())


def test_what_others_have_locked_is_left_to_them(postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            for name in "abc":
                await journal.commit(commit(name, 0, status=Status.COMPLETED))
            records = [each.record for each in await journal.find_ended(LATER)]
            async with await AsyncConnection.connect(postgres_dsn) as other:
                await other.execute("SELECT 1 FROM wio.instances WHERE id = 'b' FOR UPDATE")
                assert sorted(await journal.remove(records)) == ["a", "c"]
                await other.rollback()
            assert await journal.remove(records) == ("b",)

    asyncio.run(story())


def test_what_has_changed_while_its_lock_was_waited_for_is_left(postgres_dsn: str) -> None:
    """Fault 56: a commit that goes on with an instance while it is removed keeps all of it."""

    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            await journal.commit(commit("a", 0, status=Status.COMPLETED))
            record = await journal.find("a")
            await asyncio.gather(journal.commit(commit("a", 1)), journal.remove([record]), return_exceptions=True)
            found = await journal.find_all()
            if found:
                assert await journal.remove([record]) == ()
                assert len(await journal.read("a")) == 2
            rows = await asyncio.to_thread(execute, postgres_dsn, "SELECT count(*) FROM wio.entries")
            assert rows == [(2 * len(found),)]

    asyncio.run(story())


def test_old_messages_go_with_their_instance(postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            member = await journal.join("one", KNOWS, Heard())
            await journal.commit(by(member, commit("a", 0)))
            posted = await journal.post(message("a"))
            await journal.post(message("a", "another"))
            await member.answer([(posted.id, WORD)])
            await journal.commit(by(member, commit("a", 1, status=Status.COMPLETED)))
            age = "UPDATE wio.messages SET {0} = {0} - interval '62 minutes'"
            statements = [age.format("sent_at"), age.format("answered_at")]
            await asyncio.to_thread(execute, postgres_dsn, *statements)
            assert await journal.remove([await journal.find("a")]) == ("a",)
            rows = await asyncio.to_thread(execute, postgres_dsn, "SELECT count(*) FROM wio.messages")
            assert rows == [(0,)]
            await member.leave()

    asyncio.run(story())


def test_who_goes_on_after_its_end_has_not_ended(postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            await journal.commit(commit("a", 0, status=Status.COMPLETED))
            await journal.commit(commit("a", 1))
            assert await journal.find_ended(LATER) == ()
            await journal.commit(commit("a", 2, status=Status.FAILED))
            (found,) = await journal.find_ended(LATER)
            await holds(journal, "a", *await journal.read("a"))
            assert await journal.remove([found.record]) == ("a",)

    asyncio.run(story())
