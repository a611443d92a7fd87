"""Which workflows run in the soak, what is done to them, and how must each end? Small ones, of every operator.

An instance is named after its workflow and its number, which is its input; from these its outcome is known in advance.
The operators that are not here are in `benchmarks.soak.other_kinds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Never

import attrs
from returns.result import Failure, Result, Success

from benchmarks.soak.other_kinds import other_kinds, writing_kinds
from benchmarks.soak.runs import RunLog
from benchmarks.soak.steps import (
    ASK,
    ASKS,
    CANCELLED,
    FORM,
    HOUR,
    MOMENT,
    NOTE,
    NOTES,
    Heard,
    Kind,
    Step,
    Steps,
    workflow,
)
from wio import (
    WIO,
    Goto,
    Interrupted,
    Stop,
    Workflow,
    check,
    child,
    compute,
    critical,
    first_of,
    for_each,
    loop,
    machine,
    parallel,
    race,
    saga,
    state,
    task,
    timeout,
    wait,
)


def kinds(log: RunLog, *, transactions: bool) -> Mapping[str, Kind]:
    """Return all workflows of the soak by their names, with effects that write to a log.

    Those with steps in transactions of the journal's database are there only when it has `transactions`.
    """
    steps = Steps(log)
    chain = workflow("chain", steps.step("one") >> wait(MOMENT) >> steps.blocking("two", 10))
    found = (
        Kind(chain, lambda number: Success(number + 11)),
        Kind(workflow("heard", _heard(steps)), _all_heard, notes=NOTES, asks=ASKS),
        Kind(workflow("fan", _fan(steps)), lambda number: Success(6 * number + 9)),
        Kind(workflow("chosen", _chosen(steps)), lambda number: Success(number + 11), asks=1),
        Kind(workflow("booked", _booked(steps)), _booked_or_not, lambda number: 2 * (number % 2)),
        Kind(workflow("rounds", _rounds(steps)), _all_rounds),
        Kind(workflow("family", _family(steps, chain)), lambda number: Success(2 * (number + 11) + 1)),
        Kind(workflow("office", _office(steps)), lambda number: Success(number + 5 + number + 2), tasks=1),
        Kind(workflow("dropped", saga(steps.booking("a") >> wait(HOUR))), lambda _: CANCELLED, _one, cancels=True),
        *other_kinds(steps),
        *(writing_kinds(steps) if transactions else ()),
    )
    return {kind.workflow.name: kind for kind in found}


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
