"""Do several runtimes on one store, and clients without any, treat each instance as one alone would?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

import pytest
from returns.result import Success

from interpreters import InstanceCancelled, InstanceEnded, Runtime, UnexpectedSignal
from interpreters.runtime.client import Client
from journals.entries import Commit, Kind, Status
from journals.errors import UnknownInstance
from journals.forwarding import ForwardingJournal
from journals.ports import Journal, Member
from journals.sharing import LEASE, Hear
from tests.faults.worker import store
from tests.runtime.running import NO_GRACE, NOTE, Gate, note, run, workflow
from wio import run_io, saga, undoable

T = TypeVar("T")


class Expellable(ForwardingJournal):
    """Passes everything on to a journal, and can let its member lose its place without hearing of it."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.joined: list[Member] = []

    async def join(
        self, name: str, knows: Sequence[tuple[str, int]], hear: Hear, *, lease: timedelta = LEASE
    ) -> Member:
        """Join, and remember the member."""
        self.joined.append(await self.journal.join(name, knows, hear, lease=lease))
        return self.joined[-1]


def test_what_an_earlier_owner_writes_is_refused(place: str) -> None:
    """It has not heard that its lease is over: nothing of its step is stored, and the step is the next owner's."""

    async def main() -> None:
        slow, quick = Gate(1), Gate(2)
        quick.open.set()
        here, there = (workflow(run_io(gate, name="s", event=int)) for gate in (slow, quick))
        journal = Expellable(store(place))
        async with Runtime(journal, [here], grace=NO_GRACE) as loser:
            instance = await loser.start(here, id="a", input=1)
            await slow.begun.wait()
            await journal.joined[0].leave()
            async with Runtime(store(place), [there]) as winner:
                assert await (await winner.instance(there, "a")).result() == Success(2)
                slow.open.set()
                await loser.idle()
                kinds = [entry.kind for entry in await instance.history()]
                assert kinds == [Kind.STARTED, Kind.ATTEMPT_LOST, Kind.EVENT, Kind.COMPLETED]
        assert (slow.runs, quick.runs) == (1, 1)

    run(main())


def test_a_signal_is_delivered_once_however_early_or_often_it_comes(place: str) -> None:
    """Before its instance runs, twice with one key, and after the end; one to nobody is refused with the reason."""

    async def main() -> None:
        flow = workflow(note())
        async with Client(store(place), [flow]) as client:
            instance = await client.start(flow, id="a", input=1)
            early = [asyncio.create_task(instance.signal(NOTE, "early", key="k")) for _ in range(2)]
            async with Runtime(store(place), [flow]):
                assert await asyncio.gather(*early) == ["noted 1 early"] * 2
                assert await instance.result() == Success("1 early")
                assert await instance.signal(NOTE, "early", key="k") == "noted 1 early"
                with pytest.raises(UnexpectedSignal):
                    await instance.signal(NOTE, "late", key="another")
                with pytest.raises(UnknownInstance):
                    await client.instance(flow, "nobody")
            kinds = [entry.kind for entry in await instance.history()]
            assert kinds.count(Kind.SIGNAL) == 1

    run(main())


def test_what_a_runtime_does_not_know_waits_for_one_that_does(place: str) -> None:
    """It is never claimed by the other, and claimed as soon as a runtime comes that has the workflow."""

    async def main() -> None:
        gate = Gate(5)
        gate.open.set()
        known, unknown = workflow(run_io(gate, event=int), name="known"), workflow(run_io(gate, event=int))
        async with Client(store(place), [known, unknown]) as client, Runtime(store(place), [known]):
            stranded = await client.start(unknown, id="stranded", input=1)
            assert await (await client.start(known, id="a", input=1)).result() == Success(5)
            assert await client.journal.owner("stranded") is None
            assert len(await stranded.history()) == 1
            async with Runtime(store(place), [unknown]):
                assert await stranded.result() == Success(5)

    run(main())


