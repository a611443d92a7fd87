"""Does the machine keep its laws, whatever the program and whatever happens?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from interpreters.errors import JournalMismatch, WrongPayload
from interpreters.machine.entries.signals import MAILBOX
from interpreters.machine.execution import Execution
from interpreters.machine.pending import pending
from interpreters.machine.questions import nodes_in
from interpreters.machine.recovery import recover
from interpreters.machine.transition import apply, begin
from journals.entries import Entry, Kind
from tests.machine.driving import Played, play, seen, told
from tests.machine.programs import RUNS, Recipe, build, leaves, recipes, workflow_of
from wio import WIO, pure

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine that runs the tests may be slow; how many examples there are is left to the profile."""

_numbers = st.integers(0, 50)
stimuli = st.lists(_numbers, max_size=6) | st.lists(_numbers, min_size=12, max_size=30)
inputs = st.integers(-2, 9)


def played(recipe: Recipe, value: int, numbers: Sequence[int]) -> Played:
    return play(workflow_of(build(recipe)), value, numbers)


@LAW
@given(recipes, inputs, stimuli)
def test_a_recovered_instance_cannot_be_told_from_the_live_one(recipe: Recipe, value: int, numbers: list[int]) -> None:
    """Number 97, after every turn; nothing of an instance is anywhere but in its entries."""
    live = played(recipe, value, numbers)
    again = workflow_of(build(recipe))
    entries: list[Entry] = []
    for turn in live.turns:
        entries.extend(turn.entries)
        assert seen(recover(again, entries)) == seen(turn.execution)


@LAW
@given(recipes, inputs, stimuli)
def test_entry_by_entry_the_live_path_is_the_replay_path(recipe: Recipe, value: int, numbers: list[int]) -> None:
    live = played(recipe, value, numbers)
    workflow = workflow_of(build(recipe))
    execution = begin(workflow, value)
    for entry in live.entries[1:]:
        before = seen(execution)
        following = apply(execution, entry)
        assert seen(execution) == before, "apply changed the execution that it was given"
        execution = following
    assert seen(execution) == seen(live.last.execution)


@LAW
@given(recipes, inputs)
def test_beginning_twice_gives_the_same(recipe: Recipe, value: int) -> None:
    workflow = workflow_of(build(recipe))
    assert seen(begin(workflow, value)) == seen(begin(workflow, value))


@LAW
@given(recipes)
def test_building_twice_gives_equal_programs_and_runs_nothing(recipe: Recipe) -> None:
    RUNS.clear()
    one, other = build(recipe), build(recipe)
    assert one == other
    assert hash(one) == hash(other)
    assert repr(one) == repr(other)
    assert len(list(nodes_in(one))) == len(list(nodes_in(other)))
    assert RUNS == []


@LAW
@given(recipes, inputs, stimuli)
def test_no_two_places_share_an_address(recipe: Recipe, value: int, numbers: list[int]) -> None:
    ends = [
        entry.address
        for entry in played(recipe, value, numbers).entries
        if entry.kind in (Kind.EVENT, Kind.SIGNAL, Kind.TIMER_FIRED)
    ]
    assert len(ends) == len(set(ends))


# An entry that was tampered with


def _recovering(recipe: Recipe, entries: Sequence[Entry]) -> Callable[[], Execution]:
    return lambda: recover(workflow_of(build(recipe)), entries)


def _replaced(entries: Sequence[Entry], index: int, entry: Entry) -> list[Entry]:
    return [*entries[:index], entry, *entries[index + 1 :]]


@LAW
@given(recipes, inputs, stimuli, st.data())
def test_an_entry_of_another_kind_is_never_accepted(
    recipe: Recipe, value: int, numbers: list[int], data: st.DataObject
) -> None:
    """But for the resume of a whole instance, which fits wherever it has not ended; see `test_holding`."""
    entries = played(recipe, value, numbers).entries
    index = data.draw(st.integers(0, len(entries) - 1))
    kind = data.draw(st.sampled_from([kind for kind in Kind if kind is not entries[index].kind]))
    assume(index == 0 or kind is not Kind.RESUMED or entries[index].address)
    changed = replace(entries[index], kind=kind)
    # An event step takes any entry called an event; that it is none shows when its payload is decoded.
    undecodable = kind is Kind.EVENT or kind is Kind.SIGNAL
    with pytest.raises((JournalMismatch, WrongPayload) if undecodable else JournalMismatch):
        _recovering(recipe, _replaced(entries, index, changed))()


