"""What may go round and round without waiting for anything?

Such a round never gives the runtime a turn, or fills the journal as fast as it can. What is recorded at once is no
wait; see `survey`. An error is what begins again whatever its guards say, so that nothing can end it. What a function
may end is a warning: it may be meant, but holds up all other instances meanwhile. A recursion that waits on another way
is no more than good to know, as its value may become smaller at each level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import cast

from interpreters.lint.beginnings import beginnings
from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey, reachable
from interpreters.lint.ways import Ways, then
from wio.nodes import Arrive, ForEach, Gathering, Loop, Machine, Node, Recursive, Watch, Watched

_LOOP = (
    "goes round without waiting for anything. Let it wait in each round, for an effect, a signal or a time; or do all"
    " its rounds in one pure function: compute(...)."
)
_LOOP_MAYBE = "may go round without waiting for anything. Let it wait on every way through it."
_STATES = "goes round {} without waiting for anything. Let one of these states wait: for an effect, a signal or a time."
_STATES_MAYBE = "may go round {} without waiting for anything. Let one of these states wait on every way through it."
_ENDLESS = (
    "runs itself again without waiting for anything, at once on every way. Give it a way that ends, and let it wait"
    " before it begins again."
)
_DEEP = (
    "goes down level by level without waiting for anything. That is good where the value becomes smaller each time,"
    " until another way is taken. Otherwise let it wait first."
)
_MEETING = "may hold {} again and again without waiting for anything. Put a step before what arrives there."
_AGAIN = "begins again whenever it has ended, and {} without waiting: it spins. Let it wait, for a signal or a time."


def _all(surveyed: Survey) -> Iterator[Fault]:
    for node in surveyed.nodes:
        yield from _faults(node, surveyed)


def _faults(node: Node, surveyed: Survey) -> Iterator[Fault]:
    match node:
        case Loop(body, _, back):
            around = surveyed.in_rounds(body)
            yield from _in_loop(node, around if back is None else then(around, surveyed.in_rounds(back)))
        case Machine():
            yield from _in_machine(node, surveyed)
        case Recursive(body):
            yield from _in_recursion(node, surveyed.in_rounds(body))
        case ForEach(_, body):
            if node.add is not None and surveyed.of(body).has_step:
                yield from _repeated(node, "+*", surveyed.in_rounds(node.add))
        case Watched(base, handlers):
            watching = handlers if surveyed.of(base).has_step else ()
            for handler in watching:
                if handler.watch is Watch.ALONGSIDE and handler.trigger is not None:
                    yield from _repeated(node, handler.name, surveyed.in_rounds(handler.trigger))
        case Gathering():
            again = _held_again(node, surveyed)
            if again:
                yield Fault(node, _MEETING.format(" -> ".join(again)), Level.WARNING, again[0])
        case _:
            pass


def _in_loop(loop: Loop, around: Ways) -> Iterator[Fault]:
    if around.ends_at_once:
        yield Fault(loop, _LOOP_MAYBE if around.ends_later else _LOOP, Level.WARNING)


def _in_machine(machine: Machine, surveyed: Survey) -> Iterator[Fault]:
    """Look for a round of states that never wait, and else for one of states that may not."""
    ways = {state.name: surveyed.in_rounds(state.body) for state in machine.states}
    hasty = {state.name: state.to for state in reachable(machine) if ways[state.name].ends_at_once}
    surely = _first_cycle({name: to for name, to in hasty.items() if not ways[name].ends_later})
    if surely:
        yield Fault(machine, _STATES.format(" -> ".join(surely)), Level.WARNING)
    elif cycle := _first_cycle(hasty):
        yield Fault(machine, _STATES_MAYBE.format(" -> ".join(cycle)), Level.WARNING)


def _in_recursion(recursive: Recursive, ways: Ways) -> Iterator[Fault]:
    if recursive.name not in ways.again_at_once:
        return
    ends_otherwise = ways.ends or ways.fails or ways.leaves or recursive.name in ways.again_later
    if ends_otherwise:
        yield Fault(recursive, _DEEP, Level.INFO if ways.has_step else Level.WARNING)
    else:
        yield Fault(recursive, _ENDLESS)


def _repeated(node: ForEach | Watched, part: str, ways: Ways) -> Iterator[Fault]:
    if not ways.ends_at_once:
        return
    if ways.ends_later:
        yield Fault(node, _AGAIN.format("may end"), Level.WARNING, part)
    else:
        yield Fault(node, _AGAIN.format("always ends"), part=part)


def _held_again(gathering: Gathering, surveyed: Survey) -> Sequence[str]:
    """Return the names of meetings that lead to each other at once, the first one at the end too; empty if none."""
    targets: dict[str, list[str]] = {}
    for meet in gathering.meets:
        first = beginnings(meet.body, surveyed.in_rounds)
        targets[meet.meeting.name] = sorted({node.meeting.name for node in first if isinstance(node, Arrive)})
    return _first_cycle(targets)


def _first_cycle(targets: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return a cycle among the names for which targets are given, the first one at the end too; empty if none."""
    try:
        TopologicalSorter({name: [to for to in targets[name] if to in targets] for name in targets}).prepare()
    except CycleError as error:
        # It takes targets for predecessors, so it tells the cycle backwards.
        return tuple(reversed(cast("list[str]", error.args[1])))
    return ()


spinning = Check("spinning", _all)
"""Finds loops, cycles of states, recursions, triggers and additions that can spin."""
