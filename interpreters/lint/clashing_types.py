"""Which different event types of a workflow are stored under one name?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interpreters.lint.finding import Finding, Level
from interpreters.lint.step_events import StepEvent, step_events
from journals.codec_errors import UnsupportedType
from journals.json_types import alternatives
from wio.workflow import Workflow


def clashing_types(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Warn of a class that has the name of another one, at the step that brings it in."""
    first: dict[str, tuple[str, type[Any]]] = {}
    findings: list[Finding] = []
    for step in step_events(workflow):
        for name, kind in _stored(step):
            address, known = first.setdefault(name, (step.address, kind))
            if known is not kind and address != step.address:
                message = (
                    f"records {_full_name(kind)} as {name!r}, as {address!r} records {_full_name(known)}:"
                    " whoever reads the journal cannot tell them apart. Rename one: JsonCodec(names={...})."
                )
                findings.append(Finding(Level.WARNING, "clashing-types", step.address, message))
    return tuple(findings)


def _stored(step: StepEvent) -> Iterator[tuple[str, type[Any]]]:
    """Yield the classes of a step's events by their stored names; what cannot be kept is for another rule."""
    if step.form is not None:
        try:
            yield from ((one.name, one.kind) for one in alternatives(step.form))
        except UnsupportedType:
            return


def _full_name(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
