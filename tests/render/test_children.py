"""How is a child drawn: as a reference, and in an instance with its id and how far it is?"""

from __future__ import annotations

from typing import Any, Never

from interpreters.render import draw, to_dot, to_json, to_mermaid, to_text
from interpreters.render.drawing import ChildStep
from interpreters.render.graph import Dot, Look
from interpreters.render.laying import graph_of
from interpreters.render.progress import State
from interpreters.testing import SimulatedInstance, Simulation
from interpreters.tracing import progress
from wio import WIO, ParentClose, Signal, Workflow, child, fail, pure, race, receive_signal, start_child

GO = Signal("go", request=str, response=str)

go: WIO[Any, Never, str] = receive_signal(GO, lambda _, why: why, respond=lambda _, why: why)
shipping: Workflow[str, Never, str] = Workflow("shipping", version=3, input=str, root=go)
failing: Workflow[str, str, str] = Workflow("failing", version=1, input=str, root=fail("no"))


def shop(root: WIO[Any, Any, Any]) -> Workflow[str, Any, Any]:
    return Workflow("shop", version=1, input=str, root=root)


def drawn(parent: Workflow[str, Any, Any], run: SimulatedInstance[Any, Any]) -> list[ChildStep]:
    drawing = draw(parent, progress=progress(parent, run.history))
    assert drawing.unplaced == ()
    for form in (to_text, to_dot, to_mermaid, to_json):
        assert form(drawing)
    return [shape for shape in drawing.body if isinstance(shape, ChildStep)]


def test_a_child_is_a_box_that_names_workflow_and_version() -> None:
    drawing = draw(shop(child(shipping, result=str) >> start_child(shipping, on_close=ParentClose.WAIT, name="later")))
    text = to_text(drawing)
    assert "child shipping v3" in text
    assert "starts child shipping v3, at the end: wait" in text
    assert "go" not in text
    looks = [part.look for part in graph_of(drawing).inside if isinstance(part, Dot)]
    assert looks.count(Look.CHILD) == 2


def test_the_id_of_a_child_and_how_far_it_is_are_shown() -> None:
    parent = shop(child(shipping, result=str))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        (shape,) = drawn(parent, run)
        assert (shape.place.state, shape.place.note) == (State.WAITING, "child s:shipping")
        simulation.instance(shipping, "s:shipping").signal(GO, "now")
        (shape,) = drawn(parent, run)
        assert (shape.place.state, shape.place.note) == (State.DONE, "child s:shipping")


def test_a_child_that_has_failed_is_a_failed_step() -> None:
    parent = shop(child(failing, result=str, error=str))
    with Simulation(parent) as simulation:
        (shape,) = drawn(parent, simulation.start(parent, id="s", input="x"))
        assert shape.place.state is State.FAILED


def test_a_child_that_was_left_behind_and_still_runs_says_so() -> None:
    parent = shop(start_child(shipping, on_close=ParentClose.WAIT) >> pure("x"))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        (shape,) = drawn(parent, run)
        assert (shape.place.state, shape.place.note) == (State.DONE, "child runs: s:shipping")
        simulation.instance(shipping, "s:shipping").signal(GO, "now")
        (shape,) = drawn(parent, run)
        assert shape.place.note == "child s:shipping"


def test_a_withdrawn_child_is_a_withdrawn_step() -> None:
    parent = shop(race(child(shipping, result=str, on_close=ParentClose.WAIT), go))
    with Simulation(parent) as simulation:
        run = simulation.start(parent, id="s", input="x")
        run.signal(GO, "enough")
        text = to_text(draw(parent, progress=progress(parent, run.history)))
        assert "⊘ withdrawn: child runs: s:race[shipping]" in text


def test_a_paused_child_step_says_why() -> None:
    parent = shop(child(shipping, result=str, id=lambda _: "taken"))
    with Simulation(parent) as simulation:
        simulation.start(shipping, id="taken", input="x")
        (shape,) = drawn(parent, simulation.start(parent, id="s", input="x"))
        assert shape.place.state is State.PAUSED
        assert shape.place.note.startswith("InstanceExists")
