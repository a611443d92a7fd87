"""What does a runtime hold of an instance that is in memory? Its execution, and who waits for it.

This is the only mutable state of the runtime. It belongs to one event loop. A suspended instance without
anybody waiting may be dropped at any time: the journal has all of it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from msgspec import Struct

from interpreters.errors import InstancePaused
from interpreters.machine.execution import Execution
from interpreters.machine.pending import ChildToSee, EffectToRun, Outcome
from interpreters.runtime.driving.agenda import Agenda, Changes
from journals.entries import Entry, InstanceRecord, Status
from journals.sharing import Claimed


class Arrived(Struct, frozen=True, eq=False):
    """Is how one attempt of an effect has ended: with an event, or with a failure.

    `began` is when it has, None where no policy asks for it.
    """

    effect: EffectToRun
    event: Any
    failure: Exception | None
    began: datetime | None


class Unrecorded(Arrived, frozen=True, eq=False):
    """Is an attempt that has ended well, but its event could not be recorded: that is the failure."""


def check_not_held(instance_id: str, execution: Execution) -> None:
    """Raise `InstancePaused` for an instance that a command has paused: by whom, since when, and why."""
    held = execution.held
    if held is not None:
        raise InstancePaused(instance_id, "", held.reason, by=held.by, since=held.since)


class Live:
    """Is one instance in memory. `lock` guards every change from decision to adoption.

    `agenda` is what it waits for, and `ready` what of it nobody does yet; `running` are the tasks that do so, by its
    address, and `tasks` all that do something for the instance. `owner` is the epoch with which this process owns it;
    `claimed` is that, and what the store said then, until it is read. `arrived` are the ends of attempts that
    wait for the lock, to be recorded together. `signalling` lets one signal in at a time; `handling` is where its
    effect runs, or None.
    """

    __slots__ = (
        "__weakref__",
        "abandoned",
        "agenda",
        "arrived",
        "claimed",
        "execution",
        "handling",
        "id",
        "kept_waiters",
        "lock",
        "may_owe",
        "overdue",
        "owner",
        "parkings",
        "ready",
        "result_waiters",
        "running",
        "signalling",
        "starter",
        "status",
        "tasks",
        "tried",
        "withdrawn",
    )

    def __init__(self, instance_id: str) -> None:
        self.id = instance_id
        self.lock = asyncio.Lock()
        self.signalling = asyncio.Lock()
        self.handling: str | None = None
        self.owner: int | None = None
        self.claimed: tuple[int, Claimed] | None = None
        # What the store said when it was claimed, where it was due then, and nothing was stored since.
        self.overdue: InstanceRecord | None = None
        self.execution: Execution | None = None
        self.agenda = Agenda()
        self.ready: deque[EffectToRun | ChildToSee] = deque()
        self.arrived: dict[Arrived, None] = {}
        self.status: Status | None = None
        # The journal says that an effect is in flight, but it is not in flight here: its process is gone.
        self.abandoned = False
        # Where it was written by an older version, something may be left to be recorded before anything can happen.
        self.may_owe = False
        # It may be what kills its processes, and is alone in its trial; see `interpreters.runtime.sharing.suspects`.
        self.tried = False
        # How often it was parked here for that: a resume that was asked for before has led there.
        self.parkings = 0
        self.starter: asyncio.Task[None] | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self.running: dict[str, asyncio.Task[Any]] = {}
        self.withdrawn: set[asyncio.Task[Any]] = set()
        self.result_waiters: set[asyncio.Future[None]] = set()
        self.kept_waiters: dict[int, set[asyncio.Future[Entry]]] = {}

    @property
    def outcome(self) -> Outcome | None:
        """Is the end of the instance as soon as the journal has it; the agenda knows it before."""
        ended = None if self.execution is None else self.execution.outcome
        return None if ended is None else Outcome(ended.outcome, ended.recorded)

    @property
    def is_busy(self) -> bool:
        """Tell whether anything is being done here."""
        return bool(self.tasks) or self.lock.locked() or self.signalling.locked()

    @property
    def idle(self) -> bool:
        """Tell whether nothing runs here and nobody waits."""
        return not self.is_busy and not self.result_waiters and not self.kept_waiters

    def stand(self, execution: Execution, status: Status, changes: Changes) -> None:
        """Let the instance stand at an execution that the journal has; effects that were withdrawn are cancelled."""
        self.execution, self.status = execution, status
        if changes.gone and self.ready:
            gone = frozenset(changes.gone)
            self.ready = deque(effect for effect in self.ready if effect.address not in gone)
        if execution.held is not None:
            self.ready.clear()  # a resume makes them ready anew
        self.ready.extend(changes.ready)
        for address in changes.gone:
            task = self.running.pop(address, None)
            if task is not None:
                self.withdrawn.add(task)
                task.cancel()

    def forget(self) -> None:
        """Drop the execution: the next use reads the journal again."""
        self.owner = self.claimed = self.overdue = None
        self.execution = self.status = None
        self.agenda = Agenda()
        self.ready.clear()
        self.arrived.clear()
        self.abandoned = self.may_owe = False

    def wake_result_waiters(self, error: BaseException | None = None) -> None:
        """Let everybody who waits for the result look again, or fail."""
        waiters, self.result_waiters = self.result_waiters, set()
        _settle(waiters, None, error)

    def await_kept(self, seq: int, answer: asyncio.Future[Entry]) -> None:
        """Let `answer` become the entry with which the signal that was kept as entry `seq` is handled."""
        if not answer.done():
            self.kept_waiters.setdefault(seq, set()).add(answer)
            answer.add_done_callback(partial(self._leave_kept, seq))

    def _leave_kept(self, seq: int, answer: asyncio.Future[Entry]) -> None:
        senders = self.kept_waiters.get(seq, set())
        senders.discard(answer)
        if not senders:
            self.kept_waiters.pop(seq, None)

    def answer_kept(self, seq: int, handled: Entry) -> None:
        """Tell the senders of a kept signal that it has been handled."""
        _settle(self.kept_waiters.pop(seq, ()), handled, None)

    def refuse_kept(self, error: BaseException) -> None:
        """Tell the senders of all kept signals that they will not be handled here."""
        waiters, self.kept_waiters = self.kept_waiters, {}
        for senders in waiters.values():
            _settle(senders, None, error)


def _settle(waiters: Iterable[asyncio.Future[Any]], value: Any, error: BaseException | None) -> None:
    for waiter in waiters:
        if waiter.done():
            continue
        if error is None:
            waiter.set_result(value)
        else:
            waiter.set_exception(error)


class LiveInstances:
    """Holds the instances in memory: all that are busy, and the most recently used of the others.

    When it has more than `most_idle`, it calls `crowded`, so that somebody takes out those that are idle.
    """

    def __init__(self, most_idle: int, crowded: Callable[[], None]) -> None:
        self._most = most_idle
        self._crowded = crowded
        self._recent: OrderedDict[str, Live] = OrderedDict()
        # One that was dropped while a caller still holds it is found again here: there are never two of an instance.
        self._by_id: WeakValueDictionary[str, Live] = WeakValueDictionary()

    def get(self, instance_id: str) -> Live:
        """Return the instance with this id, present or not yet loaded."""
        live = self._recent.get(instance_id)
        if live is None:
            live = self._by_id.get(instance_id) or Live(instance_id)
            self._by_id[instance_id] = self._recent[instance_id] = live
            if len(self._recent) > self._most:
                self._crowded()
        else:
            self._recent.move_to_end(instance_id)
        return live

    def keep(self, live: Live) -> None:
        """Hold an instance again that was taken out, as it has been used meanwhile."""
        self._by_id[live.id] = self._recent[live.id] = live

    def find(self, instance_id: str) -> Live | None:
        """Return the instance with this id, if it is in memory."""
        return self._by_id.get(instance_id)

    def forget_ended(self) -> None:
        """Drop those that have ended and are idle: who needs one again reads it."""
        for live in self.all():
            outcome = live.outcome
            if outcome is not None and outcome.recorded and live.idle:
                live.forget()
                self._recent.pop(live.id, None)

    def all(self) -> tuple[Live, ...]:
        """Return everything that is in memory."""
        return tuple(self._by_id.values())

    def take_idle(self) -> tuple[Live, ...]:
        """Take out the longest unused ones. Look at two busy ones at most, so that many of them cost nothing."""
        taken: list[Live] = []
        busy = 0
        while len(self._recent) > self._most and busy < 2:
            oldest = next(iter(self._recent.values()))
            if oldest.idle:
                del self._recent[oldest.id]
                taken.append(oldest)
            else:
                self._recent.move_to_end(oldest.id)
                busy += 1
        return tuple(taken)
