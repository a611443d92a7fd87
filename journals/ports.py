"""What must a journal do? The whole contract, on one page; `journals.contract` proves it for an adapter."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from journals.entries import Commit, Entry, InstanceRecord, Status

LIMIT_BYTES = 2_000_000
"""Is the default limit of one payload."""

LONGEST_ID = 200
"""Is the greatest number of characters that the id of an instance may have."""


class Journal(Protocol):
    """Keeps the entries of many instances, in memory or in a database.

    All methods raise `JournalClosed` outside `open` and `close`, and `JournalUnavailable` when the store
    does not answer. An adapter raises no error of its driver.
    """

    async def open(self) -> None:
        """Connect, and create or migrate the schema. Opening twice does nothing.

        Raises `NewerSchema`, `NotAJournal` or `JournalReadOnly`, and then leaves the store as it was.
        """
        ...

    async def close(self) -> None:
        """Finish the commits under way and release everything. Closing twice does nothing."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self, commit: Commit) -> None:
        """Store a commit, whole; when it returns, the commit survives a kill of the process.

        Of two concurrent commits that expect the same entry, one is stored; the other raises `Conflict`. A commit
        that is repeated with its token is stored once and reported as done. Raises `UnknownInstance` when
        `expected` is not 0 and there is no such instance, `PayloadTooLarge`, or `InvalidCommit`.
        """
        ...

    async def read(self, instance_id: str, *, after: int = 0, most: int = 1_000) -> tuple[Entry, ...]:
        """Return the entries with `seq > after`, in order and without a gap, at most `most` of them.

        An instance without such entries gives (). Raises `UnknownInstance`, or `CorruptEntry`.
        """
        ...

    async def find(self, instance_id: str) -> InstanceRecord:
        """Return the record of an instance. Raises `UnknownInstance`."""
        ...

    async def find_key(self, instance_id: str, key: str) -> Entry | None:
        """Return the last entry that was recorded under an idempotency key, or None. Raises `UnknownInstance`."""
        ...

    async def find_all(
        self, *, statuses: frozenset[Status] | None = None, after: str = "", most: int = 1_000
    ) -> tuple[InstanceRecord, ...]:
        """Return records with `id > after` in the order of their ids (by code point), at most `most` of them.

        `statuses=None` means every status.
        """
        ...
