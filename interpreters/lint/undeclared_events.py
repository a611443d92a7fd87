"""Which steps do not declare the type of their events?"""

from __future__ import annotations

from typing import Any

from interpreters.lint.finding import Finding, Level
from interpreters.lint.step_events import step_events, written_at
from wio.workflow import Workflow

_MESSAGE = (
    "declares no type for its event, so it can record plain JSON only. Annotate what the effect returns, or pass"
    " event=..."
)


def undeclared_events(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Warn of every step for whose events nothing is declared."""
    return tuple(
        Finding(Level.WARNING, "undeclared-event", step.address, _MESSAGE + written_at(step.node))
        for step in step_events(workflow)
        if step.form is None and not step.problem
    )
