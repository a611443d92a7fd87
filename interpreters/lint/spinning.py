"""What may go round and round without waiting for anything or recording anything?

Such a round never gives the runtime a turn. Where only functions decide how often it goes round, it is a warning; an
error is what starts again on the same value each time, so that nothing can ever end it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import cast

from interpreters.lint.arrivals import arrivals_in
from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey, reachable
from interpreters.lint.ways import Ways, then
from wio.nodes import ForEach, Gathering, Loop, Machine, Node, Recursive, Watch, Watched

_LOOP = "may go round without waiting for or recording anything. Put a step on every way through it."
_RECURSION = "may run itself again without waiting for or recording anything. Put a step before it on every way."
_ENDLESS = "runs itself again at once, on every way and without end. Give it a way that ends."
_MEETING = "may hold {} again and again without waiting for or recording anything. Put a step into one."
_AGAIN = "begins again whenever it has ended, and {} without waiting: it spins. Let it wait, for a signal or a time."


def _all(surveyed: Survey) -> Iterator[Fault]:
    for node in surveyed.nodes:
        yield from _faults(node, surveyed)


def _faults(node: Node, surveyed: Survey) -> Iterator[Fault]:
    match node:
        case Loop(body, _, back):
            around = surveyed.of(body) if back is None else then(surveyed.of(body), surveyed.of(back))
            if around.ends_at_once:
                yield Fault(node, _LOOP, Level.WARNING)
        case Machine():
            cycle = _cycle(node, surveyed)
            if cycle:
                words = " -> ".join(cycle)
                message = f"may go round {words} without waiting for or recording anything. Put a step into one."
                yield Fault(node, message, Level.WARNING)
        case Recursive(body):
            ways = surveyed.of(body)
            if node.name in ways.again_at_once:
                is_certain = not (ways.ends or ways.fails or ways.has_step)
                yield Fault(node, _ENDLESS) if is_certain else Fault(node, _RECURSION, Level.WARNING)
        case ForEach():
            if node.add is not None:
                yield from _repeated(node, "+*", surveyed.of(node.add))
        case Watched(base, handlers):
            watching = handlers if surveyed.of(base).has_step else ()
            for handler in watching:
                if handler.watch is Watch.ALONGSIDE and handler.trigger is not None:
                    yield from _repeated(node, handler.name, surveyed.of(handler.trigger))
        case Gathering():
            again = _held_again(node, surveyed)
            if again:
                yield Fault(node, _MEETING.format(" -> ".join(again)), Level.WARNING, again[0])
        case _:
            pass


def _repeated(node: ForEach | Watched, part: str, ways: Ways) -> Iterator[Fault]:
    if not ways.ends_at_once:
        return
    if ways.has_step:
        yield Fault(node, _AGAIN.format("may end"), Level.WARNING, part)
    else:
        yield Fault(node, _AGAIN.format("always ends"), part=part)


def _cycle(machine: Machine, surveyed: Survey) -> Sequence[str]:
    """Return the names of states that lead into each other at once, the first one at the end too; empty if none."""
    hasty = {state.name: state for state in reachable(machine) if surveyed.of(state.body).ends_at_once}
    return _first_cycle({name: state.to for name, state in hasty.items()})


def _held_again(gathering: Gathering, surveyed: Survey) -> Sequence[str]:
    """Return the names of meetings that lead to each other at once, the first one at the end too; empty if none."""
    hasty = {meet.meeting.name: meet.body for meet in gathering.meets if not surveyed.of(meet.body).has_step}
    targets = {name: {each.meeting.name for each in arrivals_in(body)} for name, body in hasty.items()}
    return _first_cycle({name: sorted(reached & hasty.keys()) for name, reached in targets.items()})


def _first_cycle(targets: Mapping[str, Sequence[str]]) -> Sequence[str]:
    try:
        TopologicalSorter(targets).prepare()
    except CycleError as error:
        # It takes targets for predecessors, so it tells the cycle backwards.
        return tuple(reversed(cast("list[str]", error.args[1])))
    return ()


spinning = Check("spinning", _all)
"""Finds loops, cycles of states, recursions, triggers and additions that can spin."""
