"""Which undos can never run, because no saga is around them?

A part that another workflow uses may have its saga there, so it is a warning.
"""

from __future__ import annotations

from typing import Any

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import Around, first_places
from interpreters.lint.survey import survey
from wio.nodes import Saga, Undoable
from wio.workflow import Workflow

_MESSAGE = "has an action with an undo that never runs: no saga is around it. Put the part into one: saga(part)."


def lost_undos(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Warn of the scopes in which there is something undoable outside of any saga."""
    if not any(isinstance(node, Undoable) for node in survey(workflow).nodes):
        return ()
    found = (
        place.address
        for place in first_places(workflow.root)
        if isinstance(place.node, Undoable) and not _is_in_saga(place.around)
    )
    return tuple(Finding(Level.WARNING, "lost-undo", address, _MESSAGE) for address in dict.fromkeys(found))


def _is_in_saga(around: Around | None) -> bool:
    while around is not None and not isinstance(around.node, Saga):
        around = around.outer
    return around is not None
