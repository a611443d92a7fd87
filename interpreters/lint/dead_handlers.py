"""Which handlers of scopes can never run?"""

from __future__ import annotations

from collections.abc import Iterator

from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from wio.nodes import Watch, Watched

_NOTHING_TO_WATCH = (
    "can never run: its scope has no step inside, so it is over before anything can come. Put the steps that it is to"
    " watch over into the scope, or leave it out."
)
_SECOND_CANCEL = (
    "can never run: of the handlers for cancellation of one scope only the first one does. Make one of both, or put"
    " one of them into a scope of its own."
)
_NO_END = (
    "can never run: its trigger never ends well, so nothing comes after it. Let the trigger end, or leave the handler"
    " out."
)


def _all(surveyed: Survey) -> Iterator[Fault]:
    for node in surveyed.nodes:
        if isinstance(node, Watched):
            yield from _faults(node, surveyed)


def _faults(node: Watched, surveyed: Survey) -> Iterator[Fault]:
    base = surveyed.of(node.base)
    if base.only_at_once:
        # A body that leaves a region around is withdrawn in the middle, so it may still be cancelled.
        dead = (each for each in node.handlers if each.watch is not Watch.CANCEL or not base.leaves)
        yield from (Fault(node, _NOTHING_TO_WATCH, part=handler.name) for handler in dead)
        return
    cancelling = [handler for handler in node.handlers if handler.watch is Watch.CANCEL]
    yield from (Fault(node, _SECOND_CANCEL, part=handler.name) for handler in cancelling[1:])
    for handler in node.handlers:
        if handler.trigger is not None and handler.body is not None and not surveyed.of(handler.trigger).ends:
            yield Fault(node, _NO_END, Level.WARNING, handler.name)


dead_handlers = Check("dead-handler", _all)
"""Finds handlers that can never run, and warns of those whose trigger can only fail."""
