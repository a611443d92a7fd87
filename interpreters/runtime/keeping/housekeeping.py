"""What does a runtime do about once a minute? It removes instances that were kept long enough, and forgets the ended.

Whoever has ended may be removed by any process, and its id be started anew. So no runtime remembers it for long.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.live import LiveInstances
from interpreters.runtime.keeping.removing import ArchiveFailing, Remover, removable
from interpreters.runtime.keeping.retention import Retention
from journals.codecs import Codec
from journals.errors import JournalError
from journals.ports import Journal

_LOG = logging.getLogger("wio.retention")

_LEAST_SECONDS, _MOST_SECONDS = 30.0, 90.0
_SHORTEST_PAUSE_SECONDS = 0.05
_PAUSE_IN_VAIN_SECONDS = 1.0
_EARLIEST = datetime.min.replace(year=2)


class Housekeeping:
    """Keeps house for one runtime: for the workflows that it has, as its retention says.

    `pause` waits between two batches: as long as the one before took, so that at least half of the time is left to the
    steps; and a second behind a page of which nothing could be removed.
    """

    def __init__(
        self,
        journal: Journal,
        lives: LiveInstances,
        workflows: frozenset[str],
        retention: Retention,
        codec: Codec,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._journal = journal
        self._lives = lives
        self._workflows = workflows
        self._retention = retention
        self._codec = codec
        self._clock = clock
        self._pause = pause
        self._patrol: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Keep house from now on, now and then."""
        self._patrol = asyncio.create_task(self._go_round_now_and_then())

    async def stop(self) -> None:
        """Break off what is under way: what is not removed yet is so next time, by whomever."""
        patrol, self._patrol = self._patrol, None
        if patrol is not None:
            patrol.cancel()
            await asyncio.wait({patrol})

    async def _go_round_now_and_then(self) -> None:
        while True:
            due = self._clock.now() + timedelta(seconds=random.uniform(_LEAST_SECONDS, _MOST_SECONDS))
            while self._clock.now() < due:
                await self._clock.sleep_until(due)
            try:
                await self.go_round()
            except ArchiveFailing as failing:
                _LOG.warning("The archive is tried again in a minute: %r", failing.__cause__)
            except JournalError as error:
                _LOG.warning("Instances are removed later: %s", error)
            # An archive of the user is called in there; nothing of that ends the patrol.
            except Exception:
                _LOG.exception("Instances are removed later")

    async def go_round(self) -> int:
        """Remove all whose time has come, and return how many those were. Who meets others at it leaves it to them."""
        self._lives.forget_ended()
        now = self._clock.now()
        removed = 0
        for period, workflows in self._retention.periods(self._workflows):
            removed += await self._remove(_minus(now, period), workflows)
        if removed:
            _LOG.info("%d instances were removed", removed)
        return removed

    async def _remove(self, before: datetime, workflows: frozenset[str]) -> int:
        remover = Remover(self._journal, self._retention.archive)
        removed = 0
        began = time.perf_counter()
        batch = self._retention.batch
        async for page in removable(self._journal, self._codec, before, workflows=workflows, batch=batch):
            async for wanted, gone in remover.remove(page):
                removed += len(gone)
                if len(gone) < len(wanted):
                    return removed
                await self._pause(max(_SHORTEST_PAUSE_SECONDS, time.perf_counter() - began))
                began = time.perf_counter()
            if not page:
                await self._pause(_PAUSE_IN_VAIN_SECONDS)
                began = time.perf_counter()
        return removed


def _minus(now: datetime, period: timedelta) -> datetime:
    """Return the time that was a period ago; a period may be longer than time."""
    try:
        return now - period
    except OverflowError:
        return _EARLIEST.replace(tzinfo=now.tzinfo)
