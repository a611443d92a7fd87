"""How is a scenario played by runtimes that are killed? One goes on from event to event until it dies.

Whoever claims, answers or signals does not know how far a process has come that died meanwhile, and asks the next one
the same again.
"""

from __future__ import annotations

import asyncio
import enum
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from interpreters import Runtime
from interpreters.errors import InstanceEnded, NotPaused
from interpreters.runtime.instance import Instance
from interpreters.testing import START, CrashAt, VirtualClock
from journals.entries import Entry, InstanceRecord
from journals.ports import Journal
from tests.patterns.driving import Item
from tests.patterns.notation import Ending
from tests.patterns.runtime_driver import UNIT, ending_of, signal_of
from tests.runtime.killing import AtCommit, Processes
from wio import Workflow
from wio.errors import WioError

T = TypeVar("T")

_PATIENCE = timedelta(seconds=20)


class Kill(enum.Enum):
    """Says when in an event the process dies: when all before it is at rest, or at the first commit."""

    AT_REST = "at rest"
    BEFORE_COMMIT = "before the commit"
    AFTER_COMMIT = "after the commit"


Kills = Callable[[int], Kill | None]
"""Says how the process dies in an event, counted from 0, which is the start."""


class KilledDriver:
    """Drives an instance by a runtime that lives until it is killed."""

    def __init__(
        self,
        runner: asyncio.Runner,
        journal: Journal,
        workflow: Workflow[Any, Any, Any],
        value: object,
        id: str,
        kills: Kills,
    ) -> None:
        self._runner = runner
        self._workflow = workflow
        self._id = id
        self._kills = kills
        self._processes = Processes(journal, workflow, clock=VirtualClock(START))
        self._workers = itertools.count(1)
        self._claimants: dict[str, str] = {}
        self.events = 0
        self._happens(lambda runtime: runtime.start(workflow, id=id, input=value))

    @property
    def killed(self) -> int:
        """Is how often a process has died."""
        return self._processes.killed

    def stop(self) -> None:
        """Let the last process end well."""
        self._run(self._processes.stop)

    def offered(self) -> tuple[Item, ...]:
        """Return the tasks that are offered now, in the order of their addresses."""
        tasks = self._ask(lambda instance: instance.tasks())
        return tuple(Item(f"{task.input}", task.address, task.by is not None) for task in tasks)

    def claim(self, item: Item) -> None:
        """Claim a task, each time as somebody else."""
        by = f"worker {next(self._workers)}"
        self._on_instance(lambda instance: instance.claim(item.address, by=by))
        self._claimants[item.address] = by

    def complete(self, item: Item, output: str) -> None:
        """Complete a claimed task."""
        by, key = self._claimants.get(item.address, "nobody"), f"{self.events}"
        self._on_instance(lambda instance: instance.complete(item.address, output, by=by, key=key))

    def fail(self, item: Item, error: str) -> None:
        """Fail a claimed task."""
        by, key = self._claimants.get(item.address, "nobody"), f"{self.events}"
        self._on_instance(lambda instance: instance.fail_task(item.address, error, by=by, key=key))

    def signal(self, name: str, value: str) -> None:
        """Send a signal; one that is kept is answered whenever its turn comes."""
        signal, key = signal_of(self._workflow, name), f"{self.events}"
        self._on_instance(lambda instance: instance.send(signal, value, key=key))

    def advance(self, units: int) -> None:
        """Let time pass; what becomes due on the way happens in order."""
        until = self._processes.clock.now() + units * UNIT
        self._happens(lambda runtime: self._passes(runtime, until))
        while (due := self._run(lambda: self._processes.call(_next_wake_up))) is not None and due <= until:
            self._run(lambda: self._processes.call(lambda runtime: self._passes(runtime, until)))
        self._processes.clock.set(until)

    async def _passes(self, runtime: Runtime, until: Any) -> None:
        due = runtime.next_wake_up()
        if due is not None and due <= until:
            self._processes.clock.set(due)

    def cancel(self) -> None:
        """Cancel the instance."""
        self._on_instance(lambda instance: instance.cancel(), done=InstanceEnded)

    def resume(self) -> None:
        """Let go on what is paused."""
        self._on_instance(lambda instance: instance.resume(), done=NotPaused)

    def ending(self) -> Ending:
        """Return how far the instance has come."""
        return self._ask(ending_of)

    def _ask(self, call: Callable[[Instance[Any, Any]], Awaitable[T]]) -> T:
        return self._run(lambda: self._processes.call(lambda runtime: call(self._instance(runtime))))

    def _instance(self, runtime: Runtime) -> Instance[Any, Any]:
        return Instance(runtime, self._workflow, self._id)

    def _on_instance(
        self, call: Callable[[Instance[Any, Any]], Awaitable[T]], done: type[WioError] | None = None
    ) -> None:
        """Let something happen. `done` is how a command is refused that was recorded before the kill."""
        self._happens(lambda runtime: call(self._instance(runtime)), done)

    def _happens(self, call: Callable[[Runtime], Awaitable[Any]], done: type[WioError] | None = None) -> None:
        kill = self._kills(self.events)
        self.events += 1
        if kill is Kill.AT_REST and self.events > 1:
            self._run(self._killed_at_rest)
        elif kill is Kill.BEFORE_COMMIT:
            self._processes.kill_at(AtCommit(1, CrashAt.BEFORE))
        elif kill is Kill.AFTER_COMMIT:
            self._processes.kill_at(AtCommit(1, CrashAt.AFTER))
        before = self.killed
        try:
            self._run(lambda: self._processes.call(call))
        except WioError as error:
            if done is None or before == self.killed or not isinstance(error, done):
                raise

    async def _killed_at_rest(self) -> None:
        """Kill a process that only waits. The next one finds all as it was, and nothing to do."""
        before = await self._processes.call(self._all)
        await self._processes.kill()
        after = await self._processes.call(self._all)
        assert after == before

    async def _all(self, runtime: Runtime) -> tuple[tuple[Entry, ...], InstanceRecord, tuple[Any, ...]]:
        instance = self._instance(runtime)
        return await instance.history(), await instance.record(), await runtime.pending(self._id)

    def _run(self, call: Callable[[], Awaitable[T]]) -> T:
        async def patiently() -> T:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                return await call()

        return self._runner.run(patiently())


async def _next_wake_up(runtime: Runtime) -> Any:
    return runtime.next_wake_up()
