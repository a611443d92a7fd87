"""Which steps have no body yet?"""

from __future__ import annotations

from typing import Any

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import first_places
from interpreters.lint.survey import survey
from wio.nodes import Draft
from wio.workflow import Workflow

_MESSAGE = "has no body yet, and a runtime refuses the workflow. Replace draft(...) by a step."


def drafts(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Warn of every draft, at each of its places."""
    if not any(isinstance(node, Draft) for node in survey(workflow).nodes):
        return ()
    return tuple(
        Finding(Level.WARNING, "draft", place.address, _MESSAGE)
        for place in first_places(workflow.root)
        if isinstance(place.node, Draft)
    )
