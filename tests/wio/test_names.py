"""What may be a name, and which name does a function give?"""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interpreters.machine.addresses import Scope
from wio import InvalidName, Query, Signal, Workflow, loop, pure, run_io, when
from wio.names import checked_name, name_of


class Callable:
    def __call__(self, number: int) -> int:
        return number


@pytest.mark.parametrize("name", ["a", "reserve stock", "Zahlung prüfen", "支払い", "a-b_c.d", "x" * 100, "😀"])
def test_a_name_may_be_written_in_any_language(name: str) -> None:
    assert checked_name(name, "a step") == name


@pytest.mark.parametrize("name", ["", " ", " a", "a\t", "a/b", "#", "a[", "a]", "a:b", "!", "a\0", "\u200b", "x" * 101])
def test_what_an_address_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match="cannot name a step") as raised:
        checked_name(name, "a step")
    assert raised.value.name == name


def test_everything_that_is_named_is_checked() -> None:
    for build in (
        lambda: run_io(abs, name="a/b"),
        lambda: Signal("a/b", request=int, response=int),
        lambda: Query("a/b", response=int),
        lambda: Workflow("a/b", version=1, input=int, root=pure(1)),
        lambda: when(bool, name="a/b"),
        lambda: loop(pure(1), until=bool, name="a/b"),
    ):
        with pytest.raises(InvalidName):
            build()


def test_the_name_of_a_function() -> None:
    assert name_of(checked_name, "step") == "checked_name"
    assert name_of(lambda: 0, "step") == "step"
    assert name_of(partial(abs, 1), "step") == "step"
    assert name_of(Callable(), "step") == "step"
    assert name_of(Callable().__call__, "step") == "__call__"


_names = st.sampled_from([f"n{number}" for number in range(40)])


@settings(deadline=None)
@given(st.lists(_names, max_size=200))
def test_the_occurrences_of_a_name_are_counted_from_one(names: list[str]) -> None:
    """However many names there are, and without a change to scopes that were there before."""
    scope, scopes = Scope("p/"), [Scope("p/")]
    seen: list[str] = []
    for name in names:
        address, scope = scope.place(name)
        seen.append(name)
        count = seen.count(name)
        assert address == (f"p/{name}" if count == 1 else f"p/{name}#{count}")
        scopes.append(scope)
    for before, name in zip(scopes, names, strict=False):
        count = names[: scopes.index(before)].count(name) + 1
        assert before.place(name)[0] == (f"p/{name}" if count == 1 else f"p/{name}#{count}")


def test_a_scope_may_hold_thousands_of_names() -> None:
    scope = Scope()
    for occurrence in ("", "#2", "#3"):
        for number in range(3_000):
            address, scope = scope.place(f"step {number}")
            assert address == f"step {number}{occurrence}"
