"""Does a runtime stop gracefully: nothing begins, what runs may end, what is broken off is known, nobody hangs?"""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from returns.result import Success

from interpreters import Runtime, RuntimeStopped, effect_context
from interpreters.machine.recorded import Loss
from interpreters.runtime.attempts.threads import Threads
from interpreters.testing import START, VirtualClock
from journals.entries import Kind, Status
from journals.errors import JournalUnavailable
from journals.memory import InMemoryJournal
from tests.runtime.running import (
    APPROVE,
    DAY,
    NO_GRACE,
    Approval,
    Effect,
    FaultyJournal,
    Gate,
    approval,
    kinds,
    rounds,
    run,
    told,
    virtual,
    workflow,
)
from wio import Fixed, Retry, loop, run_io, wait

ME = Approval("me")
SHORT = timedelta(milliseconds=20)


class Closing(FaultyJournal):
    """Tells whether it is open, and fails when it is used closed."""

    is_open = False

    async def open(self) -> None:
        self.is_open = True
        await super().open()

    async def close(self) -> None:
        self.is_open = False
        await super().close()


async def leaving(runtime: Runtime) -> asyncio.Task[None]:
    """Let a runtime stop in a task of its own."""
    leaving = asyncio.create_task(runtime.__aexit__(None, None, None))
    await rounds()
    return leaving


def test_an_effect_that_ends_in_the_grace_period_is_recorded_and_nothing_starts_after_it() -> None:
    async def main() -> None:
        journal, gate, second = InMemoryJournal(), Gate(5), Effect(6)
        flow = workflow(run_io(gate, name="s") >> run_io(second, name="t", event=int))
        runtime = await virtual(journal, flow).__aenter__()
        await runtime.start(flow, id="a", input=1)
        await gate.begun.wait()
        left = await leaving(runtime)
        assert not left.done()
        gate.open.set()
        await left
        assert second.runs == 0
        async with journal:
            record = await journal.find("a")
            assert (record.status, record.last_seq) == (Status.WAITING, 2)
            assert record.wake_up is not None
        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success(6)
            assert await kinds(instance) == [Kind.STARTED, Kind.EVENT, Kind.EVENT, Kind.COMPLETED]
            assert gate.runs == 1

    run(main())


def test_an_effect_beyond_the_grace_period_is_broken_off_recorded_and_run_again_with_its_key() -> None:
    keys: list[tuple[str, int]] = []

    async def main() -> None:
        journal, gate = InMemoryJournal(), Gate(5)

        async def effect(number: int) -> Any:
            keys.append((effect_context().idempotency_key, effect_context().attempt))
            return await gate(number)

        flow = workflow(run_io(effect, name="s"))
        async with virtual(journal, flow, grace=SHORT) as runtime:
            await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
        assert gate.broken_off == 1
        async with journal:
            lost = (await journal.read("a"))[-1]
            assert lost.kind is Kind.ATTEMPT_LOST
            assert told(lost).reason is Loss.STOP
            assert (await journal.find("a")).status is Status.WAITING
        gate.open.set()
        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success(5)
            assert await kinds(instance) == [Kind.STARTED, Kind.ATTEMPT_LOST, Kind.EVENT, Kind.COMPLETED]

    run(main())
    assert keys == [("a:s", 1), ("a:s", 2)]


def test_an_effect_that_survives_its_cancellation_is_recorded_with_what_it_returns() -> None:
    async def main() -> None:
        journal, begun = InMemoryJournal(), asyncio.Event()

        async def tidy(_: int) -> int:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return 9
            return 1

        flow = workflow(run_io(tidy) >> approval())
        async with virtual(journal, flow, grace=NO_GRACE) as runtime:
            await runtime.start(flow, id="a", input=1)
            await begun.wait()
        async with journal:
            assert [entry.kind for entry in await journal.read("a")] == [Kind.STARTED, Kind.EVENT]

    run(main())


def test_a_lost_attempt_does_not_use_up_the_retry_policy() -> None:
    async def main() -> None:
        journal, gate = InMemoryJournal(), Gate(5)
        flow = workflow(run_io(gate, name="s", retry=Retry(attempts=1)))
        for _ in range(3):
            async with virtual(journal, flow, grace=NO_GRACE) as runtime:
                await runtime.start(flow, id="a", input=1)
                await gate.begun.wait()
                gate.begun.clear()
        gate.open.set()
        async with virtual(journal, flow) as runtime:
            assert await (await runtime.start(flow, id="a", input=1)).result() == Success(5)
        assert gate.runs == 4

    run(main())


