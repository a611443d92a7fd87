"""How is it recorded that an attempt has ended, well or badly? And what the user's code raises meanwhile, too?

What has ended while a commit was under way is recorded together. The error of an effect goes to the journal, and so
does one of a codec, handler or guard that was called to record the event. Of an error whose text cannot be recorded it
is said that there was one.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from interpreters.errors import UserFunctionRaised
from interpreters.machine.execution import Execution
from interpreters.machine.pending import EffectToRun
from interpreters.machine.recording import failure_entry, pause_entry
from interpreters.machine.turn import Turn, together, turn
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.arrivals import entry_of_event, entry_of_fault, execution_of, place_of
from interpreters.runtime.driving.live import Arrived, Live, Unrecorded
from interpreters.runtime.journal.storing import Store, is_of_store
from journals.entries import Entry
from wio.errors import WioError

_LOG = logging.getLogger("wio.runtime")
_MOST_TOGETHER = 100


class Noting:
    """Records for one runtime what has happened at places of its instances. `chance` draws a number in [0, 1)."""

    def __init__(
        self, store: Store, clock: Clock, chance: Callable[[], float], set_wake_up: Callable[[Live], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._set_wake_up = set_wake_up

    async def note(self, live: Live, address: str, entry_of: Callable[[Execution, datetime], Entry]) -> None:
        """Record what has happened at a place; where that cannot be, pause there. The lock of the instance is held."""
        execution, now = execution_of(live), self._clock.now()
        try:
            await self._adopt_surely(live, execution, entry_of(execution, now), now)
        # Code of the user runs in there: all that follows without waiting.
        except Exception as fault:
            if is_of_store(fault):
                raise
            await self._adopt_error(live, partial(pause_entry, execution, address, at=now), fault, now)

    async def record(self, live: Live, arrived: Arrived, task: asyncio.Task[None]) -> None:
        """Record how an attempt has ended that `task` has run, with all others of the instance that have meanwhile."""
        live.arrived[arrived] = None
        if live.running.get(arrived.effect.address) is task:
            del live.running[arrived.effect.address]
        async with live.lock:
            execution_of(live)
            while arrived in live.arrived:
                if len(live.arrived) == 1:
                    live.arrived.clear()
                    await self._record_alone(live, arrived)
                    return
                batch = list(itertools.islice(live.arrived, _MOST_TOGETHER))
                for each in batch:
                    del live.arrived[each]
                for each in await self._record_together(live, batch):
                    await self._record_alone(live, each)

    async def _record_together(self, live: Live, batch: list[Arrived]) -> list[Arrived]:
        """Store the events of several effects in one commit. Return what is left to be recorded by itself."""
        execution, now = execution_of(live), self._clock.now()
        turns: list[Turn] = []
        recorded: dict[Arrived, Entry] = {}
        try:
            for arrived in batch:
                active = None if arrived.failure is not None else place_of(live, execution, arrived.effect)
                if active is not None:
                    entry = entry_of_event(execution, active, arrived.effect, arrived.event, now)
                    turns.append(turn(execution, entry, now, self._chance))
                    execution, recorded[arrived] = turns[-1].execution, entry
            if turns:
                await self._store.adopt_surely(live, together(turns))
        except Exception as fault:  # Which of them it comes from shows when each is recorded by itself.
            if is_of_store(fault):
                raise
            return batch
        self._set_wake_up(live)
        for arrived, entry in recorded.items():
            if arrived.effect.kept is not None:
                live.answer_kept(arrived.effect.kept.seq, entry)
        return [arrived for arrived in batch if arrived not in recorded]

    async def _record_alone(self, live: Live, arrived: Arrived) -> None:
        effect, failure = arrived.effect, arrived.failure
        execution, now = execution_of(live), self._clock.now()
        active = place_of(live, execution, effect)
        if active is None:
            return
        if failure is None:
            try:
                entry = entry_of_event(execution, active, effect, arrived.event, now)
                await self._adopt_surely(live, execution, entry, now)
            # Code of the user runs in there: codecs, handlers, guards.
            except Exception as fault:
                if is_of_store(fault):
                    raise
                await self._record_fault(live, execution, effect, fault, now)
            else:
                if effect.kept is not None:
                    live.answer_kept(effect.kept.seq, entry)
            return
        if isinstance(arrived, Unrecorded):
            await self._record_fault(live, execution, effect, failure, now)
            return
        where, said = _where(live, effect), _said(failure)
        _LOG.warning("Instance %s: attempt %d of %s: %s", live.id, effect.attempt, effect.address, said, extra=where)
        failed = partial(
            failure_entry,
            execution,
            effect.address,
            at=now,
            drawn=self._chance(),
            began=arrived.began,
            cause=failure,
        )
        await self._adopt_error(live, failed, failure, now)

    async def _record_fault(
        self, live: Live, execution: Execution, effect: EffectToRun, fault: Exception, at: datetime
    ) -> None:
        """Record that the event of an effect cannot be recorded."""
        where, said = _where(live, effect), _said(fault)
        _LOG.warning("Instance %s: the event of %s: %s", live.id, effect.address, said, extra=where)
        await self._adopt_error(live, partial(entry_of_fault, execution, effect.address, at=at), fault, at)

    async def _adopt_surely(self, live: Live, execution: Execution, entry: Entry, at: datetime) -> None:
        await self._store.adopt_surely(live, turn(execution, entry, at, self._chance))
        self._set_wake_up(live)

    async def _adopt_error(
        self, live: Live, entry_of: Callable[[Exception], Entry], error: Exception, at: datetime
    ) -> None:
        """Record an error or, when its text cannot be had or is too long for the journal, that there was one."""
        if live.execution is None:
            return
        try:
            await self._adopt_surely(live, live.execution, entry_of(error), at)
        except Exception as fault:
            if is_of_store(fault):
                raise
            again = entry_of(Untold(error, fault))
            if isinstance(fault, UserFunctionRaised):  # by what follows when the step is given up
                again = pause_entry(live.execution, again.address, fault, at)
            await self._adopt_surely(live, live.execution, again, at)


class Untold(WioError):
    """Says that a step raised an error whose message cannot be recorded."""

    def __init__(self, error: Exception, fault: Exception) -> None:
        super().__init__(f"{type(error).__name__}, whose message cannot be recorded ({type(fault).__name__}).")


def _where(live: Live, effect: EffectToRun) -> dict[str, str]:
    """Return what the record of the log says besides: where it was, for who counts."""
    return {"instance": live.id, "address": effect.address}


def _said(error: Exception) -> str:
    try:
        return f"{error!r:.500}"
    except Exception:  # __repr__ is the user's
        return type(error).__name__
