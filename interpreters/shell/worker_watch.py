"""How much does a worker do? Its journal is watched: what it commits, how late it claims, and as which member."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from journals.entries import Commit, Kind
from journals.forwarding import ForwardingJournal
from journals.ports import Journal, Member
from journals.sharing import LEASE, Claims, Hear

T = TypeVar("T")

WINDOW_SECONDS = 10.0
"""Is how far the figures look back."""

_STEPS = frozenset(
    {
        Kind.EVENT,
        Kind.SIGNAL,
        Kind.TIMER_FIRED,
        Kind.TASK_COMPLETED,
        Kind.TASK_FAILED,
        Kind.TASK_SKIPPED,
        Kind.CHILD_ENDED,
    }
)
"""Are the entries with which a step ends."""


class WatchedJournal(ForwardingJournal):
    """Passes everything on, and counts. `joined` is told the epoch of each membership, before that `opened` is called.

    `elapsed` gives seconds that no change of the clock disturbs.
    """

    def __init__(
        self,
        journal: Journal,
        joined: Callable[[int], None],
        elapsed: Callable[[], float] = time.monotonic,
        *,
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(journal)
        self._joined = joined
        self._opened = opened
        self._elapsed = elapsed
        self._began = elapsed()
        self._member: Member | None = None
        self._steps: deque[tuple[float, int]] = deque()
        self._lags: deque[tuple[float, timedelta]] = deque()

    @property
    def epoch(self) -> int | None:
        """Is that of the last membership, None before the first."""
        return None if self._member is None else self._member.epoch

    def steps_a_second(self) -> float:
        """Return how many steps have ended in a second, lately."""
        now = self._elapsed()
        _forget(self._steps, now)
        return sum(number for _, number in self._steps) / max(1.0, min(WINDOW_SECONDS, now - self._began))

    def lag(self) -> timedelta:
        """Return how late the latest of what was due has been claimed, lately."""
        _forget(self._lags, self._elapsed())
        return max((lag for _, lag in self._lags), default=timedelta(0))

    async def open(self) -> None:
        """See `Journal`."""
        await super().open()
        self._opened()

    async def commit(self, commit: Commit) -> None:
        """See `Journal`."""
        await super().commit(commit)
        ended = sum(entry.kind in _STEPS for entry in commit.entries)
        if ended:
            now = self._elapsed()
            _forget(self._steps, now)
            self._steps.append((now, ended))

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> Member:
        """See `Journal`."""
        self._member = await super().join(name, knows, hear, lease=lease)
        self._joined(self._member.epoch)
        return self._member

    async def around(self, method: str, call: Callable[[], Awaitable[T]]) -> T:  # noqa: ARG002
        """Look at what is claimed."""
        returned = await call()
        if isinstance(returned, Claims) and self._member is not None:
            now = self._member.now()
            dues = [claimed.record.wake_up for claimed in returned.claimed]
            late = [now - due for due in dues if due is not None]
            if late:
                self._lags.append((self._elapsed(), max(late)))
                _forget(self._lags, self._elapsed())
        return returned


def _forget(seen: deque[tuple[float, T]], now: float) -> None:
    while seen and seen[0][0] <= now - WINDOW_SECONDS:
        seen.popleft()