def test_an_effect_that_blocks_its_thread_for_ever_holds_nothing_up() -> None:
    async def main() -> None:
        journal, free, begun = InMemoryJournal(), threading.Event(), threading.Event()

        def block(number: int) -> int:
            begun.set()
            free.wait()
            return number

        flow = workflow(run_io(block))
        async with virtual(journal, flow, grace=NO_GRACE) as runtime:
            await runtime.start(flow, id="a", input=1)
            await asyncio.to_thread(begun.wait)
        async with journal:
            assert (await journal.read("a"))[-1].kind is Kind.ATTEMPT_LOST
        free.set()

    run(main())


def test_what_waits_for_a_thread_when_the_runtime_stops_never_begins() -> None:
    async def main() -> None:
        free, begun, second = threading.Event(), threading.Event(), Effect(2)

        def block(number: int) -> int:
            begun.set()
            free.wait()
            return number

        from_thread = workflow(run_io(block), name="blocking")
        waiting = workflow(run_io(second, name="s", event=int))
        runtime = virtual(InMemoryJournal(), from_thread, waiting, grace=NO_GRACE, workers=Threads(1))
        async with runtime:
            await runtime.start(from_thread, id="a", input=1)
            await asyncio.to_thread(begun.wait)
            await runtime.start(waiting, id="b", input=1)
            await rounds()
        free.set()
        for thread in [each for each in threading.enumerate() if each.name == "wio-effect-1"]:
            await asyncio.to_thread(thread.join)
        assert second.runs == 0

    run(main())


def test_a_signal_under_way_gets_the_grace_period() -> None:
    async def main() -> None:
        journal, gate, second = InMemoryJournal(), Gate("yes"), Effect(2)
        flow = workflow(approval(gate) >> run_io(second, name="t", event=int))
        runtime = await virtual(journal, flow).__aenter__()
        instance = await runtime.start(flow, id="a", input=1)
        sender = asyncio.create_task(instance.signal(APPROVE, ME))
        await gate.begun.wait()
        left = await leaving(runtime)
        gate.open.set()
        await left
        assert await sender == "ok yes"
        assert second.runs == 0
        async with journal:
            record = await journal.find("a")
            assert (record.status, record.last_seq) == (Status.WAITING, 2)

    run(main())


def test_a_signal_in_line_behind_another_does_not_begin_once_the_runtime_stops() -> None:
    async def main() -> None:
        gate = Gate("yes")
        flow = workflow(loop(approval(gate).map(lambda _: 1), until=lambda _: False))
        runtime = await virtual(InMemoryJournal(), flow).__aenter__()
        instance = await runtime.start(flow, id="a", input=1)
        sender, behind = (asyncio.create_task(instance.signal(APPROVE, ME)) for _ in range(2))
        await gate.begun.wait()
        left = await leaving(runtime)
        gate.open.set()
        await left
        assert await sender == "ok yes"
        with pytest.raises(RuntimeStopped):
            await behind
        assert gate.runs == 1

    run(main())


def test_a_signal_beyond_the_grace_period_is_broken_off_and_its_sender_told() -> None:
    async def main() -> None:
        journal, gate = InMemoryJournal(), Gate("yes")
        flow = workflow(approval(gate))
        async with virtual(journal, flow, grace=SHORT) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            sender = asyncio.create_task(instance.signal(APPROVE, ME))
            await gate.begun.wait()
            behind = asyncio.create_task(instance.signal(APPROVE, ME))
            await rounds()
        for task in (sender, behind):
            with pytest.raises(RuntimeStopped):
                await task
        assert (gate.runs, gate.broken_off) == (1, 1)
        async with journal:
            assert [entry.kind for entry in await journal.read("a")] == [Kind.STARTED]

    run(main())


