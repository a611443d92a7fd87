"""How long may an attempt take? Until a time of the clock; then it is broken off, and what it still says is refused.

A coroutine is cancelled. A plain function goes on in its thread, but nobody waits for it any more.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from interpreters.runtime.clock import Clock


class Limit:
    """Bounds what is done inside `async with`: at `due` the task is cancelled. None is no bound.

    It then ends with `TimeoutError`, unless somebody else has cancelled the task as well: that goes on as it is.
    """

    def __init__(self, clock: Clock, due: datetime | None, what: str) -> None:
        self._clock = clock
        self._due = due
        self._what = what
        self._task: asyncio.Task[Any] | None = None
        self._alarm: asyncio.Task[None] | None = None
        self._is_over = False

    async def __aenter__(self) -> Self:
        if self._due is not None:
            if self._due <= self._clock.now():
                raise TimeoutError(f"{self._what}: its time was over before it began.")
            self._task = asyncio.current_task()
            self._alarm = asyncio.create_task(self._break_off(self._due))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._is_over and self._task is not None and self._task.uncancel() == 0:
            raise TimeoutError(f"{self._what} took too long, and was broken off.") from error

    async def _break_off(self, due: datetime) -> None:
        while self._clock.now() < due:
            await self._clock.sleep_until(due)
        self._is_over = True
        if self._task is not None:
            self._task.cancel()
