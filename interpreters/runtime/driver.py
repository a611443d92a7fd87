"""What makes an instance go on? One loop: ask what is pending, do it, commit what happened, ask again.

While an instance has something to do there is one task for it; when it only waits there is none.
"""

from __future__ import annotations

import asyncio
import logging
import random
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
from interpreters.runtime.storing import Store
from interpreters.runtime.threads import Workers
from interpreters.runtime.wakeups import WakeUps
from journals.entries import Entry, Status
from journals.errors import Conflict, PayloadTooLarge
from wio.errors import WioError

_LOG = logging.getLogger("wio.runtime")


class Driver:
    """Drives the instances of one runtime."""

    def __init__(self, store: Store, clock: Clock, workers: Workers) -> None:
        self._store = store
        self._clock = clock
        self._workers = workers
        self._random = random.Random()
        self.wake_ups: WakeUps | None = None
        self.stopping = False

    def start(self, live: Live) -> None:
        """Let an instance go on in a task of its own, unless it has one."""
        if live.driver is None and not self.stopping:
            live.driver = asyncio.create_task(self._drive(live))
            live.driver.add_done_callback(partial(_tell_waiters, live))

    async def _drive(self, live: Live) -> None:
        try:
            await self._take_over(live)
            while await self._step(live):
                pass
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
            async with live.lock:
                await self._store.mark(live, execution, Status.RUNNING)
        context = EffectContext(live.id, execution.workflow.name, effect.address, effect.attempt)
        event: Any = None
        failure: Exception | None = None
        try:
            event = await run_effect(effect, context, self._workers)
        except asyncio.CancelledError as cancelled:
            if _is_cancelled():
                await self._interrupt(live)
                raise
            failure = RuntimeError(f"the effect was cancelled from inside: {cancelled!r}")
        except Exception as error:
            failure = error
        await self._record(live, effect, event, failure)
        return True

    async def _record(self, live: Live, effect: EffectToRun, event: Any, failure: Exception | None) -> None:
        async with live.lock:
            execution = live.execution
            if execution is None:
                return
            now = self._clock.now()
            if failure is None:
                try:
                    entry = _event_entry(execution, effect, event, now)
                    await self._store.adopt_surely(live, turn(execution, entry, now))
                    if effect.kept is not None:
                        live.answer_kept(effect.kept.seq, entry)
                    return
                except (WrongPayload, UserFunctionRaised, PayloadTooLarge) as error:
                    failure = error
            _LOG.warning("Instance %s: attempt %d of %s: %r", live.id, effect.attempt, effect.address, failure)
            entry = failure_entry(execution, failure, now, self._random.random())
            await self._store.adopt_surely(live, turn(execution, entry, now))

    async def _interrupt(self, live: Live) -> None:
        """Record, when the runtime stops, that an effect was broken off; it runs again when a runtime starts."""
        async with live.lock:
            execution = live.execution
            if execution is not None:
                entry = lost_entry(execution, Loss.STOP, self._clock.now())
                await self._store.adopt(live, turn(execution, entry, entry.recorded_at))
                await self._store.mark(live, live.execution or execution, Status.WAITING)

    async def _fire(self, live: Live) -> bool:
        async with live.lock:
            execution = live.execution
            if execution is None:
                return False
            now = self._clock.now()
            await self._store.adopt_surely(live, _fired(execution, now))
        return True


class NotHandled(WioError):
    """Says that an instance ended before it came to a signal that was kept for it."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(
            f"Instance {instance_id!r} ended without handling the signal. The signal stays in the journal."
        )
        self.instance_id = instance_id


def _event_entry(execution: Execution, effect: EffectToRun, event: Any, at: datetime) -> Entry:
    if effect.kept is None:
        return event_entry(execution, event, at)
    return signal_entry(execution, event, effect.kept.key, at)


def _fired(execution: Execution, at: datetime) -> Turn:
    """Return the turn of the end of a wait, or the pause, when a pure function behind it raises."""
    try:
        return turn(execution, fired_entry(execution, at), at)
    except UserFunctionRaised as error:
        return turn(execution, pause_entry(execution, error, at), at)


def _tell_waiters(live: Live, driver: asyncio.Task[None]) -> None:
    """Let nobody wait for an instance whose driver was ended by something unforeseen."""
    error = None if driver.cancelled() else driver.exception()
    if error is not None:
        if isinstance(error, Exception):
            _LOG.error("Instance %s cannot go on", live.id, exc_info=error)
        live.wake_result_waiters(error)
        live.refuse_kept(error)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
