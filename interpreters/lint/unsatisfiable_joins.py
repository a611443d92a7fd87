"""Which joins can never be satisfied?"""

from __future__ import annotations

from collections.abc import Iterator

from interpreters.lint.arrivals import arrivals_in
from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey, how_many
from wio.nodes import FirstOf, ForEach, Gathering, Node, Parallel


def _all(surveyed: Survey) -> Iterator[Fault]:
    for node in surveyed.nodes:
        yield from _faults(node, surveyed)


def _faults(node: Node, surveyed: Survey) -> Iterator[Fault]:
    match node:
        case Parallel(arms, join):
            if isinstance(join, int) and not 0 <= join <= len(arms):
                yield Fault(node, f"waits for {join} of {len(arms)} branches. Give a join of 0 to {len(arms)}.")
            else:
                yield from _never_enough(node, surveyed)
        case ForEach(_, body):
            join, at_once = node.join, node.at_once
            if isinstance(join, int) and join < 0:
                yield Fault(node, f"waits for {join} elements. Give a join of 0 or more.")
            elif join != 0 and not surveyed.of(body).ends:
                yield Fault(node, _FAILING.format("an element never ends well"), Level.WARNING)
            if at_once is not None and at_once < 1:
                yield Fault(node, f"lets {at_once} elements be under way, so none begins. Give at_once=1 or more.")
        case FirstOf(()):
            yield Fault(node, "has no branches, so it waits for ever. Give it at least one.")
        case Gathering() if not surveyed.is_dynamic:
            yield from _never_held(node)
        case _:
            pass


_FAILING = "can never go on: {}, and it waits for that. Let it end well on some way, or wait for fewer by join=..."


def _never_enough(node: Parallel, surveyed: Survey) -> Iterator[Fault]:
    ends = node.each is None or surveyed.of(node.each).ends
    failing = [arm.name for arm in node.arms if arm.guard is None and not (ends and surveyed.of(arm.body).ends)]
    if len(node.arms) - len(failing) < how_many(node):
        words = " and ".join(repr(name) for name in failing)
        yield Fault(node, _FAILING.format(f"{words} never ends well"), Level.WARNING)


def _never_held(gathering: Gathering) -> Iterator[Fault]:
    arriving = {(each.meeting, each.party) for each in arrivals_in(gathering)}
    for meet in gathering.meets:
        missing = [repr(party) for party in meet.meeting.parties if (meet.meeting, party) not in arriving]
        if missing:
            message = f"never holds {meet.meeting.name!r}: nothing in it arrives as {' or '.join(missing)}. {_ARRIVE}"
            yield Fault(gathering, message, Level.WARNING)


_ARRIVE = "Let something: arrive(MEETING, party)."


unsatisfiable_joins = Check("unsatisfiable-join", _all)
"""Finds joins that ask for what there is not, and warns of those that wait for what can only fail."""
