"""How does one hear who cannot listen, because a pooler lies between? By asking every second what has happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from journals.postgres.connections import Connection
from journals.postgres.heartbeat import Asking, Heartbeat
from journals.postgres.values import array
from journals.sharing import Answered, Changed, Mail, Notice, Rested, ToDeliver, Work

_EVERY_SECONDS = 1.0

_NOTICES: dict[str, Callable[[str], Notice]] = {
    "work": lambda _: Work(),
    "mail": Mail,
    "answered": lambda text: Answered(int(text)),
    "rested": Rested,
    "deliver": lambda _: ToDeliver(),
    "changed": lambda _: Changed(),
}


class Polling:
    """Is the duty of a member, or a listener, that asks instead of listening; see `journals.postgres.watch.Duty`."""

    def __init__(
        self, asking: Asking, heartbeat: Heartbeat | None, token: str, knows: Sequence[tuple[str, int]]
    ) -> None:
        self.epoch = None if heartbeat is None else heartbeat.epoch
        self.lease_seconds = None if heartbeat is None else heartbeat.lease_seconds
        self.every_seconds = _EVERY_SECONDS if heartbeat is None else min(_EVERY_SECONDS, heartbeat.every_seconds)
        self._asking = asking
        self._heartbeat = heartbeat
        self._beat_at = 0.0
        self._has_beaten = False
        self._token = token
        self._knows = (array(name for name, _ in knows), array(version for _, version in knows))
        self._asked_at: datetime | None = None
        self._told: set[tuple[str, str]] = set()

    async def begin(self, connection: Connection) -> None:
        """Begin at once with a heartbeat."""
        self._beat_at = 0.0
        if self._heartbeat is not None:
            await self._heartbeat.see(connection)

    async def again(self, connection: Connection) -> Sequence[Notice] | None:
        """Beat, when it is time, and return what has happened."""
        heart = self._heartbeat
        if heart is not None and time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + heart.every_seconds
            self._has_beaten = True
            if await heart.again(connection) is None:
                return None
        since = None if self._asked_at is None else self._asked_at.isoformat()
        epoch = None if self.epoch is None else str(self.epoch)
        rows = await self._asking.rows(
            connection, self._asking.statements.poll, self._token, epoch, since, *self._knows
        )
        self._asked_at = rows[0][0]
        return self._fresh([row[1:] for row in rows if row[1] is not None])

    def _fresh(self, found: Sequence[tuple[Any, ...]]) -> list[Notice]:
        """Return what is new: one looks back a bit, as what was done earlier may show later."""
        lasting = {(word, text) for word, text in found if word in ("answered", "rested", "deliver", "changed")}
        fresh = [(word, text) for word, text in found if (word, text) not in self._told]
        self._told = lasting
        return [_NOTICES[word](text) for word, text in fresh]

    async def tidy(self, connection: Connection) -> bool:
        """Do what a heart does after a beat."""
        if self._heartbeat is None or not self._has_beaten:
            return False
        more = await self._heartbeat.tidy(connection)
        self._has_beaten = more
        return more

    async def end(self, connection: Connection) -> None:
        """Leave, if it is a member."""
        await self._asking.rows(connection, self._asking.statements.stop_polling, self._token)
        if self._heartbeat is not None:
            await self._heartbeat.end(connection)
