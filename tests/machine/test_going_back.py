"""Does an instance that goes back stand where it stood, and go on from there as if nothing had followed?"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from interpreters.errors import CannotGoBack
from interpreters.machine.going_back import went_back_entry
from interpreters.machine.recorded import Note
from interpreters.machine.recovery import recover
from interpreters.machine.transition import JSON
from interpreters.machine.turn import Turn, overdue_turn
from interpreters.machine.voided import is_in, void_in
from journals.entries import Entry, Kind
from tests.machine.driving import AT, chance, play, seen, turns_on
from tests.machine.invariants import broken, shape
from tests.machine.programs import Recipe, build, joined, recipes, workflow_of
from tests.machine.test_laws import LAW, inputs, stimuli

choices = st.lists(st.tuples(st.integers(0, 99), st.lists(st.integers(0, 50), max_size=9)), min_size=1, max_size=3)


@LAW
@given(recipes | joined, inputs, stimuli, choices)
def test_what_follows_goes_on_from_there(
    recipe: Recipe, value: int, numbers: list[int], tries: list[tuple[int, list[int]]]
) -> None:
    """Nothing is left of what does not count but signals that were kept; and it may go back again and again."""
    workflow = workflow_of(build(recipe))
    entries = play(workflow, value, numbers).entries
    for choice, after in tries:
        entry = went_back(recipe, entries, choice)
        if entry is None:
            continue
        void = void_in([entry], JSON)
        before = recover(workflow, entries[: void[-1][0] - 1])
        kept = [each for each in entries if is_in(void[-1:], each.seq) and each.kind is Kind.SIGNAL_KEPT]
        entries = (*entries, entry)
        again = recover(workflow, entries)
        assert again.seq == len(entries)
        assert {each.seq for each in again.mailbox} == {each.seq for each in (*before.mailbox, *kept)}
        if not kept:
            assert seen(again) == seen(replace(before, held=None))
        overdue = overdue_turn(again, AT, chance)
        turns = [Turn(again, (), ())] if overdue is None else [overdue]
        turns += turns_on(workflow, turns[0], after)
        entries = (*entries, *(each for turn in turns for each in turn.entries))
        recovered = recover(workflow_of(build(recipe)), entries)
        assert broken(recovered) == []
        assert (shape(recovered), seen(recovered)) == (shape(turns[-1].execution), seen(turns[-1].execution))
        stepwise = recover(workflow, entries, jumps=False)
        assert shape(stepwise) == shape(recovered)


def went_back(recipe: Recipe, entries: Sequence[Entry], choice: int) -> Entry | None:
    addresses = sorted({entry.address for entry in entries if entry.address})
    ended = entries[-1].kind in (Kind.COMPLETED, Kind.CANCELLED)
    if ended or not addresses:
        return None
    address = addresses[choice % len(addresses)]
    try:
        return went_back_entry(workflow_of(build(recipe)), entries, JSON, address, AT, Note("ann", "hm"), id="")
    except CannotGoBack:
        return None
