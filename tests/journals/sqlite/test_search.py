"""Does SQLite find what is looked for by its indexes?"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from journals.entries import UNFINISHED, Status
from journals.laws.samples import AT, commit
from journals.search import EVERY, Cursor, Order, Search
from journals.sqlite import SqliteJournal
from journals.sqlite.search import find_all


@pytest.mark.parametrize(
    ("search", "order", "index"),
    [
        (EVERY, Order.ID, "PRIMARY KEY (id>?)"),
        (Search(statuses=UNFINISHED), Order.ID, "wio_unfinished (id>?)"),
        (Search(statuses=[Status.PAUSED]), Order.ID, "wio_seldom (phase=? AND id>?)"),
        (Search(statuses=[Status.COMPLETED]), Order.ID, "PRIMARY KEY (id>?)"),
        (EVERY, Order.NEWEST, "wio_by_phase (phase=? AND (started_at,id)<(?,?))"),
        (
            Search(workflow="a"),
            Order.NEWEST,
            "wio_by_workflow_and_phase (workflow=? AND phase=? AND (started_at,id)<(?,?))",
        ),
        (Search(tags=["vip"]), Order.NEWEST, "wio_by_value (name=? AND value=? AND (started_at,instance_id)<(?,?))"),
    ],
)
def test_a_search_uses_the_index(search: Search, order: Order, index: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"

    async def written() -> None:
        async with SqliteJournal(path) as journal:
            await journal.commit(commit("a", 0))

    asyncio.run(written())
    with closing(sqlite3.connect(path)) as connection:
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        find_all(connection, search, order, Cursor("b", AT), 10)
        connection.set_trace_callback(None)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}")]
    looked_up = [step for step in plan if step.startswith("SEARCH") or step.startswith("SCAN")]
    assert looked_up
    assert all(index in step or "(id=?)" in step or "page" in step or "subquery" in step for step in looked_up), plan
