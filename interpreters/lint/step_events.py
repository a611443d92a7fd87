"""Which steps of a workflow record events, and of which declared types?"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

import attrs

from interpreters.lint.places import first_places
from interpreters.machine.questions import Itself
from wio.errors import InvalidDefinition
from wio.forms import event_form
from wio.nodes import HandleSignal, RunIO
from wio.workflow import Workflow


@attrs.frozen(eq=False)
class StepEvent:
    """Is a step at its first place, with the declared type of its events.

    `form` is None where nothing is declared; `problem` says why a declaration cannot be read, "" where it can.
    """

    address: str
    node: RunIO | HandleSignal
    form: object | None
    problem: str = ""


def written_at(node: object) -> str:
    """Return where the lambda stands that gave a step no name of its own, as a sentence; "" for other steps.

    >>> written_at(RunIO(len, name="len"))
    ''
    """
    if not isinstance(node, RunIO) or node.name != "step":
        return ""
    code = getattr(node.effect, "__code__", None)
    if not isinstance(code, CodeType) or code.co_name != "<lambda>":
        return ""
    return f" It is the lambda at {Path(code.co_filename).name}:{code.co_firstlineno}; name=... gives it a name."


def step_events(workflow: Workflow[Any, Any, Any]) -> tuple[StepEvent, ...]:
    """Return each step that records events once, however often it is written into the workflow."""
    return _step_events(Itself(workflow))


@lru_cache(maxsize=4)
def _step_events(itself: Itself) -> tuple[StepEvent, ...]:
    first: dict[int, StepEvent] = {}
    for place in first_places(itself.workflow.root):
        node = place.node
        if isinstance(node, RunIO | HandleSignal) and id(node) not in first:
            first[id(node)] = _step_event(place.address, node)
    return tuple(first.values())


def _step_event(address: str, node: RunIO | HandleSignal) -> StepEvent:
    try:
        return StepEvent(address, node, event_form(node))
    except InvalidDefinition as error:
        return StepEvent(address, node, None, str(error))
