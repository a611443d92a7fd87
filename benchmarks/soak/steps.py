"""What is a kind of instance in the soak, and of which steps are they made? Steps that write down that they ran."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Never, TypeAlias

import attrs
from returns.result import Result

from benchmarks.soak.rows import Connection, write_row
from benchmarks.soak.runs import NotNow, RunLog
from wio import (
    WIO,
    Done,
    Early,
    Fixed,
    Retry,
    Signal,
    Task,
    Workflow,
    handle_signal,
    run_in_transaction,
    run_io,
    undoable,
)

MOMENT = timedelta(seconds=0.1)
HOUR = timedelta(hours=1)
NOTES, ASKS = 4, 2
NOTE = Signal("note", request=int, response=int, early=Early.KEEP)
ASK = Signal("ask", request=int, response=int)
FORM = Task("form", input=int, output=int)
CANCELLED = "cancelled"

Step: TypeAlias = WIO[int, Never, int]


@attrs.frozen
class Heard:
    """Is what an instance has been told: the numbers of the signals that it took, in their order."""

    number: int
    notes: tuple[int, ...] = ()
    asks: tuple[int, ...] = ()


@attrs.frozen
class Kind:
    """Is a workflow of the soak. `outcome` tells how the instance of a number ends, `undone` how many undos it runs.

    The client sends it so many notes and asks, answers so many tasks, and cancels it when it is told so. `publishes`
    are the topics of its messages, in order. When it `writes`, each of its events is that of a step which writes a row.
    """

    workflow: Workflow[int, Any, Any]
    outcome: Callable[[int], Result[object, object] | str]
    undone: Callable[[int], int] = attrs.field(default=lambda _: 0)
    notes: int = 0
    asks: int = 0
    tasks: int = 0
    cancels: bool = False
    publishes: tuple[str, ...] = ()
    writes: bool = False


def response_to(request: int) -> int:
    """Return how a signal with a number is answered."""
    return request * 10


class Steps:
    """Makes the steps of one process, which write to its log."""

    def __init__(self, log: RunLog) -> None:
        self._log = log

    def step(self, name: str, add: int = 1) -> Step:
        """Return a step that adds a number. Of every third instance its first attempt fails."""

        async def effect(value: int) -> int:
            with self._log.run() as attempt:
                await asyncio.sleep(0.01 * (value % 7))
                if value % 3 == 0 and attempt == 1:
                    raise NotNow(name)
            return value + add

        return run_io(effect, name=name, retry=Retry(backoff=Fixed(MOMENT / 2)))

    def plain(self, name: str, add: int = 1) -> Step:
        """Return a step that adds a number, and leaves it to others whether it is tried again."""

        async def effect(value: int) -> int:
            with self._log.run() as attempt:
                if value % 3 == 0 and attempt == 1:
                    raise NotNow(name)
            return value + add

        return run_io(effect, name=name)

    def blocking(self, name: str, add: int = 1) -> Step:
        """Return a step that adds a number, in a thread."""

        def effect(value: int) -> int:
            with self._log.run():
                time.sleep(0.01 * (value % 5))
            return value + add

        return run_io(effect, name=name)

    def writing(self, name: str, add: int = 1) -> Step:
        """Return a step that adds a number, and writes a row in the transaction of its event.

        Of every third instance its first attempt fails after it has written.
        """

        async def effect(value: int, connection: Connection) -> int:
            with self._log.run() as attempt:
                await write_row(connection)
                await asyncio.sleep(0.01 * (value % 7))
                if value % 3 == 0 and attempt == 1:
                    raise NotNow(name)
            return value + add

        return run_in_transaction(effect, name=name, retry=Retry(backoff=Fixed(MOMENT / 2)))

    def booking(self, name: str) -> Step:
        """Return a step that adds 1, with an effect that undoes it."""

        async def effect(done: Done[int, int]) -> int:
            with self._log.run():
                await asyncio.sleep(0.01 * (done.input % 4))
            return done.input

        return undoable(self.step(name), run_io(effect, name=f"undo {name}"))

    def asked(self) -> Step:
        """Return a step that waits for a signal and adds its number."""

        async def effect(_value: int, request: int) -> int:
            with self._log.run():
                await asyncio.sleep(0.01)
            return request

        return handle_signal(ASK, effect, _plus, respond=_respond)

    def hearing(self, signal: Signal[int, int], fold: Callable[[Heard, int], Heard]) -> WIO[Heard, Never, Heard]:
        """Return a step that waits for a signal."""

        async def effect(heard: Heard, request: int) -> int:
            with self._log.run():
                await asyncio.sleep(0.01 * (heard.number % 5))
            return request

        return handle_signal(signal, effect, fold, respond=_respond)


def _plus(value: int, event: int) -> int:
    return value + event


def _respond(_value: object, event: int) -> int:
    return response_to(event)


def workflow(name: str, root: WIO[int, Any, Any]) -> Workflow[int, Any, Any]:
    """Return a workflow of the soak."""
    return Workflow(name, version=1, input=int, root=root)
