"""Is every status in a state, and is the table of moves whole?"""

from __future__ import annotations

import pytest

from journals.entries import RESTING, UNFINISHED, Status
from journals.run_states import MOVES, RunState, may_move, run_state


def test_every_status_has_a_state_and_every_state_a_status() -> None:
    assert {run_state(status) for status in Status} == set(RunState) == set(MOVES)


def test_no_state_moves_to_itself_and_none_is_left_without_a_move() -> None:
    assert all(to and state not in to for state, to in MOVES.items())


@pytest.mark.parametrize("status", Status)
def test_to_stay_in_a_state_is_no_move(status: Status) -> None:
    assert may_move(status, status)


def test_nothing_goes_back_to_initiated_and_only_what_has_ended_loses_its_data() -> None:
    assert all(RunState.INITIATED not in to for to in MOVES.values())
    loses = {state for state, to in MOVES.items() if RunState.REQUESTED_DATA_DELETED in to}
    assert loses == {RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED, RunState.DATA_DELETED}


def test_what_has_ended_does_nothing_until_it_is_asked_to() -> None:
    assert set(Status) - UNFINISHED <= RESTING
    assert {Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.DATA_DELETED} == set(Status) - UNFINISHED
