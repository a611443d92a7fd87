"""When does a call give up on Postgres? After it has tried again, on fresh connections, for as long as it may."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from journals.errors import InvalidCommit, JournalError
from journals.postgres.connections import Connect, Connection, Connections
from journals.postgres.errors import DRIVER_ERRORS, may_pass, translated

Answer = TypeVar("Answer")

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.25


class Session:
    """Is what an open journal works with: a connection for commits and some for reads.

    With a single connection in all, commits and reads take turns. `patience` bounds one try, and the time after
    which there is no other. Once a call has given up, each further call tries once only, after a pause, until one
    succeeds: a server that is away is neither hammered nor waited for again and again.
    """

    def __init__(self, connect: Connect, pool_size: int, patience: timedelta, journal: str) -> None:
        self._commits = Connections(connect, 1)
        self._reads = Connections(connect, pool_size - 1) if pool_size > 1 else self._commits
        self._patience_seconds = patience.total_seconds()
        self._journal = journal
        self._gave_up = False

    async def once(self, work: Callable[[Connection], Awaitable[Answer]], seconds: float | None = None) -> Answer:
        """Return what `work` makes of the connection for commits, in so many seconds. Raises at the first error."""
        try:
            return await self._try(self._commits, work, seconds)
        except DRIVER_ERRORS as error:
            raise translated(error, self._journal, commits=False) from error

    async def commit(self, work: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """Return what `work` makes of the connection for commits, in the end; it may run several times."""
        return await self._patiently(self._commits, work, commits=True)

    async def read(self, work: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """Return what `work` makes of a connection for reads, in the end; it may run several times."""
        return await self._patiently(self._reads, work, commits=False)

    async def close(self) -> None:
        """Wait for what is under way, and close the connections."""
        await self._commits.close()
        if self._reads is not self._commits:
            await self._reads.close()

    async def _patiently(
        self, connections: Connections, work: Callable[[Connection], Awaitable[Answer]], *, commits: bool
    ) -> Answer:
        now = asyncio.get_running_loop().time
        ends_at, pause_seconds = now() + self._patience_seconds, _FIRST_PAUSE_SECONDS
        if self._gave_up:
            await asyncio.sleep(_LONGEST_PAUSE_SECONDS)
            ends_at = now()
        while True:
            try:
                answer = await self._try(connections, work)
            except DRIVER_ERRORS as error:
                problem = await self._problem(error, commits)
                if not may_pass(error) or now() + pause_seconds > ends_at:
                    self._gave_up = may_pass(error)
                    raise problem from error
            else:
                self._gave_up = False
                return answer
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    async def _try(
        self, connections: Connections, work: Callable[[Connection], Awaitable[Answer]], seconds: float | None = None
    ) -> Answer:
        async with asyncio.timeout(seconds or self._patience_seconds), connections.borrowed() as connection:
            return await work(connection)

    async def _problem(self, error: Exception, commits: bool) -> JournalError:
        """Return the journal's error. Idle connections are let go: they are likely as bad as the one that failed."""
        problem = translated(error, self._journal, commits=commits)
        if not isinstance(problem, InvalidCommit):
            await self._commits.close_idle()
            await self._reads.close_idle()
        return problem
