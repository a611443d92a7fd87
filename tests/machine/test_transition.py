"""Does an entry that fits no place stop the replay, with a message that helps?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest
from msgspec.structs import replace
from returns.result import Success

from interpreters import JournalMismatch, WrongPayload
from interpreters.machine.pending import EffectToRun, Outcome, PausedAt, pending
from interpreters.machine.recorded import AttemptLost, Loss, Offered, Taken
from interpreters.machine.recording import answered_entry, event_entry, lost_entry, pause_entry
from interpreters.machine.recovery import recover
from interpreters.machine.transition import JSON, apply, begin
from interpreters.machine.turn import Turn, first_turn, turn
from journals.codecs import JsonCodec
from journals.entries import Entry, Kind
from journals.upcasters import Upcaster
from tests.machine.driving import begun, claimed, done, failed, fired, kept, lost, ran, resumed
from tests.machine.driving import waiting as only
from tests.machine.programs import AT, TELL
from wio import WIO, Fixed, Retry, Signed, Task, Workflow, pure, receive_signal, run_io, task, wait


def ask(number: int) -> int:
    return number


def tell(number: int) -> int:
    return number


def workflow(root: WIO[int, Any, Any], version: int = 1) -> Workflow[int, Any, Any]:
    return Workflow("order", version=version, input=int, root=root)


def entries(*turns: Turn) -> list[Entry]:
    return [entry for turn in turns for entry in turn.entries]


RETRIED = run_io(ask, retry=Retry(backoff=Fixed(timedelta(seconds=1))))


def test_a_changed_workflow_is_told_what_was_found_what_was_expected_and_what_to_do() -> None:
    start = begun(workflow(run_io(ask) >> run_io(tell)), 1)
    journal = entries(start, ran(start, 2))
    with pytest.raises(JournalMismatch) as raised:
        recover(workflow(run_io(tell) >> run_io(ask), version=3), journal)
    error = raised.value
    assert (error.seq, error.kind, error.address) == (2, "event", "ask")
    assert error.expected == "the event of the effect at 'tell'"
    assert "workflow 'order' version 3" in str(error)
    assert "Workflow.version" in str(error)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (wait(timedelta(1)) >> run_io(tell), "the deadline of the wait at 'wait'"),
        (pure(1), "its outcome 'completed'"),
        (run_io(ask, name="renamed"), "the event of the effect at 'renamed'"),
    ],
)
def test_what_was_expected_is_said_in_words(changed: WIO[int, Any, Any], expected: str) -> None:
    start = begun(workflow(run_io(ask) >> run_io(tell)), 1)
    with pytest.raises(JournalMismatch) as raised:
        recover(workflow(changed), entries(start, ran(start, 2)))
    assert raised.value.expected == expected


def test_a_journal_without_entries_has_no_start() -> None:
    with pytest.raises(JournalMismatch, match="its start as entry 1"):
        recover(workflow(pure(1)), [])


def test_a_start_belongs_to_the_instance_as_a_whole() -> None:
    started = begun(workflow(run_io(ask)), 1).entries[0]
    for wrong in (
        replace(started, address="ask"),
        replace(started, seq=2),
        replace(started, kind=Kind.EVENT),
    ):
        with pytest.raises(JournalMismatch, match="its start as entry 1"):
            recover(workflow(run_io(ask)), [wrong])


def test_an_input_of_another_type_cannot_be_decoded() -> None:
    started = begun(workflow(run_io(ask)), 1).entries[0]
    with pytest.raises(WrongPayload):
        recover(Workflow("order", version=1, input=str, root=pure(1)), [started])


def test_an_event_that_cannot_be_decoded_is_no_mismatch() -> None:
    """The place is right; what is there was written by other code. Nothing is lost, and nothing is guessed."""
    start = begun(workflow(run_io(ask)), 1)
    changed = workflow(run_io(ask, event=str))
    with pytest.raises(WrongPayload, match="Entry 2 at 'ask'"):
        recover(changed, entries(start, ran(start, 2)))


def test_the_given_execution_is_unchanged_and_still_good() -> None:
    execution = begin(workflow(run_io(ask)), 1)
    entry = event_entry(execution, "ask", 2, AT)
    with pytest.raises(JournalMismatch):
        apply(execution, replace(entry, address="elsewhere"))
    assert pending(apply(execution, entry)) == pending(apply(execution, entry))


def test_while_paused_only_a_resume_fits() -> None:
    start = begun(workflow(run_io(ask)), 1)
    event = ran(start, 2).entries[0]
    paused = failed(start, OSError("down")).execution
    for seq_fits in (replace(event, seq=3), replace(lost(start).entries[0], seq=3)):
        with pytest.raises(JournalMismatch, match="a resume at 'ask'"):
            apply(paused, seq_fits)


def test_a_resume_of_what_is_not_paused_does_not_fit() -> None:
    start = begun(workflow(run_io(ask)), 1)
    with pytest.raises(JournalMismatch):
        resumed(start)


def test_an_attempt_is_counted_as_it_was_recorded() -> None:
    """An attempt that is missing from the journal is noticed even where the numbers of the entries fit."""
    start = begun(workflow(RETRIED), 1)
    second = lost(lost(start)).entries[0]
    with pytest.raises(JournalMismatch, match="attempt 1"):
        apply(start.execution, replace(second, seq=2))


def test_what_the_machine_writes_it_reads_itself() -> None:
    """R: an entry of the right kind with another entry's payload is no entry of that kind."""
    start = begun(workflow(RETRIED), 1)
    entry = lost_entry(start.execution, "ask", Loss.CRASH, AT)
    for payload in (None, JSON.encode(3, int), failed(start, OSError("x")).entries[0].payload):
        with pytest.raises(JournalMismatch):
            apply(start.execution, replace(entry, payload=payload))
    assert entry.payload == JSON.encode(AttemptLost(1, Loss.CRASH), AttemptLost)


