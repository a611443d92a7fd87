"""Which instance is it that kills its process again and again? Suspects are tried one at a time, the guilty are parked.

A process that dies takes down all that it was busy with, and the store counts a death for each of those. Whoever was
there several times is a suspect. A runtime lets one of its suspects begin, the others wait; meanwhile only the one that
is tried is blamed. It passes when its lost steps have ended, when it rests, or when it has lived for long enough: then
its deaths are forgotten. After a slow killer has passed once, its next trials are longer.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import uuid
from collections.abc import Awaitable, Callable

from interpreters.errors import InstancePaused, RuntimeStopped
from interpreters.runtime.clock import Clock
from interpreters.runtime.deadly import goes_on_as, is_deadly, parked_detail
from interpreters.runtime.live import Live
from interpreters.runtime.membership import Membership
from interpreters.runtime.rounds import Rounds
from journals.entries import UNFINISHED, Commit, InstanceRecord, Status
from journals.ports import Journal
from journals.sharing import SUSPECT, Claimed

_LOG = logging.getLogger("wio.runtime")
_LONGEST_TRIAL_SECONDS = 3_600.0


def trial_seconds(attempts: int) -> float:
    """Return how long a trial lasts whose steps are in their so-manyth attempt; it is the longest of them that counts.

    >>> [trial_seconds(attempts) for attempts in (0, 2, 3, 8, 30)]
    [1.0, 1.0, 2.0, 64.0, 3600.0]
    """
    return min(2.0 ** max(attempts - SUSPECT, 0), _LONGEST_TRIAL_SECONDS)


class Suspects:
    """Tries the suspects of one runtime, and parks what has killed `most_deaths` processes in a row.

    `refuse` answers all messages that an instance has by now with an error: one of them may be what kills. `seconds`
    says how long a trial lasts at most, by the attempt in which the steps are that may be to blame.
    """

    def __init__(
        self,
        journal: Journal,
        membership: Membership,
        clock: Clock,
        most_deaths: int,
        refuse: Callable[[str, Exception], Awaitable[None]],
        *,
        seconds: Callable[[int], float] = trial_seconds,
    ) -> None:
        self._journal = journal
        self._membership = membership
        self._clock = clock
        self._most_deaths = most_deaths
        self._refuse = refuse
        self._seconds = seconds
        self._tried: Live | None = None
        self._suspected: frozenset[str] = frozenset()
        self._has_mail = False
        self._end: asyncio.TimerHandle | None = None
        self._passed = False
        self._turns: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._acquitting = Rounds("acquit an instance", self._acquit)
        self._is_closed = False

    async def take(self, live: Live, owner: int, claimed: Claimed, *, resuming: bool) -> None:
        """Let an instance be read that has just been claimed: at once, in its turn, or not at all.

        Raises `InstancePaused` for what has killed too many processes, which is parked, unless it is `resuming`.
        """
        record = claimed.record
        if is_deadly(record):
            if not resuming:
                raise InstancePaused(live.id, "", record.detail)
            await self._let_go_on(record, owner)
        elif claimed.deaths >= self._most_deaths and record.status in UNFINISHED:
            await self._park(live, record, owner, claimed.deaths)
        elif claimed.deaths >= SUSPECT and record.status in UNFINISHED:
            await self._begin(live, claimed)

    async def _park(self, live: Live, record: InstanceRecord, owner: int, deaths: int) -> None:
        detail = parked_detail(record, deaths)
        _LOG.error("Instance %s is parked %s", record.id, detail)
        paused = InstancePaused(record.id, "", detail)
        # Before it is parked: a resume that is among them has led here, and must not do so again.
        await self._refuse(record.id, paused)
        await asyncio.sleep(0)  # What is under way has begun then, and waits for the lock.
        live.parkings += 1
        await self._journal.commit(self._commit(record, owner, Status.PAUSED, detail))
        raise paused

    async def _let_go_on(self, record: InstanceRecord, owner: int) -> None:
        """Let what was parked be read again, with no deaths: should that kill, it is counted as at any other time."""
        await self._membership.member.acquit([record.id])
        status, detail = goes_on_as(record)
        await self._journal.commit(self._commit(record, owner, status, detail, wakes=True))

    def _commit(
        self, record: InstanceRecord, owner: int, status: Status, detail: str, *, wakes: bool = False
    ) -> Commit:
        now = self._clock.now()
        return Commit(
            record.id,
            record.workflow,
            record.version,
            record.last_seq,
            (),
            status,
            now,
            uuid.uuid4().hex,
            now if wakes else None,
            detail,
            owner,
        )

    # Trials

    async def _begin(self, live: Live, claimed: Claimed) -> None:
        """Wait until no other one is tried here; those with most deaths come first."""
        while self._tried is not None and not self._is_closed:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._turns, (-claimed.deaths, next(self._numbers), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._let_next()
                raise
        if self._is_closed:
            raise RuntimeStopped
        self._tried, self._has_mail, self._passed, self._suspected = live, claimed.has_mail, False, frozenset()
        live.tried = True
        try:
            await self._membership.member.begin_trial(live.id)
        except BaseException:
            self._free(live)
            raise
        _LOG.warning("Instance %s is tried alone, after %d deaths of its process in a row", live.id, claimed.deaths)

    def has_begun(self, live: Live) -> None:
        """Note that an instance has been read, or that it could not be."""
        if self._tried is live:
            effects = [effect for effect in live.agenda.effects() if effect.not_before is None]
            attempts = max((effect.attempt for effect in effects), default=0)
            self._suspected = frozenset(effect.address for effect in effects)
            self._end = asyncio.get_running_loop().call_later(self._seconds(attempts), self._pass, live)

    def has_moved(self, live: Live) -> None:
        """Note that an instance in its trial has stored something."""
        if self._suspected and self._suspected.isdisjoint(effect.address for effect in live.agenda.effects()):
            self._pass(live)

    def came_to_rest(self, live: Live) -> None:
        """Note that nothing is done for an instance any more, but for what its messages ask for."""
        if self._tried is live and not self._has_mail:
            self._pass(live)

    def _pass(self, live: Live) -> None:
        if self._tried is live and not self._passed and not self._is_closed:  # a stop proves nothing
            self._passed = True
            self._acquitting.ask()

    async def _acquit(self) -> None:
        tried = self._tried
        if tried is not None and self._passed:
            await self._membership.member.acquit([tried.id])
            self._free(tried)

    def _free(self, live: Live) -> None:
        self._tried, live.tried = None, False
        if self._end is not None:
            self._end.cancel()
            self._end = None
        self._let_next()

    def _let_next(self) -> None:
        while self._turns:
            _, _, turn = heapq.heappop(self._turns)
            if not turn.done():
                turn.set_result(None)
                return

    def close(self) -> None:
        """Try nobody any more."""
        self._is_closed = True
        if self._end is not None:
            self._end.cancel()
        for _, _, turn in self._turns:
            turn.cancel()

    async def stop(self) -> None:
        """Return when nothing is being stored."""
        await self._acquitting.stop()
