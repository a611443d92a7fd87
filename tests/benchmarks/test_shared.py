"""Do the benchmarks of shared stores still fit the tables that they fill?"""

from __future__ import annotations

import asyncio

import psycopg

from benchmarks.shared.many_rows import many_rows


def test_the_tables_are_filled_with_instances_that_are_over_and_that_sleep(postgres_dsn: str) -> None:
    figures = asyncio.run(many_rows(postgres_dsn, copies=3, samples=2))
    assert set(figures) >= {"start_times", "claim_times", "one_step_times"}
    with psycopg.connect(postgres_dsn) as connection:
        found = connection.execute(
            "SELECT i.status, count(DISTINCT i.id), count(*) FROM wio.instances AS i"
            " JOIN wio.entries AS e ON e.instance_id = i.id WHERE i.id LIKE 'over%' OR i.id LIKE 'asleep%'"
            " GROUP BY i.status ORDER BY i.status"
        ).fetchall()
    assert found == [("completed", 4, 12), ("waiting", 4, 8)]
