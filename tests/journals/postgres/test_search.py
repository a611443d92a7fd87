"""Does Postgres find what is looked for without looking at what is not, and do steps pay nothing for that?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from journals.entries import UNFINISHED, Status
from journals.laws.samples import AT, commit
from journals.postgres import PostgresJournal
from journals.postgres.search import dialect, text_of
from journals.search import EVERY, Cursor, Order, Search
from journals.search_sql import counting, found

PAGE = 20
PLACE = Cursor("i2500", datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=2_500))

# The latest tenth sleeps; one in 500 is paused, and one in 500 has the customer. All but a few are orders.
FILL = """
INSERT INTO wio.instances (id, workflow, version, status, finished, last_seq, detail, started_at, updated_at)
SELECT 'i' || n, CASE WHEN n % 100 = 3 THEN 'trip' ELSE 'order' END, 1,
    CASE WHEN n % 500 = 7 THEN 'paused' WHEN n > 18000 THEN 'waiting' ELSE 'completed' END,
    n <= 18000 AND n % 500 <> 7, 3, '', timestamptz '2026-01-01 00:00+00' + n * interval '1 second', now()
FROM generate_series(1, 20000) AS n;
INSERT INTO wio.attributes (instance_id, name, type, value, started_at)
SELECT id, 'stage', 'text', 'paid', started_at FROM wio.instances;
INSERT INTO wio.attributes (instance_id, name, type, value, started_at)
SELECT id, 'customer', 'text', 'Ann', started_at FROM wio.instances WHERE right(id, 3) IN ('100', '600');
ANALYZE wio.instances;
ANALYZE wio.attributes;
"""

SEARCHES = [
    *((EVERY, order, after) for order in Order for after in (None, PLACE)),
    (Search(workflow="order"), Order.NEWEST, PLACE),
    (Search(workflow="trip"), Order.NEWEST, None),
    (Search(workflow="order", statuses=[Status.COMPLETED]), Order.NEWEST, None),
    (Search(workflow="order", statuses=[Status.PAUSED]), Order.NEWEST, PLACE),
    (Search(workflow="order", statuses=[Status.FAILED]), Order.NEWEST, None),
    (Search(statuses=[Status.PAUSED]), Order.NEWEST, None),
    (Search(statuses=[Status.PAUSED]), Order.ID, None),
    (Search(statuses=[Status.PAUSED, Status.FAILED]), Order.ID, PLACE),
    (Search(statuses=UNFINISHED), Order.ID, None),
    (Search(workflow="order", started_until=PLACE.started_at), Order.NEWEST, None),
    (Search(attributes={"stage": "paid"}), Order.NEWEST, PLACE),
    (Search(attributes={"customer": "Ann"}), Order.NEWEST, None),
    (Search(workflow="order", attributes={"customer": "Ann"}), Order.ID, None),
]


@pytest.fixture
def filled(postgres_dsn: str) -> Iterator[psycopg.RawCursor[tuple[Any, ...]]]:
    async def create() -> None:
        async with PostgresJournal(postgres_dsn):
            pass

    asyncio.run(create())
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(FILL.encode())
        yield psycopg.RawCursor(connection)


def test_a_usual_search_looks_at_little_more_than_it_gives(filled: psycopg.RawCursor[tuple[Any, ...]]) -> None:
    for search, order, after in SEARCHES:
        text, values = found(dialect("wio"), search, order, after, PAGE)
        explain = "EXPLAIN (ANALYZE, FORMAT JSON) "
        rows = filled.execute((explain + text).encode(), [text_of(value) for value in values]).fetchall()
        looked_at = max(_rows(rows[0][0][0]["Plan"]))
        assert looked_at <= 10 * PAGE, f"{search} by {order} looks at {looked_at}:\n{json.dumps(rows[0][0], indent=1)}"


def _rows(plan: Mapping[str, Any]) -> Iterator[float]:
    """Yield how many rows each node of a plan has looked at."""
    yield plan["Actual Loops"] * (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))
    for inner in plan.get("Plans", ()):
        yield from _rows(inner)


def test_counting_asks_for_no_more_than_what_fits(filled: psycopg.RawCursor[tuple[Any, ...]]) -> None:
    text, values = counting(dialect("wio"), Search(statuses=[Status.PAUSED]))
    rows = filled.execute(text.encode(), [text_of(value) for value in values]).fetchall()
    assert rows == [("order", "paused", 40)]


def test_a_step_writes_to_no_index(postgres_dsn: str) -> None:
    """An update that changes no indexed column stays in its page, and none of the indexes is written to."""
    steps = 40

    async def story() -> None:
        async with PostgresJournal(postgres_dsn) as journal:
            await journal.commit(replace(commit("a", 0), tags=("vip",), attributes=(("x", 1),)))
            for seq in range(1, steps + 1):
                status = Status.WAITING if seq % 2 else Status.RUNNING
                at = AT + timedelta(seconds=seq)
                await journal.commit(commit("a", seq, status=status, at=at, detail=f"{seq}"))

    asyncio.run(story())
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        question = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'instances'"
        for _ in range(100):
            (row,) = connection.execute(question.encode()).fetchall()
            if row[0] >= steps:
                break
            connection.execute(b"SELECT pg_stat_clear_snapshot(), pg_sleep(0.05)")
    assert row == (steps, steps)
