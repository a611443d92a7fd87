"""What has become of an instance? A change of its run state: started, paused, going on, ended, gone.

A step changes nothing here: `RUNNING` and `WAITING` are one run state, in which the instance goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import attrs

from journals.entries import Status

GOING_ON = frozenset({Status.RUNNING, Status.WAITING})
"""Are the statuses that are told as `RUNNING`."""


@attrs.frozen
class Change:
    """Is how the record of an instance stands after a change of its run state.

    `status` is `RUNNING` for all that goes on, and None for an instance that was removed from the store. `before` is
    what it was; None where it is new, or tells of how things stand. `cursor` is where the feed goes on after it; 0
    where it comes from no feed.
    """

    id: str
    workflow: str
    version: int
    status: Status | None
    before: Status | None
    last_seq: int
    detail: str
    at: datetime
    cursor: int = 0

    @property
    def word(self) -> str:
        """Is what has happened, for people: started, resumed, paused, completed, removed.

        >>> Change("a", "order", 1, Status.RUNNING, Status.PAUSED, 3, "", datetime(2026, 1, 1)).word
        'resumed'
        """
        if self.status is None:
            return "removed"
        if self.status is not Status.RUNNING:
            word: str = self.status.value
            return word
        return "started" if self.before in (None, Status.INITIATED) else "resumed"


def going(status: Status) -> Status:
    """Return the status as changes tell of it."""
    return Status.RUNNING if status in GOING_ON else status


def is_change(before: Status | None, status: Status) -> bool:
    """Tell whether the run state differs."""
    return before is None or going(before) is not going(status)


def change_of(row: Sequence[Any], time: Callable[[Any], datetime]) -> Change:
    """Return the change in a row: its fields in their order; `time` makes a time of what the store holds."""
    id_, workflow, version, status, before, last_seq, detail, at, cursor = row
    return Change(id_, workflow, version, _told(status), _told(before), last_seq, detail, time(at), cursor)


def _told(status: str | None) -> Status | None:
    return None if status is None else going(Status(status))
