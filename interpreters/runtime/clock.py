"""What time is it, and who wakes the runtime? A port, and the machine's clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

_LONGEST_SLEEP = timedelta(seconds=1)
"""Is after how long a clock is looked at again: it may have been set, or the machine may have been suspended."""


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        ...

    async def sleep_until(self, due: datetime) -> None:
        """Return at `due` or a little later, and at once when it has passed. It may return early."""
        ...


class SystemClock:
    """Is the clock of this computer."""

    def now(self) -> datetime:
        """Return the present time, aware, in UTC."""
        return datetime.now(UTC)

    async def sleep_until(self, due: datetime) -> None:
        """Sleep until `due`, or for a while when that is longer. See `Clock.sleep_until`."""
        await sleep_until(self, due)


async def sleep_until(clock: Clock, due: datetime) -> None:
    """Sleep until it is `due` by a clock that goes as fast as the event loop's, but for a second at most."""
    delay = min(due - clock.now(), _LONGEST_SLEEP)
    if delay > timedelta(0):
        await asyncio.sleep(delay.total_seconds())
