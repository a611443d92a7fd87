"""Does every unfinished instance go on in the next process, and does one that cannot stand aside with the reason?"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from returns.result import Success

from interpreters import InstancePaused, JournalMismatch, NotPaused, UnknownWorkflow
from interpreters.machine.recorded import Loss
from interpreters.testing import START, NoThreads, VirtualClock
from journals.codecs import JsonCodec
from journals.entries import Kind, Payload, Status
from journals.errors import CorruptEntry
from journals.memory import InMemoryJournal
from journals.ports import Journal
from journals.search import Search
from journals.sqlite import SqliteJournal
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
    told,
    virtual,
    workflow,
)
from wio import Fixed, Retry, Workflow, run_io, wait

ME = Approval("me")
LATER = Retry(backoff=Fixed(DAY), ceiling=DAY)


def step(effect: Any, name: str = "s") -> Any:
    return run_io(effect, name=name, event=int)


async def killed(journal: Any, *workflows: Workflow[Any, Any, Any], clock: VirtualClock | None = None) -> None:
    """Start an instance of each workflow, named after it, and let the process die as they come to rest or block."""
    faulty = FaultyJournal(journal)
    runtime = virtual(faulty, *workflows, clock=clock, grace=NO_GRACE, workers=NoThreads())
    await runtime.__aenter__()
    for flow in workflows:
        await runtime.start(flow, id=flow.name, input=1)
    await rounds(50)

    async def dead() -> None:
        raise SystemError("the process is dead")

    faulty.fail("commit", *[dead] * 100)
    await runtime.__aexit__(None, None, None)
    await journal.open()


def test_what_was_running_runs_again_and_what_was_waiting_waits(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        gate, retried, quick = Gate(5), Effect(OSError("down"), 7), Effect(1)
        running = workflow(step(quick) >> run_io(gate, name="t"), name="running")
        sleeping = workflow(wait(DAY) >> step(quick), name="sleeping")
        signalled = workflow(approval(), name="signalled")
        retrying = workflow(run_io(retried, name="s", event=int, retry=LATER), name="retrying")
        flows = (running, sleeping, signalled, retrying)
        caplog.set_level(logging.CRITICAL)
        await killed(journal, *flows, clock=clock)
        runs_before = quick.runs
        gate.begun.clear()
        async with virtual(journal, *flows, clock=clock) as runtime:
            await gate.begun.wait()
            gate.open.set()
            first = await runtime.instance(running, "running")
            assert await first.result() == Success(5)
            history = await first.history()
            lost = [Kind.STARTED, Kind.EVENT, Kind.ATTEMPT_LOST, Kind.EVENT, Kind.COMPLETED]
            assert [entry.kind for entry in history] == lost
            assert told(history[2]).reason is Loss.CRASH
            assert quick.runs == runs_before
            third = await runtime.instance(signalled, "signalled")
            await third.signal(APPROVE, ME)
            clock.set(START + DAY)
            for flow, value in ((sleeping, 1), (retrying, 7)):
                assert await (await runtime.instance(flow, flow.name)).result() == Success(value)
            assert Kind.ATTEMPT_LOST not in await kinds(await runtime.instance(retrying, "retrying"))

    run(main())


def test_without_recovery_an_instance_goes_on_when_it_is_asked_for() -> None:
    async def main() -> None:
        journal, effect = InMemoryJournal(), Effect(5)
        flow = workflow(wait(DAY) >> step(effect))
        clock = VirtualClock()
        async with virtual(journal, flow, clock=clock) as runtime:
            await runtime.start(flow, id="a", input=1)
        clock.set(START + DAY)
        async with virtual(journal, flow, clock=clock, recover=False) as runtime:
            await rounds()
            assert effect.runs == 0
            assert await (await runtime.instance(flow, "a")).result() == Success(5)

    run(main())


def test_three_pages_of_instances_are_recovered() -> None:
    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        flow = workflow(wait(DAY))
        async with virtual(journal, flow, clock=clock) as runtime:
            for number in range(2_100):
                await runtime.start(flow, id=f"i{number}", input=1)
        async with virtual(journal, flow, clock=clock) as runtime:
            clock.set(START + DAY)
            await rounds(5)
            await runtime.idle()
            assert len(await runtime.instances(Search(statuses=[Status.COMPLETED]), most=3_000)) == 2_100

    run(main())


def test_an_instance_of_an_unknown_version_is_left_alone_until_a_runtime_has_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is not claimed, and said to be stranded."""

    async def main() -> None:
        journal, gate = InMemoryJournal(), Gate(5)
        one, two = workflow(run_io(gate, name="s")), workflow(run_io(gate, name="s"), version=2)
        caplog.set_level(logging.CRITICAL)
        await killed(journal, one)
        before = await journal.find("flow")
        caplog.set_level(logging.WARNING)
        caplog.clear()
        async with virtual(journal, two) as runtime:
            assert "No process knows workflow flow version 1; unfinished instances wait for one: 1" in caplog.text
            with pytest.raises(UnknownWorkflow):
                await (await runtime.instance(two, "flow")).result()
        await journal.open()
        assert await journal.find("flow") == before
        gate.open.set()
        async with virtual(journal, one, two) as runtime:
            assert await (await runtime.instance(one, "flow")).result() == Success(5)

    run(main())


