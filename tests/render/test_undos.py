"""Is an undo that has failed drawn as paused, with the reason, and found again where it has begun anew?"""

from __future__ import annotations

import re
from typing import Any

import pytest
from returns.result import Failure, Result, Success

from interpreters.render import draw, to_dot, to_mermaid, to_text
from interpreters.testing import SimulatedInstance, Simulation
from interpreters.tracing import progress
from wio import Done, Workflow, fail, run_io, saga, undoable


def act(number: int) -> int:
    return number + 1


def settle(_: Done[int, int], answer: str) -> Result[str, str]:
    return Success(answer) if answer == "yes" else Failure(answer)


def trip(*answers: str, shared: bool) -> Workflow[int, Any, Any]:
    """Return a saga of two actions, whose undos get the answers in turn; with `shared` they are the same program."""
    left = list(answers)

    def give_back(_: Done[int, int]) -> str:
        return left.pop(0)

    undos: list[Any] = [run_io(give_back, settle, name=name, event=str) for name in ("return a", "return b")]
    actions: list[Any] = [run_io(act, name=name) for name in "ab"]
    if shared:
        undos = [run_io(give_back, settle, name="return", event=str)] * 2
    first, second = (undoable(action, undo) for action, undo in zip(actions, undos, strict=True))
    return Workflow("trip", version=1, input=int, root=saga(first >> second >> fail("no")))


def drawn(workflow: Workflow[int, Any, Any], run: SimulatedInstance[Any, Any]) -> Any:
    return draw(workflow, progress=progress(workflow, run.history))


def told(drawing: Any) -> list[str]:
    """Return the state of the saga and of the undos, as the picture tells it."""
    rows = [line for line in to_text(drawing).splitlines() if "─ saga" in line or "─ undo" in line]
    return [re.sub(r"^.*?─ \w+ *", "", row) for row in rows]


@pytest.mark.parametrize("shared", [False, True])
def test_it_is_paused_with_the_reason(shared: bool) -> None:
    workflow = trip("never", shared=shared)
    name = "return" if shared else "return b"
    with Simulation(workflow) as simulation:
        drawing = drawn(workflow, simulation.start(workflow, id="a", input=7))
        reason = f"UndoFailed: The undo {name} failed with 'never'. It ran because of 'no'"
        assert told(drawing) == ["‖ paused: undo 1", "", f"‖ paused: {reason}"]
        assert drawing.unplaced == ()
        assert "UndoFailed" in to_dot(drawing)
        assert "UndoFailed" in to_mermaid(drawing)


@pytest.mark.parametrize("shared", [False, True])
def test_it_is_drawn_where_it_has_begun_again(shared: bool) -> None:
    workflow = trip("never", "yes", "later", "yes", shared=shared)
    with Simulation(workflow) as simulation:
        run = simulation.start(workflow, id="a", input=7)
        run.resume()
        around, first, second = told(drawn(workflow, run))
        assert (around, second) == ("‖ paused: undo 3", "✓ done")
        assert first.startswith("‖ paused: UndoFailed")
        run.resume()
        assert told(drawn(workflow, run)) == ["✗ failed: undid 2", "✓ done", "✓ done"]
