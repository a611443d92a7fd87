"""Does the journal say who let a parked instance go on, and why? That it was parked is in its record only.

One is parked as its journal does not fit its workflow, the other as its processes died.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from returns.result import Success

from interpreters import Client, InstancePaused, Runtime
from interpreters.errors import NotPaused
from interpreters.history import activities
from interpreters.runtime.explaining.why import Because
from interpreters.runtime.sharing.deadly import parked_detail
from interpreters.testing import CrashAt, Crashed, CrashingJournal
from journals.entries import Commit, Entry, Kind, Status
from journals.errors import PayloadTooLarge
from journals.laws.members import Heard
from journals.memory import InMemoryJournal
from journals.postgres import PostgresJournal
from journals.sqlite import SqliteJournal
from tests.runtime.running import (
    APPROVE,
    DAY,
    NO_GRACE,
    Approval,
    Effect,
    FaultyJournal,
    approval,
    kinds,
    run,
    workflow,
)
from wio import run_io, wait

Connect: TypeAlias = Callable[[], Any]

ME = Approval("me")
FLOW = workflow(run_io(Effect(1), name="s", event=int) >> approval())
RENAMED = workflow(run_io(Effect(1), name="renamed", event=int) >> approval())
"""Is a workflow that does not fit what the other one has recorded."""
SAID = {"by": "ada", "reason": "mended the code"}


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Connect:
    if request.param == "memory":
        return in_memory()
    if request.param == "sqlite":
        return lambda: SqliteJournal(tmp_path / "journal.db")
    dsn: str = request.getfixturevalue("postgres_dsn")
    return lambda: PostgresJournal(dsn)


def in_memory() -> Connect:
    journal = InMemoryJournal()
    journal.close = _nothing  # type: ignore[method-assign]
    return lambda: journal


async def _nothing() -> None:
    """Leave it open for the others."""


async def begun(connect: Connect) -> None:
    """Leave an instance that has run its step."""
    async with Runtime(connect(), [FLOW]) as runtime:
        await runtime.start(FLOW, id="a", input=1)
        await runtime.idle()


async def unfit(connect: Connect) -> None:
    """Park an instance, as its journal does not fit."""
    async with Runtime(connect(), [RENAMED]) as runtime:
        with pytest.raises(InstancePaused, match="does not fit"):
            await (await runtime.instance(RENAMED, "a")).result()


async def deadly(connect: Connect) -> None:
    """Park an instance as after the deaths of its processes."""
    async with connect() as journal:
        member = await journal.join("dead", [("flow", 1)], Heard())
        record = (await member.claim_instance("a")).record
        detail = parked_detail(record, 5)
        kind, token = (record.id, record.workflow, record.version), uuid.uuid4().hex
        parked = Commit(*kind, record.last_seq, (), Status.PAUSED, member.now(), token, None, detail, member.epoch)
        await journal.commit(parked)
        await member.leave()


Parking: TypeAlias = Callable[[Connect], Awaitable[None]]
parkings = pytest.mark.parametrize("park", [unfit, deadly])


def notes(entries: Sequence[Entry]) -> list[tuple[Kind, str, str]]:
    """Return what lets an instance go on as a whole, and what was said with it."""
    resumes = [entry for entry in entries if entry.kind is Kind.RESUMED]
    return [(each.kind, each.address, each.payload.text if each.payload else "") for each in resumes]


NOTED = [(Kind.RESUMED, "", '{"by":"ada","text":"mended the code"}')]


@parkings
def test_a_resume_says_who_and_why_and_all_goes_on_as_before(connect: Connect, park: Parking) -> None:
    async def main() -> None:
        await begun(connect)
        await park(connect)
        async with Runtime(connect(), [FLOW]) as runtime:
            instance = await runtime.instance(FLOW, "a")
            parked = await runtime.why("a")
            assert parked.because is Because.PARKED
            detail = (await instance.record()).detail
            assert detail.rstrip(".") in parked.sentence
            assert await kinds(instance) == [Kind.STARTED, Kind.EVENT]
            await instance.resume(**SAID)
            entries = await instance.history()
            assert notes(entries) == NOTED
            told = [(row.event, row.subject) for row in activities("flow", entries)]
            assert told[-1] == ("workflow resumed", f"by ada: mended the code (was parked: {detail})")
            record, waits = await instance.record(), await runtime.why("a")
            assert (record.status, record.last_seq) == (Status.WAITING, 3)
            assert (waits.because, waits.since) == (Because.SIGNAL, entries[1].recorded_at)
        async with Runtime(connect(), [FLOW]) as runtime:
            instance = await runtime.instance(FLOW, "a")
            assert await instance.signal(APPROVE, ME) == "ok 1 by me"
            assert await instance.result() == Success("1 by me")
            assert await kinds(instance) == [Kind.STARTED, Kind.EVENT, Kind.RESUMED, Kind.SIGNAL, Kind.COMPLETED]

    run(main())


@parkings
def test_a_client_that_resumes_one_is_named_too(connect: Connect, park: Parking) -> None:
    async def main() -> None:
        await begun(connect)
        await park(connect)
        async with Runtime(connect(), [FLOW]), Client(connect(), [FLOW]) as client:
            instance = await client.instance(FLOW, "a")
            await instance.resume(**SAID)
            assert notes(await instance.history()) == NOTED

    run(main())


def test_a_resume_of_what_still_does_not_fit_is_refused_and_records_nothing(connect: Connect) -> None:
    async def main() -> None:
        await begun(connect)
        await unfit(connect)
        async with Runtime(connect(), [RENAMED]) as runtime:
            instance = await runtime.instance(RENAMED, "a")
            before = await instance.record()
            with pytest.raises(InstancePaused, match="does not fit"):
                await instance.resume(**SAID)
            after = await instance.record()
            assert (after.status, after.last_seq, after.detail) == (Status.PAUSED, before.last_seq, before.detail)

    run(main())


@parkings
def test_what_was_paused_before_it_was_parked_is_resumed_once(park: Parking) -> None:
    """The entry that ends the pause is the one that says who let it go on."""

    async def main() -> None:
        connect = in_memory()
        await begun(connect)
        async with Runtime(connect(), [FLOW]) as runtime:
            await (await runtime.instance(FLOW, "a")).pause(by="eve")
        await park(connect)
        async with Runtime(connect(), [FLOW]) as runtime:
            instance = await runtime.instance(FLOW, "a")
            await instance.resume(**SAID)
            assert notes(await instance.history()) == NOTED
            assert (await instance.record()).status is Status.WAITING

    run(main())


@parkings
@pytest.mark.parametrize("at", CrashAt)
def test_who_dies_while_it_is_resumed_leaves_it_parked_or_with_the_entry(park: Parking, at: CrashAt) -> None:
    """It never goes on without a word of who has let it."""

    async def main() -> None:
        connect = in_memory()
        await begun(connect)
        await park(connect)
        store = connect()
        journal = CrashingJournal(store)
        journal.crash_at(1, at)
        with pytest.raises(Crashed):
            async with Runtime(journal, [FLOW], grace=NO_GRACE) as runtime:
                await (await runtime.instance(FLOW, "a")).resume(**SAID)
        store.expel(runtime._membership.member.epoch)
        resumed = notes(await store.read("a"))
        is_parked = (await store.find("a")).status is Status.PAUSED
        assert resumed == ([] if is_parked else NOTED)
        assert is_parked is (at is CrashAt.BEFORE)

    run(main())


@parkings
def test_a_resume_that_could_not_be_stored_leaves_it_parked(park: Parking) -> None:
    async def main() -> None:
        connect = in_memory()
        await begun(connect)
        await park(connect)
        journal = FaultyJournal(connect())
        async with Runtime(journal, [FLOW], grace=NO_GRACE) as runtime:
            instance = await runtime.instance(FLOW, "a")
            journal.fail("commit", PayloadTooLarge("a", "", 2, 1))
            with pytest.raises(PayloadTooLarge):
                await instance.resume(**SAID)
            with pytest.raises(InstancePaused):
                await instance.signal(APPROVE, ME)
            assert (await instance.record()).status is Status.PAUSED
            await instance.resume(**SAID)
            assert notes(await instance.history()) == NOTED

    run(main())


@parkings
def test_a_step_that_was_to_run_runs_after_the_resume(park: Parking) -> None:
    """Once, as if the instance had never been parked."""

    async def main() -> None:
        connect, effect = in_memory(), Effect(5)
        well = workflow(run_io(Effect(1), name="s", event=int) >> run_io(effect, name="t", event=int))
        await begun(connect)
        await park(connect)
        async with Runtime(connect(), [well]) as runtime:
            instance = await runtime.instance(well, "a")
            await instance.resume(**SAID)
            await runtime.idle()
            assert effect.runs == 1
            assert await instance.result() == Success(5)
            with pytest.raises(NotPaused):
                await instance.resume(**SAID)
            assert await kinds(instance) == [Kind.STARTED, Kind.EVENT, Kind.RESUMED, Kind.EVENT, Kind.COMPLETED]

    run(main())


@parkings
def test_what_a_mended_workflow_has_to_record_follows(park: Parking) -> None:
    """Nobody is told that it is stuck meanwhile."""

    async def main() -> None:
        connect, well = in_memory(), workflow(run_io(Effect(1), name="s", event=int) >> wait(DAY))
        await begun(connect)
        await park(connect)
        journal = FaultyJournal(connect())
        async with Runtime(journal, [well]) as runtime:
            instance = await runtime.instance(well, "a")
            await instance.resume(**SAID)
            await runtime.idle()
            assert await kinds(instance) == [Kind.STARTED, Kind.EVENT, Kind.RESUMED, Kind.TIMER_SET]
            assert (await instance.record()).status is Status.WAITING
            assert Status.STUCK not in {commit.status for commit in journal.commits}

    run(main())


@parkings
def test_a_mended_workflow_that_is_at_its_end_ends_with_the_resume(park: Parking) -> None:
    async def main() -> None:
        connect, well = in_memory(), workflow(run_io(Effect(1), name="s", event=int))
        await begun(connect)
        await park(connect)
        async with Runtime(connect(), [well]) as runtime:
            instance = await runtime.instance(well, "a")
            await instance.resume(**SAID)
            await runtime.idle()
            assert await instance.result() == Success(1)
            assert await kinds(instance) == [Kind.STARTED, Kind.EVENT, Kind.RESUMED, Kind.COMPLETED]

    run(main())
