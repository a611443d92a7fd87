"""Which suspects are tried at the same time? One at first, then twice as many each time that all of them have passed.

    suspects of a process  ->  1  ->  2  ->  4  ->  8, and it dies  ->  1 of the 8  ->  2  ->  ...

So the innocent come through in few rounds, however many they are, and each death of a process leaves half as many to
look among: those that were there are first in the next process. One that is tried alone is blamed.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Sequence

import attrs

from interpreters.errors import RuntimeStopped
from interpreters.runtime.driving.live import Live
from interpreters.runtime.rounds import Rounds
from interpreters.runtime.sharing.membership import Membership
from journals.sharing import SUSPECT, Claimed

_LOG = logging.getLogger("wio.runtime")
_LONGEST_TRIAL_SECONDS = 3_600.0
_MOST_NAMED = 10


def trial_seconds(attempts: int) -> float:
    """Return how long a trial lasts whose steps are in their so-manyth attempt; it is the longest of them that counts.

    >>> [trial_seconds(attempts) for attempts in (0, 2, 3, 8, 30)]
    [1.0, 1.0, 2.0, 64.0, 3600.0]
    """
    return min(2.0 ** max(attempts - SUSPECT, 0), _LONGEST_TRIAL_SECONDS)


@attrs.define(eq=False)
class _Trial:
    """Is the trial of one suspect. `suspected` are the addresses of the steps that may be to blame, once it is read."""

    claimed: Claimed
    suspected: frozenset[str] = frozenset()
    end: asyncio.TimerHandle | None = None
    has_passed: bool = False


@attrs.frozen(eq=False)
class _Turn:
    """Is what a suspect waits for: `has_come` is done when its trial has begun, or when it does not wait any more."""

    live: Live
    claimed: Claimed
    has_come: asyncio.Future[None]

    @property
    def rank(self) -> tuple[int, int]:
        """Is less, the more there is against it."""
        return -self.claimed.deaths, -self.claimed.shared


class Trials:
    """Tries the suspects of one runtime. `seconds` says how long a trial lasts at most, by the attempt in which the
    steps are that may be to blame; those that were lost in a trial together with others do not count.
    """

    def __init__(self, membership: Membership, seconds: Callable[[int], float] = trial_seconds) -> None:
        self._membership = membership
        self._seconds = seconds
        self._waiting: list[_Turn] = []
        self._tried: dict[Live, _Trial] = {}
        self._most = 1
        self._trying = Rounds("try suspects", self._try)
        self._is_closed = False

    async def begin(self, live: Live, claimed: Claimed) -> None:
        """Wait for the turn of a suspect; those with most deaths come first, then those that have shared most."""
        if self._is_closed:
            raise RuntimeStopped
        if claimed.shared:
            self._most = 1  # It is among these.
        has_come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Turn(live, claimed, has_come))
        self._trying.ask()
        try:
            await has_come
        except asyncio.CancelledError:
            self._free(live)
            raise

    def has_begun(self, live: Live) -> None:
        """Note that an instance has been read, or that it could not be."""
        trial = self._tried.get(live)
        if trial is not None:
            effects = [effect for effect in live.agenda.effects() if effect.not_before is None]
            attempts = max((effect.attempt for effect in effects), default=0) - trial.claimed.shared
            trial.suspected = frozenset(effect.address for effect in effects)
            trial.end = asyncio.get_running_loop().call_later(self._seconds(attempts), self._pass, live)

    def has_moved(self, live: Live) -> None:
        """Note that an instance in its trial has stored something."""
        trial = self._tried.get(live)
        suspected = frozenset[str]() if trial is None else trial.suspected
        if suspected and suspected.isdisjoint(effect.address for effect in live.agenda.effects()):
            self._pass(live)

    def came_to_rest(self, live: Live) -> None:
        """Note that nothing is done for an instance any more, but for what its messages ask for."""
        trial = self._tried.get(live)
        if trial is not None and not trial.claimed.has_mail:
            self._pass(live)

    def _pass(self, live: Live) -> None:
        trial = self._tried.get(live)
        if trial is not None and not self._is_closed:  # a stop proves nothing
            trial.has_passed = True
            self._trying.ask()

    async def _try(self) -> None:
        """Acquit those that have passed. When all have, try twice as many."""
        passed = [live for live, trial in self._tried.items() if trial.has_passed]
        if passed:
            await self._membership.member.acquit([live.id for live in passed])
            for live in passed:
                self._free(live)
            if not self._tried:
                self._most *= 2
        if not self._tried and not self._is_closed:
            await self._try_next()

    async def _try_next(self) -> None:
        self._waiting = [turn for turn in self._waiting if not turn.has_come.done()]
        turns = heapq.nsmallest(self._most, self._waiting, key=lambda turn: turn.rank)
        if not turns:
            self._most = 1
            return
        await self._membership.member.begin_trial([turn.live.id for turn in turns])
        for turn in turns:
            if not turn.has_come.done():
                self._tried[turn.live] = _Trial(turn.claimed)
                turn.live.tried = True
                turn.has_come.set_result(None)
        _tell(turns)
        if not self._tried:  # Nobody waits any more for the trial that was to begin.
            self._trying.ask()

    def _free(self, live: Live) -> None:
        trial = self._tried.pop(live, None)
        live.tried = False
        if trial is not None and trial.end is not None:
            trial.end.cancel()
        if not self._is_closed:
            self._trying.ask()

    def close(self) -> None:
        """Try nobody any more."""
        self._is_closed = True
        for trial in self._tried.values():
            if trial.end is not None:
                trial.end.cancel()
        for turn in self._waiting:
            turn.has_come.cancel()

    async def stop(self) -> None:
        """Return when nothing is being stored."""
        await self._trying.stop()


def _tell(turns: Sequence[_Turn]) -> None:
    if len(turns) == 1:
        (turn,) = turns
        _LOG.warning(
            "Instance %s is tried alone, after %d deaths of its process in a row", turn.live.id, turn.claimed.deaths
        )
        return
    named = ", ".join(turn.live.id for turn in turns[:_MOST_NAMED])
    more = "" if len(turns) <= _MOST_NAMED else f" and {len(turns) - _MOST_NAMED} more"
    _LOG.warning("%d instances are tried together, as one of them may end its process: %s%s", len(turns), named, more)
