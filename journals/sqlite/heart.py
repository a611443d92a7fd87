"""How does a member of a SQLite file stay one, and who else is gone? Its heart, which beats in its watching thread.

With each beat it prolongs the lease, takes out members that are gone, and now and then deletes what nobody needs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import attrs

from journals.liveness import is_gone
from journals.sqlite import sharing
from journals.sqlite.mail import forget_old
from journals.sqlite.notices import prune

_BEATS_A_LEASE = 4
_TRIES_A_LEASE = 16
_SECONDS_BETWEEN_CLEANINGS = 60.0


@attrs.frozen
class Joining:
    """Is who wants to be a member of a journal; `token` names the membership, see `journals.liveness`."""

    name: str
    knows: tuple[tuple[str, int], ...]
    lease: timedelta
    token: str
    journal: str


class Heart:
    """Keeps a membership. `elapsed` gives seconds that no change of the clock disturbs, like `time.monotonic`.

    Another member is gone when its process is known to have ended, or when its lease has run out by the clock and it
    has not been prolonged for half a lease by `elapsed`: a clock that is put forward kills nobody.
    """

    def __init__(self, connection: sqlite3.Connection, joining: Joining, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._lease = joining.lease
        self._seconds = joining.lease.total_seconds()
        self._renewed_at = elapsed()
        now = datetime.now(UTC)
        self.epoch = sharing.join(
            connection, joining.name, joining.token, joining.knows, now, now + joining.lease, joining.journal
        )
        self._next_beat = self._renewed_at + self._seconds / _BEATS_A_LEASE
        self._next_cleaning = self._renewed_at + _SECONDS_BETWEEN_CLEANINGS
        self._seen: dict[int, tuple[str, float]] = {}
        self.take_out_who_is_gone(connection)

    @property
    def is_due(self) -> bool:
        """Tell whether it is time for the next beat."""
        return self._elapsed() >= self._next_beat

    def beat(self, connection: sqlite3.Connection) -> bool:
        """Prolong the lease, and look after the others. Return whether this still is a member."""
        began = self._elapsed()
        try:
            is_member = sharing.renew(connection, self.epoch, datetime.now(UTC) + self._lease)
        except sqlite3.Error:  # The file cannot be written now; this is tried again until the lease has run out.
            self._next_beat = began + self._seconds / _TRIES_A_LEASE
            return self._elapsed() < self._renewed_at + self._seconds
        self._renewed_at = began
        self._next_beat = began + self._seconds / _BEATS_A_LEASE
        if is_member:
            self.take_out_who_is_gone(connection)
            self._clean(connection)
        return is_member

    def take_out_who_is_gone(self, connection: sqlite3.Connection) -> None:
        """Give back what members own that are gone."""
        others = sharing.others(connection, self.epoch)
        now, elapsed = datetime.now(UTC), self._elapsed()
        self._seen = {epoch: self._since(epoch, until, elapsed) for epoch, _, until in others}
        gone = [
            (epoch, until)
            for epoch, process, until in others
            if is_gone(process)
            or (
                datetime.fromisoformat(until) < now
                and elapsed - self._seen[epoch][1] >= self._seconds / 2
            )
        ]  # fmt: skip
        if gone:
            sharing.take_out(connection, gone)

    def _since(self, epoch: int, until: str, elapsed: float) -> tuple[str, float]:
        """Return the end of a member's lease, and since when it has been seen to end then."""
        seen = self._seen.get(epoch)
        return seen if seen is not None and seen[0] == until else (until, elapsed)

    def _clean(self, connection: sqlite3.Connection) -> None:
        prune(connection)
        if self._elapsed() >= self._next_cleaning:
            self._next_cleaning = self._elapsed() + _SECONDS_BETWEEN_CLEANINGS
            forget_old(connection)

    def stop(self, connection: sqlite3.Connection) -> None:
        """Be no member any more, and give back what is owned, unless that has been done."""
        if sharing.is_member(connection, self.epoch):
            sharing.take_out(connection, [(self.epoch, None)])
