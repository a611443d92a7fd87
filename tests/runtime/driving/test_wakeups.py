"""Does everything wake at its time, nearest first, without polling and without a task for each?"""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from returns.result import Success

from interpreters import Runtime, RuntimeStopped, SystemClock
from interpreters.runtime.driving.wakeups import WakeUps
from interpreters.testing import START, VirtualClock
from journals.entries import Kind
from journals.memory import InMemoryJournal
from tests.runtime.running import DAY, FaultyJournal, kinds, rounds, run, virtual, workflow
from wio import run_io, wait, wait_until

SECOND = timedelta(seconds=1)
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def test_the_nearest_wakes_first_each_at_its_time() -> None:
    async def main() -> None:
        clock = VirtualClock()
        woken: list[str] = []
        wake_ups = WakeUps(clock, woken.append)
        for name, seconds in (("c", 3), ("a", 1), ("d", 4), ("b", 2)):
            wake_ups.set(name, START + seconds * SECOND)
        await rounds()
        assert (woken, wake_ups.nearest()) == ([], START + SECOND)
        clock.set(START + 2 * SECOND)
        await rounds()
        assert (woken, wake_ups.nearest()) == (["a", "b"], START + 3 * SECOND)
        clock.set(START + 9 * SECOND)
        await rounds()
        assert (woken, wake_ups.nearest()) == (["a", "b", "c", "d"], None)
        await wake_ups.stop()

    run(main())


def test_a_time_is_replaced_sooner_later_and_back() -> None:
    async def main() -> None:
        clock = VirtualClock()
        woken: list[str] = []
        wake_ups = WakeUps(clock, woken.append)
        for seconds in (5, 9, 5, 1, 7, 7):
            wake_ups.set("a", START + seconds * SECOND)
            await rounds()
        clock.set(START + 6 * SECOND)
        await rounds()
        assert woken == []
        clock.set(START + 20 * SECOND)
        await rounds()
        assert woken == ["a"]
        wake_ups.set("a", START + 25 * SECOND)
        clock.set(START + 30 * SECOND)
        await rounds()
        assert woken == ["a", "a"]
        await wake_ups.stop()

    run(main())


def test_nobody_wakes_after_the_stop() -> None:
    async def main() -> None:
        clock = VirtualClock()
        woken: list[str] = []
        wake_ups = WakeUps(clock, woken.append)
        wake_ups.set("a", START + SECOND)
        await rounds()
        await wake_ups.stop()
        clock.set(START + DAY)
        await rounds()
        assert woken == []

    run(main())


def test_what_is_due_can_be_woken_at_once() -> None:
    async def main() -> None:
        clock = VirtualClock()
        woken: list[str] = []
        wake_ups = WakeUps(clock, woken.append)
        for name, seconds in (("c", 3), ("a", 1), ("b", 2), ("a", 4)):
            wake_ups.set(name, START + seconds * SECOND)
        clock.set(START + 3 * SECOND)
        wake_ups.wake_due()
        assert (woken, wake_ups.nearest()) == (["b", "c"], START + 4 * SECOND)
        await rounds()
        assert woken == ["b", "c"]
        await wake_ups.stop()
        clock.set(START + 4 * SECOND)
        wake_ups.wake_due()
        assert (woken, wake_ups.nearest()) == (["b", "c"], None)

    run(main())


