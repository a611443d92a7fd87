"""Which faults must the laws of transactions catch? Journals whose transactions have one fault each."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from journals.entries import Commit, Status
from journals.errors import Conflict, RolledBack
from journals.forwarding import ForwardingJournal
from journals.laws.samples import commit
from journals.lending import LendingJournal, LentTransaction
from journals.memory import InMemoryJournal
from journals.ports import Journal


@asynccontextmanager
async def connect() -> AsyncGenerator[object, None]:
    """Give a connection to nothing."""
    yield object()


def lending(journal: Journal) -> LendingJournal:
    """Return a journal with transactions."""
    return LendingJournal(journal, connect)


class Forgets(LentTransaction):
    async def commit(self, commit: Commit) -> None:
        del commit


class StoresAtTheEnd(LentTransaction):
    waiting: Commit | None = None

    async def commit(self, commit: Commit) -> None:
        self.waiting = commit

    async def roll_back(self) -> None:
        if self.waiting is not None:
            await super().commit(self.waiting)


class TakesConflictsForDone(LentTransaction):
    async def commit(self, commit: Commit) -> None:
        with contextlib.suppress(Conflict):
            await super().commit(commit)


class StoresTwice(LentTransaction):
    async def commit(self, commit: Commit) -> None:
        if self._is_over:
            raise Conflict(commit.instance_id, commit.expected)
        await super().commit(commit)


class TellsNobody(LentTransaction):
    async def commit(self, commit: Commit) -> None:
        await super().commit(replace(commit, status=Status.RUNNING))


class BlamesTheDatabase(LentTransaction):
    def why_anew(self, error: Exception) -> RolledBack | None:
        return RolledBack(str(error))


class WritesAllTheSame(LentTransaction):
    async def roll_back(self) -> None:
        if not self._is_over:
            found = await self._journal.find("instance")
            await self._journal.commit(commit("instance", found.last_seq))


class FaultyTransactions(ForwardingJournal):
    """Has transactions of a kind that has a fault."""

    def __init__(self, kind: type[LentTransaction]) -> None:
        super().__init__(InMemoryJournal())
        self._kind = kind

    @property
    def transactions(self) -> Any:
        """See `journals.transactions`."""
        return self

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[LentTransaction, None]:
        """Begin one."""
        connecting = connect()
        transaction = self._kind(self.journal, connecting, await connecting.__aenter__())
        try:
            yield transaction
        finally:
            await transaction.roll_back()


TRANSACTION_FAULTS: dict[str, tuple[type[LentTransaction], ...]] = {
    "a_commit_in_a_transaction_is_stored": (Forgets, StoresAtTheEnd),
    "a_transaction_without_a_commit_stores_nothing": (WritesAllTheSame,),
    "a_refused_commit_in_a_transaction_stores_nothing": (TakesConflictsForDone, WritesAllTheSame),
    "a_commit_in_a_transaction_may_be_repeated": (StoresTwice,),
    "an_end_in_a_transaction_is_told": (TellsNobody,),
    "an_error_of_the_user_is_no_reason_to_begin_anew": (BlamesTheDatabase,),
}
"""Has, for each law, transactions that break it."""
