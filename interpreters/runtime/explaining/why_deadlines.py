"""Until when is something waited for? A timeout withdraws what runs in it when its deadline has come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from interpreters.machine.pending import Pending, SignalExpected, TaskOffered, TimerRunning
from interpreters.runtime.driving.agenda import described, due_of

_DEADLINE = "[deadline]/deadline"
"""Is how the address of a deadline ends, behind that of its timeout; see `wio.timeout`."""


def is_deadline_of(nearest: Pending, other: Pending) -> bool:
    """Tell whether something is the deadline of what is waited for: then it ends that."""
    if not isinstance(other, TimerRunning) or not other.address.endswith(_DEADLINE):
        return False
    address: str = getattr(nearest, "address", "")
    return address.startswith(f"{other.address.removesuffix(_DEADLINE)}/")


def told_beside(nearest: Pending, other: Pending) -> str:
    """Return a sentence about what else is waited for; of a deadline, that it is one."""
    told = described(other)
    return told.replace("waits at ", "waits for that at ", 1) if is_deadline_of(nearest, other) else told


def until_of(nearest: Pending, others: Iterable[Pending]) -> datetime | None:
    """Return when an instance goes on by itself, though others have to do something first; None where it does not."""
    due = due_of(nearest)
    if due is not None or not isinstance(nearest, SignalExpected | TaskOffered):
        return due
    return min((each for each in map(due_of, others) if each is not None), default=None)
