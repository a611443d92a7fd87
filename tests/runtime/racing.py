"""Which programs run effects at the same time, and what may become of them? Given as recipes, like the machine's.

What an effect returns depends only on its name and its argument; how long it takes, on its address and on who runs it.
So all that a restart may change is which of several ends first, and `outcomes` has what each order leads to.
"""

from __future__ import annotations

import asyncio
import itertools
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, TypeAlias

import attrs
from hypothesis import strategies as st
from returns.result import Failure, Result, Success

from interpreters import effect_context
from tests.machine.programs import (
    Items,
    Low,
    Round,
    Rounds,
    error_number,
    interrupted_number,
    next_round,
    starts,
    total,
    undone_number,
    value_of,
)
from wio import (
    WIO,
    Fixed,
    Rest,
    Retry,
    alongside,
    check,
    checkpoint,
    compute,
    critical,
    first_of,
    for_each,
    interrupt,
    loop,
    parallel,
    race,
    run_io,
    saga,
    scope,
    undoable,
    wait,
)

Recipe: TypeAlias = tuple[Any, ...]
Ended: TypeAlias = Result[int, Low]

_MOST_ROUNDS = 6
_AGAIN = Retry(backoff=Fixed(timedelta(minutes=1)))


@attrs.define
class World:
    """Is where the effects of one run leave their traces, by address. `seed` says how long each takes."""

    seed: int = 0
    runs: Counter[str] = attrs.field(factory=Counter[str])
    now: set[str] = attrs.field(factory=set[str])
    twice: list[str] = attrs.field(factory=list[str])


WORLD = World()


def new_world(seed: int) -> World:
    """Forget what has been, and return where traces will be."""
    WORLD.seed = seed
    WORLD.runs, WORLD.now, WORLD.twice = Counter(), set(), []
    return WORLD


def worked(name: str, value: int) -> int:
    """Return what the effect of that name returns."""
    return (3 * value + len(name) * 7 + ord(name[0])) % 1_009


@attrs.frozen
class Works:
    """Is an effect that takes some rounds of the event loop; with `fails`, its first attempt fails."""

    name: str
    fails: bool = False

    async def __call__(self, value: int) -> int:
        context = effect_context()
        if context.address in WORLD.now:
            WORLD.twice.append(context.address)
        WORLD.runs[context.address] += 1
        WORLD.now.add(context.address)
        try:
            for _ in range(zlib.crc32(f"{WORLD.seed} {context.address}".encode()) % _MOST_ROUNDS):
                await asyncio.sleep(0)
            if self.fails and context.attempt == 1:
                raise OSError("not yet")
        finally:
            WORLD.now.discard(context.address)
        return worked(self.name, value)


@attrs.frozen
class Odd:
    """Refuses what has a rest."""

    divisor: int

    def __call__(self, value: int) -> Ended:
        return Failure(Low(value)) if value % self.divisor else Success(value)


def build(recipe: Recipe) -> WIO[int, Any, int]:
    """Return the program of a recipe."""
    kind, *parts = recipe
    made: WIO[int, Any, int] = _PROGRAMS[kind](*parts)
    return made


def _many(bodies: tuple[Recipe, ...], join: int | None, rest: Rest) -> WIO[int, Any, int]:
    named = [build(body).named(f"p{number}") for number, body in enumerate(bodies)]
    how: Any = {} if join is None else {"join": min(join, len(bodies)), "rest": rest}
    return parallel(*named, **how).map(total)


def _each(body: Recipe, count: int, join: int | None, rest: Rest, at_once: int | None) -> WIO[int, Any, int]:
    how: Any = {} if join is None else {"join": join, "rest": rest}
    return for_each(Items(count), build(body), at_once=at_once, **how).map(total)


def _looped(body: Recipe, most: int, keeps: bool) -> WIO[int, Any, int]:
    counted = build(body).transform_input(value_of).transform_output(next_round)
    how: Any = {"checkpoint": Round} if keeps else {}
    return compute(starts) >> loop(counted, until=Rounds(most), **how).map(value_of)


def _first(how: Callable[..., Any]) -> Callable[..., WIO[int, Any, int]]:
    return lambda *bodies: how(*(build(body).named(f"f{number}") for number, body in enumerate(bodies)))


def _beside(body: Recipe, trigger: Recipe, beside: Recipe) -> WIO[int, Any, int]:
    return scope(build(body), alongside(build(trigger), build(beside).transform_input(interrupted_number)))


def _interrupted(body: Recipe, trigger: Recipe, handler: Recipe) -> WIO[int, Any, int]:
    return scope(build(body), interrupt(build(trigger), build(handler).transform_input(interrupted_number)))


def _undone(one: Recipe, undo: Recipe, other: Recipe) -> WIO[int, Any, int]:
    return saga(undoable(build(one), build(undo).transform_input(undone_number)) >> build(other))


