"""What does a for-each consist of, and which ones make no sense?"""

from __future__ import annotations

from typing import Any

import pytest

from wio import InvalidDefinition, Rest, for_each, pure, run_io
from wio.nodes import ForEach, node_of

a = run_io(abs, name="a")


def test_a_for_each_waits_for_all_elements_which_are_numbered() -> None:
    node = node_of(for_each(range, a))
    assert isinstance(node, ForEach)
    assert (node.items, node.body, node.key, node.join, node.rest) == (range, a, None, None, Rest.DRAIN)
    assert (node.at_once, node.add, node.finish, node.element, node.merge) == (None, None, None, None, None)
    assert (node.name, node.description) == ("each", "")


def test_a_for_each_keeps_what_it_is_given() -> None:
    program = for_each(
        range,
        a,
        key=str,
        join=2,
        rest=Rest.BLOCK,
        at_once=3,
        add=pure(1),
        finish=pure(2),
        element=int,
        merge=max,
        name="pages",
        description="Reads.",
    )
    node = node_of(program)
    assert isinstance(node, ForEach)
    assert (node.key, node.join, node.rest, node.at_once) == (str, 2, Rest.BLOCK, 3)
    assert (node.add, node.finish, node.element, node.merge) == (pure(1), pure(2), int, max)
    assert (node.name, node.description) == ("pages", "Reads.")


@pytest.mark.parametrize("at_once", [0, -1])
def test_a_bound_that_lets_nothing_begin_is_refused(at_once: int) -> None:
    with pytest.raises(InvalidDefinition, match=rf"at_once={at_once}: then no element of 'pages'.* Give 1 or more"):
        for_each(range, a, at_once=at_once, name="pages")


def test_a_join_of_less_than_none_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match=r"join=-1: 'pages' .* Give 0 or more"):
        for_each(range, a, join=-1, name="pages")


def test_a_join_may_be_of_any_size_for_the_elements_are_not_known_yet() -> None:
    node = node_of(for_each(range, a, join=1_000_000))
    assert isinstance(node, ForEach)
    assert node.join == 1_000_000


@pytest.mark.parametrize("join", ["all", 1.5])
def test_a_join_that_says_nothing_is_refused(join: Any) -> None:
    with pytest.raises(InvalidDefinition, match="says nothing"):
        for_each(range, a, join=join)


def test_where_all_are_waited_for_there_is_no_rest() -> None:
    with pytest.raises(InvalidDefinition, match=r"Give a join"):
        for_each(range, a, rest=Rest.CANCEL)
