"""Where do effects run that are plain functions? In threads, off the event loop.

The threads are daemons: an effect that never returns cannot keep the process from ending. What it did is
then unknown, which the journal shows as a lost attempt.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias

_Job: TypeAlias = "tuple[contextvars.Context, Callable[..., Any], tuple[Any, ...], asyncio.Future[_Ended]]"
_Ended: TypeAlias = tuple[Any, BaseException | None]


class Workers(Protocol):
    """Runs plain functions for a runtime."""

    async def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Return what the function returns, called in a copy of this context; raise what it raises."""
        ...

    def close(self) -> None:
        """Accept nothing more."""
        ...


class Threads:
    """Runs functions in up to `most` threads, which are started when they are needed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._started = 0
        self._busy = 0

    async def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Return what the function returns, called in a thread and in a copy of this context; raise what it raises."""
        ended: asyncio.Future[_Ended] = asyncio.get_running_loop().create_future()
        self._busy += 1
        if self._busy > self._started and self._started < self._most:
            self._started += 1
            threading.Thread(target=self._work, name=f"wio-effect-{self._started}", daemon=True).start()
        self._jobs.put((contextvars.copy_context(), function, arguments, ended))
        try:
            returned, raised = await ended
        finally:
            self._busy -= 1
        if raised is not None:
            raise raised
        return returned

    def close(self) -> None:
        """Let every thread end after its present job."""
        for _ in range(self._started):
            self._jobs.put(None)
        self._started = 0

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            context, function, arguments, ended = job
            try:
                outcome: _Ended = (context.run(function, *arguments), None)
            except BaseException as error:  # what it is decides the awaiting side, KeyboardInterrupt included
                outcome = (None, error)
            _report(ended, outcome)


def _report(ended: asyncio.Future[_Ended], outcome: _Ended) -> None:
    loop = ended.get_loop()
    try:
        loop.call_soon_threadsafe(_settle, ended, outcome)
    except RuntimeError:
        if not loop.is_closed():
            raise


def _settle(ended: asyncio.Future[_Ended], outcome: _Ended) -> None:
    if not ended.done():
        ended.set_result(outcome)
