"""What is stored together? One entry for what happened, and all that follows from it without waiting.

A turn is the unit of commit: the live run stores exactly the entries of a turn, then adopts its execution.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct

from interpreters.errors import EndlessRounds
from interpreters.machine.execution import Execution
from interpreters.machine.pending import Pending, pending
from interpreters.machine.recorded import Parent
from interpreters.machine.recording import end_entry, following_entry, started_entry
from interpreters.machine.recording.following import Chance
from interpreters.machine.transition import JSON, apply, begin_from
from journals.codecs import Codec
from journals.entries import Entry
from wio.workflow import Workflow

A = TypeVar("A")

MOST_FOLLOWING = 200_000
"""Is how many entries may follow in one turn from what has happened."""


class Turn(Struct, frozen=True, eq=False):
    """Is the execution after some entries, those entries, and the threads that they have changed."""

    execution: Execution
    entries: tuple[Entry, ...]
    touched: tuple[str, ...]

    @property
    def pending(self) -> tuple[Pending, ...]:
        """Is all that the execution waits for then; see `pending`."""
        return pending(self.execution)


def no_chance() -> float:
    """Refuse to draw: for turns of workflows that record no random numbers."""
    raise AssertionError("This turn draws a random number, and was given no chance.")


def first_turn(
    workflow: Workflow[A, Any, Any],
    input: A,
    at: datetime,
    codec: Codec = JSON,
    chance: Chance = no_chance,
    *,
    id: str = "",
    parent: Parent | None = None,
) -> Turn:
    """Return the turn that starts an instance. Raises `WrongPayload`, `UserFunctionRaised` or `DraftReached`.

    `parent` is the step that starts it as a child. The ids of its own children are made of `id`.
    """
    started = started_entry(workflow, input, at, codec, parent)
    return _completed(begin_from(workflow, started, codec, id=id), started, at, chance)


def turn(execution: Execution, entry: Entry, at: datetime, chance: Chance = no_chance) -> Turn:
    """Return the turn that an entry makes. Raises like `apply`."""
    return _completed(apply(execution, entry), entry, at, chance)


def together(turns: Sequence[Turn]) -> Turn:
    """Return turns that follow one another as one, to be stored at once."""
    entries = tuple(entry for each in turns for entry in each.entries)
    touched = dict.fromkeys(prefix for each in turns for prefix in each.touched)
    return Turn(turns[-1].execution, entries, tuple(touched))


def overdue_turn(execution: Execution, at: datetime, chance: Chance = no_chance) -> Turn | None:
    """Return the turn of what has to be recorded at places where an execution stands already; None when nothing has.

    Live there is never such a place; it comes to be where a new version goes on from what an older one has recorded.
    """
    entries, execution, touched = _followed(execution, list(execution.threads), at, chance)
    return Turn(execution, tuple(entries), tuple(dict.fromkeys(touched))) if entries else None


def _completed(execution: Execution, entry: Entry, at: datetime, chance: Chance) -> Turn:
    entries, execution, touched = _followed(execution, list(execution.touched), at, chance)
    return Turn(execution, (entry, *entries), tuple(dict.fromkeys(touched)))


def _followed(
    execution: Execution, touched: list[str], at: datetime, chance: Chance
) -> tuple[list[Entry], Execution, list[str]]:
    """Return what follows at threads without waiting, the execution after it, and all threads touched."""
    entries: list[Entry] = []
    if execution.held is not None:
        return entries, execution, touched
    for prefix in touched:  # it grows by what the entries in it touch
        following = following_entry(execution, prefix, at, chance)
        if following is not None:
            if len(entries) == MOST_FOLLOWING:
                raise EndlessRounds("What", following.address, f"more than {MOST_FOLLOWING:,} entries follow")
            execution = apply(execution, following)
            entries.append(following)
            touched.extend(execution.touched)
    ended = end_entry(execution, at)
    if ended is not None:
        execution = apply(execution, ended)
        entries.append(ended)
    return entries, execution, touched
