"""How is a scenario played by a runtime on a journal? Each stimulus by a process of its own, gone before the next."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from typing import Any, TypeVar

from returns.result import Success

from interpreters import Runtime
from interpreters.errors import InstanceCancelled, InstanceStuck
from interpreters.machine.questions import nodes_in
from interpreters.runtime.instance import Instance
from interpreters.testing import START, CrashingJournal, NoThreads, VirtualClock
from journals.entries import Status
from journals.ports import Journal
from tests.patterns.driving import Item
from tests.patterns.notation import Ending
from wio import Signal, Workflow
from wio.nodes import HandleSignal

T = TypeVar("T")

UNIT = timedelta(seconds=1)
_PATIENCE_SECONDS = 120
_QUIET_ROUNDS = 5


@contextlib.contextmanager
def opened(journal: Journal) -> Iterator[asyncio.Runner]:
    """Open a journal for as long as the event loop lives in which all processes of a test run, one after another."""
    with asyncio.Runner() as runner:
        runner.run(journal.open())
        try:
            yield runner
        finally:
            runner.run(journal.close())


class RuntimeDriver:
    """Drives an instance by a new runtime for every stimulus, which recovers it from the journal."""

    def __init__(
        self, runner: asyncio.Runner, journal: Journal, workflow: Workflow[Any, Any, Any], value: object, id: str
    ) -> None:
        self._runner = runner
        self._journal = journal
        self._workflow = workflow
        self._id = id
        self._clock = VirtualClock(START)
        self._workers = itertools.count(1)
        self._claimants: dict[str, str] = {}
        self._call(lambda runtime: self._started(runtime, value))

    async def _started(self, runtime: Runtime, value: object) -> None:
        await runtime.start(self._workflow, id=self._id, input=value)

    def offered(self) -> tuple[Item, ...]:
        """Return the tasks that are offered now, in the order of their addresses."""
        tasks = self._on_instance(lambda instance: instance.tasks())
        return tuple(Item(f"{task.input}", task.address, task.by is not None) for task in tasks)

    def claim(self, item: Item) -> None:
        """Claim a task, each time as somebody else."""
        by = f"worker {next(self._workers)}"
        self._on_instance(lambda instance: instance.claim(item.address, by=by))
        self._claimants[item.address] = by

    def complete(self, item: Item, output: str) -> None:
        """Complete a claimed task."""
        self._on_instance(lambda instance: instance.complete(item.address, output, by=self._claimant(item)))

    def fail(self, item: Item, error: str) -> None:
        """Fail a claimed task."""
        self._on_instance(lambda instance: instance.fail_task(item.address, error, by=self._claimant(item)))

    def _claimant(self, item: Item) -> str:
        return self._claimants.get(item.address, "nobody")

    def signal(self, name: str, value: str) -> None:
        """Send a signal; one that is kept is answered later, by another process."""
        self._call(lambda runtime: self._sent(runtime, signal_of(self._workflow, name), value))

    async def _sent(self, runtime: Runtime, signal: Signal[Any, Any], value: str) -> None:
        sending = asyncio.create_task(runtime.deliver(self._id, signal, value, None))
        await asyncio.sleep(0)
        await self._rest(runtime)
        if sending.done():
            sending.result()
        else:
            sending.cancel()

    def advance(self, units: int) -> None:
        """Let time pass; what becomes due on the way happens in order."""
        until = self._clock.now() + units * UNIT
        while (due := self._call(_next_wake_up)) is not None and due <= until:
            self._clock.set(due)
            self._call(_nothing)
        self._clock.set(until)

    def cancel(self) -> None:
        """Cancel the instance."""
        self._on_instance(lambda instance: instance.cancel())

    def resume(self) -> None:
        """Let go on what is paused."""
        self._on_instance(lambda instance: instance.resume())

    def ending(self) -> Ending:
        """Return how far the instance has come."""
        return self._on_instance(ending_of)

    def _on_instance(self, call: Callable[[Instance[Any, Any]], Coroutine[Any, Any, T]]) -> T:
        return self._call(lambda runtime: call(Instance(runtime, self._workflow, self._id)))

    def _call(self, call: Callable[[Runtime], Coroutine[Any, Any, T]]) -> T:
        return self._runner.run(self._in_a_process(call))

    async def _in_a_process(self, call: Callable[[Runtime], Coroutine[Any, Any, T]]) -> T:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            journal = CrashingJournal(self._journal)  # it leaves the real one open
            async with Runtime(journal, [self._workflow], clock=self._clock, workers=NoThreads()) as runtime:
                await self._rest(runtime)
                answer = await call(runtime)
                await self._rest(runtime)
                return answer

    async def _rest(self, runtime: Runtime) -> None:
        """Return when everything has come to rest, what is due included."""
        quiet = 0
        while quiet < _QUIET_ROUNDS:
            await runtime.idle()
            await asyncio.sleep(0)
            due = runtime.next_wake_up()
            quiet = quiet + 1 if runtime.is_idle and (due is None or due > self._clock.now()) else 0


async def _nothing(_runtime: Runtime) -> None:
    """Give the process time to do what is due."""


async def _next_wake_up(runtime: Runtime) -> Any:
    return runtime.next_wake_up()


def signal_of(workflow: Workflow[Any, Any, Any], name: str) -> Signal[Any, Any]:
    """Return the signal of that name; where the workflow has none, one that it does not know."""
    signals = [node.signal for node in nodes_in(workflow.root) if isinstance(node, HandleSignal)]
    return next((each for each in signals if each.name == name), Signal(name, request=str, response=str))


async def ending_of(instance: Instance[Any, Any]) -> Ending:
    """Return how far an instance has come."""
    record = await instance.record()
    match record.status:
        case Status.COMPLETED:
            assert isinstance(await instance.result(), Success)
            return Ending.DONE
        case Status.FAILED:
            return Ending.FAILED
        case Status.CANCELLED:
            try:
                await instance.result()
            except InstanceCancelled:
                return Ending.CANCELLED
        case Status.STUCK:
            try:
                await instance.result()
            except InstanceStuck:
                return Ending.STUCK
        case Status.INITIATED | Status.RUNNING | Status.WAITING:
            return Ending.RUNNING
        case Status.PAUSED:
            if "UndoFailed" in record.detail:
                return Ending.FAILED
    raise AssertionError(f"{record.id} is {record.detail}")
