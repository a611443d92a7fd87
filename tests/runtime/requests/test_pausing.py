"""Does a pause by command hold whatever is done meanwhile, and does all go on after a resume as if it had not been?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Failure, Success

from interpreters import Held, InstanceCancelled, InstancePaused, Runtime
from interpreters.errors import AlreadyPaused, MoveRefused, NothingToRetry, NotPaused
from interpreters.runtime.client import Client
from interpreters.testing import START, Simulation, VirtualClock
from journals.entries import Kind, Status
from journals.errors import Conflict
from journals.memory import InMemoryJournal
from journals.run_states import RunState
from tests.runtime.running import (
    APPROVE,
    NO_GRACE,
    Approval,
    Effect,
    FaultyJournal,
    Gate,
    approval,
    kinds,
    note,
    rounds,
    run,
    virtual,
    workflow,
)
from wio import Fixed, Retry, Task, child, parallel, pure, receive_signal, run_io, saga, task, undoable, wait
from wio.signals import Early, Signal

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
ADA = Approval("Ada")
LATER = Signal("later", request=int, response=str, early=Early.KEEP)


def later(name: str = "later") -> Any:
    return receive_signal(LATER, lambda _, number: number, respond=lambda _, number: f"got {number}", name=name)


def test_a_pause_says_who_why_and_when_to_everybody() -> None:
    with Simulation(flow := workflow(approval())) as simulation:
        instance = simulation.start(flow, id="a", input=7)
        simulation.advance(HOUR)
        instance.pause(by="ada", reason="a recall")
        assert instance.record.status is Status.PAUSED
        assert instance.record.detail == "paused by ada since 2026-01-01 01:00:00 UTC: a recall"
        assert instance.pending == (Held("ada", "a recall", START + HOUR),)
        refusals: list[Callable[[], object]] = [instance.result, lambda: instance.signal(APPROVE, ADA)]
        for refused in refusals:
            with pytest.raises(InstancePaused, match="paused by ada since 2026-01-01 01:00:00 UTC: a recall") as raised:
                refused()
            assert (raised.value.by, raised.value.since, raised.value.problem) == ("ada", START + HOUR, "a recall")
        simulation.crash()
        assert instance.pending == (Held("ada", "a recall", START + HOUR),)
        instance.resume(by="eve", reason="a false alarm")
        assert instance.signal(APPROVE, ADA) == "ok 7 by Ada"
        texts = [entry.payload.text if entry.payload else "" for entry in instance.history[1:3]]
        assert [entry.kind for entry in instance.history[1:3]] == [Kind.PAUSED, Kind.RESUMED]
        assert texts == ['{"by":"ada","text":"a recall"}', '{"by":"eve","text":"a false alarm"}']


def test_a_step_under_way_ends_and_is_recorded_but_nothing_follows() -> None:
    async def main() -> None:
        gate, after = Gate(5), Effect(6)
        flow = workflow(run_io(gate, name="s", event=int) >> run_io(after, name="t", event=int))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            await instance.pause()
            assert (await instance.record()).status is Status.PAUSED
            gate.open.set()
            await rounds()
            assert await kinds(instance) == [Kind.STARTED, Kind.PAUSED, Kind.EVENT]
            assert ((await instance.record()).status, gate.broken_off, after.runs) == (Status.PAUSED, 0, 0)
            await instance.resume()
            assert await instance.result() == Success(6)
            assert (gate.runs, after.runs) == (1, 1)

    run(main())


def test_the_last_step_under_way_ends_the_instance_only_after_the_resume() -> None:
    async def main() -> None:
        gate = Gate(5)
        flow = workflow(run_io(gate, name="s", event=int))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            await instance.pause()
            gate.open.set()
            await rounds()
            assert (await instance.record()).status is Status.PAUSED
            with pytest.raises(InstancePaused):
                await instance.result()
            await instance.resume()
            assert await instance.result() == Success(5)
            assert await kinds(instance) == [
                Kind.STARTED,
                Kind.PAUSED,
                Kind.EVENT,
                Kind.RESUMED,
                Kind.COMPLETED,
            ]

    run(main())


def test_a_cancel_ends_what_a_pause_has_held_at_its_end() -> None:
    async def main() -> None:
        gate = Gate(5)
        flow = workflow(run_io(gate, name="s", event=int))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            await instance.pause()
            gate.open.set()
            await rounds()
            await instance.cancel()
            with pytest.raises(InstanceCancelled):
                await instance.result()

    run(main())


def test_a_stop_while_a_step_is_under_way_leaves_the_instance_paused() -> None:
    async def main() -> None:
        journal, gate = InMemoryJournal(), Gate(5)
        flow = workflow(run_io(gate, name="s", event=int))
        async with virtual(journal, flow, grace=NO_GRACE) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            await instance.pause()
        await journal.open()
        assert (await journal.find("a")).status is Status.PAUSED
        gate.open.set()
        async with virtual(journal, flow) as runtime:
            await runtime.idle()
            instance = await runtime.instance(flow, "a")
            assert (gate.runs, (await instance.record()).status) == (1, Status.PAUSED)
            await instance.resume()
            assert await instance.result() == Success(5)
            assert await kinds(instance) == [
                Kind.STARTED,
                Kind.PAUSED,
                Kind.ATTEMPT_LOST,
                Kind.RESUMED,
                Kind.EVENT,
                Kind.COMPLETED,
            ]

    run(main())


def test_timers_and_attempts_that_become_due_meanwhile_come_with_the_resume() -> None:
    effect = Effect(OSError("no"), 8)
    tried = run_io(effect, name="s", event=int, retry=Retry(attempts=3, backoff=Fixed(HOUR)))
    flow = workflow(parallel(wait(HOUR, name="w"), tried))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        instance.pause()
        assert instance.record.wake_up is None
        simulation.advance(5 * HOUR)
        assert (effect.runs, instance.history[-1].kind) == (1, Kind.PAUSED)
        simulation.crash()
        simulation.advance(HOUR)
        assert (effect.runs, instance.history[-1].kind) == (1, Kind.PAUSED)
        instance.resume()
        assert instance.result() == Success((1, 8))


def test_an_attempt_that_fails_meanwhile_is_counted_and_does_not_override_the_pause() -> None:
    async def main() -> None:
        clock, gate = VirtualClock(), Gate()
        answers = iter([OSError("no"), 4])

        async def effect(_: int) -> int:
            await gate(0)
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        flow = workflow(run_io(effect, name="s", event=int, retry=Retry(attempts=2, backoff=Fixed(SECOND))))
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            await instance.pause(by="ada")
            gate.open.set()
            await rounds()
            assert (await kinds(instance))[-1] is Kind.ATTEMPT_FAILED
            assert (await instance.record()).detail.startswith("paused by ada")
            clock.set(START + HOUR)
            await instance.resume()
            assert await instance.result() == Success(4)

    run(main())


def test_a_signal_that_may_come_early_is_kept_and_taken_after_the_resume() -> None:
    with Simulation(flow := workflow(later())) as simulation:
        instance = simulation.start(flow, id="a", input=7)
        instance.pause()
        instance.send(LATER, 3)
        assert instance.history[-1].kind is Kind.SIGNAL_KEPT
        assert instance.record.status is Status.PAUSED
        instance.resume()
        assert instance.result() == Success(3)


def test_the_effect_of_a_signal_under_way_answers_its_sender() -> None:
    async def main() -> None:
        gate = Gate("yes")
        flow = workflow(approval(gate) >> note())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            answer = asyncio.create_task(instance.signal(APPROVE, ADA))
            await gate.begun.wait()
            pause = asyncio.create_task(instance.pause())
            await rounds()
            gate.open.set()
            assert await answer == "ok yes"
            await pause
            assert await kinds(instance) == [Kind.STARTED, Kind.PAUSED, Kind.SIGNAL]
            assert (await instance.record()).detail.startswith("paused since")

    run(main())


def test_claimed_work_may_be_answered_while_the_instance_is_paused_and_no_other_is_offered() -> None:
    work = Task("work", input=int, output=int)
    flow = workflow(parallel(task(work, lambda n: n, name="one"), task(work, lambda n: n, name="two")))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=7)
        first, second = instance.tasks
        instance.claim(first.address, by="ada")
        instance.pause()
        assert instance.tasks == ()
        with pytest.raises(InstancePaused):
            instance.claim(second.address, by="ada")
        instance.complete(first.address, 8, by="ada")
        assert instance.record.status is Status.PAUSED
        instance.resume()
        instance.complete(second.address, 9, by="ada")
        assert instance.result() == Success((8, 9))


def test_a_parent_that_is_paused_hears_of_the_end_of_its_child_when_it_goes_on() -> None:
    inner = workflow(approval(), name="inner")
    outer = workflow(child(inner, result=str, id=lambda _: "c"), name="outer")
    with Simulation(outer, inner) as simulation:
        parent = simulation.start(outer, id="p", input=7)
        parent.pause()
        assert simulation.instance(inner, "c").signal(APPROVE, ADA) == "ok 7 by Ada"
        assert (parent.record.status, parent.history[-1].kind) == (Status.PAUSED, Kind.PAUSED)
        simulation.crash()
        parent.resume()
        assert parent.result() == Success("7 by Ada")


def test_a_paused_instance_can_be_cancelled_and_is_undone() -> None:
    undo = Effect(0)
    flow = workflow(saga(undoable(run_io(Effect(1), name="s"), run_io(undo, name="u")) >> approval()))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=7)
        instance.pause()
        instance.cancel(by="ada", reason="too late")
        with pytest.raises(InstanceCancelled):
            instance.result()
        assert (undo.runs, instance.record.status) == (1, Status.CANCELLED)


def test_a_cancel_while_paused_leaves_no_timer() -> None:
    with Simulation(flow := workflow(parallel(wait(HOUR, name="w"), approval()))) as simulation:
        instance = simulation.start(flow, id="a", input=7)
        instance.pause()
        instance.cancel()
        assert (instance.record.status, instance.record.wake_up) == (Status.CANCELLED, None)


def test_what_the_table_does_not_allow_is_refused_with_both_states() -> None:
    with Simulation(flow := workflow(approval())) as simulation:
        instance = simulation.start(flow, id="a", input=7)
        with pytest.raises(NotPaused, match="from Running to Running"):
            instance.resume()
        instance.pause(by="ada")
        with pytest.raises(AlreadyPaused, match=r"paused by ada since .*from Paused to Paused"):
            instance.pause()
        with pytest.raises(InstancePaused, match="by ada"):
            instance.retry()
        instance.resume()
        with pytest.raises(NothingToRetry, match="waits for signal approve"):
            instance.retry()
        instance.signal(APPROVE, ADA)
        for command in (instance.pause, instance.resume, instance.cancel, instance.retry):
            with pytest.raises(
                MoveRefused, match=r"cannot go from Completed to .*, only to RequestedDataDeleted"
            ) as no:
                command()
            assert no.value.before is RunState.COMPLETED


def test_a_resume_lets_also_the_steps_go_on_that_had_paused() -> None:
    effect = Effect(OSError("no"), 8)
    flow = workflow(parallel(run_io(effect, name="s", event=int, retry=Retry(attempts=1)), later()))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        assert instance.record.status is Status.PAUSED
        instance.pause(by="ada")
        assert instance.record.detail.startswith("paused by ada")
        instance.send(LATER, 3)
        instance.resume()
        assert instance.result() == Success((8, 3))


def test_a_retry_makes_the_next_attempt_at_once_with_what_is_left_of_its_policy() -> None:
    effect = Effect(OSError("no"))
    flow = workflow(run_io(effect, name="s", event=int, retry=Retry(attempts=3, backoff=Fixed(HOUR))))
    with Simulation(flow) as simulation:
        instance = simulation.start(flow, id="a", input=1)
        for runs in (2, 3):
            instance.retry(by="ada", reason="the bank is back")
            assert effect.runs == runs
        assert instance.record.status is Status.PAUSED
        instance.retry()
        assert (effect.runs, instance.record.wake_up) == (4, START + HOUR)
        simulation.crash()
        assert effect.runs == 4
        of_kind = [entry.kind for entry in instance.history if entry.kind in (Kind.RETRIED, Kind.RESUMED)]
        assert of_kind == [Kind.RETRIED, Kind.RETRIED, Kind.RESUMED]


def test_a_client_pauses_resumes_and_retries() -> None:
    async def main() -> None:
        journal, effect = InMemoryJournal(), Effect(OSError("no"), 8)
        flow = workflow(approval() >> run_io(effect, name="s", event=int, retry=Retry(attempts=3, backoff=Fixed(HOUR))))
        async with Runtime(journal, [flow]), Client(journal, [flow]) as client:
            instance = await client.start(flow, id="a", input=1)
            await instance.pause(by="ada", reason="a recall")
            for refused in (instance.result(), instance.signal(APPROVE, ADA)):
                with pytest.raises(InstancePaused, match=r"by ada since .*: a recall"):
                    await refused
            with pytest.raises(AlreadyPaused):
                await instance.pause()
            await instance.resume(by="ada")
            await instance.signal(APPROVE, ADA)
            while (await instance.record()).wake_up is None:
                await asyncio.sleep(0)
            await instance.retry(by="ada")
            assert await instance.result() == Success(8)

    run(main())


def test_a_failure_of_the_step_under_way_fails_the_instance_after_the_resume() -> None:
    async def main() -> None:
        gate = Gate(5)
        flow = workflow(run_io(gate, lambda _, event: Failure(f"bad {event}"), name="s", event=int) >> pure(1))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            await instance.pause()
            gate.open.set()
            await rounds()
            await instance.resume()
            assert await instance.result() == Failure("bad 5")
            assert (await instance.record()).status is Status.FAILED

    run(main())


def test_a_command_that_meets_another_writer_looks_again() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        flow = workflow(approval())
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=7)
            await runtime.idle()
            journal.fail("commit", Conflict("a", 1))
            await instance.pause(by="ada")
            journal.fail("commit", Conflict("a", 2))
            await instance.resume()
            assert await kinds(instance) == [Kind.STARTED, Kind.PAUSED, Kind.RESUMED]

    run(main())
