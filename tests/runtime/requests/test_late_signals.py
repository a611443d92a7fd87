"""Does the sender of a signal that nobody takes hear why: what became of the step that it was for?"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from interpreters import SignalRefusal, UnexpectedSignal, recover
from interpreters.runtime.requests.late_signals import why_unexpected
from interpreters.testing import SimulatedInstance, Simulation
from journals.memory import InMemoryJournal
from tests.runtime.running import APPROVE, Approval, Gate, approval, run, virtual, workflow
from wio import (
    WIO,
    Rest,
    Signal,
    Workflow,
    checkpoint,
    critical,
    first_of,
    for_each,
    loop,
    parallel,
    receive_signal,
    wait,
)

VOTE = Signal("vote", request=str, response=str, correlation=lambda request: request.split(":")[0])
GO = Signal("go", request=str, response=str)
HOUR = timedelta(hours=1)


def second(_: object, request: str) -> str:
    return request


def go(name: str = "go") -> WIO[Any, Any, str]:
    return receive_signal(GO, second, respond=second, name=name)


def votes(body: WIO[Any, Any, Any] | None = None, **options: Any) -> Workflow[Any, Any, Any]:
    """Return a workflow that asks each one in a text for a vote under his name."""
    vote = receive_signal(VOTE, second, respond=second, name="vote", match=lambda name: name)
    each: WIO[Any, Any, Any] = vote if body is None else body >> vote
    root: WIO[Any, Any, Any] = for_each(str.split, each, key=lambda name: name, element=str, name="each", **options)
    return workflow(root >> wait(HOUR, name="later"), input=str)


def refused(instance: SimulatedInstance[Any, Any], signal: Signal[Any, Any], request: object) -> UnexpectedSignal:
    entries = len(instance.history)
    with pytest.raises(UnexpectedSignal) as raised:
        instance.signal(signal, request)
    assert len(instance.history) == entries
    return raised.value


def test_of_an_element_that_has_its_signal_the_entry_is_named() -> None:
    flow = votes()
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input="ada bob")
        instance.signal(VOTE, "ada:yes")
        error = refused(instance, VOTE, "ada:no")
        assert (error.refusal, error.address) == (SignalRefusal.HANDLED, "each[ada]/vote")
        assert str(error) == (
            "Signal 'vote' was refused: the step for it at 'each[ada]/vote' has had one already, as entry 3. The"
            " instance waits for signal vote at each[bob]/vote. It takes now: vote. Nothing was recorded."
        )


def test_of_an_element_that_a_join_has_withdrawn_is_told_by_what() -> None:
    flow = votes(join=1, rest=Rest.CANCEL)
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input="ada bob")
        instance.signal(VOTE, "ada:yes")
        error = refused(instance, VOTE, "bob:no")
        assert (error.refusal, error.address) == (SignalRefusal.WITHDRAWN, "each[bob]/vote")
        assert error.reason == (
            "the step for it at 'each[bob]/vote' was withdrawn, with the element 'bob' of 'each', by entry 3 (signal at"
            " 'each[ada]/vote')"
        )


def test_a_forced_completion_is_told_as_well() -> None:
    flow = votes(finish=go("enough"))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input="ada bob")
        instance.signal(VOTE, "ada:yes")
        instance.signal(GO, "stop")
        assert refused(instance, VOTE, "bob:no").reason.endswith(
            "'bob' of 'each', by entry 4 (signal at 'each[finish]/enough')"
        )
        assert refused(instance, VOTE, "ada:no").refusal is SignalRefusal.HANDLED


def test_an_element_that_never_began_was_withdrawn_too() -> None:
    flow = votes(at_once=1, finish=go("enough"))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input="ada bob")
        error = refused(instance, VOTE, "bob:no")
        assert (error.refusal, error.address) == (SignalRefusal.EARLY, "each[bob]")
        assert error.reason == "the element 'bob' of 'each' has not come to the step for it yet"
        instance.signal(GO, "stop")
        error = refused(instance, VOTE, "bob:no")
        assert (error.refusal, error.address) == (SignalRefusal.WITHDRAWN, "each[bob]")
        assert error.reason == (
            "the element 'bob' of 'each' was withdrawn before it came to the step for it, by entry 3 (signal at"
            " 'each[finish]/enough')"
        )


def test_an_element_may_end_without_its_signal() -> None:
    vote = receive_signal(VOTE, second, respond=second, name="vote", match=lambda name: name)
    root = for_each(
        str.split, first_of(go().named("pay"), (wait(HOUR) >> vote).named("vote")), key=lambda name: name, element=str
    )
    flow = workflow(root >> wait(HOUR, name="later"), input=str)
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input="ada")
        instance.signal(GO, "on")
        error = refused(instance, VOTE, "ada:yes")
        assert (error.refusal, error.address) == (SignalRefusal.PASSED, "each[ada]")
        assert (
            error.reason
            == "the element 'ada' of 'each' has ended without it, by entry 4 (signal at 'each[ada]/first[pay]/pay')"
        )


def test_an_element_that_there_never_was_is_told() -> None:
    flow = votes()
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input="ada bob")
        error = refused(instance, VOTE, "zed:yes")
        assert (error.refusal, error.address) == (SignalRefusal.UNMATCHED, "")
        assert error.reason == "no step has waited for its key 'zed'"


def test_a_choice_that_was_decided_otherwise_is_told() -> None:
    flow = workflow(first_of(go("one").named("one"), approval().named("two")) >> wait(HOUR, name="later"))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        instance.signal(GO, "x")
        error = refused(instance, APPROVE, Approval("me"))
        assert error.refusal is SignalRefusal.WITHDRAWN
        assert error.reason.endswith("was withdrawn by entry 2 (signal at 'first[one]/one')")
        error = refused(instance, GO, "y")
        assert (error.refusal, error.address) == (SignalRefusal.HANDLED, "first[one]/one")


def test_a_round_that_has_its_signal_is_the_last_one_and_a_step_ahead_is_early() -> None:
    flow = workflow(loop(go() >> wait(HOUR), until=lambda _: False, name="again") >> approval())
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        assert refused(instance, APPROVE, Approval("me")).refusal is SignalRefusal.EARLY
        instance.signal(GO, "x")
        simulation.advance(HOUR)
        instance.signal(GO, "y")
        error = refused(instance, GO, "z")
        assert (error.refusal, error.address) == (SignalRefusal.HANDLED, "again[2]/go")
        assert "The instance waits at again[2]/wait until" in str(error)


def test_a_step_that_waits_for_a_lock_is_told() -> None:
    one = critical("desk", go("one") >> wait(HOUR, name="hour"))
    flow = workflow(parallel(one.named("a"), critical("desk", approval()).named("b")))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        instance.signal(GO, "x")
        error = refused(instance, APPROVE, Approval("me"))
        assert (error.refusal, error.address) == (SignalRefusal.LOCKED, "parallel[b]/b/desk/approve")


def test_what_a_checkpoint_hides_is_not_told() -> None:
    def taken(root: WIO[Any, Any, Any]) -> UnexpectedSignal:
        flow = workflow(root >> wait(HOUR))
        with Simulation(flow) as simulation:
            instance = simulation.start(flow, id="a", input=1)
            instance.signal(GO, "x")
            return refused(instance, GO, "y")

    assert taken(go()).refusal is SignalRefusal.HANDLED
    assert taken(checkpoint(go(), result=str)).refusal is SignalRefusal.NOT_NOW


def test_a_long_journal_is_not_read_again() -> None:
    flow = workflow(go() >> wait(HOUR))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        instance.signal(GO, "x")
        execution = recover(flow, instance.history)
    why = run(why_unexpected(InMemoryJournal(), execution, GO, "y", most=2))
    assert why.refusal is SignalRefusal.NOT_NOW


def test_whoever_is_late_while_his_effect_runs_hears_what_has_happened() -> None:
    async def main() -> None:
        gate = Gate("yes")
        flow = workflow(first_of(go("one"), approval(gate)) >> wait(HOUR))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            sending = asyncio.create_task(instance.signal(APPROVE, Approval("me")))
            await gate.begun.wait()
            await instance.cancel()
            gate.open.set()
            with pytest.raises(UnexpectedSignal) as raised:
                await sending
            assert raised.value.refusal is SignalRefusal.WITHDRAWN
            assert raised.value.reason == (
                "while its effect ran at 'first[approve]/approve', the step for it at 'first[approve]/approve' was"
                " withdrawn by entry 2 (cancelling)"
            )

    run(main())
