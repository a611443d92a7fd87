"""Since which entry does each part of an instance stand where it stands? The journal is applied again to see it.

    on = Dwelling()
    recover(workflow, entries, applying=on.apply)
    on.since(execution, place)                       the number of the entry with which it came to wait there

A place is another one as soon as something else is waited for there: the next attempt, an answer instead of a claim.
An effect runs since the last resume of the whole, or since it went back, if that came later.
"""

from __future__ import annotations

from interpreters.machine.execution import Active, Execution, Offer, Standing
from interpreters.machine.transition import apply
from journals.entries import Entry, Kind


class Dwelling:
    """Notes, while a journal is applied again, with which entry each thread came to stand where it stands."""

    def __init__(self) -> None:
        self._standing: dict[str, tuple[Active, int]] = {}
        self._applied = 0
        self._loose = 0

    def apply(self, before: Execution, entry: Entry) -> Execution:
        """Apply an entry, and look at what it has led to."""
        self._look(before, jumped=entry.kind is Kind.CHECKPOINT)
        after = apply(before, entry)
        self._applied = after.seq
        if before.held is not None and after.held is None:
            self._loose = after.seq
        self._look(after)
        return after

    def since(self, execution: Execution, place: Active) -> int:
        """Return the number of the entry with which a place that the journal has led to came to be."""
        self._look(execution)
        noted = self._standing.get(place.home.prefix)
        return execution.seq if noted is None else noted[1]

    def runs_since(self, execution: Execution, place: Active) -> int:
        """Return the number of the entry since which the effect at a place has been able to run."""
        return max(self.since(execution, place), self._loose)

    def _look(self, execution: Execution, *, jumped: bool = False) -> None:
        if execution.seq < self._applied:  # what was applied does not count; the recovery has begun anew
            self._standing.clear()
            self._loose = 0
        elif execution.seq > self._applied > 0 and not jumped:
            self._loose = execution.seq  # it has passed over what does not count
        self._applied = execution.seq
        for prefix in execution.touched:
            old, now = self._standing.get(prefix), execution.threads.find(prefix)
            if not isinstance(now, Active):
                self._standing.pop(prefix, None)
            elif old is None or not _is_same(old[0], now):
                self._standing[prefix] = (now, execution.seq)


def _is_same(old: Active, now: Active) -> bool:
    """Tell whether what is waited for at a place is what was waited for there before."""
    where = (old.address, old.gated, old.kept) == (now.address, now.gated, now.kept)
    return where and old.problem is now.problem and _is_same_standing(old.standing, now.standing)


def _is_same_standing(old: Standing, now: Standing) -> bool:
    if isinstance(old, Offer) and isinstance(now, Offer):
        return (old.sent, old.to, old.by) == (now.sent, now.to, now.by)
    return old is now
