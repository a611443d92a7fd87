"""Is a runtime that has lost its place a member again, and what becomes of what it had?"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from returns.result import Success

from interpreters import Runtime, RuntimeStopped
from interpreters.runtime.sharing.membership import Membership
from journals.entries import InstanceRecord
from journals.errors import JournalError, JournalReadOnly, JournalUnavailable, NewerSchema
from journals.laws.members import due
from journals.laws.samples import AT, commit
from journals.memory import InMemoryJournal
from journals.sharing import Lost, Missed, Notice, Released, Work
from tests.runtime.running import APPROVE, Approval, FaultyJournal, Gate, approval, rounds, run, workflow
from wio import run_io

ADA = Approval("Ada")


def epoch_of(runtime: Runtime) -> int:
    return runtime._membership.member.epoch


def test_a_runtime_that_has_lost_its_lease_joins_again_and_goes_on() -> None:
    flow = workflow(approval())

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [flow]) as runtime:
            instance = await runtime.start(flow, id="a", input=7)
            before = epoch_of(runtime)
            journal.expel(before)
            await rounds()
            assert epoch_of(runtime) > before
            assert await instance.signal(APPROVE, ADA) == "ok 7 by Ada"
            assert await instance.result() == Success("7 by Ada")

    run(main())


def test_what_was_under_way_is_run_by_whoever_owns_it_then() -> None:
    gate = Gate()
    flow = workflow(run_io(gate, event=int, name="work"))

    async def main() -> None:
        journal = InMemoryJournal()
        async with Runtime(journal, [flow]) as runtime, Runtime(journal, [flow]) as other:
            instance = await runtime.start(flow, id="a", input=7)
            await gate.begun.wait()
            journal.expel(epoch_of(runtime))
            await rounds()
            gate.open.set()
            assert await instance.result() == Success(1)
            assert await (await other.instance(flow, "a")).result() == Success(1)
            assert gate.runs == 2

    run(main())


def test_a_lost_place_is_taken_anew_also_when_the_store_is_away() -> None:
    flow = workflow(approval())

    async def main() -> None:
        memory = InMemoryJournal()
        journal = FaultyJournal(memory)
        async with Runtime(journal, [flow]) as runtime:
            instance = await runtime.start(flow, id="a", input=7)
            journal.fail("join", JournalUnavailable("away"))
            memory.expel(epoch_of(runtime))
            assert await instance.signal(APPROVE, ADA) == "ok 7 by Ada"

    run(main())


async def joined(journal: Any) -> Membership:
    heard: list[Notice] = []
    membership = Membership(journal, [("workflow", 1)], heard.append)
    await membership.join()
    return membership


def test_an_old_loss_says_nothing_of_the_new_place() -> None:
    async def main() -> None:
        async with InMemoryJournal() as journal:
            membership = await joined(journal)
            first = membership.member.epoch
            membership.was_lost(first)
            await rounds()
            second = membership.member.epoch
            membership.was_lost(first)
            await rounds()
            assert first < second == membership.member.epoch
            await membership.leave()

    run(main())


def test_who_claims_without_having_heard_of_the_loss_joins_again_first() -> None:
    async def main() -> None:
        async with InMemoryJournal() as journal:
            membership = await joined(journal)
            await journal.commit(due("a", None))
            before = membership.member.epoch
            journal.expel(before)
            epoch, claimed = await membership.claim_instance("a")
            assert epoch == membership.member.epoch > before
            assert claimed.record.id == "a"
            assert Lost(before) != Lost(epoch)
            await membership.leave()

    run(main())


def test_what_was_claimed_in_an_earlier_place_is_not_given_back_twice() -> None:
    async def main() -> None:
        async with InMemoryJournal() as journal:
            membership = await joined(journal)
            await journal.commit(commit("a", 0, wake_up=AT))
            old, _ = await membership.claim_instance("a")
            membership.was_lost(old)
            await rounds()
            journal.expel(old)
            new, _ = await membership.claim_instance("a")
            await membership.release(old, Released("a", None))
            assert await journal.owner("a") == new
            await membership.release(new, Released("a", None))
            assert await journal.owner("a") is None
            await membership.leave()

    run(main())


def test_a_place_whose_loss_is_told_again_while_it_is_taken_anew_is_taken_once() -> None:
    async def main() -> None:
        heard: list[Notice] = []
        store = InMemoryJournal()
        journal = FaultyJournal(store)
        async with journal:
            membership = Membership(journal, [("flow", 1)], heard.append)
            await membership.join()
            store.expel(1)
            joining = asyncio.Event()
            journal.fail("join", joining.wait)
            membership.was_lost(1)
            await rounds()
            membership.was_lost(1)
            joining.set()
            await rounds()
            assert membership.member.epoch == 2
            assert [member.epoch for member in await store.members()] == [2]
            await membership.leave()

    run(main())


def test_who_has_become_a_member_again_looks_for_what_has_happened_meanwhile() -> None:
    async def main() -> None:
        heard: list[Notice] = []
        journal = FaultyJournal(InMemoryJournal())
        async with journal:
            membership = Membership(journal, [("flow", 1)], heard.append)
            await membership.join()
            journal.fail("join", JournalUnavailable("the store is away"))
            membership.was_lost(1)
            while membership.member.epoch == 1:
                await asyncio.sleep(0.01)
            await rounds()
            assert heard == [Work(), Missed()]
            await membership.leave()

    run(main())


# A place that cannot be taken anew

NEWER = NewerSchema("The journal", 3, 2)


@pytest.mark.parametrize(
    "error", [NEWER, JournalReadOnly("The journal is read-only.")], ids=lambda error: type(error).__name__
)
def test_a_runtime_that_the_store_does_not_take_back_stops_and_says_why(
    error: JournalError, caplog: pytest.LogCaptureFixture
) -> None:
    flow = workflow(approval())

    async def main() -> None:
        memory = InMemoryJournal()
        journal = FaultyJournal(memory)
        async with Runtime(memory, [flow]) as other, Runtime(journal, [flow]) as runtime:
            await other.start(flow, id="theirs", input=7)
            await runtime.start(flow, id="mine", input=7)
            calls = (
                runtime.until_stopped(),
                (await runtime.instance(flow, "mine")).result(),
                (await runtime.instance(flow, "theirs")).result(),
            )
            waiting = [asyncio.create_task(call) for call in calls]
            await rounds()
            journal.fail("join", error)
            memory.expel(epoch_of(runtime))
            assert await asyncio.gather(*waiting, return_exceptions=True) == [error] * len(calls)
            with pytest.raises(type(error)):
                await runtime.start(flow, id="new", input=7)
            with pytest.raises(type(error)):
                await runtime.idle()
            assert await (await other.instance(flow, "mine")).signal(APPROVE, ADA) == "ok 7 by Ada"
        assert f"This runtime has stopped: {error}" in caplog.messages
        async with runtime:
            assert await (await runtime.instance(flow, "mine")).result() == Success("7 by Ada")

    run(main())


def test_what_still_runs_there_gets_its_grace_and_nothing_new_begins() -> None:
    gate = Gate()
    flow = workflow(run_io(gate, event=int, name="work"))

    async def main() -> None:
        memory = InMemoryJournal()
        journal = FaultyJournal(memory)
        async with Runtime(journal, [flow]) as runtime:
            await runtime.start(flow, id="a", input=7)
            await gate.begun.wait()
            journal.fail("join", NEWER)
            memory.expel(epoch_of(runtime))
            with pytest.raises(NewerSchema):
                await runtime.until_stopped()
            claims = journal.calls["claim"]
            await memory.commit(due("b", AT))
            await rounds()
            assert journal.calls["claim"] == claims
            gate.open.set()
        assert gate.runs == 1
        assert (await _record(memory, "a")).last_seq == 1

    run(main())


async def _record(journal: InMemoryJournal, id: str) -> InstanceRecord:
    async with journal:
        return await journal.find(id)


def test_a_runtime_that_was_left_says_so_to_whoever_waits_for_its_end() -> None:
    async def main() -> None:
        async with Runtime(InMemoryJournal(), []) as runtime:
            waiting = asyncio.create_task(runtime.until_stopped())
            await rounds()
        with pytest.raises(RuntimeStopped):
            await waiting
        with pytest.raises(RuntimeStopped):
            await runtime.until_stopped()

    run(main())


def test_a_membership_that_was_refused_is_not_asked_for_again() -> None:
    async def main() -> None:
        store = InMemoryJournal()
        journal = FaultyJournal(store)
        async with journal:
            membership = await joined(journal)
            member = membership.member
            journal.fail("join", NEWER)
            with pytest.raises(NewerSchema):
                await membership.epoch(lost=member.epoch)
            for _ in range(2):
                with pytest.raises(NewerSchema):
                    await membership.epoch(lost=member.epoch)
            assert not membership.holds(member)
            assert journal.calls["join"] == 2
            await membership.leave()

    run(main())
