"""What is asked for often and done one at a time? A job of which a new round follows when it was asked for meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from journals.errors import JournalError

_LOG = logging.getLogger("wio.runtime")


class Rounds:
    """Runs a job that gathers by itself what there is to do, never twice at a time.

    When the store does not answer, that is said in the log, and the next `ask` tries again.
    """

    def __init__(self, what: str, job: Callable[[], Awaitable[None]]) -> None:
        self._what = what
        self._job = job
        self._asked = False
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> frozenset[asyncio.Task[None]]:
        """Is the task of the round under way, or nothing."""
        return frozenset() if self._task is None else frozenset({self._task})

    def ask(self) -> None:
        """Let a round begin now, or after the one under way."""
        self._asked = True
        if self._task is None:
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(self._ended)

    async def rest(self) -> None:
        """Return when no round is under way."""
        while self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while self._asked:
            self._asked = False
            try:
                await self._job()
            except JournalError as error:
                _LOG.warning("To %s was not possible: %s", self._what, error)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            _LOG.error("To %s was not possible", self._what, exc_info=error)
