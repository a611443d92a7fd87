"""Since which entry has all that has happened been inside of one part? So far back a recovery may pass it over.

    2  scope[stop]/wait                   ("scope", 1)
    3  scope/poll[1]/ask                  ("scope/poll[", 2)         everything since entry 2 is inside of scope/poll
    4  scope/poll[2]/ask                  ("scope/poll[2]/ask", 3)

A run of entries up to the last one has a common beginning of their addresses, and the longer the run, the shorter that
is. So a handful of runs tell it for every part, however long the history is.
"""

from __future__ import annotations

from interpreters.machine.checkpoints import covers
from interpreters.machine.execution import Execution, Trail
from journals.entries import Entry, Kind


def trailed(before: Execution, after: Execution, entry: Entry) -> Trail:
    """Return the trail after an entry. It is empty where there is but one thread: nothing happens beside that."""
    trail = before.trail
    if trail is None or not after.joints:
        return ()
    return trail if entry.kind is Kind.SIGNAL_KEPT else followed(trail, entry.address, entry.seq)


def followed(trail: Trail, address: str, seq: int) -> Trail:
    """Return a trail with one more entry.

    >>> followed(followed((), "poll[1]/ask", 7), "poll[2]/ask", 8)
    (('poll[', 6), ('poll[2]/ask', 7))
    """
    runs: list[tuple[str, int]] = []
    for common, before in trail:
        shared = common if address.startswith(common) else _beginning(common, address)
        if not runs or runs[-1][0] != shared:
            runs.append((shared, before))
    if not runs or runs[-1][0] != address:
        runs.append((address, seq - 1))
    return tuple(runs)


def _beginning(one: str, other: str) -> str:
    differs = (index for index, (left, right) in enumerate(zip(one, other, strict=False)) if left != right)
    return one[: next(differs, min(len(one), len(other)))]


def last_beside(execution: Execution, part: str) -> int:
    """Return the number of the last entry that may have happened outside of the part at an address."""
    trail = execution.trail or ()
    return next((before for common, before in trail if covers(part, common)), execution.seq)
