"""How is a step tested that writes in a transaction? A journal of any kind lends what the test gives as a connection.

What is written there and what is stored are not one transaction: this is for tests.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TypeAlias

from journals.entries import Commit
from journals.errors import RolledBack
from journals.forwarding import ForwardingJournal
from journals.ports import Journal

Connecting: TypeAlias = Callable[[], AbstractAsyncContextManager[object]]
"""Gives a connection inside `async with`; when that ends with an error, what was written is to be undone."""


class LendingJournal(ForwardingJournal):
    """Passes everything on to a journal, and has transactions on the connections that `connect` gives."""

    def __init__(self, journal: Journal, connect: Connecting) -> None:
        super().__init__(journal)
        self._connect = connect

    @property
    def transactions(self) -> LentTransactions:
        """See `journals.transactions`."""
        return LentTransactions(self.journal, self._connect)


class LentTransactions:
    """Begins transactions on connections of a test."""

    def __init__(self, journal: Journal, connect: Connecting) -> None:
        self._journal = journal
        self._connect = connect

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[LentTransaction, None]:
        """See `Transactions`."""
        connecting = self._connect()
        transaction = LentTransaction(self._journal, connecting, await connecting.__aenter__())
        try:
            yield transaction
        finally:
            await transaction.roll_back()


class LentTransaction:
    """Is what is written on a connection of a test, and a commit."""

    def __init__(self, journal: Journal, connecting: AbstractAsyncContextManager[object], connection: object) -> None:
        self._journal = journal
        self._connecting = connecting
        self._is_over = False
        self.connection = connection

    def why_anew(self, error: Exception) -> RolledBack | None:
        """Return the error itself when a test lets the effect raise it as a conflict."""
        return error if isinstance(error, RolledBack) else None

    async def commit(self, commit: Commit) -> None:
        """Store a commit, and end the connection well."""
        await self._journal.commit(commit)
        if not self._is_over:
            self._is_over = True
            await self._connecting.__aexit__(None, None, None)

    async def roll_back(self) -> None:
        """End the connection with an error, unless the commit was stored."""
        if not self._is_over:
            error = RolledBack("Nothing was committed.")
            with suppress(RolledBack):
                await self._connecting.__aexit__(RolledBack, error, None)
