"""What does a parallel part consist of, and which ones can never end?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from wio import WIO, InvalidDefinition, Rest, parallel, pure, run_io, when
from wio.nodes import Parallel, node_of

a = run_io(abs, name="a")
b = run_io(abs, name="b")


def some(results: Mapping[str, Any]) -> bool:
    return len(results) > 0


def parallel_of(program: WIO[Any, Any, Any]) -> Parallel:
    node = node_of(program)
    assert isinstance(node, Parallel)
    return node


def test_without_a_join_all_are_waited_for_and_the_outputs_are_plain() -> None:
    node = parallel_of(parallel(a, b))
    assert (node.join, node.rest, node.maybe, node.merge) == (None, Rest.DRAIN, False, None)
    assert [(arm.name, arm.body, arm.guard) for arm in node.arms] == [("a", a, None), ("b", b, None)]


@pytest.mark.parametrize("join", [0, 1, 2, some])
def test_with_a_join_the_outputs_may_be_missing(join: Any) -> None:
    node = parallel_of(parallel(a, b, join=join, rest=Rest.CANCEL))
    assert (node.join, node.rest, node.maybe) == (join, Rest.CANCEL, True)


def test_the_rest_is_drained_unless_it_is_said_otherwise() -> None:
    assert parallel_of(parallel(a, b, join=1)).rest is Rest.DRAIN


def test_with_a_guard_the_outputs_may_be_missing() -> None:
    node = parallel_of(parallel(a, when(bool) >> b))
    assert node.maybe
    assert [arm.guard for arm in node.arms] == [None, bool]


def test_a_parallel_part_says_what_it_is() -> None:
    node = parallel_of(parallel(a, b, name="both", description="Asks twice.", merge=max))
    assert (node.name, node.description, node.merge) == ("both", "Asks twice.", max)


def test_there_may_be_any_number_of_branches() -> None:
    numbers = parallel_of(parallel(*(pure(number) for number in range(1_000))))
    assert [arm.name for arm in numbers.arms] == [str(number) for number in range(1, 1_001)]
    assert len(parallel_of(parallel(a)).arms) == 1


@pytest.mark.parametrize("join", [3, -1, 100])
def test_a_join_of_more_than_there_are_is_refused(join: int) -> None:
    with pytest.raises(InvalidDefinition, match=rf"join={join}: 'both' .* it has 2 branches. Give 0 to 2"):
        parallel(a, b, join=join, name="both")


@pytest.mark.parametrize("join", ["all", 1.0, (1,)])
def test_a_join_that_says_nothing_is_refused(join: Any) -> None:
    with pytest.raises(InvalidDefinition, match="says nothing"):
        parallel(a, b, join=join)


def test_where_all_are_waited_for_there_is_no_rest() -> None:
    """R: the outputs would be typed as if some could be missing."""
    wrong: Any = {"rest": Rest.CANCEL}
    with pytest.raises(InvalidDefinition, match=r"'parallel' waits for all, .*Rest\.CANCEL.* Give a join"):
        parallel(a, b, **wrong)
    with pytest.raises(InvalidDefinition, match="Give a join"):
        parallel(a, when(bool) >> b, **wrong)


def test_what_is_no_rest_is_refused() -> None:
    wrong: Any = "cancel"
    with pytest.raises(InvalidDefinition, match=r"'cancel' .* is no rest. Give Rest\.CANCEL"):
        parallel(a, b, join=1, rest=wrong)


def test_branches_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidDefinition, match="Two branches of 'both' are called 'a'"):
        parallel(a, a, name="both")


def test_no_branch_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="no branches"):
        parallel()
