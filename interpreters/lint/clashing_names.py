"""Which parts of one node have the same name, so that their addresses could not be told apart?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from wio.nodes import Branch, FirstOf, Machine, Node, Parallel, Watched


def _all(surveyed: Survey) -> Iterator[Fault]:
    for node in surveyed.nodes:
        yield from _faults(node)


def _faults(node: Node) -> Iterator[Fault]:
    match node:
        case Branch(arms, default):
            others = () if default is None else ("default",)
            yield from _doubled(node, "arms", [*(arm.name for arm in arms), *others])
        case Parallel(arms) | FirstOf(arms):
            yield from _doubled(node, "branches", [arm.name for arm in arms])
        case Machine(states):
            yield from _doubled(node, "states", [state.name for state in states])
        case Watched(_, handlers):
            yield from _doubled(node, "handlers", [handler.name for handler in handlers])
        case _:
            pass


def _doubled(node: Branch | Parallel | FirstOf | Machine | Watched, what: str, names: list[str]) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        if count > 1:
            message = f"is the name of {count} {what}, which the journal could not tell apart. Give each its own."
            yield Fault(node, message, part=name)


clashing_names = Check("clashing-names", _all)
"""Finds every name that several arms, states or handlers of one node have."""
