"""Which store do the processes of the soak share? A file of SQLite, or a database by its DSN; with a short lease."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from journals import Journal, SqliteJournal
from journals.forwarding import ForwardingJournal
from journals.ports import Member
from journals.sharing import LEASE, Hear, Lost, Notice


def opened(place: str) -> Journal:
    """Return the unopened journal at a place: the path of a file, or the DSN of a Postgres."""
    if not has_transactions(place):
        return SqliteJournal(place)
    from journals.postgres import PostgresJournal  # noqa: PLC0415  (an optional dependency)

    return PostgresJournal(place)


def has_transactions(place: str) -> bool:
    """Tell whether steps can write in the transactions of the journal at a place."""
    return place.startswith("postgresql:")


class ShortLease(ForwardingJournal):
    """Passes everything on to a journal, but joins it with a lease of its own, and tells when that was lost."""

    def __init__(self, journal: Journal, lease: timedelta, lost: Callable[[], None]) -> None:
        super().__init__(journal)
        self._lease = lease
        self._lost = lost

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> Member:
        """Join with the lease given to this, not to the call."""
        del lease

        def told(notice: Notice) -> None:
            if isinstance(notice, Lost):
                self._lost()
            hear(notice)

        return await super().join(name, knows, told, lease=self._lease)
