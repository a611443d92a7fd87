"""Is everything done once, and to its end, when processes that share a store are killed, frozen and stopped?"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from returns.result import Success

from interpreters import InstanceCancelled
from journals.entries import Kind, Status
from tests.faults.stage import LONG_LEASE_SECONDS, PATIENCE_SECONDS, Stage, play, until
from tests.faults.worker import GREEDY_SECONDS, NOTE, STATE

ONCE = Counter(one=1, two=1, three=1)


@pytest.mark.parametrize(
    ("death", "again"),
    [
        ("in:two", "two"),
        ("before:two", "two"),
        ("after:two", ""),
        ("before:three", "three"),
        ("after:three", ""),
    ],
)
def test_a_killed_process_costs_at_most_the_step_it_was_in(place: str, death: str, again: str, tmp_path: Path) -> None:
    """A kill before a step is stored, also the last, lets that step alone run again; a kill afterwards, none."""

    async def story(stage: Stage) -> None:
        doomed = await stage.worker("doomed", "chain", place=death)
        instance = await stage.start("chain")
        assert await doomed.ended() == -signal.SIGKILL
        await stage.worker("next", "chain")
        assert await instance.result() == Success("go one two three")
        assert stage.began() == ONCE + Counter([again] if again else [])

    play(place, tmp_path, story)


@pytest.mark.parametrize(
    ("death", "again"),
    [
        ("in:return_hotel", "return_hotel"),
        ("before:saga[undo 1]/return_hotel", "return_hotel"),
        ("after:saga[undo 1]/return_hotel", ""),
        ("before:saga[undo 2]/return_flight", "return_flight"),
        ("after:saga[undo 2]/return_flight", ""),
    ],
)
def test_an_undoing_is_continued_by_the_next_process(place: str, death: str, again: str, tmp_path: Path) -> None:
    """With the same undo, in the same order; what was undone and stored is not undone again."""

    async def story(stage: Stage) -> None:
        doomed = await stage.worker("doomed", "undoing", place=death)
        instance = await stage.start("undoing")
        assert await doomed.ended() == -signal.SIGKILL
        await stage.worker("next", "undoing")
        assert await instance.result() == Success("stayed at home")
        once = Counter(begun=1, flight=1, hotel=1, return_hotel=1, return_flight=1)
        assert stage.began() == once + Counter([again] if again else [])
        undone = [entry.address for entry in await instance.history() if entry.kind is Kind.EVENT][-2:]
        assert undone == ["saga[undo 1]/return_hotel", "saga[undo 2]/return_flight"]

    play(place, tmp_path, story)


def test_a_process_that_is_there_goes_on_with_what_a_killed_one_did(place: str, tmp_path: Path) -> None:
    """Nobody has to be started, and who waits for the result all the while gets it."""

    async def story(stage: Stage) -> None:
        doomed = await stage.worker("doomed", "holding")
        instance = await stage.start("holding")
        result = asyncio.create_task(instance.result())
        await stage.happened("began", "doomed", "held")
        await stage.worker("next", "holding")
        doomed.signal(signal.SIGKILL)
        await stage.happened("began", "next", "held")
        stage.let("held")
        assert await result == Success("go one held two")
        assert stage.began() == Counter(one=1, held=2, two=1)

    play(place, tmp_path, story)


def test_a_frozen_process_loses_what_it_did_and_is_refused_when_it_wakes(place: str, tmp_path: Path) -> None:
    """Its lease ends, another goes on; when it wakes, its step is broken off or its write refused; then it works again.

    What the other has stored is all there is of the step.
    """

    async def story(stage: Stage) -> None:
        frozen = await stage.worker("frozen", "holding", "chain")
        instance = await stage.start("holding")
        await stage.happened("began", "frozen", "held")
        await stage.worker("other", "holding")
        frozen.signal(signal.SIGSTOP)
        await stage.happened("began", "other", "held")
        stage.let("held")
        assert await instance.result() == Success("go one held two")
        entries = await instance.history()
        frozen.signal(signal.SIGCONT)
        await until(lambda: _is_over(stage))
        assert await (await stage.start("chain")).result() == Success("go one two three")
        assert await instance.history() == entries
        assert stage.began("holding") == Counter(one=1, held=2, two=1)
        assert {line.process for line in stage.lines() if line.step == "two" and line.instance == "holding"} == {
            "other"
        }
        assert len(await stage.client.journal.members()) == 2

    def _is_over(stage: Stage) -> bool:
        ended = ("broken-off", "refused", "ended")
        return any(line.process == "frozen" and line.what in ended and line.step != "one" for line in stage.lines())

    play(place, tmp_path, story)


def test_of_two_that_recover_at_the_same_moment_one_runs_each_instance(place: str, tmp_path: Path) -> None:
    """The other lets it be: no step runs twice at a time, and none of those that were stored runs again."""

    async def story(stage: Stage) -> None:
        doomed = await stage.worker("doomed", "holding")
        instances = [await stage.start("holding", f"i{number}") for number in range(20)]
        await until(lambda: stage.began()["held"] == 20)
        doomed.signal(signal.SIGKILL)
        await doomed.ended()
        for process in (stage.begin("left", "holding"), stage.begin("right", "holding")):
            await process.ready()
        await until(lambda: stage.began()["held"] >= 40)
        stage.let("held")
        for instance in instances:
            assert await instance.result() == Success("go one held two")
        assert stage.began() == Counter(one=20, held=40, two=20)

    play(place, tmp_path, story)


def test_a_crash_in_a_recovery_is_recovered_like_any_other(place: str, tmp_path: Path) -> None:
    """It dies before and after it has recorded what was lost, and before it has claimed anything."""

    async def story(stage: Stage) -> None:
        instance = await stage.start("chain")
        for number, death in enumerate(["in:two", "before:lost", "after:claim", "after:lost", "before:claim"]):
            doomed = stage.begin(f"doomed{number}", "chain", place=death)
            assert await doomed.ended() == -signal.SIGKILL, death
        await stage.worker("last", "chain")
        assert await instance.result() == Success("go one two three")
        assert stage.began() == ONCE + Counter(["two"])

    play(place, tmp_path, story)


def test_a_stopped_process_hands_over_at_once(place: str, tmp_path: Path) -> None:
    """SIGTERM ends its lease, however long that is; what ends in the grace period is stored and not run again."""

    async def story(stage: Stage) -> None:
        stopped = await stage.worker("stopped", "holding", "asking", "threaded", lease=LONG_LEASE_SECONDS)
        holding, asking = await stage.start("holding"), await stage.start("asking")
        await stage.happened("began", "stopped", "held")
        await stage.happened("ended", "stopped", "one")
        await stage.worker("next", "holding", "asking", lease=LONG_LEASE_SECONDS)
        began = time.monotonic()
        stopped.signal(signal.SIGTERM)
        await stage.happened("began", "next", "held")
        assert time.monotonic() - began < LONG_LEASE_SECONDS / 4
        assert await asking.signal(NOTE, "word") == "go one word"
        stage.let("held")
        assert await holding.result() == Success("go one held two")
        assert await asking.result() == Success("go one word two")
        assert await stopped.ended() == 0
        assert stage.began("asking") == Counter(one=1, heard=1, two=1)
        assert ("broken-off", "stopped") in {(line.what, line.process) for line in stage.lines()}

    play(place, tmp_path, story)


def test_what_ends_while_its_process_stops_is_stored(place: str, tmp_path: Path) -> None:
    """A step that is under way at SIGTERM gets the grace period, and nothing begins after it."""

    async def story(stage: Stage) -> None:
        stopped = await stage.worker("stopped", "holding")
        instance = await stage.start("holding")
        await stage.happened("began", "stopped", "held")
        stopped.signal(signal.SIGTERM)
        stage.let("held")
        assert await stopped.ended() == 0
        assert stage.began() == Counter(one=1, held=1)
        await stage.worker("next", "holding")
        assert await instance.result() == Success("go one held two")
        assert stage.began() == Counter(one=1, held=1, two=1)
        assert Kind.ATTEMPT_LOST not in [entry.kind for entry in await instance.history()]

    play(place, tmp_path, story)


@pytest.mark.parametrize(
    ("death", "again"), [("before:heard", 1), ("after:heard", 0), ("before:answer", 0), ("after:answer", 0)]
)
def test_a_signal_is_answered_once_although_its_receiver_is_killed(
    place: str, death: str, again: int, tmp_path: Path
) -> None:
    """It dies before the event is stored, or before the sender has its answer: the next one answers."""

    async def story(stage: Stage) -> None:
        doomed = await stage.worker("doomed", "asking", place=death)
        instance = await stage.start("asking")
        result = asyncio.create_task(instance.result())
        await stage.happened("ended", "doomed", "one")
        sender = asyncio.create_task(instance.signal(NOTE, "word", key="k"))
        assert await doomed.ended() == -signal.SIGKILL
        await stage.worker("next", "asking")
        assert await sender == "go one word"
        assert await result == Success("go one word two")
        assert await instance.signal(NOTE, "word", key="k") == "go one word"
        assert await instance.query(STATE) == "go one word two"
        assert stage.began()["heard"] == 1 + again
        assert stage.began()["one"] == 1

    play(place, tmp_path, story)


@pytest.mark.parametrize("death", ["before:sent", "after:sent", "before:child", "after:child"])
def test_a_child_and_its_parent_end_although_their_process_is_killed_between(
    place: str, death: str, tmp_path: Path
) -> None:
    """A kill before or after the end of the child, and before or after its parent has noted it."""

    async def story(stage: Stage) -> None:
        stage.let("sent")
        doomed = await stage.worker("doomed", "parent", place=death)
        instance = await stage.start("parent")
        assert await doomed.ended() == -signal.SIGKILL
        await stage.worker("next", "parent")
        assert await instance.result() == Success("go packed sent told")
        assert stage.began() - Counter(sent=1) == Counter(packed=1, sent=int(death == "before:sent"), told=1)

    play(place, tmp_path, story)


def test_a_child_that_ends_while_its_process_stops_is_told_to_its_parent(place: str, tmp_path: Path) -> None:
    """The parent goes on in another process, although the one that owned both told nobody any more."""

    async def story(stage: Stage) -> None:
        stopped = await stage.worker("stopped", "parent")
        instance = await stage.start("parent")
        await stage.happened("began", "stopped", "sent")
        stopped.signal(signal.SIGTERM)
        stage.let("sent")
        assert await stopped.ended() == 0
        await stage.worker("next", "parent")
        assert await instance.result() == Success("go packed sent told")
        assert stage.began() == Counter(packed=1, sent=1, told=1)

    play(place, tmp_path, story)


def test_a_deadline_is_kept_by_whoever_goes_on(place: str, tmp_path: Path) -> None:
    """A wait that has begun in a killed process ends in the next one at the time that was stored."""

    async def story(stage: Stage) -> None:
        doomed = await stage.worker("doomed", "sleeping")
        instance = await stage.start("sleeping")
        await stage.happened("ended", "doomed", "one")
        await _waits(instance)
        due = (await instance.record()).wake_up
        doomed.signal(signal.SIGKILL)
        await stage.worker("next", "sleeping")
        assert await instance.result() == Success("go one two")
        fired = next(entry for entry in await instance.history() if entry.kind is Kind.TIMER_FIRED)
        assert due is not None
        assert 0 <= (fired.recorded_at - due).total_seconds() < PATIENCE_SECONDS
        assert stage.began() == Counter(one=1, two=1)

    async def _waits(instance: Any) -> None:
        while (await instance.record()).status is not Status.WAITING:
            await asyncio.sleep(0.01)

    play(place, tmp_path, story)


def test_a_step_is_not_stolen_while_its_process_lives(tmp_path: Path, postgres_dsn: str) -> None:
    """Not when it takes ten leases, not when it blocks the loop, not when no other thread runs for half a lease."""
    lease = 1.0

    async def story(stage: Stage) -> None:
        await stage.worker("busy", "long", lease=lease)
        await stage.worker("threads", "threaded", lease=lease)
        await stage.worker("greedy", "greedy", lease=2 * GREEDY_SECONDS)
        instances = [await stage.start(name) for name in ("long", "threaded", "greedy")]
        await until(lambda: stage.began() == Counter(blocked=1, slept=1, counted=1))
        await stage.worker("thief", "long", "threaded", "greedy", lease=lease)
        for instance in instances:
            await instance.result()
        assert stage.began() == Counter(blocked=1, slept=1, counted=1)
        assert not [line for line in stage.lines() if line.process == "thief"]

    async def both() -> None:
        for name in ("sqlite", "postgres"):
            (tmp_path / name).mkdir()
        await asyncio.gather(
            asyncio.to_thread(play, str(tmp_path / "sqlite" / "journal.db"), tmp_path / "sqlite", story),
            asyncio.to_thread(play, postgres_dsn, tmp_path / "postgres", story),
        )

    asyncio.run(both())


def test_who_holds_the_interpreter_for_longer_than_its_lease_has_lost_what_it_did(place: str, tmp_path: Path) -> None:
    """No thread can renew its lease: as after a freeze, another goes on, and what it has done is refused."""

    async def story(stage: Stage) -> None:
        await stage.worker("greedy", "greedy", "chain", lease=GREEDY_SECONDS / 5)
        instance = await stage.start("greedy")
        await stage.happened("began", "greedy", "counted")
        stage.let("counted")
        await stage.worker("other", "greedy", lease=GREEDY_SECONDS / 5)
        assert await instance.result() == Success("go counted")
        entries = await instance.history()
        assert [each.kind for each in entries] == [Kind.STARTED, Kind.ATTEMPT_LOST, Kind.EVENT, Kind.COMPLETED]
        await stage.happened("ended", "greedy", "counted")
        counted = [(line.what, line.process) for line in stage.lines() if line.step == "counted"]
        assert counted == [("began", "greedy"), ("began", "other"), ("ended", "other"), ("ended", "greedy")]
        assert await (await stage.start("chain")).result() == Success("go one two three")
        assert await instance.history() == entries

    play(place, tmp_path, story)


@pytest.mark.parametrize("is_cancelled", [False, True], ids=["ends", "is cancelled"])
def test_a_child_and_its_parent_may_have_two_owners(place: str, is_cancelled: bool, tmp_path: Path) -> None:
    """The end of the child reaches a parent in another process, and a cancel of the parent reaches the child."""

    async def story(stage: Stage) -> None:
        doomed = await stage.worker("doomed", "parent")
        parent = await stage.start("parent")
        await stage.happened("began", "doomed", "sent")
        await stage.worker("child's", "small")
        doomed.signal(signal.SIGKILL)
        await stage.happened("began", "child's", "sent")
        await stage.worker("parent's", "parent")
        if is_cancelled:
            await parent.cancel()
            for id, workflow in (("parent", "parent"), ("parent:child", "small")):
                with pytest.raises(InstanceCancelled):
                    await (await stage.client.instance(stage.workflows[workflow], id)).result()
        else:
            stage.let("sent")
            assert await parent.result() == Success("go packed sent told")
        assert stage.began() == Counter(packed=1, sent=2) + Counter(told=int(not is_cancelled))

    play(place, tmp_path, story)
