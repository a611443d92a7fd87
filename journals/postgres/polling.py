"""How does one hear who cannot listen, because a pooler lies between? By asking every second what has happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from journals.postgres.connections import Connection
from journals.postgres.heartbeat import UNHEARD_AFTER, Asking, Heartbeat
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
_MEMBERS = ("other", "late")


class Polling:
    """Is the duty of a member, or a listener, that asks instead of listening; see `journals.postgres.watch.Duty`.

    One statement asks, and renews the lease of a member: so it says about as little as one who listens.
    """

    def __init__(
        self, asking: Asking, heartbeat: Heartbeat | None, token: str, knows: Sequence[tuple[str, int]]
    ) -> None:
        self.epoch = None if heartbeat is None else heartbeat.epoch
        self.lease_seconds = None if heartbeat is None else heartbeat.lease_seconds
        self.every_seconds = _EVERY_SECONDS if heartbeat is None else min(_EVERY_SECONDS, heartbeat.every_seconds)
        self._asking = asking
        self._heartbeat = heartbeat
        self._tidy_at = 0.0
        self._is_untidy = False
        self._is_unheard = False
        lease = None if self.lease_seconds is None else f"{self.lease_seconds} seconds"
        self._me = (token, None if self.epoch is None else str(self.epoch))
        self._rest = (array(name for name, _ in knows), array(version for _, version in knows), lease, UNHEARD_AFTER)
        self._asked_at: datetime | None = None
        self._told: set[tuple[str, str]] = set()

    async def begin(self, connection: Connection) -> None:
        """See whether it is still the same server."""
        if self._heartbeat is not None:
            await self._heartbeat.see(connection)

    async def again(self, connection: Connection) -> Sequence[Notice] | None:
        """Return what has happened; None when it has found that this member is none any more."""
        heart = self._heartbeat
        if heart is not None and heart.went_back:
            return None
        since = None if self._asked_at is None else self._asked_at.isoformat()
        reading = None if heart is None else heart.clock.reading()
        rows = await self._asking.rows(connection, self._asking.statements.poll, *self._me, since, *self._rest)
        self._asked_at = rows[0][0]
        found = [row[1:] for row in rows if row[1] is not None]
        if heart is not None and reading is not None:
            heart.clock.set(rows[0][0], reading)
            if not any(word == "renewed" for word, _ in found):
                return None
            await heart.bury(connection, [_member(word, text) for word, text in found if word in _MEMBERS])
        self._is_unheard = any(word == "unheard" for word, _ in found)
        return self._fresh([each for each in found if each[0] in _NOTICES])

    def _fresh(self, found: Sequence[tuple[Any, ...]]) -> list[Notice]:
        """Return what is new: one looks back a bit, as what was done earlier may show later."""
        lasting = {(word, text) for word, text in found if word in ("answered", "rested", "deliver", "changed")}
        fresh = [(word, text) for word, text in found if (word, text) not in self._told]
        self._told = lasting
        return [_NOTICES[word](text) for word, text in fresh]

    async def tidy(self, connection: Connection) -> bool:
        """Do what a heart does after a beat, as often as one beats."""
        heart = self._heartbeat
        if heart is not None and time.monotonic() >= self._tidy_at:
            self._tidy_at, self._is_untidy = time.monotonic() + heart.every_seconds, True
        if heart is None or not self._is_untidy:
            return False
        self._is_untidy = await heart.tidy(connection, is_unheard=self._is_unheard)
        return self._is_untidy

    async def end(self, connection: Connection) -> None:
        """Leave, if it is a member."""
        await self._asking.rows(connection, self._asking.statements.stop_polling, self._me[0])
        if self._heartbeat is not None:
            await self._heartbeat.end(connection)


def _member(word: str, text: str) -> tuple[int, str, bool]:
    """Return epoch and process of another member, and whether its lease is over."""
    epoch, _, process = text.partition(" ")
    return int(epoch), process, word == "late"
