"""A process that runs the workflows of the tests of faults until SIGTERM, and kills itself where it is told to.

Its store is a file, or the DSN of a Postgres. Its folder has the log of all effects, and the files that let effects go
on. It dies at `in:STEP` (inside an effect), `before:STEP` or `after:STEP` (on a side of the commit that has the step's
event), `before:CALL` or `after:CALL` (of a method of the journal or the member), or at `none`. At `exit:STEP` and
`interrupt:STEP` it ends by an exception in the effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from psycopg import AsyncConnection

from interpreters import Runtime, effect_context
from journals.entries import Commit, Published
from journals.errors import Conflict
from journals.forwarding import ForwardingJournal
from journals.ports import Journal, Member
from journals.postgres import PostgresJournal
from journals.sharing import LEASE, Hear
from journals.sqlite import SqliteJournal
from wio import (
    WIO,
    Early,
    Query,
    Signal,
    Workflow,
    child,
    fail,
    handle_signal,
    publish,
    pure,
    query,
    run_in_transaction,
    run_io,
    saga,
    undoable,
    wait,
)

T = TypeVar("T")

NOTE = Signal("note", request=str, response=str, early=Early.KEEP)
ASK = Signal("ask", request=str, response=str)
STATE = Query("state", response=str)
GRACE = timedelta(seconds=0.5)
LOOK_SECONDS = 0.01
TEN_LEASES_SECONDS = 10
GREEDY_SECONDS = 5
EXIT_CODE = 3


class Declined(Exception):
    """Is an exception that cannot be made of its message."""

    def __init__(self, account: str, *, amount: int) -> None:
        super().__init__(account, amount)
        self.amount = amount

    def __str__(self) -> str:
        return f"{self.args[0]} has not {self.amount}"


def troubles(_: str) -> str:
    """Raise a group of exceptions, with a cause, from far below."""

    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        raise Declined("Ann", amount=7)

    try:
        deep(300)
    except Declined as error:
        raise ExceptionGroup("two troubles", [ValueError("x" * 100_000), error]) from error
    return ""


def unkept(_: str) -> object:
    """Return what no journal can keep."""
    return object()


FEW_DEATHS = 3
"""Is after how many deaths what is poisoned is parked; to begin a process takes time."""


class Steps:
    """Are the effects of one process: each writes a line to the log when it begins, and when it ends."""

    def __init__(self, folder: Path, name: str, place: str = "none") -> None:
        self._folder = folder
        self._name = name
        self._place = place
        self.is_written = False

    def log(self, what: str, step: str, instance: str) -> None:
        """Write what has happened; lines of several processes do not mix."""
        with (self._folder / "log").open("a") as file:
            file.write(f"{what} {self._name} {step} {instance}\n")

    def begin(self, step: str) -> str:
        """Write that a step has begun; or die in it. Return the id of its instance."""
        instance = effect_context().instance_id
        self.log("began", step, instance)
        if self._place == f"in:{step}":
            die()
        if self._place == f"exit:{step}":
            raise SystemExit(EXIT_CODE)
        if self._place == f"interrupt:{step}":
            raise KeyboardInterrupt
        return instance

    def step(self, step: str) -> WIO[Any, Any, Any]:
        """Return a step that only adds its name to the value."""

        def add(value: str) -> str:
            self.log("ended", step, self.begin(step))
            return f"{value} {step}"

        return run_io(add, name=step)

    def held(self, step: str) -> WIO[Any, Any, Any]:
        """Return a step that ends when there is a file with its name."""

        async def hold(value: str) -> str:
            instance = self.begin(step)
            try:
                while not (self._folder / step).exists():
                    await asyncio.sleep(LOOK_SECONDS)
            except asyncio.CancelledError:
                self.log("broken-off", step, instance)
                raise
            self.log("ended", step, instance)
            return f"{value} {step}"

        return run_io(hold, name=step)

    def blocking(self, step: str, seconds: float, *, in_thread: bool = False) -> WIO[Any, Any, Any]:
        """Return a step that takes so long, and blocks the event loop unless it is `in_thread`."""

        def sleep(value: str) -> str:
            instance = self.begin(step)
            time.sleep(seconds)
            self.log("ended", step, instance)
            return f"{value} {step}"

        async def block(value: str) -> str:
            return sleep(value)

        return run_io(sleep if in_thread else block, name=step)

    def greedy(self, step: str, seconds: float) -> WIO[Any, Any, Any]:
        """Return a step that holds the interpreter so long, unless there is a file with its name.

        No other thread of the process runs meanwhile, for nothing in there is Python's own code.
        """

        async def hold(value: str) -> str:
            is_free = (self._folder / step).exists()
            instance = self.begin(step)
            until = time.monotonic() + (0 if is_free else seconds)
            any(map(until.__lt__, iter(time.monotonic, None)))
            self.log("ended", step, instance)
            return f"{value} {step}"

        return run_io(hold, name=step)

    def written(self, step: str) -> WIO[Any, Any, Any]:
        """Return a step that writes a row in a transaction, and ends when there is a file with its name."""

        async def write(value: str, connection: AsyncConnection[Any]) -> str:
            instance = effect_context().instance_id
            self.log("began", step, instance)
            await connection.execute("INSERT INTO written VALUES (%s)", [instance])
            self.is_written = True
            self.begin(f"{step}-row")
            while not (self._folder / step).exists():
                await asyncio.sleep(LOOK_SECONDS)
            return f"{value} {step}"

        return run_in_transaction(write, name=step)

    def deadly(self, step: str) -> WIO[Any, Any, Any]:
        """Return a step that kills its process, until there is a file with its name."""

        def kill(value: str) -> str:
            instance = self.begin(step)
            if not (self._folder / step).exists():
                die()
            self.log("ended", step, instance)
            return f"{value} {step}"

        return run_io(kill, name=step)

    def poisoned(self, name: str) -> WIO[Any, Any, Any]:
        """Return a step whose event kills whoever reads it, while there is a file with that name."""

        def read(_: str, event: str) -> str:
            if (self._folder / name).exists():
                die()
            return event

        def write(value: str) -> str:
            self.log("ended", name, self.begin(name))
            return f"{value} {name}"

        return run_io(write, read, name=name, event=str)

    def noted(self, step: str, signal: Signal[str, str] = NOTE) -> WIO[Any, Any, Any]:
        """Return a step that waits for a signal."""

        def take(value: str, request: str) -> str:
            self.log("ended", step, self.begin(step))
            return f"{value} {request}"

        return handle_signal(signal, take, lambda _, event: event, respond=lambda _, event: event, event=str, name=step)


def workflows(steps: Steps) -> dict[str, Workflow[Any, Any, Any]]:
    """Return all workflows of these tests, by their names."""
    small = _flow("small", steps.step("packed") >> steps.held("sent"))
    listening = _flow("listening", steps.noted("heard"))
    parts = {
        "chain": steps.step("one") >> steps.step("two") >> steps.step("three"),
        "holding": steps.step("one") >> steps.held("held") >> steps.step("two"),
        "asking": query(STATE, str, steps.step("one") >> steps.noted("heard") >> steps.step("two")),
        "strict": steps.noted("heard", ASK),
        "sleeping": steps.step("one") >> wait(timedelta(seconds=1)) >> steps.step("two"),
        "long": steps.blocking("blocked", TEN_LEASES_SECONDS),
        "threaded": steps.blocking("slept", TEN_LEASES_SECONDS, in_thread=True),
        "deadly": steps.step("one") >> steps.deadly("bang") >> steps.step("two"),
        "poisoned": steps.poisoned("poison") >> steps.noted("heard"),
        "greedy": steps.greedy("counted", GREEDY_SECONDS),
        "undoing": _undoing(steps),
        "troubled": run_io(troubles, name="pay"),
        "unkept": run_io(unkept, name="find"),
        "parent": child(small, result=str, name="child") >> steps.step("told"),
        "telling": _telling(steps),
        "writing": steps.written("written") >> steps.step("two"),
        "calling": child(listening, result=str, name="child") >> steps.step("told"),
    }
    return {"small": small, "listening": listening} | {name: _flow(name, root) for name, root in parts.items()}


def _undoing(steps: Steps) -> WIO[Any, Any, Any]:
    booked: WIO[Any, Any, Any] = steps.step("begun")
    for what in ("flight", "hotel"):
        booked = booked >> undoable(steps.step(what), steps.step(f"return_{what}"))
    return saga(booked >> fail("no visa")).handle_error(pure("stayed at home"))


def _telling(steps: Steps) -> WIO[Any, Any, Any]:
    first, second, third = (publish(topic, str, name=topic) for topic in ("first", "second", "third"))
    return first >> steps.step("one") >> second >> third


class Paper:
    """Writes to the log what is published. It holds what it is to hold, as long as there is no file with its name."""

    def __init__(self, folder: Path, steps: Steps) -> None:
        self._folder = folder
        self._steps = steps

    async def publish(self, message: Published) -> None:
        """Write that a message comes, and that it has arrived."""
        self._steps.log("comes", message.topic, message.id)
        while (self._folder / f"hold-{message.topic}").exists() and not (self._folder / message.topic).exists():
            await asyncio.sleep(LOOK_SECONDS)
        self._steps.log("arrived", message.topic, message.id)


def _flow(name: str, root: WIO[Any, Any, Any]) -> Workflow[Any, Any, Any]:
    return Workflow(name, version=1, input=str, root=root)


def die() -> None:
    """Kill this process."""
    os.kill(os.getpid(), signal.SIGKILL)


class ShortLease(ForwardingJournal):
    """Passes everything on to a journal, and joins with a lease of its own."""

    def __init__(self, journal: Journal, lease: timedelta) -> None:
        super().__init__(journal)
        self.lease = lease

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> Member:
        """Join with the lease given to this, not to the call."""
        del lease
        return await super().join(name, knows, hear, lease=self.lease)


class DyingJournal(ShortLease):
    """Kills the process on one side of a commit or another call; and writes to the log which commits are refused."""

    def __init__(self, journal: Journal, lease: timedelta, place: str, steps: Steps) -> None:
        super().__init__(journal, lease)
        self._side, _, self._what = place.partition(":")
        self._steps = steps

    async def around(self, method: str, call: Callable[[], Awaitable[T]]) -> T:
        """Die where it was told so. The commit of the written row is a call named `transaction`."""
        named = "transaction" if method == "commit" and self._steps.is_written else method
        if named == self._what and self._side == "before":
            die()
        returned = await call()
        if named == self._what and self._side == "after":
            die()
        return returned

    async def commit(self, commit: Commit) -> None:
        """Die on a side of the commit that records a step, or its loss as `lost`."""
        addresses = {"lost" if each.kind.value == "attempt_lost" else each.address for each in commit.entries}
        is_the_one = self._what in addresses
        if is_the_one and self._side == "before":
            die()
        try:
            await super().commit(commit)
        except Conflict as error:
            self._steps.log("refused", type(error).__name__, commit.instance_id)
            raise
        if is_the_one and self._side == "after":
            die()


def store(place: str) -> Journal:
    """Return the journal at a place."""
    return PostgresJournal(place) if "://" in place or "=" in place else SqliteJournal(place)


async def main(
    place: str, folder: Path, name: str, lease: timedelta, death: str, knows: Sequence[str], ready: Callable[[], None]
) -> None:
    """Run what this process knows until SIGTERM."""
    steps, stop = Steps(folder, name, death), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    known = workflows(steps)
    journal = DyingJournal(store(place), lease, death, steps)
    publisher = Paper(folder, steps) if "telling" in knows else None
    most_deaths = FEW_DEATHS if "poisoned" in knows else 5
    async with Runtime(
        journal, [known[each] for each in knows], most_deaths=most_deaths, grace=GRACE, publisher=publisher
    ):
        ready()
        await stop.wait()


def work(test: Connection, place: str, folder: Path, name: str, lease: float, death: str, *knows: str) -> None:
    """Be a worker: tell the test when it runs, and end with the test."""
    with (folder / f"{name}.err").open("w") as errors:
        os.dup2(errors.fileno(), sys.stderr.fileno())
    threading.Thread(target=_end_with, args=(test,), daemon=True).start()
    asyncio.run(main(place, folder, name, timedelta(seconds=lease), death, knows, lambda: test.send("ready")))


def _end_with(test: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        test.recv()
    die()
