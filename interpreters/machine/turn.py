"""What is stored together? One entry for what happened, and all that follows from it without waiting.

A turn is the unit of commit: the live run stores exactly the entries of a turn, then adopts its execution.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import attrs
from returns.result import Success

from interpreters.errors import UserFunctionRaised
from interpreters.machine.execution import Execution
from interpreters.machine.pending import (
    EffectToRun,
    Outcome,
    PausedAt,
    Pending,
    SignalExpected,
    TimerRunning,
    pending,
)
from interpreters.machine.recording import following_entry, pause_entry, started_entry
from interpreters.machine.transition import JSON, apply, begin_from
from journals.codecs import Codec
from journals.entries import Entry, Status
from wio.workflow import Workflow

A = TypeVar("A")


@attrs.frozen(eq=False)
class Turn:
    """Is the execution after some entries, those entries, and what the execution waits for then."""

    execution: Execution
    entries: tuple[Entry, ...]
    pending: Pending


def first_turn(workflow: Workflow[A, Any, Any], input: A, at: datetime, codec: Codec = JSON) -> Turn:
    """Return the turn that starts an instance. Raises `WrongPayload`, `UserFunctionRaised` or `DraftReached`."""
    started = started_entry(workflow, input, at, codec)
    return _completed(begin_from(workflow, started, codec), started, at)


def turn(execution: Execution, entry: Entry, at: datetime) -> Turn:
    """Return the turn that an entry makes. Raises like `apply`."""
    return _completed(apply(execution, entry), entry, at)


def _completed(execution: Execution, entry: Entry, at: datetime) -> Turn:
    entries = [entry]
    while True:
        try:
            following = following_entry(execution, at)
        except UserFunctionRaised as error:
            following = pause_entry(execution, error, at)
        if following is None:
            return Turn(execution, tuple(entries), pending(execution))
        execution = apply(execution, following)
        entries.append(following)


def status_of(waiting: Pending) -> Status:
    """Return the status that the record of an instance has while it waits for this."""
    match waiting:
        case EffectToRun():
            return Status.RUNNING if waiting.not_before is None else Status.WAITING
        case SignalExpected() | TimerRunning():
            return Status.WAITING
        case PausedAt():
            return Status.PAUSED
        case Outcome(result):
            return Status.COMPLETED if isinstance(result, Success) else Status.FAILED


def wake_up_of(waiting: Pending) -> datetime | None:
    """Return the time at which an instance that waits for this goes on by itself, or None."""
    match waiting:
        case EffectToRun():
            return waiting.not_before
        case TimerRunning(_, due):
            return due
        case SignalExpected() | PausedAt() | Outcome():
            return None


def detail_of(waiting: Pending) -> str:
    """Return a sentence for people about what an instance waits for."""
    match waiting:
        case EffectToRun(address, _, _, _, attempt, not_before):
            again = f" again, attempt {attempt}" if attempt > 1 else ""
            return f"runs {address}{again}" + (f", at {not_before:%Y-%m-%d %H:%M:%S} UTC" if not_before else "")
        case SignalExpected(address, node):
            return f"waits for signal {node.signal.name} at {address}"
        case TimerRunning(address, due):
            return f"waits at {address} until {due:%Y-%m-%d %H:%M:%S} UTC" if due else f"waits at {address}"
        case PausedAt(address, problem):
            return f"paused at {address}: {problem}"[:1_000]
        case Outcome():
            return ""
