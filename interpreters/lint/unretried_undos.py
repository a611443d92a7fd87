"""Which effects that undo something have no retry policy, so that one failure holds up the rest of the list?

An undo runs at its saga: a policy around that one counts, one between the saga and the action does not.
"""

from __future__ import annotations

from typing import Any

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import first_places
from interpreters.lint.survey import survey
from wio.nodes import RunIO, Saga, Undoable
from wio.workflow import Workflow

_MESSAGE = (
    "undoes something and has no retry policy: the first time it raises, the instance pauses there, and the undos that"
    " are left wait for a resume. Give it a policy: run_io(..., retry=Retry(...)), or put it, or its saga, into"
    " retrying(part, Retry(...))."
)


def unretried_undos(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Note every effect in an undo that no policy is for, at its first place."""
    kinds = {type(node) for node in survey(workflow).nodes}
    if not {Undoable, Saga} <= kinds:
        return ()
    found: dict[int, str] = {}
    for place in first_places(workflow.root):
        if isinstance(place.node, RunIO) and place.node.retry is None and place.in_undo and not place.is_retried:
            found.setdefault(id(place.node), place.address)
    return tuple(Finding(Level.INFO, "unretried-undo", address, _MESSAGE) for address in found.values())
