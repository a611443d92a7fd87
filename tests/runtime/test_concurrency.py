"""Do the parts of one instance really go on at the same time, and is what is withdrawn really gone?"""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Failure, Success

from interpreters.errors import InstanceCancelled, InstanceEnded, InstancePaused, InstanceStuck, UnexpectedSignal
from interpreters.runtime.clock import SystemClock
from interpreters.testing import VirtualClock
from journals.entries import Kind, Status
from journals.memory import InMemoryJournal
from journals.ports import Journal
from tests.runtime.running import (
    APPROVE,
    NO_GRACE,
    Approval,
    Effect,
    FaultyJournal,
    Gate,
    approval,
    note,
    rounds,
    run,
    virtual,
    workflow,
)
from wio import (
    WIO,
    Early,
    Fixed,
    Rest,
    Retry,
    Signal,
    critical,
    fail,
    for_each,
    interrupt,
    on_cancel,
    parallel,
    pure,
    race,
    receive_signal,
    run_io,
    saga,
    scope,
    undoable,
    wait,
)

MINUTE = timedelta(minutes=1)


def step(name: str, effect: Any, **more: Any) -> WIO[Any, Any, Any]:
    return run_io(effect, name=name, event=int, **more)


def test_the_effects_of_branches_run_at_the_same_time() -> None:
    async def main() -> None:
        gates = Gate(1), Gate(2), Gate(3)
        flow = workflow(parallel(*(step(f"s{number}", gate) for number, gate in enumerate(gates))))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            for gate in gates:
                await gate.begun.wait()
            for gate in reversed(gates):
                gate.open.set()
                await rounds()
            assert await instance.result() == Success((1, 2, 3))
            ends = [entry.address for entry in await instance.history() if entry.kind is Kind.EVENT]
            assert ends == ["parallel[s2]/s2", "parallel[s1]/s1", "parallel[s0]/s0"]

    run(main())


def test_plain_functions_of_branches_run_in_threads_at_the_same_time() -> None:
    async def main() -> None:
        together = threading.Barrier(3, timeout=15)

        def meet(value: int) -> int:
            together.wait()
            return value

        flow = workflow(for_each(lambda _: [1, 2, 3], step("meet", meet)))
        async with virtual(InMemoryJournal(), flow, clock=SystemClock()) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert await instance.result() == Success({"1": 1, "2": 2, "3": 3})

    run(main())


def test_a_branch_that_waits_for_its_next_attempt_holds_up_no_other() -> None:
    async def main() -> None:
        clock = VirtualClock()
        failing = Effect(OSError("no"), 1)
        flow = workflow(
            parallel(
                step("a", failing, retry=Retry(backoff=Fixed(MINUTE))), step("b", Effect(2)) >> step("c", Effect(3))
            )
        )
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            assert [e.address for e in await instance.history() if e.kind is Kind.EVENT] == [
                "parallel[b]/b",
                "parallel[b]/c",
            ]
            assert (await instance.record()).wake_up == clock.now() + MINUTE
            clock.set(clock.now() + MINUTE)
            assert await instance.result() == Success((1, 3))

    run(main())


def test_a_timer_fires_while_an_effect_of_another_branch_runs() -> None:
    async def main() -> None:
        clock, gate, late = VirtualClock(), Gate(1), Gate(2)
        flow = workflow(parallel(step("a", gate), wait(MINUTE) >> step("late", late)))
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            clock.set(clock.now() + MINUTE)
            await late.begun.wait()
            assert not gate.open.is_set()
            late.open.set()
            gate.open.set()
            assert await instance.result() == Success((1, 2))

    run(main())


def test_a_signal_is_handled_while_an_effect_of_another_branch_runs() -> None:
    async def main() -> None:
        gate = Gate(1)
        flow = workflow(parallel(step("a", gate), approval()))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=7)
            await gate.begun.wait()
            assert await instance.signal(APPROVE, Approval("me")) == "ok 7 by me"
            gate.open.set()
            assert await instance.result() == Success((1, "7 by me"))

    run(main())


def test_the_effect_of_a_signal_holds_up_no_other_branch() -> None:
    async def main() -> None:
        slow, second = Gate("by hand"), Gate(2)
        gate = Gate(1)
        flow = workflow(parallel(step("a", gate) >> step("b", second), approval(slow)))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=7)
            sending = asyncio.create_task(instance.signal(APPROVE, Approval("me")))
            await slow.begun.wait()
            gate.open.set()
            await second.begun.wait()
            second.open.set()
            slow.open.set()
            assert await sending == "ok by hand"
            assert await instance.result() == Success((2, "by hand"))

    run(main())


