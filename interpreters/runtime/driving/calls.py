"""What becomes of a call whose caller gives up? It goes on, so that nothing is left half done.

A commit that is under way cannot be taken back. If the call ended there, the journal would have it and the
instance in memory would not; so the call runs in a task of its own, and only the waiting for it is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from interpreters.errors import RuntimeStopped

T = TypeVar("T")


class Calls:
    """Runs the calls that write. `running` are those under way, for a runtime that wants to stop."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[Any]] = set()

    async def finish(
        self, call: Coroutine[Any, Any, T], then: Callable[[], Coroutine[Any, Any, None]] | None = None
    ) -> T:
        """Return what a call returns. It ends even when the caller is cancelled.

        When it has ended well, its task goes on with `then`, for which nobody waits. Raises `RuntimeStopped` when the
        runtime has broken the call off.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._run(call, answer, then))
        self.running.add(task)
        task.add_done_callback(partial(self._done, call, answer))
        return await answer

    async def _run(
        self,
        call: Coroutine[Any, Any, T],
        answer: asyncio.Future[T],
        then: Callable[[], Coroutine[Any, Any, None]] | None,
    ) -> None:
        try:
            answered = await call
        except Exception as error:
            if not answer.done():
                answer.set_exception(error)
            return
        if not answer.done():
            answer.set_result(answered)
        if then is not None:
            await then()

    def _done(self, call: Coroutine[Any, Any, T], answer: asyncio.Future[T], task: asyncio.Task[None]) -> None:
        """Note that a task has ended; one that was cancelled may never have begun."""
        self.running.discard(task)
        call.close()
        error = None if task.cancelled() else task.exception()
        if not answer.done():
            answer.set_exception(error or RuntimeStopped())
