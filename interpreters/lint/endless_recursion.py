"""Which recursive parts have no way to an end?"""

from __future__ import annotations

from collections.abc import Iterator

from interpreters.lint.ended_elsewhere import ended_elsewhere
from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from wio.nodes import Recursive

_MESSAGE = (
    "runs itself again on every way that does not fail, so it never ends well. Give it a way that ends: by a branch, or"
    " use a loop with until=..."
)


def _all(surveyed: Survey) -> Iterator[Fault]:
    endless = [node for node in surveyed.nodes if isinstance(node, Recursive) and _never_ends(node, surveyed)]
    endable = ended_elsewhere(surveyed) if endless else ()
    yield from (Fault(node, _MESSAGE, Level.WARNING) for node in endless if id(node) not in endable)


def _never_ends(recursive: Recursive, surveyed: Survey) -> bool:
    ways = surveyed.of(recursive)
    return ways.has_step and not ways.ends


endless_recursion = Check("endless-recursion", _all)
"""Warns of every recursive part that cannot end well."""