def test_a_cancel_may_come_at_any_time(place: str) -> None:
    """Before the instance runs, while it waits, during a step, twice, and after the end, which is told."""

    async def main() -> None:
        gate = Gate(5)
        flows = {"waits": workflow(note(), name="waits"), "runs": workflow(run_io(gate, event=int), name="runs")}
        async with Client(store(place), flows.values()) as client:
            early = await client.start(flows["runs"], id="early", input=1)
            cancelling = asyncio.create_task(early.cancel())
            while not await client.journal.find_all():
                await asyncio.sleep(0)
            async with Runtime(store(place), flows.values()):
                await cancelling
                running = await client.start(flows["runs"], id="running", input=1)
                waiting = await client.start(flows["waits"], id="waiting", input=1)
                await gate.begun.wait()
                await asyncio.gather(running.cancel(), waiting.cancel())
                for each in (early, running, waiting):
                    with pytest.raises(InstanceCancelled):
                        await each.result()
                    with pytest.raises(InstanceEnded):
                        await each.cancel()
                    assert (await each.record()).status is Status.CANCELLED

    run(main())


class Held(ForwardingJournal):
    """Passes everything on to a journal, and holds back the answer to the commit of a step."""

    def __init__(self, journal: Journal, address: str) -> None:
        super().__init__(journal)
        self._address = address
        self.stored = asyncio.Event()
        self.go_on = asyncio.Event()

    async def commit(self, commit: Commit) -> None:
        """Commit, and wait where that was the step."""
        await super().commit(commit)
        if self._address in {entry.address for entry in commit.entries}:
            self.stored.set()
            await self.go_on.wait()


def test_a_cancel_may_come_between_two_steps(place: str) -> None:
    """The first is stored, its process does not know that yet: its event stays, and the second leaves none."""

    async def main() -> None:
        second = Gate(2)
        flow = workflow(run_io(lambda _: 1, name="first", event=int) >> run_io(second, name="second", event=int))
        journal = Held(store(place), "first")
        async with Client(store(place), [flow]) as client, Runtime(journal, [flow]):
            instance = await client.start(flow, id="a", input=1)
            await journal.stored.wait()
            cancelling = asyncio.create_task(instance.cancel())
            while not await client.journal.unanswered("a"):
                await asyncio.sleep(0)
            journal.go_on.set()
            await cancelling
            with pytest.raises(InstanceCancelled):
                await instance.result()
            kinds = [entry.kind for entry in await instance.history()]
            assert kinds == [Kind.STARTED, Kind.EVENT, Kind.CANCELLING, Kind.CANCELLED]

    run(main())


def test_a_second_cancel_while_the_first_is_under_way_changes_nothing(place: str) -> None:
    """It is recorded, with who gave it, and answered like the first one; what is undone meanwhile is undone once."""

    async def main() -> None:
        undo = Gate("undone")
        booked = undoable(run_io(lambda _: 1, name="book", event=int), run_io(undo, name="undo", event=str))
        flow = workflow(saga(booked >> note()))
        async with Client(store(place), [flow]) as client, Runtime(store(place), [flow]):
            instance = await client.start(flow, id="a", input=1)
            while len(await instance.history()) < 2:
                await asyncio.sleep(0)
            await instance.cancel(by="ann")
            await undo.begun.wait()
            pending = await client.pending("a")
            await instance.cancel(by="bob")
            await asyncio.gather(instance.cancel(), instance.cancel())
            assert (await client.pending("a"), (await instance.record()).status) == (pending, Status.RUNNING)
            undo.open.set()
            with pytest.raises(InstanceCancelled):
                await instance.result()
            kinds = [entry.kind for entry in await instance.history()]
            assert (kinds.count(Kind.CANCELLING), kinds.count(Kind.CANCELLED), undo.runs) == (4, 1, 1)

    run(main())
