"""Is a row written once, together with the event of its step, when processes are killed and frozen on the way?"""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from returns.result import Success

from journals.entries import Kind
from tests.faults.stage import Stage, play


@pytest.fixture
def place(postgres_dsn: str) -> str:
    """Return a database with a table that has no row twice."""
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("CREATE TABLE written (id text PRIMARY KEY)")
    return postgres_dsn


def rows(place: str) -> list[tuple[Any, ...]]:
    """Return what is written."""
    with psycopg.connect(place) as connection:
        return connection.execute("SELECT id FROM written").fetchall()


@pytest.mark.parametrize(
    ("death", "runs"), [("in:written-row", 2), ("before:transaction", 2), ("after:transaction", 1)]
)
def test_a_kill_on_the_way_leaves_the_row_and_the_event_or_neither(
    place: str, death: str, runs: int, tmp_path: Path
) -> None:
    """Fault 60: between the user's write and the commit all is rolled back; after the commit nothing is done again."""

    async def story(stage: Stage) -> None:
        stage.let("written")
        doomed = await stage.worker("doomed", "writing", place=death)
        instance = await stage.start("writing")
        assert await doomed.ended() == -signal.SIGKILL
        assert rows(place) == ([] if runs == 2 else [("writing",)])
        assert Kind.EVENT not in {entry.kind for entry in await instance.history()} or runs == 1
        await stage.worker("next", "writing")
        assert await instance.result() == Success("go written two")
        assert rows(place) == [("writing",)]
        assert stage.began()["written"] == runs

    play(place, tmp_path, story)


def test_a_frozen_process_writes_nothing_when_it_wakes(place: str, tmp_path: Path) -> None:
    """Another has taken over meanwhile, and has waited for the row that the frozen one held."""

    async def story(stage: Stage) -> None:
        frozen = await stage.worker("frozen", "writing")
        instance = await stage.start("writing")
        await stage.happened("began", "frozen", "written-row")
        await stage.worker("other", "writing")
        frozen.signal(signal.SIGSTOP)
        await stage.happened("began", "other", "written")
        frozen.signal(signal.SIGCONT)
        await stage.happened("began", "other", "written-row")
        stage.let("written")
        assert await instance.result() == Success("go written two")
        assert rows(place) == [("writing",)]
        assert stage.began() == Counter({"written": 2, "written-row": 2, "two": 1})

    play(place, tmp_path, story)


def test_a_clean_stop_rolls_back_what_is_not_over(place: str, tmp_path: Path) -> None:
    """The next process does it; what the first one wrote is gone."""

    async def story(stage: Stage) -> None:
        first = await stage.worker("first", "writing")
        instance = await stage.start("writing")
        await stage.happened("began", "first", "written-row")
        first.signal(signal.SIGTERM)
        assert await first.ended() == 0
        assert rows(place) == []
        stage.let("written")
        await stage.worker("next", "writing")
        assert await instance.result() == Success("go written two")
        assert rows(place) == [("writing",)]

    play(place, tmp_path, story)
