"""Is a plan that was made for an empty table left again when the table has grown?"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from journals.postgres import PostgresJournal
from journals.postgres.connections import Connection, Connections, connector
from tests.journals.postgres.test_journal import execute

LONG = timedelta(seconds=60)
FILL = """
INSERT INTO wio.attributes (instance_id, name, type, value, started_at)
SELECT n::text, 'a', 'text', '', now() FROM generate_series(1, 10000) AS n
"""
PREPARE = b"""
PREPARE gone (text[], text[]) AS DELETE FROM wio.attributes AS a USING unnest($1, $2) AS s (instance_id, name)
WHERE a.instance_id = s.instance_id AND a.name = s.name
"""


async def plan(connection: Connection) -> str:
    cursor = await connection.execute(b"EXPLAIN EXECUTE gone ('{1}', '{a}')", prepare=False)
    return "\n".join(row[0] for row in await cursor.fetchall())


@pytest.mark.parametrize(("prepare", "seconds", "is_left"), [(True, 0, True), (True, 60, False), (False, 0, False)])
def test_plans_are_made_anew_now_and_then(prepare: bool, seconds: float, is_left: bool, postgres_dsn: str) -> None:
    """Until somebody analyses the table, each use would else look at all of its index."""

    async def story() -> None:
        async with PostgresJournal(postgres_dsn):
            await asyncio.to_thread(execute, postgres_dsn, "VACUUM ANALYZE wio.attributes")
        connections = Connections(connector(postgres_dsn, LONG, LONG, prepare=prepare), 1, plans_last=seconds)
        async with connections.borrowed() as connection:
            await connection.execute(b"SET plan_cache_mode = force_generic_plan")
            await connection.execute(PREPARE)
            assert "Index Cond" not in await plan(connection)
            await asyncio.to_thread(execute, postgres_dsn, FILL)
            assert "Index Cond" not in await plan(connection)
        for _ in range(100):
            async with connections.borrowed() as connection:
                pass
        async with connections.borrowed() as connection:
            assert ("Index Cond" in await plan(connection)) is is_left
        await connections.close()

    asyncio.run(story())
