"""Do questions about workflows cost little in a large table, and do refused starts say why?"""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from journals.entries import Commit
from journals.errors import WorkflowDisabled
from journals.laws.samples import commit
from journals.postgres import PostgresJournal
from journals.postgres.batches import Batches
from journals.postgres.connections import connector
from journals.postgres.session import Session
from journals.postgres.statements import statements
from journals.postgres.workflows import workflow_statements
from tests.journals.postgres.test_journal import LONG, execute
from tests.journals.postgres.test_sharing import buffers

FILL = """
    INSERT INTO wio.instances (
        id, workflow, version, status, finished, last_seq, wake_up, detail, started_at, updated_at, owner
    )
    SELECT n::text, CASE WHEN n <= 5 THEN 'other' ELSE 'workflow' END, 1, 'waiting', n > 5 AND n % 2 = 1, 1,
        NULL, '', now(), now(), CASE WHEN n % 3 = 0 THEN 1 END
    FROM generate_series(1, 20000) AS n
"""
KNOWS = """
    INSERT INTO wio.members (name, process, knows, joined_at, alive_until)
    VALUES ('a', '', '[["workflow", 1], ["another", 3]]', now(), now() + interval '1 hour')
"""


@pytest.mark.parametrize(("question", "values"), [("unfinished", ["10"]), ("stranded", ["", "10"])])
def test_it_costs_what_workflows_there_are_and_not_what_instances(
    question: str, values: list[str], postgres_dsn: str
) -> None:
    async def plan() -> list[str]:
        async with PostgresJournal(postgres_dsn):
            await asyncio.to_thread(execute, postgres_dsn, FILL, KNOWS, "VACUUM ANALYZE wio.instances")
        text = getattr(workflow_statements("wio"), question).decode()
        for number, value in reversed(list(enumerate(values, 1))):
            text = text.replace(f"${number}", f"'{value}'")
        connection = await connector(postgres_dsn, LONG, LONG, prepare=True)()
        async with connection:
            cursor = await connection.execute(("EXPLAIN (ANALYZE, BUFFERS, COSTS off) " + text).encode())
            return [row[0] for row in await cursor.fetchall()]

    lines = asyncio.run(plan())
    assert buffers(lines) < 60, "\n".join(lines)


def test_a_commit_that_starts_nothing_does_not_look_at_what_is_disabled(postgres_dsn: str) -> None:
    async def plan() -> list[str]:
        async with PostgresJournal(postgres_dsn) as journal:
            await journal.commit(commit("a", 0))
            await journal.disable("workflow")
        text = statements("wio").commit.decode()
        given = commit("a", 1)
        cells = [*_record(given), *("{}",) * 13]
        for number, value in reversed(list(enumerate(cells, 1))):
            text = text.replace(f"${number}::", f"'{value}'::")
        connection = await connector(postgres_dsn, LONG, LONG, prepare=True)()
        async with connection:
            cursor = await connection.execute(("EXPLAIN (ANALYZE, COSTS off) " + text).encode())
            return [row[0] for row in await cursor.fetchall()]

    lines = asyncio.run(plan())
    looks = [line for line in lines if "on disabled" in line]
    assert looks != []
    assert all("never executed" in line for line in looks), "\n".join(lines)


def _record(step: Commit) -> list[str]:
    values = (step.instance_id, step.workflow, 1, 1, 2, "running", "false", "NULL", "x", step.at, "NULL")
    return ["{" + (f'"{value}"' if value != "NULL" else "NULL") + "}" for value in values]


def test_a_start_that_was_refused_by_what_is_enabled_now_is_stored(postgres_dsn: str) -> None:
    """Between the refusal and the question why, everything is enabled: here by that question itself."""
    enabling = b"""
        WITH gone AS (DELETE FROM wio.disabled)
        SELECT workflow, version, by_whom, reason, at FROM wio.disabled WHERE false
    """

    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            await journal.disable("workflow")
            session = Session(connector(postgres_dsn, LONG, LONG, prepare=True), 1, LONG, "journal")
            batches = Batches(session, statements("wio"), b"", enabling, True, "journal")
            assert await batches.store([commit("a", 0)]) == [None]
            await session.close()
            assert len(await journal.read("a")) == 1

    asyncio.run(story())


def test_a_repeated_start_is_done_although_it_is_disabled_since(postgres_dsn: str) -> None:
    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            start = commit("a", 0)
            await journal.commit(start)
            await journal.disable("workflow", 1, by="ann")
            await journal.commit(start)
            with pytest.raises(WorkflowDisabled, match="version 1 is disabled by ann since"):
                await journal.commit(replace(start, instance_id="b"))

    asyncio.run(story())
