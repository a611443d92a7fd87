"""Does the runtime survive a store that is away, loses its answers, or belongs to somebody else meanwhile?"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from returns.result import Success

from interpreters.testing import START, VirtualClock
from journals.entries import Kind, Status
from journals.errors import JournalFull, JournalUnavailable
from journals.memory import InMemoryJournal
from tests.runtime.running import (
    APPROVE,
    DAY,
    NO_GRACE,
    STATE,
    Approval,
    Effect,
    FaultyJournal,
    Gate,
    answering,
    approval,
    kinds,
    note,
    rounds,
    run,
    virtual,
    workflow,
)
from tests.runtime.running import NOTE as NOTE_SIGNAL
from wio import Fixed, Retry, run_io, wait

AWAY = JournalUnavailable("the store is away")
ME = Approval("me")


@pytest.mark.parametrize("fault", [AWAY, JournalFull("no room left")])
@pytest.mark.parametrize("late", [False, True], ids=["not stored", "answer lost"])
def test_an_event_is_committed_once_and_its_effect_run_once_when_the_store_comes_back(fault: Any, late: bool) -> None:
    """Also when the commit was stored, and only its answer was lost."""

    async def main() -> None:
        journal, effect = FaultyJournal(InMemoryJournal()), Effect(5)
        flow = workflow(run_io(effect, name="s", event=int))
        async with virtual(journal, flow) as runtime:
            journal.fail("commit", None, fault, fault, late=late)
            instance = await runtime.start(flow, id="a", input=1)
            assert await instance.result() == Success(5)
            assert effect.runs == 1
            assert await kinds(instance) == [Kind.STARTED, Kind.EVENT, Kind.COMPLETED]
            assert len({commit.token for commit in journal.commits}) == 2

    run(main())


def test_a_deadline_that_comes_while_the_store_is_away_is_kept() -> None:
    async def main() -> None:
        journal, clock = FaultyJournal(InMemoryJournal()), VirtualClock()
        flow = workflow(wait(DAY))
        async with virtual(journal, flow, clock=clock) as runtime:
            await runtime.start(flow, id="a", input=1)
        async with virtual(journal, flow, clock=clock) as runtime:
            for method in ("claim", "commit"):
                journal.fail(method, AWAY)
            clock.set(START + DAY)
            await rounds()
            await runtime.idle()
            assert (await (await runtime.instance(flow, "a")).record()).status is Status.COMPLETED

    run(main())


def test_a_retry_that_comes_while_the_store_is_away_is_kept() -> None:
    async def main() -> None:
        journal, clock = FaultyJournal(InMemoryJournal()), VirtualClock()
        retry = Retry(backoff=Fixed(DAY), ceiling=DAY)
        flow = workflow(run_io(Effect(OSError("down"), 1), name="s", event=int, retry=retry))
        async with virtual(journal, flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            journal.fail("commit", AWAY)
            clock.set(START + DAY)
            assert await instance.result() == Success(1)

    run(main())


def test_others_go_on_while_one_waits_for_the_store() -> None:
    async def main() -> None:
        journal, gate = FaultyJournal(InMemoryJournal()), asyncio.Event()
        flow = workflow(run_io(Effect(5), name="s", event=int))
        async with virtual(journal, flow) as runtime:
            journal.fail("commit", None, gate.wait)
            slow = await runtime.start(flow, id="slow", input=1)
            waiter = asyncio.create_task(slow.result())
            while journal.calls["commit"] < 2:
                await asyncio.sleep(0)
            assert await (await runtime.start(flow, id="fast", input=1)).result() == Success(5)
            gate.set()
            assert await waiter == Success(5)

    run(main())


def test_of_a_store_that_is_away_little_is_said_however_many_wait_for_it(caplog: pytest.LogCaptureFixture) -> None:
    """A line a second at most, which counts the others: an outage fills no disk."""

    async def main() -> None:
        journal, gate = FaultyJournal(InMemoryJournal()), asyncio.Event()

        async def held(value: int) -> int:
            await gate.wait()
            return value

        flow = workflow(run_io(held, event=int))
        async with virtual(journal, flow) as runtime:
            instances = [await runtime.start(flow, id=f"i{number}", input=number) for number in range(50)]
            journal.fail("commit", *[JournalUnavailable("It is away.")] * 150)
            caplog.clear()
            gate.set()
            for number, instance in enumerate(instances):
                assert await instance.result() == Success(number)
        told = [record.getMessage() for record in caplog.records if "Trying again" in record.getMessage()]
        assert 1 <= len(told) <= 6
        assert told[0] == "Instance i0: It is away. Trying again in 0.1 s."

    run(main())


def test_a_runtime_whose_lease_runs_out_goes_quiet_and_the_instance_goes_on_elsewhere() -> None:
    async def main() -> None:
        journal, slow, quick = InMemoryJournal(), Gate(5), Effect(6)
        first = workflow(run_io(slow, name="s", event=int))
        second = workflow(run_io(quick, name="s", event=int))
        loser = await virtual(journal, first, grace=NO_GRACE, recover=False).__aenter__()
        instance = await loser.start(first, id="a", input=1)
        waiter = asyncio.create_task(instance.result())
        await slow.begun.wait()
        winner = await virtual(journal, second).__aenter__()
        there = asyncio.create_task((await winner.instance(second, "a")).result())
        await rounds()
        assert quick.runs == 0
        journal.expel(1)
        assert await there == Success(6)
        assert await waiter == Success(6)
        assert await kinds(instance) == [Kind.STARTED, Kind.ATTEMPT_LOST, Kind.EVENT, Kind.COMPLETED]
        assert (slow.runs, slow.broken_off) == (1, 1)
        assert [member.epoch for member in await journal.members()] == [2, 3]
        await winner.__aexit__(None, None, None)
        await loser.__aexit__(None, None, None)

    run(main())


def test_what_an_effect_that_cannot_be_broken_off_brings_is_not_recorded_after_the_lease_has_run_out() -> None:
    async def main() -> None:
        journal, begun, end, second = InMemoryJournal(), asyncio.Event(), asyncio.Event(), Gate(7)

        async def stubborn(_: object) -> int:
            begun.set()
            while not end.is_set():
                with suppress(asyncio.CancelledError):
                    await end.wait()
            return 5

        here = workflow(run_io(stubborn, name="s", event=int) >> note())
        there = workflow(run_io(second, name="s", event=int) >> note())
        loser = await virtual(journal, here, grace=NO_GRACE, recover=False).__aenter__()
        instance = await loser.start(here, id="a", input=1)
        await begun.wait()
        winner = await virtual(journal, there, grace=NO_GRACE).__aenter__()
        journal.expel(1)
        await second.begun.wait()
        end.set()
        await loser.idle()
        assert await kinds(instance) == [Kind.STARTED, Kind.ATTEMPT_LOST]
        second.open.set()
        assert await instance.signal(NOTE_SIGNAL, "and") == "noted 7 and"
        await winner.__aexit__(None, None, None)
        await loser.__aexit__(None, None, None)

    run(main())


def test_an_instance_that_its_runtime_claims_anew_goes_on_when_the_old_effect_has_ended() -> None:
    async def main() -> None:
        journal, begun, end = InMemoryJournal(), asyncio.Event(), asyncio.Event()
        runs: list[int] = []

        async def stubborn(_: object) -> int:
            runs.append(1)
            begun.set()
            while len(runs) == 1 and not end.is_set():
                with suppress(asyncio.CancelledError):
                    await end.wait()
            return len(runs)

        flow = workflow(run_io(stubborn, name="s", event=int))
        async with virtual(journal, flow, grace=NO_GRACE) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await begun.wait()
            journal.expel(1)
            await rounds(50)
            assert runs == [1]
            end.set()
            await rounds(50)
            await runtime.idle()
            assert (await kinds(instance))[-1] is Kind.COMPLETED
            assert await instance.result() == Success(2)

    run(main())


def test_an_instance_that_is_started_when_the_lease_has_just_run_out_begins_all_the_same() -> None:
    async def main() -> None:
        journal, flow = InMemoryJournal(), workflow(run_io(Effect(5), name="s", event=int))
        async with virtual(journal, flow) as runtime:
            journal.expel(1)
            assert await (await runtime.start(flow, id="a", input=1)).result() == Success(5)

    run(main())


def test_a_signal_reaches_an_instance_through_whatever_runtime() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow = workflow(approval() >> note())
        one = await virtual(journal, flow).__aenter__()
        two = await virtual(journal, flow).__aenter__()
        here = await one.start(flow, id="a", input=1)
        there = await two.start(flow, id="a", input=1)
        await there.signal(APPROVE, ME, key="k")
        assert await here.signal(NOTE_SIGNAL, "and") == "noted 1 by me and"
        assert await here.signal(APPROVE, ME, key="k") == "ok 1 by me"
        assert await there.signal(APPROVE, ME, key="k") == "ok 1 by me"
        await one.__aexit__(None, None, None)
        await two.__aexit__(None, None, None)

    run(main())


def test_a_kept_signal_is_answered_also_when_the_instance_goes_on_elsewhere_meanwhile() -> None:
    async def main() -> None:
        journal, gate = InMemoryJournal(), Gate(1)
        flow = workflow(run_io(gate, name="s", event=int) >> note())
        one = await virtual(journal, flow, grace=NO_GRACE, recover=False).__aenter__()
        await one.start(flow, id="a", input=1)
        await gate.begun.wait()
        two = await virtual(journal, flow, grace=NO_GRACE).__aenter__()
        there = await two.instance(flow, "a")
        sender = asyncio.create_task(there.signal(NOTE_SIGNAL, "early"))
        await rounds()
        journal.expel(1)
        await rounds()
        gate.open.set()
        assert await sender == "noted 1 early"
        assert gate.runs == 2
        await two.__aexit__(None, None, None)
        await one.__aexit__(None, None, None)

    run(main())


@pytest.mark.parametrize("asks", ["query", "result"])
def test_who_asks_is_not_told_what_was_true_before_another_runtime_continued(asks: str) -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow = workflow(answering(approval()))
        one = await virtual(journal, flow).__aenter__()
        two = await virtual(journal, flow).__aenter__()
        here = await one.start(flow, id="a", input=1)
        there = await two.start(flow, id="a", input=1)
        await there.signal(APPROVE, ME)
        if asks == "query":
            assert await here.query(STATE) == "at 1 by me"
        else:
            assert await here.result() == Success("1 by me")
        await one.__aexit__(None, None, None)
        await two.__aexit__(None, None, None)

    run(main())
