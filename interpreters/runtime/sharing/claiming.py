"""Which instances does a runtime run? Those it owns: it claims what has something to do and is nobody's.

The store says by notices when it is worth to look; a slow, jittered look now and then is for a notice that was lost.
What only waits may be given back at any time: whoever looks when its time has come claims it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.driver import Driver
from interpreters.runtime.driving.live import Live, LiveInstances
from interpreters.runtime.driving.wakeups import WakeUps
from interpreters.runtime.rounds import LookAgain, Rounds, seconds_of
from interpreters.runtime.sharing.membership import Membership
from journals.entries import Status
from journals.sharing import Claimed, Released

NO_INSTANCE = ""
"""Is whose wake-up it is when something that nobody owns becomes due; no instance has this id."""

_BATCH = 64
_PATIENCE = timedelta(seconds=0.1)


class Claiming:
    """Claims instances for one runtime, and gives back those that only wait.

    `most_running` bounds how much may be under way before it claims no more. `is_given` says that it is `clock` which
    decides what is due, and not the store's. `collect` is told of an instance that has mail, or may have some, `delete`
    of one whose data is to be deleted.
    """

    def __init__(
        self,
        membership: Membership,
        lives: LiveInstances,
        driver: Driver,
        wake_ups: WakeUps,
        collect: Callable[[str], None],
        delete: Callable[[Live], None],
        clock: Clock,
        most_running: int,
        *,
        is_given: bool,
        look_again: LookAgain,
    ) -> None:
        self._membership = membership
        self._lives = lives
        self._driver = driver
        self._wake_ups = wake_ups
        self._collect = collect
        self._delete = delete
        self._clock = clock
        self._is_given = is_given
        self._most_running = most_running
        self._look_again = look_again
        self._claims = Rounds("claim instances", self._claim)
        self._releases = Rounds("give instances back", self._release)
        self._dropped: dict[str, Live] = {}
        self._patrol: asyncio.Task[None] | None = None
        self._is_full = False

    @property
    def running(self) -> frozenset[asyncio.Task[None]]:
        """Is what is under way here."""
        return self._claims.running | self._releases.running

    async def begin(self) -> None:
        """Claim from now on; return when the first instances are claimed."""
        self._patrol = asyncio.create_task(self._look_now_and_then())
        await self._claim()

    async def stop(self) -> None:
        """Claim nothing more."""
        patrol, self._patrol = self._patrol, None
        if patrol is not None:
            patrol.cancel()
            await asyncio.wait({patrol})
        await self._claims.stop()
        await self._releases.stop()

    def look(self) -> None:
        """Claim what is there, as long as this runtime claims at all."""
        if self._patrol is not None:
            self._claims.ask()

    def came_to_rest(self) -> None:
        """Claim more, when that was held up; and give back what has not been used for longest."""
        if self._is_full and len(self._driver.running) < self._most_running:
            self.look()
        for live in self._lives.take_idle():
            self._dropped[live.id] = live
        if self._dropped:
            self._releases.ask()

    async def _claim(self) -> None:
        is_more = True
        while is_more and self._patrol is not None:
            room = self._most_running - len(self._driver.running)
            self._is_full = room <= 0
            if self._is_full:
                return
            most = min(room, _BATCH)
            member = self._membership.member
            claims = await member.claim(most, now=self._clock.now() if self._is_given else None)
            # Of those that may kill this process, the worst comes first: the others need not wait for it next time.
            for claimed in sorted(claims.claimed, key=lambda each: -each.deaths):
                self._run(member.epoch, claimed)
            is_more = len(claims.claimed) == most
            self._expect(claims.next_due)

    def _expect(self, due: datetime | None) -> None:
        """Look again when the next is due. One that has been due before is being looked at by another process."""
        now = self._clock.now()
        self._wake_ups.set(NO_INSTANCE, now + _PATIENCE if due is not None and due <= now else due)

    def _run(self, epoch: int, claimed: Claimed) -> None:
        """Let an instance go on that has just been claimed."""
        live = self._lives.get(claimed.record.id)
        self._dropped.pop(live.id, None)
        if claimed.record.status is Status.DATA_DELETION_REQUESTED:
            self._delete(live)
            return
        if live.outcome is not None:
            live.forget()  # it had ended, and has gone back since
        if live.execution is None:
            live.claimed = (epoch, claimed)
        elif claimed.has_mail:  # What is read now has its messages collected then.
            self._collect(live.id)
        self._driver.start(live)

    async def _release(self) -> None:
        dropped = [live for live in self._dropped.values() if live.idle]
        for live in self._dropped.values():
            if not live.idle:
                self._lives.keep(live)
        self._dropped.clear()
        async with AsyncExitStack() as locked:
            released: list[Released] = []
            for live in dropped:
                # Nobody holds the lock of an idle one, so this does not wait.
                await locked.enter_async_context(live.lock)
                if live.owner is not None and live.outcome is None:
                    released.append(Released(live.id, live.agenda.wake_up()))
                self._wake_ups.set(live.id, None)
                live.forget()
            if released:
                self._let_come_back(released)
                await self._membership.member.release(released)

    def _let_come_back(self, released: list[Released]) -> None:
        """Look again at the time at which the first of them wants to go on, whoever will own it then."""
        times = [each.wake_up for each in released if each.wake_up is not None]
        if times:
            self._wake_ups.bring_forward(NO_INSTANCE, min(times))

    async def _look_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(seconds_of(self._look_again))
            self._claims.ask()
            for live in self._lives.all():
                if live.owner is not None:
                    self._collect(live.id)
