"""Which choices are decided before anything can happen? Those in which one part does not wait at all."""

from __future__ import annotations

from collections.abc import Iterator

from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from wio.nodes import FirstOf, ForEach, Handler, Node, Watch, Watched

_ARM = "waits for nothing, so it is always chosen, and the other branches never. Let it begin with what it waits for."
_TRIGGER = (
    "waits for nothing, so it sets off at once, and nothing can happen in the body. Let the trigger wait: for a"
    " signal, a time, a task."
)
_FINISH = "waits for nothing, so it ends the for-each at once. Let it wait: for a signal, a time, a task."


def _all(surveyed: Survey) -> Iterator[Fault]:
    for node in surveyed.nodes:
        yield from _faults(node, surveyed)


def _faults(node: Node, surveyed: Survey) -> Iterator[Fault]:
    match node:
        case FirstOf(arms) if len(arms) > 1:
            yield from (Fault(node, _ARM, part=arm.name) for arm in arms if surveyed.of(arm.body).only_at_once)
        case ForEach():
            if node.finish is not None and surveyed.of(node.finish).only_at_once:
                yield Fault(node, _FINISH, part="finish")
        case Watched(base, handlers) if surveyed.of(base).has_step:
            hasty = (handler for handler in handlers if _is_hasty(handler, surveyed))
            yield from (Fault(node, _TRIGGER, part=handler.name) for handler in hasty)
        case _:
            pass


def _is_hasty(handler: Handler, surveyed: Survey) -> bool:
    """Tell whether a trigger ends the body at once; what spins beside it, is for another rule."""
    if handler.trigger is None:
        return False
    ways = surveyed.of(handler.trigger)
    return ways.only_at_once and (handler.watch is Watch.INTERRUPT or not ways.ends_at_once)


decided_at_once = Check("decided-at-once", _all)
"""Finds branches of choices, interrupting triggers and ends of for-eaches that never wait."""
