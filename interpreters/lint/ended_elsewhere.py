"""Which parts may be ended from outside, so that they need no end of their own?

By an interrupt, by a region that is left, by a join that cancels the rest, by the end of what they keep watch over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interpreters.lint.survey import Survey
from wio.nodes import WIO, ForEach, InRegion, Node, Parallel, Rest, Watch, Watched, children


def ended_elsewhere(surveyed: Survey) -> frozenset[int]:
    """Return the ids of all nodes that are inside of such a part."""
    waiting = [part for node in surveyed.nodes for part in _withdrawn(node)]
    found: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) not in found:
            found.add(id(part))
            waiting.extend(children(part))
    return frozenset(found)


def _withdrawn(node: Node) -> Iterator[WIO[Any, Any, Any]]:
    """Yield the parts of a node that it may withdraw before they have ended."""
    match node:
        case Watched(base, handlers):
            if any(handler.watch is Watch.INTERRUPT for handler in handlers):
                yield base
            yield from (handler.trigger for handler in handlers if handler.trigger is not None)
        case InRegion(_, base):
            yield base
        case Parallel(arms, join, rest) if join is not None and rest is Rest.CANCEL:
            yield from (arm.body for arm in arms)
            if node.each is not None:
                yield node.each
        case ForEach():
            if node.finish is not None or (node.join is not None and node.rest is Rest.CANCEL):
                yield node.body
            yield from (helper for helper in (node.add, node.finish) if helper is not None)
        case _:
            pass
