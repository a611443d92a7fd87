"""How is a workflow tested? In virtual time, on a journal in memory, with a crash wherever the test wants one.

    with Simulation(order) as simulation:
        run = simulation.start(order, id="o", input=Order("book"))
        simulation.advance(timedelta(days=30))
        assert run.result() == Success(...)

A simulation is the real runtime: only the clock, the journal and the threads are replaced. After every call it
has come to rest: whatever can happen without a signal or a later time has happened.
"""

from __future__ import annotations

import asyncio
import enum
import heapq
import itertools
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from returns.result import Result

from interpreters.errors import RuntimeStopped, TaskRefusal, TaskRefused
from interpreters.machine.pending import Pending
from interpreters.runtime.arguments import workflows_given
from interpreters.runtime.instance import Instance
from interpreters.runtime.requests.tasking import OfferedTask
from interpreters.runtime.runtime import Runtime
from interpreters.runtime.telling.hooks import Hooks
from interpreters.runtime.telling.publishing import Publisher, given_out
from journals.codecs import Codec
from journals.entries import Entry, InstanceRecord, Published
from journals.faulty import (
    AFTER_COMMIT,
    AFTER_EFFECT,
    BEFORE_COMMIT,
    BEFORE_EFFECT,
    Crash,
    FaultPoints,
    FaultyJournal,
)
from journals.faulty import Crashed as Crashed
from journals.labels import Labels
from journals.lending import Connecting, LendingJournal
from journals.memory import InMemoryJournal
from journals.ports import Journal
from wio.errors import WioError
from wio.nodes import Err, Out
from wio.signals import Query, Signal
from wio.workflow import Workflow

A = TypeVar("A")
E = TypeVar("E")
B = TypeVar("B")
R = TypeVar("R")
T = TypeVar("T")
Req = TypeVar("Req")
Resp = TypeVar("Resp")

_QUIET_ROUNDS = 10
"""Is how many rounds of the event loop a call may take without anything happening before it counts as waiting.

Between two things that happen on a journal in memory there are never more than a few."""

START = datetime(2026, 1, 1, tzinfo=UTC)
"""Is the time at which a virtual clock starts unless it is told another."""


class VirtualClock:
    """Is a clock that stands still until it is set. It never goes back."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._numbers = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the time that was set last."""
        return self._now

    async def sleep_until(self, due: datetime) -> None:
        """Return when the clock is set to `due` or later."""
        if due > self._now:
            awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._sleepers, (due, next(self._numbers), awake))
            await awake

    def set(self, now: datetime) -> None:
        """Let it be `now`, and wake everybody whose time has come. Call it from the event loop of the sleepers."""
        self._now = max(now, self._now)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, awake = heapq.heappop(self._sleepers)
            if not awake.done():
                awake.set_result(None)


class NoThreads:
    """Runs plain functions where they are called, so that a test is deterministic."""

    async def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Return what the function returns."""
        return function(*arguments)

    def close(self) -> None:
        """Do nothing."""


class FaultyWorkers:
    """Does the same, and lets happen what is armed before and after each effect; see `journals.faulty`.

    After an effect that has raised there is no point.
    """

    def __init__(self, points: FaultPoints) -> None:
        self._points = points

    async def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Return what the function returns."""
        await self._points.reach(BEFORE_EFFECT)
        returned = function(*arguments)
        await self._points.reach(AFTER_EFFECT)
        return returned

    def close(self) -> None:
        """Do nothing."""


class CrashAt(enum.Enum):
    """Says on which side of a commit the process dies."""

    BEFORE = "before"
    AFTER = "after"


