"""Which programs do the laws of the machine range over? Trees of every node, from ints to ints, given as recipes.

A recipe is a nested tuple; `build` makes the program, so that the same program can be built twice. Every loop
in it ends after at most three rounds. What effects do is told to `RUNS`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import attrs
from hypothesis import strategies as st
from returns.maybe import Maybe, Nothing, Some
from returns.result import Failure, Result, Success

from wio import (
    WIO,
    Caught,
    Early,
    Fixed,
    Query,
    Retry,
    Signal,
    Workflow,
    branch,
    catch,
    check,
    compute,
    fail,
    handle_signal,
    loop,
    pure,
    query,
    repeat_while,
    run_io,
    wait,
    wait_until,
    when,
    when_some,
)

Recipe: TypeAlias = tuple[Any, ...]

AT = datetime(2026, 1, 1, tzinfo=UTC)
RUNS: list[str] = []
"""Is what the effects have done since somebody cleared it."""


@attrs.frozen
class Low:
    """Is one error."""

    by: int


@attrs.frozen
class High:
    """Is another error."""

    by: int


@attrs.frozen
class Done:
    """Is an event that is a class."""

    number: int


@attrs.frozen
class Round:
    """Is what flows in a loop: the rounds so far, and the value."""

    rounds: int
    value: int


ASK = Signal("ask", request=int, response=int)
TELL = Signal("tell", request=int, response=str, early=Early.KEEP)
NEAR = Query("near", response=str)
FAR = Query("far", response=str)


@attrs.frozen
class Add:
    number: int

    def __call__(self, value: int) -> int:
        return _int(value) + self.number


@attrs.frozen
class Doubled:
    name: str

    def __call__(self, value: int) -> int:
        RUNS.append(self.name)
        return _int(value) * 2


@attrs.frozen
class Finished:
    name: str

    def __call__(self, value: int) -> Done:
        RUNS.append(self.name)
        return Done(_int(value) + 1)


@attrs.frozen
class Asked:
    name: str

    def __call__(self, value: int, request: int) -> int:
        RUNS.append(self.name)
        return _int(value) + request


@attrs.frozen
class Above:
    limit: int

    def __call__(self, value: int) -> bool:
        return _int(value) > self.limit


@attrs.frozen
class Found:
    limit: int

    def __call__(self, value: int) -> Maybe[int]:
        return Some(value - self.limit) if _int(value) > self.limit else Nothing


@attrs.frozen
class Checked:
    limit: int

    def __call__(self, value: int) -> Result[int, Low]:
        return Success(value) if _int(value) <= self.limit else Failure(Low(value))


@attrs.frozen
class Chosen:
    """Is a continuation: one program for even values, another for odd ones."""

    even: Recipe
    odd: Recipe

    def __call__(self, value: int) -> WIO[int, Any, int]:
        return build(self.even if _int(value) % 2 == 0 else self.odd)


@attrs.frozen
class Rescued:
    program: Recipe

    def __call__(self, error: object) -> WIO[int, Any, int]:
        del error
        return build(self.program)


@attrs.frozen
class Rounds:
    most: int

    def __call__(self, state: Round) -> bool:
        return state.rounds >= self.most


@attrs.frozen
class RoundsSome:
    most: int

    def __call__(self, state: Round) -> Maybe[Round]:
        return Some(state) if state.rounds >= self.most else Nothing


@attrs.frozen
class FewRounds:
    most: int

    def __call__(self, state: Round) -> bool:
        return state.rounds < self.most


def _int(value: object) -> int:
    assert isinstance(value, int), value
    return value


def sums(value: int, event: int) -> int:
    return value + event


def folds(value: int, event: Done) -> Result[int, High]:
    return Success(value + event.number) if event.number % 3 else Failure(High(event.number))


def responds(value: int, event: int) -> int:
    return value - event


def says(value: int, event: int) -> str:
    return f"{value}, {event}"


def judges(value: int, event: int) -> Result[int, Low]:
    return Failure(Low(event)) if event % 4 == 3 else Success(value + event)


def hours(value: int) -> timedelta:
    return timedelta(hours=abs(value) % 24)


def day(value: int) -> datetime:
    return AT + timedelta(days=abs(value) % 7)


def error_number(caught: Caught[Any, Any]) -> int:
    return getattr(caught.error, "by", 0)


def change_error(error: object) -> High:
    return High(getattr(error, "by", -1))


def starts(value: int) -> Round:
    return Round(0, _int(value))


def value_of(state: Round) -> int:
    return state.value


def next_round(state: Round, value: int) -> Round:
    return Round(state.rounds + 1, value)


def same_round(state: Round, value: int) -> Round:
    return Round(state.rounds, value)


def describes(value: object) -> str:
    return f"near {value}"


def describes_far(value: object) -> str:
    return f"far {value}"


_RETRY = Retry(attempts=2, backoff=Fixed(timedelta(minutes=1)))


def build(recipe: Recipe) -> WIO[int, Any, int]:
    """Return the program of a recipe."""
    kind, *parts = recipe
    made: WIO[int, Any, int] = _LEAVES[kind](*parts) if kind in _LEAVES else _INNER[kind](*parts)
    return made


_LEAVES: dict[str, Any] = {
    "pure": pure,
    "fail low": lambda by: fail(Low(by)),
    "fail high": lambda by: fail(High(by)),
    "compute": lambda number: compute(Add(number)),
    "check": lambda limit: check(Checked(limit), name="limit"),
    "run": lambda name: run_io(Doubled(name), name=name),
    "run retried": lambda name: run_io(Doubled(name), sums, name=name, retry=_RETRY),
    "run checked": lambda name: run_io(Finished(name), folds, name=name),
    "ask": lambda name: handle_signal(ASK, Asked(name), sums, respond=responds, name=name),
    "tell": lambda name: handle_signal(TELL, Asked(name), judges, respond=says),
    "wait": lambda number: wait(timedelta(minutes=number)),
    "wait computed": lambda _: wait(hours),
    "wait until": lambda number: wait_until(AT + timedelta(hours=number), name="until"),
    "wait until computed": lambda _: wait_until(day),
}


def _looped(body: Recipe, most: int) -> WIO[int, Any, int]:
    counted = build(body).transform_input(value_of).transform_output(next_round)
    return compute(starts) >> loop(counted, until=Rounds(most)).map(value_of)


def _looped_back(body: Recipe, back: Recipe, most: int) -> WIO[int, Any, int]:
    counted = build(body).transform_input(value_of).transform_output(next_round)
    way_back = build(back).transform_input(value_of).transform_output(same_round)
    return compute(starts) >> loop(counted, until=RoundsSome(most), back=way_back, name="poll").map(value_of)


def _repeated(body: Recipe, most: int) -> WIO[int, Any, int]:
    counted = build(body).transform_input(value_of).transform_output(next_round)
    return compute(starts) >> repeat_while(FewRounds(most), counted).map(value_of)


_INNER: dict[str, Any] = {
    "then": lambda one, other: build(one) >> build(other),
    "twice": lambda one: build(one) >> build(one),
    "flat_map": lambda one, even, odd: build(one).flat_map(Chosen(even, odd)),
    "bind": lambda one, even, odd: build(one).bind(Chosen(even, odd)),
    "map": lambda one, number: build(one).map(Add(number)),
    "apply": lambda one, number: build(one).apply(pure(Add(number))),
    "alt": lambda one: build(one).alt(change_error),
    "lash": lambda one, other: build(one).lash(Rescued(other)),
    "transform_input": lambda one, number: build(one).transform_input(Add(number)),
    "transform_output": lambda one: build(one).transform_output(sums),
    "branch": lambda one, other, limit: branch(when(Above(limit), name="big") >> build(one), default=build(other)),
    "branch some": lambda one, other, limit: branch(
        when_some(Found(limit), name="found") >> build(one) | when(Above(0), name="rest") >> build(other)
    ),
    "loop": _looped,
    "loop back": _looped_back,
    "repeat": _repeated,
    "handle": lambda one, other: build(one).handle_error(build(other).transform_input(error_number)),
    "catch": lambda one, other: build(one).handle_error(catch(Low, build(other).transform_input(error_number))),
    "near": lambda one: query(NEAR, describes, build(one)),
    "far": lambda one: query(FAR, describes_far, build(one)),
    "named": lambda one, name: build(one).named(name),
}

_numbers = st.integers(-3, 9)
_names = st.sampled_from(("a", "b"))
_few = st.integers(0, 3)


def _extended(inner: st.SearchStrategy[Recipe]) -> st.SearchStrategy[Recipe]:
    return st.one_of(
        st.tuples(st.just("then"), inner, inner),
        st.tuples(st.just("twice"), inner),
        st.tuples(st.sampled_from(("flat_map", "bind")), inner, inner, inner),
        st.tuples(st.sampled_from(("map", "apply", "transform_input")), inner, _numbers),
        st.tuples(st.sampled_from(("alt", "transform_output", "near", "far")), inner),
        st.tuples(st.sampled_from(("lash", "handle", "catch")), inner, inner),
        st.tuples(st.sampled_from(("branch", "branch some")), inner, inner, _numbers),
        st.tuples(st.sampled_from(("loop", "repeat")), inner, _few),
        st.tuples(st.just("loop back"), inner, inner, _few),
        st.tuples(st.just("named"), inner, st.sampled_from(("a", "part"))),
    )


_steps = st.one_of(
    st.tuples(st.sampled_from(("run", "run retried", "run checked")), _names),
    st.tuples(st.sampled_from(("ask", "tell")), _names),
    st.tuples(st.sampled_from(("wait", "wait computed", "wait until", "wait until computed")), _few),
)
_values = st.tuples(st.sampled_from(("pure", "fail low", "fail high", "compute", "check")), _numbers)

leaves: st.SearchStrategy[Recipe] = st.one_of(_steps, _steps, _values)
_trees = st.recursive(leaves, _extended, max_leaves=12)

# Most of what goes wrong needs something before and after it.
recipes: st.SearchStrategy[Recipe] = st.one_of(
    _trees, _extended(_trees), st.builds(lambda one, two, three: ("then", one, ("then", two, three)), *[_trees] * 3)
)


def workflow_of(program: WIO[int, Any, int]) -> Workflow[int, Any, int]:
    """Return a program as a workflow that takes an int."""
    return Workflow("random", version=1, input=int, root=program)
