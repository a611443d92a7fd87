"""Which signals may be awaited in several places at the same time, so that one place takes what another is waiting for?

Places that match requests by a key are told apart by it; see `Signal.correlation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import Place, places
from interpreters.lint.survey import Survey, reachable, survey
from wio.nodes import (
    WIO,
    AndThen,
    FirstOf,
    FlatMap,
    HandleError,
    HandleSignal,
    Loop,
    Machine,
    Parallel,
    Undoable,
    Watched,
    children,
    node_of,
)
from wio.workflow import Workflow


@attrs.frozen
class _Taker:
    """Is the first place in a part that takes a signal: of any key, if there is such a one."""

    address: str
    takes_all: bool


_ADVICE = (
    "the first of them takes whatever comes. Tell them apart by a key, Signal(correlation=...) and match=..., or use"
    " two signals."
)


def shared_signals(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Warn of every signal that two places may await at the same time, at the second of them."""
    surveyed = survey(workflow)
    if not any(isinstance(node, HandleSignal) for node in surveyed.nodes):
        return ()
    takers: dict[tuple[str, str], dict[str, _Taker]] = {}
    findings: list[Finding] = []
    reported: set[tuple[str, str]] = set()
    for place in places(workflow.root):
        if isinstance(place.node, HandleSignal):
            for key, message in _clashes(place, place.node, takers):
                if key not in reported:
                    reported.add(key)
                    findings.append(_finding(place.address, message))
        elif isinstance(place.node, FirstOf):
            findings.extend(_finding(place.address, message) for message in _undecided(place.node, surveyed))
    return tuple(findings)


def _finding(address: str, message: str) -> Finding:
    return Finding(Level.WARNING, "shared-signal", address, f"{message}: {_ADVICE}")


def _clashes(
    place: Place, node: HandleSignal, takers: dict[tuple[str, str], dict[str, _Taker]]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield what else may take the signal in each joint around a place, the innermost first; note the place there."""
    name, taker = node.signal.name, _Taker(place.address, node.match is None)
    around = place.around
    while around is not None:
        if around.beside:
            key = (name, around.address)
            parts = takers.setdefault(key, {})
            known = parts.get(around.part)
            if known is not None and known.takes_all >= taker.takes_all:
                return  # so the joints further out know it as well
            if around.repeated and taker.takes_all:
                yield key, f"awaits the signal {name!r} several times at once in {around.address!r}"
            for part, other in parts.items():
                if part != around.part and (other.takes_all or taker.takes_all):
                    yield key, f"awaits the signal {name!r} at the same time as {other.address!r}"
            parts[around.part] = taker
        around = around.outer


# Choices: only what an arm begins with is offered beside the other arms


def _undecided(choice: FirstOf, surveyed: Survey) -> Iterator[str]:
    first: dict[str, tuple[str, bool]] = {}
    for arm in choice.arms:
        for node in _offered(arm.body, surveyed):
            name, takes_all = node.signal.name, node.match is None
            other, other_takes_all = first.setdefault(name, (arm.name, takes_all))
            if other != arm.name and (takes_all or other_takes_all):
                yield f"offers {other!r} and {arm.name!r}, which both begin with the signal {name!r}"


def _offered(program: WIO[Any, Any, Any], surveyed: Survey) -> Iterator[HandleSignal]:
    waiting = [program]
    seen: set[int] = set()
    while waiting:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        node = node_of(here)
        if isinstance(node, HandleSignal):
            yield node
        waiting.extend(reversed(_first_in(here, surveyed)))


def _first_in(program: WIO[Any, Any, Any], surveyed: Survey) -> tuple[WIO[Any, Any, Any], ...]:
    """Return the parts of a program that may begin before anything has happened in it."""
    match node_of(program):
        case AndThen(first, second):
            return (first, second) if surveyed.of(first).ends_at_once else (first,)
        case FlatMap(base) | Undoable(base):
            return (base,)
        case HandleError(base, handler):
            return (base, handler) if surveyed.of(base).fails_at_once else (base,)
        case Loop(body, _, back):
            return (body,) if back is None or not surveyed.of(body).ends_at_once else (body, back)
        case Machine() as machine:
            hasty = [state for state in machine.states if surveyed.of(state.body).ends_at_once]
            return tuple(state.body for state in reachable(machine, hasty))
        case Parallel(arms) as parallel if parallel.each is not None:
            hasty_arms = any(surveyed.of(arm.body).ends_at_once for arm in arms)
            return (*(arm.body for arm in arms), *((parallel.each,) if hasty_arms else ()))
        case Watched(base, handlers):
            return (base, *(handler.trigger for handler in handlers if handler.trigger is not None))
        case _:
            return children(program)
