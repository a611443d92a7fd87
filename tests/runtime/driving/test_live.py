"""Is memory bounded, and is there never more than one of an instance?"""

from __future__ import annotations

import asyncio
import gc

import pytest
from returns.result import Success

from interpreters.runtime.driving.live import Live, LiveInstances
from journals.entries import Kind
from journals.memory import InMemoryJournal
from tests.runtime.running import (
    APPROVE,
    DAY,
    NOTE,
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
from wio import child, run_io, wait

ME = Approval("me")


def ids_in_memory() -> list[str]:
    gc.collect()
    return [each.id for each in gc.get_objects() if type(each) is Live]


def in_memory() -> int:
    return len(ids_in_memory())


def test_the_longest_unused_are_taken_out() -> None:
    crowds: list[str] = []
    lives = LiveInstances(2, lambda: crowds.append("crowded"))
    for id_ in ("a", "b", "a", "c"):
        lives.get(id_)
    assert crowds == ["crowded"]
    assert [live.id for live in lives.take_idle()] == ["b"]
    assert {live.id for live in lives.all()} == {"a", "c"}


def test_what_a_caller_holds_is_never_there_twice() -> None:
    lives = LiveInstances(0, lambda: None)
    held = lives.get("a")
    assert lives.take_idle() == (held,)
    assert lives.get("a") is held
    lives.take_idle()
    del held
    assert lives.find("a") is None


def test_what_is_busy_is_not_taken_out() -> None:
    async def main() -> None:
        lives = LiveInstances(1, lambda: None)
        busy = lives.get("busy")
        async with busy.lock:
            for id_ in ("b", "c", "d"):
                lives.get(id_)
            assert [live.id for live in lives.take_idle()] == ["b", "c", "d"]
            assert lives.find("busy") is busy

    run(main())


def test_suspended_instances_are_no_tasks() -> None:
    async def main() -> None:
        flow = workflow(approval())
        async with virtual(InMemoryJournal(), flow) as runtime:
            before = len(asyncio.all_tasks())
            for number in range(50):
                await runtime.start(flow, id=f"i{number}", input=1)
            await runtime.idle()
            assert len(asyncio.all_tasks()) == before

    run(main())


def test_a_dropped_instance_is_read_again_when_it_is_needed() -> None:
    async def main() -> None:
        journal = FaultyJournal(InMemoryJournal())
        flow = workflow(answering(approval()))
        async with virtual(journal, flow, most_idle=3) as runtime:
            handles = [await runtime.start(flow, id=f"i{number}", input=number) for number in range(10)]
            await runtime.idle()
            journal.calls.clear()
            assert await handles[9].query(STATE) == "at 9"
            assert journal.calls["claim_instance"] == 0
            assert await handles[0].query(STATE) == "at 0"
            assert (journal.calls["claim_instance"], journal.calls["read"]) == (1, 0)
            assert await handles[1].signal(APPROVE, ME) == "ok 1 by me"
            assert await handles[1].result() == Success("1 by me")

    run(main())


def test_with_no_room_at_all_everything_still_works_once() -> None:
    async def main() -> None:
        effect = Effect(5)
        flow = workflow(approval().map(lambda _: 1) >> run_io(effect, name="s", event=int) >> wait(DAY * 0))
        async with virtual(InMemoryJournal(), flow, most_idle=0) as runtime:

            async def one(number: int) -> None:
                instance = await runtime.start(flow, id=f"i{number}", input=number)
                waiter = asyncio.create_task(instance.result())
                await rounds()
                senders = [instance.signal(APPROVE, ME, key="k") for _ in range(3)]
                assert await asyncio.gather(*senders) == [f"ok {number} by me"] * 3
                assert await waiter == Success(5)
                assert (await kinds(instance)).count(Kind.EVENT) == 1

            await asyncio.gather(*(one(number) for number in range(30)))
            assert effect.runs == 30

    run(main())


def test_a_burst_of_busy_instances_leaves_only_so_many_in_memory() -> None:
    async def main() -> None:
        gate = Gate()
        flow = workflow(run_io(gate, name="s"))
        before = in_memory()
        async with virtual(InMemoryJournal(), flow, most_idle=10) as runtime:
            for number in range(200):
                await runtime.start(flow, id=f"i{number}", input=1)
            await rounds()
            assert in_memory() - before == 200
            gate.open.set()
            await runtime.idle()
            assert in_memory() - before <= 10

    run(main())


@pytest.mark.parametrize("early", [False, True], ids=["after it was kept", "while it is being kept"])
def test_a_sender_that_gives_up_leaves_nothing_in_memory(early: bool) -> None:
    async def main() -> None:
        journal, kept = FaultyJournal(InMemoryJournal()), asyncio.Event()
        flow = workflow(approval() >> note())
        async with virtual(journal, flow, most_idle=1) as runtime:
            instance = await runtime.start(flow, id="sent to", input=1)
            journal.fail("commit", kept.wait)
            sender = asyncio.create_task(instance.signal(NOTE, "x"))
            await rounds()
            if not early:
                kept.set()
                await rounds()
            sender.cancel()
            await asyncio.wait([sender])
            del sender
            kept.set()
            await rounds()
            for id_ in ("b", "c", "d"):
                await runtime.start(flow, id=id_, input=1)
            await runtime.idle()
            assert "sent to" not in ids_in_memory()

    run(main())


def test_five_thousand_instances_at_once_leave_only_so_many_in_memory() -> None:
    async def at_once(number: int) -> int:
        return number

    async def main() -> None:
        flow = workflow(run_io(at_once))
        before = in_memory()
        async with virtual(InMemoryJournal(), flow, most_idle=100) as runtime:
            handles = await asyncio.gather(*(runtime.start(flow, id=f"i{n}", input=n) for n in range(5_000)))
            await runtime.idle()
            assert in_memory() - before <= 100
            assert await handles[0].result() == Success(0)
            await runtime.idle()
            assert in_memory() - before <= 100

    run(main())


def test_what_is_dropped_is_given_back_also_when_it_was_busy_just_then() -> None:
    async def main() -> None:
        inner = workflow(approval(), name="inner")
        flow = workflow(child(inner, result=str))
        journal = InMemoryJournal()
        async with virtual(journal, flow, most_idle=0) as runtime:
            await asyncio.gather(*(runtime.start(flow, id=f"i{number}", input=number) for number in range(5)))
            await runtime.pending("i0")
            await runtime.idle()
            records = await journal.find_all()
            assert len(records) == 10
            assert [record.id for record in records if await journal.owner(record.id) is not None] == []

    run(main())
