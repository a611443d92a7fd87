"""Does whoever looks after an instance hear which undo has failed, and what is still to be undone?"""

from __future__ import annotations

import contextlib
from typing import Any

import attrs
import pytest
from returns.result import Failure, Result, Success

from interpreters import InstanceFailed, InstancePaused, NotPaused, Runtime, effect_context
from interpreters.testing import CrashAt, SimulatedInstance, Simulation, VirtualClock
from journals.entries import Kind, Status
from journals.ports import Journal
from tests.runtime.killing import AtCommit, Processes
from tests.runtime.running import run
from wio import WIO, Done, Exceeded, Retry, Workflow, fail, pure, run_io, saga, undoable

Run = SimulatedInstance[Any, Any]


@attrs.frozen
class Refused:
    """Is why something is not given back."""

    why: str


def book(what: str) -> Any:
    return run_io(lambda trip: f"{what} to {trip}", name=what, event=str)


def given_back(_: Done[str, str], answer: str) -> Result[str, Refused]:
    return Success(answer) if answer == "yes" else Failure(Refused(answer))


class Desk:
    """Is where things are given back. It has some answers, of which it raises exceptions; then it says yes.

    To a request that it knows it answers as before.
    """

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.given: dict[str, str] = {}
        self.returned: list[str] = []

    def __call__(self, done: Done[str, str]) -> str:
        key = effect_context().idempotency_key
        if key in self.given:
            return self.given[key]
        answer = self.answers.pop(0) if self.answers else "yes"
        if isinstance(answer, Exception):
            raise answer
        self.given[key] = answer
        if answer == "yes":
            self.returned.append(done.output)
        return answer


def trip(desk: Desk, retry: Retry | None = None) -> Workflow[str, Any, Any]:
    booked: WIO[Any, Any, Any] = pure("Rome")
    for what in ("flight", "hotel", "car"):
        back: Any = run_io(desk, given_back, name=f"return_{what}", event=str, retry=retry)
        booked = booked >> undoable(book(what), back)
    root = saga(booked >> fail("no visa")).handle_error(pure("stayed at home"))
    return Workflow("trip", version=1, input=str, root=root)


def paused(run: Run) -> InstancePaused:
    with pytest.raises(InstancePaused) as raised:
        run.result()
    assert run.record.status is Status.PAUSED
    return raised.value


def undone(run: Run) -> list[tuple[str, str]]:
    return [(entry.kind.value, entry.address) for entry in run.history if entry.address.startswith("saga[")]


def test_an_undo_that_raises_is_told_with_what_is_still_to_be_undone() -> None:
    """It pauses there, and a resume goes on with the same one, in the same order."""
    workflow = trip(Desk(OSError("the line is dead")))
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="trip-1", input="Rome")
        told = paused(run)
        assert (told.address, told.problem) == ("saga[undo 1]/return_car", "OSError: the line is dead")
        assert told.remaining == ("return_hotel", "return_flight")
        assert str(told) == (
            "Instance 'trip-1' is paused at 'saga[undo 1]/return_car': OSError: the line is dead."
            " Still to be undone after it: return_hotel, return_flight."
            " Nothing is lost. Mend the cause, then resume the instance."
        )
        assert run.record.detail == (
            "paused at saga[undo 1]/return_car: OSError: the line is dead;"
            " still to be undone after it: return_hotel, return_flight"
        )
        run.resume()
        assert run.result() == Success("stayed at home")


def test_an_undo_that_fails_with_an_error_is_told_and_begins_again() -> None:
    desk = Desk("yes", "not today", "not yet")
    workflow = trip(desk)
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="trip-1", input="Rome")
        told = paused(run)
        problem = "UndoFailed: The undo return_hotel failed with Refused(why='not today'). It ran because of 'no visa'"
        assert (told.address, told.problem, told.remaining) == ("saga[undo 2]", problem, ("return_flight",))
        assert run.record.detail == f"paused at saga[undo 2]: {problem}; still to be undone after it: return_flight"
        simulation.crash()
        assert paused(run).problem == problem
        run.resume()
        assert paused(run).address == "saga[undo 3]"
        run.resume()
        assert run.result() == Success("stayed at home")
        assert desk.returned == ["car to hotel to flight to Rome", "hotel to flight to Rome", "flight to Rome"]
        assert undone(run) == [
            ("event", "saga[undo 1]/return_car"),
            ("event", "saga[undo 2]/return_hotel"),
            ("resumed", "saga[undo 2]"),
            ("event", "saga[undo 3]/return_hotel"),
            ("resumed", "saga[undo 3]"),
            ("event", "saga[undo 4]/return_hotel"),
            ("event", "saga[undo 5]/return_flight"),
        ]


