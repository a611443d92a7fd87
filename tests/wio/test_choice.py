"""What do a race and a choice by events consist of?"""

from __future__ import annotations

from typing import Any

import pytest
from returns.maybe import Nothing, Some

from wio import InvalidDefinition, Rest, first_of, pure, race, run_io
from wio.nodes import AndThen, Compute, FirstOf, Parallel, node_of

a = run_io(abs, name="a")
b = run_io(abs, name="b")


def test_a_race_is_a_parallel_part_that_waits_for_one_and_cancels_the_rest() -> None:
    node = node_of(race(a, b, name="who", description="Runs."))
    assert isinstance(node, AndThen)
    inner = node_of(node.first)
    assert isinstance(inner, Parallel)
    assert (inner.join, inner.rest, inner.maybe) == (1, Rest.CANCEL, True)
    assert (inner.name, inner.description) == ("who", "Runs.")
    assert [arm.body for arm in inner.arms] == [a, b]


@pytest.mark.parametrize("outputs", [(Some(3), Nothing), (Nothing, Some(3)), (Nothing, Some(3), Nothing)])
def test_a_race_ends_with_the_output_that_there_is(outputs: Any) -> None:
    node = node_of(race(a, b))
    assert isinstance(node, AndThen)
    last = node_of(node.second)
    assert isinstance(last, Compute)
    assert last.function(outputs) == 3


def test_the_output_of_a_race_may_be_none() -> None:
    node = node_of(race(a, pure(None)))
    assert isinstance(node, AndThen)
    last = node_of(node.second)
    assert isinstance(last, Compute)
    assert last.function((Nothing, Some(None))) is None


def test_a_choice_holds_its_branches_in_order() -> None:
    node = node_of(first_of(a, b, pure(1), name="which", description="Chooses."))
    assert isinstance(node, FirstOf)
    assert [(arm.name, arm.body) for arm in node.arms] == [("a", a), ("b", b), ("3", pure(1))]
    assert (node.name, node.description) == ("which", "Chooses.")


@pytest.mark.parametrize("either", [race, first_of])
def test_branches_of_one_name_are_refused(either: Any) -> None:
    with pytest.raises(InvalidDefinition, match="Two branches of 'which' are called 'a'"):
        either(a, b, a, name="which")


@pytest.mark.parametrize("either", [race, first_of])
def test_no_branch_is_refused(either: Any) -> None:
    with pytest.raises(InvalidDefinition, match="'which' has no branches"):
        either(name="which")