_PROGRAMS: dict[str, Callable[..., WIO[int, Any, int]]] = {
    "run": lambda name: run_io(Works(name), name=name),
    "again": lambda name: run_io(Works(name, fails=True), name=name, retry=_AGAIN),
    "wait": lambda minutes: wait(timedelta(minutes=minutes)),
    "check": lambda divisor: check(Odd(divisor), name="even"),
    "then": lambda one, other: build(one) >> build(other),
    "handle": lambda one, other: build(one).handle_error(build(other).transform_input(error_number)),
    "parallel": _many,
    "each": _each,
    "race": _first(race),
    "first": _first(first_of),
    "interrupted": _interrupted,
    "beside": _beside,
    "critical": lambda one: critical("l", build(one)),
    "undone": _undone,
    "loop": _looped,
    "checkpoint": lambda one: checkpoint(build(one), result=int),
}


# What may become of it


def outcomes(recipe: Recipe, value: int) -> frozenset[Ended]:
    """Return all ends that a program may come to, by whatever ends first in it."""
    match recipe:
        case ("run" | "again", name):
            return frozenset({Success(worked(name, value))})
        case ("wait", _):
            return frozenset({Success(value)})
        case ("check", divisor):
            return frozenset({Odd(divisor)(value)})
        case ("then", one, other) | ("undone", one, _, other):
            return _then(outcomes(one, value), other)
        case ("handle", one, other):
            return _handled(outcomes(one, value), other)
        case ("parallel", bodies, join, _):
            return _joined([outcomes(body, value) for body in bodies], join)
        case ("each", body, count, join, _, _):
            return _joined([outcomes(body, value + number) for number in range(count)], join)
        case ("race" | "first", *bodies):
            return frozenset[Ended]().union(*(outcomes(body, value) for body in bodies))
        case ("interrupted", body, _, handler):
            return outcomes(body, value) | outcomes(handler, value)
        case ("beside", body, _, _) | ("critical" | "checkpoint", body):
            return outcomes(body, value)
        case ("loop", body, most, _):
            ends = outcomes(body, value)
            for _ in range(most - 1):
                ends = _then(ends, body)
            return ends
        case _:
            raise AssertionError(f"what may become of {recipe}?")


def _then(ends: Iterable[Ended], other: Recipe) -> frozenset[Ended]:
    found: set[Ended] = set()
    for end in ends:
        found |= outcomes(other, end.unwrap()) if isinstance(end, Success) else {end}
    return frozenset(found)


def _handled(ends: Iterable[Ended], other: Recipe) -> frozenset[Ended]:
    found: set[Ended] = set()
    for end in ends:
        found |= {end} if isinstance(end, Success) else outcomes(other, end.failure().by)
    return frozenset(found)


def _joined(branches: list[frozenset[Ended]], join: int | None) -> frozenset[Ended]:
    """Let the branches end in every order, each in every way."""
    wanted = len(branches) if join is None else min(join, len(branches))
    found: set[Ended] = set()
    for ends in itertools.product(*branches):
        for order in itertools.permutations(ends, wanted):
            failed = next((end for end in order if isinstance(end, Failure)), None)
            found.add(failed or Success(sum(end.unwrap() for end in order)))
    return frozenset(found)


# Which there are

_effects = st.tuples(st.sampled_from(("run", "run", "again")), st.sampled_from(("a", "b", "cc")))
_triggers = _effects | st.tuples(st.just("wait"), st.integers(1, 2))
_leaves = st.one_of(_effects, _effects, _effects, _triggers, st.tuples(st.just("check"), st.integers(2, 3)))
_rests = st.sampled_from(Rest)


def _extended(inner: st.SearchStrategy[Recipe]) -> st.SearchStrategy[Recipe]:
    some = st.lists(inner, min_size=2, max_size=3).map(tuple)
    joins = st.none() | st.integers(1, 2)
    return st.one_of(
        st.tuples(st.just("then"), inner, inner),
        st.tuples(st.just("handle"), inner, inner),
        st.tuples(st.just("parallel"), some, joins, _rests),
        st.tuples(st.just("each"), inner, st.integers(0, 3), joins, _rests, st.none() | st.integers(1, 2)),
        st.tuples(st.sampled_from(("race", "first")), inner, inner),
        st.tuples(st.just("interrupted"), inner, _triggers, inner),
        # An effect that sets it off would do so again and again.
        st.tuples(st.just("beside"), inner, st.tuples(st.just("wait"), st.integers(1, 2)), _effects),
        st.tuples(st.sampled_from(("critical", "checkpoint")), inner),
        st.tuples(st.just("undone"), inner, _effects, inner),
        st.tuples(st.just("loop"), inner, st.integers(1, 2), st.booleans()),
    )


_trees = st.recursive(_leaves, _extended, max_leaves=6)

racing: st.SearchStrategy[Recipe] = st.one_of(
    _extended(_trees), st.tuples(st.just("parallel"), st.tuples(_trees, _trees), st.none(), _rests)
)
