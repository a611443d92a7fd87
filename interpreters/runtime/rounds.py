"""What is asked for often, and done one at a time? A job that runs again when it was asked for meanwhile."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

from interpreters.runtime.patience import delays
from journals.errors import JournalUnavailable

_LOG = logging.getLogger("wio.runtime")

LookAgain: TypeAlias = tuple[timedelta, timedelta]
"""Is after how long, at least and at most, one looks by oneself: a notice may have been lost."""

LOOK_AGAIN: LookAgain = (timedelta(seconds=5), timedelta(seconds=30))


class Rounds:
    """Runs a job that gathers by itself what there is to do, never twice at a time.

    While the store is away it tries again and again, until it is told to `stop`. `what` says for the log what it does.
    """

    def __init__(self, what: str, job: Callable[[], Awaitable[None]]) -> None:
        self._what = what
        self._job = job
        self._asked = False
        self._is_stopping = False
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> frozenset[asyncio.Task[None]]:
        """Is the task of the round under way, or nothing."""
        return frozenset() if self._task is None else frozenset({self._task})

    def ask(self) -> None:
        """Let a round begin now, or after the one under way."""
        self._asked = not self._is_stopping
        if self._task is None and self._asked:
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Begin no round any more, and return when none is under way."""
        self._is_stopping, self._asked = True, False
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        waits = delays()
        while self._asked:
            self._asked = False
            try:
                await self._job()
            except JournalUnavailable as error:
                delay = next(waits)
                _LOG.warning("Could not %s: %s Trying again in %.1f s.", self._what, error, delay)
                await asyncio.sleep(delay)
                self._asked = not self._is_stopping
            else:
                waits = delays()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            _LOG.error("Could not %s", self._what, exc_info=error)
        if self._asked and not task.cancelled():  # after the job had looked for the last time
            self.ask()


def seconds_of(look_again: LookAgain) -> float:
    """Return a random number of seconds between the two, so that not everybody looks at once."""
    least, most = look_again
    return random.uniform(least.total_seconds(), most.total_seconds())
