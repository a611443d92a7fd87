"""Does a runtime claim what nobody owns, in batches, up to a bound, and give back what only waits?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from returns.result import Success

from interpreters import Runtime
from interpreters.runtime.client import Client
from interpreters.testing import VirtualClock
from journals.entries import Status
from journals.memory import InMemoryJournal
from journals.memory.members import InMemoryMember
from journals.sharing import Claims, Released
from tests.runtime.running import APPROVE, DAY, Approval, FaultyJournal, Gate, approval, rounds, run, virtual, workflow
from wio import Workflow, pure, run_io, wait

ADA = Approval("Ada")


class WatchedJournal(InMemoryJournal):
    """Remembers what was claimed and released. `due` is what it says of the next, instead of what it knows."""

    def __init__(self) -> None:
        super().__init__()
        self.claimed: list[int] = []
        self.released: list[Released] = []
        self.due: datetime | None = None

    async def close(self) -> None:
        """Stay open for the others."""

    def claim(self, member: InMemoryMember, most: int, now: datetime) -> Claims:
        claims = super().claim(member, most, now)
        self.claimed.append(len(claims.claimed))
        return claims if self.due is None else Claims(claims.claimed, self.due)

    def release(self, member: InMemoryMember, released: Sequence[Released]) -> None:
        self.released.extend(released)
        super().release(member, released)


async def started(journal: InMemoryJournal, flow: Workflow[Any, Any, Any], count: int) -> None:
    """Start instances that nobody owns."""
    async with Client(journal, [flow]) as client:
        for number in range(count):
            await client.start(flow, id=f"{number:03}", input=number)


def test_what_nobody_owns_is_claimed_in_batches() -> None:
    flow = workflow(run_io(int, event=int, name="work"))

    async def main() -> None:
        journal = WatchedJournal()
        await started(journal, flow, 150)
        async with Runtime(journal, [flow]) as runtime:
            await runtime.idle()
            assert {each.status for each in await runtime.instances(most=200)} == {Status.COMPLETED}
        assert (sum(journal.claimed), max(journal.claimed)) == (150, 64)

    run(main())


def test_no_more_is_claimed_than_may_be_under_way() -> None:
    gate = Gate()
    flow = workflow(run_io(gate, event=int, name="work"))

    async def main() -> None:
        journal = WatchedJournal()
        await started(journal, flow, 5)
        async with Runtime(journal, [flow], most_running=2) as runtime:
            await gate.begun.wait()
            await rounds()
            assert (sum(journal.claimed), gate.runs) == (2, 2)
            async with Runtime(journal, [flow]):
                gate.open.set()
                for number in range(5):
                    assert await (await runtime.instance(flow, f"{number:03}")).result() == Success(1)
        assert (sum(journal.claimed), gate.runs) == (5, 5)

    run(main())


def test_a_full_runtime_claims_more_as_soon_as_there_is_room() -> None:
    flow = workflow(run_io(int, event=int, name="work"))

    async def main() -> None:
        journal = WatchedJournal()
        await started(journal, flow, 20)
        async with Runtime(journal, [flow], most_running=3) as runtime:
            for number in range(20):
                assert await (await runtime.instance(flow, f"{number:03}")).result() == Success(number)
        assert max(journal.claimed) <= 3

    run(main())


def test_what_has_not_been_used_for_longest_is_given_back() -> None:
    flow = workflow(approval())

    async def main() -> None:
        journal = WatchedJournal()
        async with Runtime(journal, [flow], most_idle=1) as runtime:
            instances = [await runtime.start(flow, id=name, input=7) for name in "abc"]
            await runtime.idle()
            assert {each.instance_id for each in journal.released} == {"a", "b"}
            owners = [await journal.owner(name) for name in "abc"]
            assert (owners[:2], owners[2] is None) == ([None, None], False)
            for instance in instances:
                assert await instance.signal(APPROVE, ADA) == "ok 7 by Ada"

    run(main())


def test_what_was_given_back_goes_on_at_its_time() -> None:
    flow = workflow(wait(DAY) >> pure("done"))

    async def main() -> None:
        journal, clock = WatchedJournal(), VirtualClock()
        async with virtual(journal, flow, clock=clock, most_idle=1) as runtime:
            for name in "abc":
                await runtime.start(flow, id=name, input=7)
            await runtime.idle()
            due = clock.now() + DAY
            assert sorted(journal.released, key=lambda each: each.instance_id) == [
                Released("a", due),
                Released("b", due),
            ]
            assert runtime.next_wake_up() == due
            clock.set(clock.now() + DAY)
            await runtime.idle()
            assert {each.status for each in await runtime.instances()} == {Status.COMPLETED}

    run(main())


def test_what_has_been_due_for_long_is_looked_at_after_a_while_and_not_at_once() -> None:
    """Another process may just be claiming it; to look again and again would keep the store busy."""
    flow = workflow(approval())

    async def main() -> None:
        journal, clock = WatchedJournal(), VirtualClock()
        journal.due = clock.now() - DAY
        async with virtual(journal, flow, clock=clock) as runtime:
            await runtime.idle()
            await rounds(200)
            looks = len(journal.claimed)
            assert looks <= 2
            clock.set(clock.now() + timedelta(seconds=1))
            await runtime.idle()
            assert looks < len(journal.claimed) <= looks + 2

    run(main())


def test_a_runtime_that_does_not_recover_claims_nothing() -> None:
    flow = workflow(approval())

    async def main() -> None:
        journal = WatchedJournal()
        await started(journal, flow, 1)
        async with Runtime(journal, [flow], recover=False):
            await started(journal, flow, 2)
            await rounds()
            assert journal.claimed == []

    run(main())


def test_two_runtimes_share_the_work() -> None:
    """Each instance is run by one of them."""
    flow = workflow(run_io(int, event=int, name="work"))

    async def main() -> None:
        journal = WatchedJournal()
        async with Runtime(journal, [flow]) as one, Runtime(journal, [flow]) as two:
            await started(journal, flow, 50)
            results = [(await one.instance(flow, f"{n:03}")).result() for n in range(50)]
            assert await asyncio.gather(*results) == [Success(n) for n in range(50)]
            await two.idle()

    run(main())


def test_what_is_read_for_a_question_goes_on() -> None:
    """Who reads an instance owns it, so nobody else would let it go on."""
    flow = workflow(run_io(int, event=int, name="work"))

    async def main() -> None:
        journal = WatchedJournal()
        await started(journal, flow, 1)
        async with virtual(journal, flow, recover=False) as runtime:
            await runtime.pending("000")
            await runtime.idle()
            assert (await journal.find("000")).status is Status.COMPLETED

    run(main())


def test_one_that_is_read_while_its_claim_is_under_way_comes_to_rest() -> None:
    flow = workflow(approval())

    async def main() -> None:
        claimed, read = asyncio.Event(), asyncio.Event()
        journal = FaultyJournal(WatchedJournal())
        async with virtual(journal, flow) as runtime, Client(journal, [flow]) as client:
            journal.fail("claim", claimed.wait, late=True)
            journal.fail("claim_instance", read.wait, late=True)
            await client.start(flow, id="a", input=1)
            await rounds()
            asked = asyncio.create_task(runtime.pending("a"))
            await rounds()
            claimed.set()
            await rounds()
            read.set()
            await asked
            async with asyncio.timeout(5):
                await runtime.idle()

    run(main())
