"""What becomes of a signal: handled, kept, answered again, or refused? Numbers are those of the behaviours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from returns.result import Success

from interpreters import JournalMismatch, NotHandled, UnexpectedSignal, WrongPayload
from interpreters.machine.execution import Kept
from interpreters.machine.pending import EffectToRun, PausedAt, SignalExpected, pending
from interpreters.machine.recording import kept_entry
from interpreters.machine.transition import apply
from interpreters.testing import NotAnswered, Simulation
from journals.entries import Kind
from tests.machine.driving import begun, ran, signalled
from tests.machine.programs import AT
from wio import WIO, Early, InvalidName, Query, Signal, Workflow, handle_signal, loop, pure, run_io, wait

ADD = Signal("add", request=int, response=str)
LATER = Signal("later", request=int, response=str, early=Early.KEEP)
RUNS: list[str] = []


def take(number: int, request: int) -> int:
    RUNS.append(f"{request}")
    return request if number >= 0 else 0


def plus(number: int, event: int) -> int:
    return number + event


def say(number: int, event: int) -> str:
    return f"{number}+{event}"


def ask(number: int) -> int:
    return number


add = handle_signal(ADD, take, plus, respond=say)
later = handle_signal(LATER, take, plus, respond=say)
step = run_io(ask, plus, name="step")


def workflow(root: WIO[int, Any, Any]) -> Workflow[int, Any, Any]:
    return Workflow("w", version=1, input=int, root=root)


@pytest.fixture(autouse=True)
def no_runs() -> None:
    RUNS.clear()


def test_a_signal_has_a_stable_name() -> None:
    """32: R: it is explicit, and part of what an address cannot hold is refused."""
    assert repr(ADD) == "Signal('add')"
    assert repr(Query("status", response=str)) == "Query('status')"
    assert Signal("add", request=int, response=str) == ADD != Signal("add", request=int, response=str, correlation=str)
    assert ADD != LATER
    with pytest.raises(InvalidName):
        Signal("a:b", request=int, response=int)


def test_a_signal_that_the_workflow_does_not_know_is_refused() -> None:
    """22: nothing is recorded."""
    with Simulation(adding := workflow(add)) as simulation:
        run = simulation.start(adding, id="i", input=1)
        with pytest.raises(UnexpectedSignal, match="no step for it") as raised:
            run.signal(LATER, 1)
        assert raised.value.expected == ("add",)
        assert len(run.history) == 1


def test_an_early_signal_is_refused_by_default() -> None:
    with Simulation(adding := workflow(wait(timedelta(1)) >> add)) as simulation:
        run = simulation.start(adding, id="i", input=1)
        with pytest.raises(UnexpectedSignal, match="waits at wait until"):
            run.signal(ADD, 1)
        assert [entry.kind for entry in run.history] == [Kind.STARTED, Kind.TIMER_SET]


def test_a_signal_after_the_end_is_refused() -> None:
    with Simulation(adding := workflow(add)) as simulation:
        run = simulation.start(adding, id="i", input=1)
        run.signal(ADD, 1)
        for signal in (ADD, LATER):
            with pytest.raises(UnexpectedSignal, match="has ended"):
                run.signal(signal, 1)


def test_a_request_of_the_wrong_type_is_refused() -> None:
    with Simulation(adding := workflow(add)) as simulation:
        run = simulation.start(adding, id="i", input=1)
        with pytest.raises(WrongPayload, match="request of signal 'add'"):
            run.signal(ADD, "one")  # type: ignore[misc]
        assert RUNS == []


def test_a_repeat_with_the_same_key_gets_the_first_response() -> None:
    """24, 26, 31: R: no side effect, no state change, after a replay too; another key is another delivery."""
    with Simulation(adding := workflow(add >> add)) as simulation:
        run = simulation.start(adding, id="i", input=1)
        assert run.signal(ADD, 5, key="k") == "1+5"
        assert run.signal(ADD, 7, key="k") == "1+5"
        simulation.crash()
        assert run.signal(ADD, 9, key="k") == "1+5"
        assert RUNS == ["5"]
        assert run.signal(ADD, 9, key="l") == "6+9"
        assert run.result() == Success(15)
        assert run.signal(ADD, 1, key="k") == "1+5"
        assert run.signal(ADD, 1, key="l") == "6+9"


def test_in_a_sequence_a_fresh_signal_is_no_repeat() -> None:
    """27: without a key every delivery is a new one."""
    with Simulation(adding := workflow(add >> add)) as simulation:
        run = simulation.start(adding, id="i", input=0)
        assert [run.signal(ADD, 1), run.signal(ADD, 1)] == ["0+1", "1+1"]


def test_only_the_present_signal_is_expected() -> None:
    """29: neither those before nor those to come."""
    here = begun(workflow(add >> later >> add), 1)
    names = []
    for _ in range(3):
        assert isinstance(here.pending[0], SignalExpected)
        names.append((here.pending[0].address, here.pending[0].node.signal.name))
        here = signalled(here, 1)
    assert names == [("add", "add"), ("later", "later"), ("add#2", "add")]


# Signals that are kept


def test_a_kept_signal_is_handled_when_the_workflow_gets_there() -> None:
    day = timedelta(days=1)
    with Simulation(keeping := workflow(wait(day) >> later)) as simulation:
        run = simulation.start(keeping, id="i", input=1)
        with pytest.raises(NotAnswered):
            run.signal(LATER, 5, key="k")
        assert RUNS == []
        simulation.crash()
        simulation.advance(day)
        assert run.result() == Success(6)
        assert run.signal(LATER, 5, key="k") == "1+5"
        assert RUNS == ["5"]


def test_kept_signals_are_handled_in_the_order_in_which_they_came() -> None:
    with Simulation(keeping := workflow(wait(timedelta(1)) >> loop(later, until=lambda n: n >= 6))) as simulation:
        run = simulation.start(keeping, id="i", input=0)
        for request in (1, 2, 3):
            run.send(LATER, request)
        simulation.advance(timedelta(1))
        assert run.result() == Success(6)
        assert RUNS == ["1", "2", "3"]


def test_a_kept_signal_is_handled_before_one_that_comes_now() -> None:
    here = begun(workflow(step >> later >> later), 0)
    kept = apply(here.execution, kept_entry(here.execution, LATER, 5, "k", AT))
    assert kept.mailbox == (Kept(2, "later", kept.mailbox[0].request, "k"),)
    from_kept = ran(replace(here, execution=kept), 1)
    assert isinstance(from_kept.pending[0], EffectToRun)
    assert from_kept.pending[0].arguments == (1, 5)
    after = signalled(from_kept, 5)
    assert isinstance(after.pending[0], SignalExpected)
    assert after.execution.mailbox == ()


def test_a_signal_is_kept_between_two_steps_that_take_others() -> None:
    here = begun(workflow(add >> later), 0)
    kept = apply(here.execution, kept_entry(here.execution, LATER, 5, None, AT))
    assert isinstance(pending(kept)[0], SignalExpected)
    handled = signalled(replace(here, execution=kept), 1)
    assert isinstance(handled.pending[0], EffectToRun)
    assert handled.pending[0].arguments == (1, 5)


def test_a_kept_signal_whose_effect_raises_pauses_the_instance() -> None:
    """Its sender is gone, so the exception goes to an operator."""

    def refuses(number: int, request: int) -> int:
        raise PermissionError(f"{number} {request}")

    refusing = handle_signal(LATER, refuses, plus, respond=say)
    with Simulation(keeping := workflow(wait(timedelta(1)) >> refusing)) as simulation:
        run = simulation.start(keeping, id="i", input=1)
        run.send(LATER, 5)
        simulation.advance(timedelta(1))
        waiting = run.pending[0]
        assert isinstance(waiting, PausedAt)
        assert waiting.problem.type == "PermissionError"


def test_a_kept_signal_that_the_workflow_never_comes_to_is_told_so() -> None:
    def end(number: int) -> WIO[int, Any, int]:
        return pure(number) if number else later

    with Simulation(ending := workflow(add.flat_map(end))) as simulation:
        run = simulation.start(ending, id="i", input=1)
        run.send(LATER, 5, key="k")
        run.signal(ADD, 5)
        assert run.result() == Success(6)
        with pytest.raises(NotHandled):
            run.signal(LATER, 5, key="k")


def test_what_no_step_can_take_is_not_in_a_journal() -> None:
    """R: a kept signal belongs to the mailbox, has a request, and a step that may take it."""
    execution = begun(workflow(step >> later), 0).execution
    kept = kept_entry(execution, LATER, 5, None, AT)
    assert apply(execution, kept).mailbox
    for wrong in (
        replace(kept, address="later"),
        replace(kept, address="mailbox:"),
        replace(kept, address="mailbox:nobody"),
        replace(kept, payload=None),
    ):
        with pytest.raises(JournalMismatch):
            apply(execution, wrong)
