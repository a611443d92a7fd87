"""Is it noted with which entry each thread came to stand where it stands, whatever else happens meanwhile?"""

from __future__ import annotations

import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interpreters.machine.dwelling import Dwelling
from interpreters.machine.execution import Active, Execution
from interpreters.machine.places import places
from interpreters.machine.recovery import recover
from interpreters.machine.transition import JSON, apply, begin_from
from journals.entries import Entry
from tests.machine.driving import play
from tests.machine.programs import Recipe, build, joined, with_checkpoints, workflow_of
from wio import Workflow

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

inputs = st.integers(-2, 9)
stimuli = st.lists(st.integers(0, 1_000), min_size=2, max_size=40)


def _executions(workflow: Workflow[int, object, int], entries: tuple[Entry, ...]) -> list[Execution]:
    """Return where the instance stood after each entry."""
    return list(itertools.accumulate(entries[1:], apply, initial=begin_from(workflow, entries[0], JSON)))


@LAW
@given(joined, inputs, stimuli)
def test_a_place_is_as_old_as_the_entry_since_which_nothing_was_changed_there(
    recipe: Recipe, value: int, numbers: list[int]
) -> None:
    workflow = workflow_of(build(recipe))
    entries = play(workflow, value, numbers).entries
    dwelling, stood = Dwelling(), _executions(workflow, entries)
    execution = recover(workflow, entries, applying=dwelling.apply)
    for place in places(execution):
        since = dwelling.since(execution, place)
        assert 1 <= since <= dwelling.runs_since(execution, place) <= execution.seq
        for before in stood[since - 1 :]:
            there = before.threads.find(place.home.prefix)
            assert isinstance(there, Active)
            assert (there.address, there.gated, there.kept) == (place.address, place.gated, place.kept)
            assert (there.problem is None) == (place.problem is None)


@LAW
@given(joined, st.lists(st.integers(0, 3), min_size=1, max_size=8), inputs, stimuli)
def test_behind_checkpoints_each_place_is_noted(
    recipe: Recipe, chosen: list[int], value: int, numbers: list[int]
) -> None:
    workflow = workflow_of(build(with_checkpoints(recipe, itertools.cycle([*chosen, 3]))))
    entries = play(workflow, value, numbers).entries
    dwelling = Dwelling()
    execution = recover(workflow, entries, applying=dwelling.apply)
    for place in places(execution):
        assert 1 <= dwelling.since(execution, place) <= execution.seq
        assert place.home.prefix in dwelling._standing
