"""What does the machine know of the children of an instance, and when does it let go of them?"""

from __future__ import annotations

from typing import Any, Never

import attrs
import pytest
from returns.result import Failure, Result, Success

from interpreters.errors import ChildWithoutResult, JournalMismatch, WrongPayload
from interpreters.machine.execution import CANCELLED, Bond
from interpreters.machine.pending import (
    ChildRunning,
    ChildToCancel,
    ChildToStart,
    EffectToRun,
    Outcome,
    PausedAt,
    SignalExpected,
    pending,
)
from interpreters.machine.recorded import ChildEnd, ChildEnded, ChildStarted, Parent
from interpreters.machine.recording import (
    child_deleted_entry,
    child_ended_entry,
    child_left_entry,
    pause_entry,
    shortened,
)
from interpreters.machine.recovery import recover
from interpreters.machine.transition import JSON
from interpreters.machine.turn import Turn, first_turn
from journals.entries import Entry, Kind, Payload
from journals.ports import LONGEST_ID
from tests.machine.driving import cancelled, ran, resumed, signalled, then
from tests.machine.invariants import broken, shape
from tests.machine.programs import AT
from wio import (
    WIO,
    ParentClose,
    Region,
    Rest,
    Retry,
    Signal,
    Workflow,
    check,
    child,
    critical,
    fail,
    for_each,
    leave,
    parallel,
    pure,
    race,
    receive_signal,
    region,
    retrying,
    run_io,
    saga,
    start_child,
    undoable,
)

STOP = Signal("stop", request=str, response=str)
PLACE = Region("place", result=str)


@attrs.frozen
class Refused:
    """Is what the child may fail with."""

    why: str


def work(number: int) -> str:
    return f"work {number}"


def undo_it(_: object) -> str:
    return "undone"


def decide(text: str) -> Result[str, Refused]:
    return Success(text)


shipping: Workflow[int, Refused, str] = Workflow("shipping", version=3, input=int, root=run_io(work) >> check(decide))
plain: Workflow[int, Never, str] = Workflow("plain", version=1, input=int, root=run_io(work))
stop: WIO[Any, Never, str] = receive_signal(STOP, lambda _, why: why, respond=lambda _, why: why)
ship = child(shipping, result=str, error=Refused)


def begun(root: WIO[Any, Any, Any], id: str = "order-1") -> Turn:
    return first_turn(Workflow("parent", version=1, input=int, root=root), 7, AT, id=id)


def ended(here: Turn, result: Result[Any, Any], address: str = "shipping") -> Turn:
    outcome = Outcome(result, recorded=True)
    return then(here, child_ended_entry(here.execution, address, outcome, AT))


def left(here: Turn, address: str) -> Turn:
    return then(here, child_left_entry(here.execution, address, AT))


def told(entry: Entry) -> tuple[str, str]:
    return entry.kind.value, entry.address


def waits_for(here: Turn) -> list[tuple[type, str]]:
    return [(type(each), getattr(each, "address", "")) for each in pending(here.execution)]


def outcome(here: Turn) -> Any:
    (only,) = pending(here.execution)
    assert isinstance(only, Outcome)
    return only.result


def check_recovery(turns: list[Turn]) -> None:
    """Every prefix of the journal recovers to what the live run had, and that is sound."""
    entries: list[Entry] = []
    for here in turns:
        entries.extend(here.entries)
        again = recover(here.execution.workflow, entries, id=here.execution.id)
        assert shape(again) == shape(here.execution)
        assert pending(again) == pending(here.execution)
        assert broken(here.execution) == []


def test_a_child_is_decided_before_it_runs_and_its_result_is_the_step_s() -> None:
    first = begun(ship)
    (running,) = pending(first.execution)
    assert isinstance(running, ChildRunning)
    link = running.child
    assert (link.id, link.workflow, link.version, link.step) == ("order-1:shipping", "shipping", 3, "shipping")
    assert link.input == JSON.encode(7, int)
    last = ended(first, Success("sent"))
    assert outcome(last) == Success("sent")
    assert [told(entry) for entry in (*first.entries, *last.entries)] == [
        ("started", ""),
        ("child_started", "shipping"),
        ("child_ended", "shipping"),
        ("completed", ""),
    ]
    assert first.entries[1].payload == JSON.encode(ChildStarted("order-1:shipping", "shipping", 3), ChildStarted)
    check_recovery([first, last])


def test_a_child_s_error_is_the_step_s() -> None:
    last = ended(begun(ship), Failure(Refused("closed")))
    assert outcome(last) == Failure(Refused("closed"))


