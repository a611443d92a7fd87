"""What makes an instance go on? Ask what is ready, do it, commit what happened, ask again.

Effects that can run at the same time have a task each; a lone one goes on in the task that has made it ready. While an
instance only waits there is no task for it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from interpreters.machine.execution import Execution
from interpreters.machine.pending import ChildToSee, EffectToRun, PausedAt
from interpreters.machine.recorded import Loss
from interpreters.machine.recording import (
    due_of_attempt,
    fired_entry,
    lost_entry,
    resume_entry,
)
from interpreters.machine.turn import Turn, overdue_turn, together, turn
from interpreters.runtime.attempts.effects import EffectContext, run_effect
from interpreters.runtime.attempts.limits import Limit
from interpreters.runtime.attempts.threads import Workers
from interpreters.runtime.attempts.transacting import Transacting
from interpreters.runtime.clock import Clock
from interpreters.runtime.driving.arrivals import execution_of, place_of
from interpreters.runtime.driving.live import Arrived, Live
from interpreters.runtime.driving.noting import Noting
from interpreters.runtime.driving.wakeups import WakeUps
from interpreters.runtime.journal.storing import Store
from journals.entries import Entry, Status
from journals.errors import Conflict, JournalUnavailable, NoTransactions, OwnedElsewhere
from journals.transactions import transactions_of
from wio.errors import WioError

_LOG = logging.getLogger("wio.runtime")
_STEPS_IN_A_ROW = 16


class SeesToChildren(Protocol):
    """Is what a driver needs for the children of its instances; see `interpreters.runtime.driving.children`."""

    async def see_to(self, live: Live, seen: ChildToSee) -> None: ...

    def tell_parent(self, child: Live) -> None: ...


class Driver:
    """Drives the instances of one runtime. `at_rest` is told of each that has come to rest.

    `running` are the tasks that do so; `noting` records what has happened. When `stopping` is set, no effect is started
    and no timer fires any more.
    """

    def __init__(self, store: Store, clock: Clock, workers: Workers, at_rest: Callable[[Live], None]) -> None:
        self._store = store
        self._clock = clock
        self._workers = workers
        self._at_rest = at_rest
        self._random = random.Random()
        self.noting = Noting(store, clock, self.chance, self._set_wake_up)
        self.wake_ups: WakeUps | None = None
        self.children: SeesToChildren | None = None
        transactions = transactions_of(store.journal)
        self.transacting = None if transactions is None else Transacting(transactions, store, clock, self._set_wake_up)
        self.running: set[asyncio.Task[None]] = set()
        self.stopping = False

    def chance(self) -> float:
        """Draw a random number in [0, 1)."""
        return self._random.random()

    def start(self, live: Live) -> None:
        """Let an instance go on: read it where that is needed, fire what is due, run what is ready."""
        if live.starter is None:
            live.starter = self.spawn(live, partial(self._begin, live))

    def spawn(self, live: Live, doing: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        """Do something for an instance in a task of its own."""
        # A coroutine would be left behind when its task is cancelled before it has begun.
        task = asyncio.create_task(self._guarded(live, doing))
        self._take_on(live, task)
        return task

    async def go_on_here(self, live: Live) -> None:
        """Let an instance go on, as `start` does, but in the present task."""
        if live.starter is None:
            live.starter = _present_task()
            self._take_on(live, live.starter)
            await self._guarded(live, partial(self._begin, live))

    def _take_on(self, live: Live, task: asyncio.Task[None]) -> None:
        live.tasks.add(task)
        self.running.add(task)
        task.add_done_callback(partial(self._done, live))

    def _done(self, live: Live, task: asyncio.Task[None]) -> None:
        live.tasks.discard(task)
        live.withdrawn.discard(task)
        self.running.discard(task)
        if live.starter is task:
            live.starter = None
        for address in [address for address, runs in live.running.items() if runs is task]:
            del live.running[address]
        _tell_waiters(live, task)
        if (live.abandoned or live.claimed is not None) and not live.running and not self.stopping:
            self.start(live)
        if not live.tasks:
            self._at_rest(live)

    async def _guarded(self, live: Live, doing: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await doing()
        except OwnedElsewhere:
            live.wake_result_waiters()  # they look where it goes on
        except Conflict as conflict:
            _LOG.warning("Instance %s goes on elsewhere: %s", live.id, conflict, extra={"instance": live.id})
            live.wake_result_waiters()
            live.refuse_kept(conflict)
        except WioError as error:
            _LOG.warning("Instance %s cannot go on: %s", live.id, error, extra={"instance": live.id})
            live.wake_result_waiters(error)
            live.refuse_kept(error)

    def give_up(self, lives: Iterable[Live]) -> None:
        """Break off what is done for instances that this process does not own any more. Nothing of it is recorded."""
        for live in lives:
            live.forget()
            for task in live.tasks:
                task.cancel()
            live.wake_result_waiters()  # they look where it goes on

    async def adopt(self, live: Live, turn: Turn, tags: tuple[str, ...] = ()) -> None:
        """Commit a turn for a caller, who is told when that fails; see `Store.adopt`.

        A store that does not answer may have the commit all the same. Then the instance looks again by itself.
        """
        try:
            await self._store.adopt(live, turn, tags)
        except JournalUnavailable:
            live.forget()
            self.start(live)
            raise

    # One instance

    async def _begin(self, live: Live) -> None:
        if live.running and (live.abandoned or live.claimed is not None):
            return  # An effect of an earlier reading still runs here; when it ends, that is the time to look.
        await self._store.surely(live, partial(self._take_over, live))
        await self._record_overdue(live)
        await self._pass_due(live)
        # From here on the task runs effects, and another one may be started beside it.
        live.starter = None
        await self._go_on(live)

    async def _take_over(self, live: Live) -> None:
        """Load the instance; when its last process is gone, record that the attempts under way were lost."""
        if live.execution is not None and not live.abandoned:
            return
        async with live.lock:
            await self._store.load(live)
            abandoned, live.abandoned = live.abandoned, False
            if not abandoned:
                return
            live.ready = deque(live.agenda.children())
            await self._record_losses(live)

    async def _record_losses(self, live: Live) -> None:
        """Record that the attempts under way were lost: all at once, for none begins anew before that is stored."""
        execution, now = live.execution, self._clock.now()
        lost: list[Turn] = []
        for effect in live.agenda.effects():
            if execution is not None and not self._is_later(effect.not_before):
                lost.append(turn(execution, lost_entry(execution, effect.address, Loss.CRASH, now), now, self.chance))
                execution = lost[-1].execution
        if lost:
            await self._store.adopt_surely(live, together(lost))
            self._set_wake_up(live)

    async def _record_overdue(self, live: Live) -> None:
        """Record what an older version has left to be recorded at the places where the instance stands."""
        if live.may_owe:
            async with live.lock:
                await self.record_overdue(live)

    async def record_overdue(self, live: Live) -> None:
        """Do the same for who has the lock of the instance."""
        may_owe, live.may_owe = live.may_owe, False
        if may_owe and live.execution is not None:
            overdue = overdue_turn(live.execution, self._clock.now(), self.chance)
            if overdue is not None:
                await self._store.adopt_surely(live, overdue)

    async def _pass_due(self, live: Live) -> None:
        """Fire the timers and end the pauses whose time has come, and make ready what is to be tried again."""
        # The agenda is ahead of the journal while a turn is being committed; the lock waits for that.
        async with live.lock:
            while not self.stopping and (due := live.agenda.take_due(self._clock.now())) is not None:
                if isinstance(due, EffectToRun):
                    live.ready.append(due)
                else:
                    entry_of = resume_entry if isinstance(due, PausedAt) else fired_entry
                    await self.noting.note(live, due.address, partial(_entry_at, entry_of, due.address))
        self._set_wake_up(live)

    async def _go_on(self, live: Live) -> None:
        """Run what is ready: one effect after another here, several in tasks of their own."""
        task = _present_task()
        steps = itertools.count(1)
        while (effect := self._next(live, task)) is not None:
            await self._run(live, effect, task)
            # Without it, an instance whose effects and journal never wait would keep the others from going on.
            if next(steps) % _STEPS_IN_A_ROW == 0:
                await asyncio.sleep(0)
        await self._come_to_rest(live)

    def _next(self, live: Live, task: asyncio.Task[None]) -> EffectToRun | ChildToSee | None:
        """Return the effect for the present task to run, when it is the only one; else start a task for each.

        They begin in the order in which they became ready. What is to be done for a child waits for the task that still
        does something else for it: that one comes by here when it has done so.
        """
        if len(live.ready) == 1 and not live.running and not self.stopping and not live.abandoned:  # most of the time
            lone = live.ready.popleft()
            live.running[lone.address] = task
            return lone
        # What a later turn has made ready once more, before it has begun, begins once.
        found: dict[str, EffectToRun | ChildToSee] = {}
        later: list[ChildToSee] = []
        while live.ready and not self.stopping and not live.abandoned:
            effect = live.ready.popleft()
            if effect.address not in live.running:
                found[effect.address] = effect
            elif not isinstance(effect, EffectToRun):
                later.append(effect)
        live.ready.extend(later)
        ready = tuple(found.values())
        if len(ready) == 1 and not live.running:
            live.running[ready[0].address] = task
            return ready[0]
        for effect in ready:
            live.running[effect.address] = self.spawn(live, partial(self._run_and_go_on, live, effect))
        return None

    async def _run_and_go_on(self, live: Live, effect: EffectToRun | ChildToSee) -> None:
        await self._run(live, effect, _present_task())
        await self._go_on(live)

    async def _come_to_rest(self, live: Live) -> None:
        if live.outcome is not None:
            live.wake_result_waiters()
            live.refuse_kept(NotHandled(live.id))
            if self.children is not None and not self.stopping:
                self.children.tell_parent(live)
        elif live.status in (Status.PAUSED, Status.STUCK):
            live.wake_result_waiters()
        elif self.stopping and not live.running:
            await self._release(live)
        self._set_wake_up(live)

    def _is_later(self, due: datetime | None) -> bool:
        return due is not None and due > self._clock.now()

    def _set_wake_up(self, live: Live) -> None:
        if self.wake_ups is not None and not self.stopping:
            self.wake_ups.set(live.id, live.agenda.wake_up())

    async def _release(self, live: Live) -> None:
        """Say in the record that nothing is in flight, so that the next process does not suspect a crash."""
        async with live.lock:
            if live.execution is not None and live.status is Status.RUNNING:
                await self._store.mark(live, live.execution, Status.WAITING)

    # Effects

    async def _run(self, live: Live, effect: EffectToRun | ChildToSee, task: asyncio.Task[None]) -> None:
        """Run one attempt of an effect in the present task, and record how it ended; or see to a child."""
        if not isinstance(effect, EffectToRun):
            await self._see_to(live, effect)
            return
        execution = live.execution
        if execution is not None and execution.held is None and live.status is not Status.RUNNING:
            await self._store.surely(live, partial(self._mark_running, live))
            execution = live.execution
        if execution is None or execution.held is not None:
            live.running.pop(effect.address, None)
            return
        try:
            if effect.transactional:
                arrived = await self._transact(live, effect, execution)
            else:
                arrived = await self._attempt(live, execution, effect)
        except asyncio.CancelledError:
            if self._was_withdrawn(live):
                return
            await self._interrupt(live, effect)
            raise
        if live.withdrawn and self._was_withdrawn(live):
            return  # The effect has kept to itself that it was cancelled. The task goes on as if it had not been.
        if arrived is not None:
            await self.noting.record(live, arrived, task)

    async def _attempt(self, live: Live, execution: Execution, effect: EffectToRun) -> Arrived:
        """Run an effect, and return how that has ended."""
        delivery = "" if effect.kept is None else effect.kept.key or str(effect.kept.seq)
        context = EffectContext(live.id, execution.workflow.name, effect.address, effect.attempt, delivery)
        began = due = None
        if execution.facts.has_policies:  # else nobody asks when it has begun
            began = self._clock.now()
            due = due_of_attempt(execution, effect.address, began)
        try:
            if due is None:
                return Arrived(effect, await run_effect(effect, context, self._workers), None, began)
            async with Limit(self._clock, due, f"Attempt {effect.attempt} of {effect.address!r}"):
                return Arrived(effect, await run_effect(effect, context, self._workers), None, began)
        except Exception as error:
            return Arrived(effect, None, error, began)

    async def _transact(self, live: Live, effect: EffectToRun, execution: Execution) -> Arrived | None:
        """Run an effect in a transaction that stores its event. Return how it has failed."""
        if self.transacting is None:  # A step that a continuation has made is first seen here.
            missing = NoTransactions(repr(self._store.journal), f"step {effect.address!r}")
            return Arrived(effect, None, missing, self._clock.now())
        return await self.transacting.run(live, effect, partial(self._attempt, live, execution))

    async def _see_to(self, live: Live, seen: ChildToSee) -> None:
        try:
            if self.children is not None:
                await self.children.see_to(live, seen)
        finally:
            if live.running.get(seen.address) is asyncio.current_task():
                del live.running[seen.address]

    def _was_withdrawn(self, live: Live) -> bool:
        """Tell whether this task was cancelled because its effect is not wanted any more; then it goes on."""
        task = asyncio.current_task()
        if task is None or task not in live.withdrawn:
            return False
        live.withdrawn.discard(task)
        return task.uncancel() == 0

    async def _mark_running(self, live: Live) -> None:
        async with live.lock:
            if live.execution is not None and live.status is not Status.RUNNING:
                await self._store.mark(live, live.execution, Status.RUNNING)

    async def _interrupt(self, live: Live, effect: EffectToRun) -> None:
        """Record, when the runtime stops, that an effect was broken off; it runs again when a runtime starts."""
        async with live.lock:
            execution = execution_of(live)
            if place_of(live, execution, effect) is None:
                return
            live.running.pop(effect.address, None)
            entry = lost_entry(execution, effect.address, Loss.STOP, self._clock.now())
            await self._store.adopt(live, turn(execution, entry, entry.recorded_at, self.chance))
            if not live.running:
                await self._store.mark(live, live.execution or execution, Status.WAITING)


class NotHandled(WioError):
    """Says that an instance ended before it came to a signal that was kept for it."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(
            f"Instance {instance_id!r} ended without handling the signal. The signal stays in the journal."
        )
        self.instance_id = instance_id


def _entry_at(
    entry_of: Callable[[Execution, str, datetime], Entry], address: str, execution: Execution, at: datetime
) -> Entry:
    return entry_of(execution, address, at)


def _present_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None
    return task


def _tell_waiters(live: Live, driver: asyncio.Task[None]) -> None:
    """Let nobody wait for an instance whose driver was ended by something unforeseen.

    Its journal is read again at the next use, which then finds the attempt that was lost.
    """
    error = None if driver.cancelled() else driver.exception()
    if error is not None:
        if isinstance(error, Exception):  # What ends the whole process is said elsewhere.
            _LOG.error("Instance %s rests until it is asked for, or a runtime starts again", live.id, exc_info=error)
        live.forget()
        live.wake_result_waiters(error)
        live.refuse_kept(error)
