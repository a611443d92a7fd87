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

import attrs

_Ended: TypeAlias = tuple[Any, BaseException | None]


class Workers(Protocol):
    """Runs plain functions for a runtime."""

    async def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Return what the function returns, called in a copy of this context; raise what it raises."""
        ...

    def close(self) -> None:
        """Begin nothing more. A runtime that starts later may run functions again."""
        ...


@attrs.frozen(eq=False)
class _Job:
    context: contextvars.Context
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    ended: asyncio.Future[_Ended]


class Threads:
    """Runs functions in up to `most` threads, which are started when they are needed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._crew = _Crew(most)

    async def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Return what the function returns, called in a thread and in a copy of this context; raise what it raises.

        When the call is cancelled, a function that has begun goes on in its thread, and one that has not never does.
        """
        ended: asyncio.Future[_Ended] = asyncio.get_running_loop().create_future()
        self._crew.take(_Job(contextvars.copy_context(), function, arguments, ended))
        returned, raised = await ended
        if raised is not None:
            raise raised
        return returned

    def close(self) -> None:
        """Let every thread end after its present job."""
        self._crew.dismiss()
        self._crew = _Crew(self._most)


class _Crew:
    """Is threads with one queue. A function that nobody waits for any more still keeps its thread busy."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._started = 0
        self._busy = 0

    def take(self, job: _Job) -> None:
        self._busy += 1
        if self._busy > self._started and self._started < self._most:
            self._started += 1
            threading.Thread(target=self._work, name=f"wio-effect-{self._started}", daemon=True).start()
        self._jobs.put(job)

    def dismiss(self) -> None:
        for _ in range(self._started):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._report(job.ended, _outcome(job))
            del job  # an idle thread keeps no values alive

    def _report(self, ended: asyncio.Future[_Ended], outcome: _Ended) -> None:
        loop = ended.get_loop()
        try:
            loop.call_soon_threadsafe(self._settle, ended, outcome)
        except RuntimeError:
            if not loop.is_closed():
                raise

    def _settle(self, ended: asyncio.Future[_Ended], outcome: _Ended) -> None:
        self._busy -= 1
        if not ended.done():
            ended.set_result(outcome)


def _outcome(job: _Job) -> _Ended:
    if job.ended.done():  # cancelled while it was in the queue
        return None, None
    try:
        return job.context.run(job.function, *job.arguments), None
    except BaseException as error:  # what it is decides the awaiting side, KeyboardInterrupt included
        return None, error