def test_id_and_input_are_functions_of_the_value() -> None:
    first = begun(child(plain, result=str, id=lambda number: f"ship-{number}", input=lambda number: number + 1))
    (running,) = pending(first.execution)
    assert isinstance(running, ChildRunning)
    assert (running.child.id, running.child.input) == ("ship-7", Payload("int", 1, "8"))


def test_an_input_or_an_id_that_cannot_be_is_a_pause() -> None:
    untyped: Any = plain
    roots: tuple[WIO[Any, Any, Any], ...] = (
        child(plain, result=str, id=lambda _: ""),
        child(plain, result=str, id=lambda _: "a\nb"),
        child(plain, result=str, id=lambda _: "x" * (LONGEST_ID + 1)),
        child(untyped, result=str, input=lambda _: "seven"),
    )
    for root in roots:
        first = begun(root)
        (paused,) = pending(first.execution)
        assert isinstance(paused, PausedAt)
        assert [entry.kind for entry in first.entries] == [Kind.STARTED, Kind.PAUSED]


def test_a_long_id_is_shortened_and_stays_different() -> None:
    one, other = shortened("x" * 300), shortened("x" * 299 + "y")
    assert len(one) == len(other) == LONGEST_ID
    assert one != other
    assert shortened("a:b") == "a:b"


def test_the_first_entry_of_a_child_names_its_parent() -> None:
    parent = Parent("order-1", "shipping")
    first = first_turn(plain, 1, AT, id="order-1:shipping", parent=parent)
    assert first.execution.parent == parent
    assert recover(plain, first.entries).parent == parent
    assert first.entries[0].response == JSON.encode(parent, Parent)


def test_a_result_that_is_not_of_the_declared_type_is_refused() -> None:
    with pytest.raises(WrongPayload):
        ended(begun(ship), Success(1))
    with pytest.raises(WrongPayload):
        ended(begun(child(plain, result=str)), Failure("oh"), "plain")


def test_a_child_without_a_result_is_refused_unless_something_around_says_how_to_go_on() -> None:
    with pytest.raises(ChildWithoutResult, match="was cancelled"):
        ended(begun(ship), CANCELLED)
    first = begun(retrying(ship, Retry(attempts=2), lambda number, given_up: Success(f"{number}: {given_up.type}")))
    last = ended(first, CANCELLED)
    assert outcome(last) == Success("7: ChildWithoutResult")
    assert last.entries[0].payload == JSON.encode(ChildEnded("order-1:shipping", ChildEnd.CANCELLED), ChildEnded)
    check_recovery([first, last])


def test_a_child_that_is_started_only_passes_the_value_and_is_left() -> None:
    first = begun(start_child(shipping) >> run_io(work))
    assert waits_for(first) == [(ChildToStart, "shipping")]
    second = left(first, "shipping")
    assert waits_for(second) == [(ChildRunning, "shipping[child]/left"), (EffectToRun, "work")]
    third = ran(second, "done", address="work")
    (closing,) = pending(third.execution)
    assert isinstance(closing, ChildToCancel)
    last = left(third, "shipping[child]/left")
    assert outcome(last) == Success("done")
    check_recovery([first, second, third, last])


def test_a_child_that_ends_first_is_not_told_to_cancel() -> None:
    """A child that ends at the moment of the cancel keeps its one outcome."""
    second = ended(left(begun(start_child(shipping) >> run_io(work)), "shipping"), Success("x"), "shipping[child]/left")
    assert waits_for(second) == [(EffectToRun, "work")]
    assert outcome(ran(second, "done")) == Success("done")


def test_the_end_waits_for_a_child_or_leaves_it_alone() -> None:
    waiting = left(begun(start_child(shipping, on_close=ParentClose.WAIT)), "shipping")
    assert waits_for(waiting) == [(ChildRunning, "shipping[child]/left")]
    assert outcome(ended(waiting, CANCELLED, "shipping[child]/left")) == Success(7)
    alone = left(begun(start_child(shipping, on_close=ParentClose.ABANDON)), "shipping")
    assert outcome(alone) == Success(7)


@pytest.mark.parametrize(
    ("on_close", "awaited"),
    [(ParentClose.CANCEL, ChildToCancel), (ParentClose.WAIT, ChildRunning), (ParentClose.ABANDON, ChildToStart)],
)
def test_a_withdrawn_step_lets_go_as_its_policy_says(on_close: ParentClose, awaited: type) -> None:
    lost = child(shipping, result=str, error=Refused, on_close=on_close)
    first = begun(race(lost, stop) >> run_io(lambda text: text, name="after", event=str))
    at = "race[shipping]/shipping"
    assert waits_for(first) == [(ChildRunning, at), (SignalExpected, "race[stop]/stop")]
    second = signalled(first, "enough", address="race[stop]/stop")
    assert waits_for(second) == [(EffectToRun, "after"), (awaited, f"{at}[child]/left")]
    third = ran(second, "over", address="after")
    over = f"{at}[child]/left"
    last = ended(third, Success("x"), over) if awaited is ChildRunning else left(third, over)
    assert outcome(last) == Success("over")
    check_recovery([first, second, third, last])


