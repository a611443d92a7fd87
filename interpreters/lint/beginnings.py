"""Which nodes of a program may be reached before anything has happened in it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from interpreters.lint.survey import reachable
from interpreters.lint.ways import Ways
from wio.nodes import (
    WIO,
    AndThen,
    FlatMap,
    HandleError,
    Loop,
    Machine,
    Node,
    Parallel,
    Undoable,
    Watched,
    children,
    node_of,
)

WaysOf: TypeAlias = Callable[[WIO[Any, Any, Any]], Ways]
"""Tells the ways of a node: `Survey.of`, or `Survey.in_rounds`."""


def beginnings(program: WIO[Any, Any, Any], ways: WaysOf) -> Iterator[Node]:
    """Yield each node that may be reached at once, in the order in which they are written."""
    waiting = [program]
    seen: set[int] = set()
    while waiting:
        here = waiting.pop()
        if id(here) not in seen:
            seen.add(id(here))
            yield node_of(here)
            waiting.extend(reversed(_first_in(here, ways)))


def _first_in(program: WIO[Any, Any, Any], ways: WaysOf) -> tuple[WIO[Any, Any, Any], ...]:
    match node_of(program):
        case AndThen(first, second):
            return (first, second) if ways(first).ends_at_once else (first,)
        case FlatMap(base) | Undoable(base):
            return (base,)
        case HandleError(base, handler):
            return (base, handler) if ways(base).fails_at_once else (base,)
        case Loop(body, _, back):
            return (body,) if back is None or not ways(body).ends_at_once else (body, back)
        case Machine() as machine:
            hasty = [state for state in machine.states if ways(state.body).ends_at_once]
            return tuple(state.body for state in reachable(machine, hasty))
        case Parallel(arms) as parallel if parallel.each is not None:
            hasty_arms = any(ways(arm.body).ends_at_once for arm in arms)
            return (*(arm.body for arm in arms), *((parallel.each,) if hasty_arms else ()))
        case Watched(base, handlers):
            return (base, *(handler.trigger for handler in handlers if handler.trigger is not None))
        case _:
            return children(program)
