"""Who delivers what was published? A runtime with a publisher, or hooks, takes from the outbox what nobody delivers.

For each instance one task gives out its messages, one after another; several instances go on beside each other. One
that fails waits, longer each time, and holds up no other. What has arrived is deleted for many at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from interpreters.errors import RuntimeStopped
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.wakeups import WakeUps
from interpreters.runtime.rounds import LookAgain, Rounds, seconds_of
from interpreters.runtime.sharing.membership import Membership
from journals.entries import Published
from journals.outbox import MOST_AT_ONCE, Delivered, Delivery
from journals.ports import Member

OUTBOX = "\0outbox"
"""Is whose wake-up it is when a delivery that has failed is to be tried again; no instance has this id."""

Receive: TypeAlias = Callable[[Published], Awaitable[None]]

_MOST_INSTANCES = 64
_FIRST_DELAY_SECONDS = 1.0
_LONGEST_DELAY_SECONDS = 300.0
_LONGEST_DELIVERY_SECONDS = 60.0
_LONGEST_ERROR = 1_000
_LOG = logging.getLogger("wio.runtime")


class Delivering:
    """Delivers for one runtime what lies in the lanes of which it knows the receivers.

    `is_given` says that it is `clock` which decides what is due, and not the store's.
    """

    def __init__(
        self,
        receivers: Mapping[str, Receive],
        membership: Membership,
        wake_ups: WakeUps,
        clock: Clock,
        *,
        is_given: bool,
        look_again: LookAgain,
    ) -> None:
        self._receivers = dict(receivers)
        self._lanes = tuple(self._receivers)
        self._membership = membership
        self._wake_ups = wake_ups
        self._clock = clock
        self._is_given = is_given
        self._look_again = look_again
        self._under_way: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._ended: list[tuple[Member, Delivered]] = []
        self._fetching = Rounds("fetch what is to be delivered", self._fetch)
        self._reporting = Rounds("delete what was delivered", self._report)
        self._patrol: asyncio.Task[None] | None = None
        self._may_be_more = False

    @property
    def running(self) -> frozenset[asyncio.Task[None]]:
        """Is what is under way here."""
        # One that has ended stays there until the store knows of it.
        deliveries = frozenset(task for task in self._under_way.values() if not task.done())
        return self._fetching.running | self._reporting.running | deliveries

    def begin(self) -> None:
        """Deliver from now on."""
        if self._lanes:
            self._patrol = asyncio.create_task(self._look_now_and_then())
            self._fetching.ask()

    def look(self) -> None:
        """Deliver what is there, if this runtime delivers anything at all."""
        if self._patrol is not None:
            self._fetching.ask()

    async def stop(self, latest: float) -> None:
        """Deliver what is there now, until a time of the event loop; then break off, and begin nothing more."""
        patrol, self._patrol = self._patrol, None
        if patrol is None:
            return
        patrol.cancel()
        await asyncio.wait({patrol})
        self._fetching.ask()
        loop = asyncio.get_running_loop()
        while (running := self.running) and loop.time() < latest:
            await asyncio.wait(running, timeout=max(0.0, latest - loop.time()), return_when=asyncio.FIRST_COMPLETED)
        await self._fetching.stop()
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._reporting.stop()

    async def _fetch(self) -> None:
        is_more = True
        while is_more and (room := _MOST_INSTANCES - len(self._under_way)) > 0:
            member, holding = self._membership.member, tuple(instance_id for instance_id, _ in self._under_way)
            # What is published for these meanwhile, is not given out before they have ended.
            self._may_be_more = self._may_be_more or bool(holding)
            now = self._clock.now() if self._is_given else None
            found = await member.deliveries(self._lanes, room, holding=holding, now=now)
            for delivery in found.deliveries:
                self._start(member, delivery)
            is_more = len(found.deliveries) == room
            if found.next_due is not None:
                self._wake_ups.bring_forward(OUTBOX, found.next_due)

    def _start(self, member: Member, delivery: Delivery) -> None:
        task = asyncio.create_task(self._deliver(member, delivery))
        self._under_way[delivery.instance_id, delivery.lane] = task
        task.add_done_callback(_heard)

    async def _deliver(self, member: Member, delivery: Delivery) -> None:
        """Give out messages in order until one fails, or this process is no member any more."""
        receive, through, error = self._receivers[delivery.lane], 0, None
        try:
            for message in delivery.messages:
                if not self._membership.holds(member):
                    break
                error = await _failure(receive, message)
                if error is not None:
                    break
                through = message.number
        finally:
            failures = 0 if through else delivery.failures
            retry_at = None if error is None else retry_time(self._clock.now(), failures)
            if error is not None:
                what = "a call of a hook" if delivery.lane else "the delivery of a message"
                _LOG.warning(
                    "Instance %s: %s failed: %s. It is tried again.", delivery.instance_id, what, error.rstrip(".")
                )
            self._ended.append((member, Delivered(delivery.instance_id, delivery.lane, through, error, retry_at)))
            self._reporting.ask()
            self._may_be_more = self._may_be_more or len(delivery.messages) == MOST_AT_ONCE

    async def _report(self) -> None:
        ended = tuple(self._ended)
        for member in dict.fromkeys(member for member, _ in ended):
            await member.delivered([each for by, each in ended if by is member])
        del self._ended[: len(ended)]
        for _, each in ended:
            self._under_way.pop((each.instance_id, each.lane), None)
            if each.retry_at is not None:
                self._wake_ups.bring_forward(OUTBOX, each.retry_at)
        if self._may_be_more:
            self._may_be_more = False
            self.look()

    async def _look_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(seconds_of(self._look_again))
            self._fetching.ask()


async def _failure(receive: Receive, message: Published) -> str | None:
    """Return why a message did not arrive, None when it did. Whatever the user's code raises is a reason."""
    try:
        async with asyncio.timeout(_LONGEST_DELIVERY_SECONDS):
            await receive(message)
    except RuntimeStopped:
        return "the runtime has stopped"
    except Exception as error:
        return _said(error)
    return None


def _said(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}".replace("\0", " ")[:_LONGEST_ERROR]
    except Exception:  # __str__ is the user's
        return type(error).__name__


def retry_time(now: datetime, failures: int) -> datetime:
    """Return when a delivery that has failed so often before is tried again."""
    seconds = min(_FIRST_DELAY_SECONDS * 2 ** min(failures, 20), _LONGEST_DELAY_SECONDS)
    return now + timedelta(seconds=seconds * random.uniform(0.8, 1.2))


def _heard(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()
