"""Which further operators run in the soak? One workflow for each family, whose outcome is known in advance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from returns.maybe import Maybe, Nothing, Some
from returns.result import Result, Success

from benchmarks.soak.steps import CANCELLED, HOUR, MOMENT, Kind, Step, Steps, workflow
from wio import (
    WIO,
    Fixed,
    Interrupted,
    Meeting,
    ParentClose,
    Query,
    Region,
    Retry,
    Signal,
    alongside,
    arrive,
    branch,
    call,
    catch,
    checkpoint,
    compute,
    decline,
    during,
    fail,
    first_of,
    gather,
    hold,
    interrupt,
    leave,
    loop,
    meet,
    multi_merge,
    new_uuid,
    now,
    on_cancel,
    parallel,
    publish,
    pure,
    query,
    race,
    random_number,
    receive_signal,
    recovered,
    recursive,
    region,
    repeat_while,
    retrying,
    scope,
    set_attributes,
    start_child,
    wait,
    wait_until,
    when,
    when_some,
)

PARTS = Meeting("parts", brings=int, needs={"left": 1, "right": 1, "guest": 1})
OPEN = Region("open", result=int)
NEVER_SENT = Signal("never sent", request=int, response=int)
STATE = Query("state", response=int)
TOPICS = ("begun", "ended")
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def other_kinds(steps: Steps) -> tuple[Kind, ...]:
    """Return the kinds, whose effects write to the log of the steps."""
    part = workflow("part", steps.step("part"))
    return (
        Kind(part, lambda number: Success(number + 1)),
        Kind(workflow("choices", _choices(steps)), lambda number: Success(_chosen(number))),
        Kind(workflow("merged", _merged(steps)), lambda number: Success(2 * number + 5)),
        Kind(workflow("met", _met(steps)), lambda number: Success(3 * number + 4)),
        Kind(workflow("open", _open(steps)), lambda number: Success(2 * number + 1)),
        Kind(workflow("held", _held(steps)), lambda number: Success(2 * number + 2)),
        Kind(workflow("watched", _watched(steps)), lambda number: Success(number + 100)),
        Kind(workflow("told", _told(steps)), lambda _: CANCELLED, cancels=True),
        Kind(workflow("nested", _nested(steps, part)), lambda number: Success(number + 5)),
        Kind(workflow("announced", _announced(steps)), lambda number: Success(number + 2), publishes=TOPICS),
        Kind(workflow("drawn", _drawn(steps)), lambda number: Success(number + 1)),
    )


def writing_kinds(steps: Steps) -> tuple[Kind, ...]:
    """Return the kinds whose steps write in transactions of the journal's database. Not every journal has those."""
    return (Kind(workflow("written", _written(steps)), _all_written, writes=True),)


def _number(value: int) -> int:
    return value


def _pair(values: tuple[int, int]) -> int:
    return sum(values)


def _three(values: tuple[int, int, int]) -> int:
    return sum(values)


# Choices and errors


def _is_odd(number: int) -> bool:
    return number % 2 == 1


