"""Who follows all changes of state? A subscriber, by name: for an audit, or to keep a table of its own up to date.

It is woken by the store when there is something new; besides, it looks by itself now and then.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar

from interpreters.errors import RuntimeStopped
from interpreters.runtime.entered import Entered
from interpreters.runtime.patience import delays
from interpreters.runtime.rounds import LookAgain, seconds_of
from journals.changes import Change
from journals.errors import JournalClosed, JournalUnavailable
from journals.feed import Subscriber
from journals.outbox import Undelivered

T = TypeVar("T")

_PAGE = 500
_LOG = logging.getLogger("wio.runtime")


class News:
    """Wakes those who wait for something new. It counts, so that what came before one waits is not missed."""

    def __init__(self) -> None:
        self._count = 0
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def count(self) -> int:
        """Is how often there was something new."""
        return self._count

    def tell(self) -> None:
        """Say that there is something new."""
        self._count += 1
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def since(self, count: int, seconds: float) -> None:
        """Return when there is something new since a count, or after some seconds."""
        if count != self._count:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        await asyncio.wait({waiter}, timeout=seconds)
        self._waiters.discard(waiter)


class Following(Entered):
    """Is what `Runtime` and `Client` both tell of what leaves the store, inside `async with`."""

    news: News
    _look_again: LookAgain

    async def follow(self, subscriber: str) -> AsyncIterator[Change]:
        """Yield all changes of state, from where the subscriber of this name was, and wait for more.

        A name that is new is told first how all instances stand; from then on the store keeps all changes for it, until
        they are passed, or until `unsubscribe`. Changes are passed, some hundred at a time, when the one behind them
        was asked for. Those of an instance come in order, each at least once: after a crash some come again. It ends
        when this runtime or client stops. Who begins last under a name follows: any other gets `FollowedElsewhere` with
        the next changes.
        """
        self._check_running()
        follower = uuid.uuid4().hex
        try:
            cursor = await _patiently(partial(self.journal.subscribe, subscriber, follower=follower))
            while self._is_running():
                count = self.news.count
                read = partial(self.journal.changes, after=cursor, most=_PAGE, subscriber=subscriber)
                page = await _patiently(read)
                for change in page:
                    yield change
                if page:
                    cursor = page[-1].cursor
                    await _patiently(partial(self.journal.passed, subscriber, cursor, follower=follower))
                else:
                    await self.news.since(count, seconds_of(self._look_again))
        except JournalClosed:
            return

    async def unsubscribe(self, subscriber: str) -> bool:
        """Forget a subscriber; with the last one the store stops to note changes. Return whether there was one."""
        self._check_running()
        return await self.journal.unsubscribe(subscriber)

    async def subscribers(self) -> tuple[Subscriber, ...]:
        """Return who follows, and how many changes wait for each."""
        self._check_running()
        return await self.journal.subscribers()

    async def outbox(self, *, most: int = 1_000) -> tuple[Undelivered, ...]:
        """Return what was published and has not arrived yet, for up to `most` instances, the oldest first."""
        self._check_running()
        return await self.journal.outbox(most=most)

    def _is_running(self) -> bool:
        try:
            self._check_running()
        except RuntimeStopped:
            return False
        return True


async def _patiently(call: Callable[[], Awaitable[T]]) -> T:
    """Return what a call returns, and repeat it as long as the store is away."""
    waits = delays()
    while True:
        try:
            return await call()
        except JournalUnavailable as error:
            delay = next(waits)
            _LOG.warning("Could not follow: %s Trying again in %.1f s.", error, delay)
            await asyncio.sleep(delay)