def test_a_type_of_the_user_may_have_the_name_of_a_word_of_the_machine() -> None:
    @attrs.frozen
    class TimerSet:
        minutes: int

    def from_hours(old: dict[str, Any]) -> dict[str, Any]:
        return {"minutes": old["hours"] * 60}

    codec = JsonCodec(upcasters=[Upcaster(TimerSet, from_version=1, upgrade=from_hours)])
    waits = Workflow("tea", version=1, input=TimerSet, root=wait(timedelta(1)))
    first = first_turn(waits, TimerSet(3), AT, codec)
    assert [entry.payload.type for entry in first.entries if entry.payload] == ["TimerSet", "wio.TimerSet"]
    assert pending(recover(waits, first.entries, codec)) == first.pending


def test_a_timer_is_set_once_and_fires_once() -> None:
    waiting = begun(workflow(wait(timedelta(1)) >> run_io(ask)), 1)
    timer_set = waiting.entries[1]
    after = fired(waiting, AT + timedelta(1))
    with pytest.raises(JournalMismatch):
        apply(waiting.execution, replace(timer_set, seq=3))
    with pytest.raises(JournalMismatch):
        apply(after.execution, replace(after.entries[0], seq=4))


def test_a_signal_that_was_kept_is_taken_once_by_a_step_that_waits_for_it() -> None:
    here = begun(workflow(run_io(ask) >> receive_signal(TELL, lambda _, told: told, respond=lambda *_: "")), 1)
    here = kept(kept(here, TELL, 5), TELL, 6)

    def taken(here: Turn, seq: int, address: str) -> Entry:
        return Entry(here.execution.seq + 1, Kind.SIGNAL_TAKEN, address, JSON.encode(Taken(seq), Taken), AT)

    with pytest.raises(JournalMismatch):
        apply(here.execution, taken(here, 2, "ask"))
    before, here = here, ran(here, 2)
    assert [entry.kind for entry in here.entries] == [Kind.EVENT, Kind.SIGNAL_TAKEN]
    with pytest.raises(JournalMismatch):
        apply(here.execution, taken(here, 3, "tell"))
    waiting = apply(before.execution, here.entries[0])
    for seq in (1, 4):
        with pytest.raises(JournalMismatch):
            apply(waiting, replace(taken(here, seq, "tell"), seq=5))
    assert only(turn(waiting, replace(taken(here, 3, "tell"), seq=5), AT)) != only(here)


def test_after_the_recorded_end_no_entry_fits() -> None:
    ended = ran(begun(workflow(run_io(ask)), 1), 2)
    for entry in ended.entries:
        with pytest.raises(JournalMismatch, match="nothing: it has ended"):
            apply(ended.execution, replace(entry, seq=4))


def test_the_other_outcome_does_not_fit() -> None:
    ended = ran(begun(workflow(run_io(ask)), 1), 2)
    *before, outcome = [*entries(begun(workflow(run_io(ask)), 1)), *ended.entries]
    with pytest.raises(JournalMismatch, match="its outcome 'completed'"):
        recover(workflow(run_io(ask)), [*before, replace(outcome, kind=Kind.FAILED)])


def test_an_instance_that_waits_for_a_retry_may_be_paused_and_then_goes_on_at_once() -> None:
    waiting = failed(begun(workflow(RETRIED), 1), OSError("down"))
    retried = only(waiting)
    assert isinstance(retried, EffectToRun)
    assert retried.not_before == AT + timedelta(seconds=1)
    paused = turn(waiting.execution, pause_entry(waiting.execution, "ask", OSError("stop"), AT), AT)
    assert isinstance(only(paused), PausedAt)
    again = only(resumed(paused))
    assert isinstance(again, EffectToRun)
    assert (again.attempt, again.not_before) == (2, None)


def test_a_signed_output_has_the_name_that_the_journal_has() -> None:
    writing = workflow(task(Task("write", input=int, output=str).signed, send=lambda number: number))
    here = begun(writing, 1)
    taken = claimed(here, "write", by="ann")
    written = done(taken, "write", "text")
    assert only(written) == Outcome(Success(Signed("text", "ann")), True)
    assert pending(recover(writing, entries(here, taken, written))) == written.pending
    skipped = turn(here.execution, answered_entry(here.execution, "write", Kind.TASK_SKIPPED, "none", AT), AT)
    assert only(skipped) == Outcome(Success(Signed("none", None)), True)


def test_a_journal_in_which_an_offer_does_not_say_which_task_it_is_can_be_read() -> None:
    approve = Task("approve", input=int, output=int)
    flow = workflow(task(approve, lambda number: number, to=lambda _: ["cfo"]))
    start = begun(flow, 1)
    (first, offered) = start.entries
    told = JSON.decode(offered.response, Offered) if offered.response is not None else None
    assert told == Offered("approve", 1, JSON.encode(["cfo"], None))
    older = replace(offered, response=JSON.encode(["cfo"], None))
    assert pending(recover(flow, [first, older])) == pending(start.execution)
