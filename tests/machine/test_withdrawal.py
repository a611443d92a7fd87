"""What becomes of work that is withdrawn, and of what it held? One story for each fault that there was."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from interpreters.errors import DuplicateKey, JournalMismatch, UserFunctionRaised
from interpreters.machine.pending import Outcome, Pending, Stuck, pending
from interpreters.machine.recording import event_entry
from interpreters.machine.turn import Turn
from tests.machine.driving import answers, begun, cancelled, claimed, done, kept, ran, resumed, signalled
from tests.machine.invariants import broken, shape, unhandled
from tests.machine.programs import AT, TELL, Recipe, build, workflow_of
from wio import (
    WIO,
    Rest,
    catch,
    for_each,
    interrupt,
    parallel,
    pure,
    receive_signal,
    run_io,
    saga,
    scope,
    undoable,
)

A: Recipe = ("task", "a")
B: Recipe = ("task", "b")


def started(recipe: Recipe) -> Turn:
    return checked(begun(workflow_of(build(recipe)), 1))


def checked(here: Turn) -> Turn:
    assert broken(here.execution) == []
    return here


def open_at(here: Turn) -> list[str]:
    """Return the addresses of all that can happen."""
    return [each.address for each in pending(here.execution) if not isinstance(each, Outcome | Stuck)]


def finished(here: Turn, address: str) -> Turn:
    """Return the turn after a task was claimed and completed."""
    return checked(done(checked(claimed(here, address)), address, 3))


def both(one: Recipe, other: Recipe) -> Recipe:
    return ("parallel", (one, other), None, Rest.DRAIN, None, False)


def ended(here: Turn) -> Pending:
    (end,) = pending(here.execution)
    assert isinstance(end, Outcome)
    return end


FIRST_DRAINS: Recipe = ("parallel", (A, B), 1, Rest.DRAIN, None, False)


def test_what_drains_inside_of_a_part_is_cancelled_with_it() -> None:
    here = finished(started(both(("then", FIRST_DRAINS, A), B)), "parallel[g]/parallel[g]/a")
    assert "parallel[g]/parallel[p1]/p1" in open_at(here)
    end = ended(checked(cancelled(here)))
    assert isinstance(end, Outcome)
    assert end.is_cancelled


def test_what_drains_in_an_interrupted_body_is_withdrawn_with_it() -> None:
    here = started(("scope", ("then", FIRST_DRAINS, A), ("ask", "a"), A, (), ()))
    here = finished(here, "scope/parallel[g]/a")
    assert open_at(checked(signalled(here, 1, address="scope[int]/a"))) == ["scope[int]/a#2"]


def test_a_choice_waits_for_the_handlers_of_what_it_has_withdrawn() -> None:
    guarded: Recipe = ("scope", A, ("ask", "x"), (), (), ("task", "c"))
    here = checked(claimed(started(("first", guarded, B)), "first[f1]/f1"))
    handler, chosen = open_at(here)
    assert (handler, chosen) == ("first[f0]/f0[on cancel]/c", "first[f1]/f1")
    assert open_at(finished(here, handler)) == [chosen]
    assert open_at(checked(done(here, chosen, 3))) == [handler]


def test_a_body_ends_well_although_a_trigger_has_something_to_undo() -> None:
    trigger: Recipe = ("saga", ("then", ("undoable", ("pure", 1), ("task", "u")), ("ask", "x")))
    here = started(("scope", A, trigger, None, B, ()))
    here = checked(signalled(here, 1, address="scope[also]/saga/x"))
    here = finished(here, "scope/a")
    undo, beside = open_at(here)
    assert (undo, beside) == ("scope[also#2]/saga[undo 1]/u", "scope[also]/b")
    for address in (undo, beside):
        here = finished(here, address)
    assert "Success" in str(ended(here))


def test_signals_come_back_to_the_mailbox_in_their_old_order() -> None:
    waits: Recipe = both(("tell", "x"), ("tell", "y"))
    here = started(("then", ("scope", ("then", A, ("then", waits, A)), ("ask", "x"), B, (), ()), ("tell", "z")))
    for number in (2, 4, 6):
        here = checked(kept(here, TELL, number))
    here = finished(here, "scope/a")
    assert [one.seq for one in here.execution.mailbox] == [5]
    here = checked(signalled(here, 1, address="scope[int]/x"))
    assert [one.seq for one in here.execution.mailbox] == [3, 4, 5]
    assert len(unhandled(here.execution)) == 3


def test_a_signal_that_was_kept_goes_to_the_next_that_has_waited_for_it() -> None:
    scope: Recipe = ("scope", ("tell", "x"), ("ask", "x"), (), (), ())
    here = checked(kept(started(both(scope, ("tell", "y"))), TELL, 2))
    (holder,) = [place for place in here.execution.threads.values() if getattr(place, "kept", None)]
    here = checked(signalled(here, 1, address="parallel[g]/scope[int]/x"))
    (now,) = [place for place in here.execution.threads.values() if getattr(place, "kept", None)]
    assert getattr(holder, "address", "") == "parallel[g]/scope/tell"
    assert getattr(now, "address", "") == "parallel[p1]/p1"


LOCKED = both(("critical", A, "l"), ("critical", ("tell", "x"), "l"))


def test_a_signal_that_was_kept_is_handled_when_the_lock_is_free() -> None:
    here = checked(claimed(started(LOCKED), "parallel[g]/l/a"))
    here = checked(kept(here, TELL, 2))
    assert open_at(here) == ["parallel[g]/l/a"]
    assert len(here.execution.mailbox) == 1
    here = checked(done(here, "parallel[g]/l/a", 3))
    assert open_at(here) == ["parallel[p1]/p1/l/tell"]
    assert here.execution.mailbox == ()


def test_an_effect_that_waits_for_a_lock_takes_no_event() -> None:
    here = started(both(("critical", ("run", "a"), "l"), ("critical", ("run", "b"), "l")))
    before = shape(here.execution)
    with pytest.raises(JournalMismatch):
        ran(here, 1, address="parallel[p1]/p1/l/b")
    assert shape(here.execution) == before
    assert event_entry(here.execution, "parallel[g]/l/a", 1, AT)
    assert open_at(checked(ran(here, 1, address="parallel[g]/l/a"))) == ["parallel[p1]/p1/l/b"]


def test_all_that_waits_in_one_part_begins_when_that_part_has_the_lock() -> None:
    here = started(both(("critical", ("run", "a"), "l"), ("critical", both(("run", "b"), ("run", "c")), "l")))
    assert len(open_at(here)) == 1
    assert len(open_at(checked(ran(here, 1, address="parallel[g]/l/a")))) == 2


def test_a_task_is_offered_when_the_lock_is_free() -> None:
    here = started(both(("critical", ("run", "a"), "l"), ("critical", B, "l")))
    assert open_at(here) == ["parallel[g]/l/a"]
    assert open_at(checked(ran(here, 1, address="parallel[g]/l/a"))) == ["parallel[p1]/p1/l/b"]


def test_what_drains_out_of_a_critical_section_needs_its_lock_no_more() -> None:
    drains: Recipe = ("parallel", (("wait", 2), ("run", "a")), 0, Rest.DRAIN, None, False)
    here = started(both(("critical", ("run", "b"), "l"), ("critical", drains, "l")))
    assert len(open_at(here)) == 3


def test_of_two_parts_inside_one_another_the_milestone_closes_the_outer_one() -> None:
    inner: Recipe = ("during", A, A, "m")
    here = started(both(("hold", ("task", "h"), "m"), ("during", both(inner, B), ("task", "o"), "m")))
    assert open_at(finished(here, "parallel[g]/m/h")) == ["parallel[p1]/p1/m[otherwise]/o"]


def test_a_withdrawn_part_of_a_region_does_not_go_on_when_the_region_is_left() -> None:
    undone: Recipe = ("saga", ("then", ("undoable", ("pure", 1), ("task", "u")), A))
    loser: Recipe = ("then", ("region", undone, "r"), ("task", "d"))
    here = started(both(("race", loser, B), ("then", ("task", "c"), ("leave", "r"))))
    here = finished(here, "parallel[g]/race[f1]/f1")
    here = finished(here, "parallel[p1]/p1/c")
    (undo,) = open_at(here)
    assert undo.endswith("u")
    assert "Success" in str(ended(finished(here, undo)))


def test_a_choice_that_ends_a_milestone_around_it_goes_on() -> None:
    choice: Recipe = ("first", A, ("hold", ("task", "h"), "m"))
    here = started(both(("hold", ("task", "b"), "m"), ("during", choice, ("task", "o"), "m")))
    here = finished(here, "parallel[g]/m/b")
    here = checked(claimed(here, "parallel[p1]/p1/m/first[f0]/f0"))
    assert open_at(here) == ["parallel[p1]/p1/m/first[f0]/f0"]


def workflow(root: WIO[int, object, object]) -> Turn:
    return checked(begun(workflow_of(root), 1))  # type: ignore[arg-type]


def test_no_handler_of_errors_takes_a_cancel() -> None:
    step = run_io(abs, name="a", event=int)
    body = saga(undoable(pure(1), run_io(lambda _: 1, name="u", event=int)) >> step)
    here = checked(cancelled(workflow(body.handle_error(catch(object, step)))))
    assert open_at(here) == ["saga[undo 1]/u"]
    end = ended(checked(ran(here, 1)))
    assert isinstance(end, Outcome)
    assert end.is_cancelled


def test_a_second_cancel_changes_nothing() -> None:
    here = started(("saga", ("then", ("undoable", ("pure", 1), ("task", "u")), A)))
    here = checked(cancelled(checked(cancelled(here))))
    end = ended(finished(here, "saga[undo 1]/u"))
    assert isinstance(end, Outcome)
    assert end.is_cancelled


def test_an_element_with_the_key_of_another_is_refused_and_the_rest_goes_on() -> None:
    more = receive_signal(TELL, lambda _, number: number, respond=lambda *_: "")
    each = for_each(lambda _: [1, 2], run_io(abs, name="a", event=int), key=str, add=more, element=int)
    here = workflow(each)
    before = shape(here.execution)
    with pytest.raises(DuplicateKey):
        signalled(here, 2, address="each[+1]/tell")
    assert shape(here.execution) == before
    assert len(open_at(checked(signalled(here, 5, address="each[+1]/tell")))) == 4


def test_a_join_that_raises_records_nothing() -> None:
    def join(results: Mapping[str, object]) -> bool:
        return bool(results["nobody"])

    step = run_io(abs, name="a", event=int)
    here = workflow(parallel(step, run_io(abs, name="b", event=int), join=join, rest=Rest.CANCEL))
    before = shape(here.execution)
    with pytest.raises(UserFunctionRaised, match="join"):
        ran(here, 1, address="parallel[a]/a")
    assert shape(here.execution) == before


def test_elements_with_the_same_key_pause_the_place() -> None:
    here = workflow(for_each(lambda _: [1, 1], run_io(abs, name="a"), key=str, element=int))
    assert "DuplicateKey" in str(pending(here.execution))
    assert "DuplicateKey" in str(pending(checked(resumed(here)).execution))


def test_a_query_sees_how_the_body_has_ended_while_a_handler_goes_on() -> None:
    asked: Recipe = ("near", ("scope", A, ("ask", "x"), None, B, ()))
    here = checked(signalled(started(asked), 1, address="scope[also]/x"))
    here = finished(here, "scope/a")
    assert open_at(here) == ["scope[also]/b"]
    assert answers(here.execution)[0] == "near 4"


def test_a_handler_may_be_called_like_anything_of_the_machines_own() -> None:
    watched = scope(run_io(abs, name="a"), interrupt(build(B), name="body"))
    assert open_at(checked(begun(workflow_of(watched), 1))) == ["scope/a", "scope[body]/b"]
