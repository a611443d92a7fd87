"""What is a step that starts an instance of another workflow, and which ones are refused when they are built?"""

from __future__ import annotations

from typing import Any

import pytest

from interpreters.machine.questions import with_children
from wio import InvalidDefinition, ParentClose, Workflow, child, run_io, start_child
from wio.nodes import RunChild, children, same_structure


def grown(number: int) -> int:
    return number + 1


PACK = Workflow("pack", version=2, input=int, root=run_io(grown))


def test_a_child_is_a_reference_named_after_its_workflow() -> None:
    step: Any = child(PACK, result=int)
    assert isinstance(step, RunChild)
    assert (step.name, step.workflow, step.result, step.error, step.waits) == ("pack", PACK, int, None, True)
    assert step.on_close is ParentClose.CANCEL
    assert children(step) == ()
    assert step.label == "pack"


def test_a_child_that_is_started_only_waits_for_nothing() -> None:
    step: Any = start_child(PACK, name="begin", on_close=ParentClose.ABANDON)
    assert (step.name, step.result, step.waits, step.on_close) == ("begin", None, False, ParentClose.ABANDON)


def test_equal_children_are_equal() -> None:
    again = Workflow("pack", version=2, input=int, root=run_io(grown))
    assert same_structure(child(PACK, result=int), child(again, result=int))
    assert child(PACK, result=int) != child(PACK, result=int, on_close=ParentClose.WAIT)


@pytest.mark.parametrize("build", [lambda it: child(it, result=int), start_child])
def test_what_is_no_workflow_is_refused(build: Any) -> None:
    with pytest.raises(InvalidDefinition, match="is not a workflow"):
        build(run_io(abs))
    with pytest.raises(InvalidDefinition, match="is not a workflow"):
        build("pack")


def test_the_workflows_of_children_are_found_at_any_depth_and_once() -> None:
    ship = Workflow("ship", version=1, input=int, root=child(PACK, result=int) >> child(PACK, result=int, name="again"))
    shop = Workflow("shop", version=1, input=int, root=start_child(PACK) >> start_child(ship))
    assert with_children([shop]) == (shop, ship, PACK) or with_children([shop]) == (shop, PACK, ship)
    assert len(with_children([shop, PACK])) == 3
