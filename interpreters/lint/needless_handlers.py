"""Which handlers of errors can never run, because nothing before them can fail?

Programs that are put together by functions may well have such handlers, so it is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from wio.nodes import HandleError

_MESSAGE = (
    "handles the errors of a part that cannot fail. Leave it out, or let the part fail: by fail(...), or by a handler"
    " or check that returns a Failure."
)


def _all(surveyed: Survey) -> Iterator[Fault]:
    for node in surveyed.nodes:
        if isinstance(node, HandleError) and not surveyed.of(node.base).fails:
            yield Fault(node, _MESSAGE, Level.WARNING)


needless_handlers = Check("needless-handler", _all)
"""Warns of every handler of a part in which nothing can fail."""