class CrashingJournal(FaultyJournal):
    """Passes everything on to a journal, until it lets the process die at a chosen commit; then nothing passes.

    The journal itself stays open: it outlives the processes that a test starts on it. See `journals.faulty` for faults
    at other places, and of other kinds.
    """

    def crash_at(self, commit: int, side: CrashAt) -> None:
        """Die at the `commit`-th commit from now, counted from 1."""
        self.points.disarm()
        self.points.arm(BEFORE_COMMIT if side is CrashAt.BEFORE else AFTER_COMMIT, Crash(), at=commit)

    async def close(self) -> None:
        """Leave the journal open."""

    @property
    def commits(self) -> int:
        """Is how many commits there were."""
        return self.points.reached[BEFORE_COMMIT]

    @property
    def dead(self) -> bool:
        """Tells whether the process has died."""
        return self.points.dead

    def die(self) -> None:
        """Let nothing pass any more."""
        self.points.dead = True


class NotAnswered(WioError):
    """Says that a call in a simulation waits for something that will not happen by itself."""

    def __init__(self) -> None:
        super().__init__(
            "The call still waits, and everything has come to rest: look at `pending`. Advance the time, or send what"
            " the instance waits for. A signal that was kept has a response only if a step takes it; `send` does not"
            " wait for that."
        )


class _Recording:
    """Notes what has been published, after it has been given to another publisher, if there is one."""

    def __init__(self, publisher: Publisher | None) -> None:
        self._publisher = publisher
        self._workers = NoThreads()
        self.arrived: list[Published] = []

    async def publish(self, message: Published) -> None:
        if self._publisher is not None:
            await given_out(self._publisher, self._workers, message)
        self.arrived.append(message)