def test_a_cancel_meanwhile_waits_for_the_list() -> None:
    """A cancel while a saga is undone changes nothing of what is undone, nor its order."""
    desk = Desk("not today")
    workflow = trip(desk)
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="trip-1", input="Rome")
        run.cancel()
        assert paused(run).address == "saga[undo 1]"
        run.resume()
        assert (run.record.status, len(desk.returned)) == (Status.CANCELLED, 3)


@pytest.mark.parametrize("side", CrashAt)
def test_a_crash_at_any_commit_changes_nothing(side: CrashAt) -> None:
    """A process that dies in the middle of a saga goes on with the same undo, in the same order."""
    uncrashed = story(None)
    assert len(uncrashed[1]) == 3
    for commit in range(1, 12):
        assert story((commit, side)) == uncrashed


@pytest.mark.parametrize("side", CrashAt)
def test_a_crash_at_any_commit_to_a_store_changes_nothing(side: CrashAt, journal: Journal) -> None:
    """An undo fails, pauses, and is tried again; the process dies meanwhile. Each is undone once, in the same order."""

    async def main() -> None:
        async with journal:
            commits = 0
            while await _dies_at(journal, commits := commits + 1, side):
                pass
            assert commits > 8

    run(main())


async def _dies_at(journal: Journal, commit: int, side: CrashAt) -> bool:
    """Let an instance end, whose process dies at a commit; return False when there were not so many."""
    desk = Desk("yes", OSError("the line is dead"), "yes")
    flow, id = trip(desk), f"trip-{commit}"
    processes = Processes(journal, flow, clock=VirtualClock(), kills=(AtCommit(commit, side),))
    await processes.call(lambda runtime: runtime.start(flow, id=id, input="Rome"))
    while (await journal.find(id)).status is Status.PAUSED:
        with contextlib.suppress(NotPaused):  # the process has died when the journal had the resume
            await processes.call(lambda runtime: _resume(runtime, flow, id))
    assert await processes.call(lambda runtime: runtime.result(id)) == Success("stayed at home")
    await processes.stop()
    assert desk.returned == ["car to hotel to flight to Rome", "hotel to flight to Rome", "flight to Rome"]
    entries = await journal.read(id)
    assert [each.address for each in entries if each.kind is Kind.EVENT and each.address.startswith("saga[")] == [
        "saga[undo 1]/return_car",
        "saga[undo 2]/return_hotel",
        "saga[undo 3]/return_flight",
    ]
    return processes.killed == 1


async def _resume(runtime: Runtime, flow: Workflow[Any, Any, Any], id: str) -> None:
    await (await runtime.instance(flow, id)).resume()


def story(crash: tuple[int, CrashAt] | None) -> tuple[list[tuple[str, str]], list[str], object]:
    desk = Desk("yes", "not today")
    workflow = trip(desk)
    with Simulation(workflow) as simulation:
        if crash is not None:
            simulation.crash_at(*crash)
        run = simulation.start(workflow, id="trip-1", input="Rome")
        while run.record.status is Status.PAUSED:
            with contextlib.suppress(NotPaused):  # the process has died when the journal had the resume
                run.resume()
        return [each for each in undone(run) if each[0] != "attempt_lost"], desk.returned, run.result()


def test_an_undo_that_fails_the_instance_is_told_with_what_is_not_undone() -> None:
    policy = Retry(attempts=1, exceeded=Exceeded.FAIL)
    workflow = trip(Desk("yes", OSError("the line is dead")), policy)
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="trip-1", input="Rome")
        with pytest.raises(InstanceFailed) as raised:
            run.result()
        assert raised.value.given_up.remaining == ("return_flight",)
        assert str(raised.value).endswith("in attempt 1. Its history says where. Not undone: return_flight.")
        recorded = run.history[-1].payload
        assert recorded is not None
        assert '"remaining":["return_flight"]' in recorded.text


def test_a_long_list_leaves_room_for_the_problem() -> None:
    desk = Desk(OSError("x" * 2_000))
    many: WIO[Any, Any, Any] = pure("Rome")
    for number in range(100):
        many = many >> undoable(book(f"day {number}"), run_io(desk, name=f"give_back_day_{number}", event=str))
    workflow = Workflow("trip", version=1, input=str, root=saga(many >> fail("no visa")))
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="trip-1", input="Rome")
        told = paused(run)
        assert len(told.remaining) == 99
        detail = run.record.detail
        assert len(detail) == 1_000
        assert "OSError: xxx" in detail
        assert "; still to be undone after it: give_back_day_98, give_back_day_97" in detail
