"""What says the record of an instance that is parked because its processes died? How often, and how it stood before.

No entry says so: to record one, the instance would have to be read, which may be what kills. So how it goes on after a
resume has to be in the record too: whoever dies between leaves it as it was before it was parked.
"""

from __future__ import annotations

import re

from journals.entries import InstanceRecord, Status

_MOST_CHARACTERS = 1_000
_IN_THE_MIDDLE, _PAUSED, _BEFORE = "in the middle of", "while paused", "before"
_PARKED = re.compile(
    rf"after \d+ deaths of its process in a row, ({_IN_THE_MIDDLE}|{_PAUSED}|{_BEFORE}): (.*)", re.DOTALL
)


def parked_detail(record: InstanceRecord, deaths: int) -> str:
    """Return the words that the record has while the instance is parked."""
    when = {Status.RUNNING: _IN_THE_MIDDLE, Status.PAUSED: _PAUSED}.get(record.status, _BEFORE)
    return f"after {deaths} deaths of its process in a row, {when}: {record.detail}"[:_MOST_CHARACTERS]


def is_deadly(record: InstanceRecord) -> bool:
    """Tell whether an instance is parked because its processes died: then reading it may be what kills."""
    return _parked(record) is not None


def was_running(record: InstanceRecord) -> bool:
    """Tell whether an effect may have been under way when the last owner of an instance died."""
    parked = _parked(record)
    return record.status is Status.RUNNING if parked is None else parked[1] == _IN_THE_MIDDLE


def goes_on_as(record: InstanceRecord) -> tuple[Status, str]:
    """Return the status and the detail of a parked instance that may be read again; one that was paused still is."""
    parked = _parked(record)
    if parked is not None and parked[1] == _PAUSED:
        return Status.PAUSED, parked[2]
    return Status.RUNNING if was_running(record) else Status.WAITING, "goes on after a resume"


def _parked(record: InstanceRecord) -> re.Match[str] | None:
    return _PARKED.match(record.detail) if record.status is Status.PAUSED else None
