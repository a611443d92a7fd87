"""Does an instance still wait for what has arrived, and which entry records it?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from interpreters.errors import UserFunctionRaised, WrongPayload
from interpreters.machine.entries.attempts import runs_effect
from interpreters.machine.execution import Active, Attempts, Execution
from interpreters.machine.pending import EffectToRun
from interpreters.machine.places import place_at
from interpreters.machine.recording import event_entry_at, failure_entry, pause_entry, signal_entry
from interpreters.runtime.driving.live import Live
from journals.entries import Entry
from journals.errors import Conflict


def execution_of(live: Live) -> Execution:
    """Return the execution. Raises `Conflict` when another process has moved the instance on."""
    if live.execution is None:
        raise Conflict(live.id, None)
    return live.execution


def place_of(live: Live, execution: Execution, effect: EffectToRun) -> Active | None:
    """Return the place that waits for this attempt; None when the effect was withdrawn.

    Raises `Conflict` when the instance was read again while the effect ran, as another process has moved it on.
    """
    if live.abandoned:
        raise Conflict(live.id, execution.seq)
    active = place_at(execution, effect.address)
    return active if active is not None and _waits_for(active, effect) else None


def _waits_for(active: Active, effect: EffectToRun) -> bool:
    attempts = active.standing
    ended = attempts.ended if isinstance(attempts, Attempts) else 0
    return active.problem is None and runs_effect(active) and ended + 1 == effect.attempt


def entry_of_event(execution: Execution, active: Active, effect: EffectToRun, event: Any, at: datetime) -> Entry:
    """Return the entry of what an effect has yielded, for the place that waits for it."""
    if effect.kept is None:
        return event_entry_at(execution, active, event, at)
    return signal_entry(execution, effect.address, event, effect.kept.key, at)


def entry_of_fault(execution: Execution, address: str, fault: Exception, at: datetime) -> Entry:
    """Return the entry that pauses the place: the effect has ended well, but its event cannot be recorded."""
    if isinstance(fault, WrongPayload | UserFunctionRaised):
        return failure_entry(execution, address, fault, at, 0.0)
    return pause_entry(execution, address, fault, at)
