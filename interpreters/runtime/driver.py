"""What makes an instance go on? One loop: ask what is pending, do it, commit what happened, ask again.

While an instance has something to do there is one task for it; when it only waits there is none.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from interpreters.errors import UserFunctionRaised, WrongPayload
from interpreters.machine.execution import Execution, Loss
from interpreters.machine.pending import EffectToRun, Outcome, PausedAt, SignalExpected, TimerRunning
from interpreters.machine.recording import (
    event_entry,
    failure_entry,
    fired_entry,
    lost_entry,
    pause_entry,
    signal_entry,
)
from interpreters.machine.turn import Turn, turn
from interpreters.runtime.clock import Clock
from interpreters.runtime.effects import EffectContext, run_effect
from interpreters.runtime.live import Live
from interpreters.runtime.storing import Store, is_of_store
from interpreters.runtime.threads import Workers
from interpreters.runtime.wakeups import WakeUps
from journals.entries import Entry, Status
from journals.errors import Conflict, JournalUnavailable
from wio.errors import WioError

_LOG = logging.getLogger("wio.runtime")
_STEPS_IN_A_ROW = 16


class Driver:
    """Drives the instances of one runtime. `at_rest` is called whenever one of them has come to rest.

    `running` are the tasks that do so. When `stopping` is set, no effect is started and no timer fires any more.
    """

    def __init__(self, store: Store, clock: Clock, workers: Workers, at_rest: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._workers = workers
        self._at_rest = at_rest
        self._random = random.Random()
        self.wake_ups: WakeUps | None = None
        self.running: set[asyncio.Task[None]] = set()
        self.stopping = False

    def start(self, live: Live) -> None:
        """Let an instance go on in a task of its own, unless it has one."""
        if live.driver is None:
            live.driver = asyncio.create_task(self._drive(live))
            self.running.add(live.driver)
            live.driver.add_done_callback(self.running.discard)
            live.driver.add_done_callback(partial(_tell_waiters, live))

    async def adopt(self, live: Live, turn: Turn) -> None:
        """Commit a turn for a caller, who is told when that fails; see `Store.adopt`.

        A store that does not answer may have the commit all the same. Then the instance looks again by itself.
        """
        try:
            await self._store.adopt(live, turn)
        except JournalUnavailable:
            live.forget()
            self.start(live)
            raise

    async def _drive(self, live: Live) -> None:
        try:
            await self._store.surely(live, partial(self._take_over, live))
            steps = itertools.count(1)
            while await self._step(live):
                # Without it, an instance whose effects and journal never wait would keep the others from going on.
                if next(steps) % _STEPS_IN_A_ROW == 0:
                    await asyncio.sleep(0)
        except Conflict as conflict:
            _LOG.warning("Instance %s goes on elsewhere: %s", live.id, conflict)
            live.wake_result_waiters(conflict)
            live.refuse_kept(conflict)
        except WioError as error:
            _LOG.warning("Instance %s cannot go on: %s", live.id, error)
            live.wake_result_waiters(error)
            live.refuse_kept(error)
        finally:
            live.driver = None
            self._at_rest()

    async def _take_over(self, live: Live) -> None:
        """Load the instance; when its last process is gone, record that the attempt under way was lost."""
        if live.execution is not None and not live.abandoned:
            return
        async with live.lock:
            execution = await self._store.load(live)
            abandoned, live.abandoned = live.abandoned, False
            if abandoned and isinstance(live.pending, EffectToRun) and not self._is_later(live.pending.not_before):
                entry = lost_entry(execution, Loss.CRASH, self._clock.now())
                await self._store.adopt_surely(live, turn(execution, entry, entry.recorded_at))

    async def _step(self, live: Live) -> bool:
        """Do what is pending. Return False when the instance has to wait or has come to its end."""
        waiting = live.pending
        match waiting:
            case EffectToRun():
                if self._is_later(waiting.not_before):
                    return self._sleep(live, waiting.not_before)
                if self.stopping:
                    await self._release(live)
                    return False
                return await self._run(live, waiting)
            case TimerRunning(_, due):
                if due is None or self._is_later(due):
                    return self._sleep(live, due)
                return not self.stopping and await self._fire(live)
            case Outcome() | PausedAt():
                live.wake_result_waiters()
                if isinstance(waiting, Outcome):
                    live.refuse_kept(NotHandled(live.id))
                return False
            case SignalExpected() | None:
                return False

    def _is_later(self, due: datetime | None) -> bool:
        return due is not None and due > self._clock.now()

    def _sleep(self, live: Live, due: datetime | None) -> bool:
        if due is not None and self.wake_ups is not None:
            self.wake_ups.set(live.id, due)
        return False

    async def _release(self, live: Live) -> None:
        """Say in the record that nothing is in flight, so that the next process does not suspect a crash."""
        async with live.lock:
            if live.execution is not None and live.status is Status.RUNNING:
                await self._store.mark(live, live.execution, Status.WAITING)

    async def _run(self, live: Live, effect: EffectToRun) -> bool:
        """Run one attempt of an effect, and record how it ended."""
        execution = live.execution
        if execution is None:
            return False
        if live.status is not Status.RUNNING:
            await self._store.surely(live, partial(self._mark_running, live))
        delivery = "" if effect.kept is None else effect.kept.key or str(effect.kept.seq)
        context = EffectContext(live.id, execution.workflow.name, effect.address, effect.attempt, delivery)
        event: Any = None
        failure: Exception | None = None
        try:
            event = await run_effect(effect, context, self._workers)
        except asyncio.CancelledError:
            await self._interrupt(live, effect)
            raise
        except Exception as error:
            failure = error
        await self._record(live, effect, event, failure)
        return True

    async def _mark_running(self, live: Live) -> None:
        async with live.lock:
            if live.execution is not None:
                await self._store.mark(live, live.execution, Status.RUNNING)

    async def _record(self, live: Live, effect: EffectToRun, event: Any, failure: Exception | None) -> None:
        async with live.lock:
            execution = _execution_at(live, effect)
            now = self._clock.now()
            if failure is None:
                try:
                    entry = _event_entry(execution, effect, event, now)
                    await self._store.adopt_surely(live, turn(execution, entry, now))
                # Code of the user runs in there: codecs, handlers, guards.
                except Exception as fault:
                    if is_of_store(fault):
                        raise
                    _LOG.warning("Instance %s: the event of %s: %s", live.id, effect.address, _said(fault))
                    await self._adopt_error(live, partial(_fault_entry, execution, at=now), fault, now)
                else:
                    if effect.kept is not None:
                        live.answer_kept(effect.kept.seq, entry)
                return
            _LOG.warning("Instance %s: attempt %d of %s: %s", live.id, effect.attempt, effect.address, _said(failure))
            failed = partial(failure_entry, execution, at=now, drawn=self._random.random())
            await self._adopt_error(live, failed, failure, now)

    async def _adopt_error(
        self, live: Live, entry_of: Callable[[Exception], Entry], error: Exception, at: datetime
    ) -> None:
        """Record an error or, when its text cannot be had or is too long for the journal, that there was one."""
        if live.execution is None:
            return
        try:
            await self._store.adopt_surely(live, turn(live.execution, entry_of(error), at))
        except Exception as fault:
            if is_of_store(fault):
                raise
            await self._store.adopt_surely(live, turn(live.execution, entry_of(Untold(error, fault)), at))

    async def _interrupt(self, live: Live, effect: EffectToRun) -> None:
        """Record, when the runtime stops, that an effect was broken off; it runs again when a runtime starts."""
        async with live.lock:
            execution = _execution_at(live, effect)
            entry = lost_entry(execution, Loss.STOP, self._clock.now())
            await self._store.adopt(live, turn(execution, entry, entry.recorded_at))
            await self._store.mark(live, live.execution or execution, Status.WAITING)

    async def _fire(self, live: Live) -> bool:
        async with live.lock:
            execution = live.execution
            if execution is None:
                return False
            now = self._clock.now()
            try:
                await self._store.adopt_surely(live, turn(execution, fired_entry(execution, now), now))
            # Code of the user runs in there: all that follows the wait without waiting.
            except Exception as fault:
                if is_of_store(fault):
                    raise
                await self._adopt_error(live, partial(pause_entry, execution, at=now), fault, now)
        return True


class NotHandled(WioError):
    """Says that an instance ended before it came to a signal that was kept for it."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(
            f"Instance {instance_id!r} ended without handling the signal. The signal stays in the journal."
        )
        self.instance_id = instance_id


