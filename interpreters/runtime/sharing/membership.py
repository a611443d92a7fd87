"""Who is a runtime among all that share a store? A member, with a number in each commit. A lost place is taken anew.

Where the store does not take it back, as after a migration by a newer release, it is refused for good.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterable
from datetime import datetime

from interpreters.runtime.clock import sleep_until
from interpreters.runtime.rounds import Rounds
from journals.errors import JournalError, JournalUnavailable, NotOwner
from journals.ports import Journal, Member
from journals.sharing import Claimed, Hear, Missed, Released, Work


class Membership:
    """Is the place of a runtime among the members of its store. `knows` are the workflows and versions it runs.

    `refused` has, when it has come to that, why the store does not take this runtime back.
    """

    def __init__(self, journal: Journal, knows: Iterable[tuple[str, int]], hear: Hear) -> None:
        self._journal = journal
        self._knows = tuple(knows)
        self._hear = hear
        self._member: Member | None = None
        self.refused: asyncio.Future[JournalError] = asyncio.get_running_loop().create_future()
        self._is_settled = asyncio.Event()
        self._joining = Rounds("join the members of the journal again", self._join_again)

    @property
    def member(self) -> Member:
        """Is the latest membership; the runtime joins before it does anything else."""
        assert self._member is not None
        return self._member

    def holds(self, member: Member) -> bool:
        """Tell whether a membership is the present one, as far as is known here."""
        return self._is_settled.is_set() and not self.refused.done() and member is self._member

    async def join(self) -> None:
        """Become a member."""
        self._member = await self._journal.join(f"{socket.gethostname()}:{os.getpid()}", self._knows, self._hear)
        self._is_settled.set()

    async def _join_again(self) -> None:
        """Become a member again, once for each loss, and look for what has happened meanwhile."""
        if self._is_settled.is_set():
            return
        try:
            await self.join()
        except JournalUnavailable:
            raise
        except JournalError as error:
            self.refused.set_result(error)
            self._is_settled.set()
            return
        self._hear(Work())
        self._hear(Missed())

    def was_lost(self, epoch: int) -> None:
        """Become a member again, after the lease has run out."""
        if epoch == self.member.epoch and not self.refused.done():
            self._is_settled.clear()
            self._joining.ask()

    async def epoch(self, *, lost: int | None = None) -> int:
        """Return the epoch of the membership, once there is one that is not known to be `lost`.

        Raises what the store says when it takes this runtime in no more.
        """
        if lost is not None:
            self.was_lost(lost)
        await self._is_settled.wait()
        if self.refused.done():
            raise self.refused.result().with_traceback(None)
        return self.member.epoch

    async def claim_instance(self, instance_id: str) -> tuple[int, Claimed]:
        """Return the epoch with which an instance is owned, and what it is. See `Member.claim_instance`."""
        while True:
            member = self.member
            try:
                return member.epoch, await member.claim_instance(instance_id)
            except NotOwner:
                await self.epoch(lost=member.epoch)

    async def release(self, epoch: int, released: Released) -> None:
        """Give an instance back that was claimed with an epoch."""
        if epoch == self.member.epoch:
            await self.member.release([released])

    async def leave(self) -> None:
        """Give everything back."""
        await self._joining.stop()
        if self._member is not None:
            await self._member.leave()


class StoreClock:
    """Is the clock of the store, which decides for all of its members what is due."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def now(self) -> datetime:
        """Return the present time by the store's clock, aware, in UTC."""
        return self._membership.member.now()

    async def sleep_until(self, due: datetime) -> None:
        """Sleep until `due`, or for a while when that is longer. See `Clock.sleep_until`."""
        await sleep_until(self, due)
