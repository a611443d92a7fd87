"""Does the machine keep its laws with many threads of control, whatever the operators and whatever happens?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from interpreters.errors import JournalMismatch
from interpreters.machine.execution import Execution
from interpreters.machine.pending import (
    EffectToRun,
    Outcome,
    PausedAt,
    SignalExpected,
    Stuck,
    TaskOffered,
    TimerRunning,
    pending,
)
from interpreters.machine.places import place_at
from interpreters.machine.questions import nodes_in
from interpreters.machine.recovery import recover
from interpreters.machine.transition import apply, begin
from journals.entries import Entry, Kind
from tests.machine.driving import Played, cancelled, play, play_on, seen
from tests.machine.invariants import broken, shape, unhandled
from tests.machine.programs import Recipe, build, joined, workflow_of

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

stimuli = st.lists(st.integers(0, 1_000), min_size=2, max_size=30)
inputs = st.integers(-2, 9)


def played(recipe: Recipe, value: int, numbers: Sequence[int]) -> Played:
    return play(workflow_of(build(recipe)), value, numbers)


def entry_by_entry(recipe: Recipe, value: int, entries: Sequence[Entry]) -> list[Execution]:
    workflow = workflow_of(build(recipe))
    executions = [begin(workflow, value)]
    for entry in entries[1:]:
        executions.append(apply(executions[-1], entry))
    return executions


@LAW
@given(joined, inputs, stimuli)
def test_the_state_is_sound_after_every_turn(recipe: Recipe, value: int, numbers: list[int]) -> None:
    for turn in played(recipe, value, numbers).turns:
        assert broken(turn.execution) == [], shape(turn.execution)
        assert pending(turn.execution)


@LAW
@given(joined, inputs, stimuli)
def test_a_recovered_instance_cannot_be_told_from_the_live_one(recipe: Recipe, value: int, numbers: list[int]) -> None:
    live = played(recipe, value, numbers)
    again = workflow_of(build(recipe))
    entries: list[Entry] = []
    for turn in live.turns:
        entries.extend(turn.entries)
        recovered = recover(again, entries)
        assert shape(recovered) == shape(turn.execution)
        assert seen(recovered) == seen(turn.execution)


@LAW
@given(joined, inputs, stimuli)
def test_an_old_execution_answers_as_before(recipe: Recipe, value: int, numbers: list[int]) -> None:
    live = played(recipe, value, numbers)
    workflow = workflow_of(build(recipe))
    execution = begin(workflow, value)
    for entry in live.entries[1:]:
        before = shape(execution), seen(execution)
        following = apply(execution, entry)
        assert (shape(execution), seen(execution)) == before
        execution = following


@LAW
@given(joined, inputs, stimuli)
def test_no_two_places_share_an_address(recipe: Recipe, value: int, numbers: list[int]) -> None:
    ends = (Kind.EVENT, Kind.SIGNAL, Kind.TIMER_FIRED, Kind.TASK_COMPLETED, Kind.ELEMENTS, Kind.TASK_OFFERED)
    recorded = [(entry.address, entry.kind) for entry in played(recipe, value, numbers).entries if entry.kind in ends]
    assert len(recorded) == len(set(recorded))


@LAW
@given(joined, inputs, stimuli)
def test_a_kept_signal_is_neither_lost_nor_doubled(recipe: Recipe, value: int, numbers: list[int]) -> None:
    entries = played(recipe, value, numbers).entries
    executions = entry_by_entry(recipe, value, entries)
    open_ones: set[int] = set()
    for before, entry, after in zip(executions, entries[1:], executions[1:], strict=False):
        assert unhandled(before) == open_ones
        place = place_at(before, entry.address)
        if entry.kind is Kind.SIGNAL_KEPT:
            open_ones.add(entry.seq)
        elif place is not None and place.kept is not None and place_at(after, entry.address) is None:
            open_ones.discard(place.kept.seq)
        assert unhandled(after) == open_ones


@LAW
@given(joined, inputs, stimuli)
def test_what_fits_no_place_is_refused_and_changes_nothing(recipe: Recipe, value: int, numbers: list[int]) -> None:
    """Each entry of a place comes once more when the place has gone."""
    entries = played(recipe, value, numbers).entries
    last = entry_by_entry(recipe, value, entries)[-1]
    before = shape(last), seen(last)
    for entry in entries[1:]:
        again = replace(entry, seq=last.seq + 1)
        may_come_again = entry.kind in (Kind.SIGNAL_KEPT, Kind.CANCELLING) or _is_of_the_whole(entry)
        if place_at(last, entry.address) is None and not may_come_again:
            with pytest.raises(JournalMismatch):
                apply(last, again)
    assert (shape(last), seen(last)) == before


def _is_of_the_whole(entry: Entry) -> bool:
    return entry.kind in (Kind.PAUSED, Kind.RESUMED) and not entry.address


@LAW
@given(joined, inputs, stimuli)
def test_what_is_not_pending_is_refused(recipe: Recipe, value: int, numbers: list[int]) -> None:
    """A place that waits for a lock takes nothing."""
    last = played(recipe, value, numbers).last.execution
    ready = {getattr(each, "address", None) for each in pending(last)}
    for kind, place in ((kind, place) for kind in Kind for place in last.threads.values()):
        address = getattr(place, "address", None)
        if address is not None and address not in ready:
            with pytest.raises(JournalMismatch):
                apply(last, Entry(last.seq + 1, kind, address, None, played(("pure", 1), 1, []).entries[0].recorded_at))


@LAW
@given(joined, inputs, stimuli)
def test_after_a_cancel_only_undos_and_handlers_run_and_it_ends(recipe: Recipe, value: int, numbers: list[int]) -> None:
    live = played(recipe, value, numbers)
    if isinstance(pending(live.last.execution)[0], Outcome):
        return
    here = cancelled(live.last)
    for number in range(200):
        assert broken(here.execution) == [], shape(here.execution)
        ready = pending(here.execution)
        if isinstance(ready[0], Outcome):
            assert ready[0].is_cancelled or live.last.execution.shared.failing is not None
            return
        if any(isinstance(each, PausedAt) and each.problem.type == "UndoFailed" for each in ready):
            return  # an undo may fail whenever it begins again
        assert not isinstance(ready[0], Stuck) or _waits_for_others(recipe), ready
        if isinstance(ready[0], Stuck):
            return
        here = play_on(workflow_of(build(recipe)), here, (51 * number,))
    raise AssertionError(f"{pending(here.execution)} after a cancel and all that")


def _waits_for_others(recipe: Recipe) -> bool:
    """Tell whether parts may wait for locks or milestones."""
    return bool({"Critical", "During"} & {type(node).__name__ for node in nodes_in(build(recipe))})


@LAW
@given(joined, inputs, stimuli)
def test_whatever_is_pending_can_happen(recipe: Recipe, value: int, numbers: list[int]) -> None:
    live = played(recipe, value, numbers)
    here = live.last
    for index, each in enumerate(pending(here.execution)):
        if isinstance(each, EffectToRun | SignalExpected | TimerRunning | TaskOffered):
            after = play_on(workflow_of(build(recipe)), here, (51 * index,))
            assert after is here or after.execution.seq > here.execution.seq
