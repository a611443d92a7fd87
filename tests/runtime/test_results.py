"""Can everybody ask for the result, the state, the record and the history, at any time and in any process?"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from returns.result import Failure, Success

from interpreters import Client, InstancePaused, RuntimeStopped, UnexpectedQuery, UserFunctionRaised
from interpreters.testing import START, VirtualClock
from journals.entries import Kind, Status
from journals.errors import JournalUnavailable, UnknownInstance
from journals.memory import InMemoryJournal
from journals.search import Cursor, Search
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
    rounds,
    run,
    virtual,
    workflow,
)
from wio import Query, check, query, run_io, wait

ME = Approval("me")


def test_the_result_is_the_same_before_and_after_the_end_and_in_another_process() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow = workflow(approval())
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            before = asyncio.create_task(instance.result())
            await rounds()
            await instance.signal(APPROVE, ME)
            assert await before == await instance.result() == Success("1 by me")
        async with virtual(journal, flow, recover=False) as runtime:
            instance = await runtime.instance(flow, "a")
            assert await instance.result() == Success("1 by me")

    run(main())


def test_a_failure_is_a_result() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow = workflow(approval() >> check(lambda text: Failure(f"no: {text}"), name="decide"))
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await instance.signal(APPROVE, ME)
            assert await instance.result() == Failure("no: 1 by me")
        async with virtual(journal, flow) as runtime:
            assert await (await runtime.instance(flow, "a")).result() == Failure("no: 1 by me")

    run(main())


def test_of_many_who_wait_one_may_give_up() -> None:
    async def main() -> None:
        flow = workflow(approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            waiters = [asyncio.create_task(instance.result()) for _ in range(100)]
            await rounds()
            waiters[7].cancel()
            await rounds()
            await instance.signal(APPROVE, ME)
            results = await asyncio.gather(*waiters, return_exceptions=True)
            assert isinstance(results.pop(7), asyncio.CancelledError)
            assert results == [Success("1 by me")] * 99

    run(main())


def test_waiting_with_a_timeout_leaves_the_instance_alone() -> None:
    async def main() -> None:
        gate = Gate()
        flow = workflow(run_io(gate, name="s"))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await instance.result()
            gate.open.set()
            assert await instance.result() == Success(1)
            assert gate.broken_off == 0

    run(main())


def test_who_waits_for_an_unknown_instance_is_told() -> None:
    async def main() -> None:
        flow = workflow(approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            instance.id = "nobody"
            for call in (instance.result, instance.resume, instance.record, instance.history):
                with pytest.raises(UnknownInstance):
                    await call()
            with pytest.raises(UnknownInstance):
                await instance.query(STATE)

    run(main())


def test_a_store_that_is_away_is_told_to_those_who_ask_and_not_for_long() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        flow = workflow(answering(approval()))
        async with virtual(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=1)
        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            journal.fail("claim_instance", JournalUnavailable("away"))
            with pytest.raises(JournalUnavailable):
                await instance.query(STATE)
            assert await instance.query(STATE) == "at 1"

    run(main())


def test_a_result_asked_for_while_the_runtime_stops_is_refused() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        flow = workflow(approval())
        async with virtual(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=1)
        reading, read = asyncio.Event(), asyncio.Event()

        async def held() -> None:
            reading.set()
            await read.wait()

        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            journal.fail("claim_instance", held, late=True)
            waiter = asyncio.create_task(instance.result())
            await reading.wait()
        read.set()
        with pytest.raises(RuntimeStopped):
            await waiter

    run(main())


def test_those_who_wait_when_the_runtime_stops_are_told() -> None:
    async def main() -> None:
        flow = workflow(approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            waiters = [asyncio.create_task(instance.result()) for _ in range(3)]
            await rounds()
        results = await asyncio.gather(*waiters, return_exceptions=True)
        assert [type(each) for each in results] == [RuntimeStopped] * 3

    run(main())


def test_a_query_is_answered_in_every_state_and_records_nothing() -> None:
    async def main() -> None:
        journal, clock = FaultyJournal(InMemoryJournal()), VirtualClock()
        gate, broken = Gate(2), Effect(OSError("down"), 4)
        steps = run_io(gate, name="s") >> wait(DAY) >> run_io(broken, name="t", event=int)
        flow = workflow(answering(steps >> approval()))
        async with virtual(journal, flow, clock=clock) as runtime:
            instance = await runtime.start(flow, id="a", input=1)

            async def answers(expected: str) -> None:
                before = len(journal.commits)
                assert await instance.query(STATE) == expected
                assert len(journal.commits) == before

            await gate.begun.wait()
            await answers("at 1")
            gate.open.set()
            await runtime.idle()
            await answers("at 2")
            clock.set(START + DAY)
            with pytest.raises(InstancePaused):
                await instance.result()
            await answers("at 2")
            await instance.resume()
            await runtime.idle()
            await answers("at 4")
            await instance.signal(APPROVE, ME)
            await answers("at 4 by me")
        async with virtual(journal, flow, clock=clock) as runtime:
            instance = await runtime.instance(flow, "a")
            await answers("at 4 by me")
            with pytest.raises(UnexpectedQuery):
                await instance.query(Query("stranger", response=str))

    run(main())


def test_an_answer_that_raises_is_told_to_who_asked() -> None:
    def raises(_: Any) -> str:
        raise ValueError("not total")

    async def main() -> None:
        flow = workflow(query(STATE, raises, approval()))
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            with pytest.raises(UserFunctionRaised, match="not total"):
                await instance.query(STATE)
            assert (await instance.record()).status is Status.WAITING
            assert await instance.signal(APPROVE, ME) == "ok 1 by me"

    run(main())


def test_a_history_longer_than_a_page_is_whole() -> None:
    async def main() -> None:
        root: Any = run_io(abs)
        for _ in range(1_100):
            root = root >> run_io(abs)
        flow = workflow(root)
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=-1)
            assert await instance.result() == Success(1)
            history = await instance.history()
            assert [entry.seq for entry in history] == list(range(1, 1_104))

    run(main())


def test_records_are_listed_by_status_and_in_pages() -> None:
    async def main() -> None:
        flow, over = workflow(approval()), workflow(run_io(abs), name="over")
        async with virtual(InMemoryJournal(), flow, over, grace=NO_GRACE) as runtime:
            for number in range(5):
                await runtime.start(flow, id=f"a{number}", input=1)
                await runtime.start(over, id=f"b{number}", input=1)
            await runtime.idle()
            waiting = await runtime.instances(Search(statuses=[Status.WAITING]), most=3)
            assert [record.id for record in waiting] == ["a0", "a1", "a2"]
            following = await runtime.instances(after=Cursor("a2"), most=3)
            assert [record.id for record in following] == ["a3", "a4", "b0"]
            assert waiting[0].detail == "waits for signal approve at approve"

    run(main())


def test_what_an_instance_waits_for_can_be_looked_at() -> None:
    async def main() -> None:
        flow = workflow(approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            assert "approve" in repr(await runtime.pending("a"))
            assert await kinds(instance) == [Kind.STARTED]

    run(main())


def test_a_result_is_not_told_before_the_journal_has_it() -> None:
    async def main() -> None:
        journal, stored = FaultyJournal(InMemoryJournal()), asyncio.Event()
        gate = Gate(5)
        flow = workflow(run_io(gate, name="s", event=int))
        async with virtual(journal, flow) as runtime:
            instance = await runtime.start(flow, id="a", input=1)
            await gate.begun.wait()
            journal.fail("commit", stored.wait)
            gate.open.set()
            await rounds()
            waiter = asyncio.create_task(instance.result())
            await rounds()
            assert not waiter.done()
            stored.set()
            assert await waiter == Success(5)

    run(main())


def test_who_waits_for_a_result_waits_through_an_outage() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        flow = workflow(approval())
        async with virtual(journal, flow) as runtime:
            await (await runtime.start(flow, id="a", input=1)).signal(APPROVE, ME)
        async with virtual(journal, flow, recover=False) as runtime:
            instance = await runtime.instance(flow, "a")
            journal.fail("claim_instance", JournalUnavailable("away"))
            assert await instance.result() == Success("1 by me")

    run(main())


def test_who_waits_through_an_outage_is_told_when_the_runtime_stops() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        flow = workflow(approval())
        async with virtual(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=1)
        async with virtual(journal, flow, recover=False) as runtime:
            instance = await runtime.instance(flow, "a")
            journal.fail("claim_instance", *[JournalUnavailable("away")] * 2)
            waiting = asyncio.create_task(instance.result())
            await rounds()
        with pytest.raises(RuntimeStopped):
            await waiting

    run(main())


def test_who_waits_for_the_result_of_another_process_waits_through_an_outage() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        faulty = FaultyJournal(journal)
        flow = workflow(approval())
        async with virtual(journal, flow) as owner, Client(faulty, [flow]) as client:
            await owner.start(flow, id="a", input=1)
            instance = await client.instance(flow, "a")
            faulty.fail("find", *[JournalUnavailable("away")] * 2)
            waiting = asyncio.create_task(instance.result())
            await (await owner.instance(flow, "a")).signal(APPROVE, ME)
            assert await waiting == Success("1 by me")

    run(main())
