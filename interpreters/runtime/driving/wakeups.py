"""When must the runtime look at which instance again? A heap of times, and one task that sleeps until the nearest."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime

from interpreters.runtime.clock import Clock


class WakeUps:
    """Calls `wake` with an instance's id when its time has come. Nothing is polled."""

    def __init__(self, clock: Clock, wake: Callable[[str], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._heap: list[tuple[datetime, str]] = []
        self._due_by_id: dict[str, datetime] = {}
        self._nearer = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def set(self, instance_id: str, due: datetime | None) -> None:
        """Wake an instance at a time, or never, instead of at any time set before."""
        if self._due_by_id.get(instance_id) == due:
            return
        if due is None:
            del self._due_by_id[instance_id]
            return
        self._due_by_id[instance_id] = due
        heapq.heappush(self._heap, (due, instance_id))
        if self._heap[0] == (due, instance_id):
            self._nearer.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def bring_forward(self, instance_id: str, due: datetime) -> None:
        """Wake an instance at a time, unless it is woken earlier."""
        before = self._due_by_id.get(instance_id)
        if before is None or due < before:
            self.set(instance_id, due)

    def nearest(self) -> datetime | None:
        """Return the time of the next wake-up, or None."""
        while self._heap and self._due_by_id.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def wake_due(self) -> None:
        """Wake everybody whose time has come, now."""
        now = self._clock.now()
        while (due := self.nearest()) is not None and due <= now:
            _, instance_id = heapq.heappop(self._heap)
            del self._due_by_id[instance_id]
            self._wake(instance_id)

    async def stop(self) -> None:
        """Wake nobody any more."""
        self._heap.clear()
        self._due_by_id.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            self._nearer.clear()
            self.wake_due()
            due = self.nearest()
            if due is None:
                await self._nearer.wait()
            else:
                await self._sleep(due)

    async def _sleep(self, due: datetime) -> None:
        """Sleep until the time, or until a nearer one is set."""
        sleep = asyncio.ensure_future(self._clock.sleep_until(due))
        nearer = asyncio.ensure_future(self._nearer.wait())
        try:
            await asyncio.wait({sleep, nearer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            nearer.cancel()
