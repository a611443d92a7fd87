"""Which parts wait for a milestone that nothing holds?

A part that another workflow uses may wait for a milestone that is held there, so it is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from interpreters.lint.finding import Level
from interpreters.lint.locating import Check, Fault
from interpreters.lint.survey import Survey
from wio.nodes import During, Hold


def _all(surveyed: Survey) -> Iterator[Fault]:
    held = {node.milestone for node in surveyed.nodes if isinstance(node, Hold)}
    for node in () if surveyed.is_dynamic else surveyed.nodes:
        if isinstance(node, During) and node.milestone not in held:
            yield Fault(node, _message(node.milestone), Level.WARNING)


def _message(milestone: str) -> str:
    return (
        f"waits for ever: nothing holds the milestone {milestone!r}. Hold it around the part that opens this one:"
        f" hold({milestone!r}, part)."
    )


idle_milestones = Check("idle-milestone", _all)
"""Warns of every part that waits for a milestone no part holds; not where parts are made at run time."""
