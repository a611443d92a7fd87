"""What do the tests of faults use? A store, processes that share it, and the log of what they did."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import attrs

from interpreters.runtime.client import Client
from tests.faults.worker import Steps, store, work, workflows
from wio import Workflow

T = TypeVar("T")

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "tests.faults.worker"])
LEASE_SECONDS = 2.4
"""Is short, and long enough for a machine that does other things as well."""
LONG_LEASE_SECONDS = 60.0
"""Is not over before a test is, and a heart beats once in a quarter of it."""
PATIENCE_SECONDS = 60
"""Bounds a hang only."""


@attrs.frozen
class Line:
    """Is a line of the log: `what` has happened in the `process`, in a step of an instance."""

    what: str
    process: str
    step: str
    instance: str


class Process:
    """Is a worker. It is forked from a process that has imported everything, which is quick."""

    def __init__(self, *arguments: Any) -> None:
        self._connection, other = FORKS.Pipe()
        self._process = FORKS.Process(target=work, args=(other, *arguments))
        self._process.start()
        other.close()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    async def ready(self) -> None:
        """Return when it runs."""
        assert await asyncio.to_thread(self._connection.recv) == "ready"

    async def ended(self) -> int | None:
        """Return how it has ended, when it has."""
        await asyncio.to_thread(self._process.join, PATIENCE_SECONDS)
        return self._process.exitcode

    def dispose(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._connection.close()


class Stage:
    """Is a store with a folder, and the processes that run on it. The test itself is a client."""

    def __init__(self, place: str, folder: Path, client: Client, known: dict[str, Workflow[Any, Any, Any]]) -> None:
        self.place = place
        self.folder = folder
        self.client = client
        self.workflows = known
        self._processes: list[Process] = []

    def begin(self, name: str, *knows: str, place: str = "none", lease: float = LEASE_SECONDS) -> Process:
        """Start a worker that knows these workflows, and do not wait for it."""
        self._processes.append(Process(self.place, self.folder, name, lease, place, *knows))
        return self._processes[-1]

    async def worker(self, name: str, *knows: str, place: str = "none", lease: float = LEASE_SECONDS) -> Process:
        """Start a worker, and return it when it runs."""
        process = self.begin(name, *knows, place=place, lease=lease)
        await process.ready()
        return process

    async def start(self, workflow: str, id: str = "") -> Any:
        """Start an instance for whoever can run it."""
        return await self.client.start(self.workflows[workflow], id=id or workflow, input="go")

    def let(self, step: str) -> None:
        """Let a step that is held go on, in every process."""
        (self.folder / step).touch()

    def lines(self) -> list[Line]:
        """Return what has happened, in order."""
        log = self.folder / "log"
        return [Line(*line.split()) for line in log.read_text().splitlines()] if log.exists() else []

    def began(self, instance: str = "") -> Counter[str]:
        """Return how often each step has begun, of one instance or of all."""
        return Counter(line.step for line in self.lines() if line.what == "began" and instance in ("", line.instance))

    async def happened(self, what: str, process: str, step: str) -> None:
        """Return when something has happened in a process."""
        await until(lambda: any((line.what, line.process, line.step) == (what, process, step) for line in self.lines()))

    def dispose(self) -> None:
        """Leave no process behind."""
        for process in self._processes:
            process.dispose()


async def until(holds: Callable[[], bool]) -> None:
    """Return when something holds that can only be looked for again and again."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def staged(place: str, folder: Path) -> AsyncGenerator[Stage]:
    """Yield a stage on a store."""
    known = workflows(Steps(folder, "test"))
    async with Client(store(place), known.values()) as client:
        stage = Stage(place, folder, client, known)
        try:
            yield stage
        finally:
            stage.dispose()


def play(place: str, folder: Path, story: Callable[[Stage], Coroutine[Any, Any, T]]) -> T:
    """Run a story on a store; one that hangs fails."""

    async def patiently() -> T:
        async with asyncio.timeout(2 * PATIENCE_SECONDS), staged(place, folder) as stage:
            return await story(stage)

    return asyncio.run(patiently())