class Untold(WioError):
    """Says that a step raised an error whose message cannot be recorded."""

    def __init__(self, error: Exception, fault: Exception) -> None:
        super().__init__(f"{type(error).__name__}, whose message cannot be recorded ({type(fault).__name__}).")


def _execution_at(live: Live, effect: EffectToRun) -> Execution:
    """Return the execution that still waits for this attempt. Raises `Conflict` when another process has moved it on.

    Then the instance was read again while the effect ran, and what the effect brings is of no place any more.
    """
    execution, waiting = live.execution, live.pending
    if execution is None or not isinstance(waiting, EffectToRun):
        raise Conflict(live.id, 0 if execution is None else execution.seq)
    if (waiting.address, waiting.attempt) != (effect.address, effect.attempt):
        raise Conflict(live.id, execution.seq)
    return execution


def _event_entry(execution: Execution, effect: EffectToRun, event: Any, at: datetime) -> Entry:
    if effect.kept is None:
        return event_entry(execution, event, at)
    return signal_entry(execution, event, effect.kept.key, at)


def _fault_entry(execution: Execution, fault: Exception, at: datetime) -> Entry:
    """Return the entry that pauses the instance: the effect has ended well, but its event cannot be recorded."""
    if isinstance(fault, WrongPayload | UserFunctionRaised):
        return failure_entry(execution, fault, at, 0.0)
    return pause_entry(execution, fault, at)


def _tell_waiters(live: Live, driver: asyncio.Task[None]) -> None:
    """Let nobody wait for an instance whose driver was ended by something unforeseen.

    Its journal is read again at the next use, which then finds the attempt that was lost.
    """
    error = None if driver.cancelled() else driver.exception()
    if error is not None:
        _LOG.error("Instance %s rests until it is asked for, or a runtime starts again", live.id, exc_info=error)
        live.forget()
        live.wake_result_waiters(error)
        live.refuse_kept(error)


def _said(error: Exception) -> str:
    try:
        return f"{error!r:.500}"
    except Exception:  # __repr__ is the user's
        return type(error).__name__