def test_a_retry_that_is_recorded_in_the_grace_period_leaves_no_task_behind() -> None:
    async def main() -> None:
        gate = Gate()

        async def effect(number: int) -> int:
            await gate(number)
            raise OSError("down")

        flow = workflow(run_io(effect, retry=Retry(backoff=Fixed(DAY))))
        before = asyncio.all_tasks()
        runtime = await virtual(InMemoryJournal(), flow).__aenter__()
        await runtime.start(flow, id="a", input=1)
        await gate.begun.wait()
        left = await leaving(runtime)
        gate.open.set()
        await left
        await rounds()
        assert asyncio.all_tasks() == before

    run(main())


def test_timers_do_not_fire_while_the_runtime_stops() -> None:
    async def main() -> None:
        clock, journal, gate = VirtualClock(), InMemoryJournal(), Gate()
        flow, busy = workflow(wait(DAY)), workflow(run_io(gate, name="s"), name="busy")
        runtime = await virtual(journal, flow, busy, clock=clock).__aenter__()
        await runtime.start(flow, id="a", input=1)
        await runtime.start(busy, id="b", input=1)
        await gate.begun.wait()
        left = await leaving(runtime)
        clock.set(START + DAY)
        await rounds()
        gate.open.set()
        await left
        async with journal:
            assert (await journal.read("a"))[-1].kind is Kind.TIMER_SET
        async with virtual(journal, flow, busy, clock=clock) as runtime:
            assert await (await runtime.instance(flow, "a")).result() == Success(1)

    run(main())


def test_the_journal_is_closed_last_also_when_the_stop_itself_is_cancelled() -> None:
    async def main() -> None:
        journal, gate = Closing(InMemoryJournal()), Gate()
        flow = workflow(run_io(gate, name="s"))
        runtime = await virtual(journal, flow).__aenter__()
        instance = await runtime.start(flow, id="a", input=1)
        await gate.begun.wait()
        waiter = asyncio.create_task(instance.result())
        left = await leaving(runtime)
        assert journal.is_open
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        assert not journal.is_open
        with pytest.raises(RuntimeStopped):
            await waiter

    run(main())


def test_a_store_that_is_away_does_not_hold_up_the_stop() -> None:
    async def main() -> None:
        journal, effect = FaultyJournal(InMemoryJournal()), Effect(5)
        flow = workflow(run_io(effect, name="s", event=int))
        async with virtual(journal, flow, grace=NO_GRACE) as runtime:
            journal.fail("commit", None, *[JournalUnavailable("away")] * 100)
            instance = await runtime.start(flow, id="a", input=1)
            while effect.runs == 0:
                await asyncio.sleep(0)
            waiter = asyncio.create_task(instance.result())
            await rounds()
        with pytest.raises(RuntimeStopped):
            await waiter
        journal.before.clear()
        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success(5)
            assert await kinds(instance) == [Kind.STARTED, Kind.ATTEMPT_LOST, Kind.EVENT, Kind.COMPLETED]

    run(main())


def test_a_runtime_may_be_used_again() -> None:
    async def main() -> None:
        flow = workflow(run_io(lambda number: number, name="s", event=int) >> approval())
        runtime = virtual(InMemoryJournal(), flow)
        for number in range(3):
            async with runtime:
                instance = await runtime.start(flow, id=f"i{number}", input=number)
                await runtime.idle()
                assert await instance.signal(APPROVE, ME) == f"ok {number} by me"

    run(main())


def test_a_runtime_that_cannot_read_its_journal_does_not_start() -> None:
    async def main() -> None:
        journal = Closing(InMemoryJournal())
        journal.fail("claim", JournalUnavailable("away"))
        with pytest.raises(JournalUnavailable):
            await virtual(journal, workflow(approval())).__aenter__()
        assert not journal.is_open

    run(main())


def test_the_grace_period_is_for_all_together() -> None:
    async def main() -> None:
        gates = [Gate() for _ in range(20)]
        flows = [workflow(run_io(gate, name="s"), name=f"f{number}") for number, gate in enumerate(gates)]
        async with virtual(InMemoryJournal(), *flows, grace=timedelta(seconds=0.1)) as runtime:
            for number, flow in enumerate(flows):
                await runtime.start(flow, id=f"i{number}", input=1)
            await gates[-1].begun.wait()
            began = time.monotonic()
        assert time.monotonic() - began < 1
        assert [gate.broken_off for gate in gates] == [1] * 20

    run(main())