class Simulation:
    """Runs workflows in virtual time. `crashes` counts how often the simulated process has died.

    An effect that waits for real things (a socket, `asyncio.sleep`) is waited for in real time. With `strict`, entering
    it raises `UnsoundWorkflow` for a workflow that is doubtful; see `Runtime`, also for `publisher` and `hooks`.
    `connect` gives the connections of steps in transactions; see `journals.lending`.
    """

    def __init__(
        self,
        *workflows: Workflow[Any, Any, Any],
        codec: Codec | None = None,
        start: datetime = START,
        strict: bool = False,
        publisher: Publisher | None = None,
        hooks: Hooks | Mapping[str, Hooks] | None = None,
        connect: Connecting | None = None,
    ) -> None:
        self._workflows = workflows_given(workflows, "Simulation(workflow, another)")
        self._publisher = _Recording(publisher)
        self._hooks = hooks
        self._codec = codec
        self._strict = strict
        store = InMemoryJournal()
        self._store: Journal = store if connect is None else LendingJournal(store, connect)
        self.clock = VirtualClock(start)
        self.crashes = 0
        self._booted: tuple[Runtime, asyncio.AbstractEventLoop] | None = None

    def __enter__(self) -> Self:
        self._boot()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._die()

    @property
    def runtime(self) -> Runtime:
        """Is the runtime of the present process. Raises `RuntimeStopped` outside of `with`."""
        return self._process[0]

    @property
    def _process(self) -> tuple[Runtime, asyncio.AbstractEventLoop]:
        if self._booted is None:
            raise RuntimeStopped("with Simulation(...)")
        return self._booted

    def start(
        self, workflow: Workflow[A, E, B], *, id: str, input: A, tags: Iterable[str] = ()
    ) -> SimulatedInstance[E, B]:
        """Start an instance, or attach to it, and let it run until it has to wait."""
        self.call(lambda: self.runtime.start(workflow, id=id, input=input, tags=tags))
        return SimulatedInstance(self, workflow, id)

    def instance(self, workflow: Workflow[A, E, B], id: str) -> SimulatedInstance[E, B]:
        """Return an instance that exists, such as a child. Raises `UnknownInstance` or `InstanceExists`."""
        self.call(lambda: self.runtime.instance(workflow, id))
        return SimulatedInstance(self, workflow, id)

    def advance(self, duration: timedelta) -> None:
        """Let time pass. What becomes due on the way happens in order, each at its own time."""
        self.advance_to(self.clock.now() + duration)

    def advance_to(self, time: datetime) -> None:
        """Let it become a time; see `advance`."""
        while (due := self.runtime.next_wake_up()) is not None and due <= time:
            self.call(partial(self._pass_time, due))
        self.call(partial(self._pass_time, time))

    def advance_to_next(self) -> bool:
        """Let it become the time of the next wake-up. Return False when there is none."""
        due = self.runtime.next_wake_up()
        if due is not None:
            self.advance_to(max(due, self.clock.now()))
        return due is not None

    def crash(self) -> None:
        """Let the process die as by SIGKILL, and another one start on its journal."""
        self._die()
        self.crashes += 1
        self._boot()

    def crash_at(self, commit: int, side: CrashAt) -> None:
        """Let the process die at the `commit`-th commit from now, counted from 1, and another one go on."""
        self._journal.crash_at(commit, side)

    @property
    def published(self) -> tuple[Published, ...]:
        """Are the messages that have arrived, in order. One that has come twice, after a crash, is there twice."""
        return tuple(self._publisher.arrived)

    @property
    def commits(self) -> int:
        """Is the number of commits of the present process."""
        return self._journal.commits

    def call(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what a call of the runtime returns, once everything has come to rest.

        When the process dies meanwhile, the caller is taken to be outside of it, and calls the next process again.
        Raises `NotAnswered` when everything has come to rest and the call still waits.
        """
        while True:
            try:
                return self._process[1].run_until_complete(self._until_rest(call()))
            except Crashed:
                self.crash()

    async def _pass_time(self, now: datetime) -> None:
        self.clock.set(now)

    async def _until_rest(self, call: Coroutine[Any, Any, T]) -> T:
        waiting = asyncio.ensure_future(call)
        quiet_rounds = 0
        while quiet_rounds == 0 or not (waiting.done() or quiet_rounds > _QUIET_ROUNDS):
            await self.runtime.idle()
            await asyncio.sleep(0)
            if self._journal.dead:
                await _end(waiting)
                raise Crashed
            quiet_rounds = quiet_rounds + 1 if self._is_quiet() else 0
        if not waiting.done():
            await _end(waiting)
            raise NotAnswered
        return waiting.result()

    def _is_quiet(self) -> bool:
        due = self.runtime.next_wake_up()
        return self.runtime.is_idle and (due is None or due > self.clock.now())

    def _boot(self) -> None:
        self._journal = CrashingJournal(self._store)
        runtime = Runtime(
            self._journal,
            self._workflows,
            codec=self._codec,
            clock=self.clock,
            workers=NoThreads(),
            strict=self._strict,
            publisher=self._publisher,
            hooks=self._hooks,
        )
        loop = asyncio.new_event_loop()
        self._booted = (runtime, loop)
        try:
            loop.run_until_complete(runtime.__aenter__())
            loop.run_until_complete(self._until_rest(_nothing()))
        except Crashed:
            self.crash()

    def _die(self) -> None:
        """End every task without a chance to write."""
        (_, loop), self._booted = self._process, None
        self._journal.die()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks))
        for task in tasks:
            if not task.cancelled():
                task.exception()
        loop.close()


async def _claimed(instance: Instance[Any, Any], address: str, output: object, by: str, key: str | None) -> None:
    try:
        await instance.complete(address, output, by=by, key=key)
    except TaskRefused as refused:
        if refused.refusal is not TaskRefusal.UNCLAIMED:
            raise
        await instance.claim(address, by=by)
        await instance.complete(address, output, by=by, key=key)


async def _nothing() -> None:
    """Give the loop something to do while everything comes to rest."""


async def _end(task: asyncio.Future[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()


class SimulatedInstance(Generic[Err, Out]):
    """Is one instance in a simulation, by its id; it survives crashes."""

    def __init__(self, simulation: Simulation, workflow: Workflow[Any, Err, Out], id: str) -> None:
        self._simulation = simulation
        self._workflow = workflow
        self.id = id

    def signal(self, signal: Signal[Req, Resp], request: Req, *, key: str | None = None) -> Resp:
        """Send a signal and return the response. Raises `NotAnswered` when it was kept for later."""
        return self._simulation.call(lambda: self._handle().signal(signal, request, key=key))

    def send(self, signal: Signal[Req, Any], request: Req, *, key: str | None = None) -> None:
        """Send a signal and return as soon as the journal has it, handled or kept."""
        self._simulation.call(lambda: self._handle().send(signal, request, key=key))

    def query(self, question: Query[R]) -> R:
        """Return the answer to a question."""
        return self._simulation.call(lambda: self._handle().query(question))

    def result(self) -> Result[Out, Err]:
        """Return the result. Raises `NotAnswered` before the end, and `InstancePaused`."""
        return self._simulation.call(lambda: self._handle().result())

    def cancel(self, *, by: str = "", reason: str = "") -> None:
        """Cancel the instance."""
        self._simulation.call(lambda: self._handle().cancel(by=by, reason=reason))

    @property
    def tasks(self) -> tuple[OfferedTask[Any], ...]:
        """Is the tasks that can be worked on now."""
        return self._simulation.call(lambda: self._handle().tasks())

    def claim(self, address: str, *, by: str) -> None:
        """Claim a task."""
        self._simulation.call(lambda: self._handle().claim(address, by=by))

    def complete(self, address: str, output: object, *, by: str, key: str | None = None) -> None:
        """Claim a task, if nobody has, and answer it with its output."""
        self._simulation.call(lambda: _claimed(self._handle(), address, output, by, key))

    def fail_task(self, address: str, error: object, *, by: str, key: str | None = None) -> None:
        """Answer a claimed task with its declared error."""
        self._simulation.call(lambda: self._handle().fail_task(address, error, by=by, key=key))

    def release(self, address: str, *, by: str, reason: str = "") -> None:
        """Give a claimed task back."""
        self._simulation.call(lambda: self._handle().release(address, by=by, reason=reason))

    def start_task(self, address: str, *, by: str) -> None:
        """Record that the work on a claimed task has begun."""
        self._simulation.call(lambda: self._handle().start_task(address, by=by))

    def heartbeat(self, address: str, *, by: str, note: str = "") -> None:
        """Record a sign of life."""
        self._simulation.call(lambda: self._handle().heartbeat(address, by=by, note=note))

    def delegate(self, address: str, *, to: object, by: str = "", reason: str = "") -> None:
        """Offer a task to somebody else."""
        self._simulation.call(lambda: self._handle().delegate(address, to=to, by=by, reason=reason))

    def skip(self, address: str, output: object, *, by: str = "", reason: str = "", key: str | None = None) -> None:
        """Let the workflow go on without the work."""
        self._simulation.call(lambda: self._handle().skip(address, output, by=by, reason=reason, key=key))

    def pause(self, *, by: str = "", reason: str = "") -> None:
        """Let nothing of the instance begin any more."""
        self._simulation.call(lambda: self._handle().pause(by=by, reason=reason))

    def resume(self, *, by: str = "", reason: str = "") -> None:
        """Let the paused instance go on."""
        self._simulation.call(lambda: self._handle().resume(by=by, reason=reason))

    def retry(self, *, from_address: str = "", by: str = "", reason: str = "") -> None:
        """Let steps that wait for their next attempt make it now, or go back to an earlier step."""
        self._simulation.call(lambda: self._handle().retry(from_address=from_address, by=by, reason=reason))

    def request_data_deletion(self, *, by: str = "", reason: str = "") -> None:
        """Let the data of the instance be deleted."""
        self._simulation.call(lambda: self._handle().request_data_deletion(by=by, reason=reason))

    @property
    def record(self) -> InstanceRecord:
        """Is what the journal knows of the instance without its entries."""
        return self._simulation.call(lambda: self._handle().record())

    @property
    def labels(self) -> Labels:
        """Is its tags and attributes."""
        return self._simulation.call(lambda: self._handle().labels())

    @property
    def history(self) -> tuple[Entry, ...]:
        """Is all entries, in order."""
        return self._simulation.call(lambda: self._handle().history())

    @property
    def pending(self) -> tuple[Pending, ...]:
        """Is all that the instance waits for."""
        return self._simulation.call(lambda: self._simulation.runtime.pending(self.id))

    def _handle(self) -> Instance[Err, Out]:
        return Instance(self._simulation.runtime, self._workflow, self.id)
