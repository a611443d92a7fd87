"""Which choices are decided before anything can happen? Those in which one part does not wait at all.

A time, a number or a message that is recorded at once, decides a choice; the end of a trigger decides about a body.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interpreters.lint.beginnings import beginnings
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from interpreters.machine.questions import nodes_in
from wio.nodes import (
    WIO,
    Critical,
    Draft,
    During,
    FirstOf,
    FlatMap,
    ForEach,
    Handler,
    HandleSignal,
    Node,
    OfferTask,
    Publish,
    Record,
    RunChild,
    RunIO,
    SetAttributes,
    Wait,
    Watch,
    Watched,
)

_ARM = "waits for nothing, so it is always chosen, and the other branches never. Let it begin with what it waits for."
_TRIGGER = (
    "waits for nothing, so it sets off at once, and nothing can happen in the body. Let the trigger wait: for a"
    " signal, a time, a task."
)
_FINISH = "waits for nothing, so it ends the for-each at once. Let it wait: for a signal, a time, a task."

_WAITING = RunIO | HandleSignal | Wait | Draft | OfferTask | RunChild | FlatMap | Critical | During


def _all(surveyed: Survey) -> Iterator[Fault]:
    for node in surveyed.nodes:
        yield from _faults(node, surveyed)


def _faults(node: Node, surveyed: Survey) -> Iterator[Fault]:
    match node:
        case FirstOf(arms) if len(arms) > 1:
            yield from (Fault(node, _ARM, part=arm.name) for arm in arms if _happens_at_once(arm.body, surveyed))
        case ForEach():
            if node.finish is not None and _is_over_at_once(node.finish, surveyed):
                yield Fault(node, _FINISH, part="finish")
        case Watched(base, handlers) if surveyed.of(base).has_step:
            hasty = (handler for handler in handlers if _is_hasty(handler, surveyed))
            yield from (Fault(node, _TRIGGER, part=handler.name) for handler in hasty)
        case _:
            pass


def _is_hasty(handler: Handler, surveyed: Survey) -> bool:
    """Tell whether a trigger ends the body at once; what spins beside it, is for another rule."""
    if handler.trigger is None or not _is_over_at_once(handler.trigger, surveyed):
        return False
    return handler.watch is Watch.INTERRUPT or not surveyed.in_rounds(handler.trigger).ends_at_once


def _is_over_at_once(program: WIO[Any, Any, Any], surveyed: Survey) -> bool:
    """Tell whether it ends or fails on some way, and waits for nothing on any."""
    ways = surveyed.of(program)
    if not ways.has_step:
        return ways.only_at_once
    return (ways.ends or ways.fails) and not any(isinstance(node, _WAITING) for node in nodes_in(program))


def _happens_at_once(program: WIO[Any, Any, Any], surveyed: Survey) -> bool:
    """Tell whether it is over, or has recorded something, before it waits for anything, on every way."""
    ways = surveyed.of(program)
    if not ways.has_step:
        return ways.only_at_once
    first = tuple(beginnings(program, surveyed.of))
    is_recorded = any(isinstance(node, Record | SetAttributes | Publish) for node in first)
    return is_recorded and not any(isinstance(node, _WAITING) for node in first)


decided_at_once = Check("decided-at-once", _all)
"""Finds branches of choices, interrupting triggers and ends of for-eaches that never wait."""
