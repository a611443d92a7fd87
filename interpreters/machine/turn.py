"""What is stored together? One entry for what happened, and all that follows from it without waiting.

A turn is the unit of commit: the live run stores exactly the entries of a turn, then adopts its execution.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import attrs

from interpreters.machine.execution import Execution
from interpreters.machine.pending import Pending, pending
from interpreters.machine.recording import Chance, end_entry, following_entry, started_entry
from interpreters.machine.transition import JSON, apply, begin_from
from journals.codecs import Codec
from journals.entries import Entry
from wio.workflow import Workflow

A = TypeVar("A")


@attrs.frozen(eq=False)
class Turn:
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
    workflow: Workflow[A, Any, Any], input: A, at: datetime, codec: Codec = JSON, chance: Chance = no_chance
) -> Turn:
    """Return the turn that starts an instance. Raises `WrongPayload`, `UserFunctionRaised` or `DraftReached`."""
    started = started_entry(workflow, input, at, codec)
    return _completed(begin_from(workflow, started, codec), started, at, chance)


def turn(execution: Execution, entry: Entry, at: datetime, chance: Chance = no_chance) -> Turn:
    """Return the turn that an entry makes. Raises like `apply`."""
    return _completed(apply(execution, entry), entry, at, chance)


def together(turns: Sequence[Turn]) -> Turn:
    """Return turns that follow one another as one, to be stored at once."""
    entries = tuple(entry for each in turns for entry in each.entries)
    touched = dict.fromkeys(prefix for each in turns for prefix in each.touched)
    return Turn(turns[-1].execution, entries, tuple(touched))


def _completed(execution: Execution, entry: Entry, at: datetime, chance: Chance) -> Turn:
    entries, touched = [entry], list(execution.touched)
    for prefix in touched:  # it grows by what the entries in it touch
        following = following_entry(execution, prefix, at, chance)
        if following is not None:
            execution = apply(execution, following)
            entries.append(following)
            touched.extend(execution.touched)
    ended = end_entry(execution, at)
    if ended is not None:
        execution = apply(execution, ended)
        entries.append(ended)
    return Turn(execution, tuple(entries), tuple(dict.fromkeys(touched)))
