"""How is a workflow driven by hand? A stimulus at a time becomes an entry, the entry a turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from interpreters.errors import UnexpectedQuery
from interpreters.machine.execution import Execution, Loss
from interpreters.machine.pending import (
    EffectToRun,
    Outcome,
    PausedAt,
    Pending,
    SignalExpected,
    TimerRunning,
    answer,
    pending,
)
from interpreters.machine.questions import may_take
from interpreters.machine.recording import (
    event_entry,
    failure_entry,
    fired_entry,
    kept_entry,
    lost_entry,
    resume_entry,
    signal_entry,
)
from interpreters.machine.turn import Turn, first_turn, turn
from journals.entries import Entry
from tests.machine.programs import AT, FAR, NEAR, TELL
from wio import Query, Workflow

_LONGEST = 60


@attrs.frozen(eq=False)
class Played:
    """Is what a workflow made of some stimuli: its turns, in order."""

    turns: tuple[Turn, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for each in self.turns for entry in each.entries)

    @property
    def last(self) -> Turn:
        return self.turns[-1]


def begun(workflow: Workflow[Any, Any, Any], value: object, at: datetime = AT) -> Turn:
    """Return the first turn."""
    return first_turn(workflow, value, at)


def ran(here: Turn, event: object, at: datetime = AT) -> Turn:
    """Return the turn after the active effect has ended with an event."""
    return turn(here.execution, event_entry(here.execution, event, at), at)


def signalled(here: Turn, event: object, key: str | None = None, at: datetime = AT) -> Turn:
    """Return the turn after the effect of the active signal step has made an event."""
    return turn(here.execution, signal_entry(here.execution, event, key, at), at)


def failed(here: Turn, error: BaseException, at: datetime = AT) -> Turn:
    """Return the turn after the active effect has raised."""
    return turn(here.execution, failure_entry(here.execution, error, at, 0.0), at)


def lost(here: Turn, at: datetime = AT) -> Turn:
    """Return the turn after the active effect was lost."""
    return turn(here.execution, lost_entry(here.execution, Loss.CRASH, at), at)


def fired(here: Turn, at: datetime) -> Turn:
    """Return the turn after the active wait."""
    return turn(here.execution, fired_entry(here.execution, at), at)


def resumed(here: Turn, at: datetime = AT) -> Turn:
    """Return the turn after a resume."""
    return turn(here.execution, resume_entry(here.execution, at), at)


def play(workflow: Workflow[Any, Any, Any], value: object, stimuli: Sequence[int], *, early: bool = True) -> Played:
    """Drive a workflow with numbers until they are used up, or it ends: a number is what an effect or signal brings.

    Some numbers bring something else: a failed or a lost attempt, or (with `early`) a signal that comes early.
    While the numbers last, whatever has to be waited for comes.
    """
    turns = [begun(workflow, value)]
    at = AT
    for number in stimuli[:_LONGEST]:
        here = turns[-1]
        if isinstance(here.pending, Outcome):
            break
        if early and number % 5 == 4 and may_take(workflow, TELL):
            entry = kept_entry(here.execution, TELL, number, None, at)
            turns.append(turn(here.execution, entry, at))
            continue
        at = _time_of(here.pending, at + timedelta(seconds=1))
        turns.append(turn(here.execution, _entry(here, number, at), at))
    return Played(tuple(turns))


def _time_of(waiting: Pending, at: datetime) -> datetime:
    match waiting:
        case TimerRunning(_, due) | EffectToRun(not_before=due):
            return max(at, due or at)
        case _:
            return at


def _entry(here: Turn, number: int, at: datetime) -> Entry:
    execution = here.execution
    match here.pending:
        case EffectToRun(kept=kept):
            if number % 7 == 5:
                return failure_entry(execution, ValueError(f"number {number}"), at, 0.0)
            if number % 7 == 6:
                return lost_entry(execution, Loss.CRASH, at)
            if kept is not None:
                return signal_entry(execution, number, kept.key, at)
            return event_entry(execution, _event(here, number), at)
        case SignalExpected():
            return signal_entry(execution, number, None, at)
        case TimerRunning():
            return fired_entry(execution, at)
        case PausedAt():
            return resume_entry(execution, at)
        case Outcome():
            raise AssertionError("it has ended")


def _event(here: Turn, number: int) -> object:
    """Return what the real effect would, or the number itself where the effect returns a number."""
    waiting = here.pending
    assert isinstance(waiting, EffectToRun)
    made = waiting.function(*waiting.arguments)
    return number if isinstance(made, int) else attrs.evolve(made, number=number)


def answers(execution: Execution) -> tuple[str, ...]:
    """Return the answers to both questions; a question that nobody answers gives the reason."""
    return tuple(_answered(execution, question) for question in (NEAR, FAR))


def _answered(execution: Execution, question: Query[str]) -> str:
    try:
        return answer(execution, question)
    except UnexpectedQuery as error:
        return str(error)


def seen(execution: Execution) -> tuple[Pending, tuple[str, ...]]:
    """Return all that can be observed of an execution from outside."""
    return pending(execution), answers(execution)


def told(entries: Iterable[Entry]) -> list[tuple[str, str, str]]:
    """Return kind, address and text of each entry: what one run has in common with another."""
    return [(each.kind.value, each.address, each.payload.text if each.payload else "") for each in entries]
