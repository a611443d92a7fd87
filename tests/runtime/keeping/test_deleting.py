"""Is the data of an instance deleted when that is asked for, whoever dies meanwhile, and is nothing told of it then?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from returns.result import Success

from interpreters import InstanceDataDeleted, MoveRefused, Runtime, UnexpectedSignal
from interpreters.runtime.client import Client
from interpreters.testing import CrashAt, Simulation, VirtualClock
from journals.entries import Entry, Kind, Payload, Status
from journals.memory import InMemoryJournal
from journals.ports import Journal
from journals.run_states import RunState
from journals.sharing import Released
from tests.runtime.running import (
    APPROVE,
    NOTE,
    STATE,
    Approval,
    Gate,
    answering,
    approval,
    note,
    run,
    virtual,
    workflow,
)
from tests.runtime.test_client import Connect, connect

__all__ = ["connect"]

ADA = Approval("Ada")
FLOW = workflow(answering(approval()))


async def deleted(journal: Journal) -> None:
    while (await journal.find("a")).status is not Status.DATA_DELETED:
        await asyncio.sleep(0)


def test_its_entries_stay_and_their_data_goes(connect: Connect) -> None:
    async def main() -> None:
        async with Runtime(connect(), [FLOW]) as runtime, Client(connect(), [FLOW]) as client:
            instance = await client.start(FLOW, id="a", input=7)
            await instance.signal(APPROVE, ADA, key="k")
            assert await instance.result() == Success("7 by Ada")
            before = await instance.history()
            await instance.request_data_deletion(by="eve", reason="article 17")
            await deleted(client.journal)
            after = await instance.history()
            kept = [(each.seq, each.kind, each.address, each.recorded_at) for each in before]
            assert [(each.seq, each.kind, each.address, each.recorded_at) for each in after[:-2]] == kept
            assert all(each.payload is None or each.payload.text == "null" for each in after[:-2])
            assert all(each.response is None or each.response.text == "null" for each in after[:-2])
            assert [each.key for each in after] == [None] * len(after)
            assert [each.kind for each in after[-2:]] == [Kind.DATA_DELETION_REQUESTED, Kind.DATA_DELETED]
            assert after[-2].payload is not None
            assert after[-2].payload.text == '{"by":"eve","text":"article 17"}'
            for asked in (client, runtime):
                handle = await asked.instance(FLOW, "a")
                for call in (
                    handle.result(),
                    handle.query(STATE),
                    asked.pending("a"),
                    asked.start(FLOW, id="a", input=7),
                ):
                    with pytest.raises(InstanceDataDeleted):
                        await call
                with pytest.raises(MoveRefused, match="only to RequestedDataDeleted"):
                    await handle.cancel()

    run(main())


def test_who_still_has_it_in_memory_tells_nothing_either() -> None:
    with Simulation(FLOW) as simulation:
        instance = simulation.start(FLOW, id="a", input=7)
        instance.signal(APPROVE, ADA)
        assert (instance.result(), instance.query(STATE)) == (Success("7 by Ada"), "at 7 by Ada")
        instance.request_data_deletion()
        assert instance.record.status is Status.DATA_DELETED
        calls: list[Callable[[], object]] = [
            instance.result,
            lambda: instance.query(STATE),
            lambda: instance.signal(APPROVE, ADA),
            lambda: instance.pending,
        ]
        for call in calls:
            with pytest.raises(InstanceDataDeleted):
                call()


def test_only_what_has_ended_loses_its_data_and_may_do_so_again() -> None:
    with Simulation(FLOW) as simulation:
        instance = simulation.start(FLOW, id="a", input=7)
        for prepare in (lambda: None, instance.pause):
            prepare()
            with pytest.raises(MoveRefused, match="to RequestedDataDeleted, only to") as raised:
                instance.request_data_deletion()
            assert raised.value.wanted is RunState.REQUESTED_DATA_DELETED
        instance.cancel()
        for _ in range(2):
            instance.request_data_deletion()
            assert instance.record.status is Status.DATA_DELETED


def test_a_scrubber_of_the_users_says_what_is_left() -> None:
    def scrubber(entry: Entry, payload: Payload) -> Payload:
        return payload if entry.kind is Kind.STARTED else Payload(payload.type, payload.version, '"gone"')

    async def main() -> None:
        journal = InMemoryJournal()
        async with virtual(journal, FLOW, scrubber=scrubber) as runtime:
            instance = await runtime.start(FLOW, id="a", input=7)
            await instance.signal(APPROVE, ADA)
            await instance.result()
            await instance.request_data_deletion()
            await deleted(journal)
            texts = [each.payload.text for each in await instance.history() if each.payload is not None]
            assert texts == ["7", '"gone"', '"gone"', '{"by":"","text":""}']

    run(main())


def test_a_scrubber_that_raises_is_called_again_later(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def scrubber(entry: Entry, payload: Payload) -> Payload:
        calls.append(entry.seq)
        if len(calls) == 1:
            raise ValueError("no")
        return Payload(payload.type, payload.version, "null")

    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        async with virtual(journal, FLOW, clock=clock, scrubber=scrubber) as runtime:
            instance = await runtime.start(FLOW, id="a", input=7)
            await instance.cancel()
            await instance.request_data_deletion()
            await runtime.idle()
            record = await instance.record()
            assert record.status is Status.DATA_DELETION_REQUESTED
            assert record.wake_up is not None
            clock.set(record.wake_up)
            await deleted(journal)

    run(main())
    assert "its data is not deleted yet" in caplog.text


@pytest.mark.parametrize("side", CrashAt)
@pytest.mark.parametrize("commit", [1, 2])
def test_a_crash_in_the_middle_delays_it_only(commit: int, side: CrashAt) -> None:
    with Simulation(FLOW) as simulation:
        instance = simulation.start(FLOW, id="a", input=7)
        instance.cancel()
        simulation.crash()
        simulation.crash_at(commit, side)
        instance.request_data_deletion()
        assert (instance.record.status, simulation.crashes) == (Status.DATA_DELETED, 2)
        assert all(each.payload is None or "null" in each.payload.text for each in instance.history[:3])


def test_nothing_is_left_of_what_was_sent_early_and_of_a_signal_on_its_way(connect: Connect) -> None:
    """One is kept for a step that never comes, one is being handled when the instance is cancelled."""

    async def main() -> None:
        gate = Gate("7 by Ada")
        flow = workflow(approval(gate) >> note())
        async with Runtime(connect(), [flow]), Client(connect(), [flow]) as client:
            instance = await client.start(flow, id="a", input=7)
            await instance.send(NOTE, "secret: early", key="secret-key")
            asking = asyncio.create_task(instance.signal(APPROVE, Approval("secret: on its way"), key="secret-call"))
            await gate.begun.wait()
            assert "secret: early" in repr(await instance.history())
            await instance.cancel(by="ada", reason="secret reason")
            gate.open.set()
            with pytest.raises(UnexpectedSignal):
                await asking
            await instance.request_data_deletion()
            await deleted(client.journal)
            assert Kind.SIGNAL_KEPT in [entry.kind for entry in await instance.history()]
            assert "secret" not in repr(await instance.history())

    run(main())


def test_who_asks_for_it_by_a_message_hears_that_it_has_ended_however_long_the_deletion_takes() -> None:
    def fails(entry: Entry, payload: Payload) -> Payload:
        raise OSError(f"no {payload.type} in {entry.kind}")

    async def main() -> None:
        soon = timedelta(seconds=0.01)
        journal = InMemoryJournal()
        async with Runtime(journal, [FLOW], scrubber=fails), Client(journal, [FLOW], look_again=(soon, soon)) as client:
            instance = await client.start(FLOW, id="a", input=7)
            await instance.signal(APPROVE, ADA)
            await instance.result()
            await instance.request_data_deletion()
            with pytest.raises(UnexpectedSignal, match="has ended"):
                await instance.signal(APPROVE, ADA)

    run(main())


def test_who_reads_it_meanwhile_does_not_delay_it(connect: Connect) -> None:
    """Who reads an instance owns it for a moment. When it is given back, a process deletes its data at once."""
    never = (timedelta(hours=1), timedelta(hours=1))

    async def main() -> None:
        async with Client(connect(), [FLOW]) as client:
            async with Runtime(connect(), [FLOW]):
                instance = await client.start(FLOW, id="a", input=7)
                await instance.signal(APPROVE, ADA)
                await instance.result()
            await instance.request_data_deletion()
            async with Runtime(connect(), [FLOW], recover=False) as reader:
                member = reader._membership.member
                record = (await member.claim_instance("a")).record
                async with Runtime(connect(), [FLOW], look_again=never) as runtime:
                    await runtime.idle()
                    await member.release([Released("a", record.wake_up)])
                    async with asyncio.timeout(3):
                        await deleted(client.journal)

    run(main())
