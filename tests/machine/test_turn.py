"""What is stored together?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from interpreters.machine.pending import Outcome, PausedAt
from interpreters.machine.turn import Turn
from journals.entries import Kind
from tests.machine.driving import begun, fired, ran, resumed, waiting
from tests.machine.programs import AT
from wio import WIO, Workflow, fail, pure, run_io, wait

MINUTE = timedelta(minutes=1)


def ask(number: int) -> int:
    return number


def started(root: WIO[int, Any, Any]) -> Turn:
    return begun(Workflow("w", version=1, input=int, root=root), 1)


def kinds(turn: Turn) -> list[Kind]:
    return [entry.kind for entry in turn.entries]


def test_what_follows_without_waiting_is_stored_together() -> None:
    assert kinds(started(pure(1))) == [Kind.STARTED, Kind.COMPLETED]
    assert kinds(started(wait(MINUTE))) == [Kind.STARTED, Kind.TIMER_SET]
    assert kinds(ran(started(run_io(ask) >> wait(MINUTE)), 1)) == [Kind.EVENT, Kind.TIMER_SET]
    assert kinds(fired(started(wait(MINUTE)), AT + MINUTE)) == [Kind.TIMER_FIRED, Kind.COMPLETED]
    assert kinds(ran(started(run_io(ask) >> fail("no")), 1)) == [Kind.EVENT, Kind.FAILED]


def test_the_entries_of_a_turn_are_numbered_without_a_gap() -> None:
    first = started(run_io(ask) >> wait(MINUTE))
    second = ran(first, 1)
    assert [entry.seq for entry in (*first.entries, *second.entries)] == [1, 2, 3]
    assert second.execution.seq == 3


def test_a_deadline_that_cannot_be_computed_pauses_in_the_same_turn() -> None:
    def raises(number: int) -> timedelta:
        raise ValueError(number)

    here = ran(started(run_io(ask) >> wait(raises)), 1)
    assert kinds(here) == [Kind.EVENT, Kind.PAUSED]
    assert kinds(resumed(here)) == [Kind.RESUMED, Kind.PAUSED]
    assert isinstance(waiting(here), PausedAt)


def test_an_outcome_that_no_json_can_hold_is_described() -> None:
    class Strange:
        def __repr__(self) -> str:
            return "a \0 strange \ud800 thing"

    here = started(pure(Strange()))
    assert isinstance(waiting(here), Outcome)
    payload = here.entries[-1].payload
    assert payload is not None
    assert payload.text == '"Strange: a \\\\0 strange \\\\ud800 thing"'
