"""What can a journal do that lies in a database of the user's? Take part in transactions there.

Not every journal can. One that lets others write in its transactions has a property `transactions`, and one that writes
in those of others has a property `within`.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, cast

import attrs

from journals.entries import Commit, Entry, InstanceRecord
from journals.errors import RolledBack
from journals.ports import Journal


@attrs.frozen
class Begun:
    """Is an instance that has begun before: its record, and its first entry."""

    record: InstanceRecord
    started: Entry


class Transaction(Protocol):
    """Is an open transaction in the journal's database, for a user who writes to it and for one commit."""

    @property
    def connection(self) -> object:
        """Is where the user writes. Nobody else uses it meanwhile."""
        ...

    def why_anew(self, error: Exception) -> RolledBack | None:
        """Return why a transaction in which the user has met an error is to be begun anew; None when it is not."""
        ...

    async def commit(self, commit: Commit) -> None:
        """Store a commit together with what the user has written, whole, and end the transaction.

        Raises `RolledBack`, `SpoiledTransaction`, and what `Journal.commit` raises. Nothing was stored then; only after
        `JournalUnavailable` that is not known: a repeat finds it out, and raises `RolledBack` if it was not stored.
        """
        ...


class Transactions(Protocol):
    """Lets others write to the journal's database, in the transactions in which it stores its own."""

    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction on a connection of the journal. Without a commit it is rolled back at the end.

        Those who are too many wait. Raises `JournalUnavailable`.
        """
        ...


class StartsWithin(Protocol):
    """Starts instances within transactions of others, on their connections. The journal need not be open.

    All raise `WrongConnection`, what validation raises, `WorkflowDisabled`, and what the driver of the database raises.
    """

    def now(self, connection: object) -> datetime:
        """Return the time by the store's clock, asked on a blocking connection."""
        ...

    def start(self, connection: object, commit: Commit) -> Begun | None:
        """Store a commit that starts an instance, within the transaction that is open on a blocking connection.

        Return None, or the instance when it has begun before. Nothing is there until the caller commits.
        """
        ...

    async def start_async(self, connection: object, commit: Commit) -> Begun | None:
        """Do the same on a connection of either kind."""
        ...


class _Offering(Protocol):
    @property
    def transactions(self) -> Transactions | None: ...

    @property
    def within(self) -> StartsWithin | None: ...


def transactions_of(journal: Journal) -> Transactions | None:
    """Return what lets others write to the journal's database; None when it has nothing of the kind."""
    return cast(_Offering, journal).transactions if hasattr(journal, "transactions") else None


def starts_within_of(journal: Journal) -> StartsWithin | None:
    """Return what starts instances within transactions of others; None when the journal has nothing of the kind."""
    return cast(_Offering, journal).within if hasattr(journal, "within") else None
