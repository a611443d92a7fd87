"""Which workflows run in the soak, what is done to them, and how must each end? Small ones, of every operator.

An instance is named after its workflow and its number, which is its input; from these its outcome is known in advance.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Never, TypeAlias

import attrs
from returns.result import Failure, Result, Success

from benchmarks.soak.runs import NotNow, RunLog
from wio import (
    WIO,
    Done,
    Early,
    Fixed,
    Goto,
    Interrupted,
    Retry,
    Signal,
    Stop,
    Task,
    Workflow,
    check,
    child,
    compute,
    critical,
    first_of,
    for_each,
    handle_signal,
    loop,
    machine,
    parallel,
    race,
    run_io,
    saga,
    state,
    task,
    timeout,
    undoable,
    wait,
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

    The client sends it so many notes and asks, answers so many tasks, and cancels it when it is told so.
    """

    workflow: Workflow[int, Any, Any]
    outcome: Callable[[int], Result[object, object] | str]
    undone: Callable[[int], int] = attrs.field(default=lambda _: 0)
    notes: int = 0
    asks: int = 0
    tasks: int = 0
    cancels: bool = False


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

    def blocking(self, name: str, add: int = 1) -> Step:
        """Return a step that adds a number, in a thread."""

        def effect(value: int) -> int:
            with self._log.run():
                time.sleep(0.01 * (value % 5))
            return value + add

        return run_io(effect, name=name)

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


def kinds(log: RunLog) -> Mapping[str, Kind]:
    """Return all workflows of the soak by their names, with effects that write to a log."""
    steps = Steps(log)
    chain = _workflow("chain", steps.step("one") >> wait(MOMENT) >> steps.blocking("two", 10))
    found = (
        Kind(chain, lambda number: Success(number + 11)),
        Kind(_workflow("heard", _heard(steps)), _all_heard, notes=NOTES, asks=ASKS),
        Kind(_workflow("fan", _fan(steps)), lambda number: Success(6 * number + 9)),
        Kind(_workflow("chosen", _chosen(steps)), lambda number: Success(number + 11), asks=1),
        Kind(_workflow("booked", _booked(steps)), _booked_or_not, lambda number: 2 * (number % 2)),
        Kind(_workflow("rounds", _rounds(steps)), _all_rounds),
        Kind(_workflow("family", _family(steps, chain)), lambda number: Success(2 * (number + 11) + 1)),
        Kind(_workflow("office", _office(steps)), lambda number: Success(number + 5 + number + 2), tasks=1),
        Kind(_workflow("dropped", saga(steps.booking("a") >> wait(HOUR))), lambda _: CANCELLED, _one, cancels=True),
    )
    return {kind.workflow.name: kind for kind in found}


def _workflow(name: str, root: WIO[int, Any, Any]) -> Workflow[int, Any, Any]:
    return Workflow(name, version=1, input=int, root=root)


def _one(_number: int) -> int:
    return 1


# Signals


def _heard(steps: Steps) -> WIO[int, Never, Heard]:
    notes = loop(steps.hearing(NOTE, _noted), until=lambda heard: len(heard.notes) == NOTES, name="notes")
    asks = loop(steps.hearing(ASK, _asked), until=lambda heard: len(heard.asks) == ASKS, name="asks")
    return steps.step("begin", 0) >> compute(Heard) >> notes >> wait(MOMENT) >> asks


def _noted(heard: Heard, number: int) -> Heard:
    return attrs.evolve(heard, notes=(*heard.notes, number))


def _asked(heard: Heard, number: int) -> Heard:
    return attrs.evolve(heard, asks=(*heard.asks, number))


def _all_heard(number: int) -> Result[object, object]:
    return Success(Heard(number, tuple(range(NOTES)), tuple(range(ASKS))))


# What happens at the same time


def _three(number: int) -> list[int]:
    return [number] * 3


def _sum_of(values: Mapping[str, int]) -> int:
    return sum(values.values())


def _sum(values: tuple[int, int, int]) -> int:
    return sum(values)


def _fan(steps: Steps) -> Step:
    each = for_each(_three, steps.step("each"), element=int).map(_sum_of)
    waiting = wait(MOMENT) >> steps.blocking("b", 2)
    # n + 1, n + 2, three times n + 1; then the number of what flows in comes on top
    both = parallel(steps.step("a"), waiting, each).map(_sum)
    return parallel(both, steps.step("c", 3)).map(_pair)


def _chosen(steps: Steps) -> Step:
    late = timeout(wait(HOUR), MOMENT, steps.step("late", 10).transform_input(_input_of))
    return race(steps.step("fast"), wait(HOUR)) >> first_of(steps.asked(), wait(HOUR)) >> late


def _input_of(late: Interrupted[int, int]) -> int:
    return late.input


# What is undone


def _even(number: int) -> Result[int, str]:
    return Failure("odd") if number % 2 else Success(number)


def _booked(steps: Steps) -> WIO[int, str, int]:
    return saga(steps.booking("a") >> steps.booking("b") >> check(_even))


def _booked_or_not(number: int) -> Result[object, object]:
    return Failure("odd") if number % 2 else Success(number + 2)


# Rounds


def _is_fourth(number: int) -> bool:
    return number % 4 == 0


def _then_y(number: int) -> Goto[int]:
    return Goto("y", number)


def _rounds(steps: Steps) -> Step:
    states = state("x", steps.step("x", 5).map(_then_y), to="y") | state("y", steps.step("y", 7).map(Stop))
    rounds = loop(steps.step("round"), until=_is_fourth, checkpoint=int)
    return rounds >> machine(states, start="x", checkpoint=int)


def _all_rounds(number: int) -> Result[object, object]:
    return Success((number // 4 + 1) * 4 + 12)


# Others


def _pair(values: tuple[int, int]) -> int:
    return sum(values)


def _family(steps: Steps, chain: Workflow[int, Any, int]) -> Step:
    return parallel(child(chain, result=int, name="left"), child(chain, result=int, name="right")).map(
        _pair
    ) >> steps.step("after")


def _same(number: int) -> int:
    return number


def _office(steps: Steps) -> Step:
    form = critical("desk", task(FORM, _same) >> steps.step("filed", 5))
    return parallel(form, critical("desk", steps.step("x") >> steps.step("y"))).map(_pair)
