"""Which recursive parts have no way to an end?"""

from __future__ import annotations

from collections.abc import Iterator

from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from wio.nodes import Recursive

_MESSAGE = (
    "runs itself again on every way that does not fail, so it never ends well. Give it a way that ends: by a branch, or"
    " use a loop with until=..."
)


def _all(surveyed: Survey) -> Iterator[Fault]:
    for node in surveyed.nodes:
        if isinstance(node, Recursive) and surveyed.of(node).has_step and not surveyed.of(node).ends:
            yield Fault(node, _MESSAGE, Level.WARNING)


endless_recursion = Check("endless-recursion", _all)
"""Warns of every recursive part that cannot end well."""
