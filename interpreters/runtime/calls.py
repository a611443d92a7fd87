"""What becomes of a call whose caller gives up? It goes on, so that nothing is left half done.

A commit that is under way cannot be taken back. If the call ended there, the journal would have it and the
instance in memory would not; so the call runs in a task of its own, and only the waiting for it is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from interpreters.errors import RuntimeStopped
from interpreters.runtime.effects import is_cancelled

T = TypeVar("T")


class Calls:
    """Runs the calls that write. `running` are those under way, for a runtime that wants to stop."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[Any]] = set()

    async def finish(self, call: Coroutine[Any, Any, T]) -> T:
        """Return what a call returns. It ends even when the caller is cancelled.

        Raises `RuntimeStopped` when the runtime has broken it off.
        """
        task = asyncio.create_task(call)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            raise RuntimeStopped from None
