"""What does a resume of a whole instance do where nothing is held? It says who let it go on, and changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interpreters.errors import JournalMismatch
from interpreters.machine.recorded import Note
from interpreters.machine.recording import resume_entry, unparked_entry
from interpreters.machine.recovery import recover
from interpreters.machine.transition import JSON, apply
from interpreters.machine.turn import Turn
from journals.entries import Kind
from tests.machine.driving import begun, play, ran, seen, then, told, turns_on
from tests.machine.invariants import broken, shape
from tests.machine.programs import AT, Recipe, build, joined, recipes, workflow_of
from tests.machine.test_laws import LAW, inputs, stimuli

ADA = Note("ada", "mended the code")
LATER = AT + timedelta(days=3)


@LAW
@given(recipes | joined, inputs, stimuli, stimuli, st.integers(0, 99))
def test_it_changes_nothing_whenever_it_comes(
    recipe: Recipe, value: int, numbers: list[int], after: list[int], choice: int
) -> None:
    """Nothing follows from it, what comes then is the same as without it, and so is what is recovered."""
    workflow = workflow_of(build(recipe))
    turns = play(workflow, value, numbers).turns
    position = choice % len(turns)
    here = turns[position]
    ended = here.execution.outcome is not None
    if ended or here.execution.held is not None:
        return
    noted = then(here, unparked_entry(JSON, here.execution.seq + 1, "it did not fit", LATER, ADA), LATER)
    assert [entry.kind for entry in noted.entries] == [Kind.RESUMED]
    entries = [entry for turn in turns[: position + 1] for entry in turn.entries]
    with_it, without = _all(noted, workflow, after), _all(here, workflow, after)
    assert len(with_it) == len(without)
    entries.extend(noted.entries)
    again = workflow_of(build(recipe))
    for one, other in zip(with_it, without, strict=True):
        if one is not noted:
            entries.extend(one.entries)
            assert [kind for kind, *_ in told(one.entries)] == [kind for kind, *_ in told(other.entries)]
        assert seen(one.execution) == seen(other.execution)
        recovered = recover(again, entries)
        assert broken(recovered) == []
        assert (shape(recovered), seen(recovered)) == (shape(one.execution), seen(one.execution))
        assert shape(recover(again, entries, jumps=False)) == shape(recovered)


def _all(here: Turn, workflow: Any, after: list[int]) -> list[Turn]:
    return [here, *turns_on(workflow, here, after)]


def test_after_the_end_it_fits_nowhere() -> None:
    ended = ran(begun(workflow_of(build(("run", "a"))), 1), 1)
    entry = resume_entry(ended.execution, "", AT, ADA)
    with pytest.raises(JournalMismatch):
        apply(ended.execution, entry)
