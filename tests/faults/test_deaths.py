"""Is what kills its process each time put aside, and does everything else go on to its end?"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest
from returns.result import Success

from interpreters import InstancePaused
from journals.entries import Kind, Status
from tests.faults.stage import Stage, play, until
from tests.faults.worker import FEW_DEATHS, NOTE

KILLED = -signal.SIGKILL
TRIES = 5
"""Is after how many deaths in a row an instance is parked by default."""


async def dies(stage: Stage, *knows: str, times: int = TRIES) -> None:
    """Let one process after another be killed by what it runs."""
    for number in range(times):
        process = stage.begin(f"doomed{number}", *knows)
        assert await process.ended() == KILLED, number


def test_a_step_that_kills_its_process_each_time_is_parked(place: str, tmp_path: Path) -> None:
    """Fault 10: it runs five times, and no more; a resume, after it is mended, begins the count anew."""

    async def story(stage: Stage) -> None:
        instance = await stage.start("deadly")
        result = asyncio.create_task(instance.result())
        await dies(stage, "deadly")
        await stage.worker("last", "deadly")
        with pytest.raises(
            InstancePaused,
            match=r"after 5 deaths of its process in a row, in the middle of: runs bang again, attempt 5",
        ):
            await result
        record = await instance.record()
        assert record.status is Status.PAUSED
        assert stage.began() == Counter(one=1, bang=5)
        stage.let("bang")
        await instance.resume()
        assert await instance.result() == Success("go one bang two")
        assert stage.began() == Counter(one=1, bang=6, two=1)
        kinds = [entry.kind for entry in await instance.history()]
        assert kinds.count(Kind.ATTEMPT_LOST) == 5

    play(place, tmp_path, story)


def test_those_that_were_there_when_it_died_go_on(place: str, tmp_path: Path) -> None:
    """Fault 10: what had a step under way at each death finishes, and what only waited is not even looked at."""

    async def story(stage: Stage) -> None:
        knows = ("deadly", "holding", "asking")
        holding, asking = await stage.start("holding"), await stage.start("asking")
        first = await stage.worker("first", "holding", "asking")
        await stage.happened("began", "first", "held")
        await stage.happened("ended", "first", "one")
        await until(lambda: stage.began()["one"] == 2)
        deadly = await stage.start("deadly")
        first.signal(signal.SIGTERM)
        await first.ended()
        await dies(stage, *knows)
        await stage.worker("last", *knows)
        with pytest.raises(InstancePaused, match="after 5 deaths"):
            await deadly.result()
        assert stage.began("deadly")["bang"] == TRIES
        stage.let("held")
        assert await holding.result() == Success("go one held two")
        assert await asking.signal(NOTE, "word") == "go one word"
        assert await asking.result() == Success("go one word two")

    play(place, tmp_path, story)


def test_an_instance_that_kills_whoever_reads_it_is_parked(place: str, tmp_path: Path) -> None:
    """Fault 10: nothing can be recorded before it dies, so the store counts; what it was asked for is refused.

    While it is parked nobody reads it, whatever is asked; a resume while it still kills only begins the count anew.
    """

    async def story(stage: Stage) -> None:
        first = await stage.worker("first", "poisoned")
        instance = await stage.start("poisoned")
        while (await instance.record()).status is not Status.WAITING:
            await asyncio.sleep(0.01)
        first.signal(signal.SIGTERM)
        await first.ended()
        (tmp_path / "poison").touch()
        sender = asyncio.create_task(instance.signal(NOTE, "word", key="k"))
        await dies(stage, "poisoned", times=FEW_DEATHS)
        last = await stage.worker("last", "poisoned")
        with pytest.raises(InstancePaused, match="after 3 deaths of its process in a row"):
            await sender
        with pytest.raises(InstancePaused, match="after 3 deaths"):
            await instance.signal(NOTE, "again", key="another")
        with pytest.raises(InstancePaused, match="after 3 deaths"):
            await instance.result()
        resumed = asyncio.create_task(instance.resume())
        assert await last.ended() == KILLED
        await dies(stage, "poisoned", times=FEW_DEATHS - 1)
        await stage.worker("latest", "poisoned")
        with pytest.raises(InstancePaused, match="after 3 deaths"):
            await resumed
        (tmp_path / "poison").unlink()
        await instance.resume()
        assert await instance.signal(NOTE, "word", key="k") == "go poison word"
        assert await instance.result() == Success("go poison word")

    play(place, tmp_path, story)