def test_idle_waits_for_what_the_clock_has_made_due() -> None:
    async def main() -> None:
        clock = VirtualClock()
        flow = workflow(wait(30 * DAY) >> run_io(abs, event=int) >> wait(DAY) >> run_io(abs, event=int))
        async with virtual(InMemoryJournal(), flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            for entries in (5, 8):
                due = runtime.next_wake_up()
                assert due is not None
                clock.set(due)
                await runtime.idle()
                assert len(await kinds(instance)) == entries
            assert await kinds(instance) == [
                Kind.STARTED,
                Kind.TIMER_SET,
                Kind.TIMER_FIRED,
                Kind.EVENT,
                Kind.TIMER_SET,
                Kind.TIMER_FIRED,
                Kind.EVENT,
                Kind.COMPLETED,
            ]

    run(main())


def test_a_runtime_that_has_stopped_is_not_idle_but_stopped() -> None:
    async def main() -> None:
        clock = VirtualClock()
        flow = workflow(wait(DAY))
        runtime = virtual(InMemoryJournal(), flow, clock=clock)
        with pytest.raises(RuntimeStopped):
            await runtime.idle()
        async with runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
        clock.set(START + DAY)
        with pytest.raises(RuntimeStopped):
            await runtime.idle()

    run(main())


def test_a_waiting_instance_costs_no_call_of_the_journal() -> None:
    async def main() -> None:
        journal, clock = FaultyJournal(InMemoryJournal()), VirtualClock()
        flow = workflow(wait(DAY))
        async with virtual(journal, flow, clock=clock) as runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            journal.calls.clear()
            for hour in range(24):
                clock.set(START + timedelta(hours=hour))
                await rounds()
            assert journal.calls == {}
            clock.set(START + DAY)
            await rounds()
            assert journal.calls == {"commit": 1}

    run(main())


def test_a_deadline_survives_a_restart() -> None:
    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        flow = workflow(wait(DAY))
        async with virtual(journal, flow, clock=clock) as runtime:
            await runtime.start(flow, id="a", input=1)
        clock.set(START + DAY / 2)
        async with virtual(journal, flow, clock=clock) as runtime:
            assert runtime.next_wake_up() == START + DAY
        clock.set(START + 2 * DAY)
        async with virtual(journal, flow, clock=clock) as runtime:
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success(1)
            fired = (await instance.history())[2]
            assert (fired.kind, fired.recorded_at) == (Kind.TIMER_FIRED, START + 2 * DAY)

    run(main())


@pytest.mark.parametrize(
    "program",
    [
        wait(timedelta(0)),
        wait(-DAY),
        wait(timedelta.min),
        wait_until(START - DAY),
        wait_until(datetime.min.replace(tzinfo=UTC)),
        wait_until(datetime.min.replace(tzinfo=UTC) + DAY),
    ],
)
def test_what_is_due_already_does_not_wait(program: Any) -> None:
    """A wait of nothing, of less than nothing, and until a time that has passed."""

    async def main() -> None:
        flow = workflow(program)
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert await instance.result() == Success(1)
            assert await kinds(instance) == [Kind.STARTED, Kind.TIMER_SET, Kind.TIMER_FIRED, Kind.COMPLETED]

    run(main())


@pytest.mark.parametrize(
    ("program", "due"),
    [
        (wait(timedelta(days=3652)), START + timedelta(days=3652)),
        (wait(timedelta.max), END_OF_TIME),
        (wait_until(END_OF_TIME), END_OF_TIME),
    ],
)
@pytest.mark.parametrize("clock", [VirtualClock(), SystemClock()], ids=["virtual", "system"])
def test_a_wait_may_be_long(program: Any, due: datetime, clock: Any) -> None:
    """Ten years, and until the end of time."""

    async def main() -> None:
        journal = InMemoryJournal()
        flow = workflow(program)
        for _ in range(2):
            async with Runtime(journal, [flow], clock=clock) as runtime:
                await runtime.start(flow, id="a", input=1)
                await rounds()
                set_for = runtime.next_wake_up()
                assert set_for is not None
                if isinstance(clock, VirtualClock):
                    assert set_for == due

    run(main())


def test_a_hundred_thousand_sleepers_are_no_tasks_and_no_threads() -> None:
    """Who sleeps is a row and a time, after a restart as well: none of them is read, or in memory, before it is due."""
    few, many = 2_000, 100_000

    async def main() -> None:
        journal, clock = FaultyJournal(InMemoryJournal()), VirtualClock()
        flow = workflow(wait(DAY))
        async with virtual(journal, flow, clock=clock, most_idle=100) as runtime:
            for number in range(few):
                await runtime.start(flow, id=f"i{number}", input=1)
            await runtime.idle()
            await rounds()
            assert len(asyncio.all_tasks()) <= 6
            assert threading.active_count() <= 2
            assert len(runtime._lives._recent) <= 101
            first = journal.commits[0]
            for number in range(few, many):
                await journal.journal.commit(replace(first, instance_id=f"i{number}", token=f"t{number}", owner=None))
            assert [each.instances for each in await runtime.journal.count()] == [many]
            # Another process begins beside it, as after a restart.
            read = journal.calls["read"]
            async with virtual(journal, flow, clock=clock, most_idle=100) as other:
                await other.idle()
                assert len(other._lives._recent) == 0
                assert journal.calls["read"] == read
                assert len(asyncio.all_tasks()) <= 12
                assert threading.active_count() <= 2

    run(main())


def test_the_system_clock_sleeps_and_does_not_sleep_for_what_has_passed() -> None:
    async def main() -> None:
        clock = SystemClock()
        await clock.sleep_until(clock.now() - DAY)
        began = clock.now()
        await clock.sleep_until(began + timedelta(milliseconds=5))
        assert clock.now() - began >= timedelta(milliseconds=4)

    run(main())