def test_a_signal_whose_step_is_withdrawn_while_its_effect_runs_is_refused() -> None:
    async def main() -> None:
        clock, slow = VirtualClock(), Gate("by hand")
        flow = workflow(scope(approval(slow), interrupt(wait(MINUTE), pure("too late"))))
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=7)
            sending = asyncio.create_task(instance.signal(APPROVE, Approval("me")))
            await slow.begun.wait()
            clock.set(clock.now() + MINUTE)
            assert await instance.result() == Success("too late")
            slow.open.set()
            with pytest.raises(UnexpectedSignal, match="while its effect ran"):
                await sending

    run(main())


def test_an_effect_that_lost_a_race_is_cancelled_and_leaves_no_entry(journal: Journal) -> None:
    """The loser is broken off at once."""

    async def main() -> None:
        slow, quick = Gate(1), Gate(2)
        flow = workflow(race(step("slow", slow), step("quick", quick)) >> step("next", Effect(3)))
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await slow.begun.wait()
            await quick.begun.wait()
            quick.open.set()
            assert await instance.result() == Success(3)
            await runtime.idle()
            assert slow.broken_off == 1
            kinds = [entry.kind for entry in await instance.history()]
            assert kinds == [Kind.STARTED, Kind.EVENT, Kind.EVENT, Kind.COMPLETED]

    run(main())


def test_what_a_withdrawn_thread_brings_is_refused(journal: Journal) -> None:
    """The late result of what has lost a race is not recorded."""

    async def main() -> None:
        begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

        def stubborn(_value: int) -> int:
            begun.set()
            may_end.wait(15)
            ended.set()
            return 1

        quick = Gate(2)
        flow = workflow(race(step("stubborn", stubborn), step("quick", quick)))
        async with virtual(journal, flow, clock=SystemClock()) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await asyncio.to_thread(begun.wait, 15)
            quick.open.set()
            assert await instance.result() == Success(2)
            may_end.set()
            await asyncio.to_thread(ended.wait, 15)
            await runtime.idle()
            assert [entry.kind for entry in await instance.history()] == [Kind.STARTED, Kind.EVENT, Kind.COMPLETED]

    run(main())


def test_what_drains_is_waited_for() -> None:
    async def main() -> None:
        slow = Gate(1)
        flow = workflow(parallel(step("slow", slow), step("quick", Effect(2)), join=1, rest=Rest.DRAIN) >> pure("on"))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            waiter = asyncio.create_task(instance.result())
            await rounds(50)
            assert not waiter.done()
            slow.open.set()
            assert await waiter == Success("on")

    run(main())


def test_a_bounded_for_each_runs_so_many_at_once() -> None:
    async def main() -> None:
        running = most = 0

        async def busy(number: int) -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await rounds(3)
            running -= 1
            return number

        flow = workflow(for_each(range, step("busy", busy), at_once=7, element=int))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=100)
            result = await instance.result()
            assert result == Success({str(number + 1): number for number in range(100)})
            assert most == 7

    run(main())


def test_a_paused_branch_stops_no_other_and_goes_on_after_a_resume() -> None:
    async def main() -> None:
        failing, gate = Effect(OSError("no"), 1), Gate(2)
        flow = workflow(parallel(step("a", failing), step("b", gate)))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            await rounds()
            assert (await instance.record()).status is Status.RUNNING
            gate.open.set()
            with pytest.raises(InstancePaused, match="no"):
                await instance.result()
            assert (await instance.record()).status is Status.PAUSED
            await instance.resume()
            assert await instance.result() == Success((1, 2))

    run(main())


def test_a_failing_branch_fails_the_whole_and_withdraws_the_others() -> None:
    async def main() -> None:
        slow = Gate(1)
        flow = workflow(parallel(step("slow", slow), step("quick", Effect(2)) >> fail("no")))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert await instance.result() == Failure("no")
            await runtime.idle()
            assert slow.broken_off == 1

    run(main())


def test_a_cancel_undoes_and_breaks_off_what_runs() -> None:
    async def main() -> None:
        slow, undone = Gate(1), Effect(0)
        booked = undoable(step("book", Effect(5)), step("unbook", lambda done: undone(done.output)))
        flow = workflow(saga(booked >> step("slow", slow)))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await slow.begun.wait()
            await instance.cancel()
            with pytest.raises(InstanceCancelled):
                await instance.result()
            await runtime.idle()
            assert (slow.broken_off, undone.runs) == (1, 1)
            assert (await instance.record()).status is Status.CANCELLED
            with pytest.raises(InstanceEnded, match="from Cancelled"):
                await instance.cancel()
            assert [entry.kind for entry in await instance.history()][-3:] == [
                Kind.CANCELLING,
                Kind.EVENT,
                Kind.CANCELLED,
            ]

    run(main())