async def unfit(journal: Any, clock: VirtualClock | None = None) -> tuple[Workflow[Any, Any, Any], ...]:
    """Leave an instance that has run step `s`, and return its workflow and one that the journal does not fit."""
    flow = workflow(answering(step(Effect(1)) >> approval()))
    other = workflow(answering(step(Effect(1), "renamed") >> approval()))
    async with virtual(journal, flow, clock=clock) as runtime:
        await runtime.start(flow, id="a", input=1)
        await runtime.idle()
    return flow, other


def test_a_journal_that_does_not_fit_parks_its_instance_with_the_reason_and_the_others_go_on(journal: Journal) -> None:
    """Who has claimed it finds out as it reads it. The reason names the entry, the place, and what was expected."""

    async def main() -> None:
        clock = VirtualClock()
        effect = Effect(1)
        ill = workflow(step(effect) >> wait(DAY))
        changed = workflow(step(effect, "renamed") >> wait(DAY))
        well = workflow(wait(DAY), name="well")
        async with virtual(journal, ill, well, clock=clock) as runtime:
            await runtime.start(ill, id="ill", input=1)
            await runtime.start(well, id="well", input=1)
            await runtime.idle()
        clock.set(START + DAY)
        async with virtual(journal, changed, well, clock=clock) as runtime:
            assert await (await runtime.instance(well, "well")).result() == Success(1)
            instance = await runtime.instance(changed, "ill")
            with pytest.raises(InstancePaused, match="does not fit") as caught:
                await instance.result()
            assert isinstance(caught.value.__cause__, JournalMismatch)
            record = await instance.record()
            assert record.status is Status.PAUSED
            assert record.detail.startswith("JournalMismatch: Entry 2 (event at 's')")
            assert await kinds(instance) == [Kind.STARTED, Kind.EVENT, Kind.TIMER_SET]
        async with virtual(journal, ill, well, clock=clock) as runtime:
            await runtime.idle()
            assert (await runtime.instance(ill, "ill")).id == "ill"
            instance = await runtime.instance(ill, "ill")
            assert (await instance.record()).status is Status.PAUSED
            await instance.resume()
            assert await instance.result() == Success(1)
            assert effect.runs == 1

    run(main())


def test_a_parked_instance_takes_nothing_until_it_is_resumed_also_when_the_journal_fits_again() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow, changed = await unfit(journal)
        async with virtual(journal, changed) as runtime:
            instance = await runtime.instance(changed, "a")
            for call in (instance.result(), instance.query(STATE), instance.signal(APPROVE, ME), instance.resume()):
                with pytest.raises(InstancePaused, match="does not fit"):
                    await call
        async with virtual(journal, flow) as runtime:
            instance = await runtime.instance(flow, "a")
            for call in (instance.result(), instance.query(STATE), instance.signal(APPROVE, ME)):
                with pytest.raises(InstancePaused, match="does not fit"):
                    await call
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
            assert (await instance.record()).status is Status.PAUSED
            await instance.resume()
            assert await instance.query(STATE) == "at 1"
            with pytest.raises(NotPaused):
                await instance.resume()
            assert (await instance.record()).status is Status.WAITING
            await instance.signal(APPROVE, ME)
            assert await instance.result() == Success("1 by me")

    run(main())


