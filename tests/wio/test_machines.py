"""What does a state machine consist of, and which ones name states that they do not have?"""

from __future__ import annotations

from typing import Any

import pytest

from wio import Goto, InvalidDefinition, States, Stop, compute, machine, state
from wio.nodes import Machine, node_of


def go(number: int) -> Goto[int]:
    return Goto("b", number)


def end(number: int) -> Stop[int]:
    return Stop(number)


a = state("a", compute(go), to="b")
b = state("b", compute(end))


def machine_of(program: Any) -> Machine:
    node = node_of(program)
    assert isinstance(node, Machine)
    return node


def test_a_machine_holds_its_states_in_order() -> None:
    node = machine_of(machine(a | b, start="a", name="order", description="Goes."))
    assert [(each.name, each.body, each.to) for each in node.states] == [
        ("a", compute(go), ("b",)),
        ("b", compute(end), ()),
    ]
    assert (node.start, node.name, node.description) == ("a", "order", "Goes.")


def test_states_may_be_given_one_by_one() -> None:
    c = state("c", compute(end))
    assert machine(a, b, c, start="a") == machine(a | b | c, start="a") == machine(a, b | c, start="a")


def test_the_start_may_be_computed() -> None:
    assert machine_of(machine(a | b, start=str)).start is str


def test_one_target_may_be_given_by_its_name_alone() -> None:
    """R: a text is a sequence of texts, too."""
    named = States((*state("paid", compute(go), to="paid").states,))
    assert named.states[0].to == ("paid",)
    assert machine(named, start="paid") == machine(state("paid", compute(go), to=["paid"]), start="paid")


def test_a_state_may_go_to_itself_and_back() -> None:
    there = state("a", compute(go), to=["a", "b"]) | state("b", compute(go), to=["a", "b"])
    assert [each.to for each in machine_of(machine(there, start="b")).states] == [("a", "b"), ("a", "b")]


def test_a_target_that_is_no_state_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match=r"State 'a' of 'order' goes to 'b', .* It has: a, c"):
        machine(a | state("c", compute(end)), start="a", name="order")


def test_a_start_that_is_no_state_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match=r"'order' starts in 'c', .* It has: a, b"):
        machine(a | b, start="c", name="order")


def test_states_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidDefinition, match="Two states of 'order' are called 'b'"):
        machine(a | b | b, start="a", name="order")


@pytest.mark.parametrize("start", ["a", str])
def test_no_state_is_refused(start: Any) -> None:
    with pytest.raises(InvalidDefinition, match="'order' has no states"):
        machine(start=start, name="order")


def test_where_to_go_and_where_to_stop_are_values() -> None:
    assert go(3) == Goto("b", 3) != Goto("c", 3)
    assert end(3) == Stop(3) != Stop(4)
