"""Which declared types can no journal keep as JSON: of events, signals, children, checkpoints, of the input?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interpreters.lint.finding import Finding, Level
from interpreters.lint.places import first_places
from interpreters.lint.step_events import step_events, written_at
from interpreters.lint.survey import survey
from journals.codec_errors import UnsupportedType
from journals.json_tables import Names, table_of
from wio.nodes import Checkpoint, HandleSignal, Loop, Machine, Recovered, RunChild
from wio.workflow import Workflow

_NO_NAMES = Names({}, {}, {})
_KEEPING = RunChild | Checkpoint | Loop | Machine | Recovered


def unkept_types(workflow: Workflow[Any, Any, Any]) -> tuple[Finding, ...]:
    """Report every declared type that `JsonCodec` refuses, and every declaration that cannot be read."""
    return tuple(Finding(Level.ERROR, "unkept-type", address, message) for address, message in _problems(workflow))


def _problems(workflow: Workflow[Any, Any, Any]) -> Iterator[tuple[str, str]]:
    yield from _refused("", "input", workflow.input)
    for step in step_events(workflow):
        if step.problem:
            yield step.address, step.problem + written_at(step.node)
        for address, problem in _refused(step.address, "event", step.form):
            yield address, problem + written_at(step.node)
        if isinstance(step.node, HandleSignal):
            yield from _refused(step.address, "request", step.node.signal.request)
            yield from _refused(step.address, "response", step.node.signal.response)
    keeping = any(isinstance(node, _KEEPING) for node in survey(workflow).nodes)
    for place in first_places(workflow.root) if keeping else ():
        if isinstance(place.node, RunChild):
            yield from _refused(place.address, "result of the child", place.node.result)
            yield from _refused(place.address, "error of the child", place.node.error)
        elif isinstance(place.node, Checkpoint):
            yield from _refused(place.address, "result", place.node.result)
        elif isinstance(place.node, Loop | Machine):
            yield from _refused(place.address, "checkpoint", place.node.checkpoint)
        elif isinstance(place.node, Recovered):
            yield from _refused(place.address, "event", place.node.event)


def _refused(address: str, what: str, form: object | None) -> Iterator[tuple[str, str]]:
    try:
        table_of(form, _NO_NAMES)
    except UnsupportedType as error:
        yield address, f"{what}: {error}"
