"""What does a policy decide about a failed attempt, and what becomes of the instance then?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from msgspec.structs import replace
from returns.result import Failure, Result, Success

from interpreters import recover
from interpreters.errors import EffectFailed, JournalMismatch, UserFunctionRaised, WrongPayload
from interpreters.machine.pending import EffectToRun, Outcome, PausedAt, pending
from interpreters.machine.recorded import AttemptFailed, Decided, Loss
from interpreters.machine.recording import due_of_attempt, failure_entry, lost_entry
from interpreters.machine.transition import JSON, apply
from interpreters.machine.turn import Turn, turn
from journals.entries import Kind
from tests.machine.driving import begun, cancelled, failed, ran, resumed, then, waiting
from tests.machine.programs import AT, workflow_of
from wio import (
    WIO,
    Exceeded,
    Fixed,
    GivenUp,
    Retry,
    on_cancel,
    parallel,
    pure,
    retrying,
    run_io,
    saga,
    scope,
    undoable,
)

MINUTE = timedelta(minutes=1)
EVERY_MINUTE = Fixed(MINUTE)


@attrs.frozen
class Declined:
    """Is a reason that is no exception."""


class Broken(ConnectionError):
    """Is a kind of `OSError`."""


def ask(number: int) -> int:
    return number


def other(number: int) -> int:
    return number


def undo(_: object) -> int:
    return 0


def by_hand(number: int, given_up: GivenUp) -> Result[int, str]:
    return Success(100 * number + given_up.attempts)


def begin(root: WIO[Any, Any, Any]) -> Turn:
    return begun(workflow_of(root), 1)


def step(**policy: Any) -> WIO[int, Any, int]:
    return run_io(ask, retry=Retry(**{"backoff": EVERY_MINUTE, **policy}))


def recorded(here: Turn) -> AttemptFailed:
    """Return what the first entry of a turn says of a failed attempt."""
    entry = here.entries[0]
    assert entry.kind is Kind.ATTEMPT_FAILED
    assert entry.payload is not None
    told: Any = JSON.decode(entry.payload, AttemptFailed)
    assert isinstance(told, AttemptFailed)
    return told


def given_up(here: Turn) -> GivenUp:
    """Return why an instance has failed."""
    end = waiting(here)
    assert isinstance(end, Outcome)
    assert end.given_up is not None
    return end.given_up


# Which errors are tried again


@pytest.mark.parametrize(
    ("error", "decided"),
    [
        (OSError("gone"), Decided.RETRY),
        (Broken("gone"), Decided.RETRY),
        (TimeoutError("late"), Decided.RETRY),
        (ValueError("no"), Decided.PAUSE),
        (PermissionError("you"), Decided.FAIL),
        (KeyError("which"), Decided.PAUSE),
    ],
)
def test_the_class_of_the_error_decides_subclasses_included(error: Exception, decided: Decided) -> None:
    here = failed(begin(step(on=(OSError,), fail_on=(PermissionError,))), error)
    assert recorded(here).decided is decided


def test_what_fails_the_instance_wins_over_what_is_tried_again() -> None:
    policy = {"on": (ValueError,), "fail_on": (Exception,)}
    assert recorded(failed(begin(step(**policy)), ValueError("no"))).decided is Decided.FAIL


def test_without_classes_all_errors_are_tried_again() -> None:
    here = failed(begin(step()), ValueError("no"))
    assert recorded(here).retry_at == AT + MINUTE


@pytest.mark.parametrize("classes", [(Declined,), (EffectFailed,)])
def test_the_content_of_an_io_failure_counts_as_the_error(classes: tuple[type[Any], ...]) -> None:
    error = EffectFailed(Declined())
    assert recorded(failed(begin(step(on=classes)), error)).decided is Decided.RETRY
    assert recorded(failed(begin(step(on=(OSError,))), error)).decided is Decided.PAUSE
    assert recorded(failed(begin(step(fail_on=classes)), error)).decided is Decided.FAIL


def test_one_attempt_is_all_that_a_policy_of_one_attempt_gives() -> None:
    here = failed(begin(step(attempts=1)), OSError("gone"))
    assert isinstance(waiting(here), PausedAt)
    assert recorded(here).decided is Decided.PAUSE
    failing = failed(begin(step(attempts=1, exceeded=Exceeded.FAIL)), OSError("gone"))
    assert given_up(failing) == GivenUp("OSError", "gone", 1)


@pytest.mark.parametrize(
    "fault", [UserFunctionRaised("f", "ask", ValueError("no")), WrongPayload("The event of step 'ask'", "no")]
)
def test_an_error_of_the_program_pauses_whatever_the_policy_says(fault: Exception) -> None:
    policy = {"on": (Exception,), "fail_on": (Exception,), "exceeded": Exceeded.FAIL}
    here = failed(begin(retrying(step(**policy), Retry(), by_hand)), fault)
    assert recorded(here).decided is Decided.PAUSE
    assert isinstance(waiting(here), PausedAt)


# What happens then


def test_a_policy_that_fails_ends_the_instance_as_failed_with_what_was_given_up() -> None:
    here = failed(begin(step(attempts=2, exceeded=Exceeded.FAIL)), OSError("gone"))
    here = failed(here, OSError("still gone"), AT + MINUTE)
    assert [entry.kind for entry in here.entries] == [Kind.ATTEMPT_FAILED, Kind.FAILED]
    assert here.entries[1].payload == JSON.encode(GivenUp("OSError", "still gone", 2), GivenUp)
    assert given_up(here) == GivenUp("OSError", "still gone", 2)


def test_no_handler_and_no_give_up_takes_what_fails_the_instance() -> None:
    root = retrying(step(fail_on=(OSError,)).handle_error(pure(5)), Retry(), by_hand).handle_error(pure(6))
    assert given_up(failed(begin(root >> run_io(other)), OSError("gone"))).attempts == 1


def test_a_step_with_its_own_policy_is_given_up_by_the_nearest_part_around() -> None:
    inner = retrying(step(attempts=1) >> run_io(other), Retry())
    here = failed(begin(retrying(inner, Retry(attempts=9), by_hand)), OSError("gone"))
    assert recorded(here).decided is Decided.GIVE_UP
    end = waiting(here)
    assert isinstance(end, Outcome)
    assert end.result == Success(101)
    assert end.given_up is None


def test_everything_else_is_withdrawn_when_a_step_fails_the_instance() -> None:
    root = parallel(step(fail_on=(OSError,)), run_io(other)) >> run_io(other, name="after")
    here = failed(begin(root), OSError("gone"), address="parallel[ask]/ask")
    assert given_up(here).type == "OSError"


def test_a_branch_that_drains_fails_the_instance_too() -> None:
    root = parallel(step(fail_on=(OSError,)), run_io(other), join=1)
    here = ran(begin(root), 2, address="parallel[other]/other")
    assert [each.address for each in pending(here.execution) if isinstance(each, EffectToRun)] == ["parallel[ask]/ask"]
    assert given_up(failed(here, OSError("gone"))).message == "gone"


def test_what_was_done_is_undone_before_the_instance_has_failed() -> None:
    done = undoable(run_io(other), run_io(undo, event=int))
    root = scope(saga(done >> step(fail_on=(OSError,))), on_cancel(run_io(undo, name="tidy", event=int)))
    here = ran(begin(root), 2)
    here = failed(here, OSError("gone"))
    assert isinstance(waiting(here), EffectToRun)
    here = ran(here, 0, address="scope/saga[undo 1]/undo")
    here = ran(here, 0, address="scope[on cancel]/tidy")
    assert given_up(here) == GivenUp("OSError", "gone", 1)


def test_an_undo_that_fails_the_instance_ends_it_and_nobody_takes_it() -> None:
    bad_undo = run_io(undo, event=int, retry=Retry(fail_on=(ValueError,)))
    first = undoable(run_io(other, name="first"), run_io(undo, name="never", event=int))
    body = saga(first >> undoable(run_io(other), bad_undo) >> step(fail_on=(OSError,))).handle_error(
        run_io(undo, name="rescue", event=int)
    )
    here = failed(ran(ran(begin(body), 2), 3), OSError("gone"))
    here = failed(here, ValueError("cannot be undone"))
    assert given_up(here) == GivenUp("ValueError", "cannot be undone", 1, ("never",))


def test_a_cancel_that_comes_while_an_instance_fails_leaves_it_failed() -> None:
    root = saga(undoable(run_io(other), run_io(undo, event=int)) >> step(fail_on=(OSError,)))
    here = cancelled(failed(ran(begin(root), 2), OSError("gone")))
    assert given_up(ran(here, 0)).type == "OSError"


# The time of all attempts


def fails_at(here: Turn, seconds: float, took: float = 0) -> Turn:
    """Return the turn after an attempt that began `took` seconds before it failed."""
    at = AT + timedelta(seconds=seconds)
    entry = failure_entry(here.execution, "ask", OSError("gone"), at, 0.0, began=at - timedelta(seconds=took))
    return then(here, entry, at)


def test_the_time_of_all_attempts_counts_from_the_begin_of_the_first() -> None:
    here = fails_at(begin(step(overall=3 * MINUTE)), 30, took=30)
    assert (recorded(here).retry_at, recorded(here).until) == (AT + 1.5 * MINUTE, AT + 3 * MINUTE)
    here = fails_at(here, 100)
    assert recorded(here).until == AT + 3 * MINUTE
    here = fails_at(here, 130)
    assert recorded(here).decided is Decided.PAUSE, "the next attempt would begin after all"


def test_a_resume_gives_the_time_of_all_attempts_anew() -> None:
    here = fails_at(begin(step(overall=MINUTE)), 0)
    here = resumed(here, AT + MINUTE)
    assert due(here, AT + 2 * MINUTE) == AT + 3 * MINUTE


def test_the_recorded_time_holds_when_the_policy_has_changed() -> None:
    here = fails_at(begin(step(overall=3 * MINUTE)), 0)
    entries = [*begin(step()).entries, *here.entries]
    later = recover(workflow_of(step(overall=30 * MINUTE)), entries)
    assert due_of_attempt(later, "ask", AT) == AT + 3 * MINUTE


def due(here: Turn, began: datetime) -> datetime | None:
    return due_of_attempt(here.execution, "ask", began)


def test_an_attempt_is_due_by_its_own_time_or_by_that_of_all() -> None:
    assert due(begin(run_io(ask)), AT) is None
    assert due(begin(step()), AT) is None
    assert due(begin(step(attempt_timeout=MINUTE)), AT) == AT + MINUTE
    assert due(begin(retrying(run_io(ask), Retry(attempt_timeout=MINUTE))), AT) == AT + MINUTE
    here = begin(step(attempt_timeout=MINUTE, overall=1.5 * MINUTE, backoff=Fixed(timedelta(0))))
    assert due(here, AT) == AT + MINUTE
    here = fails_at(here, 60, took=60)
    assert due(here, AT + MINUTE) == AT + 1.5 * MINUTE
    assert due(begin(step(attempt_timeout=timedelta.max)), AT) == datetime.max.replace(tzinfo=AT.tzinfo)


def test_an_attempt_that_was_lost_begins_no_time() -> None:
    here = begin(step(overall=MINUTE))
    here = turn(here.execution, lost_entry(here.execution, "ask", Loss.CRASH, AT), AT)
    assert recorded(fails_at(here, 600)).until is None
    assert due(here, AT + 10 * MINUTE) == AT + 11 * MINUTE


# Replay


def test_replay_does_not_ask_the_policy_again() -> None:
    fails = failed(begin(step(fail_on=(OSError,))), OSError("gone"))
    mended = workflow_of(step(on=(OSError,)))
    entries = [*begin(step()).entries, *fails.entries]
    end = pending(recover(mended, entries))[0]
    assert isinstance(end, Outcome)
    assert end.given_up == GivenUp("OSError", "gone", 1)


def test_a_step_that_was_given_up_fits_no_program_that_does_not_say_how_to_go_on() -> None:
    gave_up = failed(begin(retrying(step(attempts=1), Retry(), by_hand)), OSError("gone"))
    with pytest.raises(JournalMismatch):
        apply(begin(step()).execution, gave_up.entries[0])


def test_an_entry_of_a_paused_attempt_needs_no_decision() -> None:
    """As it was written before there were others."""
    here = failed(begin(run_io(ask)), OSError("gone"))
    entry = here.entries[0]
    assert entry.payload is not None
    short = entry.payload.text.replace('"decided":"pause",', "").replace(',"until":null', "")
    assert len(short) < len(entry.payload.text) - 30
    bare = replace(entry, payload=replace(entry.payload, text=short))
    assert pending(apply(begin(run_io(ask)).execution, bare)) == pending(here.execution)


def test_a_failure_of_the_workflow_is_no_step_that_failed_it() -> None:
    (end,) = pending(begin(pure(1).flat_map(lambda _: pure(2))).execution)
    assert isinstance(end, Outcome)
    assert end.given_up is None
    refused = retrying(step(attempts=1), Retry(), lambda _, given: Failure(given))
    end = waiting(failed(begin(refused), OSError("gone")))
    assert isinstance(end, Outcome)
    assert end.result == Failure(GivenUp("OSError", "gone", 1))
    assert end.given_up is None