@LAW
@given(recipes, inputs, stimuli, st.data())
def test_an_entry_of_another_place_is_never_accepted(
    recipe: Recipe, value: int, numbers: list[int], data: st.DataObject
) -> None:
    entries = played(recipe, value, numbers).entries
    index = data.draw(st.integers(0, len(entries) - 1))
    others = {entry.address for entry in entries} | {"", "elsewhere", entries[index].address + "#2"}
    others |= {f"{MAILBOX}nobody", MAILBOX}
    address = data.draw(st.sampled_from(sorted(others - {entries[index].address})))
    assume(not (entries[index].kind is Kind.SIGNAL_KEPT and address.startswith(MAILBOX) and _is_dynamic(recipe)))
    assume(not (entries[index].kind is Kind.RESUMED and not address))
    with pytest.raises(JournalMismatch):
        _recovering(recipe, _replaced(entries, index, replace(entries[index], address=address)))()


def _is_dynamic(recipe: Recipe) -> bool:
    """Tell whether steps may appear that are not in the tree, so that any signal may find its step."""
    return "FlatMap" in {type(node).__name__ for node in nodes_in(build(recipe))}


@LAW
@given(recipes, inputs, stimuli, st.data())
def test_an_entry_of_another_number_is_never_accepted(
    recipe: Recipe, value: int, numbers: list[int], data: st.DataObject
) -> None:
    entries = played(recipe, value, numbers).entries
    index = data.draw(st.integers(0, len(entries) - 1))
    seq = data.draw(st.integers(-1, len(entries) + 2).filter(lambda seq: seq != index + 1))
    with pytest.raises(JournalMismatch):
        _recovering(recipe, _replaced(entries, index, replace(entries[index], seq=seq)))()


@LAW
@given(recipes, inputs, stimuli, st.data())
def test_a_missing_entry_is_detected(recipe: Recipe, value: int, numbers: list[int], data: st.DataObject) -> None:
    """The last one excepted: without it a journal is that of a moment before."""
    entries = played(recipe, value, numbers).entries
    assume(len(entries) > 1)
    index = data.draw(st.integers(0, len(entries) - 2))
    with pytest.raises(JournalMismatch):
        _recovering(recipe, [*entries[:index], *entries[index + 1 :]])()


@LAW
@given(recipes, inputs, stimuli, st.data())
def test_an_entry_twice_is_detected(recipe: Recipe, value: int, numbers: list[int], data: st.DataObject) -> None:
    entries = played(recipe, value, numbers).entries
    index = data.draw(st.integers(0, len(entries) - 1))
    with pytest.raises(JournalMismatch):
        _recovering(recipe, [*entries[: index + 1], *entries[index:]])()


# Monad laws, up to what can be observed


def observed(program: WIO[int, Any, int], value: int, numbers: Sequence[int]) -> tuple[object, ...]:
    live = play(workflow_of(program), value, numbers, early=False)
    return told(live.entries), pending(live.last.execution)


def _step(recipe: Recipe) -> Callable[[int], WIO[int, Any, int]]:
    return lambda value: build(recipe).map(lambda output: output + value)


@LAW
@given(recipes, inputs, stimuli)
def test_left_identity(recipe: Recipe, value: int, numbers: list[int]) -> None:
    function = _step(recipe)
    assert observed(pure(value).flat_map(function), value, numbers) == observed(function(value), value, numbers)


@LAW
@given(recipes, inputs, stimuli)
def test_right_identity(recipe: Recipe, value: int, numbers: list[int]) -> None:
    assert observed(build(recipe).flat_map(pure), value, numbers) == observed(build(recipe), value, numbers)
    assert observed(build(recipe).bind(pure), value, numbers) == observed(build(recipe), value, numbers)


@LAW
@given(recipes, leaves, leaves, inputs, stimuli)
def test_associativity(recipe: Recipe, second: Recipe, third: Recipe, value: int, numbers: list[int]) -> None:
    first, f, g = build(recipe), _step(second), _step(third)
    assert observed(first.flat_map(f).flat_map(g), value, numbers) == observed(
        first.flat_map(lambda output: f(output).flat_map(g)), value, numbers
    )
    assert observed(first.bind(f).bind(g), value, numbers) == observed(
        first.bind(lambda output: f(output).bind(g)), value, numbers
    )


@LAW
@given(recipes, leaves, leaves, inputs, stimuli)
def test_sequence_is_associative(recipe: Recipe, second: Recipe, third: Recipe, value: int, numbers: list[int]) -> None:
    first, b, c = build(recipe), build(second), build(third)
    assert observed((first >> b) >> c, value, numbers) == observed(first >> (b >> c), value, numbers)


@LAW
@given(recipes, inputs, stimuli)
def test_a_constant_continuation_is_a_sequence(recipe: Recipe, value: int, numbers: list[int]) -> None:
    following = build(("run", "a"))
    assert observed(build(recipe).flat_map(lambda _: following), value, numbers) == observed(
        build(recipe) >> following, value, numbers
    )
