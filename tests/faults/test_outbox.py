"""Does each message arrive, in the order of its instance, when processes are killed and frozen while they deliver?"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from returns.result import Success

from tests.faults.stage import Stage, play, until

DEATHS = ("before:delivered", "after:delivered", "after:deliveries", "before:one", "after:one")


def arrived(stage: Stage, process: str = "") -> list[str]:
    """Return the ids of what has arrived, in order."""
    return [line.instance for line in stage.lines() if line.what == "arrived" and process in ("", line.process)]


def firsts(stage: Stage, instance: str = "telling") -> list[str]:
    """Return the ids of what has arrived, without what came again."""
    return [each for each in dict.fromkeys(arrived(stage)) if each.startswith(f"{instance}:")]


def topics(stage: Stage) -> list[str]:
    """Return the topics of what has arrived, without what came again."""
    told = {line.instance: line.step for line in stage.lines() if line.what == "arrived"}
    return [told[each] for each in firsts(stage)]


async def emptied(stage: Stage) -> None:
    """Return when nothing is left in the outbox."""
    while await stage.client.outbox():
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("death", DEATHS)
def test_a_killed_process_makes_doubles_at_most(place: str, death: str, tmp_path: Path) -> None:
    """Killed between publish and delete, it has delivered what another one delivers again, under the same id."""

    async def story(stage: Stage) -> None:
        doomed = await stage.worker("doomed", "telling", place=death)
        instance = await stage.start("telling")
        assert await doomed.ended() == -signal.SIGKILL
        await stage.worker("next", "telling")
        assert await instance.result() == Success("go one")
        await until(lambda: len(firsts(stage)) == 3)
        await emptied(stage)
        assert topics(stage) == ["first", "second", "third"]
        again = [each for each in arrived(stage, "next") if each in arrived(stage, "doomed")]
        assert len(again) <= 3
        if death == "before:delivered":
            assert arrived(stage, "doomed")[:1] == again[:1] == ["telling:2"]

    play(place, tmp_path, story)


def test_a_frozen_process_that_thaws_disturbs_no_order(place: str, tmp_path: Path) -> None:
    """It wakes in the middle of a message, after another process has delivered that and all behind it."""

    async def story(stage: Stage) -> None:
        stage.let("hold-second")
        frozen = await stage.worker("frozen", "telling")
        instance = await stage.start("telling")
        await stage.happened("comes", "frozen", "second")
        frozen.signal(signal.SIGSTOP)
        stage.let("second")
        await stage.worker("next", "telling")
        assert await instance.result() == Success("go one")
        await stage.happened("arrived", "next", "third")
        frozen.signal(signal.SIGCONT)
        await stage.happened("arrived", "frozen", "second")
        await emptied(stage)
        assert topics(stage) == ["first", "second", "third"]
        assert arrived(stage, "frozen")[:2] == ["telling:2", "telling:4"]

    play(place, tmp_path, story)


def test_several_processes_keep_the_order_of_each_instance(place: str, tmp_path: Path) -> None:
    """Three deliver at once, one of them is killed; nothing is lost, and nothing comes before what precedes it."""

    async def story(stage: Stage) -> None:
        workers = [await stage.worker(name, "telling") for name in ("a", "b", "c")]
        names = [f"telling-{number}" for number in range(30)]
        instances = [await stage.start("telling", name) for name in names]
        await until(lambda: len(arrived(stage)) > 10)
        workers[0].signal(signal.SIGKILL)
        for instance in instances:
            assert await instance.result() == Success("go one")
        await until(lambda: len(set(arrived(stage))) == 90)
        await emptied(stage)
        for name in names:
            seqs = [int(each.rpartition(":")[2]) for each in firsts(stage, name)]
            assert seqs == sorted(seqs)

    play(place, tmp_path, story)