def test_a_parked_instance_that_was_resumed_is_recovered_like_any_other() -> None:
    async def main() -> None:
        journal, clock = InMemoryJournal(), VirtualClock()
        flow = workflow(step(Effect(1)) >> wait(DAY))
        changed = workflow(step(Effect(1), "renamed") >> wait(DAY))
        async with virtual(journal, flow, clock=clock) as runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
        async with virtual(journal, changed, clock=clock) as runtime:
            with pytest.raises(InstancePaused):
                await (await runtime.instance(changed, "a")).result()
        async with virtual(journal, flow, clock=clock) as runtime:
            await (await runtime.instance(flow, "a")).resume()
        async with virtual(journal, flow, clock=clock) as runtime:
            await rounds()
            assert runtime.next_wake_up() == START + DAY
            clock.set(START + DAY)
            await rounds()
            await runtime.idle()
            assert (await (await runtime.instance(flow, "a")).record()).status is Status.COMPLETED

    run(main())


def test_a_finished_instance_whose_journal_does_not_fit_is_not_said_to_be_paused() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow, changed = workflow(step(Effect(1))), workflow(step(Effect(1), "renamed"))
        async with virtual(journal, flow) as runtime:
            await (await runtime.start(flow, id="a", input=1)).result()
        async with virtual(journal, changed) as runtime:
            instance = await runtime.instance(changed, "a")
            with pytest.raises(JournalMismatch):
                await instance.result()
            assert (await instance.record()).status is Status.COMPLETED

    run(main())


def test_an_event_that_cannot_be_decoded_parks_the_instance(journal: Journal) -> None:
    """It is paused with the reason, not failed, and nothing of it is lost."""

    async def main() -> None:
        flow = workflow(step(Effect(1)) >> wait(DAY))
        changed = workflow(run_io(Effect("x"), name="s", event=str) >> wait(DAY))
        async with virtual(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=1)
            await runtime.idle()
        async with virtual(journal, changed) as runtime:
            with pytest.raises(InstancePaused, match="cannot be read as str"):
                await (await runtime.instance(changed, "a")).result()

    run(main())


class Locked:
    """Is a codec that has lost its key: it raises what no codec should."""

    def encode(self, value: object, form: object | None) -> Payload:
        """Encode."""
        return JsonCodec().encode(value, form)

    def decode(self, payload: Payload, form: object | None) -> object:
        """Decode nothing."""
        del payload, form
        raise ValueError("no key for this \ud800 tenant")


def test_whatever_goes_wrong_while_an_instance_is_read_parks_it() -> None:
    async def main() -> None:
        journal = InMemoryJournal()
        flow = workflow(wait(DAY))
        async with virtual(journal, flow) as runtime:
            await runtime.start(flow, id="a", input=1)
        async with virtual(journal, flow, codec=Locked()) as runtime:
            instance = await runtime.instance(flow, "a")
            with pytest.raises(InstancePaused, match="ValueError"):
                await instance.result()
            assert (await instance.record()).detail == "ValueError: no key for this \\ud800 tenant"
        async with virtual(journal, flow) as runtime:
            await (await runtime.instance(flow, "a")).resume()

    run(main())


def damage(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        (entries,) = [name for name in tables if "entr" in name]
        assert connection.execute(statement.format(entries=entries)).rowcount == 1
    connection.close()


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_a_damaged_journal_parks_its_instance_and_no_other(tmp_path: Path, seq: int) -> None:
    """All others go on."""
    path = tmp_path / "journal.db"
    flow = workflow(step(Effect(1)) >> wait(DAY))
    clock = VirtualClock()

    async def main() -> None:
        async with virtual(SqliteJournal(path), flow, clock=clock) as runtime:
            for id_ in ("ill", "well"):
                await runtime.start(flow, id=id_, input=1)
            await runtime.idle()
        damage(path, f"DELETE FROM {{entries}} WHERE seq = {seq} AND instance_id = 'ill'")
        clock.set(START + DAY)
        async with virtual(SqliteJournal(path), flow, clock=clock) as runtime:
            assert await (await runtime.instance(flow, "well")).result() == Success(1)
            instance = await runtime.instance(flow, "ill")
            with pytest.raises(InstancePaused) as caught:
                await instance.result()
            assert isinstance(caught.value.__cause__, CorruptEntry)
            assert (await instance.record()).detail.startswith("CorruptEntry")

    run(main())
