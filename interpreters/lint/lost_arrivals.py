"""Where does something arrive at a meeting that no gathering around it holds?

An undo runs at its saga, so only a gathering around that counts for it.
"""

from __future__ import annotations

from typing import Any

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import Around, first_places
from interpreters.lint.survey import survey
from wio.meetings import Meeting
from wio.nodes import Arrive, Gathering
from wio.workflow import Workflow


def lost_arrivals(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Report every scope in which something arrives at a meeting that is nowhere around it."""
    if not any(isinstance(node, Arrive) for node in survey(workflow).nodes):
        return ()
    found = [
        (place.address, place.node.meeting.name)
        for place in first_places(workflow.root)
        if isinstance(place.node, Arrive) and not _is_held(place.node.meeting, place.around)
    ]
    return tuple(
        Finding(Level.ERROR, "lost-arrival", address, _message(meeting)) for address, meeting in dict.fromkeys(found)
    )


def _is_held(meeting: Meeting[Any], around: Around | None) -> bool:
    while around is not None:
        if isinstance(around.node, Gathering) and any(meet.meeting == meeting for meet in around.node.meets):
            return True
        around = around.outer
    return False


def _message(meeting: str) -> str:
    return (
        f"arrives at the meeting {meeting!r}, which no gathering around it holds. Put it into one: gather(part,"
        " meet(MEETING, then)); an undo runs outside of the gatherings in its saga."
    )
