"""What does the machine record of a program, when things happen to it in a given order?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from interpreters.machine.execution import Execution
from interpreters.machine.pending import (
    EffectToRun,
    Outcome,
    PausedAt,
    Pending,
    SignalExpected,
    Stuck,
    TaskOffered,
    TimerRunning,
    pending,
)
from interpreters.machine.recording import (
    answered_entry,
    cancel_entry,
    claimed_entry,
    event_entry,
    failure_entry,
    fired_entry,
    signal_entry,
)
from interpreters.machine.turn import Turn, first_turn, turn
from interpreters.render import Progress
from interpreters.tracing import progress
from journals.entries import Entry, Kind
from wio import WIO, Workflow

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@attrs.frozen
class Run:
    """Is what was recorded, and what is awaited at the end of it."""

    progress: Progress
    addresses: tuple[str, ...]
    waiting: tuple[Pending, ...]


def run(program: WIO[Any, Any, Any], choices: Sequence[int], *, cancelled: bool = False) -> Run:
    """Run a program from the value 0; each choice says which of the things awaited happens next.

    Of an effect, every fifth choice is a failed attempt. With `cancelled` the cancel command comes last.
    """
    workflow = Workflow("random", version=1, input=int, root=program)
    last = first_turn(workflow, 0, _BEGIN, chance=_half)
    entries = list(last.entries)
    for number, choice in enumerate(choices, 1):
        entry = _next(last.execution, choice, number)
        if entry is None:
            break
        last = turn(last.execution, entry, entry.recorded_at, chance=_half)
        entries.extend(last.entries)
    if cancelled and not isinstance(pending(last.execution)[0], Outcome):
        last = _cancelled(last)
        entries.extend(last.entries)
    addresses = tuple(entry.address for entry in entries if entry.address)
    return Run(progress(workflow, entries), addresses, pending(last.execution))


def _half() -> float:
    return 0.5


def _cancelled(last: Turn) -> Turn:
    return turn(last.execution, cancel_entry(last.execution, _BEGIN), _BEGIN, chance=_half)


def _next(execution: Execution, choice: int, number: int) -> Entry | None:
    awaited = pending(execution)
    match awaited[choice % len(awaited)]:
        case EffectToRun(address):
            if choice % 5 == 4:
                return failure_entry(execution, address, TimeoutError("late"), _BEGIN, 0.5)
            return event_entry(execution, address, number, _BEGIN)
        case SignalExpected(address):
            return signal_entry(execution, address, number, None, _BEGIN)
        case TimerRunning(address, due):
            return fired_entry(execution, address, due or _BEGIN)
        case TaskOffered(address, by=None):
            return claimed_entry(execution, address, "ann", _BEGIN)
        case TaskOffered(address):
            return answered_entry(execution, address, Kind.TASK_COMPLETED, number, _BEGIN)
        case PausedAt() | Stuck() | Outcome():
            return None
