"""What is a workflow inside another one, or inside itself?"""

from __future__ import annotations

from wio import WIO, Workflow, call, recursive, run_io
from wio.nodes import Named, Recur, Recursive

a = run_io(abs, name="a")
b = run_io(abs, name="b")
PAY = Workflow("pay", version=3, input=int, root=a >> b, description="Takes the money.")


def test_a_called_workflow_is_its_root_in_a_scope_of_its_name() -> None:
    assert call(PAY) == Named(a >> b, name="pay", description="Takes the money.")
    assert call(PAY).named("pay again") != call(PAY)


def test_a_step_that_is_a_workflow_has_a_scope_as_well() -> None:
    """R: without one, the address of its step would not say which workflow it belongs to."""
    assert call(Workflow("pay", version=1, input=int, root=a)) == Named(a, name="pay")


def test_a_recursive_part_is_built_once() -> None:
    built: list[WIO[int, str, int]] = []

    def build(itself: WIO[int, str, int]) -> WIO[int, str, int]:
        built.append(itself)
        return a >> itself

    assert recursive("down", build, description="Goes.") == Recursive(
        a >> Recur("down"), name="down", description="Goes."
    )
    assert built == [Recur("down")]
