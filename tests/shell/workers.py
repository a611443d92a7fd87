"""How does a test run `wio worker` in processes of their own, on the journal in the current folder?"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from interpreters import Client
from journals.entries import Entry, Status
from journals.sqlite import SqliteJournal
from tests.shell import shell_workflows

ORDER = shell_workflows.Order("book", 2)


class Worker:
    """Is a process that runs `wio worker`; `lines` are those of its log that have been read."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    def read_until(self, event: str) -> dict[str, Any]:
        """Return the next line of the log that tells of an event."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(json.loads(line))
            if self.lines[-1]["event"] == event:
                return self.lines[-1]
        raise AssertionError(f"The log has ended without {event}: {self.lines}")

    def stop(self, signal: int) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(signal)
        return self.process.wait(30)


@contextlib.contextmanager
def worker(*names: str, grace: str = "10s", more: Sequence[str] = ()) -> Generator[Worker]:
    """Run some workflows of `shell_workflows` from when the process has joined."""
    here = Path(__file__).parent
    words = [f"shell_workflows:{name}" for name in names]
    with subprocess.Popen(
        [sys.executable, "-m", "interpreters.shell.main", "worker", *words, "--grace", grace, *more],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parents[1])])},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            found = Worker(process)
            found.read_until("joined")
            yield found
        finally:
            process.kill()


def start(*names: str) -> None:
    """Start an instance of each workflow, whose id is its name, for whoever can run it."""

    async def main() -> None:
        workflows = [getattr(shell_workflows, name) for name in names]
        async with Client(SqliteJournal("orders.db"), workflows) as client:
            for name, workflow in zip(names, workflows, strict=True):
                await client.start(workflow, id=name, input=ORDER)

    asyncio.run(main())


def result(name: str) -> Any:
    """Return the result of the instance of a workflow that was started by `start`."""

    async def main() -> Any:
        workflow = getattr(shell_workflows, name)
        async with Client(SqliteJournal("orders.db"), [workflow]) as client:
            return await (await client.instance(workflow, name)).result()

    return asyncio.run(asyncio.wait_for(main(), 20))


def owned(id: str) -> int:
    """Return the epoch of who owns an instance, as soon as somebody does and it stands still."""

    async def main() -> int:
        async with SqliteJournal("orders.db") as journal:
            while True:
                owner = await journal.owner(id)
                if owner is not None and (await journal.find(id)).wake_up is None:
                    return owner
                await asyncio.sleep(0.01)

    return asyncio.run(asyncio.wait_for(main(), 20))


def data_deleted(id: str) -> tuple[Entry, ...]:
    """Return the entries of an instance, as soon as its data is deleted."""

    async def main() -> tuple[Entry, ...]:
        async with SqliteJournal("orders.db") as journal:
            while (await journal.find(id)).status is not Status.DATA_DELETED:
                await asyncio.sleep(0.01)
            return await journal.read(id)

    return asyncio.run(asyncio.wait_for(main(), 20))