def test_a_runtime_that_stops_breaks_off_every_branch_and_the_next_one_runs_them_again() -> None:
    async def main() -> None:
        store = InMemoryJournal()
        gates = Gate(1), Gate(2)
        flow = workflow(parallel(step("a", gates[0]), step("b", gates[1])))
        async with virtual(store, flow, grace=NO_GRACE) as runtime:
            await runtime.start(flow, id="a", input=1)
            for gate in gates:
                await gate.begun.wait()
        assert [gate.broken_off for gate in gates] == [1, 1]
        for gate in gates:
            gate.open.set()
        async with virtual(store, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success((1, 2))
            kinds = [entry.kind for entry in await instance.history()]
            assert kinds.count(Kind.ATTEMPT_LOST) == 2

    run(main())


def test_an_instance_in_which_nothing_can_happen_is_stuck_and_says_why() -> None:
    signal = Signal("go", request=str, response=str, early=Early.REFUSE)

    def go(name: str) -> WIO[Any, Any, Any]:
        return receive_signal(signal, lambda value, _: value, respond=lambda _, request: request, name=name)

    async def main() -> None:
        one = critical("m", go("one") >> critical("n", go("two")))
        other = critical("n", go("three") >> critical("m", go("four")))
        flow = workflow(parallel(one.named("x"), other.named("y")))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await instance.signal(signal, "1")
            await instance.signal(signal, "2")
            with pytest.raises(InstanceStuck, match="lock"):
                await instance.result()
            assert (await instance.record()).status is Status.STUCK

    run(main())


def test_a_handler_for_cancel_runs_when_a_branch_is_withdrawn_and_the_race_waits_for_it() -> None:
    async def main() -> None:
        cleaned, slow, quick = Effect(0), Gate(1), Gate(2)
        watched = scope(step("slow", slow), on_cancel(step("clean", cleaned)))
        flow = workflow(race(watched.named("w"), step("quick", quick)) >> step("next", Effect(3)))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await slow.begun.wait()
            quick.open.set()
            assert await instance.result() == Success(3)
            ends = [entry.address for entry in await instance.history() if entry.kind is Kind.EVENT]
            assert ends == ["race[quick]/quick", "race[w]/w[on cancel]/clean", "next"]
            assert slow.broken_off == 1

    run(main())


def test_kept_signals_go_to_the_branches_in_order_each_once(journal: Journal) -> None:
    """Of several that wait for one signal, exactly one gets it."""

    async def main() -> None:
        gate = Gate(1)
        flow = workflow(step("a", gate) >> parallel(note().named("x"), note().named("y")))
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            note_signal = Signal("note", request=str, response=str, early=Early.KEEP)
            sending = [asyncio.create_task(instance.signal(note_signal, text)) for text in ("one", "two")]
            await rounds()
            gate.open.set()
            assert await asyncio.gather(*sending) == ["noted 1 one", "noted 1 two"]
            assert await instance.result() == Success(("1 one", "1 two"))

    run(main())


def test_what_ends_at_the_same_time_is_stored_together() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        gate = asyncio.Event()

        async def same(number: int) -> int:
            await gate.wait()
            return number

        flow = workflow(for_each(range, step("same", same), element=int))
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=250)
            await rounds(300)
            before = journal.calls["commit"]
            journal.fail("commit", *[rounds] * 300)  # each commit takes some time
            gate.set()
            assert await instance.result() == Success({str(number + 1): number for number in range(250)})
            assert journal.calls["commit"] - before <= 4
            assert len(await instance.history()) == 250 + 3

    run(main())


def test_one_that_cannot_be_stored_spoils_no_other_of_its_moment() -> None:
    async def main() -> None:
        gate = asyncio.Event()

        async def same(number: int) -> Any:
            await gate.wait()
            return "no number" if number == 3 else number

        flow = workflow(for_each(range, step("same", same), element=int))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=6)
            await rounds()
            gate.set()
            with pytest.raises(InstancePaused, match="cannot be kept as int"):
                await instance.result()
            kinds = [entry.kind for entry in await instance.history()]
            assert (kinds.count(Kind.EVENT), kinds.count(Kind.ATTEMPT_FAILED)) == (5, 1)

    run(main())
