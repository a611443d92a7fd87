"""Who is a runtime among all that share a store? A member, with a number in every commit; a lost place is taken anew."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from datetime import datetime

from interpreters.runtime.clock import sleep_until
from journals.ports import Journal, Member
from journals.sharing import Hear


class Membership:
    """Is the place of a runtime among the members of its store."""

    def __init__(self, journal: Journal, knows: Iterable[tuple[str, int]], hear: Hear) -> None:
        self._journal = journal
        self._knows = tuple(knows)
        self._hear = hear
        self._member: Member | None = None

    @property
    def member(self) -> Member:
        """Is the membership of now; the runtime joins before it does anything else."""
        assert self._member is not None
        return self._member

    async def join(self) -> None:
        """Become a member, also again after a membership was lost."""
        self._member = await self._journal.join(f"{socket.gethostname()}:{os.getpid()}", self._knows, self._hear)

    async def leave(self) -> None:
        """Give everything back."""
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