def _half(number: int) -> Maybe[int]:
    return Some(number // 2) if number % 4 == 2 else Nothing


def _is_below(number: int) -> bool:
    return number % 5 != 0


def _choices(steps: Steps) -> WIO[int, Any, int]:
    arms = when(_is_odd) >> steps.step("odd", 10) | when_some(_half) >> steps.step("half", 20)
    chosen: WIO[int, Any, int] = branch(arms, default=steps.step("whole") >> fail("it fails") >> pure(0)).handle_error(
        catch(str, compute(_input_of_error))
    )
    return chosen >> repeat_while(_is_below, steps.step("up"), checkpoint=int)


def _input_of_error(failed: Any) -> int:
    return int(failed.input)


def _chosen(number: int) -> int:
    start = number + 10 if _is_odd(number) else number // 2 + 20 if number % 4 == 2 else number
    return start + -start % 5


# Several at a time


def _merged(steps: Steps) -> Step:
    return multi_merge(steps.step("a"), steps.step("b", 2), each=steps.blocking("each")).map(_total)


def _total(values: tuple[int, ...]) -> int:
    return sum(values)


def _met(steps: Steps) -> Step:
    left = steps.step("left") >> arrive(PARTS, "left")
    right = steps.step("right", 2) >> arrive(PARTS, "right") >> wait(MOMENT)
    assembled = meet(PARTS, compute(_sum_of_parts) >> steps.step("assembled"))
    there = parallel(left, right, decline(PARTS, "guest")).map(_three)
    return gather(there, assembled) >> steps.step("after")


def _sum_of_parts(parts: Mapping[str, tuple[int, ...]]) -> int:
    return sum(map(sum, parts.values()))


def _open(steps: Steps) -> Step:
    waits = region(OPEN, steps.step("inside") >> wait(HOUR))
    leaves = wait(3 * MOMENT) >> leave(OPEN, _number) >> steps.step("outside")
    return parallel(waits, leaves).map(_pair)


def _held(steps: Steps) -> Step:
    sale = hold("on sale", steps.step("sale"))
    bought = during("on sale", steps.step("bought"), compute(_plus_one))
    return parallel(sale, bought).map(_pair)


def _plus_one(number: int) -> int:
    return number + 1


# Scopes


def _watched(steps: Steps) -> WIO[int, Any, int]:
    body = first_of(receive_signal(NEVER_SENT, _taken, respond=_taken), wait(HOUR))
    beside = alongside(wait(MOMENT, name="beside"), steps.step("reminded").transform_input(_interrupted))
    stops = interrupt(wait(4 * MOMENT, name="stop"), steps.step("stopped", 100).transform_input(_interrupted))
    return scope(body, beside, stops)


def _taken(_value: int, request: int) -> int:
    return request


def _interrupted(interrupted: Interrupted[int, Any]) -> int:
    return interrupted.input


def _told(steps: Steps) -> WIO[int, Any, int]:
    told = on_cancel(steps.step("told").transform_input(_interrupted))
    return steps.step("begun") >> scope(wait(HOUR), told)


# One inside another


def _nested(steps: Steps, part: Any) -> WIO[int, Any, int]:
    def again(itself: Step) -> Step:
        return branch(when(_is_odd, name="odd") >> (steps.step("once more") >> itself), default=steps.step("even"))

    # An odd number is made even, then odd by one more; so twice through it adds the same.
    recursion = recursive("twice", again).transform_input(_twice).transform_output(_halved)
    kept = checkpoint(recursion, result=int, name="kept")
    older = recovered("gone", event=int, handler=_taken)
    beside = start_child(part, on_close=ParentClose.WAIT, name="beside")
    return older >> kept >> call(part) >> beside >> steps.step("last", 3)


def _twice(number: int) -> int:
    return 2 * number + 1


def _halved(_input: int, number: int) -> int:
    return number // 2


# What is told to the world, drawn, asked and found


def _announced(steps: Steps) -> Step:
    begun, ended = TOPICS
    return (
        steps.step("announced") >> publish(begun, _number) >> steps.step("done") >> publish(ended, _number, name="end")
    )


def _drawn(steps: Steps) -> Step:
    drawn = now(_kept) >> random_number(_kept) >> new_uuid(_kept) >> wait_until(BEGINNING)
    policy = Retry(attempts=None, backoff=Fixed(MOMENT / 2))
    found = set_attributes(number=_number)
    return query(STATE, _number, found >> drawn >> retrying(steps.plain("drawn"), policy))


def _kept(value: int, _drawn: object) -> int:
    return value


# What is written in transactions


def _written(steps: Steps) -> Step:
    # Whoever wins, it adds 1. When it is the timer, what the step has written must not be there.
    raced = race(steps.writing("raced"), wait(MOMENT / 2) >> compute(_plus_one))
    rounds = loop(steps.writing("round"), until=_is_fourth, name="rounds")
    both = parallel(steps.writing("left"), steps.writing("right", 2)).map(_pair)
    return steps.writing("first") >> raced >> rounds >> both


def _is_fourth(number: int) -> bool:
    return number % 4 == 0


def _all_written(number: int) -> Result[object, object]:
    return Success(2 * ((number + 2) // 4 + 1) * 4 + 3)
