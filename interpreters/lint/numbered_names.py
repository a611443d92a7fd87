"""Which names occur more than once in their scope, so that their addresses carry a number?"""

from __future__ import annotations

from typing import Any

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import first_places
from interpreters.lint.step_events import written_at
from wio.workflow import Workflow


def numbered_names(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Note every place whose address depends on how many of its name come before it."""
    return tuple(
        Finding(
            Level.INFO,
            "numbered-name",
            place.address,
            _message(*_name_and_number(place.address)) + written_at(place.node),
        )
        for place in first_places(workflow.root)
        if "#" in _name(place.address)
    )


def _name(address: str) -> str:
    return address.rpartition("/")[2]


def _name_and_number(address: str) -> tuple[str, str]:
    name, _, number = _name(address).partition("#")
    return name, number


def _message(name: str, number: str) -> str:
    return (
        f"is number {number} of the name {name!r} in its scope; put another one before it, and open instances no longer"
        " fit. Give it a name of its own: .named(...)."
    )
