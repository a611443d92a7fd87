"""Which steps do not declare the type of their events?

Python's own functions cannot be annotated, and what they return is plain JSON nearly always.
"""

from __future__ import annotations

from types import BuiltinFunctionType
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
        if step.form is None and not step.problem and not _is_built_in(step.node.effect)
    )


def _is_built_in(effect: object) -> bool:
    return isinstance(effect, BuiltinFunctionType) and effect.__module__ == "builtins"
