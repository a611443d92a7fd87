"""What is a workflow? A root program with a name, a version and the type of its input."""

from __future__ import annotations

import attrs
import pytest

from interpreters import WrongPayload
from interpreters.machine.pending import Outcome
from tests.machine.driving import begun
from wio import InvalidDefinition, InvalidName, Workflow, compute, pure, run_io


def test_a_workflow_is_a_value() -> None:
    one = Workflow("order", version=2, input=int, root=run_io(abs) >> pure(1), description="Sells.")
    assert one == Workflow("order", version=2, input=int, root=run_io(abs) >> pure(1), description="Sells.")
    assert hash(one) == hash(attrs.evolve(one))
    assert one != attrs.evolve(one, version=3)
    assert one != attrs.evolve(one, root=run_io(abs))
    assert repr(one) == "Workflow('order', version=2, root=<WIO abs pure(1)>)"


@pytest.mark.parametrize("version", [0, -1])
def test_versions_count_from_one(version: int) -> None:
    with pytest.raises(InvalidDefinition, match="count from 1"):
        Workflow("order", version=version, input=int, root=pure(1))


@pytest.mark.parametrize("name", ["", "a/b", "x" * 101])
def test_a_workflow_has_a_name_that_can_be_written_down(name: str) -> None:
    with pytest.raises(InvalidName, match="a workflow"):
        Workflow(name, version=1, input=int, root=pure(1))


def test_the_input_is_of_the_declared_type() -> None:
    echo = Workflow("echo", version=1, input=int, root=compute(lambda number: number))
    assert isinstance(begun(echo, 3).pending[0], Outcome)
    with pytest.raises(WrongPayload, match="input of workflow 'echo'"):
        begun(echo, "three")