@pytest.mark.parametrize("on_close", list(ParentClose))
def test_a_cancel_of_the_parent_applies_the_policy(on_close: ParentClose) -> None:
    first = begun(child(shipping, result=str, error=Refused, on_close=on_close))
    second = cancelled(first)
    (seen,) = pending(second.execution)
    assert isinstance(seen, ChildToStart | ChildRunning | ChildToCancel)
    bonds = {ParentClose.CANCEL: Bond.CANCEL, ParentClose.WAIT: Bond.WATCH, ParentClose.ABANDON: Bond.RELEASE}
    assert seen.child.bond is bonds[on_close]
    over = ended(second, Success("x"), seen.address) if on_close is ParentClose.WAIT else left(second, seen.address)
    assert over.entries[-1].kind is Kind.CANCELLED
    gone = then(second, child_deleted_entry(second.execution, seen.address, ValueError("deleted"), AT))
    assert gone.entries[-1].kind is Kind.CANCELLED
    check_recovery([first, second, gone])


def test_a_failure_beside_it_withdraws_a_child() -> None:
    first = begun(parallel(ship, run_io(work) >> fail("no"), rest=Rest.CANCEL, join=2))
    second = ran(first, "x", address="parallel[work]/work")
    assert waits_for(second) == [(ChildToCancel, "parallel[shipping]/shipping[child]/left")]
    assert outcome(left(second, "parallel[shipping]/shipping[child]/left")) == Failure("no")


def test_a_paused_child_step_that_is_withdrawn_lets_go_all_the_same() -> None:
    first = begun(race(ship, stop))
    at = "race[shipping]/shipping"
    second = then(first, pause_entry(first.execution, at, ValueError("taken"), AT))
    assert isinstance(pending(second.execution)[0], PausedAt)
    assert waits_for(resumed(second, address=at))[0] == (ChildRunning, at)
    third = signalled(second, "enough", address="race[stop]/stop")
    assert waits_for(third) == [(ChildToCancel, f"{at}[child]/left")]
    check_recovery([first, second, third])


def test_a_child_that_has_ended_is_not_let_go_when_its_own_thread_is_withdrawn() -> None:
    first = begun(region(PLACE, ship >> leave(PLACE, str.upper)))
    last = ended(first, Success("sent"), "place/shipping")
    assert outcome(last) == Success("SENT")


def test_a_child_takes_a_lock_as_an_effect_does() -> None:
    each = parallel(critical("m", ship), critical("m", child(plain, result=str)))
    first = begun(each)
    assert len([entry for entry in first.entries if entry.kind is Kind.CHILD_STARTED]) == 1
    at = next(entry.address for entry in first.entries if entry.kind is Kind.CHILD_STARTED)
    second = ended(first, Success("one"), at)
    assert len([entry for entry in second.entries if entry.kind is Kind.CHILD_STARTED]) == 1
    check_recovery([first, second])


def test_a_child_can_be_undone() -> None:
    root: WIO[Any, Any, Any] = saga(undoable(ship, run_io(undo_it)) >> fail("no"))
    second = ended(begun(root), Success("sent"), "saga/shipping")
    assert waits_for(second) == [(EffectToRun, "saga[undo 1]/undo_it")]


def test_each_element_has_a_child_of_its_own() -> None:
    def numbers(count: int) -> list[int]:
        return list(range(count))

    first = begun(for_each(numbers, child(plain, result=str)) >> pure("all"))
    ids = {each.child.id for each in pending(first.execution) if isinstance(each, ChildRunning)}
    assert ids == {f"order-1:each[{number}]/plain" for number in range(1, 8)}


def test_what_does_not_fit_is_a_mismatch() -> None:
    first = begun(ship)
    for kind in (Kind.CHILD_STARTED, Kind.CHILD_LEFT, Kind.EVENT, Kind.TASK_COMPLETED):
        with pytest.raises(JournalMismatch, match="that child 'order-1:shipping' has ended"):
            then(first, Entry(3, kind, "shipping", first.entries[1].payload, AT))
    started = left(begun(start_child(shipping)), "shipping")
    with pytest.raises(JournalMismatch, match="is left"):
        then(started, Entry(started.execution.seq + 1, Kind.CHILD_ENDED, "shipping[child]/left", None, AT))
