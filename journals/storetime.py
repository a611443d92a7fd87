"""What time is it by the store's clock? What it last said, and what has passed here since."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class StoreClock:
    """Shows the time of a store; it never goes back. It may be set in one thread and read in another."""

    def __init__(self, at: datetime) -> None:
        self._base = (at.astimezone(UTC), self.reading())
        self._latest = self._base[0]

    def reading(self) -> float:
        """Return the reading, in seconds, of the clock here that runs evenly."""
        return time.monotonic()

    def set(self, at: datetime, asked_at: float) -> None:
        """Set it to what the store said, to a question that was asked at a reading: in the middle of the wait."""
        self._base = (at.astimezone(UTC), (asked_at + self.reading()) / 2)

    def now(self) -> datetime:
        """Return the time, in UTC."""
        at, reading = self._base
        now = at + timedelta(seconds=self.reading() - reading)
        if now > self._latest:
            self._latest = now
        return self._latest
